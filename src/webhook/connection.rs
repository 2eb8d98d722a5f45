//! A name one can post to, and all that is known about its sender.

use super::repeat::{Key, Repeat};
use super::scheme::{RejectedStatus, Scheme};
pub use crate::shell::Substitution;
use secrecy::{ExposeSecret, SecretSlice};
use std::fmt;

/// A configured connection.
#[derive(Debug)]
pub struct Connection {
    /// The name that pipelines write after `connection:`.
    pub name: String,
    /// The name in the URL.
    pub webhook: String,
    /// Whether it takes deliveries; otherwise it is as if it were not there.
    pub enabled: bool,
    /// How a sender proves itself.
    pub authentication: Authentication,
    /// How the checksum is made.
    pub scheme: Scheme,
    /// The header that carries the checksum.
    pub header: String,
    /// How repeats are found; `None` takes each delivery as new.
    pub repeat: Option<Repeat>,
    /// What the sender is told when every matched pipeline was rejected.
    pub rejected: RejectedStatus,
    /// What becomes of payload text in scripts.
    pub substitution: Substitution,
    /// What it may send.
    pub limits: Limits,
}

impl Connection {
    /// Returns a connection with its scheme's defaults.
    pub fn new(name: &str, scheme: Scheme, authentication: Authentication) -> Self {
        let repeat = match (&scheme.id, scheme.repeat_body) {
            (Some(_), _) => Some(Repeat::new(Key::Id)),
            (None, Some(window)) => Some(Repeat { key: Key::Body, window }),
            (None, None) => None,
        };
        Self {
            name: name.to_owned(),
            webhook: name.to_owned(),
            enabled: true,
            authentication,
            header: scheme.header.to_string(),
            repeat,
            rejected: scheme.rejected,
            scheme,
            substitution: Substitution::Safe,
            limits: Limits::default(),
        }
    }

    /// Returns the number of live secrets.
    pub fn secret_count(&self) -> usize {
        match &self.authentication {
            Authentication::Secrets(secrets) => secrets.len(),
            Authentication::None => 0,
        }
    }
}

/// How a sender proves itself.
#[derive(Debug)]
pub enum Authentication {
    /// By the keyed hash of the body with any of these. Without any, nobody is known.
    Secrets(Vec<Secret>),
    /// Not at all: anybody may post. The configuration must have said so.
    None,
}

/// A live secret. It prints as its name only.
pub struct Secret {
    name: String,
    bytes: SecretSlice<u8>,
}

impl Secret {
    /// Returns a secret with a name for people, such as `env INCOMINGWH_SECRET`. `None` for an
    /// empty one: anybody can compute a hash that is keyed with nothing.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Option<Self> {
        let name = name.into();
        (!bytes.is_empty()).then(|| Self { name, bytes: bytes.into() })
    }

    /// Returns where the secret came from, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key itself; only the checksum needs it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

/// What a connection may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body.
    pub body: u64,
    /// How many runs may wait before deliveries are turned away.
    pub queue: u64,
    /// The most deliveries a second.
    pub requests_per_second: u32,
}

impl Default for Limits {
    /// The defaults that the configuration documents: a body of 1 MiB holds every payload that
    /// the known senders send by default; the rate is far above theirs and far below the store's.
    fn default() -> Self {
        Self { body: 1024 * 1024, queue: 10_000, requests_per_second: 1_000 }
    }
}
