//! Old runs, deliveries, logs, artifacts and folders go, a little at a time, beside the work.
//!
//! A run's record goes before its files: a crash between the two leaves files of a run that nobody
//! knows, which a later round removes. A round that is to end does so between two of its steps, each of which
//! is short; what a thread is removing or measuring then is not waited for.

use crate::clock::Clock;
use crate::files::{Left, LeftOver, Site};
use crate::id::RunId;
use crate::run::{Held, Keeping, Retention, State};
use crate::store::{Error, Lent, Store};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};

/// How often all is looked at.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// How many runs are forgotten in one commit, and how long others have the store between two.
const RUNS_AT_ONCE: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);
/// How long files of a run that the store does not know are kept: it may be restored from a copy.
pub(super) const UNKNOWN_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What one round did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Runs that were forgotten.
    pub runs: u64,
    /// Deliveries that were forgotten.
    pub deliveries: u64,
    /// Folders of runs that were removed.
    pub folders: u64,
}

/// Keeps a store small, and where its runs leave files.
pub struct Keeper {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where files are that this process alone sees to.
    pub own: Site,
    /// Where files are that one process at a time sees to, if there is such a place: who keeps the store.
    pub shared: Option<Site>,
    /// What is kept how long.
    pub retention: Retention,
    /// What time it is on this machine, by which files have their ages.
    pub clock: Arc<dyn Clock>,
    /// Becomes true when it is to end.
    pub stop: watch::Receiver<bool>,
}

impl Keeper {
    /// Goes round until it is to end, and at once where something else is to be kept.
    pub async fn run(mut self, mut retention: watch::Receiver<Retention>) {
        let mut stop = self.stop.clone();
        while !self.is_over() {
            self.retention = *retention.borrow_and_update();
            match self.round().await {
                Ok(swept) if swept == Swept::default() => {}
                Ok(Swept { runs, deliveries, folders }) => {
                    tracing::info!(runs, deliveries, folders, "what was older than the retention is gone");
                }
                Err(error) => tracing::warn!(%error, "what is old could not be removed, trying again later"),
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                // Who could change it is there as long as this goes round.
                _ = timeout(EVERY, retention.changed()) => {}
            }
        }
    }

