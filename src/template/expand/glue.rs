//! Numbers of a payload, and the text that stands directly around them.
//!
//! An integer, `True` and `False` of a payload are clean text: no place is harmed by them (see
//! [`super::from_payload`]). But a script's author can write them where they are no text at all:
//! `echo ${{ n }}>file` with 2 would be `echo` with its errors sent to a file, and `$${{ n }}` would be
//! an argument of the script. There, a number is a hole like any other, so that the script's
//! analysis puts it in as a value, or refuses the place.

use crate::diagnostic::Span;
use crate::taint::{Origin, Text};
use crate::template::part::Hole;
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
    let expression = hole.expression.text().to_ascii_lowercase();
    let text = text.flatten();
    let is_word = matches!(&*text, "True" | "False");
    let is_number = !text.is_empty() && text.chars().all(|it| is_digit(it) || it == '-');
    is_word || is_number || JOINING.iter().any(|function| expression.contains(function))
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
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
        let is_glued = before.is_some_and(|it| TAKING.contains(&it))
            || after.is_some_and(|it| REDIRECTING.contains(&it) && text.ends_with(is_digit))
            || text.as_bytes().windows(2).any(|two| two[0].is_ascii_digit() && matches!(two[1], b'<' | b'>'));
        if is_glued {
            let part = &mut parts[at];
            part.text = Text::tainted(&*part.text.flatten(), origin);
        }
    }
}
