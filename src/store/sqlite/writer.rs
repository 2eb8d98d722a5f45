//! The one thread that writes.
//!
//! It takes everything that waits, runs it in one transaction, commits once, and only then
//! answers. Most work has a savepoint, so that if it fails it takes nothing with it. A savepoint
//! copies every page that is written after it, which would be most of the cost of accepting a
//! delivery: an acceptance has none, decides whether it can be done before it writes anything, and
//! if the store itself fails in the midst of it, the whole transaction is given up, and nobody in it
//! is acknowledged. Most work of the other kind finds the log of deliveries filed (see `filing.rs`).
//! After an error of the disk the connection is closed and opened again: what a failed sync left
//! in memory is not known to be on disk, and trying the same sync again would lie about it.
//! Once the database has shown that it is damaged nothing more is accepted by this process (see `fault.rs`).

use super::accept::{Done, Rows};
use super::counter::Counters;
use super::fault::Damage;
use super::form::Forms;
use super::row::micros;
use super::steady;
use super::transaction::Loop;
use super::turn::Afterwards;
use super::waiting::Waiting;
use crate::clock::Clock;
use crate::store::turn::Allowance;
use crate::store::{Error, Outage};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// How many pieces of work may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How long work waits for its turn at most. One that stands still is the disk's, and nobody knows for how long: on such a
/// disk as `mapped.rs` is about until there is room.
const TURN_MAX: Duration = Duration::from_secs(10);
/// How long the thread may take for what still waits when nobody can bring more. One that stands still keeps no process from
/// ending.
const END_MAX: Duration = Duration::from_secs(10);

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
    pub(super) waiting: Waiting,
    /// The place of the last delivery in the log.
    pub(super) logged: i64,
    /// How far the log is filed.
    pub(super) filed: i64,
    pub(super) counters: Counters,
    pub(super) forms: Forms,
    /// What follows for other runs from the work that is being done; empty between pieces of work.
    pub(super) afterwards: VecDeque<Afterwards>,
    /// How many more the transaction cancels for those that come to groups in it.
    pub(super) allowance: Allowance,
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
            waiting: Waiting::load(connection)?,
            logged: last.map_or(filed, |last| last.max(filed)),
            filed,
            counters: Counters::default(),
            forms: Forms::default(),
            afterwards: VecDeque::new(),
            allowance: Allowance::default(),
            oldest: None,
            ahead_of_day: steady::last_noted(connection)?,
        })
    }
}

/// How a piece of work went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    /// It was refused for a reason of the contract.
    Refused,
    /// The store failed.
    Wrong,
    /// The database is damaged.
    Damaged,
}

impl Went {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Well,
            Err(Error::Full { .. } | Error::FullFor { .. } | Error::Stale { .. } | Error::Lost) => Self::Refused,
            Err(Error::Damaged(_)) => Self::Damaged,
            Err(_) => Self::Wrong,
        }
    }
}

