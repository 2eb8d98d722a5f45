//! The versions of the schema, and the way from each to the next.

use super::counter::Scope;
use super::writer::Session;
use crate::store::Error;
use rusqlite::{Connection, TransactionBehavior};

/// Each brings the schema from the version that is its place to the next.
const MIGRATIONS: [&str; 5] = [
    include_str!("migration/0001.sql"),
    include_str!("migration/0002.sql"),
    include_str!("migration/0003.sql"),
    include_str!("migration/0004.sql"),
    include_str!("migration/0005.sql"),
];

/// Brings the schema to the present version, one commit a step. A store of a later version is
/// left alone.
pub(super) fn migrate(connection: &Connection) -> Result<(), Error> {
    let known = u32::try_from(MIGRATIONS.len()).expect("there are few migrations");
    loop {
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > known {
            return Err(Error::Newer { found, known });
        }
        let Some(migration) = MIGRATIONS.get(found as usize) else { return Ok(()) };
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}

/// Writes something that means nothing, to see whether writing is possible.
pub(super) fn write_probe(session: &mut Session<'_>) -> Result<(), Error> {
    session.memory.counters.next(session.connection, Scope::Store, "probe")?;
    Ok(())
}
