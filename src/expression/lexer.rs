//! Characters to tokens.
//!
//! A dot is a dereference after a value, and the beginning of a number where a value may start, so
//! the lexer remembers which of both it is. A run of characters up to a blank or punctuation is
//! one word; a word that is no name is a mistake, and most of them come from another language: the
//! messages say what to write here instead.

use super::{Mistake, Number, Version};
use crate::diagnostic::shown;
use std::ops::Range;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(Number),
    Version(Version),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Star,
}

pub(super) struct Lexer<'t> {
    text: &'t str,
    position: usize,
    after: After,
}

/// What the last token was, as far as it decides what may come next.
#[derive(Clone, Copy, PartialEq)]
enum After {
    /// A value may begin here.
    Nothing,
    /// A value has ended here.
    Value,
    /// A name or `*` must come here.
    Dot,
    /// A value or `*` may come here.
    OpenBracket,
}

/// What people write who come from a language with operators, the longer ones first.
const OPERATORS: &[(&str, &str)] = &[
    ("==", "write `eq(a, b)`"),
    ("!=", "write `ne(a, b)`"),
    ("<=", "write `le(a, b)`"),
    (">=", "write `ge(a, b)`"),
    ("&&", "write `and(a, b)`"),
    ("||", "write `or(a, b)`"),
    ("<", "write `lt(a, b)`"),
    (">", "write `gt(a, b)`"),
    ("=", "write `eq(a, b)`"),
    ("!", "write `not(a)`"),
    ("+", "write `format('{0}{1}', a, b)` to join texts; there is no arithmetic"),
    ("?", "write `iif(condition, a, b)`"),
    ("*", "there is no arithmetic"),
    ("/", "there is no arithmetic"),
    ("%", "there is no arithmetic"),
];

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0, after: After::Nothing }
    }

    /// Returns the next token and its bytes, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Token, Range<usize>)>, Mistake> {
        self.skip_blanks();
        let start = self.position;
        let Some(character) = self.text[start..].chars().next() else {
            return Ok(None);
        };
        let token = match character {
            '\'' => self.quoted()?,
            '(' | ')' | '[' | ']' | ',' => self.punctuation(character),
            '.' if matches!(self.after, After::Value | After::Dot) => self.punctuation(character),
            '*' if matches!(self.after, After::Dot | After::OpenBracket) => self.punctuation(character),
            '.' | '0'..='9' => self.number()?,
            '-' | '+' if self.after != After::Value => self.number()?,
            _ => self.word()?,
        };
        self.after = match token {
            Token::Open | Token::Comma => After::Nothing,
            Token::OpenBracket => After::OpenBracket,
            Token::Dot => After::Dot,
            _ => After::Value,
        };
        Ok(Some((token, start..self.position)))
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.position..];
        self.position += rest.len() - rest.trim_start().len();
    }

    fn punctuation(&mut self, character: char) -> Token {
        self.position += 1;
        match character {
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            ',' => Token::Comma,
            '.' => Token::Dot,
            _ => Token::Star,
        }
    }

    /// Reads a text in single quotes, in which `''` is one quote.
    fn quoted(&mut self) -> Result<Token, Mistake> {
        let start = self.position;
        let mut value = String::new();
        let mut at = start + 1;
        loop {
            let Some(length) = self.text[at..].find('\'') else {
                let range = start..self.text.trim_end().len();
                return Err(Mistake::syntax(range, "a text in quotes is not closed", "no `'` closes this")
                    .help("write `''` for a quote inside the text"));
            };
            value.push_str(&self.text[at..at + length]);
            at += length + 1;
            if !self.text[at..].starts_with('\'') {
                self.position = at;
                return Ok(Token::Text(value));
            }
            value.push('\'');
            at += 1;
        }
    }

    fn number(&mut self) -> Result<Token, Mistake> {
        let start = self.position;
        let run = self.run(|character| is_boundary(character) && character != '.');
        if let Some(number) = Number::from_literal(run) {
            return Ok(Token::Number(number));
        }
        if run.matches('.').count() >= 2
            && let Some(version) = Version::from_literal(run)
        {
            return Ok(Token::Version(version));
        }
        Err(not_a_number(run, start))
    }

    fn word(&mut self) -> Result<Token, Mistake> {
        let start = self.position;
        let after_dot = self.after == After::Dot;
        let run = self.run(is_boundary);
        if is_name(run) {
            return Ok(Token::Word(run.to_owned()));
        }
        Err(self.not_a_name(run, start, after_dot))
    }

    /// Takes the characters up to a boundary; at least one, so that the lexer always advances.
    fn run(&mut self, is_end: impl Fn(char) -> bool) -> &'t str {
        let rest = &self.text[self.position..];
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = rest[first..].find(is_end).map_or(rest.len(), |end| first + end);
        self.position += length;
        &rest[..length]
    }

    fn not_a_name(&self, run: &str, start: usize, after_dot: bool) -> Mistake {
        let range = start..start + run.len();
        if run.starts_with('"') {
            return self.double_quoted(start);
        }
        if let Some((at, operator, help)) = first_operator(run) {
            let range = start + at..start + at + operator.len();
            let title = format!("`{operator}` is not part of the expression language");
            return Mistake::syntax(range, title, "there are no operators").help(help);
        }
        if run.starts_with("${{") {
            let title = "an expression can't stand inside an expression";
            return Mistake::syntax(range, title, "`${{` stands around this already")
                .help("write what is inside without `${{ }}`");
        }
        if run.starts_with('$') {
            return Mistake::syntax(range, "a macro can't stand inside an expression", "not an expression")
                .help("write `variables['name']` for the variable's value");
        }
        if run.contains('-') && is_name(&run.replace('-', "_")) {
            return hyphenated(run, range, after_dot);
        }
        let label = "a name has letters, digits and `_`, and does not begin with a digit";
        let mistake = Mistake::syntax(range, format!("`{}` is not a name", shown(run)), label);
        match after_dot {
            true => mistake.help(format!("write `['{}']` without the dot", shown(&run.replace('\'', "''")))),
            false => mistake.help("put text in single quotes: `'text'`"),
        }
    }

    fn double_quoted(&self, start: usize) -> Mistake {
        let rest = &self.text[start + 1..];
        let inner = rest.find('"').map_or(rest, |end| &rest[..end]);
        let end = (start + 1 + inner.len() + 1).min(self.text.len());
        let title = "text stands in single quotes, not in double quotes";
        Mistake::syntax(start..end, title, "not a text")
            .help(format!("write `'{}'`", shown(&inner.replace('\'', "''"))))
    }
}

