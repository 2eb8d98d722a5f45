//! What became known of a job only when it was due, such as the legs of its matrix. It stands in
//! place of the expressions in the plan of its run, for whoever reads it.

use super::row::{from_json, to_json};
use crate::id::RunId;
use crate::pipeline::plan::{Plan, Settled};
use crate::store::Error;
use crate::store::beginning::job_id;
use rusqlite::{Connection, params};

/// Puts what is known by now into a run's plan.
pub(super) fn fill_in(connection: &Connection, run: i64, plan: &mut Plan) -> Result<(), Error> {
    if !plan.has_late_values() {
        return Ok(());
    }
    let mut query = connection.prepare_cached("SELECT stage_index, job_index, legs FROM matrix WHERE run = ?")?;
    let mut rows = query.query([run])?;
    while let Some(row) = rows.next()? {
        let settled: Settled = from_json(&row.get::<_, String>(2)?)?;
        plan.settle(row.get(0)?, row.get(1)?, settled);
    }
    Ok(())
}

/// What became known of a job, and its stage's place and its own.
pub(super) type Known = ((usize, usize), Settled);

/// Returns what became known of the jobs of a run.
pub(super) fn kept(connection: &Connection, run: i64) -> Result<Vec<Known>, Error> {
    let mut query = connection.prepare_cached("SELECT stage_index, job_index, legs FROM matrix WHERE run = ?")?;
    let rows = query.query_map([run], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?)))?;
    rows.map(|row| row.map_err(Error::from).and_then(|(place, legs)| Ok((place, from_json(&legs)?)))).collect()
}

/// Keeps what became known of a job.
pub(super) fn keep(
    connection: &Connection,
    run: i64,
    (stage, job): (usize, usize),
    settled: &Settled,
) -> Result<(), Error> {
    connection
        .prepare_cached("INSERT INTO matrix (run, stage_index, job_index, legs) VALUES (?, ?, ?, ?)")?
        .execute(params![run, stage, job, to_json(settled)?])?;
    Ok(())
}

/// Writes the legs of a job beside the first, which has stood for all of them.
pub(super) fn add_legs(
    connection: &Connection,
    run: i64,
    (stage, job): (usize, usize),
    legs: usize,
) -> Result<(), Error> {
    let (id, jobs): (String, usize) = connection
        .prepare_cached("SELECT id, (SELECT count(*) FROM job WHERE job.run = run.seq) FROM run WHERE seq = ?")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let id = RunId::from_stored(&id);
    for leg in 1..legs {
        connection
            .prepare_cached(
                "INSERT INTO job (id, run, stage_index, job_index, leg_index, pool, state, urgency, lane,
                                  pipeline, attempts)
                 SELECT ?, run, stage_index, job_index, ?, pool, 'waiting', urgency, lane, pipeline, attempts
                 FROM job
                 WHERE run = ? AND stage_index = ? AND job_index = ? AND leg_index = 0",
            )?
            .execute(params![job_id(&id, jobs + leg - 1).as_str(), leg, run, stage, job])?;
    }
    Ok(())
}
