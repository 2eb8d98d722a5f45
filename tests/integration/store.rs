//! The contract of every store, what only SQLite promises, and the schedule that stores follow.

mod contract;
mod history;
mod reference;
mod schedule;
mod speed;
mod sqlite;
mod world;
