//! What pipehook does itself in a step: checkouts, and tasks that need no cloud.
//!
//! ```text
//! repository  which folders of this machine are checked out
//! git         the `git` program, without what would make it run something else
//! checkout    a repository's files in the job's folders
//! input       a task's inputs: defaults, macros, what a payload may decide
//! place       paths that stay in the job's folders
//! pattern     which files are meant
//! halt        work on a thread of its own that stops when the step does
//! task        which task does what
//! artifact, copy, delete, archive, extract, results, program, wait    the tasks
//! ```
//! A task that only runs a file with an interpreter becomes the script that does so.

mod archive;
mod artifact;
mod checkout;
mod copy;
mod delete;
mod extract;
mod git;
mod halt;
mod input;
mod pattern;
mod place;
mod program;
mod repository;
mod results;
mod task;
mod wait;

pub use extract::{EXTRACTED_MAX, RATIO_MAX};
pub use repository::Repositories;
pub use results::RESULTS_FILE_MAX;

pub(super) use artifact::begin as fetch_artifacts;
pub(super) use checkout::{begin, context, run as check_out};
pub(super) use task::run as run_task;

use super::job::Execution;
use super::journal::Broken;
use super::step;
use super::stop::Interruption;
use crate::pipeline::plan::{Script, Step};
use tokio::time::Instant;

/// How such a step ended.
pub(super) enum Ending {
    /// It did what it should; the sentences are warnings.
    Done(Vec<String>),
    /// It failed, and why.
    Failed(Vec<String>),
    /// It was stopped.
    Interrupted(Interruption),
    /// It is this script, which is still to be run in place of what the step says.
    Script { step: Box<Step>, script: Script },
}

/// What such a step is and when it must end.
#[derive(Clone, Copy)]
pub(super) struct Own<'s> {
    pub(super) place: usize,
    pub(super) step: &'s Step,
    pub(super) end: Option<Instant>,
}

/// Returns when a step must stop.
async fn interruption(execution: &mut Execution<'_>, own: Own<'_>) -> Interruption {
    let Execution { watchman, variables, .. } = execution;
    let holds = || step::goes_on(own.step.condition.as_deref(), variables);
    watchman.interruption(own.end, holds).await
}

/// What something has to say that did what it should.
#[derive(Debug, Default)]
struct Told {
    lines: Vec<String>,
    warnings: Vec<String>,
}

impl Told {
    fn line(line: String) -> Self {
        Self { lines: vec![line], warnings: Vec::new() }
    }
}

/// Why something did not come to its end.
enum Unfinished {
    Failed(String),
    Interrupted(Interruption),
    Broken(Broken),
}

impl From<String> for Unfinished {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

impl From<Broken> for Unfinished {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Tells how a step ended.
async fn conclude(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    done: Result<Told, Unfinished>,
) -> Result<Ending, Broken> {
    match done {
        Ok(Told { lines, warnings }) => {
            execution.desk.log(Some(own.place), lines).await?;
            Ok(Ending::Done(warnings))
        }
        Err(Unfinished::Failed(sentence)) => Ok(Ending::Failed(vec![sentence])),
        Err(Unfinished::Interrupted(interruption)) => Ok(Ending::Interrupted(interruption)),
        Err(Unfinished::Broken(broken)) => Err(broken),
    }
}
