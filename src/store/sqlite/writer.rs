//! The one thread that writes.
//!
//! It takes everything that waits, runs it in one transaction, commits once, and only then
//! answers. Most work has a savepoint, so that if it fails it takes nothing with it. A savepoint
//! copies every page that is written after it, which would be most of the cost of accepting a
//! delivery: an acceptance has none, decides whether it can be done before it writes anything, and
//! if the store itself fails in the midst of it, the whole transaction is given up, and nobody in it
//! is acknowledged. Work of the other kind finds the log of deliveries filed (see `filing.rs`).
//! After an error of the disk the connection is closed and opened again: what a failed sync left
//! in memory is not known to be on disk, and trying the same sync again would lie about it.
//! Once the database has shown that it is damaged nothing more is accepted by this process (see `fault.rs`).

use super::accept::{self, Done, Rows};
use super::counter::Counters;
use super::fault::Damage;
use super::filing::{self, Care};
use super::form::Forms;
use super::mapped;
use super::place::Place;
use super::row::micros;
use super::steady;
use super::turn::Afterwards;
use crate::clock::Clock;
use crate::store::{Error, Outage};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

/// How many pieces of work may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How many pieces of work one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 1_000;

/// The present moment, for people and for leases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// What is shown.
    pub(super) at: Timestamp,
    /// What leases and waiting are measured by: nobody sets this clock (see `steady.rs`).
    pub(super) steady: Timestamp,
}

impl Now {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { at: clock.now(), steady: clock.steady() }
    }

    /// Returns the same moment by a store's own clock, which is ahead of the machine's count.
    pub(super) fn ahead(self, by: SignedDuration) -> Self {
        Self { steady: self.steady.checked_add(by).unwrap_or(Timestamp::MAX), ..self }
    }

    /// Returns by how much the clock of leases is ahead of the time of day, in microseconds.
    pub(super) fn ahead_of_day(self) -> i64 {
        micros(self.steady).saturating_sub(micros(self.at))
    }
}

/// What work sees while it runs in a transaction.
pub(super) struct Session<'s> {
    /// When the work came to its turn. Until then it may have waited for long: for other work, for the
    /// filing of a large log, for another process that wrote. No lease is measured from before that.
    pub(super) now: Now,
    /// The writing connection, inside the transaction.
    pub(super) connection: &'s Connection,
    /// What is known without asking it.
    pub(super) memory: &'s mut Memory,
    /// Whether the database was found damaged.
    pub(super) damage: &'s Damage,
}

/// What the writer knows of the store, kept right by the work that changes it. It is dropped, and
/// read anew, where another process has written or where work was taken back.
pub(super) struct Memory {
    /// How many runs wait for a worker.
    pub(super) waiting: u64,
    /// The place of the last delivery in the log.
    pub(super) logged: i64,
    /// How far the log is filed.
    pub(super) filed: i64,
    pub(super) counters: Counters,
    pub(super) forms: Forms,
    /// What follows for other runs from the work that is being done; empty between pieces of work.
    pub(super) afterwards: VecDeque<Afterwards>,
    /// When the job that is due longest was looked for, and since when it is due.
    pub(super) oldest: Option<(Timestamp, Option<i64>)>,
    /// How far the two clocks stood apart when that was noted last, in microseconds.
    pub(super) ahead_of_day: Option<i64>,
}

impl Memory {
    /// Reads what the store says.
    pub(super) fn load(connection: &Connection) -> Result<Self, Error> {
        let (filed, last) = connection
            .prepare_cached("SELECT filed, (SELECT max(seq) FROM delivery) FROM filing")?
            .query_row([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok(Self {
            waiting: super::read::count_waiting(connection)? + filing::count_behind(connection)?,
            logged: last.map_or(filed, |last| last.max(filed)),
            filed,
            counters: Counters::default(),
            forms: Forms::default(),
            afterwards: VecDeque::new(),
            oldest: None,
            ahead_of_day: steady::last_noted(connection)?,
        })
    }
}

/// How a piece of work went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Well,
    /// It was refused for a reason of the contract.
    Refused,
    /// The store failed.
    Wrong,
    /// The database is damaged.
    Damaged,
}

impl Went {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Well,
            Err(Error::Full { .. } | Error::Stale { .. } | Error::Lost) => Self::Refused,
            Err(Error::Damaged(_)) => Self::Damaged,
            Err(_) => Self::Wrong,
        }
    }
}

