//! Work in transactions.
//!
//! Work that writes is one transaction. Where others were in its way it is begun again. Where the
//! answer to its commit is lost, the database is asked later what became of it: only where it can't be
//! asked is the outcome unknown.

use super::fault::Fault;
use super::migration;
use super::pool::{CONNECTIONS_MAX, Pool};
use super::turn::Afterwards;
use crate::clock::Clock;
use crate::store::Error;
use crate::store::turn::Allowance;
use deadpool_postgres::Object;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// How often work is begun that others are in the way of.
const TRIES_MAX: u32 = 5;
/// How long a piece of work may take, and its commit: longer than every statement may.
const WORK_MAX: Duration = Duration::from_secs(25);
/// How long the database is asked what became of a commit, and how often.
const ASK_MAX: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How transactions begin. The database's owner may have said otherwise for all that say nothing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_LIGHTLY: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off";
const BEGIN_READING: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Parameters of a statement.
pub(super) type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Work in a transaction. It is boxed so that it can be on any thread, whatever it borrows.
pub(super) type Work<'w, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'w>>;

/// What tells the time of leases: one clock for all machines.
#[derive(Clone)]
pub enum LeaseClock {
    /// The database's.
    Database,
    /// One that a test winds.
    Own(Arc<dyn Clock>),
}

impl LeaseClock {
    /// Returns the time of day and that of leases by a clock that is not the database's.
    fn own(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Database => None,
            Self::Own(clock) => Some((clock.now(), clock.steady())),
        }
    }
}

/// The database as this process works with it.
pub(super) struct Database {
    pub(super) pool: Pool,
    pub(super) clock: LeaseClock,
}

/// A transaction.
pub(super) struct Session {
    client: Object,
    /// What the database calls it; nothing for one that only reads.
    transaction: Option<Transaction>,
    /// When it began, for people; nothing that counts for one that only reads.
    pub(super) now: Timestamp,
    /// The time of leases when it began.
    pub(super) steady: Timestamp,
    /// The present moment by a clock that a test winds, for people and for leases.
    pub(super) own_now: Option<Timestamp>,
    pub(super) own_steady: Option<Timestamp>,
    /// What follows for other runs.
    afterwards: Mutex<VecDeque<Afterwards>>,
    /// How many more it cancels for those that come to groups in it.
    allowance: Mutex<Allowance>,
}

/// Which transaction it is: a number, in one of the lives that a fail-over or a crash gives a database. In
/// another life the same number may be another one's: one that was not on disk at a crash is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transaction {
    number: String,
    timeline: String,
    life: String,
}

/// The number of the transaction, the database's clock, in which of its lives it is by fail-overs and by crashes, and
/// the version of its schema: another process may have changed it since this one looked.
const BEGUN: &str = "SELECT pg_current_xact_id()::text,
                            clock_timestamp(),
                            substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
                            (SELECT version FROM schema_version),
                            (SELECT id FROM life)";
/// Begins the life of a database that has none since a crash.
const BEGIN_LIFE: &str = "ROLLBACK;
                          INSERT INTO life (id) VALUES (gen_random_uuid()::text) ON CONFLICT DO NOTHING";

