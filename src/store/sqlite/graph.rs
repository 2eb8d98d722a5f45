//! A run's jobs as [`Board`] sees them, and what follows written back.

use super::counter::{ENDED_RUNS, Scope};
use super::matrix;
use super::row::{from_json, micros, moment, result_at, to_json};
use super::story::board_of_outputs;
use super::turn;
use super::writer::Session;
use crate::pipeline::plan::Plan;
use crate::run::{Board, CANCELED_UNSTARTED, Change, Decision, Progress, RunResult};
use crate::store::Error;
use crate::store::cancellation::{CANCELLATION, Cancellation};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// Reads a run's board, decides what follows from it, and writes that: jobs that are due or
/// skipped, and the run's end. Called in the same transaction as what happened.
pub(super) fn settle(session: &mut Session<'_>, run: i64, now: Timestamp) -> Result<(), Error> {
    follow(session, run, now, Board::advance)
}

/// Completes a run that was asked to stop before any of its jobs had started: see [`CANCELED_UNSTARTED`].
pub(super) fn cancel_unstarted(
    session: &mut Session<'_>,
    run: i64,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'completed', result = ?, reason = ?, finished_at = ?, due_at = NULL, aside = NULL
             WHERE run = ? AND state <> 'completed'",
        )?
        .execute(params![RunResult::Canceled.word(), reason.unwrap_or(CANCELED_UNSTARTED), micros(now), run])?;
    complete(session, run, RunResult::Canceled, now)?;
    turn::give_up(session, run, None)
}

/// Cancels a stage of which nothing has started, and decides what follows.
pub(super) fn cancel_stage(
    session: &mut Session<'_>,
    run: i64,
    stage: usize,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'waiting', due_at = NULL, aside = NULL
             WHERE run = ? AND stage_index = ? AND state = 'due'",
        )?
        .execute(params![run, stage])?;
    follow(session, run, now, |board, plan| {
        let mut changes = board.cancel_stage(stage, reason);
        changes.extend(board.advance(plan));
        changes
    })
}

/// Returns a run's plan, and how far its jobs are.
pub(super) fn plan_and_board(session: &mut Session<'_>, run: i64) -> Result<(Plan, Board), Error> {
    let Found { plan, .. } = plan(session, run)?;
    let board = board(session.connection, run, &plan)?;
    Ok((plan, board))
}

