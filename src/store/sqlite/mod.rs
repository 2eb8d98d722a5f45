//! The store of one machine: SQLite in the data folder, nothing to install.
//!
//! Write-ahead log with `synchronous = FULL`: a commit that returned survives power loss. One
//! thread writes and puts everything that waits into one transaction, so that many senders share
//! one sync of the disk. Readers have connections of their own and never wait for the writer.
//!
//! | file | holds |
//! |---|---|
//! | `writer.rs` | the thread, its transactions, what happens when the disk fails |
//! | `reader.rs` | a few connections that read |
//! | `lock.rs` | one server a data folder |
//! | `migration.rs` | the versions of the schema |
//! | `accept.rs` | a delivery, its decisions and its runs, in one commit: a row at the end of the log |
//! | `filing.rs` | what the log says about runs, put where it can be worked with |
//! | `counter.rs` | numbers that only go up |
//! | `form.rs` | plans and documents that runs share |
//! | `refusal.rs` | refused deliveries, cheap under a flood |
//! | `roster.rs` | which pipelines there were when deliveries were judged |
//! | `secret_use.rs` | when each secret was last used |
//! | `lease.rs` | who may execute a job: claim, renew, record, finish, hand back, cancel, sweep |
//! | `turn.rs` | who waits for whom in a group |
//! | `pause.rs` | what is held back |
//! | `retention.rs` | what is old is forgotten, bit by bit |
//! | `export.rs` | all rows, for another store |
//! | `upkeep.rs` | check, backup and restore of a whole store |
//! | `blocked.rs` | what a run waits for beside a worker, for people |
//! | `story.rs` | what steps tell and hand on |
//! | `environment.rs` | what was deployed to, and by which job |
//! | `graph.rs` | a run's jobs as `run::Board` sees them, and what follows written back |
//! | `matrix.rs` | legs that became known only when their job was due |
//! | `read.rs` | lists and details |
//! | `rerun.rs` | a completed run again |
//! | `wait.rs` | what steps wait for, and who answered |
//! | `row.rs` | between columns and types |

mod accept;
mod blocked;
mod counter;
mod entry;
mod environment;
mod export;
mod filing;
mod form;
mod graph;
mod lease;
mod lock;
mod matrix;
mod migration;
mod pause;
mod read;
mod reader;
mod refusal;
mod rerun;
mod retention;
mod roster;
mod row;
mod secret_use;
mod story;
mod turn;
mod upkeep;
mod wait;
mod writer;

pub(super) use export::Export;
pub use lock::Lock as FolderLock;

use super::refused::Refusals;
use super::{
    Acceptance, Accepted, Answer, Answered, Asking, Claim, ConnectionCount, DeliveryDetail, DeliveryQuery, Depth,
    EnvironmentDetail, Error, Forgotten, HandedBack, JobOutcome, Lease, Lent, Pausable, Pause, Question, Renewal,
    Reran, Rerun, RunDetail, RunQuery, StepEvent, Store, Swept,
};
use crate::clock::Clock;
use crate::id::{DeliveryId, RunId, WorkerId};
use crate::run::State;
use crate::webhook::delivery::{Delivery, Refusal};
use crate::webhook::roster::Roster;
use async_trait::async_trait;
use jiff::Timestamp;
use reader::Readers;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use writer::{Session, Writer};

pub use upkeep::{Backup, Unrestorable};

/// The database's name in the data folder.
const FILE: &str = "pipehook.db";
/// The mark beside it that says that a database has all of it: see [`mod@super::transfer`].
const MOVED: &str = "pipehook.db.moved";
/// Who may look into the data folder and the database: bodies, headers and scripts are in it.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS_KEPT: usize = 64;

