//! Runs the program of one step, with its output in the journal, and judges how it ended.

use super::condition::{self, Verdict};
use super::job::{Execution, log};
use super::journal::{Broken, Journal};
use super::script;
use super::stop::{Interruption, minutes};
use crate::pipeline::plan::{Action, Step};
use crate::process::{self, Ended, Exit, Line, Output, Stream};
use crate::run::RunResult;
use async_trait::async_trait;

/// Runs a step and returns how it ended, with the exit code if its program ended by itself.
pub(super) async fn run(
    execution: &mut Execution<'_>,
    place: usize,
    step: &Step,
) -> Result<(RunResult, Option<i32>), Broken> {
    let prepared = match &step.action {
        Action::Script(script) => script::prepare(execution.job, place, step, script, &execution.variables),
        Action::Checkout(_) | Action::Task(_) => Err(vec!["This worker can run scripts only.".to_owned()]),
    };
    let (command, warnings) = match prepared {
        Ok(prepared) => prepared,
        Err(sentences) => {
            log(execution.journal, Some(place), marked("error", sentences)).await?;
            return Ok((failed(step), None));
        }
    };
    log(execution.journal, Some(place), marked("warning", warnings)).await?;
    let Execution { job, journal, watchman, variables, .. } = execution;
    let holds_when_canceled =
        || matches!(condition::evaluate(step.condition.as_deref(), RunResult::Canceled, variables), Verdict::Holds);
    let mut output = ToJournal { journal: *journal, place, has_error: false, broken: None };
    let stop = watchman.interruption(minutes(step.timeout_minutes), holds_when_canceled);
    let ended = process::run(&command, job.host.patience, stop, &mut output).await;
    if let Some(broken) = output.broken {
        return Err(broken);
    }
    let has_error = output.has_error;
    let (result, exit_code, sentences) = match ended {
        Ok(ended) => judge(step, &ended, has_error && fails_on_error(step)),
        Err(error) => (failed(step), None, vec![format!("The step can't be run: {error}.")]),
    };
    log(execution.journal, Some(place), marked("error", sentences)).await?;
    Ok((result, exit_code))
}

/// Returns the result, the exit code, and what to say about it.
fn judge(step: &Step, ended: &Ended<Interruption>, wrote_error: bool) -> (RunResult, Option<i32>, Vec<String>) {
    let exit_code = match ended.exit {
        Exit::Code(code) => Some(code),
        Exit::Signal(_) => None,
    };
    let sentence = match (ended.stopped, ended.exit) {
        (Some(Interruption::Canceled), _) => {
            return (RunResult::Canceled, exit_code, vec!["The step was canceled.".to_owned()]);
        }
        (Some(Interruption::OutOfTime), _) => {
            let sentence = "The step was canceled: the time that a canceled job has is over.";
            return (RunResult::Canceled, exit_code, vec![sentence.to_owned()]);
        }
        (Some(Interruption::TimedOut), _) => {
            format!("The step took longer than {} minutes and was stopped.", step.timeout_minutes)
        }
        (None, Exit::Code(0)) if wrote_error => {
            "Bash wrote to standard error, which this step takes for a failure.".to_owned()
        }
        (None, Exit::Code(0)) => return (RunResult::Succeeded, exit_code, Vec::new()),
        (None, Exit::Code(code)) => format!("Bash exited with code '{code}'."),
        (None, Exit::Signal(signal)) => format!("Bash was ended by signal {signal}."),
    };
    (failed(step), exit_code, vec![sentence])
}

/// Says whether anything on standard error fails the step.
fn fails_on_error(step: &Step) -> bool {
    matches!(&step.action, Action::Script(script) if script.fail_on_stderr)
}

/// Returns what a failure of the step counts as.
fn failed(step: &Step) -> RunResult {
    if step.continue_on_error { RunResult::SucceededWithIssues } else { RunResult::Failed }
}

fn marked(mark: &str, sentences: Vec<String>) -> Vec<String> {
    sentences.into_iter().map(|sentence| format!("##[{mark}]{sentence}")).collect()
}

/// Hands a program's output to the journal.
struct ToJournal<'j> {
    journal: &'j mut dyn Journal,
    place: usize,
    has_error: bool,
    broken: Option<Broken>,
}

#[async_trait]
impl Output for ToJournal<'_> {
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String> {
        self.has_error |= lines.iter().any(|line| line.stream == Stream::Error);
        let texts = lines.into_iter().map(|line| line.text).collect();
        let taken = self.journal.log(Some(self.place), texts).await;
        taken.map_err(|broken| {
            let sentence = broken.to_string();
            self.broken = Some(broken);
            sentence
        })
    }
}
