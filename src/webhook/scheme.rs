//! How a sender proves and describes its deliveries, as data.
//!
//! One [`Scheme`] describes a sender: where the proof stands, how it is written, what it covers,
//! where a delivery's id and event stand, what the sender takes for a failure. The known senders
//! are rows of [`preset`](super::preset); the configuration can write the same model itself. The
//! rules that are the same for all senders are not here but in [`checksum`](super::checksum).
//!
//! Sources: reference on senders, section 3 (the senders) and section 4 (the general model).

use super::challenge::Challenge;
use super::header;
use super::signed::Signed;
use super::source::Source;
use std::fmt;
use std::time::Duration;

/// The most entries of a list of signatures in one header.
pub const LIST_MAX: usize = 16;
/// The parameter of the query by which a sender waits for its runs; others, such as `api-version`, are the sender's.
pub const WAIT: &str = "wait";
/// How far a timestamp may be from the server's clock where nothing else is said.
pub const TOLERANCE_DEFAULT: Duration = Duration::from_secs(300);

/// A sender's way to prove and describe its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// The preset's name, or `custom`.
    pub name: String,
    /// By what a delivery is proved.
    pub kind: Kind,
    /// How the text of a secret becomes a key.
    pub key: KeyForm,
    /// Where the proof stands, where the connection does not say.
    pub carrier: Carrier,
    /// How the proof is written.
    pub encoding: Encoding,
    /// What stands before it.
    pub prefix: Prefix,
    /// How several proofs share one header.
    pub list: Option<List>,
    /// What the proof covers.
    pub signed: Signed,
    /// When the delivery was sent, as far as the proof covers it.
    pub timestamp: Option<Stamp>,
    /// The query parameter that holds the body's SHA-256, for a proof that covers only the URL.
    pub body_digest: Option<String>,
    /// Where the sender's id of a delivery stands, the same for each attempt to send it; the
    /// first place that has one counts.
    pub id: Vec<Source>,
    /// Where the event's name stands.
    pub event: Option<Event>,
    /// Events by which the sender only tests: answered, recorded, and no pipeline is asked.
    pub ping: Vec<String>,
    /// How the sender makes sure that the receiver means it.
    pub challenge: Option<Challenge>,
    /// What a body may be.
    pub content: Content,
    /// How repeats are found, where neither the connection nor a delivery's id says.
    pub repeat_body: Option<Duration>,
    /// What a sender is told when every matched pipeline was rejected.
    pub rejected: RejectedStatus,
}

impl Scheme {
    /// Returns a scheme by which a keyed hash of the body stands in a header, in hexadecimal
    /// digits: the shape of most senders.
    pub fn hmac(hash: Hash, header: &str) -> Self {
        Self {
            name: "custom".to_owned(),
            kind: Kind::Hmac(hash),
            key: KeyForm::text(),
            carrier: Carrier::Header(header.to_owned()),
            encoding: Encoding::LowerHex,
            prefix: Prefix::default(),
            list: None,
            signed: Signed::body(),
            timestamp: None,
            body_digest: None,
            id: Vec::new(),
            event: None,
            ping: Vec::new(),
            challenge: None,
            content: Content::default(),
            repeat_body: None,
            rejected: RejectedStatus::Unprocessable,
        }
    }

    /// Returns a scheme by which the secret itself stands in a header.
    pub fn token(header: &str) -> Self {
        Self { kind: Kind::Token, encoding: Encoding::Text, ..Self::hmac(Hash::Sha256, header) }
    }

    /// Says whether the proof covers a header: changing such a one breaks the proof. With a token
    /// nothing is covered, but who knows the token wrote all of the request.
    pub fn covers_header(&self, name: &str) -> bool {
        if matches!(self.kind, Kind::Token | Kind::Basic) {
            return true;
        }
        let is_id = || matches!(self.id.first(), Some(Source::Header(id)) if id.eq_ignore_ascii_case(name));
        let is_stamp = || {
            self.timestamp.as_ref().is_some_and(
                |stamp| matches!(&stamp.place, StampPlace::Header(header) if header.eq_ignore_ascii_case(name)),
            )
        };
        (self.signed.has_id() && is_id()) || (self.signed.has_timestamp() && is_stamp())
    }

