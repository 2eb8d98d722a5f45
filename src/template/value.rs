//! Values of expressions as nodes of the document, and the author's nodes as values.

use super::{Content, Entry, Kind, Node, Scalar};
use crate::diagnostic::{Code, Diagnostic, Span, shown, shown_sentence};
use crate::expression::{Number, Value};
use crate::taint::{Origin, Text};
use crate::yaml::{self, Style};

/// Returns a value as a node that stands at an expression's place.
pub(super) fn to_node(value: &Value, span: Span) -> Node {
    let content = match value {
        Value::Array(array) => Content::Sequence(array.items().iter().map(|item| to_node(item, span)).collect()),
        Value::Object(object) => Content::Mapping(
            object
                .iter()
                .map(|(key, value)| Entry { key: key.clone(), key_span: span, value: to_node(value, span) })
                .collect(),
        ),
        scalar => Content::Scalar(to_scalar(scalar, span)),
    };
    Node { span, origin: None, content }
}

fn to_scalar(value: &Value, span: Span) -> Scalar {
    let kind = match value {
        Value::Null => Kind::Null,
        Value::Boolean(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        _ => Kind::Text,
    };
    let text = value.to_text().unwrap_or_default();
    let segment_spans = vec![span; text.segments().len()];
    Scalar { text, segment_spans, kind }
}

/// Returns how many values and how many bytes of text a node has.
pub(super) fn size(node: &Node) -> (usize, usize) {
    let add = |(nodes, bytes): (usize, usize), (more_nodes, more_bytes): (usize, usize)| {
        (nodes + more_nodes, bytes + more_bytes)
    };
    match &node.content {
        Content::Scalar(scalar) => (1, scalar.text.len()),
        Content::Sequence(items) => items.iter().map(size).fold((1, 0), add),
        Content::Mapping(entries) => {
            entries.iter().map(|entry| add(size(&entry.value), (1, entry.key.len()))).fold((1, 0), add)
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

/// Returns the note that says where in a payload a value came from.
pub fn came_from(origin: &Origin) -> String {
    match &*origin.path {
        "" => "the value is the whole payload".to_owned(),
        path => format!("the value came from the payload, at `{}`", shown(path)),
    }
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

/// Returns an author's literal as a value: plain `true`, `false`, `null` and numbers are typed
/// (reference, section 9.3), everything else is text.
pub fn from_node(node: &yaml::Node) -> Value {
    match &node.content {
        yaml::Content::Scalar(scalar) if scalar.style == Style::Plain => plain(&scalar.text),
        yaml::Content::Scalar(scalar) => Value::String(Text::author(scalar.text.clone())),
        yaml::Content::Sequence(items) => Value::array(items.iter().map(from_node)),
        yaml::Content::Mapping(entries) => Value::object(
            entries
                .iter()
                .map(|entry| (Text::author(entry.key.text().cloned().unwrap_or_default()), from_node(&entry.value))),
        ),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        "null" => Value::Null,
        _ => text.parse().map_or_else(|_| Value::text(text), |decimal| Value::Number(Number::new(decimal))),
    }
}
