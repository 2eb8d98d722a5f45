//! When each secret of a connection was last used. Noted in memory, and brought to the database together with refused
//! deliveries.

use super::fault::Fault;
use super::row::{number, text};
use super::session::Session;
use crate::store::SecretUses;
use crate::store::secret_use::{MARKS_KEPT, MarkKey};
use crate::webhook::connection::SecretDigest;
use jiff::Timestamp;
use std::collections::HashMap;

/// Uses that are not in the database yet: the latest of each secret of a connection.
pub(super) type Noted = HashMap<(String, SecretDigest), Timestamp>;

/// Writes what was noted.
pub(super) async fn write(session: &Session, noted: &Noted) -> Result<(), Fault> {
    if noted.is_empty() {
        return Ok(());
    }
    let key = key(session).await?;
    let marked = noted.iter().map(|((connection, secret), at)| (connection, key.mark(connection, secret), *at));
    let mut marked: Vec<_> = marked.collect();
    // Always in the same order, so that two receivers can't wait for each other.
    marked.sort_unstable();
    for (connection, mark, at) in &marked {
        note(session, connection, *mark, *at).await?;
    }
    marked.dedup_by(|one, other| one.0 == other.0);
    for (connection, ..) in marked {
        forget_the_oldest(session, connection).await?;
    }
    Ok(())
}

/// Returns the key by which secrets are marked. The first use makes it: of two receivers that come at once one waits
/// for the other, and takes its key.
async fn key(session: &Session) -> Result<MarkKey, Fault> {
    let row = session.row("SELECT key FROM mark_key", &[]).await?;
    if let Some(bytes) = row.map(|row| row.try_get::<_, Option<Vec<u8>>>(0)).transpose()?.flatten() {
        return Ok(MarkKey::from_stored(&bytes)?);
    }
    let row = session
        .one(
            "INSERT INTO mark_key (one, key)
             VALUES (1, $1)
             ON CONFLICT (one) DO UPDATE
             SET key = coalesce(mark_key.key, excluded.key)
             RETURNING key",
            &[&MarkKey::new().bytes()],
        )
        .await?;
    Ok(MarkKey::from_stored(row.try_get(0)?)?)
}

async fn note(session: &Session, connection: &str, mark: i64, at: Timestamp) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO secret_use (connection, mark, last_used)
             VALUES ($1, $2, $3)
             ON CONFLICT (connection, mark) DO UPDATE
             SET last_used = greatest(secret_use.last_used, excluded.last_used)",
            &[&text(connection), &mark, &at],
        )
        .await?;
    Ok(())
}

/// Forgets the secrets of a connection that were used longest ago where they are many.
async fn forget_the_oldest(session: &Session, connection: &str) -> Result<(), Fault> {
    session
        .run(
            "DELETE FROM secret_use
             WHERE connection = $1
               AND mark IN (SELECT mark
                            FROM secret_use
                            WHERE connection = $1
                            ORDER BY last_used DESC, mark
                            OFFSET $2)",
            &[&text(connection), &number(MARKS_KEPT)],
        )
        .await?;
    Ok(())
}

/// Returns all uses.
pub(super) async fn all(session: &Session) -> Result<SecretUses, Fault> {
    let key = session.row("SELECT key, since FROM mark_key", &[]).await?;
    let mut uses = match &key {
        Some(row) => SecretUses::new(row.try_get("key")?, row.try_get("since")?)?,
        None => SecretUses::default(),
    };
    for row in session.rows("SELECT connection, mark, last_used FROM secret_use", &[]).await? {
        uses.add(row.try_get("connection")?, row.try_get("mark")?, row.try_get("last_used")?);
    }
    Ok(uses)
}
