//! Stopping a run, starting it again, answering what it asks.

use super::super::failure::{Ending, Failure};
use super::super::output;
use super::super::work::{entropy, milliseconds};
use super::super::{Format, open};
use super::{Desk, no_run};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::diagnostic::shown;
use crate::id::RunId;
use crate::run::{RunResult, State};
use crate::store::{Answer, Answered, Approval, Pending, Reran, Rerun, RerunScope};
use clap::Args;
use serde_json::json;

/// Who answers where the system does not say who uses the command.
const SOMEBODY: &str = "command line";

/// Which question of a run is answered, and with which words.
#[derive(Debug, Args)]
pub(in super::super) struct Reply {
    /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
    run: String,
    /// The job that asks, where several do
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// The step that asks, where several do
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// What is noted beside the answer
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

/// Which run is started again, and how much of it.
#[derive(Debug, Args)]
pub(in super::super) struct Again {
    /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
    run: String,
    /// Only the jobs that did not succeed; what the others made is taken
    #[arg(long)]
    failed: bool,
}

impl Again {
    /// Carries out `pipehook rerun`, which is `pipehook runs rerun`.
    pub(in super::super) fn carry_out(self, global: &super::super::Global, format: Format) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        let desk = Desk { store: open::store(&config)?, config, format };
        open::block_on(desk.rerun(self))?
    }
}

impl Desk {
    pub(super) async fn cancel(&self, reference: &str) -> Result<Ending, Failure> {
        let id = self.find(reference).await?;
        let before = self.detail(&id).await?.run;
        let state = self.store.cancel(&id).await?.ok_or_else(|| no_run(reference))?;
        let sentence = match state {
            State::Completed => canceled(before.state, self.detail(&id).await?.run.result),
            _ => "the run was asked to stop".to_owned(),
        };
        anstream::eprintln!("{sentence}");
        self.print_as_json(&id).await?;
        Ok(Ending::Done)
    }

    pub(super) async fn rerun(&self, again: Again) -> Result<Ending, Failure> {
        let of = self.find(&again.run).await?;
        let clock = SystemClock;
        let wish = Rerun {
            of: of.clone(),
            id: RunId::new(milliseconds(&clock), entropy()),
            at: clock.now(),
            scope: if again.failed { RerunScope::Unsucceeded } else { RerunScope::All },
            queue_limit: self.config.limits.queue,
        };
        let run = match self.store.rerun(wish).await? {
            Reran::Queued(run) => run,
            Reran::Unknown => return Err(no_run(&again.run)),
            Reran::Unfinished => {
                let sentence = "the run has not ended: cancel it first, or wait for it with `pipehook runs wait`";
                return Err(Failure::mistake(sentence));
            }
            Reran::NothingFailed => {
                return Err(Failure::mistake("no job of the run failed or was canceled: leave out `--failed`"));
            }
        };
        match self.format {
            Format::Json => output::json(&json!({
                "id": run.id, "pipeline": run.pipeline, "number": run.number, "name": run.name, "rerun_of": of,
            }))?,
            Format::Table => output::text(&format!("{}#{} {}\n", shown(&run.pipeline), run.number, run.id))?,
        }
        Ok(Ending::Done)
    }

    pub(super) async fn reply(&self, reply: Reply, verdict: Approval) -> Result<Ending, Failure> {
        let run = self.detail(&self.find(&reply.run).await?).await?;
        let pending = run.pending(reply.job.as_deref(), reply.step.as_deref());
        let asking = match pending.as_slice() {
            [] => return Err(Failure::mistake("no step of the run that is meant waits for an approval")),
            [one] => one,
            several => {
                let names = several.iter().map(Pending::name).collect::<Vec<_>>().join(", ");
                let sentence = format!("several steps wait for an approval: name one with --job or --step: {names}");
                return Err(Failure::usage(sentence));
            }
        };
        let user = config::environment_variable("USER").filter(|user| !user.is_empty());
        let by = user.as_deref().unwrap_or(SOMEBODY);
        let answer = Answer::new(verdict, by, SystemClock.now(), reply.comment.as_deref());
        match self.store.answer(&asking.asking(), answer).await? {
            Answered::Taken => anstream::eprintln!("{} {}", asking.name(), output::verdict(verdict.word())),
            Answered::NotAsked => return Err(Failure::mistake("the step does not wait any more")),
            Answered::Already(first) => {
                let sentence = format!("{} had answered before: {}", shown(&first.by), first.verdict.word());
                return Err(Failure::mistake(sentence));
            }
        }
        Ok(Ending::Done)
    }
}

/// Returns what is told of a run that has ended when it was asked to stop: how far it was when it was looked at before, and
/// how it ended. It may have ended by itself in between; only its result says whether it was stopped.
fn canceled(before: State, result: Option<RunResult>) -> String {
    if before != State::Completed && result == Some(RunResult::Canceled) {
        return "the run was canceled".to_owned();
    }
    format!("the run had ended before: {}", output::verdict(result.map_or("completed", RunResult::word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: State, result: RunResult, told: &str) {
        assert_eq!(anstream::adapter::strip_str(&canceled(before, Some(result))).to_string(), told);
    }

    #[test]
    fn a_run_that_ended_by_itself_meanwhile_is_not_told_as_canceled() {
        check(State::Queued, RunResult::Canceled, "the run was canceled");
        check(State::Running, RunResult::Canceled, "the run was canceled");
        check(State::Running, RunResult::Succeeded, "the run had ended before: succeeded");
        check(State::Canceling, RunResult::Failed, "the run had ended before: failed");
        check(State::Completed, RunResult::Canceled, "the run had ended before: canceled");
    }
}
