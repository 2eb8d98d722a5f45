//! One leased job, from its folders to its outcome.

use super::built_in::hurried;
use super::context::{Host, JobContext};
use super::drain::{Drain, HAND_BACK_MAX, asked_to_drain, stop_max};
use super::journal::{Broken, Journal};
use super::recorder::{Recorder, finish, hand_back};
use super::stop::{Asked, StopSignal};
use super::workspace::{Attempt, Workspace};
use super::{clear, job, lease};
use crate::files::{Depot, Keep, LogWriter, Logs, with_patience};
use crate::id::RunId;
use crate::metrics::Metrics;
use crate::pipeline::plan::{self, AGENTLESS_POOL};
use crate::process::{Moment, Term};
use crate::run::RunResult;
use crate::store::{Claim, HandedBack, JobOutcome, LOG_BEHIND, Lease, Renewal, Store};
use std::future::pending;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// The folder among a job's own for what it fetches from other machines.
const FETCHED: &str = "fetched";

/// What the log of a job says whose worker was stopped.
const STOPPED: &str = "##[warning]The worker was stopped: the job starts again from its beginning.";
/// The same, where nobody wants the job any more.
const STOPPED_CANCELED: &str = "##[warning]The worker was stopped, and the run was canceled.";

/// How long it may take to write that into a job's log.
const TELL_STOP_MAX: Duration = Duration::from_secs(2);

/// How the work on a job ended.
enum End {
    /// It ended by itself, with this result if that is recorded.
    Told(Option<RunResult>),
    /// Its steps have stopped, so that it can be handed back.
    Stopped,
    /// It was dropped in the midst of its work, to be handed back.
    OutOfTime,
    /// Somebody else may have it.
    Lost,
}

/// A claimed job, and since when it is surely ours where others share the store: since before it was asked for.
pub(super) struct Held {
    pub(super) claim: Claim,
    pub(super) since: Moment,
}

/// Where a claimed job is worked on.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) logs: Logs,
    pub(super) data: PathBuf,
    pub(super) depot: Option<Arc<dyn Depot>>,
    pub(super) host: Host,
    pub(super) metrics: Arc<Metrics>,
}

impl Bench {
    /// Executes a claimed job and records its outcome. When the lease is lost its processes are killed and
    /// nothing more is written. When the job is given up its steps are stopped, as at a cancel, and it is
    /// handed back.
    pub(super) async fn work_on(self, Held { claim, since }: Held, give_up: watch::Receiver<Drain>) {
        let (ask, asked) = watch::channel(Asked::Nothing);
        let (run, lease) = (claim.run.clone(), claim.lease.clone());
        let (hold, term) = lease::Hold::new(&*self.store, since);
        let only_waits = only_waits(&claim);
        self.metrics.claimed();
        let claimed_at = Instant::now();
        let is_finishing = AtomicBool::new(false);
        let end = {
            let mut complete = pin!(self.complete(claim, term, asked, &is_finishing));
            let broken_off = tokio::select! {
                end = &mut complete => Err(end),
                () = lease::keep(self.store.clone(), lease.clone(), hold, ask.clone()) => Ok(End::Lost),
                () = self.given_up(give_up, &ask, only_waits) => Ok(End::OutOfTime),
            };
            match broken_off {
                Err(end) => end,
                // The store takes a lease back with the outcome that it writes: that is not lost.
                Ok(_) if is_finishing.load(Ordering::Relaxed) => complete.await,
                Ok(end) => end,
            }
        };
        let took = claimed_at.elapsed();
        match end {
            End::Told(result) => self.metrics.ended(result, took),
            End::Stopped | End::OutOfTime => {
                self.metrics.handed_back();
                if matches!(end, End::OutOfTime) {
                    clear(&self.data, vec![attempt(&run, &lease)]).await;
                }
                self.hand_back(&run, &lease, only_waits).await;
            }
            End::Lost => {
                self.metrics.ended(None, took);
                tracing::warn!(%run, job = %lease.job, "the lease is lost, the job's processes are killed");
                clear(&self.data, vec![attempt(&run, &lease)]).await;
            }
        }
    }

    /// Returns when the job must be dropped that is given up: its steps had time to stop, or there is none.
    /// One that only waits needs none.
    async fn given_up(&self, mut give_up: watch::Receiver<Drain>, ask: &watch::Sender<Asked>, only_waits: bool) {
        asked_to_drain(&mut give_up, Drain::Gently).await;
        if !only_waits {
            ask.send_replace(Asked::HandBack);
            let _ = timeout(stop_max(self.host.patience), asked_to_drain(&mut give_up, Drain::AtOnce)).await;
        }
    }

