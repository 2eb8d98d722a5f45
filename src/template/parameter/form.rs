//! The parts of a pipeline that a parameter can take. What they look like is said by the tables of
//! the language, which stand above this module: whoever loads a template hands over a judge.

use super::super::{Node, place::Place};
use crate::diagnostic::Diagnostics;

/// A part of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A step.
    Step,
    /// A job of any kind.
    Job,
    /// A deployment job.
    Deployment,
    /// A stage.
    Stage,
}

/// Reports what is wrong with a value that should be such a part: its shape, its keys, and what
/// stands below them. The value is as its author wrote it, before steps become tasks.
pub type Judge = fn(&Node, Form, &mut Diagnostics);

impl Form {
    /// Returns what is wanted, for messages.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Step => "a step is wanted",
            Self::Job => "a job is wanted",
            Self::Deployment => "a deployment job is wanted",
            Self::Stage => "a stage is wanted",
        }
    }

    /// Returns the list of a pipeline in which such parts stand.
    pub(in crate::template) fn place(self) -> Place {
        match self {
            Self::Step => Place::Steps,
            Self::Job | Self::Deployment => Place::Jobs,
            Self::Stage => Place::Stages,
        }
    }
}
