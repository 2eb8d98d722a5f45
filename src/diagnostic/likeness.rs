//! Mistakes that are one but for the value that is wrong.
//!
//! An expression in a loop, or in a template that many include, gives many values. Where the same is wrong with
//! several of them, the place to mend is one: it is told once, with how many others there are.

use super::{Diagnostic, Place, SourceMap};
use std::borrow::Cow;

/// What begins an expression.
const OPENINGS: [&str; 2] = ["${{", "$<<"];

/// Says whether two mistakes of one place differ only in the value that the expression there gave.
pub(super) fn is_like(one: &Diagnostic, other: &Diagnostic, sources: &SourceMap) -> bool {
    let is_same = one.code == other.code && one.severity == other.severity && one.part == other.part;
    is_same && is_of_expression(one, sources) && frame(&one.title) == frame(&other.title)
}

/// Says whether an expression stands at the place of a mistake.
fn is_of_expression(diagnostic: &Diagnostic, sources: &SourceMap) -> bool {
    let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { return false };
    let written = sources.source(span.source).and_then(|source| source.text.get(span.range()));
    written.is_some_and(holds_expression)
}

fn holds_expression(text: &str) -> bool {
    OPENINGS.iter().any(|opening| text.contains(opening))
}

/// Returns what a title says at a place: without the words in it that name a value, if an expression gave that.
pub(super) fn at_place<'t>(title: &'t str, place: Option<&Place>) -> Cow<'t, str> {
    let marked = place.and_then(|place| place.excerpt.get(place.mark.0..place.mark.1));
    if marked.is_some_and(holds_expression) { frame(title).into() } else { title.into() }
}

/// Returns a title without what stands between backticks in it.
fn frame(title: &str) -> String {
    title.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// Adds to `others` what a title names that differs from another one only in that.
pub(super) fn add(others: &mut Vec<String>, own: &str, title: &str) {
    let words = |title: &'_ str| title.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut differs = words(own).into_iter().zip(words(title)).filter(|(own, other)| own != other);
    if let Some((_, other)) = differs.next_back().filter(|(_, other)| !others.contains(other)) {
        others.push(other);
    }
}

/// Returns the note that names what else is wrong in the same way.
pub(super) fn note(others: &[String]) -> Option<String> {
    Some(match others {
        [] => return None,
        [only] => format!("so it is with `{only}`"),
        [first, second] => format!("so it is with `{first}` and `{second}`"),
        [first, more @ ..] => format!("so it is with `{first}` and {} others", more.len()),
    })
}
