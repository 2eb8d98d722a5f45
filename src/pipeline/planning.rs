//! Freezing a checked pipeline: everything implicit is spelled out.

use super::model::{Job, Pipeline, Stage, Step, Variable};
use super::plan::{self, Action, Interpreter, Plan, Script};
use crate::shell::Substitution;
use crate::taint::Text;

/// Minutes after which a job is canceled, and which a canceled job has to end, where nothing is
/// said (reference, section 5.5).
const TIMEOUT_DEFAULT: f64 = 60.0;
const CANCEL_TIMEOUT_DEFAULT: f64 = 5.0;

pub(super) fn plan(pipeline: &Pipeline, name: &str) -> Plan {
    let names = pipeline.stage_names();
    let stages = pipeline.stages.iter().enumerate().map(|(at, it)| stage(it, at, &names)).collect();
    Plan {
        version: plan::VERSION,
        substitution: Substitution::Safe,
        pipeline: name.to_owned(),
        name: pipeline.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| plan::NAME_DEFAULT.into()),
        variables: variables(&pipeline.variables),
        stages,
    }
}

fn stage(stage: &Stage, at: usize, stages: &[String]) -> plan::Stage {
    plan::Stage {
        name: stages[at].clone(),
        display_name: display_name(stage.display_name.as_ref(), &stages[at]),
        depends_on: match &stage.depends_on {
            Some(named) => named.iter().map(|name| name.value.clone()).collect(),
            None => at.checked_sub(1).map(|before| stages[before].clone()).into_iter().collect(),
        },
        condition: stage.condition.as_ref().map(|condition| condition.text.clone()),
        variables: variables(&stage.variables),
        jobs: stage.jobs.iter().zip(stage.job_names()).map(|(it, name)| job(it, name)).collect(),
    }
}

fn job(job: &Job, name: String) -> plan::Job {
    let shown = if job.is_written { name.as_str() } else { "Job" };
    plan::Job {
        display_name: display_name(job.display_name.as_ref(), shown),
        depends_on: job.depends_on.iter().map(|name| name.value.clone()).collect(),
        condition: job.condition.as_ref().map(|condition| condition.text.clone()),
        continue_on_error: job.continue_on_error,
        timeout_minutes: job.timeout_minutes.unwrap_or(TIMEOUT_DEFAULT),
        cancel_timeout_minutes: job.cancel_timeout_minutes.unwrap_or(CANCEL_TIMEOUT_DEFAULT),
        pool: job.pool.clone(),
        variables: variables(&job.variables),
        steps: job.steps.iter().filter(|step| step.enabled).map(step).collect(),
        name,
    }
}

fn step(step: &Step) -> plan::Step {
    let kind = match step.interpreter {
        Interpreter::CommandLine => "CmdLine",
        Interpreter::Bash => "Bash",
    };
    plan::Step {
        name: step.name.as_ref().map(|name| name.value.clone()),
        display_name: display_name(step.display_name.as_ref(), kind),
        condition: step.condition.as_ref().map(|condition| condition.text.clone()),
        continue_on_error: step.continue_on_error,
        timeout_minutes: step.timeout_minutes,
        env: step.env.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
        working_directory: step.working_directory.clone(),
        action: Action::Script(Script {
            interpreter: step.interpreter,
            text: step.script.value.text.clone(),
            fail_on_stderr: step.fail_on_stderr,
        }),
    }
}

fn display_name(written: Option<&Text>, otherwise: &str) -> Text {
    written.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| otherwise.into())
}

fn variables(variables: &[Variable]) -> Vec<plan::Variable> {
    let freeze = |variable: &Variable| plan::Variable {
        name: variable.name.value.clone(),
        value: variable.value.clone(),
        read_only: variable.read_only,
    };
    variables.iter().map(freeze).collect()
}
