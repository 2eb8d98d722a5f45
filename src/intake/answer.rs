//! What a sender is told.

use crate::diagnostic::Report;
use crate::id::{DeliveryId, RunId};
use crate::store::{Accepted, QueuedRun};
use crate::webhook::challenge::Reply;
use crate::webhook::delivery::{Decision, Delivery, Outcome};

/// What a sender is told. The server alone turns it into a status.
#[derive(Debug)]
pub enum Answer {
    /// The checksum held, and what is said here is on disk.
    Verified(Admission),
    /// A challenge of the sender is answered.
    Challenge(Reply),
    /// The connection answers no challenge that comes so.
    NotAsked,
    /// There is no such connection, or it is switched off.
    UnknownConnection,
    /// The checksum is missing, malformed or wrong. The sender is not told which.
    Refused,
    /// Verified, but the request can't be used: not JSON, a doubled header. One sentence.
    Invalid(String),
    /// The body has a content coding or a type that is not accepted. One sentence.
    UnsupportedMedia(String),
    /// The connection sends faster than it may.
    TooMany {
        /// After how many seconds to come again.
        retry_after: u64,
    },
    /// The store was lost while it wrote: whether this was stored is not known.
    Uncertain {
        /// For the server's log; the sender is not told.
        reason: String,
        /// After how many seconds to come again.
        retry_after: u64,
    },
    /// The queue is full or the store can't be written; nothing was stored.
    Unavailable {
        /// For the server's log; the sender is not told.
        reason: String,
        /// After how many seconds to come again.
        retry_after: u64,
    },
}

/// What became of a verified delivery.
#[derive(Debug)]
pub struct Admission {
    /// Its id.
    pub delivery: DeliveryId,
    /// What became of it.
    pub outcome: Outcome,
    /// The first delivery with the same key, for a repeat.
    pub repeat_of: Option<DeliveryId>,
    /// Runs that were queued.
    pub runs: Vec<AdmittedRun>,
    /// Pipelines whose run was rejected, with the reasons.
    pub rejected: Vec<(String, Vec<Report>)>,
    /// Pipelines that did not run, with the decision.
    pub skipped: Vec<(String, Decision)>,
    /// The status for a delivery of which every matched pipeline was rejected: 422, or 200 where
    /// the connection says so.
    pub rejected_status: u16,
}

impl Admission {
    /// Returns what is known of a delivery before it is written: its runs are not known yet.
    pub(super) fn of(delivery: &Delivery, rejected_status: u16) -> Self {
        let with = |wanted: Decision| delivery.pipelines.iter().filter(move |verdict| verdict.decision == wanted);
        Self {
            delivery: delivery.id.clone(),
            outcome: delivery.outcome,
            repeat_of: None,
            runs: Vec::new(),
            rejected: with(Decision::Rejected).map(|it| (it.pipeline.clone(), it.diagnostics.clone())).collect(),
            skipped: with(Decision::Filtered).map(|it| (it.pipeline.clone(), it.decision)).collect(),
            rejected_status,
        }
    }

    /// Adds what the store did. A repeat is answered with the first delivery's runs alone.
    pub(super) fn accepted(self, accepted: Accepted) -> Self {
        let admitted = |run: QueuedRun| AdmittedRun { id: run.id, pipeline: run.pipeline, number: run.number };
        match accepted {
            Accepted::New(runs) => Self { runs: runs.into_iter().map(admitted).collect(), ..self },
            Accepted::Repeat { of, runs } => Self {
                outcome: Outcome::Repeat,
                repeat_of: Some(of),
                runs: runs.into_iter().map(admitted).collect(),
                rejected: Vec::new(),
                skipped: Vec::new(),
                ..self
            },
        }
    }
}

/// A run that a delivery started.
#[derive(Debug)]
pub struct AdmittedRun {
    /// Its id.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its number in the pipeline.
    pub number: u64,
}
