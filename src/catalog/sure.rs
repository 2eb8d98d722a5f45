//! Which mistakes are there whatever the values are that a run will be started with.
//!
//! Without a payload every value of it is nothing, so what was found may be due to that. A mistake
//! is sure if no expression stands at its place, and, where it is about something that is not
//! there, if no expression could have brought it.

use super::pass::{self, Pass};
use super::prepare::inputs;
use super::text::OPENINGS;
use super::{Pipeline, Trigger, every, possible, text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, Span};
use crate::pipeline::{self, ScriptRules};
use crate::shell::Substitution;
use crate::template::{Gaps, Inputs, Node, Template, TemplateKind};

/// How it ends.
const CLOSINGS: [&str; 2] = ["}}", ">>"];
/// Mistakes about something that is not there.
pub(super) const ABSENCES: [Code; 7] = [
    Code::MissingKey,
    Code::MissingInput,
    Code::UnknownDependency,
    Code::UnknownName,
    Code::UnknownOutput,
    Code::UnknownResource,
    Code::RunName,
];

/// Mistakes after which something is left out of which no expansion knows.
const LEFT_OUT: [Code; 4] = [Code::YamlSyntax, Code::YamlLimit, Code::ExpansionLimit, Code::Directive];

/// Mistakes after which nothing more is said about their place.
const FINAL: [Code; 2] = [Code::DuplicateKey, Code::UnreadableFile];

/// Mistakes of single expressions.
const OF_EXPRESSIONS: [Code; 7] = [
    Code::ExpressionSyntax,
    Code::UnknownName,
    Code::UnknownFunction,
    Code::ArgumentCount,
    Code::Conversion,
    Code::ExpressionLimit,
    Code::NotAString,
];

/// The text of the pipeline's own file.
const PIPELINE: SourceId = SourceId(0);

/// The note of a mistake that a run has for which people give no parameters.
pub(super) const BY_DEFAULT: &str = "a run without `--parameter` has this mistake: the defaults lead to it";

/// Mistakes after which there is no tree to look at.
pub(super) const WITHOUT_TREE: [Code; 2] = [Code::YamlSyntax, Code::YamlLimit];

/// Mistakes about what the pipeline around a template may bring.
pub(super) const OF_SURROUNDINGS: [Code; 7] = [
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
    let (document, gaps) = template.expand_alone(kind, inputs.clone(), &mut found);
    let doubt = Doubt { given: template.parameters_place(), ..Doubt::new(sources, diagnostics, &found) };
    pipeline::examine(&document, "template", &ScriptRules::default(), &mut found);
    let found = gaps.explain(found, sources);
    let passes = possible::passes_of_template(template, kind, &inputs, sources, &found);
    let doubt = Doubt { passes: Some(&passes), ..doubt };
    let read = diagnostics.len();
    let in_every_use = every::of_template(template, kind, &inputs, sources, diagnostics);
    let own = in_every_use.into_iter().filter(|it| !OF_SURROUNDINGS.contains(&it.code));
    own.for_each(|mistake| add_news(mistake, diagnostics, read));
    for diagnostic in found {
        if doubt.is_sure(&diagnostic) && !OF_SURROUNDINGS.contains(&diagnostic.code) {
            add_news(diagnostic, diagnostics, read);
        }
    }
    possible::add_of_template(&passes, &Judge { doubt: &doubt, read }, diagnostics);
}

