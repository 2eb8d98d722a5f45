//! Runs with their jobs, as rows.

use super::fault::Fault;
use super::form::Forms;
use super::number::Given;
use super::row::{key, number, text, to_json, unreadable};
use super::session::Session;
use super::turn;
use crate::id::{DeliveryId, JobId, RunId};
use crate::pipeline::plan::{Plan, Settled};
use crate::run::{Board, Decision, Progress, RunResult};
use crate::store::NewRun;
use crate::store::beginning::jobs;
use jiff::Timestamp;

/// What a run begins with, as far as it needs no database: decided before the run's turn to be
/// written.
pub(super) struct Filed {
    /// How it ended, where it ends by itself.
    pub(super) result: Option<RunResult>,
    jobs: Vec<Job>,
    known: Vec<Known>,
    /// How far it is, where it needs turns in groups.
    turns: Option<(Plan, Board)>,
}

struct Job {
    id: JobId,
    place: [i64; 3],
    pool: String,
    progress: Progress,
    attempts: i64,
    reason: Option<String>,
}

/// What became known of a job at once.
struct Known {
    place: [i64; 2],
    settled: Box<Settled>,
}

impl Filed {
    pub(super) fn new(run: &NewRun) -> Result<Self, Fault> {
        let plan = run.work.form.plan.plan(&run.work.values).map_err(unreadable)?;
        let board = Board { queued_at: Some(run.queued_at), ..Board::new(&plan) };
        Ok(Self::beginning(&run.id, plan, board))
    }

    /// As [`Self::new`], for a run of which something may be completed already.
    pub(super) fn beginning(run: &RunId, mut plan: Plan, mut board: Board) -> Self {
        let changes = board.advance(&mut plan);
        let known = changes.iter().filter_map(|change| match &change.decision {
            Decision::Settled(settled) => {
                Some(Known { place: [number(change.stage), number(change.job)], settled: settled.clone() })
            }
            Decision::Due | Decision::Completed { .. } => None,
        });
        let jobs = jobs(run, &plan, &board, &changes).into_iter().map(|row| Job {
            id: row.id,
            place: [number(row.stage), number(row.job), number(row.leg)],
            pool: row.pool,
            progress: row.progress,
            attempts: number(row.attempts),
            reason: row.reason.map(str::to_owned),
        });
        let (jobs, known, result) = (jobs.collect(), known.collect(), board.result(&plan));
        let turns = (result.is_none() && turn::has_turns(&plan)).then_some((plan, board));
        Self { result, jobs, known, turns }
    }

    /// Says whether the run needs turns in groups.
    pub(super) fn has_turns(&self) -> bool {
        self.turns.is_some()
    }
}

/// A run that is written.
pub(super) struct NewRow<'b> {
    pub(super) given: Given,
    pub(super) form: i64,
    pub(super) id: &'b RunId,
    pub(super) pipeline: &'b str,
    pub(super) queued_at: Timestamp,
    pub(super) values: &'b [String],
    pub(super) filed: &'b Filed,
    /// The connection, and the delivery.
    pub(super) delivery: Option<(&'b str, &'b DeliveryId)>,
    pub(super) rerun_of: Option<&'b RunId>,
}

const INSERT_ROWS: &str =
    "INSERT INTO run (seq, id, pipeline, number, name, state, result, connection, delivery, rerun_of,
                      has_turns, queued_at, finished_at, ended_before, ended_as)
     SELECT seq, id, pipeline, number, name,
            CASE WHEN result IS NULL THEN 'queued' ELSE 'completed' END, result, connection, delivery, rerun_of,
            has_turns, queued_at, CASE WHEN result IS NULL THEN NULL ELSE queued_at END,
            coalesce(pg_sequence_last_value('run_end'), 0),
            CASE WHEN result IS NULL THEN NULL ELSE nextval('run_end') END
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                 $8::text[], $9::timestamptz[], $10::text[], $11::boolean[])
          AS new (seq, id, pipeline, number, name, result, connection, delivery, queued_at, rerun_of, has_turns)";
const INSERT_WORK: &str = "INSERT INTO work (run, form, \"values\")
     SELECT run, form, texts
     FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (run, form, texts)";
const INSERT_MATRIX: &str = "INSERT INTO matrix (run, stage_index, job_index, legs) VALUES ($1, $2, $3, $4)";
const INSERT_JOBS: &str =
    "INSERT INTO job (id, run, stage_index, job_index, leg_index, pool, state, due_at, result, reason,
                      finished_at, urgency, lane, pipeline, attempts)
     SELECT id, run, stage_index, job_index, leg_index, pool, state, due_at, result, reason, finished_at,
            urgency, lane, pipeline, attempts
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                 $8::timestamptz[], $9::text[], $10::text[], $11::timestamptz[], $12::bigint[],
                 $13::text[], $14::text[], $15::bigint[]) WITH ORDINALITY
          AS new (id, run, stage_index, job_index, leg_index, pool, state, due_at, result, reason, finished_at,
                  urgency, lane, pipeline, attempts, place)
     ORDER BY place";

