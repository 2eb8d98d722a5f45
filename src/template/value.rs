//! Values of expressions as nodes of the document, and the author's nodes as values.

use super::{Content, Entry, Kind, Node, Scalar};
use crate::diagnostic::{Code, Diagnostic, Span, shown, shown_sentence};
use crate::expression::{Array, Number, Object, Places, Value};
use crate::taint::{Origin, Text};

/// Returns a value as a node that stands at an expression's place. What is in a list or an object
/// that an author wrote keeps the place where it was written.
pub(super) fn to_node(value: &Value, span: Span) -> Node {
    let content = match value {
        Value::Array(array) => {
            let place = |at: usize| array.places().and_then(|places| places.values.get(at)).copied().unwrap_or(span);
            let items = array.items().iter().enumerate().map(|(at, item)| to_node(item, place(at)));
            Content::Sequence(items.collect())
        }
        Value::Object(object) => Content::Mapping(entries(object, span)),
        scalar => Content::Scalar(to_scalar(scalar, span)),
    };
    let is_structure = matches!(value, Value::Array(_) | Value::Object(_));
    Node { span, origin: value.origin().filter(|_| is_structure).cloned(), content }
}

/// Returns the keys and values of an object as a mapping at an expression's place has them.
pub(super) fn entries(object: &Object, span: Span) -> Vec<Entry> {
    let key_place = |at: usize| object.places().and_then(|places| places.keys.get(at)).copied().unwrap_or(span);
    let place = |at: usize| object.places().and_then(|places| places.values.get(at)).copied().unwrap_or(span);
    let entry = |(at, (key, value)): (usize, (&Text, &Value))| Entry {
        key: key.clone(),
        key_span: key_place(at),
        value: to_node(value, place(at)),
    };
    object.iter().enumerate().map(entry).collect()
}

fn to_scalar(value: &Value, span: Span) -> Scalar {
    let kind = match value {
        Value::Null | Value::Absent(_) => Kind::Null,
        Value::Boolean(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        _ => Kind::Text,
    };
    Scalar::new(value.to_text().unwrap_or_default(), kind, span)
}

/// How much of the limits of an expansion a node takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Values and keys.
    pub(super) nodes: usize,
    /// Bytes of their texts.
    pub(super) bytes: usize,
    /// Levels of lists and mappings.
    pub(super) depth: usize,
}

impl Size {
    pub(super) fn of(node: &Node) -> Self {
        match &node.content {
            Content::Scalar(scalar) => Self { nodes: 1, bytes: scalar.text.len(), depth: 0 },
            Content::Sequence(items) => items.iter().map(Self::of).fold(Self::collection(), Self::with),
            Content::Mapping(entries) => {
                let entry =
                    |entry: &Entry| Self { nodes: 1, bytes: entry.key.len(), depth: 0 }.with(Self::of(&entry.value));
                entries.iter().map(entry).fold(Self::collection(), Self::with)
            }
        }
    }

    fn collection() -> Self {
        Self { nodes: 1, bytes: 0, depth: 1 }
    }

    fn with(self, inside: Self) -> Self {
        Self {
            nodes: self.nodes + inside.nodes,
            bytes: self.bytes + inside.bytes,
            depth: self.depth.max(inside.depth + 1),
        }
    }
}

/// Returns the diagnostic for an object or array that an expression put where text is wanted.
/// The node is what stands there, its span the expression's; `expression` is the expression's
/// text for the help, where it is known.
pub fn object_in_text(node: &Node, origin: Option<&Origin>, expression: Option<&str>) -> Diagnostic {
    let what = if matches!(node.content, Content::Sequence(_)) { "an array" } else { "an object" };
    let title = format!("{what} can't stand inside text");
    let help = format!(
        "name one of its members, or write `convertToJson({})`",
        expression.map_or_else(|| "…".to_owned(), |text| shown_sentence(text.trim()))
    );
    let diagnostic =
        Diagnostic::error(Code::NotAString, title, node.span, format!("this is {}", describe(node))).help(help);
    match origin {
        Some(origin) => diagnostic.note(came_from(origin)),
        None => diagnostic,
    }
}

/// What to do about payload text in a place that is the author's alone.
pub const WRITE_OR_CHOOSE: &str =
    "write what you mean in the file, or choose it with `oneOf(…)`, which gives only what you listed";

/// Returns the note that says where in a payload a value came from.
pub fn came_from(origin: &Origin) -> String {
    crate::expression::place_in_payload(origin)
}

