//! Which pools are served, and by whom.

use super::due::DUE;
use super::row::{micros, moment};
use super::writer::Session;
use crate::store::attendance::{ABSENT_AFTER, ATTENDANCES_MAX, REMEMBERED, WAITING_POOLS_MAX, pools, wait_sentence};
use crate::store::{Attendance, Error, PoolDetail, WorkerSeen};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// Notes that a worker is at work, and forgets those that are long gone.
pub(super) fn note(session: &Session<'_>, attendance: &Attendance) -> Result<(), Error> {
    let (connection, now) = (session.connection, session.now.at);
    let mut note = connection.prepare_cached(
        "INSERT INTO attendance (pool, host, seen_at)
         VALUES (?, ?, ?)
         ON CONFLICT (pool, host) DO UPDATE
         SET seen_at = excluded.seen_at",
    )?;
    for pool in attendance.pools() {
        note.execute(params![pool, attendance.host(), micros(now)])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM attendance
             WHERE seen_at < ?1
                OR seen_at < (SELECT seen_at FROM attendance ORDER BY seen_at DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![before(now, REMEMBERED), ATTENDANCES_MAX])?;
    Ok(())
}

/// Returns the pools that are served, were served or are waited for.
pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Vec<PoolDetail>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT pool, host, seen_at, seen_at > ?
         FROM attendance
         ORDER BY seen_at DESC, host",
    )?;
    let seen = query.query_map([before(now, ABSENT_AFTER)], |row| {
        let worker = WorkerSeen { host: row.get(1)?, seen_at: moment(row.get(2)?)?, at_work: row.get(3)? };
        Ok((row.get(0)?, worker))
    })?;
    let seen: Vec<(String, WorkerSeen)> = seen.collect::<Result<_, _>>()?;
    Ok(pools(seen, waiting(connection)?))
}

/// Returns the pools of jobs that are due, one step in the index for each: of one there may be very many jobs.
fn waiting(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut query = connection.prepare_cached(&format!(
        "WITH RECURSIVE waiting (pool) AS (
             SELECT min(pool) FROM job WHERE {DUE}
             UNION ALL
             SELECT (SELECT min(pool) FROM job WHERE {DUE} AND pool > waiting.pool)
             FROM waiting
             WHERE pool IS NOT NULL
             LIMIT ?
         )
         SELECT pool FROM waiting WHERE pool IS NOT NULL"
    ))?;
    let names = query.query_map([WAITING_POOLS_MAX], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Returns what a run waits for of which a job is due in a pool that nobody serves.
pub(super) fn missed(connection: &Connection, run: i64, now: Timestamp) -> Result<Option<String>, Error> {
    let found: Option<(String, Option<String>, Option<i64>)> = connection
        .prepare_cached(&format!(
            "SELECT pool, last.host, last.seen_at
             FROM (SELECT DISTINCT pool FROM job WHERE run = ?1 AND {DUE}) AS due
             LEFT JOIN (SELECT pool AS of, host, max(seen_at) AS seen_at FROM attendance GROUP BY pool) AS last
                    ON last.of = due.pool
             WHERE coalesce(last.seen_at, ?2) <= ?2
             ORDER BY pool
             LIMIT 1"
        ))?
        .query_row(params![run, before(now, ABSENT_AFTER)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((pool, host, at)) = found else { return Ok(None) };
    let at = at.map(moment).transpose()?;
    Ok(Some(wait_sentence(&pool, host.as_deref().zip(at))))
}

fn before(now: Timestamp, ago: Duration) -> i64 {
    micros(now).saturating_sub(i64::try_from(ago.as_micros()).expect("it is some days"))
}
