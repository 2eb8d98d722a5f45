//! The file as diagnostics may show it: what can be a secret is blanked.
//!
//! Excerpts are cut from this copy, which has the same bytes everywhere else, so that places stay
//! right. What can be a secret is judged generously: a misspelled key below a connection can hold
//! one too.

use super::key::{self, Excerpt, Keys};
use crate::yaml::{Content, Entry, Node};
use std::ops::Range;

/// Returns the text with every possible secret replaced by as many asterisks as it has bytes. A
/// text that could not be read as YAML keeps its keys, and values of keys that never hold a secret.
pub fn blanked(text: &str, root: Option<&Node>) -> String {
    let mut ranges = Vec::new();
    match root {
        Some(root) => mapping(root, key::OF_FILE, &mut ranges),
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

/// Blanks what may not be shown of a mapping's values; of what should have been a mapping and is
/// none, everything.
fn mapping(node: &Node, keys: &Keys, ranges: &mut Vec<Range<usize>>) {
    let Some(entries) = node.entries() else {
        return all(node, ranges);
    };
    for entry in entries {
        let value = &entry.value;
        match key::excerpt(keys, key(entry)) {
            Excerpt::Whole => {}
            Excerpt::Nothing => all(value, ranges),
            Excerpt::Secrets => {
                let secrets = value.items().unwrap_or(std::slice::from_ref(value));
                secrets.iter().for_each(|secret| mapping(secret, key::OF_SECRET, ranges));
            }
            // A word is none of a challenge's secrets.
            Excerpt::Challenge if value.entries().is_some() => mapping(value, key::OF_CHALLENGE, ranges),
            Excerpt::Challenge => {}
            Excerpt::Connections => each(value, |it, ranges| mapping(it, key::OF_CONNECTION, ranges), ranges),
            Excerpt::Groups => each(value, |group, ranges| each(group, variable, ranges), ranges),
        }
    }
}

fn each(node: &Node, work: impl Fn(&Node, &mut Vec<Range<usize>>), ranges: &mut Vec<Range<usize>>) {
    match node.entries() {
        Some(entries) => entries.iter().for_each(|entry| work(&entry.value, ranges)),
        None => all(node, ranges),
    }
}

/// A variable of a group is text that pipelines print as they like, or a mapping with `secret`.
fn variable(node: &Node, ranges: &mut Vec<Range<usize>>) {
    if node.text().is_none() {
        each(node, |secret, ranges| mapping(secret, key::OF_SECRET, ranges), ranges);
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

/// Blanks what follows the first colon of each line whose key may hold a secret somewhere in the
/// file, and all lines below such a value that are indented further: they may go on with it.
fn every_value(text: &str, ranges: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let mut hidden_from = None;
    for line in text.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start().len();
        let (name, value) = line.split_once(':').unwrap_or(("", line));
        let goes_on = hidden_from.is_some_and(|from| indentation > from);
        if goes_on || !is_plain(name.trim_start_matches([' ', '-']), value.trim()) {
            ranges.push(start + line.len() - value.len()..start + line.len());
            if !goes_on {
                hidden_from = Some(indentation).filter(|_| !value.trim().is_empty());
            }
        } else {
            hidden_from = None;
        }
        start += line.len();
    }
}

/// Says whether a line's value may be shown wherever in the file it stands. What begins with a mark
/// of YAML can be anything.
fn is_plain(name: &str, value: &str) -> bool {
    let tables = [key::OF_FILE, key::OF_CONNECTION, key::OF_SECRET, key::OF_CHALLENGE];
    let mut known = tables.iter().flat_map(|keys| keys.iter()).filter(|(known, _)| *known == name).peekable();
    let begins_plainly = value.starts_with(|first: char| first.is_ascii_alphanumeric() || "./_".contains(first));
    known.peek().is_some() && known.all(|(_, excerpt)| *excerpt == Excerpt::Whole) && begins_plainly
}

fn key(entry: &Entry) -> &str {
    entry.key.text().map_or("", |text| text)
}
