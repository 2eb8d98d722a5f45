//! Refused deliveries as rows. Until they are, they are noted in memory: see [`crate::store::refused`].

use super::row::micros;
use super::writer::Session;
use crate::store::refused::Pending;
use crate::store::{Error, REFUSALS_KEPT};
use crate::webhook::delivery::Refusal;
use rusqlite::params;
use std::collections::HashMap;

/// Counts refused deliveries, and keeps the latest in place of the oldest ones kept.
pub(super) fn write(session: &Session<'_>, taken: &HashMap<String, Pending>) -> Result<(), Error> {
    for (connection, pending) in taken {
        count(session, connection, pending)?;
        for refusal in &pending.latest {
            insert(session, refusal)?;
        }
        delete_the_oldest(session, connection)?;
    }
    Ok(())
}

fn count(session: &Session<'_>, connection: &str, pending: &Pending) -> Result<(), Error> {
    let last = pending.latest.back();
    session
        .connection
        .prepare_cached(
            "INSERT INTO connection (name, refusals, last_refusal, last_reason)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE
             SET refusals = refusals + ?2, last_refusal = ?3, last_reason = ?4",
        )?
        .execute(params![
            connection,
            pending.count,
            last.map(|refusal| micros(refusal.received_at)),
            last.map(|refusal| &refusal.reason),
        ])?;
    Ok(())
}

fn insert(session: &Session<'_>, refusal: &Refusal) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO refusal (id, connection, received_at, size, reason)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            refusal.id.as_str(),
            refusal.connection,
            micros(refusal.received_at),
            refusal.size,
            refusal.reason
        ])?;
    Ok(())
}

fn delete_the_oldest(session: &Session<'_>, connection: &str) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "DELETE FROM refusal
             WHERE connection = ?1
               AND seq <= (SELECT seq
                           FROM refusal
                           WHERE connection = ?1
                           ORDER BY seq DESC
                           LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![connection, REFUSALS_KEPT])?;
    Ok(())
}
