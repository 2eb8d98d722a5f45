//! The life of a run.

mod state;

pub use state::{RunResult, State};
