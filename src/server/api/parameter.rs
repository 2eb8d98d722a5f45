//! What queries may say, and what they mean.

use crate::id::{self, DeliveryId, RunId};
use crate::run::{RunResult, State};
use crate::server::error::Failure;
use crate::store::{DeliveryQuery, RerunScope, RunQuery};
use crate::webhook::delivery::Outcome;
use serde::Deserialize;

/// How many entries a list has where the request does not say.
pub(super) const LIMIT_DEFAULT: usize = 50;
/// The most entries of one list.
pub(super) const LIMIT_MAX: usize = 500;

/// Nothing: every parameter is one too many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct NoParameters {}

/// Which runs to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct RunParameters {
    pub(in crate::server) pipeline: Option<String>,
    pub(in crate::server) state: Option<String>,
    pub(in crate::server) result: Option<String>,
    pub(in crate::server) connection: Option<String>,
    delivery: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

impl RunParameters {
    /// Returns the query. A word that means nothing is the sender's mistake.
    pub(in crate::server) fn query(self) -> Result<RunQuery, Failure> {
        Ok(RunQuery {
            pipeline: said(self.pipeline),
            state: word(self.state, State::from_word, "state is queued, running, canceling or completed")?,
            result: word(
                self.result,
                RunResult::from_word,
                "result is succeeded, succeededWithIssues, failed, canceled or skipped",
            )?,
            connection: said(self.connection),
            delivery: word(self.delivery, DeliveryId::parse, "delivery is the id of a delivery")?,
            before: word(self.before, RunId::parse, "before is the id of a run")?,
            limit: limit(self.limit)?,
        })
    }
}

/// Which deliveries to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct DeliveryParameters {
    pub(in crate::server) connection: Option<String>,
    pub(in crate::server) outcome: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

impl DeliveryParameters {
    /// Returns the query. A word that means nothing is the sender's mistake.
    pub(in crate::server) fn query(self) -> Result<DeliveryQuery, Failure> {
        Ok(DeliveryQuery {
            connection: said(self.connection),
            outcome: word(self.outcome, Outcome::from_word, "outcome is queued, rejected, nothing, repeat or refused")?,
            before: word(self.before, DeliveryId::parse, "before is the id of a delivery")?,
            limit: limit(self.limit)?,
        })
    }
}

/// How much of a run is started again.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct RerunParameters {
    failed: Option<String>,
}

impl RerunParameters {
    pub(in crate::server) fn scope(self) -> Result<RerunScope, Failure> {
        Ok(if flag(self.failed, "failed")? { RerunScope::Unsucceeded } else { RerunScope::All })
    }
}

/// Which step is answered, and with which words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct AnswerParameters {
    pub(in crate::server) job: Option<String>,
    pub(in crate::server) step: Option<String>,
    pub(in crate::server) comment: Option<String>,
}

/// Returns an id that has the length of one; any other text names nothing.
pub(super) fn known_length(id: &str) -> Option<&str> {
    (id.len() <= id::TEXT_MAX).then_some(id)
}

/// A form sends what was left empty as well.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn word<T>(text: Option<String>, mean: impl Fn(&str) -> Option<T>, otherwise: &str) -> Result<Option<T>, Failure> {
    said(text).map(|text| mean(&text).ok_or_else(|| Failure::Invalid(otherwise.to_owned()))).transpose()
}

fn limit(wanted: Option<String>) -> Result<usize, Failure> {
    let Some(wanted) = said(wanted) else { return Ok(LIMIT_DEFAULT) };
    let limit = wanted.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Failure::Invalid(format!("limit is a number from 1 to {LIMIT_MAX}")))
}

/// Returns what a parameter says that is `true` or `false`; what is not said is false.
pub(in crate::server) fn flag(wanted: Option<String>, name: &str) -> Result<bool, Failure> {
    match said(wanted).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Failure::Invalid(format!("{name} is true or false"))),
    }
}
