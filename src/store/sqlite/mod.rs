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
//! | `place.rs` | whether the file that is open still is the one at its path, and whole |
//! | `fault.rs` | what the database's own words mean, and what to do about it |
//! | `holder.rs` | who keeps others from writing |
//! | `mark.rs` | that a database has the store, or may have it |
//! | `migration.rs` | the versions of the schema |
//! | `accept.rs` | a delivery, its decisions and its runs, in one commit: a row at the end of the log |
//! | `filing.rs` | what the log says about runs, put where it can be worked with |
//! | `unfiled.rs` | what the log says where nobody can file it |
//! | `contract.rs` | the calls of the contract, each a piece of work |
//! | `counter.rs` | numbers that only go up |
//! | `waiting.rs` | how many runs wait, in all and of each connection |
//! | `form.rs` | plans and documents that runs share |
//! | `refusal.rs` | refused deliveries, cheap under a flood |
//! | `roster.rs` | which pipelines there were when deliveries were judged |
//! | `secret_use.rs` | when each secret was last used |
//! | `steady.rs` | the clock by which leases and waiting are counted |
//! | `reckoned.rs` | the moment to which ages count of what is kept |
//! | `due.rs` | what queries mean by due |
//! | `claim.rs` | which job is next, and its lease |
//! | `lease.rs` | what a lease allows, and its end: renew, record, finish, hand back, cancel, sweep |
//! | `turn.rs` | who waits for whom in a group |
//! | `pause.rs` | what is held back |
//! | `retention.rs` | what is old is forgotten, bit by bit |
//! | `export.rs` | all rows, for another store |
//! | `upkeep.rs` | check and restore of a whole store |
//! | `backup.rs` | a copy of it, whole or not there |
//! | `blocked.rs` | what a run waits for beside a worker, for people |
//! | `story.rs` | what steps tell and hand on |
//! | `environment.rs` | what was deployed to, and by which job |
//! | `graph.rs` | a run's jobs as `run::Board` sees them, and what follows written back |
//! | `matrix.rs` | legs that became known only when their job was due |
//! | `read.rs` | lists and details |
//! | `other.rs` | one run of a pipeline, for jobs of another one |
//! | `rerun.rs` | a completed run again |
//! | `wait.rs` | what steps wait for, and who answered |
//! | `row.rs` | between columns and types |

mod accept;
mod attendance;
mod backup;
mod blocked;
mod claim;
mod contract;
mod counter;
mod due;
mod entry;
mod environment;
mod export;
mod fault;
mod filing;
mod form;
mod graph;
mod holder;
mod lease;
mod lock;
mod mapped;
mod mark;
mod matrix;
mod migration;
mod other;
mod pause;
mod place;
mod read;
mod reader;
mod reckoned;
mod refusal;
mod rerun;
mod retention;
mod roster;
mod row;
mod secret_use;
mod steady;
mod story;
mod transaction;
mod turn;
mod unfiled;
mod upkeep;
mod wait;
mod waiting;
mod writer;

pub(super) use export::Export;
pub use lock::Lock as FolderLock;
pub use mark::Moving;

use super::refused::Refusals;
use super::{Error, Pausable};
use crate::clock::Clock;
use fault::{Damage, naming};
use place::Place;
use reader::Readers;
use reckoned::Reckoned;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use transaction::Loop;
use writer::{Now, Session, Writer};

pub use backup::Backup;
pub use upkeep::Unrestorable;

/// The database's name in the data folder.
const FILE: &str = "pipehook.db";
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
    /// A command, while a server runs or not. It makes no store, changes no schema that a server of another
    /// version may work with, and writes nothing until it is asked to.
    Command,
    /// The one process that moves the store into a database, also where another one has begun with that.
    Mover,
}

