//! The executing half of the machine: claims jobs, runs their steps, keeps the leases.

mod condition;
mod context;
mod environment;
mod job;
mod journal;
mod predefined;
mod replace;
mod runtime;
mod script;
mod step;
mod stop;
mod variables;
mod workspace;

pub use context::{Host, INHERITED, JobContext};
pub use environment::environment_name;
pub use job::execute;
pub use journal::{Broken, Journal};
pub use replace::{EXPANDED_MAX, TooLong};
pub use stop::StopSignal;
pub use variables::{MACRO_DEPTH_MAX, VALUE_MAX, Variables};
pub use workspace::Workspace;
