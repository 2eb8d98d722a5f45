//! Which job is next, and the lease on it: see `lease.rs` for what follows.

use super::counter::Scope;
use super::filing;
use super::graph::board;
use super::lease::until;
use super::matrix;
use super::pause;
use super::row::{from_json, micros, moment, unreadable};
use super::story;
use super::writer::Session;
use crate::id::{DeliveryId, JobId, RunId, WorkerId};
use crate::run::Board;
use crate::store::{Claim, Error, Lease};
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// The series of fencing tokens.
const TOKEN: &str = "token";

/// A wish for a job.
pub(super) struct Request {
    pub(super) worker: WorkerId,
    pub(super) pools: Vec<String>,
    pub(super) lease: Duration,
}

/// How many paused jobs one claim sets aside before it gives way to others.
const PASSED_OVER_MAX: usize = 1_000;

/// Says whether a claim might find anything, beside the writer.
pub(super) fn is_anything_due(connection: &Connection, pools: &[String]) -> Result<bool, Error> {
    if filing::is_behind(connection)? {
        return Ok(true);
    }
    Ok(first_due(connection, pools)?.is_some())
}

/// Leases the first due job that is not held back.
pub(super) fn claim(session: &mut Session<'_>, request: &Request) -> Result<Option<Claim>, Error> {
    for _ in 0..PASSED_OVER_MAX {
        let Some(due) = first_due(session.connection, &request.pools)? else { return Ok(None) };
        if !pause::set_aside(session, due.job)? {
            return lease(session, request, due).map(Some);
        }
    }
    Ok(None)
}

fn lease(session: &mut Session<'_>, request: &Request, due: Due) -> Result<Claim, Error> {
    let job = due.job;
    let Session { connection, memory, .. } = session;
    let token = memory.counters.next(connection, Scope::Store, TOKEN)?.cast_signed();
    let priority = -due.urgency;
    memory.counters.raise(connection, Scope::Clock, &priority.to_string(), due.rank)?;
    let now = micros(session.now.at);
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'leased', due_at = NULL, aside = NULL, attempt = attempt + 1,
                 worker = ?, token = ?, lease_until = ?, started_at = ?
             WHERE seq = ?",
        )?
        .execute(params![request.worker.as_str(), token, until(session.now.steady, request.lease), now, job])?;
    let started = session
        .connection
        .prepare_cached(
            "UPDATE run
             SET state = 'running', started_at = ?
             WHERE seq = (SELECT run FROM job WHERE seq = ?) AND state = 'queued'",
        )?
        .execute(params![now, job])?;
    session.memory.waiting = session.memory.waiting.saturating_sub(started as u64);
    claimed(session, job, token)
}

/// A due job, in the order of claims.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    urgency: i64,
    rank: u64,
    job: i64,
}

/// Returns the first due job of some pools. Each pool is asked by itself: in one question about
/// several, all of their jobs would be put in order.
fn first_due(connection: &Connection, pools: &[String]) -> Result<Option<Due>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT urgency, rank, seq
         FROM job
         WHERE state = 'due' AND aside IS NULL AND pool = ?
         ORDER BY urgency, rank, seq
         LIMIT 1",
    )?;
    let mut first = None;
    for pool in pools {
        let found = query
            .query_row([pool], |row| Ok(Due { urgency: row.get(0)?, rank: row.get(1)?, job: row.get(2)? }))
            .optional()?;
        first = [first, found].into_iter().flatten().min();
    }
    Ok(first)
}

fn claimed(session: &mut Session<'_>, job: i64, token: i64) -> Result<Claim, Error> {
    let Session { connection, memory, .. } = session;
    let mut query = connection.prepare_cached(
        "SELECT job.id, run.id, run.number, run.name, run.queued_at, run.delivery,
                job.stage_index, job.job_index, job.attempt, work.form, work.\"values\",
                run.seq, job.leg_index, (SELECT min(asked_at) FROM wait WHERE wait.job = job.seq)
         FROM job
         JOIN run ON run.seq = job.run
         JOIN work ON work.run = job.run
         WHERE job.seq = ?",
    )?;
    let mut rows = query.query([job])?;
    let row = rows.next()?.ok_or_else(|| unreadable("a job without a run"))?;
    let seq = row.get(11)?;
    let mut claim = Claim {
        lease: Lease { job: JobId::from_stored(&row.get::<_, String>(0)?), token },
        run: RunId::from_stored(&row.get::<_, String>(1)?),
        number: row.get(2)?,
        name: row.get(3)?,
        queued_at: moment(row.get(4)?)?,
        delivery: row.get::<_, Option<String>>(5)?.map(|id| DeliveryId::from_stored(&id)),
        stage: row.get(6)?,
        job: row.get(7)?,
        leg: row.get(12)?,
        attempt: row.get(8)?,
        asked_at: row.get::<_, Option<i64>>(13)?.map(moment).transpose()?,
        board: Board::default(),
        artifacts: story::taken_artifacts(connection, seq)?,
        plan: memory.forms.plan(connection, row.get(9)?, &from_json::<Vec<String>>(&row.get::<_, String>(10)?)?)?,
    };
    matrix::fill_in(connection, seq, &mut claim.plan)?;
    let stage = &claim.plan.stages[claim.stage];
    if !stage.depends_on.is_empty() || !stage.jobs[claim.job].depends_on.is_empty() {
        claim.board = board(connection, seq, &claim.plan)?;
    }
    Ok(claim)
}
