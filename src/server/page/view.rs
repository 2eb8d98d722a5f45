//! Moments and runs as pages show them.

use crate::run::RunResult;
use crate::server::moment::{ago, took};
use crate::store::Run;
use jiff::Timestamp;

/// A moment: how long ago, and exactly.
pub(super) struct Moment {
    pub(super) ago: String,
    pub(super) exact: String,
}

impl Moment {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { ago: ago(at, now), exact: format!("{at:.0}") }
    }
}

/// A run in one line.
pub(super) struct RunLine {
    pub(super) id: String,
    /// `<pipeline>#<number>`.
    pub(super) title: String,
    /// The result, or the state before there is one.
    pub(super) state: &'static str,
    pub(super) name: String,
    pub(super) queued: Moment,
    pub(super) took: String,
    pub(super) connection: String,
    pub(super) is_rerun: bool,
    /// What it waits for beside a worker, and why it is as it is; empty where nothing is to be said.
    pub(super) waits_for: String,
    pub(super) reason: String,
}

impl RunLine {
    pub(super) fn new(run: &Run, now: Timestamp) -> Self {
        Self {
            id: run.id.to_string(),
            title: format!("{}#{}", run.pipeline, run.number),
            state: run.result.map_or(run.state.word(), RunResult::word),
            name: printable(&run.name),
            queued: Moment::new(run.queued_at, now),
            took: took(run.started_at, run.finished_at, now),
            connection: run.connection.clone().unwrap_or_default(),
            is_rerun: run.rerun_of.is_some(),
            waits_for: run.waits_for.as_deref().map(printable).unwrap_or_default(),
            reason: run.reason.as_deref().map(printable).unwrap_or_default(),
        }
    }
}

/// Returns text in which control characters, and those that turn the direction of writing, are
/// spelled out; line breaks and tabs stay.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match crate::diagnostic::is_unprintable(character) && !matches!(character, '\n' | '\t') {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}
