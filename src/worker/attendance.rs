//! Who serves which pool: workers tell the store that they are at work, and who serves tells people what nobody does.

use super::Duty;
use crate::store::{ATTEND_EVERY, Attendance, Outage, PoolDetail, Store};
use arc_swap::ArcSwap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// The least time between two looks for pools that nobody serves, however much goes on: a look has all put into the queue
/// that was accepted, and a burst is not to wait for that.
const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// The pause after a look is at least so many times as long as it took.
const LOOK_SHARE: u32 = 9;

/// What a worker has told of itself.
#[derive(Default)]
pub(super) struct Told {
    last: Option<(Instant, Attendance)>,
    outage: Outage,
}

impl Told {
    /// Tells the store which pools are served here, where it is time to or where it is news.
    pub(super) async fn tell(&mut self, store: &dyn Store, duty: &Duty) {
        let attendance = Attendance::new(&duty.host.name, &duty.pools);
        let is_told = self.last.as_ref().is_some_and(|(at, told)| at.elapsed() < ATTEND_EVERY && *told == attendance);
        if is_told {
            return;
        }
        match store.attend(&attendance).await {
            Ok(()) => self.outage.worked("it can be noted again which pools are served"),
            Err(error) => self.outage.failed(&error, "it could not be noted which pools are served, trying again"),
        }
        // Also where it failed: claims find out whether the store works.
        self.last = Some((Instant::now(), attendance));
    }
}

/// Logs which pools jobs wait for that nobody serves, once each, and when somebody does.
pub struct Lookout {
    store: Arc<dyn Store>,
    /// What the worker of this process does, which may be about to say so.
    own: Option<Arc<ArcSwap<Duty>>>,
    missed: BTreeSet<String>,
}

impl Lookout {
    /// Returns who has not looked yet; with the worker of this process, if it has one.
    pub fn new(store: Arc<dyn Store>, own: Option<Arc<ArcSwap<Duty>>>) -> Self {
        Self { store, own, missed: BTreeSet::new() }
    }

    /// Looks now, when something changes, and from time to time, until `stop` becomes true. What the store can't tell
    /// is not told: others say that it does not work.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.store.changes();
        loop {
            changes.mark_unchanged();
            let began = Instant::now();
            if let Ok(pools) = self.store.pools().await {
                self.compare(&pools);
            }
            let pause = LOOK_PAUSE.max(began.elapsed() * LOOK_SHARE);
            let next = async {
                sleep(pause).await;
                // The time is over, or something has changed.
                let _ = timeout(ATTEND_EVERY, changes.changed()).await;
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = next => {}
            }
        }
    }

    fn compare(&mut self, pools: &[PoolDetail]) {
        let own = self.own.as_ref().map(|duty| Attendance::new("", &duty.load().pools));
        let is_own = |pool: &PoolDetail| own.as_ref().is_some_and(|own| own.pools().any(|it| it == pool.pool));
        let missed = pools.iter().filter(|pool| pool.waiting && !pool.served && !is_own(pool));
        for pool in missed.clone().filter(|pool| !self.missed.contains(&pool.pool)) {
            let workers = pool.absence();
            tracing::warn!(pool = pool.pool, workers, "jobs wait for a worker of a pool that nobody serves");
        }
        for pool in pools.iter().filter(|pool| pool.served && self.missed.contains(&pool.pool)) {
            tracing::info!(pool = pool.pool, "a pool is served that jobs waited for");
        }
        self.missed = missed.map(|pool| pool.pool.clone()).collect();
    }
}
