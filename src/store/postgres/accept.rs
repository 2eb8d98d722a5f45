//! Deliveries, their decisions and their runs: what waits is accepted in one commit.
//!
//! Several receivers keep apart like this, always in this order, so that none can wait for another in a
//! circle: turns in groups have one lock; the keys by which repeats are known share some; the numbers of
//! a pipeline are a row, held until the commit.

use super::depth::{Asked, Depth};
use super::due::DUE_BY_AGE;
use super::fault::Fault;
use super::filing::{self, Filed, NewRow};
use super::form::Forms;
use super::number::{Numbers, Wish};
use super::repeat::{First, Key, Remembered, lock_and_remember, remember};
use super::row::{key, number, text, text_or_none, to_json};
use super::session::Session;
use super::turn;
use crate::id::{DeliveryId, RunId};
use crate::store::paused::NOT_PAUSED;
use crate::store::{Acceptance, Accepted, Error, NewRun, QueuedRun, RepeatKey};
use crate::webhook::delivery::{Delivery, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// An acceptance with its texts made before its turn.
pub(super) struct Rows {
    pub(super) delivery: Option<DeliveryRow>,
    pub(super) runs: Vec<(NewRun, Filed)>,
    repeat: Option<RepeatKey>,
    queue_limit: u64,
    connection_limit: Option<u64>,
    queue_age: Option<Duration>,
}

/// A delivery with its texts.
pub(super) struct DeliveryRow {
    pub(super) delivery: Delivery,
    body: Vec<u8>,
    headers: String,
    verdicts: String,
}

/// A run as its delivery's row spells it, for repeats of the delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AnsweredRun {
    id: String,
    pipeline: String,
    number: u64,
    name: String,
}

impl From<QueuedRun> for AnsweredRun {
    fn from(run: QueuedRun) -> Self {
        Self { id: run.id.as_str().to_owned(), pipeline: run.pipeline, number: run.number, name: run.name }
    }
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
            connection_limit: acceptance.connection_limit,
            queue_age: acceptance.queue_age,
        })
    }

    pub(super) fn starts_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Returns the delivery's connection.
    fn connection(&self) -> Option<&str> {
        self.delivery.as_ref().map(|row| row.delivery.connection.as_str())
    }

    /// Returns the delivery's connection and how many runs of it may wait, where that has a limit.
    fn own_limit(&self) -> Option<(&str, u64)> {
        self.connection().zip(self.connection_limit)
    }

    /// Returns by what the delivery would be known again.
    pub(super) fn key(&self) -> Option<Key> {
        let (delivery, repeat) = (self.delivery.as_ref()?, self.repeat.as_ref()?);
        Some((text(&delivery.delivery.connection).into_owned(), key(&repeat.key).into_owned()))
    }
}

impl Rows {
    /// Returns why the runs are refused where the job that is due longest has waited longer than they allow:
    /// nobody takes the work, or not fast enough.
    fn stale(&self, oldest: Option<Timestamp>, steady: Timestamp) -> Option<Error> {
        let limit = self.queue_age.filter(|_| self.starts_runs())?;
        let waited = Duration::try_from(steady.duration_since(oldest?)).unwrap_or_default();
        (waited > limit).then_some(Error::Stale { waited: waited.as_secs(), limit: limit.as_secs() })
    }

    /// Returns until when the delivery's key is remembered that is accepted at a moment of the database's clock: those of
    /// receivers may differ.
    fn remembered_until(&self, now: Timestamp) -> Option<Timestamp> {
        let repeat = self.delivery.as_ref().and(self.repeat.as_ref())?;
        Some(now.checked_add(repeat.window).unwrap_or(Timestamp::MAX))
    }
}

/// The places of forms by their digests.
pub(super) type Places = HashMap<[u8; 20], i64>;

/// Accepts a batch, and returns what each of it is told once that is committed.
pub(super) async fn accept(
    session: &Session,
    forms: &Forms,
    batch: &[Rows],
    places: &Places,
    depth: &Depth,
) -> Result<Vec<Result<Accepted, Error>>, Fault> {
    // Before all else, as everybody does who needs it.
    if batch.iter().flat_map(|rows| &rows.runs).any(|(_, filed)| filed.has_turns()) {
        turn::lock(session).await?;
    }
    let (remembered, waiting, oldest) = tokio::try_join!(
        biased;
        lock_and_remember(session, batch),
        Waiting::before(session, batch, depth),
        oldest(session, batch),
    )?;
    let decided = decide(batch, remembered, waiting, (oldest, session));
    let wishes: Vec<Wish<'_>> = new_runs(batch, &decided).collect();
    let mut numbers = Numbers::take(session, &wishes).await?;
    let accepted = answer(batch, decided, &mut numbers, (places, session.now))?;
    accepted.write(session, forms).await?;
    Ok(accepted.told)
}

