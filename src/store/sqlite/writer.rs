//! The one thread that writes.
//!
//! It takes everything that waits, runs it in one transaction, commits once, and only then
//! answers. Each piece of work has a savepoint, so that one that fails takes nothing with it.
//! After an error of the disk the connection is closed and opened again: what a failed sync left
//! in memory is not known to be on disk, and trying the same sync again would lie about it.

use crate::store::Error;
use rusqlite::Connection;
use std::path::PathBuf;
use tokio::sync::{mpsc, oneshot};

/// How many pieces of work may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How many pieces of work one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 1_000;

/// What work sees while it runs in a transaction.
pub(super) struct Session<'s> {
    /// The writing connection, inside the transaction.
    pub(super) connection: &'s Connection,
    /// How many runs wait for a worker, if it is known without counting.
    pub(super) waiting: &'s mut Option<u64>,
}

impl Session<'_> {
    /// Returns how many runs wait for a worker.
    pub(super) fn waiting(&mut self) -> Result<u64, Error> {
        if let Some(waiting) = *self.waiting {
            return Ok(waiting);
        }
        let counted = self
            .connection
            .prepare_cached("SELECT count(*) FROM run WHERE state = 'queued'")?
            .query_row([], |row| row.get(0))?;
        *self.waiting = Some(counted);
        Ok(counted)
    }
}

/// Tells the one who brought the work how the commit went.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs in the transaction; says whether it went well, and who is to be told.
type Work = Box<dyn FnOnce(&mut Session<'_>) -> (bool, Answer) + Send>;

/// The way to the writing thread; the thread ends when this is dropped.
pub(super) struct Writer(mpsc::Sender<Work>);

impl Writer {
    /// Starts the thread with a connection to a file.
    pub(super) fn start(file: PathBuf, connection: Connection) -> Self {
        let (work, waiting) = mpsc::channel(WAITING_MAX);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                Loop { file, connection: Some(connection), runs_waiting: None, data_version: 0 }.run(waiting)
            })
            .expect("the system can start a thread");
        Self(work)
    }

    /// Runs work in the next transaction and returns when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = oneshot::channel();
        let work: Work = Box::new(move |session| {
            let result = work(session);
            let went_well = result.is_ok();
            let answer: Answer = Box::new(move |commit| {
                // One who has stopped waiting needs no answer.
                let _ = tell.send(commit.and(result));
            });
            (went_well, answer)
        });
        let ended = || Error::Unavailable("the store's writer has ended".to_owned());
        self.0.send(work).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    /// Runs work in a later transaction, if there is room for it; nobody is told.
    pub(super) fn write_without_waiting(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<(), Error> + Send + 'static,
    ) {
        let work: Work = Box::new(move |session| {
            let result = work(session);
            (result.is_ok(), Box::new(|_| {}))
        });
        // A flood is what this is for: what finds no room is let go.
        let _ = self.0.try_send(work);
    }
}

/// What the thread has.
struct Loop {
    file: PathBuf,
    /// Gone after an error of the disk, until it can be opened again.
    connection: Option<Connection>,
    runs_waiting: Option<u64>,
    /// The database's own count of changes by others, as it was last seen.
    data_version: i64,
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
        if let Err(error) = &committed {
            tracing::error!(%error, "the store could not be written");
            self.runs_waiting = None;
        }
        for answer in answers {
            answer(match &committed {
                Ok(()) => Ok(()),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            });
        }
    }

    fn transaction(&mut self, batch: Vec<Work>, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let begun = self.begin();
        let connection = match (&begun, self.connection.as_ref()) {
            (Ok(()), Some(connection)) => connection,
            _ => {
                // The work is not run; dropping it tells those who wait.
                self.connection = None;
                return begun;
            }
        };
        let mut failed = Ok(());
        for work in batch {
            let mut session = Session { connection, waiting: &mut self.runs_waiting };
            if let Err(error) = guarded(&mut session, work, answers) {
                failed = Err(error);
                break;
            }
        }
        let ended = failed.and_then(|()| Ok(connection.execute_batch("COMMIT")?));
        if ended.is_err() {
            let is_disk = !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err();
            if is_disk || matches!(&ended, Err(Error::Unavailable(_))) {
                self.connection = None;
            }
        }
        ended
    }

    /// Begins a transaction, on a new connection where the last one was given up.
    fn begin(&mut self) -> Result<(), Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => super::open_for_writing(&self.file)?,
        };
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if version != self.data_version {
            self.data_version = version;
            self.runs_waiting = None;
        }
        self.connection = Some(connection);
        Ok(())
    }
}

/// Runs one piece of work so that it either happens as a whole or not at all.
fn guarded(session: &mut Session<'_>, work: Work, answers: &mut Vec<Answer>) -> Result<(), Error> {
    run(session.connection, "SAVEPOINT work")?;
    let (went_well, answer) = work(session);
    answers.push(answer);
    if !went_well {
        *session.waiting = None;
        run(session.connection, "ROLLBACK TO work")?;
    }
    run(session.connection, "RELEASE work")
}

fn run(connection: &Connection, statement: &str) -> Result<(), Error> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}
