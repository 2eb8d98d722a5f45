//! The shims of a worker: started when a program needs one, kept for the next program when nothing
//! is left of the last.
//!
//! To start a shim costs more than to start bash: the system maps this whole binary and writes to
//! a few hundred of its pages before the first instruction of ours. A shim under which nothing
//! lives is as good as a new one, and takes a message to start the next program.

use super::heir;
use super::shim::ARGUMENT;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many shims are kept while they have nothing to do; each has about a megabyte of its own.
const IDLE_MAX: usize = 8;

/// Keeps the allocator of a shim, which needs little, from huge pages: to empty the first of them takes a
/// third of the time in which a shim starts.
const SMALL_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// Shims of this process that end because nobody holds their socket any more.
static ENDING: Mutex<Vec<Child>> = Mutex::new(Vec::new());
/// Held by whoever ends them.
static CLEARING: Mutex<()> = Mutex::new(());

/// The shims of a worker; clones are the same. When the last clone and the programs under them are
/// gone, the shims end.
#[derive(Debug, Clone)]
pub struct Shims(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    binary: PathBuf,
    /// Shims below which nothing lives, with their sockets.
    idle: Mutex<Vec<(Child, UnixStream)>>,
}

impl<P: Into<PathBuf>> From<P> for Shims {
    /// Returns shims that are made from this binary.
    fn from(binary: P) -> Self {
        Self(Arc::new(Inner { binary: binary.into(), idle: Mutex::default() }))
    }
}

impl Shims {
    /// Returns a shim with nothing below it, and the socket to it, which does not block.
    pub(super) fn take(&self) -> io::Result<(Shim, UnixStream)> {
        drop(still_ending());
        while let Some((mut child, link)) = self.idle().pop() {
            // Whoever had a reason to kill it has not killed a program of ours.
            if !heir::has_ended(&mut child) {
                return Ok((Shim(Some(child)), link));
            }
        }
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&self.0.binary);
        command.arg(ARGUMENT).env_clear().env(SMALL_PAGES.0, SMALL_PAGES.1);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::null());
        Ok((Shim(Some(heir::start(&mut command)?)), ours))
    }

    /// Keeps a shim below which nothing lives, unless there are enough.
    pub(super) fn keep(&self, mut shim: Shim, link: UnixStream) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX
            && let Some(child) = shim.0.take()
        {
            idle.push((child, link));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Child, UnixStream)>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets shims that have ended, and returns the others.
fn still_ending() -> MutexGuard<'static, Vec<Child>> {
    let mut ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    ending.retain_mut(|child| !heir::has_ended(child));
    ending
}

/// Kills the shims of this process that are on their way to their end, with all below them, and what others have
/// left that are gone. Returns when all of that is dead, and how many processes shims had left.
pub(super) fn end_all_ending() -> usize {
    // Whoever comes meanwhile wants to know that those are dead which another one has taken.
    let _clearing = CLEARING.lock().unwrap_or_else(PoisonError::into_inner);
    let ending = std::mem::take(&mut *still_ending());
    ending.into_iter().for_each(heir::end);
    heir::end_left()
}

/// A shim that serves a program. When it is dropped it is on its way to its end, because its socket
/// is dropped with it, and is waited for later.
#[derive(Debug)]
pub(super) struct Shim(Option<Child>);

impl Shim {
    /// Kills it with all that is below it, and returns when it has ended.
    pub(super) fn end(mut self) {
        self.0.take().into_iter().for_each(heir::end);
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            still_ending().push(child);
        }
    }
}
