//! Which job is next, and the lease on it: see `lease.rs` for what follows, and for who waits for whom.

use super::due::DUE_BY_PIPELINE;
use super::fault::Fault;
use super::form::Forms;
use super::graph::board;
use super::lease::until;
use super::matrix;
use super::pause;
use super::row::{from_json, number_at, state_at, unreadable};
use super::session::{Database, Session};
use super::story;
use crate::id::{DeliveryId, JobId, RunId, WorkerId};
use crate::run::{Board, State};
use crate::store::paused::{LANE_NOT_PAUSED, NOT_PAUSED};
use crate::store::{Claim, Lease};
use jiff::Timestamp;
use std::time::Duration;
use tokio_postgres::Row;

/// How often a claim looks again that found only jobs which others were about to change.
const LOOKS_MAX: u32 = 5;
/// How long it waits before, at first.
const LOOK_PAUSE: Duration = Duration::from_millis(2);

/// A wish for a job.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) worker: WorkerId,
    pub(super) pools: Vec<String>,
    pub(super) lease: Duration,
}

/// How many pipelines one look has at hand, should all jobs of the first be in other hands.
const HEADS_MAX: i64 = 16;

/// A pipeline that has a due job in one of the pools asked for, as it was seen without a lock.
struct Head {
    pool: String,
    urgency: i64,
    pipeline: String,
    is_paused: bool,
}

/// Returns the pipelines that have a job of their pool's highest priority: those whose first job is paused, as others
/// are behind it, and then the one whose first job is next:
/// the more urgent, then the one whose lane was served longest ago in any of the pools, then the one that came
/// first. Each pipeline costs one step in the index of pipelines, however many jobs it has.
async fn next_heads(session: &Session, pools: &[String]) -> Result<Vec<Head>, Fault> {
    let rows = session
        .rows(
            &format!(
                "WITH RECURSIVE head AS (
                 SELECT first.*
                 FROM unnest($1::text[]) AS asked (pool)
                 CROSS JOIN LATERAL (SELECT job.pool, urgency, pipeline, lane, run, seq
                                     FROM job
                                     WHERE {DUE_BY_PIPELINE} AND job.pool = asked.pool
                                     ORDER BY urgency, pipeline, run, seq
                                     LIMIT 1) AS first
                 UNION ALL
                 SELECT following.*
                 FROM head
                 CROSS JOIN LATERAL (SELECT job.pool, job.urgency, job.pipeline, job.lane, job.run, job.seq
                                     FROM job
                                     WHERE {DUE_BY_PIPELINE}
                                       AND job.pool = head.pool AND job.urgency = head.urgency
                                       AND job.pipeline > head.pipeline
                                     ORDER BY job.pipeline, job.run, job.seq
                                     LIMIT 1) AS following
             )
             SELECT pool, urgency, pipeline, NOT ({LANE_NOT_PAUSED}) AS is_paused
             FROM head
             ORDER BY is_paused DESC, urgency,
                      coalesce((SELECT max(served) FROM lane WHERE lane.name = head.lane AND lane.pool = ANY ($1)), 0),
                      run, seq
             LIMIT $2"
            ),
            &[&pools, &HEADS_MAX],
        )
        .await?;
    let head = |row: &Row| {
        Ok(Head {
            pool: row.try_get("pool")?,
            urgency: row.try_get("urgency")?,
            pipeline: row.try_get("pipeline")?,
            is_paused: row.try_get("is_paused")?,
        })
    };
    rows.iter().map(head).collect()
}

/// What a look for a job of a pipeline has found.
enum Found {
    /// This one, of this lane.
    Job(Box<Claim>, String),
    /// Paused ones, and some were set aside; or one that was paused after it was seen.
    Paused,
    /// Only jobs that others are about to change.
    Busy,
}

