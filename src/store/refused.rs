//! Refused deliveries: every one counted, the latest kept in brief, and cheap under a flood of
//! forgeries.
//!
//! A refusal is noted in memory, and one piece of work brings all that were noted until its turn
//! into the store. So a flood costs one transaction for many, and the memory that it takes is bounded:
//! of each connection [`REFUSALS_KEPT`] and a number. Only connections that exist are refused, so their
//! number is the configuration's.

use super::REFUSALS_KEPT;
use crate::webhook::delivery::Refusal;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

/// Refusals that are not in the store yet.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    connections: HashMap<String, Pending>,
    /// Whether work that will take them waits for the writer.
    is_on_its_way: bool,
}

/// What was noted of one connection.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) count: u64,
    /// The latest, in order.
    pub(super) latest: VecDeque<Refusal>,
}

impl Refusals {
    /// Notes a refusal. `send` sends the work that will take it; it is not called
    /// while such work waits already, and says whether there was room.
    pub(super) fn note(&self, refusal: Refusal, send: impl FnOnce() -> bool) {
        let mut noted = self.0.lock().expect("no holder of the refusals panics");
        let pending = noted.connections.entry(refusal.connection.clone()).or_default();
        pending.count += 1;
        pending.latest.push_back(refusal);
        pending.shorten();
        noted.is_on_its_way = noted.is_on_its_way || send();
    }

    /// Takes all that were noted.
    pub(super) fn take(&self) -> HashMap<String, Pending> {
        let mut noted = self.0.lock().expect("no holder of the refusals panics");
        noted.is_on_its_way = false;
        std::mem::take(&mut noted.connections)
    }

    /// Notes again what could not be written, before what was noted meanwhile.
    pub(super) fn put_back(&self, taken: HashMap<String, Pending>) {
        let mut noted = self.0.lock().expect("no holder of the refusals panics");
        for (connection, mut earlier) in taken {
            let later = noted.connections.entry(connection).or_default();
            earlier.count += later.count;
            earlier.latest.append(&mut later.latest);
            earlier.shorten();
            *later = earlier;
        }
    }
}

impl Pending {
    fn shorten(&mut self) {
        let kept = usize::try_from(REFUSALS_KEPT).expect("a few are kept");
        while self.latest.len() > kept {
            self.latest.pop_front();
        }
    }
}
