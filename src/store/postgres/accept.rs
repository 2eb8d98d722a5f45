//! Deliveries, their decisions and their runs: what waits is accepted in one commit.
//!
//! One task of each receiver takes everything that waits, and only answers when its transaction is on
//! disk, so that many senders share one sync. Several receivers keep apart like this, always in this
//! order, so that none can wait for another in a circle: the keys by which repeats are known share
//! [`KEY_LOCKS`] locks; the numbers of a pipeline are one row, held until the commit.

use super::fault::Fault;
use super::filing::{Filed, NewRow};
use super::form::Forms;
use super::row::{from_json, key, number, number_at, text, text_or_none, to_json};
use super::session::{Database, Parameters, Session};
use super::turn;
use crate::id::{DeliveryId, RunId};
use crate::run::{Ranking, RunName};
use crate::store::{Acceptance, Accepted, Error, NewRun, Priority, QueuedRun, RepeatKey};
use crate::webhook::delivery::{Delivery, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;

/// How many acceptances may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How many one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 500;
/// How many locks all keys share. More let receivers work beside each other more often, but each
/// takes a place in the database's table of locks.
const KEY_LOCKS: u64 = 64;
/// What the locks are told from others by.
const KEY_LOCKS_CLASS: i32 = 0x7068;

/// The way to the task that accepts.
pub(super) struct Desk(mpsc::Sender<Waiting>);

struct Waiting {
    rows: Rows,
    tell: oneshot::Sender<Result<Accepted, Error>>,
}

/// An acceptance with its texts made before its turn.
pub(super) struct Rows {
    delivery: Option<DeliveryRow>,
    runs: Vec<(NewRun, Filed)>,
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

/// A run as its delivery's row spells it, for repeats of the delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AnsweredRun {
    id: String,
    pipeline: String,
    number: u64,
    name: String,
}

impl From<AnsweredRun> for QueuedRun {
    fn from(run: AnsweredRun) -> Self {
        Self { id: RunId::from_stored(&run.id), pipeline: run.pipeline, number: run.number, name: run.name }
    }
}

impl Rows {
    pub(super) fn new(acceptance: Acceptance) -> Result<Self, Error> {
        let delivery = acceptance.delivery.map(|(delivery, body)| {
            let headers = to_json(&delivery.headers)?;
            let verdicts = to_json(&delivery.pipelines)?;
            Ok::<_, Error>(DeliveryRow { delivery, body, headers, verdicts })
        });
        let filed = |run: NewRun| Ok::<_, Error>(Filed::new(&run).map(|filed| (run, filed))?);
        Ok(Self {
            delivery: delivery.transpose()?,
            runs: acceptance.runs.into_iter().map(filed).collect::<Result<_, _>>()?,
            repeat: acceptance.repeat,
            queue_limit: acceptance.queue_limit,
            queue_age: acceptance.queue_age,
        })
    }

    pub(super) fn starts_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Returns by what the delivery would be known again.
    fn key(&self) -> Option<Key> {
        let (delivery, repeat) = (self.delivery.as_ref()?, self.repeat.as_ref()?);
        Some((text(&delivery.delivery.connection).into_owned(), key(&repeat.key).into_owned()))
    }
}

impl Rows {
    /// Returns why the runs are refused where the job that is due longest has waited longer than they allow:
    /// nobody takes the work, or not fast enough.
    fn stale(&self, oldest: Option<Timestamp>) -> Option<Error> {
        let (limit, (run, _)) = (self.queue_age?, self.runs.first()?);
        let waited = Duration::try_from(run.queued_at.duration_since(oldest?)).unwrap_or_default();
        (waited > limit).then(|| Error::Stale { waited: waited.as_secs(), limit: limit.as_secs() })
    }

    /// Returns until when the delivery's key is remembered.
    fn remembered_until(&self) -> Option<Timestamp> {
        let (row, repeat) = (self.delivery.as_ref()?, self.repeat.as_ref()?);
        Some(row.delivery.received_at.checked_add(repeat.window).unwrap_or(Timestamp::MAX))
    }
}

/// A connection, and a key in it.
type Key = (String, String);

impl Desk {
    /// Returns the desk, and what waits at it.
    pub(super) fn new() -> (Self, Queue) {
        let (bring, waiting) = mpsc::channel(WAITING_MAX);
        (Self(bring), Queue(waiting))
    }

    /// Accepts, and returns when that is on disk.
    pub(super) async fn accept(&self, rows: Rows) -> Result<Accepted, Error> {
        let (tell, told) = oneshot::channel();
        self.0.send(Waiting { rows, tell }).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }
}

fn ended() -> Error {
    Error::Unavailable("the store ended before the delivery was accepted".to_owned())
}

/// What waits to be accepted.
pub(super) struct Queue(mpsc::Receiver<Waiting>);

impl Queue {
    /// Accepts whatever comes, until nobody can bring more.
    pub(super) async fn work(mut self, database: &Database, forms: &Forms) {
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        while self.0.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            let (rows, tell): (Vec<Rows>, Vec<_>) = waiting.drain(..).map(|it| (it.rows, it.tell)).unzip();
            let told = accept_all(database, forms, &rows).await;
            for (tell, told) in tell.into_iter().zip(told) {
                // Who does not wait any more has its delivery accepted all the same.
                let _ = tell.send(told);
            }
        }
    }
}

