//! A run's jobs as [`Board`] sees them, and what follows written back. Whoever is here has the run's
//! row: two jobs of a run that end at once are seen one after the other, on whichever machines.

use super::fault::Fault;
use super::form::Forms;
use super::matrix;
use super::row::{from_json, number, number_at, result_at, text, to_json};
use super::session::Session;
use super::story::board_of_outputs;
use super::turn;
use crate::pipeline::plan::Plan;
use crate::run::{Board, CANCELED_UNSTARTED, Change, Decision, Progress, RunResult};
use crate::store::cancellation::{CANCELLATION, Cancellation};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Reads a run's board, decides what follows from it, and writes that: jobs that are due or
/// skipped, and the run's end. Called in the same transaction as what happened.
pub(super) async fn settle(session: &Session, forms: &Forms, run: i64) -> Result<(), Fault> {
    follow(session, forms, run, Board::advance).await
}

/// Completes a run that was asked to stop before any of its jobs had started: see [`CANCELED_UNSTARTED`].
pub(super) async fn cancel_unstarted(session: &Session, run: i64, reason: Option<&str>) -> Result<(), Fault> {
    session
        .run(
            "UPDATE job
             SET state = 'completed', result = $1, reason = $2, finished_at = $3, due_at = NULL, aside = NULL
             WHERE run = $4 AND state <> 'completed'",
            &[&RunResult::Canceled.word(), &text(reason.unwrap_or(CANCELED_UNSTARTED)), &session.now, &run],
        )
        .await?;
    complete(session, run, RunResult::Canceled).await?;
    turn::give_up(session, run, None).await
}

/// Cancels a stage of which nothing has started, and decides what follows.
pub(super) async fn cancel_stage(
    session: &Session,
    forms: &Forms,
    run: i64,
    stage: usize,
    reason: &str,
) -> Result<(), Fault> {
    session
        .run(
            "UPDATE job
             SET state = 'waiting', due_at = NULL, aside = NULL
             WHERE run = $1 AND stage_index = $2 AND state = 'due'",
            &[&run, &number(stage)],
        )
        .await?;
    let decide = |board: &mut Board, plan: &mut Plan| {
        let mut changes = board.cancel_stage(stage, reason);
        changes.extend(board.advance(plan));
        changes
    };
    follow(session, forms, run, decide).await
}

/// Returns a run's plan, and how far its jobs are.
pub(super) async fn plan_and_board(session: &Session, forms: &Forms, run: i64) -> Result<(Plan, Board), Fault> {
    let Found { plan, .. } = plan(session, forms, run).await?;
    let board = board(session, run, &plan).await?;
    Ok((plan, board))
}

/// Says whether a job whose worker was lost after a step had started would begin again, which it does not where
/// its run was asked to stop.
pub(super) async fn begins_again(session: &Session, forms: &Forms, job: i64) -> Result<bool, Fault> {
    let row = session.one("SELECT run, stage_index, job_index, leg_index FROM job WHERE seq = $1", &[&job]).await?;
    let run = row.try_get("run")?;
    let Found { plan, canceled, queued_at } = plan(session, forms, run).await?;
    if !canceled {
        return Ok(true);
    }
    let canceled = Some(begun_before_cancel(session, run, &plan).await?);
    let board = Board { canceled, queued_at: Some(queued_at), ..board(session, run, &plan).await? };
    let at = |column| number_at(&row, column);
    Ok(board.begins_again(&plan, at("stage_index")?, at("job_index")?, at("leg_index")?))
}

async fn follow(
    session: &Session,
    forms: &Forms,
    run: i64,
    decide: impl FnOnce(&mut Board, &mut Plan) -> Vec<Change>,
) -> Result<(), Fault> {
    let Found { mut plan, canceled, queued_at } = plan(session, forms, run).await?;
    let mut board = board(session, run, &plan).await?;
    board.queued_at = Some(queued_at);
    if canceled {
        board.canceled = Some(begun_before_cancel(session, run, &plan).await?);
    }
    let changes = decide(&mut board, &mut plan);
    for change in &changes {
        write(session, run, &plan, change).await?;
    }
    match board.result(&plan) {
        Some(result) => {
            complete(session, run, result).await?;
            turn::give_up(session, run, None).await
        }
        None => turn::follow(session, run, &plan, &board).await,
    }
}

/// A run's plan, and what else decides about its jobs.
struct Found {
    plan: Plan,
    canceled: bool,
    queued_at: Timestamp,
}