/// Leases the first due job that is not held back, of those that nobody is changing at this moment.
pub(super) async fn claim(database: &Database, forms: &Forms, request: &Request) -> Result<Option<Claim>, Fault> {
    let mut looks = 0;
    while looks < LOOKS_MAX {
        let pools = &request.pools;
        let heads = database.read(|session| Box::pin(async move { next_heads(&session, pools).await })).await?;
        let Some(first) = heads.first() else { return Ok(None) };
        let found = match first.is_paused {
            true => set_aside(database, first).await?,
            false => claim_of(database, forms, request, &heads).await?,
        };
        match found {
            Found::Job(claim, _) => return Ok(Some(*claim)),
            Found::Paused => {}
            Found::Busy => {
                tokio::time::sleep(LOOK_PAUSE * 2_u32.pow(looks)).await;
                looks += 1;
            }
        }
    }
    Ok(None)
}

/// Sets aside what is paused, from a pipeline on, a part of it at once.
async fn set_aside(database: &Database, head: &Head) -> Result<Found, Fault> {
    let from = (&*head.pool, head.urgency, &*head.pipeline);
    let count =
        database.write_lightly(|session| Box::pin(async move { pause::set_aside(&session, from).await })).await?;
    Ok(if count > 0 { Found::Paused } else { Found::Busy })
}

/// Leases a job of the first pipeline that has one in nobody's hands.
async fn claim_of(database: &Database, forms: &Forms, request: &Request, heads: &[Head]) -> Result<Found, Fault> {
    for head in heads {
        let found =
            database.write(|session| Box::pin(async move { lease_one(&session, forms, request, head).await })).await?;
        match found {
            Found::Busy => {}
            Found::Paused => return Ok(found),
            Found::Job(ref claim, ref lane) => {
                note_served(database, &head.pool, lane, claim.lease.token).await;
                return Ok(found);
            }
        }
    }
    Ok(Found::Busy)
}

/// Notes that a lane has had its turn: in a transaction of its own, so that claims do not wait for each other.
/// Where it fails, the lane may come once more than it should.
async fn note_served(database: &Database, pool: &str, lane: &str, token: i64) {
    let noted = database.write_lightly(|session| {
        Box::pin(async move {
            session
                .run(
                    "INSERT INTO lane (pool, name, served)
                     VALUES ($1, $2, $3)
                     ON CONFLICT (pool, name) DO UPDATE
                     SET served = excluded.served
                     WHERE lane.served < excluded.served",
                    &[&pool, &lane, &token],
                )
                .await
        })
    });
    if let Err(fault) = noted.await {
        tracing::debug!(?fault, "a lane's turn was not noted");
    }
}

/// Leases the first due job of a pipeline that nobody is changing. A run that others begin or cancel at this moment is
/// passed over; one that runs is not looked at, so that its jobs are claimed while others of them end.
async fn lease_one(session: &Session, forms: &Forms, request: &Request, head: &Head) -> Result<Found, Fault> {
    let mut after = None;
    while let Some(due) = lock_first(session, head, after).await? {
        if due.try_get("is_paused")? {
            return Ok(Found::Paused);
        }
        let (job, run): (i64, i64) = (due.try_get("seq")?, due.try_get("run")?);
        if state_at(&due, "state")? == State::Queued && !begin_run(session, run).await? {
            after = Some(run);
            continue;
        }
        let token = lease_row(session, &request.worker, job, request.lease).await?;
        let claim = claimed(session, forms, job, token).await?;
        return Ok(Found::Job(Box::new(claim), due.try_get("lane")?));
    }
    Ok(Found::Busy)
}

