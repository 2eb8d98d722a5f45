//! Conditions are expressions of known names and functions (reference, section 3.8).

use crate::diagnostic::{Diagnostic, Diagnostics, Span, shown};
use crate::expression::{Dialect, Expression, Mistake, Scope};
use crate::pipeline::model::{Condition, Job, Pipeline, Placed, Stage};
use crate::pipeline::schema::unsupported;
use std::ops::Range;

/// A name that the language has in conditions of stages and jobs and this version has not.
const LATER: &str = "pipeline";
/// What to do instead.
const HELP: &str = "put `$[pipeline.startTime]` into a variable, and look at that";

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let names = pipeline.stage_names();
    for (place, stage) in pipeline.stages.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| names[before].as_str());
        if let Some(condition) = &stage.condition {
            graph(condition, stage_dependencies(stage, before), diagnostics);
        }
        for job in &stage.jobs {
            check_job(job, diagnostics);
        }
    }
}

/// Returns the names of the stages that a stage waits for itself.
fn stage_dependencies<'p>(stage: &'p Stage, before: Option<&'p str>) -> Vec<&'p str> {
    match &stage.depends_on {
        Some(names) => values(names),
        None => before.into_iter().collect(),
    }
}

fn values(names: &[Placed<String>]) -> Vec<&str> {
    names.iter().map(|name| name.value.as_str()).collect()
}

fn check_job(job: &Job, diagnostics: &mut Diagnostics) {
    if let Some(condition) = &job.condition {
        graph(condition, values(&job.depends_on), diagnostics);
    }
    for condition in job.steps.iter().filter_map(|step| step.condition.as_ref()) {
        let scope = Scope::new(Dialect::Condition).with_name("variables").in_step();
        one(condition, &scope, diagnostics);
    }
}

/// Checks the condition of a stage or job, which sees what it waits for.
fn graph(condition: &Condition, dependencies: Vec<&str>, diagnostics: &mut Diagnostics) {
    let scope = Scope::new(Dialect::Condition).with_name("variables").with_members("dependencies", dependencies);
    let scope = scope.with_name("stageDependencies").with_name(LATER);
    let Some(expression) = one(condition, &scope, diagnostics) else { return };
    for reference in expression.references() {
        if reference.root.eq_ignore_ascii_case(LATER) {
            diagnostics.push(unsupported(LATER, place(condition, reference.range), HELP));
        }
    }
}

/// Reports what is wrong with one condition, and returns it if it could be parsed.
pub(super) fn one(condition: &Condition, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Expression> {
    let parsed = Expression::parse(&condition.text);
    let mistakes = match &parsed {
        Ok(expression) => expression.check(scope),
        Err(mistake) => vec![mistake.clone()],
    };
    for mistake in mistakes {
        diagnostics.push(diagnostic(mistake, condition));
    }
    parsed.ok()
}

/// Returns the place of a part of the condition, or the whole of it where the part was put
/// together from several places.
pub(super) fn place(condition: &Condition, part: Range<usize>) -> Span {
    let base = condition.span.start as usize;
    match condition.is_verbatim {
        true => Span::new(condition.span.source, base + part.start, base + part.end),
        false => condition.span,
    }
}

/// Where the whole condition is marked, the part at fault is named.
fn diagnostic(mistake: Mistake, condition: &Condition) -> Diagnostic {
    let part = condition.text.get(mistake.range.clone()).unwrap_or_default();
    let label = match part {
        part if condition.is_verbatim || part.is_empty() => mistake.label,
        part => format!("here: `{}`", shown(part)),
    };
    let span = place(condition, mistake.range);
    let mut diagnostic = Diagnostic::error(mistake.code, mistake.title, span, label);
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic
}
