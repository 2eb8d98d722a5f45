//! Whether a verified body is JSON that may be used, without building a tree of it.
//!
//! JSON readers disagree about what the standard leaves open (RFC 8259, sections 4, 6 and 8), and
//! a disagreement between two readers of one body is a hole. So what is open is refused: a key
//! that is there twice, text that is no Unicode, a byte order mark, a number beyond every
//! reader's range. A body that is left is read the same by everybody.
//!
//! A form is accepted too when its field `payload` is JSON, as some senders post it, or where a
//! scheme says that the fields themselves are what is sent: [`Body`] says which.

use super::body::{Body, Part};
use super::form::Field;
use super::sns;
use crate::diagnostic::{shown, shown_sentence};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// The most arrays and objects, one inside the other. Known senders stay below 20.
pub const DEPTH_MAX: usize = 64;
/// The most values of one body; each may become a value of an expression, of some 100 bytes.
pub const NODES_MAX: usize = 200_000;
/// Up to this many keys are compared one by one, which is faster than hashing them.
const KEYS_COMPARED_MAX: usize = 16;

/// JSON text that was found fit for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload<'b>(Cow<'b, str>);

impl Payload<'_> {
    /// Returns the JSON text, numbers and strings as they were sent.
    pub fn json(&self) -> &str {
        &self.0
    }
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence} at line {line}, column {column}")]
pub struct PayloadMistake {
    /// What is wrong, without the place.
    pub sentence: String,
    /// The line, from 1.
    pub line: usize,
    /// The byte of the line, from 1; 0 where the line is empty.
    pub column: usize,
}

/// Returns the payload that a body carries: of a form the field or the fields that its connection takes,
/// of a message with a signature of its own the signed members, otherwise the body itself.
pub fn read(body: Body<'_>) -> Result<Payload<'_>, PayloadMistake> {
    let part = body.part().map_err(|mistake| at_byte(body.bytes(), 0, &mistake.to_string()))?;
    let json = match part {
        Part::Whole(bytes) => return check(bytes),
        Part::Message(bytes) => {
            let members = sns::members(&check(bytes)?).map_err(|sentence| at_byte(bytes, 0, sentence))?;
            members.json().into_bytes()
        }
        Part::Field(field) => field,
        Part::Fields(fields) => fields_as_json(body.bytes(), fields)?,
    };
    let Payload(json) = check(&json)?;
    Ok(Payload(Cow::Owned(json.into_owned())))
}

/// Returns the text by which two bodies are the same: what is used of them, so that nothing that a
/// checksum leaves open makes another one of it, such as the order of a form's fields.
pub(super) fn identity(body: Body<'_>) -> Cow<'_, [u8]> {
    match body.part() {
        Ok(Part::Field(field)) => Cow::Owned(field),
        Ok(Part::Fields(mut fields)) => {
            fields.sort();
            fields_as_json(body.bytes(), fields).map_or(Cow::Borrowed(body.bytes()), Cow::Owned)
        }
        Ok(Part::Message(_)) => match read(body) {
            Ok(Payload(json)) => Cow::Owned(json.into_owned().into_bytes()),
            Err(_) => Cow::Borrowed(body.bytes()),
        },
        Ok(Part::Whole(_)) | Err(_) => Cow::Borrowed(body.bytes()),
    }
}

/// Checks that a body is one JSON text within the limits, and nothing else.
pub fn check(body: &[u8]) -> Result<Payload<'_>, PayloadMistake> {
    let text =
        std::str::from_utf8(body).map_err(|error| at_byte(body, error.valid_up_to(), "the body is not UTF-8"))?;
    if text.starts_with('\u{FEFF}') {
        let sentence = "the body is not JSON: a byte order mark stands before it";
        return Err(at_byte(body, 0, sentence));
    }
    let nodes = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_str(text);
    Check { nodes: &nodes, depth: 0 }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| mistake(&error))?;
    Ok(Payload(Cow::Borrowed(text)))
}

/// Checks one value and all in it.
#[derive(Clone, Copy)]
struct Check<'c> {
    nodes: &'c Cell<usize>,
    depth: usize,
}

impl Check<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > NODES_MAX {
            return Err(E::custom(format!("the body has more than {NODES_MAX} values")));
        }
        Ok(())
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        self.count()?;
        if self.depth == DEPTH_MAX {
            let sentence = format!("the body has more than {DEPTH_MAX} levels");
            return Err(E::custom(sentence));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.count()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.count()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.count()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.count()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.count()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.count()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        let mut seen = Seen::default();
        while let Some(key) = members.next_key_seed(Key)? {
            seen.add(key)?;
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

/// The keys of one object so far, escapes undone.
#[derive(Default)]
struct Seen<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Seen<'de> {
    fn add<E: Error>(&mut self, key: Cow<'de, str>) -> Result<(), E> {
        if self.few.contains(&key) || self.many.contains(&key) {
            let key = shown(&key);
            return Err(E::custom(format!("the body has the key `{key}` twice in one object")));
        }
        if self.few.len() < KEYS_COMPARED_MAX {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

/// Reads a key, borrowed where it has no escapes.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Cow<'de, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// What the reader says of a number that a double can't hold.
const OUT_OF_RANGE: &str = "number out of range";

/// Returns the reader's error as ours. What [`Check`] refused has its own sentence.
fn mistake(error: &serde_json::Error) -> PayloadMistake {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = shown_sentence(message.strip_suffix(&place).unwrap_or(&message));
    let sentence = match error.classify() {
        Category::Syntax if message == OUT_OF_RANGE => {
            "the body has a number beyond 1.8e308, which many readers can't hold".to_owned()
        }
        Category::Data => message,
        Category::Io | Category::Syntax | Category::Eof => {
            format!("the body is not JSON: {message}")
        }
    };
    PayloadMistake { sentence, line: error.line(), column: error.column() }
}

fn at_byte(body: &[u8], offset: usize, sentence: &str) -> PayloadMistake {
    let before = &body[..offset];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    PayloadMistake {
        sentence: sentence.to_owned(),
        line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
        column: offset - line_start + 1,
    }
}

/// Returns the fields of a form as a JSON object of texts. A name that is there twice is refused
/// as in every object.
fn fields_as_json(body: &[u8], fields: Vec<Field>) -> Result<Vec<u8>, PayloadMistake> {
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).map_err(|_| at_byte(body, 0, "the form is not UTF-8"))?;
        Ok(serde_json::Value::String(text).to_string())
    };
    let members = fields.into_iter().map(|(name, value)| Ok(format!("{}:{}", text(name)?, text(value)?)));
    let members = members.collect::<Result<Vec<String>, PayloadMistake>>()?;
    Ok(format!("{{{}}}", members.join(",")).into_bytes())
}
