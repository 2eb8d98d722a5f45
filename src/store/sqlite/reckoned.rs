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
    /// For how long the time of day has been doubted.
    doubted: SignedDuration,
}

impl Reckoned {
    /// Returns the first moment of a process. `latest` is what the store was told last, if anything.
    pub(super) fn first(now: Now, latest: Option<Timestamp>) -> Self {
        let is_far = |latest: &Timestamp| now.at.duration_since(*latest) > STILL_MAX;
        let at = latest.filter(is_far).unwrap_or(now.at);
        let this = Self { at, steady: now.steady, doubted: SignedDuration::ZERO };
        if this.at < now.at {
            this.tell(now);
        }
        this
    }

    /// Returns the moment at another look.
    pub(super) fn next(self, now: Now) -> Self {
        let passed = now.steady.duration_since(self.steady).max(SignedDuration::ZERO);
        let counted = self.at.checked_add(passed).unwrap_or(Timestamp::MAX);
        let is_near = now.at.duration_since(counted) <= AHEAD_MAX;
        let doubted = self.doubted.saturating_add(passed);
        if is_near || (self.doubted > SignedDuration::ZERO && doubted >= DOUBTED) {
            return Self { at: now.at, steady: now.steady, doubted: SignedDuration::ZERO };
        }
        let next = Self { at: counted, steady: now.steady, doubted: doubted.max(SignedDuration::from_nanos(1)) };
        if self.doubted == SignedDuration::ZERO {
            next.tell(now);
        }
        next
    }

    fn tell(self, now: Now) {
        tracing::warn!(
            time_of_day = %now.at,
            counted = %self.at,
            "the time of day is far ahead of what was written down last or counted since: nothing is forgotten by its age \
             because of that until it has been so for a day"
        );
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
