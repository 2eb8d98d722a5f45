//! What was deployed to which environment, and by which job.

use super::row::{micros, moment, result_at};
use super::writer::Session;
use crate::id::RunId;
use crate::run::State;
use crate::store::detail::job_state;
use crate::store::{Deployed, EnvironmentDetail, Error};
use rusqlite::{Connection, params};

/// Notes that a job deploys. Another attempt of the same job is no other deployment.
pub(super) fn note(session: &Session<'_>, job: i64, deployed: &Deployed) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO deployment (environment, resource, job, job_name, at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (job) DO UPDATE SET at = ?5",
        )?
        .execute(params![
            deployed.environment,
            deployed.resource.as_deref().unwrap_or_default(),
            job,
            deployed.job,
            micros(deployed.at)
        ])?;
    Ok(())
}

/// Returns the last deployment to each environment and resource, in the order of their names. It is as far, and
/// as good, as its job with all its hooks.
pub(super) fn all(connection: &Connection) -> Result<Vec<EnvironmentDetail>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT environment, resource, job_name, at, deployments,
                run.id, run.pipeline, run.number,
                CASE
                    WHEN job.state <> 'completed' THEN job.state
                    WHEN EXISTS (SELECT 1 FROM job AS hook
                                 WHERE hook.run = job.run AND hook.stage_index = job.stage_index
                                   AND hook.job_index = job.job_index AND hook.state <> 'completed')
                        THEN 'leased'
                    ELSE 'completed'
                END AS state,
                (SELECT hook.result FROM job AS hook
                 WHERE hook.run = job.run AND hook.stage_index = job.stage_index AND hook.job_index = job.job_index
                 ORDER BY CASE hook.result WHEN 'failed' THEN 1 WHEN 'canceled' THEN 2
                                           WHEN 'succeededWithIssues' THEN 3 WHEN 'succeeded' THEN 4 ELSE 5 END
                 LIMIT 1) AS result
         FROM (
             SELECT environment, resource, job, job_name, at, max(seq), count(*) AS deployments
             FROM deployment
             GROUP BY environment, resource
         )
         JOIN job ON job.seq = job
         JOIN run ON run.seq = job.run
         ORDER BY environment, resource",
    )?;
    let mut rows = query.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let resource: String = row.get("resource")?;
        let state = job_state(&row.get::<_, String>("state")?);
        all.push(EnvironmentDetail {
            environment: row.get("environment")?,
            resource: Some(resource).filter(|resource| !resource.is_empty()),
            deployments: row.get("deployments")?,
            run: RunId::from_stored(&row.get::<_, String>("id")?),
            pipeline: row.get("pipeline")?,
            number: row.get("number")?,
            job: row.get("job_name")?,
            state,
            result: result_at(row, "result")?.filter(|_| state == State::Completed),
            at: moment(row.get("at")?)?,
        });
    }
    Ok(all)
}
