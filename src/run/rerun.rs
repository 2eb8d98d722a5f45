//! What a run that repeats another one in part need not do again.

use super::schedule::{Board, Progress, Standing};
use super::state::RunResult;
use crate::pipeline::plan::{Job, Plan};

/// Returns the legs whose results are taken: stage, job and leg of each that succeeded, with or
/// without issues. The hooks of a deployment belong together: they are taken if all went well, and
/// otherwise none of them. What was skipped is decided again.
pub fn taken(plan: &Plan, board: &Board) -> Vec<(usize, usize, usize)> {
    let mut taken = Vec::new();
    for (stage, jobs) in board.stages.iter().enumerate() {
        for (job, legs) in jobs.iter().enumerate() {
            let planned = plan.stages.get(stage).and_then(|stage| stage.jobs.get(job));
            let is_taken = |leg: &Standing| planned.is_some_and(|planned| is_taken(planned, legs, leg));
            taken.extend(legs.iter().enumerate().filter(|(_, leg)| is_taken(leg)).map(|(leg, _)| (stage, job, leg)));
        }
    }
    taken
}

/// Says whether there is a leg that failed or was canceled.
pub fn has_failed(board: &Board) -> bool {
    let is_failed =
        |leg: &Standing| matches!(leg.progress, Progress::Completed(RunResult::Failed | RunResult::Canceled));
    board.stages.iter().flatten().flatten().any(is_failed)
}

fn is_taken(job: &Job, legs: &[Standing], leg: &Standing) -> bool {
    match job.deployment {
        None => has_succeeded(leg),
        Some(_) => legs.iter().any(has_succeeded) && legs.iter().all(|leg| has_succeeded(leg) || was_skipped(leg)),
    }
}

fn has_succeeded(leg: &Standing) -> bool {
    matches!(leg.progress, Progress::Completed(RunResult::Succeeded | RunResult::SucceededWithIssues))
}

fn was_skipped(leg: &Standing) -> bool {
    leg.progress == Progress::Completed(RunResult::Skipped)
}
