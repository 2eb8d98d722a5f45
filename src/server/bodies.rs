//! The room that all bodies have together while they are read and verified: what strangers can make the server hold is
//! bounded, whatever they send and however many they are.
//!
//! ```text
//! body ──► its first bytes ──► read, whoever else sends: deliveries that are this small always come through
//!           └► it grows ──► there is room ──► read
//!                            └► there is none: all that have been read for longer than a moment must end,
//!                               and what they had is free ──► read
//!                                └► there is none within three seconds: 503, and its own room is free
//! ```
//! Nobody waits longer than that while holding room, so bodies that wait for each other end; and who sends slowly
//! keeps others out for a moment, not until its time is over.

use super::error::{Failure, NO_ROOM};
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// How many bytes each body has that are counted for nobody: a connection that sends nothing costs about as much.
pub(super) const FREE: usize = 16 * 1024;
/// In what the room is counted.
const UNIT: u64 = 1024;
/// For how many of the largest bodies that a connection takes there is room at least.
const LARGEST_BODIES: u64 = 4;
/// How long a body waits for room: longer than those take that must end, and a sender still waits for its answer.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// How long a body that holds room may take once there is none left: 1 MiB comes in that time at 4 Mbit/s.
const HURRIED_MAX: Duration = Duration::from_secs(2);

/// The room of a whole server.
#[derive(Debug)]
pub(super) struct Bodies {
    units: Arc<Semaphore>,
    /// How many there are.
    all: AtomicU64,
    /// Tells all who hold room that others find none.
    scarce: Arc<Notify>,
}

impl Bodies {
    /// Returns room for so many bytes.
    pub(super) fn of(bytes: u64) -> Self {
        let all = bytes.div_ceil(UNIT);
        let units = Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { units, all: AtomicU64::new(all), scarce: Arc::default() }
    }

    /// Returns a place for a body that begins now, of a connection that takes so many bytes. A configuration that takes
    /// large bodies makes the room larger.
    pub(super) fn place(&self, limit: u64) -> Place<'_> {
        let wanted = limit.div_ceil(UNIT).saturating_mul(LARGEST_BODIES);
        let all = self.all.fetch_max(wanted, Ordering::Relaxed);
        if let Some(more) = wanted.checked_sub(all).filter(|more| *more > 0) {
            let most = Semaphore::MAX_PERMITS - self.units.available_permits();
            self.units.add_permits(usize::try_from(more).unwrap_or(most).min(most));
        }
        Place { bodies: self, held: None, began: Instant::now(), scarce: None }
    }
}

/// What one body holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'r> {
    bodies: &'r Bodies,
    held: Option<OwnedSemaphorePermit>,
    began: Instant,
    /// Hears that others find no room, from when the first is held.
    scarce: Option<Pin<Box<OwnedNotified>>>,
}

impl Place<'_> {
    /// Makes the body's capacity at least `wanted` bytes, as far as it may be larger than it is, and waits a moment for the
    /// room that this takes.
    pub(super) async fn grow(&mut self, body: &mut Vec<u8>, wanted: usize, limit: u64) -> Result<(), Failure> {
        if wanted <= body.capacity() {
            return Ok(());
        }
        // It is never more than twice what came.
        let most = usize::try_from(limit).unwrap_or(usize::MAX).max(wanted);
        let capacity = body.capacity().saturating_mul(2).clamp(wanted, most);
        self.hold(capacity.saturating_sub(FREE)).await?;
        body.reserve_exact(capacity - body.len());
        Ok(())
    }

    /// Holds so many bytes from now on, of which it may hold some already.
    async fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = usize::try_from(UNIT).map_or(bytes, |unit| bytes.div_ceil(unit));
        let Some(more) = wanted.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let more = u32::try_from(more).map_err(|_| NO_ROOM)?;
        let scarce = || Box::pin(self.bodies.scarce.clone().notified_owned());
        self.scarce.get_or_insert_with(scarce);
        let units = self.bodies.units.clone();
        let permit = match units.clone().try_acquire_many_owned(more) {
            Ok(permit) => permit,
            Err(_) => {
                self.bodies.scarce.notify_waiters();
                let waited = timeout(WAIT_MAX, units.acquire_many_owned(more)).await;
                // Its moment begins when it has waited; the call that it heard until now was its own.
                self.began = Instant::now();
                self.scarce = Some(scarce());
                waited.ok().and_then(Result::ok).ok_or(NO_ROOM)?
            }
        };
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }

    /// Is ready when the body must end because it holds room, others find none, and it has had its moment.
    pub(super) async fn hurried(&mut self) {
        match &mut self.scarce {
            Some(scarce) => scarce.as_mut().await,
            None => pending().await,
        }
        sleep_until(self.began + HURRIED_MAX).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;
    use tokio::join;

    const LIMIT: u64 = 256 * 1024;
    const LARGE: usize = 256 * 1024;

    #[tokio::test]
    async fn who_is_slow_gives_way_and_who_is_small_always_comes_through() {
        let bodies = Bodies::of(1);
        let mut slow: Vec<(Place<'_>, Vec<u8>)> = Vec::new();
        loop {
            let (mut place, mut body) = (bodies.place(LIMIT), Vec::new());
            if place.grow(&mut body, LARGE, LIMIT).await.is_err() {
                break;
            }
            slow.push((place, body));
        }
        assert_eq!(slow.len(), 4, "as many as there is room for");
        assert!(bodies.place(LIMIT).grow(&mut Vec::new(), FREE, LIMIT).await.is_ok());
        tokio::time::sleep(HURRIED_MAX).await;
        let (mut place, mut body) = (bodies.place(LIMIT), Vec::new());
        let (mut first, _body) = slow.remove(0);
        let (grown, ()) = join!(place.grow(&mut body, LARGE, LIMIT), async move {
            first.hurried().await;
            drop(first);
        });
        assert!(grown.is_ok() && body.capacity() >= LARGE);
        // One that came meanwhile has its moment.
        let mut hurried = std::pin::pin!(place.hurried());
        bodies.scarce.notify_waiters();
        assert_eq!(std::future::poll_fn(|context| Poll::Ready(hurried.as_mut().poll(context))).await, Poll::Pending);
        hurried.await;
    }

    #[tokio::test]
    async fn a_body_takes_no_more_than_twice_what_came() {
        let bodies = Bodies::of(1);
        let (mut place, mut body) = (bodies.place(LIMIT), Vec::new());
        for length in (1000..LARGE).step_by(1000) {
            place.grow(&mut body, length, LIMIT).await.expect("room");
            body.resize(length, 0);
            let held = place.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) * 1024;
            assert!(body.capacity() <= (2 * length).max(FREE) && body.capacity() <= held + FREE, "{length}: {held}");
        }
        let all = bodies.units.available_permits();
        drop(place);
        assert!(bodies.units.available_permits() > all);
    }
}
