//! What survives: deliveries, runs, jobs, steps, and who may execute what.
//!
//! [`Store`] is the contract; every store keeps it, and one suite of tests runs against each.
//!
//! # Durability
//! A call that writes returns `Ok` only after what it wrote is on disk. A call that returns an
//! error has written nothing, but for [`Error::Unknown`], where nobody can say.
//!
//! # Order
//! Due jobs are claimed by the priority of their run. Among equal ones only the first of each pipeline is looked
//! at: first in, first out in a pipeline (and then by the order of the plan), in each pool by itself. Of these jobs
//! the one is next whose connection was served longest ago in the pools asked for; runs that were started by hand
//! share one turn. So connections take turns, each with the jobs that may begin: one whose run waits behind those
//! of another in the same pipeline goes on with its other pipelines, and a turn is never spent on somebody else's.
//!
//! Whose turn it is is asked at the claim, and of what is due then. So it is the same whether work has just
//! come, was paused, waited in a group, or waited for a worker of its pool: a backlog that may go on takes
//! turns like any other. A claim costs a step in an index for each pipeline that has work of the highest
//! priority, however much work that is.
//!
//! Runs of one pipeline get their numbers in the order of acceptance, without gaps.
//!
//! A due job is not claimed while its run or stage waits for its turn in a group (see
//! [`turn`](crate::run::turn)), and not while its pipeline or connection is paused. Who has a turn is
//! decided in the transaction in which a run is queued, a stage begins or something ends, over all
//! machines. What a pause or its end changes is decided after it, a hundred groups in a transaction; it is
//! noted, so that the next sweep goes on with it where that process has ended. One that comes to a group and displaces
//! very many that wait there marks them in its transaction, so that none of them ever goes on; they are canceled some at
//! a time, by sweeps and claims, and are queued until then. Very many that go on and that it stops are marked likewise: they
//! keep their turns until they have ended, and no job of theirs begins any more. Turns are given in the order
//! in which they were asked for, those of paused runs left out; a run that has its turn keeps it when it is
//! paused later.
//!
//! # Leases
//! A claimed job carries a [`Lease`]: the right to execute it until a moment of the store's own
//! clock, with a fencing token. Every later write about the job names its lease; a write with a
//! lease that is over or was taken by somebody else changes nothing and returns [`Error::Lost`].
//! At no moment do two leases on one job hold.
//!
//! ```text
//! job   waiting ──► due ──► leased ──► completed
//!                    ▲         │
//!                    └─────────┘ lease over, no step had started; or handed back
//! ```
//! A worker that ends hands its jobs back ([`Store::hand_back`]), which are due again then.
//!
//! A job whose lease is over and which had started a step is completed as failed, with the
//! reason `abandoned`: its steps may have had effects, so it is not run again by itself, unless its
//! `attempts` allow it (see [`after_loss`](crate::run::after_loss)) and its run goes on. What such an attempt had
//! told of its steps is dropped when the job is due again. A job of
//! [`AGENTLESS_POOL`](crate::pipeline::plan::AGENTLESS_POOL) has no effects: it is always due again.
//!
//! Leases, and how long jobs have been due, are measured by a clock that nobody can set: [`Clock::steady`]. Where the
//! store is a database for many machines it is that database's own.
//!
//! In a data folder, which one process has for itself, no lease ends while nothing can be written there, because the disk is
//! full or stands still: its end is put off by that time in the first transaction after it. Nobody could have renewed it,
//! and nobody else could take the job; so its worker goes on, and records what it did when that is possible again. In a
//! database that machines share leases go on ending, as one of them may be cut off and the others not.

mod attendance;
mod beginning;
mod cancellation;
mod detail;
mod invariant;
mod lent;
mod model;
mod other;
mod paused;
mod postgres;
mod refused;
mod report;
mod secret_use;
mod sqlite;
mod transfer;
mod turn;
mod upkeep;
mod view;
mod wait;

pub use crate::files::Outage;
pub use attendance::{ABSENT_AFTER, ATTEND_EVERY, Attendance, PoolDetail, WorkerSeen};
pub use detail::LogEnd;
pub use lent::Lent;
pub use model::*;
pub use other::{LOAN, Other, Sought, Which};
pub use postgres::{Address, LeaseClock, PostgresStore, WrongAddress};
pub use report::*;
pub use secret_use::SecretUses;
pub use sqlite::{Access, Backup, FolderLock, Moving, SqliteStore, Unrestorable};
pub use transfer::{Destination, Moved, Unmovable, resume, transfer};
pub use upkeep::Upkeep;
pub use view::*;
pub use wait::*;

