//! The contract of every store, what only one of them promises, and the schedule that stores follow.

mod contract;
pub mod cut_off;
mod displaced;
mod flat;
mod history;
mod order;
mod other;
mod pools;
mod postgres;
mod reference;
mod rerun;
mod retention;
mod schedule;
mod secret_use;
mod sqlite;
mod steps;
mod story;
mod tls;
mod wait;
mod turns;
pub mod world;
