//! The typed pipeline, with the places of everything that a check may point at. What no check
//! looks at is in the form of the plan already.

use super::plan;
use super::task::Definition;
use crate::diagnostic::{Part, Span};
use crate::taint::Text;
use crate::template::{Pattern, Scalar};
use std::ops::Range;
use std::sync::Arc;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// A condition or another expression, with payload text made literals of it.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) span: Span,
    /// Whether each byte of the text stands in the file as it is, from the beginning of the span.
    pub(super) is_verbatim: bool,
    /// Where it is not so and the whole text is the author's: that text, and where in it this begins.
    pub(super) within: Option<(Arc<str>, usize)>,
}

impl Condition {
    /// Returns the place of a part, or of the whole where that is not known.
    pub(super) fn place(&self, part: Range<usize>) -> Span {
        let base = self.span.start as usize;
        if self.is_verbatim { self.span.with_bytes(base + part.start, base + part.end) } else { self.span }
    }

    /// Returns what is needed to find the place of a part in the file, where it is not known yet.
    pub(super) fn part(&self, part: Range<usize>) -> Option<Part> {
        let (text, base) = self.within.as_ref().filter(|_| !self.is_verbatim)?;
        Some(Part { text: text.clone(), range: base + part.start..base + part.end, label: None })
    }
}

#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub(super) name: Option<Placed<Text>>,
    pub(super) variables: Variables,
    pub(super) resources: Resources,
    pub(super) lock_behavior: Option<plan::LockBehavior>,
    pub(super) concurrency: Option<plan::Concurrency>,
    pub(super) stages: Vec<Stage>,
    /// Whether a stage could not be read, so that names may be missing.
    pub(super) has_gaps: bool,
    /// What these names may be; `None` for any.
    pub(super) missing: Option<Vec<Pattern>>,
}

/// Variables of one scope, in order, and the groups among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    pub(super) own: Vec<Variable>,
    pub(super) groups: Vec<plan::VariableGroup>,
    /// Whether there may be more, so that names may be missing.
    pub(super) has_gaps: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: Placed<String>,
    pub(super) value: Text,
    pub(super) value_span: Span,
    pub(super) read_only: bool,
    /// Whether the value is a number that the author wrote.
    pub(super) own_number: bool,
}

/// What is named by alias, with the place of each alias.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) repositories: Vec<Placed<plan::Repository>>,
    pub(super) containers: Vec<Placed<(String, plan::Container)>>,
    pub(super) pipelines: Vec<Placed<plan::PipelineResource>>,
    pub(super) builds: Vec<Placed<String>>,
    pub(super) packages: Vec<Placed<String>>,
    /// Whether there may be more of them, so that aliases may be missing.
    pub(super) has_gaps: bool,
}

#[derive(Debug, Default)]
pub(super) struct Stage {
    /// `None` for the stage around a file that has none, and for one without a name.
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    /// `None` where nothing is said: the stage before.
    pub(super) depends_on: Option<Vec<Placed<String>>>,
    pub(super) condition: Option<Condition>,
    pub(super) variables: Variables,
    pub(super) lock_behavior: Option<plan::LockBehavior>,
    pub(super) is_manual: bool,
    pub(super) is_mandatory: bool,
    pub(super) jobs: Vec<Job>,
    /// Whether a job could not be read, so that names may be missing.
    pub(super) has_gaps: bool,
    /// What these names may be; `None` for any.
    pub(super) missing: Option<Vec<Pattern>>,
    /// Whether it may wait for others than these, since a key or `dependsOn` was not understood.
    pub(super) may_wait: bool,
    /// Whether the file has stages at all.
    pub(super) is_written: bool,
}

