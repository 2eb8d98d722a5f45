//! A name one can post to, and all that is known about its sender.

use super::body::Body;
use super::challenge::{Challenge, Consent};
use super::checksum::Proof;
use super::key::{Key, KeyMistake};
use super::repeat::{self, Repeat};
use super::scheme::{Carrier, Kind, RejectedStatus, Scheme};
use super::select::Wanted;
use super::sns;
use super::source::Source;
pub use crate::shell::Substitution;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The bytes that a secret should have at least: fewer can be tried out (injection, section 6).
const SECRET_BYTES_LEAST: usize = 16;

/// After how many seconds the use of a secret is noted again: who rotates secrets looks at days.
const USES_APART: i64 = 60;

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
    /// Where the checksum stands.
    pub carrier: Carrier,
    /// How repeats are found; `None` takes each delivery as new.
    pub repeat: Option<Repeat>,
    /// The URL that the sender posts to, without a query, for a checksum that covers it.
    pub url: Option<String>,
    /// The topics of Amazon's notifications that may post; empty for any.
    pub topics: Vec<String>,
    /// Which challenge of the sender is answered.
    pub consent: Option<Consent>,
    /// What the sender is told when every matched pipeline was rejected.
    pub rejected: RejectedStatus,
    /// What becomes of payload text in scripts.
    pub substitution: Substitution,
    /// How urgent its runs are: those of larger ones are claimed first, 0 is usual.
    pub priority: i8,
    /// What it may send.
    pub limits: Limits,
}

impl Connection {
    /// Returns a connection with its scheme's defaults.
    pub fn new(name: &str, scheme: Scheme, authentication: Authentication) -> Self {
        let has_id = scheme.id.iter().any(|source| *source != Source::Body);
        let repeat = match scheme.repeat_body {
            _ if has_id => Some(Repeat::new(repeat::Key::Id)),
            Some(window) => Some(Repeat { key: repeat::Key::Body, window }),
            None => None,
        };
        Self {
            name: name.to_owned(),
            webhook: name.to_owned(),
            enabled: true,
            authentication,
            carrier: scheme.carrier.clone(),
            repeat,
            url: None,
            topics: Vec::new(),
            consent: scheme.challenge.filter(|it| *it != Challenge::Meta).map(Consent::new),
            rejected: scheme.rejected,
            scheme,
            substitution: Substitution::Safe,
            priority: 0,
            limits: Limits::default(),
        }
    }

    /// Returns the secrets that have not ended.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.secrets().iter().filter(move |secret| secret.is_live(now))
    }

    /// Says whether it has secrets and every one has ended: nobody can post to it any more.
    pub fn has_outlived_its_secrets(&self, now: Timestamp) -> bool {
        !self.secrets().is_empty() && self.live_secrets(now).next().is_none()
    }

    /// Returns what is weak about its live secrets, each in a sentence that shows none.
    pub fn weaknesses(&self, now: Timestamp) -> Vec<String> {
        let live: Vec<&Secret> = self.live_secrets(now).collect();
        let mut found = Vec::new();
        for (at, secret) in live.iter().enumerate() {
            if secret.is_short() {
                found.push(format!(
                    "the secret `{}` has fewer than {SECRET_BYTES_LEAST} bytes: it can be guessed",
                    secret.name
                ));
            }
            if let Some(same) = live[..at].iter().find(|it| it.bytes() == secret.bytes()) {
                let names = format!("`{}` and `{}`", same.name, secret.name);
                found.push(format!("the secrets {names} are the same: that one of them is used tells nothing"));
            }
        }
        found
    }

    /// Returns all its secrets, ended ones too.
    pub fn secrets(&self) -> &[Secret] {
        match &self.authentication {
            Authentication::Secrets(secrets) => secrets,
            Authentication::None => &[],
        }
    }

    /// Returns the secret that is a proof, if one is.
    pub fn proved_by(&self, proof: Proof) -> Option<&Secret> {
        match proof {
            Proof::Secret(place) => self.secrets().get(place),
            Proof::NotAsked => None,
        }
    }

    /// Says how a body of a content type is read.
    pub fn body<'b>(&self, content_type: Option<&[u8]>, bytes: &'b [u8]) -> Body<'b> {
        if self.signs_in_body() {
            return Body::message(bytes);
        }
        Body::of(self.scheme.content, content_type, bytes)
    }

    /// Says whether its deliveries are messages that carry their own signature, which covers some members.
    pub fn signs_in_body(&self) -> bool {
        self.scheme.kind == Kind::Sns && matches!(self.authentication, Authentication::Secrets(_))
    }

    /// Says whether the connection itself looks at a header: for the id, the event or the key of repeats.
    pub fn looks_at_header(&self, name: &str) -> bool {
        let event = self.scheme.event.iter().flat_map(|event| &event.sources);
        let key = self.repeat.as_ref().map(|repeat| &repeat.key);
        self.scheme.id.iter().chain(event).any(|source| source.is_header(name))
            || matches!(key, Some(repeat::Key::Header(header)) if header.eq_ignore_ascii_case(name))
    }

    /// Returns which parts of a payload the connection itself looks at: for the id, the event and
    /// the key of repeats.
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        let event = self.scheme.event.iter().flat_map(|event| &event.sources);
        for source in self.scheme.id.iter().chain(event) {
            source.want(&mut wanted);
        }
        if self.signs_in_body() {
            wanted.add(&[sns::kind_of_message()]);
        }
        if let Some(Repeat { key: repeat::Key::Path(path), .. }) = &self.repeat {
            wanted.add(path.steps());
        }
        wanted
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

