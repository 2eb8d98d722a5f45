//! Jobs that become several: a matrix, slices, the hooks of a deployment (reference, section 5.7).

use super::{Count, Step, Variable};
use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// How a job becomes several that share its conditions and dependencies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    /// Which ones.
    pub fan_out: FanOut,
    /// How many may run at once; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<Count>,
}

/// Which jobs one job becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanOut {
    /// One for each leg of a matrix; one plain job if there is none.
    Matrix(Vec<MatrixLeg>),
    /// The expression, without the `$[ ]` around it, that gives a matrix as JSON when the job is
    /// due: an object of legs, each an object of variables.
    MatrixExpression(String),
    /// So many equal ones.
    Slices(Count),
}

/// A leg of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixLeg {
    /// The name, unique in the matrix ignoring case.
    pub name: String,
    /// Variables of the leg's job.
    pub variables: Vec<Variable>,
}

/// What makes a job a deployment job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// What is deployed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// How.
    pub rollout: Rollout,
    /// What runs, in the order of [`HookPoint`].
    pub hooks: Vec<Hook>,
}

/// What is deployed to. Macros are still in the texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The environment.
    pub name: Text,
    /// A resource of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<Text>,
    /// The same by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<Text>,
    /// What kind of resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<Text>,
    /// Tags that a resource must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text>,
}

/// How a deployment proceeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// Once.
    RunOnce,
    /// Over the resources of an environment, some at once.
    Rolling {
        /// How many at once, as a number or a percentage (`25%`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_parallel: Option<String>,
    },
    /// In increments.
    Canary {
        /// Percentages, in order.
        increments: Vec<u32>,
    },
}

/// The steps of one moment of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// When.
    pub point: HookPoint,
    /// Which workers may run them.
    pub pool: String,
    /// Whether the file says what is downloaded, be it `none`. If it does not, [`HookPoint::Deploy`]
    /// begins with the artifacts of the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub says_download: bool,
    /// The steps, those that are not enabled left out.
    pub steps: Vec<Step>,
}

/// A moment of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookPoint {
    /// Before anything is deployed.
    PreDeploy,
    /// The deployment itself.
    Deploy,
    /// When traffic goes to what was deployed.
    RouteTraffic,
    /// After that.
    PostRouteTraffic,
    /// `on.success`: after all others, if none failed.
    Success,
    /// `on.failure`: after one that failed.
    Failure,
}

impl Rollout {
    /// Returns the key under which the language has it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::RunOnce => "runOnce",
            Self::Rolling { .. } => "rolling",
            Self::Canary { .. } => "canary",
        }
    }
}

impl HookPoint {
    /// Returns the key under which the language has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::PreDeploy => "preDeploy",
            Self::Deploy => "deploy",
            Self::RouteTraffic => "routeTraffic",
            Self::PostRouteTraffic => "postRouteTraffic",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}
