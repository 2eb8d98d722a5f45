//! What a proof covers: a template such as `{ts}.{body}`, and its pieces for one delivery.

use super::body::Body;
use super::scheme::Content;
use std::borrow::Cow;

/// The most parts of a template; known senders have five.
const PARTS_MAX: usize = 16;

/// What a proof covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed(Vec<Part>);

/// One part of what is covered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Text of the scheme's own.
    Literal(String),
    /// The exact bytes of the body.
    Body,
    /// The field `payload` of a form, otherwise the body.
    Payload,
    /// The timestamp as it was sent.
    Timestamp,
    /// The delivery's id as it was sent.
    Id,
    /// The URL that the sender posted to.
    Url,
    /// The fields of a form, sorted, each name followed by its value; nothing of another body.
    FormSorted,
}

/// A template that can't be read; the text says what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignedMistake(String);

/// What one delivery brings for the parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brought<'d> {
    pub(super) body: Body<'d>,
    pub(super) timestamp: &'d [u8],
    pub(super) id: &'d [u8],
    pub(super) url: &'d str,
}

/// The names of parts as they are written.
const NAMES: [(&str, Part); 6] = [
    ("body", Part::Body),
    ("payload", Part::Payload),
    ("ts", Part::Timestamp),
    ("id", Part::Id),
    ("url", Part::Url),
    ("form_sorted", Part::FormSorted),
];

impl Signed {
    /// Returns the template that most senders have: the body alone.
    pub fn body() -> Self {
        Self(vec![Part::Body])
    }

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, SignedMistake> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal = rest.find('{').unwrap_or(rest.len());
            if literal > 0 {
                parts.push(Part::Literal(rest[..literal].to_owned()));
            }
            rest = &rest[literal..];
            if let Some(inside) = rest.strip_prefix('{') {
                let (name, after) = inside.split_once('}').ok_or_else(|| mistake("a `{` is not closed"))?;
                let known = NAMES.iter().find(|(known, _)| *known == name);
                let (_, part) = known.ok_or_else(|| {
                    let names: Vec<String> = NAMES.iter().map(|(known, _)| format!("`{{{known}}}`")).collect();
                    let unknown = crate::diagnostic::shown(name);
                    mistake(&format!("there is no part `{{{unknown}}}`: the parts are {}", names.join(", ")))
                })?;
                parts.push(part.clone());
                rest = after;
            }
        }
        if parts.len() > PARTS_MAX {
            return Err(mistake(&format!("there are more than {PARTS_MAX} parts")));
        }
        Ok(Self(parts))
    }

    /// Says whether the timestamp is covered.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&Part::Timestamp)
    }

    /// Says whether the delivery's id is covered.
    pub fn has_id(&self) -> bool {
        self.0.contains(&Part::Id)
    }

    /// Says whether all that is used of a body which is no form is covered.
    pub fn covers_text(&self) -> bool {
        self.0.contains(&Part::Body) || self.0.contains(&Part::Payload)
    }

    /// Says whether all that is used of a form is covered, where a connection takes `content`.
    pub fn covers_form(&self, content: Content) -> bool {
        let covers_payload = match content {
            Content::Json | Content::Form => self.0.contains(&Part::Payload),
            Content::Fields | Content::FormOrFields => false,
        };
        covers_payload || self.0.contains(&Part::Body) || self.0.contains(&Part::FormSorted)
    }

    /// Says whether the URL is covered.
    pub fn has_url(&self) -> bool {
        self.0.contains(&Part::Url)
    }

    /// Returns the text that ends the id in the template. An id that holds it could be cut in
    /// another place and mean another delivery.
    pub(super) fn end_of_id(&self) -> Option<&str> {
        let place = self.0.iter().position(|part| *part == Part::Id)?;
        match self.0.get(place + 1) {
            Some(Part::Literal(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the pieces that are covered, in order. `None` where the body is no form that the
    /// template could take a field of.
    pub(super) fn pieces<'d>(&'d self, brought: Brought<'d>) -> Option<Vec<Cow<'d, [u8]>>> {
        let piece = |part: &'d Part| {
            Some(match part {
                Part::Literal(text) => Cow::Borrowed(text.as_bytes()),
                Part::Body => Cow::Borrowed(brought.body.bytes()),
                Part::Payload => brought.body.payload()?,
                Part::Timestamp => Cow::Borrowed(brought.timestamp),
                Part::Id => Cow::Borrowed(brought.id),
                Part::Url => Cow::Borrowed(brought.url.as_bytes()),
                Part::FormSorted => Cow::Owned(brought.body.sorted()?),
            })
        };
        self.0.iter().map(piece).collect()
    }
}

fn mistake(sentence: &str) -> SignedMistake {
    SignedMistake(sentence.to_owned())
}
