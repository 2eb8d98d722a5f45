//! What the one thread that writes does with a batch of work; `writer.rs` says how work comes to it.

use super::accept::{self, Rows};
use super::fault::Damage;
use super::filing::{self, Care};
use super::lease;
use super::lock::Lock;
use super::mapped;
use super::place::Place;
use super::steady;
use super::writer::{Ended, Memory, Now, Run, Session, Told, Went, Work, ended_early};
use crate::clock::Clock;
use crate::store::turn::Allowance;
use crate::store::{Error, Outage};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How many pieces of work one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 1_000;
/// How long one transaction files the log at least and at most before it lets acceptances through: filing costs some
/// three times as much as accepting, and a burst that nobody looks at leaves a log of any length. In between it is as
/// long as the last commit took: so whoever comes meanwhile waits about twice as long as for a commit, and
/// filing has half of the time, on all but the slowest disks.
const FILING_MIN: Duration = Duration::from_millis(1);
const FILING_MAX: Duration = Duration::from_millis(15);

/// What the thread has.
pub(super) struct Loop {
    place: Place,
    /// Whether its disk is one on which a page in memory can have no room.
    is_copying: bool,
    /// There, keeps the pages that the connections share in memory while the one that writes is opened anew: what is
    /// mapped anew is ready to be written only after somebody has asked for it.
    pages: Option<Connection>,
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
    /// Until when this transaction files; it has filed nothing where there is none.
    filing_until: Option<Instant>,
    /// How long the last commit took.
    commit_took: Duration,
    /// Work that has come to its turn, and waits until the log is filed as far as it was then.
    behind: VecDeque<(Run, i64)>,
    outage: Outage,
    changes: Arc<watch::Sender<u64>>,
    /// Since when nothing could be written, by the machine's count; until it is noted in the leases.
    still: Option<Timestamp>,
    /// Where the folder is ours alone. Given up with all that is open there: fields are dropped in their order.
    lock: Option<Lock>,
}

impl Loop {
    /// Returns what a thread has that writes the file of a place, by a connection that it makes itself where it has none
    /// and something is to be written. It tells `changes` once for all runs that a transaction accepted.
    pub(super) fn new(
        place: Place,
        connection: Option<Connection>,
        clock: Arc<dyn Clock>,
        changes: Arc<watch::Sender<u64>>,
        damage: Damage,
        lock: Option<Lock>,
    ) -> Self {
        Self {
            is_copying: mapped::is_copying(place.file()),
            place,
            clock,
            pages: None,
            connection,
            memory: None,
            damage,
            data_version: 0,
            ahead: SignedDuration::ZERO,
            care: Care::Usual,
            filing_until: None,
            commit_took: Duration::ZERO,
            behind: VecDeque::new(),
            outage: Outage::default(),
            changes,
            still: None,
            lock,
        }
    }

    /// Does the work that comes until nobody can bring more.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        loop {
            // While work waits for the log there is something to do in any case.
            let mut batch = Vec::new();
            if self.behind.is_empty() {
                match waiting.blocking_recv() {
                    Some(first) => batch.push(first),
                    None => break,
                }
            }
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
        let (began, at) = (Instant::now(), self.clock.steady());
        let committed = self.transaction(batch, at, &mut ended);
        self.still = match &committed {
            // What came before is in the leases now.
            Ok(()) => (began.elapsed() >= super::BUSY).then_some(at),
            Err(_) => self.still.or(Some(at)),
        };
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

    /// Runs a batch in a transaction that begins at a moment of the machine's count.
    fn transaction(&mut self, batch: Vec<Work>, at: Timestamp, ended: &mut Vec<Ended>) -> Result<(), Error> {
        let mut batch = batch.into_iter();
        let written = self.begin().and_then(|()| self.note_standstill(at)).and_then(|()| {
            for work in batch.by_ref() {
                match work {
                    Work::Acceptance(rows, told, turn) if turn.take() => self.accept(rows, told, ended)?,
                    Work::Other(work, turn) if turn.take() => self.other(work, ended)?,
                    Work::Beside(work, turn) if turn.take() => self.guarded(work, ended)?,
                    Work::Acceptance(..) | Work::Other(..) | Work::Beside(..) => {}
                }
            }
            self.catch_up(ended)?;
            let mut session = self.session()?;
            let next = session.memory.logged + 1;
            steady::note(&mut session, next)?;
            session.memory.counters.write(session.connection)?;
            let began = Instant::now();
            run(session.connection, "COMMIT")?;
            self.commit_took = began.elapsed();
            self.settle()?;
            self.place.is_kept()
        });
        // Those whose work did not come to its turn are told too.
        if written.is_err() {
            ended.extend(self.behind.drain(..).map(|(work, _)| Ended::Other(work(None).1)));
        }
        ended.extend(batch.map(|work| match work {
            Work::Acceptance(rows, told, _) => Ended::Acceptance(rows, Err(ended_early()), told),
            Work::Other(work, _) | Work::Beside(work, _) => Ended::Other(work(None).1),
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
            if self.pages.is_none() {
                self.pages = Some(super::open_for_reading(self.place.file())?);
            }
            mapped::have_room(self.place.file())?;
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
        if let Some(memory) = &mut self.memory {
            memory.allowance = Allowance::default();
        }
        self.filing_until = None;
        Ok(())
    }

    /// Puts the ends of leases off by how long nothing could be written until a moment: nobody could renew them meanwhile,
    /// and where the folder is ours nobody else can have the jobs.
    fn note_standstill(&self, until: Timestamp) -> Result<(), Error> {
        let (Some(connection), Some(since), Some(_)) = (&self.connection, self.still, &self.lock) else {
            return Ok(());
        };
        let since = since.checked_add(self.ahead).unwrap_or(since);
        lease::put_off(connection, since, until.checked_add(self.ahead).unwrap_or(until))
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

    /// Does work that finds the log filed: at once where little is missing, or after others that wait for that.
    fn other(&mut self, work: Run, ended: &mut Vec<Ended>) -> Result<(), Error> {
        let logged = self.session()?.memory.logged;
        self.behind.push_back((work, logged));
        if self.behind.len() == 1 {
            self.catch_up(ended)?;
        }
        Ok(())
    }

    /// Files the next part of the log, where work waits for that, and does the work that has waited for long enough.
    fn catch_up(&mut self, ended: &mut Vec<Ended>) -> Result<(), Error> {
        if self.behind.is_empty() {
            return Ok(());
        }
        let part = self.commit_took.clamp(FILING_MIN, FILING_MAX);
        let until = *self.filing_until.get_or_insert_with(|| Instant::now() + part);
        let care = self.care;
        match filing::file(&mut self.session()?, care, Some(until)) {
            Ok(next) => self.care = next,
            Err(error) => {
                // The next transaction finds out which delivery it is.
                self.care = if error.is_ours() { Care::OneByOne } else { care };
                return Err(error);
            }
        }
        let filed = self.session()?.memory.filed;
        while let Some((work, _)) = self.behind.pop_front_if(|(_, logged)| *logged <= filed) {
            self.guarded(work, ended)?;
        }
        Ok(())
    }

    /// Runs one piece of work so that it either happens as a whole or not at all. An error means
    /// that the whole transaction is lost.
    fn guarded(&mut self, work: Run, ended: &mut Vec<Ended>) -> Result<(), Error> {
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
