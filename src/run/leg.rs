//! Which legs of a job begin when the job may (reference, section 5.7).

use super::condition::Conclusion;
use super::schedule::{Decision, Progress};
use super::state::RunResult;
use crate::pipeline::plan::{Deployment, HookPoint, Job, Turn};

/// Decides about the legs of a job whose condition has this conclusion: their places, and what
/// becomes of them. Legs that are not named wait for others.
pub(super) fn decide(job: &Job, conclusion: &Conclusion, legs: &[Progress]) -> Vec<(usize, Decision)> {
    let waiting = (0..legs.len()).filter(|&leg| legs[leg] == Progress::Waiting);
    let all = |result, reason: &str| {
        waiting.clone().map(|leg| (leg, Decision::Completed { result, reason: reason.to_owned() })).collect()
    };
    match (conclusion, &job.deployment) {
        (Conclusion::DoesNotHold(reason), _) => all(RunResult::Skipped, reason),
        (Conclusion::Fails(mistake), _) => all(RunResult::Failed, mistake),
        (Conclusion::Holds, Some(deployment)) => turn(deployment, legs).into_iter().collect(),
        (Conclusion::Holds, None) => {
            let started = legs.iter().filter(|progress| **progress == Progress::Started).count();
            let free = job.max_parallel().map_or(usize::MAX, |most| most.saturating_sub(started));
            waiting.take(free).map(|leg| (leg, Decision::Due)).collect()
        }
    }
}

/// Turns follow each other: those before the end while all goes well, then one of the two ends.
fn turn(deployment: &Deployment, legs: &[Progress]) -> Option<(usize, Decision)> {
    let next = legs.iter().position(|progress| *progress == Progress::Waiting)?;
    let turns: Vec<Turn<'_>> = deployment.turns().collect();
    let mut unwell = None;
    for (turn, progress) in turns.iter().zip(&legs[..next]) {
        match progress {
            Progress::Completed(RunResult::Failed) => {
                unwell.get_or_insert_with(|| format!("`{}` failed", called(*turn)));
            }
            Progress::Completed(RunResult::Canceled) => {
                unwell.get_or_insert_with(|| format!("`{}` was canceled", called(*turn)));
            }
            Progress::Completed(_) => {}
            Progress::Waiting | Progress::Started => return None,
        }
    }
    let skipped = |reason: String| Decision::Completed { result: RunResult::Skipped, reason };
    let decision = match (turns.get(next).map(|turn| turn.hook.point), unwell) {
        (Some(HookPoint::Failure), Some(_)) => Decision::Due,
        (Some(HookPoint::Failure), None) => skipped("nothing failed".to_owned()),
        (_, None) => Decision::Due,
        (_, Some(reason)) => skipped(reason),
    };
    Some((next, decision))
}

fn called(turn: Turn<'_>) -> String {
    let key = turn.hook.point.key();
    turn.increment.map_or_else(|| key.to_owned(), |increment| format!("{key} {increment} %"))
}
