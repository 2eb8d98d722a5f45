//! Notes in the store which pipelines there are: once when they change, and from time to time, so that
//! accepting a delivery costs nothing for it.

use super::Intake;
use crate::webhook::roster::{NOTED_EVERY, Roster};
use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What was noted last.
#[derive(Default)]
pub(super) struct Noted {
    last: ArcSwapOption<(i64, Timestamp)>,
    /// Held by who notes; others wait, so that no delivery is stored before its roster.
    noting: Mutex<()>,
}

impl Noted {
    fn is_known(&self, roster: &Roster, at: Timestamp) -> bool {
        let is_recent = |noted_at: Timestamp| at.duration_since(noted_at).unsigned_abs() < NOTED_EVERY;
        self.last.load().as_ref().is_some_and(|last| last.0 == roster.fingerprint && is_recent(last.1))
    }
}

impl Intake {
    /// Returns the fingerprint of the roster by which a delivery was judged, once that is in the store.
    /// Nothing where it can't be: then the delivery does not name those that did not listen.
    pub(super) async fn noted(&self, roster: Option<&Arc<Roster>>, at: Timestamp) -> Option<i64> {
        let roster = roster?;
        if !self.noted.is_known(roster, at) {
            let _noting = self.noted.noting.lock().await;
            if !self.noted.is_known(roster, at) {
                if let Err(error) = self.store.note_roster(roster.clone(), at).await {
                    tracing::warn!(%error, "the names of the pipelines could not be noted");
                    return None;
                }
                self.noted.last.store(Some(Arc::new((roster.fingerprint, at))));
            }
        }
        Some(roster.fingerprint)
    }
}
