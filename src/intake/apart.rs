//! Deciding beside the threads that read requests.
//!
//! Those threads decide themselves about what is soon decided, as nearly all is: to hand it over would cost more. What
//! takes long, or nobody knows yet, is decided on threads of its own, so that other senders wait for none of it:
//!
//! ```text
//! verified ──► its body is large ──────────────────────────────┐
//!      └► decided where it was read ──► answered               ├► a place is free within a moment ──► decided apart
//!          └► a pipeline's work is not known to be short ──────┘    └► none is, or too many wait: 503
//! ```
//! Nothing is written before all of it is decided, so that 503 has changed nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The most bytes of a body that is parsed where it was read: a thread parses as much in a fraction of a millisecond.
pub(super) const READ_HERE_MAX: usize = 64 * 1024;
/// How many deliveries may wait for a place; their bodies have their room already.
const WAITING_MAX: usize = 256;
/// How long one of them waits: senders give up after some seconds.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The places where is decided apart: one a processor.
#[derive(Debug)]
pub(super) struct Apart {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    wait_max: Duration,
}

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("as many deliveries as possible are being decided about, and others wait for that")]
pub struct Crowded;

impl Default for Apart {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { places: Arc::new(Semaphore::new(processors)), waiting: AtomicUsize::new(0), wait_max: WAIT_MAX }
    }
}

impl Apart {
    /// Does work on a thread of its own when there is a place for it. Who is not waited for any more has kept its place
    /// until the work is done.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Crowded> {
        let place = match self.places.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = Waiting::among(&self.waiting)?;
                let waited = timeout(self.wait_max, self.places.clone().acquire_owned()).await;
                waited.ok().and_then(Result::ok).ok_or(Crowded)?
            }
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it the server.
            Err(_) => Crowded,
        })
    }
}

/// One that waits.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn among(all: &'w AtomicUsize) -> Result<Self, Crowded> {
        let waiting = Self(all);
        if all.fetch_add(1, Ordering::Relaxed) < WAITING_MAX { Ok(waiting) } else { Err(Crowded) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn work_waits_for_a_place_a_moment_and_not_among_too_many() {
        let places = Arc::new(Semaphore::new(1));
        let apart = Apart { places, waiting: AtomicUsize::new(0), wait_max: Duration::from_millis(50) };
        let (go, waits) = mpsc::channel::<()>();
        let first = apart.work(move || waits.recv().is_ok());
        let others = async {
            assert_eq!(apart.work(|| ()).await, Err(Crowded), "nobody leaves");
            apart.waiting.store(WAITING_MAX, Ordering::Relaxed);
            assert_eq!(apart.work(|| ()).await, Err(Crowded), "too many wait");
            apart.waiting.store(0, Ordering::Relaxed);
            let (second, _) = tokio::join!(apart.work(|| 2), async { go.send(()) });
            assert_eq!(second, Ok(2));
        };
        let (first, ()) = tokio::join!(first, others);
        assert_eq!(first, Ok(true));
        assert_eq!(apart.places.available_permits(), 1);
        assert_eq!(apart.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_is_not_waited_for_keeps_its_place_until_it_is_done() {
        let apart = Apart { places: Arc::new(Semaphore::new(1)), ..Apart::default() };
        let (go, waits) = mpsc::channel::<()>();
        let left = timeout(Duration::from_millis(20), apart.work(move || waits.recv().is_ok())).await;
        assert!(left.is_err());
        assert_eq!(apart.places.available_permits(), 0);
        go.send(()).expect("it waits");
        assert_eq!(apart.work(|| 1).await, Ok(1));
    }
}
