//! Values of the configuration: each is a type that can only hold what may be written there.
//!
//! [`Typed`] says in words what is wanted, for the diagnostic of a value that is something else.

use super::JOBS_MAX;
use crate::diagnostic::is_unprintable;
use crate::webhook::connection;
use crate::webhook::header;
use crate::webhook::path::Path as PayloadPath;
use crate::webhook::repeat::Key;
use crate::webhook::scheme::RejectedStatus;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// The most bytes that a body limit may allow: GitLab's largest payload, the largest known.
const BODY_MAX: u64 = 25 * 1024 * 1024;
/// The longest time that is remembered; a longer one is a slip of the pen.
const WINDOW_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The largest priority, and the smallest below 0: more would be told apart by nobody.
const PRIORITY_MAX: u8 = 100;
/// The most characters of a secret's name.
const SECRET_NAME_MAX: usize = 60;
/// The most characters of a name in a URL.
const NAME_MAX: usize = 100;

/// A value that is read from one node of the file.
pub trait Typed: for<'de> Deserialize<'de> {
    /// What is wanted, to be read after "must be".
    const WANTED: &'static str;
}

macro_rules! typed {
    ($($type:ty: $wanted:literal,)*) => {
        $(impl Typed for $type {
            const WANTED: &'static str = $wanted;
        })*
    };
}

typed! {
    bool: "`true` or `false`",
    Address: "an address with a port, such as `127.0.0.1:8080`",
    Size: "a size from 1 byte to 25 MiB, such as `1MiB`, `512 KiB` or a number of bytes",
    Volume: "a size such as `500MiB` or `2GiB`",
    Count: "a whole number from 1",
    Rate: "a whole number from 1",
    Jobs: "a whole number from 1 to 1000",
    Priority: "a whole number from -100 to 100",
    Window: "a time such as `30s`, `5m`, `24h` or `7d`, at most 366 days",
    FilePath: "a path",
    Name: "text of letters, digits, `.`, `_`, `~` and `-`, at most 100",
    HostName: "the name of a host, such as `ci.example.com`, without a port",
    HeaderName: "the name of a header, such as `X-WH-Checksum`",
    VariableName: "the name of an environment variable, such as `HTTP_PROXY`",
    NoRepeat: "`none`, or a mapping with `key` and `window`",
    RepeatKey: "`id`, `body`, the name of a header, or a path such as `$.resource.id`",
    Substitution: "`safe`, `raw` or `strict`",
    Rejected: "`422` or `200`",
    Text: "text",
    Texts: "text or a list of texts",
    Number: "a whole number",
    SecretName: "a name of 1 to 60 printable characters",
    Moment: "a date such as `2026-12-01`, which counts to its end in UTC, or a moment such as `2026-12-01T12:00:00Z`",
    Tolerance: "a number of seconds, or a time such as `5m`",
    PublicUrl: "an address such as `https://hooks.example.com/webhooks/name`, without a query",
    Auth: "`none`; a connection with a `secret` needs no `auth`",
}

/// What becomes of payload text in scripts.
pub struct Substitution(pub connection::Substitution);
/// The status when every matched pipeline was rejected.
pub struct Rejected(pub RejectedStatus);
/// The word `none`.
pub struct Auth;

impl<'de> Deserialize<'de> for Rejected {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        match u16::deserialize(reader)? {
            422 => Ok(Self(RejectedStatus::Unprocessable)),
            200 => Ok(Self(RejectedStatus::Ok)),
            _ => Err(de::Error::custom("another status")),
        }
    }
}

/// Makes a value of text that `read` understands.
fn from_text<'de, D: Deserializer<'de>, T>(reader: D, read: impl Fn(&str) -> Option<T>) -> Result<T, D::Error> {
    let text = String::deserialize(reader)?;
    read(&text).ok_or_else(|| de::Error::custom("not understood"))
}

macro_rules! from_text {
    ($($name:ident = $read:expr;)*) => {
        $(impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                from_text(reader, $read)
            }
        })*
    };
}

from_text! {
    Address = address;
    Volume = |text| size(text).filter(|bytes| *bytes > 0).map(Volume);
    Window = |text| duration(text).map(Window);
    FilePath = |text| (!text.is_empty()).then(|| FilePath(text.into()));
    Name = |text| is_name(text).then(|| Name(text.to_owned()));
    Text = |text| Some(Text(text.to_owned()));
    SecretName = |text| is_secret_name(text).then(|| SecretName(text.to_owned()));
    Moment = |text| moment(text).map(Moment);
    PublicUrl = |text| is_public_url(text).then(|| PublicUrl(text.to_owned()));
    NoRepeat = |text| (text == "none").then_some(NoRepeat);
    HostName = |text| is_host_name(text).then(|| HostName(text.to_owned()));
    HeaderName = |text| header::is_name(text).then(|| HeaderName(text.to_owned()));
    VariableName = |text| is_variable_name(text).then(|| VariableName(text.to_owned()));
    RepeatKey = |text| repeat_key(text).map(RepeatKey);
    Substitution = |text| substitution(text).map(Substitution);
    Auth = |text| (text == "none").then_some(Auth);
}

