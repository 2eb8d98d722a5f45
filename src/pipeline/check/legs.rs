//! How many jobs one job becomes, and how many a run has with all of them (reference, section 5.7).
//! A payload may decide about both.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::pipeline::model::{Deployment, FanOut, Job, Pipeline};
use crate::pipeline::plan::{Count, Cycle, JOBS_OF_RUN_MAX, LEGS_MAX, Rollout};

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let mut all = 0_usize;
    for job in pipeline.jobs() {
        let legs = job.legs();
        if let Some(leg) = legs.get(LEGS_MAX) {
            let title = format!("the matrix has {} legs, {LEGS_MAX} are allowed", legs.len());
            diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, leg.name.span, "this is one too many"));
        }
        let turns = turns(job);
        if turns > LEGS_MAX {
            let title = format!("the deployment has {turns} turns, {LEGS_MAX} are allowed");
            let label = "its hooks run once for each increment";
            diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, place(job), label));
        }
        let before = all;
        all += width(job);
        if before <= JOBS_OF_RUN_MAX && all > JOBS_OF_RUN_MAX {
            let title = format!("the run has more than {JOBS_OF_RUN_MAX} jobs, legs counted");
            diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, place(job), "here it gets too many"));
        }
    }
}

fn width(job: &Job) -> usize {
    let legs = match job.strategy.as_ref().map(|strategy| &strategy.fan_out) {
        Some(FanOut::Matrix(legs)) => legs.len(),
        Some(FanOut::Slices(Count::Known(count))) => usize::try_from(*count).unwrap_or(usize::MAX),
        Some(FanOut::Slices(Count::Expression(_)) | FanOut::Expression(_)) | None => 0,
    };
    legs.max(turns(job)).clamp(1, LEGS_MAX)
}

/// Returns how many jobs a deployment becomes: its hooks, some of them for each increment.
fn turns(job: &Job) -> usize {
    let Some(Deployment { hooks, rollout, .. }) = &job.deployment else { return 0 };
    let every = match rollout {
        Rollout::Canary { increments } => increments.len().max(1),
        Rollout::RunOnce | Rollout::Rolling { .. } => 1,
    };
    hooks.iter().map(|hook| if hook.point.cycle() == Cycle::Iteration { every } else { 1 }).sum()
}

fn place(job: &Job) -> Span {
    let of_strategy = job.strategy.as_ref().map(|strategy| strategy.span);
    of_strategy.or_else(|| Some(job.name.as_ref()?.span)).unwrap_or(Span::NONE)
}
