//! Cuts a PowerShell script into statements, and writes references for its holes.
//!
//! PowerShell reads a statement that begins with a word as a command with arguments, any other as an
//! expression. A hole outside of quotes stands well only as an argument.

use super::quote::{is_double, is_single};
use super::{Edit, reference};
use crate::shell::analysis::{Unread, variable};
use crate::shell::symbol::{Symbol, line_of};
use std::collections::BTreeMap;

/// The most brackets and strings inside each other.
const DEPTH_MAX: usize = 48;

/// Words behind which another statement begins.
const KEYWORDS: &[&str] = &[
    "if", "elseif", "else", "while", "until", "do", "for", "foreach", "in", "switch", "return", "throw", "exit", "try",
    "catch", "finally", "begin", "process", "end", "break", "continue", "trap", "function", "filter", "param", "class",
    "enum", "using",
];

/// Where a hole can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Argument,
    DoubleQuotes,
    SingleQuotes,
    HereString,
    Comment,
    Redirection,
}

impl Place {
    /// Returns the place's name, to be read after "in".
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Argument => "an argument without quotes",
            Self::DoubleQuotes => "double quotes",
            Self::SingleQuotes => "single quotes",
            Self::HereString => "a here-string",
            Self::Comment => "a comment",
            Self::Redirection => "the target of a redirection",
        }
    }
}

/// A token, as far as the search for what evaluates text needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// The name of a command.
    Command(String),
    /// Another bare word: an argument, an operator, a type.
    Word(String),
    /// `$name`, without the `$`.
    Variable(String),
    Hole(usize),
    /// The text of a string.
    Text(String),
    /// `=`, `+=` and their kin.
    Assign,
    /// `[`, `(`, `.` and the like.
    Mark(char),
}

/// A statement, with all that is nested in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    pub(super) tokens: Vec<Token>,
}

#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) statements: Vec<Statement>,
    pub(super) places: BTreeMap<usize, Place>,
    pub(super) edits: BTreeMap<usize, Edit>,
}

pub(super) fn lex(symbols: &[Symbol]) -> Result<Lexed, Unread> {
    let mut lexer = Lexer { symbols, at: 0, depth: 0, lexed: Lexed::default() };
    lexer.block(None)?;
    Ok(lexer.lexed)
}

/// What the next bare token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Start,
    Arguments,
    Expression,
}

pub(super) struct Lexer<'s> {
    pub(super) symbols: &'s [Symbol],
    pub(super) at: usize,
    depth: usize,
    pub(super) lexed: Lexed,
}

pub(super) type Lex<T> = Result<T, Unread>;

