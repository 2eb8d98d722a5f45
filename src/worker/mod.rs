//! The executing half of the machine: claims jobs, runs their steps, keeps the leases.
//!
//! ```text
//! Worker::run   claims due jobs, sweeps leases that are over
//! attendance    who serves which pool, and what nobody does
//! drain         how a worker ends: jobs get a grace, and are handed back
//! courier       logs that could not be sent while their jobs ran
//! claimed       one leased job from its folders to its outcome, while the lease holds
//! around        what steps do before all steps of their job and after them
//! job, step     execution itself, which knows no store
//! unseen        words of programs that no command line shows
//! containers    the containers of a job and its services
//! built_in      steps that are no scripts: checkouts, tasks
//! other_run     runs of other pipelines, for their artifacts
//! retention     old runs, deliveries and files go
//! foreground    the same execution for `pipehook run`
//! ```
//! A worker runs the frozen plan that it claimed: editing a pipeline never changes a queued run.

mod around;
mod attendance;
mod built_in;
mod claimed;
mod command;
mod condition;
mod containers;
mod context;
mod courier;
mod deployment;
mod desk;
mod drain;
mod environment;
mod flag;
mod foreground;
mod interpreter;
mod job;
mod journal;
mod lease;
mod mask;
mod other_run;
mod predefined;
mod preference;
mod reach;
mod recorder;
mod replace;
mod retention;
mod script;
mod start;
mod step;
mod stop;
mod unseen;
mod variables;
mod workspace;

pub use attendance::Lookout;
pub use built_in::{EXTRACTED_MAX, RATIO_MAX, Repositories, XML_FILE_MAX};
pub use command::{COMMAND_MAX, Command, PREFIX as COMMAND_PREFIX, Percents};
pub use context::{Host, INHERITED, JobContext, Secrets};
pub use courier::run as send_left;
pub use drain::{DRAIN_GRACE, Drain, asked_to_drain};
pub use environment::same_case_name;
pub use foreground::{Foreground, Origin, Part, Summary};
pub use job::{OUTPUTS_BYTES_MAX, OUTPUTS_MAX, execute};
pub use journal::{Broken, Journal};
pub use lease::LEASE;
pub use mask::{Masker, SECRET_MIN, SECRETS_BYTES_MAX, SECRETS_MAX, Screen, Unmaskable};
pub use replace::{EXPANDED_MAX, TooLong};
pub use retention::{Keeper, Swept as KeeperRound};
pub use stop::{Asked, StopSignal};
pub use variables::{Setting, Variables};
pub use workspace::{Attempt, Workspace};

use crate::files::{Depot, Logs};
use crate::id::WorkerId;
use crate::metrics::Metrics;
use crate::pipeline::plan::AGENTLESS_POOL;
use crate::process;
use crate::store::{Outage, Store, Swept};
use arc_swap::ArcSwap;
use attendance::Told;
use claimed::{Bench, Held};
use drain::tell_panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long a worker waits for a change before it looks again: for jobs that another process made
/// due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often leases are looked for that are over, of all workers.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How many jobs that run on no machine one process looks after at once; others wait their turn.
/// Each costs the store a renewal a second.
const AGENTLESS_MAX: usize = 500;
/// What a worker executes, and where.
pub struct Settings {
    /// How many jobs at once.
    pub jobs: usize,
    /// The pools whose jobs it claims.
    pub pools: Vec<String>,
    /// The data folder, for logs and the folders of jobs.
    pub data: PathBuf,
    /// The logs of that folder, or those that machines share.
    pub logs: Logs,
    /// Where logs and artifacts are that machines share, if they do.
    pub depot: Option<Arc<dyn Depot>>,
    /// How long running jobs may go on when the worker drains.
    pub drain_grace: Duration,
    /// The machine.
    pub host: Host,
    /// Where is counted what becomes of jobs.
    pub metrics: Arc<Metrics>,
}

/// What of a worker's settings may change while it works, for the jobs that it claims from then on.
pub struct Duty {
    /// How many jobs at once.
    pub jobs: usize,
    /// The pools whose jobs it claims.
    pub pools: Vec<String>,
    /// The machine.
    pub host: Host,
}

