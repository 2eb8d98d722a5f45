//! Which pools are served, and by whom: by the database's clock, whatever those of the machines say.

use super::due::{DUE, DUE_BY_PIPELINE};
use super::fault::Fault;
use super::row::{key, number};
use super::session::Session;
use crate::store::attendance::{ABSENT_AFTER, ATTENDANCES_MAX, REMEMBERED, WAITING_POOLS_MAX, pools, wait_sentence};
use crate::store::{Attendance, PoolDetail, WorkerSeen};
use std::collections::HashMap;
use tokio_postgres::Row;

/// Notes that a worker is at work, and forgets those that are long gone. Rows are taken in the order of their
/// names, so that no two workers wait for each other.
pub(super) async fn note(session: &Session, attendance: &Attendance) -> Result<(), Fault> {
    let pools: Vec<_> = attendance.pools().map(key).collect();
    session
        .run(
            "INSERT INTO attendance (pool, host, seen_at)
             SELECT pool, $2, $3
             FROM unnest($1::text[]) AS own (pool)
             ORDER BY pool
             ON CONFLICT (pool, host) DO UPDATE
             SET seen_at = excluded.seen_at",
            &[&pools, &key(attendance.host()), &session.now],
        )
        .await?;
    session
        .run(
            "DELETE FROM attendance
             WHERE (pool, host) IN (SELECT pool, host
                                    FROM attendance
                                    WHERE seen_at < $1::timestamptz - make_interval(secs => $2)
                                       OR seen_at < (SELECT seen_at
                                                     FROM attendance
                                                     ORDER BY seen_at DESC
                                                     LIMIT 1 OFFSET $3)
                                    FOR UPDATE SKIP LOCKED)",
            &[&session.now, &REMEMBERED.as_secs_f64(), &number(ATTENDANCES_MAX)],
        )
        .await?;
    Ok(())
}

/// Returns the pools that are served, were served or are waited for.
pub(super) async fn all(session: &Session) -> Result<Vec<PoolDetail>, Fault> {
    let rows = session
        .rows(
            "SELECT pool, host, seen_at,
                    seen_at > coalesce($1::timestamptz, clock_timestamp()) - make_interval(secs => $2) AS at_work
             FROM attendance
             ORDER BY seen_at DESC, host",
            &[&session.own_now, &ABSENT_AFTER.as_secs_f64()],
        )
        .await?;
    let seen = |row: &Row| {
        let worker = WorkerSeen {
            host: row.try_get("host")?,
            seen_at: row.try_get("seen_at")?,
            at_work: row.try_get("at_work")?,
        };
        Ok((row.try_get("pool")?, worker))
    };
    let seen: Vec<(String, WorkerSeen)> = rows.iter().map(seen).collect::<Result<_, Fault>>()?;
    Ok(pools(seen, waiting(session).await?))
}

/// Returns the pools of jobs that are due, one step in the index for each: of one there may be very many jobs.
async fn waiting(session: &Session) -> Result<Vec<String>, Fault> {
    let rows = session
        .rows(
            &format!(
                "WITH RECURSIVE waiting (pool) AS (
                     SELECT min(pool) FROM job WHERE {DUE_BY_PIPELINE}
                     UNION ALL
                     SELECT (SELECT min(job.pool) FROM job WHERE {DUE_BY_PIPELINE} AND job.pool > waiting.pool)
                     FROM waiting
                     WHERE pool IS NOT NULL
                 )
                 SELECT pool FROM waiting WHERE pool IS NOT NULL LIMIT $1"
            ),
            &[&number(WAITING_POOLS_MAX)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Returns for each run of which a job is due in a pool that nobody serves what it waits for.
pub(super) async fn missed(session: &Session, runs: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let rows = session
        .rows(
            &format!(
                "SELECT DISTINCT ON (job.run) job.run, job.pool, last.host, last.seen_at
             FROM job
             LEFT JOIN LATERAL (SELECT host, seen_at
                                FROM attendance
                                WHERE attendance.pool = job.pool
                                ORDER BY seen_at DESC
                                LIMIT 1) AS last ON TRUE
             WHERE job.run = ANY($1) AND {DUE}
               AND (last.seen_at IS NULL
                    OR last.seen_at <= coalesce($2::timestamptz, clock_timestamp()) - make_interval(secs => $3))
             ORDER BY job.run, job.pool"
            ),
            &[&runs, &session.own_now, &ABSENT_AFTER.as_secs_f64()],
        )
        .await?;
    let sentence = |row: &Row| {
        let host: Option<&str> = row.try_get("host")?;
        let last = host.zip(row.try_get("seen_at")?);
        Ok((row.try_get("run")?, wait_sentence(row.try_get("pool")?, last)))
    };
    rows.iter().map(sentence).collect()
}
