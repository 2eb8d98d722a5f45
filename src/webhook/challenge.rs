//! How a sender makes sure that the receiver means it, and what it is answered.
//!
//! A challenge starts no run and fetches nothing. What is echoed is text, at most
//! 1 KiB. Where an answer is keyed with the connection's secret, what may be signed and what a
//! delivery's checksum may cover have nothing in common: the challenge must be a token (`is_token`)
//! and no JSON, and a delivery whose checksum covers a token is refused.
//!
//! Source: reference on senders, sections 3b and 3c.

use super::checksum::Proof;
use super::connection::{Connection, Secret};
use super::form;
use super::key::Key;
use super::path::PathStep;
use super::payload::{self, Payload};
use super::received::Received;
use super::scheme::{Hash, KeyForm, Kind};
use super::select::{Wanted, select};
use super::sns;
use crate::diagnostic::shown_sentence;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::ConstantTimeEq;

/// The most bytes that are echoed.
pub const ECHO_MAX: usize = 1024;
/// The most bytes of what is answered with a keyed hash.
const TOKEN_MAX: usize = 256;
/// What the event by which Event Grid validates an endpoint says that it is (Azure, "Endpoint validation with Event Grid
/// event schema").
const EVENT_GRID_VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";
/// The most origins of a list.
pub const ORIGINS_MAX: usize = 100;

/// The ways of the known senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// A posted `url_verification`, echoed.
    Slack,
    /// A posted `endpoint.url_validation`, answered with a keyed hash.
    Zoom,
    /// A GET with a token that only Meta and the connection know, echoed.
    Meta,
    /// A GET, echoed.
    Dropbox,
    /// OPTIONS, by which a sender of CloudEvents asks for consent.
    CloudEvents,
    /// A posted `SubscriptionValidation`, echoed.
    EventGrid,
    /// A posted PING.
    Discord,
    /// A posted `SubscriptionConfirmation`, recorded: its address is for the operator to visit.
    Sns,
    /// A GET, answered with a keyed hash.
    X,
    /// A HEAD, answered with nothing: Trello looks whether somebody is there.
    Trello,
}

impl Challenge {
    /// The words by which the configuration names them.
    pub const WORDS: &[(&str, Self)] = &[
        ("slack", Self::Slack),
        ("zoom", Self::Zoom),
        ("meta", Self::Meta),
        ("dropbox", Self::Dropbox),
        ("cloudevents", Self::CloudEvents),
        ("eventgrid", Self::EventGrid),
        ("discord", Self::Discord),
        ("sns", Self::Sns),
        ("x", Self::X),
        ("trello", Self::Trello),
    ];

    /// Longer words for the same, as descriptions of senders have them.
    const LONG_WORDS: &[(&str, Self)] = &[
        ("slack-url-verification", Self::Slack),
        ("zoom-crc", Self::Zoom),
        ("meta-hub", Self::Meta),
        ("dropbox-echo", Self::Dropbox),
        ("cloudevents-options", Self::CloudEvents),
        ("discord-ping", Self::Discord),
        ("sns-confirm", Self::Sns),
        ("x-crc", Self::X),
    ];

    /// Returns what a word names, short or long.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().chain(Self::LONG_WORDS).find(|(known, _)| *known == word).map(|(_, it)| *it)
    }

    /// Says whether it is answered with a hash that is keyed with the connection's secret.
    pub fn is_keyed(self) -> bool {
        matches!(self, Self::X | Self::Zoom)
    }

    /// Returns the word that is shown.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, it)| *it == self).map_or("", |(word, _)| word)
    }
}

/// A challenge with what the connection says about it.
#[derive(Debug)]
pub struct Consent {
    /// The way.
    pub challenge: Challenge,
    /// What Meta must say.
    pub verify_token: Option<SecretString>,
    /// Which origins of CloudEvents may post; `*` for any.
    pub origins: Vec<String>,
    /// How many requests a minute they are told they may send.
    pub rate: Option<u64>,
}

impl Consent {
    /// Returns a challenge about which nothing more is said.
    pub fn new(challenge: Challenge) -> Self {
        Self { challenge, verify_token: None, origins: Vec::new(), rate: None }
    }
}

/// What a challenge is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A text, to be sent as text and nothing else.
    Text(String),
    /// JSON.
    Json(Value),
    /// Nothing, and that is what is wanted.
    Empty,
    /// That somebody is there, and nothing else.
    Present,
    /// Headers by which the sender may post.
    Consent {
        /// The origin that may.
        origin: String,
        /// How many requests a minute, where it was asked.
        rate: Option<String>,
    },
    /// The sender did not show what it should know.
    Forbidden,
    /// There is no challenge in the request, or one that is not answered.
    Invalid(&'static str),
}

/// Methods by which a challenge comes that is not posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
}

/// Answers a challenge that is not posted. `None` where the connection has none that comes so.
pub fn ask(connection: &Connection, asking: Asking, received: &Received<'_>, now: Timestamp) -> Option<Reply> {
    let consent = connection.consent.as_ref()?;
    let parameter = |name: &str| {
        let value = form::field(form::query(received.target).as_bytes(), name).ok()?;
        String::from_utf8(value).ok().filter(|text| !text.is_empty())
    };
    match (consent.challenge, asking) {
        (Challenge::Meta, Asking::Get) => Some(meta(consent, parameter)),
        (Challenge::Dropbox, Asking::Get) => Some(echo(parameter("challenge"))),
        (Challenge::X, Asking::Get) => {
            let secret = connection.live_secrets(now).next();
            Some(keyed(secret, parameter("crc_token"), |_, hash| {
                Reply::Json(json!({ "response_token": format!("sha256={}", STANDARD.encode(hash)) }))
            }))
        }
        (Challenge::Trello, Asking::Head) => Some(Reply::Present),
        (Challenge::CloudEvents, Asking::Options) => cloud_events(consent, received),
        _ => None,
    }
}

