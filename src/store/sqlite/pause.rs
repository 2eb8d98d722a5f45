//! What is held back. Due jobs of a paused pipeline or connection are set aside when a claim meets the first of
//! them, so that they cost claims once, however many there are; resuming takes them back bit by bit.

use super::due::DUE;
use super::row::{micros, moment, to_json};
use super::turn::{self, Afterwards};
use super::writer::Session;
use crate::store::paused::{LANE_NOT_PAUSED, READMITTED_MAX, column};
use crate::store::{Error, Pausable, Pause};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// How many jobs one transaction takes back, so that others need not wait for all of them.
pub(super) const TAKEN_BACK_MAX: usize = 2_000;
/// How many jobs one statement looks at that sets paused ones aside.
pub(super) const SET_ASIDE_MAX: usize = 1_000;

/// Begins a pause. Runs are passed over now in the groups in which they wait, so others may go on: see [`readmit`].
pub(super) fn pause(session: &Session<'_>, what: &Pausable) -> Result<(), Error> {
    let (kind, name) = what.parts();
    session
        .connection
        .prepare_cached(
            "INSERT INTO pause (kind, name, since, counted_since)
             VALUES (?, ?, ?, ?)
             ON CONFLICT (kind, name) DO NOTHING",
        )?
        .execute(params![kind, name, micros(session.now.at), micros(session.now.steady)])?;
    note_readmission(session, what)
}

/// Ends a pause, so that runs may go on that waited in groups meanwhile: see [`readmit`]. Says whether there was one.
pub(super) fn resume(session: &Session<'_>, what: &Pausable) -> Result<bool, Error> {
    let (kind, name) = what.parts();
    let deleted =
        session.connection.prepare_cached("DELETE FROM pause WHERE kind = ? AND name = ?")?.execute([kind, name])?;
    note_readmission(session, what)?;
    Ok(deleted > 0)
}

/// Returns some jobs of something that is paused which no claim has set aside: what is looked at may be all that is due,
/// so that this is done beside the writer.
pub(super) fn not_aside(connection: &Connection, what: &Pausable) -> Result<Vec<i64>, Error> {
    let (kind, name) = what.parts();
    let mut query = connection.prepare_cached(&format!(
        "SELECT seq
         FROM job
         WHERE {DUE} AND {} = ?2
           AND EXISTS (SELECT 1 FROM pause WHERE kind = ?1 AND name = ?2)
         LIMIT ?3",
        column(kind)
    ))?;
    let jobs = query.query_map(params![kind, name, TAKEN_BACK_MAX], |row| row.get(0))?;
    Ok(jobs.collect::<Result<_, _>>()?)
}

/// Sets such jobs aside, as far as they are due still. Returns how many were.
pub(super) fn set_aside_these(session: &Session<'_>, what: &Pausable, jobs: &[i64]) -> Result<usize, Error> {
    let (kind, name) = what.parts();
    let set_aside = session
        .connection
        .prepare_cached(&format!(
            "UPDATE job
             SET aside = 'paused'
             WHERE seq IN (SELECT value FROM json_each(?3)) AND {DUE}
               AND EXISTS (SELECT 1 FROM pause WHERE kind = ?1 AND name = ?2)"
        ))?
        .execute(params![kind, name, to_json(&jobs)?])?;
    Ok(set_aside)
}

/// Brings the jobs that were set aside for something paused to when they would be due if the pause had not been: how
/// long they have waited says something about the queue. Looks at some jobs after a place, and returns the last of them.
pub(super) fn leave_out(session: &mut Session<'_>, what: &Pausable, after: i64) -> Result<Option<i64>, Error> {
    let (kind, name) = what.parts();
    session.memory.oldest = None;
    let mut query = session.connection.prepare_cached(&format!(
        "UPDATE job
         SET due_at = due_at + ?3 - max(due_at, (SELECT counted_since FROM pause WHERE kind = ?1 AND name = ?2))
         WHERE seq IN (SELECT seq
                       FROM job
                       WHERE aside = 'paused' AND {} = ?2 AND seq > ?4
                       ORDER BY seq
                       LIMIT ?5)
           AND EXISTS (SELECT 1 FROM pause WHERE kind = ?1 AND name = ?2 AND counted_since <= ?3)
         RETURNING seq",
        column(kind)
    ))?;
    let places =
        query.query_map(params![kind, name, micros(session.now.steady), after, TAKEN_BACK_MAX], |row| row.get(0))?;
    Ok(places.collect::<Result<Vec<i64>, _>>()?.into_iter().max())
}

/// Notes that it is to be looked again who goes on in the groups in which runs of something wait.
fn note_readmission(session: &Session<'_>, what: &Pausable) -> Result<(), Error> {
    let (kind, name) = what.parts();
    session
        .connection
        .prepare_cached("INSERT OR REPLACE INTO readmission (kind, name, after) VALUES (?, ?, '')")?
        .execute([kind, name])?;
    Ok(())
}

/// Says whether it is still to be looked in some group who goes on.
pub(super) fn is_any_to_readmit(connection: &Connection) -> Result<bool, Error> {
    Ok(connection.prepare_cached("SELECT 1 FROM readmission LIMIT 1")?.exists([])?)
}

