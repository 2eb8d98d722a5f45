//! An expanded document with its scripts as they will run, so that nothing is hidden from its
//! author: references in place of payload text, and the values in the step's `env`.

use super::check::{runtime, scripts::macros};
use crate::diagnostic::Span;
use crate::shell::{self, Carried, Language, Script, Substitution};
use crate::taint::{Segment, Text};
use crate::template::{Content, Entry, Kind, Node, Scalar};

/// Returns a document with its scripts rewritten. Scripts that would be refused stay as they are, and
/// so do all where payload text becomes part of them.
pub fn rewritten(document: &Node, substitution: Substitution) -> Node {
    let mut document = document.clone();
    if substitution == Substitution::Safe {
        rewrite(&mut document, &mut Vec::new());
    }
    document
}

/// The tainted variables around a node, by name.
pub(super) type Variables = Vec<(String, Text)>;

fn rewrite(node: &mut Node, variables: &mut Variables) {
    let known = variables.len();
    match &mut node.content {
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter_mut().for_each(|item| rewrite(item, variables)),
        Content::Mapping(entries) => {
            let own = entries.iter().filter(|entry| entry.key.flatten() == "variables");
            variables.extend(own.flat_map(|entry| tainted(&entry.value)).collect::<Vec<_>>());
            for entry in entries.iter_mut().filter(|entry| entry.key.flatten() != "inputs") {
                rewrite(&mut entry.value, variables);
            }
            step(entries, variables);
        }
    }
    variables.truncate(known);
}

/// Returns the variables of a section that hold payload text.
pub(super) fn tainted(section: &Node) -> Variables {
    let text = |node: &Node| match &node.content {
        Content::Scalar(scalar) if runtime::is_written_by_the_author(&scalar.text) => {
            Some(scalar.text.derive(&*scalar.text.flatten())).filter(Text::is_tainted)
        }
        Content::Scalar(scalar) if scalar.text.is_tainted() => Some(scalar.text.clone()),
        _ => None,
    };
    match &section.content {
        Content::Scalar(_) => Vec::new(),
        Content::Mapping(entries) => {
            entries.iter().filter_map(|entry| Some((entry.key.flatten().into_owned(), text(&entry.value)?))).collect()
        }
        Content::Sequence(items) => {
            let item = |item: &Node| match &item.member("name")?.content {
                Content::Scalar(name) => Some((name.text.flatten().into_owned(), text(item.member("value")?)?)),
                _ => None,
            };
            items.iter().filter_map(item).collect()
        }
    }
}

/// Rewrites the script of a step, if a mapping is one.
fn step(entries: &mut Vec<Entry>, variables: &Variables) {
    let find = |name: &str| variables.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|it| &it.1);
    let Some((language, scalar)) = script_text(entries) else { return };
    let mut text = Text::default();
    for segment in scalar.text.segments() {
        match segment.is_tainted() {
            true => text.push(segment.clone()),
            false => macros(&segment.text, &find, &mut |segment: Segment| text.push(segment)),
        }
    }
    if !text.is_tainted() {
        return;
    }
    let Ok(placed) = shell::place(&Script::alone(language, &text)) else { return };
    *scalar = Scalar::new(Text::author(placed.script), Kind::Text, Span::NONE);
    list(entries, &placed.carried);
}

/// Adds values to the `env` of a step.
fn list(entries: &mut Vec<Entry>, carried: &Carried) {
    if carried.variables.is_empty() && carried.files.is_empty() {
        return;
    }
    let node = |content: Content| Node { span: Span::NONE, origin: None, content };
    let entry = |name: &str, value: Node| Entry { key: Text::author(name), key_span: Span::NONE, value };
    let text = |text: String| node(Content::Scalar(Scalar::new(Text::author(text), Kind::Text, Span::NONE)));
    let at = entries.iter().position(|entry| entry.key.flatten() == "env");
    let at = at.unwrap_or_else(|| {
        entries.push(entry("env", node(Content::Mapping(Vec::new()))));
        entries.len() - 1
    });
    if let Content::Mapping(env) = &mut entries[at].value.content {
        env.extend(carried.variables.iter().map(|(name, value)| entry(name, text(value.clone()))));
        let files = carried.files.iter().map(|(name, value)| (name, format!("({} bytes, in a file)", value.len())));
        env.extend(files.map(|(name, value)| entry(name, text(value))));
    }
}

/// Returns where the script of a step stands, if a mapping is one: the entry, and for a task the entry
/// among its inputs.
pub(super) fn script_of(entries: &[Entry]) -> Option<(usize, Option<usize>)> {
    if entries.iter().any(|entry| entry.key.flatten() == "task") {
        let at = entries.iter().position(|entry| entry.key.flatten() == "inputs")?;
        let Content::Mapping(inputs) = &entries[at].value.content else { return None };
        language(entries)?;
        return inputs.iter().position(|entry| entry.key.flatten() == "script").map(|input| (at, Some(input)));
    }
    let is_script = |entry: &Entry| Language::of_keyword(&entry.key.flatten()).is_some();
    entries.iter().position(is_script).map(|at| (at, None))
}

/// Returns the language of a step's script.
fn language(entries: &[Entry]) -> Option<Language> {
    let task = entries.iter().find(|entry| entry.key.flatten() == "task").map(|entry| &entry.value.content);
    match task {
        Some(Content::Scalar(task)) => Language::of_task(&task.text.flatten()),
        Some(_) => None,
        None => entries.iter().find_map(|entry| Language::of_keyword(&entry.key.flatten())),
    }
}

/// Returns the language and the node of the script of a step.
pub(super) fn script_node(entries: &[Entry]) -> Option<(Language, &Node)> {
    let node = match script_of(entries)? {
        (at, None) => &entries[at].value,
        (at, Some(input)) => match &entries[at].value.content {
            Content::Mapping(inputs) => &inputs[input].value,
            _ => return None,
        },
    };
    Some((language(entries)?, node))
}

fn script_text(entries: &mut [Entry]) -> Option<(Language, &mut Scalar)> {
    let language = language(entries)?;
    let node = match script_of(entries)? {
        (at, None) => &mut entries[at].value,
        (at, Some(input)) => match &mut entries[at].value.content {
            Content::Mapping(inputs) => &mut inputs[input].value,
            _ => return None,
        },
    };
    match &mut node.content {
        Content::Scalar(scalar) => Some((language, scalar)),
        _ => None,
    }
}