/// SQLite in a data folder. When it is dropped, what was brought is written first, unless the disk stands still.
pub struct SqliteStore {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    readers: Readers,
    refusals: Arc<Refusals>,
    changes: Arc<watch::Sender<u64>>,
    /// Whether a sweep has found more displaced ones than it canceled: claims go on with them.
    are_displaced: AtomicBool,
    /// To which moment ages counted at the last look, if there was one.
    reckoned: Mutex<Option<Reckoned>>,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the store of a data folder. A server makes both where they are missing. Blocks while it does.
    pub fn open(folder: &Path, access: Access, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let lock = match access {
            Access::Server | Access::Mover => Some(lock::Lock::take(folder)?),
            Access::Command => None,
        };
        match access {
            Access::Server | Access::Command => mark::is_here(folder)?,
            Access::Mover if mark::begun(folder)?.is_some() => {}
            Access::Mover => mark::is_here(folder)?,
        }
        mapped::wait_for_room(match access {
            Access::Server | Access::Mover => mapped::Patience::Endless,
            Access::Command => mapped::Patience::Short,
        });
        let file = folder.join(FILE);
        let connection = match access {
            Access::Command => {
                is_present(folder, &file)?;
                None
            }
            Access::Server | Access::Mover => Some(present(folder, &file)?),
        };
        let changes = Arc::new(watch::Sender::new(0));
        let damage = Damage::default();
        let mut place = Place::of(file.clone());
        if connection.is_some() {
            place.note();
        }
        Ok(Self {
            folder: folder.to_owned(),
            readers: Readers::new(file, damage.clone()),
            refusals: Arc::default(),
            writer: Writer::start(Loop::new(place, connection, clock.clone(), changes.clone(), damage, lock)),
            changes,
            are_displaced: AtomicBool::new(false),
            reckoned: Mutex::new(None),
            clock,
        })
    }

    /// Returns the moving into a database that was begun with a folder, and whose end nobody has noted.
    pub(super) fn moving(folder: &Path) -> Result<Option<Moving>, Error> {
        mark::begun(folder)
    }

    /// Returns the path of the file that says that the store of a folder was moved, or is being moved.
    pub(super) fn mark_of(folder: &Path) -> PathBuf {
        mark::path(folder)
    }

    /// Notes that a database is about to have the store: nothing begins with it any more.
    pub(super) fn begin_moving(&self, moving: &Moving) -> Result<(), Error> {
        mark::begin(&self.folder, moving)
    }

    /// Notes that the database has nothing of the store.
    pub(super) fn take_back_moving(&self) -> Result<(), Error> {
        mark::take_back(&self.folder)
    }