/// Returns since when the job is due that is due longest, where any of a batch asks for that.
async fn oldest(session: &Session, batch: &[Rows]) -> Result<Option<Timestamp>, Fault> {
    match batch.iter().any(|rows| rows.starts_runs() && rows.queue_age.is_some()) {
        true => due_longest(session).await,
        false => Ok(None),
    }
}

/// Returns since when the job is due that is due longest, those left out that may not be claimed.
pub(super) async fn due_longest(session: &Session) -> Result<Option<Timestamp>, Fault> {
    let row = session
        .row(
            &format!(
                "SELECT job.due_at
                 FROM job
                 JOIN run ON run.seq = job.run
                 WHERE {DUE_BY_AGE} AND {NOT_PAUSED}
                 ORDER BY job.due_at
                 LIMIT 1"
            ),
            &[],
        )
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
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

/// How many runs wait.
struct Waiting<'b> {
    all: u64,
    /// Of the connections that have a limit of their own.
    of: HashMap<&'b str, u64>,
}

impl<'b> Waiting<'b> {
    /// Returns how many wait before a batch. What starts nothing needs no room.
    async fn before(session: &Session, batch: &'b [Rows], depth: &Depth) -> Result<Self, Fault> {
        let starting = || batch.iter().filter(|rows| rows.starts_runs());
        let mut of = HashMap::new();
        for connection in starting().filter_map(Rows::own_limit).map(|(connection, _)| connection) {
            if !of.contains_key(connection) {
                let own = || starting().filter(|rows| rows.connection() == Some(connection));
                if let Some(asked) = asked(own(), |rows| rows.connection_limit) {
                    of.insert(connection, depth.before(session, Some(connection), asked).await?);
                }
            }
        }
        let all = match asked(starting(), |rows| Some(rows.queue_limit)) {
            Some(asked) => depth.before(session, None, asked).await?,
            None => 0,
        };
        Ok(Self { all, of })
    }

    /// Returns why there is no room for the runs of one of the batch.
    fn full(&self, rows: &Rows) -> Option<Error> {
        let new = rows.runs.len() as u64;
        if new == 0 {
            return None;
        }
        if self.all + new > rows.queue_limit {
            return Some(Error::Full { waiting: self.all, limit: rows.queue_limit });
        }
        let (connection, limit) = rows.own_limit()?;
        let waiting = self.of.get(connection).copied().unwrap_or(0);
        (waiting + new > limit).then(|| Error::FullFor { connection: connection.to_owned(), waiting, limit })
    }

    /// Counts the runs of one of the batch, but for those that have ended.
    fn come(&mut self, rows: &'b Rows) {
        let new = rows.runs.iter().filter(|(_, filed)| filed.result.is_none()).count() as u64;
        self.all += new;
        if let Some(own) = rows.connection().and_then(|connection| self.of.get_mut(connection)) {
            *own += new;
        }
    }
}

/// Returns what is asked before some are accepted, where any of them has a limit.
fn asked<'b>(all: impl Iterator<Item = &'b Rows> + Clone, limit: impl Fn(&Rows) -> Option<u64>) -> Option<Asked> {
    let limits = || all.clone().filter_map(&limit);
    let limits = limits().min().zip(limits().max())?;
    Some(Asked { new: all.map(|rows| rows.runs.len() as u64).sum(), limits })
}

/// Decides about a batch, in its order.
fn decide<'b>(
    batch: &'b [Rows],
    mut remembered: HashMap<Key, Remembered>,
    mut waiting: Waiting<'b>,
    (oldest, session): (Option<Timestamp>, &Session),
) -> Vec<Decided> {
    let mut decide = |(place, rows): (usize, &'b Rows)| {
        let key = rows.key();
        let is_live = |it: &&Remembered| it.until > session.now;
        if let Some(known) = key.as_ref().and_then(|key| remembered.get(key)).filter(is_live) {
            return Decided::Repeat(known.first.clone());
        }
        if let Some(full) = waiting.full(rows) {
            return Decided::Refused(full);
        }
        if let Some(stale) = rows.stale(oldest, session.steady) {
            return Decided::Refused(stale);
        }
        waiting.come(rows);
        // One that started nothing may be sent again when it can: a pipeline was mended meanwhile.
        if let (Some(key), Some(until)) = (key.filter(|_| rows.starts_runs()), rows.remembered_until(session.now)) {
            remembered.insert(key, Remembered { first: First::Here(place), until });
        }
        Decided::New
    };
    batch.iter().enumerate().map(&mut decide).collect()
}

fn new_runs<'b>(batch: &'b [Rows], decided: &[Decided]) -> impl Iterator<Item = Wish<'b>> {
    let new = batch.iter().zip(decided).filter(|(_, decided)| matches!(decided, Decided::New));
    new.flat_map(|(rows, _)| rows.runs.iter().map(|(run, _)| wish(run)))
}