#[derive(Debug, Default)]
pub(super) struct Job {
    pub(super) name: Option<Placed<String>>,
    /// Whether there may be more steps, so that names may be missing.
    pub(super) has_gaps: bool,
    pub(super) display_name: Option<Text>,
    pub(super) depends_on: Vec<Placed<String>>,
    /// Whether it may wait for others than these, since a key or `dependsOn` was not understood.
    pub(super) may_wait: bool,
    pub(super) condition: Option<Condition>,
    pub(super) continue_on_error: bool,
    pub(super) timeout_minutes: Option<f64>,
    pub(super) cancel_timeout_minutes: Option<f64>,
    /// Expressions that give values when the job is due.
    pub(super) late: Late,
    pub(super) pool: Pool,
    pub(super) variables: Variables,
    pub(super) strategy: Option<Strategy>,
    pub(super) deployment: Option<Deployment>,
    pub(super) container: Option<Placed<plan::ContainerUse>>,
    pub(super) services: Vec<(Placed<String>, Placed<plan::ContainerUse>)>,
    pub(super) clean: Option<plan::Clean>,
    /// How often the job may be begun when its worker is lost: pipehook's own.
    pub(super) attempts: Option<u32>,
    /// Repositories that the job says it uses.
    pub(super) uses: Vec<Placed<String>>,
    pub(super) says_checkout: bool,
    pub(super) steps: Vec<Step>,
    pub(super) is_written: bool,
}

/// Expressions of a job that are evaluated when it is due.
#[derive(Debug, Default)]
pub(super) struct Late {
    pub(super) continue_on_error: Option<Condition>,
    pub(super) timeout_minutes: Option<Condition>,
    pub(super) cancel_timeout_minutes: Option<Condition>,
    /// Those of the strategy, the container and the services; the plan has their text already.
    pub(super) others: Vec<Condition>,
}

impl Late {
    pub(super) fn all(&self) -> impl Iterator<Item = &Condition> {
        let named = [&self.continue_on_error, &self.timeout_minutes, &self.cancel_timeout_minutes];
        named.into_iter().flatten().chain(&self.others)
    }
}

/// Which workers may run something.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub(super) name: String,
    /// Where it is written, if it is.
    pub(super) span: Option<Span>,
    pub(super) demands: Vec<plan::Demand>,
}

/// The pool of a job that names none, and of one that only asks for an image of a cloud.
pub const POOL_DEFAULT: &str = "default";

impl Default for Pool {
    fn default() -> Self {
        Self { name: POOL_DEFAULT.to_owned(), span: None, demands: Vec::new() }
    }
}

#[derive(Debug)]
pub(super) struct Strategy {
    /// The place of the word that says which jobs it becomes.
    pub(super) span: Span,
    pub(super) fan_out: FanOut,
    pub(super) max_parallel: Option<plan::Count>,
}

#[derive(Debug)]
pub(super) enum FanOut {
    Matrix(Vec<Leg>),
    Expression(String),
    Slices(plan::Count),
}

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) name: Placed<String>,
    pub(super) variables: Vec<Variable>,
}

#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) environment: Option<plan::Environment>,
    pub(super) rollout: plan::Rollout,
    pub(super) hooks: Vec<Hook>,
}

#[derive(Debug)]
pub(super) struct Hook {
    pub(super) point: plan::HookPoint,
    pub(super) pool: Pool,
    pub(super) says_download: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) struct Step {
    /// The place of its first key.
    pub(super) span: Span,
    pub(super) name: Option<Placed<String>>,
    pub(super) display_name: Option<Text>,
    pub(super) condition: Option<Condition>,
    pub(super) continue_on_error: bool,
    pub(super) enabled: bool,
    pub(super) timeout_minutes: f64,
    pub(super) retries: u32,
    pub(super) target: Option<Placed<plan::Target>>,
    pub(super) env: Vec<(Placed<String>, Text)>,
    pub(super) working_directory: Option<Placed<Text>>,
    pub(super) action: Action,
}

/// What a step runs.
#[derive(Debug)]
pub(super) enum Action {
    Script(Script),
    Checkout(Box<Placed<plan::Checkout>>),
    Task(Task),
}