    /// Returns why the parts of the model contradict each other, if they do, behind the key that says so.
    pub fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let proves = |source: &Source| matches!(source, Source::Header(name) if self.is_proof(name));
        if self.id.iter().any(proves) {
            return Some(("id", "the `id` stands in a header that proves the sender, which is kept nowhere"));
        }
        if self.event.iter().flat_map(|event| &event.sources).any(proves) {
            return Some(("event", "the `event` stands in a header that proves the sender, which is kept nowhere"));
        }
        if !self.ping.is_empty() && self.event.is_none() {
            return Some(("ping", "`ping` names events, and no `event` says where they stand"));
        }
        if let Some(sentence) = self.unreadable() {
            return Some(("signature", sentence));
        }
        self.uncovered().map(|sentence| ("signed", sentence))
    }

    /// Returns why no request can have a proof that is read.
    fn unreadable(&self) -> Option<&'static str> {
        if matches!(&self.carrier, Carrier::Query(name) if name == WAIT) {
            return Some("the parameter `wait` is the server's own: a sender that waits for its runs says it there");
        }
        let is_carrier = |name: &String| self.carrier.is_header(name);
        if matches!(self.timestamp.as_ref().map(|it| &it.place), Some(StampPlace::Header(name)) if is_carrier(name)) {
            return Some("the `timestamp` stands in the signature's own header: write `in: signature` and a `list`");
        }
        let list = self.list.as_ref()?;
        if self.encoding.has(list.separator) {
            return Some("`sep` is a character of the `encoding`: signatures would be cut there");
        }
        if matches!(self.timestamp.as_ref().map(|it| &it.place), Some(StampPlace::Signature(name)) if list.keys.contains(name))
        {
            return Some("the `timestamp` has a key of the signatures: no entry would be one");
        }
        None
    }

    /// Says whether a header of a name proves the sender.
    fn is_proof(&self, name: &str) -> bool {
        self.carrier.is_header(name) || header::is_authorization(name)
    }

    /// Returns what the proof does not cover and should, or what it says it covers and can't.
    fn uncovered(&self) -> Option<&'static str> {
        let stands_in_json = self.timestamp.as_ref().is_some_and(|it| matches!(it.place, StampPlace::Json(_)));
        if self.signed.has_timestamp() && (self.timestamp.is_none() || stands_in_json) {
            return Some("`signed` has `{ts}`, but no `timestamp` in a header says where it stands");
        }
        if self.signed.has_id() && !matches!(self.id.first(), Some(Source::Header(_))) {
            return Some("`signed` has `{id}`, but `id` does not begin with a header");
        }
        if self.timestamp.is_some() && !stands_in_json && !self.signed.has_timestamp() {
            return Some("the `timestamp` is not in `signed`: one that is not covered proves nothing");
        }
        if stands_in_json && !self.signed.covers_text() {
            return Some("the `timestamp` stands in the body, which is not in `signed`");
        }
        let in_signature = self.timestamp.as_ref().is_some_and(|it| matches!(it.place, StampPlace::Signature(_)));
        if in_signature && self.list.is_none() {
            return Some("a `timestamp` in the signature's header needs a `list`");
        }
        match self.kind {
            Kind::Hmac(_) | Kind::Ed25519 => self.uncovered_body(),
            // Who knows a token wrote all of the request; Amazon's messages say what is covered.
            Kind::Token | Kind::Basic | Kind::Sns => None,
        }
    }

    /// Returns which bodies a signature leaves open.
    fn uncovered_body(&self) -> Option<&'static str> {
        if self.signed.has_url() && matches!(self.carrier, Carrier::Query(_)) {
            return Some("`signed` has `{url}`, and the signature stands in the URL: none can cover itself");
        }
        let has_digest = self.body_digest.is_some();
        if has_digest && !self.signed.has_url() {
            return Some("the `body_digest` stands in the URL, and `signed` has no `{url}` that covers it");
        }
        if !has_digest && !self.signed.covers_text() {
            return Some("neither `signed` nor a `body_digest` covers the body");
        }
        if !has_digest && self.content != Content::Json && !self.signed.covers_form(self.content) {
            return Some("`signed` covers a form's field `payload` alone, and `content` uses all fields");
        }
        None
    }
}

/// By what a delivery is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By a hash that is keyed with the secret (RFC 2104).
    Hmac(Hash),
    /// By the secret itself.
    Token,
    /// By `user:password`, which is the secret (RFC 7617).
    Basic,
    /// By a signature that the sender's public key checks (RFC 8032).
    Ed25519,
    /// As Amazon's Simple Notification Service signs: RSA, and the signature stands in the body.
    Sns,
}

impl Kind {
    /// Returns how many bytes a proof has; `None` for any number.
    pub fn length(self) -> Option<usize> {
        match self {
            Self::Hmac(hash) => Some(hash.length()),
            Self::Ed25519 => Some(64),
            Self::Token | Self::Basic | Self::Sns => None,
        }
    }
}

/// The hash under a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Returns the number of bytes of a hash.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyForm {
    /// Prefixes that tell people what the text is; the one that is there is no part of the key.
    pub prefixes: Vec<String>,
    /// What the rest is.
    pub encoding: KeyEncoding,
}

