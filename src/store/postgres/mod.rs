//! The store of several machines: PostgreSQL, with any number of receivers and workers.
//!
//! The statements stand side by side with those of the other store, and say where they differ. A
//! commit that returned is on the database's disk (`synchronous_commit` is looked at when a connection
//! is made). Many write at once: each piece of work is a transaction that takes the rows it decides
//! about. Leases go by the database's clock, so that the clocks of the machines need not agree.
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
//! | `desk.rs` | where acceptances wait for their common commit |
//! | `accept.rs` | deliveries, their decisions and their runs, many in one commit |
//! | `repeat.rs` | the keys by which repeats are known |
//! | `number.rs` | numbers and ranks that runs are given |
//! | `filing.rs` | runs with their jobs, as rows |
//! | `import.rs` | all rows of another store, taken over |
//! | `form.rs` | plans and documents that runs share |
//! | `refusal.rs` | refused deliveries and uses of secrets |
//! | `lease.rs` | who may execute a job: claim, renew, record, finish, hand back, cancel, sweep |
//! | `story.rs` | what steps tell and hand on |
//! | `graph.rs` | a run's jobs as `run::Board` sees them, and what follows written back |
//! | `matrix.rs` | legs that became known only when their job was due |
//! | `read.rs` | lists and details |
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
mod blocked;
mod depot;
mod desk;
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
use super::{
    Acceptance, Accepted, Answer, Answered, Asking, Claim, ConnectionCount, DeliveryDetail, DeliveryQuery, Depth,
    EnvironmentDetail, Error, Forgotten, HandedBack, JobOutcome, Lease, Lent, Pausable, Pause, Question, Renewal,
    Reran, Rerun, RunDetail, RunQuery, StepEvent, Store, Swept, Upkeep,
};
use crate::id::{DeliveryId, RunId, WorkerId};
use crate::run::State;
use crate::webhook::delivery::{Delivery, Refusal};
use crate::webhook::roster::Roster;
use accept::Rows;
use async_trait::async_trait;
use desk::Desk;
use fault::Fault;
use form::Forms;
use herald::Changes;
use jiff::Timestamp;
use lease::{Over, Request};
use pool::Pool;
use session::Database;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

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
    secret_uses: Mutex<refusal::SecretUses>,
    changes: Changes,
}

impl PostgresStore {
    /// Opens the store of a database, and makes its tables where they are missing.
    pub async fn open(address: Address, clock: LeaseClock) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            database: Database { pool: Pool::new(&address)?, clock },
            forms: Forms::default(),
            refusals: Refusals::default(),
            writing_notes: tokio::sync::Mutex::default(),
            secret_uses: Mutex::default(),
            changes: Changes::new(),
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
        store.on_threads(|shared| async move { Ok(migration::migrate(&shared.database).await?) }).await?;
        let runtime = store.runtime.as_ref().expect("only dropping takes it");
        runtime.spawn(herald::work(address, shared.changes.clone()));
        runtime.spawn(async move { queue.work(&shared.database, &shared.forms).await });
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
        let written = self.database.write_lightly(|session| Box::pin(refusal::write_notes(session, noted, used))).await;
        if written.is_err() {
            self.refusals.put_back(refusals);
            let mut noted = self.secret_uses.lock().expect("no holder panics");
            for (secret, at) in uses {
                noted.entry(secret).or_insert(at);
            }
        }
        Ok(written?)
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

#[async_trait]
impl Store for PostgresStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error> {
        let rows = Rows::new(acceptance)?;
        let starts_runs = rows.starts_runs();
        let accepted = self.desk.accept(rows).await?;
        if starts_runs {
            self.shared.changes.tell();
        }
        Ok(accepted)
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), Error> {
        self.shared.refusals.note(refusal, || self.bring_notes());
        Ok(())
    }

    async fn note_secret_use(&self, connection: &str, secret: &str, at: Timestamp) -> Result<(), Error> {
        let secret = (connection.to_owned(), secret.to_owned());
        self.shared.secret_uses.lock().expect("no holder panics").insert(secret, at);
        self.bring_notes();
        Ok(())
    }

