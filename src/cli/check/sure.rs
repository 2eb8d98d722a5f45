//! Which mistakes are there whatever the values are that a run will be started with.
//!
//! Without a payload every value of it is nothing, so what was found may be due to that. A mistake
//! is sure if no expression stands at its place, and, where it is about something that is not
//! there, if no expression could have brought it.

use crate::diagnostic::{Code, Diagnostic, SourceMap, Span};

/// How an expression begins that has its value before a run.
const OPENINGS: [&str; 2] = ["${{", "$<<"];
/// How it ends.
const CLOSINGS: [&str; 2] = ["}}", ">>"];
/// Keys whose values have a structure, which an expression may give as a whole.
const STRUCTURES: [&str; 13] = [
    "stages",
    "jobs",
    "steps",
    "variables",
    "pool",
    "strategy",
    "matrix",
    "parameters",
    "inputs",
    "env",
    "container",
    "services",
    "dependsOn",
];
/// Mistakes about something that is not there.
const ABSENCES: [Code; 7] = [
    Code::MissingKey,
    Code::MissingInput,
    Code::UnknownDependency,
    Code::UnknownName,
    Code::UnknownOutput,
    Code::UnknownResource,
    Code::RunName,
];

/// What may depend on values in one pipeline.
pub(super) struct Doubt<'s> {
    sources: &'s SourceMap,
    /// Whether expressions may bring keys or items.
    brings_structure: bool,
}

impl<'s> Doubt<'s> {
    pub(super) fn new(sources: &'s SourceMap) -> Self {
        let text = sources.source(Span::NONE.source).map_or("", |source| &source.text);
        Self { sources, brings_structure: text.lines().any(brings_structure) }
    }

    pub(super) fn is_sure(&self, diagnostic: &Diagnostic) -> bool {
        let Some(place) = &diagnostic.primary else { return false };
        let source = self.sources.source(place.span.source);
        let written = source.and_then(|source| source.text.get(place.span.range())).unwrap_or_default();
        let before = source.and_then(|source| source.text.get(..place.span.range().start)).unwrap_or_default();
        let may_be_brought = self.brings_structure && ABSENCES.contains(&diagnostic.code);
        let depends = has_expression(written) || ends_inside_expression(before);
        diagnostic.code != Code::MissingParameter && !depends && !may_be_brought
    }
}

/// Says whether a text ends in the midst of an expression: what is wrong behind it is wrong with the
/// values that the expression had.
fn ends_inside_expression(text: &str) -> bool {
    let last = |marks: [&str; 2]| marks.iter().filter_map(|mark| text.rfind(mark)).max();
    last(OPENINGS).is_some_and(|opening| last(CLOSINGS).is_none_or(|closing| closing < opening))
}

fn has_expression(text: &str) -> bool {
    OPENINGS.iter().any(|opening| text.contains(opening))
}

/// Says whether an expression is a whole item, a key, or the whole value of a key that has a
/// structure.
fn brings_structure(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '-', '\'', '"']);
    let begins = |text: &str| OPENINGS.iter().any(|opening| text.starts_with(opening));
    let value = line.split_once(':').filter(|(key, _)| STRUCTURES.contains(key)).map(|(_, value)| value.trim_start());
    begins(line) || value.is_some_and(begins)
}