/// Looks who goes on in some of the groups that a pause or its end has changed. Says whether there were any.
pub(super) fn readmit(session: &mut Session<'_>) -> Result<bool, Error> {
    let connection = session.connection;
    let noted: Option<(String, String, String)> = connection
        .prepare_cached("SELECT kind, name, after FROM readmission LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((kind, name, mut after)) = noted else { return Ok(false) };
    let mut following = connection.prepare_cached(&format!(
        "SELECT \"group\"
         FROM turn
         WHERE state = 'waiting' AND {} = ? AND \"group\" > ?
         ORDER BY \"group\"
         LIMIT 1",
        column(&kind)
    ))?;
    let mut is_last = false;
    for _ in 0..READMITTED_MAX {
        let group: Option<String> = following.query_row([&name, &after], |row| row.get(0)).optional()?;
        let Some(group) = group else {
            is_last = true;
            break;
        };
        session.memory.afterwards.push_back(Afterwards::Admit(group.clone()));
        after = group;
    }
    match is_last {
        true => {
            connection.prepare_cached("DELETE FROM readmission WHERE kind = ? AND name = ?")?.execute([&kind, &name])?
        }
        false => connection
            .prepare_cached("UPDATE readmission SET after = ? WHERE kind = ? AND name = ?")?
            .execute([&after, &kind, &name])?,
    };
    turn::work_off(session, session.now.at)?;
    Ok(true)
}

/// Returns the first row of each pipeline and lane of those that a query is about: one step in an index for each, however
/// many rows it has. The query gets a condition on what is behind the last one, by `?2` and `?3`, and the columns to sort
/// by; `?1` is its own. (A comparison of rows, `(pipeline, lane) > (?2, ?3)`, would go through all that are equal.)
pub(super) fn first_of_lanes<T>(
    connection: &Connection,
    own: &str,
    query: impl Fn(&str, &str) -> String,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut next_lane = connection.prepare_cached(&query("AND pipeline = ?2 AND lane > ?3", "lane,"))?;
    let mut next_pipeline =
        connection.prepare_cached(&query("AND pipeline > ?2 AND ?3 IS NOT NULL", "pipeline, lane,"))?;
    let mut firsts = Vec::new();
    let (mut pipeline, mut lane) = (String::new(), String::new());
    loop {
        let behind = params![own, pipeline, lane];
        let read = |row: &Row<'_>| Ok((read(row)?, row.get("pipeline")?, row.get("lane")?));
        let mut found = next_lane.query_row(behind, read).optional()?;
        if found.is_none() {
            found = next_pipeline.query_row(behind, read).optional()?;
        }
        let Some((first, of_pipeline, of_lane)) = found else { return Ok(firsts) };
        firsts.push(first);
        (pipeline, lane) = (of_pipeline, of_lane);
    }
}

/// Returns the pipelines and lanes of jobs that were set aside for a pause that is over.
fn left_aside(connection: &Connection) -> Result<Vec<(String, String)>, Error> {
    let aside = |behind: &str, order: &str| {
        format!(
            "SELECT pipeline, lane, {LANE_NOT_PAUSED} AS is_over
             FROM job
             WHERE aside = 'paused' AND aside = ?1 {behind}
             ORDER BY {order} seq
             LIMIT 1"
        )
    };
    let is_over = |row: &Row<'_>| Ok(((row.get("pipeline")?, row.get("lane")?), row.get::<_, bool>("is_over")?));
    let found = first_of_lanes(connection, "paused", aside, is_over)?;
    Ok(found.into_iter().filter(|(_, is_over)| *is_over).map(|(lane, _)| lane).collect())
}

/// Says whether a job is still set aside for a pause that is over.
pub(super) fn is_any_left_aside(connection: &Connection) -> Result<bool, Error> {
    Ok(!left_aside(connection)?.is_empty())
}

/// Takes back jobs that were set aside for a pause that is over, some of them. Returns how many.
pub(super) fn take_back(session: &Session<'_>) -> Result<usize, Error> {
    let mut take = session.connection.prepare_cached(
        "UPDATE job
         SET aside = NULL
         WHERE seq IN (SELECT seq
                       FROM job
                       WHERE aside = 'paused' AND pipeline = ? AND lane = ?
                       ORDER BY seq
                       LIMIT ?)",
    )?;
    let mut taken = 0;
    for (pipeline, lane) in left_aside(session.connection)? {
        taken += take.execute(params![pipeline, lane, TAKEN_BACK_MAX - taken])?;
    }
    Ok(taken)
}

/// Sets aside what is paused among the first [`SET_ASIDE_MAX`] due jobs of a pipeline and of those whose names come
/// after its own, in a pool and of a priority.
pub(super) fn set_aside(connection: &Connection, from: (&str, i64, &str)) -> Result<(), Error> {
    let (pool, urgency, pipeline) = from;
    connection
        .prepare_cached(&format!(
            "UPDATE job
             SET aside = 'paused'
             WHERE seq IN (SELECT seq
                           FROM (SELECT seq, pipeline, lane
                                 FROM job
                                 WHERE {DUE} AND pool = ?1 AND urgency = ?2 AND pipeline >= ?3
                                 ORDER BY pipeline, run, seq
                                 LIMIT ?4)
                           WHERE pipeline IN (SELECT name FROM pause WHERE kind = 'pipeline')
                              OR lane IN (SELECT name FROM pause WHERE kind = 'connection'))"
        ))?
        .execute(params![pool, urgency, pipeline, SET_ASIDE_MAX])?;
    Ok(())
}

pub(super) fn pauses(connection: &Connection) -> Result<Vec<Pause>, Error> {
    let mut query = connection.prepare_cached("SELECT kind, name, since FROM pause ORDER BY kind, name")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, moment(row.get(2)?)?)))?;
    let mut pauses = Vec::new();
    for row in rows {
        let (kind, name, since): (String, String, Timestamp) = row?;
        pauses.extend(Pausable::from_parts(&kind, &name).map(|what| Pause { what, since }));
    }
    Ok(pauses)
}
