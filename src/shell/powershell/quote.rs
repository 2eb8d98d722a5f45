//! Strings and variables of PowerShell, and how a string in single quotes gets double ones.

use super::lexer::{Lex, Lexer, Place};
use super::token::{Bracket, Piece, Token};
use super::{Edit, reference};
use crate::shell::symbol::Symbol;

/// The most digits of a character that is written as its number.
const HEXADECIMAL_MAX: usize = 6;

impl Lexer<'_> {
    /// Reads `'…'` or `"…"`. One in single quotes that has holes gets double quotes.
    pub(super) fn quoted(&mut self, tokens: &mut Vec<Token>) -> Lex<()> {
        let start = self.at;
        let is_double_quoted = self.char_at(0).is_some_and(is_double);
        let ends = if is_double_quoted { is_double } else { is_single };
        self.at += 1;
        let place = if is_double_quoted { Place::DoubleQuotes } else { Place::SingleQuotes };
        let has_hole = self.inside(place, tokens, |lexer| {
            let is_end = lexer.char_at(0).is_some_and(ends);
            let is_doubled = is_end && lexer.char_at(1).is_some_and(ends);
            if is_doubled {
                lexer.at += 1;
            }
            is_end && !is_doubled
        })?;
        self.at += 1;
        if has_hole && !is_double_quoted {
            self.requote(start, self.at - 1, 1);
        }
        Ok(())
    }

    /// Reads `@'…'@` or `@"…"@`.
    pub(super) fn here_string(&mut self, tokens: &mut Vec<Token>) -> Lex<()> {
        let start = self.at;
        let is_double_quoted = self.char_at(1).is_some_and(is_double);
        let ends = if is_double_quoted { is_double } else { is_single };
        self.at += 2;
        while matches!(self.char_at(0), Some(' ' | '\t' | '\r')) {
            self.at += 1;
        }
        if self.char_at(0) != Some('\n') {
            return self.fail("a here-string begins on the line of its `@`");
        }
        let place = if is_double_quoted { Place::DoubleQuotes } else { Place::HereString };
        let has_hole = self.inside(place, tokens, |lexer| {
            lexer.char_at(0) == Some('\n') && lexer.char_at(1).is_some_and(ends) && lexer.char_at(2) == Some('@')
        })?;
        let close = self.at + 1;
        self.at += 3;
        if has_hole && !is_double_quoted {
            let text: String = self.symbols[start..close].iter().map(|symbol| symbol.char().unwrap_or(' ')).collect();
            if text.replace(is_double, "\"").contains("\n\"@") {
                return self.fail("a here-string in single quotes holds a line that would end one in double quotes");
            }
            self.requote(start + 1, close, 2);
        }
        Ok(())
    }

    /// Reads the inside of a string up to where `ends` says, and says whether it has holes. `ends` may
    /// step over the first of two quotes that stand for one.
    fn inside(&mut self, place: Place, tokens: &mut Vec<Token>, ends: impl Fn(&mut Self) -> bool) -> Lex<bool> {
        let is_literal = matches!(place, Place::SingleQuotes | Place::HereString);
        let mut pieces = Vec::new();
        let mut has_hole = false;
        loop {
            if ends(self) {
                tokens.push(Token::Text(pieces));
                return Ok(has_hole);
            }
            match self.peek(0) {
                None => return self.fail("a string is never closed"),
                Some(Symbol::Hole(hole)) => {
                    has_hole = true;
                    pieces.push(Piece::Hole(hole));
                    self.place(hole, place, reference(hole));
                    self.at += 1;
                }
                Some(Symbol::Char('`')) if !is_literal => match self.peek(1) {
                    Some(Symbol::Hole(hole)) => return Self::refuse(hole, "put behind a backtick"),
                    _ => self.escaped().into_iter().for_each(|character| push(&mut pieces, character)),
                },
                Some(Symbol::Char('$')) if !is_literal => {
                    let mut named = Vec::new();
                    self.dollar(&mut named)?;
                    pieces.extend(named.into_iter().filter_map(|token| match token {
                        Token::Variable(name) if name.is_empty() => Some(Piece::Text("$".to_owned())),
                        Token::Variable(name) => Some(Piece::Variable(name)),
                        Token::Group(_, statements) => Some(Piece::Code(statements)),
                        _ => None,
                    }));
                }
                Some(symbol) => {
                    symbol.char().into_iter().for_each(|character| push(&mut pieces, character));
                    self.at += 1;
                }
            }
        }
    }

    /// Gives double quotes to a string in single quotes, whose marks stand at `start` and `end`. The
    /// author's own characters that would mean something get a backtick; `''` becomes `'`.
    fn requote(&mut self, start: usize, end: usize, marks: usize) {
        for at in [start, end] {
            self.lexed.edits.insert(at, Edit { end: at + 1, text: "\"".to_owned() });
        }
        let mut at = start + 1;
        while at < end {
            match self.symbols[at].char() {
                Some(character) if "`$".contains(character) || marks == 1 && is_double(character) => {
                    self.lexed.edits.insert(at, Edit { end: at + 1, text: format!("`{character}") });
                }
                Some(character) if marks == 1 && is_single(character) => {
                    self.lexed.edits.insert(at, Edit { end: at + 2, text: character.to_string() });
                    at += 1;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads a backtick with the character behind it, and returns what they mean: `` `n ``, `` `u{69} ``.
    pub(super) fn escaped(&mut self) -> Option<char> {
        let character = self.char_at(1);
        self.at += 2;
        if character == Some('u') && self.char_at(0) == Some('{') {
            let digits: String = (1..=HEXADECIMAL_MAX)
                .map_while(|ahead| self.char_at(ahead))
                .take_while(char::is_ascii_hexdigit)
                .collect();
            let meant = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            if meant.is_some() && self.char_at(1 + digits.len()) == Some('}') {
                self.at += digits.len() + 2;
                return meant;
            }
        }
        character.map(meant_by_backtick)
    }

    /// Reads `$` and what belongs to it.
    pub(super) fn dollar(&mut self, tokens: &mut Vec<Token>) -> Lex<()> {
        self.at += 1;
        match self.peek(0) {
            Some(Symbol::Hole(hole)) => return Self::refuse(hole, "the name of a variable"),
            Some(Symbol::Char('(')) => {
                self.at += 1;
                let inner = self.deeper(|lexer| lexer.block(Some(')'), Bracket::Round))?;
                tokens.push(Token::Group(Bracket::Round, inner));
            }
            Some(Symbol::Char('{')) => {
                self.at += 1;
                let mut name = String::new();
                while !self.sees("}") {
                    match self.peek(0) {
                        Some(Symbol::Hole(hole)) => return Self::refuse(hole, "the name of a variable"),
                        Some(symbol) => name.extend(symbol.char()),
                        None => return self.fail("a `${` is never closed"),
                    }
                    self.at += 1;
                }
                self.at += 1;
                tokens.push(Token::Variable(name));
            }
            _ => {
                let name = self.name();
                if let Some(Symbol::Hole(hole)) = self.peek(0)
                    && name.ends_with(':')
                {
                    return Self::refuse(hole, "the name of a variable");
                }
                tokens.push(Token::Variable(name));
            }
        }
        Ok(())
    }
}

/// Adds a character to a text.
fn push(pieces: &mut Vec<Piece>, character: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(character),
        _ => pieces.push(Piece::Text(character.to_string())),
    }
}

/// Returns what a character means behind a backtick. An `e` is what it was before version 6: names may be put
/// together of it.
fn meant_by_backtick(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{C}',
        'v' => '\u{B}',
        other => other,
    }
}

/// Says whether PowerShell reads a character as `-`.
pub(super) fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

pub(super) fn is_double(character: char) -> bool {
    matches!(character, '"' | '\u{201C}' | '\u{201D}' | '\u{201E}')
}

pub(super) fn is_single(character: char) -> bool {
    matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}')
}
