//! What a sender is told, as JSON.

use super::Shared;
use super::wait::Progress;
use crate::diagnostic::Report;
use crate::id::{DeliveryId, RunId};
use crate::intake::{Admission, AdmittedRun};
use crate::webhook::delivery::{Decision, Outcome};
use serde::Serialize;
use serde_json::{Value, json};

/// The most diagnostics of one pipeline that an answer names; the delivery keeps all of them.
const DIAGNOSTICS_MAX: usize = 20;
/// The bytes that an answer with one run needs.
const FIRST_ROOM: usize = 512;

/// The answer to a verified delivery.
#[derive(Serialize)]
pub struct Body<'a> {
    delivery: &'a DeliveryId,
    outcome: Outcome,
    repeat_of: Option<&'a DeliveryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_of: Option<&'a DeliveryId>,
    runs: Vec<Run<'a>>,
    rejected: Vec<Rejected<'a>>,
    skipped: Vec<Skipped<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    id: &'a RunId,
    pipeline: &'a str,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(flatten)]
    progress: Option<Progress>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    pipeline: &'a str,
    diagnostics: Vec<Value>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    pipeline: &'a str,
    reason: Decision,
}

/// Returns the answer to a verified delivery, as JSON text. `progress` has an entry for each run, or
/// none where the sender did not wait.
pub(super) fn text(admission: &Admission, progress: &[Progress], shared: &Shared) -> Vec<u8> {
    let body = told(admission, |at, run| (Some(shared.run_url(&run.id)), progress.get(at).copied()));
    let mut text = Vec::with_capacity(FIRST_ROOM);
    serde_json::to_writer(&mut text, &body).expect("texts, numbers and lists have a JSON form");
    text
}

/// Returns what is told about a delivery that was posted again on purpose. `url` says where a run can
/// be looked at, as far as it is known.
pub fn replayed<'a>(admission: &'a Admission, of: &'a DeliveryId, url: impl Fn(&RunId) -> Option<String>) -> Body<'a> {
    Body { replay_of: Some(of), ..told(admission, |_, run| (url(&run.id), None)) }
}

fn told<'a>(
    admission: &'a Admission,
    more: impl Fn(usize, &AdmittedRun) -> (Option<String>, Option<Progress>),
) -> Body<'a> {
    let run = |(at, run): (usize, &'a AdmittedRun)| {
        let (url, progress) = more(at, run);
        Run { id: &run.id, pipeline: &run.pipeline, number: run.number, url, progress }
    };
    let rejected = |(pipeline, reports): &'a (String, Vec<Report>)| Rejected {
        pipeline,
        diagnostics: reports.iter().take(DIAGNOSTICS_MAX).map(report_to_json).collect(),
    };
    Body {
        delivery: &admission.delivery,
        outcome: admission.outcome,
        repeat_of: admission.repeat_of.as_ref(),
        replay_of: None,
        runs: admission.runs.iter().enumerate().map(run).collect(),
        rejected: admission.rejected.iter().map(rejected).collect(),
        skipped: admission.skipped.iter().map(|(pipeline, reason)| Skipped { pipeline, reason: *reason }).collect(),
    }
}

/// A diagnostic in brief: the sender's administrator reads this, not the pipeline's author, so
/// the file's lines stay here.
fn report_to_json(report: &Report) -> Value {
    let mut brief = json!({ "code": report.code, "severity": report.severity, "title": report.title });
    if let Some(place) = &report.place {
        brief["file"] = json!(place.file);
        brief["line"] = json!(place.line);
        brief["column"] = json!(place.column);
    }
    if !report.notes.is_empty() {
        brief["notes"] = json!(report.notes);
    }
    if let Some(help) = &report.help {
        brief["help"] = json!(help);
    }
    brief
}
