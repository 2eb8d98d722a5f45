//! Whether a delivery's checksum proves its sender. What a sender would add is in
//! [`signature`](super::signature).
//!
//! The rules are the same for every scheme (reference on senders, section 4): the exact bytes
//! that arrived are hashed; a header that is looked at must be there once; only blanks and tabs
//! around it are taken away; its text is decoded, and compared in constant time with what each
//! live secret makes of the request, all of them, so that the time tells nothing about which one
//! matched. A timestamp counts only where the checksum covers it.

use super::claim::{self, Claim};
use super::connection::{Authentication, Connection, Secret};
use super::form;
use super::header::{self, Doubled};
use super::key::Key;
use super::received::Received;
use super::scheme::{Kind, Scheme};
use super::signed::Brought;
use super::source::Source;
use super::{challenge, sns, stamp};
use crate::diagnostic::shown;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Proof that a delivery came from who knows a connection's secret, or that the connection asks
/// for no proof. Only [`verify`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified(Proof);

impl Verified {
    /// Returns what the proof is.
    pub fn proof(self) -> Proof {
        self.0
    }
}

/// By what a delivery was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By the secret with this place in the connection's list, from 0; the first of several
    /// that match.
    Secret(usize),
    /// The connection says `auth: none`.
    NotAsked,
}

/// Why a delivery could not be verified. For people who run the server: the sender is told the
/// same about all of them, but for a doubled header. None holds any part of the checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Where the checksum should be is nothing.
    #[error("{0} is missing")]
    Missing(String),
    /// The header is there more often: which value counts is not for us to guess.
    #[error(transparent)]
    Doubled(#[from] Doubled),
    /// It is there without a value.
    #[error("{0} is empty")]
    Empty(String),
    /// The value is no checksum of this scheme.
    #[error("{carrier} is not {wanted}")]
    Malformed {
        /// Where it stands.
        carrier: String,
        /// What it should have been.
        wanted: &'static str,
    },
    /// A checksum, but of another request or with another secret.
    #[error("{carrier} does not match {}", any_of(*.secrets))]
    Mismatch {
        /// Where it stands.
        carrier: String,
        /// How many live secrets were tried.
        secrets: usize,
    },
    /// A right checksum, by a secret that counts no more: a sender was forgotten in a rotation.
    #[error("{carrier} matches the secret `{secret}`, which ended at {end}")]
    Ended {
        /// Where it stands.
        carrier: String,
        /// The secret's name.
        secret: String,
        /// From when on it is none.
        end: Timestamp,
    },
    /// The scheme's timestamp is not there.
    #[error("the timestamp is missing")]
    WithoutTimestamp,
    /// It is there and is none.
    #[error("the timestamp is not one")]
    NoTimestamp,
    /// It is too far from now.
    #[error("the timestamp is {seconds} seconds from now, {tolerance} are allowed")]
    OutsideWindow {
        /// How far.
        seconds: u64,
        /// How far is allowed.
        tolerance: u64,
    },
    /// The delivery's id, which the checksum covers, is missing or ambiguous.
    #[error("the delivery's id is missing or can't be used")]
    Id,
    /// The checksum covers a part of the body that is not there.
    #[error("the body has not the parts that the checksum covers")]
    Body,
    /// The checksum covers nothing that strangers can't get one of: the connection answers challenges with it.
    #[error("the checksum covers a text such as challenges are, and anybody can have those signed")]
    Token,
    /// The URL's hash of the body is missing or of another body.
    #[error("the hash of the body in the URL is missing or wrong")]
    BodyDigest,
}

/// Verifies a request.
pub fn verify(connection: &Connection, received: &Received<'_>, now: Timestamp) -> Result<Verified, Failure> {
    let Authentication::Secrets(secrets) = &connection.authentication else {
        return Ok(Verified(Proof::NotAsked));
    };
    if connection.scheme.kind == Kind::Sns {
        let place = sns::verify(connection, received, secrets, now)?;
        return Ok(Verified(Proof::Secret(place)));
    }
    let mut claim = claim::read(connection, received)?;
    let place = matching(connection, received, &mut claim, secrets, now)?;
    body_digest(&connection.scheme, received)?;
    stamp::after_proof(&connection.scheme, received, now)?;
    Ok(Verified(Proof::Secret(place)))
}

