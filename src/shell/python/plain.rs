//! Parts of a statement of a Python script in which payload text stands and of which none is in what comes of the
//! statement: the condition that chooses between two others, calls of which nothing but digits comes, what is printed beside.

use super::choices::{adds_beside, are_words};
use super::facts::Binding;
use super::format::operand_before;
use super::known::{STARTING, is_running};
use super::lexer::{FIELD, Token};
use super::line::{closing, names};
use super::scopes::Line;
use super::sink::Judge;
use super::statement;
use super::tree::{Argument, Expr, Statement};

/// Methods of texts that ask something of them, and functions.
const ASKING: &[&str] = &[
    "startswith",
    "endswith",
    "isdigit",
    "isalnum",
    "isalpha",
    "isupper",
    "islower",
    "isnumeric",
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "casefold",
    "len",
    "bool",
    "int",
    "get",
    "getenv",
    "isinstance",
    "any",
    "all",
    "count",
    "find",
    "exists",
    "is_file",
    "search",
    "match",
    "fullmatch",
];

/// Functions that make a date or a number of a text, or fail: of the result digits and marks come.
const DATED: &[&str] = &["datetime.date.fromisoformat", "datetime.datetime.fromisoformat", "uuid.UUID"];

/// Names by which the bytes of such a number are a text again.
const BYTES: &[&str] = &["bytes_le", "from_bytes"];

/// Classes whose objects are among those that their bodies name.
const ENUMS: &[&str] = &["enum.Enum", "enum.StrEnum"];

/// Names by which such a class takes others.
const OPEN: &[&str] =
    &["_missing_", "_value2member_map_", "_member_map_", "__new__", "_value_", "_generate_next_value_"];

/// What makes objects that are nothing but their members.
const RECORDS: &[&str] = &["SimpleNamespace", "Namespace", "parse_args"];

