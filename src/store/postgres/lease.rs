//! What a lease allows, and how it ends: renew, record, finish, hand back, cancel, sweep. It begins in `claim.rs`.
//!
//! Every write about a leased job names the lease's token, and says that the lease is not over;
//! no row found means that the lease is lost.
//!
//! # Rows and who waits for whom
//! SQLite has one writer; here many write at once. Whoever decides about a run (finish, hand back, cancel, sweep)
//! has the run's row first and its jobs' rows then. A claim takes the job's row, and the run's for the first job of a
//! run, or passes them over, and so waits for nobody. That it may go on in a run about which somebody decides harms
//! nothing: a decision sees no difference between a job that is due and one that is leased, and who takes back due
//! jobs waits for the claims that have their rows. What a step tells needs its job's row alone.

use super::environment;
use super::fault::Fault;
use super::form::Forms;
use super::graph::{begins_again, cancel_unstarted, cancellation, note_cancellation, settle};
use super::row::{number, number_at, state_at, text, text_or_none};
use super::session::{Database, Parameters, Session};
use super::story;
use super::turn;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::AGENTLESS_POOL;
use crate::run::{AfterLoss, RunResult, Series, State, after_loss};
use crate::store::model::{ABANDONED, Begun, HANDED_BACK_CANCELED};
use crate::store::{Error, HandedBack, JobOutcome, Lease, Renewal, StepEvent, Swept};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Extends a lease.
pub(super) async fn renew(session: &Session, lease: &Lease, by: Duration) -> Result<Renewal, Fault> {
    let row = session
        .row(
            "UPDATE job
             SET lease_until = $1
             WHERE id = $2 AND state = 'leased' AND token = $3 AND lease_until > $4
             RETURNING run, (SELECT run.state FROM run WHERE run.seq = job.run) AS state",
            &[&until(session.steady, by), &lease.job.as_str(), &lease.token, &session.steady],
        )
        .await?;
    let row = row.ok_or(Error::Lost)?;
    let is_to_stop = is_to_stop(session, row.try_get("run")?, state_at(&row, "state")?, lease).await?;
    Ok(if is_to_stop { Renewal::CancelRequested } else { Renewal::Held })
}

/// Says whether a job was asked to stop with its run: it was claimed before that.
async fn is_to_stop(session: &Session, run: i64, state: State, lease: &Lease) -> Result<bool, Fault> {
    if state != State::Canceling {
        return Ok(false);
    }
    let noted = cancellation(session, run).await?;
    Ok(noted.is_none_or(|noted| noted.leases.contains(&lease.token)))
}

/// Records what happened to a step.
pub(super) async fn record(session: &Session, lease: &Lease, event: &StepEvent) -> Result<(), Fault> {
    let job = held(session, lease).await?;
    match event {
        StepEvent::Reported { step, report } => story::report(session, job, *step, report).await?,
        StepEvent::Tagged { tag } => story::tag(session, job, tag).await?,
        StepEvent::Renamed { name } => story::rename(session, job, name).await?,
        StepEvent::Deployed { deployed } => environment::note(session, job, deployed).await?,
        StepEvent::Published { artifact } => story::publish(session, job, artifact).await?,
        StepEvent::Started { step, display_name, at, attempt } => {
            session.run("UPDATE job SET started_step = true WHERE seq = $1", &[&job]).await?;
            session
                .run(
                    "INSERT INTO step (job, step_index, display_name, state, attempt, started_at)
                     VALUES ($1, $2, $3, 'running', $4, $5)
                     ON CONFLICT (job, step_index) DO UPDATE
                     SET display_name = excluded.display_name, state = 'running', result = NULL, exit_code = NULL,
                         attempt = excluded.attempt, started_at = excluded.started_at, finished_at = NULL",
                    &[&job, &number(*step), &text(display_name), &number(*attempt), at],
                )
                .await?;
        }
        StepEvent::Completed { step, display_name, result, exit_code, at } => {
            session
                .run(
                    "INSERT INTO step (job, step_index, display_name, state, result, exit_code, attempt, finished_at)
                     VALUES ($1, $2, $3, 'completed', $4, $5, 0, $6)
                     ON CONFLICT (job, step_index) DO UPDATE
                     SET display_name = excluded.display_name, state = 'completed', result = excluded.result,
                         exit_code = excluded.exit_code, finished_at = excluded.finished_at",
                    &[&job, &number(*step), &text(display_name), &result.word(), &exit_code.map(i64::from), at],
                )
                .await?;
        }
    }
    Ok(())
}

/// Returns the number of a series for the run of a leased job.
pub(super) async fn count(session: &Session, lease: &Lease, series: &Series) -> Result<i64, Fault> {
    // Two jobs of a run may ask for the same site at once.
    let (job, _) = held_with_run(session, lease).await?;
    story::count(session, job, series).await
}

