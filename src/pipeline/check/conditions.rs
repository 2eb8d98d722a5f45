//! Conditions are expressions of known names and functions (reference, section 3.8).

use super::outputs;
use super::view::{Graph, View};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Part, shown};
use crate::expression::{Dialect, Expression, Mistake, Scope};
use crate::pipeline::model::{Condition, Job};
use crate::pipeline::value::{bracketed, is_expression};

pub(super) fn check(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (at, stage) in graph.stages.iter().enumerate() {
        if let Some(condition) = &stage.stage.condition {
            of_graph(condition, &graph.of_stage(at), diagnostics);
        }
        for (place, job) in stage.jobs.iter().enumerate() {
            if let Some(condition) = &job.job.condition {
                of_graph(condition, &graph.of_job(at, place), diagnostics);
            }
            of_steps(job.job, diagnostics);
        }
    }
}

/// Checks the condition of a stage or job, which sees what it waits for.
fn of_graph(condition: &Condition, view: &View<'_>, diagnostics: &mut Diagnostics) {
    let condition = &without_brackets(condition, diagnostics);
    if let Some(expression) = one(condition, &view.condition(), diagnostics) {
        outputs::check(&expression, condition, view, diagnostics);
    }
}

fn of_steps(job: &Job, diagnostics: &mut Diagnostics) {
    let scope = Scope::new(Dialect::Condition).with_name("variables").in_step();
    for condition in job.all_steps().filter_map(|step| step.condition.as_ref()) {
        one(&without_brackets(condition, diagnostics), &scope, diagnostics);
    }
}

/// Returns what stands between the brackets of a condition that is written as values are that become
/// known late, and reports them: a condition has none (reference, section 4.2).
fn without_brackets(condition: &Condition, diagnostics: &mut Diagnostics) -> Condition {
    if !is_expression(&condition.text) {
        return condition.clone();
    }
    let title = "a condition is written without `$[ ]`";
    let wrong = Diagnostic::error(Code::ExpressionSyntax, title, condition.span, "it is an expression by itself");
    diagnostics.push(wrong.help("write only what stands between the brackets"));
    let whole = condition.within.as_ref().map(|(whole, _)| whole.clone());
    bracketed(&condition.text, condition.span, condition.is_verbatim, whole)
}

/// Reports what is wrong with one expression, and returns it if it could be parsed.
pub(super) fn one(condition: &Condition, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Expression> {
    let parsed = Expression::parse(&condition.text);
    let mistakes = match &parsed {
        Ok(expression) => match expression.check(scope) {
            none if none.is_empty() => expression.constant_mistakes(),
            mistakes => mistakes,
        },
        Err(mistake) => vec![mistake.clone()],
    };
    for mistake in mistakes {
        diagnostics.push(diagnostic(mistake, condition));
    }
    parsed.ok()
}

/// Where the whole condition is marked, the part at fault is named.
fn diagnostic(mistake: Mistake, condition: &Condition) -> Diagnostic {
    let part = condition.text.get(mistake.range.clone()).unwrap_or_default();
    let within = condition.part(mistake.range.clone());
    let within = within.map(|part| Part { label: Some(mistake.label.clone()), ..part });
    let label = match part {
        part if condition.is_verbatim || part.is_empty() => mistake.label,
        part => format!("here: `{}`", shown(part)),
    };
    let span = condition.place(mistake.range);
    let mut diagnostic = match mistake.is_nothing {
        true => Diagnostic::warning(mistake.code, mistake.title, span, label).note("this is nothing in every run"),
        false => Diagnostic::error(mistake.code, mistake.title, span, label),
    };
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic.part = within;
    diagnostic
}
