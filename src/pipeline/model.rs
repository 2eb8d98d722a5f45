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

/// A condition with payload text made literals of it.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) span: Span,
    /// Whether each byte of the text stands in the file as it is, from the beginning of the span.
    pub(super) is_verbatim: bool,
}

#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub(super) name: Option<Text>,
    pub(super) variables: Vec<Variable>,
    pub(super) stages: Vec<Stage>,
    /// Whether a stage could not be read, so that names may be missing.
    pub(super) has_gaps: bool,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: Placed<String>,
    pub(super) value: Text,
    pub(super) value_span: Span,
    pub(super) read_only: bool,
}

#[derive(Debug)]
pub(super) struct Stage {
    /// `None` for the stage around a file that has none, and for one without a name.
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    /// `None` where nothing is said: the stage before.
    pub(super) depends_on: Option<Vec<Placed<String>>>,
    pub(super) condition: Option<Condition>,
    pub(super) variables: Vec<Variable>,
    pub(super) jobs: Vec<Job>,
    /// Whether a job could not be read, so that names may be missing.
    pub(super) has_gaps: bool,
    /// Whether the file has stages at all.
    pub(super) is_written: bool,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    pub(super) depends_on: Vec<Placed<String>>,
    pub(super) condition: Option<Condition>,
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
    pub(super) condition: Option<Condition>,
    pub(super) continue_on_error: bool,
    pub(super) enabled: bool,
    pub(super) timeout_minutes: f64,
    pub(super) env: Vec<(Placed<String>, Text)>,
    pub(super) working_directory: Option<Text>,
    pub(super) fail_on_stderr: bool,
    pub(super) interpreter: Interpreter,
    pub(super) script: Placed<Scalar>,
}

/// What the stage or job around a file without them is called (reference, section 5.1).
const AROUND: &str = "__default";

impl Pipeline {
    /// Returns the variables of all scopes.
    pub(super) fn all_variables(&self) -> impl Iterator<Item = &Variable> {
        let of_stages = self
            .stages
            .iter()
            .flat_map(|stage| std::iter::once(&stage.variables).chain(stage.jobs.iter().map(|job| &job.variables)));
        std::iter::once(&self.variables).chain(of_stages).flatten()
    }

    /// Returns the names of all stages, with numbered ones for those that have none.
    pub(super) fn stage_names(&self) -> Vec<String> {
        names(self.stages.iter().map(|stage| (stage.name.as_ref(), stage.is_written)), "Stage")
    }
}

impl Stage {
    /// Returns the names of all jobs, with numbered ones for those that have none.
    pub(super) fn job_names(&self) -> Vec<String> {
        names(self.jobs.iter().map(|job| (job.name.as_ref(), job.is_written)), "Job")
    }
}

/// Numbers are counted over those without a name, and leave out what somebody else is called.
fn names<'p>(all: impl Iterator<Item = (Option<&'p Placed<String>>, bool)> + Clone, word: &str) -> Vec<String> {
    let is_taken =
        |free: &String| all.clone().filter_map(|(name, _)| name).any(|name| name.value.eq_ignore_ascii_case(free));
    let mut numbered = (1_u32..).map(|number| format!("{word}{number}")).filter(|free| !is_taken(free));
    let name = |(name, is_written): (Option<&Placed<String>>, bool)| match name {
        Some(name) => name.value.clone(),
        None if is_written => numbered.next().expect("numbers do not end before names do"),
        None => AROUND.to_owned(),
    };
    all.clone().map(name).collect()
}
