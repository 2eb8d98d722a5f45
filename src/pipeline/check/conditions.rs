//! Conditions are expressions of known names and functions (reference, section 3.8).

use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::expression::{Dialect, Expression, Mistake, Scope};
use crate::pipeline::model::{Pipeline, Placed};

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let graph = || {
        ["variables", "dependencies", "stageDependencies", "pipeline"]
            .into_iter()
            .fold(Scope::new(Dialect::Condition), Scope::with_name)
    };
    for stage in &pipeline.stages {
        one(stage.condition.as_ref(), &graph, diagnostics);
        for job in &stage.jobs {
            one(job.condition.as_ref(), &graph, diagnostics);
            for step in &job.steps {
                let step_scope = || Scope::new(Dialect::Condition).with_name("variables").in_step();
                one(step.condition.as_ref(), &step_scope, diagnostics);
            }
        }
    }
}

fn one(condition: Option<&Placed<String>>, scope: &impl Fn() -> Scope, diagnostics: &mut Diagnostics) {
    let Some(condition) = condition else { return };
    let mistakes = match Expression::parse(&condition.value) {
        Ok(expression) => expression.check(&scope()),
        Err(mistake) => vec![mistake],
    };
    for mistake in mistakes {
        diagnostics.push(diagnostic(mistake, condition));
    }
}

/// The condition may have been put together from several places, so the whole of it is marked
/// and the part at fault is named.
fn diagnostic(mistake: Mistake, condition: &Placed<String>) -> Diagnostic {
    let part = condition.value.get(mistake.range.clone()).unwrap_or_default();
    let label = match part {
        "" => mistake.label,
        part => format!("here: `{}`", shown(part)),
    };

    let mut diagnostic = Diagnostic::error(mistake.code, mistake.title, condition.span, label);
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic
}
