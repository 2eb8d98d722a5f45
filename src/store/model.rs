//! What goes into a store and comes out of it.

use super::report::{Artifact, Deployed, StepReport};
use crate::id::{DeliveryId, JobId, RunId};
use crate::pipeline::form::Form;
use crate::pipeline::plan::Plan;
use crate::run::{Board, Output, RunName, RunResult};
use crate::webhook::delivery::Delivery;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How many refused deliveries are kept of each connection, so that forgeries fill no disk.
pub const REFUSALS_KEPT: u64 = 100;

/// A delivery and what it starts, to be written in one commit.
#[derive(Debug)]
pub struct Acceptance {
    /// The delivery; `None` for a run that was started by hand.
    pub delivery: Option<(Delivery, Vec<u8>)>,
    /// The runs, in the order of the answer.
    pub runs: Vec<NewRun>,
    /// By which key the delivery would be known again, where its connection looks for repeats.
    pub repeat: Option<RepeatKey>,
    /// How many runs may wait, these included.
    pub queue_limit: u64,
    /// How many runs of the delivery's connection may wait, these included; `None` where that one has no limit of
    /// its own, and for a run that was started by hand.
    pub connection_limit: Option<u64>,
    /// How long the job may have waited that was due first; `None` where that does not matter.
    pub queue_age: Option<Duration>,
}

/// By what a delivery would be known again, in its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatKey {
    /// The key.
    pub key: String,
    /// How long it is remembered.
    pub window: Duration,
}

/// What acceptance did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The delivery and its runs were written.
    New(Vec<QueuedRun>),
    /// The key was known: only the delivery was written, as a repeat. A replay that comes again is refused by
    /// whoever asked for it, and nothing was written.
    Repeat {
        /// The first delivery with the key.
        of: DeliveryId,
        /// The runs that it started.
        runs: Vec<QueuedRun>,
    },
}

/// A run to be queued.
#[derive(Debug)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its name but for the part that counts.
    pub name: RunName,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Runs of higher priority are claimed first.
    pub priority: Priority,
    /// The frozen work.
    pub work: Work,
}

/// How urgent the runs of a connection are: larger is sooner, 0 is usual.
pub type Priority = i8;

/// Something whose runs can be held back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pausable {
    /// The runs of a pipeline.
    Pipeline(String),
    /// The runs that deliveries to a connection start.
    Connection(String),
}

impl Pausable {
    /// Returns the word for what it is, `pipeline` or `connection`, and its name.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Pipeline(name) => ("pipeline", name),
            Self::Connection(name) => ("connection", name),
        }
    }

    /// Returns what [`Self::parts`] gave.
    pub fn from_parts(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "pipeline" => Some(Self::Pipeline(name.to_owned())),
            "connection" => Some(Self::Connection(name.to_owned())),
            _ => None,
        }
    }
}

/// Something that is held back, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// What.
    pub what: Pausable,
    /// Since when.
    pub since: Timestamp,
}

/// The frozen work of a run: a form, and the texts for its blanks.
#[derive(Debug, Clone)]
pub struct Work {
    /// The plan and the expanded document, shared by all runs that differ in texts only.
    pub form: Arc<Form>,
    /// The texts, by the blanks' places.
    pub values: Vec<String>,
}

/// What acceptance assigned to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRun {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its number in the pipeline, from 1.
    pub number: u64,
    /// Its name.
    pub name: String,
}

/// The right to execute one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The fencing token, larger with every claim of the store.
    pub token: i64,
}

/// A leased job with all that its execution needs.
#[derive(Debug)]
pub struct Claim {
    /// The right to execute it.
    pub lease: Lease,
    /// The run.
    pub run: RunId,
    /// The run's number in its pipeline.
    pub number: u64,
    /// The run's name.
    pub name: String,
    /// When the run was queued.
    pub queued_at: Timestamp,
    /// Which webhook started it, if one did.
    pub delivery: Option<DeliveryId>,
    /// The frozen work of the whole run.
    pub plan: Plan,
    /// The stage's place in the plan.
    pub stage: usize,
    /// The job's place in the stage.
    pub job: usize,
    /// The leg's place in the job.
    pub leg: usize,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How long ago the job first asked something, in whichever attempt, by the store's clock; see
    /// [`Store::ask`](super::Store::ask). Nothing where it has not asked.
    pub waited: Option<Duration>,
    /// How far the run is, as far as the job's dependencies go.
    pub board: Board,
    /// What the run has taken from the one that it repeats, and is not in its own folder.
    pub artifacts: Vec<Artifact>,
}

