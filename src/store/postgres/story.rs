//! What steps tell and hand on: reports, tags, artifacts, outputs, and the numbers of series.

use super::fault::Fault;
use super::row::{fold, from_json, key, number, number_at, text, to_json};
use super::session::Session;
use crate::pipeline::plan::Plan;
use crate::run::{Board, Output, Series};
use crate::store::cancellation::CANCELLATION;
use crate::store::{ARTIFACTS_MAX, Artifact, StepReport, TAGS_MAX};
use std::collections::HashMap;

/// Writes what a step has told so far.
pub(super) async fn report(session: &Session, job: i64, step: usize, report: &StepReport) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO report (job, step_index, report)
             VALUES ($1, $2, $3)
             ON CONFLICT (job, step_index) DO UPDATE
             SET report = excluded.report",
            &[&job, &number(step), &to_json(report)?],
        )
        .await?;
    Ok(())
}

/// Gives a job's run a tag, unless it has as many as it may.
pub(super) async fn tag(session: &Session, job: i64, tag: &str) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO tag (run, fold, tag)
             SELECT run, $2, $3 FROM job
             WHERE seq = $1 AND (SELECT count(*) FROM tag WHERE tag.run = job.run) < $4
             ON CONFLICT (run, fold) DO NOTHING",
            &[&job, &fold(tag), &text(tag), &number(TAGS_MAX)],
        )
        .await?;
    Ok(())
}

/// Gives a job's run another name.
pub(super) async fn rename(session: &Session, job: i64, name: &str) -> Result<(), Fault> {
    session
        .run("UPDATE run SET name = $2 WHERE seq = (SELECT run FROM job WHERE seq = $1)", &[&job, &text(name)])
        .await?;
    Ok(())
}

/// Writes an artifact of a job's run, unless it has as many as it may.
pub(super) async fn publish(session: &Session, job: i64, artifact: &Artifact) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO artifact (run, fold, name, kind, location, job)
             SELECT run, $2, $3, $4, $5, seq FROM job
             WHERE seq = $1 AND (SELECT count(*) FROM artifact WHERE artifact.run = job.run) < $6
             ON CONFLICT (run, fold) DO UPDATE
             SET kind = excluded.kind, location = excluded.location, job = excluded.job",
            &[
                &job,
                &fold(&artifact.name),
                &text(&artifact.name),
                &text(&artifact.kind),
                &text(&artifact.location),
                &number(ARTIFACTS_MAX),
            ],
        )
        .await?;
    Ok(())
}

/// Puts what a job has told and handed on into a job of another run that takes it.
pub(super) async fn take(session: &Session, (from, to): (i64, i64), run: i64) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO report (job, step_index, report)
             SELECT $2, step_index, report FROM report
             WHERE job = $1",
            &[&from, &to],
        )
        .await?;
    session
        .run(
            "INSERT INTO output (run, job, fold, name, value)
             SELECT $3, $2, fold, name, value FROM output
             WHERE job = $1",
            &[&from, &to, &run],
        )
        .await?;
    session
        .run(
            "INSERT INTO artifact (run, fold, name, kind, location, job)
             SELECT $3, fold, name, kind, location, $2 FROM artifact
             WHERE job = $1",
            &[&from, &to, &run],
        )
        .await?;
    Ok(())
}

/// Gives a run the numbers of series that another one has got: what it takes was made with them.
pub(super) async fn take_series(session: &Session, from: i64, to: i64) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO series_use (run, site, value) SELECT $2, site, value FROM series_use WHERE run = $1",
            &[&from, &to],
        )
        .await?;
    Ok(())
}

/// Returns the artifacts of a run that are kept with the one that it repeats.
pub(super) async fn taken_artifacts(session: &Session, run: i64) -> Result<Vec<Artifact>, Fault> {
    let rows = session
        .rows(
            "SELECT artifact.name, artifact.kind, artifact.location
             FROM artifact
             JOIN run ON run.seq = artifact.run
             WHERE artifact.run = $1 AND artifact.kind = 'container'
               AND run.rerun_of IS NOT NULL AND strpos(artifact.location, run.id) = 0
             ORDER BY artifact.fold",
            &[&run],
        )
        .await?;
    rows.iter().map(artifact_of).collect()
}

