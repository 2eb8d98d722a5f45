//! The typed pipeline, with the places of everything that a check may point at.

use super::plan::Interpreter;
use crate::diagnostic::Span;
use crate::taint::Text;
use crate::template::Scalar;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub(super) name: Option<Text>,
    pub(super) variables: Vec<Variable>,
    pub(super) stages: Vec<Stage>,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: Placed<String>,
    pub(super) value: Text,
    pub(super) read_only: bool,
}

#[derive(Debug)]
pub(super) struct Stage {
    /// `None` for the stage around a file that has none, and for one without a name.
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    /// `None` where nothing is said: the stage before.
    pub(super) depends_on: Option<Vec<Placed<String>>>,
    pub(super) condition: Option<Placed<String>>,
    pub(super) variables: Vec<Variable>,
    pub(super) jobs: Vec<Job>,
    /// Whether the file has stages at all.
    pub(super) is_written: bool,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    pub(super) depends_on: Vec<Placed<String>>,
    pub(super) condition: Option<Placed<String>>,
    pub(super) continue_on_error: bool,
    pub(super) timeout_minutes: Option<f64>,
    pub(super) cancel_timeout_minutes: Option<f64>,
    pub(super) pool: String,
    pub(super) variables: Vec<Variable>,
    pub(super) steps: Vec<Step>,
    pub(super) is_written: bool,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    pub(super) condition: Option<Placed<String>>,
    pub(super) continue_on_error: bool,
    pub(super) enabled: bool,
    pub(super) timeout_minutes: f64,
    pub(super) env: Vec<(Placed<String>, Text)>,
    pub(super) working_directory: Option<Text>,
    pub(super) fail_on_stderr: bool,
    pub(super) interpreter: Interpreter,
    pub(super) script: Placed<Scalar>,
}
