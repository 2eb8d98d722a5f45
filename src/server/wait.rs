//! `?wait=SECONDS`: holding an answer until its runs are completed.

use super::Shared;
use crate::intake::AdmittedRun;
use crate::run::{RunResult, State};
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The longest that an answer is held; a larger wish is taken as this.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// After how long to look again without a sign from the store: another process may have
/// finished a run.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How far a run was when the answer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    pub(super) state: State,
    pub(super) result: Option<RunResult>,
}

/// Returns how long the sender wants to wait, from the parameter's text; otherwise one sentence.
pub(super) fn patience(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "wait is a whole number of seconds, such as ?wait=30".to_owned())?;
    Ok(Duration::from_secs(seconds).min(WAIT_MAX))
}

/// Waits until all runs are completed, the time is over, or the server stops, and says how far
/// each is.
pub(super) async fn for_runs(shared: &Shared, runs: &[AdmittedRun], patience: Duration) -> Vec<Progress> {
    let end = Instant::now() + patience;
    let mut stopping = shared.stopping.clone();
    let mut changes = shared.state.store.changes();
    loop {
        let progress = look(shared, runs).await;
        let is_over =
            progress.iter().all(|run| run.state == State::Completed) || Instant::now() >= end || *stopping.borrow();
        if is_over {
            return progress;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(end.min(Instant::now() + LOOK_AGAIN)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
}

/// Asks the store about each run. One that can't be asked about now counts as it was accepted.
async fn look(shared: &Shared, runs: &[AdmittedRun]) -> Vec<Progress> {
    let mut progress = Vec::with_capacity(runs.len());
    for run in runs {
        let detail = shared.state.store.run(&run.id).await.ok().flatten();
        let unknown = Progress { state: State::Queued, result: None };
        progress.push(detail.map_or(unknown, |it| Progress { state: it.run.state, result: it.run.result }));
    }
    progress
}
