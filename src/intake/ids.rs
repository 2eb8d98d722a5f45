//! Where ids come from: later ones of one process sort after earlier ones, also within a
//! millisecond (RFC 9562, section 6.2, method 1).

use crate::id::Entropy;
use jiff::Timestamp;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bits count the ids of one millisecond. When they are used up the next millisecond is
/// taken ahead of its time.
const COUNTER_BITS: u32 = 12;
/// How many ids' random bytes are fetched at once: asking the system costs more than they do.
const ENTROPY_AHEAD: usize = 64;

/// The ids of one process.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The millisecond and the counter of the last id, as one number.
    last: AtomicU64,
}

impl Ids {
    /// Returns what the next id is made from.
    pub(super) fn next(&self, at: Timestamp) -> (u64, Entropy) {
        let now = u64::try_from(at.as_millisecond()).unwrap_or(0) << COUNTER_BITS;
        let following = |last: u64| now.max(last + 1);
        let last = self.last.update(Ordering::Relaxed, Ordering::Relaxed, following);
        let own = following(last);
        let mut entropy = random();
        // The version's four bits stand before the counter's twelve.
        let counter = u16::try_from(own % (1 << COUNTER_BITS)).expect("it has twelve bits");
        entropy[..2].copy_from_slice(&counter.to_be_bytes());
        (own >> COUNTER_BITS, entropy)
    }
}

fn random() -> Entropy {
    thread_local! {
        static AHEAD: RefCell<Vec<Entropy>> = const { RefCell::new(Vec::new()) };
    }
    AHEAD.with_borrow_mut(|ahead| {
        if ahead.is_empty() {
            ahead.resize(ENTROPY_AHEAD, Entropy::default());
            getrandom::fill(ahead.as_flattened_mut()).expect("the system gives random bytes");
        }
        ahead.pop().expect("there are some now")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RunId;

    #[test]
    fn ids_sort_in_the_order_in_which_they_were_made() {
        let ids = Ids::default();
        let at = "2026-03-09T05:07:08Z".parse().expect("a time");
        let made: Vec<RunId> = (0..10_000).map(|_| ids.next(at)).map(|(ms, entropy)| RunId::new(ms, entropy)).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
    }
}
