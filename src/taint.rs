//! Text that remembers which of its parts came from a stranger.
//!
//! A [`Text`] is a sequence of [`Segment`]s. A segment without an [`Origin`] was written by the
//! pipeline's author; one with an origin came from a payload or its headers and is tainted. The
//! segments stay apart from the first `${{ }}` to the step's process, so that every place that
//! consumes text (a script, an environment variable, a page) can decide what to do with a
//! stranger's part. Nothing here decides; see `shell` for scripts.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Where a tainted value came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The webhook resource's alias, as the author spells it.
    pub alias: Arc<str>,
    /// The path into the payload (`resource.message.title`), or the place in the request beside it, behind a mark: a
    /// payload may have members that are called as headers and the event are.
    pub path: Arc<str>,
}

/// Of what a tainted value was a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// The payload.
    Payload,
    /// The request's headers, or the event that its scheme finds.
    Request,
}

impl Whence {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Request => "request",
        }
    }
}

/// The most bytes of a payload path that an origin holds. Every text of a payload carries its path,
/// so a long key above many texts must not be copied for each of them.
const PATH_MAX: usize = 256;

/// What a path begins with that leads not into the payload, but to what else the request brought. No path into a
/// payload begins so.
const REQUEST: &str = "(request) ";

/// What a path ends with whose text is not the payload's own, but what a step printed. No path into a
/// payload ends so: names with other characters than letters are quoted.
const PRINTED: &str = " (in what a step printed)";

impl Origin {
    /// Returns a place beside the payload: `headers['name']`, or `event`.
    pub fn beside_payload(alias: Arc<str>, path: &str) -> Self {
        Self { alias, path: format!("{REQUEST}{path}").into() }
    }

    /// Returns the path from the webhook resource on, as an author writes it, and says where it leads: into the payload
    /// or to what else the request brought.
    pub fn place(&self) -> (Whence, &str) {
        match self.path.strip_prefix(REQUEST) {
            Some(path) => (Whence::Request, path),
            None => (Whence::Payload, &self.path),
        }
    }

    /// Returns the place with its webhook resource: `push.head_commit.message`, or
    /// `resources.webhooks.push.headers['x-event']`.
    pub fn spelled(&self) -> String {
        let (whence, path) = self.place();
        let before = if whence == Whence::Request { "resources.webhooks." } else { "" };
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        format!("{before}{}{dot}{path}", self.alias)
    }

    /// Returns the place of a member, as an author would write it: `.name` where that is
    /// possible, else `['a name']`. A path that gets too long ends in `…`.
    pub fn member(&self, key: &str) -> Self {
        let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
        if key.starts_with(is_letter) && key.chars().all(|it| is_letter(it) || it.is_ascii_digit()) {
            let dot = if self.path.is_empty() { "" } else { "." };
            self.below(&format!("{dot}{key}"))
        } else {
            let shortened = &key[..key.floor_char_boundary(PATH_MAX)];
            self.below(&format!("['{}']", shortened.replace('\'', "''")))
        }
    }

    /// Returns the place of an item of a list.
    pub fn item(&self, index: usize) -> Self {
        self.below(&format!("[{index}]"))
    }

    /// Returns the place of text that a step printed after payload text had come to its job: it may
    /// be that text.
    pub fn printed(&self) -> Self {
        let path = if self.is_printed() { self.path.clone() } else { format!("{}{PRINTED}", self.path).into() };
        Self { alias: self.alias.clone(), path }
    }

    /// Says whether the text is not the payload's own, but what a step printed.
    pub fn is_printed(&self) -> bool {
        self.path.ends_with(PRINTED)
    }

    fn below(&self, step: &str) -> Self {
        if self.path.ends_with('…') {
            return self.clone();
        }
        let mut path = format!("{}{step}", self.path);
        if path.len() > PATH_MAX {
            path.truncate(path.floor_char_boundary(PATH_MAX));
            path.push('…');
        }
        Self { alias: self.alias.clone(), path: path.into() }
    }
}

/// A piece of text by one author.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// The characters.
    pub text: Arc<str>,
    /// Where they came from; `None` for the pipeline's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
    /// What it is beside text; nothing for the author's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// What a tainted segment is beside text. It is text everywhere; a script may have a better use for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A number of a payload's JSON: a sign, digits, and one point with digits behind it.
    Number,
    /// The items of a list, joined by a text of an author by which a shell parts words: for each the bytes where it
    /// begins and ends. A list without items is an empty text.
    Items(Arc<[(usize, usize)]>),
}