/// Returns what the jobs of a job's run agree on; a proposal counts if it is the first.
pub(super) async fn agree(
    session: &Session,
    job: i64,
    name: &str,
    proposal: Option<&str>,
) -> Result<Option<String>, Fault> {
    if let Some(proposal) = proposal {
        session
            .run(
                "INSERT INTO agreement (run, name, value)
                 SELECT run, $2, $3 FROM job
                 WHERE seq = $1
                 ON CONFLICT (run, name) DO NOTHING",
                &[&job, &key(name), &text(proposal)],
            )
            .await?;
    }
    let agreed = session
        .row(
            "SELECT value FROM agreement WHERE run = (SELECT run FROM job WHERE seq = $1) AND name = $2",
            &[&job, &key(name)],
        )
        .await?;
    agreed.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Makes the jobs of a run agree on what those of another have agreed on. That it was canceled is not of that.
pub(super) async fn take_agreements(session: &Session, from: i64, to: i64) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO agreement (run, name, value)
             SELECT $2, name, value FROM agreement
             WHERE run = $1 AND name <> $3",
            &[&from, &to, &CANCELLATION],
        )
        .await?;
    Ok(())
}

/// Writes the outputs of a job.
pub(super) async fn hand_on(session: &Session, job: i64, outputs: &[Output]) -> Result<(), Fault> {
    for output in outputs {
        session
            .run(
                "INSERT INTO output (run, job, fold, name, value)
                 SELECT run, seq, $2, $3, $4 FROM job
                 WHERE seq = $1
                 ON CONFLICT (run, job, fold) DO UPDATE
                 SET value = excluded.value",
                &[&job, &fold(&output.name), &text(&output.name), &to_json(&output.value)?],
            )
            .await?;
    }
    Ok(())
}

/// Returns the number of a series for a job's run.
pub(super) async fn count(session: &Session, job: i64, series: &Series) -> Result<i64, Fault> {
    let site = key(&series.site);
    let used = session
        .row(
            "SELECT value FROM series_use WHERE run = (SELECT run FROM job WHERE seq = $1) AND site = $2",
            &[&job, &site],
        )
        .await?;
    if let Some(row) = used {
        return Ok(row.try_get(0)?);
    }
    let row = session
        .one(
            "INSERT INTO series (pipeline, prefix, value)
             SELECT run.pipeline, $2, $3 FROM job JOIN run ON run.seq = job.run
             WHERE job.seq = $1
             ON CONFLICT (pipeline, prefix) DO UPDATE
             SET value = series.value + 1
             RETURNING value",
            &[&job, &key(&series.prefix), &series.seed],
        )
        .await?;
    let value: i64 = row.try_get(0)?;
    session
        .run(
            "INSERT INTO series_use (run, site, value) SELECT run, $2, $3 FROM job WHERE seq = $1",
            &[&job, &site, &value],
        )
        .await?;
    Ok(value)
}

/// Returns the reports of a run's steps by their jobs and places.
pub(super) async fn reports(session: &Session, run: i64) -> Result<HashMap<(i64, usize), StepReport>, Fault> {
    let rows = session
        .rows(
            "SELECT report.job, report.step_index, report.report
             FROM report
             JOIN job ON job.seq = report.job
             WHERE job.run = $1",
            &[&run],
        )
        .await?;
    let report = |row: &tokio_postgres::Row| {
        Ok(((row.try_get("job")?, number_at(row, "step_index")?), from_json(row.try_get("report")?)?))
    };
    rows.iter().map(report).collect()
}

/// Returns the tags of a run.
pub(super) async fn tags(session: &Session, run: i64) -> Result<Vec<String>, Fault> {
    let rows = session.rows("SELECT tag FROM tag WHERE run = $1 ORDER BY fold", &[&run]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Returns the artifacts of a run.
pub(super) async fn artifacts(session: &Session, run: i64) -> Result<Vec<Artifact>, Fault> {
    let rows = session.rows("SELECT name, kind, location FROM artifact WHERE run = $1 ORDER BY fold", &[&run]).await?;
    rows.iter().map(artifact_of).collect()
}

fn artifact_of(row: &tokio_postgres::Row) -> Result<Artifact, Fault> {
    Ok(Artifact { name: row.try_get("name")?, kind: row.try_get("kind")?, location: row.try_get("location")? })
}

/// Returns the board of a run with outputs and nothing else.
pub(super) async fn board_of_outputs(session: &Session, run: i64, plan: &Plan) -> Result<Board, Fault> {
    let mut board = Board::new(plan);
    let rows = session
        .rows(
            "SELECT job.stage_index, job.job_index, job.leg_index, output.name, output.value
             FROM output
             JOIN job ON job.seq = output.job
             WHERE output.run = $1
             ORDER BY output.job, output.fold",
            &[&run],
        )
        .await?;
    for row in rows {
        let output = Output { name: row.try_get("name")?, value: from_json(row.try_get("value")?)? };
        let (stage, job) = (number_at(&row, "stage_index")?, number_at(&row, "job_index")?);
        if let Some(standing) = board.leg_mut(stage, job, number_at(&row, "leg_index")?) {
            standing.outputs.push(output);
        }
    }
    Ok(board)
}
