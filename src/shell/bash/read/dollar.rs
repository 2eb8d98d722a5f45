//! What `$` begins.

use super::super::place::Place;
use super::super::symbol::Symbol;
use super::super::syntax::{Parameter, Part, Script, Substitution, Word};
use super::{Read, Reader, is_name, is_name_start};
use std::rc::Rc;

impl Reader<'_> {
    /// Reads `$` and what belongs to it, at a place that decides how it is quoted.
    pub(super) fn dollar(&mut self, word: &mut Word, place: Place) -> Read<()> {
        let is_quoted = place != Place::Word;
        match self.peek_at(1) {
            Some(Symbol::Hole(hole)) => return self.fail_hole(hole, "the name of a variable"),
            Some(Symbol::Opaque) => return self.fail("a `$` stands in front of text that isn't known"),
            Some(Symbol::Char('\\')) if self.char_at(2) == Some('\n') => {
                return self.fail("a line is continued behind a `$`");
            }
            Some(Symbol::Char('{')) => return self.braces(word, place),
            Some(Symbol::Char('(')) => return self.dollar_parenthesis(word, is_quoted),
            Some(Symbol::Char('[')) => return self.old_arithmetic(word),
            Some(Symbol::Char('\'')) if !is_quoted => return self.ansi_quotes(word),
            Some(Symbol::Char('"')) if !is_quoted => {
                self.at += 1;
                return self.double_quotes(word);
            }
            _ => {}
        }
        self.at += 1;
        match self.simple_name() {
            Some(name) => {
                let list = name == "@";
                word.parts.push(Part::Parameter(Parameter { name, quoted: is_quoted, list, ..Parameter::default() }))
            }
            None => word.push_char('$', is_quoted),
        }
        Ok(())
    }

    /// Reads the name behind a `$` without braces.
    fn simple_name(&mut self) -> Option<String> {
        let first = self.char_at(0)?;
        if "@*#?-$!".contains(first) || first.is_ascii_digit() {
            self.at += 1;
            return Some(first.to_string());
        }
        is_name_start(first).then(|| self.take_name())
    }

    pub(super) fn take_name(&mut self) -> String {
        let mut name = String::new();
        while let Some(character) = self.char_at(0).filter(|character| is_name(*character)) {
            name.push(character);
            self.at += 1;
        }
        name
    }

    fn dollar_parenthesis(&mut self, word: &mut Word, is_quoted: bool) -> Read<()> {
        if self.takes("$((") {
            let inner = self.arithmetic("))")?;
            word.parts.push(Part::Arithmetic(inner));
            return Ok(());
        }
        self.at += 2;
        let script = Rc::new(self.parenthesized()?);
        let kind = if is_quoted { Substitution::Quoted } else { Substitution::Unquoted };
        word.parts.push(Part::Substitution { script, kind, printed: None });
        Ok(())
    }

    fn old_arithmetic(&mut self, word: &mut Word) -> Read<()> {
        self.at += 2;
        let inner = self.arithmetic("]")?;
        word.parts.push(Part::Arithmetic(inner));
        Ok(())
    }

    /// Reads commands up to `)`. Here-documents that began outside must not get their bodies
    /// inside, and the other way round.
    pub(super) fn parenthesized(&mut self) -> Read<Script> {
        self.deeper(|reader| {
            let outer = std::mem::take(&mut reader.pending);
            let documents = reader.documents.len();
            let script = reader.script(&[])?;
            if !reader.takes(")") {
                return reader.fail("a parenthesis is never closed");
            }
            reader.expect_no_pending()?;
            if !outer.is_empty() && reader.documents.len() > documents {
                return reader.fail("a here-document begins inside of another's line");
            }
            reader.pending = outer;
            Ok(script)
        })
    }
}
