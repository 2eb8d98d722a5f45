//! Numbers that only go up: of runs in a pipeline, of revisions in a name, fencing tokens.
//!
//! They are counted in memory and written once a transaction, so that a thousand deliveries to one
//! pipeline cost one write of its number.

use crate::store::Error;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// How many series are kept in memory; names with a date begin a new one every day.
const KEPT_MAX: usize = 10_000;

/// The series of [`Scope::Store`] that counts the runs that end.
pub(super) const ENDED_RUNS: &str = "ended runs";

/// What a series counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// Runs, by pipeline.
    Run,
    /// Revisions, by pipeline and the rest of the name.
    Revision,
    /// What the store itself counts, by what that is.
    Store,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Revision => "revision",
            Self::Store => "store",
        }
    }
}

/// The series that are known. To be dropped where another process may have counted, or where what
/// was counted was not committed.
#[derive(Default)]
pub(super) struct Counters {
    /// By scope.
    series: [HashMap<String, Count>; 3],
    changed: Vec<(Scope, String)>,
}

struct Count {
    value: u64,
    is_written: bool,
}

impl Counters {
    /// Returns the next number of a series, from 1.
    pub(super) fn next(&mut self, connection: &Connection, scope: Scope, key: &str) -> Result<u64, Error> {
        let count = self.count(connection, scope, key)?;
        count.value += 1;
        let next = count.value;
        if std::mem::take(&mut count.is_written) {
            self.changed.push((scope, key.to_owned()));
        }
        Ok(next)
    }

    /// Returns the last number of a series, 0 where there is none.
    pub(super) fn last(&mut self, connection: &Connection, scope: Scope, key: &str) -> Result<u64, Error> {
        Ok(self.count(connection, scope, key)?.value)
    }

    fn count(&mut self, connection: &Connection, scope: Scope, key: &str) -> Result<&mut Count, Error> {
        let series = &mut self.series[scope as usize];
        if !series.contains_key(key) {
            series.insert(key.to_owned(), Count { value: stored(connection, scope, key)?, is_written: true });
        }
        Ok(series.get_mut(key).expect("it was put in where it was not there"))
    }

    /// Writes what was counted, before the transaction is committed.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), Error> {
        for (scope, key) in self.changed.drain(..) {
            let Some(count) = self.series[scope as usize].get_mut(&key) else { continue };
            connection
                .prepare_cached(
                    "INSERT INTO counter (scope, key, value)
                     VALUES (?1, ?2, ?3)
                     ON CONFLICT (scope, key) DO UPDATE
                     SET value = ?3",
                )?
                .execute((scope.word(), key, count.value))?;
            count.is_written = true;
        }
        self.series.iter_mut().filter(|series| series.len() > KEPT_MAX).for_each(HashMap::clear);
        Ok(())
    }
}

fn stored(connection: &Connection, scope: Scope, key: &str) -> Result<u64, Error> {
    let value = connection
        .prepare_cached("SELECT value FROM counter WHERE scope = ? AND key = ?")?
        .query_row((scope.word(), key), |row| row.get(0))
        .optional()?;
    Ok(value.unwrap_or(0))
}
