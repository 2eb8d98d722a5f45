//! What steps tell and hand on: reports, tags, artifacts, outputs, and the numbers of series.

use super::row::{from_json, to_json};
use super::writer::Session;
use crate::pipeline::plan::Plan;
use crate::run::{Board, Output, Series};
use crate::store::cancellation::CANCELLATION;
use crate::store::{ARTIFACTS_MAX, Artifact, Error, StepReport, TAGS_MAX};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Writes what a step has told so far.
pub(super) fn report(session: &Session<'_>, job: i64, step: usize, report: &StepReport) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO report (job, step_index, report)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (job, step_index) DO UPDATE SET report = ?3",
        )?
        .execute(params![job, step, to_json(report)?])?;
    Ok(())
}

/// Gives a job's run a tag, unless it has as many as it may.
pub(super) fn tag(session: &Session<'_>, job: i64, tag: &str) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT OR IGNORE INTO tag (run, tag)
             SELECT run, ?2 FROM job
             WHERE seq = ?1 AND (SELECT count(*) FROM tag WHERE tag.run = job.run) < ?3",
        )?
        .execute(params![job, tag, TAGS_MAX])?;
    Ok(())
}

/// Gives a job's run another name.
pub(super) fn rename(session: &Session<'_>, job: i64, name: &str) -> Result<(), Error> {
    session
        .connection
        .prepare_cached("UPDATE run SET name = ?2 WHERE seq = (SELECT run FROM job WHERE seq = ?1)")?
        .execute(params![job, name])?;
    Ok(())
}

/// Writes an artifact of a job's run, unless it has as many as it may.
pub(super) fn publish(session: &Session<'_>, job: i64, artifact: &Artifact) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO artifact (run, name, kind, location, job)
             SELECT run, ?2, ?3, ?4, seq FROM job
             WHERE seq = ?1 AND (SELECT count(*) FROM artifact WHERE artifact.run = job.run) < ?5
             ON CONFLICT (run, name) DO UPDATE SET kind = ?3, location = ?4, job = ?1",
        )?
        .execute(params![job, artifact.name, artifact.kind, artifact.location, ARTIFACTS_MAX])?;
    Ok(())
}

/// Puts what a job has told and handed on into a job of another run that takes it.
pub(super) fn take(connection: &Connection, (from, to): (i64, i64), run: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO report (job, step_index, report)
             SELECT ?2, step_index, report FROM report
             WHERE job = ?1",
        )?
        .execute([from, to])?;
    connection
        .prepare_cached(
            "INSERT INTO output (run, job, name, value)
             SELECT ?3, ?2, name, value FROM output
             WHERE job = ?1",
        )?
        .execute([from, to, run])?;
    connection
        .prepare_cached(
            "INSERT INTO artifact (run, name, kind, location, job)
             SELECT ?3, name, kind, location, ?2 FROM artifact
             WHERE job = ?1",
        )?
        .execute([from, to, run])?;
    Ok(())
}

/// Gives a run the numbers of series that another one has got: what it takes was made with them.
pub(super) fn take_series(connection: &Connection, from: i64, to: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO series_use (run, site, value) SELECT ?2, site, value FROM series_use WHERE run = ?1",
        )?
        .execute([from, to])?;
    Ok(())
}

/// Returns the artifacts of a run that are kept in the folder of the one that it repeats.
pub(super) fn taken_artifacts(connection: &Connection, run: i64) -> Result<Vec<Artifact>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT name, kind, location
         FROM artifact
         WHERE artifact.run = ?1 AND kind = 'container'
           AND NOT instr(location, (SELECT id FROM run WHERE seq = ?1 AND rerun_of IS NOT NULL))
         ORDER BY name",
    )?;
    let artifacts =
        query.query_map([run], |row| Ok(Artifact { name: row.get(0)?, kind: row.get(1)?, location: row.get(2)? }))?;
    Ok(artifacts.collect::<Result<_, _>>()?)
}

/// Writes the outputs of a job.
pub(super) fn hand_on(session: &Session<'_>, job: i64, outputs: &[Output]) -> Result<(), Error> {
    for output in outputs {
        session
            .connection
            .prepare_cached(
                "INSERT INTO output (run, job, name, value)
                 SELECT run, seq, ?2, ?3 FROM job
                 WHERE seq = ?1
                 ON CONFLICT (run, job, name) DO UPDATE SET value = ?3",
            )?
            .execute(params![job, output.name, to_json(&output.value)?])?;
    }
    Ok(())
}

