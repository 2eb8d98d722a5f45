//! How many jobs one job becomes, and how many a run has with all of them (reference, section 5.7).
//! A payload may decide about both.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::pipeline::model::{FanOut, Job, Pipeline};
use crate::pipeline::plan::{Count, JOBS_OF_RUN_MAX, LEGS_MAX};

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let mut all = 0_usize;
    for job in pipeline.jobs() {
        let legs = job.legs();
        if let Some(leg) = legs.get(LEGS_MAX) {
            let title = format!("the matrix has {} legs, {LEGS_MAX} are allowed", legs.len());
            diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, leg.name.span, "this is one too many"));
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
    let hooks = job.deployment.as_ref().map_or(0, |deployment| deployment.hooks.len());
    let legs = match job.strategy.as_ref().map(|strategy| &strategy.fan_out) {
        Some(FanOut::Matrix(legs)) => legs.len(),
        Some(FanOut::Slices(Count::Known(count))) => usize::try_from(*count).unwrap_or(usize::MAX),
        Some(FanOut::Slices(Count::Expression(_)) | FanOut::Expression(_)) | None => 0,
    };
    legs.max(hooks).clamp(1, LEGS_MAX)
}

fn place(job: &Job) -> Span {
    let of_strategy = job.strategy.as_ref().map(|strategy| strategy.span);
    of_strategy.or_else(|| Some(job.name.as_ref()?.span)).unwrap_or(Span::NONE)
}
