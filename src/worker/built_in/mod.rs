//! What pipehook does itself in a step: checkouts, and tasks that need no cloud.
//!
//! ```text
//! repository  which folders of this machine are checked out
//! git         the `git` program, without what would make it run something else
//! checkout    a repository's files in the job's folders; submodule those of others in it
//! input       a task's inputs: defaults, macros, what a payload may decide
//! place       paths that stay in the job's folders
//! glob        one pattern for paths
//! pattern     which files are meant
//! tree        which files are there
//! xml         files that tools have left, of any encoding
//! pack        archives that are made; zip_time the times of entries in them; seven those of 7z
//! call        programs that steps call for themselves
//! halt        work on a thread of its own that stops when the step does
//! task        which task does what
//! artifact, copy, delete, download, archive, extract, results, coverage, cache, program, wait    the tasks
//! handed      what commands of steps hand over to some of them
//! tool        those that only call a tool; dotnet what one of them does beside that
//! select      those that select a version of one
//! package     those that are installed beside these
//! ```
//! A task that only runs a file with an interpreter becomes the script that does so.

mod archive;
mod artifact;
mod cache;
mod call;
mod calling;
mod checkout;
mod copy;
mod coverage;
mod delete;
mod dotnet;
mod download;
mod extract;
mod git;
mod glob;
mod halt;
mod handed;
mod input;
mod pack;
mod package;
mod pattern;
mod place;
mod program;
mod repository;
mod results;
mod select;
mod seven;
mod submodule;
mod task;
mod tool;
mod tree;
mod version;
mod wait;
mod xml;
mod zip_time;

pub use extract::{EXTRACTED_MAX, RATIO_MAX};
pub use repository::Repositories;
pub use xml::XML_FILE_MAX;

pub(super) use cache::{Saving, save as save_cache};
pub(super) use checkout::{begin, context, make_sources, run as check_out};
pub(super) use dotnet::{Published, zip as zip_published};
pub(super) use download::begin as fetch_artifacts;
pub(super) use halt::{hurried, until as work_until, work};
pub(super) use handed::take as take_results;
pub(super) use package::has_part;
pub(super) use results::publish as publish_results;
pub(super) use task::run as run_task;

use super::job::Execution;
use super::journal::Broken;
use super::script::Prepared;
use super::step;
use super::stop::Interruption;
use super::unseen::Unseen;
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
    Program(Box<Instead>),
    /// It is this program, which is still to be run.
    Prepared(Box<Prepared>),
}

/// A script in place of what a step says.
pub(super) struct Instead {
    pub(super) step: Step,
    pub(super) script: Script,
    /// What people call its program, where it is not what reads the script.
    pub(super) called: Option<String>,
    /// The call in it of which the words are not to be seen.
    pub(super) unseen: Option<Unseen>,
    /// Sentences about it for the log.
    pub(super) warnings: Vec<String>,
    /// What its program leaves behind and is looked at in any case.
    pub(super) results: Option<results::Wanted>,
    /// What it has published and is to be zipped if it succeeded.
    pub(super) published: Option<Published>,
}

/// What such a step is and when it must end.
#[derive(Clone, Copy)]
pub(super) struct Own<'s> {
    pub(super) place: usize,
    pub(super) step: &'s Step,
    pub(super) end: Option<Instant>,
    pub(super) part: Part,
}

/// Which part of a task is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What a package does before the job's steps.
    Before,
    /// What it does where its step stands.
    Main,
    /// What a package does when the job's steps have ended.
    After,
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
pub(super) enum Unfinished {
    Failed(String),
    Interrupted(Interruption),
    Broken(Broken),
}

impl From<String> for Unfinished {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

impl Instead {
    /// Returns a script of which nothing more is to be said.
    fn new(step: Step, script: Script) -> Self {
        Self { step, script, called: None, unseen: None, warnings: Vec::new(), results: None, published: None }
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
