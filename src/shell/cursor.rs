//! The author's characters with holes between them, read once from left to right.

use crate::taint::Text;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A character of the author's.
    Char(char),
    /// A hole, by its number.
    Hole(usize),
}

/// A place in a script.
pub(super) struct Cursor {
    units: Vec<Unit>,
    /// For each hole, the segment it stands for.
    pub(super) segments: Vec<usize>,
    pub(super) at: usize,
    pub(super) line: usize,
}

impl Cursor {
    pub(super) fn new(script: &Text) -> Self {
        let mut units = Vec::with_capacity(script.len());
        let mut segments = Vec::new();
        for (place, segment) in script.segments().iter().enumerate() {
            if segment.is_tainted() {
                units.push(Unit::Hole(segments.len()));
                segments.push(place);
            } else {
                units.extend(segment.text.chars().map(Unit::Char));
            }
        }
        Self { units, segments, at: 0, line: 1 }
    }

    pub(super) fn peek(&self) -> Option<Unit> {
        self.units.get(self.at).copied()
    }

    /// Returns the unit some places further on.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<Unit> {
        self.units.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<Unit> {
        let unit = self.peek()?;
        self.at += 1;
        if unit == Unit::Char('\n') {
            self.line += 1;
        }
        Some(unit)
    }

    /// Says whether the author's text goes on like this.
    pub(super) fn looks_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, wanted)| self.peek_at(ahead) == Some(Unit::Char(wanted)))
    }

    /// Returns the units up to the next line break, without moving.
    pub(super) fn rest_of_line(&self) -> &[Unit] {
        let rest = &self.units[self.at..];
        let end = rest.iter().position(|unit| *unit == Unit::Char('\n')).unwrap_or(rest.len());
        &rest[..end]
    }
}
