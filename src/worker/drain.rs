//! How a worker ends: it claims nothing more, running jobs get a grace, and what is left is handed back.
//!
//! ```text
//! No ──► Gently: running jobs go on for a grace ──► steps are stopped, jobs are handed back ──► the end
//!           └──► AtOnce: programs are killed, jobs are handed back ──────────────────────────────┘
//! ```
//! A job that is handed back is due again, from its first step, for whoever claims it next. One that could
//! not be handed back, because the store was away, is swept when its lease is over; so is one that was being claimed.

use crate::process::{KILL_MAX, Patience};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

/// How long running jobs may go on when the worker drains, where nothing else is said.
pub const DRAIN_GRACE: Duration = Duration::from_secs(10);
/// How long handing a job back may take, and what is asked of the store when a worker is asked to end, for a store that is
/// away.
pub(super) const HAND_BACK_MAX: Duration = Duration::from_secs(5);

/// How a worker is asked to end. It is only ever asked for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drain {
    /// Not at all.
    No,
    /// Running jobs get a grace.
    Gently,
    /// Running jobs are killed.
    AtOnce,
}

/// Returns when a worker is asked this, or for more; never if nobody is left to ask.
pub async fn asked_to_drain(drain: &mut watch::Receiver<Drain>, least: Drain) {
    if drain.wait_for(|asked| *asked >= least).await.is_err() {
        std::future::pending().await
    }
}

/// Returns when a worker was asked to end, and what it asked of the store before should have an answer.
pub(super) async fn too_late(mut drain: watch::Receiver<Drain>) {
    asked_to_drain(&mut drain, Drain::Gently).await;
    sleep(HAND_BACK_MAX).await;
}

/// Returns how long the steps of a job that is handed back may take to stop: as long as signals grow
/// stronger, and the last one takes.
pub(super) fn stop_max(patience: Patience) -> Duration {
    patience.interrupt + patience.terminate + KILL_MAX
}

/// Tells one task for each job when its job is given up, with [`Drain::Gently`] for stopping its steps
/// first, and returns when all have ended.
pub(super) async fn wind_up(
    jobs: &mut JoinSet<()>,
    give_up: &watch::Sender<Drain>,
    drain: &mut watch::Receiver<Drain>,
    grace: Duration,
    patience: Patience,
) {
    tokio::select! {
        () = finish_all(jobs, grace) => {}
        () = asked_to_drain(drain, Drain::AtOnce) => {}
    }
    if !jobs.is_empty() {
        tracing::info!(jobs = jobs.len(), "jobs are still running, they are stopped and handed back");
    }
    if *drain.borrow() < Drain::AtOnce {
        give_up.send_replace(Drain::Gently);
        tokio::select! {
            () = finish_all(jobs, stop_max(patience) + HAND_BACK_MAX) => {}
            () = asked_to_drain(drain, Drain::AtOnce) => {}
        }
    }
    give_up.send_replace(Drain::AtOnce);
    finish_all(jobs, KILL_MAX + HAND_BACK_MAX).await;
    jobs.shutdown().await;
}

/// Returns when all tasks have ended, or the time is over.
async fn finish_all(jobs: &mut JoinSet<()>, grace: Duration) {
    let all = async {
        while let Some(ended) = jobs.join_next().await {
            tell_panic(&ended);
        }
    };
    let _ = timeout(grace, all).await;
}

/// A job's task that panicked has left its job without an outcome; its lease ends by itself.
pub(super) fn tell_panic(ended: &Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a job has failed");
    }
}