/// Answers a challenge that was posted and verified. `None` for another delivery. A hash is keyed with
/// the secret that proved the sender: of several it has that one.
pub fn posted(connection: &Connection, received: &Received<'_>, payload: &Payload<'_>, proof: Proof) -> Option<Reply> {
    let text = |path: &[PathStep]| {
        let mut wanted = Wanted::default();
        wanted.add(path);
        select(payload, &wanted).scalar(path)
    };
    let member = |name: &str| PathStep::Member(name.to_owned());
    match connection.consent.as_ref()?.challenge {
        Challenge::Slack if text(&[member("type")]).as_deref() == Some("url_verification") => {
            Some(echo(text(&[member("challenge")])))
        }
        Challenge::Zoom if text(&[member("event")]).as_deref() == Some("endpoint.url_validation") => {
            let token = text(&[member("payload"), member("plainToken")]);
            Some(keyed(connection.proved_by(proof), token, |token, hash| {
                Reply::Json(json!({ "plainToken": token, "encryptedToken": hex::encode(hash) }))
            }))
        }
        // The body says what it is, whatever stands in headers that its proof need not cover.
        Challenge::EventGrid
            if received.only("aeg-event-type") == Some(b"SubscriptionValidation")
                || text(&[PathStep::Index(0), member("eventType")]).as_deref() == Some(EVENT_GRID_VALIDATION) =>
        {
            let code = text(&[PathStep::Index(0), member("data"), member("validationCode")]);
            let code = code.filter(|code| code.len() <= ECHO_MAX);
            Some(code.map_or(Reply::Invalid("there is no validation code"), |code| {
                Reply::Json(json!({ "validationResponse": code }))
            }))
        }
        Challenge::Discord => discord(payload),
        _ => None,
    }
}

/// Says where to confirm that a topic of Amazon's may post, for a message that asks for it: only people
/// visit the address.
pub fn asks_for_a_visit(connection: &Connection, payload: &Payload<'_>) -> Option<String> {
    let is_sns = connection.consent.as_ref()?.challenge == Challenge::Sns;
    let address = is_sns.then(|| sns::address(payload)).flatten()?;
    Some(format!("the topic may post when somebody visits {}", shown_sentence(&address)))
}

fn echo(challenge: Option<String>) -> Reply {
    let challenge = challenge.filter(|text| text.len() <= ECHO_MAX);
    challenge.map_or(Reply::Invalid("there is no challenge"), Reply::Text)
}

fn meta(consent: &Consent, parameter: impl Fn(&str) -> Option<String>) -> Reply {
    let wanted = consent.verify_token.as_ref().map(|token| Sha256::digest(token.expose_secret()));
    let shown = parameter("hub.verify_token").map(Sha256::digest);
    let knows = wanted.zip(shown).is_some_and(|(wanted, shown)| bool::from(wanted[..].ct_eq(&shown[..])));
    if !knows || parameter("hub.mode").as_deref() != Some("subscribe") {
        return Reply::Forbidden;
    }
    echo(parameter("hub.challenge"))
}

fn cloud_events(consent: &Consent, received: &Received<'_>) -> Option<Reply> {
    let origin = std::str::from_utf8(received.only("webhook-request-origin")?).ok()?;
    let is_allowed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(origin);
    if !consent.origins.iter().any(is_allowed) {
        return None;
    }
    let asks_for_rate = received.only("webhook-request-rate").is_some();
    let rate = || consent.rate.map_or_else(|| "*".to_owned(), |rate| rate.to_string());
    Some(Reply::Consent { origin: origin.to_owned(), rate: asks_for_rate.then(rate) })
}

/// Answers Discord's PING: of its events type 0, with nothing; of its interactions type 1, with the same.
/// An event has type 1 too, and a member `event`, as an interaction that asks for more than an answer has `data`.
fn discord(payload: &Payload<'_>) -> Option<Reply> {
    let member = |name: &str| [PathStep::Member(name.to_owned())];
    let mut wanted = Wanted::default();
    for name in ["type", "event", "data"] {
        wanted.add(&member(name));
    }
    let selected = select(payload, &wanted);
    let has = |name: &str| selected.json(&member(name)).is_some_and(|json| json != "null");
    match selected.scalar(&member("type")).as_deref() {
        _ if has("event") || has("data") => None,
        Some("0") => Some(Reply::Empty),
        Some("1") => Some(Reply::Json(json!({ "type": 1 }))),
        _ => None,
    }
}

/// Answers with the hash of a token, keyed with a secret.
fn keyed(secret: Option<&Secret>, token: Option<String>, reply: impl FnOnce(&str, &[u8]) -> Reply) -> Reply {
    let may_be_signed =
        |token: &String| is_token(&[Cow::Borrowed(token.as_bytes())]) && payload::check(token.as_bytes()).is_err();
    let (Some(token), Some(secret)) = (token.filter(may_be_signed), secret) else {
        return Reply::Invalid("there is no challenge that can be answered");
    };
    let key = Key::read(Kind::Hmac(Hash::Sha256), &KeyForm::text(), secret.bytes());
    let hash = key.ok().and_then(|key| key.prove(&[Cow::Borrowed(token.as_bytes())]));
    hash.map_or(Reply::Invalid("there is no challenge that can be answered"), |hash| reply(&token, &hash))
}

/// Says whether what is in some pieces is a token: so many letters, digits, `-` and `_` that a hash of it
/// may be asked for.
pub(super) fn is_token(pieces: &[Cow<'_, [u8]>]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    (1..=TOKEN_MAX).contains(&length) && pieces.iter().all(|piece| piece.iter().all(is_plain))
}
