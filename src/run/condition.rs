//! Whether a stage or a job runs: its condition, over what it depends on.

use super::state::RunResult;
use crate::expression::{Context, Dependency as Ended, Dialect, Expression, JobStatus, Status, Value};
use crate::pipeline::plan::Variable;

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// It runs.
    Holds,
    /// It is skipped.
    DoesNotHold,
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

/// What a condition sees.
pub(super) struct Surroundings<'n> {
    pub(super) dependencies: Vec<Dependency<'n>>,
    pub(super) canceled: bool,
    /// Variables of the enclosing scopes, outermost first.
    pub(super) variables: Vec<&'n Vec<Variable>>,
}

/// Evaluates a condition; without one it is `succeeded()`.
pub(super) fn evaluate(condition: Option<&str>, surroundings: &Surroundings<'_>) -> Conclusion {
    let Some(condition) = condition.filter(|condition| !condition.trim().is_empty()) else {
        let well = |it: &Dependency<'_>| matches!(it.result, RunResult::Succeeded | RunResult::SucceededWithIssues);
        return conclusion(!surroundings.canceled && surroundings.dependencies.iter().all(well));
    };
    let evaluated = Expression::parse(condition).and_then(|it| it.evaluate(&context(surroundings)));
    match evaluated {
        Ok(value) => conclusion(value.is_truthy()),
        Err(mistake) => Conclusion::Fails(mistake.title),
    }
}

fn conclusion(holds: bool) -> Conclusion {
    if holds { Conclusion::Holds } else { Conclusion::DoesNotHold }
}

fn context(surroundings: &Surroundings<'_>) -> Context<'static> {
    let ended = surroundings.dependencies.iter();
    let ended = ended.map(|it| Ended { name: it.name.to_owned(), result: status(it.result) }).collect();
    let direct = surroundings.dependencies.iter().filter(|it| it.direct);
    let dependencies = direct.map(|it| {
        let members = [("result", Value::text(it.result.expression_word())), ("outputs", Value::Null)];
        (it.name, Value::object(members))
    });
    let variables = surroundings.variables.iter().flat_map(|scope| scope.iter());
    let variables =
        variables.map(|variable| (variable.name.to_ascii_lowercase(), Value::String(variable.value.clone())));
    Context::new(Dialect::Condition)
        .with("dependencies", Value::object(dependencies))
        .with("stageDependencies", Value::Null)
        .with("variables", Value::object(variables))
        .with_status(Status::Graph { canceled: surroundings.canceled, dependencies: ended })
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
