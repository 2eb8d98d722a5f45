//! The keys by which repeats are known, over all receivers: who decides about a key has its lock until the
//! commit. For how long they are known the database's clock says.

use super::accept::{AnsweredRun, Rows, Told};
use super::fault::Fault;
use super::row::from_json;
use super::session::{Parameters, Session};
use crate::id::DeliveryId;
use crate::store::QueuedRun;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio_postgres::Row;

/// How many locks all keys share. More let receivers work beside each other more often, but each
/// takes a place in the database's table of locks.
const KEY_LOCKS: u64 = 64;
/// What the locks are told from others by.
const KEY_LOCKS_CLASS: i32 = 0x7068;

/// How many keys one transaction forgets whose time is over.
const FORGOTTEN_MAX: i64 = 500;

/// A connection, and a key in it.
pub(super) type Key = (String, String);

/// What a key is remembered for, and until when.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    pub(super) first: First,
    pub(super) until: Timestamp,
}

/// The first delivery with a key.
#[derive(Debug, Clone)]
pub(super) enum First {
    /// One that was committed before, with its runs.
    Stored(DeliveryId, Vec<QueuedRun>),
    /// One of this batch, by its place.
    Here(usize),
}

const TAKE: &str = "SELECT count(pg_advisory_xact_lock($1, lock)) FROM unnest($2::integer[]) AS lock";
const LOOK: &str =
    "SELECT repeat.connection, repeat.key, repeat.delivery, repeat.until, coalesce(repeat.runs, delivery.runs) AS runs
     FROM unnest($1::text[], $2::text[]) AS asked (connection, key)
     JOIN repeat ON repeat.connection = asked.connection AND repeat.key = asked.key
     LEFT JOIN delivery ON delivery.id = repeat.delivery
     WHERE repeat.until > $3";

/// Takes the locks of the batch's keys, and returns those that are remembered.
pub(super) async fn lock_and_remember(session: &Session, batch: &[Rows]) -> Result<HashMap<Key, Remembered>, Fault> {
    let keys: BTreeSet<Key> = batch.iter().filter_map(Rows::key).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let locks: BTreeSet<i32> = keys.iter().map(lock).collect();
    let locks: Vec<i32> = locks.into_iter().collect();
    let (connections, keys): (Vec<String>, Vec<String>) = keys.into_iter().unzip();
    session.prepare(&[TAKE, LOOK]).await?;
    let asked: Parameters<'_> = &[&connections, &keys, &session.now];
    let locks: Parameters<'_> = &[&KEY_LOCKS_CLASS, &locks];
    let (_, rows) = tokio::try_join!(biased; session.one(TAKE, locks), session.rows(LOOK, asked))?;
    rows.iter().map(remembered).collect()
}

fn lock((connection, key): &Key) -> i32 {
    let mut hasher = DefaultHasher::new();
    (connection, key).hash(&mut hasher);
    i32::try_from(hasher.finish() % KEY_LOCKS).expect("there are few locks")
}

fn remembered(row: &Row) -> Result<(Key, Remembered), Fault> {
    let runs: Vec<AnsweredRun> = match row.try_get::<_, Option<&str>>("runs")? {
        Some(runs) => from_json(runs)?,
        None => Vec::new(),
    };
    let delivery = DeliveryId::from_stored(row.try_get("delivery")?);
    let first = First::Stored(delivery, runs.into_iter().map(QueuedRun::from).collect());
    Ok(((row.try_get("connection")?, row.try_get("key")?), Remembered { first, until: row.try_get("until")? }))
}

/// Remembers keys, and forgets some whose time is over.
pub(super) async fn remember(session: &Session, told: &[Told<'_>]) -> Result<(), Fault> {
    let remembered: BTreeMap<&Key, (&DeliveryId, Timestamp)> = told
        .iter()
        .filter_map(|it| it.remembered.as_ref().map(|(key, until)| (key, (&it.row.delivery.id, *until))))
        .collect();
    if remembered.is_empty() {
        return Ok(());
    }
    let (connections, keys): (Vec<&str>, Vec<&str>) = remembered.keys().map(|(name, key)| (&**name, &**key)).unzip();
    let (deliveries, untils): (Vec<&str>, Vec<Timestamp>) =
        remembered.values().map(|(delivery, until)| (delivery.as_str(), *until)).unzip();
    let parameters: Parameters<'_> = &[&connections, &keys, &deliveries, &untils];
    let remembered = session.run(
        "INSERT INTO repeat (connection, key, delivery, until)
         SELECT connection, key, delivery, until
         FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS new (connection, key, delivery, until)
         ON CONFLICT (connection, key) DO UPDATE
         SET delivery = excluded.delivery, until = excluded.until, runs = NULL",
        parameters,
    );
    tokio::try_join!(biased; remembered, forget_over(session)).map(drop)
}

/// Forgets some keys whose time is over: those that no other receiver is at.
pub(super) async fn forget_over(session: &Session) -> Result<(), Fault> {
    session
        .run(
            "DELETE FROM repeat
             WHERE ctid = ANY (ARRAY (SELECT ctid
                                      FROM repeat
                                      WHERE until <= $1
                                      LIMIT $2
                                      FOR UPDATE SKIP LOCKED))",
            &[&session.now, &FORGOTTEN_MAX],
        )
        .await?;
    Ok(())
}
