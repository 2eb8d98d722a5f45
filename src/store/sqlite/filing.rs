//! What the log of deliveries says about runs, put where it can be worked with.
//!
//! Accepting a delivery adds one row to the log, so that a burst of deliveries costs little more
//! than writing them down. Everything else that follows from it (where the delivery is found by its
//! id, its runs with their jobs, what was seen of its connection) is filed from the log, in its
//! order, before the next work that does anything but accept, in parts between which deliveries are
//! accepted. So whoever reads or changes runs finds all that came before; a crash between the two
//! loses nothing, since the log is what was acknowledged, and how far it is filed is written with what was filed.

use super::accept::LoggedRun;
use super::counter::{ENDED_RUNS, Scope};
use super::entry::Entry;
use super::matrix;
use super::row::{micros, moment};
use super::steady::AHEAD_OF_DAY;
use super::turn;
use super::writer::{Memory, Session};
use crate::id::{DeliveryId, RunId};
use crate::pipeline::plan::Plan;
use crate::run::{Board, Decision, Progress, RunResult};
use crate::store::beginning::{JobRow, jobs};
use crate::store::{Error, Priority};
use jiff::Timestamp;
use rusqlite::{Connection, named_params, params};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Says whether the log has deliveries that are not filed.
pub(super) fn is_behind(connection: &Connection) -> Result<bool, Error> {
    let found = connection
        .prepare_cached("SELECT 1 FROM delivery WHERE seq > (SELECT filed FROM filing) LIMIT 1")?
        .exists([])?;
    Ok(found)
}

/// Returns how many deliveries are in the log and not filed.
pub(super) fn deliveries_behind(connection: &Connection) -> Result<u64, Error> {
    let counted = connection
        .prepare_cached("SELECT count(*) FROM delivery WHERE seq > (SELECT filed FROM filing)")?
        .query_row([], |row| row.get(0))?;
    Ok(counted)
}

/// How many bytes are kept of a delivery, in its row of the log: its body, its headers with all else that a reader wants,
/// and what was assigned to its runs.
pub(super) const KEPT_BYTES: &str = "length(body) + octet_length(entry) + coalesce(octet_length(assigned), 0)";

/// How the log is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// All at once: one that can't be filed takes the transaction with it.
    Usual,
    /// Each with a savepoint, so that one that can't be filed for a reason of ours is set aside.
    OneByOne,
}

/// Files what is not filed: at least one delivery, and others until a moment, or all where none is given. A mistake of our
/// own is an error like any other. Returns how the rest is filed: one by one until one was set aside, or none is left.
pub(super) fn file(session: &mut Session<'_>, care: Care, until: Option<Instant>) -> Result<Care, Error> {
    if session.memory.filed == session.memory.logged {
        return Ok(Care::Usual);
    }
    let may_go_on = || until.is_none_or(|until| Instant::now() < until);
    match care {
        Care::Usual => guarded(session, |session| file_next(session, &may_go_on)).map(|()| Care::Usual),
        Care::OneByOne => one_by_one(session, &may_go_on),
    }
}

fn guarded(session: &mut Session<'_>, work: impl FnOnce(&mut Session<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let done = catch_unwind(AssertUnwindSafe(|| work(session)));
    done.unwrap_or_else(|_| Err(Error::Broken("a mistake of pipehook's own, which the log has above this".to_owned())))
}

/// Files the deliveries one after the other as long as it may go on, and sets those aside that can't be. Returns how the
/// rest is filed.
fn one_by_one(session: &mut Session<'_>, may_go_on: &dyn Fn() -> bool) -> Result<Care, Error> {
    let mut care = Care::OneByOne;
    while session.memory.filed != session.memory.logged {
        let place = session
            .connection
            .prepare_cached("SELECT min(seq) FROM delivery WHERE seq > ?")?
            .query_row([session.memory.filed], |row| row.get(0))?;
        session.memory.counters.write(session.connection)?;
        run(session, "SAVEPOINT one")?;
        match guarded(session, |session| file_next(session, &|| false)) {
            Ok(()) => run(session, "RELEASE one")?,
            Err(error) if error.is_ours() => {
                run(session, "ROLLBACK TO one")?;
                run(session, "RELEASE one")?;
                set_aside(session, place, &error)?;
                care = Care::Usual;
            }
            Err(error) => return Err(error),
        }
        if !may_go_on() {
            return Ok(care);
        }
    }
    Ok(Care::Usual)
}

