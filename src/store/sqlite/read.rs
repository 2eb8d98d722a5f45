//! Lists and details, beside the writer.

use super::accept::{age, due_longest};
use super::entry::Entry;
use super::matrix;
use super::row::{from_json, moment, moment_at, result_at, state_at, unreadable};
use super::writer::Now;
use super::{blocked, roster, steady, story, wait};
use crate::diagnostic::{Code, Report};
use crate::id::{DeliveryId, JobId, RunId};
use crate::pipeline::form::Sheet;
use crate::run::{RunResult, State};
use crate::store::detail::{JobRow, StepRow, job_state, run_detail};
use crate::store::{ConnectionCount, DeliveryDetail, DeliveryQuery, Depth, Error, Run, RunDetail, RunQuery};
use crate::webhook::delivery::{Decision, Delivery, Outcome};
use crate::webhook::roster::LISTED_MAX;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};

/// The columns of [`run_of`].
pub(super) const RUN: &str =
    "run.seq, run.id, number, pipeline, name, state, result, connection, delivery, rerun_of, queued_at,
                   started_at, finished_at, reason";

pub(super) fn runs(connection: &Connection, query: &RunQuery, now: Timestamp) -> Result<Vec<Run>, Error> {
    let state = query.state.map(State::word);
    let result = query.result.map(RunResult::word);
    let [pipeline, connected, delivery, before] = [
        query.pipeline.as_deref(),
        query.connection.as_deref(),
        query.delivery.as_ref().map(DeliveryId::as_str),
        query.before.as_ref().map(RunId::as_str),
    ];
    // Only what is asked for stands in the text, so that an index can be chosen for it.
    let mut conditions = vec!["TRUE"];
    conditions.extend(pipeline.map(|_| "pipeline = :pipeline"));
    conditions.extend(connected.map(|_| "connection = :connection"));
    conditions.extend(result.map(|_| "result = :result"));
    conditions.extend(delivery.map(|_| "delivery = :delivery"));
    conditions.extend(before.map(|_| "seq < (SELECT seq FROM run WHERE id = :before)"));
    conditions.extend(state.map(|state| match state {
        "completed" => "state = :state",
        _ => "state = :state AND state <> 'completed'",
    }));
    // In one pipeline the numbers have the same order, and an index.
    let order = if pipeline.is_some() { "number" } else { "seq" };
    let sql = format!(
        "SELECT {RUN}
         FROM run
         WHERE {}
         ORDER BY {order} DESC
         LIMIT :limit",
        conditions.join(" AND ")
    );
    let texts = [
        (":pipeline", pipeline),
        (":connection", connected),
        (":result", result),
        (":delivery", delivery),
        (":before", before),
        (":state", state),
    ];
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":limit", &query.limit)];
    values.extend(texts.iter().filter(|(_, text)| text.is_some()).map(|(name, text)| (*name, text as &dyn ToSql)));
    let mut statement = connection.prepare_cached(&sql)?;
    let runs = statement.query_map(values.as_slice(), |row| Ok((row.get("seq")?, run_of(row)?)))?;
    let runs: Vec<(i64, Run)> = runs.collect::<Result<_, _>>()?;
    runs.into_iter().map(|(seq, run)| blocked::shown(connection, seq, run, now)).collect()
}

pub(super) fn run_of(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: RunId::from_stored(&row.get::<_, String>("id")?),
        number: row.get("number")?,
        pipeline: row.get("pipeline")?,
        name: row.get("name")?,
        state: state_at(row, "state")?,
        result: result_at(row, "result")?,
        connection: row.get("connection")?,
        delivery: row.get::<_, Option<String>>("delivery")?.map(|id| DeliveryId::from_stored(&id)),
        rerun_of: row.get::<_, Option<String>>("rerun_of")?.map(|id| RunId::from_stored(&id)),
        queued_at: moment(row.get("queued_at")?)?,
        started_at: moment_at(row, "started_at")?,
        finished_at: moment_at(row, "finished_at")?,
        waits_for: None,
        reason: row.get("reason")?,
    })
}

pub(super) fn run(connection: &Connection, id: &RunId, now: Timestamp) -> Result<Option<RunDetail>, Error> {
    let sql = format!(
        "SELECT {RUN}, plan, \"values\"
         FROM run
         JOIN work ON work.run = run.seq
         JOIN form ON form.seq = work.form
         WHERE id = ?"
    );
    let found = connection
        .prepare_cached(&sql)?
        .query_row([id.as_str()], |row| Ok((row.get("seq")?, run_of(row)?, row.get("plan")?, row.get("values")?)))
        .optional()?;
    let Some((seq, run, plan, values)): Option<(i64, Run, String, String)> = found else { return Ok(None) };
    let mut plan = Sheet::from_stored(plan).plan(&from_json::<Vec<String>>(&values)?).map_err(unreadable)?;
    matrix::fill_in(connection, seq, &mut plan)?;
    let board = story::board_of_outputs(connection, seq, &plan)?;
    let told = (story::tags(connection, seq)?, story::artifacts(connection, seq)?);
    let run = blocked::shown(connection, seq, run, now)?;
    Ok(Some(run_detail(run, &plan, board, job_rows(connection, seq)?, told)))
}

