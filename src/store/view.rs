//! What a store shows: lists, details and counts, and what asks for them.

use super::report::{Artifact, StepReport};
use super::wait::Wait;
use crate::id::{DeliveryId, JobId, RunId};
use crate::run::{RunResult, State};
use crate::webhook::delivery::Delivery;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A run as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its number in the pipeline, from 1.
    pub number: u64,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// How it ended.
    pub result: Option<RunResult>,
    /// The connection whose delivery started it.
    pub connection: Option<String>,
    /// The delivery that started it.
    pub delivery: Option<DeliveryId>,
    /// The run that this one repeats.
    pub rerun_of: Option<RunId>,
    /// When it was accepted.
    pub queued_at: Timestamp,
    /// When its first job was claimed.
    pub started_at: Option<Timestamp>,
    /// When it was completed.
    pub finished_at: Option<Timestamp>,
    /// What it waits for, for people, where it is more than its turn with a worker: `the concurrency group \`a\`,
    /// which hello#12 has`, `the pipeline \`hello\` to be resumed`, or `a worker of the pool \`gpu\`: none was ever
    /// seen`. A run that has started and whose worker gave it back or was lost waits for `a worker again since
    /// 2026-03-09T05:07:08Z, attempt 2`: its state stays what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Why it was asked to stop, where no person asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A run with all its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// What its steps have called it, in the order of the letters.
    pub tags: Vec<String>,
    /// What its steps have published.
    pub artifacts: Vec<Artifact>,
    /// Its stages in the order of the file.
    pub stages: Vec<StageDetail>,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageDetail {
    /// Its name.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// How far it is.
    pub state: State,
    /// How it ended.
    pub result: Option<RunResult>,
    /// When its first job was claimed.
    pub started_at: Option<Timestamp>,
    /// When its last job was completed.
    pub finished_at: Option<Timestamp>,
    /// Its jobs in the order of the file.
    pub jobs: Vec<JobDetail>,
}

/// A job of a run, or one leg of a job that has several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDetail {
    /// Its id.
    pub id: JobId,
    /// Its name, which all legs of a job share.
    pub name: String,
    /// What tells the leg from the others of its job; nothing for a job that has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// What people see.
    pub display_name: String,
    /// Whose workers may claim it.
    pub pool: String,
    /// How far it is.
    pub state: State,
    /// How it ended.
    pub result: Option<RunResult>,
    /// Why, where the result alone does not say it: `abandoned`, a condition that did not hold.
    pub reason: Option<String>,
    /// Which try it is at, from 1; 0 before the first.
    pub attempt: u32,
    /// Since when it waits for a worker again, where the one that had it gave it back or was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_again_since: Option<Timestamp>,
    /// Whether it was completed while it waited for a worker again.
    #[serde(skip)]
    pub ended_without_worker: bool,
    /// When it was claimed.
    pub started_at: Option<Timestamp>,
    /// When it was completed.
    pub finished_at: Option<Timestamp>,
    /// What its steps hand on to other jobs.
    pub outputs: Vec<OutputDetail>,
    /// Its steps in order.
    pub steps: Vec<StepDetail>,
}

/// An output variable as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputDetail {
    /// The step's name and the variable's, `step.variable`.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDetail {
    /// The author's name for it, or `step<number>`.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// How far it is.
    pub state: State,
    /// How it ended.
    pub result: Option<RunResult>,
    /// The program's exit code, if it ran and ended by itself.
    pub exit_code: Option<i32>,
    /// Which try it is at, from 1; 0 before the first.
    pub attempt: u32,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What it has told about itself.
    #[serde(flatten)]
    pub report: StepReport,
    /// What it waits for, or has waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Only of this pipeline.
    pub pipeline: Option<String>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only with this result.
    pub result: Option<RunResult>,
    /// Only those that a delivery to this connection started.
    pub connection: Option<String>,
    /// Only those that this delivery started.
    pub delivery: Option<DeliveryId>,
    /// Only those accepted before this one, for the next page.
    pub before: Option<RunId>,
    /// How many at the most.
    pub limit: usize,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryQuery {
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<crate::webhook::delivery::Outcome>,
    /// Only those received before this one, for the next page.
    pub before: Option<DeliveryId>,
    /// How many at the most.
    pub limit: usize,
}

/// A delivery with what a list leaves out.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: Delivery,
    /// The body exactly as received; `None` for a refused one.
    pub body: Option<Vec<u8>>,
    /// Why it was refused.
    pub refusal: Option<String>,
}

/// What was seen of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionCount {
    /// Its name.
    pub connection: String,
    /// Verified deliveries.
    pub deliveries: u64,
    /// Refused ones.
    pub refusals: u64,
    /// When the last verified one came.
    pub last_delivery: Option<Timestamp>,
    /// When the last refused one came.
    pub last_refusal: Option<Timestamp>,
    /// Why that one was refused.
    pub last_refusal_reason: Option<String>,
}

/// An environment, or a resource of one, and the last deployment to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentDetail {
    /// The environment.
    pub environment: String,
    /// The resource of it; nothing for the environment itself.
    pub resource: Option<String>,
    /// How often was deployed to it.
    pub deployments: u64,
    /// The run of the last deployment.
    pub run: RunId,
    /// That run's pipeline.
    pub pipeline: String,
    /// That run's number in its pipeline.
    pub number: u64,
    /// The job, `stage/job.leg`.
    pub job: String,
    /// How far the job is.
    pub state: State,
    /// How it ended.
    pub result: Option<RunResult>,
    /// When it began to deploy.
    pub at: Timestamp,
}

/// How much work there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// Runs that wait for a worker.
    pub queued: u64,
    /// Runs that have started.
    pub running: u64,
    /// How long the job has been due that is due longest, by the store's clock, those left out that may not be claimed:
    /// what a connection's `queue_age` limits. Nothing where none is due.
    pub age: Duration,
}
