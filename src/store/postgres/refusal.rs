//! Refused deliveries: noted in memory, and brought to the database together, so that a flood of forgeries
//! costs little.

use super::fault::Fault;
use super::row::{number, text};
use super::session::Session;
use crate::store::REFUSALS_KEPT;
use crate::store::refused::Pending;
use crate::webhook::delivery::Refusal;
use jiff::Timestamp;
use std::collections::HashMap;

/// Counts refused deliveries, and keeps the latest in place of the oldest ones kept.
pub(super) async fn write(session: &Session, taken: &HashMap<String, Pending>) -> Result<(), Fault> {
    // Always in the same order, so that two receivers can't wait for each other.
    let mut connections: Vec<_> = taken.iter().collect();
    connections.sort_by_key(|(name, _)| *name);
    for (connection, pending) in connections {
        count(session, connection, pending).await?;
        insert(session, &pending.latest.iter().collect::<Vec<_>>()).await?;
        delete_the_oldest(session, connection).await?;
    }
    Ok(())
}

async fn count(session: &Session, connection: &str, pending: &Pending) -> Result<(), Fault> {
    let last = pending.latest.back();
    session
        .run(
            "INSERT INTO connection (name, refusals, last_refusal, last_reason)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE
             SET refusals = connection.refusals + excluded.refusals,
                 last_refusal = excluded.last_refusal, last_reason = excluded.last_reason",
            &[
                &text(connection),
                &number(pending.count),
                &last.map(|refusal| refusal.received_at),
                &last.map(|refusal| text(&refusal.reason)),
            ],
        )
        .await?;
    Ok(())
}

async fn insert(session: &Session, refusals: &[&Refusal]) -> Result<(), Fault> {
    let ids: Vec<&str> = refusals.iter().map(|it| it.id.as_str()).collect();
    let connections: Vec<_> = refusals.iter().map(|it| text(&it.connection)).collect();
    let times: Vec<Timestamp> = refusals.iter().map(|it| it.received_at).collect();
    let sizes: Vec<i64> = refusals.iter().map(|it| number(it.size)).collect();
    let reasons: Vec<_> = refusals.iter().map(|it| text(&it.reason)).collect();
    session
        .run(
            "INSERT INTO refusal (id, connection, received_at, size, reason)
             SELECT id, connection, received_at, size, reason
             FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[]) WITH ORDINALITY
                  AS new (id, connection, received_at, size, reason, place)
             ORDER BY place",
            &[&ids, &connections, &times, &sizes, &reasons],
        )
        .await?;
    Ok(())
}

async fn delete_the_oldest(session: &Session, connection: &str) -> Result<(), Fault> {
    session
        .run(
            "DELETE FROM refusal
             WHERE connection = $1
               AND seq <= (SELECT seq
                           FROM refusal
                           WHERE connection = $1
                           ORDER BY seq DESC
                           LIMIT 1 OFFSET $2)",
            &[&text(connection), &number(REFUSALS_KEPT)],
        )
        .await?;
    Ok(())
}
