//! Arithmetic expressions, subscripts, offsets: text that the shell evaluates.
//!
//! The names of variables in it become parameters, because their values are evaluated too.

use super::super::place::Place;
use super::super::symbol::Symbol;
use super::super::syntax::{Parameter, Part, Word};
use super::{Read, Reader, is_name, is_name_start};

impl Reader<'_> {
    /// Reads up to `close`, which is consumed.
    pub(super) fn arithmetic(&mut self, close: &str) -> Read<Word> {
        let word = self.deeper(|reader| reader.arithmetic_text(close))?;
        if !self.takes(close) {
            return self.fail("an arithmetic expression or a subscript is never closed");
        }
        Ok(word)
    }

    /// Reads an offset or a length of `${name:offset:length}`; what ends it stays.
    pub(super) fn arithmetic_until_slice_ends(&mut self) -> Read<Word> {
        self.deeper(|reader| reader.arithmetic_text("}"))
    }

    fn arithmetic_text(&mut self, close: &str) -> Read<Word> {
        let mut word = Word::default();
        let mut open = 0_usize;
        let mut conditions = 0_usize;
        while let Some(symbol) = self.peek() {
            if open == 0 && (self.sees(close) || close == "}" && symbol.is(':') && conditions == 0) {
                break;
            }
            match symbol {
                Symbol::Char('(' | '[') => open += 1,
                Symbol::Char(')' | ']') if open == 0 => {
                    return self.fail("a parenthesis could be arithmetic or a command");
                }
                Symbol::Char(')' | ']') => open -= 1,
                Symbol::Char('?') => conditions += 1,
                Symbol::Char(':') => conditions = conditions.saturating_sub(1),
                Symbol::Char(';') if close == "))" && open == 0 => {}
                _ => {}
            }
            self.arithmetic_symbol(symbol, &mut word)?;
        }
        Ok(word)
    }

    fn arithmetic_symbol(&mut self, symbol: Symbol, word: &mut Word) -> Read<()> {
        match symbol {
            Symbol::Hole(hole) => self.arithmetic_hole(hole, word)?,
            Symbol::Opaque => self.opaque_part(word),
            Symbol::Char('$') => self.dollar(word, Place::Arithmetic)?,
            Symbol::Char('`') => self.quoted_symbol(symbol, Place::Arithmetic, word)?,
            Symbol::Char('\'') => self.single_quoted_subscript(word)?,
            Symbol::Char('\\') if self.char_at(1) != Some('\n') => return self.fail("arithmetic holds a backslash"),
            Symbol::Char(first) if is_name_start(first) => {
                let name = self.take_name();
                word.parts.push(Part::Parameter(Parameter { name, quoted: true, ..Parameter::default() }));
            }
            Symbol::Char(first) if first.is_ascii_digit() => {
                self.take_name().chars().for_each(|digit| word.push_char(digit, true));
            }
            Symbol::Char(character) => {
                self.at += 1;
                word.push_char(character, true);
            }
        }
        Ok(())
    }

    /// Notes a hole, unless it is glued to a name or a number: then it would be part of it.
    fn arithmetic_hole(&mut self, hole: usize, word: &mut Word) -> Read<()> {
        let glues = |symbol: Option<Symbol>| match symbol {
            Some(Symbol::Char(character)) => is_name(character) || character == '$' || character == '#',
            Some(Symbol::Hole(_) | Symbol::Opaque) => true,
            None => false,
        };
        let before = self.at.checked_sub(1).map(|at| self.symbols[at]);
        if glues(before) || glues(self.peek_at(1)) {
            return self.fail_hole(hole, "part of a name or a number in arithmetic");
        }
        self.hole_part(hole, Place::Arithmetic, word);
        Ok(())
    }

    /// Reads `'…'` in a subscript: the key of an associative array.
    fn single_quoted_subscript(&mut self, word: &mut Word) -> Read<()> {
        let start = word.parts.len();
        self.single_quotes(word)?;
        let hole = word.parts[start..].iter().find_map(|part| match part {
            Part::Hole { hole, .. } => Some(*hole),
            _ => None,
        });
        match hole {
            Some(hole) => self.fail_hole(hole, "put between single quotes in arithmetic"),
            None => Ok(()),
        }
    }
}
