//! Refusals in the log of the process: the first of each connection in a minute are told one by one, the others are
//! counted and told in one line, so that a flood of forgeries fills no disk.
//!
//! Only connections that exist are told of, so what strangers make grow is bounded by the configuration.

use crate::id::DeliveryId;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many refusals of one connection are told one by one in a time of [`TOLD_FOR`]: as many as somebody reads who
/// looks for a mistake.
const TOLD_MAX: u32 = 20;
/// After how long the others are told in one line, and the next ones one by one again.
const TOLD_FOR: Duration = Duration::from_secs(60);

/// What was told of whom.
#[derive(Debug, Default)]
pub(super) struct Told(Arc<Mutex<HashMap<String, Window>>>);

/// One connection in one such time.
#[derive(Debug)]
struct Window {
    began: Instant,
    told: u32,
    others: Option<Others>,
}

/// Refusals that were not told one by one.
#[derive(Debug, PartialEq, Eq)]
struct Others {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What becomes of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Telling {
    Now,
    Counted,
    /// Counted, as the first one: somebody has to tell how many there were when the time is over.
    CountedFirst,
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { began: now, told: 0, others: None }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= TOLD_FOR
    }

    fn note(&mut self, at: Timestamp) -> Telling {
        if self.told < TOLD_MAX {
            self.told += 1;
            return Telling::Now;
        }
        match &mut self.others {
            Some(others) => {
                others.count += 1;
                others.last = at;
                Telling::Counted
            }
            None => {
                self.others = Some(Others { count: 1, first: at, last: at });
                Telling::CountedFirst
            }
        }
    }
}

impl Told {
    /// Tells of a refusal, or counts it.
    pub(super) fn refused(&self, connection: &str, delivery: &DeliveryId, at: Timestamp, reason: &str) {
        let now = Instant::now();
        let telling = {
            let mut windows = self.0.lock().expect("no holder of what was told panics");
            tell_what_is_over(&mut windows, now);
            windows.entry(connection.to_owned()).or_insert_with(|| Window::new(now)).note(at)
        };
        match telling {
            Telling::Now => tracing::warn!(connection, %delivery, reason, "a delivery was refused"),
            Telling::Counted => {}
            Telling::CountedFirst => self.tell_later(),
        }
    }

    /// Tells of what was counted when its time is over, where nothing comes any more that would have it told.
    fn tell_later(&self) {
        // Nothing is held up by it, and a server that ends does not wait for it: see `drop`.
        let windows = Arc::downgrade(&self.0);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(TOLD_FOR).await;
                if let Some(windows) = windows.upgrade() {
                    let mut windows = windows.lock().expect("no holder of what was told panics");
                    tell_what_is_over(&mut windows, Instant::now());
                }
            });
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Ok(windows) = self.0.lock() {
            windows.iter().for_each(|(connection, window)| tell_others(connection, window));
        }
    }
}

fn tell_what_is_over(windows: &mut HashMap<String, Window>, now: Instant) {
    windows.retain(|connection, window| {
        let stays = !window.is_over(now);
        if !stays {
            tell_others(connection, window);
        }
        stays
    });
}

fn tell_others(connection: &str, window: &Window) {
    if let Some(Others { count, first, last }) = &window.others {
        tracing::warn!(connection, refusals = count, %first, %last, "more deliveries were refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn the_first_are_told_and_the_others_are_counted() {
        let (now, at) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut window = Window::new(now);
        for _ in 0..TOLD_MAX {
            assert_eq!(window.note(at), Telling::Now);
        }
        let later = at + SignedDuration::from_secs(5);
        let last = at + SignedDuration::from_secs(7);
        assert_eq!(
            [later, at, last].map(|at| window.note(at)),
            [Telling::CountedFirst, Telling::Counted, Telling::Counted]
        );
        assert_eq!(window.others, Some(Others { count: 3, first: later, last }));
        assert!(!window.is_over(now + TOLD_FOR / 2) && window.is_over(now + TOLD_FOR));
        let mut windows = HashMap::from([("a".to_owned(), window), ("b".to_owned(), Window::new(now + TOLD_FOR / 2))]);
        tell_what_is_over(&mut windows, now + TOLD_FOR);
        assert_eq!(windows.keys().collect::<Vec<_>>(), ["b"]);
    }
}
