//! Which job is next, and the lease on it: see `lease.rs` for what follows.

use super::counter::Scope;
use super::due::DUE;
use super::filing;
use super::graph::board;
use super::lease::until;
use super::matrix;
use super::pause;
use super::row::{from_json, micros, moment, to_json, unreadable};
use super::story;
use super::wait;
use super::writer::Session;
use crate::id::{DeliveryId, JobId, RunId, WorkerId};
use crate::run::Board;
use crate::store::paused::LANE_NOT_PAUSED;
use crate::store::{Claim, Error, Lease};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// The series of fencing tokens.
const TOKEN: &str = "token";

/// A wish for a job.
pub(super) struct Request {
    pub(super) worker: WorkerId,
    pub(super) pools: Vec<String>,
    pub(super) lease: Duration,
}

/// How often one claim sets paused jobs aside ([`pause::SET_ASIDE_MAX`] at once). What is behind more than that
/// has its turn at a later claim.
const SET_ASIDE_ROUNDS: usize = 10;

/// Says whether a claim might find anything, beside the writer.
pub(super) fn is_anything_due(connection: &Connection, pools: &[String]) -> Result<bool, Error> {
    if filing::is_behind(connection)? {
        return Ok(true);
    }
    let mut query = connection.prepare_cached(&format!("SELECT 1 FROM job WHERE {DUE} AND pool = ? LIMIT 1"))?;
    pools.iter().try_fold(false, |is_due, pool| Ok(is_due || query.exists([pool])?))
}

/// Leases the first due job that is not held back.
pub(super) fn claim(session: &mut Session<'_>, request: &Request) -> Result<Option<Claim>, Error> {
    match next_head(session.connection, request)? {
        Some(head) => lease(session, request, &head).map(Some),
        None => Ok(None),
    }
}

fn lease(session: &mut Session<'_>, request: &Request, head: &Head) -> Result<Claim, Error> {
    let Session { connection, memory, .. } = session;
    let token = memory.counters.next(connection, Scope::Store, TOKEN)?.cast_signed();
    note_served(connection, head, token)?;
    let now = micros(session.now.at);
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET state = 'leased', due_at = NULL, aside = NULL, again_at = NULL, attempt = attempt + 1,
                 worker = ?, token = ?, lease_until = ?, started_at = ?
             WHERE seq = ?",
        )?
        .execute(params![request.worker.as_str(), token, until(session.now.steady, request.lease), now, head.job])?;
    let started = session
        .connection
        .prepare_cached(
            "UPDATE run
             SET state = 'running', started_at = ?
             WHERE seq = ? AND state = 'queued'",
        )?
        .execute(params![now, head.run])?;
    if started > 0 {
        session.memory.waiting.leave(&head.lane);
    }
    claimed(session, head.job, token)
}

/// The first due job of a pipeline in one of the pools asked for.
struct Head {
    pool: String,
    urgency: i64,
    pipeline: String,
    lane: String,
    /// When the lane was served last in any of the pools, as a fencing token: 0 for never.
    served: i64,
    run: i64,
    job: i64,
    is_paused: bool,
}

impl Head {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            pool: row.get(0)?,
            urgency: row.get(1)?,
            pipeline: row.get(2)?,
            lane: row.get(3)?,
            served: row.get(4)?,
            run: row.get(5)?,
            job: row.get(6)?,
            is_paused: row.get(7)?,
        })
    }

    /// Returns what is compared where several wait: the more urgent first, then the one whose lane was
    /// served longest ago, then the one that came first.
    fn order(&self) -> (i64, i64, i64, i64) {
        (self.urgency, self.served, self.run, self.job)
    }
}

/// Returns the query for the first of some jobs: one step in the index of pipelines, however many each has.
fn head(but: &str) -> String {
    format!(
        "SELECT pool, urgency, pipeline, lane,
                coalesce((SELECT max(served)
                          FROM lane
                          WHERE lane.name = job.lane AND lane.pool IN (SELECT value FROM json_each(?2))), 0),
                run, seq, NOT ({LANE_NOT_PAUSED})
         FROM job
         WHERE {DUE} AND pool = ?1 {but}
         LIMIT 1"
    )
}

/// Returns the job that is next in the pools asked for, looking at the first of each pipeline that has a job of the
/// pool's highest priority. What is paused is set aside on the way, so that it hides nothing that is behind it.
fn next_head(connection: &Connection, request: &Request) -> Result<Option<Head>, Error> {
    let pools = to_json(&request.pools)?;
    let mut first = connection.prepare_cached(&head("ORDER BY urgency, pipeline, run, seq"))?;
    let mut following =
        connection.prepare_cached(&head("AND urgency = ?3 AND pipeline > ?4 ORDER BY pipeline, run, seq"))?;
    let mut next: Option<Head> = None;
    let mut rounds = 0;
    for pool in &request.pools {
        let mut found = first.query_row(params![pool, pools], Head::from_row).optional()?;
        while let Some(head) = found {
            if head.is_paused && rounds < SET_ASIDE_ROUNDS {
                rounds += 1;
                pause::set_aside(connection, (&head.pool, head.urgency, &head.pipeline))?;
                // From the beginning: it may have been the last job of its priority.
                found = first.query_row(params![pool, pools], Head::from_row).optional()?;
                continue;
            }
            let behind = params![pool, pools, head.urgency, head.pipeline];
            found = following.query_row(behind, Head::from_row).optional()?;
            if !head.is_paused && next.as_ref().is_none_or(|it| head.order() < it.order()) {
                next = Some(head);
            }
        }
    }
    Ok(next)
}

/// Notes that a lane has had its turn.
fn note_served(connection: &Connection, head: &Head, token: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO lane (pool, name, served)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (pool, name) DO UPDATE
             SET served = ?3",
        )?
        .execute(params![head.pool, head.lane, token])?;
    Ok(())
}

fn claimed(session: &mut Session<'_>, job: i64, token: i64) -> Result<Claim, Error> {
    let Session { connection, memory, now, .. } = session;
    let mut query = connection.prepare_cached(
        "SELECT job.id, run.id, run.number, run.name, run.queued_at, run.delivery,
                job.stage_index, job.job_index, job.attempt, work.form, work.\"values\",
                run.seq, job.leg_index
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
        waited: wait::since_asked(connection, job, *now)?,
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
