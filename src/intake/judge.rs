//! Parses, matches, expands and validates: from a verified request to what is to be written. Nothing here waits.

use super::decide::{self, Arrival, Long, Thread, decide};
use super::ids::Ids;
use crate::catalog::{Catalog, Shelf};
use crate::diagnostic::shown;
use crate::id::{DeliveryId, RunId};
use crate::store::{self, RepeatKey};
use crate::webhook::challenge::{self, Reply};
use crate::webhook::checksum::Verified;
use crate::webhook::connection::Connection;
use crate::webhook::delivery::{Delivery, Header};
use crate::webhook::header::{self, Doubled};
use crate::webhook::payload::{self, Payload};
use crate::webhook::received::Received;
use crate::webhook::roster::Roster;
use crate::webhook::select::{Selected, Wanted, select};
use arc_swap::Guard;
use jiff::Timestamp;
use std::sync::Arc;

/// What was decided about a request: what is to be written, and how the sender's challenge is answered where it brought
/// one. An error is the sentence that tells the sender why the request can't be used.
pub(super) type Decided = Result<(Ready, Option<Reply>), String>;

/// A delivery of which everything is decided and nothing written.
pub(super) struct Ready {
    pub(super) delivery: Delivery,
    pub(super) runs: Vec<store::NewRun>,
    pub(super) repeat: Option<RepeatKey>,
    pub(super) roster: Option<Arc<Roster>>,
}

/// Why nothing is decided.
enum Undecided {
    Invalid(String),
    Long,
}

impl From<String> for Undecided {
    fn from(sentence: String) -> Self {
        Self::Invalid(sentence)
    }
}

impl From<Long> for Undecided {
    fn from(_: Long) -> Self {
        Self::Long
    }
}

/// What decides, on whichever thread.
pub(super) struct Judge {
    shelf: Arc<Shelf>,
    pub(super) ids: Ids,
}

impl Judge {
    pub(super) fn new(shelf: Arc<Shelf>) -> Self {
        Self { shelf, ids: Ids::default() }
    }

    /// Returns the pipelines as they are now.
    pub(super) fn catalog(&self) -> Guard<Arc<Catalog>> {
        self.shelf.catalog()
    }

    /// Parses, matches, expands and validates. What is not for a thread is not done by it. A challenge and a ping start
    /// nothing.
    pub(super) fn decide(
        &self,
        connection: &Connection,
        id: &DeliveryId,
        received_at: Timestamp,
        received: &Received<'_>,
        (verified, thread): (Verified, Thread),
    ) -> Result<Decided, Long> {
        match self.ready(connection, id, received_at, received, (verified, thread)) {
            Ok(ready) => Ok(Ok(ready)),
            Err(Undecided::Invalid(sentence)) => Ok(Err(sentence)),
            Err(Undecided::Long) => Err(Long),
        }
    }

    fn ready(
        &self,
        connection: &Connection,
        id: &DeliveryId,
        received_at: Timestamp,
        received: &Received<'_>,
        (verified, thread): (Verified, Thread),
    ) -> Result<(Ready, Option<Reply>), Undecided> {
        let doubled = |header: Doubled| format!("the header {} is there more than once", header.0);
        header::single(received.headers, header::CONTENT_TYPE).map_err(doubled)?;
        let payload = payload::read(received.body).map_err(|mistake| mistake.to_string())?;
        let catalog = self.catalog();
        let headers = header::kept_headers(connection, received.headers, |it| catalog.names_header(connection, it));
        let about = about(&payload, &connection.wanted());
        let event = header::event(connection, received.headers, &about).map_err(doubled)?;
        let reply = challenge::posted(connection, received, &payload, verified.proof());
        let reason = match (&reply, &event) {
            (Some(_), _) => Some("the sender's challenge was answered".to_owned()),
            (None, Some(event)) if connection.scheme.ping.contains(event) => {
                let asks = challenge::asks_for_a_visit(connection, &payload);
                Some(asks.unwrap_or_else(|| format!("the event `{}` is the sender's test", shown(event))))
            }
            _ => None,
        };
        let mut repeat = None;
        let mut decided = decide::Decided::default();
        if reason.is_none() {
            repeat = repeat_key(connection, received, &about).map_err(doubled)?;
            let about = (&*headers, event.as_deref());
            decided = self.judge(connection, id, received_at, about, &payload, (&catalog, thread))?;
        }
        let delivery = Delivery {
            outcome: decided.outcome(),
            pipelines: decided.verdicts,
            roster: None,
            id: id.clone(),
            connection: connection.name.clone(),
            received_at,
            repeat_of: None,
            replay_of: None,
            size: received.body.bytes().len() as u64,
            event,
            secret: connection.proved_by(verified.proof()).map(|secret| secret.name().to_owned()),
            reason,
            headers,
        };
        Ok((Ready { delivery, runs: decided.runs, repeat, roster: decided.roster }, reply))
    }

    /// Decides about every pipeline of a catalog.
    pub(super) fn judge(
        &self,
        connection: &Connection,
        id: &DeliveryId,
        received_at: Timestamp,
        (headers, event): (&[Header], Option<&str>),
        payload: &Payload<'_>,
        (catalog, thread): (&Catalog, Thread),
    ) -> Result<decide::Decided, Long> {
        let run_id = &|| self.run_id(received_at);
        decide(catalog, &Arrival { connection, id, headers, event, payload, received_at, run_id, thread })
    }

    pub(super) fn delivery_id(&self, at: Timestamp) -> DeliveryId {
        let (milliseconds, entropy) = self.ids.next(at);
        DeliveryId::new(milliseconds, entropy)
    }

    fn run_id(&self, at: Timestamp) -> RunId {
        let (milliseconds, entropy) = self.ids.next(at);
        RunId::new(milliseconds, entropy)
    }
}

/// Takes out of a payload what the connection itself looks at.
pub(super) fn about<'p>(payload: &'p Payload<'_>, wanted: &Wanted) -> Selected<'p> {
    if wanted.is_empty() { Selected::WithoutMembers } else { select(payload, wanted) }
}

/// Returns the key by which a delivery would be known again, where its connection looks for one.
fn repeat_key(
    connection: &Connection,
    received: &Received<'_>,
    about: &Selected<'_>,
) -> Result<Option<RepeatKey>, Doubled> {
    let Some(repeat) = &connection.repeat else { return Ok(None) };
    let key = repeat.key_of(connection, received.headers, received.body, about)?;
    Ok(key.map(|key| RepeatKey { key, window: repeat.window }))
}
