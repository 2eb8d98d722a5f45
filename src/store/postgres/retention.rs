//! Forgetting what is old, a little at a time, so that nobody who writes waits long. Numbers of runs,
//! series and what was counted stay. The rows' room is used again: the database's own vacuum sees to it.

use super::accept::KEPT_BYTES;
use super::fault::Fault;
use super::pool::Pool;
use super::row::{from_json, number};
use super::session::Session;
use super::{Shared, repeat, roster};
use crate::id::RunId;
use crate::store::lent::{self, Ledger, Taken};
use crate::store::{Error, Forgotten, Lent, StepReport, Upkeep};
use deadpool_postgres::Object;
use jiff::Timestamp;

/// How many deliveries one transaction forgets, and how many bytes of them.
const DELIVERIES_AT_ONCE: i64 = 500;
const BYTES_AT_ONCE: i64 = 8 * 1024 * 1024;
/// What the lock of who keeps the store small is told from others by. Stores of other schemas have others.
const UPKEEP_LOCK_CLASS: i32 = 0x7069;

/// The tables that have rows of a run, those before that others refer to.
const OF_JOB: [&str; 4] = ["step", "report", "wait", "deployment"];
const OF_RUN: [&str; 9] = ["output", "tag", "artifact", "series_use", "matrix", "turn", "agreement", "job", "work"];

/// Takes the right to keep the store small, unless another process has it.
pub(super) async fn upkeep(pool: &Pool) -> Result<Option<Upkeep>, Fault> {
    let client = pool.get().await?;
    let row =
        client.query_one("SELECT pg_try_advisory_lock($1, hashtext(current_schema()))", &[&UPKEEP_LOCK_CLASS]).await?;
    let is_ours: bool = row.try_get(0)?;
    Ok(is_ours.then(|| Upkeep::held(Held(Some(client)))))
}