impl Database {
    /// Runs work in a transaction and returns when that is on disk.
    pub(super) async fn write<'w, T>(&self, work: impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<T, Fault> {
        self.write_as(BEGIN, work).await
    }

    /// As [`Self::write`], for what may come to the disk a moment after this returns: a crash of the
    /// database soon after can take it back.
    pub(super) async fn write_lightly<'w, T>(&self, work: impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<T, Fault> {
        self.write_as(BEGIN_LIGHTLY, work).await
    }

    async fn write_as<'w, T>(&self, begin: &str, work: impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<T, Fault> {
        for _ in 1..TRIES_MAX {
            match self.attempt(begin, &work).await {
                Err(fault) if fault.is_passing() => tracing::debug!(?fault, "work on the database is begun again"),
                done => return done,
            }
        }
        self.attempt(begin, &work).await
    }

    async fn attempt<'w, T>(&self, begin: &str, work: &impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<T, Fault> {
        let (session, value) = worked(self.begin(begin).await?, work).await?;
        session.commit(&self.pool).await.map(|()| value)
    }

    /// Runs queries that all see the same moment.
    pub(super) async fn read<'w, T>(&self, work: impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<T, Fault> {
        let (client, _) = self.begun(BEGIN_READING, None).await?;
        let (never, own) = (Timestamp::UNIX_EPOCH, self.clock.own());
        let session = Session {
            client,
            transaction: None,
            now: never,
            steady: never,
            own_now: own.map(|(now, _)| now),
            own_steady: own.map(|(_, steady)| steady),
            afterwards: Mutex::default(),
            allowance: Mutex::default(),
        };
        let (session, value) = worked(session, &work).await?;
        session.end_reading().await;
        Ok(value)
    }

    /// Begins a transaction that writes. Fails where another version works with the database now.
    async fn begin(&self, begin: &str) -> Result<Session, Fault> {
        let (client, row) = self.begun(begin, Some(BEGUN)).await?;
        let begun = async {
            let mut row = row.expect("it was asked");
            let version: Option<i64> = row.try_get(3)?;
            migration::is_known(version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0))?;
            if row.try_get::<_, Option<&str>>(4)?.is_none() {
                client.batch_execute(BEGIN_LIFE).await?;
                row = begin_on(&client, begin, Some(BEGUN)).await?.expect("it was asked");
                row.try_get::<_, &str>(4)?;
            }
            Ok::<_, Fault>(row)
        };
        let begun = begun.await;
        let row = match begun {
            Ok(row) => row,
            Err(fault) => {
                // The transaction goes with the connection.
                drop(Object::take(client));
                return Err(fault);
            }
        };
        let transaction = Transaction { number: row.try_get(0)?, timeline: row.try_get(2)?, life: row.try_get(4)? };
        let own = self.clock.own();
        let (now, steady) = match own {
            Some(own) => own,
            None => (row.try_get(1)?, row.try_get(1)?),
        };
        Ok(Session {
            client,
            transaction: Some(transaction),
            now,
            steady,
            own_now: own.map(|(now, _)| now),
            own_steady: own.map(|(_, steady)| steady),
            afterwards: Mutex::default(),
            allowance: Mutex::default(),
        })
    }

    /// Returns a connection on which a transaction was begun, and what was asked with that. One that died while
    /// nobody used it is noticed by that; nothing is lost with it, so another one is taken.
    async fn begun(&self, begin: &str, asked: Option<&str>) -> Result<(Object, Option<Row>), Fault> {
        let mut tries = 0;
        loop {
            let client = self.pool.get().await?;
            match timeout(WORK_MAX, begin_on(&client, begin, asked)).await {
                Ok(Ok(answer)) => return Ok((client, answer)),
                Ok(Err(error)) => {
                    let fault = Fault::from(error);
                    drop(Object::take(client));
                    tries += 1;
                    if !fault.is_cut() || tries > CONNECTIONS_MAX {
                        return Err(fault);
                    }
                }
                Err(_) => {
                    drop(Object::take(client));
                    return Err(Error::Unavailable("the database does not answer".to_owned()).into());
                }
            }
        }
    }
}

/// Begins a transaction and returns the row of what is asked with that, both in one way to the database and back.
async fn begin_on(client: &Object, begin: &str, asked: Option<&str>) -> Result<Option<Row>, tokio_postgres::Error> {
    let Some(asked) = asked else {
        return client.batch_execute(begin).await.map(|()| None);
    };
    let asked = client.prepare_cached(asked).await?;
    let answer = client.query_one(&asked, &[]);
    tokio::try_join!(biased; client.batch_execute(begin), answer).map(|((), row)| Some(row))
}

/// Works in a session within [`WORK_MAX`], and gives it back to be ended. What failed is rolled back.
async fn worked<'w, T>(session: Session, work: &impl Fn(Arc<Session>) -> Work<'w, T>) -> Result<(Session, T), Fault> {
    let session = Arc::new(session);
    let done = timeout(WORK_MAX, work(session.clone())).await;
    let session = Arc::into_inner(session).expect("work gives its session back");
    match done {
        Ok(Ok(value)) => Ok((session, value)),
        Ok(Err(fault)) => {
            session.roll_back(&fault).await;
            Err(fault)
        }
        Err(_) => {
            session.discard();
            Err(Error::Unavailable(format!("the database took longer than {WORK_MAX:?}")).into())
        }
    }
}

impl Session {
    /// Makes statements known to the connection: what runs those next, each by a method of this in one `try_join!`, has
    /// them on their way together and in its order. Where order does not matter this can be left out: then only the
    /// first time on a connection costs more ways.
    pub(super) async fn prepare(&self, sql: &[&str]) -> Result<(), Fault> {
        for sql in sql {
            self.client.prepare_cached(sql).await?;
        }
        Ok(())
    }

