//! What steps wait for: asked once, answered once.

use super::lease;
use super::row::{micros, moment, moment_at, unreadable};
use super::writer::Session;
use crate::store::{Answer, Answered, Approval, Asking, Error, Lease, Question, TIME_LIMIT, Wait, WaitKind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;

/// How far a question is, looked at beside the writer.
pub(super) enum Standing {
    /// It is to be written down, or its time is over.
    Due,
    Waiting,
    Answered(Answer),
}

/// Looks how far a question is, without writing.
pub(super) fn look(
    connection: &Connection,
    lease: &Lease,
    question: &Question,
    now: Timestamp,
) -> Result<Standing, Error> {
    let found = connection
        .prepare_cached(
            "SELECT wait.*
             FROM wait
             JOIN job ON job.seq = wait.job
             WHERE job.id = ? AND wait.step_index = ?",
        )?
        .query_row(params![lease.job.as_str(), question.step], wait_of)
        .optional()?;
    Ok(match found {
        None => Standing::Due,
        Some(Wait { answer: Some(answer), .. }) => Standing::Answered(answer),
        Some(wait) if wait.until.is_some_and(|until| until <= now) => Standing::Due,
        Some(_) => Standing::Waiting,
    })
}

/// Writes a question down, if it is new, and answers it, if its time is over.
pub(super) fn ask(session: &mut Session<'_>, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
    let job = lease::held(session, lease)?;
    let now = session.now.at;
    session
        .connection
        .prepare_cached(
            "INSERT OR IGNORE INTO wait (job, step_index, kind, instructions, asked_at, until, on_timeout)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job,
            question.step,
            question.kind.word(),
            question.instructions,
            micros(now),
            question.until.map(micros),
            question.on_timeout.word(),
        ])?;
    session
        .connection
        .prepare_cached(
            "UPDATE wait
             SET verdict = on_timeout, answered_by = ?, answered_at = ?
             WHERE job = ? AND step_index = ? AND verdict IS NULL AND until <= ?",
        )?
        .execute(params![TIME_LIMIT, micros(now), job, question.step, micros(now)])?;
    let wait = session
        .connection
        .prepare_cached("SELECT * FROM wait WHERE job = ? AND step_index = ?")?
        .query_row(params![job, question.step], wait_of)?;
    Ok(wait.answer)
}

/// Answers what a step asks, if nobody has.
pub(super) fn answer(session: &mut Session<'_>, asking: &Asking, answer: &Answer) -> Result<Answered, Error> {
    let changed = session
        .connection
        .prepare_cached(
            "UPDATE wait
             SET verdict = ?, answered_by = ?, answered_at = ?, comment = ?
             WHERE job = (SELECT seq FROM job WHERE id = ? AND state <> 'completed')
               AND step_index = ? AND kind = 'approval' AND verdict IS NULL",
        )?
        .execute(params![
            answer.verdict.word(),
            answer.by,
            micros(answer.at),
            answer.comment,
            asking.job.as_str(),
            asking.step,
        ])?;
    if changed > 0 {
        return Ok(Answered::Taken);
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