/// A lock that goes with its connection.
struct Held(Option<Object>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// Returns the database's time.
pub(super) async fn present(session: &Session) -> Result<Timestamp, Fault> {
    Ok(session.one("SELECT coalesce($1, clock_timestamp())", &[&session.own_now]).await?.try_get(0)?)
}

/// Returns completed runs that ended before a moment, the earliest first.
pub(super) async fn expired(session: &Session, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Fault> {
    // Ids sort by the time at which their runs were queued, which was earlier still.
    let milliseconds = u64::try_from(before.as_millisecond()).unwrap_or(0);
    let first_after = RunId::new(milliseconds, [0; 10]);
    let sql = format!(
        "SELECT id
         FROM run
         WHERE id < $1 AND state = 'completed' AND finished_at < $2 AND id NOT IN ({})
         ORDER BY id
         LIMIT $3",
        lent::NEEDED
    );
    let rows = session.rows(&sql, &[&first_after.as_str(), &before, &number(limit)]).await?;
    rows.iter().map(|row| Ok(RunId::from_stored(row.try_get(0)?))).collect()
}

/// Forgets completed runs; others are left.
pub(super) async fn forget_runs(shared: &Shared, runs: &[RunId]) -> Result<(), Error> {
    let ids: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let ids = &ids;
    shared.database.write(|session| Box::pin(async move { forget_rows(&session, ids).await })).await?;
    // What is known of forms may be of one that is gone.
    shared.forms.forget();
    Ok(())
}

async fn forget_rows(session: &Session, ids: &[&str]) -> Result<(), Fault> {
    // Who runs one of them again at this moment is waited for, or finds it gone.
    let rows = session
        .rows(
            "SELECT run.seq, work.form
             FROM run
             JOIN work ON work.run = run.seq
             WHERE run.id = ANY ($1) AND run.state = 'completed'
             ORDER BY run.seq
             FOR UPDATE OF run",
            &[&ids],
        )
        .await?;
    let runs: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let forms: Vec<i64> = rows.iter().map(|row| row.try_get(1)).collect::<Result<_, _>>()?;
    for table in OF_JOB {
        let sql = format!("DELETE FROM {table} WHERE job IN (SELECT seq FROM job WHERE run = ANY ($1))");
        session.run(&sql, &[&runs]).await?;
    }
    for table in OF_RUN {
        session.run(&format!("DELETE FROM {table} WHERE run = ANY ($1)"), &[&runs]).await?;
    }
    session.run("DELETE FROM run WHERE seq = ANY ($1)", &[&runs]).await?;
    forget_forms(session, &forms).await
}

/// Forgets forms that no run has. Who is filing a run with one of them is waited for first, so that the
/// second statement sees that run.
async fn forget_forms(session: &Session, forms: &[i64]) -> Result<(), Fault> {
    session.rows("SELECT seq FROM form WHERE seq = ANY ($1) ORDER BY seq FOR UPDATE", &[&forms]).await?;
    session
        .run(
            "DELETE FROM form
             WHERE seq = ANY ($1) AND NOT EXISTS (SELECT 1 FROM work WHERE work.form = form.seq)",
            &[&forms],
        )
        .await?;
    Ok(())
}

/// Forgets the earliest deliveries: those received before a moment, and more while all have more bytes, with headers and
/// decisions, than are kept. Repeats of them are still answered.
pub(super) async fn forget_deliveries(
    session: &Session,
    before: Timestamp,
    bytes_max: Option<u64>,
) -> Result<Forgotten, Fault> {
    repeat::forget_over(session).await?;
    let all: i64 = session
        .one(
            "WITH gathered AS (DELETE FROM body_bytes RETURNING bytes)
             SELECT coalesce(sum(bytes), 0)::bigint FROM gathered",
            &[],
        )
        .await?
        .try_get(0)?;
    let rows = session
        .rows(
            &format!("SELECT seq, received_at, ({KEPT_BYTES})::bigint FROM delivery ORDER BY seq LIMIT $1"),
            &[&DELIVERIES_AT_ONCE],
        )
        .await?;
    let (mut earliest, mut gone): (Vec<i64>, i64) = (Vec::new(), 0);
    for row in &rows {
        let (received_at, bytes): (Timestamp, i64) = (row.try_get(1)?, row.try_get(2)?);
        let is_over = bytes_max.is_some_and(|most| all - gone > number(most));
        if gone > BYTES_AT_ONCE || !(received_at < before || is_over) {
            break;
        }
        gone += bytes;
        earliest.push(row.try_get(0)?);
    }
    session
        .run(
            "UPDATE repeat
             SET runs = delivery.runs
             FROM delivery
             WHERE delivery.seq = ANY ($1) AND repeat.delivery = delivery.id",
            &[&earliest],
        )
        .await?;
    session.run("DELETE FROM delivery WHERE seq = ANY ($1)", &[&earliest]).await?;
    session.run("INSERT INTO body_bytes (bytes) VALUES ($1)", &[&(all - gone).max(0)]).await?;
    roster::forget(session, before).await?;
    Ok(Forgotten { deliveries: earliest.len() as u64, is_all: earliest.is_empty() })
}

/// Returns the runs whose artifacts or files reruns have taken.
pub(super) async fn lent(session: &Session) -> Result<Vec<Lent>, Fault> {
    let mut ledger = Ledger::default();
    for sql in [lent::ARTIFACTS, lent::LOANS] {
        for row in &session.rows(sql, &[]).await? {
            ledger.note(&Taken { by: row.try_get(0)?, ended: row.try_get(1)?, path: row.try_get(2)? });
        }
    }
    let reports = session.rows(lent::REPORTS, &[]).await?;
    for row in &reports {
        for file in from_json::<StepReport>(row.try_get(2)?)?.files {
            ledger.note(&Taken { by: row.try_get(0)?, ended: row.try_get(1)?, path: &file.path });
        }
    }
    Ok(ledger.close())
}