fn is_boundary(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')' | '[' | ']' | ',' | '.')
}

fn is_name(run: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    run.starts_with(is_letter) && run.chars().all(|character| is_letter(character) || character.is_ascii_digit())
}

/// Returns the operator that stands first in a run.
fn first_operator(run: &str) -> Option<(usize, &'static str, &'static str)> {
    let found = OPERATORS.iter().filter_map(|(operator, help)| Some((run.find(operator)?, *operator, *help)));
    found.min_by_key(|(at, operator, _)| (*at, usize::MAX - operator.len()))
}

fn hyphenated(run: &str, range: Range<usize>, after_dot: bool) -> Mistake {
    let title = format!("a name with a hyphen, `{}`, can't be written plainly", shown(run));
    let mistake = Mistake::syntax(range, title, "there is no arithmetic, and no hyphen in a name");
    match after_dot {
        true => mistake.help(format!("write `['{}']` instead of `.{}`", shown(run), shown(run))),
        false => mistake.help(format!("put text in single quotes: `'{}'`", shown(run))),
    }
}

fn not_a_number(run: &str, start: usize) -> Mistake {
    let range = start..start + run.len();
    if matches!(run, "-" | "+" | "++" | "--") {
        let title = format!("`{run}` is not part of the expression language");
        return Mistake::syntax(range, title, "there is no arithmetic");
    }
    if run.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
        let title = format!("the number `{}` has too many digits", shown(run));
        let help = format!("as text it stands in single quotes: `'{}'`", shown(run));
        return Mistake::syntax(range, title, "no number of the language is so large").help(help);
    }
    let title = format!("`{}` is neither a number nor a version", shown(run));
    Mistake::syntax(range, title, "not a value").help(format!("put text in single quotes: `'{}'`", shown(run)))
}
