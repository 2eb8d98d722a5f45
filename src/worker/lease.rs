//! Keeps the right to execute a job, and notices when it is lost or the run is to stop.

use super::stop::Asked;
use crate::store::{Error, Lease, Renewal, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long a claim or renewal holds.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often a lease is renewed. More often than the lease needs, because this is also how a
/// request to stop is noticed that another process took.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// After how long without a renewal the job is given up: well before anybody else can claim it,
/// so that its processes are gone by then.
const GIVE_UP_AFTER: Duration = Duration::from_secs(20);

/// Keeps a lease as [`renew`] does, in a task of its own: however much the job has to do, no renewal waits
/// for it. Returns once the lease must be taken for lost; may be dropped before.
pub(super) async fn keep(store: Arc<dyn Store>, lease: Lease, cancel: Option<watch::Sender<Asked>>) {
    let mut renewing = JoinSet::new();
    renewing.spawn(async move { renew(&*store, &lease, cancel.as_ref()).await });
    if let Some(Err(error)) = renewing.join_next().await {
        tracing::error!(%error, "the renewal of a lease broke off");
    }
}

/// Renews a lease for as long as that succeeds, and passes a request to stop on to `cancel`,
/// if that is wanted.
/// Returns once the lease must be taken for lost.
async fn renew(store: &dyn Store, lease: &Lease, cancel: Option<&watch::Sender<Asked>>) {
    let mut changes = store.changes();
    let mut renewed_at = Instant::now();
    loop {
        wait(&mut changes).await;
        let asked_at = Instant::now();
        let left = GIVE_UP_AFTER.saturating_sub(renewed_at.elapsed());
        match timeout(left, store.renew(lease, LEASE)).await {
            Ok(Ok(renewal)) => {
                renewed_at = asked_at;
                if let (Renewal::CancelRequested, Some(cancel)) = (renewal, cancel) {
                    cancel.send_if_modified(|asked| {
                        let is_news = *asked < Asked::Cancel;
                        *asked = (*asked).max(Asked::Cancel);
                        is_news
                    });
                }
            }
            Ok(Err(Error::Lost)) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(job = %lease.job, %error, "a lease could not be renewed, trying again"),
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
