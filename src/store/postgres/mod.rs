//! The store of several machines: PostgreSQL, with any number of receivers and workers.
//!
//! The statements stand side by side with those of the other store, and say where they differ. A
//! commit that returned is on the database's disk (`synchronous_commit` is looked at when a connection
//! is made). Many write at once: each piece of work is a transaction that takes the rows it decides
//! about. Leases go by the database's clock, so that the clocks of the machines need not agree.
//!
//! # Whose clock
//! The database tells no other time than one that somebody can set. Set forward, it ends leases that are held; set back,
//! it keeps those of lost workers for as much longer. Neither lets two workers have one job: a lease that is over is
//! over for its holder too, whose every write is looked at by the same clock and names its token.
//!
//! The processes could notice a setting: each sees by how much the database's clock and its own count went apart since
//! its last transaction, and could note that for all to reckon with. It is left, because a process can't tell whose
//! clock it was. The count of a virtual machine stands still while that is halted or moved, and the database seems to
//! have been set forward; what such a process notes would set the leases of all others back, and give its own, which
//! are long over, their time again. The more processes note, the more such errors, and those that are right can't be
//! told from them by fewer than three. So a setting costs the jobs that run then, and nothing else.
//!
//! | file | holds |
//! |---|---|
//! | `address.rs` | where the database is, and how it is talked to |
//! | `tls.rs` | how far its certificate is looked at |
//! | `pool.rs` | a few connections, used again |
//! | `session.rs` | transactions, and what became of one whose answer was lost |
//! | `fault.rs` | what goes wrong between here and the database |
//! | `depot.rs` | logs and what steps hand over, in pieces |
//! | `herald.rs` | changes told to other processes, and heard from them |
//! | `migration.rs` | the versions of the schema |
//! | `contract.rs` | the calls of the contract, each a piece of work |
//! | `desk.rs` | where acceptances wait for their common commit |
//! | `depth.rs` | how many runs wait, as one receiver knows it |
//! | `accept.rs` | deliveries, their decisions and their runs, many in one commit |
//! | `repeat.rs` | the keys by which repeats are known |
//! | `number.rs` | numbers that runs are given |
//! | `filing.rs` | runs with their jobs, as rows |
//! | `import.rs` | all rows of another store, taken over |
//! | `form.rs` | plans and documents that runs share |
//! | `refusal.rs` | refused deliveries, cheap under a flood |
//! | `secret_use.rs` | when each secret was last used |
//! | `due.rs` | what queries mean by due |
//! | `claim.rs` | which job is next, and its lease |
//! | `lease.rs` | what a lease allows, and its end: renew, record, finish, hand back, cancel, sweep |
//! | `story.rs` | what steps tell and hand on |
//! | `graph.rs` | a run's jobs as `run::Board` sees them, and what follows written back |
//! | `matrix.rs` | legs that became known only when their job was due |
//! | `read.rs` | lists and details |
//! | `other.rs` | one run of a pipeline, for jobs of another one |
//! | `environment.rs` | what was deployed to, and by which job |
//! | `turn.rs` | who waits for whom in a group |
//! | `pause.rs` | what is held back |
//! | `blocked.rs` | what a run waits for, for people |
//! | `rerun.rs` | a completed run again |
//! | `retention.rs` | what is old is forgotten |
//! | `upkeep.rs` | the whole store looked at |
//! | `wait.rs` | what steps wait for, and who answered |
//! | `row.rs` | between columns and types |

mod accept;
mod address;
mod attendance;
mod blocked;
mod claim;
mod contract;
mod depot;
mod depth;
mod desk;
mod due;
mod environment;
mod fault;
mod filing;
mod form;
mod graph;
mod herald;
mod import;
mod lease;
mod matrix;
mod migration;
mod other;
mod number;
mod pause;
mod pool;
mod read;
mod refusal;
mod repeat;
mod rerun;
mod retention;
mod roster;
mod row;
mod secret_use;
mod session;
mod story;
mod tls;
mod turn;
mod upkeep;
mod wait;

pub use address::{Address, WrongAddress};
pub(super) use import::Import;
pub use session::LeaseClock;

use super::refused::Refusals;
use super::{Access, Error, Outage, Pausable};
use desk::Desk;
use fault::Fault;
use form::Forms;
use herald::Changes;
use pool::Pool;
use session::Database;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many threads talk to the database; the database does the work.
const THREADS: usize = 2;
/// How long the end of the store waits for what was noted to be written.
const LAST_WRITE_MAX: Duration = Duration::from_secs(3);

/// PostgreSQL. It has threads of its own: connections are looked after whoever waits for an answer, and
/// work that was begun is ended although nobody waits for it any more.
pub struct PostgresStore {
    shared: Arc<Shared>,
    desk: Desk,
    /// Gone only while this is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

/// What all work has.
struct Shared {
    database: Database,
    forms: Forms,
    refusals: Refusals,
    /// Held by who writes what was noted: whoever had it after is sure that the earlier is written.
    writing_notes: tokio::sync::Mutex<()>,
    secret_uses: Mutex<secret_use::Noted>,
    changes: Changes,
    /// Whether a sweep has found more displaced ones than it canceled: claims go on with them.
    are_displaced: AtomicBool,
    /// Whether deliveries can't be accepted at the moment.
    outage: Outage,
}

/// What is said when deliveries can be accepted again.
const WRITTEN_AGAIN: &str = "the database can be written again";

impl PostgresStore {
    /// Opens the store of a database for a process that serves or works, and makes its tables where they are
    /// missing or of an earlier version.
    pub async fn open(address: Address, clock: LeaseClock) -> Result<Self, Error> {
        Self::open_for(address, clock, Access::Server).await
    }

