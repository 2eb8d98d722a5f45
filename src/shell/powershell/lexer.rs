//! Cuts a PowerShell script into statements, and writes references for its holes.
//!
//! PowerShell reads a statement that begins with a word as a command with arguments, any other as an
//! expression. A hole outside of quotes stands well as an argument, and in an expression as a number.

use super::quote::{is_dash, is_double, is_single};
use super::token::{Bracket, Piece, Statement, Token};
use super::{Edit, reference};
use crate::shell::analysis::{Unread, variable};
use crate::shell::symbol::{Symbol, line_of};
use std::collections::BTreeMap;

/// The most brackets and strings inside each other.
const DEPTH_MAX: usize = 48;

/// Where a hole can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Argument,
    DoubleQuotes,
    SingleQuotes,
    HereString,
    Comment,
    Redirection,
    Number,
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
            Self::Number => "an expression, as a number",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) statements: Vec<Statement>,
    pub(super) places: BTreeMap<usize, Place>,
    pub(super) edits: BTreeMap<usize, Edit>,
}

pub(super) fn lex(symbols: &[Symbol]) -> Result<Lexed, Unread> {
    let mut lexer = Lexer { symbols, at: 0, depth: 0, lexed: Lexed::default() };
    let statements = lexer.block(None, Bracket::Block)?;
    Ok(Lexed { statements, ..lexer.lexed })
}

