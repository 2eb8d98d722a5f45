//! The shims of a worker: started when a program needs one, kept for the next program when nothing
//! is left of the last.
//!
//! To start a shim costs more than to start bash: the system maps this whole binary and writes to
//! a few hundred of its pages before the first instruction of ours. A shim under which nothing
//! lives is as good as a new one, and takes a message to start the next program.

use super::shim::ARGUMENT;
use super::tree;
use rustix::process::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many shims are kept while they have nothing to do; each has about a megabyte of its own.
const IDLE_MAX: usize = 8;

/// Keeps the allocator of a shim, which needs little, from huge pages: to empty the first of them takes a
/// third of the time in which a shim starts.
const SMALL_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// The shims of a worker; clones are the same. When the last clone and the programs under them are
/// gone, the shims end.
#[derive(Debug, Clone)]
pub struct Shims(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    binary: PathBuf,
    /// Shims below which nothing lives, with their sockets.
    idle: Mutex<Vec<(Child, UnixStream)>>,
    /// Shims that end because nobody holds their socket any more.
    ending: Mutex<Vec<Child>>,
}

impl<P: Into<PathBuf>> From<P> for Shims {
    /// Returns shims that are made from this binary.
    fn from(binary: P) -> Self {
        Self(Arc::new(Inner { binary: binary.into(), idle: Mutex::default(), ending: Mutex::default() }))
    }
}

impl Shims {
    /// Returns a shim with nothing below it, and the socket to it, which does not block.
    pub(super) fn take(&self) -> io::Result<(Shim, UnixStream)> {
        drop(self.still_ending());
        while let Some((mut child, link)) = self.idle().pop() {
            // Whoever had a reason to kill it has not killed a program of ours.
            if matches!(child.try_wait(), Ok(None)) {
                return Ok((self.held(child), link));
            }
        }
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&self.0.binary)
            .arg(ARGUMENT)
            .env_clear()
            .env(SMALL_PAGES.0, SMALL_PAGES.1)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok((self.held(child), ours))
    }

    /// Keeps a shim below which nothing lives, unless there are enough.
    pub(super) fn keep(&self, mut shim: Shim, link: UnixStream) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX
            && let Some(child) = shim.child.take()
        {
            idle.push((child, link));
        }
    }

    fn held(&self, child: Child) -> Shim {
        Shim { child: Some(child), shims: self.clone() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Child, UnixStream)>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets shims that have ended, and returns the others.
    fn still_ending(&self) -> MutexGuard<'_, Vec<Child>> {
        let mut ending = self.0.ending.lock().unwrap_or_else(PoisonError::into_inner);
        ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        ending
    }
}

/// A shim that serves a program. When it is dropped it is on its way to its end, because its socket
/// is dropped with it, and is waited for later.
#[derive(Debug)]
pub(super) struct Shim {
    child: Option<Child>,
    shims: Shims,
}

impl Shim {
    /// Kills it with all below it, and returns when it has ended.
    pub(super) fn kill(mut self) {
        if let Some(mut child) = self.child.take() {
            tree::fell(Pid::from_child(&child), Instant::now());
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            self.shims.still_ending().push(child);
        }
    }
}
