//! Diagnostics as SARIF 2.1.0, which code review tools read.

use crate::diagnostic::{Place, Report, Severity};
use serde_json::{Value, json};

/// Returns the document for one check.
pub(super) fn document(reports: &[Report]) -> Value {
    let mut codes: Vec<&str> = reports.iter().map(|report| report.code.word()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": { "name": "pipehook", "version": env!("CARGO_PKG_VERSION"), "rules": rules }
            },
            "columnKind": "unicodeCodePoints",
            "results": reports.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(report: &Report) -> Value {
    let level = match report.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "ruleId": report.code,
        "level": level,
        "message": { "text": message(report) },
        "locations": report.place.iter().map(location).collect::<Vec<_>>(),
    })
}

/// The title and all that is said below it, a line each.
fn message(report: &Report) -> String {
    let below = report.notes.iter().chain(&report.help);
    std::iter::once(&report.title).chain(below).map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn location(place: &Place) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": place.file },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        }
    })
}