    /// Notes that a database has all of the store of a folder now.
    pub(super) fn end_moving(folder: &Path, moving: &Moving) -> Result<(), Error> {
        mark::end(folder, moving)
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
            // Whatever the writer does next begins with filing. One that can't be filed for a reason of ours is
            // found by the first try, and set aside by the second.
            let mut filed = self.write(|_| Ok(())).await;
            if filed.is_err() {
                filed = self.write(|_| Ok(())).await;
            }
            if let Err(reason) = filed {
                let now = Now::of(&*self.clock);
                return self.readers.look(move |file| unfiled::look(file, now, &reason, queries)).await;
            }
        }
        self.readers.read(queries).await
    }

    /// Takes the time that something has been paused out of the ages of its jobs.
    async fn leave_out_of_age(&self, what: &Pausable) -> Result<(), Error> {
        loop {
            let (looked_for, set_aside) = (what.clone(), what.clone());
            let jobs = self.read(move |connection| pause::not_aside(connection, &looked_for)).await?;
            if jobs.is_empty() || self.write(move |it| pause::set_aside_these(it, &set_aside, &jobs)).await? == 0 {
                break;
            }
        }
        let mut last = Some(0);
        while let Some(after) = last {
            let what = what.clone();
            last = self.write(move |session| pause::leave_out(session, &what, after)).await?;
        }
        Ok(())
    }

    /// Looks who goes on in all groups that pauses and their ends have changed.
    async fn readmit(&self) -> Result<(), Error> {
        while self.change(pause::readmit).await? {}
        Ok(())
    }

    /// Cancels some of those that others have displaced in their groups.
    async fn cancel_displaced(&self) -> Result<(), Error> {
        let are_more = self.change(turn::cancel_displaced).await?;
        self.are_displaced.store(are_more, Ordering::Relaxed);
        Ok(())
    }

    /// Takes all jobs back that were set aside for a pause that is over.
    async fn take_back(&self) -> Result<(), Error> {
        while self.change(|session| pause::take_back(session)).await? == pause::TAKEN_BACK_MAX {}
        Ok(())
    }

    /// Brings the writer the work that takes the refusals noted until its turn.
    fn send_refusals(&self) -> bool {
        let taken = Arc::new(Mutex::default());
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

fn tell_of_change(changes: &watch::Sender<u64>) {
    changes.send_modify(|count| *count = count.wrapping_add(1));
}

/// Fails where a file is no store of the version that this one works with.
fn is_present(folder: &Path, file: &Path) -> Result<(), Error> {
    is_there(folder, file)?;
    let version = open_for_reading(file).and_then(|connection| Ok(migration::version(&connection)?));
    match version.map_err(|error| naming(file, error))? {
        0 => Err(missing(folder)),
        version => migration::is_known(version),
    }
}

/// Fails where there is no file that could be a store.
fn is_there(folder: &Path, file: &Path) -> Result<(), Error> {
    place::is_whole(file)?;
    if file.is_file() { Ok(()) } else { Err(missing(folder)) }
}

fn missing(folder: &Path) -> Error {
    Error::Missing { folder: folder.display().to_string() }
}

/// Makes a store present: there, and of the version that this one works with.
fn present(folder: &Path, file: &Path) -> Result<Connection, Error> {
    place::is_whole(file)?;
    make_file(file).map_err(|error| unavailable_folder(folder, &error))?;
    let opened = open_for_writing(file).and_then(|connection| {
        migration::migrate(&connection)?;
        Ok(connection)
    });
    let connection = opened.map_err(|error| naming(file, error))?;
    sync_folder(folder).map_err(|error| unavailable_folder(folder, &error))?;
    Ok(connection)
}

/// Opens a file that is there: one that was moved away is not made anew.
fn open_for_writing(file: &Path) -> Result<Connection, Error> {
    place::is_whole(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
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
    place::is_whole(file)?;
    let connection = open_to_read(file, OpenFlags::empty())?;
    let looked = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    match looked {
        // Nothing may be made in its folder, where readers say that they are there. Nobody can write there
        // either, and the file has everything.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && place::log_of(file).is_none() => {
            open_unchanging(file)
        }
        // What else is wrong is told to whoever asks for something.
        _ => Ok(connection),
    }
}

/// Opens a database that nobody writes: nothing is made beside it.
fn open_unchanging(file: &Path) -> Result<Connection, Error> {
    let spelled = |byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    let path: String = file.as_os_str().as_bytes().iter().map(spelled).collect();
    // Two slashes before a path that begins with one: what stands between them is a host's name.
    let host = if file.is_absolute() { "//" } else { "" };
    open_to_read(Path::new(&format!("file:{host}{path}?immutable=1")), OpenFlags::SQLITE_OPEN_URI)
}

/// Opens a file, or what a URI names where the flags say that it is one.
fn open_to_read(file: &Path, more: OpenFlags) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
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
    Error::Unavailable(format!("the data folder {}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writing_connection_syncs_each_commit_and_holds_references() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FILE);
        make_file(&file).expect("a file");
        let connection = open_for_writing(&file).expect("it opens");
        let number = |name| connection.pragma_query_value::<i64, _>(None, name, |row| row.get(0)).expect("a number");
        let full = 2;
        assert_eq!((number("synchronous"), number("foreign_keys")), (full, 1));
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
    }
}