impl Lexer<'_> {
    pub(super) fn peek(&self, ahead: usize) -> Option<Symbol> {
        self.symbols.get(self.at + ahead).copied()
    }

    pub(super) fn char_at(&self, ahead: usize) -> Option<char> {
        self.peek(ahead).and_then(Symbol::char)
    }

    pub(super) fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, character)| self.char_at(ahead) == Some(character))
    }

    pub(super) fn fail<T>(&self, what: &str) -> Lex<T> {
        let line = line_of(self.symbols, self.at);
        let reason = format!("put into a script that pipehook can't read: {what}, at or before line {line}");
        Err(Unread { hole: None, reason })
    }

    pub(super) fn refuse<T>(hole: usize, reason: &str) -> Lex<T> {
        Err(Unread { hole: Some(hole), reason: reason.to_owned() })
    }

    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Lex<T>) -> Lex<T> {
        if self.depth == DEPTH_MAX {
            return self.fail("brackets and strings are nested too deeply");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads statements up to `close`, which is consumed, or to the end of the script. Returns the
    /// tokens of all of them, for the statement around.
    pub(super) fn block(&mut self, close: Option<char>) -> Lex<Vec<Token>> {
        let mut all = Vec::new();
        let mut statement = Statement::default();
        let mut mode = Mode::Start;
        loop {
            let Some(symbol) = self.peek(0) else {
                return if close.is_none() {
                    Ok(self.end(statement, all))
                } else {
                    self.fail("a bracket is never closed")
                };
            };
            match symbol {
                Symbol::Char(character) if Some(character) == close => {
                    self.at += 1;
                    return Ok(self.end(statement, all));
                }
                Symbol::Char('\n' | ';') => {
                    self.at += 1;
                    all = self.end(std::mem::take(&mut statement), all);
                    mode = Mode::Start;
                }
                Symbol::Char(')' | '}') => return self.fail("a bracket is closed that was not opened"),
                _ => mode = self.token(symbol, mode, &mut statement.tokens)?,
            }
        }
    }

    fn end(&mut self, statement: Statement, mut all: Vec<Token>) -> Vec<Token> {
        all.extend(statement.tokens.iter().cloned());
        if !statement.tokens.is_empty() {
            self.lexed.statements.push(statement);
        }
        all
    }

    /// Reads one token and returns the mode behind it.
    fn token(&mut self, symbol: Symbol, mode: Mode, tokens: &mut Vec<Token>) -> Lex<Mode> {
        let behind = if mode == Mode::Start { Mode::Expression } else { mode };
        match symbol {
            Symbol::Char(' ' | '\t' | '\r') => self.at += 1,
            Symbol::Char('`') if self.sees("`\n") || self.sees("`\r\n") => self.at += 2,
            Symbol::Char('#') => self.comment(),
            Symbol::Char('<') if self.sees("<#") => self.block_comment()?,
            Symbol::Char('-') if self.sees("--%") => self.unparsed()?,
            Symbol::Char('@') if self.sees("@\"") || self.sees("@'") => {
                self.here_string(tokens)?;
                return Ok(behind);
            }
            Symbol::Char(quote) if is_double(quote) || is_single(quote) => {
                let is_called = matches!(tokens.last(), Some(Token::Mark('&' | '.')));
                let before = tokens.len();
                self.quoted(tokens)?;
                if is_called {
                    Self::name_in_quotes(before, tokens)?;
                }
                return Ok(behind);
            }
            Symbol::Char('$') => {
                self.dollar(tokens)?;
                return Ok(behind);
            }
            Symbol::Char(open @ ('(' | '{')) => {
                self.at += 1;
                tokens.push(Token::Mark(open));
                let close = if open == '(' { ')' } else { '}' };
                let inner = self.deeper(|lexer| lexer.block(Some(close)))?;
                tokens.extend(inner);
                return Ok(if open == '{' { Mode::Start } else { behind });
            }
            Symbol::Char('|') => {
                self.at += if self.sees("||") { 2 } else { 1 };
                tokens.push(Token::Mark('|'));
                return Ok(Mode::Start);
            }
            Symbol::Char('&') => {
                let is_and = self.sees("&&");
                self.at += if is_and { 2 } else { 1 };
                tokens.push(Token::Mark('&'));
                return Ok(if is_and { Mode::Start } else { Mode::Expression });
            }
            Symbol::Char('>') => self.redirection(tokens)?,
            Symbol::Char('=') if mode != Mode::Arguments => {
                self.at += 1;
                tokens.push(Token::Assign);
                return Ok(Mode::Start);
            }
            _ => return self.bare(mode, tokens),
        }
        Ok(mode)
    }

    /// Judges a text in quotes behind `&` or `.`, which names what is run or a member: no payload text is in it,
    /// and what its variables hold is looked at as the name itself.
    fn name_in_quotes(start: usize, tokens: &mut Vec<Token>) -> Lex<()> {
        let mut named = Vec::new();
        for token in &tokens[start..] {
            match token {
                Token::Hole(hole) => return Self::refuse(*hole, "the name of a command or a member"),
                Token::Variable(_) => named.extend([Token::Mark('&'), token.clone()]),
                _ => {}
            }
        }
        tokens.extend(named);
        Ok(())
    }

    fn comment(&mut self) {
        while let Some(symbol) = self.peek(0).filter(|symbol| !symbol.is('\n')) {
            self.comment_symbol(symbol);
        }
    }

    fn block_comment(&mut self) -> Lex<()> {
        while !self.sees("#>") {
            let Some(symbol) = self.peek(0) else { return self.fail("a comment is never closed") };
            self.comment_symbol(symbol);
        }
        self.at += 2;
        Ok(())
    }

    fn comment_symbol(&mut self, symbol: Symbol) {
        if let Symbol::Hole(hole) = symbol {
            self.place(hole, Place::Comment, variable(hole));
        }
        self.at += 1;
    }

    /// Notes what stands for the hole that is next, and where it stands.
    pub(super) fn place(&mut self, hole: usize, place: Place, text: String) {
        self.lexed.places.insert(hole, place);
        self.lexed.edits.insert(self.at, Edit { end: self.at + 1, text });
    }

    /// Reads the rest of the line behind `--%`, which goes to a program as it is.
    fn unparsed(&mut self) -> Lex<()> {
        while let Some(symbol) = self.peek(0).filter(|symbol| !symbol.is('\n')) {
            if let Symbol::Hole(hole) = symbol {
                return Self::refuse(hole, "put behind `--%`");
            }
            self.at += 1;
        }
        Ok(())
    }

    fn redirection(&mut self, tokens: &mut Vec<Token>) -> Lex<()> {
        while self.sees(">") {
            self.at += 1;
        }
        tokens.push(Token::Mark('>'));
        while matches!(self.char_at(0), Some(' ' | '\t')) {
            self.at += 1;
        }
        match self.peek(0) {
            Some(Symbol::Hole(hole)) if self.peek(1).is_none_or(ends_word) => {
                tokens.push(Token::Hole(hole));
                self.place(hole, Place::Redirection, format!("\"{}\"", reference(hole)));
                self.at += 1;
                Ok(())
            }
            Some(Symbol::Hole(hole)) => Self::refuse(hole, "a part of the target of a redirection"),
            _ => Ok(()),
        }
    }

    /// Reads a token without quotes.
    fn bare(&mut self, mode: Mode, tokens: &mut Vec<Token>) -> Lex<Mode> {
        let start = self.at;
        let goes_on = |symbol: Symbol| !ends_word(symbol) || mode == Mode::Arguments && symbol.is('=');
        let is_mark = !self.peek(0).is_some_and(goes_on);
        while self.at == start || !is_mark && self.peek(0).is_some_and(goes_on) {
            self.at += 1;
        }
        let symbols = &self.symbols[start..self.at];
        let word: String = symbols.iter().filter_map(|symbol| symbol.char()).collect();
        let hole = symbols.iter().find_map(|symbol| if let Symbol::Hole(hole) = symbol { Some(*hole) } else { None });
        if let Some(hole) = hole {
            self.bare_hole(mode, start, hole, &word, tokens)?;
            return Ok(mode);
        }
        let is_keyword = KEYWORDS.contains(&word.to_ascii_lowercase().as_str());
        let begins_command = word
            .starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '\\' | '/' | '~'))
            || word.starts_with("./")
            || word.starts_with(".\\");
        if mode == Mode::Start && begins_command && !is_keyword {
            tokens.push(Token::Command(word));
        } else if word.len() == 1 && !word.starts_with(char::is_alphanumeric) {
            tokens.extend(word.chars().map(Token::Mark));
        } else {
            tokens.push(Token::Word(word));
        }
        Ok(match mode {
            Mode::Start if is_keyword => Mode::Start,
            Mode::Start if begins_command => Mode::Arguments,
            Mode::Start => Mode::Expression,
            other => other,
        })
    }

    /// Puts an argument with holes between double quotes, if it is one.
    fn bare_hole(&mut self, mode: Mode, start: usize, hole: usize, word: &str, tokens: &mut Vec<Token>) -> Lex<()> {
        match mode {
            Mode::Start => return Self::refuse(hole, "the name of a command"),
            Mode::Expression => return Self::refuse(hole, "put into an expression"),
            Mode::Arguments => {}
        }
        // An option of a program such as `-p:Version=1` is one word; a parameter of a command is not.
        let symbols = &self.symbols[start..self.at];
        let is_assigned = symbols.iter().take_while(|symbol| symbol.char().is_some()).any(|symbol| symbol.is('='));
        if word.starts_with('-') && !is_assigned {
            return Self::refuse(hole, "the name of a parameter");
        }
        let is_plain = |character: char| character.is_alphanumeric() || "_./:\\+=%~-".contains(character);
        // Text glued to quotes or to a variable is one argument or several, by rules of its own.
        let is_glued = self.peek(0).is_some_and(
            |next| matches!(next, Symbol::Char(it) if is_double(it) || is_single(it) || "$({@".contains(it)),
        ) || start
            .checked_sub(1)
            .is_some_and(|before| !self.symbols[before].char().is_some_and(char::is_whitespace));
        if !word.chars().all(is_plain) || is_glued {
            return Self::refuse(hole, "put at a place that pipehook can't tell");
        }
        let end = self.at;
        let mut text = String::from("\"");
        for symbol in &self.symbols[start..end] {
            match symbol {
                Symbol::Hole(hole) => {
                    // What is named behind a drive is no file.
                    let drive = text.trim_end_matches(['/', '\\']).ends_with(':');
                    tokens.extend(drive.then(|| Token::Word(text.trim_start_matches('"').to_owned())));
                    text.push_str(&reference(*hole));
                    self.lexed.places.insert(*hole, Place::Argument);
                    tokens.push(Token::Hole(*hole));
                }
                other => text.extend(other.char()),
            }
        }
        text.push('"');
        self.lexed.edits.insert(start, Edit { end, text });
        Ok(())
    }
}

/// Says whether a symbol ends a token without quotes.
fn ends_word(symbol: Symbol) -> bool {
    match symbol {
        Symbol::Char(character) => {
            character.is_whitespace()
                || is_double(character)
                || is_single(character)
                || ";|&(){}<>$@,`[]=!".contains(character)
        }
        Symbol::Hole(_) | Symbol::Opaque => false,
    }
}
