//! A request as it arrived, before anything is known about its sender.

use super::header::{self, RawHeader};

/// A request as verification sees it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'r> {
    /// All headers in the order they came.
    pub headers: &'r [RawHeader<'r>],
    /// The exact bytes of the body.
    pub body: &'r [u8],
    /// The path and query as they were asked for.
    pub target: &'r str,
}

impl<'r> Received<'r> {
    /// Returns a request of headers and a body, for schemes that do not look at the URL.
    pub fn new(headers: &'r [RawHeader<'r>], body: &'r [u8]) -> Self {
        Self { headers, body, target: "" }
    }

    /// Returns the value of a header that is there once; `None` too where it is there more often.
    pub(super) fn only(&self, name: &str) -> Option<&'r [u8]> {
        header::single(self.headers, name).ok().flatten()
    }
}
