//! The rows that a run's jobs begin with, in every store.

use super::attendance::folded;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::Plan;
use crate::run::{ATTEMPTS_DEFAULT, Board, Change, Decision, Progress};

/// One leg of a job before anybody has it.
pub(super) struct JobRow<'p> {
    pub(super) id: JobId,
    pub(super) stage: usize,
    pub(super) job: usize,
    pub(super) leg: usize,
    /// In small letters, as claims ask for it.
    pub(super) pool: String,
    pub(super) attempts: u32,
    pub(super) progress: Progress,
    pub(super) reason: Option<&'p str>,
}

/// Returns the rows of a run's jobs, in the order of the plan.
pub(super) fn jobs<'p>(run: &RunId, plan: &'p Plan, board: &Board, changes: &'p [Change]) -> Vec<JobRow<'p>> {
    let mut rows = Vec::new();
    for (stage, planned) in plan.stages.iter().enumerate() {
        let jobs = planned.jobs.iter().enumerate();
        for (job, leg, planned) in jobs.flat_map(|(job, it)| it.legs().enumerate().map(move |(leg, it)| (job, leg, it)))
        {
            let attempts = attempts_of(plan, stage, job);
            let mut own = changes.iter().filter(|it| (it.stage, it.job, it.leg) == (stage, job, leg));
            let reason = own.find_map(|it| match &it.decision {
                Decision::Completed { reason, .. } => Some(reason.as_str()),
                Decision::Due | Decision::Settled(_) => None,
            });
            let progress = board.stages[stage][job][leg].progress;
            let (id, pool) = (job_id(run, rows.len()), folded(planned.pool()));
            rows.push(JobRow { id, stage, job, leg, pool, attempts, progress, reason });
        }
    }
    rows
}

/// Returns the id of a run's job: the run's own digits, the last four of which give way to the
/// job's place. A run has fewer jobs than four digits count.
pub(super) fn job_id(run: &RunId, place: usize) -> JobId {
    let own = run.as_str().trim_start_matches(RunId::PREFIX);
    let kept = own.get(..own.len().saturating_sub(4)).unwrap_or(own);
    JobId::from_stored(&format!("{}{kept}{place:04x}", JobId::PREFIX))
}

fn attempts_of(plan: &Plan, stage: usize, job: usize) -> u32 {
    plan.stages[stage].jobs[job].attempts.unwrap_or(ATTEMPTS_DEFAULT).max(1)
}
