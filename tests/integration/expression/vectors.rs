//! The cases of others: the agent's own tests, those of a sibling language where the rule is the
//! same, and the examples of the documentation.

use super::evaluate;
use crate::support::shared;
use pipehook::expression::{Context, Dialect, Expression, JobStatus, Status, Value};
use serde_json::Value as Json;
use std::path::PathBuf;

/// Cases that contradict the reference, each with the reason.
pub const NOT_OURS: &[(&str, &str)] =
    &[("azp-agent/MaxLength/2001", "the agent of 2018 allowed 2,000 characters; the limit is 21,000 now")];

/// Parts of rewritten cases whose rule is not that of this language.
pub const NOT_OUR_RULE: &[(&str, &str)] = &[
    ("contains(parameters.test", "`contains` takes no list; `containsValue` does"),
    ("null", "there is no literal for null"),
    ("parameters.mySeparator", "a list can't be a separator"),
];

pub fn read(folder: PathBuf, name: &str) -> Json {
    let text = std::fs::read_to_string(folder.join("vectors").join(name)).expect("the vectors can be read");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn context(case: &Json) -> Context<'static> {
    let dialect = if case["mode"] == "step-condition" { Dialect::Condition } else { Dialect::Template };
    let mut context = Context::new(dialect);
    for (name, value) in case["contexts"].as_object().into_iter().flatten() {
        context.set(name.as_str(), Value::from_json(value));
    }
    match case["jobStatus"].as_str().and_then(JobStatus::from_word) {
        Some(status) => context.with_status(Status::Step(status)),
        None => context,
    }
}

/// Returns what is wrong with a case, if anything is.
fn fault(case: &Json) -> Option<String> {
    let text = case["expr"].as_str().expect("a case has an expression");
    if case["mode"] == "validate-syntax" {
        return Expression::parse(text).err().map(|mistake| format!("does not parse: {mistake:?}"));
    }
    let expect = &case["expect"];
    let value = match (evaluate(text, &context(case)), expect.get("error")) {
        (Err(_), Some(_)) => return None,
        (Ok(value), Some(_)) => return Some(format!("gave {}", value.describe())),
        (Err(mistake), None) => return Some(format!("failed: {mistake:?}")),
        (Ok(value), None) => value,
    };
    let (key, wanted) = expect.as_object().and_then(|expect| expect.iter().next()).expect("a case expects something");
    let as_expected = match key.as_str() {
        "ok" => true,
        "truthy" => *wanted == value.is_truthy(),
        "json" => value.to_text().is_ok_and(|text| serde_json::from_str(&text.flatten()).ok().as_ref() == Some(wanted)),
        "string" => value.to_text().is_ok_and(|text| *wanted == *text.flatten()),
        _ => expect["value"] == value.to_json(),
    };
    (!as_expected).then(|| format!("gave {}, not {expect}", value.describe()))
}

fn run<'c>(cases: impl Iterator<Item = &'c Json>) -> usize {
    let mut count = 0;
    let mut faults = Vec::new();
    for case in cases {
        count += 1;
        faults.extend(fault(case).map(|fault| format!("{} `{}`: {fault}", case["id"], case["expr"])));
    }
    assert!(faults.is_empty(), "{} of {count} cases:\n{}", faults.len(), faults.join("\n"));
    count
}

#[test]
fn the_cases_of_the_agent_hold() {
    let Some(folder) = shared() else { return };
    let vectors = read(folder, "expressions.json");
    let cases = vectors["cases"].as_array().expect("cases").iter();
    let is_ours = |case: &&Json| NOT_OURS.iter().all(|(id, _)| case["id"] != *id);
    let count = run(cases.filter(|case| case["dialect"] == "azure" && case.get("skip").is_none()).filter(is_ours));
    assert!(count > 300, "only {count} cases were found");
}

#[test]
fn the_cases_of_the_sibling_language_hold_where_the_rule_is_the_same() {
    let Some(folder) = shared() else { return };
    let vectors = read(folder, "expressions.json");
    let cases = vectors["cases"].as_array().expect("cases").iter();
    let is_ours = |case: &&Json| {
        let text = case["expr"].as_str().unwrap_or_default();
        NOT_OUR_RULE.iter().all(|(part, _)| !text.contains(part))
    };
    let rewritten = cases.filter(|case| case["dialect"] == "azure-rewritten" && case.get("skip").is_none());
    let count = run(rewritten.filter(is_ours));
    assert!(count > 130, "only {count} cases were found");
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let Some(folder) = shared() else { return };
    let vectors = read(folder, "documentation.json");
    let count = run(vectors["expressions"].as_array().expect("expressions").iter());
    assert!(count >= 30, "only {count} examples were found");
}
