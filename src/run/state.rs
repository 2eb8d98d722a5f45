//! The words for how far something is, and how it ended.
//!
//! ```text
//! run    queued ──► running ──► completed(result)
//!           │          │
//!           └────► canceling ──► completed(canceled)
//! job    waiting ─► queued ─► running ─► completed(result)
//! step   queued ─► running ─► completed(result)
//! ```

use serde::{Deserialize, Serialize};

/// How far a run, stage, job or step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not started: a run that waits for a worker, a stage or job that waits for others.
    Queued,
    /// Started.
    Running,
    /// Asked to stop, not stopped yet. Only runs.
    Canceling,
    /// Ended; the result says how.
    Completed,
}

/// How a run, stage, job or step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// All went well.
    Succeeded,
    /// Something failed that was allowed to.
    SucceededWithIssues,
    /// Something failed.
    Failed,
    /// Stopped on request or by a job's time limit.
    Canceled,
    /// Its condition did not hold.
    Skipped,
}

impl State {
    /// Returns the word used in JSON, SQL and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Canceling => "canceling",
            Self::Completed => "completed",
        }
    }

    /// Returns the state that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Canceling, Self::Completed].into_iter().find(|state| state.word() == word)
    }
}

impl RunResult {
    /// Every result.
    pub const ALL: [Self; 5] =
        [Self::Succeeded, Self::SucceededWithIssues, Self::Failed, Self::Canceled, Self::Skipped];

    /// Returns the word used in JSON, SQL and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::SucceededWithIssues => "succeededWithIssues",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
        }
    }

    /// Returns the word as expressions know it, such as `SucceededWithIssues`.
    pub fn expression_word(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::SucceededWithIssues => "SucceededWithIssues",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Skipped => "Skipped",
        }
    }

    /// Returns the result that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.word() == word)
    }
}
