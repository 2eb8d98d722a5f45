//! The frozen work of one run: all that a worker needs, and nothing that can change under it.
//!
//! A plan is made from a checked pipeline, stored as JSON with the run, and read by a worker,
//! perhaps of a later version and on another machine. Text that came from a payload keeps its
//! origin, so that the worker treats it as data too.

use crate::shell::Substitution;
use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// The version of the plan's shape that this binary writes. A reader refuses a later one.
pub const VERSION: u32 = 1;

/// The pattern of a run's name where the pipeline has none (reference, section 8.1).
pub const NAME_DEFAULT: &str = "$(Date:yyyyMMdd).$(Rev:r)";

/// The work of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this shape, [`VERSION`] when written.
    pub version: u32,
    /// What becomes of payload text in scripts: what the connection of the delivery says.
    #[serde(default, skip_serializing_if = "Substitution::is_safe")]
    pub substitution: Substitution,
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's name pattern, macros such as `$(Date:yyyyMMdd)` still in it.
    pub name: Text,
    /// Variables of the whole run, in order; the last of a name wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Stages in the order of the file.
    pub stages: Vec<Stage>,
}

/// A variable of a run, stage or job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The name as written; compared ignoring case.
    pub name: String,
    /// The value: macros `$(x)` and a whole `$[ … ]` are still in it.
    pub value: Text,
    /// Whether a logging command may change it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// A group of jobs that other stages wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The name, unique in the run ignoring case; `__default` where the file has no stages.
    pub name: String,
    /// What people see.
    pub display_name: Text,
    /// Names of stages of this plan that must be completed first; the implicit previous stage is
    /// spelled out here.
    pub depends_on: Vec<String>,
    /// When to run; `None` is `succeeded()`. An expression without `$[ ]` around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Variables of this stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Jobs in the order of the file; never empty.
    pub jobs: Vec<Job>,
}

/// What one worker claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The name, unique in the stage ignoring case; `__default` where the file has no jobs.
    pub name: String,
    /// What people see.
    pub display_name: Text,
    /// Names of jobs of the same stage that must be completed first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// When to run; `None` is `succeeded()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether a failure counts as succeeded with issues.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// Minutes after which the job is canceled; 0 is no limit.
    pub timeout_minutes: f64,
    /// Minutes that a canceled job has to end.
    pub cancel_timeout_minutes: f64,
    /// Which workers may claim it.
    pub pool: String,
    /// Variables of this job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Steps in order, those that are not enabled left out.
    pub steps: Vec<Step>,
}

/// One program to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The name for outputs, if the author gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people see; macros still in it.
    pub display_name: Text,
    /// When to run; `None` is `succeeded()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether a failure counts as succeeded with issues.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// Minutes after which the step has failed; 0 is no limit.
    #[serde(default)]
    pub timeout_minutes: f64,
    /// Environment of this step: names as written, values with macros still in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, Text)>,
    /// Where the program starts, relative to the sources folder; macros still in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<Text>,
    /// What to run.
    pub action: Action,
}

/// What a step runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An inline script.
    Script(Script),
}

/// An inline script as the author wrote it, holes and macros still in it. The worker expands
/// macros in the author's segments and then lets `shell` place the tainted ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// What reads it.
    pub interpreter: Interpreter,
    /// The text.
    pub text: Text,
    /// Whether anything on standard error fails the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_on_stderr: bool,
}

/// The program that reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpreter {
    /// `script:`, which is `bash --noprofile --norc FILE` here.
    CommandLine,
    /// `bash:`, which is `bash FILE`.
    Bash,
}
