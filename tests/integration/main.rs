//! All integration tests as one binary, one module a subject.

mod attacks;
mod built_in;
mod challenges;
mod check;
mod checksum;
mod cli;
mod config;
mod crash;
mod door;
mod draft;
mod examples;
mod expression;
mod filters;
mod imports;
mod pipeline;
mod repeats;
mod senders;
mod server;
mod shell;
mod store;
mod strategies;
mod substitution;
mod support;
mod template;
mod worker;
mod yaml;
