//! The file as diagnostics may show it: what can be a secret is blanked.
//!
//! Excerpts are cut from this copy, which has the same bytes everywhere else, so that places stay
//! right. What can be a secret is judged generously: a misspelled key below a connection can hold
//! one too.

use crate::yaml::{Content, Entry, Node};
use std::ops::Range;

/// Keys of a connection whose values are no secrets.
const PLAIN_OF_CONNECTION: &[&str] = &[
    "auth",
    "scheme",
    "header",
    "webhook",
    "enabled",
    "repeat",
    "rejected",
    "substitution",
    "limits",
    "url",
    "topics",
];
/// Keys of a secret that say where it is, and not what.
const PLAIN_OF_SECRET: &[&str] = &["env", "file", "name", "until"];
/// Keys of a challenge whose values are no secrets.
const PLAIN_OF_CHALLENGE: &[&str] = &["kind", "origins", "rate"];
/// Keys of the file whose values are no secrets; URLs of databases hold passwords.
const PLAIN_OF_FILE: &[&str] =
    &["listen", "admin", "pipelines", "repositories", "data", "workers", "limits", "environment"];

/// Returns the text with every possible secret replaced by as many asterisks as it has bytes. A
/// text that could not be read as YAML is blanked but for its keys.
pub fn blanked(text: &str, root: Option<&Node>) -> String {
    let mut ranges = Vec::new();
    match root {
        Some(root) => file(root, &mut ranges),
        None => every_value(text, &mut ranges),
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in &mut bytes[range] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).expect("whole scalars and whole lines are replaced by ASCII")
}

fn file(root: &Node, ranges: &mut Vec<Range<usize>>) {
    for entry in root.entries().unwrap_or_default() {
        match key(entry) {
            "connections" => {
                for connection in entry.value.entries().unwrap_or_default() {
                    self::connection(&connection.value, ranges);
                }
            }
            plain if PLAIN_OF_FILE.contains(&plain) => {}
            _ => all(&entry.value, ranges),
        }
    }
}

fn connection(node: &Node, ranges: &mut Vec<Range<usize>>) {
    let Some(entries) = node.entries() else {
        return all(node, ranges);
    };
    for entry in entries {
        match key(entry) {
            "secret" => {
                let one = std::slice::from_ref(&entry.value);
                for node in entry.value.items().unwrap_or(one) {
                    secret(node, ranges);
                }
            }
            "challenge" => challenge(&entry.value, ranges),
            plain if PLAIN_OF_CONNECTION.contains(&plain) => {}
            _ => all(&entry.value, ranges),
        }
    }
}

/// A word is none of a challenge's secrets.
fn challenge(node: &Node, ranges: &mut Vec<Range<usize>>) {
    for entry in node.entries().unwrap_or_default() {
        match key(entry) {
            "verify_token" => secret(&entry.value, ranges),
            plain if PLAIN_OF_CHALLENGE.contains(&plain) => {}
            _ => all(&entry.value, ranges),
        }
    }
}

fn secret(node: &Node, ranges: &mut Vec<Range<usize>>) {
    let Some(entries) = node.entries() else {
        return all(node, ranges);
    };
    for entry in entries {
        if !PLAIN_OF_SECRET.contains(&key(entry)) {
            all(&entry.value, ranges);
        }
    }
}

/// Blanks every scalar below a node; the depth is that of the file, which is limited.
fn all(node: &Node, ranges: &mut Vec<Range<usize>>) {
    match &node.content {
        Content::Scalar(_) => ranges.push(node.span.range()),
        Content::Sequence(items) => items.iter().for_each(|item| all(item, ranges)),
        Content::Mapping(entries) => {
            for entry in entries {
                all(&entry.value, ranges);
            }
        }
    }
}

/// Blanks what follows the first colon of each line.
fn every_value(text: &str, ranges: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let value = line.find(':').map_or(0, |colon| colon + 1);
        ranges.push(start + value..start + line.len());
        start += line.len();
    }
}

fn key(entry: &Entry) -> &str {
    entry.key.text().map_or("", |text| text)
}
