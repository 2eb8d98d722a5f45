//! The values of the expression language.

use super::{Number, Object, Unconvertible, Version, convert, json, time};
use crate::diagnostic::{Span, shown};
use crate::taint::{Origin, Text};
use jiff::Timestamp;
use std::sync::Arc;

/// The most keys of an object that a message names.
const KEYS_SHOWN_MAX: usize = 6;

/// A value. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: what a name without a value gives. There is no literal for it.
    Null,
    /// Nothing where a payload or its request might have something: null, or a member that is not there. It is
    /// as null is in all but this: as text it is tainted.
    Absent(Arc<Origin>),
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A version.
    Version(Version),
    /// A point in time, such as `pipeline.startTime`.
    DateTime(Timestamp),
    /// Text, which knows which parts came from a payload.
    String(Text),
    /// A list.
    Array(Array),
    /// Keys and values.
    Object(Arc<Object>),
}

/// A list. Cheap to clone; a clone is the same list.
#[derive(Debug, Clone, Default)]
pub struct Array {
    items: Arc<Vec<Value>>,
    origin: Option<Arc<Origin>>,
    places: Option<Arc<Places>>,
}

/// Where an author wrote an object or a list, so that a mistake in one that has gone through a
/// template's parameters is still shown where it was written. Two values that differ only in
/// their places are equal.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// For each key of an object its place; a list has none.
    pub keys: Vec<Span>,
    /// The place of each value.
    pub values: Vec<Span>,
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items && self.origin == other.origin
    }
}

impl Array {
    /// Returns the list as one that came from a payload, at a place.
    #[must_use]
    pub fn with_origin(mut self, origin: Arc<Origin>) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns where in a payload the list came from.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// Returns the list as one that an author wrote at these places.
    #[must_use]
    pub fn with_places(mut self, places: Places) -> Self {
        self.places = Some(Arc::new(places));
        self
    }

    /// Returns where an author wrote the items.
    pub fn places(&self) -> Option<&Arc<Places>> {
        self.places.as_ref()
    }

    /// Returns the items in order.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// Says whether both are the same list, not only lists of the same items.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.items, &other.items)
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self { items: Arc::new(items), origin: None, places: None }
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl Value {
    /// Returns text that the pipeline's author wrote.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(Text::author(text))
    }

    /// Returns the object with these keys and values.
    pub fn object<K: Into<Text>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(Arc::new(pairs.into_iter().collect()))
    }

    /// Returns the list of these items.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// Returns the value of a JSON value that the author or the server made: nothing of it is tainted.
    pub fn from_json(json: &serde_json::Value) -> Self {
        json::from_json(json)
    }

    /// Returns the value of a payload, or of a part of one. Its texts and keys are tainted, each with
    /// the alias of `root` and its own place below the path of `root` (empty for a whole payload).
    ///
    /// Fails if the text is not JSON or nests deeper than [`super::JSON_DEPTH_MAX`].
    pub fn from_json_text(text: &str, root: &Origin) -> Result<Self, super::JsonError> {
        json::from_json_text(text, root)
    }

    /// Returns the value of a JSON text that the author or the server made: nothing of it is tainted, and
    /// no digit of a number is lost.
    ///
    /// Fails if the text is not JSON or nests deeper than [`super::JSON_DEPTH_MAX`].
    pub fn from_author_json_text(text: &str) -> Result<Self, super::JsonError> {
        json::from_author_text(text)
    }

    /// Returns the time that a text stands for: a date, a time of day after a blank or `T`, an offset.
    pub fn time_from_text(text: &str) -> Option<Self> {
        time::from_text(text).map(Self::DateTime)
    }

    /// Returns the value as JSON. A version and a time become text; a number that is not a whole one
    /// of 64 bits becomes the nearest that floating point has, see [`Value::to_json_text`] for exact
    /// ones.
    pub fn to_json(&self) -> serde_json::Value {
        json::to_json(self)
    }

    /// Returns the value as JSON text, indented by two, numbers as they were sent.
    pub fn to_json_text(&self) -> String {
        json::to_json_text(self)
    }

    /// Returns what stands at a place of a payload where nothing is.
    pub fn absent(origin: Origin) -> Self {
        Self::Absent(Arc::new(origin))
    }

    /// Says whether the value is nothing, the author's or a payload's.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Null | Self::Absent(_))
    }

    /// Returns the value as text: tainted parts stay tainted, null is empty, a boolean is `True` or
    /// `False`. Lists and objects have no text.
    pub fn to_text(&self) -> Result<Text, Unconvertible> {
        convert::to_text(self).ok_or_else(|| Unconvertible::new(self, "text"))
    }

    /// Returns the value as a condition sees it: null, 0, an empty text and false are false.
    pub fn is_truthy(&self) -> bool {
        convert::to_boolean(self)
    }

    /// Returns where in a payload the value came from. Booleans have forgotten it.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        match self {
            Self::String(text) => text.origin(),
            Self::Array(array) => array.origin(),
            Self::Object(object) => object.origin(),
            Self::Absent(origin) => Some(origin),
            Self::Number(number) => number.origin(),
            _ => None,
        }
    }

    /// Says whether any text or number in the value, or any key, came from a payload. A payload's nothing is such a
    /// text.
    pub fn has_taint(&self) -> bool {
        match self {
            Self::String(text) => text.is_tainted(),
            Self::Absent(_) => true,
            Self::Number(number) => number.origin().is_some(),
            Self::Array(array) => array.origin().is_some() || array.items().iter().any(Self::has_taint),
            Self::Object(object) => {
                object.origin().is_some() || object.iter().any(|(key, value)| key.is_tainted() || value.has_taint())
            }
            _ => false,
        }
    }

    /// Returns what the value is, with its article, for messages: `an object`.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null | Self::Absent(_) => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Version(_) => "a version",
            Self::DateTime(_) => "a time",
            Self::String(_) => "a text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Returns what the value is and what is in it, for messages:
    /// ``an object with 2 keys: `title`, `subtitle` ``.
    pub fn describe(&self) -> String {
        match self {
            Self::Null | Self::Absent(_) => "nothing (null)".to_owned(),
            Self::Boolean(true) => "the boolean `True`".to_owned(),
            Self::Boolean(false) => "the boolean `False`".to_owned(),
            Self::Number(number) => format!("the number `{}`", shown(&number.text())),
            Self::Version(version) => format!("the version `{version}`"),
            Self::DateTime(time) => format!("the time `{}`", time::text(*time)),
            Self::String(text) if text.is_empty() => "an empty text".to_owned(),
            Self::String(text) => format!("the text `{}`", shown(&text.flatten())),
            Self::Array(array) => describe_items(array.items().len()),
            Self::Object(object) => describe_keys(object),
        }
    }
}

fn describe_items(count: usize) -> String {
    match count {
        0 => "an empty list".to_owned(),
        1 => "a list with 1 item".to_owned(),
        _ => format!("a list with {count} items"),
    }
}

fn describe_keys(object: &Object) -> String {
    let names = object.iter().take(KEYS_SHOWN_MAX).map(|(key, _)| format!("`{}`", shown(&key.flatten())));
    let names = names.collect::<Vec<_>>().join(", ");
    match object.len() {
        0 => "an empty object".to_owned(),
        1 => format!("an object with 1 key: {names}"),
        count if count > KEYS_SHOWN_MAX => format!("an object with {count} keys: {names}, …"),
        count => format!("an object with {count} keys: {names}"),
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::DateTime(time)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }
}
