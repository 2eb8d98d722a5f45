//! Where in a payload the values came from that mistakes are about.
//!
//! A loop over a payload makes the same place of a file many values, so that the place alone does not say which
//! of them is wrong. Each report about an expanded value names the path of that value.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::taint::{Origin, Whence};
use crate::template::{Content, Node};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most paths that one report names.
const PATHS_MAX: usize = 3;
/// How the notes begin that name a path already.
const NAMED: [&str; 3] = ["the value ", "there is nothing ", "there is null "];

/// The values of a document at some of its places, each with its path.
type Values = HashMap<Span, Vec<(String, Arc<Origin>)>>;

/// Adds the paths to the reports about values of a document that came from a payload.
pub(super) fn name(document: &Node, diagnostics: &mut Diagnostics) {
    let place = |it: &Diagnostic| it.primary.as_ref().map(|label| label.span);
    // What the machine lacks is no matter of a value.
    let is_open = |it: &Diagnostic| {
        it.code != Code::MissingProgram
            && !it.notes.iter().any(|note| NAMED.iter().any(|named| note.starts_with(named)))
    };
    let wanted: HashSet<Span> = diagnostics.iter().filter(|it| is_open(it)).filter_map(place).collect();
    if wanted.is_empty() {
        return;
    }
    let mut values = Values::new();
    collect(document, &wanted, &mut values);
    if values.is_empty() {
        return;
    }
    let with_paths = |it: Diagnostic| {
        let there = place(&it).and_then(|span| values.get(&span)).filter(|_| is_open(&it));
        match there.and_then(|values| note(values, &it.title)) {
            Some(note) => it.note(note),
            None => it,
        }
    };
    *diagnostics = std::mem::take(diagnostics).into_iter().map(with_paths).collect();
}

/// Returns the first place of a payload that something in a part of a document came from.
pub(super) fn first(node: &Node) -> Option<&Arc<Origin>> {
    node.origin.as_ref().or_else(|| match &node.content {
        Content::Scalar(scalar) => scalar.number_from.as_ref().or(scalar.text.origin()),
        Content::Sequence(items) => items.iter().find_map(first),
        Content::Mapping(entries) => entries.iter().find_map(|it| it.key.origin().or_else(|| first(&it.value))),
    })
}

fn collect(node: &Node, wanted: &HashSet<Span>, values: &mut Values) {
    match &node.content {
        Content::Scalar(scalar) if wanted.contains(&node.span) => {
            if let Some(origin) = first(node) {
                values.entry(node.span).or_default().push((scalar.text.flatten().into_owned(), origin.clone()));
            }
        }
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter().for_each(|item| collect(item, wanted, values)),
        Content::Mapping(entries) => entries.iter().for_each(|it| collect(&it.value, wanted, values)),
    }
}

/// Returns what is said of the values at a place: of those that the title names, or of the only one.
fn note(values: &[(String, Arc<Origin>)], title: &str) -> Option<String> {
    let is_named = |(text, _): &&(String, Arc<Origin>)| title.contains(&format!("`{}`", shown(text)));
    let mut named: Vec<&(String, Arc<Origin>)> = values.iter().filter(is_named).collect();
    if named.is_empty() && values.len() == 1 {
        named.extend(values);
    }
    let mut paths: Vec<String> = Vec::new();
    for (_, origin) in named {
        let path = match origin.place() {
            (Whence::Payload, "") => origin.alias.to_string(),
            (Whence::Payload, path) => shown(path),
            (Whence::Request, _) => shown(&origin.spelled()),
        };
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let more = paths.len().saturating_sub(PATHS_MAX);
    paths.truncate(PATHS_MAX);
    let listed = paths.join("` and `");
    let more = if more > 0 { format!(" and {more} other places") } else { String::new() };
    (!paths.is_empty()).then(|| format!("the value came from the payload, at `{listed}`{more}"))
}
