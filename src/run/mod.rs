//! The life of a run: states, what follows from what, names. Pure.
//!
//! The store asks [`Board::advance`] what follows when a job ends, in the same transaction; the
//! foreground command asks the same in memory.

mod attempt;
mod condition;
mod display;
mod late;
mod leg;
mod matrix;
mod name;
mod output;
mod rerun;
mod retention;
mod runtime;
mod schedule;
mod state;
pub mod turn;

pub use attempt::{ATTEMPTS_DEFAULT, AfterLoss, after_loss};
pub use condition::{Conclusion, about_pipeline};
pub use display::name_parts;
pub use late::container as late_container;
pub use name::{OF_OTHERS, RunName, given_name, has_late_variables, late_name, resolve, tainted_by};
pub use output::{MASK, Output};
pub use rerun::{has_failed, taken};
pub use retention::{Held, Keeping, Retention};
pub use runtime::{Asker, Series, Sources, resolve as resolve_variables};
pub use schedule::{Board, CANCELED_UNSTARTED, Change, Decision, Progress, Standing};
pub use state::{RunResult, State};
