//! What becomes of a job whose worker was lost.

/// How often a job may be begun where its pipeline says nothing: its steps may have had effects, so
/// it is not begun again by itself.
pub const ATTEMPTS_DEFAULT: u32 = 1;

/// What becomes of a job whose lease is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterLoss {
    /// It is due again, as a new attempt.
    Again,
    /// It failed, told as abandoned.
    Abandoned,
}

/// Decides about a job whose lease is over. `begun` counts its attempts that had started a step, the
/// lost one included; `allowed` is what its pipeline says. An attempt that had started no step had no
/// effects, and never counts. One that had is abandoned too where its run was asked to stop and its
/// conditions do not want it all the same ([`Board::begins_again`](super::Board::begins_again)): it was not
/// skipped.
pub fn after_loss(has_started_step: bool, begun: u32, allowed: u32) -> AfterLoss {
    if !has_started_step || begun < allowed { AfterLoss::Again } else { AfterLoss::Abandoned }
}