/// Accepts a batch, and says for each what came of it. Where the database refuses something in the
/// batch, its halves are accepted apart, so that one delivery can't stand in the way of all others.
async fn accept_all(database: &Database, forms: &Forms, batch: &[Rows]) -> Vec<Result<Accepted, Error>> {
    let mut done = Vec::with_capacity(batch.len());
    let mut open = vec![batch];
    while let Some(batch) = open.pop() {
        match accept_batch(database, forms, batch).await {
            Ok(told) => done.extend(told),
            Err(Fault::Database(error)) if batch.len() > 1 && error.as_db_error().is_some() => {
                tracing::warn!(
                    deliveries = batch.len(),
                    "deliveries could not be accepted together, trying them apart"
                );
                let (first, second) = batch.split_at(batch.len() / 2);
                open.extend([second, first]);
            }
            Err(fault) => {
                let error = Error::from(fault);
                done.extend(batch.iter().map(|_| Err(same(&error))));
            }
        }
    }
    done
}

/// Returns an error that says the same to another.
fn same(error: &Error) -> Error {
    match error {
        Error::Unknown(reason) => Error::Unknown(reason.clone()),
        Error::Unavailable(reason) => Error::Unavailable(reason.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}

async fn accept_batch(
    database: &Database,
    forms: &Forms,
    batch: &[Rows],
) -> Result<Vec<Result<Accepted, Error>>, Fault> {
    let used: Vec<_> = batch.iter().flat_map(|rows| &rows.runs).map(|(run, _)| run.work.form.clone()).collect();
    let places = &forms.places(database, &used).await?;
    match database.write(|session| Box::pin(async move { accept(&session, forms, batch, places).await })).await {
        // A form was there and is not any more: it is written again.
        Err(fault) if fault.is_stale() => {
            forms.forget();
            let places = &forms.places(database, &used).await?;
            database.write(|session| Box::pin(async move { accept(&session, forms, batch, places).await })).await
        }
        done => done,
    }
}

type Places = HashMap<[u8; 20], i64>;

async fn accept(
    session: &Session,
    forms: &Forms,
    batch: &[Rows],
    places: &Places,
) -> Result<Vec<Result<Accepted, Error>>, Fault> {
    // Before all else, as everybody does who needs it.
    if batch.iter().flat_map(|rows| &rows.runs).any(|(_, filed)| filed.has_turns()) {
        turn::lock(session).await?;
    }
    let remembered = lock_and_remember(session, batch).await?;
    // What starts nothing needs no room.
    let limit = batch.iter().filter(|rows| rows.starts_runs()).map(|rows| rows.queue_limit).max();
    let waiting = match limit {
        Some(limit) => count_waiting(session, limit).await?,
        None => 0,
    };
    let oldest = match batch.iter().any(|rows| rows.starts_runs() && rows.queue_age.is_some()) {
        true => due_longest(session).await?,
        false => None,
    };
    let decided = decide(batch, remembered, waiting, oldest);
    let wishes: Vec<Wish<'_>> = new_runs(batch, &decided).collect();
    let mut numbers = Numbers::take(session, &wishes).await?;
    let accepted = answer(batch, decided, &mut numbers, places)?;
    numbers.write(session).await?;
    accepted.write(session, forms).await?;
    Ok(accepted.told)
}

/// What a key is remembered for, and until when.
#[derive(Debug, Clone)]
struct Remembered {
    first: First,
    until: Timestamp,
}

/// The first delivery with a key.
#[derive(Debug, Clone)]
enum First {
    /// One that was committed before, with its runs.
    Stored(DeliveryId, Vec<QueuedRun>),
    /// One of this batch, by its place.
    Here(usize),
}

/// Takes the locks of the batch's keys, and returns those that are remembered.
async fn lock_and_remember(session: &Session, batch: &[Rows]) -> Result<HashMap<Key, Remembered>, Fault> {
    let keys: BTreeSet<Key> = batch.iter().filter_map(Rows::key).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let locks: BTreeSet<i32> = keys.iter().map(lock).collect();
    let locks: Vec<i32> = locks.into_iter().collect();
    let (connections, keys): (Vec<String>, Vec<String>) = keys.into_iter().unzip();
    let now = batch.iter().filter_map(|rows| rows.delivery.as_ref()).map(|row| row.delivery.received_at).min();
    let [take, look] = session
        .prepared([
            "SELECT count(pg_advisory_xact_lock($1, lock)) FROM unnest($2::integer[]) AS lock",
            "SELECT repeat.connection, repeat.key, repeat.delivery, repeat.until, delivery.runs
             FROM unnest($1::text[], $2::text[]) AS asked (connection, key)
             JOIN repeat ON repeat.connection = asked.connection AND repeat.key = asked.key
             LEFT JOIN delivery ON delivery.id = repeat.delivery
             WHERE repeat.until > $3",
        ])
        .await?;
    let now = now.unwrap_or(Timestamp::MAX);
    let (locks, asked): (Parameters<'_>, Parameters<'_>) = (&[&KEY_LOCKS_CLASS, &locks], &[&connections, &keys, &now]);
    let (_, rows) =
        tokio::try_join!(biased; session.client().query_one(&take, locks), session.client().query(&look, asked))?;
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

/// Returns how many runs wait, counted no further than a limit. What other receivers are committing at
/// this moment is not seen: together they may go over the limit by a batch.
pub(super) async fn count_waiting(session: &Session, limit: u64) -> Result<u64, Fault> {
    let row = session
        .one(
            "SELECT count(*) AS waiting
             FROM (SELECT 1 FROM run WHERE state = 'queued' AND state <> 'completed' LIMIT $1) AS counted",
            &[&number(limit.saturating_add(1))],
        )
        .await?;
    number_at(&row, "waiting")
}

/// Returns since when the job is due that is due longest, those left out that may not be claimed.
async fn due_longest(session: &Session) -> Result<Option<Timestamp>, Fault> {
    let row = session.one("SELECT min(due_at) FROM job WHERE state = 'due' AND aside IS NULL", &[]).await?;
    Ok(row.try_get(0)?)
}

/// What becomes of one acceptance.
enum Decided {
    /// It is new.
    New,
    /// It was seen before.
    Repeat(First),
    /// There is no room for it, or the queue does not move.
    Refused(Error),
}

/// Decides about a batch, in its order.
fn decide(
    batch: &[Rows],
    mut remembered: HashMap<Key, Remembered>,
    mut waiting: u64,
    oldest: Option<Timestamp>,
) -> Vec<Decided> {
    let mut decide = |(place, rows): (usize, &Rows)| {
        let key = rows.key();
        let is_live = |it: &&Remembered| rows.delivery.as_ref().is_some_and(|row| it.until > row.delivery.received_at);
        if let Some(known) = key.as_ref().and_then(|key| remembered.get(key)).filter(is_live) {
            return Decided::Repeat(known.first.clone());
        }
        let new = rows.runs.len() as u64;
        if new > 0 && waiting + new > rows.queue_limit {
            return Decided::Refused(Error::Full { waiting, limit: rows.queue_limit });
        }
        if let Some(stale) = rows.stale(oldest) {
            return Decided::Refused(stale);
        }
        waiting += rows.runs.iter().filter(|(_, filed)| filed.result.is_none()).count() as u64;
        // One that started nothing may be sent again when it can: a pipeline was mended meanwhile.
        if let (Some(key), Some(until)) = (key.filter(|_| new > 0), rows.remembered_until()) {
            remembered.insert(key, Remembered { first: First::Here(place), until });
        }
        Decided::New
    };
    batch.iter().enumerate().map(&mut decide).collect()
}

/// A run that wants a number, a name and a rank.
pub(super) struct Wish<'r> {
    pub(super) pipeline: &'r str,
    pub(super) name: &'r RunName,
    /// Empty for a run that was started by hand.
    pub(super) connection: &'r str,
    pub(super) priority: Priority,
    /// How many jobs it has.
    pub(super) width: usize,
}

impl Wish<'_> {
    fn revision_key(&self) -> String {
        key(&format!("{}\n{}\n{}", self.pipeline, self.name.prefix, self.name.suffix)).into_owned()
    }

    fn lane_key(&self) -> String {
        key(&format!("{}/{}", self.priority, self.connection)).into_owned()
    }

    fn rank_key(&self) -> String {
        key(&format!("{}/{}", self.priority, self.pipeline)).into_owned()
    }
}

/// What a run is given.
pub(super) struct Given {
    pub(super) seq: i64,
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) urgency: i64,
    pub(super) rank: u64,
}

