//! All integration tests as one binary, one module a subject.

mod attacks;
mod checksum;
mod cli;
mod config;
mod crash;
mod draft;
mod examples;
mod expression;
mod imports;
mod pipeline;
mod server;
mod shell;
mod store;
mod substitution;
mod support;
mod template;
mod worker;
mod yaml;
