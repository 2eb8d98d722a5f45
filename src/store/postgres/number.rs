//! Numbers that only go up: what runs are given when they are accepted. Whoever counts holds
//! the counters' rows until its commit, always in the same order, so that none can wait for another in a
//! circle.

use super::fault::Fault;
use super::row::{key, number, number_at};
use super::session::{Parameters, Session};
use crate::run::RunName;
use crate::store::Priority;
use std::collections::BTreeMap;

/// A run that wants a number and a name.
pub(super) struct Wish<'r> {
    pub(super) pipeline: &'r str,
    pub(super) name: &'r RunName,
    pub(super) priority: Priority,
}

impl Wish<'_> {
    fn revision_key(&self) -> String {
        key(&format!("{}\n{}\n{}", self.pipeline, self.name.prefix, self.name.suffix)).into_owned()
    }
}

/// What a run is given.
pub(super) struct Given {
    pub(super) seq: i64,
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) urgency: i64,
}

/// What counters count, in the order in which their rows are taken.
const REVISION: &str = "revision";
const RUN: &str = "run";

const COUNT: &str = "INSERT INTO counter (scope, key, value)
     SELECT scope, key, value
     FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted (scope, key, value, place)
     ORDER BY place
     ON CONFLICT (scope, key) DO UPDATE
     SET value = counter.value + excluded.value
     RETURNING scope, key, value";
const ROWS: &str = "SELECT nextval('run_seq') FROM generate_series(1, $1::bigint)";

/// The numbers that runs get, in their order.
pub(super) struct Numbers {
    /// The next one, by what is counted and its key.
    values: BTreeMap<(&'static str, String), u64>,
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
        }
        if wishes.is_empty() {
            return Ok(Self { values: BTreeMap::new(), rows: Vec::new().into_iter() });
        }
        let (scopes, keys): (Vec<&str>, Vec<&str>) = wanted.keys().map(|(scope, key)| (*scope, key.as_str())).unzip();
        let counts: Vec<i64> = wanted.values().copied().collect();
        session.prepare(&[COUNT, ROWS]).await?;
        let runs: i64 = number(wishes.len());
        let (counts, taken): (Parameters<'_>, Parameters<'_>) = (&[&scopes, &keys, &counts], &[&runs]);
        let (counted, rows) = tokio::try_join!(biased; session.rows(COUNT, counts), session.rows(ROWS, taken))?;
        let mut values = BTreeMap::new();
        for row in &counted {
            let found: (&str, &str) = (row.try_get("scope")?, row.try_get("key")?);
            let of = wanted.iter().find(|((scope, key), _)| (*scope, key.as_str()) == found);
            let Some(((scope, key), count)) = of else { continue };
            let value: u64 = number_at(row, "value")?;
            values.insert((*scope, key.clone()), value - count.unsigned_abs() + 1);
        }
        let rows: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Self { values, rows: rows.into_iter() })
    }

    /// Gives a run its row, its number and its name.
    pub(super) fn give(&mut self, wish: &Wish<'_>) -> Given {
        let number = self.next(RUN, key(wish.pipeline).into_owned());
        let revision = wish.name.revision.map_or(0, |_| self.next(REVISION, wish.revision_key()));
        Given {
            seq: self.rows.next().expect("as many rows were taken as there are new runs"),
            number,
            name: wish.name.with_revision(revision),
            urgency: -i64::from(wish.priority),
        }
    }

    fn next(&mut self, scope: &'static str, key: String) -> u64 {
        let next = self.values.get_mut(&(scope, key)).expect("the number of every new run was taken");
        *next += 1;
        *next - 1
    }
}

/// Gives one run what it wants.
pub(super) async fn give(session: &Session, wish: Wish<'_>) -> Result<Given, Fault> {
    let wishes = [wish];
    let mut numbers = Numbers::take(session, &wishes).await?;
    Ok(numbers.give(&wishes[0]))
}
