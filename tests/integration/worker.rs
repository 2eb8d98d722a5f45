//! Executing jobs: with a journal in memory, and with the store.

mod bench;
mod foreground;
mod output;
mod shim;
mod steps;
mod stop;
mod stored;
mod variables;
