//! What time it is, as an argument: the system's clock outside tests, a hand-wound one in them.

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::sync::Mutex;

/// Tells the time of day. Nothing below rank 4 asks it: pure code gets a [`Timestamp`].
pub trait Clock: Send + Sync {
    /// Returns the present moment, in UTC.
    fn now(&self) -> Timestamp;

    /// Returns a moment for measuring how long something takes: no setting of the clock moves it. It may be another
    /// moment than [`Self::now`]. All processes of a machine count alike until the machine starts again.
    fn steady(&self) -> Timestamp {
        self.now()
    }
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Timestamp {
        let counted = clock_gettime(ClockId::Monotonic);
        let counted = SignedDuration::new(counted.tv_sec, i32::try_from(counted.tv_nsec).unwrap_or(0));
        Timestamp::UNIX_EPOCH.checked_add(counted).unwrap_or(Timestamp::MAX)
    }
}

/// A clock that stands still until a test winds it.
#[derive(Debug)]
pub struct HandWoundClock(Mutex<Wound>);

#[derive(Debug, Clone, Copy)]
struct Wound {
    now: Timestamp,
    steady: Timestamp,
}

impl HandWoundClock {
    /// Returns a clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(Wound { now: start, steady: start }))
    }

    /// Lets a duration pass; a negative one takes it back.
    pub fn advance(&self, by: SignedDuration) {
        self.wind(|wound| {
            wound.now += by;
            wound.steady += by;
        });
    }

    /// Sets the clock to another time of day without a moment passing.
    pub fn set(&self, by: SignedDuration) {
        self.wind(|wound| wound.now += by);
    }

    fn wind(&self, wind: impl FnOnce(&mut Wound)) {
        wind(&mut self.0.lock().expect("no holder of the clock panics"));
    }

    fn read(&self) -> Wound {
        *self.0.lock().expect("no holder of the clock panics")
    }
}

impl Clock for HandWoundClock {
    fn now(&self) -> Timestamp {
        self.read().now
    }

    fn steady(&self) -> Timestamp {
        self.read().steady
    }
}