/// What counters count, in the order in which their rows are taken.
const LANE: &str = "lane";
const RANK: &str = "rank";
const REVISION: &str = "revision";
const RUN: &str = "run";

/// The numbers that runs get, in their order.
struct Numbers {
    /// By what they count and its key: of runs and revisions the next one, of lanes and ranks the last.
    values: BTreeMap<(&'static str, String), u64>,
    /// The largest rank that was claimed, by priority.
    clocks: HashMap<String, u64>,
    /// The rows of the runs.
    rows: std::vec::IntoIter<i64>,
}

impl Numbers {
    /// Takes as many numbers as new runs need. The counters' rows are held until the commit.
    async fn take(session: &Session, wishes: &[Wish<'_>]) -> Result<Self, Fault> {
        let mut wanted: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
        for wish in wishes {
            if wish.name.revision.is_some() {
                *wanted.entry((REVISION, wish.revision_key())).or_default() += 1;
            }
            *wanted.entry((RUN, key(wish.pipeline).into_owned())).or_default() += 1;
            // These are only taken and read; they go on when ranks are given.
            wanted.entry((LANE, wish.lane_key())).or_default();
            wanted.entry((RANK, wish.rank_key())).or_default();
        }
        if wishes.is_empty() {
            return Ok(Self { values: BTreeMap::new(), clocks: HashMap::new(), rows: Vec::new().into_iter() });
        }
        let (scopes, keys): (Vec<&str>, Vec<&str>) = wanted.keys().map(|(scope, key)| (*scope, key.as_str())).unzip();
        let counts: Vec<i64> = wanted.values().copied().collect();
        let priorities: Vec<String> = wishes.iter().map(|wish| wish.priority.to_string()).collect();
        let [count, clock, rows] = session
            .prepared([
                "INSERT INTO counter (scope, key, value)
                 SELECT scope, key, value
                 FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted (scope, key, value, place)
                 ORDER BY place
                 ON CONFLICT (scope, key) DO UPDATE
                 SET value = counter.value + excluded.value
                 RETURNING scope, key, value",
                "SELECT key, value FROM counter WHERE scope = 'clock' AND key = ANY($1)",
                "SELECT nextval('run_seq') FROM generate_series(1, $1::bigint)",
            ])
            .await?;
        let runs: i64 = number(wishes.len());
        let (counts, clocks): (Parameters<'_>, Parameters<'_>) = (&[&scopes, &keys, &counts], &[&priorities]);
        let taken: Parameters<'_> = &[&runs];
        let (counted, clocks, rows) = tokio::try_join!(
            biased;
            session.client().query(&count, counts),
            session.client().query(&clock, clocks),
            session.client().query(&rows, taken),
        )?;
        let mut values = BTreeMap::new();
        for row in &counted {
            let found: (&str, &str) = (row.try_get("scope")?, row.try_get("key")?);
            let of = wanted.iter().find(|((scope, key), _)| (*scope, key.as_str()) == found);
            let Some(((scope, key), count)) = of else { continue };
            let value: u64 = number_at(row, "value")?;
            let is_counted = matches!(*scope, RUN | REVISION);
            values.insert((*scope, key.clone()), if is_counted { value - count.unsigned_abs() + 1 } else { value });
        }
        let clocks = clocks.iter().map(|row| Ok((row.try_get("key")?, number_at(row, "value")?)));
        let rows: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Self { values, clocks: clocks.collect::<Result<_, Fault>>()?, rows: rows.into_iter() })
    }