/// What a renewal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Go on.
    Held,
    /// Go on holding the lease, but stop the work: the run was canceled after the job was claimed.
    CancelRequested,
}

/// Something that happened to a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEvent {
    /// Its process is about to start.
    Started {
        /// The step's place in the job.
        step: usize,
        /// What people see, macros expanded.
        display_name: String,
        /// When.
        at: Timestamp,
        /// Which try of the step this is, from 1.
        attempt: u32,
    },
    /// It ended, or its condition did not hold.
    Completed {
        /// The step's place in the job.
        step: usize,
        /// What people see, macros expanded.
        display_name: String,
        /// How it ended.
        result: RunResult,
        /// The program's exit code, if it ran and ended by itself.
        exit_code: Option<i32>,
        /// When.
        at: Timestamp,
    },
    /// It told something about itself.
    Reported {
        /// The step's place in the job.
        step: usize,
        /// All that it has told so far.
        report: StepReport,
    },
    /// It gave its run a tag; one that the run has, ignoring case, changes nothing.
    Tagged {
        /// The tag.
        tag: String,
    },
    /// It gave its run another name.
    Renamed {
        /// The name.
        name: String,
    },
    /// It published something; an artifact of that name, ignoring case, is replaced.
    Published {
        /// What and where.
        artifact: Artifact,
    },
    /// Its job deploys to an environment; told once for each attempt of a job.
    Deployed {
        /// To which, and which job.
        deployed: Deployed,
    },
}

/// What a step of forgetting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// How many deliveries it forgot.
    pub deliveries: u64,
    /// Whether nothing was left to be forgotten.
    pub is_all: bool,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOutcome {
    /// How.
    pub result: RunResult,
    /// A sentence for people where the result alone does not say it.
    pub reason: Option<String>,
    /// What its steps hand on to other jobs.
    pub outputs: Vec<Output>,
    /// When.
    pub at: Timestamp,
}

/// What the reason of a job says whose log was not yet where all machines can read it.
pub const LOG_BEHIND: &str = "the log could not be sent when the job ended";
/// The last line of such a log.
pub const LOG_SENT_LATER: &str = "##[warning]This log could not be sent when the job ended, and was sent later.";

/// What became of a job that its worker handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedBack {
    /// It is due again.
    Again,
    /// It is completed as canceled, like its run.
    Canceled,
}

/// Why a job failed whose worker was lost while it ran.
pub(super) const ABANDONED: &str = "abandoned: its worker was lost after a step had started";
/// The last line of such a job's log: see [`JobDetail::last_word`](super::JobDetail::last_word).
pub(super) const LAST_WORD: &str =
    "##[error]The worker was lost while a step ran: the job is abandoned, and its log ends here.";
/// The same where the worker may have lines that nobody else has.
pub(super) const LAST_WORD_SO_FAR: &str = "##[error]The worker was lost while a step ran: the job is abandoned. Lines that it may have kept and not sent are \
     not here: they come when it is started again.";

/// The last line of the log of a job that was canceled while it waited for a worker again.
pub(super) const NOT_AGAIN: &str =
    "##[warning]The worker was lost or stopped, and the job ended before it began again: nothing more was done.";

/// Whether an attempt that had started a step counts against a job's `attempts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It does.
    Counted,
    /// It was handed back.
    Uncounted,
}

/// Why a job was canceled that its worker handed back.
pub(super) const HANDED_BACK_CANCELED: &str = "the run was asked to stop";

/// What became of a job whose lease was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The job.
    pub job: JobId,
    /// Its run.
    pub run: RunId,
    /// The token of the lease that was ended.
    pub token: i64,
    /// Whether it is due again; otherwise it was abandoned.
    pub again: bool,
}
