//! Until when a program may live without another word of its worker.
//!
//! A worker that ends is noticed by its shims at once. One that stands still (`SIGSTOP`, a machine that
//! sleeps or swaps) keeps their sockets open, and the right to what it runs may be another's by then. So
//! each shim holds a moment, which the worker puts off for as long as it has that right, and ends what
//! it holds when the moment is over. Nothing here knows what the right is.

use rustix::time::{ClockId, clock_gettime};
use std::ops::Add;
use std::time::Duration;
use tokio::sync::watch;

/// A clock of this machine that nobody sets, the same for all its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timepiece {
    /// Stands still while the machine sleeps.
    Awake,
    /// Goes on while the machine sleeps.
    Always,
}

/// A moment of a timepiece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    timepiece: Timepiece,
    /// Since the timepiece began.
    at: Duration,
}

impl Timepiece {
    /// Returns the present moment.
    pub fn now(self) -> Moment {
        let time = clock_gettime(match self {
            Self::Awake => ClockId::Monotonic,
            Self::Always => ClockId::Boottime,
        });
        let at = Duration::try_from(time).expect("these clocks begin at nothing");
        Moment { timepiece: self, at }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self { at: self.at.saturating_add(by), ..self }
    }
}

impl Moment {
    /// The bytes of a moment on its way.
    pub(super) const BYTES: usize = 1 + size_of::<u64>();

    /// Returns how long it is until this moment: nothing when it is over.
    pub fn left(self) -> Duration {
        self.at.saturating_sub(self.timepiece.now().at)
    }

    /// Says whether it is over.
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// Returns the moment as it is sent, to the millisecond; none is a moment of no timepiece.
    pub(super) fn to_bytes(moment: Option<Self>) -> [u8; Self::BYTES] {
        let letter = match moment.map(|moment| moment.timepiece) {
            Some(Timepiece::Awake) => b'w',
            Some(Timepiece::Always) => b'a',
            None => b'n',
        };
        let at = moment.map_or(0, |moment| u64::try_from(moment.at.as_millis()).unwrap_or(u64::MAX));
        let mut bytes = [letter; Self::BYTES];
        bytes[1..].copy_from_slice(&at.to_le_bytes());
        bytes
    }

    /// Returns the moment that was sent, or none; nothing where the bytes are neither.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Option<Self>> {
        let [letter, at @ ..] = bytes;
        let at = Duration::from_millis(u64::from_le_bytes(at));
        let of = |timepiece| Some(Some(Self { timepiece, at }));
        match letter {
            b'w' => of(Timepiece::Awake),
            b'a' => of(Timepiece::Always),
            b'n' => Some(None),
            _ => None,
        }
    }
}

/// How long programs may live: until a moment that its holder puts off. Clones are the same. The default
/// has no end.
#[derive(Debug, Clone, Default)]
pub struct Term(Option<watch::Receiver<Moment>>);

impl Term {
    /// Returns a term, and where it is put off. It stands where nobody does that any more.
    pub fn until(moment: Moment) -> (watch::Sender<Moment>, Self) {
        let (holder, term) = watch::channel(moment);
        (holder, Self(Some(term)))
    }

    /// Returns its end as it is now.
    pub(super) fn end(&self) -> Option<Moment> {
        self.0.as_ref().map(|term| *term.borrow())
    }

    /// Returns its end when it is put off the next time.
    pub(super) async fn put_off(&mut self) -> Moment {
        let Some(term) = &mut self.0 else { return std::future::pending().await };
        match term.changed().await {
            Ok(()) => *term.borrow_and_update(),
            Err(_) => std::future::pending().await,
        }
    }
}
