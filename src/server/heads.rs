//! The room that all unfinished heads of requests have together: strangers who begin a request and never end it hold a
//! bounded part of the memory, however many they are.
//!
//! Of each connection the HTTP library keeps up to 128 KiB of a head before it refuses it, and nobody is asked before the
//! head is whole. So what was read of a head is counted where the connection is read (see [`paced`](super::paced)). Its
//! first part is counted for nobody: ordinary requests need no room. When there is none left for more of one, the longest must
//! end, of several the one that began first; and no more is read of the other until that one's memory is free.

use crate::store::Outage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use tokio::time::Instant;

/// How many bytes of each head are counted for nobody: more than ordinary ones have, and no more than a connection has
/// memory for in any case.
pub(super) const FREE: usize = 8 * 1024;
/// How many bytes of memory all longer ones have together at one listener.
const ALL_MAX: usize = 16 * 1024 * 1024;

/// How much room the library has for what comes next, at least.
const LEFT_LEAST: usize = 1024;

/// The room at one listener.
#[derive(Debug)]
pub(super) struct Heads {
    most: usize,
    long: Mutex<Long>,
    outage: Outage,
    /// What is written to a connection that must end. It is seen where the sender has stopped sending.
    pub(super) goodbye: Box<[u8]>,
}

/// The long heads that are under way.
#[derive(Debug, Default)]
struct Long {
    next: u64,
    bytes: usize,
    /// What of these is of those that must end.
    leaving: usize,
    all: HashMap<u64, Head>,
}

#[derive(Debug)]
struct Head {
    bytes: usize,
    began: Instant,
    must_end: bool,
    /// Of the connection's task, which looks whether its head may stay.
    task: Waker,
}

/// Whether more of a head may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stay {
    Yes,
    /// When others have gone, which have heard of it: in a moment.
    Later,
    /// It must end.
    No,
}

impl Heads {
    /// Returns the room of a listener that says goodbye with these bytes.
    pub(super) fn new(goodbye: Box<[u8]>) -> Self {
        Self::of(ALL_MAX, goodbye)
    }

    fn of(most: usize, goodbye: Box<[u8]>) -> Self {
        Self { most, long: Mutex::default(), outage: Outage::default(), goodbye }
    }
}

/// What the head of one connection holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    heads: Arc<Heads>,
    place: Option<u64>,
}

impl Held {
    /// Returns what holds nothing yet.
    pub(super) fn nothing(heads: Arc<Heads>) -> Self {
        Self { heads, place: None }
    }

    /// Holds the memory of so many bytes from now on, if there is room for it. Others that are longer may have to go for
    /// it: their tasks are woken, and are told so by the same call.
    pub(super) fn hold(&mut self, bytes: usize, task: &Waker) -> Stay {
        let bytes = capacity(bytes);
        let mut long = self.heads.long.lock().expect("no holder of the heads panics");
        let place = *self.place.get_or_insert_with(|| long.enter(task));
        let stay = long.grow(place, bytes, self.heads.most, task);
        drop(long);
        if stay != Stay::Yes {
            self.heads.outage.failed(
                &"the heads of requests that do not end take all the room that there is for them",
                "connections with the longest ones are closed",
            );
        }
        stay
    }

    /// Gives back what is held: the head has ended.
    pub(super) fn release(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.heads.long.lock().expect("no holder of the heads panics").leave(place);
        self.heads.outage.worked("there is room for long heads of requests again");
    }
}

/// Returns how much memory the library has for so many bytes: it doubles before it is full.
fn capacity(bytes: usize) -> usize {
    bytes.saturating_add(LEFT_LEAST).checked_next_power_of_two().unwrap_or(bytes)
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

impl Long {
    fn enter(&mut self, task: &Waker) -> u64 {
        self.next += 1;
        let head = Head { bytes: 0, began: Instant::now(), must_end: false, task: task.clone() };
        self.all.insert(self.next, head);
        self.next
    }

    /// Makes a head longer where there is room, and has others end where that would make some.
    fn grow(&mut self, place: u64, bytes: usize, most: usize, task: &Waker) -> Stay {
        let head = match self.all.get_mut(&place) {
            Some(head) if !head.must_end => head,
            _ => return Stay::No,
        };
        head.task.clone_from(task);
        let more = bytes.saturating_sub(head.bytes);
        if self.bytes + more <= most {
            head.bytes += more;
            self.bytes += more;
            return Stay::Yes;
        }
        while self.bytes - self.leaving + more > most {
            match self.longest(place, bytes) {
                Some(longest) if longest != place => self.end(longest),
                _ => return Stay::No,
            }
        }
        Stay::Later
    }

    /// Returns the longest of those that need not end, where one of them would be so long.
    fn longest(&self, growing: u64, to: usize) -> Option<u64> {
        let length = |place: u64, head: &Head| if place == growing { to } else { head.bytes };
        let of = |(place, head): &(&u64, &Head)| (length(**place, head), std::cmp::Reverse((head.began, **place)));
        self.all.iter().filter(|(_, head)| !head.must_end).max_by_key(of).map(|(place, _)| *place)
    }

    fn end(&mut self, place: u64) {
        if let Some(head) = self.all.get_mut(&place) {
            head.must_end = true;
            self.leaving += head.bytes;
            head.task.wake_by_ref();
        }
    }

    /// Frees what a head had.
    fn leave(&mut self, place: u64) {
        let Some(head) = self.all.remove(&place) else { return };
        self.bytes -= head.bytes;
        if head.must_end {
            self.leaving -= head.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_longest_goes_first_and_of_several_the_one_that_began_first() {
        let heads = Arc::new(Heads::of(100 * 1024, Box::default()));
        let woken = Arc::new(Woken::default());
        let (task, quiet, long) = (Waker::from(woken.clone()), Waker::noop(), 31 * 1024);
        let mut held: Vec<Held> = (0..4).map(|_| Held::nothing(heads.clone())).collect();
        assert_eq!((held[0].hold(long, &task), held[1].hold(long, quiet)), (Stay::Yes, Stay::Yes));
        assert_eq!((held[2].hold(9_000, quiet), held[3].hold(12_000, quiet)), (Stay::Yes, Stay::Yes), "there is room");
        assert_eq!(held[3].hold(16_000, quiet), Stay::Later, "its memory would be as much as that of the longest");
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "the one that must go hears of it");
        assert_eq!(held[3].hold(16_000, quiet), Stay::Later, "it has not gone yet");
        assert_eq!((held[1].hold(long, quiet), held[2].hold(9_000, quiet)), (Stay::Yes, Stay::Yes), "the others stay");
        assert_eq!(held[0].hold(long, &task), Stay::No);
        drop(held.remove(0));
        assert_eq!(held[2].hold(16_000, quiet), Stay::Yes, "what was held is free");
        assert_eq!(held[2].hold(100_000, quiet), Stay::No, "who is longest goes itself");
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        held.clear();
        let long = heads.long.lock().expect("nobody panicked");
        assert_eq!((long.bytes, long.leaving, long.all.len()), (0, 0, 0));
    }
}
