//! Scripts with payload text, against the real shell.

mod benign;
mod environment;
mod fuzz;
mod places;
mod properties;
mod refusals;
pub mod running;
