//! Where in the file a part of a scalar stands.
//!
//! A scalar's text differs from its source by indentation, folded line breaks and escapes. The
//! two are walked side by side: equal characters go forward together, and what the source has
//! more is skipped. This is only needed for the places of expressions and of diagnostics, once
//! when a file is loaded.

use super::{Scalar, Style};
use crate::diagnostic::Span;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// Finds places of parts, for who asks about one scalar's parts one after the other: it goes on from where
/// the last part began, so that all parts of a long script cost one walk and not one each.
#[derive(Debug, Default)]
pub struct Locator {
    last: Cell<Option<(Span, Step)>>,
}

/// How far a walk has come: offsets in the text and in the written form.
#[derive(Debug, Clone, Copy)]
struct Step {
    text: usize,
    written: usize,
}

impl Locator {
    /// Returns the place of a range of a scalar's text, given the scalar's own place and the
    /// whole source. A range that can't be found exactly gives the whole scalar.
    pub fn place(&self, scalar: &Scalar, range: Range<usize>, own: Span, source: &str) -> Span {
        let Some(written) = source.get(own.range()) else {
            return own;
        };
        let known = self.last.get().filter(|(place, step)| *place == own && step.text <= range.start);
        let begin = known.map_or_else(|| Step { text: 0, written: scalar.content_start(written) }, |(_, step)| step);
        let Some(start) = scalar.walk(begin, range.start, written) else {
            return own;
        };
        self.last.set(Some((own, start)));
        let Some(end) = scalar.walk(start, range.end, written) else {
            return own;
        };
        let base = own.start as usize;
        let [start, end] = [start, end].map(|step| scalar.after_blanks(step, written));
        Span::new(own.source, base + start, base + end.max(start))
    }
}

/// Returns the place of a part of the text of a scalar, given the whole source and the scalar's place, if the
/// text is what stands there. How it is written is seen from that.
pub fn part(source: &str, own: Span, text: &Arc<str>, range: Range<usize>) -> Option<Span> {
    let wanted = text.get(range.clone())?;
    let scalar = Scalar { text: text.clone(), style: style(source, own)? };
    let find = |range: Range<usize>| Locator::default().place(&scalar, range, own, source);
    let before = text[..range.start].trim_end();
    if wanted.trim().is_empty() && text[range.end..].trim().is_empty() && !before.is_empty() {
        // What is missing at the end of a text is missing behind its last word.
        let last = before.chars().next_back().map_or(0, char::len_utf8);
        let end = find(before.len() - last..before.len());
        return (end != own).then_some(Span { start: end.end, ..end });
    }
    let place = find(range);
    let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
    (place != own && without_blanks(source.get(place.range())?) == without_blanks(wanted)).then_some(place)
}

/// Returns how the scalar at a place is written.
fn style(source: &str, own: Span) -> Option<Style> {
    let (before, written) = (source.get(..own.range().start)?, source.get(own.range())?);
    match written.chars().next()? {
        '\'' => return Some(Style::SingleQuoted),
        '"' => return Some(Style::DoubleQuoted),
        _ => {}
    }
    // The place of a block begins with its text, below the line that says so.
    let is_first = written.starts_with(['|', '>']) || before.trim_end_matches(' ').ends_with('\n');
    if !is_first {
        return Some(Style::Plain);
    }
    let above = if written.starts_with(['|', '>']) { written.lines().next() } else { before.trim_end().lines().last() };
    match above.and_then(|above| above.rsplit(' ').next()?.chars().next()) {
        Some('|') => Some(Style::Literal),
        Some('>') => Some(Style::Folded),
        _ => Some(Style::Plain),
    }
}

impl Scalar {
    /// Walks on to an offset in the text, or to the text's end.
    fn walk(&self, from: Step, target: usize, written: &str) -> Option<Step> {
        let Step { text: begin, written: mut at } = from;
        let mut text = self.text.get(begin..)?.char_indices().peekable();
        loop {
            let Some(&(offset, wanted)) = text.peek() else {
                return Some(Step { text: self.text.len(), written: at });
            };
            if begin + offset >= target {
                return Some(Step { text: begin + offset, written: at });
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

    /// Returns where in the written form the character of the text stands to which a walk came.
    fn after_blanks(&self, step: Step, written: &str) -> usize {
        let wanted = self.text[step.text..].chars().next();
        step.written + wanted.map_or(0, |wanted| self.leading(&written[step.written..], wanted))
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