/// Takes the row of the first due job of a pipeline that nobody is changing, of the runs after one if any is named. Its run is
/// looked up by itself (which is what `OFFSET 0` says): joined in order, all runs would be read that came before it.
async fn lock_first(session: &Session, head: &Head, after: Option<i64>) -> Result<Option<Row>, Fault> {
    session
        .row(
            &format!(
                "SELECT job.seq, job.run, job.lane, run.state, NOT ({NOT_PAUSED}) AS is_paused
                 FROM job
                 CROSS JOIN LATERAL (SELECT state, pipeline, connection FROM run WHERE seq = job.run OFFSET 0) AS run
                 WHERE {DUE_BY_PIPELINE} AND job.pool = $1 AND job.urgency = $2
                   AND job.pipeline = $3 AND job.run > $4
                 ORDER BY job.run, job.seq
                 LIMIT 1
                 FOR NO KEY UPDATE OF job SKIP LOCKED"
            ),
            &[&head.pool, &head.urgency, &head.pipeline, &after.unwrap_or(i64::MIN)],
        )
        .await
}

/// Notes that the first job of a run was claimed. Says whether it was this one: others may have the run's row, or have
/// begun it since it was seen.
async fn begin_run(session: &Session, run: i64) -> Result<bool, Fault> {
    let begun = session
        .run(
            "UPDATE run
             SET state = 'running', started_at = $1
             WHERE seq = (SELECT seq
                          FROM run
                          WHERE seq = $2 AND state = 'queued'
                          FOR NO KEY UPDATE SKIP LOCKED)",
            &[&session.now, &run],
        )
        .await?;
    Ok(begun > 0)
}

async fn lease_row(session: &Session, worker: &WorkerId, job: i64, lease: Duration) -> Result<i64, Fault> {
    let row = session
        .one(
            "UPDATE job
             SET state = 'leased', due_at = NULL, aside = NULL, again_at = NULL, attempt = attempt + 1,
                 worker = $1, token = nextval('token'), lease_until = $2, started_at = $3
             WHERE seq = $4
             RETURNING token",
            &[&worker.as_str(), &until(session.steady, lease), &session.now, &job],
        )
        .await?;
    Ok(row.try_get("token")?)
}

async fn claimed(session: &Session, forms: &Forms, job: i64, token: i64) -> Result<Claim, Fault> {
    let row = session
        .row(
            "SELECT job.id AS job, run.id AS run, run.number, run.name, run.queued_at, run.delivery,
                    job.stage_index, job.job_index, job.leg_index, job.attempt,
                    work.form, work.\"values\", run.seq,
                    (SELECT min(asked_at) FROM wait WHERE wait.job = job.seq) AS asked_at
             FROM job
             JOIN run ON run.seq = job.run
             JOIN work ON work.run = job.run
             WHERE job.seq = $1",
            &[&job],
        )
        .await?
        .ok_or_else(|| unreadable("a job without a run"))?;
    let run = row.try_get("seq")?;
    let values: Vec<String> = from_json(row.try_get("values")?)?;
    let waited = row.try_get::<_, Option<Timestamp>>("asked_at")?.map(|at| session.steady.duration_since(at));
    let mut claim = Claim {
        lease: Lease { job: JobId::from_stored(row.try_get("job")?), token },
        run: RunId::from_stored(row.try_get("run")?),
        number: number_at(&row, "number")?,
        name: row.try_get("name")?,
        queued_at: row.try_get("queued_at")?,
        delivery: row.try_get::<_, Option<&str>>("delivery")?.map(DeliveryId::from_stored),
        stage: number_at(&row, "stage_index")?,
        job: number_at(&row, "job_index")?,
        leg: number_at(&row, "leg_index")?,
        attempt: number_at(&row, "attempt")?,
        waited: waited.map(|waited| Duration::try_from(waited).unwrap_or_default()),
        board: Board::default(),
        artifacts: story::taken_artifacts(session, run).await?,
        plan: forms.plan(session, row.try_get("form")?, &values).await?,
    };
    matrix::fill_in(session, run, &mut claim.plan).await?;
    let stage = &claim.plan.stages[claim.stage];
    if !stage.depends_on.is_empty() || !stage.jobs[claim.job].depends_on.is_empty() {
        claim.board = board(session, run, &claim.plan).await?;
    }
    Ok(claim)
}