/// Claims jobs of a store and executes them.
pub struct Worker {
    id: WorkerId,
    store: Arc<dyn Store>,
    drain_grace: Duration,
    duty: Arc<ArcSwap<Duty>>,
    bench: Bench,
    outage: Outage,
}

impl Worker {
    /// Returns a worker that has claimed nothing yet.
    pub fn new(id: WorkerId, store: Arc<dyn Store>, settings: Settings) -> Self {
        let Settings { jobs, pools, data, logs, depot, drain_grace, host, metrics } = settings;
        let bench = Bench { store: store.clone(), logs, depot, data, host: host.clone(), metrics };
        let duty = Arc::new(ArcSwap::from_pointee(Duty { jobs, pools, host }));
        Self { id, store, drain_grace, duty, bench, outage: Outage::default() }
    }

    /// Returns what may be put in place of what it does now; it is looked at before each claim.
    pub fn duty(&self) -> Arc<ArcSwap<Duty>> {
        self.duty.clone()
    }

    /// Works until it is asked to drain. Then it claims nothing more, gives running jobs
    /// [`Settings::drain_grace`], and hands back those that are left: their steps are stopped as at a
    /// cancel, and they begin again elsewhere. Jobs that only wait are handed back without a grace.
    /// Wants a tokio runtime with time and I/O.
    pub async fn run(self, mut drain: watch::Receiver<Drain>) {
        let (give_up, given_up) = watch::channel(Drain::No);
        let (leave, left) = watch::channel(Drain::No);
        let mut courier = JoinSet::new();
        courier.spawn(courier::run(self.bench.logs.clone(), self.store.clone()));
        let mut jobs = JoinSet::new();
        let mut waiting = JoinSet::new();
        tokio::select! {
            () = self.claim_all((&mut jobs, given_up), (&mut waiting, left), drain.clone()) => {}
            () = drain::too_late(drain.clone()) => {
                tracing::warn!("the store does not answer: the worker ends without an answer to what it asked last");
            }
        }
        let (grace, patience) = (self.drain_grace, self.duty.load().host.patience);
        let mut hurried = drain.clone();
        tokio::join!(
            drain::wind_up(&mut jobs, &give_up, &mut hurried, grace, patience),
            drain::wind_up(&mut waiting, &leave, &mut drain, Duration::ZERO, patience),
        );
    }

    /// Claims due jobs, and those that only wait, and begins to work on them, until it is asked to drain. Each has what
    /// tells its jobs when they are given up.
    async fn claim_all(
        &self,
        (jobs, given_up): (&mut JoinSet<()>, watch::Receiver<Drain>),
        (waiting, left): (&mut JoinSet<()>, watch::Receiver<Drain>),
        mut drain: watch::Receiver<Drain>,
    ) {
        let agentless = [AGENTLESS_POOL.to_owned()];
        let mut changes = self.store.changes();
        let mut swept_at: Option<Instant> = None;
        let mut told = Told::default();
        while *drain.borrow() == Drain::No {
            if swept_at.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
                self.sweep().await;
                swept_at = Some(Instant::now());
            }
            changes.mark_unchanged();
            let duty = self.duty.load_full();
            told.tell(&*self.store, &duty).await;
            while jobs.len() < duty.jobs && *drain.borrow() == Drain::No {
                let Some(claim) = self.claim(&duty.pools).await else { break };
                jobs.spawn(self.bench(&duty).work_on(claim, given_up.clone()));
            }
            // Those that only wait take no place of those that work.
            while waiting.len() < AGENTLESS_MAX && *drain.borrow() == Drain::No {
                let Some(claim) = self.claim(&agentless).await else { break };
                waiting.spawn(self.bench(&duty).work_on(claim, left.clone()));
            }
            tokio::select! {
                () = changed_or_time(&mut changes) => {}
                Some(ended) = jobs.join_next() => tell_panic(&ended),
                Some(ended) = waiting.join_next() => tell_panic(&ended),
                () = asked_to_drain(&mut drain, Drain::Gently) => break,
            }
        }
    }

    fn bench(&self, duty: &Duty) -> Bench {
        Bench { host: duty.host.clone(), ..self.bench.clone() }
    }

    async fn claim(&self, pools: &[String]) -> Option<Held> {
        let since = lease::timepiece(&*self.store).now();
        match self.store.claim(&self.id, pools, LEASE).await {
            Ok(claim) => {
                self.outage.worked("jobs can be claimed again");
                claim.map(|claim| Held { claim, since })
            }
            Err(error) => {
                self.outage.failed(&error, "no job could be claimed, trying again");
                None
            }
        }
    }

    async fn sweep(&self) {
        sweep(&*self.store, &self.bench.data).await;
    }
}

