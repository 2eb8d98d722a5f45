//! `ManualValidation` and `Delay`: what jobs do that run on no machine. They wait.
//!
//! The store keeps the question and the answer, so that a worker that comes later goes on waiting
//! where this one has stopped.

use super::super::job::Execution;
use super::super::step;
use super::super::stop::minutes;
use super::input::Inputs;
use super::{Own, Told, Unfinished};
use crate::diagnostic::{shown, shown_sentence};
use crate::store::{Answer, Approval, Question, WAIT_CHARS_MAX, WaitKind};
use std::time::Duration;

/// After how long a question is answered by itself, whatever the author says.
const WAIT_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Waits until a person approves or rejects.
pub(super) async fn validation(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
) -> Result<Told, Unfinished> {
    let on_timeout = match inputs.choice("onTimeout")?.as_str() {
        "resume" => Approval::Approved,
        "reject" => Approval::Rejected,
        other => return Err(format!("`onTimeout` is `reject` or `resume`, not `{}`.", shown(other)).into()),
    };
    let instructions: String = inputs.data("instructions").chars().take(WAIT_CHARS_MAX).collect();
    let instructions = execution.desk.masker.mask(&instructions).into_owned();
    let limit = minutes(own.step.timeout_minutes).unwrap_or(WAIT_MAX);
    let mut lines: Vec<String> = instructions.lines().map(str::to_owned).collect();
    if execution.desk.has_people() {
        let run = format!("{}#{}", execution.job.plan.pipeline, execution.job.number);
        lines.push(format!("Waiting for a person: `pipehook runs approve '{run}'`, or `reject`."));
    }
    execution.desk.log(Some(own.place), lines).await?;
    let (kind, limit) = (WaitKind::Approval, Some(limit.min(WAIT_MAX)));
    let question = Question { step: own.place, kind, instructions, limit, on_timeout };
    let answer = ask(execution, own, &question).await?;
    let sentence = told(&answer);
    match answer.verdict {
        Approval::Approved => Ok(Told::line(sentence)),
        Approval::Rejected => Err(sentence.into()),
    }
}

/// Waits for a time.
pub(super) async fn delay(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let written = inputs.author("delayForMinutes")?.into_owned();
    let limit = written.trim().parse().ok().filter(|minutes: &f64| minutes.is_finite() && *minutes >= 0.0);
    let limit = limit
        .ok_or_else(|| format!("The input `delayForMinutes` is a number of minutes, not `{}`.", shown(&written)))?;
    let duration = Some(minutes(limit).unwrap_or_default().min(WAIT_MAX));
    let (kind, on_timeout) = (WaitKind::Delay, Approval::Approved);
    execution.desk.log(Some(own.place), vec![format!("Waiting for {limit} minutes.")]).await?;
    let question = Question { step: own.place, kind, instructions: String::new(), limit: duration, on_timeout };
    ask(execution, own, &question).await?;
    Ok(Told::default())
}

/// Asks until there is an answer. The time of the step is the question's: only what stops the job
/// comes between.
async fn ask(execution: &mut Execution<'_>, own: Own<'_>, question: &Question) -> Result<Answer, Unfinished> {
    let Execution { watchman, variables, desk, .. } = execution;
    let holds = || step::goes_on(own.step.condition.as_deref(), variables);
    tokio::select! {
        answer = desk.ask(question) => Ok(answer?),
        interruption = watchman.interruption(None, holds) => Err(Unfinished::Interrupted(interruption)),
    }
}

fn told(answer: &Answer) -> String {
    let verb = match answer.verdict {
        Approval::Approved => "Approved",
        Approval::Rejected => "Rejected",
    };
    let comment = answer.comment.as_ref().map_or_else(String::new, |comment| format!(": {}", shown_sentence(comment)));
    format!("{verb} by {}{comment}", shown(&answer.by))
}
