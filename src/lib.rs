//! pipehook turns webhooks into pipeline runs, the Azure Pipelines way.
//!
//! The crate is read along the road that a delivery takes:
//!
//! ```text
//! server    receive   a request arrives as bytes
//! webhook   verify    the checksum proves who sent it
//! catalog   match     which pipelines listen to this connection, and whose filters hold
//! template  expand    ${{ }} gives way to typed values; payload text stays data
//! pipeline  validate  every mistake is found and pointed at; what is left becomes a plan
//! store     queue     accepted runs survive a crash
//! worker    execute   stages, jobs and steps become processes
//! server    report    API, live logs, metrics; the command line shows the same
//! ```
//!
//! [`intake`] is the first six lines as one function; [`worker`] is the seventh. They never
//! import each other: they meet in the [`store`].
//!
//! Modules have ranks, and a module names only modules of lower ranks or of its own rank above
//! it in this list. Ranks 0 to 3 are pure: no file, environment, socket, clock, thread, random
//! number, async runtime, SQL or HTTP type. `tests/integration/imports.rs` holds both rules.
//!
//! This library is the inside of one binary. It is not a public API.

// Rank 0: words that everyone shares.
pub mod clock;
pub mod taint;
pub mod id;
pub mod diagnostic;

// Rank 1: text to trees.
pub mod expression;
pub mod shell;
pub mod yaml;

// Rank 2: the two languages of the domain.
pub mod template;
pub mod pipeline;
pub mod webhook;

// Rank 3: the life of a run.
pub mod run;

// Rank 4: effects, one kind of outside world each.
pub mod files;
pub mod machine;
pub mod config;
pub mod catalog;
pub mod store;
pub mod process;
pub mod metrics;

// Rank 5: the two halves of the machine.
pub mod intake;
pub mod worker;

// Rank 6: faces. The command line shows what the server shows, and starts it.
pub mod server;
pub mod cli;