    async fn note_roster(&self, roster: Arc<Roster>, at: Timestamp) -> Result<(), Error> {
        self.on_threads(move |shared| async move {
            let roster = &roster;
            Ok(shared
                .database
                .write(|session| Box::pin(async move { roster::note(&session, roster, at).await }))
                .await?)
        })
        .await
    }

    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error> {
        let request = Request { worker: worker.clone(), pools: pools.to_vec(), lease };
        self.on_threads(|shared| async move {
            let claim = lease::claim(&shared.database, &shared.forms, &request).await?;
            if claim.is_some() {
                shared.changes.tell();
            }
            Ok(claim)
        })
        .await
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            // A renewal that a crash of the database takes back ends the lease some moments earlier; a
            // worker gives up long before that.
            let lease = &lease;
            Ok(shared
                .database
                .write_lightly(|session| Box::pin(async move { lease::renew(&session, lease, by).await }))
                .await?)
        })
        .await
    }

    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (lease, event) = (&lease, &event);
            let record =
                shared.database.write(|session| Box::pin(async move { lease::record(&session, lease, event).await }));
            shared.changed(record.await)
        })
        .await
    }

    async fn count(&self, lease: &Lease, series: &crate::run::Series) -> Result<i64, Error> {
        let (lease, series) = (lease.clone(), series.clone());
        self.on_threads(|shared| async move {
            let (lease, series) = (&lease, &series);
            Ok(shared
                .database
                .write(|session| Box::pin(async move { lease::count(&session, lease, series).await }))
                .await?)
        })
        .await
    }

    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error> {
        let (lease, name, proposal) = (lease.clone(), name.to_owned(), proposal.map(str::to_owned));
        self.on_threads(|shared| async move {
            let (lease, name, proposal) = (&lease, &name, &proposal);
            let agree = shared.database.write(|session| {
                Box::pin(async move { lease::agree(&session, lease, name, proposal.as_deref()).await })
            });
            Ok(agree.await?)
        })
        .await
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (forms, lease, outcome) = (&shared.forms, &lease, &outcome);
            let finish = shared
                .database
                .write(|session| Box::pin(async move { lease::finish(&session, forms, lease, outcome).await }));
            shared.changed(finish.await)
        })
        .await
    }

    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (forms, lease) = (&shared.forms, &lease);
            let hand_back = shared
                .database
                .write(|session| Box::pin(async move { lease::hand_back(&session, forms, lease).await }));
            shared.changed(hand_back.await)
        })
        .await
    }

    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
        let (lease, question) = (lease.clone(), question.clone());
        self.on_threads(|shared| async move {
            let (lease, question) = (&lease, &question);
            let look =
                shared.database.read(|session| Box::pin(async move { wait::look(&session, lease, question).await }));
            match look.await? {
                wait::Standing::Waiting => Ok(None),
                wait::Standing::Answered(answer) => Ok(Some(answer)),
                wait::Standing::Due => {
                    let ask = shared
                        .database
                        .write(|session| Box::pin(async move { wait::ask(&session, lease, question).await }));
                    shared.changed(ask.await)
                }
            }
        })
        .await
    }

    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error> {
        let asking = asking.clone();
        self.on_threads(|shared| async move {
            let (asking, answer) = (&asking, &answer);
            let taken =
                shared.database.write(|session| Box::pin(async move { wait::answer(&session, asking, answer).await }));
            shared.changed(taken.await)
        })
        .await
    }

    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error> {
        self.on_threads(|shared| async move {
            let (forms, rerun) = (&shared.forms, &rerun);
            let reran =
                shared.database.write(|session| Box::pin(async move { rerun::rerun(&session, forms, rerun).await }));
            shared.changed(reran.await)
        })
        .await
    }

    async fn cancel(&self, run: &RunId) -> Result<Option<State>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let (forms, run) = (&shared.forms, &run);
            let cancel =
                shared.database.write(|session| Box::pin(async move { lease::cancel(&session, forms, run).await }));
            shared.changed(cancel.await)
        })
        .await
    }

    async fn sweep(&self, everyone: bool) -> Result<Vec<Swept>, Error> {
        let over = if everyone { Over::All } else { Over::ByTime };
        self.on_threads(move |shared| async move {
            let swept = lease::sweep(&shared.database, &shared.forms, over).await?;
            // A process that ended while it resumed something has left jobs aside.
            shared.take_back().await?;
            if !swept.is_empty() {
                shared.changes.tell();
            }
            Ok(swept)
        })
        .await
    }

    async fn pause(&self, what: &Pausable) -> Result<(), Error> {
        let what = what.clone();
        self.on_threads(|shared| async move {
            let (forms, what) = (&shared.forms, &what);
            let pause =
                shared.database.write(|session| Box::pin(async move { pause::pause(&session, forms, what).await }));
            shared.changed(pause.await)
        })
        .await
    }

    async fn resume(&self, what: &Pausable) -> Result<bool, Error> {
        let what = what.clone();
        self.on_threads(|shared| async move {
            let (forms, what) = (&shared.forms, &what);
            let resume =
                shared.database.write(|session| Box::pin(async move { pause::resume(&session, forms, what).await }));
            let was_paused = shared.changed(resume.await)?;
            shared.take_back().await?;
            Ok(was_paused)
        })
        .await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { pause::pauses(&session).await })).await?)
        })
        .await
    }

    fn depot(&self) -> Option<Arc<dyn crate::files::Depot>> {
        let threads = self.runtime.as_ref().expect("only dropping takes it").handle().clone();
        Some(Arc::new(depot::PostgresDepot { shared: self.shared.clone(), threads }))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.seen.subscribe()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<super::Run>, Error> {
        self.on_threads(|shared| async move {
            let query = &query;
            Ok(shared.database.read(|session| Box::pin(async move { read::runs(&session, query).await })).await?)
        })
        .await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let run = &run;
            Ok(shared.database.read(|session| Box::pin(async move { read::run(&session, run).await })).await?)
        })
        .await
    }

    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error> {
        let reference = reference.to_owned();
        self.on_threads(|shared| async move {
            let reference = &reference;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::find_runs(&session, reference).await }))
                .await?)
        })
        .await
    }

    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let run = &run;
            Ok(shared.database.read(|session| Box::pin(async move { read::expanded(&session, run).await })).await?)
        })
        .await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.on_threads(|shared| async move {
            let query = &query;
            Ok(shared.database.read(|session| Box::pin(async move { read::deliveries(&session, query).await })).await?)
        })
        .await
    }

    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error> {
        let reference = reference.to_owned();
        self.on_threads(|shared| async move {
            let reference = &reference;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::find_deliveries(&session, reference).await }))
                .await?)
        })
        .await
    }

    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
        let delivery = delivery.clone();
        self.on_threads(|shared| async move {
            let delivery = &delivery;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::delivery(&session, delivery).await }))
                .await?)
        })
        .await
    }

    async fn upkeep(&self) -> Result<Option<Upkeep>, Error> {
        self.on_threads(|shared| async move { Ok(retention::upkeep(&shared.database.pool).await?) }).await
    }

    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
        self.on_threads(move |shared| async move {
            Ok(shared
                .database
                .read(|session| Box::pin(async move { retention::expired(&session, before, limit).await }))
                .await?)
        })
        .await
    }

    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error> {
        let runs = runs.to_vec();
        self.on_threads(|shared| async move { retention::forget_runs(&shared, &runs).await }).await
    }

    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error> {
        self.on_threads(move |shared| async move {
            Ok(shared
                .database
                .write(|session| {
                    Box::pin(async move { retention::forget_deliveries(&session, before, bytes_max).await })
                })
                .await?)
        })
        .await
    }

    async fn lent(&self) -> Result<Vec<Lent>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { retention::lent(&session).await })).await?)
        })
        .await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { environment::all(&session).await })).await?)
        })
        .await
    }

    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { read::connection_counts(&session).await })).await?)
        })
        .await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { read::depth(&session).await })).await?)
        })
        .await
    }

    async fn ready(&self) -> Result<(), Error> {
        self.on_threads(|shared| async move {
            shared.write_notes().await?;
            Ok(shared.database.write(|session| Box::pin(migration::write_probe(session))).await?)
        })
        .await
    }
}
