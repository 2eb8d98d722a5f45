//! A delivery, its decisions and its runs, in one commit: one row at the end of the log.

use super::counter::Scope;
use super::due::DUE;
use super::entry::{Assigned, Entry};
use super::filing::{self, Times};
use super::row::{micros, to_json};
use super::steady::{self, AHEAD_OF_DAY};
use super::turn;
use super::waiting::Waiting;
use super::writer::Session;
use crate::id::{DeliveryId, RunId};
use crate::run::RunName;
use crate::store::paused::NOT_PAUSED;
use crate::store::{Acceptance, Accepted, Error, NewRun, Priority, QueuedRun, RepeatKey};
use crate::webhook::delivery::{Delivery, Outcome};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::borrow::Cow;
use std::time::Duration;

/// How long it is believed which job is due longest: looking costs a little on each acceptance.
const OLDEST_BELIEVED: SignedDuration = SignedDuration::from_secs(1);

/// An acceptance with its texts made before the writer's turn, so that the one thread which
/// writes does nothing else. It goes back to who brought it, who drops it.
pub(super) struct Rows {
    delivery: Option<DeliveryRow>,
    runs: Vec<NewRun>,
    repeat: Option<RepeatKey>,
    queue_limit: u64,
    connection_limit: Option<u64>,
    queue_age: Option<Duration>,
    /// What was assigned to each run, once it was written.
    assigned: Vec<Assigned>,
}

struct DeliveryRow {
    delivery: Delivery,
    body: Vec<u8>,
    entry: String,
}

/// A run of the log, with what was assigned to it.
#[derive(Debug)]
pub(super) struct LoggedRun<'r> {
    pub(super) id: Cow<'r, str>,
    pub(super) pipeline: Cow<'r, str>,
    pub(super) number: u64,
    pub(super) name: Cow<'r, str>,
    pub(super) form: i64,
    pub(super) values: Cow<'r, [String]>,
    pub(super) priority: Priority,
}

impl<'r> LoggedRun<'r> {
    fn new(run: &'r NewRun, Assigned(number, revision, form): Assigned) -> Self {
        Self {
            id: run.id.as_str().into(),
            pipeline: run.pipeline.as_str().into(),
            number,
            name: run.name.with_revision(revision).into(),
            form,
            values: run.work.values.as_slice().into(),
            priority: run.priority,
        }
    }

    pub(super) fn queued(self) -> QueuedRun {
        QueuedRun {
            id: RunId::from_stored(&self.id),
            pipeline: self.pipeline.into_owned(),
            number: self.number,
            name: self.name.into_owned(),
        }
    }
}

/// What the writer did with an acceptance.
pub(super) enum Done {
    /// The delivery and its runs were written.
    New,
    /// Its key was known, and only the delivery was written.
    Repeat { of: DeliveryId, runs: Vec<QueuedRun> },
}

impl Rows {
    pub(super) fn new(acceptance: Acceptance) -> Result<Self, Error> {
        let Acceptance { delivery, runs, repeat, queue_limit, connection_limit, queue_age } = acceptance;
        let delivery = delivery.map(|(delivery, body)| {
            let entry = Entry::new(&delivery, &runs).text()?;
            Ok::<_, Error>(DeliveryRow { delivery, body, entry })
        });
        let assigned = Vec::with_capacity(runs.len());
        Ok(Self { delivery: delivery.transpose()?, runs, repeat, queue_limit, connection_limit, queue_age, assigned })
    }

    pub(super) fn starts_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Returns the delivery's connection, empty for a run that was started by hand.
    fn lane(&self) -> &str {
        self.delivery.as_ref().map_or("", |row| &row.delivery.connection)
    }

    /// Refuses where the queue, or the connection's share of it, has no room for the runs.
    fn refuse_full(&self, waiting: &Waiting) -> Result<(), Error> {
        let new = self.runs.len() as u64;
        if new == 0 {
            return Ok(());
        }
        let (all, own) = (waiting.all(), waiting.of(self.lane()));
        if all + new > self.queue_limit {
            return Err(Error::Full { waiting: all, limit: self.queue_limit });
        }
        match self.connection_limit.filter(|limit| own + new > *limit) {
            Some(limit) => Err(Error::FullFor { connection: self.lane().to_owned(), waiting: own, limit }),
            None => Ok(()),
        }
    }

    /// Returns what whoever brought the acceptance is told.
    pub(super) fn accepted(self, done: Done) -> Accepted {
        let queued = |(run, Assigned(number, revision, _)): (NewRun, Assigned)| QueuedRun {
            id: run.id,
            pipeline: run.pipeline,
            number,
            name: run.name.with_revision(revision),
        };
        match done {
            Done::New => Accepted::New(self.runs.into_iter().zip(self.assigned).map(queued).collect()),
            Done::Repeat { of, runs } => Accepted::Repeat { of, runs },
        }
    }
}

