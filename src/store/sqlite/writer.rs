//! The one thread that writes.
//!
//! It takes everything that waits, runs it in one transaction, commits once, and only then
//! answers. Work of [`Isolation::Own`] has a savepoint, so that if it fails it takes nothing with
//! it. A savepoint copies every page that is written after it, which would be most of the cost of
//! accepting a delivery: that work is of [`Isolation::Shared`], decides whether it can be done
//! before it writes anything, and if the store itself fails in the midst of it, the whole
//! transaction is given up, and nobody in it is acknowledged. Work of the first kind finds the log of
//! deliveries filed (see `filing.rs`).
//! After an error of the disk the connection is closed and opened again: what a failed sync left
//! in memory is not known to be on disk, and trying the same sync again would lie about it.

use super::counter::Counters;
use super::filing::{self, Care};
use super::form::Forms;
use super::turn::Afterwards;
use crate::store::{Error, Outage};
use jiff::Timestamp;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// How many pieces of work may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How many pieces of work one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 1_000;

/// What work sees while it runs in a transaction.
pub(super) struct Session<'s> {
    /// The writing connection, inside the transaction.
    pub(super) connection: &'s Connection,
    /// What is known without asking it.
    pub(super) memory: &'s mut Memory,
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
        })
    }
}

/// Whether work can be taken back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// It has a savepoint.
    Own,
    /// It has none: it refuses before it writes, or it takes its transaction with it.
    Shared,
}

/// How a piece of work went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Well,
    /// It was refused for a reason of the contract.
    Refused,
    /// The store failed.
    Wrong,
}

impl Went {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Well,
            Err(Error::Full { .. } | Error::Stale { .. } | Error::Lost) => Self::Refused,
            Err(_) => Self::Wrong,
        }
    }
}

