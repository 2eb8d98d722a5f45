//! Which pipelines there were when deliveries were judged.

use super::row::{micros, unreadable};
use super::writer::Session;
use crate::store::Error;
use crate::webhook::delivery::Delivery;
use crate::webhook::roster::{Listed, Roster, add_silent, unused_since};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Notes that a roster is in use.
pub(super) fn note(session: &Session<'_>, roster: &Roster, at: Timestamp) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO roster (fingerprint, pipelines, noted_at)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (fingerprint) DO UPDATE
             SET noted_at = max(noted_at, ?3)",
        )?
        .execute(params![roster.fingerprint, roster.text, micros(at)])?;
    Ok(())
}

/// Forgets the rosters that only deliveries before a moment can have.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> Result<(), Error> {
    connection.prepare_cached("DELETE FROM roster WHERE noted_at < ?")?.execute([micros(unused_since(before))])?;
    Ok(())
}

/// Adds to each delivery the pipelines that did not listen to it.
pub(super) fn fill_in(connection: &Connection, deliveries: &mut [Delivery], most: usize) -> Result<(), Error> {
    let mut known: HashMap<i64, Vec<Listed>> = HashMap::new();
    for delivery in deliveries {
        let Some(fingerprint) = delivery.roster else { continue };
        let listed = match known.entry(fingerprint) {
            Entry::Occupied(listed) => listed.into_mut(),
            Entry::Vacant(place) => place.insert(read(connection, fingerprint)?),
        };
        add_silent(delivery, listed, most);
    }
    Ok(())
}

fn read(connection: &Connection, fingerprint: i64) -> Result<Vec<Listed>, Error> {
    let text: Option<String> = connection
        .prepare_cached("SELECT pipelines FROM roster WHERE fingerprint = ?")?
        .query_row([fingerprint], |row| row.get(0))
        .optional()?;
    text.map_or(Ok(Vec::new()), |text| Roster::read(&text).map_err(unreadable))
}
