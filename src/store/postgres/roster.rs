//! Which pipelines there were when deliveries were judged. Receivers may have different ones.

use super::fault::Fault;
use super::row::{text, unreadable};
use super::session::Session;
use crate::webhook::delivery::Delivery;
use crate::webhook::roster::{Listed, Roster, add_silent, unused_since};
use jiff::Timestamp;
use std::collections::HashMap;

/// Notes that a roster is in use.
pub(super) async fn note(session: &Session, roster: &Roster, at: Timestamp) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO roster (fingerprint, pipelines, noted_at)
             VALUES ($1, $2, $3)
             ON CONFLICT (fingerprint) DO UPDATE
             SET noted_at = greatest(roster.noted_at, excluded.noted_at)",
            &[&roster.fingerprint, &text(&roster.text), &at],
        )
        .await?;
    Ok(())
}

/// Forgets the rosters that only deliveries before a moment can have.
pub(super) async fn forget(session: &Session, before: Timestamp) -> Result<(), Fault> {
    session.run("DELETE FROM roster WHERE noted_at < $1", &[&unused_since(before)]).await?;
    Ok(())
}

/// Adds to each delivery the pipelines that did not listen to it.
pub(super) async fn fill_in(session: &Session, deliveries: &mut [Delivery], most: usize) -> Result<(), Fault> {
    let fingerprints: Vec<i64> = deliveries.iter().filter_map(|delivery| delivery.roster).collect();
    if fingerprints.is_empty() {
        return Ok(());
    }
    let rows = session
        .rows("SELECT fingerprint, pipelines FROM roster WHERE fingerprint = ANY ($1)", &[&fingerprints])
        .await?;
    let read = |row: &tokio_postgres::Row| {
        let listed = Roster::read(row.try_get("pipelines")?).map_err(unreadable)?;
        Ok::<_, Fault>((row.try_get("fingerprint")?, listed))
    };
    let known: HashMap<i64, Vec<Listed>> = rows.iter().map(read).collect::<Result<_, _>>()?;
    for delivery in deliveries {
        if let Some(roster) = delivery.roster.and_then(|fingerprint| known.get(&fingerprint)) {
            add_silent(delivery, roster, most);
        }
    }
    Ok(())
}
