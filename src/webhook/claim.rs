//! What a request claims to prove itself with: found, decoded, of the right length.

use super::checksum::Failure;
use super::connection::Connection;
use super::form;
use super::header;
use super::received::Received;
use super::scheme::{Carrier, Encoding, LIST_MAX, List, Scheme, Stamp, StampPlace};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// The most bytes of a token that is looked at.
pub(super) const TOKEN_MAX: usize = 4 * 1024;

/// What a request claims.
#[derive(Debug)]
pub(super) struct Claim<'r> {
    /// Proofs, any of which may hold; never empty.
    pub(super) proofs: Vec<Vec<u8>>,
    /// The timestamp that stands beside them, where the scheme puts it there.
    pub(super) timestamp: Option<Cow<'r, [u8]>>,
}

/// Returns what a request claims.
pub(super) fn read<'r>(connection: &Connection, received: &Received<'r>) -> Result<Claim<'r>, Failure> {
    let scheme = &connection.scheme;
    let value = value(&connection.carrier, received)?;
    let missing = || Failure::Missing(connection.carrier.to_string());
    let value = value.ok_or_else(missing)?;
    if value.is_empty() {
        return Err(Failure::Empty(connection.carrier.to_string()));
    }
    let malformed = || Failure::Malformed { carrier: connection.carrier.to_string(), wanted: wanted(scheme) };
    match &scheme.list {
        None => {
            let proof = scheme.prefix.strip(&value).and_then(|text| decoded(scheme, text)).ok_or_else(malformed)?;
            Ok(Claim { proofs: vec![proof], timestamp: None })
        }
        Some(list) => listed(scheme, list, &value).ok_or_else(malformed),
    }
}

/// Returns the text in which the proof stands.
fn value<'r>(carrier: &Carrier, received: &Received<'r>) -> Result<Option<Cow<'r, [u8]>>, Failure> {
    match carrier {
        Carrier::Header(name) => Ok(header::single(received.headers, name)?.map(Cow::Borrowed)),
        Carrier::Query(name) => match form::field(form::query(received.target).as_bytes(), name) {
            Ok(value) => Ok(Some(Cow::Owned(value))),
            Err(form::FieldMistake::Missing) => Ok(None),
            Err(_) => Err(Failure::Malformed { carrier: carrier.to_string(), wanted: "there once" }),
        },
        Carrier::Body => Ok(None),
    }
}

/// Reads `t=…,v1=…`. Entries under other keys, and those that can't be decoded, are left alone.
/// `None` without any proof, with too many entries, and with two timestamps.
fn listed(scheme: &Scheme, list: &List, value: &[u8]) -> Option<Claim<'static>> {
    let text = std::str::from_utf8(value).ok()?;
    let stamp_key = match &scheme.timestamp {
        Some(Stamp { place: StampPlace::Signature(key), .. }) => Some(key.as_str()),
        _ => None,
    };
    let (mut proofs, mut timestamp) = (Vec::new(), None);
    for (place, entry) in text.split(list.separator).enumerate() {
        if place == LIST_MAX {
            return None;
        }
        let Some((key, value)) = entry.trim_matches([' ', '\t']).split_once(list.assign) else { continue };
        if stamp_key == Some(key) {
            if timestamp.replace(Cow::Owned(value.as_bytes().to_vec())).is_some() {
                return None;
            }
        } else if list.keys.iter().any(|known| known == key) {
            let text = scheme.prefix.strip(value.as_bytes());
            proofs.extend(text.and_then(|text| decoded(scheme, text)));
        }
    }
    (!proofs.is_empty()).then_some(Claim { proofs, timestamp })
}

/// Decodes one proof. `None` where it is not written as the scheme says, or too long or short.
fn decoded(scheme: &Scheme, text: &[u8]) -> Option<Vec<u8>> {
    let proof = match scheme.encoding {
        Encoding::LowerHex | Encoding::UpperHex => {
            // Into a place of the right length: one that grows with each byte costs more than the digits.
            let mut bytes = vec![0; text.len() / 2];
            hex::decode_to_slice(text, &mut bytes).ok()?;
            bytes
        }
        Encoding::Base64 => STANDARD.decode(text).ok()?,
        Encoding::Text => text.to_vec(),
    };
    let fits = match scheme.kind.length() {
        Some(length) => proof.len() == length,
        None => (1..=TOKEN_MAX).contains(&proof.len()),
    };
    fits.then_some(proof)
}

/// Returns in words what a proof should have been.
fn wanted(scheme: &Scheme) -> &'static str {
    if scheme.list.is_some() {
        return "a list with a signature of this scheme";
    }
    match (scheme.kind.length(), scheme.encoding) {
        (Some(20), Encoding::LowerHex | Encoding::UpperHex) => "40 hexadecimal digits",
        (Some(32), Encoding::LowerHex | Encoding::UpperHex) => "64 hexadecimal digits",
        (Some(64), Encoding::LowerHex | Encoding::UpperHex) => "128 hexadecimal digits",
        (Some(20), Encoding::Base64) => "base64 of 20 bytes",
        (Some(32), Encoding::Base64) => "base64 of 32 bytes",
        (Some(64), Encoding::Base64) => "base64 of 64 bytes",
        (_, Encoding::Base64) => "base64 behind the scheme's word",
        _ => "a token",
    }
}

/// Writes a proof as the sender does.
pub(super) fn written(scheme: &Scheme, proof: &[u8], timestamp: Option<&str>) -> String {
    let text = match scheme.encoding {
        Encoding::LowerHex => hex::encode(proof),
        Encoding::UpperHex => hex::encode_upper(proof),
        Encoding::Base64 => STANDARD.encode(proof),
        Encoding::Text => String::from_utf8_lossy(proof).into_owned(),
    };
    let prefix = if scheme.prefix.is_optional { "" } else { scheme.prefix.text.as_str() };
    let text = format!("{prefix}{text}");
    let Some(list) = &scheme.list else { return text };
    let key = list.keys.first().map_or("", String::as_str);
    let entry = format!("{key}{}{text}", list.assign);
    match (&scheme.timestamp, timestamp) {
        (Some(Stamp { place: StampPlace::Signature(name), .. }), Some(moment)) => {
            format!("{name}{}{moment}{}{entry}", list.assign, list.separator)
        }
        _ => entry,
    }
}
