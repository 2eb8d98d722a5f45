//! What a body is: a form, or a text of its own.
//!
//! That is decided once for a request, by what its connection takes, by its content type and by its
//! first byte. The checksum and the reader of the payload ask the same [`Body`] for the same
//! `Part`: what was proved is what is used, whatever a sender writes about its body.

use super::form::{self, Field, FieldMistake, FormMistake};
use super::scheme::Content;
use std::borrow::Cow;

/// The exact bytes of a request's body, and how they are read.
#[derive(Debug, Clone, Copy)]
pub struct Body<'b> {
    bytes: &'b [u8],
    shape: Shape,
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As it is: JSON, if it is to be used.
    Whole,
    /// As a form of which one field is used.
    Field,
    /// As a form of which all fields are used.
    Fields,
    /// As a form of which one field is used where it is there, and otherwise all fields.
    FieldOrFields,
    /// As a message that carries its own signature, of which the signed members are used.
    Message,
}

/// What is used of a body.
#[derive(Debug)]
pub(super) enum Part<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// The one field `payload` of a form, decoded.
    Field(Vec<u8>),
    /// The fields of a form, decoded, in their order.
    Fields(Vec<Field>),
    /// The signed members of a message.
    Message(&'b [u8]),
}

impl<'b> Body<'b> {
    /// Decides how a body of a content type is read where a connection takes `content`. Senders and
    /// people write any content type before JSON, a form's too, so a body of that type that begins
    /// as JSON is no form.
    pub fn of(content: Content, content_type: Option<&[u8]>, bytes: &'b [u8]) -> Self {
        let begins_as_json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
        let is_form = !begins_as_json && content_type.is_some_and(form::is_form);
        let shape = match content {
            Content::Form if is_form => Shape::Field,
            Content::Fields if is_form => Shape::Fields,
            Content::FormOrFields if is_form => Shape::FieldOrFields,
            Content::Json | Content::Form | Content::Fields | Content::FormOrFields => Shape::Whole,
        };
        Self { bytes, shape }
    }

    /// Returns a body that carries its own signature.
    pub fn message(bytes: &'b [u8]) -> Self {
        Self { bytes, shape: Shape::Message }
    }

    /// Returns the exact bytes.
    pub fn bytes(self) -> &'b [u8] {
        self.bytes
    }

    /// Says whether it is read as a form.
    pub(super) fn is_form(self) -> bool {
        matches!(self.shape, Shape::Field | Shape::Fields | Shape::FieldOrFields)
    }

    /// Returns what is used of it. An error says what is wrong with the form.
    pub(super) fn part(self) -> Result<Part<'b>, FormMistake> {
        match self.shape {
            Shape::Whole => Ok(Part::Whole(self.bytes)),
            Shape::Message => Ok(Part::Message(self.bytes)),
            Shape::Fields => form::fields(self.bytes).map(Part::Fields),
            Shape::Field | Shape::FieldOrFields => match form::field(self.bytes, form::PAYLOAD) {
                Ok(field) => Ok(Part::Field(field)),
                Err(FieldMistake::Missing) if self.shape == Shape::FieldOrFields => {
                    form::fields(self.bytes).map(Part::Fields)
                }
                Err(mistake) => Err(FormMistake::Payload(mistake)),
            },
        }
    }

    /// Returns what a checksum covers as the payload: the field of a form, or the body as it is. `None`
    /// where there is no one such text, which proves nothing.
    pub(super) fn payload(self) -> Option<Cow<'b, [u8]>> {
        match self.part().ok()? {
            Part::Whole(bytes) => Some(Cow::Borrowed(bytes)),
            Part::Field(field) => Some(Cow::Owned(field)),
            Part::Fields(_) | Part::Message(_) => None,
        }
    }

    /// Returns what a checksum covers as the fields of a form: each name followed by its value, sorted,
    /// equal ones once; nothing of a body that is no form.
    pub(super) fn sorted(self) -> Option<Vec<u8>> {
        if !self.is_form() {
            return Some(Vec::new());
        }
        let mut fields = form::fields(self.bytes).ok()?;
        fields.sort();
        fields.dedup();
        Some(fields.into_iter().flat_map(|(key, value)| [key, value]).flatten().collect())
    }
}
