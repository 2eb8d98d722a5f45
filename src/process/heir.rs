//! What shims leave that somebody killed: processes without the mark of a job, which nothing else finds.
//!
//! A worker is a subreaper, as its shims are: what loses its shim becomes the worker's child. It has no other
//! children in another session than its own but the shims, each of which begins one.

use super::tree;
use rustix::process::{Pid, WaitOptions, getpid, getsid, set_child_subreaper, waitpid};
use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Whether this process gets what its shims leave.
static INHERITS: AtomicBool = AtomicBool::new(false);
/// The shims of this process, by their numbers, until they were waited for.
static SHIMS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Makes this process the one that gets what its shims leave. For a whole process: one that starts
/// processes in sessions of their own for other reasons must not.
pub fn inherit() {
    let is_heir = set_child_subreaper(Some(getpid())).is_ok();
    INHERITS.store(is_heir, Ordering::Relaxed);
}

/// Starts a shim.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    // Nobody may look between its first moment and its place in the list.
    let mut shims = shims();
    let child = command.spawn()?;
    shims.insert(child.id());
    Ok(child)
}

/// Says whether a shim has ended, and waits for one that has.
pub(super) fn has_ended(shim: &mut Child) -> bool {
    let has_ended = !matches!(shim.try_wait(), Ok(None));
    if has_ended {
        shims().remove(&shim.id());
    }
    has_ended
}

/// Kills a shim with all that is below it, and returns when it has ended.
pub(super) fn end(mut shim: Child) {
    if !has_ended(&mut shim) {
        tree::fell(Pid::from_child(&shim), Instant::now());
        // It may be gone already.
        let _ = shim.kill();
        let _ = shim.wait();
        shims().remove(&shim.id());
    }
}

/// Kills what shims have left to this process that are gone, and returns how many processes there were.
pub(super) fn end_left() -> usize {
    if !INHERITS.load(Ordering::Relaxed) {
        return 0;
    }
    let mut killed = BTreeSet::new();
    let began = Instant::now();
    while began.elapsed() < tree::KILL_MAX {
        let left = left();
        if left.is_empty() {
            break;
        }
        for process in left {
            killed.extend(tree::fell(process, began).into_iter().chain([process]).map(Pid::as_raw_nonzero));
            // What is not dead yet is found again.
            let _ = waitpid(Some(process), WaitOptions::NOHANG);
        }
        std::thread::sleep(tree::PAUSE_FIRST);
    }
    killed.len()
}

/// Returns the children of this process that are in other sessions and no shims, dead ones included.
fn left() -> Vec<Pid> {
    let (Ok(session), own) = (getsid(None), getpid()) else { return Vec::new() };
    let shims = shims();
    let is_left = |process: &Pid| {
        let number = process.as_raw_nonzero().get().cast_unsigned();
        tree::parent(*process) == Some(own) && tree::session(*process) != Some(session) && !shims.contains(&number)
    };
    tree::processes().filter(is_left).collect()
}

fn shims() -> MutexGuard<'static, BTreeSet<u32>> {
    SHIMS.lock().unwrap_or_else(PoisonError::into_inner)
}