/// A host and a port.
pub struct Address(pub String);
/// A time.
pub struct Window(pub Duration);
/// A path as written.
pub struct FilePath(pub PathBuf);
/// A name that can stand in a URL as it is.
pub struct Name(pub String);
/// The name of a header.
pub struct HeaderName(pub String);
/// The name of a machine.
pub struct HostName(pub String);
/// The name of an environment variable.
pub struct VariableName(pub String);
/// What makes two deliveries the same.
pub struct RepeatKey(pub Key);

/// Any text.
pub struct Text(pub String);
/// One text or several.
pub struct Texts(pub Vec<String>);
/// Any number.
pub struct Number(pub u64);
/// What people call a secret.
pub struct SecretName(pub String);
/// When something ends.
pub struct Moment(pub Timestamp);
/// How far two clocks may be apart.
pub struct Tolerance(pub Duration);
/// A URL as a sender sees it.
pub struct PublicUrl(pub String);
/// The word `none`, for a connection that takes each delivery as new.
pub struct NoRepeat;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Several(Vec<String>),
        }
        Ok(match Written::deserialize(reader)? {
            Written::One(text) => Self(vec![text]),
            Written::Several(texts) => Self(texts),
        })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        u64::deserialize(reader).map(Self)
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Seconds(u64),
            Text(String),
        }
        let tolerance = match Written::deserialize(reader)? {
            Written::Seconds(seconds) => Some(Duration::from_secs(seconds)),
            Written::Text(text) => duration(&text),
        };
        let tolerance = tolerance.filter(|it| !it.is_zero() && *it <= WINDOW_MAX);
        tolerance.map(Self).ok_or_else(|| de::Error::custom("not a time"))
    }
}

/// A number of things.
pub struct Count(pub u64);
/// A number of things a second.
pub struct Rate(pub u32);
/// How urgent the runs of a connection are.
pub struct Priority(pub i8);
/// A number of jobs.
pub struct Jobs(pub NonZeroUsize);
/// A number of bytes.
pub struct Size(pub u64);
/// A number of bytes on a disk.
pub struct Volume(pub u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        std::num::NonZeroU64::deserialize(reader).map(|count| Self(count.get()))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        std::num::NonZeroU32::deserialize(reader).map(|rate| Self(rate.get()))
    }
}

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let jobs = NonZeroUsize::deserialize(reader)?;
        if jobs.get() > JOBS_MAX {
            return Err(de::Error::custom("too many"));
        }
        Ok(Self(jobs))
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let priority = i8::deserialize(reader)?;
        if priority.unsigned_abs() > PRIORITY_MAX {
            return Err(de::Error::custom("too far from 0"));
        }
        Ok(Self(priority))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bytes(u64),
            Text(String),
        }
        let bytes = match Written::deserialize(reader)? {
            Written::Bytes(bytes) => Some(bytes),
            Written::Text(text) => size(&text),
        };
        bytes.filter(|bytes| (1..=BODY_MAX).contains(bytes)).map(Self).ok_or_else(|| de::Error::custom("not a size"))
    }
}

pub fn address(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty()
        && (bracketed || !host.contains(':'))
        && !host.contains(|it: char| it.is_whitespace() || it == '/');
    is_host.then(|| Address(text.to_owned()))
}

/// Splits a number from the unit behind it.
fn quantity(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

fn size(text: &str) -> Option<u64> {
    let (number, unit) = quantity(text)?;
    let unit = match unit {
        "" | "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        "kB" | "KB" => 1000,
        "MB" => 1000 * 1000,
        "GiB" => 1024 * 1024 * 1024,
        "GB" => 1000 * 1000 * 1000,
        "TiB" => 1024 * 1024 * 1024 * 1024,
        "TB" => 1000 * 1000 * 1000 * 1000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = quantity(text)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let duration = Duration::from_secs(number.checked_mul(unit)?);
    (!duration.is_zero() && duration <= WINDOW_MAX).then_some(duration)
}

/// Says whether a text can be a name in a URL as it is.
pub fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(is_plain) && !matches!(text, "." | "..")
}

/// Says whether a text can name a secret.
fn is_secret_name(text: &str) -> bool {
    (1..=SECRET_NAME_MAX).contains(&text.chars().count()) && !text.chars().any(is_unprintable)
}

/// A date counts to its end.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let next = text.parse::<Date>().ok()?.tomorrow().ok()?;
    next.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

fn is_public_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(|it: char| it.is_whitespace() || "?#".contains(it)))
}

/// Says whether a text is a name of labels with full stops between them.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(is_part)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_variable_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(is_plain)
        && !text.starts_with(|it: char| it.is_ascii_digit())
}

fn substitution(text: &str) -> Option<connection::Substitution> {
    match text {
        "safe" => Some(connection::Substitution::Safe),
        "raw" => Some(connection::Substitution::Raw),
        "strict" => Some(connection::Substitution::Strict),
        _ => None,
    }
}

/// Text with a `$`, `.` or `[` is a path; other text that can be a header's name is one.
fn repeat_key(text: &str) -> Option<Key> {
    match text {
        "id" => Some(Key::Id),
        "body" => Some(Key::Body),
        path if path.starts_with('$') || path.contains(['.', '[']) => PayloadPath::parse(path).ok().map(Key::Path),
        header => header::is_name(header).then(|| Key::Header(header.to_owned())),
    }
}