    /// Returns all rows of a query.
    pub(super) async fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.client.prepare_cached(sql).await?;
        Ok(self.client.query(&statement, parameters).await?)
    }

    /// Returns the one row of a query, if there is one.
    pub(super) async fn row(&self, sql: &str, parameters: Parameters<'_>) -> Result<Option<Row>, Fault> {
        let statement = self.client.prepare_cached(sql).await?;
        Ok(self.client.query_opt(&statement, parameters).await?)
    }

    /// Returns the one row of a query that always has one.
    pub(super) async fn one(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Fault> {
        let statement = self.client.prepare_cached(sql).await?;
        Ok(self.client.query_one(&statement, parameters).await?)
    }

    /// Runs a statement and returns how many rows it changed.
    pub(super) async fn run(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Fault> {
        let statement = self.client.prepare_cached(sql).await?;
        Ok(self.client.execute(&statement, parameters).await?)
    }

    /// Notes something that follows for other runs.
    pub(super) fn note_afterwards(&self, next: Afterwards) {
        self.afterwards.lock().expect("no holder panics").push_back(next);
    }

    /// Returns what follows next for other runs.
    pub(super) fn next_afterwards(&self) -> Option<Afterwards> {
        self.afterwards.lock().expect("no holder panics").pop_front()
    }

    /// Takes of what it may cancel for those that come to groups in it.
    pub(super) fn allowance(&self) -> MutexGuard<'_, Allowance> {
        self.allowance.lock().expect("no holder panics")
    }

    /// Commits. Returns when it is known what became of it.
    pub(super) async fn commit(self, pool: &Pool) -> Result<(), Fault> {
        let fault = match timeout(WORK_MAX, self.client.batch_execute("COMMIT")).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Fault::from(error),
            Err(_) => Error::Unavailable("the database took too long to commit".to_owned()).into(),
        };
        let is_unknown = !matches!(&fault, Fault::Database(_)) || fault.is_cut();
        let transaction = self.transaction.clone();
        self.discard();
        match transaction {
            Some(transaction) if is_unknown => transaction.ask(pool).await,
            _ => Err(fault),
        }
    }

    /// Takes back what was done. The connection is used again where it is sound.
    pub(super) async fn roll_back(self, reason: &Fault) {
        let is_sound = reason.leaves_sound()
            && matches!(timeout(WORK_MAX, self.client.batch_execute("ROLLBACK")).await, Ok(Ok(())));
        if !is_sound {
            self.discard();
        }
    }

    async fn end_reading(self) {
        if !matches!(timeout(WORK_MAX, self.client.batch_execute("COMMIT")).await, Ok(Ok(()))) {
            self.discard();
        }
    }

    /// Closes the connection, and with it the transaction: in which state it is nobody knows.
    fn discard(self) {
        drop(Object::take(self.client));
    }
}

impl Transaction {
    /// Asks the database what became of the transaction, until it says so or the time is over.
    async fn ask(&self, pool: &Pool) -> Result<(), Fault> {
        let end = Instant::now() + ASK_MAX;
        let mut last = "the connection was lost".to_owned();
        while Instant::now() < end {
            match self.outcome(pool).await {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => {
                    return Err(Error::Unavailable("the database gave up the transaction".to_owned()).into());
                }
                Ok(None) => {}
                Err(fault @ Fault::Told(Error::Unknown(_))) => return Err(fault),
                // A number that was never given, since a crash has taken it back.
                Err(fault) if fault.is_no_transaction() => {
                    return Err(Error::Unavailable("the database crashed before the commit".to_owned()).into());
                }
                Err(fault) => last = Error::from(fault).to_string(),
            }
            sleep(ASK_EVERY).await;
        }
        Err(Error::Unknown(last).into())
    }

    /// Returns whether it was committed, or nothing while that is open.
    async fn outcome(&self, pool: &Pool) -> Result<Option<bool>, Fault> {
        let client = pool.get().await?;
        let row = client
            .query_one(
                "SELECT pg_xact_status($1::text::xid8),
                        substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
                        (SELECT id FROM life)",
                &[&self.number],
            )
            .await?;
        if row.try_get::<_, &str>(1)? != self.timeline {
            return Err(Error::Unknown("another database has taken over".to_owned()).into());
        }
        let has_crashed = row.try_get::<_, Option<&str>>(2)? != Some(&self.life);
        Ok(match row.try_get::<_, Option<&str>>(0)? {
            // It may be another one that has its number now.
            Some("committed") if has_crashed => {
                return Err(Error::Unknown("the database has crashed meanwhile".to_owned()).into());
            }
            Some("committed") => Some(true),
            // Had it been committed, nobody else would have its number.
            Some("aborted") => Some(false),
            Some("in progress") if has_crashed => Some(false),
            _ => None,
        })
    }
}
