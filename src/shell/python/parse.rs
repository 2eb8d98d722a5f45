//! Reads expressions of Python over the lexer's tokens. What holds values and what is done with them is read
//! exactly; of numbers, comparisons and conditions only what stands in them.

use super::lexer::{FIELD, FIELD_END, HOLE, Token, field_tokens};
use super::tree::{Argument, Expr, Kind, Parameter, Piece};

/// The most expressions inside of each other.
const DEPTH_MAX: usize = 60;

/// The most members, calls and operators one behind the other.
const CHAIN_MAX: usize = 200;

/// Words that are no names.
const KEYWORDS: &[&str] = &[
    "and", "or", "not", "if", "else", "elif", "for", "in", "is", "lambda", "async", "as", "from", "import", "def",
    "class", "return", "with", "while", "raise", "del", "global", "nonlocal", "assert", "except", "try", "finally",
    "break", "continue", "pass",
];

/// A place in tokens.
#[derive(Clone)]
pub(super) struct Parser<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(tokens: &'t [Token]) -> Self {
        Self { tokens, at: 0, depth: 0 }
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn is(&self, wanted: char) -> bool {
        self.is_at(0, wanted)
    }

    pub(super) fn is_at(&self, ahead: usize, wanted: char) -> bool {
        self.peek(ahead) == Some(&Token::Other(wanted))
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.is(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn word(&self) -> Option<&'t str> {
        self.word_at(0)
    }

    pub(super) fn word_at(&self, ahead: usize) -> Option<&'t str> {
        if let Some(Token::Name(name)) = self.peek(ahead) { Some(name) } else { None }
    }

    pub(super) fn eat_word(&mut self, wanted: &str) -> bool {
        let is_there = self.word() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.word().filter(|word| !KEYWORDS.contains(word))?;
        self.at += 1;
        Some(name.to_owned())
    }

    /// Reads expressions with commas between them, as one where there is no comma.
    pub(super) fn list(&mut self) -> Option<Expr> {
        let first = self.expression()?;
        if !self.is(',') {
            return Some(first);
        }
        let mut items = vec![first];
        while self.eat(',') {
            if self.is_end()
                || self.is('=')
                || self.is(':')
                || self.is(')')
                || self.is(']')
                || self.word() == Some("in")
            {
                break;
            }
            items.push(self.expression()?);
        }
        Some(Expr::List(items))
    }

    /// Reads one expression.
    pub(super) fn expression(&mut self) -> Option<Expr> {
        self.depth += 1;
        let read = if self.depth > DEPTH_MAX { None } else { self.whole() };
        self.depth -= 1;
        read
    }

    fn whole(&mut self) -> Option<Expr> {
        if self.is('*') && !self.is_at(1, '*') {
            self.at += 1;
            return Some(Expr::Several(Box::new(self.expression()?)));
        }
        if self.eat_word("lambda") {
            let parameters = self.parameters(':')?;
            let body = self.expression()?;
            return Some(Expr::Lambda(parameters, Box::new(body)));
        }
        if self.eat_word("yield") {
            self.eat_word("from");
            // What it is sent nobody sees.
            return if self.is_end() || self.is(')') { Some(Expr::Name("yield".to_owned())) } else { self.list() };
        }
        if self.is_at(1, ':')
            && self.is_at(2, '=')
            && let Some(name) = self.name()
        {
            self.at += 2;
            return Some(Expr::Named(name, Box::new(self.expression()?)));
        }
        let value = self.choice()?;
        if !self.eat_word("if") {
            return Some(value);
        }
        let condition = self.choice()?;
        if !self.eat_word("else") {
            return None;
        }
        let otherwise = self.expression()?;
        Some(Expr::Any(vec![value, otherwise, Expr::Any(vec![condition])]))
    }

    /// Reads what `and`, `or`, `not` and comparisons join.
    fn choice(&mut self) -> Option<Expr> {
        while self.eat_word("not") {}
        let mut items = vec![self.operation(0)?];
        let mut compares = false;
        while self.joins(&mut compares) {
            while self.eat_word("not") {}
            items.push(self.operation(0)?);
        }
        match (items.len(), compares) {
            (1, _) => items.pop(),
            // A comparison is no text.
            (_, true) => Some(Expr::Any(vec![Expr::Constant, Expr::Any(items)])),
            _ => Some(Expr::Any(items)),
        }
    }

    fn joins(&mut self, compares: &mut bool) -> bool {
        if self.eat_word("and") || self.eat_word("or") {
            return true;
        }
        let start = self.at;
        if self.word() == Some("not") && self.word_at(1) == Some("in") {
            self.at += 2;
        } else if self.eat_word("in") || self.eat_word("is") {
            self.eat_word("not");
        } else if (self.is('<') || self.is('>')) && !self.is_at(1, '<') && !self.is_at(1, '>') {
            self.at += 1;
            self.eat('=');
        } else if (self.is('=') || self.is('!')) && self.is_at(1, '=') {
            self.at += 2;
        }
        *compares |= self.at > start;
        self.at > start
    }

    /// Reads operators of numbers and texts: first the weakest.
    fn operation(&mut self, level: usize) -> Option<Expr> {
        const LEVELS: [&[char]; 3] = [&['|', '^', '&', '<', '>'], &['+', '-'], &['*', '/', '%', '@']];
        let Some(operators) = LEVELS.get(level) else { return self.signed() };
        let mut value = self.operation(level + 1)?;
        let mut length = 0;
        while let Some(Token::Other(operator)) = self.peek(0) {
            let is_double = self.is_at(1, *operator);
            let is_assigned = self.is_at(1 + usize::from(is_double), '=');
            let is_one = operators.contains(operator) && (is_double || !matches!(operator, '<' | '>'));
            if !is_one || is_assigned {
                break;
            }
            self.at += 1 + usize::from(is_double);
            length += 1;
            if length > CHAIN_MAX {
                return None;
            }
            let other = self.operation(level + 1)?;
            value = Expr::Operation(*operator, Box::new(value), Box::new(other));
        }
        Some(value)
    }

    fn signed(&mut self) -> Option<Expr> {
        while self.eat('-') || self.eat('+') || self.eat('~') || self.eat_word("await") {}
        self.primary()
    }

    /// Reads an atom with its members, subscripts and calls.
    fn primary(&mut self) -> Option<Expr> {
        let mut value = self.atom()?;
        for _ in 0..CHAIN_MAX {
            if self.is('.') && self.word_at(1).is_some() {
                self.at += 1;
                let name = self.word()?.to_owned();
                self.at += 1;
                value = Expr::Member(Box::new(value), name);
            } else if self.eat('(') {
                value = Expr::call(value, self.arguments()?);
            } else if self.eat('[') {
                let index = self.subscript()?;
                value = Expr::Item(Box::new(value), Box::new(index));
            } else {
                return Some(value);
            }
        }
        None
    }

    fn atom(&mut self) -> Option<Expr> {
        match self.peek(0)? {
            Token::Text(..) => self.texts(),
            Token::Name(_) => Some(Expr::Name(self.name()?)),
            Token::Other('(') => {
                self.at += 1;
                if self.eat(')') {
                    return Some(Expr::List(Vec::new()));
                }
                let inside = self.expression()?;
                if let Some(loops) = self.loops(')')? {
                    return Some(Expr::Comprehension(vec![inside], loops));
                }
                let (mut items, is_list) = self.rest(inside, ')')?;
                if is_list { Some(Expr::List(items)) } else { items.pop() }
            }
            Token::Other('[') => {
                self.at += 1;
                if self.eat(']') {
                    return Some(Expr::List(Vec::new()));
                }
                let inside = self.expression()?;
                if let Some(loops) = self.loops(']')? {
                    return Some(Expr::Comprehension(vec![inside], loops));
                }
                Some(Expr::List(self.rest(inside, ']')?.0))
            }
            Token::Other('{') => self.braces(),
            Token::Other('.') => {
                while self.eat('.') {}
                Some(Expr::Constant)
            }
            Token::Other(digit) if digit.is_ascii_digit() => {
                while let Some(token) = self.peek(0) {
                    let goes_on = match token {
                        Token::Other(next) => next.is_ascii_digit() || *next == '.' && self.word_at(1).is_none(),
                        Token::Name(name) => {
                            name.starts_with(['e', 'E', 'x', 'X', 'o', 'O', 'b', 'B', 'j', 'J', '_'])
                                && !KEYWORDS.contains(&name.as_str())
                        }
                        _ => false,
                    };
                    if !goes_on {
                        break;
                    }
                    self.at += 1;
                }
                Some(Expr::Constant)
            }
            Token::Other(_) | Token::End => None,
        }
    }

    /// Reads what stands behind the first item up to the bracket, and says whether a comma was there.
    fn rest(&mut self, first: Expr, close: char) -> Option<(Vec<Expr>, bool)> {
        let (mut items, mut is_list) = (vec![first], false);
        while !self.eat(close) {
            if !self.eat(',') {
                return None;
            }
            is_list = true;
            if !self.is(close) {
                items.push(self.expression()?);
            }
        }
        Some((items, is_list))
    }

    /// Reads the loops of a comprehension up to the bracket, if there are any. The outer nothing is a mistake.
    fn loops(&mut self, close: char) -> Option<Option<Vec<(Expr, Expr)>>> {
        let mut loops = Vec::new();
        loop {
            if self.word() == Some("async") && self.word_at(1) == Some("for") {
                self.at += 1;
            }
            if self.eat_word("for") {
                let target = self.targets()?;
                loops.push((target, self.choice()?));
            } else if !loops.is_empty() && self.eat_word("if") {
                loops.push((Expr::Constant, self.choice()?));
            } else if loops.is_empty() {
                return Some(None);
            } else {
                return self.eat(close).then_some(Some(loops));
            }
        }
    }

    /// Reads what a loop gives its items to, and the `in` behind it.
    pub(super) fn targets(&mut self) -> Option<Expr> {
        let mut items = Vec::new();
        loop {
            let is_rest = self.eat('*');
            let target = self.primary()?;
            items.push(if is_rest { Expr::Several(Box::new(target)) } else { target });
            if self.eat_word("in") {
                return if items.len() == 1 { items.pop() } else { Some(Expr::List(items)) };
            }
            if !self.eat(',') {
                return None;
            }
            if self.eat_word("in") {
                return Some(Expr::List(items));
            }
        }
    }

    fn braces(&mut self) -> Option<Expr> {
        self.at += 1;
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        while !self.eat('}') {
            if self.is('*') && self.is_at(1, '*') {
                self.at += 2;
                entries.push((None, self.expression()?));
            } else {
                let first = self.expression()?;
                if self.eat(':') {
                    let value = self.expression()?;
                    if let Some(loops) = self.loops('}')? {
                        return Some(Expr::Comprehension(vec![Expr::Dict(vec![(Some(first), value)])], loops));
                    }
                    entries.push((Some(first), value));
                } else if let Some(loops) = self.loops('}')? {
                    return Some(Expr::Comprehension(vec![first], loops));
                } else {
                    items.push(first);
                }
            }
            if !self.eat(',') && !self.is('}') {
                return None;
            }
        }
        match (entries.is_empty(), items.is_empty()) {
            (_, true) => Some(Expr::Dict(entries)),
            (true, false) => Some(Expr::List(items)),
            (false, false) => None,
        }
    }

    fn subscript(&mut self) -> Option<Expr> {
        let mut items = Vec::new();
        while !self.eat(']') {
            if self.eat(':') {
                items.push(Expr::Any(Vec::new()));
            } else if self.eat(',') {
                items.push(Expr::Constant);
            } else {
                items.push(self.expression()?);
            }
        }
        if items.len() == 1 { items.pop() } else { Some(Expr::List(items)) }
    }

    /// Reads arguments up to the bracket.
    pub(super) fn arguments(&mut self) -> Option<Vec<Argument>> {
        let mut arguments = Vec::new();
        while !self.eat(')') {
            let name = match self.peek(0) {
                Some(Token::Name(name)) if self.is_at(1, '=') && !self.is_at(2, '=') => {
                    self.at += 2;
                    Some(name.clone())
                }
                Some(Token::Other('*')) if self.is_at(1, '*') => {
                    self.at += 2;
                    Some("**".to_owned())
                }
                _ => None,
            };
            let mut value = self.expression()?;
            if !self.is(',') && !self.is(')') {
                // `any(… for …)`: the bracket is the call's.
                let loops = self.loops(')')??;
                value = Expr::Comprehension(vec![value], loops);
                arguments.push(Argument { name, value });
                return Some(arguments);
            }
            arguments.push(Argument { name, value });
            if !self.eat(',') && !self.is(')') {
                return None;
            }
        }
        Some(arguments)
    }

    /// Reads parameters up to a character.
    pub(super) fn parameters(&mut self, close: char) -> Option<Vec<Parameter>> {
        let mut parameters = Vec::new();
        while !self.eat(close) {
            if self.eat(',') || self.eat('/') {
                continue;
            }
            let kind = match (self.eat('*'), self.is('*')) {
                (true, true) => {
                    self.at += 1;
                    Kind::Named
                }
                (true, false) => Kind::Rest,
                (false, _) => Kind::One,
            };
            if kind == Kind::Rest && (self.is(',') || self.is(close)) {
                continue;
            }
            let name = self.name()?;
            if close != ':' && self.eat(':') {
                self.expression()?;
            }
            let default = if self.eat('=') { Some(self.expression()?) } else { None };
            parameters.push(Parameter { name, kind, default });
        }
        Some(parameters)
    }

    /// Reads string literals that stand beside each other.
    fn texts(&mut self) -> Option<Expr> {
        let mut pieces = Vec::new();
        while let Some(Token::Text(text, holes)) = self.peek(0) {
            self.at += 1;
            let mut holes = holes.iter().copied();
            let mut rest = text.as_str();
            while let Some(at) = rest.find([HOLE, FIELD]) {
                pieces.extend((at > 0).then(|| Piece::Text(rest[..at].to_owned())));
                if rest[at..].starts_with(HOLE) {
                    pieces.push(Piece::Hole(holes.next()?));
                    rest = &rest[at + 1..];
                } else {
                    let (field, behind) = rest[at + 1..].split_once(FIELD_END)?;
                    let tokens = field_tokens(field, &mut holes)?;
                    let mut inner = Parser { tokens: &tokens, at: 0, depth: self.depth + 1 };
                    pieces.push(Piece::Field(inner.field()?));
                    rest = behind;
                }
            }
            pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.to_owned())));
        }
        Some(Expr::Text(pieces))
    }

    /// Reads the expression of a `{ }`, which may end with `=`.
    fn field(&mut self) -> Option<Expr> {
        let value = if self.depth > DEPTH_MAX { None } else { self.list() };
        self.eat('=');
        value.filter(|_| self.is_end())
    }
}
