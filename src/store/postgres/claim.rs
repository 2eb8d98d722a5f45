//! Which job is next, and the lease on it: see `lease.rs` for what follows, and for who waits for whom.

use super::fault::Fault;
use super::form::Forms;
use super::graph::board;
use super::lease::until;
use super::matrix;
use super::pause;
use super::row::{from_json, number_at, unreadable};
use super::session::{Database, Session};
use super::story;
use crate::id::{DeliveryId, JobId, RunId, WorkerId};
use crate::run::Board;
use crate::store::{Claim, Lease};
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

/// How many paused jobs one claim sets aside before it gives way to others.
const PASSED_OVER_MAX: usize = 1_000;

/// Returns the pool with the first due job, looked at without a lock. Each pool is asked by itself: in one
/// question about several, all of their jobs would be put in order.
async fn first_pool(session: &Session, pools: &[String]) -> Result<Option<String>, Fault> {
    let row = session
        .row(
            "SELECT asked.pool
             FROM unnest($1::text[]) AS asked (pool)
             CROSS JOIN LATERAL (SELECT urgency, rank, seq
                                 FROM job
                                 WHERE state = 'due' AND aside IS NULL AND job.pool = asked.pool
                                 ORDER BY urgency, rank, seq
                                 LIMIT 1) AS first
             ORDER BY first.urgency, first.rank, first.seq
             LIMIT 1",
            &[&pools],
        )
        .await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// What a look for a job has found.
enum Found {
    /// This one.
    Job(Box<Claim>, Advance),
    /// None that may be claimed, but paused ones were set aside: another may be behind them.
    Paused,
    /// Only jobs that others are about to change.
    Busy,
}

/// How far the clock of ranks has to go on.
struct Advance {
    priority: i64,
    rank: i64,
}

/// Leases the first due job that is not held back, of those that nobody is changing at this moment.
pub(super) async fn claim(database: &Database, forms: &Forms, request: &Request) -> Result<Option<Claim>, Fault> {
    let Request { worker, pools, lease } = request;
    let mut looks = 0;
    while looks < LOOKS_MAX {
        let look = database.read(|session| Box::pin(async move { first_pool(&session, pools).await }));
        let Some(pool) = look.await? else { return Ok(None) };
        let pool = &pool;
        let found =
            database.write(|session| Box::pin(async move { lease_one(&session, forms, worker, pool, *lease).await }));
        match found.await? {
            Found::Job(claim, advance) => {
                go_on(database, &advance).await;
                return Ok(Some(*claim));
            }
            Found::Paused => {}
            Found::Busy => {
                tokio::time::sleep(LOOK_PAUSE * 2_u32.pow(looks)).await;
                looks += 1;
            }
        }
    }
    Ok(None)
}

/// Brings the clock of ranks to the rank that was claimed: in a transaction of its own, so that claims do
/// not wait for each other. Where it fails, a connection that had no work for a while may come a little
/// earlier than it should.
async fn go_on(database: &Database, Advance { priority, rank }: &Advance) {
    let advance = database.write_lightly(|session| {
        Box::pin(async move {
            session
                .run(
                    "INSERT INTO counter (scope, key, value)
                     VALUES ('clock', $1, $2)
                     ON CONFLICT (scope, key) DO UPDATE
                     SET value = excluded.value
                     WHERE counter.value < excluded.value",
                    &[&priority.to_string(), rank],
                )
                .await
        })
    });
    if let Err(fault) = advance.await {
        tracing::debug!(?fault, "the clock of ranks stands still");
    }
}

async fn lease_one(
    session: &Session,
    forms: &Forms,
    worker: &WorkerId,
    pool: &str,
    lease: Duration,
) -> Result<Found, Fault> {
    for passed_over in 0..PASSED_OVER_MAX {
        let Some(due) = lock_first(session, pool).await? else {
            return Ok(if passed_over > 0 { Found::Paused } else { Found::Busy });
        };
        let (job, run): (i64, i64) = (due.try_get("seq")?, due.try_get("run")?);
        if pause::set_aside(session, job, run).await? {
            continue;
        }
        let token = lease_row(session, worker, job, run, lease).await?;
        let claim = claimed(session, forms, job, token).await?;
        let advance = Advance { priority: -due.try_get::<_, i64>("urgency")?, rank: due.try_get("rank")? };
        return Ok(Found::Job(Box::new(claim), advance));
    }
    Ok(Found::Paused)
}

/// Takes the rows of the first due job of a pool and of its run.
async fn lock_first(session: &Session, pool: &str) -> Result<Option<Row>, Fault> {
    session
        .row(
            "SELECT job.seq, job.run, job.urgency, job.rank
             FROM job
             JOIN run ON run.seq = job.run
             WHERE job.state = 'due' AND job.aside IS NULL AND job.pool = $1
             ORDER BY job.urgency, job.rank, job.seq
             LIMIT 1
             FOR NO KEY UPDATE OF job, run SKIP LOCKED",
            &[&pool],
        )
        .await
}

async fn lease_row(session: &Session, worker: &WorkerId, job: i64, run: i64, lease: Duration) -> Result<i64, Fault> {
    let row = session
        .one(
            "UPDATE job
             SET state = 'leased', due_at = NULL, aside = NULL, attempt = attempt + 1,
                 worker = $1, token = nextval('token'), lease_until = $2, started_at = $3
             WHERE seq = $4
             RETURNING token",
            &[&worker.as_str(), &until(session.steady, lease), &session.now, &job],
        )
        .await?;
    session
        .run(
            "UPDATE run
             SET state = 'running', started_at = $1
             WHERE seq = $2 AND state = 'queued'",
            &[&session.now, &run],
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
        asked_at: row.try_get("asked_at")?,
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
