//! The contract of every store, what only SQLite promises, and the schedule that stores follow.

mod contract;
mod history;
mod order;
mod reference;
mod rerun;
mod retention;
mod schedule;
mod sqlite;
mod story;
mod wait;
mod turns;
pub mod world;