use crate::clock::Clock;
use crate::id::{DeliveryId, RunId, WorkerId};
use async_trait::async_trait;
use jiff::Timestamp;
use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which store to open, and how.
#[derive(Clone)]
pub struct StoreConfig {
    /// The data folder.
    pub folder: PathBuf,
    /// Who else may have it open.
    pub access: Access,
    /// What tells the time of leases.
    pub clock: Arc<dyn Clock>,
}

/// Opens the store, making it where it is missing. The only worker of a data folder sweeps first:
/// `store.sweep(true)` ends the leases that a former process left.
pub async fn open(config: StoreConfig) -> Result<Arc<dyn Store>, Error> {
    let opening = tokio::task::spawn_blocking(move || SqliteStore::open(&config.folder, config.access, config.clock));
    let store = opening.await.map_err(|error| Error::Unavailable(format!("the opening ended early: {error}")))??;
    Ok(Arc::new(store))
}

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As many runs wait as the limit allows; nothing was written.
    #[error("the queue is full: {waiting} runs wait, the limit is {limit}")]
    Full {
        /// How many wait.
        waiting: u64,
        /// How many may wait.
        limit: u64,
    },
    /// As many runs of the connection wait as its own limit allows; nothing was written.
    #[error(
        "the queue of the connection `{connection}` is full: {waiting} runs of it wait, the limit of the connection is \
         {limit}"
    )]
    FullFor {
        /// The connection.
        connection: String,
        /// How many of its runs wait.
        waiting: u64,
        /// How many of them may wait.
        limit: u64,
    },
    /// The work that waits is older than the limit allows; nothing was written.
    #[error("the queue does not move: its first job has waited for {waited} seconds, the limit is {limit}")]
    Stale {
        /// How many seconds the job that was due first has waited.
        waited: u64,
        /// How many it may wait.
        limit: u64,
    },
    /// The lease is over, or somebody else holds it; nothing was written.
    #[error("the lease on the job is lost")]
    Lost,
    /// Another process holds the data folder.
    #[error(
        "the data folder {folder} is in use by {holder}: stop that one first, or name another folder (`data`, --data)"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// What is known about its holder, such as `process 4711`.
        holder: String,
    },
    /// Nothing was served from the data folder yet, and who asks makes no store there.
    #[error("there is no store in the data folder {folder}: nothing was served from here yet")]
    Missing {
        /// The folder.
        folder: String,
    },
    /// The database's file is gone, and what it had not taken up may be in files beside it, which a new one
    /// would destroy.
    #[error(
        "{file} is missing or empty, and {beside} is still there, in which may be what was acknowledged last: put {file} \
         back beside it. To begin with an empty store, move that away too"
    )]
    Torn {
        /// The file.
        file: String,
        /// What is left of it.
        beside: String,
    },
    /// The store of the folder was moved into a database.
    #[error(
        "the store of the data folder {folder} was moved into a database: name that one as `database`. What is \
         queued in both would run twice; to go on with the folder all the same, remove {mark}"
    )]
    Moved {
        /// The folder.
        folder: String,
        /// The file that says so.
        mark: String,
    },
    /// The moving of the store into a database broke off where nobody can tell from here how far it came.
    #[error(
        "the store of the data folder {folder} was being moved into the database {to} when that broke off: `pipehook \
         store migrate` with the same database looks whether all of it is there, and ends the moving. If that database \
         is gone, remove {mark}"
    )]
    Moving {
        /// The folder.
        folder: String,
        /// The file that says so.
        mark: String,
        /// The database, without its password.
        to: String,
    },
    /// The data was written by a later version.
    #[error(
        "the store has schema version {found}, this pipehook knows up to {known}: use the version that wrote it, or a later one"
    )]
    Newer {
        /// The version found.
        found: u32,
        /// The latest known.
        known: u32,
    },
    /// The data was written by an earlier version, which may still work with it.
    #[error(
        "the store has schema version {found}, this pipehook works with {known}: `pipehook serve` of this version \
         brings it there when it starts; until then use the version that wrote it"
    )]
    Older {
        /// The version found.
        found: u32,
        /// The one that is worked with.
        known: u32,
    },
    /// The store can't be reached or written: disk full, folder read-only, database away.
    #[error("the store can't be used: {0}")]
    Unavailable(String),
    /// The database's file is damaged, which no waiting mends.
    #[error("the store can't be used: {0}")]
    Damaged(String),
    /// Something stored, or something to be stored, can't be used: a mistake of ours, or a row of another
    /// version. Nothing was written, and trying again would not help.
    #[error("what is stored can't be used: {0}")]
    Broken(String),
    /// The commit's outcome is not known; the caller must look before it tells anybody.
    #[error("it is not known whether the store wrote this: {0}")]
    Unknown(String),
}