/// Where an acceptance goes back to, with what was done.
type Told = oneshot::Sender<Result<(Box<Rows>, Done), Error>>;
/// Tells the one who brought the work how the commit went.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs in the transaction, if there is one; says how it went, and who is to be told.
type Run = Box<dyn FnOnce(Option<&mut Session<'_>>) -> (Went, Answer) + Send>;

/// A piece of work.
enum Work {
    /// It has no savepoint: it refuses before it writes, or it takes its transaction with it.
    Acceptance(Box<Rows>, Told),
    /// It has one.
    Other(Run),
}

/// Work that was done and may be told when the commit is.
enum Ended {
    Acceptance(Box<Rows>, Result<Done, Error>, Told),
    Other(Answer),
}

impl Ended {
    /// Tells whoever brought the work. One who has stopped waiting needs no answer.
    fn tell(self, committed: Result<(), Error>) {
        match self {
            Self::Acceptance(rows, done, told) => {
                let _ = told.send(committed.and(done).map(|done| (rows, done)));
            }
            Self::Other(answer) => answer(committed),
        }
    }

    fn starts_runs(&self) -> bool {
        matches!(self, Self::Acceptance(rows, Ok(Done::New), _) if rows.starts_runs())
    }
}

/// The way to the writing thread. When this is dropped the thread does what still waits, and ends.
pub(super) struct Writer {
    /// Gone only while this is dropped.
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread with a connection to the file of a place, which it makes itself where it has none
    /// and something is to be written. It tells `changes` once for all runs that a
    /// transaction accepted.
    pub(super) fn start(
        place: Place,
        connection: Option<Connection>,
        clock: Arc<dyn Clock>,
        changes: Arc<watch::Sender<u64>>,
        damage: Damage,
    ) -> Self {
        let (work, waiting) = mpsc::channel(WAITING_MAX);
        let own = Loop {
            is_copying: mapped::is_copying(place.file()),
            place,
            clock,
            connection,
            memory: None,
            damage,
            data_version: 0,
            ahead: SignedDuration::ZERO,
            care: Care::Usual,
            outage: Outage::default(),
            changes,
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || own.run(waiting))
            .expect("the system can start a thread");
        Self { work: Some(work), thread: Some(thread) }
    }

    /// Accepts in the next transaction and returns when it is on disk. The rows come back, so that
    /// they are dropped where they were made: the one thread that writes has better things to do.
    pub(super) async fn accept(&self, rows: Box<Rows>) -> Result<(Box<Rows>, Done), Error> {
        let (told, ended) = oneshot::channel();
        self.bring(Work::Acceptance(rows, told)).await?;
        ended.await.map_err(|_| ended_early())?
    }

    /// Runs work in the next transaction and returns when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = oneshot::channel();
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended_early()), work);
            let went = Went::of(&result);
            let answer: Answer = Box::new(move |commit| {
                // One who has stopped waiting needs no answer.
                let _ = tell.send(commit.and(result));
            });
            (went, answer)
        });
        self.bring(Work::Other(run)).await?;
        told.await.map_err(|_| ended_early())?
    }

    /// Leaves work for the thread, at once where there is room.
    async fn bring(&self, work: Work) -> Result<(), Error> {
        match self.sender().try_send(work) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(work)) => self.sender().send(work).await.map_err(|_| ended_early()),
            Err(TrySendError::Closed(_)) => Err(ended_early()),
        }
    }

    /// Runs work in a later transaction and then tells `done` whether it is on disk. Returns
    /// whether there was room for it.
    pub(super) fn write_without_waiting(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<(), Error> + Send + 'static,
        done: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) -> bool {
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended_early()), work);
            (Went::of(&result), Box::new(move |commit| done(commit.and(result))))
        });
        self.sender().try_send(Work::Other(run)).is_ok()
    }

    fn sender(&self) -> &mpsc::Sender<Work> {
        self.work.as_ref().expect("only dropping takes the sender")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.work = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            tracing::error!("the store's writer ended by a mistake of its own");
        }
    }
}

