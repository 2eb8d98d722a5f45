//! How long a thread was kept by what it decided about deliveries: while it expands a large one it reads nothing, and
//! whoever sends meanwhile is not slow because of that.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Does work that keeps this thread, and counts its time.
pub(super) fn counted<T>(work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    add(began.elapsed());
    done
}

/// Returns the time that this thread has spent so far. It only grows.
pub fn spent() -> Duration {
    SPENT.get()
}

/// Counts time of this thread.
pub(crate) fn add(time: Duration) {
    SPENT.set(SPENT.get().saturating_add(time));
}
