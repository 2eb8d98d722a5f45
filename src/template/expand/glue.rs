//! Numbers of a payload, and the text that stands directly around them.
//!
//! `True` and `False` of a payload, and a number that a function made of it (`length`), are clean text: no place is
//! harmed by them (see [`from_payload`]). But a script's author can write them where they are no text at all:
//! `echo ${{ n }}>file` with 2 would be `echo` with its errors sent to a file, and `$${{ n }}` would be
//! an argument of the script. There, a number is a hole like any other, so that the script's
//! analysis puts it in as a value, or refuses the place.
//!
//! Only numbers of a payload are such, however they came here: directly, by a variable, by a
//! template's parameter or by a loop. An author's own number is the author's text everywhere.

use super::Expansion;
use crate::diagnostic::Span;
use crate::expression::{Reference, Step, Value, is_plain_number};
use crate::taint::{Origin, Text};
use crate::template::part::Hole;
use crate::template::{Content, Node};
use std::sync::Arc;

/// Characters that take what follows directly for more than text: the name of a variable, an escape, the
/// descriptor of a redirection.
const TAKING: &[char] = &['$', '{', '\\', '&', '<', '>'];
/// Characters that take what precedes directly for a descriptor.
const REDIRECTING: &[char] = &['<', '>'];

/// A piece of a text with expressions, evaluated.
pub(super) struct Mixed {
    pub(super) text: Text,
    pub(super) span: Span,
    /// Where in a payload a number or boolean came from that is clean text so far.
    pub(super) number_from: Option<Arc<Origin>>,
}

/// Functions that put numbers into text.
const JOINING: &[&str] = &["format(", "join(", "replace("];

/// Says whether a text that an expression gave is a payload's number, or may hold one.
pub(super) fn may_be_number(hole: &Hole, text: &Text) -> bool {
    if text.is_tainted() {
        return false;
    }
    let joins = || {
        let expression = hole.expression.text().to_ascii_lowercase();
        JOINING.iter().any(|function| expression.contains(function))
    };
    let text = text.flatten();
    let is_word = ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_number = !text.is_empty() && text.chars().all(|it| is_digit(it) || matches!(it, '-' | '.'));
    is_word || is_number || joins()
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// Says whether a payload's number may be in what an expression gave as a whole.
pub(super) fn has_number(hole: &Hole, node: &Node) -> bool {
    match &node.content {
        Content::Scalar(scalar) => may_be_number(hole, &scalar.text),
        Content::Sequence(items) => !items.is_empty(),
        Content::Mapping(entries) => !entries.is_empty(),
    }
}

/// Notes at the clean scalars of a value that numbers of a payload are among them.
pub(super) fn mark_numbers(node: &mut Node, origin: &Arc<Origin>) {
    match &mut node.content {
        Content::Scalar(scalar) if scalar.text.is_tainted() => {}
        Content::Scalar(scalar) => scalar.number_from = Some(origin.clone()),
        Content::Sequence(items) => items.iter_mut().for_each(|item| mark_numbers(item, origin)),
        Content::Mapping(entries) => entries.iter_mut().for_each(|entry| mark_numbers(&mut entry.value, origin)),
    }
}

/// Returns the first place of a payload that something in a value came from, number or text: numbers
/// can be made of both.
pub(super) fn any_origin(node: &Node) -> Option<Arc<Origin>> {
    match &node.content {
        Content::Scalar(scalar) => scalar.number_from.as_ref().or(scalar.text.origin()).cloned(),
        Content::Sequence(items) => items.iter().find_map(any_origin),
        Content::Mapping(entries) => {
            entries.iter().find_map(|entry| entry.key.origin().cloned().or_else(|| any_origin(&entry.value)))
        }
    }
}

impl Expansion<'_> {
    /// Returns the place of a payload that a number of an expression came from, if it may have come
    /// from one.
    pub(super) fn number_from(&self, hole: &Hole) -> Option<Arc<Origin>> {
        let references = hole.expression.references();
        let direct = references.iter().find_map(|reference| self.place_of(&reference.root, &reference.steps));
        direct.or_else(|| references.iter().find_map(|reference| self.number_in(reference)))
    }

    /// Returns the same for what a name stands for that is no place of a payload itself.
    fn number_in(&self, reference: &Reference) -> Option<Arc<Origin>> {
        let frame = self.frames.last()?;
        let is_named = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
        let in_frame = |name: &str| frame.touched.iter().rev().find(|(known, _)| is_named(name, known));
        let first = match reference.steps.first() {
            Some(Step::Member(name)) => Some(name.as_str()),
            _ => None,
        };
        let found = |known: Option<&(Arc<str>, Arc<Origin>)>| known.map(|(_, origin)| origin.clone());
        match (reference.root.to_ascii_lowercase().as_str(), first) {
            ("variables", name) => self.variables.origin(name),
            ("parameters", Some(name)) => found(in_frame(name)),
            ("parameters", None) => found(frame.touched.first().or(frame.origins.first())),
            // What a delivery brings beside its payload: any of the run's webhooks counts.
            ("resources", name) if name.is_none_or(|name| is_named(name, "webhooks")) => {
                found(self.frames.first()?.origins.first())
            }
            (name, _) => found(in_frame(name)),
        }
    }
}

/// Makes those numbers tainted that the text around them would make something else of.
pub(super) fn taint_glued_numbers(parts: &mut [Mixed]) {
    if parts.iter().all(|part| part.number_from.is_none()) {
        return;
    }
    for at in 0..parts.len() {
        let Some(origin) = parts[at].number_from.clone() else { continue };
        let before = parts[..at].iter().rev().find_map(|part| part.text.flatten().chars().next_back());
        let after = parts[at + 1..].iter().find_map(|part| part.text.flatten().chars().next());
        let text = parts[at].text.flatten();
        let is_glued = is_command(&text, &parts[..at])
            || before.is_some_and(|it| TAKING.contains(&it))
            || after.is_some_and(|it| REDIRECTING.contains(&it) && text.ends_with(is_digit))
            || text.as_bytes().windows(2).any(|two| two[0].is_ascii_digit() && matches!(two[1], b'<' | b'>'));
        if is_glued {
            let part = &mut parts[at];
            part.text = Text::tainted(&*part.text.flatten(), origin);
        }
    }
}

/// Says whether a boolean stands where a script names a command: a payload names none.
fn is_command(text: &str, before: &[Mixed]) -> bool {
    if !["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return false;
    }
    let line: String = before.iter().map(|part| part.text.flatten()).collect();
    let line = line.trim_end_matches([' ', '\t']);
    line.is_empty() || line.ends_with(['\n', ';', '|', '&'])
}

/// Returns the text of a payload's value that has no origin of its own. An integer, `10.5`, `True` and
/// `False` are such that no place can be harmed by them. Nothing, and numbers of more digits, are not: a
/// payload that leaves a member out must not take a word out of a script.
pub(super) fn from_payload(value: &Value, text: Text, origin: Arc<Origin>) -> Text {
    let is_harmless = match value {
        Value::Boolean(_) => true,
        Value::Number(_) => is_plain_number(&text.flatten()),
        Value::Null | Value::Absent(_) => false,
        _ => return text,
    };
    if is_harmless { text } else { Text::tainted(&*text.flatten(), origin) }
}
