//! Executes one job: its steps in order, each if its condition holds (reference, section 5).
//!
//! ```text
//! the job's status   Succeeded ─► SucceededWithIssues ─► Failed     the worst step so far
//!                          └───────────┴──────────────────┴─► Canceled    by request or time limit
//! ```
//! Nothing is kept here: what happens is told to a [`Journal`]. If the returned future is dropped,
//! the running program and its group are killed.

use super::built_in::Part;
use super::command::{Change, Work};
use super::condition::{self, Verdict};
use super::containers::Containers;
use super::context::JobContext;
use super::desk::Desk;
use super::journal::{Broken, Journal};
use super::reach::Reach;
use super::stop::{Cause, StopSignal, Watchman, minutes};
use super::variables::{Setting, Variables};
use super::{around, built_in, containers, deployment, interpreter, predefined, start, step};
use crate::diagnostic::{is_unprintable, shown};
use crate::machine::find_program;
use crate::pipeline::plan::Step;
use crate::run::{MASK, Output, RunResult};
use crate::store::{IssueKind, JobOutcome, StepEvent, StepReport};
use std::collections::HashMap;
use std::path::PathBuf;

/// The most characters of a step's name as people see it, macros expanded.
const DISPLAY_NAME_MAX: usize = 255;

/// How many outputs a job can hand on.
pub const OUTPUTS_MAX: usize = 1_000;
/// The most bytes of all outputs of a job.
pub const OUTPUTS_BYTES_MAX: usize = 1024 * 1024;
/// How many folders steps can put in front of `PATH`.
const FOLDERS_MAX: usize = 100;

/// What is going on in a job.
pub(super) struct Execution<'j> {
    pub(super) job: &'j JobContext,
    pub(super) desk: Desk<'j>,
    pub(super) watchman: Watchman,
    pub(super) variables: Variables,
    /// Folders that steps have put in front of `PATH`, the latest first.
    pub(super) folders: Vec<String>,
    /// The containers of the job and its services.
    pub(super) containers: Containers,
    /// Caches that are saved if the job succeeds, by the places of their steps.
    pub(super) caches: HashMap<usize, built_in::Saving>,
    /// The payload text that has come to steps so far.
    pub(super) reach: Reach,
    /// What steps have handed on so far.
    pub(super) outputs: Vec<Output>,
    /// What one part of a step leaves to the next ones, by the places of the steps.
    pub(super) works: HashMap<usize, Work>,
    /// The worst of the steps so far.
    worst: RunResult,
    /// Why the job has failed, where no step tells.
    reason: Option<String>,
}

/// Executes a job's steps and says how it ended. An error means that the job has no end that could be
/// recorded: the journal takes nothing more, or the job is handed back.
pub async fn execute(job: &JobContext, journal: &mut dyn Journal, stop: StopSignal) -> Result<JobOutcome, Broken> {
    let limits = job.job();
    let patience = minutes(limits.cancel_timeout_minutes).unwrap_or_default();
    // A job that waits for people or times goes on waiting when it is claimed again: so does its time.
    let limit = minutes(limits.timeout_minutes).map(|limit| limit.saturating_sub(job.waited.unwrap_or_default()));
    let watchman = Watchman::new(stop, limit, patience);
    let mut desk = Desk::new(journal, job.host.secrets.masker());
    let mut variables = match start::variables(job, &mut desk).await? {
        Ok(variables) => variables,
        Err(sentence) => return failed(job, &mut desk, sentence).await,
    };
    let moved = match built_in::context(job, &variables) {
        Ok(moved) => moved,
        Err(sentence) => return failed(job, &mut desk, sentence).await,
    };
    if let Some(sentence) = interpreter::lacking(job) {
        return failed(job, &mut desk, sentence).await;
    }
    if let Some(moved) = &moved {
        predefined::set(&mut variables, moved);
    }
    let job = moved.as_ref().unwrap_or(job);
    let worst = RunResult::Succeeded;
    let mut execution = Execution {
        job,
        desk,
        watchman,
        variables,
        folders: Vec::new(),
        containers: Containers::default(),
        caches: HashMap::new(),
        reach: Reach::default(),
        outputs: Vec::new(),
        works: HashMap::new(),
        worst,
        reason: None,
    };
    let begun = begin(&mut execution).await?;
    let mut is_handed_back = execution.watchman.cause() == Some(Cause::HandBack);
    if begun.is_none() {
        deployment::note(&mut execution).await?;
        around::before(&mut execution).await?;
        for (place, step) in job.leg().steps().iter().enumerate() {
            if execution.watchman.canceled() == Some(Cause::HandBack) {
                break;
            }
            execution.step(place, step).await?;
        }
        // Whether all steps have come to their end: what is asked later comes too late.
        is_handed_back = execution.watchman.cause() == Some(Cause::HandBack);
        if !is_handed_back {
            around::after(&mut execution).await?;
        }
    }
    containers::stop(&mut execution).await?;
    if is_handed_back {
        return Err(Broken::HandedBack);
    }
    match begun {
        Some(sentence) => failed(job, &mut execution.desk, sentence).await,
        None => {
            let outcome = execution.outcome();
            if let Some(reason) =
                outcome.reason.as_ref().filter(|_| execution.watchman.cause() == Some(Cause::TimeLimit))
            {
                execution.desk.log(None, vec![format!("##[error]The job was canceled: {reason}.")]).await?;
            }
            Ok(outcome)
        }
    }
}

