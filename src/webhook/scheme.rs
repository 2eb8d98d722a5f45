//! How a connection's checksum is made, as data.
//!
//! One [`Scheme`] describes a sender: which header carries the checksum, how it is written, where
//! the event's name stands, what the sender takes for a failure. The rules that are the same for
//! all senders are not here but in [`checksum`](super::checksum). The checksum covers the exact
//! bytes of the body.
//!
//! Sources: reference on senders, section 1 (iceScrum), section 2a (Azure's incoming webhook) and
//! section 4 (the general model).

use std::borrow::Cow;
use std::time::Duration;

/// A sender's way to prove and describe its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// The preset's name.
    pub name: Cow<'static, str>,
    /// The hash under the keyed hash.
    pub algorithm: Algorithm,
    /// Which header carries the checksum, where the connection does not say.
    pub header: Cow<'static, str>,
    /// How the checksum is written.
    pub encoding: Encoding,
    /// Text that may stand before the checksum, exactly so; empty for none.
    pub optional_prefix: Cow<'static, str>,
    /// The header that names a delivery, the same for each attempt to send it.
    pub id: Option<Cow<'static, str>>,
    /// The header that names the event.
    pub event: Option<Event>,
    /// How repeats are found, where neither the connection nor a delivery's id says.
    pub repeat_body: Option<Duration>,
    /// What a sender is told when every matched pipeline was rejected.
    pub rejected: RejectedStatus,
}

/// The hash under the keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA1, as RFC 2104 has it.
    Sha1,
}

impl Algorithm {
    /// Returns the number of bytes of a checksum.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
        }
    }
}

/// How a sender writes a checksum. Each is read in any letter case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits, `a` to `f`.
    LowerHex,
    /// Hexadecimal digits, `A` to `F`.
    UpperHex,
}

/// Where the event's name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The header.
    pub header: Cow<'static, str>,
    /// How the name is written in it.
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

/// The preset names that are offered to people.
pub const NAMES: &[&str] = &["azure", "icescrum"];

/// Returns the scheme that a preset's name stands for.
pub fn preset(name: &str) -> Option<Scheme> {
    match name {
        "azure" | "azure-incoming" => Some(AZURE),
        "icescrum" => Some(ICESCRUM),
        _ => None,
    }
}

/// Azure's incoming webhook service connection. The documented example writes upper-case hex
/// without a prefix; GitHub, which the documentation names as a sender, writes `sha1=` before it.
/// It is what a connection has that names no scheme.
pub const AZURE: Scheme = Scheme {
    name: Cow::Borrowed("azure"),
    algorithm: Algorithm::Sha1,
    header: Cow::Borrowed("X-WH-Checksum"),
    encoding: Encoding::UpperHex,
    optional_prefix: Cow::Borrowed("sha1="),
    id: None,
    event: None,
    repeat_body: None,
    rejected: RejectedStatus::Unprocessable,
};

/// iceScrum. It posts the same body twice when a webhook listens to both `story.update` and
/// `story.state`, puts the event in brackets when it is not a change of state, and switches the
/// webhook off after five failures in a row.
pub const ICESCRUM: Scheme = Scheme {
    name: Cow::Borrowed("icescrum"),
    algorithm: Algorithm::Sha1,
    header: Cow::Borrowed("x-icescrum-signature"),
    encoding: Encoding::LowerHex,
    optional_prefix: Cow::Borrowed(""),
    id: None,
    event: Some(Event { header: Cow::Borrowed("x-icescrum-event"), form: EventForm::MaybeBracketed }),
    repeat_body: Some(Duration::from_secs(5 * 60)),
    rejected: RejectedStatus::Ok,
};
