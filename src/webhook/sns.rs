//! Messages of Amazon's Simple Notification Service, which carry their signature in the body.
//!
//! This is the one scheme for which a body is read before its proof holds: there is no other way.
//! It is read by the strict and bounded reader of all payloads, and nothing but the members
//! below is taken out of it, then or later: what a signature does not cover is anybody's. The certificate's address is only looked at, never fetched: the key is in
//! the configuration (reference on senders, section 3a).

use super::checksum::{Failure, first_that_proves};
use super::connection::{Connection, Secret};
use super::path::PathStep;
use super::payload::{self, Payload};
use super::received::Received;
use super::scheme::Hash;
use super::select::{Selected, Wanted, select};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

/// The members that are covered, in their order; those of the two kinds of messages.
const NOTIFICATION: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const SUBSCRIPTION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
/// The member that says what kind of message it is.
const KIND: &str = "Type";
/// What is read beside them.
const ABOUT: [&str; 3] = ["Signature", "SignatureVersion", "SigningCertURL"];
/// The one covered member that may be absent.
const OPTIONAL: &str = "Subject";
/// The one whose text may have several lines. With a line break in another one the covered text
/// could be cut in another place, and be another message.
const FREE: &str = "Message";

/// Returns the place of the first live key that proves a message.
pub(super) fn verify(
    connection: &Connection,
    received: &Received<'_>,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<usize, Failure> {
    let malformed = |wanted| Failure::Malformed { carrier: connection.carrier.to_string(), wanted };
    let payload = payload::check(received.body.bytes()).map_err(|_| malformed("in JSON"))?;
    let members = members(&payload).map_err(|_| malformed("of a message with all that it covers"))?;
    let about = selected(&payload, &ABOUT);
    let about = |name| text(&about, name).ok().flatten();
    if !about("SigningCertURL").is_some_and(|url| is_of_amazon(&url)) {
        return Err(malformed("made with a certificate of Amazon"));
    }
    let is_named = |topic: &String| members.text("TopicArn") == Some(topic);
    if !connection.topics.is_empty() && !connection.topics.iter().any(is_named) {
        return Err(malformed("of a topic that the connection names"));
    }
    let hash = match about("SignatureVersion").as_deref() {
        Some("1") => Hash::Sha1,
        Some("2") => Hash::Sha256,
        _ => return Err(malformed("of version 1 or 2")),
    };
    let signature = about("Signature").and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or_else(|| malformed("base64"))?;
    let covered = members.covered();
    first_that_proves(connection, secrets, now, |key| key.proves_rsa(hash, covered.as_bytes(), &signature))
}

/// The members of a message that its signature covers, in the order in which it does. Nothing else of
/// the message is used.
pub(super) struct Members(Vec<(&'static str, String)>);

/// Takes the covered members out of a message: texts under exactly their names. An error says in a
/// sentence what is no such message.
pub(super) fn members(message: &Payload<'_>) -> Result<Members, &'static str> {
    let names: Vec<&str> = NOTIFICATION.iter().chain(&SUBSCRIPTION).copied().collect();
    let selected = selected(message, &names);
    let kind = text(&selected, KIND)?;
    let covered = match kind.as_deref() {
        Some("Notification") => &NOTIFICATION[..],
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => &SUBSCRIPTION[..],
        _ => return Err("the message has no `Type` that is known"),
    };
    let mut members = Vec::new();
    for name in covered {
        match text(&selected, name)? {
            Some(text) if *name != FREE && text.contains('\n') => return Err("a signed member has a line break"),
            Some(text) => members.push((*name, text)),
            None if *name == OPTIONAL => {}
            None => return Err("the message has not all members that are signed"),
        }
    }
    Ok(Members(members))
}

impl Members {
    fn text(&self, name: &str) -> Option<&String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// Returns what the signature covers: each member on two lines.
    fn covered(&self) -> String {
        self.0.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect()
    }

    /// Returns them as a JSON object of texts.
    pub(super) fn json(&self) -> String {
        let members = self.0.iter().map(|(name, text)| format!("\"{name}\":{}", Value::from(text.as_str())));
        format!("{{{}}}", members.collect::<Vec<String>>().join(","))
    }
}

/// Returns the address at which a subscription is confirmed, if a message asks for that with one of Amazon's.
pub(super) fn address(message: &Payload<'_>) -> Option<String> {
    let selected = selected(message, &["SubscribeURL", KIND]);
    let kind = text(&selected, KIND).ok().flatten();
    let address = text(&selected, "SubscribeURL").ok().flatten();
    address.filter(|url| is_of_amazon(url) && kind.as_deref() == Some("SubscriptionConfirmation"))
}

/// Returns the step to the member that says what kind of message it is.
pub(super) fn kind_of_message() -> PathStep {
    member(KIND)
}

fn selected<'p>(message: &'p Payload<'_>, names: &[&str]) -> Selected<'p> {
    let mut wanted = Wanted::default();
    names.iter().for_each(|name| wanted.add(&[member(name)]));
    select(message, &wanted)
}

/// Returns the text of the member with exactly a name; nothing where it is absent or null.
fn text(selected: &Selected<'_>, name: &str) -> Result<Option<String>, &'static str> {
    let Selected::Object(members) = selected else { return Err("the message is no object") };
    match members.iter().find(|(key, _)| key == name) {
        None | Some((_, Selected::Raw("null"))) => Ok(None),
        Some((_, Selected::Raw(json))) => {
            serde_json::from_str(json).map(Some).map_err(|_| "a signed member is no text")
        }
        Some(_) => Err("a signed member is no text"),
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
