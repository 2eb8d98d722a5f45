//! Dates and times: the start of a run, its text form, and the texts that it compares with.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Returns the time as text, `2026-01-02 03:04:05+00:00`.
pub(super) fn text(time: Timestamp) -> String {
    utc(time).strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}

fn utc(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::UTC)
}

/// Returns the time that a text stands for: `2026-01-02`, with a time of day after a blank or `T`,
/// with an offset after that. Without an offset the text is about UTC.
pub(super) fn from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if !begins_like_a_date(text) || text.contains('[') {
        return None;
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn begins_like_a_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= "2026-01-02".len()
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[7] == b'-'
}

/// The parts of a format that stand for a piece of the time, longer ones first.
const PARTS: &[(&str, &str)] = &[
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("MM", "%m"),
    ("M", "%-m"),
    ("dd", "%d"),
    ("d", "%-d"),
    ("HH", "%H"),
    ("H", "%-H"),
    ("mm", "%M"),
    ("m", "%-M"),
    ("ss", "%S"),
    ("s", "%-S"),
    ("zzz", "%:z"),
    ("K", "%:z"),
];

/// The most digits of a fraction of a second, `fffffff`.
const FRACTION_DIGITS_MAX: usize = 7;

/// Returns the time in a format such as `yyyyMMdd`, or the letters that the format does not know.
/// A backslash takes the character after it as it is.
pub(super) fn formatted(time: Timestamp, format: &str) -> Result<String, String> {
    let time = utc(time);
    let mut text = String::new();
    let mut rest = format;
    while let Some(character) = rest.chars().next() {
        let length = rest.len() - rest.trim_start_matches(character).len();
        let run = &rest[..length];
        if character == '\\' {
            let escaped = rest[1..].chars().next().ok_or("\\")?;
            text.push(escaped);
            rest = &rest[1 + escaped.len_utf8()..];
            continue;
        }
        if character.is_alphabetic() {
            text.push_str(&part(&time, run).ok_or(run)?);
        } else {
            text.push_str(run);
        }
        rest = &rest[length..];
    }
    Ok(text)
}

fn part(time: &Zoned, run: &str) -> Option<String> {
    if run.starts_with('f') && run.len() <= FRACTION_DIGITS_MAX {
        let nanoseconds = format!("{:09}", time.subsec_nanosecond());
        return Some(nanoseconds[..run.len()].to_owned());
    }
    let (_, directive) = PARTS.iter().find(|(letters, _)| *letters == run)?;
    Some(time.strftime(directive).to_string())
}
