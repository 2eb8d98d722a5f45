//! How much work it is to decide about a delivery to one pipeline. Nobody knows before somebody has done it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// What a thread that reads requests may spend on one pipeline of one delivery; the others that it serves wait so long.
/// A file of 2,300 lines takes an eighth of it.
const SHORT_MAX: Duration = Duration::from_millis(20);

// Nothing is known while it is 0.
const SHORT: u8 = 1;
const LONG: u8 = 2;

/// What is known of the work for one pipeline.
#[derive(Debug, Default)]
pub struct Effort(AtomicU8);

impl Effort {
    /// Says whether all work that was done so far was short.
    pub fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed) == SHORT
    }

    /// Notes how much time of a processor the work for one delivery took. What was long once is not short again: which
    /// payloads make it so is not known.
    pub fn note(&self, spent: Duration) {
        let found = if spent > SHORT_MAX { LONG } else { SHORT };
        self.0.fetch_max(found, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_done_and_what_was_long_once_are_not_short() {
        let effort = Effort::default();
        assert!(!effort.is_short());
        effort.note(Duration::ZERO);
        assert!(effort.is_short());
        effort.note(SHORT_MAX * 2);
        effort.note(Duration::ZERO);
        assert!(!effort.is_short());
    }
}
