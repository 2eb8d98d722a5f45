//! Between columns and types.

use super::fault::Fault;
use crate::run::{RunResult, State};
use crate::store::Error;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use tokio_postgres::Row;

/// The most bytes of a text that an index holds as it is; an entry of an index has room for 2,700.
const INDEXED_BYTES_MAX: usize = 600;

/// Returns a text as a column can hold it: the database knows no character 0.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

/// As [`text`], for a text that may be missing.
pub(super) fn text_or_none(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(self::text)
}

/// Returns a text as an index can hold it. What is too long or has a character 0 is its beginning and
/// a digest of all of it, so that different texts stay different.
pub(super) fn key(text: &str) -> Cow<'_, str> {
    if text.len() <= INDEXED_BYTES_MAX && !text.contains('\0') {
        return text.into();
    }
    let beginning = &text[..text.floor_char_boundary(INDEXED_BYTES_MAX / 2)];
    format!("{}…{}", self::text(beginning), hex::encode(Sha256::digest(text))).into()
}

/// Returns a name as an index holds it that does not tell letter cases apart.
pub(super) fn fold(name: &str) -> String {
    key(&name.to_ascii_lowercase()).into_owned()
}

/// Returns a place or a number as a column holds it.
pub(super) fn number(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Returns the number in a column that is never negative.
pub(super) fn number_at<T: TryFrom<i64>>(row: &Row, column: &str) -> Result<T, Fault> {
    let number: i64 = row.try_get(column)?;
    T::try_from(number).map_err(|_| unreadable(format!("unexpected {number}")))
}

/// Returns the result in a column, if there is one.
pub(super) fn result_at(row: &Row, column: &str) -> Result<Option<RunResult>, Fault> {
    let word: Option<&str> = row.try_get(column)?;
    word.map(|word| RunResult::from_word(word).ok_or_else(|| unreadable(format!("unexpected {word}")))).transpose()
}

/// Returns the state in a column.
pub(super) fn state_at(row: &Row, column: &str) -> Result<State, Fault> {
    let word: &str = row.try_get(column)?;
    State::from_word(word).ok_or_else(|| unreadable(format!("unexpected {word}")))
}

/// Returns what a stored JSON text means.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(unreadable)
}

/// Returns a value as JSON text, in which a character 0 is spelled out.
pub(super) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Broken(format!("a row can't be written: {error}")))
}

/// Returns the fault of a stored text that means nothing to this version.
pub(super) fn unreadable(reason: impl std::fmt::Display) -> Fault {
    Fault::Told(Error::Broken(format!("a stored row can't be read: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_without_character_0_and_as_different_as_its_text() {
        let long = "x".repeat(10_000);
        let texts = ["", "a", "a\0", "a\u{FFFD}", &long, &long[1..], &"ü".repeat(5_000)];
        let keys: std::collections::BTreeSet<_> = texts.iter().map(|text| key(text)).collect();
        assert_eq!(keys.len(), texts.len());
        assert!(keys.iter().all(|key| key.len() < 1_000 && !key.contains('\0')), "{keys:?}");
        assert_eq!((key("a"), fold("A")), ("a".into(), "a".to_owned()));
    }
}
