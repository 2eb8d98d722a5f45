//! A delivery, its decisions and its runs, in one commit: one row at the end of the log.

use super::counter::Scope;
use super::filing;
use super::row::{from_json, micros, to_json};
use super::turn;
use super::writer::Session;
use crate::id::{DeliveryId, RunId};
use crate::run::RunName;
use crate::store::{Acceptance, Accepted, Error, NewRun, Priority, QueuedRun, RepeatKey};
use crate::webhook::delivery::{Delivery, Outcome};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// How long it is believed which job is due longest: looking costs a little on each acceptance.
const OLDEST_BELIEVED: SignedDuration = SignedDuration::from_secs(1);

/// An acceptance with its texts made before the writer's turn, so that the one thread which
/// writes does nothing else.
pub(super) struct Rows {
    delivery: Option<DeliveryRow>,
    runs: Vec<NewRun>,
    repeat: Option<RepeatKey>,
    queue_limit: u64,
    queue_age: Option<Duration>,
}

struct DeliveryRow {
    delivery: Delivery,
    body: Vec<u8>,
    headers: String,
    verdicts: String,
}

/// A run as its delivery's row spells it, until it is filed and for repeats of the delivery.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LoggedRun<'r> {
    pub(super) id: Cow<'r, str>,
    pub(super) pipeline: Cow<'r, str>,
    pub(super) number: u64,
    pub(super) name: Cow<'r, str>,
    pub(super) form: i64,
    pub(super) values: Cow<'r, [String]>,
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) priority: Priority,
}

fn is_usual(priority: &Priority) -> bool {
    *priority == 0
}

impl LoggedRun<'_> {
    pub(super) fn queued(&self) -> QueuedRun {
        QueuedRun {
            id: RunId::from_stored(&self.id),
            pipeline: self.pipeline.clone().into_owned(),
            number: self.number,
            name: self.name.clone().into_owned(),
        }
    }
}

impl Rows {
    pub(super) fn new(acceptance: Acceptance) -> Result<Self, Error> {
        let delivery = acceptance.delivery.map(|(delivery, body)| {
            let headers = to_json(&delivery.headers)?;
            let verdicts = to_json(&delivery.pipelines)?;
            Ok::<_, Error>(DeliveryRow { delivery, body, headers, verdicts })
        });
        Ok(Self {
            delivery: delivery.transpose()?,
            runs: acceptance.runs,
            repeat: acceptance.repeat,
            queue_limit: acceptance.queue_limit,
            queue_age: acceptance.queue_age,
        })
    }

    pub(super) fn starts_runs(&self) -> bool {
        !self.runs.is_empty()
    }
}

/// Writes an acceptance. Nothing is written where the queue has no room.
pub(super) fn accept(session: &mut Session<'_>, rows: Rows) -> Result<Accepted, Error> {
    if let (Some(delivery), Some(repeat)) = (&rows.delivery, &rows.repeat)
        && let Some((first, place)) = remembered(session, &delivery.delivery, repeat)?
    {
        log(session, delivery, Some(&first), None)?;
        return Ok(Accepted::Repeat { runs: runs_at(session, place)?, of: first });
    }
    let waiting = session.memory.waiting;
    let new = rows.runs.len() as u64;
    if new > 0 && waiting + new > rows.queue_limit {
        return Err(Error::Full { waiting, limit: rows.queue_limit });
    }
    if let (Some(limit), Some(run)) = (rows.queue_age, rows.runs.first()) {
        refuse_stale(session, limit, run.queued_at)?;
    }
    session.memory.waiting += new;
    let logged: Vec<LoggedRun<'_>> = rows.runs.iter().map(|run| logged(session, run)).collect::<Result<_, _>>()?;
    match &rows.delivery {
        Some(delivery) => {
            let runs = (!logged.is_empty()).then(|| to_json(&logged)).transpose()?;
            let place = log(session, delivery, None, runs.as_deref())?;
            // One that started nothing may be sent again when it can: a pipeline was mended meanwhile.
            if let Some(repeat) = rows.repeat.as_ref().filter(|_| !logged.is_empty()) {
                remember(session, &delivery.delivery, place, repeat)?;
            }
        }
        // A run that was started by hand has no row in the log.
        None => {
            for (logged, row) in logged.iter().zip(&rows.runs) {
                filing::file_run(session, logged, row.queued_at, None)?;
                turn::work_off(session, row.queued_at)?;
            }
        }
    }
    Ok(Accepted::New(logged.iter().map(LoggedRun::queued).collect()))
}

/// Refuses where the job that is due longest has waited longer than the limit: nobody takes the work,
/// or not fast enough.
fn refuse_stale(session: &mut Session<'_>, limit: Duration, now: Timestamp) -> Result<(), Error> {
    let known = session.memory.oldest.filter(|(at, _)| now.duration_since(*at).abs() < OLDEST_BELIEVED);
    let (_, oldest) = match known {
        Some(known) => known,
        None => *session.memory.oldest.insert((now, due_longest(session)?)),
    };
    let waited = oldest.map_or(0, |due_at| micros(now).saturating_sub(due_at).max(0));
    let waited = Duration::from_micros(waited.unsigned_abs());
    if waited <= limit { Ok(()) } else { Err(Error::Stale { waited: waited.as_secs(), limit: limit.as_secs() }) }
}

