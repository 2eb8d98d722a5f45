//! The clock by which the store counts: how long a lease holds, how long a job has been due, and how long a step waits.
//! Setting the time of day moves it neither forwards nor backwards, also not while no server runs.
//!
//! It is the machine's own count ([`Clock::steady`](crate::clock::Clock::steady)) and how far the store is ahead of it.
//! That is chosen again only when the count itself begins anew, with the machine or on another one: then the clock goes
//! on from the time of day, and never from before what it has shown.
//!
//! Accepting writes one row in the log, which has the time of day. So it is noted from which place of the log on the
//! two clocks stood how far apart, which is one row for each setting of the time of day.

use super::due::DUE;
use super::row::micros;
use super::writer::{Now, Session};
use crate::clock::SystemClock;
use crate::store::Error;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::LazyLock;

/// What changes with each start of the machine; where a system does not say it, it changes with each process.
static ERA: LazyLock<String> = LazyLock::new(|| {
    let of_process = |_| format!("{} {}", std::process::id(), Timestamp::now());
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_else(of_process)
});
/// By how much the clocks may drift apart until it is noted, in microseconds: the time of day is always a little slower
/// or faster where it is set by others.
const DRIFT_MAX: i64 = 100_000;

/// By how much the store's clock is ahead of the time of day at the place `delivery.seq` of the log, in microseconds. What
/// an earlier version has written in the log has the same in both.
pub(super) const AHEAD_OF_DAY: &str = "coalesce((SELECT ahead
              FROM time_of_day
              WHERE since <= delivery.seq
              ORDER BY since DESC
              LIMIT 1), 0)";

/// Returns how far the store is ahead of the machine's count, and chooses it where that count is another one than
/// the last. Called in a transaction.
pub(super) fn ahead(connection: &Connection, now: Now) -> Result<SignedDuration, Error> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT ahead FROM steady WHERE era = ?")?
        .query_row([&*ERA], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(SignedDuration::from_micros(known));
    }
    // What the store has counted so far is brought to the time of day, by which it goes on.
    let apart = last_noted(connection)?.unwrap_or(0);
    if apart != 0 {
        move_back(connection, apart)?;
    }
    let shown: Option<i64> = connection
        .prepare_cached(&format!("SELECT max(due_at) FROM job WHERE {DUE}"))?
        .query_row([], |row| row.get(0))?;
    let ahead = micros(now.at).max(shown.unwrap_or(i64::MIN)).saturating_sub(micros(now.steady));
    connection
        .prepare_cached(
            "INSERT INTO steady (one, era, ahead)
             VALUES (1, ?, ?)
             ON CONFLICT (one) DO UPDATE
             SET era = excluded.era, ahead = excluded.ahead",
        )?
        .execute(params![*ERA, ahead])?;
    Ok(SignedDuration::from_micros(ahead))
}

/// Takes something from the moments by the store's clock, in microseconds.
fn move_back(connection: &Connection, by: i64) -> Result<(), Error> {
    for update in [
        "UPDATE job SET due_at = due_at - ? WHERE state = 'due'",
        "UPDATE wait SET over_at = over_at - ? WHERE verdict IS NULL AND over_at IS NOT NULL",
        "UPDATE pause SET counted_since = counted_since - ?",
        "UPDATE time_of_day SET ahead = ahead - ?",
    ] {
        connection.prepare_cached(update)?.execute([by])?;
    }
    Ok(())
}

/// Returns how far the store was ahead of the machine's count when it was written to last, which is how far it is unless
/// the machine has begun to count anew since.
pub(super) fn last(connection: &Connection) -> Result<SignedDuration, Error> {
    let ahead =
        connection.prepare_cached("SELECT coalesce(max(ahead), 0) FROM steady")?.query_row([], |row| row.get(0))?;
    Ok(SignedDuration::from_micros(ahead))
}

/// Returns how far the clocks stood apart for the latest of the log, if that was noted.
pub(super) fn last_noted(connection: &Connection) -> Result<Option<i64>, Error> {
    let noted = connection
        .prepare_cached("SELECT ahead FROM time_of_day ORDER BY since DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(noted)
}

/// Notes how far the clocks stand apart from a place of the log on, where that is something new. What no delivery
/// needs that is not filed is forgotten then.
pub(super) fn note(session: &mut Session<'_>, place: i64) -> Result<(), Error> {
    let ahead = session.now.ahead_of_day();
    if session.memory.ahead_of_day.is_some_and(|noted| ahead.abs_diff(noted) <= DRIFT_MAX.unsigned_abs()) {
        return Ok(());
    }
    session
        .connection
        .prepare_cached("INSERT OR REPLACE INTO time_of_day (since, ahead) VALUES (?, ?)")?
        .execute(params![place, ahead])?;
    session
        .connection
        .prepare_cached("DELETE FROM time_of_day WHERE since < (SELECT max(since) FROM time_of_day WHERE since <= ?)")?
        .execute([session.memory.filed + 1])?;
    session.memory.ahead_of_day = Some(ahead);
    Ok(())
}

/// Brings what stores of another kind take over to the time of day, which is the clock that they count by.
pub(super) fn leave(connection: &Connection) -> Result<(), Error> {
    let now = Now::of(&SystemClock);
    let now = now.ahead(ahead(connection, now)?);
    if now.ahead_of_day().abs() > DRIFT_MAX {
        move_back(connection, now.ahead_of_day())?;
        connection.execute("UPDATE wait SET until = over_at WHERE verdict IS NULL AND over_at IS NOT NULL", [])?;
    }
    Ok(())
}