/// How much of the database the writer keeps in memory, so that the pages which every acceptance
/// touches are not read again.
const CACHE_KIB: u32 = 32 * 1024;
/// After how many pages (of 4 KiB) the log is brought into the database. Each time costs two syncs
/// of the disk; but until then the log's file grows, and a sync of a file that grows writes its length
/// too. Measured with 1,000, 4,000 and 16,000: the fewer the faster, with one sender and with many. Pages of
/// 8 KiB are better for deliveries of 300 bytes, and worse for those of 4 KiB, of which two don't fit in.
const CHECKPOINT_PAGES: u32 = 1_000;

/// Who else may have the data folder open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The one server of the folder; a second one is told who holds it.
    Server,
    /// A command, while a server runs or not.
    Command,
}

/// SQLite in a data folder. When it is dropped, what was brought is written first.
pub struct SqliteStore {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    readers: Readers,
    refusals: Arc<Refusals>,
    changes: Arc<watch::Sender<u64>>,
    writer: Writer,
    /// Given up after the writer has ended: fields are dropped in their order.
    _lock: Option<lock::Lock>,
}

impl SqliteStore {
    /// Opens the store of a data folder, making both where they are missing. Blocks while it does.
    pub fn open(folder: &Path, access: Access, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        make_folder(folder).map_err(|error| unavailable_folder(folder, &error))?;
        let lock = match access {
            Access::Server => Some(own(folder)?),
            Access::Command => None,
        };
        let file = folder.join(FILE);
        make_file(&file).map_err(|error| unavailable_folder(folder, &error))?;
        let connection = open_for_writing(&file)?;
        migration::migrate(&connection)?;
        sync_folder(folder).map_err(|error| unavailable_folder(folder, &error))?;
        let changes = Arc::new(watch::Sender::new(0));
        Ok(Self {
            folder: folder.to_owned(),
            readers: Readers::new(file.clone()),
            refusals: Arc::default(),
            writer: Writer::start(file, connection, clock.clone(), changes.clone()),
            changes,
            clock,
            _lock: lock,
        })
    }

    /// Notes beside the store that a database has all of it now: no server begins with it again.
    pub(super) fn mark_as_moved(self) -> Result<(), Error> {
        let folder = self.folder.clone();
        let marked = std::fs::write(folder.join(MOVED), "").and_then(|()| sync_folder(&folder));
        marked.map_err(|error| unavailable_folder(&folder, &error))
    }