fn run(session: &Session<'_>, statement: &str) -> Result<(), Error> {
    session.connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// Sets a delivery aside: it can be looked at, and what is behind it goes on.
fn set_aside(session: &mut Session<'_>, place: i64, error: &Error) -> Result<(), Error> {
    let connection = session.connection;
    let (id, received_at): (String, i64) = connection
        .prepare_cached("SELECT id, received_at FROM delivery WHERE seq = ?")?
        .query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tracing::error!(
        delivery = id,
        %error,
        "the runs of an acknowledged delivery could not be put into the queue; it is set aside, and others go on"
    );
    connection
        .prepare_cached("INSERT OR IGNORE INTO delivery_place (id, seq) VALUES (?, ?)")?
        .execute(params![id, place])?;
    connection.prepare_cached("INSERT INTO quarantine (place, reason, since) VALUES (?, ?, ?)")?.execute(params![
        place,
        error.to_string(),
        received_at
    ])?;
    connection.prepare_cached("UPDATE filing SET filed = ?")?.execute([place])?;
    // What was waiting in it waits no more, and what was counted in it is not written: all is read anew.
    *session.memory = Memory::load(connection)?;
    Ok(())
}

/// Files the next delivery of the log, and others behind it as long as it may go on.
fn file_next(session: &mut Session<'_>, may_go_on: &dyn Fn() -> bool) -> Result<(), Error> {
    let mut bytes = 0;
    let mut seen: HashMap<String, Seen> = HashMap::new();
    let connection = session.connection;
    let mut query = connection.prepare_cached(&format!(
        "SELECT seq, id, connection, received_at, assigned, entry, {KEPT_BYTES}, received_at + {AHEAD_OF_DAY}
         FROM delivery
         WHERE seq > ?
         ORDER BY seq"
    ))?;
    let mut rows = query.query([session.memory.filed])?;
    while let Some(row) = rows.next()? {
        let (place, id): (i64, String) = (row.get(0)?, row.get(1)?);
        let (name, received_at): (String, i64) = (row.get(2)?, row.get(3)?);
        connection.prepare_cached("INSERT INTO delivery_place (id, seq) VALUES (?, ?)")?.execute(params![id, place])?;
        let delivery = (DeliveryId::from_stored(&id), name.as_str());
        if let Some(assigned) = row.get::<_, Option<String>>(4)? {
            let entry = Entry::read(row.get_ref(5)?.as_str().map_err(super::row::unreadable)?)?;
            let due_at = moment(row.get(7)?)?.min(session.now.steady);
            let times = Times { queued_at: moment(received_at)?, due_at };
            for run in entry.runs(&assigned)? {
                file_run(session, &run, times, Some(&delivery))?;
                turn::work_off(session, moment(received_at)?)?;
            }
        }
        bytes += row.get::<_, u64>(6)?;
        seen.entry(name).or_default().add(received_at);
        session.memory.filed = place;
        if !may_go_on() {
            break;
        }
    }
    drop(rows);
    connection
        .prepare_cached("UPDATE filing SET filed = ?, bytes = bytes + ?")?
        .execute(params![session.memory.filed, bytes])?;
    seen.iter().try_for_each(|(name, seen)| seen.write(connection, name))
}

/// What was seen of one connection.
#[derive(Default)]
struct Seen {
    deliveries: u64,
    last: i64,
}

impl Seen {
    fn add(&mut self, received_at: i64) {
        self.deliveries += 1;
        self.last = self.last.max(received_at);
    }

    fn write(&self, connection: &Connection, name: &str) -> Result<(), Error> {
        connection
            .prepare_cached(
                "INSERT INTO connection (name, deliveries, last_delivery)
                 VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE
                 SET deliveries = deliveries + ?2, last_delivery = ?3",
            )?
            .execute(params![name, self.deliveries, self.last])?;
        Ok(())
    }
}

/// Writes a run with its jobs, those that can begin made due.
pub(super) fn file_run(
    session: &mut Session<'_>,
    run: &LoggedRun<'_>,
    times: Times,
    delivery: Option<&(DeliveryId, &str)>,
) -> Result<(), Error> {
    let plan = session.memory.forms.plan(session.connection, run.form, &run.values)?;
    let board = Board::new(&plan);
    file_beginning(session, run, times, delivery, Beginning { plan, board, rerun_of: None }).map(|_| ())
}

/// When a run came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// The time of day.
    pub(super) queued_at: Timestamp,
    /// The same by the clock that counts how long something waits.
    pub(super) due_at: Timestamp,
}

