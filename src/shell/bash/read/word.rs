//! Words and quotes.

use super::super::place::Place;
use super::super::symbol::Symbol;
use super::super::syntax::{Part, Substitution, Word};
use super::{Read, Reader, is_meta};
use std::rc::Rc;

/// What ends an unquoted word, beside blanks and operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A blank or an operator.
    Meta,
    /// A blank outside of parentheses: a regular expression in `[[ ]]`.
    Regex,
    /// The `}` of an expansion; blanks and operators are text.
    Brace,
    /// The `)` of an extended pattern; blanks and operators are text.
    Paren,
}

impl Reader<'_> {
    /// Reads an unquoted word, which may be empty.
    pub(super) fn word(&mut self, until: Until) -> Read<Word> {
        self.deeper(|reader| {
            let mut word = Word::default();
            let mut parens = 0_usize;
            while let Some(symbol) = reader.peek() {
                if reader.word_ends(symbol, until, parens) {
                    break;
                }
                reader.word_symbol(symbol, until, &mut parens, &mut word)?;
            }
            Ok(word)
        })
    }

    fn word_ends(&self, symbol: Symbol, until: Until, parens: usize) -> bool {
        let Some(character) = symbol.char() else { return false };
        let is_process = matches!(character, '<' | '>') && self.char_at(1) == Some('(');
        match until {
            Until::Meta => is_meta(character) && !is_process && !(character == '(' && self.begins_pattern()),
            Until::Regex => matches!(character, ' ' | '\t' | '\n' | ')') && parens == 0,
            Until::Brace => character == '}',
            Until::Paren => character == ')' && parens == 0,
        }
    }

    /// Says whether the `(` that is next belongs to an extended pattern such as `@(a|b)`.
    fn begins_pattern(&self) -> bool {
        self.at > 0 && self.symbols[self.at - 1].char().is_some_and(|before| "?*+@!".contains(before))
    }

    fn word_symbol(&mut self, symbol: Symbol, until: Until, parens: &mut usize, word: &mut Word) -> Read<()> {
        match symbol {
            Symbol::Hole(hole) if self.is_bound(word) => {
                return self.fail_hole(hole, "a bound of `{1..3}`, which takes no variable: `$(seq 1 \"$n\")` does");
            }
            Symbol::Hole(hole) => self.hole_part(hole, Place::Word, word),
            Symbol::Opaque => self.opaque_part(word),
            Symbol::Char('\\') => self.backslash(word)?,
            Symbol::Char('\'') => self.single_quotes(word)?,
            Symbol::Char('"') => self.double_quotes(word)?,
            Symbol::Char('`') => self.backticks(word, Substitution::Unquoted)?,
            Symbol::Char('$') => self.dollar(word, Place::Word)?,
            Symbol::Char('<' | '>') if self.char_at(1) == Some('(') && until == Until::Meta => self.process(word)?,
            Symbol::Char('(') if until == Until::Meta => self.pattern_group(word)?,
            Symbol::Char(character) => {
                match character {
                    '(' => *parens += 1,
                    ')' => *parens = parens.saturating_sub(1),
                    _ => {}
                }
                self.at += 1;
                word.push_char(character, false);
            }
        }
        Ok(())
    }

    /// Says whether the hole that is next is a bound such as the 3 of `{1..3}`, which the shell
    /// counts before it looks at variables.
    fn is_bound(&self, word: &Word) -> bool {
        let is_dot = |at: Option<usize>| at.and_then(|at| self.symbols.get(at)).is_some_and(|symbol| symbol.is('.'));
        let behind = is_dot(self.at.checked_sub(1)) && is_dot(self.at.checked_sub(2));
        let before = is_dot(Some(self.at + 1)) && is_dot(Some(self.at + 2));
        let is_braced =
            word.parts.iter().any(|part| matches!(part, Part::Text { text, quoted: false } if text.contains('{')));
        (behind || before) && is_braced
    }

    pub(super) fn hole_part(&mut self, hole: usize, place: Place, word: &mut Word) {
        self.note(hole, place);
        word.parts.push(Part::Hole { hole, place });
    }

    pub(super) fn opaque_part(&mut self, word: &mut Word) {
        self.at += 1;
        word.parts.push(Part::Opaque);
    }

    /// Reads `\` and what it quotes, outside of quotes.
    fn backslash(&mut self, word: &mut Word) -> Read<()> {
        match self.peek_at(1) {
            Some(Symbol::Hole(hole)) => self.fail_hole(hole, "put behind a backslash"),
            Some(Symbol::Opaque) => self.fail("a backslash stands in front of text that isn't known"),
            Some(Symbol::Char(character)) => {
                self.at += 2;
                if character != '\n' {
                    word.push_char(character, true);
                }
                Ok(())
            }
            None => {
                self.at += 1;
                word.push_char('\\', true);
                Ok(())
            }
        }
    }

    pub(super) fn single_quotes(&mut self, word: &mut Word) -> Read<()> {
        self.at += 1;
        word.parts.push(Part::Text { text: String::new(), quoted: true });
        loop {
            match self.peek() {
                None => return self.fail("a single quote is never closed"),
                Some(Symbol::Char('\'')) => break,
                Some(Symbol::Char(character)) => {
                    self.at += 1;
                    word.push_char(character, true);
                }
                Some(Symbol::Hole(hole)) => self.hole_part(hole, Place::SingleQuotes, word),
                Some(Symbol::Opaque) => self.opaque_part(word),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads `$'…'`. The text of its escapes isn't worked out where it isn't plain.
    pub(super) fn ansi_quotes(&mut self, word: &mut Word) -> Read<()> {
        self.at += 2;
        word.parts.push(Part::Text { text: String::new(), quoted: true });
        loop {
            match self.peek() {
                None => return self.fail("a `$'` is never closed"),
                Some(Symbol::Char('\'')) => break,
                Some(Symbol::Char('\\')) => self.ansi_escape(word)?,
                Some(Symbol::Char(character)) => {
                    self.at += 1;
                    word.push_char(character, true);
                }
                Some(Symbol::Hole(hole)) => self.hole_part(hole, Place::AnsiQuotes, word),
                Some(Symbol::Opaque) => self.opaque_part(word),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn ansi_escape(&mut self, word: &mut Word) -> Read<()> {
        match self.peek_at(1) {
            None => return self.fail("a `$'` is never closed"),
            Some(Symbol::Hole(hole)) => return self.fail_hole(hole, "put behind a backslash"),
            Some(Symbol::Char('n')) => word.push_char('\n', true),
            Some(Symbol::Char('t')) => word.push_char('\t', true),
            Some(Symbol::Char(character @ ('\\' | '\'' | '"'))) => word.push_char(character, true),
            Some(_) => word.parts.push(Part::Opaque),
        }
        self.at += 2;
        Ok(())
    }

    pub(super) fn double_quotes(&mut self, word: &mut Word) -> Read<()> {
        self.at += 1;
        word.parts.push(Part::Text { text: String::new(), quoted: true });
        self.deeper(|reader| {
            while let Some(symbol) = reader.peek() {
                if symbol.is('"') {
                    reader.at += 1;
                    return Ok(());
                }
                reader.quoted_symbol(symbol, Place::DoubleQuotes, word)?;
            }
            reader.fail("a double quote is never closed")
        })
    }

    /// Reads one symbol as it stands in double quotes or, at that place, in a here-document.
    pub(super) fn quoted_symbol(&mut self, symbol: Symbol, place: Place, word: &mut Word) -> Read<()> {
        match symbol {
            Symbol::Hole(hole) => self.hole_part(hole, place, word),
            Symbol::Opaque => self.opaque_part(word),
            Symbol::Char('\\') => self.quoted_backslash(place, word)?,
            Symbol::Char('`') => self.backticks(word, Substitution::Quoted)?,
            Symbol::Char('$') => self.dollar(word, place)?,
            Symbol::Char(character) => {
                self.at += 1;
                word.push_char(character, true);
            }
        }
        Ok(())
    }

    fn quoted_backslash(&mut self, place: Place, word: &mut Word) -> Read<()> {
        match self.peek_at(1) {
            Some(Symbol::Hole(hole)) => return self.fail_hole(hole, "put behind a backslash"),
            Some(Symbol::Char('\n')) => self.at += 2,
            Some(Symbol::Char(character))
                if matches!(character, '$' | '`' | '\\') || character == '"' && place == Place::DoubleQuotes =>
            {
                self.at += 2;
                word.push_char(character, true);
            }
            _ => {
                self.at += 1;
                word.push_char('\\', true);
            }
        }
        Ok(())
    }

    /// Reads the parentheses of an extended pattern.
    fn pattern_group(&mut self, word: &mut Word) -> Read<()> {
        self.at += 1;
        word.push_char('(', false);
        let inner = self.word(Until::Paren)?;
        word.parts.extend(inner.parts);
        if !self.takes(")") {
            return self.fail("the parenthesis of a pattern is never closed");
        }
        word.push_char(')', false);
        Ok(())
    }

    /// Reads `<( )` or `>( )`.
    fn process(&mut self, word: &mut Word) -> Read<()> {
        self.at += 2;
        let script = Rc::new(self.parenthesized()?);
        word.parts.push(Part::Substitution { script, kind: Substitution::Process, printed: None });
        Ok(())
    }

    /// Reads what stands in backticks. With a backslash inside it is read twice by the shell; then
    /// it must be free of holes.
    fn backticks(&mut self, word: &mut Word, kind: Substitution) -> Read<()> {
        self.at += 1;
        let (close, has_backslash, hole) = self.find_backtick()?;
        let script = match (has_backslash, hole) {
            (true, Some(hole)) => return self.fail_hole(hole, "put between backticks that hold a backslash"),
            (true, None) => self.unescaped_backticks(close, kind)?,
            (false, _) => self.within(close, |reader| {
                reader.backticks += 1;
                let outer = std::mem::take(&mut reader.pending);
                let script = reader.script(&[])?;
                reader.expect_no_pending()?;
                reader.pending = outer;
                reader.backticks -= 1;
                if reader.at < reader.end {
                    return reader.fail("backticks hold something else than commands");
                }
                Ok(script)
            })?,
        };
        self.at = close + 1;
        word.parts.push(Part::Substitution { script: Rc::new(script), kind, printed: None });
        Ok(())
    }

    fn find_backtick(&self) -> Read<(usize, bool, Option<usize>)> {
        let (mut at, mut has_backslash, mut hole) = (self.at, false, None);
        while at < self.end {
            match self.symbols[at] {
                Symbol::Char('`') => return Ok((at, has_backslash, hole)),
                Symbol::Char('\\') => {
                    has_backslash = true;
                    at += 1;
                    if let Some(Symbol::Hole(number)) = self.symbols.get(at) {
                        hole = Some(*number);
                    }
                }
                Symbol::Hole(number) => hole = Some(number),
                _ => {}
            }
            at += 1;
        }
        self.fail("a backtick is never closed")
    }

    fn unescaped_backticks(&mut self, close: usize, kind: Substitution) -> Read<super::Script> {
        let mut symbols = Vec::new();
        let mut at = self.at;
        while at < close {
            let next = self.symbols[at + 1];
            let escapes = self.symbols[at].is('\\')
                && (next.is('$') || next.is('`') || next.is('\\') || next.is('"') && kind == Substitution::Quoted);
            at += usize::from(escapes);
            symbols.push(self.symbols[at]);
            at += 1;
        }
        let mut inner = Reader {
            symbols: &symbols,
            at: 0,
            end: symbols.len(),
            depth: self.depth,
            backticks: 0,
            pending: Vec::new(),
            documents: Vec::new(),
            spots: Vec::new(),
        };
        let script = inner.deeper(|reader| reader.script(&[]));
        match script {
            Ok(script) if inner.at == inner.end && inner.documents.is_empty() => Ok(script),
            _ => self.fail("backticks with backslashes hold something that pipehook can't read"),
        }
    }
}
