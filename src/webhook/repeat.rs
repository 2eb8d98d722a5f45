//! By which key a delivery would be known again.
//!
//! A key is only worked out for a verified delivery: otherwise anybody could use up keys.

use super::connection::Connection;
use super::header::{self, Doubled, RawHeader};
use super::path::Path;
use super::select::Selected;
use super::source::Source;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a key is remembered where nothing else is said: senders that retry do so for hours.
pub const WINDOW_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most bytes of a key that is kept as it is; a longer one is kept as its hash.
const KEY_MAX: usize = 200;

/// How repeats are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// What makes two deliveries the same.
    pub key: Key,
    /// How long a key is remembered.
    pub window: Duration,
}

/// What makes two deliveries the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// What the scheme has for it.
    Id,
    /// The exact bytes of the body.
    Body,
    /// The value of a header.
    Header(String),
    /// The value at a path of the payload.
    Path(Path),
}

impl Repeat {
    /// Returns a way to find repeats within [`WINDOW_DEFAULT`].
    pub fn new(key: Key) -> Self {
        Self { key, window: WINDOW_DEFAULT }
    }

    /// Returns the key of a delivery, unique in its connection. `None` where the delivery has
    /// nothing to be known by; it is new then. The kind of key is part of it, so that keys of
    /// before a change of the configuration match nothing by chance.
    pub fn key_of(
        &self,
        connection: &Connection,
        headers: &[RawHeader<'_>],
        body: &[u8],
        payload: &Selected<'_>,
    ) -> Result<Option<String>, Doubled> {
        Ok(match &self.key {
            Key::Id => match header::delivery_id(connection, headers, payload)? {
                Some(id) => key("id", &id),
                None if connection.scheme.id.contains(&Source::Body) => Some(of_body(body)),
                None => None,
            },
            Key::Body => Some(of_body(body)),
            Key::Header(name) => {
                header::single(headers, name)?.map(header::text).and_then(|value| key("header", &value))
            }
            Key::Path(path) => payload.scalar(path.steps()).and_then(|value| key("path", &value)),
        })
    }
}

fn of_body(body: &[u8]) -> String {
    format!("body:{}", hex::encode(Sha256::digest(body)))
}

fn key(kind: &str, value: &str) -> Option<String> {
    match value.len() {
        0 => None,
        1..=KEY_MAX => Some(format!("{kind}:{value}")),
        _ => {
            let hash = hex::encode(Sha256::digest(value.as_bytes()));
            Some(format!("{kind}-hash:{hash}"))
        }
    }
}
