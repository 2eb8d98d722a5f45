//! How much is looked at to follow a Python script: one count for all that look.
//!
//! What ends a loop early because nothing is left may leave out what it would have found: a script of which the count
//! is used up takes no payload text, whatever was found by then.

use std::cell::Cell;
use std::rc::Rc;

/// The most tokens that are looked at to find what reaches what, each as often as it is looked at; so many are
/// looked at in about a second. What is no token counts by what it takes: an expression of which it is asked what it
/// stands for, a name that another gets something from, a step of a proof. A script that needs more takes no payload
/// text.
pub(super) const WORK_MAX: usize = 4_000_000;

/// What is left of the count; a clone takes from the same.
#[derive(Debug, Clone)]
pub(super) struct Work(Rc<Cell<usize>>);

impl Work {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(WORK_MAX)))
    }

    /// Takes note that so much is looked at, and says whether anything may be still.
    pub(super) fn take(&self, tokens: usize) -> bool {
        let left = self.0.get().saturating_sub(tokens);
        self.0.set(left);
        left > 0
    }
}
