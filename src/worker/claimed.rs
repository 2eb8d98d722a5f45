//! One leased job, from its folders to its outcome.

use super::context::{Host, JobContext};
use super::journal::{Broken, Journal};
use super::recorder::{Recorder, finish};
use super::stop::StopSignal;
use super::workspace::Workspace;
use super::{job, lease};
use crate::files::{Depot, Keep, LogWriter, Logs};
use crate::metrics::Metrics;
use crate::pipeline::plan;
use crate::run::RunResult;
use crate::store::{Claim, JobOutcome, Store};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// The folder among a job's own for what it fetches from other machines.
const FETCHED: &str = "fetched";

/// Where claimed jobs are worked on.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) logs: Logs,
    pub(super) data: PathBuf,
    pub(super) depot: Option<Arc<dyn Depot>>,
    pub(super) host: Host,
    pub(super) metrics: Arc<Metrics>,
}

impl Bench {
    /// Executes a claimed job and records its outcome. When the lease is lost, or `given_up`
    /// becomes true, its processes are killed and nothing more is written.
    pub(super) async fn work_on(self: Arc<Self>, claim: Claim, mut given_up: watch::Receiver<bool>) {
        let (cancel, stop) = watch::channel(false);
        let lease = claim.lease.clone();
        let run = claim.run.clone();
        // A job that runs because its run was canceled is not stopped for that.
        let cancel = (!claim.run_canceled).then_some(cancel);
        self.metrics.claimed();
        let claimed_at = Instant::now();
        let is_finishing = AtomicBool::new(false);
        let mut complete = pin!(self.complete(claim, stop, &is_finishing));
        let stopped = tokio::select! {
            result = &mut complete => Ok(result),
            () = lease::keep(self.store.clone(), lease.clone(), cancel) => Err("the lease is lost"),
            _ = given_up.wait_for(|given_up| *given_up) => Err("the worker ends before the job"),
        };
        let (is_complete, result) = match stopped {
            Ok(result) => (true, result),
            // The store takes a lease back with the outcome that it writes: that is not lost.
            Err(_) if is_finishing.load(Ordering::Relaxed) => (true, complete.await),
            Err(why) => {
                tracing::warn!(%run, job = %lease.job, "{why}, the job's processes are killed");
                (false, None)
            }
        };
        self.metrics.ended(result, claimed_at.elapsed());
        if !is_complete {
            let data = self.data.clone();
            remove(move || Workspace::leave(&data, &run, &lease.job)).await;
        }
    }

    /// Executes the job and completes it in the store. Returns how it ended, if that is recorded.
    async fn complete(&self, claim: Claim, stop: StopSignal, is_finishing: &AtomicBool) -> Option<RunResult> {
        let lease = claim.lease.clone();
        let outcome = match self.execute(claim, stop).await {
            Ok(outcome) => outcome,
            Err(Broken::Lost) => {
                tracing::warn!(job = %lease.job, "the lease is lost");
                return None;
            }
            Err(broken @ Broken::Log(_)) => self.failed(broken.to_string()),
        };
        let result = outcome.result;
        is_finishing.store(true, Ordering::Relaxed);
        match finish(&*self.store, &lease, outcome).await {
            Ok(()) => {
                tracing::info!(job = %lease.job, result = result.word(), "a job ended");
                Some(result)
            }
            Err(broken) => {
                tracing::warn!(job = %lease.job, %broken, "a job's outcome is not recorded");
                None
            }
        }
    }

    async fn execute(&self, claim: Claim, stop: StopSignal) -> Result<JobOutcome, Broken> {
        if claim.plan.version > plan::VERSION {
            return Ok(self.failed(format!(
                "the plan has version {}, this pipehook knows up to {}",
                claim.plan.version,
                plan::VERSION
            )));
        }
        let log = self.log(&claim).map_err(|error| Broken::Log(error.to_string()))?;
        let mut recorder = Recorder::new(self.store.clone(), claim.lease.clone(), self.host.clock.clone(), log)
            .counting(self.metrics.clone());
        let outcome = match Workspace::create(&self.data, &claim.run, &claim.lease.job, None) {
            Ok(workspace) => {
                let keep = Keep::new(&self.data).shared(self.depot.clone(), workspace.root.join(FETCHED));
                let context = context(claim, workspace.clone(), keep, self.host.clone());
                let outcome = job::execute(&context, &mut recorder, stop).await;
                // The log goes to the disk while the folders are removed.
                let ((), synced) = tokio::join!(remove(move || workspace.remove()), recorder.sync());
                let outcome = outcome?;
                synced?;
                return Ok(outcome);
            }
            Err(error) => {
                let reason = format!("the job's folders can't be made: {error}");
                recorder.log(None, vec![format!("##[error]{reason}")]).await?;
                self.failed(reason)
            }
        };
        recorder.sync().await?;
        Ok(outcome)
    }

    /// Opens the job's log.
    fn log(&self, claim: &Claim) -> std::io::Result<LogWriter> {
        self.logs.leased_writer(&claim.run, &claim.lease.job, claim.lease.token)
    }

    fn failed(&self, reason: String) -> JobOutcome {
        JobOutcome { result: RunResult::Failed, reason: Some(reason), outputs: Vec::new(), at: self.host.clock.now() }
    }
}

fn context(claim: Claim, workspace: Workspace, keep: Keep, host: Host) -> JobContext {
    JobContext {
        run: claim.run,
        id: claim.lease.job,
        number: claim.number,
        name: claim.name,
        queued_at: claim.queued_at,
        delivery: claim.delivery,
        attempt: claim.attempt,
        plan: Arc::new(claim.plan),
        board: claim.board,
        stage: claim.stage,
        job: claim.job,
        leg: claim.leg,
        workspace,
        keep,
        taken: claim.artifacts,
        host,
    }
}

/// Removes folders on a thread that may wait for the disk. What can't be removed is told, and
/// removed by the job's next attempt, if there is one.
async fn remove(remove: impl FnOnce() -> std::io::Result<()> + Send + 'static) {
    match tokio::task::spawn_blocking(remove).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the folders of a job could not be removed"),
        Err(error) => tracing::warn!(%error, "the folders of a job could not be removed"),
    }
}
