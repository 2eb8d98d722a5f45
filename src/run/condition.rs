//! Whether a stage or a job runs: its condition, over what it depends on.

use super::runtime;
use super::state::RunResult;
use crate::expression::{Context, Dependency as Ended, Dialect, Expression, JobStatus, Status, Value};
use crate::pipeline::plan::Variable;
use jiff::Timestamp;

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// It runs.
    Holds,
    /// It is skipped, for the reason that the sentence gives.
    DoesNotHold(String),
    /// The condition could not be evaluated: it fails, with this title.
    Fails(String),
}

/// Something that must have ended before.
#[derive(Debug, Clone)]
pub(super) struct Dependency<'n> {
    pub(super) name: &'n str,
    pub(super) result: RunResult,
    /// Whether it is named in `dependsOn` itself, or only reached through others.
    pub(super) direct: bool,
    /// What it has handed on, as an object.
    pub(super) outputs: Value,
}

/// A stage that has ended, and its jobs.
pub(super) struct EndedStage<'n> {
    pub(super) name: &'n str,
    pub(super) result: RunResult,
    /// Names, results and outputs.
    pub(super) jobs: Vec<(&'n str, RunResult, Value)>,
}

/// What a condition sees.
pub(super) struct Surroundings<'n> {
    pub(super) dependencies: Vec<Dependency<'n>>,
    /// The stages named in the `dependsOn` of the stage, or of the job's stage.
    pub(super) stages: Vec<EndedStage<'n>>,
    pub(super) canceled: bool,
    /// When the run was queued, where that is known.
    pub(super) queued_at: Option<Timestamp>,
}

/// Evaluates a condition; without one it is `succeeded()`. `variables` returns those of the
/// enclosing scopes, outermost first, for what they may see beside themselves.
pub(super) fn evaluate(
    condition: Option<&str>,
    surroundings: &Surroundings<'_>,
    variables: impl FnOnce(Vec<(&'static str, Value)>) -> Vec<Variable>,
) -> Conclusion {
    let Some(condition) = condition.filter(|condition| !condition.trim().is_empty()) else {
        return succeeded(surroundings);
    };
    match Expression::parse(condition).and_then(|it| it.evaluate(&context(surroundings, variables))) {
        Ok(value) if value.is_truthy() => Conclusion::Holds,
        Ok(_) => Conclusion::DoesNotHold("its condition did not hold".to_owned()),
        Err(mistake) => Conclusion::Fails(mistake.title),
    }
}

/// The default condition, which can say what it was that did not go well.
fn succeeded(surroundings: &Surroundings<'_>) -> Conclusion {
    if surroundings.canceled {
        return Conclusion::DoesNotHold("the run was canceled".to_owned());
    }
    let reasons = surroundings.dependencies.iter().filter_map(|it| match it.result {
        RunResult::Succeeded | RunResult::SucceededWithIssues => None,
        RunResult::Failed => Some(format!("`{}` failed", it.name)),
        RunResult::Canceled => Some(format!("`{}` was canceled", it.name)),
        RunResult::Skipped => Some(format!("`{}` was skipped", it.name)),
    });
    reasons.min_by_key(|reason| reason.ends_with("skipped")).map_or(Conclusion::Holds, Conclusion::DoesNotHold)
}

fn context(
    surroundings: &Surroundings<'_>,
    variables: impl FnOnce(Vec<(&'static str, Value)>) -> Vec<Variable>,
) -> Context<'static> {
    let ended = surroundings.dependencies.iter();
    let ended = ended.map(|it| Ended { name: it.name.to_owned(), result: status(it.result) }).collect();
    let others = others(surroundings);
    let variables = runtime::object(&variables(others.clone()));
    let context = Context::new(Dialect::Condition).with("variables", variables);
    let context = others.into_iter().fold(context, |context, (name, value)| context.with(name, value));
    context.with_status(Status::Graph { canceled: surroundings.canceled, dependencies: ended })
}

/// Returns the context `pipeline` of a run that was queued at a moment (reference, section 3.8).
pub fn about_pipeline(queued_at: Timestamp) -> (&'static str, Value) {
    ("pipeline", Value::object([("startTime", Value::DateTime(queued_at))]))
}

/// Returns what is known of others, as the contexts `dependencies` and `stageDependencies`, and of the run.
pub(super) fn others(surroundings: &Surroundings<'_>) -> Vec<(&'static str, Value)> {
    let stages = surroundings.stages.iter().map(|stage| {
        let jobs = stage.jobs.iter().map(|(name, result, outputs)| (*name, ended_value(*result, outputs)));
        let result = ("result", Value::text(stage.result.expression_word()));
        (stage.name, Value::object(std::iter::once(result).chain(jobs)))
    });
    let direct = surroundings.dependencies.iter().filter(|it| it.direct);
    let dependencies = direct.map(|it| (it.name, ended_value(it.result, &it.outputs)));
    let mut others = vec![("dependencies", Value::object(dependencies)), ("stageDependencies", Value::object(stages))];
    others.extend(surroundings.queued_at.map(about_pipeline));
    others
}

fn ended_value(result: RunResult, outputs: &Value) -> Value {
    Value::object([("result", Value::text(result.expression_word())), ("outputs", outputs.clone())])
}

fn status(result: RunResult) -> JobStatus {
    match result {
        RunResult::Succeeded => JobStatus::Succeeded,
        RunResult::SucceededWithIssues => JobStatus::SucceededWithIssues,
        RunResult::Failed => JobStatus::Failed,
        RunResult::Canceled => JobStatus::Canceled,
        RunResult::Skipped => JobStatus::Skipped,
    }
}
