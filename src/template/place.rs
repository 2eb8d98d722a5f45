//! Where in a pipeline a value stands, as far as expansion must know: lists into which templates
//! are put, and the values that define variables.

use super::{Content, Node};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The pipeline file, or a file that it extends.
    Root,
    /// A file of steps, jobs, stages or variables.
    File,
    Stages,
    Stage,
    Jobs,
    Job,
    Steps,
    /// `strategy` of a deployment job.
    Strategy,
    /// `runOnce`, `rolling` or `canary`.
    Lifecycle,
    /// `deploy` and its like.
    Hook,
    /// `on`, with `failure` and `success`.
    On,
    Variables,
    VariableItem,
    /// The value of `extends`.
    Extends,
    Other,
}

/// The keys whose values matter, and what stands there.
const MEMBERS: &[(Place, &str, Place)] = &[
    (Place::Root, "stages", Place::Stages),
    (Place::Root, "jobs", Place::Jobs),
    (Place::Root, "steps", Place::Steps),
    (Place::Root, "variables", Place::Variables),
    (Place::Root, "extends", Place::Extends),
    (Place::File, "stages", Place::Stages),
    (Place::File, "jobs", Place::Jobs),
    (Place::File, "steps", Place::Steps),
    (Place::File, "variables", Place::Variables),
    (Place::Stage, "jobs", Place::Jobs),
    (Place::Stage, "variables", Place::Variables),
    (Place::Job, "steps", Place::Steps),
    (Place::Job, "variables", Place::Variables),
    (Place::Job, "strategy", Place::Strategy),
    (Place::Strategy, "runOnce", Place::Lifecycle),
    (Place::Strategy, "rolling", Place::Lifecycle),
    (Place::Strategy, "canary", Place::Lifecycle),
    (Place::Lifecycle, "preDeploy", Place::Hook),
    (Place::Lifecycle, "deploy", Place::Hook),
    (Place::Lifecycle, "routeTraffic", Place::Hook),
    (Place::Lifecycle, "postRouteTraffic", Place::Hook),
    (Place::Lifecycle, "on", Place::On),
    (Place::On, "failure", Place::Hook),
    (Place::On, "success", Place::Hook),
    (Place::Hook, "steps", Place::Steps),
];

impl Place {
    /// Returns what an item of a list at this place is.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Stages => Self::Stage,
            Self::Jobs => Self::Job,
            Self::Variables => Self::VariableItem,
            _ => Self::Other,
        }
    }

    /// Returns what the value of a key at this place is.
    pub(super) fn member(self, key: &str) -> Self {
        let is_meant = |(place, name, _): &&(Place, &str, Place)| *place == self && *name == key;
        MEMBERS.iter().find(is_meant).map_or(Self::Other, |(.., member)| *member)
    }

    /// Returns what the value of an expanded key at this place is.
    pub(super) fn member_of(self, key: &Node) -> Self {
        match &key.content {
            Content::Scalar(scalar) if self != Self::Other => self.member(&scalar.text.flatten()),
            _ => Self::Other,
        }
    }

    /// Says whether a mapping at this place is a scope of its own for variables.
    pub(super) fn is_scope(self) -> bool {
        matches!(self, Self::Root | Self::Stage | Self::Job)
    }

    /// Returns which kind of template an item of a list at this place may name.
    pub(super) fn kind(self) -> Option<super::reference::Kind> {
        use super::reference::Kind;
        Some(match self {
            Self::Stages => Kind::Stages,
            Self::Jobs => Kind::Jobs,
            Self::Steps => Kind::Steps,
            Self::Variables => Kind::Variables,
            Self::Extends => Kind::Extends,
            _ => return None,
        })
    }
}