impl Error {
    /// Says whether the same call could never succeed, as opposed to a failure of the world.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Fails where a schema is of another version than the one that is known.
    fn of_version(found: u32, known: u32) -> Result<(), Self> {
        match found.cmp(&known) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Err(Self::Older { found, known }),
            Ordering::Greater => Err(Self::Newer { found, known }),
        }
    }
}

/// The contract of every store; see the module's documentation for what holds across calls.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes a delivery, its decisions and its runs in one commit, assigns the runs' numbers and
    /// names, and makes their first jobs due. A delivery whose key is remembered starts nothing
    /// and is answered with the first one's runs. [`Error::Full`] when the queue has no room,
    /// [`Error::FullFor`] when the connection's share of it has none: runs that were started again count for the
    /// connection of the first, but are held back by the limit of the whole queue only.
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error>;

    /// Counts and keeps a refused delivery in brief. Of each connection the latest
    /// [`REFUSALS_KEPT`] are kept. Need not be durable when it returns.
    async fn refuse(&self, refusal: crate::webhook::delivery::Refusal) -> Result<(), Error>;

    /// Notes when a secret of a connection was last used, by what the secret is and not by its name or place. Need not be
    /// durable when it returns.
    async fn note_secret_use(
        &self,
        connection: &str,
        secret: crate::webhook::connection::SecretDigest,
        at: Timestamp,
    ) -> Result<(), Error>;

    /// Notes which pipelines there are, before deliveries that name them by [`Delivery::roster`] are
    /// accepted, and again each [`NOTED_EVERY`](crate::webhook::roster::NOTED_EVERY). Durable when it
    /// returns. Deliveries are read with the pipelines that did not listen to them.
    ///
    /// [`Delivery::roster`]: crate::webhook::delivery::Delivery::roster
    async fn note_roster(&self, roster: Arc<crate::webhook::roster::Roster>, at: Timestamp) -> Result<(), Error>;

    /// Notes that a worker is at work, which says so again each [`ATTEND_EVERY`]. Need not be durable when it
    /// returns.
    async fn attend(&self, attendance: &Attendance) -> Result<(), Error>;

    /// Returns the pools that workers serve, or have served of late, and those that due jobs wait for, in the order
    /// of their names. What was paused or waits for its turn waits for no worker.
    async fn pools(&self) -> Result<Vec<PoolDetail>, Error>;

    /// Leases the first due job of the pools, if there is one that may be claimed. Letter cases of pools are not told
    /// apart.
    /// The run becomes running. A new fencing token is made.
    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error>;

    /// Extends a lease, and says whether the run was asked to stop.
    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error>;

    /// Records that a step started or completed. Durable before the step's process starts: a job
    /// without such a record may be given to another worker, one with it may not.
    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error>;

    /// Returns the number of a series for a leased job's run: for each pipeline and prefix the one
    /// after the last, or the seed where there was none. A run that asks again from the same site
    /// gets the same number. Durable when it returns.
    async fn count(&self, lease: &Lease, series: &crate::run::Series) -> Result<i64, Error>;

    /// Returns what the jobs of a leased job's run agree on under a name: what the first of them
    /// proposed, and nothing while none has. Durable when it returns.
    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error>;

    /// Completes a job and gives up its lease; in the same commit stores its outputs and decides
    /// what follows from it: jobs that become due or are skipped, results of stages and of the run.
    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error>;

    /// Hands back a job whose processes are gone, and gives up its lease: it is due again at once, to begin
    /// from its first step, as an attempt that its `attempts` do not count. What this one had told of its
    /// steps is dropped, but for a job of [`AGENTLESS_POOL`](crate::pipeline::plan::AGENTLESS_POOL), whose
    /// questions stand. A job that was asked to stop with its run is completed as canceled instead. Durable
    /// when it returns.
    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error>;

    /// Asks, for a step of a leased job, and returns the answer if there is one. Asked for the first
    /// time, the question is written down; later the first one stands, however this one differs.
    /// Where its time is over by the store's clock it is answered with its `on_timeout`, in the name
    /// of [`TIME_LIMIT`]. Durable when it returns; cheap where nothing is to be written.
    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error>;

    /// Answers a question of kind [`WaitKind::Approval`]. The first answer counts. Durable when it
    /// returns.
    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error>;

    /// Queues a completed run again: the same frozen plan, delivery and connection, with a number and
    /// name of its own, linked by [`Run::rerun_of`]. With [`RerunScope::Unsucceeded`] the legs that
    /// [`crate::run::taken`] returns are completed from the start, with the results, steps, outputs and
    /// artifacts that they had, late legs and the numbers of series too. All in one commit.
    /// [`Error::Full`] when the queue has no room.
    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error>;

    /// Asks a run to stop. Jobs that no worker has are decided at once; leased ones are told by
    /// [`Store::renew`]. What begins afterwards, because its conditions want it, is not told, unless the
    /// run is asked once more. Returns the run's state afterwards; a completed run stays as it is.
    async fn cancel(&self, run: &RunId) -> Result<Option<crate::run::State>, Error>;

    /// Ends leases that are over, of all workers; with `everyone`, all leases that are held:
    /// for the start of the only worker of a data folder. Returns what became of each job.
    async fn sweep(&self, everyone: bool) -> Result<Vec<Swept>, Error>;

    /// Holds back runs of a pipeline or connection: what is due is not claimed, what runs goes on, and
    /// deliveries are accepted. One that is held back already stays as it is.
    async fn pause(&self, what: &Pausable) -> Result<(), Error>;

    /// Lets runs go on that were held back. Returns whether they were.
    async fn resume(&self, what: &Pausable) -> Result<bool, Error>;

    /// Returns what is held back, in the order of kind and name.
    async fn pauses(&self) -> Result<Vec<Pause>, Error>;

    /// Returns where logs and what steps hand over are, for all machines that share the store; nothing
    /// where they are in the data folder of the one machine.
    fn depot(&self) -> Option<Arc<dyn crate::files::Depot>> {
        None
    }

    /// Says whether processes on other machines may have leases too, which go on while this machine sleeps.
    fn is_shared(&self) -> bool {
        false
    }

    /// Takes the right to keep the store small; nothing where another process has it.
    async fn upkeep(&self) -> Result<Option<Upkeep>, Error> {
        Ok(Some(Upkeep::alone()))
    }

    /// Returns the moment to which ages of what is kept count. No wrong clock of one machine makes all that is kept look
    /// old: it is the database's time where several share one, and otherwise the time of day as far as it is believed.
    async fn present(&self) -> Result<Timestamp, Error>;

    /// Returns completed runs that ended before a moment, the earliest first, but for those of which a run
    /// needs files that is not completed (see [`LOAN`]).
    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error>;

    /// Forgets completed runs and all that is stored of them; others are left. Numbers stay: the next
    /// run of a pipeline goes on counting. One small commit: a caller brings some at a time.
    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error>;

    /// Returns the runs whose artifacts or files reruns have taken (see [`Store::rerun`]): these are kept in
    /// the folders of who made them. So are those that a run needs which is not completed (see [`LOAN`]).
    async fn lent(&self) -> Result<Vec<Lent>, Error>;

    /// Forgets some of the earliest deliveries: those received before a moment, and while all bodies
    /// together have more bytes than `bytes_max`. A repeat of one is still answered with its runs, for as
    /// long as its key is remembered. Keys whose time is over go too. One small commit: a caller comes
    /// again until nothing was left.
    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error>;

    /// Gives some room back that nothing uses, where the store does not do that by itself. Says whether there is
    /// more.
    async fn compact(&self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Returns a receiver that is marked changed when something became due or a run changed, in
    /// this process. Subscribe, look, then wait: a change between the look and the wait is not
    /// missed. For changes by other processes a caller looks again after a while.
    fn changes(&self) -> tokio::sync::watch::Receiver<u64>;

    /// Returns runs, latest first.
    async fn runs(&self, query: RunQuery) -> Result<Vec<Run>, Error>;

    /// Returns one run with its stages, jobs and steps.
    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error>;

    /// Returns the runs that a reference names: an id, the beginning of one, or
    /// `<pipeline>#<number>`. At most two, for "not unique".
    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error>;

    /// Returns the run of a pipeline that is meant, if there is one, with what jobs of other runs need of it. Which runs
    /// had ended when another was queued goes by the order in which both were told, and by no clock.
    async fn other(&self, sought: &Sought) -> Result<Option<Other>, Error>;

    /// Returns the expanded document of a run, as YAML.
    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error>;

    /// Returns deliveries, latest first, refused ones included.
    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<crate::webhook::delivery::Delivery>, Error>;

    /// Returns the deliveries whose id is or begins with a text. At most two.
    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error>;

    /// Returns one delivery, or one refusal in the shape of a delivery, with the refusal's reason.
    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error>;

    /// Returns what was seen of each connection, those without any left out.
    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error>;

    /// Returns when secrets of connections were last used, to the minute.
    async fn secret_uses(&self) -> Result<SecretUses, Error>;

    /// Returns what was deployed to: each environment and resource, in the order of their names,
    /// with the last deployment.
    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error>;

    /// Returns how many runs wait and are running.
    async fn depth(&self) -> Result<Depth, Error>;

    /// Checks that the store can be read and written.
    async fn ready(&self) -> Result<(), Error>;
}
