//! Whether a delivery's checksum proves its sender, and the checksum that a sender would add.
//!
//! The rules are the same for every scheme (reference on senders, section 4): the exact bytes of
//! the body are hashed; the header must be there once; only blanks and tabs around it are taken
//! away; its text is decoded and compared in constant time with the checksum for each live
//! secret, all of them, so that the time tells nothing about which one matched.

use super::connection::{Authentication, Connection, Secret};
use super::header::{self, Doubled, RawHeader};
use super::scheme::{Algorithm, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};

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
    /// No such header.
    #[error("the header {0} is missing")]
    Missing(String),
    /// The header is there more often: which value counts is not for us to guess.
    #[error(transparent)]
    Doubled(#[from] Doubled),
    /// The header is there without a value.
    #[error("the header {0} is empty")]
    Empty(String),
    /// The value is no checksum of this scheme.
    #[error("the header {header} is not {digits} hexadecimal digits")]
    Malformed {
        /// The header.
        header: String,
        /// How many digits a checksum has.
        digits: usize,
    },
    /// A checksum, but of another body or with another secret.
    #[error("the header {header} does not match {}", any_of(*.secrets))]
    Mismatch {
        /// The header.
        header: String,
        /// How many live secrets were tried.
        secrets: usize,
    },
}

/// Verifies a delivery by its headers and the exact bytes of its body.
pub fn verify(connection: &Connection, headers: &[RawHeader], body: &[u8]) -> Result<Verified, Failure> {
    let Authentication::Secrets(secrets) = &connection.authentication else {
        return Ok(Verified(Proof::NotAsked));
    };
    let claimed = claimed(connection, headers)?;
    let matched = matching(connection.scheme.algorithm, secrets, body, &claimed);
    match matched {
        Some(secret) => Ok(Verified(Proof::Secret(secret))),
        None => Err(Failure::Mismatch { header: connection.header.clone(), secrets: secrets.len() }),
    }
}

/// Returns the header lines that a sender with the connection's first secret would add; none
/// where the connection asks for no proof.
pub fn sign(connection: &Connection, body: &[u8]) -> Vec<(String, String)> {
    let Authentication::Secrets(secrets) = &connection.authentication else {
        return Vec::new();
    };
    let checksum = |secret: &Secret| {
        let bytes = keyed_hash(connection.scheme.algorithm, secret, body);
        match connection.scheme.encoding {
            Encoding::LowerHex => hex::encode(bytes),
            Encoding::UpperHex => hex::encode_upper(bytes),
        }
    };
    let first = secrets.first();
    first.map(|secret| (connection.header.clone(), checksum(secret))).into_iter().collect()
}

/// Returns the checksum that the header claims, decoded, of the right length.
fn claimed(connection: &Connection, headers: &[RawHeader]) -> Result<Vec<u8>, Failure> {
    let name = &connection.header;
    let value = header::single(headers, name)?.ok_or_else(|| Failure::Missing(name.clone()))?;
    if value.is_empty() {
        return Err(Failure::Empty(name.clone()));
    }
    let prefix = connection.scheme.optional_prefix.as_bytes();
    let digits = value.strip_prefix(prefix).unwrap_or(value);
    let length = connection.scheme.algorithm.length();
    let decoded = hex::decode(digits).ok();
    decoded
        .filter(|checksum| checksum.len() == length)
        .ok_or_else(|| Failure::Malformed { header: name.clone(), digits: 2 * length })
}

/// Returns the place of the first secret that matches, after trying each of them.
fn matching(algorithm: Algorithm, secrets: &[Secret], body: &[u8], claimed: &[u8]) -> Option<usize> {
    let tried: Vec<Choice> = secrets.iter().map(|secret| keyed_hash(algorithm, secret, body).ct_eq(claimed)).collect();
    tried.into_iter().position(bool::from)
}

fn keyed_hash(algorithm: Algorithm, secret: &Secret, body: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => {
            let mut hash = Hmac::<Sha1>::new_from_slice(secret.bytes())
                .expect("a key of any length is allowed: a long one is hashed first");
            hash.update(body);
            hash.finalize().into_bytes().to_vec()
        }
    }
}

fn any_of(secrets: usize) -> String {
    match secrets {
        0 => "any secret: there is none".to_owned(),
        1 => "the secret".to_owned(),
        many => format!("any of {many} secrets"),
    }
}