#[derive(Debug)]
pub(super) struct Script {
    pub(super) interpreter: plan::Interpreter,
    pub(super) text: Placed<Scalar>,
    pub(super) fail_on_stderr: plan::Flag,
    pub(super) error_action: plan::ErrorAction,
    pub(super) ignore_last_exit_code: plan::Flag,
    pub(super) preferences: Vec<(String, plan::Word)>,
    pub(super) arguments: Text,
    pub(super) program: Option<Placed<Text>>,
}

#[derive(Debug)]
pub(super) struct Task {
    /// The name: as the registry or its package spells it.
    pub(super) name: String,
    /// What the registry knows of it; nothing for a package.
    pub(super) definition: Option<&'static Definition>,
    /// Where it is named.
    pub(super) span: Span,
    pub(super) version: String,
    /// Each with the place of its value, and with the name that the registry has for it.
    pub(super) inputs: Vec<(Placed<String>, Text)>,
    /// The resource that a shortcut names: of which kind, and its alias.
    pub(super) resource: Option<(ResourceKind, Placed<String>)>,
}

impl Task {
    /// Returns what is given for an input, by its name in the registry; the last one of those that are.
    pub(super) fn input(&self, name: &str) -> Option<&(Placed<String>, Text)> {
        self.inputs.iter().rev().find(|(known, _)| known.value == name)
    }
}

/// A kind of resource that a step may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceKind {
    Pipeline,
    Build,
    Package,
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
        let legs = self.jobs().flat_map(Job::legs).flat_map(|leg| &leg.variables);
        std::iter::once(&self.variables).chain(of_stages).flat_map(|scope| &scope.own).chain(legs)
    }

    /// Returns the jobs of all stages.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.stages.iter().flat_map(|stage| &stage.jobs)
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

impl Job {
    /// Returns the job's own steps and those of its hooks.
    pub(super) fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let hooks = self.deployment.iter().flat_map(|deployment| &deployment.hooks);
        self.steps.iter().chain(hooks.flat_map(|hook| &hook.steps))
    }

    /// Returns the containers that the job describes itself, for its steps and its services.
    pub(super) fn own_containers(&self) -> impl Iterator<Item = Placed<&plan::Container>> {
        self.used_containers().filter_map(|it| match &it.value {
            plan::ContainerUse::Inline(own) => Some(Placed { value: own, span: it.span }),
            plan::ContainerUse::Alias(_) | plan::ContainerUse::Expression(_) => None,
        })
    }

    /// Returns the same and those of the resources that it names.
    pub(super) fn containers<'p>(
        &'p self,
        resources: &'p Resources,
    ) -> impl Iterator<Item = Placed<&'p plan::Container>> {
        let named = self.used_containers().filter_map(|it| match &it.value {
            plan::ContainerUse::Alias(alias) => {
                let found = resources.containers.iter().find(|it| it.value.0.eq_ignore_ascii_case(alias));
                found.map(|it| Placed { value: &it.value.1, span: it.span })
            }
            plan::ContainerUse::Inline(_) | plan::ContainerUse::Expression(_) => None,
        });
        self.own_containers().chain(named)
    }

    fn used_containers(&self) -> impl Iterator<Item = &Placed<plan::ContainerUse>> {
        self.container.iter().chain(self.services.iter().map(|(_, used)| used))
    }

    /// Returns the legs of a matrix that is written in the file.
    pub(super) fn legs(&self) -> &[Leg] {
        match self.strategy.as_ref().map(|strategy| &strategy.fan_out) {
            Some(FanOut::Matrix(legs)) => legs,
            _ => &[],
        }
    }
}

impl Resources {
    /// Returns the containers, each with its place.
    pub(super) fn containers(&self) -> impl Iterator<Item = Placed<&plan::Container>> {
        self.containers.iter().map(|it| Placed { value: &it.value.1, span: it.span })
    }
}

impl Step {
    /// Returns the script that the step runs, if it runs one.
    pub(super) fn script(&self) -> Option<&Script> {
        match &self.action {
            Action::Script(script) => Some(script),
            _ => None,
        }
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
