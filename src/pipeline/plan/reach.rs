//! Where payload text stands in a plan, so that a worker knows what may be in the files of a run.

use super::{Action, FanOut, Job, Plan, Step, Variable};
use crate::taint::Text;

impl Plan {
    /// Returns the texts that hold payload text and that a step gets: variables, scripts, inputs,
    /// `env`. Names that people see are not among them.
    pub fn payload_texts(&self) -> impl Iterator<Item = &Text> {
        let jobs = self.stages.iter().flat_map(|stage| stage.jobs.iter().flat_map(of_job));
        let stages = self.stages.iter().flat_map(|stage| of_variables(&stage.variables));
        of_variables(&self.variables).chain(stages).chain(jobs).filter(|text| text.is_tainted())
    }

    /// Says whether steps may take files that runs of other pipelines have left.
    pub fn takes_of_others(&self) -> bool {
        let steps = self.stages.iter().flat_map(|stage| stage.jobs.iter().flat_map(steps_of_job));
        !self.resources.pipelines.is_empty() || steps.into_iter().any(takes_of_another)
    }
}

/// The inputs that say whose artifacts a task takes.
const WHOSE: [&str; 2] = ["source", "buildType"];

fn takes_of_another(step: &Step) -> bool {
    let Action::Task(task) = &step.action else { return false };
    let is_download = ["DownloadPipelineArtifact", "DownloadBuildArtifacts"].contains(&task.name.as_str());
    let is_current = |text: &Text| text.is_empty() || text.flatten().eq_ignore_ascii_case("current");
    is_download && task.inputs.iter().any(|(name, value)| WHOSE.contains(&name.as_str()) && !is_current(value))
}

fn of_variables(variables: &[Variable]) -> impl Iterator<Item = &Text> {
    variables.iter().map(|variable| &variable.value)
}

fn of_job(job: &Job) -> impl Iterator<Item = &Text> {
    let legs = match job.strategy.as_ref().map(|strategy| &strategy.fan_out) {
        Some(FanOut::Matrix(legs)) => legs.as_slice(),
        _ => &[],
    };
    let legs = legs.iter().flat_map(|leg| of_variables(&leg.variables));
    of_variables(&job.variables).chain(legs).chain(steps_of_job(job).flat_map(of_step))
}

fn steps_of_job(job: &Job) -> impl Iterator<Item = &Step> {
    let hooks = job.deployment.iter().flat_map(|deployment| &deployment.hooks);
    job.steps.iter().chain(hooks.flat_map(|hook| &hook.steps))
}

fn of_step(step: &Step) -> impl Iterator<Item = &Text> {
    let (script, inputs) = match &step.action {
        Action::Script(script) => (vec![&script.text, &script.arguments], &[][..]),
        Action::Task(task) => (Vec::new(), task.inputs.as_slice()),
        Action::Checkout(_) => (Vec::new(), &[][..]),
    };
    let named = step.env.iter().chain(inputs).map(|(_, value)| value);
    named.chain(&step.working_directory).chain(script)
}
