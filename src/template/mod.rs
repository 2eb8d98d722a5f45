//! From a template and a payload to an expanded document.

mod expanded;

pub use expanded::{Content, Entry, Kind, Node, Scalar};