/// Returns what the jobs of a leased job's run agree on under a name.
pub(super) async fn agree(
    session: &Session,
    lease: &Lease,
    name: &str,
    proposal: Option<&str>,
) -> Result<Option<String>, Fault> {
    story::agree(session, held(session, lease).await?, name, proposal).await
}

/// Completes a job, and decides what follows.
pub(super) async fn finish(session: &Session, forms: &Forms, lease: &Lease, outcome: &JobOutcome) -> Result<(), Fault> {
    let (job, run) = held_with_run(session, lease).await?;
    story::hand_on(session, job, &outcome.outputs).await?;
    complete(session, job, outcome.result, outcome.reason.as_deref(), outcome.at).await?;
    settle(session, forms, run).await?;
    turn::work_off(session, forms).await
}

/// Hands a job back: it is due again, or canceled with its run.
pub(super) async fn hand_back(session: &Session, forms: &Forms, lease: &Lease) -> Result<HandedBack, Fault> {
    let (job, run) = held_with_run(session, lease).await?;
    let state = lock_run(session, run).await?;
    let is_canceled = is_to_stop(session, run, state, lease).await?;
    if is_canceled {
        complete(session, job, RunResult::Canceled, Some(HANDED_BACK_CANCELED), session.now).await?;
    } else {
        give_back(session, job, Begun::Uncounted).await?;
    }
    settle(session, forms, run).await?;
    turn::work_off(session, forms).await?;
    Ok(if is_canceled { HandedBack::Canceled } else { HandedBack::Again })
}

/// The row of a job whose lease holds, kept as it is until the end of the transaction.
const HELD: &str = "SELECT seq, run
                    FROM job
                    WHERE id = $1 AND state = 'leased' AND token = $2 AND lease_until > $3
                    FOR NO KEY UPDATE";

/// Returns the row of a job whose lease holds.
pub(super) async fn held(session: &Session, lease: &Lease) -> Result<i64, Fault> {
    let row = session.row(HELD, &[&lease.job.as_str(), &lease.token, &session.steady]).await?;
    Ok(row.ok_or(Error::Lost)?.try_get("seq")?)
}

/// Returns the row of a job whose lease holds, and its run's: that one is taken first, and only then
/// is the job looked at.
async fn held_with_run(session: &Session, lease: &Lease) -> Result<(i64, i64), Fault> {
    const RUN: &str = "SELECT 1
                       FROM run
                       WHERE seq = (SELECT run FROM job WHERE id = $1)
                       FOR NO KEY UPDATE";
    session.prepare(&[turn::LOCK_OF_JOB, RUN, HELD]).await?;
    let id = lease.job.as_str();
    let of_turns: Parameters<'_> = &[&turn::LOCK, &id];
    let (of_run, of_job): (Parameters<'_>, Parameters<'_>) = (&[&id], &[&id, &lease.token, &session.steady]);
    let (_, _, row) = tokio::try_join!(
        biased;
        session.row(turn::LOCK_OF_JOB, of_turns),
        session.row(RUN, of_run),
        session.row(HELD, of_job),
    )?;
    let row = row.ok_or(Error::Lost)?;
    Ok((row.try_get("seq")?, row.try_get("run")?))
}

/// Completes a leased job. Steps that were running end with it.
async fn complete(
    session: &Session,
    job: i64,
    result: RunResult,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<(), Fault> {
    session
        .run(
            "UPDATE step
             SET state = 'completed', result = $1, finished_at = $2
             WHERE job = $3 AND state = 'running'",
            &[&result.word(), &at, &job],
        )
        .await?;
    session
        .run(
            "UPDATE job
             SET state = 'completed', result = $1, reason = $2, finished_at = $3,
                 worker = NULL, token = NULL, lease_until = NULL
             WHERE seq = $4",
            &[&result.word(), &text_or_none(reason), &at, &job],
        )
        .await?;
    Ok(())
}

/// Asks a run to stop; what no worker has is decided at once.
pub(super) async fn cancel(session: &Session, forms: &Forms, run: &RunId) -> Result<Option<State>, Fault> {
    let Some(found) = session.row("SELECT seq FROM run WHERE id = $1", &[&run.as_str()]).await? else {
        return Ok(None);
    };
    let seq = found.try_get("seq")?;
    turn::lock_of_run(session, seq).await?;
    let state = cancel_run(session, forms, seq, None).await?;
    turn::work_off(session, forms).await?;
    Ok(Some(state))
}

/// As [`cancel`], by the run's row, with a sentence where no person asked. What follows for other runs
/// is noted only.
pub(super) async fn cancel_run(
    session: &Session,
    forms: &Forms,
    seq: i64,
    reason: Option<&str>,
) -> Result<State, Fault> {
    let state = lock_run(session, seq).await?;
    if state == State::Completed {
        return Ok(state);
    }
    session
        .run(
            "UPDATE run SET state = 'canceling', reason = coalesce(reason, $1) WHERE seq = $2",
            &[&text_or_none(reason), &seq],
        )
        .await?;
    if state == State::Queued {
        cancel_unstarted(session, seq, reason).await?;
        return Ok(State::Completed);
    }
    // What was due is decided again, now that the run is canceled. Only then is it known which claims came before.
    let rows = session
        .rows(
            "UPDATE job
             SET state = 'waiting', due_at = NULL, aside = NULL
             WHERE run = $1 AND state = 'due'
             RETURNING stage_index",
            &[&seq],
        )
        .await?;
    let begun = rows.iter().map(|row| number_at(row, "stage_index")).collect::<Result<_, _>>()?;
    note_cancellation(session, seq, begun).await?;
    settle(session, forms, seq).await?;
    lock_run(session, seq).await
}

/// Takes a run's row until the end of the transaction, and returns how far the run is.
pub(super) async fn lock_run(session: &Session, run: i64) -> Result<State, Fault> {
    let row = session.one("SELECT state FROM run WHERE seq = $1 FOR NO KEY UPDATE", &[&run]).await?;
    state_at(&row, "state")
}

/// Which leases are ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over {
    /// Those whose time is over.
    ByTime,
    /// All of them.
    All,
}

