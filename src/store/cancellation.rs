//! What was going on in a run when it was asked to stop. What begins later is not stopped by that: it begins
//! because the conditions of its stage and job want it all the same.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the agreement of a run is called that holds its [`Cancellation`].
pub(super) const CANCELLATION: &str = "cancellation";

/// What was going on in a run when it was asked to stop, the last time if it was asked several times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cancellation {
    /// The places of the stages that had begun.
    pub(super) begun: BTreeSet<usize>,
    /// The tokens of the leases that were held: their jobs are to stop.
    pub(super) leases: BTreeSet<i64>,
}

impl Cancellation {
    /// Returns that of a run that a former version was asked to stop: nothing is known to have begun later.
    pub(super) fn unknown(stages: usize) -> Self {
        Self { begun: (0..stages).collect(), leases: BTreeSet::new() }
    }
}
