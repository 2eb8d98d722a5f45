//! The document after expansion: no `${{ }}` left, each value with its place and its origin.
//!
//! Places are not stored: the texts they point into may have changed.

use super::Pattern;
use crate::diagnostic::Span;
use crate::taint::{Origin, Text};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A value of the expanded document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Where the author wrote it: the value itself, or the expression that produced it.
    #[serde(skip)]
    pub span: Span,
    /// Where in a payload the value came from, for a value that one expression produced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
    /// The value.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Text, a number, a boolean, or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in order. Keys are unique ignoring case: expansion has checked it.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The key.
    pub key: Text,
    /// Where the key stands.
    #[serde(skip)]
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// A scalar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scalar {
    /// Its text, as it is used wherever text is wanted. Tainted segments came from a payload.
    pub text: Text,
    /// For each segment of the text, the place it came from: the scalar for the author's, the
    /// `${{ }}` for an expression's.
    #[serde(skip)]
    pub segment_spans: Vec<Span>,
    /// What it was written as.
    pub kind: Kind,
    /// Where in a payload a number or boolean came from that is clean text, or part of it.
    #[serde(skip)]
    pub number_from: Option<Arc<Origin>>,
    /// Whether a payload has null here, as opposed to nothing.
    #[serde(skip)]
    pub is_null: bool,
    /// In a document with gaps, what the text may come to be if a part of it is not known; for a gap in a list, what
    /// the names of the items may be that it stands for. `None` for a text that is known, and for a gap that
    /// may bring anything.
    #[serde(skip)]
    pub patterns: Option<Arc<[Pattern]>>,
}

impl Scalar {
    /// Returns a scalar of which nothing else is known than its text, all of which came from one place.
    pub fn new(text: Text, kind: Kind, span: Span) -> Self {
        let segment_spans = vec![span; text.segments().len()];
        Self { text, segment_spans, kind, number_from: None, is_null: false, patterns: None }
    }

    /// Returns one without a text: nothing, or a gap.
    pub fn without_text(kind: Kind) -> Self {
        Self::new(Text::default(), kind, Span::NONE)
    }
}

/// What a scalar was written as, or which type an expression gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Without quotes by the author: `true` and `5` may be taken as typed.
    Plain,
    /// In quotes or as a block by the author, or text around and from expressions.
    Text,
    /// An expression's null; also the author's empty value (`key:`).
    Null,
    /// An expression's boolean; the text is `True` or `False`.
    Boolean,
    /// An expression's number.
    Number,
    /// No value: in a document that is made to be looked at, this stands for what values that are not known
    /// yet may bring.
    Gap,
}

impl Entry {
    /// Says whether this stands for keys that values which are not known yet may bring.
    pub fn is_gap(&self) -> bool {
        self.key.is_empty() && self.value.is_gap()
    }
}

impl Node {
    /// Returns the value of a key, if this is a mapping that has it. Keys are exact.
    pub fn member(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Mapping(entries) => {
                entries.iter().find(|entry| entry.key.flatten() == key).map(|entry| &entry.value)
            }
            _ => None,
        }
    }

    /// Says whether this stands for what values that are not known yet may bring: as an item of a list for any
    /// number of items, as a value for any value.
    pub fn is_gap(&self) -> bool {
        matches!(&self.content, Content::Scalar(Scalar { kind: Kind::Gap, .. }))
    }

    /// Says whether values that are not known yet may bring more keys or items: beside those that are there, or in
    /// place of the whole.
    pub fn has_gap(&self) -> bool {
        match &self.content {
            Content::Scalar(_) => self.is_gap(),
            Content::Sequence(items) => items.iter().any(Self::is_gap),
            Content::Mapping(entries) => entries.iter().any(Entry::is_gap),
        }
    }

    /// Says whether all that stands at a place has a form that is known: a list, a mapping, or text. Of an
    /// expression without a value it is not.
    pub fn has_form_at(&self, place: Span) -> bool {
        let mut found = Vec::new();
        self.forms_at(place, &mut found);
        !found.is_empty() && found.iter().all(|is_known| *is_known)
    }

    fn forms_at(&self, place: Span, found: &mut Vec<bool>) {
        if self.span == place {
            found.push(!matches!(&self.content, Content::Scalar(Scalar { kind: Kind::Null | Kind::Gap, .. })));
        }
        match &self.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| item.forms_at(place, found)),
            Content::Mapping(entries) => entries.iter().for_each(|entry| entry.value.forms_at(place, found)),
        }
    }

    /// Says whether a payload's value stands here, put in by one expression.
    pub fn is_produced(&self) -> bool {
        self.origin.is_some()
    }

    /// Returns what the value is, with its article, for messages: `a list`.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            Content::Scalar(Scalar { kind: Kind::Null | Kind::Gap, .. }) => "nothing",
            Content::Scalar(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }
}
