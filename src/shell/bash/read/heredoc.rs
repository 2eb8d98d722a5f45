//! Here-documents: the delimiter behind `<<`, and the body behind the next new line.

use super::super::place::Place;
use super::super::symbol::Symbol;
use super::super::syntax::{HereDocument, Word};
use super::{Read, Reader, is_meta};

/// A here-document whose body is still to come.
pub(super) struct Pending {
    document: usize,
    strips_tabs: bool,
}

impl Reader<'_> {
    /// Reads a delimiter and returns the index of its here-document.
    pub(super) fn begin_document(&mut self, strips_tabs: bool) -> Read<usize> {
        self.skip_blanks();
        let start = self.at;
        let (delimiter, quoted) = self.delimiter()?;
        let document = self.documents.len();
        self.documents.push(HereDocument {
            delimiter_at: (start, self.at),
            body_at: (start, start),
            end_at: (start, start),
            quoted,
            delimiter,
            body: Word::default(),
        });
        self.pending.push(Pending { document, strips_tabs });
        Ok(document)
    }

    fn delimiter(&mut self) -> Read<(String, bool)> {
        let (mut delimiter, mut quoted) = (Word::default(), false);
        let start = self.at;
        while let Some(symbol) = self.peek() {
            match symbol {
                Symbol::Hole(hole) => return self.fail_hole(hole, "the delimiter of a here-document"),
                Symbol::Opaque | Symbol::Char('$' | '`') => {
                    return self.fail("a here-document's delimiter is not plain");
                }
                Symbol::Char(character) if is_meta(character) => break,
                Symbol::Char('\'') => self.single_quotes(&mut delimiter)?,
                Symbol::Char('"') => self.double_quotes(&mut delimiter)?,
                Symbol::Char('\\') => {
                    self.at += 1;
                    quoted = true;
                    if self.char_at(0).is_none_or(|next| next == '\n') {
                        return self.fail("a here-document's delimiter is not plain");
                    }
                    delimiter.push_char(self.char_at(0).unwrap_or(' '), true);
                    self.at += 1;
                }
                Symbol::Char(character) => {
                    self.at += 1;
                    delimiter.push_char(character, false);
                }
            }
        }
        quoted |= self.symbols[start..self.at].iter().any(|symbol| symbol.is('\'') || symbol.is('"'));
        match delimiter.literal() {
            Some(text) if !text.is_empty() && !text.contains('\n') => Ok((text, quoted)),
            _ => self.fail("a here-document's delimiter is not plain"),
        }
    }

    pub(super) fn expect_no_pending(&self) -> Read<()> {
        if self.pending.is_empty() { Ok(()) } else { self.fail("a here-document has no body") }
    }

    /// Reads the bodies that begin at this line.
    pub(super) fn read_pending(&mut self) -> Read<()> {
        for pending in std::mem::take(&mut self.pending) {
            self.read_body(&pending)?;
        }
        Ok(())
    }

    fn read_body(&mut self, pending: &Pending) -> Read<()> {
        let start = self.at;
        let (body_end, end_start, end) = self.find_end(pending)?;
        let quoted = self.documents[pending.document].quoted;
        let body = self.within(body_end, |reader| reader.body(quoted))?;
        let document = &mut self.documents[pending.document];
        document.body_at = (start, body_end);
        document.end_at = (end_start, end);
        document.body = body;
        self.at = (end + 1).min(self.end);
        Ok(())
    }

    fn body(&mut self, quoted: bool) -> Read<Word> {
        let mut word = Word::default();
        while let Some(symbol) = self.peek() {
            match symbol {
                Symbol::Char(character) if quoted => {
                    self.at += 1;
                    word.push_char(character, true);
                }
                Symbol::Hole(hole) if quoted => self.hole_part(hole, Place::QuotedHereDocument, &mut word),
                _ => self.quoted_symbol(symbol, Place::HereDocument, &mut word)?,
            }
        }
        Ok(word)
    }

    /// Finds the line that ends the body: where the body ends, where the delimiter begins on that
    /// line and where it ends. Without quotes a `\` at a line's end joins the next line to it.
    fn find_end(&self, pending: &Pending) -> Read<(usize, usize, usize)> {
        let document = &self.documents[pending.document];
        let (mut line, mut is_continued) = (self.at, false);
        while line < self.end {
            let mut end = line;
            while end < self.end && !self.symbols[end].is('\n') {
                end += 1;
            }
            let mut start = line;
            while pending.strips_tabs && start < end && self.symbols[start].is('\t') {
                start += 1;
            }
            if !is_continued && is_text(&self.symbols[start..end], &document.delimiter) {
                return Ok((line, start, end));
            }
            let backslashes = self.symbols[line..end].iter().rev().take_while(|symbol| symbol.is('\\')).count();
            is_continued = !document.quoted && backslashes % 2 == 1;
            line = end + 1;
        }
        self.fail("a here-document has no end")
    }
}

fn is_text(symbols: &[Symbol], text: &str) -> bool {
    symbols.iter().map(|symbol| symbol.char()).eq(text.chars().map(Some))
}
