//! Executes one job: its steps in order, each if its condition holds (reference, section 5).
//!
//! ```text
//! the job's status   Succeeded ─► SucceededWithIssues ─► Failed     the worst step so far
//!                          └───────────┴──────────────────┴─► Canceled    by request or time limit
//! ```
//! Nothing is kept here: what happens is told to a [`Journal`]. If the returned future is dropped,
//! the running program and its group are killed.

use super::condition::{self, Verdict};
use super::context::JobContext;
use super::journal::{Broken, Journal};
use super::step;
use super::stop::{Cause, StopSignal, Watchman, minutes};
use super::variables::Variables;
use super::{predefined, runtime};
use crate::diagnostic::is_unprintable;
use crate::pipeline::plan::Step;
use crate::run::RunResult;
use crate::store::{JobOutcome, StepEvent};

/// The most characters of a step's name as people see it, macros expanded.
const DISPLAY_NAME_MAX: usize = 255;

/// What is going on in a job.
pub(super) struct Execution<'j> {
    pub(super) job: &'j JobContext,
    pub(super) journal: &'j mut dyn Journal,
    pub(super) watchman: Watchman,
    pub(super) variables: Variables,
    /// The worst of the steps so far.
    worst: RunResult,
}

/// Executes a job's steps and says how it ended. An error means that the journal takes nothing
/// more: the job has no end that could be recorded.
pub async fn execute(job: &JobContext, journal: &mut dyn Journal, stop: StopSignal) -> Result<JobOutcome, Broken> {
    let limits = job.job();
    let patience = minutes(limits.cancel_timeout_minutes).unwrap_or_default();
    let watchman = Watchman::new(stop, minutes(limits.timeout_minutes), patience);
    let mut variables = match runtime::variables(&job.plan, job.stage(), limits) {
        Ok(variables) => variables,
        Err(sentence) => {
            journal.log(None, vec![format!("##[error]{sentence}")]).await?;
            return Ok(outcome(job, RunResult::Failed, Some(sentence)));
        }
    };
    predefined::set(&mut variables, job);
    let warnings = variables.recalculate().into_iter().map(|warning| format!("##[warning]{warning}")).collect();
    log(journal, None, warnings).await?;
    let mut execution = Execution { job, journal, watchman, variables, worst: RunResult::Succeeded };
    for (place, step) in limits.steps.iter().enumerate() {
        execution.step(place, step).await?;
    }
    Ok(execution.outcome())
}

impl Execution<'_> {
    /// Returns how well the job goes so far.
    pub(super) fn status(&mut self) -> RunResult {
        if self.watchman.canceled().is_some() { RunResult::Canceled } else { self.worst }
    }

    async fn step(&mut self, place: usize, step: &Step) -> Result<(), Broken> {
        let status = self.status();
        predefined::set_status(&mut self.variables, status);
        self.variables.recalculate();
        let display_name = self.display_name(step);
        if self.watchman.is_out_of_time() {
            return self.complete(place, display_name, RunResult::Skipped, None).await;
        }
        match condition::evaluate(step.condition.as_deref(), status, &self.variables) {
            Verdict::DoesNotHold => self.complete(place, display_name, RunResult::Skipped, None).await,
            Verdict::Fails(mistake) => {
                let sentence = format!("##[error]The condition of `{display_name}` can't be evaluated: {mistake}.");
                self.journal.log(Some(place), vec![sentence]).await?;
                self.complete(place, display_name, RunResult::Failed, None).await
            }
            Verdict::Holds => {
                self.start(place, &display_name).await?;
                let (result, exit_code) = step::run(self, place, step).await?;
                self.journal.log(Some(place), vec![format!("##[section]Finishing: {display_name}")]).await?;
                self.complete(place, display_name, result, exit_code).await
            }
        }
    }

    async fn start(&mut self, place: usize, display_name: &str) -> Result<(), Broken> {
        let at = self.job.host.clock.now();
        let display_name = display_name.to_owned();
        let first = format!("##[section]Starting: {display_name}");
        self.journal.record(StepEvent::Started { step: place, display_name, at, attempt: 1 }).await?;
        self.journal.log(Some(place), vec![first]).await
    }

    async fn complete(
        &mut self,
        step: usize,
        display_name: String,
        result: RunResult,
        exit_code: Option<i32>,
    ) -> Result<(), Broken> {
        self.worst = worse(self.worst, result);
        let at = self.job.host.clock.now();
        self.journal.record(StepEvent::Completed { step, display_name, result, exit_code, at }).await
    }

    /// Returns a step's name as people see it: one line without control characters.
    fn display_name(&self, step: &Step) -> String {
        let expanded = self.variables.expand(&step.display_name);
        let name = expanded.as_ref().unwrap_or(&step.display_name).flatten();
        let printable = |character| if is_unprintable(character) { ' ' } else { character };
        name.chars().take(DISPLAY_NAME_MAX).map(printable).collect()
    }

    fn outcome(&mut self) -> JobOutcome {
        let status = self.status();
        let limit = self.job.job().timeout_minutes;
        let reason = match self.watchman.canceled() {
            Some(Cause::TimeLimit) => Some(format!("the job took longer than {limit} minutes")),
            Some(Cause::Request) => Some("the run was asked to stop".to_owned()),
            None => None,
        };
        outcome(self.job, status, reason)
    }
}

/// Adds lines to the log, if there are any.
pub(super) async fn log(journal: &mut dyn Journal, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
    if lines.is_empty() { Ok(()) } else { journal.log(step, lines).await }
}

fn outcome(job: &JobContext, result: RunResult, reason: Option<String>) -> JobOutcome {
    JobOutcome { result, reason, at: job.host.clock.now() }
}

/// Returns the job's result after a step (reference, section 5.4): skipped and canceled steps
/// change nothing.
fn worse(so_far: RunResult, step: RunResult) -> RunResult {
    match (so_far, step) {
        (RunResult::Failed, _) | (_, RunResult::Failed) => RunResult::Failed,
        (RunResult::SucceededWithIssues, _) | (_, RunResult::SucceededWithIssues) => RunResult::SucceededWithIssues,
        _ => RunResult::Succeeded,
    }
}