    /// Gives a run its row, its number, its name and its rank among those of its priority.
    fn give(&mut self, wish: &Wish<'_>) -> Given {
        let number = self.next(RUN, key(wish.pipeline).into_owned());
        let revision = wish.name.revision.map_or(0, |_| self.next(REVISION, wish.revision_key()));
        let clock = self.clocks.get(&wish.priority.to_string()).copied().unwrap_or(0);
        let (lane, rank) = ((LANE, wish.lane_key()), (RANK, wish.rank_key()));
        let ranked = Ranking { clock, connection: self.values[&lane], pipeline: self.values[&rank] }.rank(wish.width);
        self.values.insert(lane, ranked.connection);
        self.values.insert(rank, ranked.rank);
        Given {
            seq: self.rows.next().expect("as many rows were taken as there are new runs"),
            number,
            name: wish.name.with_revision(revision),
            urgency: -i64::from(wish.priority),
            rank: ranked.rank,
        }
    }

    fn next(&mut self, scope: &'static str, key: String) -> u64 {
        let next = self.values.get_mut(&(scope, key)).expect("the number of every new run was taken");
        *next += 1;
        *next - 1
    }

    /// Writes how far lanes and ranks have gone on.
    async fn write(&self, session: &Session) -> Result<(), Fault> {
        let gone_on = self.values.iter().filter(|((scope, _), _)| matches!(*scope, LANE | RANK));
        let (names, values): (Vec<(&str, &str)>, Vec<i64>) =
            gone_on.map(|((scope, key), value)| ((*scope, key.as_str()), number(*value))).unzip();
        if names.is_empty() {
            return Ok(());
        }
        let (scopes, keys): (Vec<&str>, Vec<&str>) = names.into_iter().unzip();
        session
            .run(
                "UPDATE counter
                 SET value = new.value
                 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (scope, key, value)
                 WHERE counter.scope = new.scope AND counter.key = new.key AND counter.value < new.value",
                &[&scopes, &keys, &values],
            )
            .await?;
        Ok(())
    }
}

/// Gives one run what it wants.
pub(super) async fn give(session: &Session, wish: Wish<'_>) -> Result<Given, Fault> {
    let wishes = [wish];
    let mut numbers = Numbers::take(session, &wishes).await?;
    let given = numbers.give(&wishes[0]);
    numbers.write(session).await?;
    Ok(given)
}

fn new_runs<'b>(batch: &'b [Rows], decided: &[Decided]) -> impl Iterator<Item = Wish<'b>> {
    let new = batch.iter().zip(decided).filter(|(_, decided)| matches!(decided, Decided::New));
    new.flat_map(|(rows, _)| rows.runs.iter().map(|(run, filed)| wish(rows, run, filed)))
}

