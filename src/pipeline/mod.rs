//! From an expanded document to a plan.

pub mod plan;
