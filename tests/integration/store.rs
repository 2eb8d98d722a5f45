//! The contract of every store, what only SQLite promises, and the schedule that stores follow.

mod contract;
mod history;
mod reference;
mod schedule;
mod sqlite;
mod story;
pub mod world;