fn wish<'b>(rows: &'b Rows, run: &'b NewRun, filed: &Filed) -> Wish<'b> {
    Wish {
        pipeline: &run.pipeline,
        name: &run.name,
        connection: rows.delivery.as_ref().map_or("", |row| &row.delivery.connection),
        priority: run.priority,
        width: filed.width(),
    }
}

/// What a batch is told, and the rows that make it true.
#[derive(Default)]
struct Answered<'b> {
    told: Vec<Result<Accepted, Error>>,
    deliveries: Vec<Told<'b>>,
    runs: Vec<NewRow<'b>>,
}

/// A delivery's row with what is decided about it.
struct Told<'b> {
    row: &'b DeliveryRow,
    repeat_of: Option<DeliveryId>,
    /// What it started, as JSON.
    runs: Option<String>,
    /// By which key it is known again, and until when.
    remembered: Option<(Key, Timestamp)>,
}

fn answer<'b>(
    batch: &'b [Rows],
    decided: Vec<Decided>,
    numbers: &mut Numbers,
    forms: &Places,
) -> Result<Answered<'b>, Fault> {
    let mut answered = Answered::default();
    for (rows, decided) in batch.iter().zip(decided) {
        let told = match decided {
            Decided::Refused(error) => Err(error),
            Decided::Repeat(first) => Ok(answered.repeat(batch, rows, first)),
            Decided::New => answered.start(rows, numbers, forms).map(Ok)?,
        };
        answered.told.push(told);
    }
    Ok(answered)
}

