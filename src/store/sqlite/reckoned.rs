//! The moment to which the ages of what is kept count: the time of day, unless it has been set forward by much.
//!
//! What is forgotten is gone for good, and a time of day that a machine starts with, or that somebody sets, may be wrong.
//! So it is believed at once where it is about what the machine's own count says since the last look; at the first look,
//! about what was written down last. Where it is far ahead of that, ages go on by the count until it has stood for
//! [`DOUBTED`].

use super::row::moment_at;
use super::writer::Now;
use crate::store::Error;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

/// How far the time of day may be ahead of what was counted, and be believed.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How long a store may have lain still, and its time of day be believed at the first look.
const STILL_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How long a time of day that is far ahead must have stood until it is believed.
const DOUBTED: SignedDuration = SignedDuration::from_hours(24);

/// What the last look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reckoned {
    /// The moment to which ages count.
    pub(super) at: Timestamp,
    /// The machine's own count then.
    steady: Timestamp,
    /// For how long the time of day has been doubted, where it is.
    doubted: Option<SignedDuration>,
}

impl Reckoned {
    /// Returns the first moment of a process. `latest` is what the store was told last, if anything.
    pub(super) fn first(now: Now, latest: Option<Timestamp>) -> Self {
        match latest.filter(|latest| now.at.duration_since(*latest) > STILL_MAX) {
            Some(at) => Self::doubting(at, now, SignedDuration::ZERO, false),
            None => Self::believing(now),
        }
    }

    /// Returns the moment at another look.
    pub(super) fn next(self, now: Now) -> Self {
        let passed = now.steady.duration_since(self.steady).max(SignedDuration::ZERO);
        let counted = self.at.checked_add(passed).unwrap_or(Timestamp::MAX);
        if now.at.duration_since(counted) <= AHEAD_MAX {
            return Self::believing(now);
        }
        let doubted = self.doubted.unwrap_or_default().saturating_add(passed);
        match self.doubted {
            Some(_) if doubted >= DOUBTED => Self::believing(now),
            known => Self::doubting(counted, now, doubted, known.is_some()),
        }
    }

    fn believing(now: Now) -> Self {
        Self { at: now.at, steady: now.steady, doubted: None }
    }

    /// Goes on from another moment than the time of day, which is told once.
    fn doubting(at: Timestamp, now: Now, doubted: SignedDuration, is_told: bool) -> Self {
        if !is_told {
            tracing::warn!(
                time_of_day = %now.at,
                counted = %at,
                "the time of day is far ahead of what was written down last or counted since: nothing is forgotten by its \
                 age because of that until it has been so for a day"
            );
        }
        Self { at, steady: now.steady, doubted: Some(doubted) }
    }
}

/// Returns when the store was told something last: a delivery, or the end of a run.
pub(super) fn latest(connection: &Connection) -> Result<Option<Timestamp>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT max((SELECT coalesce(max(received_at), 0) FROM (SELECT received_at FROM delivery ORDER BY seq DESC LIMIT 1)),
                    (SELECT coalesce(max(finished_at), 0) FROM (SELECT finished_at FROM run ORDER BY seq DESC LIMIT 100)))
                AS latest",
    )?;
    let latest = query.query_row([], |row| moment_at(row, "latest"))?;
    Ok(latest.filter(|latest| *latest > Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(day: i64, steady: i64) -> Now {
        let moment = |seconds| Timestamp::from_second(seconds).expect("a moment");
        Now { at: moment(1_000_000_000 + day), steady: moment(steady) }
    }

    const HOUR: i64 = 60 * 60;
    const DAY: i64 = 24 * HOUR;

    /// The seconds to which ages count.
    fn at(reckoned: Reckoned) -> i64 {
        reckoned.at.as_second() - 1_000_000_000
    }

    #[test]
    fn the_time_of_day_is_believed_where_it_goes_on_and_where_it_is_set_back() {
        let first = Reckoned::first(now(0, 50), None);
        assert_eq!(at(first), 0);
        assert_eq!(at(first.next(now(600, 650))), 600);
        assert_eq!(at(first.next(now(600 + HOUR, 650))), 600 + HOUR);
        assert_eq!(at(first.next(now(-DAY, 650))), -DAY);
    }

    #[test]
    fn one_that_is_set_far_forward_is_believed_after_a_day() {
        let mut reckoned = Reckoned::first(now(0, 0), None);
        for hour in 1..=24 {
            reckoned = reckoned.next(now(100 * DAY + hour * HOUR, hour * HOUR));
            assert_eq!(at(reckoned), if hour < 24 { hour * HOUR } else { 101 * DAY });
        }
        let set = Reckoned::first(now(0, 0), None).next(now(100 * DAY, HOUR));
        assert_eq!(at(set.next(now(2 * HOUR, 2 * HOUR))), 2 * HOUR, "it was set right");
        let again = set.next(now(2 * HOUR, 2 * HOUR)).next(now(100 * DAY, 26 * HOUR));
        assert_eq!(at(again), 26 * HOUR, "and is doubted anew");
    }

    #[test]
    fn at_a_start_it_is_believed_where_something_was_written_lately() {
        let latest = |day| Some(now(day, 0).at);
        assert_eq!(at(Reckoned::first(now(0, 0), latest(-DAY))), 0);
        assert_eq!(at(Reckoned::first(now(0, 0), latest(DAY))), 0);
        let still = Reckoned::first(now(0, 0), latest(-3 * DAY));
        assert_eq!(at(still), -3 * DAY);
        assert_eq!(at(still.next(now(HOUR, HOUR))), -3 * DAY + HOUR);
        let doubted = still.next(now(HOUR, HOUR));
        assert_eq!(at(doubted.next(now(DAY, DAY))), DAY);
    }
}
