//! Named texts and places in them.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Which text of a [`SourceMap`] a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceId(pub u32);

/// A range of bytes in a named text. Two are the same if their bytes are, whatever their ways.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// In an expanded document, the way by which the text was included there, for a text that others include; 0
    /// where no way is known.
    #[serde(skip)]
    pub way: u32,
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.start, self.end) == (other.source, other.start, other.end)
    }
}

impl Eq for Span {}

impl Hash for Span {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.source, self.start, self.end).hash(state);
    }
}

impl Ord for Span {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.source, self.start, self.end).cmp(&(other.source, other.start, other.end))
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::NONE
    }
}

impl Span {
    /// The beginning of the first text, for what has no better place.
    pub const NONE: Self = Self { source: SourceId(0), start: 0, end: 0, way: 0 };

    /// Returns the place of a byte range. Texts are far below 4 GiB: every reader has a limit.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let byte = |offset: usize| u32::try_from(offset).expect("a source is smaller than 4 GiB");
        Self { source, start: byte(start), end: byte(end), way: 0 }
    }

    /// Returns the smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        debug_assert_eq!(self.source, other.source);
        Self { start: self.start.min(other.start), end: self.end.max(other.end), ..self }
    }

    /// Returns the place of other bytes of the same use of the text.
    #[must_use]
    pub fn with_bytes(self, start: usize, end: usize) -> Self {
        Self { way: self.way, ..Self::new(self.source, start, end) }
    }

    /// Says whether the two have a byte in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.source == other.source && self.start < other.end && other.start < self.end
    }

    /// Returns the span as a range for slicing the text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A text with the name under which its readers know it.
#[derive(Debug, Clone)]
pub struct Source {
    /// A path relative to where the user stands, with forward slashes.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// The places in other texts that include this one, those of a template; the first that was
    /// found is first.
    pub included_from: Vec<Span>,
}

/// The texts that one set of diagnostics may point into.
#[derive(Debug, Clone, Default)]
pub struct SourceMap(Vec<Source>);

impl SourceMap {
    /// Adds a text and returns the id for its spans.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).expect("the number of files is limited"));
        self.0.push(Source { name: name.into(), text: text.into(), included_from: Vec::new() });
        id
    }

    /// Notes that a text is included at a place of another one.
    pub fn include(&mut self, included: SourceId, place: Span) {
        let source = self.0.get_mut(included.0 as usize);
        if let Some(source) = source.filter(|source| !source.included_from.contains(&place)) {
            source.included_from.push(place);
        }
    }

    /// Returns all texts, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// Returns the text with an id, if the id is of this map.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }
}
