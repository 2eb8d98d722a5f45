//! Between columns and types.

use crate::run::{RunResult, State};
use crate::store::Error;
use jiff::Timestamp;
use rusqlite::Row;

/// Returns a moment as it is stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Returns a stored moment.
pub(super) fn moment(micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| broken(&error.to_string()))
}

/// Returns the moment in a column, if there is one.
pub(super) fn moment_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

/// Returns the result in a column, if there is one.
pub(super) fn result_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<RunResult>> {
    let word: Option<String> = row.get(column)?;
    word.map(|word| RunResult::from_word(&word).ok_or_else(|| broken(&word))).transpose()
}

/// Returns the state in a column.
pub(super) fn state_at(row: &Row<'_>, column: &str) -> rusqlite::Result<State> {
    let word: String = row.get(column)?;
    State::from_word(&word).ok_or_else(|| broken(&word))
}

/// Returns what a stored JSON text means.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(unreadable)
}

/// Returns a value as JSON text.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Broken(format!("a row can't be written: {error}")))
}

fn broken(what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, format!("unexpected {what}").into())
}

/// Returns the error for a stored text that means nothing to this version.
pub(super) fn unreadable(reason: impl std::fmt::Display) -> Error {
    Error::Broken(format!("a stored row can't be read: {reason}"))
}
