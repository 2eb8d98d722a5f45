//! Scripts with payload text, against the real shell.

mod attacks;
mod benign;
mod places;
mod properties;
mod refusals;
mod running;