/// Adds what is wrong with a pipeline whatever it is started with to what is known of it already.
/// A pipeline that wants no values is looked at whole; of others, and of one that has mistakes
/// already, what does not depend on the values (`every`, and `Doubt::is_sure`).
pub fn add_sure_mistakes(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if has_no_tree(diagnostics) {
        return;
    }
    let mut found = Diagnostics::default();
    let inputs = inputs(pipeline, &Trigger::default(), &mut found);
    let (document, gaps) = pipeline.template.expand_with_gaps(&inputs, &mut found);
    let given = pipeline.template.parameters_place().filter(|_| pipeline.listeners.is_empty());
    let doubt = Doubt { given, ..Doubt::new(&pipeline.sources, diagnostics, &found) };
    let rules = pipeline.scripts.rules_without_values(possible::UNJUDGED);
    let mut of_expansion = found.len();
    // What an expansion has not come to is not missing.
    if !is_cut_short(&found) {
        let mut examined = Diagnostics::default();
        pipeline::examine(&document, &pipeline.name, &rules, &mut examined);
        found = gaps.explain(found, &pipeline.sources);
        of_expansion = found.len();
        found.append(gaps.explain(examined, &pipeline.sources));
    }
    let passes = possible::Passes::new(pipeline, &found);
    let doubt = Doubt { passes: Some(&passes.all), ..doubt };
    let has_errors = diagnostics.has_errors();
    let has_no_parameters = pipeline.template.parameters().is_empty();
    let has_defaults = pipeline.template.parameters().iter().all(|it| it.default.is_some());
    let read = diagnostics.len();
    every::of_pipeline(pipeline, diagnostics).into_iter().for_each(|mistake| add_news(mistake, diagnostics, read));
    for (at, diagnostic) in found.into_iter().enumerate() {
        // A text in which a value is missing is not the author's.
        let lacks_value = |span: Span| gaps.places.iter().any(|gap| gap.overlaps(span));
        let is_lacking = diagnostic.primary.as_ref().is_some_and(|label| lacks_value(label.span));
        if diagnostic.code == Code::ExpressionSyntax && is_lacking {
            continue;
        }
        // What has no value because of another mistake is no object.
        let is_apart = !has_errors || diagnostic.code == Code::NotAString;
        let is_alone = pipeline.listeners.is_empty() && is_apart;
        let is_whole = is_alone && has_no_parameters;
        let is_by_default = is_alone && has_defaults;
        // A delivery gives no parameters, so that one without a value stops every delivery.
        let stops_deliveries = !pipeline.listeners.is_empty() && diagnostic.code == Code::MissingParameter;
        let is_sure = is_whole || stops_deliveries || doubt.is_sure(&diagnostic);
        if is_sure {
            add_news(diagnostic, diagnostics, read);
            continue;
        }
        // Why a value is missing in the document has been told.
        let follows = is_lacking && at >= of_expansion;
        let is_wrong = diagnostic.severity == Severity::Error || diagnostic.code == Code::UnknownMember;
        let is_by_default = is_by_default && is_wrong && !follows;
        match known_at(&diagnostic, diagnostics, read) {
            Some(known) if is_by_default => {
                diagnostics.annotate(known, BY_DEFAULT);
                diagnostics.join_ways(known, &diagnostic.ways);
            }
            None if is_by_default => {
                diagnostics.push(Diagnostic { severity: Severity::Warning, ..diagnostic.note(BY_DEFAULT) });
            }
            _ => {}
        }
    }
    possible::add_of_pipeline(pipeline, &passes, &Judge { doubt: &doubt, read }, diagnostics);
}

/// Says whether an expansion met a limit, or went round in a circle, so that it has not come to the rest.
pub(super) fn is_cut_short(found: &Diagnostics) -> bool {
    found.iter().any(|it| matches!(it.code, Code::ExpansionLimit | Code::TemplateCycle))
}

/// Says whether a pipeline's own file could not be read as far as to have a tree.
pub(super) fn has_no_tree(diagnostics: &Diagnostics) -> bool {
    let is_of_pipeline = |it: &Diagnostic| it.primary.as_ref().is_some_and(|label| label.span.source == PIPELINE);
    diagnostics.iter().any(|it| WITHOUT_TREE.contains(&it.code) && is_of_pipeline(it))
}

/// What is known about a file when others of its mistakes are looked for.
pub(super) struct Judge<'j> {
    doubt: &'j Doubt<'j>,
    /// How many mistakes were found when the file was read.
    read: usize,
}

impl Judge<'_> {
    /// Says whether a mistake does not depend on values.
    pub(super) fn is_sure(&self, diagnostic: &Diagnostic) -> bool {
        self.doubt.is_sure(diagnostic)
    }

    /// Says whether a mistake is about a key that excludes another one, or needs it.
    pub(super) fn is_of_company(&self, diagnostic: &Diagnostic) -> bool {
        let place = diagnostic.primary.as_ref().filter(|_| diagnostic.code == Code::InvalidValue);
        let source = place.and_then(|place| Some((place.span, self.doubt.sources.source(place.span.source)?)));
        source.is_some_and(|(span, source)| text::is_key(&source.text, span.range().end))
    }

    /// Says whether nothing of the kind has been told.
    pub(super) fn is_news(&self, diagnostic: &Diagnostic, known: &Diagnostics) -> bool {
        known_at(diagnostic, known, self.read).is_none()
    }
}

