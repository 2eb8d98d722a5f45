//! Which pools are served, and by whom: workers say so from time to time.
//!
//! A job of a pool that nobody serves waits for ever, and nothing is wrong with it: this is how people find out.

use crate::pipeline::plan::AGENTLESS_POOL;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a worker says that it is at work.
pub const ATTEND_EVERY: Duration = Duration::from_secs(30);
/// After which silence it counts as gone: three times unheard, and a little.
pub const ABSENT_AFTER: Duration = Duration::from_secs(100);
/// How long it is remembered who served a pool last.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many pairs of a pool and a machine are remembered: machines that come and go may have a new name each time.
pub const ATTENDANCES_MAX: usize = 10_000;
/// How many pools that jobs wait for are told: a payload may name them.
pub const WAITING_POOLS_MAX: usize = 100;

/// A worker that is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    host: String,
    pools: BTreeSet<String>,
}

impl Attendance {
    /// Returns what the worker of a machine says that claims jobs of some pools: it looks after those of no
    /// machine too.
    pub fn new(host: &str, pools: &[String]) -> Self {
        let own = pools.iter().map(|pool| folded(pool));
        Self { host: host.to_owned(), pools: own.chain([AGENTLESS_POOL.to_owned()]).collect() }
    }

    /// Returns the machine's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the pools in the order of their names.
    pub fn pools(&self) -> impl Iterator<Item = &str> {
        self.pools.iter().map(String::as_str)
    }
}

/// A pool that is served, was served, or is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolDetail {
    /// Its name, in small letters: letter cases are not told apart.
    pub pool: String,
    /// Whether a worker is at work that claims its jobs.
    pub served: bool,
    /// Whether a job of it is due that no worker has.
    pub waiting: bool,
    /// Who was seen to serve it, the latest first.
    pub workers: Vec<WorkerSeen>,
}

/// The worker of a machine, or several of one machine, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSeen {
    /// The machine's name.
    pub host: String,
    /// When it was last heard, by the store's clock.
    pub seen_at: Timestamp,
    /// Whether it is at work.
    pub at_work: bool,
}

impl PoolDetail {
    /// Returns a pool with who was seen to serve it, the latest first.
    fn new(pool: String, waiting: bool, workers: Vec<WorkerSeen>) -> Self {
        Self { pool, served: workers.iter().any(|it| it.at_work), waiting, workers }
    }

    /// Says who serves it no more, for people: `none is at work, the last was seen on …`.
    pub fn absence(&self) -> String {
        absence(self.workers.first().map(|it| (it.host.as_str(), it.seen_at)))
    }
}

/// Returns the pools in the order of their names, of who was seen, the latest first, and of those that jobs wait for.
pub(super) fn pools(seen: impl IntoIterator<Item = (String, WorkerSeen)>, waiting: Vec<String>) -> Vec<PoolDetail> {
    let mut pools: BTreeMap<String, (bool, Vec<WorkerSeen>)> =
        waiting.into_iter().map(|pool| (pool, (true, Vec::new()))).collect();
    for (pool, worker) in seen {
        pools.entry(pool).or_default().1.push(worker);
    }
    pools.into_iter().map(|(pool, (waiting, workers))| PoolDetail::new(pool, waiting, workers)).collect()
}

/// Returns a pool's name as stores compare it.
pub(super) fn folded(pool: &str) -> String {
    pool.to_ascii_lowercase()
}

/// Says what a run waits for whose pool nobody serves, for people; with who was seen last.
pub(super) fn wait_sentence(pool: &str, last: Option<(&str, Timestamp)>) -> String {
    match pool {
        AGENTLESS_POOL => format!("a worker: {}", absence(last)),
        pool => format!("a worker of the pool `{}`: {}", crate::diagnostic::shown(pool), absence(last)),
    }
}

/// Says what a run waits for of which no worker has a job, for people: since when one of them is to be done again, and
/// how many attempts it has had.
pub(super) fn again_sentence(since: Timestamp, attempts: u32) -> String {
    format!("a worker again since {since:.0}, attempt {}", attempts + 1)
}

fn absence(last: Option<(&str, Timestamp)>) -> String {
    match last {
        Some((host, at)) => {
            format!("none is at work, the last was seen on {} at {at:.0}", crate::diagnostic::shown(host))
        }
        None => "none was ever seen".to_owned(),
    }
}