/// Writes runs with their jobs, those that can begin made due. Those that need turns in groups
/// have them only by [`enter_groups`].
pub(super) async fn insert_runs(session: &Session, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    if rows.is_empty() {
        return Ok(());
    }
    // All are on their way together: what refers to a run is behind it.
    session.prepare(&[INSERT_ROWS, INSERT_WORK, INSERT_MATRIX, INSERT_JOBS]).await?;
    tokio::try_join!(
        biased;
        insert_rows(session, rows),
        insert_work(session, rows),
        insert_matrices(session, rows),
        insert_jobs(session, rows),
    )
    .map(drop)
}

/// Has the runs that were written come to their groups, and does what follows for others.
pub(super) async fn enter_groups(session: &Session, forms: &Forms, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    for row in rows {
        if let Some((plan, board)) = &row.filed.turns {
            turn::enter_run(session, row.given.seq, plan, board).await?;
            turn::work_off(session, forms).await?;
        }
    }
    Ok(())
}

async fn insert_rows(session: &Session, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    let seqs: Vec<i64> = rows.iter().map(|row| row.given.seq).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let pipelines: Vec<_> = rows.iter().map(|row| text(row.pipeline)).collect();
    let numbers: Vec<i64> = rows.iter().map(|row| number(row.given.number)).collect();
    let names: Vec<_> = rows.iter().map(|row| text(&row.given.name)).collect();
    let results: Vec<Option<&str>> = rows.iter().map(|row| row.filed.result.map(RunResult::word)).collect();
    let connections: Vec<_> = rows.iter().map(|row| row.delivery.map(|(name, _)| text(name))).collect();
    let deliveries: Vec<_> = rows.iter().map(|row| row.delivery.map(|(_, id)| id.as_str())).collect();
    let times: Vec<Timestamp> = rows.iter().map(|row| row.queued_at).collect();
    let has_turns: Vec<bool> = rows.iter().map(|row| row.filed.has_turns()).collect();
    let reruns: Vec<Option<&str>> = rows.iter().map(|row| row.rerun_of.map(RunId::as_str)).collect();
    session
        .run(
            INSERT_ROWS,
            &[
                &seqs,
                &ids,
                &pipelines,
                &numbers,
                &names,
                &results,
                &connections,
                &deliveries,
                &times,
                &reruns,
                &has_turns,
            ],
        )
        .await?;
    Ok(())
}

async fn insert_work(session: &Session, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    let runs: Vec<i64> = rows.iter().map(|row| row.given.seq).collect();
    let forms: Vec<i64> = rows.iter().map(|row| row.form).collect();
    let values: Vec<String> = rows.iter().map(|row| to_json(row.values)).collect::<Result<_, _>>()?;
    session.run(INSERT_WORK, &[&runs, &forms, &values]).await?;
    Ok(())
}

async fn insert_matrices(session: &Session, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    for row in rows {
        for Known { place: [stage, job], settled } in &row.filed.known {
            session.run(INSERT_MATRIX, &[&row.given.seq, stage, job, &to_json(settled)?]).await?;
        }
    }
    Ok(())
}

async fn insert_jobs(session: &Session, rows: &[NewRow<'_>]) -> Result<(), Fault> {
    let jobs: Vec<(&NewRow<'_>, &Job)> =
        rows.iter().flat_map(|row| row.filed.jobs.iter().map(move |job| (row, job))).collect();
    let ids: Vec<&str> = jobs.iter().map(|(_, job)| job.id.as_str()).collect();
    let runs: Vec<i64> = jobs.iter().map(|(row, _)| row.given.seq).collect();
    let place = |at: usize| -> Vec<i64> { jobs.iter().map(|(_, job)| job.place[at]).collect() };
    let pools: Vec<_> = jobs.iter().map(|(_, job)| key(&job.pool)).collect();
    let states: Vec<&str> = jobs.iter().map(|(_, job)| word(job.progress)).collect();
    let due: Vec<Option<Timestamp>> =
        jobs.iter().map(|(_, job)| (word(job.progress) == "due").then_some(session.steady)).collect();
    let result = |job: &Job| match job.progress {
        Progress::Completed(result) => Some(result.word()),
        Progress::Waiting | Progress::Started => None,
    };
    let results: Vec<Option<&str>> = jobs.iter().map(|(_, job)| result(job)).collect();
    let reasons: Vec<_> = jobs.iter().map(|(_, job)| super::row::text_or_none(job.reason.as_deref())).collect();
    let urgencies: Vec<i64> = jobs.iter().map(|(row, _)| row.given.urgency).collect();
    let lanes: Vec<_> = jobs.iter().map(|(row, _)| key(row.delivery.map_or("", |(name, _)| name))).collect();
    let pipelines: Vec<_> = jobs.iter().map(|(row, _)| key(row.pipeline)).collect();
    let attempts: Vec<i64> = jobs.iter().map(|(_, job)| job.attempts).collect();
    let finished: Vec<Option<Timestamp>> = jobs.iter().map(|(row, job)| result(job).map(|_| row.queued_at)).collect();
    session
        .run(
            INSERT_JOBS,
            &[
                &ids,
                &runs,
                &place(0),
                &place(1),
                &place(2),
                &pools,
                &states,
                &due,
                &results,
                &reasons,
                &finished,
                &urgencies,
                &lanes,
                &pipelines,
                &attempts,
            ],
        )
        .await?;
    Ok(())
}

fn word(progress: Progress) -> &'static str {
    match progress {
        Progress::Waiting => "waiting",
        Progress::Started => "due",
        Progress::Completed(_) => "completed",
    }
}