    /// Hands a job back whose processes are gone, and says so in its log. Where the store does not take it
    /// in time, its lease ends by itself.
    async fn hand_back(&self, run: &RunId, lease: &Lease, only_waits: bool) {
        let handing_back = async {
            if !only_waits {
                self.tell_stop(run, lease).await;
            }
            hand_back(&*self.store, lease).await
        };
        match timeout(HAND_BACK_MAX, handing_back).await {
            Ok(Ok(HandedBack::Again)) => {
                tracing::info!(%run, job = %lease.job, "a job was handed back, to begin again")
            }
            Ok(Ok(HandedBack::Canceled)) => tracing::info!(%run, job = %lease.job, "a job was canceled with its run"),
            Ok(Err(broken)) => tracing::warn!(%run, job = %lease.job, %broken, "a job was not handed back"),
            Err(_) => {
                tracing::warn!(%run, job = %lease.job, "a job could not be handed back, its lease will end by itself")
            }
        }
    }

    /// Writes into a job's log that its worker was stopped. The job is handed back also where that fails.
    async fn tell_stop(&self, run: &RunId, lease: &Lease) {
        let line = match self.store.renew(lease, lease::LEASE).await {
            Ok(Renewal::CancelRequested) => STOPPED_CANCELED,
            Ok(Renewal::Held) => STOPPED,
            // The store says so again when the job is handed back.
            Err(_) => return,
        };
        let at = self.host.clock.now();
        let log = self.logs.leased_writer(run, &lease.job, lease.token);
        let writing = tokio::task::spawn_blocking(move || {
            let mut log = log?;
            log.append_of(at, None, &[line.to_owned()])?;
            log.sync()
        });
        // Where logs are shared by a place that does not answer, the job is handed back without the line.
        let written = timeout(TELL_STOP_MAX, writing).await.map_err(std::io::Error::other);
        let written = written.and_then(|written| written.map_err(std::io::Error::other)).flatten();
        if let Err(error) = written {
            tracing::warn!(%run, job = %lease.job, %error, "the log of a job does not say that it was stopped");
        }
    }

    /// Executes the job and completes it in the store.
    async fn complete(&self, claim: Claim, term: Term, stop: StopSignal, is_finishing: &AtomicBool) -> End {
        let lease = claim.lease.clone();
        let asked = stop.clone();
        let outcome = match self.execute(claim, term, stop).await {
            Ok(outcome) => outcome,
            Err(Broken::HandedBack) => return End::Stopped,
            Err(Broken::Lost) => {
                tracing::warn!(job = %lease.job, "the lease is lost");
                return End::Told(None);
            }
            // What it prints is waited with for room until it is asked to stop.
            Err(Broken::Log(_)) if *asked.borrow() == Asked::HandBack => return End::Stopped,
            Err(broken @ Broken::Log(_)) if *asked.borrow() == Asked::Cancel => {
                let reason = format!("the run was asked to stop; {broken}");
                JobOutcome { result: RunResult::Canceled, ..self.failed(reason) }
            }
            Err(broken @ Broken::Log(_)) => {
                tracing::error!(job = %lease.job, %broken, "a job fails because what it prints can't be kept");
                self.failed(broken.to_string())
            }
        };
        let result = outcome.result;
        is_finishing.store(true, Ordering::Relaxed);
        match finish(&*self.store, &lease, outcome).await {
            Ok(()) => {
                tracing::info!(job = %lease.job, result = result.word(), "a job ended");
                End::Told(Some(result))
            }
            Err(broken) => {
                tracing::warn!(job = %lease.job, %broken, "a job's outcome is not recorded");
                End::Told(None)
            }
        }
    }

