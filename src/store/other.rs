//! Runs of other pipelines, of which a job wants artifacts and names.

use super::report::Artifact;
use super::view::Run;
use crate::id::RunId;
use crate::pipeline::plan::Plan;
use crate::run::RunResult;

/// What an agreement of a run is called that names another run whose files it needs (see
/// [`Store::agree`](super::Store::agree)): while the run is not completed, those files are
/// [`Lent`](super::Lent). Something that tells it from others follows, and the value is the other run's id.
pub const LOAN: &str = "other run: ";

/// Which run of a pipeline is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The pipeline's name.
    pub pipeline: String,
    /// Which of its runs.
    pub which: Which,
}

/// Which of a pipeline's runs is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The latest of those that are like this.
    Latest {
        /// How it may have ended.
        results: Vec<RunResult>,
        /// The run that seeks it: it must have ended when that one was queued. So all who seek in the name of that run
        /// see the same one, and no clock decides which it is.
        seeker: RunId,
        /// Tags that it has, ignoring case: all of them.
        tags: Vec<String>,
    },
    /// The latest with this name that is completed, however it ended.
    Named(String),
    /// The one with this number, in whatever state.
    Number(u64),
    /// The one with this id, in whatever state.
    Id(RunId),
}

/// Returns the query for the latest run of which conditions hold, with these columns of it and its work, as
/// both stores spell it. In one pipeline the numbers have the order of time, and an index.
pub(super) fn query(columns: &str, conditions: &[String]) -> String {
    format!(
        "SELECT {columns}, plan, \"values\"
         FROM run
         JOIN work ON work.run = run.seq
         JOIN form ON form.seq = work.form
         WHERE {}
         ORDER BY number DESC
         LIMIT 1",
        conditions.join(" AND ")
    )
}

/// Returns the condition that a run had ended when that one was queued whose id is at a place for a value.
pub(super) fn had_ended(id: &str) -> String {
    format!("ended_as <= (SELECT seeker.ended_before FROM run AS seeker WHERE seeker.id = {id})")
}

/// A run of another pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Other {
    /// The run.
    pub run: Run,
    /// Its frozen work.
    pub plan: Plan,
    /// Artifacts that it has taken from the one that it repeats, and are not in its own folder.
    pub taken: Vec<Artifact>,
}
