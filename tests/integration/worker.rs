//! Executing jobs: with a journal in memory, and with the store.

mod bench;
mod commands;
mod cut_off;
mod dependencies;
mod foreground;
mod laundering;
mod masks;
mod output;
mod retries;
mod shim;
mod steps;
mod stop;
mod stored;
mod tables;
mod variables;
