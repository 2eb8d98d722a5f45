//! How many runs wait for a worker, in all and of each connection: the limits of the queue are held by it.
//!
//! They are counted when the writer reads what the store says, and kept right from then on, so that an acceptance asks
//! nobody, however many wait.

use crate::store::Error;
use rusqlite::Connection;
use std::collections::HashMap;

/// What is known of those that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    all: u64,
    /// By connection, empty for those that were started by hand; none is there of whose runs none waits.
    of: HashMap<String, u64>,
}

impl Waiting {
    /// Counts them: those that are filed, and those that are in the log alone.
    pub(super) fn load(connection: &Connection) -> Result<Self, Error> {
        let mut waiting = Self::default();
        let mut query = connection.prepare_cached(
            "SELECT coalesce(connection, ''), count(*)
             FROM run
             WHERE state = 'queued' AND state <> 'completed'
             GROUP BY connection
             UNION ALL
             SELECT connection, sum(json_array_length(assigned))
             FROM delivery
             WHERE seq > (SELECT filed FROM filing) AND assigned IS NOT NULL
             GROUP BY connection",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            waiting.come(row.get_ref(0)?.as_str().map_err(super::row::unreadable)?, row.get(1)?);
        }
        Ok(waiting)
    }

    /// Returns how many there are.
    pub(super) fn all(&self) -> u64 {
        self.all
    }

    /// Returns how many a connection has.
    pub(super) fn of(&self, lane: &str) -> u64 {
        self.of.get(lane).copied().unwrap_or(0)
    }

    /// Counts some that have come.
    pub(super) fn come(&mut self, lane: &str, runs: u64) {
        if runs == 0 {
            return;
        }
        self.all += runs;
        match self.of.get_mut(lane) {
            Some(own) => *own += runs,
            None => drop(self.of.insert(lane.to_owned(), runs)),
        }
    }

    /// Counts one that waits no more.
    pub(super) fn leave(&mut self, lane: &str) {
        self.all = self.all.saturating_sub(1);
        if let Some(own) = self.of.get_mut(lane) {
            *own -= 1;
            if *own == 0 {
                self.of.remove(lane);
            }
        }
    }
}