/// Adds what is wrong with an expanded document that has mistakes already: at places where no expression
/// stands, and at those whose expressions all had their values. `gaps` are the places that had none.
pub(super) fn add_mistakes_beside(
    pipeline: &Pipeline,
    document: &Node,
    gaps: &Gaps,
    substitution: Substitution,
    diagnostics: &mut Diagnostics,
) {
    if is_cut_short(diagnostics) {
        return;
    }
    let doubt = Doubt::of_gaps(&pipeline.sources, diagnostics);
    let mut found = Diagnostics::default();
    pipeline::examine(document, &pipeline.name, &pipeline.scripts.rules(substitution), &mut found);
    let read = diagnostics.len();
    for diagnostic in gaps.explain(found, &pipeline.sources) {
        if doubt.is_sure(&diagnostic) || doubt.had_values(&diagnostic, document, gaps) {
            add_news(gaps.told(diagnostic), diagnostics, read);
        }
    }
}

/// Adds a mistake of which nothing is known. One that was known as what may be wrong is wrong.
fn add_news(mistake: Diagnostic, diagnostics: &mut Diagnostics, read: usize) {
    match known_at(&mistake, diagnostics, read) {
        Some(known) => {
            diagnostics.raise(known, mistake.severity);
            diagnostics.join_ways(known, &mistake.ways);
        }
        None => diagnostics.push(mistake),
    }
}

/// Returns which of the known mistakes one is: the same was found before, or one of its kind at its place when
/// the file was read, which had other words for it. `read` is how many were found then.
fn known_at(diagnostic: &Diagnostic, known: &Diagnostics, read: usize) -> Option<usize> {
    let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.span);
    let is_same = |(at, known): (usize, &Diagnostic)| {
        if place(known) != place(diagnostic) {
            return false;
        }
        // What is no text, or no list, has nothing else that could be right.
        let is_final = FINAL.contains(&known.code)
            || at < read && known.code == Code::WrongType
            || known.code == diagnostic.code && is_whatever_comes(known);
        is_final || known.code == diagnostic.code && (at < read || known.title == diagnostic.title)
    };
    known.iter().enumerate().position(is_same)
}

/// Mistakes of which this says nothing: a parameter may be given, and scripts are looked at for any
/// text when the file is read ([`pipeline::foresee`]).
const OTHERWISE_FOUND: [Code; 2] = [Code::MissingParameter, Code::TaintedInScript];

/// What may depend on values in one pipeline.
pub(super) struct Doubt<'s> {
    pub(super) sources: &'s SourceMap,
    /// Whether mistakes hide keys or items, wherever these would stand.
    hides_more: bool,
    /// Where each branch was looked at: what was missing there. `None` for the document of a run, which is all
    /// that there is.
    passes: Option<&'s [Pass]>,
    /// Expressions that do not end: each is over with its scalar, not with the file.
    unclosed: Vec<Span>,
    /// The defaults in whose place other values may be given.
    given: Option<Span>,
}

