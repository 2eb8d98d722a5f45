//! Conversions between the kinds of values (section 3.4 of the reference).

use super::mistake::{Mistake, place_in_payload};
use super::{Number, Value, Version, time};
use crate::diagnostic::Code;
use crate::taint::Text;
use jiff::Timestamp;
use std::ops::Range;

/// A value that has no form of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} can't be used as {wanted}")]
pub struct Unconvertible {
    /// What the value is, with its article: `an object`.
    pub what: String,
    /// What was wanted: `text`.
    pub wanted: &'static str,
    /// What the value is and what is in it.
    pub label: String,
    /// Where in a payload the value came from, as a sentence.
    pub note: Option<String>,
}

impl Unconvertible {
    pub(super) fn new(value: &Value, wanted: &'static str) -> Self {
        let what = match value {
            Value::Array(_) | Value::Object(_) | Value::Null | Value::Absent(_) => value.kind_name().to_owned(),
            other => other.describe(),
        };
        let note = value.origin().map(|origin| place_in_payload(origin));
        Self { what, wanted, label: format!("this is {}", value.describe()), note }
    }

    /// Returns what to do where text was wanted of a list or object.
    pub(super) fn help(value: &Value) -> Option<&'static str> {
        match value {
            Value::Object(_) => Some("name one of its members, or write `convertToJson(…)` around it"),
            Value::Array(_) => Some("name one of its items, or write `join(',', …)` or `convertToJson(…)` around it"),
            _ => None,
        }
    }

    /// Returns the mistake at a place of an expression.
    pub(super) fn at(self, range: Range<usize>) -> Mistake {
        Mistake::new(Code::Conversion, range, self.to_string(), self.label).maybe_note(self.note)
    }
}

/// Returns the value as text; lists and objects have none.
pub(super) fn to_text(value: &Value) -> Option<Text> {
    Some(match value {
        Value::Null => Text::default(),
        Value::Absent(origin) => Text::tainted("", origin.clone()),
        Value::Boolean(true) => "True".into(),
        Value::Boolean(false) => "False".into(),
        Value::Number(number) => number.to_text(),
        Value::Version(version) => version.to_string().into(),
        Value::DateTime(time) => time::text(*time).into(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Returns the value as a boolean, which every value has.
pub(super) fn to_boolean(value: &Value) -> bool {
    match value {
        Value::Null | Value::Absent(_) => false,
        Value::Boolean(boolean) => *boolean,
        Value::Number(number) => !number.is_zero(),
        Value::String(text) => !text.is_empty(),
        Value::Version(_) | Value::DateTime(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Null | Value::Absent(_) => Some(Number::from(0)),
        Value::Boolean(boolean) => Some(Number::from(i64::from(*boolean))),
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => Number::from_text(&text.flatten()),
        _ => None,
    }
}

pub(super) fn to_version(value: &Value) -> Option<Version> {
    match value {
        Value::Version(version) => Some(*version),
        Value::Number(number) => Version::from_text(&number.text()),
        Value::String(text) => Version::from_text(&text.flatten()),
        _ => None,
    }
}

pub(super) fn to_time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::DateTime(time) => Some(*time),
        Value::String(text) => time::from_text(&text.flatten()),
        _ => None,
    }
}

/// Says whether the value is null or converts to it, as only an empty text does.
pub(super) fn is_null(value: &Value) -> bool {
    match value {
        Value::Null | Value::Absent(_) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
