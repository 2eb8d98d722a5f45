//! When each secret of a connection was last used.

use super::row::{micros, moment, moment_at};
use super::writer::Session;
use crate::store::secret_use::{MARKS_KEPT, MarkKey};
use crate::store::{Error, SecretUses};
use crate::webhook::connection::SecretDigest;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// Notes a use, and forgets the secrets of the connection that were used longest ago where they are many.
pub(super) fn note(session: &Session<'_>, connection: &str, secret: &SecretDigest, at: Timestamp) -> Result<(), Error> {
    let mark = key(session)?.mark(connection, secret);
    session
        .connection
        .prepare_cached(
            "INSERT INTO secret_use (connection, mark, last_used)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (connection, mark) DO UPDATE
             SET last_used = max(last_used, ?3)",
        )?
        .execute(params![connection, mark, micros(at)])?;
    session
        .connection
        .prepare_cached(
            "DELETE FROM secret_use
             WHERE connection = ?1
               AND mark IN (SELECT mark
                            FROM secret_use
                            WHERE connection = ?1
                            ORDER BY last_used DESC, mark
                            LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![connection, MARKS_KEPT])?;
    Ok(())
}

/// Returns the key by which secrets are marked. The first use makes it.
fn key(session: &Session<'_>) -> Result<MarkKey, Error> {
    let connection = session.connection;
    let found: Option<Option<Vec<u8>>> =
        connection.prepare_cached("SELECT key FROM mark_key")?.query_row([], |row| row.get(0)).optional()?;
    if let Some(Some(bytes)) = found {
        return MarkKey::from_stored(&bytes);
    }
    let made = MarkKey::new();
    connection.execute(
        "INSERT INTO mark_key (one, key)
         VALUES (1, ?1)
         ON CONFLICT (one) DO UPDATE
         SET key = excluded.key",
        [made.bytes()],
    )?;
    Ok(made)
}

/// Returns all uses.
pub(super) fn all(connection: &Connection) -> Result<SecretUses, Error> {
    // Whatever use is read, its key is there already when that is read after it.
    let mut statement = connection.prepare_cached("SELECT connection, mark, last_used FROM secret_use")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, moment(row.get(2)?)?)))?;
    let rows: Vec<(String, i64, Timestamp)> = rows.collect::<Result<_, _>>()?;
    let key: Option<(Option<Vec<u8>>, Option<Timestamp>)> = connection
        .prepare_cached("SELECT key, since FROM mark_key")?
        .query_row([], |row| Ok((row.get("key")?, moment_at(row, "since")?)))
        .optional()?;
    let (key, since) = key.unwrap_or_default();
    let mut uses = SecretUses::new(key.as_deref(), since)?;
    rows.into_iter().for_each(|(connection, mark, at)| uses.add(connection, mark, at));
    Ok(uses)
}
