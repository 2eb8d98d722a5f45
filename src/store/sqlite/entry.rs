//! A delivery as the log spells it: one JSON text beside the columns that queries look at, made
//! before the writer's turn. What is empty or said elsewhere is left out, since every byte is
//! written, synced and copied once more. So its names are letters; the words are what earlier versions wrote.

use super::accept::LoggedRun;
use super::row::{from_json, to_json};
use crate::diagnostic::Report;
use crate::id::RunId;
use crate::run::RunName;
use crate::store::{Error, NewRun, Priority};
use crate::webhook::delivery::{Decision, Delivery, FilterVerdict, Header, Verdict};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What the log says about a delivery.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry<'e> {
    #[serde(rename = "h", alias = "headers")]
    pub(super) headers: Cow<'e, [Header]>,
    #[serde(rename = "e", alias = "event", default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Cow<'e, str>>,
    #[serde(rename = "s", alias = "secret", default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Cow<'e, str>>,
    #[serde(rename = "w", alias = "reason", default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<Cow<'e, str>>,
    #[serde(rename = "y", alias = "replay_of", default, skip_serializing_if = "Option::is_none")]
    pub(super) replay_of: Option<Cow<'e, str>>,
    #[serde(rename = "o", alias = "roster", default, skip_serializing_if = "Option::is_none")]
    pub(super) roster: Option<i64>,
    #[serde(rename = "v", alias = "verdicts", default, skip_serializing_if = "Vec::is_empty")]
    verdicts: Vec<VerdictEntry<'e>>,
    #[serde(rename = "r", alias = "runs", default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunEntry<'e>>,
}

/// A verdict without the id of its run: the runs of an entry are those of the verdicts that say
/// `queued`, in the same order.
#[derive(Debug, Serialize, Deserialize)]
struct VerdictEntry<'v> {
    #[serde(rename = "p", alias = "pipeline")]
    pipeline: Cow<'v, str>,
    #[serde(rename = "d", alias = "decision")]
    decision: Decision,
    #[serde(rename = "f", alias = "filters", default, skip_serializing_if = "<[_]>::is_empty")]
    filters: Cow<'v, [FilterVerdict]>,
    #[serde(rename = "m", alias = "diagnostics", default, skip_serializing_if = "<[_]>::is_empty")]
    diagnostics: Cow<'v, [Report]>,
}

/// A run as its delivery's entry spells it, but for what the writer assigns.
#[derive(Debug, Serialize, Deserialize)]
struct RunEntry<'r> {
    #[serde(rename = "i", alias = "id")]
    id: Cow<'r, str>,
    #[serde(rename = "p", alias = "pipeline")]
    pipeline: Cow<'r, str>,
    #[serde(rename = "n", alias = "prefix")]
    prefix: Cow<'r, str>,
    #[serde(rename = "c", alias = "digits", default, skip_serializing_if = "Option::is_none")]
    digits: Option<usize>,
    #[serde(rename = "x", alias = "suffix", default, skip_serializing_if = "str::is_empty")]
    suffix: Cow<'r, str>,
    #[serde(rename = "t", alias = "values", default, skip_serializing_if = "<[_]>::is_empty")]
    values: Cow<'r, [String]>,
    #[serde(rename = "q", alias = "priority", default, skip_serializing_if = "is_usual")]
    priority: Priority,
}

fn is_usual(priority: &Priority) -> bool {
    *priority == 0
}

/// What the writer assigns to a run: its number, the revision in its name (0 where names of its
/// pipeline do not count), and the place of its form.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Assigned(pub(super) u64, pub(super) u64, pub(super) i64);

impl<'e> Entry<'e> {
    /// Returns what is logged of a delivery and the runs that it starts.
    pub(super) fn new(delivery: &'e Delivery, runs: &'e [NewRun]) -> Self {
        let verdict = |it: &'e Verdict| VerdictEntry {
            pipeline: it.pipeline.as_str().into(),
            decision: it.decision,
            filters: it.filters.as_slice().into(),
            diagnostics: it.diagnostics.as_slice().into(),
        };
        Self {
            verdicts: delivery.pipelines.iter().map(verdict).collect(),
            runs: runs.iter().map(RunEntry::new).collect(),
            roster: delivery.roster,
            ..Self::of_repeat(delivery)
        }
    }

    /// Returns what is logged of a delivery that was there before: nothing is decided about it.
    pub(super) fn of_repeat(delivery: &'e Delivery) -> Self {
        let text = |text: &'e Option<String>| text.as_deref().map(Cow::Borrowed);
        Self {
            headers: delivery.headers.as_slice().into(),
            event: text(&delivery.event),
            secret: text(&delivery.secret),
            reason: text(&delivery.reason),
            replay_of: delivery.replay_of.as_ref().map(|id| id.as_str().into()),
            roster: None,
            verdicts: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Returns the entry as text.
    pub(super) fn text(&self) -> Result<String, Error> {
        to_json(self)
    }

    /// Returns the entry that a text spells.
    pub(super) fn read(text: &str) -> Result<Entry<'static>, Error> {
        from_json(text)
    }

    /// Returns the runs with what was assigned to them, as the text of the other column spells it.
    pub(super) fn runs(self, assigned: &str) -> Result<Vec<LoggedRun<'e>>, Error> {
        let assigned: Vec<Assigned> = from_json(assigned)?;
        Ok(self.runs.into_iter().zip(assigned).map(|(run, assigned)| run.logged(assigned)).collect())
    }

    /// Returns the verdicts, each with its run.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let mut runs = self.runs.iter().map(|run| RunId::from_stored(&run.id));
        let verdict = |it: &VerdictEntry<'_>| Verdict {
            pipeline: it.pipeline.clone().into_owned(),
            decision: it.decision,
            run: if it.decision == Decision::Queued { runs.next() } else { None },
            filters: it.filters.to_vec(),
            diagnostics: it.diagnostics.to_vec(),
        };
        self.verdicts.iter().map(verdict).collect()
    }
}

impl<'r> RunEntry<'r> {
    fn new(run: &'r NewRun) -> Self {
        Self {
            id: run.id.as_str().into(),
            pipeline: run.pipeline.as_str().into(),
            prefix: run.name.prefix.as_str().into(),
            digits: run.name.revision,
            suffix: run.name.suffix.as_str().into(),
            values: run.work.values.as_slice().into(),
            priority: run.priority,
        }
    }

    fn logged(self, Assigned(number, revision, form): Assigned) -> LoggedRun<'r> {
        let name = RunName { prefix: self.prefix.into(), revision: self.digits, suffix: self.suffix.into() };
        let name = name.with_revision(revision).into();
        LoggedRun {
            id: self.id,
            pipeline: self.pipeline,
            number,
            name,
            form,
            values: self.values,
            priority: self.priority,
        }
    }
}
