//! The frozen work of one run: all that a worker needs, and nothing that can change under it.
//!
//! A plan is made from a checked pipeline, stored as JSON with the run, and read by a worker,
//! perhaps of a later version and on another machine. Text that came from a payload keeps its
//! origin, so that the worker treats it as data too.
//!
//! ```text
//! mod        the run, its stages, jobs and variables
//! step       what a step runs, and how
//! strategy   jobs that become several: matrix, slices, deployments
//! leg        each of those several, as one that executes or shows it sees it
//! reach      where payload text stands
//! settled    what becomes known of a job only when it is due
//! resource   repositories, containers and pipelines that jobs and steps name by alias
//! ```

mod leg;
mod reach;
mod resource;
mod settled;
mod step;
mod strategy;

pub use leg::{JOBS_OF_RUN_MAX, LEGS_MAX, Leg};
pub use resource::{Container, ContainerUse, PipelineResource, ReadOnlyMounts, Repository, Resources, pipeline_name};
pub use settled::Settled;
pub use step::{
    Action, Checkout, CheckoutSource, Commands, ErrorAction, Flag, Interpreter, Script, Step, Target, TargetPlace,
    Task, Word, reference_name,
};
pub use strategy::{Cycle, Deployment, Environment, FanOut, Hook, HookPoint, MatrixLeg, Rollout, Strategy, Turn};

use crate::shell::Substitution;
use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// The version of the plan's shape that this binary writes. A reader refuses a later one.
pub const VERSION: u32 = 1;

/// The pool of jobs that run on no machine: the store keeps what they wait for, and whoever has time
/// looks after them.
pub const AGENTLESS_POOL: &str = "server";

/// The tasks that such jobs are made of.
pub const AGENTLESS_TASKS: [&str; 2] = ["ManualValidation", "Delay"];

/// The most characters of the name of a run (reference, section 8.1).
pub const NAME_MAX: usize = 255;
/// Characters that it may not have.
pub const NAME_FORBIDDEN: &str = "\"/\\:<>'|?@*";
/// The pattern of a run's name where the pipeline has none.
pub const NAME_DEFAULT: &str = "$(Date:yyyyMMdd).$(Rev:r)";

/// The variable that tells the run's name.
pub const RUN_NAME: &str = "Build.BuildNumber";

/// How many variables a macro may be followed through.
pub const MACRO_DEPTH_MAX: usize = 50;
/// The most bytes of a variable's expanded value; one that would be longer stays as written.
pub const VALUE_MAX: usize = 1024 * 1024;
/// The most bytes of a variable that steps find in their environment: the system takes 128 KiB a value.
pub const EXPORTED_MAX: usize = 64 * 1024;

/// The work of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this shape, [`VERSION`] when written.
    pub version: u32,
    /// What becomes of payload text in scripts: what the connection of the delivery says.
    #[serde(default, skip_serializing_if = "Substitution::is_safe")]
    pub substitution: Substitution,
    /// The pipeline's name.
    pub pipeline: String,
    /// The alias of the webhook resource that a delivery has met; nothing for a run by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered_by: Option<String>,
    /// The run's name pattern, macros such as `$(Date:yyyyMMdd)` still in it.
    pub name: Text,
    /// Variables of the whole run, in order; the last of a name wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Variable groups of the whole run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<VariableGroup>,
    /// What jobs and steps name by alias.
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// Which of the waiting runs goes on when an exclusive lock is free; for stages that say
    /// nothing themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_behavior: Option<LockBehavior>,
    /// How many runs of a group there may be at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Stages in the order of the file.
    pub stages: Vec<Stage>,
}

/// A limit on runs that go on at once: pipehook's own `concurrency`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Runs with the same text here count together.
    pub group: Text,
    /// How many may go on at once, at least 1.
    pub limit: u32,
    /// What becomes of the others.
    pub policy: ConcurrencyPolicy,
}

/// What becomes of a run that finds its group full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConcurrencyPolicy {
    /// It waits for its turn.
    Queue,
    /// It waits, and takes the place of those that wait already: they are canceled.
    Latest,
    /// The oldest that goes on is canceled for it.
    CancelRunning,
}

/// Which run goes on when an exclusive lock is free (reference, section 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockBehavior {
    /// The latest; older ones that wait are canceled.
    RunLatest,
    /// The oldest.
    Sequential,
}

/// A variable of a run, stage or job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name as written; compared ignoring case.
    pub name: String,
    /// The value: macros `$(x)` and a whole `$[ … ]` are still in it.
    pub value: Text,
    /// Whether a logging command may not change it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Whether the value is a number that the author wrote. A script takes it as the author's text even
    /// beside a redirection, where any other number may be a payload's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_number: bool,
    /// The variable group whose secrets all stand here: such a variable has neither a name nor a
    /// value, and is made from a [`VariableGroup`] when a job starts.
    #[serde(skip)]
    pub group: Option<String>,
}

/// A group of variables that the configuration holds. The plan names it only: secrets among its
/// variables are never stored with a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableGroup {
    /// The group's name.
    pub name: String,
    /// How many variables of the same scope stand before it: those lose against the group's, and
    /// later ones win.
    pub after: usize,
}

/// A group of jobs that other stages wait for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// Variable groups of this stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<VariableGroup>,
    /// Which of the waiting runs goes on when an exclusive lock is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_behavior: Option<LockBehavior>,
    /// Whether the stage waits for a person to start it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_manual: bool,
    /// Whether nobody may skip it by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_mandatory: bool,
    /// Jobs in the order of the file; never empty.
    pub jobs: Vec<Job>,
}

/// What one worker claims.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// What becomes known when the job is due: expressions that replace the values above.
    #[serde(default, skip_serializing_if = "Late::is_empty")]
    pub late: Late,
    /// Which workers may claim it.
    pub pool: String,
    /// What a worker must be able to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demands: Vec<Demand>,
    /// Variables of this job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Variable groups of this job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<VariableGroup>,
    /// How the job becomes several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What makes it a deployment job; its steps stand there, in the hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Deployment>,
    /// The container that the steps run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerUse>,
    /// Containers beside the job, by the name under which it reaches them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<(String, ContainerUse)>,
    /// What is removed of the job's folders before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<Clean>,
    /// How often the job may be begun when its worker is lost while a step ran; `None` is once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Whether the file says what is checked out, be it `none`. If it does not, a job that is no
    /// deployment begins with `checkout: self` (reference, section 6.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub says_checkout: bool,
    /// Steps in order, those that are not enabled left out.
    pub steps: Vec<Step>,
}

/// Values of a job that are expressions, without the `$[ ]` around them. They are evaluated when
/// the job is due, with the names that its variables' expressions have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// For [`Job::continue_on_error`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continue_on_error: Option<String>,
    /// For [`Job::timeout_minutes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<String>,
    /// For [`Job::cancel_timeout_minutes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_timeout_minutes: Option<String>,
}

impl Late {
    /// Says whether everything is known already.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A number that is known, or the expression that gives it when the job is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// The number.
    Known(u32),
    /// An expression, without the `$[ ]` around it.
    Expression(String),
}

/// What a job demands of a worker (reference, section 5.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// The capability's name.
    pub name: String,
    /// The value that it must have; `None` if it only has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
    /// The version that it must have at least; `None` if any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
}

/// Which folders of a job are removed before it begins (reference, section 5.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clean {
    /// What earlier jobs built.
    Outputs,
    /// What they checked out.
    Resources,
    /// Everything.
    All,
}