    /// As [`Self::open`]; a command makes no tables.
    pub async fn open_for(address: Address, clock: LeaseClock, access: Access) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            database: Database { pool: Pool::new(&address)?, clock },
            forms: Forms::default(),
            refusals: Refusals::default(),
            writing_notes: tokio::sync::Mutex::default(),
            secret_uses: Mutex::default(),
            changes: Changes::new(),
            are_displaced: AtomicBool::new(false),
            outage: Outage::default(),
        });
        // Nothing fails between this and the store, whose end is the runtime's too.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(format!("the store's threads can't start: {error}")))?;
        let (desk, queue) = Desk::new();
        let store = Self { shared: shared.clone(), desk, runtime: Some(runtime) };
        store.on_threads(|shared| async move { Ok(migration::migrate(&shared.database, access).await?) }).await?;
        let runtime = store.runtime.as_ref().expect("only dropping takes it");
        runtime.spawn(herald::work(address, shared.changes.clone()));
        runtime.spawn(async move { queue.work(&shared.database, &shared.forms, &shared.outage).await });
        Ok(store)
    }

    /// Runs work on the store's threads to its end, also where nobody waits for it any more.
    async fn on_threads<T, F>(&self, work: impl FnOnce(Arc<Shared>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().expect("only dropping takes it");
        let working = runtime.spawn(work(self.shared.clone()));
        working.await.map_err(|error| Error::Unavailable(format!("the store's work broke off: {error}")))?
    }

    /// Notes are brought to the database a moment later, many together.
    fn bring_notes(&self) -> bool {
        let shared = self.shared.clone();
        let runtime = self.runtime.as_ref().expect("only dropping takes it");
        runtime.spawn(async move {
            if let Err(error) = shared.write_notes().await {
                tracing::warn!(%error, "refused deliveries could not be noted yet");
            }
        });
        true
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let (tell, told) = std::sync::mpsc::channel();
        let shared = self.shared.clone();
        runtime.spawn(async move {
            let written = shared.write_notes().await;
            let _ = tell.send(written);
        });
        if let Ok(Err(error)) = told.recv_timeout(LAST_WRITE_MAX) {
            tracing::warn!(%error, "the last refused deliveries could not be noted");
        }
        runtime.shutdown_background();
    }
}

impl Shared {
    /// Writes the refusals and uses of secrets that were noted until now. What can't be written is noted
    /// again.
    async fn write_notes(&self) -> Result<(), Error> {
        let _writing = self.writing_notes.lock().await;
        let refusals = self.refusals.take();
        let uses = std::mem::take(&mut *self.secret_uses.lock().expect("no holder panics"));
        if refusals.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let (noted, used) = (&refusals, &uses);
        let write = self.database.write_lightly(|session| {
            Box::pin(async move {
                refusal::write(&session, noted).await?;
                secret_use::write(&session, used).await
            })
        });
        let written = write.await;
        if written.is_err() {
            self.refusals.put_back(refusals);
            let mut noted = self.secret_uses.lock().expect("no holder panics");
            for (secret, at) in uses {
                noted.entry(secret).or_insert(at);
            }
        }
        Ok(written?)
    }

    /// Looks whether a delivery could be accepted. Where none could a moment ago it is looked whether there is room
    /// for one: what is little finds some on a disk that is full.
    async fn probe(&self) -> Result<(), Fault> {
        if self.outage.is_on() {
            self.database.write(|session| Box::pin(migration::look_for_room(session))).await?;
            self.outage.worked(WRITTEN_AGAIN);
        }
        self.database.write(|session| Box::pin(migration::write_probe(session))).await
    }

    /// Takes the time that something has been paused out of the ages of its jobs.
    async fn leave_out_of_age(&self, what: &Pausable) -> Result<(), Error> {
        let mut last = Some(0);
        while let Some(after) = last {
            let leave_out =
                self.database.write_lightly(|it| Box::pin(async move { pause::leave_out(&it, what, after).await }));
            last = leave_out.await?;
        }
        Ok(())
    }

    /// Looks who goes on in all groups that pauses and their ends have changed.
    async fn readmit(&self) -> Result<(), Error> {
        let forms = &self.forms;
        loop {
            let readmit = self.database.write(|session| Box::pin(async move { pause::readmit(&session, forms).await }));
            if !self.changed(readmit.await)? {
                return Ok(());
            }
        }
    }

    /// Cancels some of those that others have displaced in their groups.
    async fn cancel_displaced(&self) -> Result<(), Error> {
        let forms = &self.forms;
        let cancel =
            self.database.write(|session| Box::pin(async move { turn::cancel_displaced(&session, forms).await }));
        self.are_displaced.store(self.changed(cancel.await)?, Ordering::Relaxed);
        Ok(())
    }

    /// Takes all jobs back that were set aside for a pause that is over.
    async fn take_back(&self) -> Result<(), Error> {
        loop {
            let take = self.database.write_lightly(|session| Box::pin(async move { pause::take_back(&session).await }));
            let taken = take.await?;
            if taken > 0 {
                self.changes.tell();
            }
            if taken < pause::TAKEN_BACK_MAX.unsigned_abs() {
                return Ok(());
            }
        }
    }

    /// Tells of a change, where work went well.
    fn changed<T>(&self, done: Result<T, Fault>) -> Result<T, Error> {
        let done = done?;
        self.changes.tell();
        Ok(done)
    }
}