async fn plan(session: &Session, forms: &Forms, run: i64) -> Result<Found, Fault> {
    let row = session
        .one(
            "SELECT work.form, work.\"values\", run.state = 'canceling' AS is_canceled, run.queued_at
             FROM run
             JOIN work ON work.run = run.seq
             WHERE run.seq = $1",
            &[&run],
        )
        .await?;
    let values: Vec<String> = from_json(row.try_get("values")?)?;
    let mut plan = forms.plan(session, row.try_get("form")?, &values).await?;
    matrix::fill_in(session, run, &mut plan).await?;
    Ok(Found { plan, canceled: row.try_get("is_canceled")?, queued_at: row.try_get("queued_at")? })
}

/// Notes what is going on in a run that is asked to stop, beside what was at earlier times: the stages of the jobs
/// that were due until now, and what the others have reached.
pub(super) async fn note_cancellation(session: &Session, run: i64, due: BTreeSet<usize>) -> Result<(), Fault> {
    let mut noted = cancellation(session, run).await?.unwrap_or_default();
    noted.leases.clear();
    noted.begun.extend(due);
    let rows =
        session.rows("SELECT stage_index, token FROM job WHERE run = $1 AND state <> 'waiting'", &[&run]).await?;
    for row in rows {
        noted.begun.insert(number_at(&row, "stage_index")?);
        noted.leases.extend(row.try_get::<_, Option<i64>>("token")?);
    }
    session
        .run(
            "INSERT INTO agreement (run, name, value)
             VALUES ($1, $2, $3)
             ON CONFLICT (run, name) DO UPDATE SET value = excluded.value",
            &[&run, &CANCELLATION, &to_json(&noted)?],
        )
        .await?;
    Ok(())
}

/// Returns what was going on in a run when it was asked to stop, if it was and somebody noted it.
pub(super) async fn cancellation(session: &Session, run: i64) -> Result<Option<Cancellation>, Fault> {
    let row = session.row("SELECT value FROM agreement WHERE run = $1 AND name = $2", &[&run, &CANCELLATION]).await?;
    row.map(|row| from_json(row.try_get("value")?)).transpose()
}

/// Returns the stages of a run that had begun when it was asked to stop; all where nobody noted it.
async fn begun_before_cancel(session: &Session, run: i64, plan: &Plan) -> Result<BTreeSet<usize>, Fault> {
    let noted = cancellation(session, run).await?;
    Ok(noted.unwrap_or_else(|| Cancellation::unknown(plan.stages.len())).begun)
}

/// Returns how far every job of a run is, and what the jobs have handed on.
pub(super) async fn board(session: &Session, run: i64, plan: &Plan) -> Result<Board, Fault> {
    let mut board = board_of_outputs(session, run, plan).await?;
    let rows = session
        .rows("SELECT stage_index, job_index, leg_index, state, result FROM job WHERE run = $1", &[&run])
        .await?;
    for row in rows {
        let progress = match (row.try_get("state")?, result_at(&row, "result")?) {
            ("waiting", _) => Progress::Waiting,
            (_, Some(result)) => Progress::Completed(result),
            (_, None) => Progress::Started,
        };
        let (stage, job) = (number_at(&row, "stage_index")?, number_at(&row, "job_index")?);
        if let Some(standing) = board.leg_mut(stage, job, number_at(&row, "leg_index")?) {
            standing.progress = progress;
        }
    }
    Ok(board)
}

async fn write(session: &Session, run: i64, plan: &Plan, change: &Change) -> Result<(), Fault> {
    let [stage, job, leg] = [number(change.stage), number(change.job), number(change.leg)];
    match &change.decision {
        Decision::Settled(settled) => {
            let job = (change.stage, change.job);
            matrix::keep(session, run, job, settled).await?;
            let legs = plan.stages[change.stage].jobs[change.job].width();
            matrix::add_legs(session, run, job, legs).await?;
        }
        Decision::Due => {
            session
                .run(
                    "UPDATE job
                     SET state = 'due', due_at = $1
                     WHERE run = $2 AND stage_index = $3 AND job_index = $4 AND leg_index = $5 AND state = 'waiting'",
                    &[&session.steady, &run, &stage, &job, &leg],
                )
                .await?;
        }
        Decision::Completed { result, reason } => {
            session
                .run(
                    "UPDATE job
                     SET state = 'completed', result = $1, reason = $2, finished_at = $3
                     WHERE run = $4 AND stage_index = $5 AND job_index = $6 AND leg_index = $7 AND state = 'waiting'",
                    &[&result.word(), &text(reason), &session.now, &run, &stage, &job, &leg],
                )
                .await?;
        }
    }
    Ok(())
}

async fn complete(session: &Session, run: i64, result: RunResult) -> Result<(), Fault> {
    session
        .run(
            "UPDATE run
             SET state = 'completed', result = $1, finished_at = $2, ended_as = nextval('run_end')
             WHERE seq = $3",
            &[&result.word(), &session.now, &run],
        )
        .await?;
    Ok(())
}
