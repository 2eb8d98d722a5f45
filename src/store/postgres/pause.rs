//! What is held back. Due jobs of a paused pipeline or connection are set aside when a claim meets the first of
//! them, so that they cost claims once, however many there are; resuming takes them back bit by bit.

use super::due::{DUE, DUE_BY_PIPELINE};
use super::fault::Fault;
use super::form::Forms;
use super::row::{key, number, text};
use super::session::Session;
use super::turn::{self, Afterwards};
use crate::store::paused::{LANE_NOT_PAUSED, READMITTED_MAX, column};
use crate::store::{Pausable, Pause};
use tokio_postgres::Row;

/// How many jobs one transaction takes back, so that others need not wait for all of them.
pub(super) const TAKEN_BACK_MAX: i64 = 2_000;
/// How many jobs one statement looks at that sets paused ones aside.
const SET_ASIDE_MAX: i64 = 1_000;

/// Begins a pause. Runs are passed over now in the groups in which they wait, so others may go on: see [`readmit`]. When
/// it began is counted and shown by one clock, the database's.
pub(super) async fn pause(session: &Session, what: &Pausable) -> Result<(), Fault> {
    let (kind, name) = what.parts();
    turn::lock(session).await?;
    session
        .run(
            "INSERT INTO pause (kind, name, since)
             VALUES ($1, $2, $3)
             ON CONFLICT (kind, name) DO NOTHING",
            &[&kind, &text(name), &session.steady],
        )
        .await?;
    note_readmission(session, what).await
}

/// Ends a pause, so that runs may go on that waited in groups meanwhile: see [`readmit`]. Says whether there was one.
pub(super) async fn resume(session: &Session, what: &Pausable) -> Result<bool, Fault> {
    let (kind, name) = what.parts();
    turn::lock(session).await?;
    let deleted = session.run("DELETE FROM pause WHERE kind = $1 AND name = $2", &[&kind, &text(name)]).await?;
    note_readmission(session, what).await?;
    Ok(deleted > 0)
}

/// Brings the jobs of something that is paused to when they would be due if the pause had not been: how long they
/// have waited says something about the queue. All are set aside first, where no claim has met them. Looks at some
/// jobs after a place, and returns from which on others follow.
pub(super) async fn leave_out(session: &Session, what: &Pausable, after: i64) -> Result<Option<i64>, Fault> {
    let (kind, name) = what.parts();
    let column = column(kind);
    by_index(session).await?;
    let set_aside = session
        .run(
            &format!(
                "UPDATE job
                 SET aside = 'paused'
                 WHERE seq IN (SELECT seq
                               FROM job
                               WHERE {DUE_BY_PIPELINE} AND {column} = $2
                               LIMIT $3
                               FOR NO KEY UPDATE SKIP LOCKED)
                   AND EXISTS (SELECT 1 FROM pause WHERE kind = $4 AND name = $1)"
            ),
            &[&text(name), &key(name), &TAKEN_BACK_MAX, &kind],
        )
        .await?;
    if set_aside == TAKEN_BACK_MAX.unsigned_abs() {
        return Ok(Some(after));
    }
    let rows = session
        .rows(
            &format!(
                "UPDATE job
                 SET due_at = due_at + ($3 - greatest(due_at, pause.since))
                 FROM pause
                 WHERE pause.kind = $1 AND pause.name = $2 AND pause.since <= $3
                   AND job.seq IN (SELECT seq
                                   FROM job
                                   WHERE aside = 'paused' AND {column} >= '' AND {column} = $6 AND seq > $4
                                   ORDER BY seq
                                   LIMIT $5
                                   FOR NO KEY UPDATE SKIP LOCKED)
                 RETURNING job.seq"
            ),
            &[&kind, &text(name), &session.steady, &after, &TAKEN_BACK_MAX, &key(name)],
        )
        .await?;
    let places = rows.iter().map(|row| Ok::<i64, Fault>(row.try_get(0)?));
    Ok(places.collect::<Result<Vec<_>, _>>()?.into_iter().max())
}

/// Notes that it is to be looked again who goes on in the groups in which runs of something wait.
async fn note_readmission(session: &Session, what: &Pausable) -> Result<(), Fault> {
    let (kind, name) = what.parts();
    session
        .run(
            "INSERT INTO readmission (kind, name, after)
             VALUES ($1, $2, '')
             ON CONFLICT (kind, name) DO UPDATE
             SET after = excluded.after",
            &[&kind, &text(name)],
        )
        .await?;
    Ok(())
}

/// Says whether it is still to be looked in some group who goes on.
pub(super) async fn is_any_to_readmit(session: &Session) -> Result<bool, Fault> {
    Ok(session.row("SELECT 1 FROM readmission LIMIT 1", &[]).await?.is_some())
}

