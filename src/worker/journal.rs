//! Where an execution tells what happens: the border between executing a job and keeping its
//! story, so that the worker with a store and the foreground command share one execution.

use crate::run::Series;
use crate::store::{Answer, Other, Question, Sought, StepEvent};
use async_trait::async_trait;

/// Why a job has no end that could be recorded. The execution ends at once, and with it its processes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Somebody else has the job now.
    #[error("the lease on the job is lost")]
    Lost,
    /// The worker ends before the job, which begins again elsewhere.
    #[error("the worker ends before the job")]
    HandedBack,
    /// The log can't be written.
    #[error("the log can't be written: {0}")]
    Log(String),
}

/// Keeps the story of one job.
#[async_trait]
pub trait Journal: Send {
    /// Records that a step started or ended. A start is durable when this returns.
    async fn record(&mut self, event: StepEvent) -> Result<(), Broken>;

    /// Returns the number of a series, the same one when the run asks again from the same site.
    async fn count(&mut self, series: &Series) -> Result<i64, Broken>;

    /// Asks, for a step, and returns once there is an answer. Asked again it goes on with the same
    /// question. May be dropped while it waits.
    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken>;

    /// Says whether there are people who could answer.
    fn has_people(&self) -> bool {
        true
    }

    /// Returns what the jobs of the run agree on under a name: what the first of them proposed, and
    /// nothing while none has.
    async fn agree(&mut self, name: &str, proposal: Option<&str>) -> Result<Option<String>, Broken>;

    /// Returns the run of another pipeline that is sought; otherwise a sentence that says what there is.
    async fn seek(&mut self, _sought: &Sought) -> Result<Result<Other, String>, Broken> {
        Ok(Err("Runs of other pipelines are in the store of `pipehook serve`; there is none here.".to_owned()))
    }

    /// Adds lines to the log: of the step at a place of the job, or about the job itself.
    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken>;

    /// Adds lines as one text, in which each has an LF at its end and no other line break.
    async fn log_block(&mut self, step: Option<usize>, block: String) -> Result<(), Broken> {
        self.log(step, block.split_terminator('\n').map(str::to_owned).collect()).await
    }
}