/// Ends leases that are over, or all of them: each lost job in a transaction of its own.
pub(super) async fn sweep(database: &Database, forms: &Forms, over: Over) -> Result<Vec<Swept>, Fault> {
    let lost = database.write_lightly(|session| Box::pin(async move { lost(&session, over).await })).await?;
    let mut swept = Vec::new();
    for (job, run) in lost {
        let ended =
            database.write(|session| Box::pin(async move { end(&session, forms, over, job, run).await })).await?;
        swept.extend(ended);
    }
    Ok(swept)
}

/// Returns the jobs whose leases are over, with their runs, in the order of the jobs.
async fn lost(session: &Arc<Session>, over: Over) -> Result<Vec<(i64, i64)>, Fault> {
    let rows = session
        .rows(
            "SELECT seq, run
             FROM job
             WHERE state = 'leased' AND lease_until <= CASE WHEN $1 THEN 'infinity' ELSE $2::timestamptz END
             ORDER BY seq",
            &[&matches!(over, Over::All), &session.steady],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get("seq")?, row.try_get("run")?))).collect()
}

/// Ends one lease, unless it was ended or renewed meanwhile.
async fn end(session: &Session, forms: &Forms, over: Over, job: i64, run: i64) -> Result<Option<Swept>, Fault> {
    turn::lock_of_run(session, run).await?;
    let row = session.one("SELECT id FROM run WHERE seq = $1 FOR NO KEY UPDATE", &[&run]).await?;
    let run_id = RunId::from_stored(row.try_get("id")?);
    let found = session
        .row(
            "SELECT id, started_step AND pool <> $4 AS has_started, begun, attempts, token
             FROM job
             WHERE seq = $1 AND state = 'leased' AND ($2 OR lease_until <= $3)
             FOR NO KEY UPDATE",
            &[&job, &matches!(over, Over::All), &session.steady, &AGENTLESS_POOL],
        )
        .await?;
    let Some(found) = found else { return Ok(None) };
    let has_started: bool = found.try_get("has_started")?;
    let begun = number_at::<u32>(&found, "begun")? + u32::from(has_started);
    let fate = after_loss(has_started, begun, number_at(&found, "attempts")?);
    let again = fate == AfterLoss::Again && (!has_started || begins_again(session, forms, job).await?);
    if again {
        give_back(session, job, Begun::Counted).await?;
    } else {
        complete(session, job, RunResult::Failed, Some(ABANDONED), session.now).await?;
    }
    settle(session, forms, run).await?;
    turn::work_off(session, forms).await?;
    let (job, token) = (JobId::from_stored(found.try_get("id")?), found.try_get("token")?);
    Ok(Some(Swept { job, run: run_id, token, again }))
}

/// Gives a job back for another attempt; if its run was canceled before it had started a step, it is decided
/// anew. What the
/// lost attempt had told of its steps goes with it, but for a job that only waits: its question stands.
async fn give_back(session: &Session, job: i64, begun: Begun) -> Result<(), Fault> {
    session
        .run(
            "UPDATE job
             SET state = 'waiting', worker = NULL, token = NULL, lease_until = NULL, started_at = NULL,
                 begun = begun + ($2 AND started_step AND pool <> $3)::integer, started_step = false,
                 again_at = $4
             WHERE seq = $1",
            &[&job, &(begun == Begun::Counted), &AGENTLESS_POOL, &session.now],
        )
        .await?;
    for statement in [
        "DELETE FROM step WHERE job = $1 AND (SELECT pool FROM job WHERE seq = $1) <> $2",
        "DELETE FROM report WHERE job = $1 AND (SELECT pool FROM job WHERE seq = $1) <> $2",
    ] {
        session.run(statement, &[&job, &AGENTLESS_POOL]).await?;
    }
    Ok(())
}

pub(super) fn until(now: Timestamp, lease: Duration) -> Timestamp {
    now.checked_add(lease).unwrap_or(Timestamp::MAX)
}
