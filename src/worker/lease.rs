//! Keeps the right to execute a job, and notices when it is lost or the run is to stop.
//!
//! Where others share the store a lease that is not renewed becomes another's, so a job is given up before that. In a store
//! that is this process's own nobody else can have it: there no lease ends while nothing can be written, and the job goes on
//! until the store says that its lease is lost. What it tells is recorded when that is possible again.

use super::stop::Asked;
use crate::process::{KILL_MAX, Moment, Term, Timepiece};
use crate::store::{Error, Lease, Renewal, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a claim or renewal holds.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often a lease is renewed. More often than the lease needs, because this is also how a
/// request to stop is noticed that another process took.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// After how long without a renewal the job is given up, where others share the store: well before anybody else can claim
/// it, so that its processes are gone by then.
const GIVE_UP_AFTER: Duration = Duration::from_secs(20);
/// After how long without a word of their worker its shims end what they hold, of themselves, where one that stands
/// still does not give it up: later than it would, and early enough for killing to take its time
/// ([`KILL_MAX`]).
const END_AFTER: Duration = LEASE.checked_sub(KILL_MAX).expect("it takes less than a lease");
/// How often it is looked at least whether the time is over: a machine that wakes up finds it over at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Returns what leases of a store are measured by here. Where they can't become another machine's they stand
/// still with the machine.
pub(super) fn timepiece(store: &dyn Store) -> Timepiece {
    if store.is_shared() { Timepiece::Always } else { Timepiece::Awake }
}

/// How long a lease is surely ours, by our own clock.
pub(super) struct Hold {
    until: Until,
    term: watch::Sender<Moment>,
}

/// Until when that is, without word of the store.
enum Until {
    /// [`GIVE_UP_AFTER`] a moment: before when it was asked for the last time that it was given.
    Renewed(Moment),
    /// Until the store says that it is lost.
    Told,
}

impl Hold {
    /// Returns the hold on a lease of a store that was asked for at a moment, and the term of the programs under it.
    pub(super) fn new(store: &dyn Store, since: Moment) -> (Self, Term) {
        let (until, since) = match store.is_shared() {
            true => (Until::Renewed(since), since),
            // However long the claim had to wait.
            false => (Until::Told, timepiece(store).now()),
        };
        let (sender, term) = Term::until(since + END_AFTER);
        (Self { until, term: sender }, term)
    }

    fn renew(&mut self, since: Moment) {
        if let Until::Renewed(last) = &mut self.until {
            *last = since;
            self.term.send_replace(since + END_AFTER);
        }
    }

    /// Returns when the lease is to be given up. Where only the store can say so, programs live as long as their worker
    /// is there to hear it.
    async fn over(&self, timepiece: Timepiece) {
        match self.until {
            Until::Renewed(since) => {
                let end = since + GIVE_UP_AFTER;
                while !end.is_over() {
                    tokio::time::sleep(end.left().min(LOOK_EVERY)).await;
                }
            }
            Until::Told => loop {
                self.term.send_replace(timepiece.now() + END_AFTER);
                tokio::time::sleep(LOOK_EVERY).await;
            },
        }
    }
}

/// Keeps a lease as [`renew`] does, in a task of its own: however much the job has to do, no renewal waits
/// for it. Returns once the lease must be taken for lost; may be dropped before.
pub(super) async fn keep(store: Arc<dyn Store>, lease: Lease, hold: Hold, ask: watch::Sender<Asked>) {
    let mut renewing = JoinSet::new();
    renewing.spawn(async move { renew(&*store, &lease, hold, &ask).await });
    if let Some(Err(error)) = renewing.join_next().await {
        tracing::error!(%error, "the renewal of a lease broke off");
    }
}

/// Renews a lease for as long as that succeeds, and passes a request to stop on.
/// Returns once the lease must be taken for lost: when the store says so, and where it is shared, however renewing fails,
/// when it has not succeeded for [`GIVE_UP_AFTER`].
async fn renew(store: &dyn Store, lease: &Lease, mut hold: Hold, ask: &watch::Sender<Asked>) {
    let timepiece = timepiece(store);
    let mut changes = store.changes();
    let mut is_told = false;
    loop {
        let mut since = timepiece.now();
        let renewing = async {
            wait(&mut changes).await;
            since = timepiece.now();
            store.renew(lease, LEASE).await
        };
        let renewal = tokio::select! {
            biased;
            () = hold.over(timepiece) => return,
            renewal = renewing => renewal,
        };
        match renewal {
            Ok(renewal) => {
                hold.renew(since);
                is_told = false;
                if renewal == Renewal::CancelRequested {
                    ask.send_if_modified(|asked| {
                        let is_news = *asked < Asked::Cancel;
                        *asked = (*asked).max(Asked::Cancel);
                        is_news
                    });
                }
            }
            Err(Error::Lost) => return,
            Err(error) if !std::mem::replace(&mut is_told, true) => {
                tracing::warn!(job = %lease.job, %error, "a lease could not be renewed, trying again");
            }
            Err(error) => tracing::debug!(job = %lease.job, %error, "a lease could not be renewed"),
        }
    }
}

/// Waits for the next time to renew, or for a change in this process that may be a request to
/// stop. Changes come in crowds: they are not followed more often than ten times a second.
async fn wait(changes: &mut watch::Receiver<u64>) {
    const PAUSE: Duration = Duration::from_millis(100);
    tokio::time::sleep(PAUSE).await;
    if let Ok(Err(_)) = timeout(RENEW_EVERY - PAUSE, changes.changed()).await {
        tokio::time::sleep(RENEW_EVERY - PAUSE).await;
    }
}
