//! Values that are a whole expression `$[ … ]`, which is evaluated when a job is due (reference,
//! section 4.2): those of variables, and settings of jobs. Elsewhere the same text is text.

use super::view::{Graph, View};
use super::{conditions, outputs};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::pipeline::condition;
use crate::pipeline::model::{Action, Pipeline, Step, Variable, Variables};
use crate::pipeline::value::{bracketed, is_expression, only_author};
use crate::taint::Text;
use std::cell::LazyCell;

const OPEN: &str = "$[";
const CLOSE: &str = "]";

pub(super) fn check(pipeline: &Pipeline, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    of_variables(&pipeline.variables, || graph.of_pipeline_variables(), diagnostics);
    for (at, stage) in graph.stages.iter().enumerate() {
        of_variables(&stage.stage.variables, || graph.of_stage_variables(at), diagnostics);
        for (place, job) in stage.jobs.iter().enumerate() {
            let view = graph.of_job(at, place);
            of_variables(&job.job.variables, || view.clone(), diagnostics);
            for late in job.job.late.all() {
                if let Some(expression) = conditions::one(late, &view.runtime(), diagnostics) {
                    outputs::check(&expression, late, &view, diagnostics);
                }
            }
            for step in job.job.all_steps() {
                of_step(step, diagnostics);
            }
        }
    }
}

/// `view` is what the expressions among the variables see, which takes a while to find.
fn of_variables<'g>(variables: &Variables, view: impl Fn() -> View<'g>, diagnostics: &mut Diagnostics) {
    let view = LazyCell::new(view);
    for variable in &variables.own {
        if is_written_by_the_author(&variable.value) {
            of_variable(variable, &view, diagnostics);
        } else {
            bracket_missing(&variable.value, variable.value_span, diagnostics);
        }
    }
}

/// Says whether the author wrote an expression; a payload's text never is one.
pub(in crate::pipeline) fn is_written_by_the_author(value: &Text) -> bool {
    let segments = value.segments();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return false };
    let is_whole = first.text.starts_with(OPEN) && last.text.ends_with(CLOSE);
    is_whole && value.len() > OPEN.len() && !first.is_tainted() && !last.is_tainted()
}

fn of_variable(variable: &Variable, view: &View<'_>, diagnostics: &mut Diagnostics) {
    let spans = vec![variable.value_span; variable.value.segments().len()];
    let Some(text) = condition::splice(&variable.value, &spans, diagnostics) else { return };
    if !is_expression(&text) {
        let title = "an expression stands between `$[` and `]`";
        let empty = Diagnostic::error(Code::ExpressionSyntax, title, variable.value_span, "nothing is between them");
        diagnostics.push(empty);
        return;
    }
    let written = bracketed(&text, variable.value_span, !variable.value.is_tainted(), only_author(&variable.value));
    let Some(expression) = conditions::one(&written, &view.runtime().in_variable(), diagnostics) else { return };
    outputs::check(&expression, &written, view, diagnostics);
    if expression.gives_list() {
        let title = "a list can't be the value of a variable";
        let list = Diagnostic::error(Code::Conversion, title, written.span, "this gives a list");
        diagnostics.push(list.help("write `join(',', …)` around it, or take one item: `split(…)[0]`"));
    }
}

/// Warns of a value that an author meant as an expression, and that one bracket keeps from being one.
fn bracket_missing(value: &Text, span: Span, diagnostics: &mut Diagnostics) {
    let Some(text) = value.segments().first().filter(|first| !first.is_tainted()).map(|first| &*first.text) else {
        return;
    };
    let count = |bracket: &str| value.flatten().matches(bracket).count();
    let bracket = if text.starts_with(OPEN) && count(CLOSE) < count("[") {
        CLOSE
    } else if text.starts_with("$ ") && text.ends_with(" ]") && !text.contains('[') {
        "["
    } else {
        return;
    };
    let title = format!("this is text and no expression: `{bracket}` is missing");
    let half = Diagnostic::warning(Code::ExpressionSyntax, title, span, "this is not evaluated");
    diagnostics.push(half.help("write `$[ … ]` around the whole expression"));
}

/// Returns a warning of what an author meant as an expression in a place that takes none.
pub(in crate::pipeline) fn not_evaluated(place: &str, value: &Text, span: Span) -> Option<Diagnostic> {
    if !is_written_by_the_author(value) {
        return None;
    }
    let title = format!("`$[ ]` is text in `{}`", crate::diagnostic::shown(place));
    let warning = Diagnostic::warning(Code::NoEffect, title, span, "this is not evaluated");
    Some(warning.help("give a variable this value, and write `$(name)` here"))
}

/// A step knows no expressions of this kind; what looks like one stays text.
fn of_step(step: &Step, diagnostics: &mut Diagnostics) {
    let directory = step.working_directory.iter().map(|it| ("workingDirectory", &it.value, it.span));
    let inputs = if let Action::Task(task) = &step.action { task.inputs.as_slice() } else { &[] };
    let inputs = inputs.iter().map(|(name, value)| (name.value.as_str(), value, name.span));
    for warning in directory.chain(inputs).filter_map(|(place, value, span)| not_evaluated(place, value, span)) {
        diagnostics.push(warning);
    }
    for (name, _) in step.env.iter().filter(|(_, value)| is_written_by_the_author(value)) {
        let title = format!("`$[ ]` in `env` is text: `{}` gets it as it is", crate::diagnostic::shown(&name.value));
        let text = Diagnostic::warning(Code::NoEffect, title, name.span, "this is not evaluated");
        diagnostics.push(text.help("give a variable of the job this value, and write `$(name)` here"));
    }
}
