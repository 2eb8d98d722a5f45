//! Looks at a store that nobody can file: what was acknowledged is in the log (see `filing.rs`), and the disk
//! is full or can only be read.
//!
//! It is filed all the same, in memory, as the writer would, and taken back when the look is over: in a
//! transaction that is never committed, which writes nothing, or, where nobody may begin one, in a copy.

use super::fault::Damage;
use super::filing::{self, Care};
use super::steady;
use super::writer::{Memory, Now, Session};
use super::{migration, open_for_reading, open_for_writing};
use crate::store::Error;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::path::Path;

/// The largest store of which a copy is made in memory.
const COPY_MAX: u64 = 256 * 1024 * 1024;
/// How many pages are copied at a time.
const COPIED_AT_ONCE: i32 = 1_000;

/// Runs queries that find everything that was accepted, where it can't be filed for a reason. Nothing of it is
/// on disk afterwards. Blocks.
pub(super) fn look<T>(
    file: &Path,
    now: Now,
    reason: &Error,
    queries: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let connection = beside(file).or_else(|_| copy(file, reason))?;
    migration::is_known(migration::version(&connection)?)?;
    let now = now.ahead(steady::ahead(&connection, now)?);
    let mut memory = Memory::load(&connection)?;
    let mut session = Session { now, connection: &connection, memory: &mut memory, damage: &Damage::default() };
    filing::file(&mut session, Care::OneByOne, None)?;
    queries(&connection)
}

/// Begins a transaction whose pages stay in memory. It ends with its connection.
fn beside(file: &Path) -> Result<Connection, Error> {
    let connection = open_for_writing(file)?;
    connection.pragma_update(None, "cache_spill", false)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

/// Returns a copy of a store that can only be read, in memory.
fn copy(file: &Path, reason: &Error) -> Result<Connection, Error> {
    let store = open_for_reading(file)?;
    let bytes: u64 =
        store.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| {
            row.get(0)
        })?;
    if bytes > COPY_MAX {
        let waiting = filing::deliveries_behind(&store)?;
        return Err(Error::Unavailable(format!(
            "{waiting} acknowledged deliveries wait to be filed, and the store is too large ({bytes} bytes) to file \
             them in memory: {reason}"
        )));
    }
    let mut copy = Connection::open_in_memory()?;
    Backup::new(&store, &mut copy)?.run_to_completion(COPIED_AT_ONCE, std::time::Duration::ZERO, None)?;
    copy.execute_batch("BEGIN")?;
    Ok(copy)
}
