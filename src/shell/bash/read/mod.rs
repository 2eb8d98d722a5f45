//! Reads a script: a recursive descent over its symbols, in one pass.
//!
//! What it does not know it does not guess: it stops with [`Unread`], and the script's holes are
//! refused. While it reads, it notes the lexical place of each hole.

mod arithmetic;
mod command;
mod compound;
mod dollar;
mod heredoc;
mod parameter;
mod simple;
mod word;

use super::place::Place;
use super::symbol::Symbol;
use super::syntax::{HereDocument, Script};
use heredoc::Pending;

/// The most symbols of a script with holes: what a person writes is far below it.
pub(super) const SYMBOLS_MAX: usize = 1024 * 1024;

/// The most levels of commands, quotes and expansions inside each other: far above what a person
/// writes, far below what the stack of a thread takes.
const DEPTH_MAX: usize = 48;

/// A script that was read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) script: Script,
    pub(super) documents: Vec<HereDocument>,
    /// Where each hole stands: position, hole, place.
    pub(super) spots: Vec<Spot>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) at: usize,
    pub(super) hole: usize,
    pub(super) place: Place,
    /// The shell reads a backslash there once more than elsewhere.
    pub(super) in_backticks: bool,
}

/// Why a script could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) at: usize,
    pub(super) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// What the author wrote isn't understood; to be read after "in which".
    Script(&'static str),
    /// A hole stands where none can; to be read after "payload text can't be".
    Hole(usize, &'static str),
}

type Read<T> = Result<T, Unread>;

/// Reads a whole script.
pub(super) fn read(symbols: &[Symbol]) -> Read<Reading> {
    let mut reader = Reader {
        symbols,
        at: 0,
        end: symbols.len(),
        depth: 0,
        backticks: 0,
        pending: Vec::new(),
        documents: Vec::new(),
        spots: Vec::new(),
    };
    if symbols.len() > SYMBOLS_MAX {
        return reader.fail("there are more characters than pipehook reads");
    }
    let script = reader.script(&[])?;
    if reader.at < reader.end {
        return reader.fail("a `)`, a `;;` or a word such as `fi` stands alone");
    }
    reader.expect_no_pending()?;
    Ok(Reading { script, documents: reader.documents, spots: reader.spots })
}

struct Reader<'a> {
    symbols: &'a [Symbol],
    at: usize,
    /// Where the part ends that is being read: a body, or what stands in backticks.
    end: usize,
    depth: usize,
    /// How many backticks are open.
    backticks: usize,
    pending: Vec<Pending>,
    documents: Vec<HereDocument>,
    spots: Vec<Spot>,
}

impl Reader<'_> {
    fn fail<T>(&self, why: &'static str) -> Read<T> {
        Err(Unread { at: self.at, why: Why::Script(why) })
    }

    fn fail_hole<T>(&self, hole: usize, why: &'static str) -> Read<T> {
        Err(Unread { at: self.at, why: Why::Hole(hole, why) })
    }

    fn peek(&self) -> Option<Symbol> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<Symbol> {
        let at = self.at + ahead;
        (at < self.end).then(|| self.symbols[at])
    }

    fn char_at(&self, ahead: usize) -> Option<char> {
        self.peek_at(ahead).and_then(Symbol::char)
    }

    fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, character)| self.char_at(ahead) == Some(character))
    }

    fn takes(&mut self, text: &str) -> bool {
        let seen = self.sees(text);
        if seen {
            self.at += text.chars().count();
        }
        seen
    }

    /// Reads one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH_MAX {
            return self.fail("commands, quotes or expansions are nested too deeply");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads up to `end` only, which must be reached.
    fn within<T>(&mut self, end: usize, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let outer = std::mem::replace(&mut self.end, end);
        let result = self.deeper(read);
        self.end = outer;
        result
    }

    /// Notes the place of the hole that is next, and steps over it.
    fn note(&mut self, hole: usize, place: Place) {
        self.spots.push(Spot { at: self.at, hole, place, in_backticks: self.backticks > 0 });
        self.at += 1;
    }

    /// Steps over blanks, continued lines and a comment.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(Symbol::Char(' ' | '\t')) => self.at += 1,
                Some(Symbol::Char('\\')) if self.char_at(1) == Some('\n') => self.at += 2,
                Some(Symbol::Char('#')) => self.skip_comment(),
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) {
        while let Some(symbol) = self.peek() {
            match symbol {
                Symbol::Char('\n') => return,
                Symbol::Hole(hole) => self.note(hole, Place::Comment),
                _ => self.at += 1,
            }
        }
    }

    /// Steps over new lines too, with the here-documents that begin behind them.
    fn skip_lines(&mut self) -> Read<()> {
        loop {
            self.skip_blanks();
            if !self.takes("\n") {
                return Ok(());
            }
            self.read_pending()?;
        }
    }
}

/// Says whether a character ends an unquoted word.
fn is_meta(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>')
}

fn is_name_start(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Says whether a text is the name of a variable.
pub(super) fn is_variable_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name)
}