/// Returns the note that says that a payload has no value at a place: nothing is there, or null.
pub fn nothing_at(origin: &Origin, is_null: bool) -> String {
    let (whence, path) = origin.place();
    format!("there is {} in the {} at `{}`", if is_null { "null" } else { "nothing" }, whence.word(), shown(path))
}

/// How many keys a diagnostic names.
const KEYS_SHOWN_MAX: usize = 5;

/// Returns what a structure is: ``an object with 2 keys: `title`, `subtitle` ``.
fn describe(node: &Node) -> String {
    match &node.content {
        Content::Sequence(items) => format!("an array with {}", counted(items.len(), "item")),
        Content::Mapping(entries) => {
            let keys = entries.iter().take(KEYS_SHOWN_MAX).map(|entry| format!("`{}`", shown(&entry.key.flatten())));
            let keys = keys.collect::<Vec<_>>().join(", ");
            let more = if entries.len() > KEYS_SHOWN_MAX { ", …" } else { "" };
            let colon = if entries.is_empty() { "" } else { ": " };
            format!("an object with {}{colon}{keys}{more}", counted(entries.len(), "key"))
        }
        Content::Scalar(_) => node.describe().to_owned(),
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns a value of the document as one that expressions can look at: plain `true`, `false`,
/// `null` and numbers are typed (reference, section 9.3), everything else is text. A number keeps
/// the characters it was written with.
pub(super) fn from_node(node: &Node) -> Value {
    from_node_with(node, &typed)
}

/// Returns a value of the document in which every scalar is text, as the old form of parameters
/// has it (reference, section 2.7).
pub(super) fn as_text(node: &Node) -> Value {
    from_node_with(node, &|scalar| Value::String(scalar.text.clone()))
}

fn from_node_with(node: &Node, scalar: &impl Fn(&Scalar) -> Value) -> Value {
    match &node.content {
        Content::Scalar(it) => scalar(it),
        Content::Sequence(items) => {
            let places = Places { keys: Vec::new(), values: items.iter().map(|item| item.span).collect() };
            let array: Array = items.iter().map(|item| from_node_with(item, scalar)).collect();
            let array = array.with_places(places);
            Value::Array(match &node.origin {
                Some(origin) => array.with_origin(origin.clone()),
                None => array,
            })
        }
        Content::Mapping(entries) => {
            let places = Places {
                keys: entries.iter().map(|entry| entry.key_span).collect(),
                values: entries.iter().map(|entry| entry.value.span).collect(),
            };
            let members = entries.iter().map(|entry| (entry.key.clone(), from_node_with(&entry.value, scalar)));
            let object = members.collect::<Object>().with_places(places);
            match &node.origin {
                Some(origin) => object.with_origin(origin.clone()).into(),
                None => object.into(),
            }
        }
    }
}

/// Returns a node all of which stands at one place.
pub(super) fn moved(node: Node, span: Span) -> Node {
    let content = match node.content {
        Content::Scalar(scalar) => {
            let segment_spans = vec![span; scalar.segment_spans.len()];
            Content::Scalar(Scalar { segment_spans, ..scalar })
        }
        Content::Sequence(items) => Content::Sequence(items.into_iter().map(|item| moved(item, span)).collect()),
        Content::Mapping(entries) => {
            let entry = |entry: Entry| Entry { key_span: span, value: moved(entry.value, span), ..entry };
            Content::Mapping(entries.into_iter().map(entry).collect())
        }
    };
    Node { span, content, ..node }
}

fn typed(scalar: &Scalar) -> Value {
    let text = || Value::String(scalar.text.clone());
    match scalar.kind {
        Kind::Null | Kind::Gap => scalar.text.origin().map_or(Value::Null, |origin| Value::Absent(origin.clone())),
        Kind::Boolean => Value::Boolean(&*scalar.text.flatten() == "True"),
        Kind::Text => text(),
        Kind::Number => Number::written(&scalar.text.flatten())
            .map(|number| number.with_origin(scalar.text.origin().cloned()))
            .map_or_else(text, Value::Number),
        Kind::Plain => match &*scalar.text.flatten() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "null" => Value::Null,
            plain if is_number(plain) => Number::written(plain).map_or_else(text, Value::Number),
            _ => text(),
        },
    }
}

/// Says whether a plain scalar is a number: a sign, digits, and one point with digits after it.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let are_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

/// Returns what stands in a list, or as the value of an empty key in a mapping, for all that may be missing there.
pub(super) fn gap(span: Span) -> Node {
    Node { span, origin: None, content: Content::Scalar(Scalar::without_text(Kind::Gap)) }
}
