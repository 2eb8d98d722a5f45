//! What steps wait for: asked once, answered once.

use super::lease;
use super::row::{micros, moment, moment_at, unreadable};
use super::writer::{Now, Session};
use crate::store::{Answer, Answered, Approval, Asking, Error, Lease, Question, TIME_LIMIT, Wait, WaitKind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::time::Duration;

/// How far a question is, looked at beside the writer.
pub(super) enum Standing {
    /// It is to be written down, or its time is over.
    Due,
    Waiting,
    Answered(Answer),
}

/// Whether the time of a row of `wait` is over: at `?1` by the store's clock, or at `?2` by the time of day where an
/// earlier version has asked. Nothing where there is no such time.
const IS_OVER: &str = "coalesce(over_at <= ?1, until <= ?2)";

/// Looks how far a question is, without writing. `now` is by the store's clock.
pub(super) fn look(connection: &Connection, lease: &Lease, question: &Question, now: Now) -> Result<Standing, Error> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT wait.*, coalesce({IS_OVER}, 0) AS is_over
             FROM wait
             JOIN job ON job.seq = wait.job
             WHERE job.id = ?3 AND wait.step_index = ?4"
        ))?
        .query_row(params![micros(now.steady), micros(now.at), lease.job.as_str(), question.step], |row| {
            Ok((wait_of(row)?, row.get::<_, bool>("is_over")?))
        })
        .optional()?;
    Ok(match found {
        None | Some((Wait { answer: None, .. }, true)) => Standing::Due,
        Some((Wait { answer: Some(answer), .. }, _)) => Standing::Answered(answer),
        Some((Wait { answer: None, .. }, false)) => Standing::Waiting,
    })
}

/// Writes a question down, if it is new, and answers it, if its time is over.
pub(super) fn ask(session: &mut Session<'_>, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
    let job = lease::held(session, lease)?;
    let Now { at, steady } = session.now;
    let after =
        |moment: Timestamp| question.limit.map(|limit| micros(moment.checked_add(limit).unwrap_or(Timestamp::MAX)));
    session
        .connection
        .prepare_cached(
            "INSERT OR IGNORE INTO wait (job, step_index, kind, instructions, asked_at, until, over_at, on_timeout)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job,
            question.step,
            question.kind.word(),
            question.instructions,
            micros(at),
            after(at),
            after(steady),
            question.on_timeout.word(),
        ])?;
    answer_if_over(session, job, question.step)?;
    let wait = session
        .connection
        .prepare_cached("SELECT * FROM wait WHERE job = ? AND step_index = ?")?
        .query_row(params![job, question.step], wait_of)?;
    Ok(wait.answer)
}

/// Answers what a step of a job asks as it is answered by itself, if its time is over and nobody has answered.
fn answer_if_over(session: &Session<'_>, job: i64, step: usize) -> Result<(), Error> {
    let Now { at, steady } = session.now;
    session
        .connection
        .prepare_cached(&format!(
            "UPDATE wait
             SET verdict = on_timeout, answered_by = ?3, answered_at = ?2
             WHERE job = ?4 AND step_index = ?5 AND verdict IS NULL AND {IS_OVER}"
        ))?
        .execute(params![micros(steady), micros(at), TIME_LIMIT, job, step])?;
    Ok(())
}

/// Answers what a step asks, if nobody has, and its time is not over: no worker may have looked since.
pub(super) fn answer(session: &mut Session<'_>, asking: &Asking, answer: &Answer) -> Result<Answered, Error> {
    let job: Option<i64> = session
        .connection
        .prepare_cached("SELECT seq FROM job WHERE id = ? AND state <> 'completed'")?
        .query_row([asking.job.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(job) = job {
        answer_if_over(session, job, asking.step)?;
        let changed = session
            .connection
            .prepare_cached(
                "UPDATE wait
                 SET verdict = ?, answered_by = ?, answered_at = ?, comment = ?
                 WHERE job = ? AND step_index = ? AND kind = 'approval' AND verdict IS NULL",
            )?
            .execute(params![answer.verdict.word(), answer.by, micros(answer.at), answer.comment, job, asking.step])?;
        if changed > 0 {
            return Ok(Answered::Taken);
        }
    }
    let before = session
        .connection
        .prepare_cached(
            "SELECT *
             FROM wait
             WHERE job = (SELECT seq FROM job WHERE id = ?) AND step_index = ? AND kind = 'approval'",
        )?
        .query_row(params![asking.job.as_str(), asking.step], wait_of)
        .optional()?;
    Ok(before.and_then(|wait| wait.answer).map_or(Answered::NotAsked, Answered::Already))
}

/// Returns how long ago a job first asked something, by the store's clock; by the time of day where an earlier version
/// has asked.
pub(super) fn since_asked(connection: &Connection, job: i64, now: Now) -> Result<Option<Duration>, Error> {
    // What is between the two is the limit, so it leads from the one clock to the other.
    let micros = connection
        .prepare_cached(
            "SELECT max(coalesce(?1 - (over_at - (until - asked_at)), ?2 - asked_at))
             FROM wait
             WHERE job = ?3",
        )?
        .query_row(params![micros(now.steady), micros(now.at), job], |row| row.get::<_, Option<i64>>(0))?;
    Ok(micros.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0))))
}

/// Returns what the steps of a job wait for, by their places.
pub(super) fn of_job(connection: &Connection, job: i64) -> Result<HashMap<usize, Wait>, Error> {
    let mut query = connection.prepare_cached("SELECT * FROM wait WHERE job = ?")?;
    let waits = query.query_map([job], |row| Ok((row.get("step_index")?, wait_of(row)?)))?;
    Ok(waits.collect::<Result<_, _>>()?)
}

fn wait_of(row: &Row<'_>) -> rusqlite::Result<Wait> {
    let approval = |word: String| Approval::from_word(&word).ok_or_else(|| conversion(&word));
    let kind: String = row.get("kind")?;
    let verdict: Option<String> = row.get("verdict")?;
    let answer = verdict.map(|verdict| {
        Ok::<_, rusqlite::Error>(Answer {
            verdict: approval(verdict)?,
            by: row.get("answered_by")?,
            at: moment(row.get("answered_at")?)?,
            comment: row.get("comment")?,
        })
    });
    Ok(Wait {
        kind: WaitKind::from_word(&kind).ok_or_else(|| conversion(&kind))?,
        instructions: row.get("instructions")?,
        asked_at: moment(row.get("asked_at")?)?,
        until: moment_at(row, "until")?,
        on_timeout: approval(row.get("on_timeout")?)?,
        answer: answer.transpose()?,
    })
}

fn conversion(word: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, unreadable(word).into())
}