impl Segment {
    /// Returns a segment that the pipeline's author wrote.
    pub fn author(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), origin: None, mark: None }
    }

    /// Returns a segment with another text, of the same origin. What else it was is no longer said.
    #[must_use]
    pub fn with_text(&self, text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), origin: self.origin.clone(), mark: None }
    }

    /// Says whether the segment came from a payload.
    pub fn is_tainted(&self) -> bool {
        self.origin.is_some()
    }
}

/// Text in segments. Neighbouring segments by the author are joined; tainted ones never are, so
/// that each hole of a script keeps its own variable. An empty tainted segment is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text {
    segments: Vec<Segment>,
}

impl Text {
    /// Returns text that the pipeline's author wrote.
    pub fn author(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let segments = if text.is_empty() { Vec::new() } else { vec![Segment::author(text)] };
        Self { segments }
    }

    /// Returns text that came from a payload.
    pub fn tainted(text: impl Into<Arc<str>>, origin: Arc<Origin>) -> Self {
        Self { segments: vec![Segment { text: text.into(), origin: Some(origin), mark: None }] }
    }

    /// Adds one segment at the end.
    pub fn push(&mut self, segment: Segment) {
        if segment.origin.is_none() {
            if segment.text.is_empty() {
                return;
            }
            if let Some(Segment { text, origin: None, .. }) = self.segments.last_mut() {
                *text = format!("{text}{}", segment.text).into();
                return;
            }
        }
        self.segments.push(segment);
    }

    /// Adds all segments of another text at the end.
    pub fn append(&mut self, other: &Text) {
        for segment in &other.segments {
            self.push(segment.clone());
        }
    }

    /// Returns the segments in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the pieces of it that the pipeline's author wrote, in order.
    pub fn authored(&self) -> impl Iterator<Item = &str> + Clone {
        self.segments.iter().filter(|segment| !segment.is_tainted()).map(|segment| &*segment.text)
    }

    /// Says whether any segment came from a payload.
    pub fn is_tainted(&self) -> bool {
        self.segments.iter().any(Segment::is_tainted)
    }

    /// Returns where the first tainted segment came from.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.segments.iter().find_map(|segment| segment.origin.as_ref())
    }

    /// Returns all characters as one string. The result no longer knows its origin: it is for
    /// places where text is data, and for comparisons.
    pub fn flatten(&self) -> Cow<'_, str> {
        match self.segments.as_slice() {
            [] => Cow::Borrowed(""),
            [one] => Cow::Borrowed(&one.text),
            many => Cow::Owned(many.iter().map(|segment| &*segment.text).collect()),
        }
    }

    /// Says whether there are no characters.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.text.is_empty())
    }

    /// Says whether the text is one number of a payload.
    pub fn is_number(&self) -> bool {
        matches!(self.segments.as_slice(), [Segment { mark: Some(Mark::Number), .. }])
    }

    /// Says whether an author wrote nothing. What came from a payload is something, also where it is empty: what
    /// is done must not depend on that.
    pub fn is_nothing(&self) -> bool {
        !self.is_tainted() && self.is_empty()
    }

    /// Returns the number of bytes of all segments.
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.text.len()).sum()
    }

    /// Returns the text without the blanks of the author's at its ends. What came from a payload stays as
    /// it is.
    pub fn trim(&self) -> Self {
        let mut segments = self.segments.clone();
        if let Some(Segment { text, origin: None, .. }) = segments.first_mut() {
            *text = text.trim_start().into();
        }
        if let Some(Segment { text, origin: None, .. }) = segments.last_mut() {
            *text = text.trim_end().into();
        }
        let is_kept = |segment: &Segment| segment.is_tainted() || !segment.text.is_empty();
        Self { segments: segments.into_iter().filter(is_kept).collect() }
    }

    /// Returns the text with `change` applied to each segment by itself, origins kept.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let mut changed = Self::default();
        for segment in &self.segments {
            let text = change(&segment.text);
            // The places of items are the same in a text of as many letters.
            let is_alike = segment.text.is_ascii() && text.len() == segment.text.len();
            let mark = segment.mark.clone().filter(|_| is_alike);
            changed.push(Segment { mark, ..segment.with_text(text) });
        }
        changed
    }

    /// Returns `text` as derived from this one: tainted if this is, with the first origin.
    pub fn derive(&self, text: impl Into<Arc<str>>) -> Self {
        match self.origin() {
            Some(origin) => Self::tainted(text, origin.clone()),
            None => Self::author(text),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::author(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::author(text)
    }
}