/// Says why a request can't be verified whatever its body is, as far as its head tells: what should prove its sender is not
/// there, or is no such thing, or is a token that is wrong. The body is not looked at.
pub fn refused_by_head(connection: &Connection, received: &Received<'_>, now: Timestamp) -> Option<Failure> {
    let Authentication::Secrets(secrets) = &connection.authentication else { return None };
    if connection.scheme.kind == Kind::Sns {
        return None;
    }
    let claim = match claim::read(connection, received) {
        Ok(claim) => claim,
        Err(failure) => return Some(failure),
    };
    match connection.scheme.kind {
        Kind::Token | Kind::Basic => {
            first_that_proves(connection, secrets, now, |key| key.proves(&[], &claim.proofs)).err()
        }
        Kind::Hmac(_) | Kind::Ed25519 | Kind::Sns => None,
    }
}

/// Returns the place of the first live secret that matches.
fn matching<'r>(
    connection: &Connection,
    received: &Received<'r>,
    claim: &mut Claim<'r>,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<usize, Failure> {
    let scheme = &connection.scheme;
    let timestamp = stamp::before_proof(scheme, received, claim, now)?;
    let url = url(connection, received);
    let brought = Brought { body: received.body, timestamp: &timestamp, id: id(scheme, received)?, url: &url };
    let pieces = scheme.signed.pieces(brought).ok_or(Failure::Body)?;
    let answers_keyed = connection.consent.as_ref().is_some_and(|consent| consent.challenge.is_keyed());
    if answers_keyed && challenge::is_token(&pieces) {
        return Err(Failure::Token);
    }
    first_that_proves(connection, secrets, now, |key| key.proves(&pieces, &claim.proofs))
}

/// Returns the place of the first live secret whose key proves a request, after trying each secret, ended
/// ones too: people who run the server are told where one of those is what a sender still has.
pub(super) fn first_that_proves(
    connection: &Connection,
    secrets: &[Secret],
    now: Timestamp,
    proves: impl Fn(&Key) -> bool,
) -> Result<usize, Failure> {
    let carrier = || connection.carrier.to_string();
    let (mut tried, mut matched) = (0, None);
    let mut failure = None;
    for (place, secret) in secrets.iter().enumerate() {
        let proves = proves(secret.key());
        match secret.end().filter(|_| !secret.is_live(now)) {
            None => {
                tried += 1;
                matched = matched.or(proves.then_some(place));
            }
            Some(end) if proves => {
                failure = Some(Failure::Ended { carrier: carrier(), secret: shown(secret.name()), end });
            }
            Some(_) => {}
        }
    }
    matched.ok_or_else(|| failure.unwrap_or_else(|| Failure::Mismatch { carrier: carrier(), secrets: tried }))
}

/// Returns the id that the checksum covers; nothing for a scheme whose checksum covers none.
fn id<'r>(scheme: &Scheme, received: &Received<'r>) -> Result<&'r [u8], Failure> {
    let (true, Some(Source::Header(name))) = (scheme.signed.has_id(), scheme.id.first()) else { return Ok(b"") };
    let id = header::single(received.headers, name)?.filter(|id| !id.is_empty()).ok_or(Failure::Id)?;
    let holds = |end: &str| id.windows(end.len()).any(|part| part == end.as_bytes());
    if scheme.signed.end_of_id().is_some_and(|end| !end.is_empty() && holds(end)) {
        return Err(Failure::Id);
    }
    Ok(id)
}

/// Returns the URL that the sender posted to: what the connection says it is, or else what the
/// request says, with the request's query.
fn url(connection: &Connection, received: &Received<'_>) -> String {
    if !connection.scheme.signed.has_url() {
        return String::new();
    }
    let Some(url) = &connection.url else {
        let host = received.only("host").map(header::text).unwrap_or_default();
        return format!("https://{host}{}", received.target);
    };
    match form::query(received.target) {
        "" => url.clone(),
        query => format!("{url}?{query}"),
    }
}

/// Checks the hash of the body in the URL, where the checksum covers only the URL. A form's
/// fields are covered, and need none.
fn body_digest(scheme: &Scheme, received: &Received<'_>) -> Result<(), Failure> {
    let Some(name) = &scheme.body_digest else { return Ok(()) };
    let is_covered = received.body.is_form() && scheme.signed.covers_form(scheme.content);
    match form::field(form::query(received.target).as_bytes(), name) {
        Err(form::FieldMistake::Missing) if is_covered => Ok(()),
        Ok(digits) if hex::decode(&digits).is_ok_and(|hash| hash == Sha256::digest(received.body.bytes())[..]) => {
            Ok(())
        }
        _ => Err(Failure::BodyDigest),
    }
}

fn any_of(secrets: usize) -> String {
    match secrets {
        0 => "any secret: there is none".to_owned(),
        1 => "the secret".to_owned(),
        many => format!("any of {many} secrets"),
    }
}
