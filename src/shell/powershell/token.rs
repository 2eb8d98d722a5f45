//! What a PowerShell script is cut into: statements of tokens, as a tree.

/// A token, as far as the search for what evaluates text needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// The name of a command, also behind `&` and `.`.
    Command(String),
    /// Another bare word: an argument, an operator, a keyword, a type, `.Member`, `::Member`.
    Word(String),
    /// A string, or an argument that is made one.
    Text(Vec<Piece>),
    /// `$name`, without the `$`.
    Variable(String),
    /// `@name`: the members of a variable as arguments.
    Splat(String),
    /// What stands in brackets.
    Group(Bracket, Vec<Statement>),
    /// `=`, `+=` and their kin.
    Assign,
    /// `[`, `,`, `|` and the like; `&` stands for the call operators `&` and `.`, `>` in front of a file.
    Mark(char),
    /// What divides arguments.
    Space,
}

/// A kind of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    /// `( )`, `$( )` and `@( )`.
    Round,
    /// `{ }`.
    Block,
    /// `@{ }`.
    Table,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Hole(usize),
    Variable(String),
    /// `$( )`.
    Code(Vec<Statement>),
}

/// A statement, with all that is nested in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) tokens: Vec<Token>,
}

impl Statement {
    /// Returns the commands and expressions of a pipeline.
    pub(super) fn elements(&self) -> Vec<&[Token]> {
        self.tokens.split(|token| *token == Token::Mark('|')).collect()
    }
}

/// Calls `visit` with each statement, those inside of others too.
pub(super) fn every<'s>(statements: &'s [Statement], visit: &mut impl FnMut(&'s Statement)) {
    for statement in statements {
        visit(statement);
        for token in &statement.tokens {
            match token {
                Token::Group(_, inner) => every(inner, visit),
                Token::Text(pieces) => {
                    for piece in pieces {
                        if let Piece::Code(inner) = piece {
                            every(inner, visit);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns the arguments of a command: what stands between blanks. A comma joins.
pub(super) fn arguments(tokens: &[Token]) -> Vec<&[Token]> {
    let is_comma = |token: Option<&Token>| token == Some(&Token::Mark(','));
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=tokens.len() {
        let is_redirection = at > start && tokens.get(at) == Some(&Token::Mark('>'));
        let is_end = at == tokens.len() || is_redirection || {
            let is_joined = at > 0 && is_comma(tokens.get(at - 1)) || is_comma(tokens.get(at + 1));
            tokens[at] == Token::Space && !is_joined
        };
        if is_end {
            found.extend((at > start).then(|| &tokens[start..at]));
            start = if is_redirection { at } else { at + 1 };
        }
    }
    found
}

/// Returns the values of an argument: the items of a list, or the one.
pub(super) fn values(argument: &[Token]) -> Vec<&[Token]> {
    argument.split(|token| *token == Token::Mark(',')).map(trimmed).filter(|value| !value.is_empty()).collect()
}

/// Returns tokens without blanks around them.
pub(super) fn trimmed(mut tokens: &[Token]) -> &[Token] {
    while let [Token::Space, rest @ ..] | [rest @ .., Token::Space] = tokens {
        tokens = rest;
    }
    tokens
}

/// Returns the name of a parameter in small letters, without its `:`.
pub(super) fn parameter(argument: &[Token]) -> Option<String> {
    let [Token::Word(word), ..] = argument else { return None };
    let is_name = word.starts_with('-') && word[1..].starts_with(|first: char| first.is_alphabetic());
    is_name.then(|| word.trim_end_matches(':').to_ascii_lowercase())
}

/// Returns the arguments of a method: what stands between the commas of a group.
pub(super) fn parts(group: &[Statement]) -> Vec<&[Token]> {
    let [statement] = group else { return group.iter().map(|statement| statement.tokens.as_slice()).collect() };
    values(&statement.tokens)
}
