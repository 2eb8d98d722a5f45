//! The shared attacks: each ends as its case says, or is refused, and never harms.
//!
//! A case is run by what it has: a script is placed and run by its interpreter, a pipeline is run by
//! the program, a request is posted to a server. Each has a result of its own; what is answered otherwise
//! than its case wants, and what can't be run, has its reason.

mod archives;
mod checkouts;
mod crowds;
pub mod door;
mod loads;
mod pipelines;
mod queue;
mod scripts;
mod secrets;
mod store;
mod web;

use crate::support::shared;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most characters that are told of a fault.
const FAULT_MAX: usize = 2000;

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Passed,
    /// Answered otherwise than the case wants, without harm, and why.
    Otherwise(String),
    /// Refused where the case wanted it placed: the lesser fault, told.
    RefusedInstead(String),
    /// It was not run, or not to its end, and why.
    NotRun(String),
    /// Harm, or another meaning.
    Fault(String),
}

/// What may be left out, and why: nothing else is.
const NOT_RUN: &[(&str, &str)] = &[("PS-", "pwsh is not installed")];

#[test]
fn every_attack_ends_as_it_must() {
    let Some(shared) = shared() else { return };
    let file = std::fs::read_to_string(shared.join("attacks/attacks.json")).expect("the attacks");
    let attacks: Value = serde_json::from_str(&file).expect("the attacks are JSON");
    let cases = attacks["cases"].as_array().expect("a list of cases");
    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    for (case, end) in cases.iter().zip(ends(cases)) {
        let surface = case["surface"].as_str().expect("a surface");
        let id = case["id"].as_str().expect("an id");
        let is_known = |why: &str| NOT_RUN.iter().any(|(ids, reason)| id.starts_with(ids) && why.contains(reason));
        let end = match end {
            End::NotRun(why) if !is_known(&why) => End::Fault(format!("it is left out: {why}")),
            end => end,
        };
        table.entry(surface).or_default().add(id, end);
    }
    println!("{:<18} {:>6} {:>9} {:>7} {:>7} {:>6}", "surface", "passed", "otherwise", "refused", "not run", "faults");
    for (surface, row) in &table {
        let told = [row.otherwise.len(), row.refused.len(), row.not_run.len(), row.faults.len()];
        println!("{surface:<18} {:>6} {:>9} {:>7} {:>7} {:>6}", row.passed, told[0], told[1], told[2], told[3]);
    }
    for line in table.values().flat_map(|row| row.otherwise.iter().chain(&row.refused).chain(&row.not_run)) {
        println!("  {line}");
    }
    let faults: Vec<String> = table.values().flat_map(|row| row.faults.clone()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let told: BTreeSet<&String> = table.values().flat_map(|row| &row.ids).collect();
    assert!(told.len() == cases.len() && cases.len() >= 320, "{} of {} have a result", told.len(), cases.len());
}

/// Runs all cases, those of the queue beside the others: each of them waits most of its time.
fn ends(cases: &[Value]) -> Vec<End> {
    let server = door::server();
    std::thread::scope(|scope| {
        let is_queue = |case: &&Value| case["surface"] == "queue";
        let mut beside =
            cases.iter().filter(is_queue).map(|case| scope.spawn(|| queue::end(case))).collect::<VecDeque<_>>();
        let mut end = |case: &Value| match is_queue(&case) {
            true => beside.pop_front().expect("one each").join().unwrap_or_else(|_| End::Fault("it panicked".into())),
            false => end(case, case["surface"].as_str().expect("a surface"), &server),
        };
        cases.iter().map(&mut end).collect()
    })
}

#[derive(Default)]
struct Row {
    ids: Vec<String>,
    passed: usize,
    otherwise: Vec<String>,
    refused: Vec<String>,
    not_run: Vec<String>,
    faults: Vec<String>,
}

impl Row {
    fn add(&mut self, id: &str, end: End) {
        self.ids.push(id.to_owned());
        match end {
            End::Passed => self.passed += 1,
            End::Otherwise(why) => self.otherwise.push(format!("{id} is answered otherwise: {why}")),
            End::RefusedInstead(why) => self.refused.push(format!("{id} is refused: {why}")),
            End::NotRun(why) => self.not_run.push(format!("{id} is not run: {why}")),
            End::Fault(what) => self.faults.push(format!("{id}: {}", what.chars().take(FAULT_MAX).collect::<String>())),
        }
    }
}

fn end(case: &Value, surface: &str, server: &door::Posting) -> End {
    match surface {
        _ if surface.starts_with("script.") => scripts::end(case, surface),
        "signature" | "replay" | "http" | "json" => door::end(case, server),
        "secret" => secrets::end(case),
        "artifact" => archives::end(case),
        "web" => web::end(case),
        "db" => store::end(case),
        "dos" if case.get("load").is_some() => loads::end(case, server),
        _ if case.get("request").is_some() => door::end(case, server),
        _ if case.get("pipeline_yaml").is_some() => pipelines::end(case),
        _ if case.get("repo").is_some() => checkouts::end(case),
        _ => End::NotRun("it has neither script nor pipeline nor request".to_owned()),
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
