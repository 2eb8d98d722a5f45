//! What the status functions of conditions look at (section 5.3 of the reference).

use super::Mistake;
use crate::diagnostic::{Code, did_you_mean, shown};
use std::ops::Range;

/// How a job or stage ended, or how well a job goes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// All went well.
    Succeeded,
    /// Something failed that was allowed to.
    SucceededWithIssues,
    /// Something failed.
    Failed,
    /// Stopped on request.
    Canceled,
    /// Its condition did not hold.
    Skipped,
}

/// What has happened before the condition is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// For a step's condition: how well its job goes so far.
    Step(JobStatus),
    /// For a job's or stage's condition.
    Graph {
        /// Whether the run was canceled.
        canceled: bool,
        /// All jobs or stages that it depends on, directly or through others.
        dependencies: Vec<Dependency>,
    },
}

/// A job or stage that another one depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name by which conditions call it.
    pub name: String,
    /// How it ended.
    pub result: JobStatus,
}

impl JobStatus {
    /// Returns the status that a word such as `SucceededWithIssues` names, ignoring case.
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, JobStatus); 5] = [
            ("Succeeded", JobStatus::Succeeded),
            ("SucceededWithIssues", JobStatus::SucceededWithIssues),
            ("Failed", JobStatus::Failed),
            ("Canceled", JobStatus::Canceled),
            ("Skipped", JobStatus::Skipped),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, status)| *status)
    }

    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::SucceededWithIssues)
    }
}

impl Status {
    /// Returns the status of the first thing of a run: nothing has failed, nothing was canceled.
    pub fn none_yet() -> Self {
        Self::Graph { canceled: false, dependencies: Vec::new() }
    }

    pub(super) fn is_canceled(&self) -> bool {
        match self {
            Self::Step(status) => *status == JobStatus::Canceled,
            Self::Graph { canceled, .. } => *canceled,
        }
    }

    /// Returns the results that count: those of the named dependencies, or all without a name.
    pub(super) fn results(&self, names: &[(String, Range<usize>)]) -> Result<Vec<JobStatus>, Mistake> {
        match self {
            Self::Step(status) => match names.first() {
                None => Ok(vec![*status]),
                Some((_, range)) => Err(no_names_in_steps(range.clone())),
            },
            Self::Graph { dependencies, .. } if names.is_empty() => {
                Ok(dependencies.iter().map(|dependency| dependency.result).collect())
            }
            Self::Graph { dependencies, .. } => {
                names.iter().map(|(name, range)| result(dependencies, name, range)).collect()
            }
        }
    }
}

fn result(dependencies: &[Dependency], name: &str, range: &Range<usize>) -> Result<JobStatus, Mistake> {
    let known = dependencies.iter().find(|dependency| dependency.name.eq_ignore_ascii_case(name));
    known.map(|dependency| dependency.result).ok_or_else(|| {
        let title = format!("`{}` is not among the dependencies", shown(name));
        Mistake::new(Code::UnknownName, range.clone(), title, "not a dependency")
            .help("name it under `dependsOn`")
            .maybe_help(did_you_mean(name, dependencies.iter().map(|dependency| dependency.name.as_str())))
    })
}

pub(super) fn no_names_in_steps(range: Range<usize>) -> Mistake {
    let title = "a status function takes no arguments in the condition of a step";
    Mistake::new(Code::ArgumentCount, range, title, "a step depends on no job or stage")
}
