//! Which process the system ends first where memory is short: what a step has started, and not its shim, the
//! worker or the server.

use std::fs;

/// Where a process says how gladly it is ended, from -1000 to 1000; what it starts begins with the same.
const OWN: &str = "/proc/self/oom_score_adj";
/// By how much a program is ended more gladly than its shim, as on the agents of the pipeline language.
const MORE: i32 = 500;
const MOST: i32 = 1000;

/// Returns how gladly this process is ended, where the system tells.
pub(super) fn own() -> Option<i32> {
    fs::read_to_string(OWN).ok()?.trim().parse().ok()
}

/// Does something meanwhile this process counts as one that is ended more gladly, for the sake of what it starts.
/// Everybody may do that to himself, and take it back; where it can't be done, it is left.
pub(super) fn raised<T>(start: impl FnOnce() -> T) -> T {
    let own = own();
    let write = |weight: i32| fs::write(OWN, weight.to_string());
    let is_raised = own.is_some_and(|own| write((own + MORE).min(MOST)).is_ok());
    let started = start();
    if let Some(own) = own.filter(|_| is_raised) {
        // A shim that stays raised is not what it was, and serves no other program.
        let _ = write(own);
    }
    started
}