/// Looks who goes on in some of the groups that a pause or its end has changed. Says whether there were any.
pub(super) async fn readmit(session: &Session, forms: &Forms) -> Result<bool, Fault> {
    turn::lock(session).await?;
    let Some(noted) = session.row("SELECT kind, name, after FROM readmission LIMIT 1", &[]).await? else {
        return Ok(false);
    };
    let (kind, name, after): (&str, &str, &str) =
        (noted.try_get("kind")?, noted.try_get("name")?, noted.try_get("after")?);
    let column = column(kind);
    let groups = session
        .rows(
            &format!(
                "WITH RECURSIVE found (\"group\") AS (
                     SELECT min(\"group\")
                     FROM turn
                     WHERE state = 'waiting' AND {column} >= '' AND {column} = $1 AND \"group\" > $2
                     UNION ALL
                     SELECT (SELECT min(turn.\"group\")
                             FROM turn
                             WHERE state = 'waiting' AND {column} >= '' AND {column} = $1
                               AND turn.\"group\" > found.\"group\")
                     FROM found
                     WHERE \"group\" IS NOT NULL
                 )
                 SELECT \"group\" FROM found WHERE \"group\" IS NOT NULL LIMIT $3",
            ),
            &[&key(name), &after, &number(READMITTED_MAX)],
        )
        .await?;
    let groups = groups.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>, Fault>>()?;
    match groups.last().filter(|_| groups.len() == READMITTED_MAX) {
        Some(last) => {
            let note = "UPDATE readmission SET after = $1 WHERE kind = $2 AND name = $3";
            session.run(note, &[last, &kind, &name]).await?
        }
        None => session.run("DELETE FROM readmission WHERE kind = $1 AND name = $2", &[&kind, &name]).await?,
    };
    groups.into_iter().for_each(|group| session.note_afterwards(Afterwards::Admit(group)));
    turn::work_off(session, forms).await?;
    Ok(true)
}

/// Has the statements of a transaction planned by their indexes, as [`turn::LOCK_OF_JOB`] does.
async fn by_index(session: &Session) -> Result<(), Fault> {
    session.run("SET LOCAL enable_seqscan = off", &[]).await?;
    Ok(())
}

/// Takes back jobs that were set aside for a pause that is over, some of them. Returns how many. What is aside costs
/// one step in the index for each pipeline and lane, however many jobs it has.
pub(super) async fn take_back(session: &Session) -> Result<u64, Fault> {
    by_index(session).await?;
    session
        .run(
            &format!(
                "WITH RECURSIVE aside AS (
                     (SELECT pipeline, lane
                      FROM job
                      WHERE aside = 'paused' AND pipeline >= ''
                      ORDER BY pipeline, lane
                      LIMIT 1)
                     UNION ALL
                     SELECT following.*
                     FROM aside
                     CROSS JOIN LATERAL (SELECT job.pipeline, job.lane
                                         FROM job
                                         WHERE job.aside = 'paused' AND job.pipeline >= ''
                                           AND (job.pipeline, job.lane) > (aside.pipeline, aside.lane)
                                         ORDER BY job.pipeline, job.lane
                                         LIMIT 1) AS following
                 )
                 UPDATE job
                 SET aside = NULL
                 WHERE seq IN (SELECT taken.seq
                               FROM (SELECT pipeline, lane FROM aside WHERE {LANE_NOT_PAUSED}) AS over
                               CROSS JOIN LATERAL (SELECT job.seq
                                                   FROM job
                                                   WHERE job.aside = 'paused' AND job.pipeline >= ''
                                                     AND job.pipeline = over.pipeline AND job.lane = over.lane
                                                   ORDER BY job.seq
                                                   LIMIT $1
                                                   FOR NO KEY UPDATE OF job) AS taken
                               LIMIT $1)"
            ),
            &[&TAKEN_BACK_MAX],
        )
        .await
}

/// Sets aside what is paused among the first [`SET_ASIDE_MAX`] due jobs of a pipeline and of those whose names come
/// after its own, in a pool and of a priority; returns how many. The pauses are held meanwhile: who ends one takes back
/// what was set aside for it.
///
/// What is found goes from one query to the next as an array: of a join the planner believes that it is better off reading
/// all jobs, also those that ended.
pub(super) async fn set_aside(session: &Session, from: (&str, i64, &str)) -> Result<u64, Fault> {
    let (pool, urgency, pipeline) = from;
    let (mut pipelines, mut connections) = (Vec::new(), Vec::new());
    for row in session.rows("SELECT kind, name FROM pause FOR KEY SHARE", &[]).await? {
        let name: String = row.try_get("name")?;
        match row.try_get("kind")? {
            "pipeline" => pipelines.push(name),
            _ => connections.push(name),
        }
    }
    session
        .run(
            &format!(
                "UPDATE job
             SET aside = 'paused'
             WHERE seq = ANY (ARRAY (
                 SELECT seq
                 FROM job
                 WHERE {DUE}
                   AND seq = ANY (ARRAY (
                       SELECT seq
                       FROM (SELECT seq, pipeline, lane
                             FROM job
                             WHERE {DUE_BY_PIPELINE} AND pool = $1 AND urgency = $2 AND pipeline >= $3
                             ORDER BY pipeline, run, seq
                             LIMIT $4) AS first
                       WHERE pipeline = ANY ($5) OR lane = ANY ($6)))
                 FOR NO KEY UPDATE SKIP LOCKED))"
            ),
            &[&pool, &urgency, &pipeline, &SET_ASIDE_MAX, &pipelines, &connections],
        )
        .await
}

pub(super) async fn pauses(session: &Session) -> Result<Vec<Pause>, Fault> {
    let rows = session.rows("SELECT kind, name, since FROM pause ORDER BY kind, name COLLATE \"C\"", &[]).await?;
    let pause = |row: &Row| {
        let what = Pausable::from_parts(row.try_get("kind")?, row.try_get("name")?);
        Ok::<_, Fault>(what.map(|what| row.try_get("since").map(|since| Pause { what, since })).transpose()?)
    };
    rows.iter().filter_map(|row| pause(row).transpose()).collect()
}
