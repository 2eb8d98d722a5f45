//! Which pipelines there were when deliveries were judged: the answer to "why did that one not run?" for
//! those that do not listen, kept once for all deliveries that met the same ones.

use super::delivery::{Decision, Delivery, Verdict};
use crate::diagnostic::Report;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;

/// After how long a roster that is in use is noted again, so that it is known to be: one that was not noted
/// for longer than its deliveries are kept, and this, is in nobody's use.
pub const NOTED_EVERY: Duration = Duration::from_secs(60 * 60);
/// The most pipelines that a delivery in a list names as not listening. One that is looked at by itself
/// names all.
pub const LISTED_MAX: usize = 100;
/// How many mistakes of a broken file are kept.
const REPORTS_MAX: usize = 5;
/// The bits of a fingerprint: as many as every reader of JSON keeps whole.
const FINGERPRINT_BITS: u32 = 53;

/// The pipelines of one moment.
#[derive(Debug)]
pub struct Roster {
    /// Tells it from others, of this process or another one.
    pub fingerprint: i64,
    /// It, as JSON.
    pub text: String,
}

/// A pipeline of a roster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// The pipeline's name.
    pub pipeline: String,
    /// What was wrong with its file; nothing where it could be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Report>,
}

impl Listed {
    /// Returns a pipeline with the first mistakes of its file.
    pub fn new(pipeline: &str, mistakes: impl Iterator<Item = Report>) -> Self {
        Self { pipeline: pipeline.to_owned(), diagnostics: mistakes.take(REPORTS_MAX).collect() }
    }
}

/// Returns since when a roster was not noted that only deliveries before a moment can have.
pub fn unused_since(before: Timestamp) -> Timestamp {
    before.checked_sub(NOTED_EVERY * 2).unwrap_or(Timestamp::MIN)
}

impl Roster {
    /// Returns the roster of some pipelines.
    pub fn new(pipelines: &[Listed]) -> Self {
        let text = serde_json::to_string(pipelines).expect("names and reports have a JSON form");
        let digest = Sha256::digest(&text);
        let first = u64::from_be_bytes(digest[..8].try_into().expect("a digest is longer"));
        Self { fingerprint: (first >> (u64::BITS - FINGERPRINT_BITS)).cast_signed(), text }
    }

    /// Returns the pipelines of a roster's text.
    pub fn read(text: &str) -> Result<Vec<Listed>, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Adds the pipelines of its roster to a delivery that do not listen to its connection: all that it has
/// no verdict about, `most` at the most.
pub fn add_silent(delivery: &mut Delivery, roster: &[Listed], most: usize) {
    let judged: HashSet<&str> = delivery.pipelines.iter().map(|verdict| verdict.pipeline.as_str()).collect();
    let silent = roster.iter().filter(|listed| !judged.contains(listed.pipeline.as_str())).take(most);
    let verdict = |listed: &Listed| Verdict {
        pipeline: listed.pipeline.clone(),
        decision: Decision::NotListening,
        run: None,
        filters: Vec::new(),
        diagnostics: listed.diagnostics.clone(),
    };
    let silent: Vec<Verdict> = silent.map(verdict).collect();
    delivery.pipelines.extend(silent);
}
