//! How many runs wait, as one receiver knows it: the limit of the queue is held by it.
//!
//! They are counted in the transaction that accepts more. Beside very many that takes longer than all else in it, so
//! what was counted is believed for some times as long, and what this receiver has accepted since is added: far from
//! the limit only, and never where it says that there is no room. Runs that others accept at that time are not seen.

use super::fault::Fault;
use super::row::{number, number_at};
use super::session::Session;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// From how many on it is believed what was counted: fewer are counted in no time.
const BELIEVED_FROM: u64 = 2_000;
/// For how many times as long as the counting took, and for how long at the most.
const BELIEVED_TIMES: u32 = 10;
const BELIEVED_MAX: Duration = Duration::from_millis(250);

/// What a receiver knows.
#[derive(Debug, Default)]
pub(super) struct Depth(Mutex<Option<Counted>>);

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
    /// Returns how many runs wait where so many more come, of which each has a limit between the two.
    pub(super) async fn before(
        &self,
        session: &Session,
        new: u64,
        (limit_min, limit_max): (u64, u64),
    ) -> Result<u64, Fault> {
        let known = *self.0.lock().expect("no holder panics");
        let counted = match known.filter(|known| known.is_believed(new, limit_min)) {
            Some(known) => known,
            None => {
                let at = Instant::now();
                let waiting = count(session, limit_max).await?;
                Counted { at, took: at.elapsed(), waiting }
            }
        };
        // Where the counting ended at the limit there may be any number more.
        let kept = (counted.waiting <= limit_max).then_some(Counted { waiting: counted.waiting + new, ..counted });
        *self.0.lock().expect("no holder panics") = kept;
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
