//! Somebody claims the jobs of each pool, as far as that is known.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::machine::Machine;
use crate::pipeline::model::{Job, Pipeline, Pool};
use crate::pipeline::plan::AGENTLESS_POOL;
use std::collections::BTreeSet;

pub(super) fn check(pipeline: &Pipeline, machine: Option<&dyn Machine>, diagnostics: &mut Diagnostics) {
    let Some(machine) = machine else { return };
    let mut told = BTreeSet::new();
    for job in pipeline.jobs() {
        let of_hooks = job.deployment.iter().flat_map(|deployment| &deployment.hooks).map(|hook| &hook.pool);
        let own = job.deployment.is_none().then_some(&job.pool);
        for pool in own.into_iter().chain(of_hooks).filter(|pool| pool.name != AGENTLESS_POOL) {
            let Some(span) = pool.span.or_else(|| place(job)) else { continue };
            // What looks like a key has been told; it is the pool's name all the same.
            if diagnostics.tells(Code::WrongType, span) {
                continue;
            }
            let Some(reason) = machine.absence(&pool.name) else { continue };
            if told.insert(pool.name.to_ascii_lowercase()) {
                diagnostics.push(unserved(pool, span).note(reason));
            }
        }
    }
}

fn unserved(pool: &Pool, span: Span) -> Diagnostic {
    let title = format!("no worker serves the pool `{}`", shown(&pool.name));
    let label = match pool.span {
        Some(_) => "jobs of it wait until one does",
        None => "this is in the pool of jobs that name none, and waits until one does",
    };
    let help = "start `pipehook worker --pool NAME`, add it to `workers: {pools: […]}`, or name a pool that is served";
    Diagnostic::warning(Code::UnservedPool, title, span, label).help(help)
}

/// Returns where a job is that names no pool.
fn place(job: &Job) -> Option<Span> {
    job.name.as_ref().map(|name| name.span).or_else(|| job.all_steps().next().map(|step| step.span))
}
