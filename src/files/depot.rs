//! Where files are that several machines share: by names, each a list of pieces.

use super::LeftOver;
use super::shortage::PatientFile;
use std::cell::RefCell;
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The most bytes of one attempt's log that are shared through a database.
pub const SHARED_LOG_MAX: u64 = 64 * 1024 * 1024;
/// The most bytes of one upload that is shared through a database, of a file or to an artifact: each is in it and
/// in its backups.
pub const SHARED_FILES_MAX: u64 = 256 * 1024 * 1024;
/// The most bytes of one piece.
pub const PIECE_MAX: usize = 256 * 1024;

/// Files that every machine can read. A file is bytes under a name, such as `logs/run_1/job_1.log`; it is
/// there from its first piece on. Calls block until they are done; where the depot is away the error is
/// [`io::ErrorKind::Other`].
pub trait Depot: Send + Sync + Debug {
    /// Puts a piece of a file at a place, in place of one that stands there. Without a fence it is there for good
    /// when this returns; with one see [`Self::flush`], and nothing is written once the job's lease is lost:
    /// [`io::ErrorKind::PermissionDenied`].
    fn put(&self, name: &str, at: u64, piece: &[u8], fence: Option<&Fence>) -> io::Result<()>;

    /// Adds a piece at the end of a file that nobody writes to any more.
    fn add_last(&self, name: &str, piece: &[u8]) -> io::Result<()> {
        self.put(name, self.end(name)?, piece, None)
    }

    /// Returns bytes from a place on, at most as many as were wanted, and fewer only at the end.
    fn get(&self, name: &str, from: u64, most: usize) -> io::Result<Vec<u8>>;

    /// Returns where the next piece of a file goes: 0 where there is none.
    fn end(&self, name: &str) -> io::Result<u64>;

    /// Returns the names that begin with a prefix, in order.
    fn names(&self, prefix: &str) -> io::Result<Vec<String>>;

    /// Removes a file, and all files below its name, as if that were a folder.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Returns what runs have left below a folder, in files `<folder>/<run>/…`, in no order.
    fn left_over(&self, folder: &str) -> io::Result<Vec<LeftOver>>;

    /// Returns up to where a file is there without a hole, from a place on: where a depot may take back what it took,
    /// until [`Self::flush`] has returned. One that never does needs not look.
    fn whole(&self, _name: &str, _from: u64) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    /// Returns where a file goes on behind what looks like its end, if it does: what stood between is lost.
    fn goes_on(&self, name: &str, end: u64) -> io::Result<Option<u64>>;

    /// Says whether it is known to be away: whoever can do without it does.
    fn is_away(&self) -> bool {
        false
    }

    /// Returns when all that was put into a file and not taken back is there for good.
    fn flush(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    /// Returns the most bytes of a piece of a file that is put as a whole.
    fn piece_max(&self) -> usize {
        PIECE_MAX
    }

    /// Returns the most bytes of one job's log.
    fn log_max(&self) -> u64 {
        SHARED_LOG_MAX
    }

    /// Returns the most bytes of one upload, of a file or to an artifact.
    fn upload_max(&self) -> u64 {
        SHARED_FILES_MAX
    }
}

/// Who may write about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The job's id.
    pub job: String,
    /// The token of its lease.
    pub token: i64,
}

/// How long a depot that is away is waited for, and how often it is asked.
const WAIT_MAX: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(500);

thread_local! {
    /// What says that nobody wants any more what this thread does: see [`unless_halted`].
    static HALTED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Does work on this thread that waits for no depot any more once it is halted. It is said to the thread, as between
/// the work and what waits there are files and folders that have nothing to do with it.
pub fn unless_halted<T>(halted: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    let before = HALTED.replace(Some(halted));
    let done = work();
    HALTED.set(before);
    done
}

pub(super) fn is_halted() -> bool {
    HALTED.with_borrow(|halted| halted.as_ref().is_some_and(|halted| halted.load(Ordering::Relaxed)))
}

/// Fails once nobody wants any more what this thread does.
pub(super) fn check() -> io::Result<()> {
    // Not as an interrupted call, which is tried again.
    if is_halted() { Err(io::Error::other("the work was stopped")) } else { Ok(()) }
}

/// Tries what a depot is asked for until it succeeds, a depot that is away is away for too long, nobody wants it any
/// more, or it is of no use to try again.
pub(super) fn patiently<T>(ask: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    patiently_for(WAIT_MAX, ask)
}

/// As [`patiently`], for a time of one's own.
pub(super) fn patiently_for<T>(most: Duration, mut ask: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let end = Instant::now() + most;
    loop {
        match ask() {
            Err(error) if error.kind() == io::ErrorKind::Other && Instant::now() < end && !is_halted() => {
                sleep(ASK_EVERY);
            }
            done => return done,
        }
    }
}

/// Puts a whole file of this machine into a depot, in place of what has that name.
pub(super) fn put_file(depot: &dyn Depot, name: &str, from: &Path) -> io::Result<()> {
    patiently(|| depot.remove(name))?;
    let mut file = File::open(from)?;
    let mut piece = vec![0; depot.piece_max()];
    let mut at = 0;
    loop {
        check()?;
        let length = read_full(&mut file, &mut piece)?;
        if length == 0 && at > 0 {
            return Ok(());
        }
        patiently(|| depot.put(name, at, &piece[..length], None))?;
        at += length as u64;
        if length < piece.len() {
            return Ok(());
        }
    }
}

/// Brings a whole file of a depot to this machine.
pub(super) fn get_file(depot: &dyn Depot, name: &str, to: &Path) -> io::Result<()> {
    let mut file = PatientFile::create(to)?;
    let mut at = 0;
    loop {
        check()?;
        let bytes = patiently(|| depot.get(name, at, depot.piece_max()))?;
        file.write_all(&bytes)?;
        at += bytes.len() as u64;
        if bytes.len() < depot.piece_max() {
            let is_cut = patiently(|| depot.goes_on(name, at))?;
            let lost =
                || io::Error::new(io::ErrorKind::InvalidData, format!("a part of {name} is lost, from byte {at} on"));
            return if is_cut.is_some() { Err(lost()) } else { Ok(()) };
        }
    }
}

fn read_full(file: &mut File, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match file.read(&mut piece[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
