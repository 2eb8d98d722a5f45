//! Which steps run on no machine: those that wait, and no others (reference, sections 5.8 and 6).

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pipeline::model::{Action, Pipeline, Pool, Step};
use crate::pipeline::plan::{AGENTLESS_POOL, AGENTLESS_TASKS};

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for job in pipeline.jobs() {
        of_pool(&job.pool, &job.steps, diagnostics);
        for hook in job.deployment.iter().flat_map(|deployment| &deployment.hooks) {
            of_pool(&hook.pool, &hook.steps, diagnostics);
        }
    }
}

fn of_pool(pool: &Pool, steps: &[Step], diagnostics: &mut Diagnostics) {
    let is_agentless = pool.name == AGENTLESS_POOL;
    for step in steps.iter().filter(|step| step.enabled) {
        match (is_agentless, waiting_task(step)) {
            (true, None) => {
                let title = "a job with `pool: server` runs on no machine";
                let wrong = Diagnostic::error(Code::AgentlessJob, title, step.span, "this needs one");
                let help = format!("move it to a job of its own; here there can be {}", AGENTLESS_TASKS.join(" and "));
                diagnostics.push(wrong.help(help));
            }
            (false, Some(name)) => {
                let title = format!("`{name}` would keep a worker waiting");
                let wrong = Diagnostic::error(Code::AgentlessJob, title, step.span, "this job runs on a worker");
                diagnostics.push(wrong.help("move it to a job of its own with `pool: server`"));
            }
            (true, Some(_)) | (false, None) => {}
        }
        notified(step, diagnostics);
    }
}

/// Returns the name of the task that only waits, if the step is one.
fn waiting_task(step: &Step) -> Option<&'static str> {
    match &step.action {
        Action::Task(task) if AGENTLESS_TASKS.contains(&task.name()) => Some(task.name()),
        _ => None,
    }
}

fn notified(step: &Step, diagnostics: &mut Diagnostics) {
    let Action::Task(task) = &step.action else { return };
    let is_given = |name: &str| task.inputs.iter().any(|(known, value)| known.value == name && !value.is_empty());
    if let Some(name) = ["notifyUsers", "approvers"].into_iter().find(|name| is_given(name)) {
        let title = format!("`{name}` is nobody's address here");
        let note = Diagnostic::note_at(Code::NoEffect, title, step.span, "whoever has the admin token may answer");
        diagnostics.push(note);
    }
}
