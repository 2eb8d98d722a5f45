//! Jobs that become several: a matrix, slices, the hooks of a deployment (reference, section 5.7).

use super::{Count, Step, Variable};
use crate::taint::Text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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

/// The three parts of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// What is done once, before.
    Before,
    /// What a canary does for each increment.
    Iteration,
    /// What is done once, at the end.
    After,
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

/// One of the jobs that a deployment becomes: a hook, in a canary's increment where it has several.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'p> {
    /// Which steps run.
    pub hook: &'p Hook,
    /// The share in percent, of a canary's turns but the first and the last.
    pub increment: Option<u32>,
}

impl Deployment {
    /// Returns what runs, in order: the hooks once, or `preDeploy`, then the next three for each
    /// increment of a canary, then the two ends.
    pub fn turns(&self) -> impl Iterator<Item = Turn<'_>> {
        let increments: Vec<Option<u32>> = match &self.rollout {
            Rollout::Canary { increments } if !increments.is_empty() => increments.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        let of = |wanted: Cycle| self.hooks.iter().filter(move |hook| hook.point.cycle() == wanted);
        let once = move |wanted| of(wanted).map(|hook| Turn { hook, increment: None });
        let every = move |increment| of(Cycle::Iteration).map(move |hook| Turn { hook, increment });
        once(Cycle::Before).chain(increments.into_iter().flat_map(every)).chain(once(Cycle::After))
    }
}

impl<'p> Turn<'p> {
    /// Returns what tells it from the others of its job. Turns of a canary are called by their
    /// increment; others by the resource that is deployed to, where there is one.
    pub(super) fn name(&self, resource: Option<&str>) -> Cow<'p, str> {
        let key = self.hook.point.key();
        match (self.increment, resource) {
            (Some(increment), _) => format!("{key}_{increment}").into(),
            (None, Some(resource)) => format!("{key}_{resource}").into(),
            (None, None) => key.into(),
        }
    }
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

    /// Returns the part of the deployment that it belongs to.
    pub fn cycle(self) -> Cycle {
        match self {
            Self::PreDeploy => Cycle::Before,
            Self::Deploy | Self::RouteTraffic | Self::PostRouteTraffic => Cycle::Iteration,
            Self::Success | Self::Failure => Cycle::After,
        }
    }

    /// Returns what `strategy.action` says: what is done to what is deployed.
    pub fn action(self) -> &'static str {
        match self {
            Self::PreDeploy | Self::Deploy | Self::RouteTraffic | Self::PostRouteTraffic => "deploy",
            Self::Success => "promote",
            Self::Failure => "reject",
        }
    }
}

impl Cycle {
    /// Returns what `strategy.cycleName` says.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "pre-iteration",
            Self::Iteration => "iteration",
            Self::After => "post-iteration",
        }
    }
}
