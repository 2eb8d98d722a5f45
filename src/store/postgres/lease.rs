//! Who may execute a job: claim, renew, record, finish, hand back, cancel, sweep.
//!
//! Every write about a leased job names the lease's token, and says that the lease is not over;
//! no row found means that the lease is lost.
//!
//! # Rows and who waits for whom
//! SQLite has one writer; here many write at once. Whoever decides about a run (finish, hand back, cancel, sweep)
//! has the run's row first and its jobs' rows then. A claim takes both rows or passes them over, and so
//! waits for nobody. What a step tells needs its job's row alone.

use super::environment;
use super::fault::Fault;
use super::form::Forms;
use super::graph::{board, cancel_unstarted, settle};
use super::matrix;
use super::pause;
use super::row::{from_json, number, number_at, state_at, text, text_or_none, unreadable};
use super::session::{Database, Parameters, Session};
use super::story;
use super::turn;
use crate::id::{DeliveryId, JobId, RunId, WorkerId};
use crate::pipeline::plan::AGENTLESS_POOL;
use crate::run::{AfterLoss, Board, RunResult, Series, State, after_loss};
use crate::store::model::{ABANDONED, Begun, HANDED_BACK_CANCELED};
use crate::store::{Claim, Error, HandedBack, JobOutcome, Lease, Renewal, StepEvent, Swept};
use jiff::Timestamp;
use std::sync::Arc;
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
                    run.state = 'canceling' AS is_canceled, work.form, work.\"values\", run.seq,
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
        run_canceled: row.try_get("is_canceled")?,
        plan: forms.plan(session, row.try_get("form")?, &values).await?,
    };
    matrix::fill_in(session, run, &mut claim.plan).await?;
    let stage = &claim.plan.stages[claim.stage];
    if !stage.depends_on.is_empty() || !stage.jobs[claim.job].depends_on.is_empty() {
        claim.board = board(session, run, &claim.plan).await?;
    }
    Ok(claim)
}

/// Extends a lease.
pub(super) async fn renew(session: &Session, lease: &Lease, by: Duration) -> Result<Renewal, Fault> {
    let row = session
        .row(
            "UPDATE job
             SET lease_until = $1
             WHERE id = $2 AND state = 'leased' AND token = $3 AND lease_until > $4
             RETURNING (SELECT run.state = 'canceling' FROM run WHERE run.seq = job.run)",
            &[&until(session.steady, by), &lease.job.as_str(), &lease.token, &session.steady],
        )
        .await?;
    let row = row.ok_or(Error::Lost)?;
    Ok(if row.try_get(0)? { Renewal::CancelRequested } else { Renewal::Held })
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
    let is_canceled = lock_run(session, run).await? == State::Canceling;
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
    let [turns, run, job] = session.prepared([turn::LOCK_OF_JOB, RUN, HELD]).await?;
    let id = lease.job.as_str();
    let of_turns: Parameters<'_> = &[&turn::LOCK, &id];
    let (of_run, of_job): (Parameters<'_>, Parameters<'_>) = (&[&id], &[&id, &lease.token, &session.steady]);
    let (_, _, row) = tokio::try_join!(
        biased;
        session.client().query_opt(&turns, of_turns),
        session.client().query_opt(&run, of_run),
        session.client().query_opt(&job, of_job),
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
    // What was due is decided again, now that the run is canceled.
    session
        .run("UPDATE job SET state = 'waiting', due_at = NULL, aside = NULL WHERE run = $1 AND state = 'due'", &[&seq])
        .await?;
    if state == State::Queued {
        cancel_unstarted(session, forms, seq, reason).await?;
    } else {
        settle(session, forms, seq).await?;
    }
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
             WHERE state = 'leased' AND ($1 OR lease_until <= $2)
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
            "SELECT id, started_step AND pool <> $4 AS has_started, begun, attempts
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
    let again = fate == AfterLoss::Again;
    if again {
        give_back(session, job, Begun::Counted).await?;
    } else {
        complete(session, job, RunResult::Failed, Some(ABANDONED), session.now).await?;
    }
    settle(session, forms, run).await?;
    turn::work_off(session, forms).await?;
    Ok(Some(Swept { job: JobId::from_stored(found.try_get("id")?), run: run_id, again }))
}

/// Gives a job back for another attempt; if its run was canceled meanwhile, it is decided anew. What the
/// lost attempt had told of its steps goes with it, but for a job that only waits: its question stands.
async fn give_back(session: &Session, job: i64, begun: Begun) -> Result<(), Fault> {
    session
        .run(
            "UPDATE job
             SET state = 'waiting', worker = NULL, token = NULL, lease_until = NULL, started_at = NULL,
                 begun = begun + ($2 AND started_step AND pool <> $3)::integer, started_step = false
             WHERE seq = $1",
            &[&job, &(begun == Begun::Counted), &AGENTLESS_POOL],
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

fn until(now: Timestamp, lease: Duration) -> Timestamp {
    now.checked_add(lease).unwrap_or(Timestamp::MAX)
}
