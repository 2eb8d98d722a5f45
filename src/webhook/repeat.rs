//! By which key a delivery would be known again.
//!
//! A key is only worked out for a verified delivery: otherwise anybody could use up keys.

use super::body::Body;
use super::connection::Connection;
use super::delivery::Header;
use super::header::{self, Doubled, RawHeader};
use super::path::Path;
use super::payload;
use super::select::Selected;
use super::source::{Source, found_at};
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
    /// The body, exactly: what is used of it, where that is not all.
    Body,
    /// The value of a header.
    Header(String),
    /// The value at a path of the payload. What counts is its text: the number `7` and the text `"7"` are one key.
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
        body: Body<'_>,
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

impl Repeat {
    /// Says where no key was found and what stood there instead; nothing where a delivery has a key, and where
    /// the header with it is none that is kept. `headers` are those that are kept.
    pub fn missing(&self, connection: &Connection, headers: &[Header], payload: &Selected<'_>) -> Option<String> {
        let one = [match &self.key {
            Key::Body => return None,
            Key::Id => return missing_at(&connection.scheme.id, connection, headers, payload),
            Key::Header(name) => Source::Header(name.clone()),
            Key::Path(path) => {
                let found = payload.instead(path.steps())?;
                return Some(format!("the payload has {found} at `{path}`"));
            }
        }];
        missing_at(&one, connection, headers, payload)
    }

    /// Says by which key a delivery that was known by one is known; nothing where it has none of the keys that are
    /// looked for here. A header of which nothing is kept is named without its value.
    pub fn found(&self, connection: &Connection, headers: &[Header], payload: &Selected<'_>) -> Option<String> {
        let one = [match &self.key {
            Key::Body => return Some(Source::Body.found(connection, headers, payload)),
            Key::Id => return found_in(&connection.scheme.id, connection, headers, payload),
            Key::Header(name) => Source::Header(name.clone()),
            Key::Path(path) => {
                let is_there = payload.instead(path.steps()).is_none();
                return is_there.then(|| found_at(path, path.steps(), payload));
            }
        }];
        found_in(&one, connection, headers, payload)
    }
}

fn found_in(sources: &[Source], connection: &Connection, headers: &[Header], payload: &Selected<'_>) -> Option<String> {
    let found = sources.iter().find(|source| source.missing(connection, headers, payload).is_none());
    let told = found.map(|source| source.found(connection, headers, payload));
    told.or_else(|| sources.iter().find_map(|source| source.left_out(headers)))
}

fn missing_at(
    sources: &[Source],
    connection: &Connection,
    headers: &[Header],
    payload: &Selected<'_>,
) -> Option<String> {
    let told = sources.iter().map(|source| source.missing(connection, headers, payload)).collect::<Option<Vec<_>>>()?;
    Some(if told.is_empty() { "the scheme has no place for an id".to_owned() } else { told.join(", and ") })
}

fn of_body(body: Body<'_>) -> String {
    format!("body:{}", hex::encode(Sha256::digest(payload::identity(body))))
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
