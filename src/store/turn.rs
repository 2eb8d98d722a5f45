//! What both stores note of turns in groups: who is meant, and what follows for other runs. The rules are
//! those of [`crate::run::turn`]; the tables are each store's own.

/// The stage of a turn that the run as a whole has.
pub(super) const WHOLE_RUN: i64 = -1;

/// How many one that comes to a group has canceled in its own transaction, and each transaction after that. Where more
/// wait they are marked as displaced by one statement, and canceled by what follows: one that comes is not kept from
/// being accepted by how many there are.
pub(super) const DISPLACED_MAX: usize = 500;

/// Something that follows from a piece of work for other runs.
#[derive(Debug)]
pub(super) enum Afterwards {
    /// A turn of a group was asked for or given up: who waits may go on.
    Admit(String),
    /// A run is canceled for a later one of its group.
    CancelRun { run: i64, reason: String },
    /// A stage is canceled for a later one of its group.
    CancelStage { run: i64, stage: usize, reason: String },
}

/// One who has a turn, or waits for it.
pub(super) struct Member {
    pub(super) run: i64,
    pub(super) stage: i64,
    pub(super) is_canceling: bool,
}

impl Member {
    /// Returns how its turn is taken from it: [`WHOLE_RUN`] is no stage.
    pub(super) fn cancel(&self, reason: &str) -> Afterwards {
        let reason = reason.to_owned();
        match usize::try_from(self.stage) {
            Ok(stage) => Afterwards::CancelStage { run: self.run, stage, reason },
            Err(_) => Afterwards::CancelRun { run: self.run, reason },
        }
    }
}
