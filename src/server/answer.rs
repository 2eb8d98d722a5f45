//! What a sender is told, as JSON.

use super::Shared;
use super::wait::Progress;
use crate::diagnostic::Report;
use crate::id::DeliveryId;
use crate::intake::{Admission, AdmittedRun};
use crate::webhook::delivery::Decision;
use serde_json::{Value, json};

/// The most diagnostics of one pipeline that an answer names; the delivery keeps all of them.
const DIAGNOSTICS_MAX: usize = 20;

/// Returns the answer to a verified delivery. `progress` has an entry for each run, or none where
/// the sender did not wait.
pub(super) fn to_json(admission: &Admission, progress: &[Progress], shared: &Shared) -> Value {
    let mut runs: Vec<Value> = admission.runs.iter().map(|run| run_to_json(run, shared)).collect();
    for (run, progress) in runs.iter_mut().zip(progress) {
        run["state"] = json!(progress.state);
        run["result"] = json!(progress.result);
    }
    json!({
        "delivery": admission.delivery,
        "outcome": admission.outcome,
        "repeat_of": admission.repeat_of,
        "runs": runs,
        "rejected": admission.rejected.iter().map(rejected_to_json).collect::<Vec<_>>(),
        "skipped": admission.skipped.iter().map(skipped_to_json).collect::<Vec<_>>(),
    })
}

/// Returns what is told about a delivery that was posted again on purpose.
pub fn replayed(admission: &Admission, of: &DeliveryId) -> Value {
    let run = |run: &AdmittedRun| json!({ "id": run.id, "pipeline": run.pipeline, "number": run.number });
    json!({
        "delivery": admission.delivery,
        "outcome": admission.outcome,
        "replay_of": of,
        "runs": admission.runs.iter().map(run).collect::<Vec<_>>(),
        "rejected": admission.rejected.iter().map(rejected_to_json).collect::<Vec<_>>(),
        "skipped": admission.skipped.iter().map(skipped_to_json).collect::<Vec<_>>(),
    })
}

fn run_to_json(run: &AdmittedRun, shared: &Shared) -> Value {
    json!({ "id": run.id, "pipeline": run.pipeline, "number": run.number, "url": shared.run_url(&run.id) })
}

fn rejected_to_json((pipeline, reports): &(String, Vec<Report>)) -> Value {
    let diagnostics: Vec<Value> = reports.iter().take(DIAGNOSTICS_MAX).map(report_to_json).collect();
    json!({ "pipeline": pipeline, "diagnostics": diagnostics })
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

fn skipped_to_json((pipeline, decision): &(String, Decision)) -> Value {
    json!({ "pipeline": pipeline, "reason": decision })
}
