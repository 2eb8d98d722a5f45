//! What a command told, short enough to be compared: `error p.yml:4 invalid-value`.

use serde_json::Value;

/// One report: how bad it is, its file without folders, its line, and its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told(pub String);

impl<T: AsRef<str>> PartialEq<T> for Told {
    fn eq(&self, other: &T) -> bool {
        self.0 == other.as_ref()
    }
}

/// Returns all reports of a list as JSON, in their order.
#[track_caller]
pub fn told(reports: &Value) -> Vec<Told> {
    let one = |report: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let file = text(&report["place"]["file"]);
        let file = file.rsplit('/').next().unwrap_or_default();
        Told(format!("{} {file}:{} {}", text(&report["severity"]), report["place"]["line"], text(&report["code"])))
    };
    reports.as_array().unwrap_or_else(|| panic!("no list: {reports:#}")).iter().map(one).collect()
}
