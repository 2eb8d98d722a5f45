//! How fast each connection may send. Asked only after the checksum has held, so that forgeries
//! use up nobody's rate.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, RwLock};

/// One limiter a connection; they are made when a connection first sends.
#[derive(Default)]
pub(super) struct Rates {
    limiters: RwLock<HashMap<String, (u32, Arc<DefaultDirectRateLimiter>)>>,
    clock: DefaultClock,
}

impl Rates {
    /// Counts one request of a connection. An error is the number of seconds after which the
    /// next one is taken.
    pub(super) fn check(&self, connection: &str, per_second: u32) -> Result<(), u64> {
        self.limiter(connection, per_second).check().map_err(|over| {
            let wait = over.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }

    /// Returns the connection's limiter; a changed rate makes a new one.
    fn limiter(&self, connection: &str, per_second: u32) -> Arc<DefaultDirectRateLimiter> {
        let known = self.limiters.read().expect("no holder of the limiters panics");
        if let Some((_, limiter)) = known.get(connection).filter(|(rate, _)| *rate == per_second) {
            return limiter.clone();
        }
        drop(known);
        let quota = Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN));
        let limiter = Arc::new(RateLimiter::direct(quota));
        let mut limiters = self.limiters.write().expect("no holder of the limiters panics");
        limiters.insert(connection.to_owned(), (per_second, limiter.clone()));
        limiter
    }
}
