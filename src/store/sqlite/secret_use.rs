//! When each secret of a connection was last used.

use super::row::micros;
use super::writer::Session;
use crate::store::Error;
use jiff::Timestamp;
use rusqlite::params;

pub(super) fn note(session: &Session<'_>, connection: &str, secret: &str, at: Timestamp) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO secret_use (connection, secret, last_used)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (connection, secret) DO UPDATE
             SET last_used = max(last_used, ?3)",
        )?
        .execute(params![connection, secret, micros(at)])?;
    Ok(())
}