impl Judge<'_> {
    /// Notes the classes of a script whose objects are literals of the author's.
    pub(super) fn learn_enums(&mut self, lines: &[Line<'_>]) {
        if OPEN.iter().any(|name| self.named.contains(*name)) {
            return;
        }
        for (at, line) in lines.iter().enumerate() {
            let ([Token::Name(keyword), Token::Name(class), ..], Some(column)) = (line.tokens, line.column) else {
                continue;
            };
            let [Statement::Expr(base)] = line.statements.as_slice() else { continue };
            let bases = self.facts.full_names(base);
            let is_enum =
                keyword == "class" && !bases.is_empty() && bases.iter().all(|base| ENUMS.contains(&base.as_str()));
            let body = lines[at + 1..].iter().take_while(|line| line.column.is_none_or(|it| it > column));
            let mut body = body.filter(|line| line.column.is_some());
            let is_literal = |line: &Line<'_>| match line.tokens {
                [Token::Name(_), Token::Other('='), Token::Text(text, holes)] => {
                    holes.is_empty() && !text.contains(FIELD)
                }
                [Token::Text(_, holes)] => holes.is_empty(),
                [Token::Name(word)] => word == "pass",
                _ => false,
            };
            if is_enum && body.all(is_literal) && !self.renames() {
                self.enums.insert(class.clone());
            }
        }
    }

    /// Returns where a call ends that begins at an index of a statement and returns one of the author's, a date or numbers.
    pub(super) fn plain_call(&self, tokens: &[Token], at: usize) -> Option<usize> {
        let Some(Token::Name(name)) = tokens.get(at) else { return None };
        let call = match &tokens[at + 1..] {
            [Token::Other('('), Token::Name(number), Token::Other(','), ..]
                if name == "map" && self.is_pythons(name) && self.makes_number(number) =>
            {
                at + 1
            }
            [Token::Other('('), ..] if self.enums.contains(name) => at + 1,
            _ => {
                let (function, call) = chain(tokens, at)?;
                self.is_dated(&function).then_some(call)?
            }
        };
        self.end_of_plain_call(tokens, call)
    }

    /// Says whether a call returns one of the author's, a date or numbers, whatever text it is given.
    pub(super) fn is_plain_call(&self, callee: &Expr, arguments: &[Argument]) -> bool {
        match callee {
            Expr::Name(name) if self.enums.contains(name) => true,
            Expr::Name(name) if name == "map" && self.is_pythons(name) => {
                matches!(arguments.first().map(|it| &it.value), Some(Expr::Name(number)) if self.makes_number(number))
            }
            callee => self.is_dated(callee),
        }
    }

    fn is_dated(&self, function: &Expr) -> bool {
        let names = self.facts.full_names(function);
        !names.is_empty()
            && names.iter().all(|name| DATED.contains(&name.as_str()))
            && self.makes_number("int")
            && !BYTES.iter().any(|name| self.named.contains(*name))
    }

    /// Returns where the condition ends that begins at an index of a statement: of `a if condition else b`, and of
    /// `for word in WORDS if condition`. It is in nothing that comes of it.
    pub(super) fn condition(&self, tokens: &[Token], at: usize) -> Option<usize> {
        if at == 0 || !matches!(&tokens[at], Token::Name(word) if word == "if") {
            return None;
        }
        let (mut open, mut end) = (0_usize, None);
        for (index, token) in tokens.iter().enumerate().skip(at + 1) {
            match token {
                Token::Other('(' | '[' | '{') => open += 1,
                Token::Other(')' | ']' | '}') if open == 0 => {
                    end = self.filters_words(tokens, at).then_some(index);
                    break;
                }
                Token::Other(')' | ']' | '}') => open -= 1,
                Token::Name(word) if open == 0 && word == "else" => {
                    end = (!adds_beside(tokens, &[])).then_some(index);
                    break;
                }
                Token::Name(word) if open == 0 && matches!(word.as_str(), "for" | "if") => break,
                _ => {}
            }
        }
        end.filter(|end| self.asks_only(&tokens[at + 1..*end]))
    }

    /// Says whether tokens do nothing but ask something.
    fn asks_only(&self, tokens: &[Token]) -> bool {
        tokens.iter().enumerate().all(|(at, token)| match token {
            Token::Name(name) => {
                let is_called = tokens.get(at + 1) == Some(&Token::Other('('));
                let does = self.functions.contains_key(name) || is_running(name) || STARTING.contains(&name.as_str());
                !does
                    && (!is_called
                        || ASKING.contains(&name.as_str())
                        || matches!(name.as_str(), "in" | "not" | "and" | "or"))
            }
            Token::Other(':') => tokens.get(at + 1) != Some(&Token::Other('=')),
            Token::Text(text, _) => !text.contains(FIELD),
            _ => true,
        })
    }

    /// Says whether the `if` at an index leaves out some of the author's words: `next(s for s in WORDS if …)`.
    fn filters_words(&self, tokens: &[Token], at: usize) -> bool {
        let mut open = 0_usize;
        let begin = (0..at).rev().find(|index| match tokens[*index] {
            Token::Other(')' | ']' | '}') => {
                open += 1;
                false
            }
            Token::Other('(' | '[' | '{') if open > 0 => {
                open -= 1;
                false
            }
            Token::Other('(' | '[' | '{') => true,
            _ => false,
        });
        let Some(begin) = begin else { return false };
        let [Token::Name(made), Token::Name(word), Token::Name(target), Token::Name(within), iterated @ ..] =
            &tokens[begin + 1..at]
        else {
            return false;
        };
        let is_loop = word == "for" && within == "in" && made == target;
        is_loop && self.are_own_words(iterated) && !adds_beside(tokens, &["for"])
    }

    /// Says whether tokens are a list of the author's words.
    fn are_own_words(&self, tokens: &[Token]) -> bool {
        match tokens {
            [Token::Name(name)] => self.is_table(name),
            tokens => {
                let read = statement::read(tokens);
                matches!(read.as_deref(), Some([Statement::Expr(list @ Expr::List(_))]) if are_words(list))
            }
        }
    }

    /// Returns what may come of a choice by a condition that is in none of both: `a if condition else b`.
    pub(super) fn alternatives<'e>(&self, expression: &'e Expr) -> Option<Vec<&'e Expr>> {
        match expression {
            Expr::Any(items) => match items.as_slice() {
                [one, other, Expr::Any(condition)] if condition.len() == 1 => {
                    (self.is_no_character(one) && self.is_no_character(other)).then(|| vec![one, other])
                }
                _ => None,
            },
            Expr::Comprehension(made, loops) => match (made.as_slice(), loops.as_slice()) {
                ([made], [(target, iterated), (Expr::Constant, _)]) if made == target => {
                    let is_own = match iterated {
                        Expr::Name(name) => self.is_table(name),
                        list => matches!(list, Expr::List(_)) && are_words(list),
                    };
                    is_own.then(|| vec![iterated])
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Says whether an expression is none that may be one character of many: of those a loop makes any text again.
    fn is_no_character(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Text(_) => expression.text().is_none_or(|text| text.chars().count() != 1),
            Expr::Name(name) => !self.characters.contains(name),
            Expr::Item(..) => false,
            _ => true,
        }
    }

    /// Says whether a function of the script is called at an index with nothing of the payload, and what it returns is
    /// not called in its turn.
    pub(super) fn is_called_apart(&self, statement: &[Token], at: usize) -> bool {
        if statement.get(at + 1) != Some(&Token::Other('(')) {
            return false;
        }
        let end = closing(statement, at + 1);
        let is_member = at > 0 && statement[at - 1] == Token::Other('.');
        let start = if is_member { at - 1 - operand_before(statement, at - 1).len() } else { at };
        let is_used = matches!(statement.get(end), Some(Token::Other('(' | '[')));
        !is_used && self.whole_sources(&statement[start..end]).is_empty()
    }

    /// Says whether a name is looked at only, beside others, in what is printed: `print(title, step.name)`.
    pub(super) fn is_only_printed(&self, statement: &[Token], at: usize) -> bool {
        let [Token::Name(print), Token::Other('('), ..] = statement else { return false };
        let is_print = print == "print" && self.is_pythons("print") && self.redirected.is_empty();
        if !is_print || closing(statement, 1) != statement.len() || names(statement).any(|name| name == "file") {
            return false;
        }
        let mut end = at + 1;
        loop {
            match (statement.get(end), statement.get(end + 1)) {
                (Some(Token::Other('.')), Some(Token::Name(_))) => end += 2,
                (Some(Token::Other('(' | '[')), _) => end = closing(statement, end),
                _ => break,
            }
        }
        let is_end = matches!(statement.get(end), Some(Token::Other(',' | ')')));
        let before = at.checked_sub(1).map(|before| &statement[before]);
        let is_begin = matches!(before, Some(Token::Other(',' | '(')));
        is_begin && is_end && self.whole_sources(&statement[at + 1..end]).is_empty()
    }

    /// Says whether a name is looked at only wherever it stands in a statement.
    pub(super) fn are_only_printed(&self, statement: &[Token], name: &str) -> bool {
        let is_one = |at: &usize| matches!(&statement[*at], Token::Name(own) if own == name);
        let mut places = (0..statement.len()).filter(is_one).peekable();
        places.peek().is_some() && places.all(|at| self.is_only_printed(statement, at))
    }

    /// Says whether `getattr` at an index reads a member of a record by a name of the author's.
    pub(super) fn finds_data(&self, statement: &[Token], at: usize) -> bool {
        let [
            Token::Name(name),
            Token::Other('('),
            Token::Name(owner),
            Token::Other(','),
            Token::Text(member, holes),
            rest @ ..,
        ] = &statement[at..]
        else {
            return false;
        };
        let is_record = |it: &Binding| matches!(it, Binding::Value(Expr::Call(callee, _)) if callee.last_name().is_some_and(|name| RECORDS.contains(&name)));
        let bindings = self.facts.bindings(owner);
        let is_plain = !member.starts_with("__") && !is_running(member) && !self.functions.contains_key(member);
        name == "getattr"
            && holes.is_empty()
            && !member.contains(FIELD)
            && is_plain
            && self.is_pythons("getattr")
            && matches!(rest.first(), Some(Token::Other(',' | ')')))
            && !bindings.is_empty()
            && bindings.iter().all(is_record)
            && !matches!(statement.get(closing(statement, at + 1)), Some(Token::Other('(' | '.' | '[')))
    }
}

/// Returns the function whose dotted name begins at an index, and where its bracket opens.
fn chain(tokens: &[Token], at: usize) -> Option<(Expr, usize)> {
    let Some(Token::Name(first)) = tokens.get(at) else { return None };
    let mut function = Expr::Name(first.clone());
    let mut end = at + 1;
    while let (Some(Token::Other('.')), Some(Token::Name(name))) = (tokens.get(end), tokens.get(end + 1)) {
        function = Expr::Member(Box::new(function), name.clone());
        end += 2;
    }
    (tokens.get(end) == Some(&Token::Other('('))).then_some((function, end))
}
