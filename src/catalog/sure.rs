//! Which mistakes are there whatever the values are that a run will be started with.
//!
//! Without a payload every value of it is nothing, so what was found may be due to that. A mistake
//! is sure if no expression stands at its place, and, where it is about something that is not
//! there, if no expression could have brought it.

use super::prepare::expand;
use super::{Pipeline, Trigger};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::pipeline::{self, ScriptRules};
use crate::template::{Inputs, Template, TemplateKind};

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

/// Mistakes after which there is no tree to look at.
const WITHOUT_TREE: [Code; 2] = [Code::YamlSyntax, Code::YamlLimit];

/// Mistakes about what the pipeline around a template may bring.
const OF_SURROUNDINGS: [Code; 7] = [
    Code::UnknownDependency,
    Code::UnknownName,
    Code::UnknownOutput,
    Code::UnknownResource,
    Code::UnknownTemplate,
    Code::UnknownGroup,
    Code::RunName,
];

/// Adds what is wrong with a template by itself, whatever its parameters are and whoever uses it.
pub(super) fn add_sure_mistakes_of_template(
    template: &Template,
    kind: TemplateKind,
    inputs: Inputs,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) {
    if diagnostics.iter().any(|diagnostic| WITHOUT_TREE.contains(&diagnostic.code)) {
        return;
    }
    let mut found = Diagnostics::default();
    let document = template.expand_alone(kind, inputs, &mut found);
    let mut doubt = Doubt::new(sources, diagnostics);
    doubt.learn(&found);
    pipeline::examine(&document, "template", &ScriptRules::default(), &mut found);
    for diagnostic in found {
        let is_sure = doubt.is_sure(&diagnostic) && !OF_SURROUNDINGS.contains(&diagnostic.code);
        if is_sure && !is_known(&diagnostic, diagnostics) {
            diagnostics.push(diagnostic);
        }
    }
}

/// Adds what is wrong with a pipeline whatever it is started with to what is known of it already.
/// A pipeline that wants no values is looked at whole; of others, and of one that has mistakes
/// already, what does not depend on the values.
pub fn add_sure_mistakes(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if diagnostics.iter().any(|diagnostic| WITHOUT_TREE.contains(&diagnostic.code)) {
        return;
    }
    let mut found = Diagnostics::default();
    let document = expand(pipeline, &Trigger::default(), &mut found);
    let mut doubt = Doubt::new(&pipeline.sources, diagnostics);
    doubt.learn(&found);
    pipeline::examine(&document, &pipeline.name, &ScriptRules::default(), &mut found);
    let is_whole =
        pipeline.listeners.is_empty() && pipeline.template.parameters().is_empty() && !diagnostics.has_errors();
    for diagnostic in found {
        // A delivery gives no parameters, so that one without a value stops every delivery.
        let stops_deliveries = diagnostic.code == Code::MissingParameter && !pipeline.listeners.is_empty();
        let is_sure = is_whole || stops_deliveries || doubt.is_sure(&diagnostic);
        if is_sure && !is_known(&diagnostic, diagnostics) {
            diagnostics.push(diagnostic);
        }
    }
}

/// Says whether the same mistake was found when the file was read.
fn is_known(diagnostic: &Diagnostic, known: &Diagnostics) -> bool {
    let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.span);
    known.iter().any(|known| known.code == diagnostic.code && place(known) == place(diagnostic))
}

/// Mistakes of which this says nothing: a parameter may be given, and scripts are looked at for any
/// text when the file is read ([`pipeline::foresee`]).
const OTHERWISE_FOUND: [Code; 2] = [Code::MissingParameter, Code::TaintedInScript];

/// What may depend on values in one pipeline.
struct Doubt<'s> {
    sources: &'s SourceMap,
    /// Whether expressions may bring keys or items.
    brings_structure: bool,
    /// Expressions that do not end: each is over with its scalar, not with the file.
    unclosed: Vec<Span>,
}

impl<'s> Doubt<'s> {
    fn new(sources: &'s SourceMap, known: &Diagnostics) -> Self {
        let syntax = known.iter().filter(|diagnostic| diagnostic.code == Code::ExpressionSyntax);
        let places = syntax.filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span));
        Self {
            sources,
            brings_structure: sources.iter().any(|source| source.text.lines().any(brings_structure)),
            unclosed: places.collect(),
        }
    }

    /// Learns from the mistakes of an expansion: what could not be expanded without values would
    /// have brought something.
    fn learn(&mut self, found: &Diagnostics) {
        let would_bring = |it: &Diagnostic| !OTHERWISE_FOUND.contains(&it.code) && !self.is_sure(it);
        self.brings_structure |= found.iter().any(would_bring);
    }

    fn is_sure(&self, diagnostic: &Diagnostic) -> bool {
        let Some(place) = &diagnostic.primary else { return false };
        let source = self.sources.source(place.span.source);
        let written = source.and_then(|source| source.text.get(place.span.range())).unwrap_or_default();
        let before = source.and_then(|source| source.text.get(..place.span.range().start)).unwrap_or_default();
        let may_be_brought = self.brings_structure && ABSENCES.contains(&diagnostic.code);
        let depends = has_expression(written) || self.is_inside_expression(before, place.span);
        !OTHERWISE_FOUND.contains(&diagnostic.code) && !depends && !may_be_brought
    }

    /// Says whether a place stands in the midst of an expression, given the text before it: what is
    /// wrong there is wrong with the values that the expression had.
    fn is_inside_expression(&self, before: &str, place: Span) -> bool {
        let last = |marks: [&str; 2]| marks.iter().filter_map(|mark| before.rfind(mark)).max();
        let Some(opening) = last(OPENINGS).filter(|opening| last(CLOSINGS).is_none_or(|closing| closing < *opening))
        else {
            return false;
        };
        let is_over = |unclosed: &Span| {
            unclosed.source == place.source && unclosed.range().start == opening && unclosed.end <= place.start
        };
        !self.unclosed.iter().any(is_over)
    }
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
