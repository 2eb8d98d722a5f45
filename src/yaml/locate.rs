//! Where in the file a part of a scalar stands.
//!
//! A scalar's text differs from its source by indentation, folded line breaks and escapes. The
//! two are walked side by side: equal characters go forward together, and what the source has
//! more is skipped. This is only needed for the places of expressions and of diagnostics, once
//! when a file is loaded.

use super::{Scalar, Style};
use crate::diagnostic::Span;
use std::ops::Range;

impl Scalar {
    /// Returns the place of a range of the scalar's text, given the scalar's own place and the
    /// whole source. A range that can't be found exactly gives the whole scalar.
    pub fn place(&self, range: Range<usize>, own: Span, source: &str) -> Span {
        let Some(written) = source.get(own.range()) else {
            return own;
        };
        let Some(start) = self.offset(range.start, written) else {
            return own;
        };
        let Some(end) = self.offset(range.end, written) else {
            return own;
        };
        let base = own.start as usize;
        Span::new(own.source, base + start, base + end.max(start))
    }

    /// Returns the offset in the written form that corresponds to an offset in the text.
    fn offset(&self, target: usize, written: &str) -> Option<usize> {
        let mut at = self.content_start(written);
        let mut text = self.text.char_indices().peekable();
        loop {
            let Some(&(offset, wanted)) = text.peek() else {
                return Some(at);
            };
            if offset >= target {
                return Some(at + self.leading(&written[at..], wanted));
            }
            let found = written[at..].chars().next()?;
            if found == wanted {
                at += found.len_utf8() + usize::from(self.is_doubled_quote(&written[at..]));
                text.next();
            } else if found == '\\' && self.style == Style::DoubleQuoted {
                at += escape_length(&written[at..]);
                if !written[..at].ends_with('\n') {
                    text.next();
                }
            } else if found.is_whitespace() {
                at += found.len_utf8();
            } else if wanted.is_whitespace() {
                text.next();
            } else {
                return None;
            }
        }
    }

    /// Skips the quote, or the header line of a block.
    fn content_start(&self, written: &str) -> usize {
        match self.style {
            Style::Plain => 0,
            Style::SingleQuoted | Style::DoubleQuoted => 1,
            Style::Literal | Style::Folded if written.starts_with(['|', '>']) => {
                written.find('\n').map_or(written.len(), |newline| newline + 1)
            }
            Style::Literal | Style::Folded => 0,
        }
    }

    /// Returns how much white space of the source stands before the wanted character.
    fn leading(&self, written: &str, wanted: char) -> usize {
        if wanted.is_whitespace() { 0 } else { written.len() - written.trim_start().len() }
    }

    fn is_doubled_quote(&self, written: &str) -> bool {
        self.style == Style::SingleQuoted && written.starts_with("''")
    }
}

/// Returns the length of an escape of a double-quoted scalar; one before a line break takes the
/// break with it.
fn escape_length(written: &str) -> usize {
    let digits = match written.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => 0,
    };
    let second = written.chars().nth(1).map_or(0, char::len_utf8);
    (1 + second + digits).min(written.len())
}