/// Returns since when the job is due that is due longest, those left out that may not be claimed. What
/// is not filed yet became due when it came.
fn due_longest(session: &Session<'_>) -> Result<Option<i64>, Error> {
    let due_at: Option<i64> = session
        .connection
        .prepare_cached("SELECT min(due_at) FROM job WHERE state = 'due' AND aside IS NULL")?
        .query_row([], |row| row.get(0))?;
    let unfiled: Option<i64> = session
        .connection
        .prepare_cached("SELECT received_at FROM delivery WHERE seq > ? AND runs IS NOT NULL ORDER BY seq LIMIT 1")?
        .query_row([session.memory.filed], |row| row.get(0))
        .optional()?;
    Ok([due_at, unfiled].into_iter().flatten().min())
}

/// Gives a run its number, its name and its form.
fn logged<'r>(session: &mut Session<'_>, run: &'r NewRun) -> Result<LoggedRun<'r>, Error> {
    let (number, name) = number(session, &run.pipeline, &run.name)?;
    let Session { connection, memory } = session;
    Ok(LoggedRun {
        id: run.id.as_str().into(),
        pipeline: run.pipeline.as_str().into(),
        number,
        name: name.into(),
        form: memory.forms.place(connection, &run.work.form)?,
        values: run.work.values.as_slice().into(),
        priority: run.priority,
    })
}

/// Counts the next run of a pipeline, and the revision in its name.
pub(super) fn number(session: &mut Session<'_>, pipeline: &str, name: &RunName) -> Result<(u64, String), Error> {
    let Session { connection, memory } = session;
    let number = memory.counters.next(connection, Scope::Run, pipeline)?;
    let revision = match name.revision {
        Some(_) => {
            let key = format!("{pipeline}\n{}\n{}", name.prefix, name.suffix);
            memory.counters.next(connection, Scope::Revision, &key)?
        }
        None => 0,
    };
    Ok((number, name.with_revision(revision)))
}

/// Adds a delivery to the log and returns its place.
fn log(
    session: &mut Session<'_>,
    row: &DeliveryRow,
    repeat_of: Option<&DeliveryId>,
    runs: Option<&str>,
) -> Result<i64, Error> {
    let delivery = &row.delivery;
    let (outcome, verdicts) = match repeat_of {
        Some(_) => (Outcome::Repeat, "[]"),
        None => (delivery.outcome, row.verdicts.as_str()),
    };
    let place = session.memory.logged + 1;
    session
        .connection
        .prepare_cached(
            "INSERT INTO delivery (seq, id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body,
                                   event, secret, reason, replay_of)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            place,
            delivery.id.as_str(),
            delivery.connection,
            micros(delivery.received_at),
            outcome.word(),
            repeat_of.map(DeliveryId::as_str),
            runs,
            row.headers,
            verdicts,
            row.body,
            delivery.event,
            delivery.secret,
            delivery.reason,
            delivery.replay_of.as_ref().map(DeliveryId::as_str),
        ])?;
    session.memory.logged = place;
    Ok(place)
}

/// Returns the first delivery with a key and its place in the log, if it is remembered.
fn remembered(
    session: &Session<'_>,
    delivery: &Delivery,
    repeat: &RepeatKey,
) -> Result<Option<(DeliveryId, i64)>, Error> {
    let known = session
        .connection
        .prepare_cached("SELECT delivery, place FROM repeat WHERE connection = ? AND key = ? AND until > ?")?
        .query_row(params![delivery.connection, repeat.key, micros(delivery.received_at)], |row| {
            Ok((DeliveryId::from_stored(&row.get::<_, String>(0)?), row.get(1)?))
        })
        .optional()?;
    Ok(known)
}

/// Remembers a key, and forgets those whose time is over.
fn remember(session: &Session<'_>, delivery: &Delivery, place: i64, repeat: &RepeatKey) -> Result<(), Error> {
    let now = micros(delivery.received_at);
    let window = i64::try_from(repeat.window.as_micros()).unwrap_or(i64::MAX);
    session.connection.prepare_cached("DELETE FROM repeat WHERE until <= ?")?.execute([now])?;
    session
        .connection
        .prepare_cached("INSERT INTO repeat (connection, key, delivery, place, until) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![delivery.connection, repeat.key, delivery.id.as_str(), place, now.saturating_add(window)])?;
    Ok(())
}

/// Returns the runs that the delivery at a place of the log started; none where it is gone.
fn runs_at(session: &Session<'_>, place: i64) -> Result<Vec<QueuedRun>, Error> {
    let runs: Option<String> = session
        .connection
        .prepare_cached(
            "SELECT coalesce((SELECT runs FROM delivery WHERE seq = ?1), (SELECT runs FROM repeat WHERE place = ?1))",
        )?
        .query_row([place], |row| row.get(0))?;
    let Some(runs) = runs else { return Ok(Vec::new()) };
    let runs: Vec<LoggedRun<'_>> = from_json(&runs)?;
    Ok(runs.iter().map(LoggedRun::queued).collect())
}
