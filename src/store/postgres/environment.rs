//! What was deployed to which environment, and by which job.

use super::fault::Fault;
use super::row::{fold, number_at, result_at, text};
use super::session::Session;
use crate::id::RunId;
use crate::run::State;
use crate::store::detail::job_state;
use crate::store::{Deployed, EnvironmentDetail};
use tokio_postgres::Row;

/// Notes that a job deploys. Another attempt of the same job is no other deployment.
pub(super) async fn note(session: &Session, job: i64, deployed: &Deployed) -> Result<(), Fault> {
    let resource = deployed.resource.as_deref().unwrap_or_default();
    session
        .run(
            "INSERT INTO deployment (environment_fold, resource_fold, environment, resource, job, job_name, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (job) DO UPDATE
             SET at = excluded.at",
            &[
                &fold(&deployed.environment),
                &fold(resource),
                &text(&deployed.environment),
                &text(resource),
                &job,
                &text(&deployed.job),
                &deployed.at,
            ],
        )
        .await?;
    Ok(())
}

/// Returns the last deployment to each environment and resource, in the order of their names. It is as far, and
/// as good, as its job with all its hooks.
pub(super) async fn all(session: &Session) -> Result<Vec<EnvironmentDetail>, Fault> {
    let rows = session
        .rows(
            "SELECT last.environment, last.resource, last.job_name, last.at, counted.deployments,
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
             FROM (SELECT max(seq) AS seq, count(*) AS deployments
                   FROM deployment
                   GROUP BY environment_fold, resource_fold) AS counted
             JOIN deployment AS last ON last.seq = counted.seq
             JOIN job ON job.seq = last.job
             JOIN run ON run.seq = job.run
             ORDER BY last.environment_fold, last.resource_fold",
            &[],
        )
        .await?;
    let detail = |row: &Row| {
        let resource: String = row.try_get("resource")?;
        let state = job_state(row.try_get("state")?);
        Ok(EnvironmentDetail {
            environment: row.try_get("environment")?,
            resource: Some(resource).filter(|resource| !resource.is_empty()),
            deployments: number_at(row, "deployments")?,
            run: RunId::from_stored(row.try_get("id")?),
            pipeline: row.try_get("pipeline")?,
            number: number_at(row, "number")?,
            job: row.try_get("job_name")?,
            state,
            result: result_at(row, "result")?.filter(|_| state == State::Completed),
            at: row.try_get("at")?,
        })
    };
    rows.iter().map(detail).collect()
}
