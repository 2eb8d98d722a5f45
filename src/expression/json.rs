//! JSON to values and back.
//!
//! A payload is read part by part as raw text, so that a number keeps the characters it was sent as.

use super::{Array, Number, Object, Value};
use crate::taint::{Origin, Text};
use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// The deepest nesting of a payload that is read.
pub const JSON_DEPTH_MAX: usize = 64;

/// Why a JSON text could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON, or holds half a surrogate pair.
    #[error("the text is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The text nests too deep.
    #[error("the JSON text nests deeper than {JSON_DEPTH_MAX} levels")]
    Depth,
}

pub(super) fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(boolean) => Value::Boolean(*boolean),
        serde_json::Value::Number(number) => Value::Number(self::number(&number.to_string())),
        serde_json::Value::String(text) => Value::text(text.as_str()),
        serde_json::Value::Array(items) => Value::array(items.iter().map(from_json)),
        serde_json::Value::Object(pairs) => {
            Value::object(pairs.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}

fn number(sent: &str) -> Number {
    Number::from_json(sent).expect("a number of JSON is a number")
}

pub(super) fn from_json_text(text: &str, root: &Origin) -> Result<Value, JsonError> {
    let raw: &RawValue = serde_json::from_str(text)?;
    read(raw, &Arc::new(root.clone()), 1)
}

/// Returns a value of an author, read from its text: no digit of a number is lost.
pub(super) fn from_author_text(text: &str) -> Result<Value, JsonError> {
    let nowhere = Origin { alias: "".into(), path: "".into() };
    from_json_text(text, &nowhere).map(without_origin)
}

fn without_origin(value: Value) -> Value {
    match value {
        Value::String(text) => Value::text(&*text.flatten()),
        Value::Array(array) => Value::array(array.items().iter().cloned().map(without_origin)),
        Value::Object(object) => {
            let pairs =
                object.iter().map(|(key, value)| (Text::author(&*key.flatten()), without_origin(value.clone())));
            Value::object(pairs)
        }
        Value::Absent(_) => Value::Null,
        Value::Number(number) => Value::Number(number.without_origin()),
        scalar => scalar,
    }
}

fn read(raw: &RawValue, origin: &Arc<Origin>, depth: usize) -> Result<Value, JsonError> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => read_object(text, origin, depth)?,
        Some(b'[') => read_array(text, origin, depth)?,
        Some(b'"') => Value::String(Text::tainted(serde_json::from_str::<String>(text)?, origin.clone())),
        Some(b't') => Value::Boolean(true),
        Some(b'f') => Value::Boolean(false),
        Some(b'n') => Value::Absent(origin.clone()),
        _ => Value::Number(number(text).with_origin(Some(origin.clone()))),
    })
}

fn read_object(text: &str, origin: &Arc<Origin>, depth: usize) -> Result<Value, JsonError> {
    refuse_depth(depth)?;
    let mut pairs = Vec::new();
    for (key, raw) in serde_json::Deserializer::from_str(text).deserialize_map(Pairs)? {
        let place = Arc::new(origin.member(&key));
        pairs.push((Text::tainted(key, place.clone()), read(raw, &place, depth + 1)?));
    }
    Ok(pairs.into_iter().collect::<Object>().with_origin(origin.clone()).into())
}

fn read_array(text: &str, origin: &Arc<Origin>, depth: usize) -> Result<Value, JsonError> {
    refuse_depth(depth)?;
    let mut items = Vec::new();
    for (index, raw) in serde_json::from_str::<Vec<&RawValue>>(text)?.into_iter().enumerate() {
        let place = Arc::new(origin.item(index));
        items.push(read(raw, &place, depth + 1)?);
    }
    Ok(Value::Array(Array::from(items).with_origin(origin.clone())))
}

fn refuse_depth(depth: usize) -> Result<(), JsonError> {
    if depth > JSON_DEPTH_MAX { Err(JsonError::Depth) } else { Ok(()) }
}

/// Reads the keys of an object in order, and its values as raw text.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            pairs.push((key, map.next_value::<&'de RawValue>().map_err(A::Error::custom)?));
        }
        Ok(pairs)
    }
}

pub(super) fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Absent(_) => serde_json::Value::Null,
        Value::Boolean(boolean) => (*boolean).into(),
        Value::Number(number) => number_to_json(number),
        Value::Version(_) | Value::DateTime(_) | Value::String(_) => plain_text(value).into(),
        Value::Array(array) => array.items().iter().map(to_json).collect(),
        Value::Object(object) => {
            let pairs = object.iter().map(|(key, value)| (key.flatten().into_owned(), to_json(value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

/// A whole number of 64 bits stays exact; another goes through the parser of JSON numbers.
fn number_to_json(number: &Number) -> serde_json::Value {
    let text = number.json();
    match serde_json::from_str::<serde_json::Number>(&text) {
        Ok(json) => json.into(),
        Err(_) => serde_json::Value::String(text.to_string()),
    }
}

pub(super) fn to_json_text(value: &Value) -> String {
    to_json_text_within(value, usize::MAX).expect("a text of any length is allowed")
}

/// Returns the value as JSON text, or `None` as soon as it gets longer than `bytes_max`.
pub(super) fn to_json_text_within(value: &Value, bytes_max: usize) -> Option<String> {
    let mut writer = Writer { json: String::new(), bytes_max };
    writer.value(value, 0)?;
    Some(writer.json)
}

struct Writer {
    json: String,
    bytes_max: usize,
}

impl Writer {
    fn push(&mut self, piece: &str) -> Option<()> {
        if piece.len() > self.bytes_max - self.json.len() {
            return None;
        }
        self.json.push_str(piece);
        Some(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Option<()> {
        match value {
            Value::Null | Value::Absent(_) => self.push("null"),
            Value::Boolean(boolean) => self.push(if *boolean { "true" } else { "false" }),
            Value::Number(number) => self.push(&number.json()),
            Value::Version(_) | Value::DateTime(_) | Value::String(_) => self.text(&plain_text(value)),
            Value::Array(array) => {
                self.list("[", "]", depth, array.items(), |writer, item| writer.value(item, depth + 1))
            }
            Value::Object(object) => self.list("{", "}", depth, object.iter(), |writer, (key, value)| {
                writer.text(&key.flatten())?;
                writer.push(": ")?;
                writer.value(value, depth + 1)
            }),
        }
    }

    fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        depth: usize,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.push(open)?;
        let mut separator = "";
        for item in items {
            self.push(separator)?;
            self.line(depth + 1)?;
            write(self, item)?;
            separator = ",";
        }
        if !separator.is_empty() {
            self.line(depth)?;
        }
        self.push(close)
    }

    fn line(&mut self, depth: usize) -> Option<()> {
        self.push("\n")?;
        self.push(&"  ".repeat(depth))
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.push(&serde_json::to_string(text).expect("every text has a JSON form"))
    }
}

fn plain_text(value: &Value) -> String {
    super::convert::to_text(value).map(|text| text.flatten().into_owned()).unwrap_or_default()
}