fn wish(run: &NewRun) -> Wish<'_> {
    Wish { pipeline: &run.pipeline, name: &run.name, priority: run.priority }
}

/// What a batch is told, and the rows that make it true.
#[derive(Default)]
struct Answered<'b> {
    told: Vec<Result<Accepted, Error>>,
    deliveries: Vec<Told<'b>>,
    runs: Vec<NewRow<'b>>,
}

/// A delivery's row with what is decided about it.
pub(super) struct Told<'b> {
    pub(super) row: &'b DeliveryRow,
    repeat_of: Option<DeliveryId>,
    /// What it started, as JSON.
    runs: Option<String>,
    /// By which key it is known again, and until when.
    pub(super) remembered: Option<(Key, Timestamp)>,
}

fn answer<'b>(
    batch: &'b [Rows],
    decided: Vec<Decided>,
    numbers: &mut Numbers,
    (forms, now): (&Places, Timestamp),
) -> Result<Answered<'b>, Fault> {
    let mut answered = Answered::default();
    for (rows, decided) in batch.iter().zip(decided) {
        let told = match decided {
            Decided::Refused(error) => Err(error),
            Decided::Repeat(first) => Ok(answered.repeat(batch, rows, first)),
            Decided::New => answered.start(rows, numbers, (forms, now)).map(Ok)?,
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
        if let Some(row) = rows.delivery.as_ref().filter(|row| row.delivery.replay_of.is_none()) {
            self.deliveries.push(Told { row, repeat_of: Some(of.clone()), runs: None, remembered: None });
        }
        Accepted::Repeat { of, runs }
    }

    fn start(
        &mut self,
        rows: &'b Rows,
        numbers: &mut Numbers,
        (forms, now): (&Places, Timestamp),
    ) -> Result<Accepted, Fault> {
        let delivery = rows.delivery.as_ref().map(|row| &row.delivery);
        let mut queued: Vec<AnsweredRun> = Vec::with_capacity(rows.runs.len());
        for (run, filed) in &rows.runs {
            let given = numbers.give(&wish(run));
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
            let remembered = rows.key().zip(rows.remembered_until(now)).filter(|_| !queued.is_empty());
            let runs = (!queued.is_empty()).then(|| to_json(&queued)).transpose()?;
            self.deliveries.push(Told { row, repeat_of: None, runs, remembered });
        }
        Ok(Accepted::New(queued.into_iter().map(QueuedRun::from).collect()))
    }

    /// Writes the rows. They are on their way together: each way to the database and back would be waited for by
    /// everybody who accepts for the same pipelines.
    async fn write(&self, session: &Session, forms: &Forms) -> Result<(), Fault> {
        let rows = async {
            tokio::try_join!(
                biased;
                insert_deliveries(session, &self.deliveries),
                remember(session, &self.deliveries),
                filing::insert_runs(session, &self.runs),
            )
            .map(drop)
        };
        if !self.runs.iter().any(|row| row.filed.has_turns()) {
            return tokio::try_join!(biased; rows, count_seen(session, &self.deliveries)).map(drop);
        }
        rows.await?;
        filing::enter_groups(session, forms, &self.runs).await?;
        count_seen(session, &self.deliveries).await
    }
}

/// How many bytes are kept of a delivery, in its row: its body, its headers, what was decided and what was answered.
pub(super) const KEPT_BYTES: &str =
    "octet_length(body) + octet_length(headers) + octet_length(verdicts) + coalesce(octet_length(runs), 0)";

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
    // Nothing is decided about a repeat.
    let rosters: Vec<Option<i64>> =
        told.iter().map(|it| it.row.delivery.roster.filter(|_| it.repeat_of.is_none())).collect();
    let times: Vec<Timestamp> = told.iter().map(|it| it.row.delivery.received_at).collect();
    session
        .run(
            &format!(
                "WITH counted AS (INSERT INTO body_bytes (bytes)
                                  SELECT coalesce(sum({KEPT_BYTES}), 0)
                                  FROM unnest($6::text[], $7::text[], $8::text[], $9::bytea[])
                                       AS new (runs, headers, verdicts, body))
                 INSERT INTO delivery (id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                                       event, secret, reason, replay_of, roster)
                 SELECT id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                        event, secret, reason, replay_of, roster
                 FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                             $8::text[], $9::bytea[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[],
                             $15::bigint[])
                      WITH ORDINALITY
                      AS new (id, connection, received_at, outcome, repeat_of, runs, headers, verdicts, body, size,
                              event, secret, reason, replay_of, roster, place)
                 ORDER BY place"
            ),
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
                &rosters,
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
