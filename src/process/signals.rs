//! What a program inherits of signals: nothing. Whoever started the server may have ignored some (`nohup`, a shell's
//! `trap '' INT`, `( … & )`) or blocked them, and a program of a step that begins so can't be interrupted.

use nix::sys::signal::SigSet;
use rustix::process::Signal;
use std::io;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// What the system calls the signals that a process ignores.
const IGNORED: &str = "SigIgn:";
/// The signals that the C library keeps for itself.
const KEPT: [i32; 2] = [32, 33];

/// Makes this process one whose programs begin with no signal ignored or blocked, but for the one of a broken pipe,
/// which the standard library sees to where it starts them. This process itself still does not end by what it
/// has ignored.
pub(super) fn forget_inherited() -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    let ignored = ignored();
    if ignored.is_empty() {
        return Ok(());
    }
    // A program has no handlers when it begins, and each signal that had one does what it does by default. Handlers
    // stay when what registered them is gone.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    ignored.into_iter().try_for_each(|number| signal(SignalKind::from_raw(number)).map(drop))
}

/// Returns the numbers of the signals that this process ignores.
fn ignored() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(IGNORED)).unwrap_or_default();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap_or_default();
    let is_seen_to = |number: &i32| KEPT.contains(number) || *number == Signal::PIPE.as_raw();
    (1..=64).filter(|number| mask >> (number - 1) & 1 == 1 && !is_seen_to(number)).collect()
}