/// Says whether a job whose worker was lost after a step had started would begin again, which it does not where
/// its run was asked to stop.
pub(super) fn begins_again(session: &mut Session<'_>, job: i64) -> Result<bool, Error> {
    let (run, stage, place, leg) = session
        .connection
        .prepare_cached("SELECT run, stage_index, job_index, leg_index FROM job WHERE seq = ?")?
        .query_row([job], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let Found { plan, canceled, queued_at } = plan(session, run)?;
    if !canceled {
        return Ok(true);
    }
    let canceled = Some(begun_before_cancel(session.connection, run, &plan)?);
    let board = Board { canceled, queued_at: Some(queued_at), ..board(session.connection, run, &plan)? };
    Ok(board.begins_again(&plan, stage, place, leg))
}

fn follow(
    session: &mut Session<'_>,
    run: i64,
    now: Timestamp,
    decide: impl FnOnce(&mut Board, &mut Plan) -> Vec<Change>,
) -> Result<(), Error> {
    let Found { mut plan, canceled, queued_at } = plan(session, run)?;
    let mut board = board(session.connection, run, &plan)?;
    board.queued_at = Some(queued_at);
    if canceled {
        board.canceled = Some(begun_before_cancel(session.connection, run, &plan)?);
    }
    for change in decide(&mut board, &mut plan) {
        write(session, run, &plan, &change, now)?;
    }
    match board.result(&plan) {
        Some(result) => {
            complete(session, run, result, now)?;
            turn::give_up(session, run, None)
        }
        None => turn::follow(session, run, &plan, &board),
    }
}

/// A run's plan, and what else decides about its jobs.
struct Found {
    plan: Plan,
    canceled: bool,
    queued_at: Timestamp,
}

fn plan(session: &mut Session<'_>, run: i64) -> Result<Found, Error> {
    let Session { connection, memory, .. } = session;
    let (form, values, state, queued_at): (i64, String, String, i64) = connection
        .prepare_cached(
            "SELECT work.form, work.\"values\", run.state, run.queued_at
             FROM run
             JOIN work ON work.run = run.seq
             WHERE run.seq = ?",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut plan = memory.forms.plan(connection, form, &from_json::<Vec<String>>(&values)?)?;
    matrix::fill_in(connection, run, &mut plan)?;
    Ok(Found { plan, canceled: state == "canceling", queued_at: moment(queued_at)? })
}

/// Notes what is going on in a run that is asked to stop, beside what was at earlier times.
pub(super) fn note_cancellation(connection: &Connection, run: i64) -> Result<(), Error> {
    let mut noted = Cancellation { leases: BTreeSet::new(), ..cancellation(connection, run)?.unwrap_or_default() };
    let mut query =
        connection.prepare_cached("SELECT stage_index, token FROM job WHERE run = ? AND state <> 'waiting'")?;
    let mut rows = query.query([run])?;
    while let Some(row) = rows.next()? {
        noted.begun.insert(row.get(0)?);
        noted.leases.extend(row.get::<_, Option<i64>>(1)?);
    }
    connection
        .prepare_cached(
            "INSERT INTO agreement (run, name, value)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (run, name) DO UPDATE SET value = ?3",
        )?
        .execute(params![run, CANCELLATION, to_json(&noted)?])?;
    Ok(())
}

/// Returns what was going on in a run when it was asked to stop, if it was and somebody noted it.
pub(super) fn cancellation(connection: &Connection, run: i64) -> Result<Option<Cancellation>, Error> {
    let noted: Option<String> = connection
        .prepare_cached("SELECT value FROM agreement WHERE run = ? AND name = ?")?
        .query_row(params![run, CANCELLATION], |row| row.get(0))
        .optional()?;
    noted.map(|noted| from_json(&noted)).transpose()
}

/// Returns the stages of a run that had begun when it was asked to stop; all where nobody noted it.
fn begun_before_cancel(connection: &Connection, run: i64, plan: &Plan) -> Result<BTreeSet<usize>, Error> {
    let noted = cancellation(connection, run)?;
    Ok(noted.unwrap_or_else(|| Cancellation::unknown(plan.stages.len())).begun)
}

/// Returns how far every job of a run is, and what the jobs have handed on.
pub(super) fn board(connection: &Connection, run: i64, plan: &Plan) -> Result<Board, Error> {
    let mut board = board_of_outputs(connection, run, plan)?;
    let mut query =
        connection.prepare_cached("SELECT stage_index, job_index, leg_index, state, result FROM job WHERE run = ?")?;
    let mut rows = query.query([run])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get("state")?;
        let progress = match (state.as_str(), result_at(row, "result")?) {
            ("waiting", _) => Progress::Waiting,
            (_, Some(result)) => Progress::Completed(result),
            (_, None) => Progress::Started,
        };
        if let Some(standing) = board.leg_mut(row.get(0)?, row.get(1)?, row.get(2)?) {
            standing.progress = progress;
        }
    }
    Ok(board)
}

fn write(session: &Session<'_>, run: i64, plan: &Plan, change: &Change, now: Timestamp) -> Result<(), Error> {
    match &change.decision {
        Decision::Settled(settled) => {
            let job = (change.stage, change.job);
            matrix::keep(session.connection, run, job, settled)?;
            let legs = plan.stages[change.stage].jobs[change.job].width();
            return matrix::add_legs(session.connection, run, job, legs);
        }
        Decision::Due => session
            .connection
            .prepare_cached(
                "UPDATE job
                 SET state = 'due', due_at = ?
                 WHERE run = ? AND stage_index = ? AND job_index = ? AND leg_index = ? AND state = 'waiting'",
            )?
            .execute(params![micros(session.now.steady), run, change.stage, change.job, change.leg])?,
        Decision::Completed { result, reason } => session
            .connection
            .prepare_cached(
                "UPDATE job
                 SET state = 'completed', result = ?, reason = ?, finished_at = ?
                 WHERE run = ? AND stage_index = ? AND job_index = ? AND leg_index = ? AND state = 'waiting'",
            )?
            .execute(params![result.word(), reason, micros(now), run, change.stage, change.job, change.leg])?,
    };
    Ok(())
}

fn complete(session: &mut Session<'_>, run: i64, result: RunResult, now: Timestamp) -> Result<(), Error> {
    let Session { connection, memory, .. } = session;
    let place = memory.counters.next(connection, Scope::Store, ENDED_RUNS)?;
    connection
        .prepare_cached("UPDATE run SET state = 'completed', result = ?, finished_at = ?, ended_as = ? WHERE seq = ?")?
        .execute(params![result.word(), micros(now), place, run])?;
    Ok(())
}
