//! YAML as the pipeline language uses it: a tree in which every key and value has its place.
//!
//! The dialect (reference, section 9.3): one document, UTF-8 with or without a byte order mark,
//! no anchors, aliases, tags or merge keys, keys unique ignoring case. Scalars keep the text that
//! the author wrote: `1.10` stays `1.10`. [`parse()`] reports every mistake that does not stop the
//! reader; [`Locator`] finds a part of a scalar in the file again.

mod blame;
mod locate;
mod parse;
mod quoting;
mod shift;

pub use blame::{WITHOUT_TABS, WRITE};
pub use locate::{Locator, part};
pub use parse::parse;
pub use shift::{Dash, Shift, irregularity, shifts};

use crate::diagnostic::Span;
use std::sync::Arc;

/// The most bytes of one file.
pub const FILE_MAX: usize = 1024 * 1024;
/// The most levels of lists and mappings, one inside the other.
pub const DEPTH_MAX: usize = 100;
/// The most keys and values of one file.
pub const NODES_MAX: usize = 100_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From the first byte of the value to its last.
    pub span: Span,
    /// The value.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text, as yet without a type.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the file.
    Mapping(Vec<Entry>),
}

/// A key and its value. A key is always a scalar.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

/// A scalar with its escapes undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text.
    pub text: Arc<str>,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: `true`, `5` and `null` may be taken as typed.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// After `|`, line breaks kept.
    Literal,
    /// After `>`, line breaks folded.
    Folded,
}

impl Node {
    /// Returns the scalar's text, if the node is one.
    pub fn text(&self) -> Option<&Arc<str>> {
        match &self.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Returns the items, if the node is a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries, if the node is a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the value of a key, if the node is a mapping that has it. Keys are exact.
    pub fn member(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the entry of a key, if the node is a mapping that has it. Keys are exact.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key.text().is_some_and(|text| **text == *key))
    }

    /// Says whether nothing was written: `key:`, or a list item without content.
    pub fn is_empty_plain(&self) -> bool {
        matches!(&self.content, Content::Scalar(Scalar { text, style: Style::Plain }) if text.is_empty())
    }

    /// Says whether the node stands for a key that was no text, which has been reported.
    pub fn is_unread_key(&self) -> bool {
        self.is_empty_plain() && !self.span.range().is_empty()
    }

    /// Returns what the value is, with its article, for messages: `a list`.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            Content::Scalar(_) if self.is_empty_plain() => "nothing",
            Content::Scalar(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }
}
