//! The shared attacks: each ends as its case says, or is refused, and never harms.
//!
//! A case is run by what it has: a script is placed and run by its interpreter, a pipeline is run by
//! the program, a request is posted to a server. What can't be run yet is told with its reason, and
//! so is what stands under other tests.

mod archives;
mod crowds;
mod loads;
mod pipelines;
mod requests;
mod scripts;
mod secrets;
mod store;
mod web;

use crate::support::shared;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most characters that are told of a fault.
const FAULT_MAX: usize = 2000;

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Passed,
    /// Refused where the case wanted it placed: the lesser fault, told.
    RefusedInstead(String),
    /// It was not run, or not to its end, and why.
    NotRun(String),
    /// Harm, or another meaning.
    Fault(String),
}

#[test]
fn every_attack_ends_as_it_must() {
    let Some(shared) = shared() else { return };
    let file = std::fs::read_to_string(shared.join("attacks/attacks.json")).expect("the attacks");
    let attacks: Value = serde_json::from_str(&file).expect("the attacks are JSON");
    let cases = attacks["cases"].as_array().expect("a list of cases");
    let server = requests::server();
    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    for case in cases {
        let surface = case["surface"].as_str().expect("a surface");
        let end = end(case, surface, &server);
        let id = case["id"].as_str().expect("an id");
        table.entry(surface).or_default().add(id, end);
    }
    println!("{:<18} {:>6} {:>8} {:>8} {:>6}", "surface", "passed", "refused", "not run", "faults");
    for (surface, row) in &table {
        println!(
            "{surface:<18} {:>6} {:>8} {:>8} {:>6}",
            row.passed,
            row.refused.len(),
            row.not_run.len(),
            row.faults.len()
        );
    }
    for line in table.values().flat_map(|row| row.refused.iter().chain(&row.not_run)) {
        println!("  {line}");
    }
    let faults: Vec<String> = table.values().flat_map(|row| row.faults.clone()).collect();
    let passed: usize = table.values().map(|row| row.passed).sum();
    assert!(passed > 200 && faults.is_empty(), "{passed} passed\n{}", faults.join("\n"));
}

#[derive(Default)]
struct Row {
    passed: usize,
    refused: Vec<String>,
    not_run: Vec<String>,
    faults: Vec<String>,
}

impl Row {
    fn add(&mut self, id: &str, end: End) {
        match end {
            End::Passed => self.passed += 1,
            End::RefusedInstead(why) => self.refused.push(format!("{id} is refused: {why}")),
            End::NotRun(why) => self.not_run.push(format!("{id} is not run: {why}")),
            End::Fault(what) => self.faults.push(format!("{id}: {}", what.chars().take(FAULT_MAX).collect::<String>())),
        }
    }
}

fn end(case: &Value, surface: &str, server: &requests::Posting) -> End {
    let elsewhere = |why: &str| End::NotRun(why.to_owned());
    match surface {
        _ if surface.starts_with("script.") => scripts::end(case, surface),
        "json" => requests::end(case, server),
        "signature" | "replay" | "http" => elsewhere("the tests of the door have these"),
        "secret" => secrets::end(case),
        "artifact" => archives::end(case),
        "web" => web::end(case),
        "db" => store::end(case),
        "queue" => elsewhere("the tests of the door, the store and the worker have these"),
        "dos" if case.get("load").is_some() => loads::end(case, server),
        _ if case.get("request").is_some() => requests::end(case, server),
        _ if case.get("pipeline_yaml").is_some() => pipelines::end(case),
        "git" => elsewhere("the tests of checkouts have hooks, filters and submodules of a repository"),
        _ => elsewhere("it has neither script nor pipeline nor request"),
    }
}

/// Returns a case's payload with its placeholders filled in.
fn payload(case: &Value, canary: &str) -> String {
    case["payload"].to_string().replace("$CANARY", canary)
}

/// Returns the texts that must not be printed.
fn forbidden(case: &Value) -> Vec<&str> {
    case["must_not"]["stdout_contains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