    /// Looks at everything once; where another process keeps the store, only at what is its own. Returns early
    /// when it is to end.
    pub async fn round(&self) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        let now = self.store.present().await?;
        let upkeep = self.store.upkeep().await?;
        if upkeep.is_some() {
            swept.runs = self.runs(now).await?;
            swept.deliveries = self.deliveries(now).await?;
        }
        let shared = self.shared.iter().filter(|_| upkeep.is_some());
        for site in std::iter::once(&self.own).chain(shared) {
            swept.folders += self.site(site, now).await?;
        }
        while upkeep.is_some() && !self.is_over() && self.store.compact().await? {
            sleep(PAUSE).await;
        }
        Ok(swept)
    }

    /// Says whether it is to end: looked at between the steps of a round.
    fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    /// Does something on a thread that may wait for the disk. Nothing when it is to end, which is not waited for.
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<Result<T, JoinError>> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            done = tokio::task::spawn_blocking(work) => Some(done),
        }
    }

    async fn site(&self, site: &Site, now: Timestamp) -> Result<u64, Error> {
        let Retention { logs, artifacts, workspaces, .. } = self.retention;
        let mut removed = 0;
        for left in Left::ALL {
            let keeping = match left {
                Left::Logs => logs,
                Left::Artifacts | Left::Files => artifacts,
                Left::Work => workspaces,
            };
            removed += self.folders(site, left, keeping, now).await?;
        }
        Ok(removed)
    }

    async fn runs(&self, now: Timestamp) -> Result<u64, Error> {
        let before = before(now, self.retention.runs);
        let mut forgotten = 0;
        while !self.is_over() {
            let runs = self.store.expired_runs(before, RUNS_AT_ONCE).await?;
            if runs.is_empty() {
                break;
            }
            self.store.forget_runs(&runs).await?;
            forgotten += runs.len() as u64;
            // Asked after they were forgotten: none of them is run again from now on.
            let lent = self.lent(now).await?;
            for run in runs {
                for left in Left::ALL {
                    if left.is_taken() && lent.contains_key(&run) {
                        continue;
                    }
                    for site in std::iter::once(&self.own).chain(&self.shared) {
                        self.remove(site, left, run.clone()).await;
                    }
                }
            }
            sleep(PAUSE).await;
        }
        Ok(forgotten)
    }

    /// Returns the runs of which others have taken or need files, with the time since the last of those ended; nothing
    /// where one has not.
    async fn lent(&self, now: Timestamp) -> Result<HashMap<RunId, Option<Duration>>, Error> {
        let since = |until: Timestamp| Duration::try_from(now.duration_since(until)).unwrap_or_default();
        Ok(self.store.lent().await?.into_iter().map(|Lent { run, until }| (run, until.map(since))).collect())
    }

    async fn deliveries(&self, now: Timestamp) -> Result<u64, Error> {
        let keeping = self.retention.deliveries;
        let mut forgotten = 0;
        while !self.is_over() {
            let step = self.store.forget_deliveries(before(now, keeping), keeping.size).await?;
            forgotten += step.deliveries;
            if step.is_all {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(forgotten)
    }

    /// Removes what runs that are completed or unknown have left of a kind.
    async fn folders(&self, site: &Site, left: Left, keeping: Keeping, now: Timestamp) -> Result<u64, Error> {
        let at = site.clone();
        let all = match self.on_thread(move || at.left_over(left)).await {
            None => return Ok(0),
            Some(Ok(Ok(all))) => all,
            Some(Ok(Err(error))) => {
                return Err(Error::Unavailable(format!("what runs have left can't be read: {error}")));
            }
            Some(Err(error)) => return Err(Error::Unavailable(error.to_string())),
        };
        let lent = if left.is_taken() { self.lent(now).await? } else { HashMap::new() };
        let ahead = Duration::try_from(self.clock.now().duration_since(now)).unwrap_or_default();
        let aged = |it: &LeftOver| it.age.saturating_sub(ahead);
        // What others have taken is as young as the latest of them.
        let age = |it: &LeftOver| lent.get(&it.run).map_or(aged(it), |age| aged(it).min(age.unwrap_or_default()));
        let held: Vec<Held> = all.iter().map(|it| Held { age: age(it), bytes: it.bytes }).collect();
        let over = keeping.over(&held);
        let mut removed = 0;
        for (at, left_over) in all.into_iter().enumerate() {
            let (age, run) = (aged(&left_over), left_over.run);
            if self.is_over() {
                break;
            }
            if !(over.contains(&at) || age > UNKNOWN_KEPT) {
                continue;
            }
            let goes = match (lent.get(&run), self.store.run(&run).await?) {
                (Some(None), _) => false,
                (Some(Some(_)), _) => over.contains(&at),
                (None, None) => age > UNKNOWN_KEPT,
                (None, Some(detail)) => detail.run.state == State::Completed && over.contains(&at),
            };
            // Somebody may need it since.
            if goes && !(left.is_taken() && self.lent(now).await?.get(&run).is_some_and(Option::is_none)) {
                removed += u64::from(self.remove(site, left, run).await);
            }
        }
        Ok(removed)
    }

    async fn remove(&self, site: &Site, left: Left, run: RunId) -> bool {
        let (site, named) = (site.clone(), run.clone());
        match self.on_thread(move || site.remove(left, &named)).await {
            None => false,
            Some(Ok(Ok(()))) => true,
            Some(Ok(Err(error))) => {
                tracing::warn!(%run, %error, "what a run has left could not be removed");
                false
            }
            Some(Err(error)) => {
                tracing::error!(%run, %error, "removing what a run has left broke off");
                false
            }
        }
    }
}

/// Returns the moment before which something is too old.
fn before(now: Timestamp, keeping: Keeping) -> Timestamp {
    now.checked_sub(keeping.age).unwrap_or(Timestamp::MIN)
}