fn job_rows(connection: &Connection, run: i64) -> Result<Vec<JobRow>, Error> {
    let mut query =
        connection.prepare_cached("SELECT * FROM job WHERE run = ? ORDER BY stage_index, job_index, leg_index")?;
    let mut rows = query.query([run])?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = row.get("seq")?;
        jobs.push(JobRow {
            id: JobId::from_stored(&row.get::<_, String>("id")?),
            stage: row.get("stage_index")?,
            job: row.get("job_index")?,
            leg: row.get("leg_index")?,
            state: job_state(&row.get::<_, String>("state")?),
            result: result_at(row, "result")?,
            reason: row.get("reason")?,
            attempt: row.get("attempt")?,
            again_at: moment_at(row, "again_at")?,
            started_at: moment_at(row, "started_at")?,
            finished_at: moment_at(row, "finished_at")?,
            steps: step_rows(connection, seq)?,
            reports: story::reports(connection, seq)?,
            waits: wait::of_job(connection, seq)?,
        });
    }
    Ok(jobs)
}

fn step_rows(connection: &Connection, job: i64) -> Result<Vec<StepRow>, Error> {
    let mut query = connection.prepare_cached("SELECT * FROM step WHERE job = ?")?;
    let rows = query.query_map([job], |row| {
        Ok(StepRow {
            at: row.get("step_index")?,
            display_name: row.get("display_name")?,
            state: state_at(row, "state")?,
            result: result_at(row, "result")?,
            exit_code: row.get("exit_code")?,
            attempt: row.get("attempt")?,
            started_at: moment_at(row, "started_at")?,
            finished_at: moment_at(row, "finished_at")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn find_runs(connection: &Connection, reference: &str) -> Result<Vec<RunId>, Error> {
    let ids = match reference.rsplit_once('#') {
        Some((pipeline, number)) => ids(
            connection,
            "SELECT id FROM run WHERE pipeline = ?1 AND number = CAST(?2 AS INTEGER) AND ?2 = CAST(number AS TEXT)",
            pipeline,
            number,
        )?,
        None => ids(connection, "SELECT id FROM run WHERE id >= ?1 AND id < ?2 LIMIT 2", reference, &after(reference))?,
    };
    Ok(ids.iter().map(|id| RunId::from_stored(id)).collect())
}

pub(super) fn find_deliveries(connection: &Connection, reference: &str) -> Result<Vec<DeliveryId>, Error> {
    let ids = ids(
        connection,
        "SELECT id FROM delivery_place WHERE id >= ?1 AND id < ?2
         UNION ALL
         SELECT id FROM refusal WHERE id >= ?1 AND id < ?2
         LIMIT 2",
        reference,
        &after(reference),
    )?;
    Ok(ids.iter().map(|id| DeliveryId::from_stored(id)).collect())
}

fn ids(connection: &Connection, sql: &str, first: &str, second: &str) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([first, second], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Returns the first text after all that begin with a prefix: ids are ASCII.
fn after(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}

pub(super) fn expanded(connection: &Connection, run: &RunId) -> Result<Option<String>, Error> {
    let found: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT form.document, work.\"values\"
             FROM run
             JOIN work ON work.run = run.seq
             JOIN form ON form.seq = work.form
             WHERE run.id = ?",
        )?
        .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((document, values)) = found else { return Ok(None) };
    let yaml = Sheet::from_stored(document).yaml(&from_json::<Vec<String>>(&values)?).map_err(unreadable)?;
    Ok(Some(yaml))
}

/// The columns of [`delivery_of`], for a delivery and for a refused one in the same shape.
const DELIVERY: &str = "delivery.id, connection, received_at, outcome, repeat_of, length(body) AS size, entry,
                        NULL AS reason";
const REFUSAL: &str = "id, connection, received_at, 'refused' AS outcome, NULL AS repeat_of, size, NULL AS entry,
                       reason";

pub(super) fn deliveries(connection: &Connection, query: &DeliveryQuery) -> Result<Vec<Delivery>, Error> {
    let sql = format!(
        "SELECT * FROM (
             SELECT {DELIVERY}
             FROM delivery_place
             JOIN delivery USING (seq)
             WHERE (:connection IS NULL OR connection = :connection)
               AND (:outcome IS NULL OR outcome = :outcome)
               AND (:before IS NULL OR delivery_place.id < :before)
             ORDER BY delivery_place.id DESC
             LIMIT :limit
         )
         UNION ALL
         SELECT * FROM (
             SELECT {REFUSAL} FROM refusal
             WHERE (:connection IS NULL OR connection = :connection)
               AND (:outcome IS NULL OR :outcome = 'refused')
               AND (:before IS NULL OR id < :before)
             ORDER BY id DESC
             LIMIT :limit
         )
         ORDER BY id DESC
         LIMIT :limit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":connection": query.connection,
        ":outcome": query.outcome.map(Outcome::word),
        ":before": query.before.as_ref().map(DeliveryId::as_str),
        ":limit": query.limit,
    })?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(delivery_of(row)?);
    }
    roster::fill_in(connection, &mut deliveries, LISTED_MAX)?;
    Ok(deliveries)
}

fn delivery_of(row: &Row<'_>) -> Result<Delivery, Error> {
    let entry = row.get::<_, Option<String>>("entry")?.map_or_else(|| Ok(Entry::default()), |it| Entry::read(&it))?;
    Ok(Delivery {
        pipelines: entry.verdicts(),
        roster: entry.roster,
        id: DeliveryId::from_stored(&row.get::<_, String>("id")?),
        connection: row.get("connection")?,
        received_at: moment(row.get("received_at")?)?,
        outcome: from_json(&format!("\"{}\"", row.get::<_, String>("outcome")?))?,
        repeat_of: row.get::<_, Option<String>>("repeat_of")?.map(|id| DeliveryId::from_stored(&id)),
        size: row.get("size")?,
        headers: entry.headers.into_owned(),
        event: entry.event.map(Into::into),
        secret: entry.secret.map(Into::into),
        // Of a refused one it stands in a column.
        reason: entry.reason.map(Into::into).or(row.get("reason")?),
        replay_of: entry.replay_of.map(|id| DeliveryId::from_stored(&id)),
    })
}

pub(super) fn delivery(connection: &Connection, id: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
    let sql = format!(
        "SELECT {DELIVERY}, body
         FROM delivery_place
         JOIN delivery USING (seq)
         WHERE delivery_place.id = ?1
         UNION ALL
         SELECT {REFUSAL}, NULL AS body FROM refusal WHERE id = ?1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut delivery = delivery_of(row)?;
    roster::fill_in(connection, std::slice::from_mut(&mut delivery), usize::MAX)?;
    if let Some(report) = set_aside(connection, &delivery.id)? {
        let queued = delivery.pipelines.iter_mut().filter(|it| it.decision == Decision::Queued);
        queued.for_each(|verdict| verdict.diagnostics.push(report.clone()));
    }
    Ok(Some(DeliveryDetail { delivery, body: row.get("body")?, refusal: row.get("reason")? }))
}

/// Returns what is said of a delivery whose runs could not be filed.
fn set_aside(connection: &Connection, id: &DeliveryId) -> Result<Option<Report>, Error> {
    let reason: Option<String> = connection
        .prepare_cached("SELECT reason FROM quarantine WHERE place = (SELECT seq FROM delivery_place WHERE id = ?)")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    Ok(reason.map(|reason| {
        let title = "the run could not be put into the queue".to_owned();
        let help = format!("`pipehook deliveries replay {id} --force` posts the delivery again");
        Report::without_place(Code::NotStarted, title, reason, help)
    }))
}

pub(super) fn connection_counts(connection: &Connection) -> Result<Vec<ConnectionCount>, Error> {
    let mut statement = connection.prepare_cached("SELECT * FROM connection ORDER BY name")?;
    let counts = statement.query_map([], |row| {
        Ok(ConnectionCount {
            connection: row.get("name")?,
            deliveries: row.get("deliveries")?,
            refusals: row.get("refusals")?,
            last_delivery: moment_at(row, "last_delivery")?,
            last_refusal: moment_at(row, "last_refusal")?,
            last_refusal_reason: row.get("last_reason")?,
        })
    })?;
    Ok(counts.collect::<Result<_, _>>()?)
}

/// Returns how much work there is. `now` is by the machine's own count.
pub(super) fn depth(connection: &Connection, now: Now) -> Result<Depth, Error> {
    let running = connection
        .prepare_cached("SELECT count(*) FROM run WHERE state IN ('running', 'canceling') AND state <> 'completed'")?
        .query_row([], |row| row.get(0))?;
    let filed = connection.prepare_cached("SELECT filed FROM filing")?.query_row([], |row| row.get(0))?;
    let now = now.ahead(steady::last(connection)?).steady;
    let age = age(due_longest(connection, filed)?, now);
    Ok(Depth { queued: count_waiting(connection)?, running, age })
}

/// Returns how many runs wait for a worker.
pub(super) fn count_waiting(connection: &Connection) -> Result<u64, Error> {
    let counted = connection
        .prepare_cached("SELECT count(*) FROM run WHERE state = 'queued' AND state <> 'completed'")?
        .query_row([], |row| row.get(0))?;
    Ok(counted)
}
