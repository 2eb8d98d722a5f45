//! Lists and details.

use super::accept::due_longest;
use super::blocked;
use super::fault::Fault;
use super::matrix;
use super::roster;
use super::row::{from_json, number, number_at, result_at, state_at, unreadable};
use super::session::Session;
use super::story;
use super::wait;
use crate::id::{DeliveryId, JobId, RunId};
use crate::pipeline::form::Sheet;
use crate::run::{RunResult, State};
use crate::store::detail::{JobRow, StepRow, job_state, run_detail};
use crate::store::{ConnectionCount, DeliveryDetail, DeliveryQuery, Depth, Run, RunDetail, RunQuery};
use crate::webhook::delivery::{Delivery, Outcome};
use crate::webhook::roster::LISTED_MAX;
use jiff::Timestamp;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The columns of [`run_of`].
pub(super) const RUN: &str =
    "run.seq, run.id, number, pipeline, name, state, result, connection, delivery, rerun_of, queued_at,
                   started_at, finished_at, reason";

pub(super) async fn runs(session: &Session, query: &RunQuery) -> Result<Vec<Run>, Fault> {
    let limit = number(query.limit);
    let (state, result) = (query.state.map(State::word), query.result.map(RunResult::word));
    let [delivery, before] =
        [query.delivery.as_ref().map(DeliveryId::as_str), query.before.as_ref().map(RunId::as_str)];
    // Only what is asked for stands in the text, so that an index can be chosen for it.
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&limit];
    let mut conditions = vec!["TRUE".to_owned()];
    if let Some(pipeline) = &query.pipeline {
        values.push(pipeline);
        conditions.push(format!("pipeline = ${}", values.len()));
    }
    if let Some(connection) = &query.connection {
        values.push(connection);
        conditions.push(format!("connection = ${}", values.len()));
    }
    if let Some(result) = &result {
        values.push(result);
        conditions.push(format!("result = ${}", values.len()));
    }
    if let Some(delivery) = &delivery {
        values.push(delivery);
        conditions.push(format!("delivery = ${}", values.len()));
    }
    if let Some(before) = &before {
        values.push(before);
        conditions.push(format!("seq < (SELECT seq FROM run WHERE id = ${})", values.len()));
    }
    if let Some(state) = &state {
        values.push(state);
        conditions.push(format!("state = ${}", values.len()));
        if *state != "completed" {
            conditions.push("state <> 'completed'".to_owned());
        }
    }
    // In one pipeline the numbers have the same order, and an index.
    let order = if query.pipeline.is_some() { "number" } else { "seq" };
    let sql = format!(
        "SELECT {RUN}
         FROM run
         WHERE {}
         ORDER BY {order} DESC
         LIMIT $1",
        conditions.join(" AND ")
    );
    let rows = session.rows(&sql, &values).await?;
    let runs = rows.iter().map(|row| Ok((row.try_get("seq")?, run_of(row)?)));
    blocked::shown(session, runs.collect::<Result<_, Fault>>()?).await
}

pub(super) fn run_of(row: &Row) -> Result<Run, Fault> {
    Ok(Run {
        id: RunId::from_stored(row.try_get("id")?),
        number: number_at(row, "number")?,
        pipeline: row.try_get("pipeline")?,
        name: row.try_get("name")?,
        state: state_at(row, "state")?,
        result: result_at(row, "result")?,
        connection: row.try_get("connection")?,
        delivery: row.try_get::<_, Option<&str>>("delivery")?.map(DeliveryId::from_stored),
        rerun_of: row.try_get::<_, Option<&str>>("rerun_of")?.map(RunId::from_stored),
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        waits_for: None,
        reason: row.try_get("reason")?,
    })
}

pub(super) async fn run(session: &Session, id: &RunId) -> Result<Option<RunDetail>, Fault> {
    let sql = format!(
        "SELECT {RUN}, plan, \"values\"
         FROM run
         JOIN work ON work.run = run.seq
         JOIN form ON form.seq = work.form
         WHERE run.id = $1"
    );
    let Some(row) = session.row(&sql, &[&id.as_str()]).await? else { return Ok(None) };
    let seq: i64 = row.try_get("seq")?;
    let values: Vec<String> = from_json(row.try_get("values")?)?;
    let mut plan = Sheet::from_stored(row.try_get("plan")?).plan(&values).map_err(unreadable)?;
    matrix::fill_in(session, seq, &mut plan).await?;
    let board = story::board_of_outputs(session, seq, &plan).await?;
    let told = (story::tags(session, seq).await?, story::artifacts(session, seq).await?);
    let run = blocked::shown(session, vec![(seq, run_of(&row)?)]).await?.remove(0);
    Ok(Some(run_detail(run, &plan, board, job_rows(session, seq).await?, told)))
}

