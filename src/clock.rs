//! What time it is, as an argument: the system's clock outside tests, a hand-wound one in them.

use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;

/// Tells the time of day. Nothing below rank 4 asks it: pure code gets a [`Timestamp`].
pub trait Clock: Send + Sync {
    /// Returns the present moment, in UTC.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until a test winds it.
#[derive(Debug)]
pub struct HandWoundClock(Mutex<Timestamp>);

impl HandWoundClock {
    /// Returns a clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by a duration, which may be negative.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().expect("no holder of the clock panics");
        *now += by;
    }
}

impl Clock for HandWoundClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder of the clock panics")
    }
}