fn ended_early() -> Error {
    Error::Unavailable("the store's writer ended before the work was done".to_owned())
}

/// What the thread has.
struct Loop {
    place: Place,
    /// Whether its disk is one on which a page in memory can have no room.
    is_copying: bool,
    clock: Arc<dyn Clock>,
    /// Gone after an error of the disk, until it can be opened again; not there before the first work of a
    /// process that mostly reads.
    connection: Option<Connection>,
    memory: Option<Memory>,
    damage: Damage,
    /// The database's own count of changes by others, as it was last seen.
    data_version: i64,
    /// How far the store's clock is ahead of the machine's count.
    ahead: SignedDuration,
    /// How the log is filed.
    care: Care,
    outage: Outage,
    changes: Arc<watch::Sender<u64>>,
}

impl Loop {
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX
                && let Ok(next) = waiting.try_recv()
            {
                batch.push(next);
            }
            self.write(batch);
        }
    }

    /// Runs a batch in one transaction and answers everybody.
    fn write(&mut self, batch: Vec<Work>) {
        let mut ended = Vec::with_capacity(batch.len());
        let committed = self.transaction(batch, &mut ended);
        let committed = committed.map_err(|error| super::naming(self.place.file(), error));
        match &committed {
            Ok(()) => {
                self.outage.worked("the store can be written again");
                if ended.iter().any(Ended::starts_runs) {
                    super::tell_of_change(&self.changes);
                }
            }
            Err(error) => {
                self.damage.note(self.place.file(), error);
                self.outage.failed(error, "the store could not be written, and nothing is acknowledged until it can");
                // What is not where it was is left open as it is: anew, it would be another file.
                if self.place.is_kept().is_ok() {
                    self.connection = None;
                    self.place.forget_log();
                }
                self.memory = None;
            }
        }
        for work in ended {
            work.tell(match &committed {
                Ok(()) => Ok(()),
                Err(Error::Unavailable(reason) | Error::Damaged(reason)) => Err(Error::Unavailable(reason.clone())),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            });
        }
    }

    fn transaction(&mut self, batch: Vec<Work>, ended: &mut Vec<Ended>) -> Result<(), Error> {
        let mut batch = batch.into_iter();
        let written = self.begin().and_then(|()| {
            for work in batch.by_ref() {
                match work {
                    Work::Acceptance(rows, told) => self.accept(rows, told, ended)?,
                    Work::Other(work) => self.guarded(work, ended)?,
                }
            }
            let session = self.session()?;
            session.memory.counters.write(session.connection)?;
            run(session.connection, "COMMIT")?;
            self.settle()?;
            self.place.is_kept()
        });
        // Those whose work did not come to its turn are told too.
        ended.extend(batch.map(|work| match work {
            Work::Acceptance(rows, told) => Ended::Acceptance(rows, Err(ended_early()), told),
            Work::Other(work) => Ended::Other(work(None).1),
        }));
        written
    }

    /// Where a page in memory can have no room, has what was committed noted there as read while it is ready to be
    /// written: whoever reads next has nothing to note, and needs none.
    fn settle(&self) -> Result<(), Error> {
        match &self.connection {
            Some(connection) if self.is_copying => {
                Ok(connection.prepare_cached("SELECT 1 FROM filing")?.query_row([], |_| Ok(()))?)
            }
            _ => Ok(()),
        }
    }

    /// Begins a transaction, on a new connection where the last one was given up. Fails where the file is
    /// not the one with which this process began, and where another version works with it now.
    fn begin(&mut self) -> Result<(), Error> {
        self.place.is_kept()?;
        if self.is_copying {
            mapped::have_room()?;
        }
        if self.connection.is_none() {
            self.connection = Some(super::open_for_writing(self.place.file())?);
            self.data_version = 0;
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        run(connection, "BEGIN IMMEDIATE")?;
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version != self.data_version {
            super::migration::is_known(super::migration::version(connection)?)?;
            self.place.note();
            self.data_version = version;
            self.memory = None;
            self.ahead = steady::ahead(connection, Now::of(&*self.clock))?;
        }
        Ok(())
    }

    /// Returns what work sees, its memory read anew where it was dropped.
    fn session(&mut self) -> Result<Session<'_>, Error> {
        let connection = self.connection.as_ref().expect("a transaction has a connection");
        let memory = match &mut self.memory {
            Some(memory) => memory,
            none => none.insert(Memory::load(connection)?),
        };
        let now = Now::of(&*self.clock).ahead(self.ahead);
        Ok(Session { now, connection, memory, damage: &self.damage })
    }

    /// Accepts a delivery. An error means that the whole transaction is lost. So it is after a
    /// mistake of our own, of which whoever waits is told by the dropping of `told`.
    fn accept(&mut self, mut rows: Box<Rows>, told: Told, ended: &mut Vec<Ended>) -> Result<(), Error> {
        if let Err(damaged) = self.damage.is_unknown() {
            ended.push(Ended::Acceptance(rows, Err(damaged), told));
            return Ok(());
        }
        let mut session = self.session()?;
        let done = catch_unwind(AssertUnwindSafe(|| accept::accept(&mut session, &mut rows)));
        let went = done.as_ref().map_or(Went::Wrong, Went::of);
        if let Ok(done) = done {
            ended.push(Ended::Acceptance(rows, done, told));
        }
        match went {
            Went::Well | Went::Refused => Ok(()),
            Went::Wrong | Went::Damaged => Err(Error::Unavailable("an acceptance could not be written".to_owned())),
        }
    }

    /// Runs one piece of work so that it either happens as a whole or not at all. An error means
    /// that the whole transaction is lost.
    fn guarded(&mut self, work: Run, ended: &mut Vec<Ended>) -> Result<(), Error> {
        let care = self.care;
        match filing::file(&mut self.session()?, care) {
            Ok(()) => self.care = Care::Usual,
            Err(error) => {
                // The next transaction finds out which delivery it is.
                self.care = if error.is_ours() { Care::OneByOne } else { care };
                ended.push(Ended::Other(work(None).1));
                return Err(error);
            }
        }
        let mut session = self.session()?;
        session.memory.counters.write(session.connection)?;
        run(session.connection, "SAVEPOINT work")?;
        // A mistake of our own ends the work that made it, not the server. Whoever waits for its
        // answer is told by the dropping of it.
        let went = match catch_unwind(AssertUnwindSafe(|| work(Some(&mut session)))) {
            Ok((went, answer)) => {
                ended.push(Ended::Other(answer));
                went
            }
            Err(_) => Went::Wrong,
        };
        match went {
            Went::Well => run(session.connection, "RELEASE work"),
            Went::Refused | Went::Wrong | Went::Damaged => {
                run(session.connection, "ROLLBACK TO work")?;
                run(session.connection, "RELEASE work")?;
                self.memory = None;
                if went == Went::Damaged {
                    self.damage.found(self.place.file());
                }
                Ok(())
            }
        }
    }
}

fn run(connection: &Connection, statement: &str) -> Result<(), Error> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::counter::Scope;
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn a_mistake_in_one_piece_of_work_ends_that_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("test.db");
        let connection = super::super::present(folder.path(), &file).expect("a store");
        let writer =
            Writer::start(Place::of(file), Some(connection), Arc::new(SystemClock), Arc::default(), Damage::default());
        let count = |session: &mut Session<'_>| session.memory.counters.next(session.connection, Scope::Store, "test");
        let wrong = writer.write::<u64>(move |session| panic!("a mistake after {:?}", count(session)));
        let (wrong, right) = tokio::join!(wrong, writer.write(count));
        assert!(matches!(wrong, Err(Error::Unavailable(_))), "{wrong:?}");
        assert_eq!(right.expect("the writer goes on"), 1, "what the mistake had written is taken back");
    }
}
