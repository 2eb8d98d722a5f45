//! Forgetting what is old, a little at a time, so that nobody who writes waits long. Numbers of runs,
//! series and what was counted stay.

use super::filing::KEPT_BYTES;
use super::form::Forms;
use super::roster;
use super::row::{from_json, micros, moment_at};
use super::writer::Session;
use crate::id::RunId;
use crate::store::lent::{self, Ledger, Taken};
use crate::store::{Error, Forgotten, Lent, StepReport};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// How many deliveries one transaction forgets, and how many bytes of them: freeing a page costs
/// about as much as writing it.
const DELIVERIES_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: u64 = 8 * 1024 * 1024;
/// How many pages one transaction gives back to the system.
const PAGES_AT_ONCE: u32 = 1_000;
/// Which part of the database may be free pages, in percent: they are used again soon.
const FREE_PERCENT: u64 = 10;

/// The tables that have rows of a run, those before that others refer to.
const OF_JOB: [&str; 4] = ["step", "report", "wait", "deployment"];
const OF_RUN: [&str; 10] =
    ["output", "tag", "artifact", "series_use", "matrix", "turn", "agreement", "job", "work", "run"];

/// Returns completed runs that ended before a moment, the earliest first.
pub(super) fn expired(connection: &Connection, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
    // Ids sort by the time at which their runs were queued, which was earlier still.
    let sql = format!(
        "SELECT id FROM run
         WHERE id < ? AND state = 'completed' AND finished_at < ? AND id NOT IN ({})
         ORDER BY id
         LIMIT ?",
        lent::NEEDED
    );
    let mut query = connection.prepare_cached(&sql)?;
    let milliseconds = u64::try_from(before.as_millisecond()).unwrap_or(0);
    let ids = query.query_map(params![RunId::new(milliseconds, [0; 10]).as_str(), micros(before), limit], |row| {
        Ok(RunId::from_stored(&row.get::<_, String>(0)?))
    })?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Forgets completed runs; others are left.
pub(super) fn forget_runs(session: &mut Session<'_>, runs: &[RunId]) -> Result<(), Error> {
    let connection = session.connection;
    for run in runs {
        let found: Option<(i64, i64)> = connection
            .prepare_cached(
                "SELECT run.seq, work.form
                 FROM run
                 JOIN work ON work.run = run.seq
                 WHERE run.id = ? AND run.state = 'completed'",
            )?
            .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((run, form)) = found else { continue };
        for table in OF_JOB {
            let sql = format!("DELETE FROM {table} WHERE job IN (SELECT seq FROM job WHERE run = ?)");
            connection.prepare_cached(&sql)?.execute([run])?;
        }
        for table in OF_RUN {
            let key = if table == "run" { "seq" } else { "run" };
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?"))?.execute([run])?;
        }
        connection
            .prepare_cached("DELETE FROM form WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM work WHERE form = ?1)")?
            .execute([form])?;
    }
    // What is known of forms may be of one that is gone.
    session.memory.forms = Forms::default();
    Ok(())
}

/// Forgets the earliest deliveries: those received before a moment, and more while all have more bytes, with headers and
/// decisions, than are kept. Repeats of them are still answered.
pub(super) fn forget_deliveries(
    session: &mut Session<'_>,
    before: Timestamp,
    bytes_max: Option<u64>,
) -> Result<Forgotten, Error> {
    let connection = session.connection;
    connection
        .prepare_cached("DELETE FROM repeat WHERE (connection, key) IN (SELECT connection, key FROM repeat WHERE until <= ? LIMIT 1000)")?
        .execute([micros(session.now.at)])?;
    let all: u64 = connection.prepare_cached("SELECT bytes FROM filing")?.query_row([], |row| row.get(0))?;
    let mut earliest: Vec<(i64, u64)> = Vec::new();
    let mut gone = 0;
    {
        let mut query = connection.prepare_cached(&format!(
            "SELECT seq, received_at, {KEPT_BYTES} FROM delivery WHERE seq <= ? ORDER BY seq LIMIT ?"
        ))?;
        let mut rows = query.query(params![session.memory.filed, DELIVERIES_AT_ONCE])?;
        while let Some(row) = rows.next()? {
            let (place, received_at, bytes): (i64, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is_over = bytes_max.is_some_and(|most| all - gone.min(all) > most);
            if gone > BYTES_AT_ONCE || !(received_at < micros(before) || is_over) {
                break;
            }
            gone += bytes;
            earliest.push((place, bytes));
        }
    }
    for (place, _) in &earliest {
        forget_delivery(connection, *place)?;
    }
    connection.prepare_cached("UPDATE filing SET bytes = max(bytes - ?, 0)")?.execute([gone])?;
    roster::forget(connection, before)?;
    Ok(Forgotten { deliveries: earliest.len() as u64, is_all: earliest.is_empty() })
}

fn forget_delivery(connection: &Connection, place: i64) -> Result<(), Error> {
    for sql in [
        "UPDATE repeat
         SET assigned = delivery.assigned,
             entry = json_object('h', json('[]'), 'r', json(coalesce(delivery.entry -> 'r', delivery.entry -> 'runs', '[]')))
         FROM delivery
         WHERE delivery.seq = ?1 AND repeat.place = ?1",
        "DELETE FROM delivery_place WHERE id = (SELECT id FROM delivery WHERE seq = ?1)",
        "DELETE FROM delivery WHERE seq = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([place])?;
    }
    Ok(())
}

/// Gives pages back to the system that nothing uses, some of them. Says whether there are more.
pub(super) fn compact(session: &Session<'_>) -> Result<bool, Error> {
    let number = |name: &str| session.connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let (free, all) = (number("freelist_count")?, number("page_count")?);
    // A database that was made without this can't give single pages back.
    let incremental = 2;
    if number("auto_vacuum")? != incremental || free * 100 <= all * FREE_PERCENT {
        return Ok(false);
    }
    session.connection.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    Ok(true)
}

/// Returns the runs whose artifacts or files reruns have taken.
pub(super) fn lent(connection: &Connection) -> Result<Vec<Lent>, Error> {
    let mut ledger = Ledger::default();
    for sql in [lent::ARTIFACTS, lent::LOANS] {
        let mut paths = connection.prepare_cached(sql)?;
        let mut rows = paths.query([])?;
        while let Some(row) = rows.next()? {
            let (by, path): (String, String) = (row.get(0)?, row.get(2)?);
            ledger.note(&Taken { by: &by, ended: moment_at(row, "finished_at")?, path: &path });
        }
    }
    let mut reports = connection.prepare_cached(lent::REPORTS)?;
    let mut rows = reports.query([])?;
    while let Some(row) = rows.next()? {
        let (by, report): (String, String) = (row.get(0)?, row.get(2)?);
        let ended = moment_at(row, "finished_at")?;
        for file in from_json::<StepReport>(&report)?.files {
            ledger.note(&Taken { by: &by, ended, path: &file.path });
        }
    }
    Ok(ledger.close())
}
