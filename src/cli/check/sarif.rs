//! Diagnostics as SARIF 2.1.0, which code review tools read.

use crate::diagnostic::{Code, Place, Report, Severity};
use serde_json::{Value, json};

/// What may stand in a path of a URI as it is.
const PLAIN: &[u8] = b"-._~/";

/// Returns the document for one check.
pub(super) fn document(reports: &[Report]) -> Value {
    let mut codes: Vec<Code> = reports.iter().map(|report| report.code).collect();
    codes.sort_unstable();
    codes.dedup();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pipehook",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": reports.iter().map(|report| result(report, &codes)).collect::<Vec<_>>(),
        }],
    })
}

/// The rule's text is what `pipehook explain` prints.
fn rule(code: Code) -> Value {
    let explanation = code.explanation();
    let summary = explanation.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    json!({
        "id": code,
        "shortDescription": { "text": code.word().replace('-', " ") },
        "fullDescription": { "text": summary.trim() },
        "help": { "text": explanation },
    })
}

fn result(report: &Report, codes: &[Code]) -> Value {
    let level = match report.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = json!({
        "ruleId": report.code,
        "ruleIndex": codes.iter().position(|code| *code == report.code),
        "level": level,
        "message": { "text": message(report) },
        "locations": report.place.iter().map(|place| json!({ "physicalLocation": physical(place) })).collect::<Vec<_>>(),
    });
    if !report.related.is_empty() {
        let related = report.related.iter().map(
            |related| json!({ "physicalLocation": physical(&related.place), "message": { "text": related.label } }),
        );
        result["relatedLocations"] = related.collect();
    }
    result
}

/// The title and all that is said below it, a line each.
fn message(report: &Report) -> String {
    let below = report.notes.iter().chain(&report.help);
    std::iter::once(&report.title).chain(below).map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&place.file) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
            "snippet": { "text": place.excerpt },
        },
    })
}

/// Returns a file's path as a URI, relative where the path is. Files of other repositories lie anywhere.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) => (byte as char).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    path.bytes().fold(scheme.to_owned(), |uri, byte| uri + &encode(byte))
}
