//! The expanded document as text: YAML for people, JSON for programs.
//!
//! What the author wrote plainly stays plain. All other text is written so that any YAML reader
//! takes it for the same text: as a block where it has lines, otherwise in double quotes unless
//! it is plainly a word.

use super::{Content, Entry, Kind, Node, Scalar};
use serde_json::{Map, Value};
use std::fmt::Write;

/// Returns the document as YAML, ending with a line break.
pub fn to_yaml(node: &Node) -> String {
    let mut yaml = String::new();
    match &node.content {
        Content::Mapping(entries) if !entries.is_empty() => mapping(&mut yaml, entries, 0),
        Content::Sequence(items) if !items.is_empty() => sequence(&mut yaml, items, 0),
        _ => {
            inline(&mut yaml, node, 0);
            yaml.push('\n');
        }
    }
    yaml
}

/// Returns the document as JSON. Plain scalars that are JSON numbers or booleans keep that type.
pub fn to_json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) => scalar_json(scalar),
        Content::Sequence(items) => Value::Array(items.iter().map(to_json).collect()),
        Content::Mapping(entries) => {
            let members = entries.iter().map(|entry| (entry.key.flatten().into_owned(), to_json(&entry.value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

fn scalar_json(scalar: &Scalar) -> Value {
    let text = scalar.text.flatten();
    match scalar.kind {
        Kind::Null | Kind::Gap => Value::Null,
        Kind::Boolean => Value::Bool(text == "True"),
        Kind::Plain | Kind::Number => match &*text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            number => json_number(number).unwrap_or_else(|| Value::String(text.into_owned())),
        },
        Kind::Text => Value::String(text.into_owned()),
    }
}

/// Returns a number only where its JSON form is the text that was written: `1.10` and numbers
/// beyond what JSON readers hold stay text.
fn json_number(text: &str) -> Option<Value> {
    let number: serde_json::Number = text.parse().ok()?;
    (number.to_string() == text).then_some(Value::Number(number))
}

fn mapping(yaml: &mut String, entries: &[Entry], indent: usize) {
    for (place, entry) in entries.iter().enumerate() {
        if place > 0 {
            pad(yaml, indent);
        }
        text(yaml, &entry.key.flatten());
        yaml.push(':');
        match &entry.value.content {
            Content::Mapping(entries) if !entries.is_empty() => {
                yaml.push('\n');
                pad(yaml, indent + 2);
                mapping(yaml, entries, indent + 2);
            }
            Content::Sequence(items) if !items.is_empty() => {
                yaml.push('\n');
                pad(yaml, indent + 2);
                sequence(yaml, items, indent + 2);
            }
            _ => {
                yaml.push(' ');
                inline(yaml, &entry.value, indent + 2);
                yaml.push('\n');
            }
        }
    }
}

fn sequence(yaml: &mut String, items: &[Node], indent: usize) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            pad(yaml, indent);
        }
        yaml.push_str("- ");
        match &item.content {
            Content::Mapping(entries) if !entries.is_empty() => mapping(yaml, entries, indent + 2),
            Content::Sequence(items) if !items.is_empty() => sequence(yaml, items, indent + 2),
            _ => {
                inline(yaml, item, indent + 2);
                yaml.push('\n');
            }
        }
    }
}

/// Writes a scalar, or an empty collection, at the end of a line.
fn inline(yaml: &mut String, node: &Node, indent: usize) {
    match &node.content {
        Content::Mapping(_) => yaml.push_str("{}"),
        Content::Sequence(_) => yaml.push_str("[]"),
        Content::Scalar(scalar) => {
            let value = scalar.text.flatten();
            match scalar.kind {
                Kind::Null | Kind::Gap => yaml.push_str("null"),
                Kind::Plain if is_one_safe_line(&value) => yaml.push_str(&value),
                Kind::Number | Kind::Boolean => yaml.push_str(&value),
                _ if fits_block(&value) => block(yaml, &value, indent),
                _ => text(yaml, &value),
            }
        }
    }
}

/// Writes text as a word, or in double quotes with JSON's escapes, which are YAML's too.
fn text(yaml: &mut String, text: &str) {
    if is_word(text) {
        yaml.push_str(text);
        return;
    }
    yaml.push('"');
    for character in text.chars() {
        match character {
            '"' => yaml.push_str("\\\""),
            '\\' => yaml.push_str("\\\\"),
            '\n' => yaml.push_str("\\n"),
            '\r' => yaml.push_str("\\r"),
            '\t' => yaml.push_str("\\t"),
            _ if crate::diagnostic::is_unprintable(character) => {
                write!(yaml, "\\U{:08X}", u32::from(character)).expect("writing to a string can't fail");
            }
            _ => yaml.push(character),
        }
    }
    yaml.push('"');
}

/// Says whether a text is the same without quotes in every YAML reader: letters first, then
/// letters, digits and a few marks, and none of the words that some reader takes as typed.
fn is_word(text: &str) -> bool {
    const TYPED: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./@+$() ".contains(character);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(is_plain)
        && !TYPED.contains(&text.to_ascii_lowercase().as_str())
}

/// Says whether a plain scalar of the author's can be written back as it was. One that had
/// several lines was folded into one, which may hold what would now be a comment or a key.
fn is_one_safe_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\n', '#', '{', '}', '[', ']', ',']) && !text.contains(": ")
}

/// Says whether a text of several lines survives as a literal block: no line break but `\n`, no
/// character that needs an escape, no white space that block rules would take for indentation.
fn fits_block(text: &str) -> bool {
    let printable = |character: char| matches!(character, '\n' | '\t') || !crate::diagnostic::is_unprintable(character);
    let body = text.trim_end_matches('\n');
    body.contains('\n') && !body.starts_with([' ', '\t', '\n']) && text.chars().all(printable)
}

fn block(yaml: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    yaml.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        yaml.push('\n');
        if !line.is_empty() {
            pad(yaml, indent);
            yaml.push_str(line);
        }
    }
    for _ in 1..text.len() - body.len() {
        yaml.push('\n');
    }
}

fn pad(yaml: &mut String, indent: usize) {
    yaml.extend(std::iter::repeat_n(' ', indent));
}