impl<'b> Answered<'b> {
    fn repeat(&mut self, batch: &[Rows], rows: &'b Rows, first: First) -> Accepted {
        let (of, runs) = match first {
            First::Stored(of, runs) => (of, runs),
            First::Here(place) => {
                let of = batch[place].delivery.as_ref().expect("what is remembered is a delivery");
                let Some(Ok(Accepted::New(runs))) = self.told.get(place) else {
                    unreachable!("only new deliveries are remembered")
                };
                (of.delivery.id.clone(), runs.clone())
            }
        };
        if let Some(row) = &rows.delivery {
            self.deliveries.push(Told { row, repeat_of: Some(of.clone()), runs: None, remembered: None });
        }
        Accepted::Repeat { of, runs }
    }

    fn start(&mut self, rows: &'b Rows, numbers: &mut Numbers, forms: &Places) -> Result<Accepted, Fault> {
        let delivery = rows.delivery.as_ref().map(|row| &row.delivery);
        let mut queued: Vec<AnsweredRun> = Vec::with_capacity(rows.runs.len());
        for (run, filed) in &rows.runs {
            let given = numbers.give(&wish(rows, run, filed));
            queued.push(AnsweredRun {
                id: run.id.as_str().to_owned(),
                pipeline: run.pipeline.clone(),
                number: given.number,
                name: given.name.clone(),
            });
            self.runs.push(NewRow {
                given,
                form: forms[&run.work.form.digest],
                id: &run.id,
                pipeline: &run.pipeline,
                queued_at: run.queued_at,
                values: &run.work.values,
                filed,
                delivery: delivery.map(|it| (it.connection.as_str(), &it.id)),
                rerun_of: None,
            });
        }
        if let Some(row) = &rows.delivery {
            let remembered = rows.key().zip(rows.remembered_until()).filter(|_| !queued.is_empty());
            let runs = (!queued.is_empty()).then(|| to_json(&queued)).transpose()?;
            self.deliveries.push(Told { row, repeat_of: None, runs, remembered });
        }
        Ok(Accepted::New(queued.into_iter().map(QueuedRun::from).collect()))
    }

    /// Writes the rows.
    async fn write(&self, session: &Session, forms: &Forms) -> Result<(), Fault> {
        insert_deliveries(session, &self.deliveries).await?;
        remember(session, &self.deliveries).await?;
        super::filing::insert_runs(session, forms, &self.runs).await?;
        count_seen(session, &self.deliveries).await
    }
}