    /// Runs work in the writer's next transaction, and returns when that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.write(work).await
    }

    /// As [`Self::write`], and tells those who wait for changes.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let result = self.write(work).await;
        if result.is_ok() {
            tell_of_change(&self.changes);
        }
        result
    }

    /// Runs queries that find everything that was accepted, also what was not filed before.
    async fn read<T: Send + 'static>(
        &self,
        queries: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.readers.read(filing::is_behind).await? {
            // Whatever the writer does next begins with filing. Where it can't, what is filed is
            // there to be looked at all the same. One that can't be filed for a reason of ours is found
            // by the first try, and set aside by the second.
            let mut filed = self.write(|_| Ok(())).await;
            if filed.is_err() {
                filed = self.write(|_| Ok(())).await;
            }
            if let Err(error) = filed {
                tracing::debug!(%error, "what was accepted last can't be shown yet");
            }
        }
        self.readers.read(queries).await
    }

    /// Takes all jobs back that were set aside for a pause that is over.
    async fn take_back(&self) -> Result<(), Error> {
        while self.change(|session| pause::take_back(session)).await? == pause::TAKEN_BACK_MAX {}
        Ok(())
    }

    /// Brings the writer the work that takes the refusals noted until its turn.
    fn send_refusals(&self) -> bool {
        let taken = Arc::new(std::sync::Mutex::default());
        let (noted, writing) = (self.refusals.clone(), taken.clone());
        let work = move |session: &mut Session<'_>| {
            let mut taken = writing.lock().expect("nobody else holds it meanwhile");
            *taken = noted.take();
            refusal::write(session, &taken)
        };
        let noted = self.refusals.clone();
        self.writer.write_without_waiting(work, move |written| {
            if written.is_err() {
                noted.put_back(std::mem::take(&mut *taken.lock().expect("the work has ended")));
            }
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error> {
        let (rows, done) = self.writer.accept(Box::new(accept::Rows::new(acceptance)?)).await?;
        Ok(rows.accepted(done))
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), Error> {
        self.refusals.note(refusal, || self.send_refusals());
        Ok(())
    }

    async fn note_secret_use(&self, connection: &str, secret: &str, at: Timestamp) -> Result<(), Error> {
        let (connection, secret) = (connection.to_owned(), secret.to_owned());
        let work = move |session: &mut Session<'_>| secret_use::note(session, &connection, &secret, at);
        self.writer.write_without_waiting(work, |written| {
            if let Err(error) = written {
                tracing::error!(%error, "the use of a secret could not be noted");
            }
        });
        Ok(())
    }

    async fn note_roster(&self, roster: Arc<Roster>, at: Timestamp) -> Result<(), Error> {
        self.write(move |session| roster::note(session, &roster, at)).await
    }

    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error> {
        let request = lease::Request { worker: worker.clone(), pools: pools.to_vec(), lease };
        let pools = request.pools.clone();
        if !self.readers.read(move |connection| lease::is_anything_due(connection, &pools)).await? {
            return Ok(None);
        }
        self.change(move |session| lease::claim(session, &request)).await
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
        let lease = lease.clone();
        self.write(move |session| lease::renew(session, &lease, by)).await
    }

    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error> {
        let lease = lease.clone();
        self.change(move |session| lease::record(session, &lease, &event)).await
    }

    async fn count(&self, lease: &Lease, series: &crate::run::Series) -> Result<i64, Error> {
        let (lease, series) = (lease.clone(), series.clone());
        self.write(move |session| lease::count(session, &lease, &series)).await
    }

    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error> {
        let (lease, name, proposal) = (lease.clone(), name.to_owned(), proposal.map(str::to_owned));
        self.write(move |session| lease::agree(session, &lease, &name, proposal.as_deref())).await
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        let lease = lease.clone();
        self.change(move |session| lease::finish(session, &lease, &outcome)).await
    }

    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error> {
        let lease = lease.clone();
        self.change(move |session| lease::hand_back(session, &lease)).await
    }

    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
        let (lease, question, now) = (lease.clone(), question.clone(), self.clock.now());
        let (asked_by, asked) = (lease.clone(), question.clone());
        let look = move |connection: &Connection| wait::look(connection, &asked_by, &asked, now);
        match self.readers.read(look).await? {
            wait::Standing::Waiting => Ok(None),
            wait::Standing::Answered(answer) => Ok(Some(answer)),
            wait::Standing::Due => self.change(move |session| wait::ask(session, &lease, &question)).await,
        }
    }

    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error> {
        let asking = asking.clone();
        self.change(move |session| wait::answer(session, &asking, &answer)).await
    }

    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error> {
        self.change(move |session| rerun::rerun(session, &rerun)).await
    }

    async fn cancel(&self, run: &RunId) -> Result<Option<State>, Error> {
        let run = run.clone();
        self.change(move |session| lease::cancel(session, &run)).await
    }

    async fn sweep(&self, everyone: bool) -> Result<Vec<Swept>, Error> {
        let now = self.clock.steady();
        if !everyone && !self.readers.read(move |connection| lease::is_any_over(connection, now)).await? {
            return Ok(Vec::new());
        }
        if everyone {
            // A process that ended while it resumed something has left jobs aside.
            self.take_back().await?;
        }
        self.change(move |session| lease::sweep(session, everyone)).await
    }

    async fn pause(&self, what: &Pausable) -> Result<(), Error> {
        let what = what.clone();
        self.change(move |session| pause::pause(session, &what)).await
    }

    async fn resume(&self, what: &Pausable) -> Result<bool, Error> {
        let what = what.clone();
        let was_paused = self.change(move |session| pause::resume(session, &what)).await?;
        self.take_back().await?;
        Ok(was_paused)
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.readers.read(pause::pauses).await
    }

    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
        self.readers.read(move |connection| retention::expired(connection, before, limit)).await
    }

    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error> {
        let runs = runs.to_vec();
        self.write(move |session| retention::forget_runs(session, &runs)).await
    }

    async fn lent(&self) -> Result<Vec<Lent>, Error> {
        self.readers.read(retention::lent).await
    }

    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error> {
        self.write(move |session| retention::forget_deliveries(session, before, bytes_max)).await
    }

    async fn compact(&self) -> Result<bool, Error> {
        self.write(|session| retention::compact(session)).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<super::Run>, Error> {
        self.read(move |connection| read::runs(connection, &query)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error> {
        let run = run.clone();
        self.read(move |connection| read::run(connection, &run)).await
    }

    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error> {
        let reference = reference.to_owned();
        self.read(move |connection| read::find_runs(connection, &reference)).await
    }

    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error> {
        let run = run.clone();
        self.read(move |connection| read::expanded(connection, &run)).await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.read(move |connection| read::deliveries(connection, &query)).await
    }

    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error> {
        let reference = reference.to_owned();
        self.read(move |connection| read::find_deliveries(connection, &reference)).await
    }

    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
        let delivery = delivery.clone();
        self.read(move |connection| read::delivery(connection, &delivery)).await
    }

    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error> {
        self.read(read::connection_counts).await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error> {
        self.read(environment::all).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.read(read::depth).await
    }

    async fn ready(&self) -> Result<(), Error> {
        self.write(migration::write_probe).await
    }
}

fn tell_of_change(changes: &watch::Sender<u64>) {
    changes.send_modify(|count| *count = count.wrapping_add(1));
}

/// Takes a folder whose store is here and nowhere else.
fn own(folder: &Path) -> Result<lock::Lock, Error> {
    let lock = lock::Lock::take(folder)?;
    let mark = folder.join(MOVED);
    match mark.exists() {
        false => Ok(lock),
        true => Err(Error::Moved { folder: folder.display().to_string(), mark: mark.display().to_string() }),
    }
}

fn open_for_writing(file: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(&format!(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -{CACHE_KIB};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

fn open_for_reading(file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Makes the data folder where it is missing, durably.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    match folder.canonicalize()?.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Makes the database's file where it is missing, for its owner only; the files beside it get the
/// same mode from SQLite. One that others can read is closed to them.
fn make_file(file: &Path) -> std::io::Result<()> {
    let open = std::fs::File::options().create(true).append(true).mode(FILE_MODE).open(file)?;
    if open.metadata()?.permissions().mode() & 0o077 != 0 {
        open.set_permissions(std::fs::Permissions::from_mode(FILE_MODE))?;
    }
    Ok(())
}

/// Makes the names of new files durable: a synced file in an unsynced folder can vanish.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

fn unavailable_folder(folder: &Path, error: &std::io::Error) -> Error {
    Error::Unavailable(format!("the data folder {} can't be used: {error}", folder.display()))
}

impl From<rusqlite::Error> for Error {
    /// What the disk, the folder or another process did is a failure of the world; a row that a
    /// constraint refuses, or that has another shape than its reader thinks, is ours.
    fn from(error: rusqlite::Error) -> Self {
        let is_ours = match error.sqlite_error_code() {
            Some(code) => matches!(
                code,
                ErrorCode::ConstraintViolation
                    | ErrorCode::TypeMismatch
                    | ErrorCode::TooBig
                    | ErrorCode::ApiMisuse
                    | ErrorCode::ParameterOutOfRange
            ),
            None => true,
        };
        if is_ours { Error::Broken(error.to_string()) } else { Error::Unavailable(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writing_connection_syncs_each_commit_and_holds_references() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = open_for_writing(&folder.path().join(FILE)).expect("it opens");
        let number = |name| connection.pragma_query_value::<i64, _>(None, name, |row| row.get(0)).expect("a number");
        let full = 2;
        assert_eq!((number("synchronous"), number("foreign_keys")), (full, 1));
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
    }
}
