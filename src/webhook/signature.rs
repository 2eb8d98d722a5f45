//! What a sender adds to a body so that a connection's checksum holds: the other side of
//! [`checksum`](super::checksum), for `sign` and `send`.

use super::claim;
use super::connection::{Authentication, Connection, Secret};
use super::form;
use super::scheme::{Carrier, Content, Kind, Scheme, StampPlace};
use super::signed::Brought;
use super::source::Source;
use super::stamp;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Why a connection's deliveries can't be signed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// There is no secret that has not ended.
    #[error("there is no live secret")]
    NoSecret,
    /// Only the sender has the private key.
    #[error(
        "the scheme `{0}` signs with a private key, and the configuration has the public one: a secret of the private key's form can sign"
    )]
    PublicKey(String),
    /// The signature stands in the body.
    #[error("the scheme `{0}` signs inside the body, with a key that only its sender has")]
    InBody(String),
    /// What is covered is not known here.
    #[error("the scheme `{0}` covers the URL as the sender sees it: the connection's `url` says which")]
    Url(String),
    /// The body is no form that the scheme could sign.
    #[error(
        "the scheme `{0}` signs the fields of a form, and the body is no such form: `name=value&…`, with `%20` and the like"
    )]
    Form(String),
}

/// What a sender adds to a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// Parameters of the URL's query, their names and their values.
    pub query: Vec<(String, String)>,
}

/// What a sender posts: its body, and the headers that it has of its own.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'o> {
    /// The exact bytes.
    pub body: &'o [u8],
    /// Header lines. Those of the id and of the timestamp are covered as they are here, where the
    /// scheme covers them.
    pub headers: &'o [(String, String)],
}

impl<'o> Outgoing<'o> {
    /// Returns a body without headers.
    pub fn new(body: &'o [u8]) -> Self {
        Self { body, headers: &[] }
    }

    /// Returns the value of the first header of a name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&'o str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the content type: what a header says, or else what the scheme's sender posts. Where
    /// that may be a form, a body that begins as JSON is none.
    pub fn content_type(&self, scheme: &Scheme) -> &'o str {
        let is_json = || matches!(self.body.trim_ascii_start().first(), None | Some(b'{' | b'[' | b'"'));
        self.header("content-type").unwrap_or(match scheme.content {
            Content::Fields if !is_json() => form::TYPE,
            Content::Form | Content::FormOrFields if self.body.starts_with(b"payload=") => form::TYPE,
            _ => "application/json",
        })
    }
}

/// What a sender adds that is new in each delivery.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<'f> {
    /// When it is sent.
    pub now: Timestamp,
    /// By which id.
    pub id: &'f str,
}

/// Returns what a sender with the connection's first live secret would add to a request; nothing
/// where the connection asks for no proof. A header that the request has already is not among it.
pub fn sign(connection: &Connection, outgoing: Outgoing<'_>, fresh: Fresh<'_>) -> Result<Signature, Unsignable> {
    let Authentication::Secrets(secrets) = &connection.authentication else {
        return Ok(Signature::default());
    };
    let secret = secrets.iter().find(|secret| secret.is_live(fresh.now)).ok_or(Unsignable::NoSecret)?;
    sign_by(connection, secret, outgoing, fresh)
}

/// As [`sign`], with one of the connection's secrets, also one that has ended.
pub fn sign_by(
    connection: &Connection,
    secret: &Secret,
    outgoing: Outgoing<'_>,
    fresh: Fresh<'_>,
) -> Result<Signature, Unsignable> {
    let scheme = &connection.scheme;
    if connection.carrier == Carrier::Body {
        return Err(Unsignable::InBody(scheme.name.clone()));
    }
    let mut headers = Vec::new();
    let mut covered = |name: &str, fresh: String| match outgoing.header(name) {
        Some(own) => own.to_owned(),
        None => {
            headers.push((name.to_owned(), fresh.clone()));
            fresh
        }
    };
    let id = match scheme.id.first() {
        Some(Source::Header(name)) if scheme.signed.has_id() => covered(name, fresh.id.to_owned()),
        _ => fresh.id.to_owned(),
    };
    let timestamp = scheme.timestamp.as_ref().map(|stamp| {
        let now = stamp::written(stamp.unit, fresh.now);
        match &stamp.place {
            StampPlace::Header(name) => covered(name, now),
            StampPlace::Signature(_) | StampPlace::Json(_) => now,
        }
    });
    let body = connection.body(Some(outgoing.content_type(scheme).as_bytes()), outgoing.body);
    let is_covered = body.is_form() && scheme.signed.covers_form(scheme.content);
    let digest = scheme.body_digest.as_ref().filter(|_| !is_covered);
    let digest = digest.map(|name| (name.clone(), hex::encode(Sha256::digest(outgoing.body))));
    let brought = Brought {
        body,
        timestamp: timestamp.as_deref().unwrap_or_default().as_bytes(),
        id: id.as_bytes(),
        url: &signed_url(connection, digest.as_ref())?,
    };
    let proof = proof(scheme, secret, brought)?;
    let written = claim::written(scheme, &proof, timestamp.as_deref());
    let mut query = Vec::from_iter(digest);
    match &connection.carrier {
        Carrier::Query(name) => query.push((name.clone(), written)),
        Carrier::Header(name) => {
            covered(name, written);
        }
        Carrier::Body => {}
    }
    Ok(Signature { headers, query })
}

/// Returns the URL that a checksum covers; nothing where it covers none.
fn signed_url(connection: &Connection, query: Option<&(String, String)>) -> Result<String, Unsignable> {
    if !connection.scheme.signed.has_url() {
        return Ok(String::new());
    }
    let url = connection.url.as_ref().ok_or_else(|| Unsignable::Url(connection.scheme.name.clone()))?;
    Ok(query.map_or_else(|| url.clone(), |(name, value)| format!("{url}?{name}={value}")))
}

fn proof(scheme: &Scheme, secret: &Secret, brought: Brought<'_>) -> Result<Vec<u8>, Unsignable> {
    if matches!(scheme.kind, Kind::Token | Kind::Basic) {
        return Ok(secret.bytes().to_vec());
    }
    let pieces = scheme.signed.pieces(brought);
    let pieces: Vec<Cow<'_, [u8]>> = pieces.ok_or_else(|| Unsignable::Form(scheme.name.clone()))?;
    secret.key().prove(&pieces).ok_or_else(|| Unsignable::PublicKey(scheme.name.clone()))
}
