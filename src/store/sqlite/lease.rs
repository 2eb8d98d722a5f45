//! What a lease allows, and how it ends: renew, record, finish, hand back, cancel, sweep. It begins in `claim.rs`.
//!
//! Every write about a leased job names the lease's token, and says that the lease is not over;
//! no row changed means that the lease is lost.

use super::environment;
use super::graph::{begins_again, cancel_unstarted, cancellation, note_cancellation, settle};
use super::row::{micros, state_at};
use super::story;
use super::turn;
use super::writer::Session;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::AGENTLESS_POOL;
use crate::run::{AfterLoss, RunResult, Series, State, after_loss};
use crate::store::model::{ABANDONED, Begun, HANDED_BACK_CANCELED};
use crate::store::{Error, HandedBack, JobOutcome, Lease, Renewal, StepEvent, Swept};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// Extends a lease.
pub(super) fn renew(session: &mut Session<'_>, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
    let now = session.now.steady;
    let changed = session
        .connection
        .prepare_cached(
            "UPDATE job
             SET lease_until = ?
             WHERE id = ? AND state = 'leased' AND token = ? AND lease_until > ?",
        )?
        .execute(params![until(now, by), lease.job.as_str(), lease.token, micros(now)])?;
    if changed == 0 {
        return Err(Error::Lost);
    }
    let run = session
        .connection
        .prepare_cached("SELECT run FROM job WHERE id = ?")?
        .query_row([lease.job.as_str()], |row| row.get(0))?;
    Ok(if is_to_stop(session, run, lease)? { Renewal::CancelRequested } else { Renewal::Held })
}

/// Says whether a job was asked to stop with its run: it was claimed before that.
fn is_to_stop(session: &Session<'_>, run: i64, lease: &Lease) -> Result<bool, Error> {
    if state_of(session, run)? != State::Canceling {
        return Ok(false);
    }
    let noted = cancellation(session.connection, run)?;
    Ok(noted.is_none_or(|noted| noted.leases.contains(&lease.token)))
}

/// Records what happened to a step.
pub(super) fn record(session: &mut Session<'_>, lease: &Lease, event: &StepEvent) -> Result<(), Error> {
    let job = held(session, lease)?;
    match event {
        StepEvent::Reported { step, report } => story::report(session, job, *step, report)?,
        StepEvent::Tagged { tag } => story::tag(session, job, tag)?,
        StepEvent::Renamed { name } => story::rename(session, job, name)?,
        StepEvent::Published { artifact } => story::publish(session, job, artifact)?,
        StepEvent::Deployed { deployed } => environment::note(session, job, deployed)?,
        StepEvent::Started { step, display_name, at, attempt } => {
            session.connection.prepare_cached("UPDATE job SET started_step = 1 WHERE seq = ?")?.execute([job])?;
            session
                .connection
                .prepare_cached(
                    "INSERT INTO step (job, step_index, display_name, state, attempt, started_at)
                     VALUES (?1, ?2, ?3, 'running', ?4, ?5)
                     ON CONFLICT (job, step_index) DO UPDATE
                     SET display_name = ?3, state = 'running', result = NULL, exit_code = NULL,
                         attempt = ?4, started_at = ?5, finished_at = NULL",
                )?
                .execute(params![job, step, display_name, attempt, micros(*at)])?;
        }
        StepEvent::Completed { step, display_name, result, exit_code, at } => {
            session
                .connection
                .prepare_cached(
                    "INSERT INTO step (job, step_index, display_name, state, result, exit_code, attempt, finished_at)
                     VALUES (?1, ?2, ?3, 'completed', ?4, ?5, 0, ?6)
                     ON CONFLICT (job, step_index) DO UPDATE
                     SET display_name = ?3, state = 'completed', result = ?4, exit_code = ?5, finished_at = ?6",
                )?
                .execute(params![job, step, display_name, result.word(), exit_code, micros(*at)])?;
        }
    }
    Ok(())
}

/// Returns the number of a series for the run of a leased job.
pub(super) fn count(session: &Session<'_>, lease: &Lease, series: &Series) -> Result<i64, Error> {
    story::count(session, held(session, lease)?, series)
}

/// Returns what the jobs of a leased job's run agree on.
pub(super) fn agree(
    session: &Session<'_>,
    lease: &Lease,
    name: &str,
    proposal: Option<&str>,
) -> Result<Option<String>, Error> {
    story::agree(session, held(session, lease)?, name, proposal)
}