async fn insert_deliveries(session: &Session, told: &[Told<'_>]) -> Result<(), Fault> {
    if told.is_empty() {
        return Ok(());
    }
    let outcomes: Vec<&str> = told.iter().map(|it| it.outcome().word()).collect();
    let repeats: Vec<Option<&str>> = told.iter().map(|it| it.repeat_of.as_ref().map(DeliveryId::as_str)).collect();
    let runs: Vec<Option<&str>> = told.iter().map(|it| it.runs.as_deref()).collect();
    let verdicts: Vec<&str> =
        told.iter().map(|it| if it.repeat_of.is_some() { "[]" } else { &it.row.verdicts }).collect();
    let headers: Vec<&str> = told.iter().map(|it| it.row.headers.as_str()).collect();
    let bodies: Vec<&[u8]> = told.iter().map(|it| it.row.body.as_slice()).collect();
    let sizes: Vec<i64> = told.iter().map(|it| number(it.row.delivery.size)).collect();
    let of = |field: fn(&Delivery) -> Option<&str>| -> Vec<_> {
        told.iter().map(|it| text_or_none(field(&it.row.delivery))).collect()
    };
    let times: Vec<Timestamp> = told.iter().map(|it| it.row.delivery.received_at).collect();
    session
        .run(
            "INSERT INTO delivery (id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                                   event, secret, reason, replay_of)
             SELECT id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                    event, secret, reason, replay_of
             FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::bytea[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[])
                  WITH ORDINALITY
                  AS new (id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                          event, secret, reason, replay_of, place)
             ORDER BY place",
            &[
                &of(|it| Some(it.id.as_str())),
                &of(|it| Some(&it.connection)),
                &times,
                &outcomes,
                &repeats,
                &runs,
                &headers,
                &verdicts,
                &bodies,
                &sizes,
                &of(|it| it.event.as_deref()),
                &of(|it| it.secret.as_deref()),
                &of(|it| it.reason.as_deref()),
                &of(|it| it.replay_of.as_ref().map(DeliveryId::as_str)),
            ],
        )
        .await?;
    Ok(())
}

impl Told<'_> {
    fn outcome(&self) -> Outcome {
        if self.repeat_of.is_some() { Outcome::Repeat } else { self.row.delivery.outcome }
    }
}

/// Remembers keys, and forgets some whose time is over: those that no other receiver is at.
async fn remember(session: &Session, told: &[Told<'_>]) -> Result<(), Fault> {
    let remembered: BTreeMap<&Key, (&DeliveryId, Timestamp)> = told
        .iter()
        .filter_map(|it| it.remembered.as_ref().map(|(key, until)| (key, (&it.row.delivery.id, *until))))
        .collect();
    let Some(now) = told.iter().map(|it| it.row.delivery.received_at).max().filter(|_| !remembered.is_empty()) else {
        return Ok(());
    };
    let (connections, keys): (Vec<&str>, Vec<&str>) = remembered.keys().map(|(name, key)| (&**name, &**key)).unzip();
    let (deliveries, untils): (Vec<&str>, Vec<Timestamp>) =
        remembered.values().map(|(delivery, until)| (delivery.as_str(), *until)).unzip();
    session
        .run(
            "INSERT INTO repeat (connection, key, delivery, until)
             SELECT connection, key, delivery, until
             FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS new (connection, key, delivery, until)
             ON CONFLICT (connection, key) DO UPDATE
             SET delivery = excluded.delivery, until = excluded.until",
            &[&connections, &keys, &deliveries, &untils],
        )
        .await?;
    session
        .run(
            "DELETE FROM repeat
             WHERE ctid = ANY (ARRAY (SELECT ctid
                                      FROM repeat
                                      WHERE until <= $1
                                      LIMIT $2
                                      FOR UPDATE SKIP LOCKED))",
            &[&now, &number(BATCH_MAX)],
        )
        .await?;
    Ok(())
}

/// Counts the deliveries of each connection. It is the last that is written: everybody's deliveries of
/// a connection meet at its row.
async fn count_seen(session: &Session, told: &[Told<'_>]) -> Result<(), Fault> {
    let mut seen: BTreeMap<_, (i64, Timestamp)> = BTreeMap::new();
    for Told { row: DeliveryRow { delivery, .. }, .. } in told {
        let (count, last) = seen.entry(text(&delivery.connection)).or_insert((0, delivery.received_at));
        *count += 1;
        *last = delivery.received_at.max(*last);
    }
    let names: Vec<_> = seen.keys().collect();
    let (counts, lasts): (Vec<i64>, Vec<Timestamp>) = seen.values().copied().unzip();
    session
        .run(
            "INSERT INTO connection (name, deliveries, last_delivery)
             SELECT name, deliveries, last_delivery
             FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) WITH ORDINALITY
                  AS new (name, deliveries, last_delivery, place)
             ORDER BY place
             ON CONFLICT (name) DO UPDATE
             SET deliveries = connection.deliveries + excluded.deliveries, last_delivery = excluded.last_delivery",
            &[&names, &counts, &lasts],
        )
        .await?;
    Ok(())
}