/// Tells the one who brought the work how the commit went.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs in the transaction, if there is one; says how it went, and who is to be told.
type Run = Box<dyn FnOnce(Option<&mut Session<'_>>) -> (Went, Answer) + Send>;

/// A piece of work.
struct Work {
    isolation: Isolation,
    run: Run,
}

/// The way to the writing thread. When this is dropped the thread does what still waits, and ends.
pub(super) struct Writer {
    /// Gone only while this is dropped.
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread with a connection to a file.
    pub(super) fn start(file: PathBuf, connection: Connection) -> Self {
        let (work, waiting) = mpsc::channel(WAITING_MAX);
        let own = Loop {
            file,
            connection: Some(connection),
            memory: None,
            data_version: 0,
            care: Care::Usual,
            outage: Outage::default(),
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || own.run(waiting))
            .expect("the system can start a thread");
        Self { work: Some(work), thread: Some(thread) }
    }

    /// Runs work in the next transaction and returns when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        isolation: Isolation,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = oneshot::channel();
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended()), work);
            let went = Went::of(&result);
            let answer: Answer = Box::new(move |commit| {
                // One who has stopped waiting needs no answer.
                let _ = tell.send(commit.and(result));
            });
            (went, answer)
        });
        self.sender().send(Work { isolation, run }).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    /// Runs work in a later transaction and then tells `done` whether it is on disk. Returns
    /// whether there was room for it.
    pub(super) fn write_without_waiting(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<(), Error> + Send + 'static,
        done: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) -> bool {
        let run: Run = Box::new(move |session| {
            let result = session.map_or_else(|| Err(ended()), work);
            (Went::of(&result), Box::new(move |commit| done(commit.and(result))))
        });
        self.sender().try_send(Work { isolation: Isolation::Own, run }).is_ok()
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

fn ended() -> Error {
    Error::Unavailable("the store's writer ended before the work was done".to_owned())
}

/// What the thread has.
struct Loop {
    file: PathBuf,
    /// Gone after an error of the disk, until it can be opened again.
    connection: Option<Connection>,
    memory: Option<Memory>,
    /// The database's own count of changes by others, as it was last seen.
    data_version: i64,
    /// How the log is filed.
    care: Care,
    outage: Outage,
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
        let mut answers = Vec::with_capacity(batch.len());
        let committed = self.transaction(batch, &mut answers);
        match &committed {
            Ok(()) => self.outage.worked("the store can be written again"),
            Err(error) => {
                self.outage.failed(error, "the store could not be written, and nothing is acknowledged until it can");
                self.connection = None;
                self.memory = None;
            }
        }
        for answer in answers {
            answer(match &committed {
                Ok(()) => Ok(()),
                Err(Error::Unavailable(reason)) => Err(Error::Unavailable(reason.clone())),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            });
        }
    }

    fn transaction(&mut self, batch: Vec<Work>, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let mut batch = batch.into_iter();
        let ended = self.begin().and_then(|()| {
            for work in batch.by_ref() {
                self.guarded(work, answers)?;
            }
            let session = self.session()?;
            session.memory.counters.write(session.connection)?;
            run(session.connection, "COMMIT")
        });
        // Those whose work did not come to its turn are told too.
        answers.extend(batch.map(|work| (work.run)(None).1));
        ended
    }

    /// Begins a transaction, on a new connection where the last one was given up.
    fn begin(&mut self) -> Result<(), Error> {
        if self.connection.is_none() {
            self.connection = Some(super::open_for_writing(&self.file)?);
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        run(connection, "BEGIN IMMEDIATE")?;
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version != self.data_version {
            self.data_version = version;
            self.memory = None;
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
        Ok(Session { connection, memory })
    }

    /// Runs one piece of work so that it either happens as a whole or not at all. An error means
    /// that the whole transaction is lost.
    fn guarded(&mut self, work: Work, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let care = self.care;
        let mut session = self.session()?;
        if work.isolation == Isolation::Own {
            match filing::file(&mut session, care) {
                Ok(()) => self.care = Care::Usual,
                Err(error) => {
                    // The next transaction finds out which delivery it is.
                    self.care = if error.is_ours() { Care::OneByOne } else { care };
                    answers.push((work.run)(None).1);
                    return Err(error);
                }
            }
            session = self.session()?;
            session.memory.counters.write(session.connection)?;
            run(session.connection, "SAVEPOINT work")?;
        }
        // A mistake of our own ends the work that made it, not the server. Whoever waits for its
        // answer is told by the dropping of it.
        let went = match catch_unwind(AssertUnwindSafe(|| (work.run)(Some(&mut session)))) {
            Ok((went, answer)) => {
                answers.push(answer);
                went
            }
            Err(_) => Went::Wrong,
        };
        match (work.isolation, went) {
            (Isolation::Shared, Went::Wrong) => {
                Err(Error::Unavailable("an acceptance could not be written".to_owned()))
            }
            (Isolation::Shared, Went::Well | Went::Refused) => Ok(()),
            (Isolation::Own, Went::Well) => run(session.connection, "RELEASE work"),
            (Isolation::Own, Went::Refused | Went::Wrong) => {
                run(session.connection, "ROLLBACK TO work")?;
                run(session.connection, "RELEASE work")?;
                self.memory = None;
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

    #[tokio::test]
    async fn a_mistake_in_one_piece_of_work_ends_that_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("test.db");
        let connection = super::super::open_for_writing(&file).expect("it opens");
        super::super::migration::migrate(&connection).expect("a schema");
        let writer = Writer::start(file, connection);
        let count = |session: &mut Session<'_>| session.memory.counters.next(session.connection, Scope::Store, "test");
        let wrong = writer.write::<u64>(Isolation::Own, move |session| panic!("a mistake after {:?}", count(session)));
        let (wrong, right) = tokio::join!(wrong, writer.write(Isolation::Own, count));
        assert!(matches!(wrong, Err(Error::Unavailable(_))), "{wrong:?}");
        assert_eq!(right.expect("the writer goes on"), 1, "what the mistake had written is taken back");
    }
}
