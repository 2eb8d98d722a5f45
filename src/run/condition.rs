//! Whether a stage or a job runs: its condition, over what it depends on.

use super::state::RunResult;
use crate::expression::{Context, Dependency as Ended, Dialect, Expression, JobStatus, Status, Value};
use crate::pipeline::plan::Variable;

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Dependency<'n> {
    pub(super) name: &'n str,
    pub(super) result: RunResult,
    /// Whether it is named in `dependsOn` itself, or only reached through others.
    pub(super) direct: bool,
}

/// A stage that has ended, and its jobs.
pub(super) struct EndedStage<'n> {
    pub(super) name: &'n str,
    pub(super) result: RunResult,
    pub(super) jobs: Vec<(&'n str, RunResult)>,
}

/// What a condition sees.
pub(super) struct Surroundings<'n> {
    pub(super) dependencies: Vec<Dependency<'n>>,
    /// The stages named in the `dependsOn` of the stage, or of the job's stage.
    pub(super) stages: Vec<EndedStage<'n>>,
    pub(super) canceled: bool,
    /// Variables of the enclosing scopes, outermost first.
    pub(super) variables: Vec<&'n Vec<Variable>>,
}

/// Evaluates a condition; without one it is `succeeded()`.
pub(super) fn evaluate(condition: Option<&str>, surroundings: &Surroundings<'_>) -> Conclusion {
    let Some(condition) = condition.filter(|condition| !condition.trim().is_empty()) else {
        return succeeded(surroundings);
    };
    match Expression::parse(condition).and_then(|it| it.evaluate(&context(surroundings))) {
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

fn context(surroundings: &Surroundings<'_>) -> Context<'static> {
    let ended = surroundings.dependencies.iter();
    let ended = ended.map(|it| Ended { name: it.name.to_owned(), result: status(it.result) }).collect();
    let stages = surroundings.stages.iter().map(|stage| {
        let jobs = stage.jobs.iter().map(|(name, result)| (*name, ended_value(*result)));
        let result = ("result", Value::text(stage.result.expression_word()));
        (stage.name, Value::object(std::iter::once(result).chain(jobs)))
    });
    let direct = surroundings.dependencies.iter().filter(|it| it.direct);
    let dependencies = direct.map(|it| (it.name, ended_value(it.result)));
    let variables = surroundings.variables.iter().flat_map(|scope| scope.iter());
    let variables =
        variables.map(|variable| (variable.name.to_ascii_lowercase(), Value::String(variable.value.clone())));
    Context::new(Dialect::Condition)
        .with("dependencies", Value::object(dependencies))
        .with("stageDependencies", Value::object(stages))
        .with("variables", Value::object(variables))
        .with_status(Status::Graph { canceled: surroundings.canceled, dependencies: ended })
}

fn ended_value(result: RunResult) -> Value {
    Value::object([("result", Value::text(result.expression_word())), ("outputs", Value::Null)])
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
