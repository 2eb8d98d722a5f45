//! Notes in the store which pipelines there are: once when they change, and from time to time, so that
//! accepting a delivery costs nothing for it.

use super::Intake;
use crate::store::Error;
use crate::webhook::roster::{NOTED_EVERY, Roster};
use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

/// What was noted last.
#[derive(Default)]
pub(super) struct Noted {
    last: ArcSwapOption<(i64, Timestamp)>,
    /// Held by who notes; others wait, so that no delivery is stored before its roster. Has when the store could not be
    /// written last, and why: who has waited for that does not try the same again.
    noting: Mutex<Option<(Instant, String)>>,
}

impl Noted {
    fn is_known(&self, roster: &Roster, at: Timestamp) -> bool {
        let is_recent = |noted_at: Timestamp| at.duration_since(noted_at).unsigned_abs() < NOTED_EVERY;
        self.last.load().as_ref().is_some_and(|last| last.0 == roster.fingerprint && is_recent(last.1))
    }
}

impl Intake {
    /// Returns the fingerprint of the roster by which a delivery was judged, once that is in the store. Nothing where it
    /// has another fault: then the delivery does not name those that did not listen. Fails where the store can't be
    /// written: then neither can the delivery.
    pub(super) async fn noted(&self, roster: Option<&Arc<Roster>>, at: Timestamp) -> Result<Option<i64>, Error> {
        let Some(roster) = roster else { return Ok(None) };
        let came = Instant::now();
        if !self.noted.is_known(roster, at) {
            let mut failure = self.noted.noting.lock().await;
            if let Some((_, reason)) = failure.as_ref().filter(|(failed, _)| *failed >= came) {
                return Err(Error::Unavailable(reason.clone()));
            }
            if !self.noted.is_known(roster, at) {
                match self.store.note_roster(roster.clone(), at).await {
                    Ok(()) => self.noted.last.store(Some(Arc::new((roster.fingerprint, at)))),
                    Err(Error::Unavailable(reason)) => {
                        *failure = Some((Instant::now(), reason.clone()));
                        return Err(Error::Unavailable(reason));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the names of the pipelines could not be noted");
                        return Ok(None);
                    }
                }
            }
        }
        Ok(Some(roster.fingerprint))
    }
}
