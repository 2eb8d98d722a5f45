//! What a step tells about itself by logging commands, and what it hands over for keeping.

use crate::diagnostic::shown;
use crate::run::RunResult;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many issues of each kind are kept of a step; they are counted all the same.
pub const ISSUES_KEPT: usize = 10;
/// The most bytes of an issue's text that are kept.
pub const ISSUE_BYTES_MAX: usize = 4 * 1024;
/// How many tests are kept that failed; all are counted.
pub const FAILURES_KEPT: usize = 20;
/// How many files and details are kept of a step.
pub const FILES_MAX: usize = 100;
/// How many parts of a step can be told apart.
pub const DETAILS_MAX: usize = 100;
/// How many tags a run can have, and the most characters of one.
pub const TAGS_MAX: usize = 100;
/// The most characters of a tag.
pub const TAG_CHARS_MAX: usize = 256;
/// How many artifacts a run can have.
pub const ARTIFACTS_MAX: usize = 1_000;

/// What a step has told so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// How many errors it reported.
    pub errors: u64,
    /// How many warnings.
    pub warnings: u64,
    /// The first of both, [`ISSUES_KEPT`] of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    /// How far it is, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u8>,
    /// What it is doing now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// What its tests said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
    /// How much of the code its tests ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// What it handed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<KeptFile>,
}

/// Whether an issue is an error or a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueKind {
    /// An error. It does not fail the step.
    Error,
    /// A warning.
    Warning,
}

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Which of both.
    pub kind: IssueKind,
    /// What is wrong, with the place if that was told.
    pub message: String,
}

/// A part of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// By which it is told again.
    pub id: String,
    /// The part that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What kind of part it is, in its author's words.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its place among its neighbours.
    pub order: i64,
    /// How far it is, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u8>,
    /// `Unknown`, `Initialized`, `InProgress` or `Completed`.
    pub state: String,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RunResult>,
}

/// What tests said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tests {
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many did neither.
    pub skipped: u64,
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The first that failed, [`FAILURES_KEPT`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<TestFailure>,
}

/// A test that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestFailure {
    /// Its name.
    pub name: String,
    /// Why, in its own words.
    pub message: String,
}

/// How much of the code tests ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// How many lines they ran.
    pub lines_covered: u64,
    /// How many lines could be run.
    pub lines: u64,
    /// How many branches they took.
    pub branches_covered: u64,
    /// How many branches there are.
    pub branches: u64,
}

impl Coverage {
    /// Adds what another file says.
    pub fn add(&mut self, other: Self) {
        self.lines_covered = self.lines_covered.saturating_add(other.lines_covered);
        self.lines = self.lines.saturating_add(other.lines);
        self.branches_covered = self.branches_covered.saturating_add(other.branches_covered);
        self.branches = self.branches.saturating_add(other.branches);
    }
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |covered: u64, all: u64| if all == 0 { 0.0 } else { covered as f64 * 100.0 / all as f64 };
        let Self { lines_covered, lines, branches_covered, branches } = *self;
        write!(f, "coverage: {:.2} % of lines ({lines_covered} of {lines})", percent(lines_covered, lines))?;
        match branches {
            0 => Ok(()),
            _ => write!(
                f,
                ", {:.2} % of branches ({branches_covered} of {branches})",
                percent(branches_covered, branches)
            ),
        }
    }
}

/// What a kept file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A summary in Markdown.
    Summary,
    /// A file that goes with the log.
    Log,
    /// Something that a tool knows by its type and name.
    Attachment,
}

/// A file that a step handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// What it is for.
    pub kind: FileKind,
    /// The type of an attachment; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// Where it is, below the data folder.
    pub path: String,
}

/// Something that a run made, for people and later jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name, unique in the run ignoring case.
    pub name: String,
    /// `container` for what is kept here; else what the step calls it.
    pub kind: String,
    /// Where it is: below the data folder, or wherever the step says.
    pub location: String,
}

/// A deployment that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The environment, macros expanded.
    pub environment: String,
    /// The resource of it, if one is named.
    pub resource: Option<String>,
    /// The job, `stage/job.leg`.
    pub job: String,
    /// When.
    pub at: Timestamp,
}

impl Tests {
    /// Counts a test that failed, and keeps it if it is among the first.
    pub fn fail(&mut self, failure: TestFailure) {
        self.failed += 1;
        if self.failures.len() < FAILURES_KEPT {
            self.failures.push(failure);
        }
    }

    /// Adds what other tests said.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        let room = FAILURES_KEPT.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
    }
}

impl std::fmt::Display for Tests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, skipped, .. } = self;
        let all = passed + failed + skipped;
        match &self.title {
            Some(title) => write!(f, "tests of `{}`", shown(title))?,
            None => write!(f, "tests")?,
        }
        write!(f, ": {all}, {passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl StepReport {
    /// Counts an issue, and keeps it if it is among the first.
    pub fn add_issue(&mut self, kind: IssueKind, message: &str) {
        let count = match kind {
            IssueKind::Error => &mut self.errors,
            IssueKind::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= ISSUES_KEPT as u64 {
            let message = message[..message.floor_char_boundary(ISSUE_BYTES_MAX)].to_owned();
            self.issues.push(Issue { kind, message });
        }
    }

    /// Says whether nothing was told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
