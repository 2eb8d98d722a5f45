//! Times as people say them, as on the page.

pub(super) use crate::server::{ago, exact, took};
