//! A request as it arrived, before anything is known about its sender.

use super::body::Body;
use super::connection::Connection;
use super::header::{self, RawHeader};

/// A request as verification sees it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'r> {
    /// All headers in the order they came.
    pub headers: &'r [RawHeader<'r>],
    /// The body, and how it is read.
    pub body: Body<'r>,
    /// The path and query as they were asked for.
    pub target: &'r str,
}

impl<'r> Received<'r> {
    /// Returns a request to a connection: how its body is read is decided here, for all that look at it.
    pub fn new(connection: &Connection, headers: &'r [RawHeader<'r>], body: &'r [u8], target: &'r str) -> Self {
        Self { headers, body: connection.body(header::content_type(headers), body), target }
    }

    /// Returns the value of a header that is there once; `None` too where it is there more often.
    pub(super) fn only(&self, name: &str) -> Option<&'r [u8]> {
        header::single(self.headers, name).ok().flatten()
    }
}
