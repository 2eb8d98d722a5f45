//! Steps that wait, for a person or for a time, and runs that are started again.
//!
//! A step of a job that runs on no machine asks by [`Store::ask`](super::Store::ask), as often as
//! it likes: what counts is the first time. The first answer counts as well, whether a person gives
//! it by [`Store::answer`](super::Store::answer) or the time runs out. Both are kept, so that a
//! wait outlives every worker.

use super::{JobDetail, QueuedRun, RunDetail};
use crate::id::{JobId, RunId};
use crate::run::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most characters of what a person is told, and of what a person says.
pub const WAIT_CHARS_MAX: usize = 4_000;
/// The most characters of the name of who answered.
pub const ANSWERER_CHARS_MAX: usize = 100;
/// Who has answered where nobody did.
pub const TIME_LIMIT: &str = "time limit";

/// What a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitKind {
    /// A person approves or rejects.
    Approval,
    /// A time is over.
    Delay,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The run goes on.
    Approved,
    /// The step fails.
    Rejected,
}

/// What a step asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The step's place in the job.
    pub step: usize,
    /// What it waits for.
    pub kind: WaitKind,
    /// What a person should look at.
    pub instructions: String,
    /// After how long it is answered by itself, counted by the store from when it was asked first; never where there is
    /// none.
    pub limit: Option<Duration>,
    /// With what it is answered then.
    pub on_timeout: Approval,
}

/// An answer, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What was answered.
    pub verdict: Approval,
    /// Who, as far as that is known: the user of the command, `page` or `api`, or [`TIME_LIMIT`].
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was said about it.
    pub comment: Option<String>,
}

/// A wait of a step as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What it waits for.
    pub kind: WaitKind,
    /// What a person should look at.
    pub instructions: String,
    /// Since when.
    pub asked_at: Timestamp,
    /// When it is answered by itself, by the time of day as it was when it was asked.
    pub until: Option<Timestamp>,
    /// With what it is answered then.
    pub on_timeout: Approval,
    /// What was answered.
    pub answer: Option<Answer>,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    Taken,
    /// This one was first.
    Already(Answer),
    /// The step does not ask for approval, or its job has ended.
    NotAsked,
}

/// Which step an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The job.
    pub job: JobId,
    /// The step's place in the job.
    pub step: usize,
}

/// A step that waits for a person.
#[derive(Debug, Clone, Copy)]
pub struct Pending<'d> {
    /// Its job.
    pub job: &'d JobDetail,
    /// Its place in the job.
    pub place: usize,
    /// What it asks.
    pub wait: &'d Wait,
}

impl Pending<'_> {
    /// Returns which step is to be answered.
    pub fn asking(&self) -> Asking {
        Asking { job: self.job.id.clone(), step: self.place }
    }

    /// Returns the job's name with that of its leg, and the step's: `job/step`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.job.full_name(), self.job.steps[self.place].name)
    }
}

impl JobDetail {
    /// Returns the job's name and its leg's, `job.leg`.
    pub fn full_name(&self) -> String {
        self.leg.as_ref().map_or_else(|| self.name.clone(), |leg| format!("{}.{leg}", self.name))
    }
}

impl RunDetail {
    /// Returns the steps that wait for a person, of a job and with a name, where such are given.
    pub fn pending(&self, job: Option<&str>, step: Option<&str>) -> Vec<Pending<'_>> {
        let is_called = |wanted: Option<&str>, names: &[&str]| {
            wanted.is_none_or(|wanted| names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
        };
        let jobs = self.stages.iter().flat_map(|stage| &stage.jobs).filter(|it| it.state != State::Completed);
        let jobs = jobs.filter(|it| is_called(job, &[it.id.as_str(), &it.name, &it.full_name(), &it.display_name]));
        jobs.flat_map(|job| job.steps.iter().enumerate().map(move |(place, step)| (job, place, step)))
            .filter(|(_, _, it)| is_called(step, &[&it.name, &it.display_name]))
            .filter_map(|(job, place, step)| Some(Pending { job, place, wait: step.wait.as_ref()? }))
            .filter(|pending| pending.wait.kind == WaitKind::Approval && pending.wait.answer.is_none())
            .collect()
    }
}

/// A wish to start a run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// The run.
    pub of: RunId,
    /// The id of the new one.
    pub id: RunId,
    /// When it is queued.
    pub at: Timestamp,
    /// How much of it runs.
    pub scope: RerunScope,
    /// How many runs may wait, this one included.
    pub queue_limit: u64,
}

/// How much of a run runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RerunScope {
    /// Everything.
    All,
    /// What did not succeed: see [`crate::run::taken`]. Of the rest, results, outputs and artifacts
    /// are taken.
    Unsucceeded,
}

/// What became of a wish to start a run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reran {
    /// A new run was queued.
    Queued(QueuedRun),
    /// There is no such run.
    Unknown,
    /// The run has not ended.
    Unfinished,
    /// Every job of the run succeeded.
    NothingFailed,
}

impl WaitKind {
    /// Returns the word used in JSON, SQL and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Delay => "delay",
        }
    }

    /// Returns the kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Approval, Self::Delay].into_iter().find(|kind| kind.word() == word)
    }
}

impl Approval {
    /// Returns the word used in JSON, SQL and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// Returns the answer that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected].into_iter().find(|approval| approval.word() == word)
    }
}

impl Answer {
    /// Returns an answer whose texts are as long as they may be.
    pub fn new(verdict: Approval, by: &str, at: Timestamp, comment: Option<&str>) -> Self {
        let cut = |text: &str, most| text.chars().take(most).collect::<String>();
        let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
        Self {
            verdict,
            by: cut(by, ANSWERER_CHARS_MAX),
            at,
            comment: comment.map(|comment| cut(comment, WAIT_CHARS_MAX)),
        }
    }
}