/// Sweeps from time to time, until it is dropped: for a process without a worker, as there may be none at all. What a lost
/// worker had, and what others have displaced, ends all the same.
pub async fn keep_swept(store: Arc<dyn Store>, data: PathBuf) {
    loop {
        sweep(&*store, &data).await;
        sleep(SWEEP_EVERY).await;
    }
}

async fn sweep(store: &dyn Store, data: &Path) {
    match store.sweep(false).await {
        Ok(swept) => clear_up(data, swept).await,
        Err(error) => tracing::warn!(%error, "lost leases could not be looked for, trying again"),
    }
}

/// Ends what jobs whose leases are lost may have left in a data folder, if it was from there that they were
/// executed: processes, to nearly all of which their shims have seen, and folders. Nothing is written to their logs, which
/// may be lost between the end of a lease and that: the next attempt begins with a line about it, and a log without one ends
/// as [`JobDetail::last_word`](crate::store::JobDetail::last_word) says.
pub async fn clear_up(data: &Path, swept: Vec<Swept>) {
    for Swept { job, run, again, .. } in &swept {
        tracing::warn!(%job, %run, again, "a lost lease was ended");
    }
    let attempt = |Swept { job, run, token, .. }| Attempt { job, run, token: Some(token) };
    clear(data, swept.into_iter().map(attempt).collect()).await;
}

/// Ends what a former process has left that had a data folder which is ours alone now: all processes that were
/// started from there, their containers, and the folders of jobs. Leases end by themselves.
pub async fn clear_folder(data: &Path) {
    let data = data.to_owned();
    clearing(move || {
        if let Err(error) = clear_left(&data) {
            tracing::warn!(%error, "what a former worker has left could not be removed");
        }
    })
    .await;
}

/// As [`clear_folder`], on this thread. Fails where something is left that the next one must see to.
pub fn clear_left(data: &Path) -> std::io::Result<()> {
    let hunted = workspace::mark(data).map(|mark| hunt(&[mark]));
    Workspace::leave_all(data).and(hunted)
}

/// Ends what attempts have left in a data folder that are over.
async fn clear(data: &Path, attempts: Vec<Attempt>) {
    let data = data.to_owned();
    clearing(move || {
        match attempts.iter().map(|attempt| attempt.mark(&data)).collect::<Result<Vec<_>, _>>() {
            Ok(marks) => hunt(&marks),
            Err(error) => tracing::warn!(%error, "processes of lost jobs could not be looked for"),
        }
        for attempt in attempts {
            if let Err(error) = Workspace::leave(&data, &attempt) {
                tracing::warn!(job = %attempt.job, %error, "the folders of a lost job could not be removed");
            }
        }
    })
    .await;
}

fn hunt(marks: &[String]) {
    let killed = process::hunt(marks);
    if killed > 0 {
        tracing::warn!(killed, "processes of lost jobs were killed");
    }
}

async fn clearing(clear: impl FnOnce() + Send + 'static) {
    if let Err(error) = tokio::task::spawn_blocking(clear).await {
        tracing::error!(%error, "clearing up after lost jobs broke off");
    }
}

async fn changed_or_time(changes: &mut watch::Receiver<u64>) {
    if let Ok(Err(_)) = timeout(LOOK_EVERY, changes.changed()).await {
        sleep(LOOK_EVERY).await;
    }
}