    async fn execute(&self, claim: Claim, term: Term, stop: StopSignal) -> Result<JobOutcome, Broken> {
        if claim.plan.version > plan::VERSION {
            return Ok(self.failed(format!(
                "the plan has version {}, this pipehook knows up to {}",
                claim.plan.version,
                plan::VERSION
            )));
        }
        let log = self.log(&claim, &stop).await.map_err(|error| Broken::Log(error.to_string()))?;
        let mut recorder =
            Recorder::new(self.store.clone(), claim.lease.clone(), self.host.clock.clone(), log, stop.clone())
                .counting(self.metrics.clone());
        if claim.attempt > 1 && !only_waits(&claim) {
            recorder.tell_attempt(claim.attempt).await?;
        }
        let (data, attempt) = (self.data.clone(), attempt(&claim.run, &claim.lease));
        let outcome = match unless_asked(&stop, move || Workspace::create(&data, &attempt, None)).await {
            Ok(workspace) => {
                let keep = Keep::new(&self.data).shared(self.depot.clone(), workspace.root.join(FETCHED));
                let context = context(claim, workspace.clone(), term, keep, self.host.clone());
                let outcome = job::execute(&context, &mut recorder, stop).await;
                // The log goes to the disk while the folders are removed.
                let ((), synced) = tokio::join!(remove(move || workspace.remove()), recorder.sync());
                let outcome = outcome?;
                synced?;
                return self.telling(outcome, &mut recorder).await;
            }
            Err(error) if *stop.borrow() != Asked::Nothing => return Err(Broken::Log(error.to_string())),
            Err(error) => {
                let reason = format!("the job's folders can't be made: {error}");
                recorder.log(None, vec![format!("##[error]{reason}")]).await?;
                self.failed(reason)
            }
        };
        recorder.sync().await?;
        self.telling(outcome, &mut recorder).await
    }

    /// Returns an outcome that says where the log is, if that is not yet where all can read it.
    async fn telling(&self, outcome: JobOutcome, recorder: &mut Recorder) -> Result<JobOutcome, Broken> {
        if !recorder.is_behind().await? {
            return Ok(outcome);
        }
        let behind = format!("{LOG_BEHIND}: it is sent from {} as soon as that is possible", self.host.name);
        let reason = outcome.reason.map_or_else(|| behind.clone(), |reason| format!("{reason}; {behind}"));
        Ok(JobOutcome { reason: Some(reason), ..outcome })
    }

    /// Opens the job's log.
    async fn log(&self, claim: &Claim, stop: &StopSignal) -> std::io::Result<LogWriter> {
        let (logs, run, Lease { job, token }) = (self.logs.clone(), claim.run.clone(), claim.lease.clone());
        let data = self.data.clone();
        unless_asked(stop, move || with_patience(&data, || logs.leased_writer(&run, &job, token))).await
    }

    fn failed(&self, reason: String) -> JobOutcome {
        JobOutcome { result: RunResult::Failed, reason: Some(reason), outputs: Vec::new(), at: self.host.clock.now() }
    }
}

/// Says whether a job keeps no worker busy: one that is claimed again goes on waiting.
fn only_waits(claim: &Claim) -> bool {
    claim.plan.stages[claim.stage].jobs[claim.job].pool == AGENTLESS_POOL
}

fn attempt(run: &RunId, lease: &Lease) -> Attempt {
    Attempt { run: run.clone(), job: lease.job.clone(), token: Some(lease.token) }
}

fn context(claim: Claim, workspace: Workspace, term: Term, keep: Keep, host: Host) -> JobContext {
    JobContext {
        run: claim.run,
        id: claim.lease.job,
        number: claim.number,
        name: claim.name,
        queued_at: claim.queued_at,
        delivery: claim.delivery,
        attempt: claim.attempt,
        waited: claim.waited,
        plan: Arc::new(claim.plan),
        board: claim.board,
        stage: claim.stage,
        job: claim.job,
        leg: claim.leg,
        workspace,
        term,
        keep,
        taken: claim.artifacts,
        host,
    }
}

/// Does work that waits for room on the disk, but no longer than until somebody asks the job to stop: it fails then where
/// there is still none.
pub(super) async fn unless_asked<T: Send + 'static>(
    stop: &StopSignal,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    let mut stop = stop.clone();
    let asked = async move {
        if stop.wait_for(|asked| *asked != Asked::Nothing).await.is_err() {
            // Nobody is left to ask.
            pending::<()>().await;
        }
    };
    hurried(asked, work).await
}

/// Removes folders on a thread that may wait for the disk. What can't be removed is told, and removed at the
/// next start.
async fn remove(remove: impl FnOnce() -> std::io::Result<()> + Send + 'static) {
    match tokio::task::spawn_blocking(remove).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the folders of a job could not be removed"),
        Err(error) => tracing::warn!(%error, "the folders of a job could not be removed"),
    }
}