/// Where an acceptance goes back to, with what was done.
pub(super) type Told = oneshot::Sender<Result<(Box<Rows>, Done), Error>>;
/// Tells the one who brought the work how the commit went.
pub(super) type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs in the transaction, if there is one; says how it went, and who is to be told.
pub(super) type Run = Box<dyn FnOnce(Option<&mut Session<'_>>) -> (Went, Answer) + Send>;

/// Whether work has begun, or was withdrawn: what comes first holds. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Returns whether this came first.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// A piece of work.
pub(super) enum Work {
    /// It has no savepoint: it refuses before it writes, or it takes its transaction with it.
    Acceptance(Box<Rows>, Told, Turn),
    /// It has one, and finds the log filed as far as it was when its turn came.
    Other(Run, Turn),
    /// It has one, and has nothing to do with what is logged: it waits for no filing.
    Beside(Run, Turn),
}

/// Work that was done and may be told when the commit is.
pub(super) enum Ended {
    Acceptance(Box<Rows>, Result<Done, Error>, Told),
    Other(Answer),
}

impl Ended {
    /// Tells whoever brought the work. One who has stopped waiting needs no answer.
    pub(super) fn tell(self, committed: Result<(), Error>) {
        match self {
            Self::Acceptance(rows, done, told) => {
                let _ = told.send(committed.and(done).map(|done| (rows, done)));
            }
            Self::Other(answer) => answer(committed),
        }
    }

    pub(super) fn starts_runs(&self) -> bool {
        matches!(self, Self::Acceptance(rows, Ok(Done::New), _) if rows.starts_runs())
    }
}

/// The way to the writing thread. When this is dropped the thread does what still waits, and ends; one that stands still
/// is left alone after [`END_MAX`], with all that it has.
pub(super) struct Writer {
    /// Gone only while this is dropped.
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread has given up all that it had.
    ended: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
    /// Whether it stands still.
    standstill: Outage,
}

impl Writer {
    /// Starts the thread with what it has.
    pub(super) fn start(own: Loop) -> Self {
        let (work, waiting) = mpsc::channel(WAITING_MAX);
        let (at_work, ended) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let _at_work = at_work;
                own.run(waiting);
            })
            .expect("the system can start a thread");
        Self { work: Some(work), thread: Some(thread), ended: ended.into(), standstill: Outage::default() }
    }

    /// Accepts in the next transaction and returns when it is on disk. The rows come back, so that
    /// they are dropped where they were made: the one thread that writes has better things to do.
    pub(super) async fn accept(&self, rows: Box<Rows>) -> Result<(Box<Rows>, Done), Error> {
        let ((told, ended), turn) = (oneshot::channel(), Turn::default());
        self.done(Work::Acceptance(rows, told, turn.clone()), &turn, ended).await
    }

    /// Runs work when the log is filed, and returns when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Work::Other).await
    }

    /// Runs work that has nothing to do with what is logged in the next transaction, and returns when it is on disk.
    pub(super) async fn write_beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Work::Beside).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
        kind: fn(Run, Turn) -> Work,
    ) -> Result<T, Error> {
        let ((tell, told), turn) = (oneshot::channel(), Turn::default());
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended_early()), work);
            let went = Went::of(&result);
            let answer: Answer = Box::new(move |commit| {
                // One who has stopped waiting needs no answer.
                let _ = tell.send(commit.and(result));
            });
            (went, answer)
        });
        self.done(kind(run, turn.clone()), &turn, told).await
    }

    /// Brings work and returns how it ended. Work whose turn does not come in [`TURN_MAX`] is withdrawn: nothing of it
    /// was done. What has begun is waited for.
    async fn done<T>(
        &self,
        work: Work,
        turn: &Turn,
        mut ended: oneshot::Receiver<Result<T, Error>>,
    ) -> Result<T, Error> {
        let in_time = async {
            self.bring(work).await?;
            (&mut ended).await.map_err(|_| ended_early())?
        };
        let result = match tokio::time::timeout(TURN_MAX, in_time).await {
            Ok(result) => result,
            Err(_) if turn.take() => {
                let error = Error::Unavailable(format!("nothing was written for {} seconds", TURN_MAX.as_secs()));
                self.standstill
                    .failed(&error, "the store's disk stands still, and nothing is acknowledged until it goes on");
                return Err(error);
            }
            Err(_) => ended.await.map_err(|_| ended_early())?,
        };
        self.standstill.worked("the store's disk goes on");
        result
    }

    /// Leaves work for the thread, at once where there is room.
    async fn bring(&self, work: Work) -> Result<(), Error> {
        match self.sender().try_send(work) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(work)) => self.sender().send(work).await.map_err(|_| ended_early()),
            Err(TrySendError::Closed(_)) => Err(ended_early()),
        }
    }

    /// Runs work that has nothing to do with what is logged in a later transaction, and then tells `done` whether it is
    /// on disk. Returns whether there was room for it.
    pub(super) fn write_without_waiting(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<(), Error> + Send + 'static,
        done: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) -> bool {
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended_early()), work);
            (Went::of(&result), Box::new(move |commit| done(commit.and(result))))
        });
        self.sender().try_send(Work::Beside(run, Turn::default())).is_ok()
    }

    fn sender(&self) -> &mpsc::Sender<Work> {
        self.work.as_ref().expect("only dropping takes the sender")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let waiting = self.work.take().map_or(0, |work| work.max_capacity() - work.capacity());
        let ended = self.ended.get_mut().expect("nobody holds it").recv_timeout(END_MAX);
        if ended == Err(RecvTimeoutError::Timeout) {
            tracing::error!(
                waiting,
                "the store's disk stands still, and this process ends without it: what it was about to write may be \
                 there or not, and what waited behind that is not; nobody was told that it is"
            );
            return;
        }
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            tracing::error!("the store's writer ended by a mistake of its own");
        }
    }
}

pub(super) fn ended_early() -> Error {
    Error::Unavailable("the store's writer ended before the work was done".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::counter::Scope;
    use super::super::place::Place;
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn a_mistake_in_one_piece_of_work_ends_that_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("test.db");
        let connection = super::super::present(folder.path(), &file).expect("a store");
        let writer = Writer::start(Loop::new(
            Place::of(file),
            Some(connection),
            Arc::new(SystemClock),
            Arc::default(),
            Damage::default(),
            None,
        ));
        let count = |session: &mut Session<'_>| session.memory.counters.next(session.connection, Scope::Store, "test");
        let wrong = writer.write::<u64>(move |session| panic!("a mistake after {:?}", count(session)));
        let (wrong, right) = tokio::join!(wrong, writer.write(count));
        assert!(matches!(wrong, Err(Error::Unavailable(_))), "{wrong:?}");
        assert_eq!(right.expect("the writer goes on"), 1, "what the mistake had written is taken back");
    }
}
