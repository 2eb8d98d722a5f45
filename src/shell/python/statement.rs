//! Reads statements of Python. The head of one with a body is read by itself, and what stands behind its colon on
//! the same line; the lines of the body are statements of their own.

use super::lexer::{Lexed, Token};
use super::line::head_and_rest;
use super::parse::Parser;
use super::scopes::Line;
use super::tree::{Expr, Statement};

/// Words in front of an expression and a colon.
const CONDITIONAL: &[&str] = &["if", "elif", "while"];

/// Words in front of a colon.
const BARE: &[&str] = &["else", "try", "finally"];

/// Statements without expressions.
const WITHOUT: &[&str] = &["pass", "break", "continue", "global", "nonlocal"];

/// Reads the lines of a script, of which the heads of statements are apart from what stands behind their colons.
pub(super) fn lines(lexed: &Lexed) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let all = lexed.tokens.split(|token| *token == Token::End).filter(|line| !line.is_empty());
    for (at, line) in all.enumerate() {
        let start = lexed.starts.get(at);
        let (column, number) = (start.map(|start| start.column), start.map(|start| start.line));
        let [head, rest] = head_and_rest(line);
        let parts = [(column, head), (column.map(|column| column + 1), rest)];
        lines.extend(parts.into_iter().filter(|(_, tokens)| !tokens.is_empty()).map(|(column, tokens)| {
            // `{name=}` of an f-string is no assignment.
            let read = read(tokens.strip_suffix(&[Token::Other('=')]).unwrap_or(tokens));
            Line { column, number, tokens, is_read: read.is_some(), statements: read.unwrap_or_default() }
        }));
    }
    lines
}

/// Returns what stands in a line of a script, or nothing where it can't be read.
pub(super) fn read(tokens: &[Token]) -> Option<Vec<Statement>> {
    let mut read = Vec::new();
    let mut parser = Parser::new(tokens);
    while !parser.is_end() {
        parser.statement(&mut read)?;
    }
    Some(read)
}

