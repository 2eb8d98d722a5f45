//! One request to a connection, what was decided about it, and what its sender is told.

use crate::diagnostic::Report;
use crate::id::{DeliveryId, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// At least one run was queued.
    Queued,
    /// Pipelines matched, and every one of them was rejected.
    Rejected,
    /// Verified, but nothing listens, or no filter held.
    Nothing,
    /// Its key was seen before; answered from the store.
    Repeat,
    /// Not taken: the checksum did not hold, or the request can't be used. Kept in brief, without a body.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Rejected, Self::Nothing, Self::Repeat, Self::Refused];

    /// Returns the outcome that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Returns the word used in JSON, SQL and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Rejected => "rejected",
            Self::Nothing => "nothing",
            Self::Repeat => "repeat",
            Self::Refused => "refused",
        }
    }
}

/// A request header that is kept with its delivery, with a lower-case name.
pub type Header = (String, String);

/// A delivery as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The connection it was posted to.
    pub connection: String,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The first delivery with the same key, for a repeat.
    pub repeat_of: Option<DeliveryId>,
    /// The delivery that somebody posted again on purpose to make this one.
    #[serde(default)]
    pub replay_of: Option<DeliveryId>,
    /// Bytes of the body.
    pub size: u64,
    /// The event's name, where the scheme has a place for it.
    #[serde(default)]
    pub event: Option<String>,
    /// The name of the secret that proved its sender.
    #[serde(default)]
    pub secret: Option<String>,
    /// Why no pipeline was asked, where none was, or why it was refused: a sentence for people.
    #[serde(default)]
    pub reason: Option<String>,
    /// The headers that are kept; never the checksum's, authorization or cookies.
    pub headers: Vec<Header>,
    /// Why each pipeline ran or did not.
    pub pipelines: Vec<Verdict>,
    /// The fingerprint of the [`Roster`](super::roster::Roster) that names the pipelines which did not
    /// listen; nothing where none was asked.
    #[serde(skip)]
    pub roster: Option<i64>,
}

/// Why one pipeline ran or did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The pipeline's name.
    pub pipeline: String,
    /// What was decided.
    pub decision: Decision,
    /// The run, where one was queued.
    pub run: Option<RunId>,
    /// The filters of the webhook resource, in its order.
    #[serde(default)]
    pub filters: Vec<FilterVerdict>,
    /// Mistakes that rejected the run, and warnings.
    #[serde(default)]
    pub diagnostics: Vec<Report>,
}

impl Verdict {
    /// Says whether there is nothing to say about a pipeline but that it does not listen.
    pub fn is_silent(&self) -> bool {
        self.decision == Decision::NotListening && self.diagnostics.is_empty()
    }
}

/// What was decided about a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// A run was queued.
    Queued,
    /// It matched, but its expanded document is not a valid pipeline.
    Rejected,
    /// It listens, but a filter does not hold.
    Filtered,
    /// It does not listen to this connection.
    NotListening,
}

impl Decision {
    /// Returns the word used in JSON and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Rejected => "rejected",
            Self::Filtered => "filtered",
            Self::NotListening => "not-listening",
        }
    }
}

/// Whether one filter held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilterVerdict {
    /// The path as the author wrote it.
    pub path: String,
    /// The text that is wanted there, in words where it is not one text.
    pub wanted: String,
    /// The text that was there, cut; `None` where the path leads to nothing, null, an object or
    /// an array.
    pub found: Option<String>,
    /// Whether the filter held.
    pub holds: bool,
    /// Why it could not be judged, where it could not; it does not hold then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A delivery that was not taken, in brief: its checksum did not hold, or did and the rest of the request
/// can't be used. The digest is never kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its id.
    pub id: DeliveryId,
    /// The connection it was posted to.
    pub connection: String,
    /// When it was refused.
    pub received_at: Timestamp,
    /// Bytes of the body; of one that was not read to its end as many as its headers say, or 0.
    pub size: u64,
    /// Which kind of failure, for people: `the header X-WH-Checksum is missing`.
    pub reason: String,
}
