//! How many runs wait, in all and of a connection, as one receiver knows it: the limits of the queue are held by it.
//!
//! They are counted in the transaction that accepts more. Beside very many that takes longer than all else in it, so
//! what was counted is believed for some times as long, and what this receiver has accepted since is added: far from
//! the limit only, and never where it says that there is no room. Runs that others accept at that time are not seen.

use super::fault::Fault;
use super::row::{number, number_at, text};
use super::session::Session;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// From how many on it is believed what was counted: fewer are counted in no time.
const BELIEVED_FROM: u64 = 2_000;
/// For how many times as long as the counting took, and for how long at the most.
const BELIEVED_TIMES: u32 = 10;
const BELIEVED_MAX: Duration = Duration::from_millis(250);

/// What a receiver knows, of all runs and of those of each connection that has a limit of its own.
#[derive(Debug, Default)]
pub(super) struct Depth(Mutex<HashMap<Option<String>, Counted>>);

/// What is asked before more is accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// How many more come.
    pub(super) new: u64,
    /// The lowest and the highest limit that they have.
    pub(super) limits: (u64, u64),
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    took: Duration,
    /// With what came since.
    waiting: u64,
}

impl Counted {
    /// Says whether it may be believed where so many more come that have at least such a limit.
    fn is_believed(&self, new: u64, limit_min: u64) -> bool {
        let is_fresh = self.at.elapsed() < (self.took * BELIEVED_TIMES).min(BELIEVED_MAX);
        is_fresh && self.waiting >= BELIEVED_FROM && self.waiting.saturating_add(new) <= limit_min - limit_min / 8
    }
}

impl Depth {
    /// Returns how many runs wait where more come, in all or of a connection.
    pub(super) async fn before(
        &self,
        session: &Session,
        connection: Option<&str>,
        Asked { new, limits: (limit_min, limit_max) }: Asked,
    ) -> Result<u64, Fault> {
        let key = connection.map(str::to_owned);
        let known = self.0.lock().expect("no holder panics").get(&key).copied();
        let counted = match known.filter(|known| known.is_believed(new, limit_min)) {
            Some(known) => known,
            None => {
                let at = Instant::now();
                let waiting = match connection {
                    Some(connection) => count_of(session, connection, limit_max).await?,
                    None => count(session, limit_max).await?,
                };
                Counted { at, took: at.elapsed(), waiting }
            }
        };
        let mut known = self.0.lock().expect("no holder panics");
        // Where the counting ended at the limit there may be any number more.
        match counted.waiting <= limit_max {
            true => known.insert(key, Counted { waiting: counted.waiting + new, ..counted }),
            false => known.remove(&key),
        };
        Ok(counted.waiting)
    }
}

/// Returns how many runs wait, counted no further than a limit. What other receivers are committing at
/// this moment is not seen: together they may go over the limit by a batch.
pub(super) async fn count(session: &Session, limit: u64) -> Result<u64, Fault> {
    let row = session
        .one(
            "SELECT count(*) AS waiting
             FROM (SELECT 1 FROM run WHERE state = 'queued' AND state <> 'completed' LIMIT $1) AS counted",
            &[&number(limit.saturating_add(1))],
        )
        .await?;
    number_at(&row, "waiting")
}

/// As [`count`], of the runs of a connection.
async fn count_of(session: &Session, connection: &str, limit: u64) -> Result<u64, Fault> {
    let row = session
        .one(
            "SELECT count(*) AS waiting
             FROM (SELECT 1
                   FROM run
                   WHERE state = 'queued' AND state <> 'completed' AND connection = $1
                   LIMIT $2) AS counted",
            &[&text(connection), &number(limit.saturating_add(1))],
        )
        .await?;
    number_at(&row, "waiting")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(waiting: u64, ago: Duration, (new, limit): (u64, u64), is_believed: bool) {
        let at = Instant::now().checked_sub(ago).expect("the machine runs for longer");
        let counted = Counted { at, took: Duration::from_millis(20), waiting };
        assert_eq!(counted.is_believed(new, limit), is_believed, "{counted:?}, {new} more of {limit}");
    }

    #[test]
    fn what_was_counted_is_believed_far_from_the_limit_for_a_moment() {
        let (now, later) = (Duration::ZERO, Duration::from_millis(201));
        check(50_000, now, (500, u64::MAX), true);
        check(50_000, later, (500, u64::MAX), false);
        check(1_999, now, (1, u64::MAX), false);
        check(8_749, now, (1, 10_000), true);
        check(8_750, now, (1, 10_000), false);
    }
}
