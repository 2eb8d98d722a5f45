//! Request headers as name and value pairs: finding one, and choosing which are kept.

use super::connection::Connection;
use super::delivery::Header;
use super::scheme::{Event, EventForm};
use super::select::Selected;
use super::sns;
use super::source;

/// A request header as received: the name in any letter case, the value as bytes.
pub type RawHeader<'h> = (&'h str, &'h [u8]);

/// The most headers that are kept with a delivery; senders set a dozen.
pub const KEPT_MAX: usize = 64;
/// The most bytes of a value that is kept. A longer one is left out, since half a value lies.
pub const KEPT_VALUE_MAX: usize = 4 * 1024;

/// What is said of a header that a stored delivery does not have.
pub const NOT_KEPT: &str = "is not there, or has more than 4096 bytes, of which nothing is kept";
const _: () = assert!(KEPT_VALUE_MAX == 4096, "the sentence says so");

/// Headers that nearly every request has and that prove nothing: looked for first, because looking
/// for parts of a name takes longer.
const PLAIN_NAMES: &[&str] =
    &["host", "content-type", "content-length", "user-agent", "accept", "accept-encoding", "connection"];
/// Further headers that tell of the request, the program that made it or its way here (RFC 9110; RFC 9112; RFC 7239; what
/// proxies add).
const WAY_NAMES: &[&str] = &[
    "accept-language",
    "expect",
    "forwarded",
    "keep-alive",
    "origin",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];
/// Headers that prove who somebody is.
const SECRET_NAMES: &[&str] = &["authorization", "cookie", "proxy-authorization", "set-cookie"];
/// Parts of names of headers that senders made up for the same purpose.
const SECRET_PARTS: &[&str] = &["api-key", "apikey", "credential", "hmac", "password", "secret", "signature", "token"];

/// The header that says what a body is.
pub const CONTENT_TYPE: &str = "content-type";

/// A header that must be there once is there more often.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} is there more than once")]
pub struct Doubled(pub String);

/// Returns the value of a header without blanks and tabs around it.
pub fn single<'h>(headers: &[RawHeader<'h>], name: &str) -> Result<Option<&'h [u8]>, Doubled> {
    let mut values = headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
    let first = values.next();
    if values.next().is_some() {
        return Err(Doubled(name.to_owned()));
    }
    Ok(first.map(|(_, value)| trim(value)))
}

/// Returns the name of the event, where the connection's scheme has a place for it. Of a message that
/// carries its signature it is what the signature covers, whatever a header says.
pub fn event(
    connection: &Connection,
    headers: &[RawHeader<'_>],
    payload: &Selected<'_>,
) -> Result<Option<String>, Doubled> {
    if connection.signs_in_body() {
        return Ok(payload.scalar(&[sns::kind_of_message()]));
    }
    let Some(event) = &connection.scheme.event else {
        return Ok(None);
    };
    Ok(source::first(&event.sources, headers, payload)?.map(|name| event_name(event, name)))
}

/// Returns the name by which the sender knows the delivery, where its scheme has a place for it.
pub fn delivery_id(
    connection: &Connection,
    headers: &[RawHeader<'_>],
    payload: &Selected<'_>,
) -> Result<Option<String>, Doubled> {
    source::first(&connection.scheme.id, headers, payload)
}

/// Returns the headers that are kept with a delivery, sorted by their names, which are in lower case: all
/// but those that prove who the sender is, within [`KEPT_MAX`] and [`KEPT_VALUE_MAX`]. Where there are
/// more, those stay that the connection looks at or `is_named` names, and then the first by name. The
/// event's header holds the event's name, so that a filter need not know how a sender decorates it.
pub fn kept_headers(
    connection: &Connection,
    headers: &[RawHeader<'_>],
    is_named: impl Fn(&str) -> bool,
) -> Vec<Header> {
    let mut kept: Vec<(String, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, trim(value)))
        .filter(|(name, value)| value.len() <= KEPT_VALUE_MAX && is_kept(connection, name))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    // Values of one name keep their order.
    kept.sort_by(|(name, _), (other, _)| name.cmp(other));
    if kept.len() > KEPT_MAX {
        kept = chosen(kept, |name| name == CONTENT_TYPE || connection.looks_at_header(name) || is_named(name));
    }
    let event = connection.scheme.event.as_ref();
    let decorated = |name: &str| event.filter(|event| name != CONTENT_TYPE && stands_in(event, name));
    let plain = |(name, value): (String, &[u8])| match decorated(&name) {
        Some(event) => (name, event_name(event, text(value))),
        None => (name, text(value)),
    };
    kept.into_iter().map(plain).collect()
}

/// Returns those of too many headers that are looked at, each name at most twice, and then others.
fn chosen(headers: Vec<(String, &[u8])>, is_looked_at: impl Fn(&str) -> bool) -> Vec<(String, &[u8])> {
    let (mut kept, others): (Vec<_>, Vec<_>) = headers.into_iter().partition(|(name, _)| is_looked_at(name));
    for at in (2..kept.len()).rev() {
        if kept[at - 2].0 == kept[at].0 {
            kept.remove(at);
        }
    }
    let room = KEPT_MAX.saturating_sub(kept.len());
    kept.extend(others.into_iter().take(room));
    kept.sort_by(|(name, _), (other, _)| name.cmp(other));
    kept
}

/// Says whether a header of a name is kept with a delivery.
pub fn is_kept(connection: &Connection, name: &str) -> bool {
    !connection.carrier.is_header(name) && !is_secret(&name.to_ascii_lowercase())
}

/// Returns the value of a kept header that is there once.
pub fn kept<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let mut found = headers.iter().filter(|(kept, _)| kept.eq_ignore_ascii_case(name));
    let first = found.next()?;
    found.next().is_none().then_some(first.1.as_str())
}

/// Returns the content type, by which it is decided how a body is read: of one header that is kept as
/// it is, so that a stored body is read again as it was.
pub fn content_type<'h>(headers: &[RawHeader<'h>]) -> Option<&'h [u8]> {
    let one = single(headers, CONTENT_TYPE).ok().flatten();
    one.filter(|value| value.len() <= KEPT_VALUE_MAX)
}

/// Says whether a header of a name tells of the request and not of what is delivered: all deliveries of a sender may have
/// the same there.
pub fn tells_of_request(name: &str) -> bool {
    PLAIN_NAMES.iter().chain(WAY_NAMES).any(|known| known.eq_ignore_ascii_case(name))
}

/// Says whether a header of a name holds what HTTP itself has to prove who somebody is.
pub fn is_authorization(name: &str) -> bool {
    SECRET_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_secret(name: &str) -> bool {
    if PLAIN_NAMES.contains(&name) {
        return false;
    }
    SECRET_NAMES.contains(&name) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// The most characters of a header's name.
const NAME_MAX: usize = 100;

/// Says whether a text can be a header's name: a token (RFC 9110, 5.1 and 5.6.2).
pub fn is_name(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(is_token)
}

/// Takes away blanks and tabs, the only white space around a value in HTTP (RFC 9110, 5.6.3).
fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// Returns a value as text: UTF-8, or else Latin-1, which HTTP once meant. Neither loses a byte.
pub(super) fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
    }
}

fn stands_in(event: &Event, name: &str) -> bool {
    event.sources.iter().any(|source| source.is_header(name))
}

fn event_name(event: &Event, name: String) -> String {
    match event.form {
        EventForm::Plain => name,
        EventForm::MaybeBracketed => without_brackets(&name).to_owned(),
    }
}

fn without_brackets(name: &str) -> &str {
    name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name)
}