/// Completes a job, and decides what follows.
pub(super) fn finish(session: &mut Session<'_>, lease: &Lease, outcome: &JobOutcome) -> Result<(), Error> {
    let job = held(session, lease)?;
    story::hand_on(session, job, &outcome.outputs)?;
    let run = complete(session, job, outcome.result, outcome.reason.as_deref(), outcome.at)?;
    settle(session, run, session.now.at)?;
    turn::work_off(session, session.now.at)
}

/// Hands a job back: it is due again, or canceled with its run.
pub(super) fn hand_back(session: &mut Session<'_>, lease: &Lease) -> Result<HandedBack, Error> {
    let now = session.now.at;
    let job = held(session, lease)?;
    let run = run_of(session, job)?;
    let is_canceled = is_to_stop(session, run, lease)?;
    if is_canceled {
        complete(session, job, RunResult::Canceled, Some(HANDED_BACK_CANCELED), now)?;
        settle(session, run, now)?;
    } else {
        make_due_again(session, job, Begun::Uncounted, now)?;
    }
    turn::work_off(session, now)?;
    Ok(if is_canceled { HandedBack::Canceled } else { HandedBack::Again })
}

/// Returns the row of a job whose lease holds.
pub(super) fn held(session: &Session<'_>, lease: &Lease) -> Result<i64, Error> {
    session
        .connection
        .prepare_cached("SELECT seq FROM job WHERE id = ? AND state = 'leased' AND token = ? AND lease_until > ?")?
        .query_row(params![lease.job.as_str(), lease.token, micros(session.now.steady)], |row| row.get(0))
        .optional()?
        .ok_or(Error::Lost)
}

/// Completes a leased job and returns its run. Steps that were running end with it.
fn complete(
    session: &Session<'_>,
    job: i64,
    result: RunResult,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<i64, Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE step
             SET state = 'completed', result = ?, finished_at = ?
             WHERE job = ? AND state = 'running'",
        )?
        .execute(params![result.word(), micros(at), job])?;
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'completed', result = ?, reason = ?, finished_at = ?,
                 worker = NULL, token = NULL, lease_until = NULL
             WHERE seq = ?",
        )?
        .execute(params![result.word(), reason, micros(at), job])?;
    run_of(session, job)
}

/// Asks a run to stop; what no worker has is decided at once.
pub(super) fn cancel(session: &mut Session<'_>, run: &RunId) -> Result<Option<State>, Error> {
    let found: Option<i64> = session
        .connection
        .prepare_cached("SELECT seq FROM run WHERE id = ?")?
        .query_row([run.as_str()], |row| row.get(0))
        .optional()?;
    let Some(seq) = found else { return Ok(None) };
    let now = session.now.at;
    let state = cancel_run(session, seq, None, now)?;
    turn::work_off(session, now)?;
    Ok(Some(state))
}

/// As [`cancel`], by the run's row, with a sentence where no person asked. What follows for other runs
/// is noted only.
pub(super) fn cancel_run(
    session: &mut Session<'_>,
    seq: i64,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<State, Error> {
    let state = state_of(session, seq)?;
    if state == State::Completed {
        return Ok(state);
    }
    session
        .connection
        .prepare_cached("UPDATE run SET state = 'canceling', reason = coalesce(reason, ?) WHERE seq = ?")?
        .execute(params![reason, seq])?;
    if state == State::Queued {
        let lane = lane_of(session, seq)?;
        session.memory.waiting.leave(&lane);
        cancel_unstarted(session, seq, reason, now)?;
        return Ok(State::Completed);
    }
    note_cancellation(session.connection, seq)?;
    // What was due is decided again, now that the run is canceled.
    session
        .connection
        .prepare_cached(
            "UPDATE job SET state = 'waiting', due_at = NULL, aside = NULL WHERE run = ? AND state = 'due'",
        )?
        .execute([seq])?;
    settle(session, seq, now)?;
    state_of(session, seq)
}

fn state_of(session: &Session<'_>, run: i64) -> Result<State, Error> {
    let state = session
        .connection
        .prepare_cached("SELECT state FROM run WHERE seq = ?")?
        .query_row([run], |row| state_at(row, "state"))?;
    Ok(state)
}

/// Returns the connection of a run, empty for one that was started by hand.
fn lane_of(session: &Session<'_>, run: i64) -> Result<String, Error> {
    let lane = session
        .connection
        .prepare_cached("SELECT coalesce(connection, '') FROM run WHERE seq = ?")?
        .query_row([run], |row| row.get(0))?;
    Ok(lane)
}

/// Puts the ends of leases off by the time between two moments of the store's clock, of those that were not over at the
/// first. Called in a transaction.
pub(super) fn put_off(connection: &Connection, since: Timestamp, until: Timestamp) -> Result<(), Error> {
    let by = micros(until).saturating_sub(micros(since)).max(0);
    connection
        .prepare_cached("UPDATE job SET lease_until = lease_until + ? WHERE state = 'leased' AND lease_until > ?")?
        .execute([by, micros(since)])?;
    Ok(())
}

/// Says whether a sweep would find anything, beside the writer. `steady` is the machine's own count.
pub(super) fn is_any_over(connection: &Connection, steady: Timestamp) -> Result<bool, Error> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM job WHERE state = 'leased' AND lease_until <= ? + (SELECT coalesce(max(ahead), 0) FROM steady)
             LIMIT 1",
        )?
        .exists([micros(steady)])?;
    Ok(found)
}