/// Puts the outputs of a run's jobs on its board.
pub(super) fn add_outputs(connection: &Connection, run: i64, board: &mut Board) -> Result<(), Error> {
    let mut query = connection.prepare_cached(
        "SELECT job.stage_index, job.job_index, job.leg_index, output.name, output.value
         FROM output
         JOIN job ON job.seq = output.job
         WHERE output.run = ?",
    )?;
    let mut rows = query.query([run])?;
    while let Some(row) = rows.next()? {
        let output = Output { name: row.get(3)?, value: from_json(&row.get::<_, String>(4)?)? };
        if let Some(standing) = board.leg_mut(row.get(0)?, row.get(1)?, row.get(2)?) {
            standing.outputs.push(output);
        }
    }
    Ok(())
}

/// Returns the number of a series for a job's run.
pub(super) fn count(session: &Session<'_>, job: i64, series: &Series) -> Result<i64, Error> {
    let connection = session.connection;
    let used: Option<i64> = connection
        .prepare_cached("SELECT value FROM series_use WHERE run = (SELECT run FROM job WHERE seq = ?) AND site = ?")?
        .query_row(params![job, series.site], |row| row.get(0))
        .optional()?;
    if let Some(value) = used {
        return Ok(value);
    }
    let value: i64 = connection
        .prepare_cached(
            "INSERT INTO series (pipeline, prefix, value)
             SELECT run.pipeline, ?2, ?3 FROM job JOIN run ON run.seq = job.run
             WHERE job.seq = ?1
             ON CONFLICT (pipeline, prefix) DO UPDATE SET value = value + 1
             RETURNING value",
        )?
        .query_row(params![job, series.prefix, series.seed], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT INTO series_use (run, site, value) SELECT run, ?2, ?3 FROM job WHERE seq = ?1")?
        .execute(params![job, series.site, value])?;
    Ok(value)
}

/// Returns what the jobs of a job's run agree on; a proposal counts if it is the first.
pub(super) fn agree(
    session: &Session<'_>,
    job: i64,
    name: &str,
    proposal: Option<&str>,
) -> Result<Option<String>, Error> {
    if let Some(proposal) = proposal {
        session
            .connection
            .prepare_cached(
                "INSERT INTO agreement (run, name, value)
                 SELECT run, ?2, ?3 FROM job
                 WHERE seq = ?1
                 ON CONFLICT (run, name) DO NOTHING",
            )?
            .execute(params![job, name, proposal])?;
    }
    let agreed = session
        .connection
        .prepare_cached("SELECT value FROM agreement WHERE run = (SELECT run FROM job WHERE seq = ?) AND name = ?")?
        .query_row(params![job, name], |row| row.get(0))
        .optional()?;
    Ok(agreed)
}

/// Makes the jobs of a run agree on what those of another have agreed on. That it was canceled is not of that.
pub(super) fn take_agreements(connection: &Connection, from: i64, to: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO agreement (run, name, value)
             SELECT ?2, name, value FROM agreement
             WHERE run = ?1 AND name <> ?3",
        )?
        .execute(params![from, to, CANCELLATION])?;
    Ok(())
}

/// Returns the reports of a job's steps by their places.
pub(super) fn reports(connection: &Connection, job: i64) -> Result<HashMap<usize, StepReport>, Error> {
    let mut query = connection.prepare_cached("SELECT step_index, report FROM report WHERE job = ?")?;
    let rows = query.query_map([job], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.map_err(Error::from).and_then(|(step, report)| Ok((step, from_json(&report)?)))).collect()
}

/// Returns the tags of a run.
pub(super) fn tags(connection: &Connection, run: i64) -> Result<Vec<String>, Error> {
    let mut query = connection.prepare_cached("SELECT tag FROM tag WHERE run = ? ORDER BY tag")?;
    let tags = query.query_map([run], |row| row.get(0))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// Returns the artifacts of a run.
pub(super) fn artifacts(connection: &Connection, run: i64) -> Result<Vec<Artifact>, Error> {
    let mut query =
        connection.prepare_cached("SELECT name, kind, location FROM artifact WHERE run = ? ORDER BY name")?;
    let artifacts =
        query.query_map([run], |row| Ok(Artifact { name: row.get(0)?, kind: row.get(1)?, location: row.get(2)? }))?;
    Ok(artifacts.collect::<Result<_, _>>()?)
}

/// Returns the board of a run with outputs and nothing else.
pub(super) fn board_of_outputs(connection: &Connection, run: i64, plan: &Plan) -> Result<Board, Error> {
    let mut board = Board::new(plan);
    add_outputs(connection, run, &mut board)?;
    Ok(board)
}