impl Parser<'_> {
    fn colon(&mut self) -> Option<()> {
        self.eat(':').then_some(())
    }

    fn statement(&mut self, read: &mut Vec<Statement>) -> Option<()> {
        if self.eat('@') {
            read.push(Statement::Decorator(self.expression()?));
            return self.is_end().then_some(());
        }
        self.eat_word("async");
        let word = self.word().unwrap_or_default();
        match word {
            _ if WITHOUT.contains(&word) => {
                self.at = self.tokens.len();
                Some(())
            }
            _ if BARE.contains(&word) => {
                self.at += 1;
                self.colon()
            }
            _ if CONDITIONAL.contains(&word) => {
                self.at += 1;
                read.push(Statement::Expr(self.list()?));
                self.colon()
            }
            "def" | "class" => self.definition(word == "def", read),
            "for" => {
                self.at += 1;
                let target = self.targets()?;
                read.push(Statement::For(target, self.list()?));
                self.colon()
            }
            "with" => self.with(read),
            "except" => {
                self.at += 1;
                self.eat('*');
                if !self.is(':') {
                    self.list()?;
                    if self.eat_word("as") {
                        self.name()?;
                    }
                }
                self.colon()
            }
            "match" | "case" if self.tokens.contains(&Token::Other(':')) && self.choose(word, read) => Some(()),
            "return" | "yield" | "raise" | "assert" | "del" => {
                self.at += 1;
                if word == "yield" {
                    self.eat_word("from");
                }
                if self.is_end() {
                    return Some(());
                }
                let value = self.list()?;
                read.push(match word {
                    "return" | "yield" => Statement::Return(value),
                    "del" => Statement::Augment(value, 'd', Expr::Constant),
                    _ => Statement::Expr(value),
                });
                if self.eat_word("from") {
                    read.push(Statement::Expr(self.expression()?));
                }
                self.is_end().then_some(())
            }
            "import" | "from" => self.import(read),
            _ => self.simple(read),
        }
    }

    /// Reads `match value:` and `case pattern:`, whose names are those of a pattern.
    fn choose(&mut self, word: &str, read: &mut Vec<Statement>) -> bool {
        let before = self.clone();
        self.at += 1;
        if word == "match" {
            if let Some(value) = self.list().filter(|_| self.is(':') && !self.is_at(1, '=')) {
                read.push(Statement::Expr(value));
                self.at += 1;
                return true;
            }
        } else {
            let mut open = 0_usize;
            while let Some(token) = self.peek(0) {
                self.at += 1;
                match token {
                    Token::Other('(' | '[' | '{') => open += 1,
                    Token::Other(')' | ']' | '}') => open = open.saturating_sub(1),
                    Token::Other(':') if open == 0 => return true,
                    _ => {}
                }
            }
        }
        *self = before;
        false
    }

    fn definition(&mut self, is_function: bool, read: &mut Vec<Statement>) -> Option<()> {
        self.at += 1;
        let name = self.name()?;
        if self.eat('[') {
            while !self.eat(']') {
                self.at += 1;
                if self.is_end() {
                    return None;
                }
            }
        }
        if is_function {
            self.eat('(').then_some(())?;
            read.push(Statement::Function(name, self.parameters(')')?));
            if self.eat('-') {
                self.eat('>').then_some(())?;
                self.expression()?;
            }
        } else if self.eat('(') {
            let bases = self.arguments()?;
            read.extend(bases.into_iter().map(|base| Statement::Expr(base.value)));
        }
        self.colon()
    }

    fn with(&mut self, read: &mut Vec<Statement>) -> Option<()> {
        self.at += 1;
        let before = self.clone();
        if let Some(items) = self.with_items()
            && self.eat(':')
        {
            read.extend(items);
            return Some(());
        }
        *self = before;
        self.eat('(').then_some(())?;
        read.extend(self.with_items()?);
        self.eat(')').then_some(())?;
        self.colon()
    }

    fn with_items(&mut self) -> Option<Vec<Statement>> {
        let mut items = Vec::new();
        loop {
            let value = self.expression()?;
            let target = if self.eat_word("as") { Some(self.expression()?) } else { None };
            items.push(Statement::With(value, target));
            if !self.eat(',') || self.is(')') {
                return Some(items);
            }
        }
    }

    fn dotted(&mut self) -> Option<String> {
        let mut name = String::new();
        while self.eat('.') {
            name.push('.');
        }
        if self.word() == Some("import") {
            return Some(name);
        }
        name.push_str(&self.name()?);
        while self.eat('.') {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Some(name)
    }

    fn import(&mut self, read: &mut Vec<Statement>) -> Option<()> {
        let is_from = self.eat_word("from");
        let mut brought = Vec::new();
        let module = if is_from { Some(self.dotted()?) } else { None };
        self.eat_word("import").then_some(())?;
        let is_open = is_from && self.eat('(');
        loop {
            if self.eat('*') {
                brought.push((format!("{}.*", module.clone()?), "*".to_owned()));
            } else if !(is_open && self.is(')')) {
                let name = self.dotted()?;
                let own = if self.eat_word("as") { Some(self.name()?) } else { None };
                let full = module.as_ref().map_or_else(|| name.clone(), |module| format!("{module}.{name}"));
                // `import a.b` brings `a`.
                let first = name.split('.').next().unwrap_or_default().to_owned();
                brought.push(match (own, &module) {
                    (Some(own), _) => (full, own),
                    (None, Some(_)) => (full, name),
                    (None, None) => (first.clone(), first),
                });
            }
            if !self.eat(',') {
                break;
            }
        }
        if is_open {
            self.eat(')').then_some(())?;
        }
        read.push(Statement::Import(brought));
        self.is_end().then_some(())
    }

    /// Reads an assignment or an expression.
    fn simple(&mut self, read: &mut Vec<Statement>) -> Option<()> {
        let first = self.list()?;
        if self.eat(':') {
            // `name: type = value`
            self.expression()?;
            if self.eat('=') {
                let value = self.list()?;
                read.push(Statement::Assign(vec![first], value));
            }
            return self.is_end().then_some(());
        }
        if self.is('=') {
            let mut values = vec![first];
            while self.eat('=') {
                values.push(self.list()?);
            }
            let value = values.pop()?;
            read.push(Statement::Assign(values, value));
            return self.is_end().then_some(());
        }
        if let Some(Token::Other(operator)) = self.peek(0) {
            let equals = usize::from(self.is_at(1, *operator)) + 1;
            if self.is_at(equals, '=') {
                self.at += equals + 1;
                let value = self.list()?;
                read.push(Statement::Augment(first, *operator, value));
                return self.is_end().then_some(());
            }
        }
        read.push(Statement::Expr(first));
        self.is_end().then_some(())
    }
}

/// Returns the names that a target gives.
pub(super) fn target_names(target: &Expr) -> Vec<&str> {
    match target {
        Expr::Name(name) => vec![name],
        Expr::List(items) => items.iter().flat_map(target_names).collect(),
        Expr::Several(inner) => target_names(inner),
        _ => Vec::new(),
    }
}
