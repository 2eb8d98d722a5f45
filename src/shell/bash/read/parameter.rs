//! `${…}`.

use super::super::edit;
use super::super::place::Place;
use super::super::symbol::Symbol;
use super::super::syntax::{Parameter, Part, Side, Word};
use super::word::Until;
use super::{Read, Reader, is_name_start};
use crate::shell::change::Change;

impl Reader<'_> {
    /// Reads `${…}` at a place that decides how its operand is quoted.
    pub(super) fn braces(&mut self, word: &mut Word, place: Place) -> Read<()> {
        self.at += 2;
        let parameter = self.deeper(|reader| reader.braced(place))?;
        if !self.takes("}") {
            if let Some(Symbol::Hole(hole)) = self.peek() {
                return self.fail_hole(hole, "part of an expansion `${…}`");
            }
            return self.fail("a `${` is not understood");
        }
        word.parts.push(Part::Parameter(parameter));
        Ok(())
    }

    fn braced(&mut self, place: Place) -> Read<Parameter> {
        let mut parameter = Parameter { quoted: place != Place::Word, ..Parameter::default() };
        let next_ends = matches!(self.char_at(1), Some('}' | ':' | '-' | '=' | '+' | '%' | '/') | None);
        if self.sees("#") && !next_ends {
            self.at += 1;
            parameter.length = true;
        } else if self.sees("!") && !next_ends {
            self.at += 1;
            parameter.evaluates = true;
        }
        parameter.name = self.braced_name()?;
        parameter.list = parameter.name == "@" || self.sees("[@]");
        parameter.has_elements = self.sees("[@]") || self.sees("[*]");
        if parameter.evaluates && (self.sees("[@]}") || self.sees("[*]}")) {
            self.at += 3;
            (parameter.evaluates, parameter.keys) = (false, true);
        } else if self.takes("[") && !self.takes("@]") && !self.takes("*]") {
            parameter.arithmetic.push(self.arithmetic("]")?);
            parameter.has_subscript = true;
        }
        self.operation(&mut parameter, place)?;
        Ok(parameter)
    }

    fn braced_name(&mut self) -> Read<String> {
        match self.peek() {
            Some(Symbol::Hole(hole)) => self.fail_hole(hole, "the name of a variable"),
            Some(Symbol::Char(first)) if is_name_start(first) => {
                let name = self.take_name();
                match self.peek() {
                    Some(Symbol::Hole(hole)) => self.fail_hole(hole, "part of a variable's name"),
                    _ => Ok(name),
                }
            }
            Some(Symbol::Char(first)) if first.is_ascii_digit() => Ok(self.take_name()),
            Some(Symbol::Char(first)) if "@*#?-$!".contains(first) => {
                self.at += 1;
                Ok(first.to_string())
            }
            _ => self.fail("a `${` has no name"),
        }
    }

    fn operation(&mut self, parameter: &mut Parameter, place: Place) -> Read<()> {
        let colon = self.sees(":");
        match self.char_at(usize::from(colon)) {
            Some(operator @ ('-' | '=' | '?' | '+')) => {
                self.at += usize::from(colon) + 1;
                parameter.assigns = operator == '=';
                parameter.falls_back = matches!(operator, '-' | '=');
                parameter.stops = colon && operator == '?';
                let operand = self.operand(place)?;
                parameter.operands.push(operand);
            }
            _ if colon => self.slice(parameter)?,
            Some(operator @ ('#' | '%' | '/' | '^' | ',')) => {
                self.at += 1;
                let operand = self.word(Until::Brace)?;
                parameter.change = change_by(operator, &operand);
                parameter.cuts = match operator {
                    '#' => Some(Side::Front),
                    '%' => Some(Side::End),
                    _ => None,
                };
                parameter.replaces = operator == '/';
                parameter.operands.push(operand);
            }
            Some('@' | '*') if parameter.evaluates && self.char_at(1) == Some('}') => {
                self.at += 1;
                (parameter.evaluates, parameter.names) = (false, true);
            }
            Some('@') => {
                self.at += 1;
                parameter.prompts = self.sees("P") || self.char_at(0).is_none();
                parameter.transforms = true;
                self.take_name();
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the operand of `:-` and its kin: quoted as what is around it.
    fn operand(&mut self, place: Place) -> Read<Word> {
        if place == Place::Word {
            return self.word(Until::Brace);
        }
        let mut word = Word::default();
        // In a here-document double quotes inside of `${…}` quote a `}`, and may stay or not.
        let mut is_inside = false;
        while let Some(symbol) = self.peek() {
            match symbol {
                Symbol::Char('}') if !is_inside => break,
                Symbol::Char(quote @ '"') if place == Place::HereDocument => {
                    self.at += 1;
                    is_inside = !is_inside;
                    word.push_char(quote, true);
                }
                Symbol::Hole(_) if is_inside => {
                    return self.fail("a `${…}` of a here-document holds a double quote");
                }
                Symbol::Char('"') => self.double_quotes(&mut word)?,
                Symbol::Char('\\') if self.char_at(1) == Some('}') => {
                    self.at += 2;
                    word.push_char('}', true);
                }
                _ => self.quoted_symbol(symbol, place, &mut word)?,
            }
        }
        Ok(word)
    }

    fn slice(&mut self, parameter: &mut Parameter) -> Read<()> {
        let offset = parameter.arithmetic.len();
        while self.takes(":") {
            let inner = self.arithmetic_until_slice_ends()?;
            parameter.arithmetic.push(inner);
        }
        let is_beginning = parameter.arithmetic.get(offset).and_then(Word::literal).is_some_and(|it| it.trim() == "0");
        if !parameter.list && parameter.name != "*" {
            parameter.change = if is_beginning { Change::ENDED } else { Change::ANY };
        }
        Ok(())
    }
}

/// Returns what `${name#…}`, `${name/…}` and their kin leave of a value.
fn change_by(operator: char, operand: &Word) -> Change {
    let text = operand.literal();
    match (operator, text) {
        (',', _) => Change::SMALL,
        ('^', _) => Change::NONE,
        ('#', Some(text)) => edit::without_front(text.strip_prefix('#').unwrap_or(&text)),
        ('%', Some(text)) => edit::without_end(text.strip_prefix('%').unwrap_or(&text)),
        ('/', Some(text)) => edit::by_pattern(&text),
        ('%', None) => Change::ENDED.with(Change::EMPTIED),
        _ => Change::BY_PROGRAM,
    }
}
