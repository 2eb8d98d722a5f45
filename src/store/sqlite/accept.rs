//! A delivery, its decisions and its runs, in one commit.

use super::row::{micros, to_json};
use super::writer::Session;
use crate::id::{DeliveryId, JobId, RunId};
use crate::pipeline::plan::Plan;
use crate::run::{Board, Decision, Progress, RunName, RunResult};
use crate::store::{Acceptance, Accepted, Error, QueuedRun, RepeatKey};
use crate::webhook::delivery::Delivery;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, named_params, params};

/// An acceptance with its texts made before the writer's turn, so that the one thread which
/// writes does nothing else.
pub(super) struct Rows {
    delivery: Option<DeliveryRow>,
    runs: Vec<RunRow>,
    repeat: Option<RepeatKey>,
    queue_limit: u64,
}

struct DeliveryRow {
    delivery: Delivery,
    body: Vec<u8>,
    headers: String,
    verdicts: String,
}

struct RunRow {
    id: RunId,
    pipeline: String,
    name: RunName,
    queued_at: Timestamp,
    plan: String,
    expanded: String,
    jobs: Vec<JobRow>,
    result: Option<RunResult>,
}

struct JobRow {
    id: JobId,
    stage: usize,
    job: usize,
    pool: String,
    progress: Progress,
    reason: Option<String>,
}

impl Rows {
    pub(super) fn new(acceptance: Acceptance) -> Result<Self, Error> {
        let delivery = acceptance.delivery.map(|(delivery, body)| {
            let headers = to_json(&delivery.headers)?;
            let verdicts = to_json(&delivery.pipelines)?;
            Ok::<_, Error>(DeliveryRow { delivery, body, headers, verdicts })
        });
        let runs = acceptance.runs.into_iter().map(|run| {
            let mut board = Board::new(&run.plan);
            let changes = board.advance(&run.plan);
            Ok(RunRow {
                plan: to_json(&run.plan)?,
                jobs: jobs(&run.id, &run.plan, &board, &changes),
                result: board.result(&run.plan),
                id: run.id,
                pipeline: run.pipeline,
                name: run.name,
                queued_at: run.queued_at,
                expanded: run.expanded,
            })
        });
        Ok(Self {
            delivery: delivery.transpose()?,
            runs: runs.collect::<Result<_, Error>>()?,
            repeat: acceptance.repeat,
            queue_limit: acceptance.queue_limit,
        })
    }

    pub(super) fn starts_runs(&self) -> bool {
        !self.runs.is_empty()
    }
}

fn jobs(run: &RunId, plan: &Plan, board: &Board, changes: &[crate::run::Change]) -> Vec<JobRow> {
    let mut rows = Vec::new();
    for (stage, planned) in plan.stages.iter().enumerate() {
        for (job, planned) in planned.jobs.iter().enumerate() {
            let reason =
                changes.iter().find(|it| (it.stage, it.job) == (stage, job)).and_then(|it| match &it.decision {
                    Decision::Completed { reason, .. } => Some(reason.clone()),
                    Decision::Due => None,
                });
            let progress = board.stages[stage][job];
            rows.push(JobRow { id: job_id(run, rows.len()), stage, job, pool: planned.pool.clone(), progress, reason });
        }
    }
    rows
}

/// Returns the id of a run's job: the run's own digits, the last four of which give way to the
/// job's place. A run has fewer jobs than four digits count.
fn job_id(run: &RunId, place: usize) -> JobId {
    let own = run.as_str().trim_start_matches(RunId::PREFIX);
    let kept = own.get(..own.len().saturating_sub(4)).unwrap_or(own);
    JobId::from_stored(&format!("{}{kept}{place:04x}", JobId::PREFIX))
}

/// Writes an acceptance. Nothing is written where the queue has no room.
pub(super) fn accept(session: &mut Session<'_>, rows: Rows) -> Result<Accepted, Error> {
    if let (Some(delivery), Some(repeat)) = (&rows.delivery, &rows.repeat)
        && let Some(first) = remembered(session, &delivery.delivery, repeat)?
    {
        insert_delivery(session, delivery, Some(&first))?;
        return Ok(Accepted::Repeat { runs: runs_of(session, &first)?, of: first });
    }
    let waiting = *session.waiting;
    let new = rows.runs.iter().filter(|run| run.result.is_none()).count() as u64;
    if new > 0 && waiting + new > rows.queue_limit {
        return Err(Error::Full { waiting, limit: rows.queue_limit });
    }
    if let Some(delivery) = &rows.delivery {
        insert_delivery(session, delivery, None)?;
    }
    let delivery = rows.delivery.as_ref().map(|row| &row.delivery);
    let queued: Result<Vec<QueuedRun>, Error> =
        rows.runs.iter().map(|run| insert_run(session, run, delivery)).collect();
    if let (Some(delivery), Some(repeat)) = (delivery, &rows.repeat) {
        remember(session, delivery, repeat)?;
    }
    *session.waiting = waiting + new;
    Ok(Accepted::New(queued?))
}

/// Returns the first delivery with a key, if it is remembered.
fn remembered(session: &Session<'_>, delivery: &Delivery, repeat: &RepeatKey) -> Result<Option<DeliveryId>, Error> {
    let known: Option<String> = session
        .connection
        .prepare_cached("SELECT delivery FROM repeat WHERE connection = ? AND key = ? AND until > ?")?
        .query_row(params![delivery.connection, repeat.key, micros(delivery.received_at)], |row| row.get(0))
        .optional()?;
    Ok(known.map(|id| DeliveryId::from_stored(&id)))
}