/// Starts containers and fetches files. Otherwise a sentence that says why the job can't begin.
async fn begin(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    if let failure @ Some(_) = built_in::make_sources(execution).await? {
        return Ok(failure);
    }
    if let Some(sentence) = containers::start(execution).await? {
        return Ok(Some(sentence));
    }
    match built_in::begin(execution).await? {
        None => built_in::fetch_artifacts(execution).await,
        failure => Ok(failure),
    }
}

impl Execution<'_> {
    /// Returns a program that is in the path of the steps to come.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let own = self.folders.join(":");
        find_program(&own, name).or_else(|| self.job.host.program(name))
    }

    /// Says whether the log tells more than usual.
    pub(super) fn is_debug(&self) -> bool {
        self.variables.value("System.Debug").is_some_and(|value| value.flatten().eq_ignore_ascii_case("true"))
    }

    /// Says whether the job was given a secret, or has said that something is one.
    pub(super) fn has_secrets(&self) -> bool {
        self.variables.has_secrets() || self.desk.masker.has_own()
    }

    /// Returns how well the job goes so far.
    pub(super) fn status(&mut self) -> RunResult {
        if self.watchman.canceled().is_some() { RunResult::Canceled } else { self.worst }
    }

    /// Brings up to date what the next step sees, and returns how well the job goes so far.
    pub(super) fn prepare_step(&mut self) -> RunResult {
        let status = self.status();
        predefined::set_status(&mut self.variables, status);
        self.variables.recalculate();
        status
    }

    /// Notes how something ended that a step did before the job's steps or after them.
    pub(super) fn note_part(&mut self, display_name: &str, result: RunResult, when: &str) {
        self.worst = worse(self.worst, result);
        if result == RunResult::Failed {
            self.reason.get_or_insert_with(|| format!("`{display_name}` failed, {when} the job's steps"));
        }
    }

    async fn step(&mut self, place: usize, step: &Step) -> Result<(), Broken> {
        let status = self.prepare_step();
        let display_name = self.display_name(step);
        if self.watchman.is_out_of_time() {
            return self.complete(place, display_name, RunResult::Skipped, None).await;
        }
        let verdict = condition::evaluate(step.condition.as_deref(), status, &self.variables);
        if self.is_debug() {
            let lines = condition::explained(step.condition.as_deref(), &display_name, &verdict);
            self.desk.log(Some(place), lines).await?;
        }
        match verdict {
            Verdict::DoesNotHold => self.complete(place, display_name, RunResult::Skipped, None).await,
            Verdict::Fails(mistake) => {
                let sentence = condition::failed(&display_name, &mistake);
                let mut report = StepReport::default();
                report.add_issue(IssueKind::Error, &sentence);
                self.desk.log(Some(place), vec![format!("##[error]{sentence}")]).await?;
                let report = self.desk.masked_report(&report);
                self.desk.record(StepEvent::Reported { step: place, report }).await?;
                self.complete(place, display_name, RunResult::Failed, None).await
            }
            Verdict::Holds => {
                self.start(place, &display_name, 1).await?;
                let (result, exit_code) = step::run(self, (place, step, Part::Main), &display_name).await?;
                self.desk.log(Some(place), vec![format!("##[section]Finishing: {display_name}")]).await?;
                self.complete(place, display_name, result, exit_code).await
            }
        }
    }

    /// Records that an attempt of a step begins.
    pub(super) async fn start(&mut self, place: usize, display_name: &str, attempt: u32) -> Result<(), Broken> {
        let at = self.job.host.clock.now();
        let display_name = display_name.to_owned();
        let first = format!("##[section]Starting: {display_name}");
        self.desk.record(StepEvent::Started { step: place, display_name, at, attempt }).await?;
        self.desk.log(Some(place), vec![first]).await
    }

    /// Makes a change that a step wanted for those that follow. A sentence says what of it could
    /// not be made.
    pub(super) fn apply(&mut self, change: Change, step: &str) -> Option<String> {
        match change {
            Change::Set(setting) => self.variables.apply(setting),
            Change::PrependPath(folder) => {
                self.folders.retain(|known| *known != folder);
                self.folders.insert(0, folder);
                self.folders.truncate(FOLDERS_MAX);
            }
            Change::Rename(name) => predefined::set_run_name(&mut self.variables, name),
            Change::Output { name, value, is_secret } => {
                let name = format!("{step}.{name}");
                let handed_on = if is_secret { MASK.into() } else { value.clone() };
                self.variables.apply(Setting { is_secret, is_read_only: true, ..Setting::plain(&name, value) });
                return self.hand_on(Output { name, value: handed_on });
            }
        }
        None
    }

    /// Notes an output for other jobs; the last value of a name wins.
    fn hand_on(&mut self, output: Output) -> Option<String> {
        self.outputs.retain(|known| !known.name.eq_ignore_ascii_case(&output.name));
        let bytes: usize = self.outputs.iter().map(|known| known.value.len()).sum();
        if self.outputs.len() >= OUTPUTS_MAX || bytes + output.value.len() > OUTPUTS_BYTES_MAX {
            let name = shown(&output.name);
            return Some(format!(
                "The output `{name}` is not handed on: a job has at most {OUTPUTS_MAX} of {OUTPUTS_BYTES_MAX} bytes."
            ));
        }
        self.outputs.push(output);
        None
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
        self.desk.record(StepEvent::Completed { step, display_name, result, exit_code, at }).await
    }

    /// Returns a step's name as people see it: one line without control characters.
    pub(super) fn display_name(&self, step: &Step) -> String {
        let expanded = self.variables.expand(&step.display_name);
        let name = expanded.as_ref().unwrap_or(&step.display_name).flatten();
        let name = self.desk.masker.mask(&name);
        let printable = |character| if is_unprintable(character) { ' ' } else { character };
        name.chars().take(DISPLAY_NAME_MAX).map(printable).collect()
    }

    fn outcome(&mut self) -> JobOutcome {
        // It has come to its end: nothing is left to be handed back.
        let cause = self.watchman.canceled().filter(|cause| *cause != Cause::HandBack);
        let result = if cause.is_some() { RunResult::Canceled } else { self.worst };
        let limit = self.job.job().timeout_minutes;
        let reason = match cause {
            Some(Cause::TimeLimit) => Some(format!("the job took longer than {limit} minutes")),
            Some(Cause::Request) => Some("the run was asked to stop".to_owned()),
            Some(Cause::HandBack) | None => self.reason.take(),
        };
        let at = self.job.host.clock.now();
        let outputs = self.desk.masked_outputs(std::mem::take(&mut self.outputs));
        JobOutcome { result, reason, outputs, at }
    }
}

/// Tells that a job can't begin, and why.
async fn failed(job: &JobContext, desk: &mut Desk<'_>, sentence: String) -> Result<JobOutcome, Broken> {
    desk.log(None, vec![format!("##[error]{sentence}")]).await?;
    let at = job.host.clock.now();
    Ok(JobOutcome { result: RunResult::Failed, reason: Some(sentence), outputs: Vec::new(), at })
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