/// Writes an acceptance. Nothing is written where the queue has no room.
pub(super) fn accept(session: &mut Session<'_>, rows: &mut Rows) -> Result<Done, Error> {
    if let (Some(row), Some(repeat)) = (&rows.delivery, &rows.repeat)
        && let Some((first, place)) = remembered(session, &row.delivery, repeat)?
    {
        if row.delivery.replay_of.is_none() {
            log_repeat(session, row, &first)?;
        }
        return Ok(Done::Repeat { runs: runs_at(session, place)?, of: first });
    }
    rows.refuse_full(&session.memory.waiting)?;
    if let Some(limit) = rows.queue_age.filter(|_| rows.starts_runs()) {
        refuse_stale(session, limit)?;
    }
    session.memory.waiting.come(rows.lane(), rows.runs.len() as u64);
    for run in &rows.runs {
        rows.assigned.push(assign(session, run)?);
    }
    match &rows.delivery {
        Some(row) => {
            let place = log_new(session, row, &rows.assigned)?;
            // One that started nothing may be sent again when it can: a pipeline was mended meanwhile.
            if let Some(repeat) = rows.repeat.as_ref().filter(|_| !rows.runs.is_empty()) {
                remember(session, &row.delivery, place, repeat)?;
            }
        }
        // A run that was started by hand has no row in the log.
        None => {
            for (run, assigned) in rows.runs.iter().zip(&rows.assigned) {
                let times = Times { queued_at: run.queued_at, due_at: session.now.steady };
                filing::file_run(session, &LoggedRun::new(run, *assigned), times, None)?;
                turn::work_off(session, run.queued_at)?;
            }
        }
    }
    Ok(Done::New)
}

/// Refuses where the job that is due longest has waited longer than the limit: nobody takes the work,
/// or not fast enough.
fn refuse_stale(session: &mut Session<'_>, limit: Duration) -> Result<(), Error> {
    let now = session.now.steady;
    let known = session.memory.oldest.filter(|(at, _)| now.duration_since(*at).abs() < OLDEST_BELIEVED);
    let (_, oldest) = match known {
        Some(known) => known,
        None => *session.memory.oldest.insert((now, due_longest(session.connection, session.memory.filed)?)),
    };
    let waited = age(oldest, now);
    if waited <= limit { Ok(()) } else { Err(Error::Stale { waited: waited.as_secs(), limit: limit.as_secs() }) }
}

/// Returns how long something is due at a moment of the store's clock.
pub(super) fn age(due_at: Option<i64>, now: Timestamp) -> Duration {
    let age = due_at.map_or(0, |due_at| micros(now).saturating_sub(due_at).max(0));
    Duration::from_micros(age.unsigned_abs())
}

/// Returns since when the job is due that is due longest, those left out that may not be claimed. What
/// is not filed yet became due when it came.
pub(super) fn due_longest(connection: &Connection, filed: i64) -> Result<Option<i64>, Error> {
    let due_at: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT job.due_at
             FROM job
             JOIN run ON run.seq = job.run
             WHERE {DUE} AND {NOT_PAUSED}
             ORDER BY job.due_at
             LIMIT 1"
        ))?
        .query_row([], |row| row.get(0))
        .optional()?;
    let unfiled: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT received_at + {AHEAD_OF_DAY}
             FROM delivery
             WHERE seq > ? AND assigned IS NOT NULL
             ORDER BY seq
             LIMIT 1"
        ))?
        .query_row([filed], |row| row.get(0))
        .optional()?;
    Ok([due_at, unfiled].into_iter().flatten().min())
}

/// Gives a run its number, the revision in its name, and its form.
fn assign(session: &mut Session<'_>, run: &NewRun) -> Result<Assigned, Error> {
    let (number, revision) = number(session, &run.pipeline, &run.name)?;
    let Session { connection, memory, .. } = session;
    Ok(Assigned(number, revision, memory.forms.place(connection, &run.work.form)?))
}

/// Counts the next run of a pipeline, and the revision in its name: 0 where it has none.
pub(super) fn number(session: &mut Session<'_>, pipeline: &str, name: &RunName) -> Result<(u64, u64), Error> {
    let Session { connection, memory, .. } = session;
    let number = memory.counters.next(connection, Scope::Run, pipeline)?;
    let revision = match name.revision {
        Some(_) => {
            let key = [pipeline, &name.prefix, &name.suffix].join("\n");
            memory.counters.next(connection, Scope::Revision, &key)?
        }
        None => 0,
    };
    Ok((number, revision))
}

/// Adds a delivery to the log and returns its place.
fn log_new(session: &mut Session<'_>, row: &DeliveryRow, assigned: &[Assigned]) -> Result<i64, Error> {
    let assigned = (!assigned.is_empty()).then(|| to_json(&assigned)).transpose()?;
    log(session, row, (row.delivery.outcome, None), assigned.as_deref(), &row.entry)
}

/// Adds a delivery to the log whose key was seen before.
fn log_repeat(session: &mut Session<'_>, row: &DeliveryRow, first: &DeliveryId) -> Result<i64, Error> {
    let entry = Entry::of_repeat(&row.delivery).text()?;
    log(session, row, (Outcome::Repeat, Some(first)), None, &entry)
}

fn log(
    session: &mut Session<'_>,
    row: &DeliveryRow,
    (outcome, repeat_of): (Outcome, Option<&DeliveryId>),
    assigned: Option<&str>,
    entry: &str,
) -> Result<i64, Error> {
    let delivery = &row.delivery;
    let place = session.memory.logged + 1;
    steady::note(session, place)?;
    session
        .connection
        .prepare_cached(
            "INSERT INTO delivery (seq, id, connection, received_at, outcome, repeat_of, assigned, entry, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            place,
            delivery.id.as_str(),
            delivery.connection,
            micros(delivery.received_at),
            outcome.word(),
            repeat_of.map(DeliveryId::as_str),
            assigned,
            entry,
            row.body,
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
    let found: Option<(Option<String>, String)> = session
        .connection
        .prepare_cached(
            "SELECT assigned, entry FROM delivery WHERE seq = ?1
             UNION ALL
             SELECT assigned, entry FROM repeat WHERE place = ?1 AND entry IS NOT NULL",
        )?
        .query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((Some(assigned), entry)) = found else { return Ok(Vec::new()) };
    Ok(Entry::read(&entry)?.runs(&assigned)?.into_iter().map(LoggedRun::queued).collect())
}
