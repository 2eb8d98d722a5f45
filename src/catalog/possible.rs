//! Which mistakes a run has if its values lead to them: told as warnings, for runs that do not come
//! there are not rejected.
//!
//! Each branch of each `if` is looked at once, and each loop has a turn. A pipeline that a webhook starts
//! gets a payload that has a text wherever it reads one, so that a place is told which takes none.

use super::draft::blank_payload;
use super::pass::Pass;
use super::prepare::inputs;
use super::sure::{ABSENCES, Judge, OF_SURROUNDINGS};
use super::{Listener, Pipeline, Trigger, TriggeringWebhook};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::expression::{PAYLOAD_AS_FORMAT, PAYLOAD_AS_NAME};
use crate::pipeline::ScriptRules;
use crate::shell::Substitution;
use crate::template::{Branches, Inputs, Template, TemplateKind};
use std::collections::HashSet;

/// The most webhooks of one pipeline whose payloads are looked at.
const LISTENERS_MAX: usize = 8;

/// Mistakes that can be seen where they stand, whatever else a document has: branches are looked at
/// together that may never be taken together.
const LOCAL: [Code; 10] = [
    Code::UnknownKey,
    Code::FirstKey,
    Code::WrongType,
    Code::InvalidValue,
    Code::OldForm,
    Code::UnknownTask,
    Code::UnknownInput,
    Code::UnknownFunction,
    Code::ArgumentCount,
    Code::ExpressionSyntax,
];
/// Mistakes of expressions that are read when a run goes on.
const OF_EXPRESSIONS: [Code; 3] = [Code::UnknownFunction, Code::ArgumentCount, Code::ExpressionSyntax];
/// The note of a mistake that the runs have which come to its place.
pub(super) const REJECTED: &str = "a run whose values lead here is rejected for it";
/// Passes look at no scripts: what their places take is known for any text when the file is read.
pub(super) const UNJUDGED: Substitution = Substitution::Raw;
/// Mistakes of places that take no text of a payload, whatever it says.
const OF_TEXT: [Code; 4] = [Code::TaintedStructure, Code::TaintedCondition, Code::TaintedChoice, Code::TaintedInScript];

/// Mistakes by which such a place refuses a number too: a name with a number in it may be that of no file.
const REFUSING: [Code; 4] =
    [Code::TaintedStructure, Code::TaintedCondition, Code::TaintedChoice, Code::UnknownTemplate];

/// Returns the passes over a template by itself. `found` is what is wrong without branches.
pub(super) fn passes_of_template(
    template: &Template,
    kind: TemplateKind,
    inputs: &Inputs,
    sources: &SourceMap,
    found: &Diagnostics,
) -> Vec<Pass> {
    let pass = |at| {
        let mut found = Diagnostics::default();
        let inputs = Inputs { branches: Branches::Each(at), ..inputs.clone() };
        let made = template.expand_alone(kind, inputs, &mut found);
        Pass::new(made, ("template", sources), &ScriptRules { substitution: UNJUDGED, ..ScriptRules::default() }, found)
    };
    (0..template.branches().max(least(found))).map(pass).collect()
}

/// Returns how many passes there are at least: what is missing may be missing for want of values.
fn least(found: &Diagnostics) -> usize {
    usize::from(found.iter().any(|it| ABSENCES.contains(&it.code)))
}

/// The passes over a pipeline.
pub(super) struct Passes<'p> {
    /// With nothing, or with texts wherever a payload is read.
    pub(super) all: Vec<Pass>,
    /// For each of these the webhook resource whose payload it has, and the place of its branches.
    of: Vec<(&'p Listener, usize)>,
}

impl<'p> Passes<'p> {
    /// `found` is what is wrong without branches.
    pub(super) fn new(pipeline: &'p Pipeline, found: &Diagnostics) -> Self {
        let branches = pipeline.template.branches();
        if pipeline.listeners.is_empty() {
            let branches = branches.max(least(found));
            let all = (0..branches).map(|at| examined(pipeline, &Trigger::default(), at)).collect();
            return Self { all, of: Vec::new() };
        }
        let listeners = pipeline.listeners.iter().take(LISTENERS_MAX);
        let of: Vec<(&Listener, usize)> =
            listeners.flat_map(|listener| (0..branches.max(1)).map(move |at| (listener, at))).collect();
        let text = |place: usize| format!("\"{place}\"");
        Self { all: of.iter().map(|(listener, at)| with_payload(pipeline, listener, *at, text)).collect(), of }
    }
}

/// Adds what a template by itself would be rejected for.
pub(super) fn add_of_template(passes: &[Pass], judge: &Judge<'_>, diagnostics: &mut Diagnostics) {
    for pass in passes {
        add_local(pass.found.iter().filter(|it| !OF_SURROUNDINGS.contains(&it.code)), judge, diagnostics);
    }
}

