//! What is held back. Due jobs of a paused pipeline or connection are set aside when a claim meets the first of
//! them, so that they cost claims once, however many there are; resuming takes them back bit by bit.

use super::fault::Fault;
use super::form::Forms;
use super::row::text;
use super::session::Session;
use super::turn::{self, Afterwards};
use crate::store::paused::NOT_PAUSED;
use crate::store::{Pausable, Pause};
use tokio_postgres::Row;

/// How many jobs one transaction takes back, so that others need not wait for all of them.
pub(super) const TAKEN_BACK_MAX: i64 = 2_000;
/// How many jobs one statement looks at that sets paused ones aside.
const SET_ASIDE_MAX: i64 = 1_000;

/// Begins a pause. Runs are passed over now in the groups in which they wait, so others may go on. When it began is
/// counted and shown by one clock, the database's.
pub(super) async fn pause(session: &Session, forms: &Forms, what: &Pausable) -> Result<(), Fault> {
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
    admit_in_groups_of(session, forms, what).await
}

/// Ends a pause, and lets runs go on that waited in groups meanwhile. Says whether there was one.
pub(super) async fn resume(session: &Session, forms: &Forms, what: &Pausable) -> Result<bool, Fault> {
    let (kind, name) = what.parts();
    turn::lock(session).await?;
    let deleted = session.run("DELETE FROM pause WHERE kind = $1 AND name = $2", &[&kind, &text(name)]).await?;
    admit_in_groups_of(session, forms, what).await?;
    Ok(deleted > 0)
}

/// Brings the jobs of something that is paused to when they would be due if the pause had not been: how long they
/// have waited says something about the queue. Looks at some jobs after a place, and returns the last of them.
pub(super) async fn leave_out(session: &Session, what: &Pausable, after: i64) -> Result<Option<i64>, Fault> {
    let (kind, name) = what.parts();
    let rows = session
        .rows(
            "UPDATE job
             SET aside = 'paused', due_at = due_at + ($3 - greatest(due_at, pause.since))
             FROM pause
             WHERE pause.kind = $1 AND pause.name = $2 AND pause.since <= $3
               AND job.seq IN (SELECT job.seq
                               FROM job
                               JOIN run ON run.seq = job.run
                               WHERE job.state = 'due' AND coalesce(job.aside, 'paused') = 'paused' AND job.seq > $4
                                 AND CASE $1 WHEN 'pipeline' THEN run.pipeline = $2 ELSE run.connection = $2 END
                               ORDER BY job.seq
                               LIMIT $5
                               FOR NO KEY UPDATE OF job SKIP LOCKED)
             RETURNING job.seq",
            &[&kind, &text(name), &session.steady, &after, &TAKEN_BACK_MAX],
        )
        .await?;
    let places = rows.iter().map(|row| Ok::<i64, Fault>(row.try_get(0)?));
    Ok(places.collect::<Result<Vec<_>, _>>()?.into_iter().max())
}

/// Looks again who goes on in the groups in which runs of something wait.
async fn admit_in_groups_of(session: &Session, forms: &Forms, what: &Pausable) -> Result<(), Fault> {
    let (kind, name) = what.parts();
    let groups = session
        .rows(
            "SELECT DISTINCT turn.\"group\"
             FROM turn
             JOIN run ON run.seq = turn.run
             WHERE turn.state = 'waiting'
               AND CASE $1 WHEN 'pipeline' THEN run.pipeline = $2 ELSE run.connection = $2 END",
            &[&kind, &text(name)],
        )
        .await?;
    for row in groups {
        session.note_afterwards(Afterwards::Admit(row.try_get(0)?));
    }
    turn::work_off(session, forms).await
}

/// Takes back jobs that were set aside for a pause that is over, some of them. Returns how many.
pub(super) async fn take_back(session: &Session) -> Result<u64, Fault> {
    session
        .run(
            &format!(
                "UPDATE job
                 SET aside = NULL
                 WHERE seq IN (SELECT job.seq
                               FROM job
                               JOIN run ON run.seq = job.run
                               WHERE job.aside = 'paused'
                                 AND {NOT_PAUSED}
                               LIMIT $1
                               FOR NO KEY UPDATE OF job)"
            ),
            &[&TAKEN_BACK_MAX],
        )
        .await
}

/// Says whether the pipeline or the connection of a run is paused.
pub(super) async fn is_paused(session: &Session, run: i64) -> Result<bool, Fault> {
    let row = session
        .row(
            "SELECT pause.kind
             FROM run
             JOIN pause ON (pause.kind = 'pipeline' AND pause.name = run.pipeline)
                        OR (pause.kind = 'connection' AND pause.name = run.connection)
             WHERE run.seq = $1
             LIMIT 1",
            &[&run],
        )
        .await?;
    Ok(row.is_some())
}

/// Sets aside what is paused among the first [`SET_ASIDE_MAX`] due jobs of a pipeline and of those whose names come
/// after its own, in a pool and of a priority; returns how many. The pauses are held meanwhile: who ends one takes back
/// what was set aside for it.
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
            "UPDATE job
             SET aside = 'paused'
             WHERE seq IN (SELECT seq
                           FROM job
                           WHERE state = 'due' AND aside IS NULL
                             AND seq IN (SELECT seq
                                         FROM (SELECT seq, pipeline, lane
                                               FROM job
                                               WHERE state = 'due' AND aside IS NULL AND pool = $1 AND urgency = $2
                                                 AND pipeline >= '' AND pipeline >= $3
                                               ORDER BY pipeline, run, seq
                                               LIMIT $4) AS first
                                         WHERE pipeline = ANY ($5) OR lane = ANY ($6))
                           FOR NO KEY UPDATE SKIP LOCKED)",
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