/// Ends leases that are over, or all of them.
pub(super) fn sweep(session: &mut Session<'_>, everyone: bool) -> Result<Vec<Swept>, Error> {
    let now = session.now;
    let over = if everyone { i64::MAX } else { micros(now.steady) };
    let mut lost: Vec<(i64, bool, Swept)> = Vec::new();
    {
        // Sorted by something that no index has: by the place itself all jobs would be gone through, also those that ended.
        let mut query = session.connection.prepare_cached(
            "SELECT job.seq, job.id, run.id, job.started_step AND job.pool <> ?2, job.begun, job.attempts,
                    job.token
             FROM job
             JOIN run ON run.seq = job.run
             WHERE job.state = 'leased' AND job.lease_until <= ?1
             ORDER BY +job.seq",
        )?;
        let mut rows = query.query(params![over, AGENTLESS_POOL])?;
        while let Some(row) = rows.next()? {
            let job = JobId::from_stored(&row.get::<_, String>(1)?);
            let run = RunId::from_stored(&row.get::<_, String>(2)?);
            let (has_started, begun, allowed): (bool, u32, u32) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let fate = after_loss(has_started, begun + u32::from(has_started), allowed);
            let again = fate == AfterLoss::Again;
            lost.push((row.get(0)?, has_started, Swept { job, run, token: row.get(6)?, again }));
        }
    }
    for (job, has_started, swept) in &mut lost {
        swept.again = swept.again && (!*has_started || begins_again(session, *job)?);
        if swept.again {
            make_due_again(session, *job, Begun::Counted, now.at)?;
        } else {
            let run = complete(session, *job, RunResult::Failed, Some(ABANDONED), now.at)?;
            settle(session, run, now.at)?;
        }
        turn::work_off(session, now.at)?;
    }
    Ok(lost.into_iter().map(|(_, _, swept)| swept).collect())
}

/// Gives a job back for another attempt, or one that needs no worker; if its run was canceled
/// before it had started a step, it is decided anew. What the lost attempt had told of its steps goes with it, but for a
/// job that only waits: its question stands.
fn make_due_again(session: &mut Session<'_>, job: i64, begun: Begun, now: Timestamp) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'waiting', worker = NULL, token = NULL, lease_until = NULL, started_at = NULL,
                 begun = begun + (?3 AND started_step AND pool <> ?2), started_step = 0, again_at = ?4
             WHERE seq = ?1",
        )?
        .execute(params![job, AGENTLESS_POOL, begun == Begun::Counted, micros(now)])?;
    for table in ["step", "report"] {
        session
            .connection
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE job = ?1 AND (SELECT pool FROM job WHERE seq = ?1) <> ?2"
            ))?
            .execute(params![job, AGENTLESS_POOL])?;
    }
    let run = run_of(session, job)?;
    settle(session, run, now)
}

/// Returns the run of a job. (`RETURNING` would make a table in memory for its one row.)
fn run_of(session: &Session<'_>, job: i64) -> Result<i64, Error> {
    let run =
        session.connection.prepare_cached("SELECT run FROM job WHERE seq = ?")?.query_row([job], |row| row.get(0))?;
    Ok(run)
}

pub(super) fn until(now: Timestamp, lease: Duration) -> i64 {
    micros(now).saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX))
}
