//! What both stores note of turns in groups: who is meant, and what follows for other runs. The rules are
//! those of [`crate::run::turn`]; the tables are each store's own.

/// The stage of a turn that the run as a whole has.
pub(super) const WHOLE_RUN: i64 = -1;

/// How many one transaction cancels for those that come to groups in it, and each transaction after that. More are marked
/// by one statement, as displaced where they wait and as stopped where they go on, and canceled by what follows: one that
/// comes is not kept from being accepted by how many there are, and neither are many that come together.
pub(super) const DISPLACED_MAX: usize = 500;

/// How those are marked that are to be canceled: where they wait, and where they go on.
pub(super) const MARKS: [&str; 2] = ["displaced", "stopped"];

/// How many more a transaction cancels.
#[derive(Debug)]
pub(super) struct Allowance(usize);

impl Default for Allowance {
    fn default() -> Self {
        Self(DISPLACED_MAX)
    }
}

impl Allowance {
    /// Takes room for all of so many, or for none.
    pub(super) fn all(&mut self, count: usize) -> bool {
        let has_room = count <= self.0;
        self.0 -= if has_room { count } else { 0 };
        has_room
    }

    /// Takes room for as many as there is, and returns for how many that is.
    pub(super) fn some(&mut self, count: usize) -> usize {
        let some = count.min(self.0);
        self.0 -= some;
        some
    }
}

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
    pub(super) seq: i64,
    pub(super) run: i64,
    pub(super) stage: i64,
    /// Whether it was asked to stop, or is about to be.
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