/// With what a run begins.
pub(super) struct Beginning<'b> {
    pub(super) plan: Plan,
    /// What is completed already.
    pub(super) board: Board,
    pub(super) rerun_of: Option<&'b RunId>,
}

/// As [`file_run`], for a run of which something may be completed already. Returns its row.
pub(super) fn file_beginning(
    session: &mut Session<'_>,
    run: &LoggedRun<'_>,
    times: Times,
    delivery: Option<&(DeliveryId, &str)>,
    Beginning { mut plan, mut board, rerun_of }: Beginning<'_>,
) -> Result<i64, Error> {
    let Session { connection, memory, .. } = session;
    board.queued_at = Some(times.queued_at);
    let changes = board.advance(&mut plan);
    let result = board.result(&plan);
    let now = micros(times.queued_at);
    let lane = delivery.map_or("", |(_, connection)| connection);
    let place = QueuePlace { priority: run.priority, lane, pipeline: &run.pipeline };
    let ended_before = memory.counters.last(connection, Scope::Store, ENDED_RUNS)?;
    let ended_as = result.map(|_| memory.counters.next(connection, Scope::Store, ENDED_RUNS)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO run (id, pipeline, number, name, state, result, connection, delivery,
                              rerun_of, queued_at, finished_at, ended_before, ended_as)
             VALUES (:id, :pipeline, :number, :name, :state, :result, :connection, :delivery,
                     :rerun_of, :queued_at, :finished_at, :ended_before, :ended_as)",
        )?
        .execute(named_params! {
            ":id": run.id,
            ":pipeline": run.pipeline,
            ":number": run.number,
            ":name": run.name,
            ":state": if result.is_some() { "completed" } else { "queued" },
            ":result": result.map(RunResult::word),
            ":connection": delivery.map(|(_, connection)| connection),
            ":delivery": delivery.map(|(id, _)| id.as_str()),
            ":rerun_of": rerun_of.map(RunId::as_str),
            ":queued_at": now,
            ":finished_at": result.map(|_| now),
            ":ended_before": ended_before,
            ":ended_as": ended_as,
        })?;
    let seq = connection.last_insert_rowid();
    connection.prepare_cached("INSERT INTO work (run, form, \"values\") VALUES (?, ?, ?)")?.execute(params![
        seq,
        run.form,
        super::row::to_json(&run.values)?
    ])?;
    if result.is_some() {
        // One that ended by itself waits for nobody.
        memory.waiting.leave(lane);
    }
    for change in &changes {
        if let Decision::Settled(settled) = &change.decision {
            matrix::keep(connection, seq, (change.stage, change.job), settled)?;
        }
    }
    for job in jobs(&RunId::from_stored(&run.id), &plan, &board, &changes) {
        insert_job(connection, seq, &job, place, times)?;
    }
    if result.is_none() {
        turn::enter_run(session, seq, &plan, &board)?;
    }
    Ok(seq)
}

/// Where a run's jobs stand among all that are due.
#[derive(Clone, Copy)]
struct QueuePlace<'p> {
    priority: Priority,
    /// The run's connection; empty where it was started by hand.
    lane: &'p str,
    pipeline: &'p str,
}

fn insert_job(
    connection: &Connection,
    run: i64,
    job: &JobRow<'_>,
    place: QueuePlace<'_>,
    times: Times,
) -> Result<(), Error> {
    let (state, result) = match job.progress {
        Progress::Waiting => ("waiting", None),
        Progress::Started => ("due", None),
        Progress::Completed(result) => ("completed", Some(result.word())),
    };
    connection
        .prepare_cached(
            "INSERT INTO job (id, run, stage_index, job_index, leg_index, pool, state, due_at, result, reason,
                              finished_at, urgency, lane, pipeline, attempts)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job.id.as_str(),
            run,
            job.stage,
            job.job,
            job.leg,
            job.pool,
            state,
            (state == "due").then(|| micros(times.due_at)),
            result,
            job.reason,
            result.map(|_| micros(times.queued_at)),
            -i64::from(place.priority),
            place.lane,
            place.pipeline,
            job.attempts,
        ])?;
    Ok(())
}
