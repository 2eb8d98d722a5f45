//! What steps wait for: asked once, answered once.

use super::fault::Fault;
use super::lease;
use super::row::{number, number_at, text, text_or_none, unreadable};
use super::session::Session;
use crate::store::{Answer, Answered, Approval, Asking, Lease, Question, TIME_LIMIT, Wait, WaitKind};
use jiff::Timestamp;
use std::collections::HashMap;
use tokio_postgres::Row;

/// How far a question is, looked at without a lock.
pub(super) enum Standing {
    /// It is to be written down, or its time is over.
    Due,
    Waiting,
    Answered(Answer),
}

/// Looks how far a question is, without writing.
pub(super) async fn look(session: &Session, lease: &Lease, question: &Question) -> Result<Standing, Fault> {
    let row = session
        .row(
            "SELECT wait.*, coalesce(wait.until <= coalesce($3, clock_timestamp()), false) AS is_over
             FROM wait
             JOIN job ON job.seq = wait.job
             WHERE job.id = $1 AND wait.step_index = $2",
            &[&lease.job.as_str(), &number(question.step), &session.own_steady],
        )
        .await?;
    let Some(row) = row else { return Ok(Standing::Due) };
    Ok(match wait_of(&row)?.answer {
        Some(answer) => Standing::Answered(answer),
        None if row.try_get("is_over")? => Standing::Due,
        None => Standing::Waiting,
    })
}

/// Writes a question down, if it is new, and answers it, if its time is over.
pub(super) async fn ask(session: &Session, lease: &Lease, question: &Question) -> Result<Option<Answer>, Fault> {
    let job = lease::held(session, lease).await?;
    let (step, steady) = (number(question.step), session.steady);
    // The clock of leases is the one that people are shown: it is the database's.
    let until = question.limit.map(|limit| steady.checked_add(limit).unwrap_or(Timestamp::MAX));
    session
        .run(
            "INSERT INTO wait (job, step_index, kind, instructions, asked_at, until, on_timeout)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (job, step_index) DO NOTHING",
            &[
                &job,
                &step,
                &question.kind.word(),
                &text(&question.instructions),
                &steady,
                &until,
                &question.on_timeout.word(),
            ],
        )
        .await?;
    answer_if_over(session, job, question.step).await?;
    let row = session.one("SELECT * FROM wait WHERE job = $1 AND step_index = $2", &[&job, &step]).await?;
    Ok(wait_of(&row)?.answer)
}

/// Answers what a step of a job asks as it is answered by itself, if its time is over and nobody has answered.
async fn answer_if_over(session: &Session, job: i64, step: usize) -> Result<(), Fault> {
    session
        .run(
            "UPDATE wait
             SET verdict = on_timeout, answered_by = $1, answered_at = $2
             WHERE job = $3 AND step_index = $4 AND verdict IS NULL AND until <= $5",
            &[&TIME_LIMIT, &session.now, &job, &number(step), &session.steady],
        )
        .await?;
    Ok(())
}

/// Answers what a step asks, if nobody has, and its time is not over: no worker may have looked since.
pub(super) async fn answer(session: &Session, asking: &Asking, answer: &Answer) -> Result<Answered, Fault> {
    let row =
        session.row("SELECT seq FROM job WHERE id = $1 AND state <> 'completed'", &[&asking.job.as_str()]).await?;
    if let Some(row) = row {
        let job: i64 = row.try_get("seq")?;
        answer_if_over(session, job, asking.step).await?;
        let changed = session
            .run(
                "UPDATE wait
                 SET verdict = $1, answered_by = $2, answered_at = $3, comment = $4
                 WHERE job = $5 AND step_index = $6 AND kind = 'approval' AND verdict IS NULL",
                &[
                    &answer.verdict.word(),
                    &text(&answer.by),
                    &answer.at,
                    &text_or_none(answer.comment.as_deref()),
                    &job,
                    &number(asking.step),
                ],
            )
            .await?;
        if changed > 0 {
            return Ok(Answered::Taken);
        }
    }
    let before = session
        .row(
            "SELECT *
             FROM wait
             WHERE job = (SELECT seq FROM job WHERE id = $1) AND step_index = $2 AND kind = 'approval'",
            &[&asking.job.as_str(), &number(asking.step)],
        )
        .await?;
    let before = before.as_ref().map(wait_of).transpose()?;
    Ok(before.and_then(|wait| wait.answer).map_or(Answered::NotAsked, Answered::Already))
}

/// Returns what the steps of a run wait for, by their jobs and places.
pub(super) async fn of_run(session: &Session, run: i64) -> Result<HashMap<(i64, usize), Wait>, Fault> {
    let rows =
        session.rows("SELECT wait.* FROM wait JOIN job ON job.seq = wait.job WHERE job.run = $1", &[&run]).await?;
    let wait = |row: &Row| Ok(((row.try_get("job")?, number_at(row, "step_index")?), wait_of(row)?));
    rows.iter().map(wait).collect()
}

fn wait_of(row: &Row) -> Result<Wait, Fault> {
    let approval = |word: &str| Approval::from_word(word).ok_or_else(|| unreadable(format!("unexpected {word}")));
    let kind: &str = row.try_get("kind")?;
    let verdict: Option<&str> = row.try_get("verdict")?;
    let answer = verdict.map(|verdict| {
        Ok::<_, Fault>(Answer {
            verdict: approval(verdict)?,
            by: row.try_get("answered_by")?,
            at: row.try_get("answered_at")?,
            comment: row.try_get("comment")?,
        })
    });
    Ok(Wait {
        kind: WaitKind::from_word(kind).ok_or_else(|| unreadable(format!("unexpected {kind}")))?,
        instructions: row.try_get("instructions")?,
        asked_at: row.try_get("asked_at")?,
        until: row.try_get("until")?,
        on_timeout: approval(row.try_get("on_timeout")?)?,
        answer: answer.transpose()?,
    })
}