/// A secret by which a sender is known until it ends. It prints as its name only.
pub struct Secret {
    name: String,
    bytes: SecretSlice<u8>,
    key: Key,
    until: Option<Timestamp>,
    /// The second since 1970 of the use that was noted last.
    noted: AtomicI64,
}

impl Secret {
    /// Returns a secret of a scheme with a name for people, such as `env INCOMINGWH_SECRET`. An
    /// empty one is none: anybody can compute a hash that is keyed with nothing.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>, scheme: &Scheme) -> Result<Self, KeyMistake> {
        let key = Key::of(scheme, &bytes)?;
        Ok(Self { name: name.into(), bytes: bytes.into(), key, until: None, noted: AtomicI64::new(i64::MIN) })
    }

    /// Returns the secret with the moment from which on it is none.
    pub fn until(mut self, end: Option<Timestamp>) -> Self {
        self.until = end;
        self
    }

    /// Returns the name by which people know the secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it ends.
    pub fn end(&self) -> Option<Timestamp> {
        self.until
    }

    /// Says whether it has not ended.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|end| now < end)
    }

    /// Says whether it can be guessed: a public key is no secret at all.
    fn is_short(&self) -> bool {
        !self.key.is_public() && self.bytes().len() < SECRET_BYTES_LEAST
    }

    /// Says whether a use is to be noted: the first one, and then one a minute.
    pub fn is_use_news(&self, at: Timestamp) -> bool {
        let (last, now) = (self.noted.load(Ordering::Relaxed), at.as_second());
        let is_news = now.saturating_sub(last) >= USES_APART;
        is_news && self.noted.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Returns the texts that nobody may read, to be hidden wherever they are printed: the secret as it was
    /// configured, and the password of a `user:password`. None of a public key.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let text = std::str::from_utf8(self.bytes()).ok().filter(|_| !self.key.is_public());
        let password = text.and_then(|text| text.split_once(':')).map(|(_, password)| password);
        text.into_iter().chain(password)
    }

    /// Returns what tells it from other secrets, wherever it stands in a list and whatever its name is.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.bytes())
    }

    /// Returns the text itself, for a proof that is the secret.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.expose_secret()
    }

    /// Returns what proofs are checked with.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)?;
        self.until.map_or(Ok(()), |end| write!(f, " until {end}"))
    }
}

/// What tells a secret from others without being it: its hash. A store makes what it keeps of it, with a key of its own.
/// It is written nowhere, and prints as nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Returns the digest of a secret as it is configured.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Returns its bytes, for a keyed hash of them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest")
    }
}

/// What a connection may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body.
    pub body: u64,
    /// How many runs may wait before deliveries are turned away: in the file's limits in all, in those of a connection
    /// of its own runs.
    pub queue: u64,
    /// How long the job may have waited that was due first, before deliveries are turned away; `None`
    /// where that does not matter, which is the default: a machine may be off for a week.
    pub queue_age: Option<Duration>,
    /// The most deliveries a second.
    pub requests_per_second: u32,
}

impl Default for Limits {
    /// The defaults that the configuration documents: a body of 1 MiB holds every payload that
    /// the known senders send by default; the rate is far above theirs and far below the store's.
    fn default() -> Self {
        Self { body: 1024 * 1024, queue: 10_000, queue_age: None, requests_per_second: 1_000 }
    }
}
