//! Messages of Amazon's Simple Notification Service, which carry their signature in the body.
//!
//! This is the one scheme for which a body is read before its proof holds: there is no other way.
//! It is read by the strict and bounded reader of all payloads, and nothing but the fields below
//! is taken out of it. The certificate's address is only looked at, never fetched: the key is in
//! the configuration (reference on senders, section 3a).

use super::checksum::{Failure, first_that_proves};
use super::connection::{Connection, Secret};
use super::path::PathStep;
use super::payload;
use super::received::Received;
use super::scheme::Hash;
use super::select::{Selected, Wanted, select};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// The fields that are covered, in their order; those of the two kinds of messages.
const NOTIFICATION: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const SUBSCRIPTION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
/// What is read beside them.
const ABOUT: [&str; 3] = ["Signature", "SignatureVersion", "SigningCertURL"];

/// Returns the place of the first live key that proves a message.
pub(super) fn verify(
    connection: &Connection,
    received: &Received<'_>,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<usize, Failure> {
    let malformed = |wanted| Failure::Malformed { carrier: connection.carrier.to_string(), wanted };
    let payload = payload::check(received.body).map_err(|_| malformed("in JSON"))?;
    let mut wanted = Wanted::default();
    for name in NOTIFICATION.iter().chain(&SUBSCRIPTION).chain(&ABOUT) {
        wanted.add(&[member(name)]);
    }
    let message = Message(select(&payload, &wanted));
    if !message.text("SigningCertURL").is_some_and(|url| is_of_amazon(&url)) {
        return Err(malformed("made with a certificate of Amazon"));
    }
    let topic = message.text("TopicArn").unwrap_or_default();
    if !connection.topics.is_empty() && !connection.topics.contains(&topic) {
        return Err(malformed("of a topic that the connection names"));
    }
    let hash = match message.text("SignatureVersion").as_deref() {
        Some("1") => Hash::Sha1,
        Some("2") => Hash::Sha256,
        _ => return Err(malformed("of version 1 or 2")),
    };
    let signature = message.text("Signature").and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or_else(|| malformed("base64"))?;
    let covered = message.covered();
    first_that_proves(connection, secrets, now, |key| key.proves_rsa(hash, covered.as_bytes(), &signature))
}

struct Message<'p>(Selected<'p>);

impl Message<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.scalar(&[member(name)])
    }

    /// Returns what the signature covers: each field that is there, on two lines.
    fn covered(&self) -> String {
        let fields = match self.text("Type").as_deref() {
            Some("Notification") => &NOTIFICATION[..],
            _ => &SUBSCRIPTION[..],
        };
        let lines = fields.iter().filter_map(|name| Some(format!("{name}\n{}\n", self.text(name)?)));
        lines.collect()
    }
}

fn member(name: &str) -> PathStep {
    PathStep::Member(name.to_owned())
}

/// Says whether an address is `https://sns.<region>.amazonaws.com/…`.
fn is_of_amazon(url: &str) -> bool {
    let Some((host, _)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    let host = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let region = host.and_then(|host| host.strip_prefix("sns."));
    region.is_some_and(|region| {
        !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}