impl<'s> Doubt<'s> {
    /// `known` is what is wrong with the files, and `found` with an expansion.
    fn new(sources: &'s SourceMap, known: &Diagnostics, found: &Diagnostics) -> Self {
        let syntax = known.iter().filter(|diagnostic| diagnostic.code == Code::ExpressionSyntax);
        let places = syntax.filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span));
        let mut doubt = Self { sources, hides_more: false, passes: None, unclosed: places.collect(), given: None };
        let is_left_out = |it: &Diagnostic| LEFT_OUT.contains(&it.code);
        let hides = |it: &Diagnostic| is_left_out(it) || OF_EXPRESSIONS.contains(&it.code) && doubt.would_bring(it);
        doubt.hides_more = known.iter().any(hides) || is_cut_short(found);
        doubt
    }

    /// Returns what is in doubt where the document has a gap for all that may be missing because of a mistake.
    pub(super) fn of_gaps(sources: &'s SourceMap, known: &Diagnostics) -> Self {
        Self { hides_more: false, ..Self::new(sources, known, &Diagnostics::default()) }
    }

    /// Says whether the value that could not be made might have brought keys, items or names: all
    /// might but those of text.
    fn would_bring(&self, diagnostic: &Diagnostic) -> bool {
        let place = diagnostic.primary.as_ref().filter(|_| OF_EXPRESSIONS.contains(&diagnostic.code));
        let source = place.and_then(|place| Some((place.span, self.sources.source(place.span.source)?)));
        source.is_none_or(|(span, source)| !text::is_text(&source.text, span.range().start))
    }

    fn is_sure(&self, diagnostic: &Diagnostic) -> bool {
        let Some(place) = &diagnostic.primary else { return false };
        let source = self.sources.source(place.span.source);
        let written = source.and_then(|source| source.text.get(place.span.range())).unwrap_or_default();
        let before = source.and_then(|source| source.text.get(..place.span.range().start)).unwrap_or_default();
        let is_expression = OPENINGS.iter().any(|opening| written.starts_with(opening));
        let depends = match diagnostic.code {
            // That there are too many depends on what is brought, not on what one of them says.
            Code::ExpansionLimit if !is_expression => self.may_be_fewer(),
            code => {
                let is_given = self.given.is_some_and(|given| given.overlaps(place.span));
                // Whoever reads a script reads it whatever values come into it.
                let is_of_text = match code {
                    Code::MissingProgram => false,
                    // What is more than one expression is text, a list or a mapping whatever the expression gives.
                    Code::WrongType => is_expression || begins_with_expression(written),
                    _ => has_expression(written),
                };
                is_given || is_of_text || self.is_inside_expression(before, place.span)
            }
        };
        let is_about_others = source.is_some_and(|source| is_about_others(diagnostic, &source.text, place.span));
        !OTHERWISE_FOUND.contains(&diagnostic.code) && !depends && !self.may_be_brought(diagnostic) && !is_about_others
    }

    /// Says whether items of lists are not the author's own, so that other values may bring fewer.
    fn may_be_fewer(&self) -> bool {
        let begins = |line: &str| {
            let line = line.trim_start_matches([' ', '-', '\'', '"']);
            let value = line.split_once(':').map_or("", |(_, value)| value.trim_start());
            OPENINGS.iter().any(|opening| line.starts_with(opening) || value.starts_with(opening))
        };
        self.sources.iter().any(|source| source.text.lines().any(begins))
    }

    /// Says whether a mistake is about something that is not there and that other values would bring.
    fn may_be_brought(&self, diagnostic: &Diagnostic) -> bool {
        let is_missing = || self.passes.is_none_or(|passes| pass::agree(passes, diagnostic));
        ABSENCES.contains(&diagnostic.code) && (self.hides_more || !is_missing())
    }

    /// Says whether the expressions at the place of a mistake all had their values, so that it does not
    /// follow from another one, or whether their values are no matter.
    pub(super) fn had_values(&self, diagnostic: &Diagnostic, document: &Node, gaps: &Gaps) -> bool {
        let Some(place) = diagnostic.primary.as_ref().map(|label| label.span) else { return false };
        let is_of_author = || match diagnostic.code {
            // A list is one whatever its items are, and so is a mapping; text around expressions is text.
            Code::WrongType => document.has_form_at(place) && !gaps.is_whole_value(place),
            _ => is_whatever_comes(diagnostic),
        };
        let had_values = || is_of_author() || !gaps.places.iter().any(|gap| gap.overlaps(place));
        !self.may_be_brought(diagnostic) && had_values()
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

/// Says whether a mistake is in what the author wrote around expressions.
fn is_whatever_comes(diagnostic: &Diagnostic) -> bool {
    diagnostic.notes.iter().any(|note| note == pipeline::WHATEVER_COMES)
}

/// Says whether a value begins with an expression, in quotes or not: then it may be nothing else.
fn begins_with_expression(written: &str) -> bool {
    let written = written.trim_start_matches(['\'', '"']).trim_start();
    OPENINGS.iter().any(|opening| written.starts_with(opening))
}

/// Says whether a mistake at a key may be due to what a directive beside it brings or does not bring: the
/// first key of a mapping says what it is, and some keys need another one or exclude it.
fn is_about_others(diagnostic: &Diagnostic, text: &str, place: Span) -> bool {
    if !text::is_key(text, place.range().end) {
        return false;
    }
    let brought = text::brought_beside(text, place.range().start);
    match diagnostic.code {
        // A word that is near one of the first keys is that.
        Code::UnknownKey => brought.first || brought.any && diagnostic.help.is_none(),
        Code::InvalidValue | Code::FirstKey => brought.any,
        _ => false,
    }
}

fn has_expression(text: &str) -> bool {
    OPENINGS.iter().any(|opening| text.contains(opening))
}
