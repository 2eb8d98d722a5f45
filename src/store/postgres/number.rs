//! Numbers that only go up, and ranks: what runs are given when they are accepted. Whoever counts holds
//! the counters' rows until its commit, always in the same order, so that none can wait for another in a
//! circle.

use super::fault::Fault;
use super::row::{key, number, number_at};
use super::session::{Parameters, Session};
use crate::run::{Ranking, RunName};
use crate::store::Priority;
use std::collections::{BTreeMap, HashMap};

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
pub(super) struct Numbers {
    /// By what they count and its key: of runs and revisions the next one, of lanes and ranks the last.
    values: BTreeMap<(&'static str, String), u64>,
    /// The largest rank that was claimed, by priority.
    clocks: HashMap<String, u64>,
    /// The rows of the runs.
    rows: std::vec::IntoIter<i64>,
}

impl Numbers {
    /// Takes as many numbers as new runs need. The counters' rows are held until the commit.
    pub(super) async fn take(session: &Session, wishes: &[Wish<'_>]) -> Result<Self, Fault> {
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
    pub(super) fn give(&mut self, wish: &Wish<'_>) -> Given {
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
    pub(super) async fn write(&self, session: &Session) -> Result<(), Fault> {
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