/// What the next bare token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Start,
    /// Behind `&` or `.`: the name of a command, in whatever form.
    Called,
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

    /// Reads statements up to `close`, which is consumed, or to the end of the script.
    pub(super) fn block(&mut self, close: Option<char>, bracket: Bracket) -> Lex<Vec<Statement>> {
        let mut statements = Vec::new();
        let mut statement = Statement::default();
        let mut mode = Mode::Start;
        loop {
            let Some(symbol) = self.peek(0) else {
                return if close.is_none() {
                    end(&mut statement, &mut statements);
                    Ok(statements)
                } else {
                    self.fail("a bracket is never closed")
                };
            };
            let is_chain = self.sees("&&") || self.sees("||");
            match symbol {
                Symbol::Char(character) if Some(character) == close => {
                    self.at += 1;
                    end(&mut statement, &mut statements);
                    return Ok(statements);
                }
                Symbol::Char(';') => {
                    self.at += 1;
                    end(&mut statement, &mut statements);
                    mode = Mode::Start;
                }
                Symbol::Char('\n' | '\r') if self.ends_line() && !self.is_continued(&statement) => {
                    self.at += 1;
                    end(&mut statement, &mut statements);
                    mode = Mode::Start;
                }
                Symbol::Char('\n' | '\r') => self.at += 1,
                // What runs beside the script is a statement like others.
                Symbol::Char('&' | '|') if is_chain || symbol.is('&') && mode != Mode::Start => {
                    self.at += if is_chain { 2 } else { 1 };
                    end(&mut statement, &mut statements);
                    mode = Mode::Start;
                }
                Symbol::Char(')' | '}') => return self.fail("a bracket is closed that was not opened"),
                _ => mode = self.token(symbol, mode, bracket, &mut statement.tokens)?,
            }
        }
    }

    /// Reads one token and returns the mode behind it.
    fn token(&mut self, symbol: Symbol, mode: Mode, bracket: Bracket, tokens: &mut Vec<Token>) -> Lex<Mode> {
        let behind = match mode {
            Mode::Start => Mode::Expression,
            Mode::Called => Mode::Arguments,
            other => other,
        };
        match symbol {
            Symbol::Char(blank) if blank.is_whitespace() => {
                self.at += 1;
                space(mode, tokens);
            }
            Symbol::Char('`') if self.sees("`\n") || self.sees("`\r\n") => {
                self.at += 2;
                space(mode, tokens);
            }
            Symbol::Char('#') => self.comment(),
            Symbol::Char('<') if self.sees("<#") => self.block_comment()?,
            Symbol::Char(dash)
                if is_dash(dash) && self.char_at(1).is_some_and(is_dash) && self.char_at(2) == Some('%') =>
            {
                self.unparsed(tokens)?;
            }
            Symbol::Char('@') if self.char_at(1).is_some_and(|next| is_double(next) || is_single(next)) => {
                self.here_string(tokens)?;
                return Ok(behind);
            }
            Symbol::Char(quote) if is_double(quote) || is_single(quote) => {
                let is_name = matches!(tokens.last(), Some(Token::Mark('&' | '.')));
                self.quoted(tokens)?;
                if is_name {
                    Self::name_in_quotes(tokens)?;
                }
                Self::quoted_in_name(tokens)?;
                return Ok(behind);
            }
            Symbol::Char('$') => {
                self.dollar(tokens)?;
                return Ok(behind);
            }
            Symbol::Char('@') if self.sees("@(") => {
                self.at += 1;
                return self.token(Symbol::Char('('), mode, bracket, tokens);
            }
            Symbol::Char('@') if self.sees("@{") => {
                self.at += 2;
                let inner = self.deeper(|lexer| lexer.block(Some('}'), Bracket::Table))?;
                tokens.push(Token::Group(Bracket::Table, inner));
                return Ok(behind);
            }
            Symbol::Char('@') if self.char_at(1).is_some_and(|next| next.is_alphabetic() || next == '_') => {
                self.at += 1;
                let name = self.name();
                tokens.push(Token::Splat(name));
                return Ok(behind);
            }
            Symbol::Char('(') => {
                self.at += 1;
                // Behind a keyword, or the name of a function, more of the statement follows.
                let is_clause = mode == Mode::Start && matches!(tokens.last(), Some(Token::Word(_)));
                let inner = self.deeper(|lexer| lexer.block(Some(')'), Bracket::Round))?;
                tokens.push(Token::Group(Bracket::Round, inner));
                return Ok(if is_clause { Mode::Start } else { behind });
            }
            Symbol::Char('{') => {
                self.at += 1;
                let inner = self.deeper(|lexer| lexer.block(Some('}'), Bracket::Block))?;
                tokens.push(Token::Group(Bracket::Block, inner));
                return Ok(match mode {
                    Mode::Arguments | Mode::Called => Mode::Arguments,
                    Mode::Start | Mode::Expression => Mode::Start,
                });
            }
            Symbol::Char('|') => {
                self.at += 1;
                tokens.push(Token::Mark('|'));
                return Ok(Mode::Start);
            }
            Symbol::Char('&') => {
                self.at += 1;
                tokens.push(Token::Mark('&'));
                return Ok(Mode::Called);
            }
            Symbol::Char('.') if mode == Mode::Start && self.is_sourcing() => {
                self.at += 1;
                tokens.push(Token::Mark('&'));
                return Ok(Mode::Called);
            }
            Symbol::Char('>') => self.redirection(mode, tokens)?,
            Symbol::Char('=') if mode != Mode::Arguments => {
                self.at += 1;
                tokens.push(Token::Assign);
                return Ok(Mode::Start);
            }
            _ => return self.bare(mode, bracket, tokens),
        }
        Ok(mode)
    }

    /// Says whether a statement goes on behind the end of its line: a pipeline, a list, what is assigned.
    fn is_continued(&self, statement: &Statement) -> bool {
        let next = || (1..).map_while(|ahead| self.char_at(ahead)).find(|it| !it.is_whitespace());
        (matches!(statement.tokens.last(), Some(Token::Mark('|' | ',') | Token::Assign))
            || !statement.tokens.is_empty() && next() == Some('|'))
    }

    /// Says whether a line ends here: a carriage return alone ends one too.
    fn ends_line(&self) -> bool {
        self.sees("\n") || self.sees("\r") && !self.sees("\r\n")
    }

    /// Says whether a backtick stands here that belongs to the character behind it, and ends no line.
    pub(super) fn is_escape(&self) -> bool {
        self.sees("`") && self.char_at(1).is_some_and(|it| !matches!(it, '\n' | '\r'))
    }

    /// Says whether a `.` is the operator that runs a file in the script itself.
    fn is_sourcing(&self) -> bool {
        self.char_at(1)
            .is_some_and(|next| next.is_whitespace() || is_double(next) || is_single(next) || "$({".contains(next))
    }

    /// Reads the name of a variable behind its mark.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) =
            self.char_at(0).filter(|it| it.is_alphanumeric() || matches!(it, '_' | ':' | '?' | '^'))
        {
            // `$Type::Member` is a member of what `$Type` holds.
            if letter == ':' && self.char_at(1) == Some(':') {
                break;
            }
            name.push(letter);
            self.at += 1;
        }
        name
    }

    /// Judges a text in quotes behind `&` or `.`, which names what is run or a member: no hole is in it.
    fn name_in_quotes(tokens: &[Token]) -> Lex<()> {
        let Some(Token::Text(pieces)) = tokens.last() else { return Ok(()) };
        match pieces.iter().find_map(|piece| if let Piece::Hole(hole) = piece { Some(*hole) } else { None }) {
            Some(hole) => Self::refuse(hole, "the name of a command or a member"),
            None => Ok(()),
        }
    }

    /// Adds a text in quotes to the name of a command that stands directly in front of it: `i'ex'`.
    fn quoted_in_name(tokens: &mut Vec<Token>) -> Lex<()> {
        let [.., Token::Command(name), Token::Text(pieces)] = tokens.as_mut_slice() else { return Ok(()) };
        for piece in pieces {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Hole(hole) => return Self::refuse(*hole, "the name of a command"),
                Piece::Variable(_) | Piece::Code(_) => return Ok(()),
            }
        }
        tokens.pop();
        Ok(())
    }

    fn comment(&mut self) {
        while let Some(symbol) = self.peek(0).filter(|symbol| !symbol.is('\n') && !symbol.is('\r')) {
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
    fn unparsed(&mut self, tokens: &mut Vec<Token>) -> Lex<()> {
        let mut text = String::new();
        while let Some(symbol) = self.peek(0).filter(|symbol| !symbol.is('\n') && !symbol.is('\r')) {
            if let Symbol::Hole(hole) = symbol {
                return Self::refuse(hole, "put behind `--%`");
            }
            text.extend(symbol.char());
            self.at += 1;
        }
        for word in text.split_whitespace() {
            tokens.extend([Token::Space, Token::Word(word.to_owned())]);
        }
        Ok(())
    }

    fn redirection(&mut self, mode: Mode, tokens: &mut Vec<Token>) -> Lex<()> {
        while self.sees(">") {
            self.at += 1;
        }
        // `2>` and `*>` name a stream.
        if matches!(tokens.last(), Some(Token::Word(stream)) if stream.len() == 1 && stream.starts_with(char::is_numeric))
            || matches!(tokens.last(), Some(Token::Mark('*')))
        {
            tokens.pop();
        }
        if self.sees("&1") || self.sees("&2") {
            self.at += 2;
            return Ok(());
        }
        space(mode, tokens);
        tokens.push(Token::Mark('>'));
        while matches!(self.char_at(0), Some(' ' | '\t')) {
            self.at += 1;
        }
        match self.peek(0) {
            Some(Symbol::Hole(hole)) if self.peek(1).is_none_or(ends_word) => {
                tokens.push(Token::Text(vec![Piece::Hole(hole)]));
                self.place(hole, Place::Redirection, format!("\"{}\"", reference(hole)));
                self.at += 1;
                Ok(())
            }
            Some(Symbol::Hole(hole)) => Self::refuse(hole, "a part of the target of a redirection"),
            _ => Ok(()),
        }
    }
}

/// Notes a blank that divides arguments.
fn space(mode: Mode, tokens: &mut Vec<Token>) {
    if mode == Mode::Arguments && tokens.last() != Some(&Token::Space) {
        tokens.push(Token::Space);
    }
}

fn end(statement: &mut Statement, statements: &mut Vec<Statement>) {
    if !statement.tokens.is_empty() {
        statements.push(std::mem::take(statement));
    }
}

/// Says whether a symbol ends a token without quotes.
pub(super) fn ends_word(symbol: Symbol) -> bool {
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
