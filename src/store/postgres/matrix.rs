//! What became known of a job only when it was due, such as the legs of its matrix. It stands in place
//! of the expressions in the plan of its run, for whoever reads it.

use super::fault::Fault;
use super::row::{from_json, number, number_at, to_json};
use super::session::Session;
use crate::id::RunId;
use crate::pipeline::plan::{Plan, Settled};
use crate::store::beginning::job_id;

/// Puts what is known by now into a run's plan.
pub(super) async fn fill_in(session: &Session, run: i64, plan: &mut Plan) -> Result<(), Fault> {
    if !plan.has_late_values() {
        return Ok(());
    }
    let rows = session.rows("SELECT stage_index, job_index, legs FROM matrix WHERE run = $1", &[&run]).await?;
    for row in rows {
        let settled: Settled = from_json(row.try_get("legs")?)?;
        plan.settle(number_at(&row, "stage_index")?, number_at(&row, "job_index")?, settled);
    }
    Ok(())
}

/// What became known of a job, and its stage's place and its own.
pub(super) type Known = ((usize, usize), Settled);

/// Returns what became known of the jobs of a run.
pub(super) async fn kept(session: &Session, run: i64) -> Result<Vec<Known>, Fault> {
    let rows = session.rows("SELECT stage_index, job_index, legs FROM matrix WHERE run = $1", &[&run]).await?;
    let known = |row: &tokio_postgres::Row| {
        Ok(((number_at(row, "stage_index")?, number_at(row, "job_index")?), from_json(row.try_get("legs")?)?))
    };
    rows.iter().map(known).collect()
}

/// Keeps what became known of a job.
pub(super) async fn keep(
    session: &Session,
    run: i64,
    (stage, job): (usize, usize),
    settled: &Settled,
) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO matrix (run, stage_index, job_index, legs) VALUES ($1, $2, $3, $4)",
            &[&run, &number(stage), &number(job), &to_json(settled)?],
        )
        .await?;
    Ok(())
}

/// Writes the legs of a job beside the first, which has stood for all of them.
pub(super) async fn add_legs(
    session: &Session,
    run: i64,
    (stage, job): (usize, usize),
    legs: usize,
) -> Result<(), Fault> {
    let row = session
        .one("SELECT id, (SELECT count(*) FROM job WHERE job.run = run.seq) AS jobs FROM run WHERE seq = $1", &[&run])
        .await?;
    let id = RunId::from_stored(row.try_get("id")?);
    let jobs: usize = number_at(&row, "jobs")?;
    for leg in 1..legs {
        session
            .run(
                "INSERT INTO job (id, run, stage_index, job_index, leg_index, pool, state, urgency, lane,
                                  pipeline, attempts)
                 SELECT $1, run, stage_index, job_index, $2, pool, 'waiting', urgency, lane, pipeline, attempts
                 FROM job
                 WHERE run = $3 AND stage_index = $4 AND job_index = $5 AND leg_index = 0",
                &[&job_id(&id, jobs + leg - 1).as_str(), &number(leg), &run, &number(stage), &number(job)],
            )
            .await?;
    }
    Ok(())
}