async fn job_rows(session: &Session, run: i64) -> Result<Vec<JobRow>, Fault> {
    let mut steps = step_rows(session, run).await?;
    let mut reports: HashMap<i64, HashMap<_, _>> = HashMap::new();
    for ((job, at), report) in story::reports(session, run).await? {
        reports.entry(job).or_default().insert(at, report);
    }
    let mut waits: HashMap<i64, HashMap<_, _>> = HashMap::new();
    for ((job, at), wait) in wait::of_run(session, run).await? {
        waits.entry(job).or_default().insert(at, wait);
    }
    let rows =
        session.rows("SELECT * FROM job WHERE run = $1 ORDER BY stage_index, job_index, leg_index", &[&run]).await?;
    let job = |row: &Row| {
        let seq: i64 = row.try_get("seq")?;
        Ok(JobRow {
            id: JobId::from_stored(row.try_get("id")?),
            stage: number_at(row, "stage_index")?,
            job: number_at(row, "job_index")?,
            leg: number_at(row, "leg_index")?,
            state: job_state(row.try_get("state")?),
            result: result_at(row, "result")?,
            reason: row.try_get("reason")?,
            attempt: number_at(row, "attempt")?,
            again_at: row.try_get("again_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            steps: steps.remove(&seq).unwrap_or_default(),
            reports: reports.remove(&seq).unwrap_or_default(),
            waits: waits.remove(&seq).unwrap_or_default(),
        })
    };
    rows.iter().map(job).collect()
}

/// Returns the rows of a run's steps by their jobs.
async fn step_rows(session: &Session, run: i64) -> Result<HashMap<i64, Vec<StepRow>>, Fault> {
    let rows =
        session.rows("SELECT step.* FROM step JOIN job ON job.seq = step.job WHERE job.run = $1", &[&run]).await?;
    let mut steps: HashMap<i64, Vec<StepRow>> = HashMap::new();
    for row in &rows {
        let exit_code: Option<i64> = row.try_get("exit_code")?;
        steps.entry(row.try_get("job")?).or_default().push(StepRow {
            at: number_at(row, "step_index")?,
            display_name: row.try_get("display_name")?,
            state: state_at(row, "state")?,
            result: result_at(row, "result")?,
            exit_code: exit_code.and_then(|code| i32::try_from(code).ok()),
            attempt: number_at(row, "attempt")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
        });
    }
    Ok(steps)
}

pub(super) async fn find_runs(session: &Session, reference: &str) -> Result<Vec<RunId>, Fault> {
    let rows = match reference.rsplit_once('#') {
        Some((pipeline, number)) => {
            // Only a number as we write it: SQLite compares the texts.
            let Some(wanted) = number.parse::<i64>().ok().filter(|it| it.to_string() == number) else {
                return Ok(Vec::new());
            };
            session
                .rows("SELECT id FROM run WHERE pipeline = $1 AND number = $2", &[&super::row::text(pipeline), &wanted])
                .await?
        }
        None => {
            let (from, to) = range(reference);
            session.rows("SELECT id FROM run WHERE id >= $1 AND id < $2 LIMIT 2", &[&from, &to]).await?
        }
    };
    rows.iter().map(|row| Ok(RunId::from_stored(row.try_get(0)?))).collect()
}

pub(super) async fn find_deliveries(session: &Session, reference: &str) -> Result<Vec<DeliveryId>, Fault> {
    let (from, to) = range(reference);
    let rows = session
        .rows(
            "SELECT id FROM delivery WHERE id >= $1 AND id < $2
             UNION ALL
             SELECT id FROM refusal WHERE id >= $1 AND id < $2
             LIMIT 2",
            &[&from, &to],
        )
        .await?;
    rows.iter().map(|row| Ok(DeliveryId::from_stored(row.try_get(0)?))).collect()
}

/// Returns the first text that begins with a prefix, and the first after all of those: ids are ASCII.
fn range(prefix: &str) -> (String, String) {
    let prefix = super::row::text(prefix);
    (prefix.to_string(), format!("{prefix}\u{7f}"))
}

pub(super) async fn expanded(session: &Session, run: &RunId) -> Result<Option<String>, Fault> {
    let row = session
        .row(
            "SELECT form.document, work.\"values\"
             FROM run
             JOIN work ON work.run = run.seq
             JOIN form ON form.seq = work.form
             WHERE run.id = $1",
            &[&run.as_str()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let values: Vec<String> = from_json(row.try_get("values")?)?;
    Ok(Some(Sheet::from_stored(row.try_get("document")?).yaml(&values).map_err(unreadable)?))
}

/// The columns of [`delivery_of`], for a delivery and for a refused one in the same shape.
const DELIVERY: &str = "id, connection, received_at, outcome, repeat_of, size, headers, verdicts, event, secret,
                        reason, replay_of, roster";
const REFUSAL: &str = "id, connection, received_at, 'refused' AS outcome, NULL AS repeat_of, size, '[]' AS headers,
                       '[]' AS verdicts, NULL AS event, NULL AS secret, reason, NULL AS replay_of,
                       NULL::bigint AS roster";

pub(super) async fn deliveries(session: &Session, query: &DeliveryQuery) -> Result<Vec<Delivery>, Fault> {
    let sql = format!(
        "(SELECT {DELIVERY}
          FROM delivery
          WHERE ($1::text IS NULL OR connection = $1)
            AND ($2::text IS NULL OR outcome = $2)
            AND ($3::text IS NULL OR id < $3)
          ORDER BY id DESC
          LIMIT $4)
         UNION ALL
         (SELECT {REFUSAL}
          FROM refusal
          WHERE ($1::text IS NULL OR connection = $1)
            AND ($2::text IS NULL OR $2 = 'refused')
            AND ($3::text IS NULL OR id < $3)
          ORDER BY id DESC
          LIMIT $4)
         ORDER BY id DESC
         LIMIT $4"
    );
    let rows = session
        .rows(
            &sql,
            &[
                &query.connection,
                &query.outcome.map(Outcome::word),
                &query.before.as_ref().map(DeliveryId::as_str),
                &number(query.limit),
            ],
        )
        .await?;
    let mut deliveries = rows.iter().map(delivery_of).collect::<Result<Vec<_>, _>>()?;
    roster::fill_in(session, &mut deliveries, LISTED_MAX).await?;
    Ok(deliveries)
}

fn delivery_of(row: &Row) -> Result<Delivery, Fault> {
    Ok(Delivery {
        id: DeliveryId::from_stored(row.try_get("id")?),
        connection: row.try_get("connection")?,
        received_at: row.try_get("received_at")?,
        outcome: from_json(&format!("\"{}\"", row.try_get::<_, &str>("outcome")?))?,
        repeat_of: row.try_get::<_, Option<&str>>("repeat_of")?.map(DeliveryId::from_stored),
        size: number_at(row, "size")?,
        headers: from_json(row.try_get("headers")?)?,
        pipelines: from_json(row.try_get("verdicts")?)?,
        roster: row.try_get("roster")?,
        event: row.try_get("event")?,
        secret: row.try_get("secret")?,
        reason: row.try_get("reason")?,
        replay_of: row.try_get::<_, Option<&str>>("replay_of")?.map(DeliveryId::from_stored),
    })
}

pub(super) async fn delivery(session: &Session, id: &DeliveryId) -> Result<Option<DeliveryDetail>, Fault> {
    let sql = format!(
        "SELECT {DELIVERY}, body, NULL AS refusal
         FROM delivery
         WHERE id = $1
         UNION ALL
         SELECT {REFUSAL}, NULL AS body, reason AS refusal
         FROM refusal
         WHERE id = $1"
    );
    let Some(row) = session.row(&sql, &[&id.as_str()]).await? else { return Ok(None) };
    let mut delivery = delivery_of(&row)?;
    roster::fill_in(session, std::slice::from_mut(&mut delivery), usize::MAX).await?;
    Ok(Some(DeliveryDetail { delivery, body: row.try_get("body")?, refusal: row.try_get("refusal")? }))
}

pub(super) async fn connection_counts(session: &Session) -> Result<Vec<ConnectionCount>, Fault> {
    let rows = session.rows("SELECT * FROM connection ORDER BY name", &[]).await?;
    let count = |row: &Row| {
        Ok(ConnectionCount {
            connection: row.try_get("name")?,
            deliveries: number_at(row, "deliveries")?,
            refusals: number_at(row, "refusals")?,
            last_delivery: row.try_get("last_delivery")?,
            last_refusal: row.try_get("last_refusal")?,
            last_refusal_reason: row.try_get("last_reason")?,
        })
    };
    rows.iter().map(count).collect()
}

pub(super) async fn depth(session: &Session) -> Result<Depth, Fault> {
    let row = session
        .one(
            "SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
                    count(*) FILTER (WHERE state <> 'queued') AS running,
                    coalesce($1, clock_timestamp()) AS now
             FROM run
             WHERE state <> 'completed'",
            &[&session.own_steady],
        )
        .await?;
    let now: Timestamp = row.try_get("now")?;
    let age = due_longest(session).await?.and_then(|since| now.duration_since(since).try_into().ok());
    Ok(Depth { queued: number_at(&row, "queued")?, running: number_at(&row, "running")?, age: age.unwrap_or_default() })
}
