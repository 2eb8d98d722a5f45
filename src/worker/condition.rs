//! Whether a step runs: its condition, over the job's status and variables (reference, 5.3).

use super::variables::Variables;
use crate::expression::{Context, Dialect, Expression, JobStatus, Status, Value};
use crate::run::RunResult;

/// What a condition says.
pub(super) enum Verdict {
    /// The step runs.
    Holds,
    /// It is skipped.
    DoesNotHold,
    /// The condition can't be evaluated, for this reason; the step fails.
    Fails(String),
}

/// Evaluates a condition; without one it is `succeeded()`.
pub(super) fn evaluate(condition: Option<&str>, status: RunResult, variables: &Variables) -> Verdict {
    let condition = written(condition);
    let context = Context::new(Dialect::Condition)
        .with("variables", Value::object(variables.iter().map(|(name, value)| (name, Value::String(value.clone())))))
        .with_status(Status::Step(job_status(status)));
    match Expression::parse(condition).and_then(|it| it.evaluate(&context)) {
        Ok(value) if value.is_truthy() => Verdict::Holds,
        Ok(_) => Verdict::DoesNotHold,
        Err(mistake) => Verdict::Fails(mistake.title),
    }
}

/// Returns what the log says of a condition where it tells more than usual.
pub(super) fn explained(condition: Option<&str>, display_name: &str, verdict: &Verdict) -> Vec<String> {
    let result = match verdict {
        Verdict::Holds => "True",
        Verdict::DoesNotHold => "False",
        Verdict::Fails(_) => return Vec::new(),
    };
    let condition = written(condition);
    vec![
        format!("##[debug]Evaluating condition for step: '{display_name}'"),
        format!("##[debug]Evaluating: {}", condition.replace(['\r', '\n'], " ")),
        format!("##[debug]Result: {result}"),
    ]
}

/// Says that a condition can't be evaluated.
pub(super) fn failed(display_name: &str, mistake: &str) -> String {
    format!("The condition of `{display_name}` can't be evaluated: {mistake}.")
}

/// Returns a condition; without one it is `succeeded()`.
fn written(condition: Option<&str>) -> &str {
    condition.filter(|condition| !condition.trim().is_empty()).unwrap_or("succeeded()")
}

fn job_status(status: RunResult) -> JobStatus {
    match status {
        RunResult::Succeeded => JobStatus::Succeeded,
        RunResult::SucceededWithIssues => JobStatus::SucceededWithIssues,
        RunResult::Failed => JobStatus::Failed,
        RunResult::Canceled => JobStatus::Canceled,
        RunResult::Skipped => JobStatus::Skipped,
    }
}
