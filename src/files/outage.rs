//! When the store or what `files` names can't be used, everybody who wants to use it finds out: this says it once,
//! and again from time to time, not for each of them.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long nothing more is said about an outage that goes on.
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long nothing may fail until an outage is over: where some succeed and some fail, as at the edge
/// of a full queue, it goes on.
const OVER_AFTER: Duration = Duration::from_secs(2);

/// What is known of one kind of failure.
#[derive(Debug, Default)]
pub struct Outage {
    /// Whether there is anything to be told when it works; looked at on every success.
    is_on: AtomicBool,
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    began: Instant,
    told: Instant,
    failed: Instant,
    failures: u64,
}

impl Outage {
    /// Notes a failure, and logs it if that is news.
    pub fn failed(&self, error: &dyn Display, what: &str) {
        let now = Instant::now();
        let mut known = self.known.lock().expect("no holder of an outage panics");
        let is_news = known.is_none_or(|known| now.duration_since(known.told) >= SAID_AGAIN_AFTER);
        let known = known.get_or_insert(Known { began: now, told: now, failed: now, failures: 0 });
        known.failures += 1;
        known.failed = now;
        if is_news {
            known.told = now;
            tracing::error!(%error, failures = known.failures, "{what}");
        }
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// Says whether it failed, and has not worked since for long enough.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Notes that it works, and logs that where nothing has failed for a while.
    pub fn worked(&self, what: &str) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut known = self.known.lock().expect("no holder of an outage panics");
        if let Some(over) = known.take_if(|known| known.failed.elapsed() >= OVER_AFTER) {
            let seconds = over.began.elapsed().as_secs();
            tracing::info!(seconds, failures = over.failures, "{what}");
            self.is_on.store(false, Ordering::Relaxed);
        }
    }
}
