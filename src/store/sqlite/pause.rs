//! What is held back. Due jobs of a paused pipeline or connection are set aside when a claim meets the first of
//! them, so that they cost claims once, however many there are; resuming takes them back bit by bit.

use super::row::{micros, moment};
use super::turn::{self, Afterwards};
use super::writer::Session;
use crate::store::paused::NOT_PAUSED;
use crate::store::{Error, Pausable, Pause};
use jiff::Timestamp;
use rusqlite::{Connection, params};

/// How many jobs one transaction takes back, so that others need not wait for all of them.
pub(super) const TAKEN_BACK_MAX: usize = 2_000;
/// How many jobs one statement looks at that sets paused ones aside.
pub(super) const SET_ASIDE_MAX: usize = 1_000;

/// The runs that something paused is about.
const OF_PAUSABLE: &str = "CASE ?1 WHEN 'pipeline' THEN run.pipeline = ?2 ELSE run.connection = ?2 END";

/// Begins a pause. Runs are passed over now in the groups in which they wait, so others may go on.
pub(super) fn pause(session: &mut Session<'_>, what: &Pausable) -> Result<(), Error> {
    let (kind, name) = what.parts();
    session
        .connection
        .prepare_cached(
            "INSERT INTO pause (kind, name, since, counted_since)
             VALUES (?, ?, ?, ?)
             ON CONFLICT (kind, name) DO NOTHING",
        )?
        .execute(params![kind, name, micros(session.now.at), micros(session.now.steady)])?;
    admit_in_groups_of(session, what)
}

/// Ends a pause, and lets runs go on that waited in groups meanwhile. Says whether there was one.
pub(super) fn resume(session: &mut Session<'_>, what: &Pausable) -> Result<bool, Error> {
    let (kind, name) = what.parts();
    let deleted =
        session.connection.prepare_cached("DELETE FROM pause WHERE kind = ? AND name = ?")?.execute([kind, name])?;
    admit_in_groups_of(session, what)?;
    Ok(deleted > 0)
}

/// Brings the jobs of something that is paused to when they would be due if the pause had not been: how long they
/// have waited says something about the queue. Looks at some jobs after a place, and returns the last of them.
pub(super) fn leave_out(session: &mut Session<'_>, what: &Pausable, after: i64) -> Result<Option<i64>, Error> {
    let (kind, name) = what.parts();
    session.memory.oldest = None;
    let mut query = session.connection.prepare_cached(&format!(
        "UPDATE job
         SET aside = 'paused',
             due_at = due_at + ?3 - max(due_at, (SELECT counted_since FROM pause WHERE kind = ?1 AND name = ?2))
         WHERE seq IN (SELECT job.seq
                       FROM job
                       JOIN run ON run.seq = job.run
                       WHERE job.state = 'due' AND coalesce(job.aside, 'paused') = 'paused' AND job.seq > ?4
                         AND {OF_PAUSABLE}
                       ORDER BY job.seq
                       LIMIT ?5)
           AND EXISTS (SELECT 1 FROM pause WHERE kind = ?1 AND name = ?2 AND counted_since <= ?3)
         RETURNING seq"
    ))?;
    let places =
        query.query_map(params![kind, name, micros(session.now.steady), after, TAKEN_BACK_MAX], |row| row.get(0))?;
    Ok(places.collect::<Result<Vec<i64>, _>>()?.into_iter().max())
}

/// Looks again who goes on in the groups in which runs of something wait.
fn admit_in_groups_of(session: &mut Session<'_>, what: &Pausable) -> Result<(), Error> {
    let (kind, name) = what.parts();
    let groups: Vec<String> = session
        .connection
        .prepare_cached(&format!(
            "SELECT DISTINCT turn.\"group\"
             FROM turn
             JOIN run ON run.seq = turn.run
             WHERE turn.state = 'waiting' AND {OF_PAUSABLE}"
        ))?
        .query_map([kind, name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    session.memory.afterwards.extend(groups.into_iter().map(Afterwards::Admit));
    turn::work_off(session, session.now.at)
}

/// Returns the query for jobs that were set aside for a pause that is over, so many of them.
fn left_aside() -> String {
    format!(
        "SELECT job.seq
         FROM job
         JOIN run ON run.seq = job.run
         WHERE job.aside = 'paused' AND {NOT_PAUSED}
         LIMIT ?"
    )
}

/// Says whether a job is still set aside for a pause that is over.
pub(super) fn is_any_left_aside(connection: &Connection) -> Result<bool, Error> {
    Ok(connection.prepare_cached(&left_aside())?.exists([1])?)
}

/// Takes back jobs that were set aside for a pause that is over, some of them. Returns how many.
pub(super) fn take_back(session: &Session<'_>) -> Result<usize, Error> {
    let taken = session
        .connection
        .prepare_cached(&format!("UPDATE job SET aside = NULL WHERE seq IN ({})", left_aside()))?
        .execute([TAKEN_BACK_MAX])?;
    Ok(taken)
}

/// Sets aside what is paused among the first [`SET_ASIDE_MAX`] due jobs of a pipeline and of those whose names come
/// after its own, in a pool and of a priority.
pub(super) fn set_aside(connection: &Connection, from: (&str, i64, &str)) -> Result<(), Error> {
    let (pool, urgency, pipeline) = from;
    connection
        .prepare_cached(
            "UPDATE job
             SET aside = 'paused'
             WHERE seq IN (SELECT seq
                           FROM (SELECT seq, pipeline, lane
                                 FROM job
                                 WHERE state = 'due' AND aside IS NULL AND pool = ?1 AND urgency = ?2 AND pipeline >= ?3
                                 ORDER BY pipeline, run, seq
                                 LIMIT ?4)
                           WHERE pipeline IN (SELECT name FROM pause WHERE kind = 'pipeline')
                              OR lane IN (SELECT name FROM pause WHERE kind = 'connection'))",
        )?
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