/// Remembers a key, and forgets those whose time is over.
fn remember(session: &Session<'_>, delivery: &Delivery, repeat: &RepeatKey) -> Result<(), Error> {
    let now = micros(delivery.received_at);
    let window = i64::try_from(repeat.window.as_micros()).unwrap_or(i64::MAX);
    session.connection.prepare_cached("DELETE FROM repeat WHERE until <= ?")?.execute([now])?;
    session
        .connection
        .prepare_cached("INSERT INTO repeat (connection, key, delivery, until) VALUES (?, ?, ?, ?)")?
        .execute(params![delivery.connection, repeat.key, delivery.id.as_str(), now.saturating_add(window)])?;
    Ok(())
}

fn runs_of(session: &Session<'_>, delivery: &DeliveryId) -> Result<Vec<QueuedRun>, Error> {
    let mut query = session
        .connection
        .prepare_cached("SELECT id, pipeline, number, name FROM run WHERE delivery = ? ORDER BY seq")?;
    let runs = query.query_map([delivery.as_str()], |row| {
        Ok(QueuedRun {
            id: RunId::from_stored(&row.get::<_, String>(0)?),
            pipeline: row.get(1)?,
            number: row.get(2)?,
            name: row.get(3)?,
        })
    })?;
    Ok(runs.collect::<Result<_, _>>()?)
}

fn insert_delivery(session: &Session<'_>, row: &DeliveryRow, repeat_of: Option<&DeliveryId>) -> Result<(), Error> {
    let delivery = &row.delivery;
    let (outcome, verdicts) = match repeat_of {
        Some(_) => ("repeat", "[]"),
        None => (delivery.outcome.word(), row.verdicts.as_str()),
    };
    session
        .connection
        .prepare_cached(
            "INSERT INTO delivery (id, connection, received_at, outcome, repeat_of, headers, verdicts, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            delivery.id.as_str(),
            delivery.connection,
            micros(delivery.received_at),
            outcome,
            repeat_of.map(DeliveryId::as_str),
            row.headers,
            verdicts,
            row.body,
        ])?;
    session
        .connection
        .prepare_cached(
            "INSERT INTO connection (name, deliveries, last_delivery)
             VALUES (?1, 1, ?2)
             ON CONFLICT (name) DO UPDATE
             SET deliveries = deliveries + 1, last_delivery = ?2",
        )?
        .execute(params![delivery.connection, micros(delivery.received_at)])?;
    Ok(())
}

fn insert_run(session: &Session<'_>, run: &RunRow, delivery: Option<&Delivery>) -> Result<QueuedRun, Error> {
    let number = count_up(session, "run", &run.pipeline)?;
    let name = match run.name.revision {
        Some(_) => {
            let key = format!("{}\n{}\n{}", run.pipeline, run.name.prefix, run.name.suffix);
            run.name.with_revision(count_up(session, "revision", &key)?)
        }
        None => run.name.with_revision(0),
    };
    let queued_at = micros(run.queued_at);
    session
        .connection
        .prepare_cached(
            "INSERT INTO run (id, pipeline, number, name, state, result, connection, delivery,
                              queued_at, finished_at)
             VALUES (:id, :pipeline, :number, :name, :state, :result, :connection, :delivery,
                     :queued_at, :finished_at)",
        )?
        .execute(named_params! {
            ":id": run.id.as_str(),
            ":pipeline": run.pipeline,
            ":number": number,
            ":name": name,
            ":state": if run.result.is_some() { "completed" } else { "queued" },
            ":result": run.result.map(RunResult::word),
            ":connection": delivery.map(|delivery| &delivery.connection),
            ":delivery": delivery.map(|delivery| delivery.id.as_str()),
            ":queued_at": queued_at,
            ":finished_at": run.result.map(|_| queued_at),
        })?;
    let seq = session.connection.last_insert_rowid();
    session
        .connection
        .prepare_cached("INSERT INTO document (run, plan, expanded) VALUES (?, ?, ?)")?
        .execute(params![seq, run.plan, run.expanded])?;
    for job in &run.jobs {
        insert_job(session, seq, job, queued_at)?;
    }
    Ok(QueuedRun { id: run.id.clone(), pipeline: run.pipeline.clone(), number, name })
}

fn insert_job(session: &Session<'_>, run: i64, job: &JobRow, now: i64) -> Result<(), Error> {
    let (state, result) = match job.progress {
        Progress::Waiting => ("waiting", None),
        Progress::Started => ("due", None),
        Progress::Completed(result) => ("completed", Some(result.word())),
    };
    session
        .connection
        .prepare_cached(
            "INSERT INTO job (id, run, stage_index, job_index, pool, state, due_at, result, reason, finished_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job.id.as_str(),
            run,
            job.stage,
            job.job,
            job.pool,
            state,
            (state == "due").then_some(now),
            result,
            job.reason,
            result.map(|_| now),
        ])?;
    Ok(())
}

/// Returns the next number of a series, from 1.
pub(super) fn count_up(session: &Session<'_>, scope: &str, key: &str) -> Result<u64, Error> {
    let value = session
        .connection
        .prepare_cached(
            "INSERT INTO counter (scope, key, value)
             VALUES (?, ?, 1)
             ON CONFLICT (scope, key) DO UPDATE
             SET value = value + 1
             RETURNING value",
        )?
        .query_row([scope, key], |row| row.get(0))?;
    Ok(value)
}