impl KeyForm {
    /// Returns the form of a secret whose bytes are the key.
    pub fn text() -> Self {
        Self { prefixes: Vec::new(), encoding: KeyEncoding::Text }
    }

    /// Returns the form of a key in hexadecimal digits.
    pub fn hex() -> Self {
        Self { prefixes: Vec::new(), encoding: KeyEncoding::Hex }
    }

    /// Returns the form of a key in base64, behind any of some prefixes or none.
    pub fn base64(prefixes: &[&str]) -> Self {
        Self { prefixes: prefixes.iter().map(|&it| it.to_owned()).collect(), encoding: KeyEncoding::Base64 }
    }
}

/// What the text of a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// The key's bytes.
    Text,
    /// Hexadecimal digits.
    Hex,
    /// Base64 with its padding.
    Base64,
}

/// Where a proof stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// In a header.
    Header(String),
    /// In a parameter of the URL's query.
    Query(String),
    /// In the body.
    Body,
}

impl Carrier {
    /// Says whether the proof stands in a header of this name.
    pub fn is_header(&self, name: &str) -> bool {
        matches!(self, Self::Header(header) if header.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "the header {name}"),
            Self::Query(name) => write!(f, "the query parameter {name}"),
            Self::Body => f.write_str("the signature in the body"),
        }
    }
}

/// How a proof is written. Hexadecimal digits are read in any letter case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits, `a` to `f`.
    LowerHex,
    /// Hexadecimal digits, `A` to `F`.
    UpperHex,
    /// Base64 with its padding and nothing after it.
    Base64,
    /// As it is, for a token.
    Text,
}

impl Encoding {
    /// Says whether a character may be part of a proof. Of a token nobody knows which are.
    fn has(self, character: char) -> bool {
        match self {
            Self::LowerHex | Self::UpperHex => character.is_ascii_hexdigit(),
            Self::Base64 => character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '='),
            Self::Text => false,
        }
    }
}

/// What stands before a proof.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix {
    /// The text; empty for none.
    pub text: String,
    /// Whether the proof may stand without it.
    pub is_optional: bool,
    /// Whether it may be written in any letter case.
    pub any_case: bool,
}

impl Prefix {
    /// Returns a prefix that must be there exactly.
    pub fn exact(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Returns a prefix that may be there.
    pub fn optional(text: &str) -> Self {
        Self { is_optional: true, ..Self::exact(text) }
    }

    /// Returns what follows the prefix; `None` where it had to be there and is not.
    pub fn strip<'v>(&self, value: &'v [u8]) -> Option<&'v [u8]> {
        let stripped = value.split_at_checked(self.text.len()).and_then(|(before, rest)| {
            let text = self.text.as_bytes();
            let is_there = if self.any_case { before.eq_ignore_ascii_case(text) } else { before == text };
            is_there.then_some(rest)
        });
        stripped.or(self.is_optional.then_some(value))
    }
}

/// How several proofs share one header: `v1=…,v1=…` or `v1,… v1,…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// What stands between two entries.
    pub separator: char,
    /// What stands between an entry's key and its value.
    pub assign: char,
    /// The keys whose values are proofs. Others are left alone: they are of other versions.
    pub keys: Vec<String>,
}

/// When a delivery was sent, as its proof covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Where it stands.
    pub place: StampPlace,
    /// What it counts.
    pub unit: Unit,
    /// How far it may be from the server's clock, in both directions.
    pub tolerance: Duration,
}

/// Where a timestamp stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampPlace {
    /// In a header of its own.
    Header(String),
    /// In the list of the signature's header, under a key.
    Signature(String),
    /// In the body.
    Json(super::source::Pointer),
}

/// What a timestamp counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Nothing: it is a moment as RFC 3339 writes it.
    Rfc3339,
}

/// Where the event's name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The places; the first that has one counts.
    pub sources: Vec<Source>,
    /// How the name is written.
    pub form: EventForm,
}

/// How an event's name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventForm {
    /// As it is.
    Plain,
    /// As it is, or inside one pair of `[ ]`, which is taken away.
    MaybeBracketed,
}

/// What a body may be beside JSON, when its content type is that of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// Nothing else.
    Json,
    /// A form whose field `payload` is JSON.
    #[default]
    Form,
    /// A form whose fields are the payload: an object of texts.
    Fields,
    /// A form whose field `payload` is JSON, or, without such a field, one whose fields are the payload.
    FormOrFields,
}

/// The status for a delivery of which every matched pipeline was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedStatus {
    /// 422: the sender shows a failure.
    Unprocessable,
    /// 200: for a sender that switches a webhook off after a few failures.
    Ok,
}

impl RejectedStatus {
    /// Returns the HTTP status.
    pub fn code(self) -> u16 {
        match self {
            Self::Unprocessable => 422,
            Self::Ok => 200,
        }
    }
}