/// Adds what runs of a pipeline would be rejected for.
pub(super) fn add_of_pipeline(
    pipeline: &Pipeline,
    passes: &Passes<'_>,
    judge: &Judge<'_>,
    diagnostics: &mut Diagnostics,
) {
    for (number, Pass { found: of_text, .. }) in passes.all.iter().enumerate() {
        let may_be_of_values = |it: &Diagnostic| OF_TEXT.contains(&it.code) || OF_EXPRESSIONS.contains(&it.code);
        let of = passes.of.get(number).filter(|_| of_text.iter().any(may_be_of_values));
        if let Some((listener, at)) = of {
            // A place that takes a number is no mistake: the sender may always send one.
            let of_number = with_payload(pipeline, listener, *at, |place| place.to_string()).found;
            let places = places(&of_number, &REFUSING);
            let is_refused = |it: &&Diagnostic| {
                it.severity == Severity::Error
                    && OF_TEXT.contains(&it.code)
                    && (is_among(it, &places) || is_meant_for_text(it))
            };
            let note = "a delivery that brings text here is rejected";
            let refused: Vec<Diagnostic> = of_text.iter().filter(is_refused).cloned().collect();
            add_of_expressions(pipeline, listener, (*at, of_number), judge, diagnostics);
            for mistake in refused {
                if !is_inside_wrong(&mistake, diagnostics) {
                    add(mistake, note, judge, diagnostics);
                }
            }
        }
        add_local(of_text.iter(), judge, diagnostics);
        // What can't begin when its time comes is no reason to reject the run before.
        let is_later = |it: &&Diagnostic| it.severity == Severity::Warning && it.code == Code::TaintedStructure;
        for mistake in
            of_text.iter().filter(is_later).filter(|it| judge.is_news(it, diagnostics)).cloned().collect::<Vec<_>>()
        {
            diagnostics.push(mistake);
        }
    }
}

/// Says whether a place that takes no text of a payload is one for which payloads have nothing else: an
/// expression that is evaluated later, a program, the format of a text, and the name of a value.
fn is_meant_for_text(mistake: &Diagnostic) -> bool {
    let titles = [PAYLOAD_AS_FORMAT, PAYLOAD_AS_NAME];
    let codes = [Code::TaintedCondition, Code::TaintedInScript];
    codes.contains(&mistake.code) || titles.contains(&mistake.title.as_str())
}

/// Says whether payload text stands in an expression that is wrong with every value.
fn is_inside_wrong(mistake: &Diagnostic, known: &Diagnostics) -> bool {
    let span = |it: &Diagnostic| it.primary.as_ref().map(|label| label.span);
    let is_around = |it: &Diagnostic| {
        let places = span(it).zip(span(mistake));
        OF_EXPRESSIONS.contains(&it.code) && places.is_some_and(|(wrong, place)| wrong.overlaps(place))
    };
    mistake.code == Code::TaintedCondition && known.iter().any(is_around)
}

/// Adds what is wrong with expressions of a run into which a payload's value comes, if it is wrong with a
/// number there and with another. `of_number` is what is wrong with the numbers that the places have.
fn add_of_expressions(
    pipeline: &Pipeline,
    listener: &Listener,
    (at, of_number): (usize, Diagnostics),
    judge: &Judge<'_>,
    diagnostics: &mut Diagnostics,
) {
    let others = places(&with_payload(pipeline, listener, at, |_| "0".to_owned()).found, &OF_EXPRESSIONS);
    for mistake in of_number.into_iter().filter(|it| OF_EXPRESSIONS.contains(&it.code) && is_among(it, &others)) {
        add(mistake, REJECTED, judge, diagnostics);
    }
}

/// Makes a pass where the payload has a value, by its number, wherever the pipeline reads one.
fn with_payload(pipeline: &Pipeline, listener: &Listener, at: usize, value: impl Fn(usize) -> String) -> Pass {
    let values: Vec<String> = (0..listener.reads.len()).map(value).collect();
    let webhook = TriggeringWebhook {
        alias: &listener.resource.alias,
        payload: blank_payload(&listener.reads, &values),
        headers: &[],
        event: None,
        delivery: "",
    };
    examined(pipeline, &Trigger { webhook: Some(webhook), ..Trigger::default() }, at)
}

/// Makes the pass over a pipeline of whose choices the branch at a place is taken.
fn examined(pipeline: &Pipeline, trigger: &Trigger<'_>, at: usize) -> Pass {
    let mut found = Diagnostics::default();
    let inputs = Inputs { branches: Branches::Each(at), ..inputs(pipeline, trigger, &mut found) };
    let made = pipeline.template.expand_with_gaps(&inputs, &mut found);
    let rules = ScriptRules { is_foresight: true, ..pipeline.scripts.rules(UNJUDGED) };
    Pass::new(made, (&pipeline.name, &pipeline.sources), &rules, found)
}

fn add_local<'f>(found: impl Iterator<Item = &'f Diagnostic>, judge: &Judge<'_>, diagnostics: &mut Diagnostics) {
    let is_told = |code: Code| LOCAL.contains(&code) || ABSENCES.contains(&code);
    for diagnostic in found.filter(|it| it.severity == Severity::Error && is_told(it.code)) {
        // Branches that exclude each other bring keys that do.
        if judge.is_sure(diagnostic) && !judge.is_of_company(diagnostic) {
            add(diagnostic.clone(), REJECTED, judge, diagnostics);
        }
    }
}

fn add(diagnostic: Diagnostic, note: &str, judge: &Judge<'_>, diagnostics: &mut Diagnostics) {
    if judge.is_news(&diagnostic, diagnostics) {
        diagnostics.push(Diagnostic { severity: Severity::Warning, ..diagnostic.note(note) });
    }
}

/// Returns where mistakes of some codes are.
fn places(found: &Diagnostics, codes: &[Code]) -> HashSet<Span> {
    let is_meant = |it: &&Diagnostic| codes.contains(&it.code);
    found.iter().filter(is_meant).filter_map(|it| it.primary.as_ref()).map(|label| label.span).collect()
}

fn is_among(diagnostic: &Diagnostic, places: &HashSet<Span>) -> bool {
    diagnostic.primary.as_ref().is_some_and(|label| places.contains(&label.span))
}
