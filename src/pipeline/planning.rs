//! Freezing a checked pipeline: everything implicit is spelled out.

use super::model::{self, Action, FanOut, Hook, Job, Pipeline, Script, Stage, Step, Variable, Variables};
use super::plan::{self, Interpreter, Plan};
use crate::shell::Substitution;
use crate::taint::Text;

/// Minutes after which a job is canceled, and which a canceled job has to end, where nothing is
/// said (reference, section 5.5).
const TIMEOUT_DEFAULT: f64 = 60.0;
const CANCEL_TIMEOUT_DEFAULT: f64 = 5.0;

pub(super) fn plan(pipeline: &Pipeline, name: &str) -> Plan {
    let names = pipeline.stage_names();
    let stages = pipeline.stages.iter().enumerate().map(|(at, it)| stage(it, at, &names)).collect();
    let pattern = pipeline.name.as_ref().map(|name| name.value.clone()).filter(|name| !name.is_empty());
    let resources = &pipeline.resources;
    Plan {
        version: plan::VERSION,
        substitution: Substitution::default(),
        pipeline: name.to_owned(),
        triggered_by: None,
        name: pattern.unwrap_or_else(|| plan::NAME_DEFAULT.into()),
        variables: variables(&pipeline.variables),
        groups: pipeline.variables.groups.clone(),
        resources: plan::Resources {
            repositories: resources.repositories.iter().map(|it| it.value.clone()).collect(),
            containers: resources.containers.iter().map(|it| it.value.clone()).collect(),
            pipelines: resources.pipelines.iter().map(|it| it.value.clone()).collect(),
        },
        lock_behavior: pipeline.lock_behavior,
        concurrency: pipeline.concurrency.clone(),
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
        groups: stage.variables.groups.clone(),
        lock_behavior: stage.lock_behavior,
        is_manual: stage.is_manual,
        is_mandatory: stage.is_mandatory,
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
        late: late(&job.late),
        pool: job.pool.name.clone(),
        demands: job.pool.demands.clone(),
        variables: variables(&job.variables),
        groups: job.variables.groups.clone(),
        strategy: job.strategy.as_ref().map(strategy),
        deployment: job.deployment.as_ref().map(deployment),
        container: job.container.as_ref().map(|container| container.value.clone()),
        services: job.services.iter().map(|(name, service)| (name.value.clone(), service.value.clone())).collect(),
        clean: job.clean,
        attempts: job.attempts,
        says_checkout: job.says_checkout,
        steps: steps(&job.steps),
        name,
    }
}

fn late(late: &model::Late) -> plan::Late {
    let text = |condition: &Option<model::Condition>| condition.as_ref().map(|condition| condition.text.clone());
    plan::Late {
        continue_on_error: text(&late.continue_on_error),
        timeout_minutes: text(&late.timeout_minutes),
        cancel_timeout_minutes: text(&late.cancel_timeout_minutes),
    }
}

fn strategy(strategy: &model::Strategy) -> plan::Strategy {
    plan::Strategy {
        fan_out: match &strategy.fan_out {
            FanOut::Matrix(legs) => plan::FanOut::Matrix(legs.iter().map(leg).collect()),
            FanOut::Expression(text) => plan::FanOut::MatrixExpression(text.clone()),
            FanOut::Slices(count) => plan::FanOut::Slices(count.clone()),
        },
        max_parallel: strategy.max_parallel.clone(),
    }
}

fn leg(leg: &model::Leg) -> plan::MatrixLeg {
    plan::MatrixLeg { name: leg.name.value.clone(), variables: leg.variables.iter().map(variable).collect() }
}

fn deployment(deployment: &model::Deployment) -> plan::Deployment {
    plan::Deployment {
        environment: deployment.environment.clone(),
        rollout: deployment.rollout.clone(),
        hooks: deployment.hooks.iter().map(hook).collect(),
    }
}

fn hook(hook: &Hook) -> plan::Hook {
    plan::Hook {
        point: hook.point,
        pool: hook.pool.name.clone(),
        says_download: hook.says_download,
        steps: steps(&hook.steps),
    }
}

fn steps(steps: &[Step]) -> Vec<plan::Step> {
    steps.iter().filter(|step| step.enabled).map(step).collect()
}

fn step(step: &Step) -> plan::Step {
    plan::Step {
        name: step.name.as_ref().map(|name| name.value.clone()),
        display_name: display_name(step.display_name.as_ref(), usual_name(&step.action)),
        condition: step.condition.as_ref().map(|condition| condition.text.clone()),
        continue_on_error: step.continue_on_error,
        timeout_minutes: step.timeout_minutes,
        retries: step.retries,
        target: step.target.as_ref().map(|target| target.value.clone()),
        env: step.env.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
        working_directory: step.working_directory.as_ref().map(|directory| directory.value.clone()),
        action: action(&step.action),
    }
}

/// Returns what people see of a step that has no name for them.
fn usual_name(action: &Action) -> &str {
    match action {
        Action::Script(Script { interpreter: Interpreter::CommandLine, .. }) => "CmdLine",
        Action::Script(Script { interpreter: Interpreter::Bash, .. }) => "Bash",
        Action::Script(Script { interpreter: Interpreter::Python, .. }) => "PythonScript",
        Action::Script(_) => "PowerShell",
        Action::Checkout(_) => "Checkout",
        Action::Task(task) => &task.name,
    }
}

fn action(action: &Action) -> plan::Action {
    match action {
        Action::Script(script) => plan::Action::Script(plan::Script {
            interpreter: script.interpreter,
            text: script.text.value.text.clone(),
            fail_on_stderr: script.fail_on_stderr.clone(),
            error_action: script.error_action.clone(),
            ignore_last_exit_code: script.ignore_last_exit_code.clone(),
            preferences: script.preferences.clone(),
            arguments: script.arguments.clone(),
            program: script.program.as_ref().map(|program| program.value.clone()),
        }),
        Action::Checkout(checkout) => plan::Action::Checkout(Box::new(checkout.value.clone())),
        Action::Task(task) => plan::Action::Task(plan::Task {
            name: task.name.clone(),
            is_package: task.definition.is_none(),
            version: task.version.clone(),
            inputs: task.inputs.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
        }),
    }
}

fn display_name(written: Option<&Text>, otherwise: &str) -> Text {
    written.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| otherwise.into())
}

fn variables(variables: &Variables) -> Vec<plan::Variable> {
    variables.own.iter().map(variable).collect()
}

fn variable(variable: &Variable) -> plan::Variable {
    plan::Variable {
        name: variable.name.value.clone(),
        value: variable.value.clone(),
        read_only: variable.read_only,
        own_number: variable.own_number,
        group: None,
    }
}
