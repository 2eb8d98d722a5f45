//! How many files this process may have open, and what that is enough for.
//!
//! Where nothing is left, nobody can be answered and the store can't be written. So the part that
//! senders can use up is smaller than what there is, and a process that has too few says so and does not
//! begin.

use super::failure::Failure;
use crate::config::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the store, the watched folders, the listeners and the threads have open, and as much again.
const OWN_FILES: u64 = 96;
/// What one job has open: its log, the pipes of its step, files that are handed over.
const FILES_OF_JOB: u64 = 12;
/// The fewest connections with which a server begins.
const CONNECTIONS_MIN: u64 = 16;

/// Raises the limit to what can be used, as far as the system allows that, and returns how many connections
/// there may be beside what the process itself needs.
pub(super) fn connections(config: &Config, useful: usize) -> Result<usize, Failure> {
    let jobs = u64::try_from(config.workers.jobs.get()).unwrap_or(u64::MAX);
    let own = OWN_FILES.saturating_add(FILES_OF_JOB.saturating_mul(jobs));
    let useful = u64::try_from(useful).unwrap_or(u64::MAX);
    let allowed = raised(own.saturating_add(useful));
    let needed = own.saturating_add(CONNECTIONS_MIN.min(useful));
    if allowed < needed {
        return Err(Failure::Unreachable(anyhow::Error::msg(format!(
            "this process may have {allowed} files open and needs {needed}, with {jobs} jobs at once: allow more, with \
             `ulimit -n`, or LimitNOFILE= in a unit of systemd"
        ))));
    }
    Ok(usize::try_from(allowed.saturating_sub(own).min(useful)).unwrap_or(usize::MAX))
}

/// Returns how many files may be open, once the limit is as near to a number as the system allows. It is no
/// higher than needed: there are programs that close every file that they might have.
fn raised(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let now = limit.current.unwrap_or(u64::MAX);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let next = wanted.min(most).max(now);
    if next > now && setrlimit(Resource::Nofile, Rlimit { current: Some(next), maximum: limit.maximum }).is_ok() {
        return next;
    }
    now
}
