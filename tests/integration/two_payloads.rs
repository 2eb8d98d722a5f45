//! The text of every script is the same for any two payloads, in pipelines of every kind: scripts, tasks,
//! templates, loops, variables and their macros, functions.

use pipehook::catalog::{self, Library, Pipeline, Trigger, TriggeringWebhook, prepare};
use pipehook::diagnostic::Diagnostics;
use pipehook::pipeline;
use pipehook::shell::Substitution;
use pipehook::template::{Content, Node};
use pipehook::webhook::payload;
use pipehook::webhook::select::select;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Random payloads for each pipeline.
const CASES: u32 = 40;

/// The pipelines, each with a payload: one that uses payload text in every way there is, and all of the
/// test data and the examples.
fn cases() -> Vec<(PathBuf, String)> {
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("test data");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yml")).collect::<Vec<_>>()
    };
    let mut cases = Vec::new();
    for path in ["payloads", "pipeline"].iter().flat_map(|folder| files(&Path::new("tests/testdata").join(folder))) {
        if let Ok(payload) = std::fs::read_to_string(path.with_extension("json")) {
            cases.push((path, payload));
        }
    }
    for example in std::fs::read_dir("examples").expect("examples") {
        let example = example.expect("an entry").path();
        let payload = std::fs::read_to_string(example.join("payload.json")).expect("a payload");
        cases.extend(files(&example.join("pipelines")).into_iter().map(|path| (path, payload.clone())));
    }
    cases
}

/// Returns the payload with its texts replaced, one after another.
fn changed(payload: &Value, texts: &mut impl Iterator<Item = String>) -> Value {
    match payload {
        Value::String(_) => texts.next().map_or(payload.clone(), Value::String),
        Value::Array(items) => items.iter().map(|item| changed(item, texts)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), changed(value, texts)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Returns the scripts as they would run, if the run would be accepted.
fn scripts(pipeline: &Pipeline, payload: &Value) -> Option<Vec<String>> {
    let body = payload.to_string();
    let payload = payload::check(body.as_bytes()).expect("a payload");
    let listener = pipeline.listeners.first()?;
    let webhook = TriggeringWebhook {
        alias: &listener.resource.alias,
        payload: select(&payload, &listener.wanted),
        headers: &[],
        event: None,
        delivery: "dlv_1",
    };
    let trigger = Trigger { webhook: Some(webhook), ..Trigger::default() };
    let prepared = prepare(pipeline, &trigger, &mut Diagnostics::default())?;
    let mut scripts = Vec::new();
    collect(&pipeline::rewritten(&prepared.document, Substitution::Safe), &mut scripts);
    Some(scripts)
}

fn collect(node: &Node, scripts: &mut Vec<String>) {
    match &node.content {
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter().for_each(|item| collect(item, scripts)),
        Content::Mapping(entries) => {
            for entry in entries {
                let is_script = ["script", "bash", "pwsh", "powershell"].contains(&&*entry.key.flatten());
                match &entry.value.content {
                    Content::Scalar(scalar) if is_script => scripts.push(scalar.text.flatten().into_owned()),
                    _ => collect(&entry.value, scripts),
                }
            }
        }
    }
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    let hostile = prop::sample::select(vec![
        "'; touch x; '",
        "\"$(id)\"",
        "`id`",
        "$(title)",
        "${{ 1 }}",
        "\nEOF\n",
        "##vso[task.complete]",
        "a b",
        "",
        "*",
        "%n",
        "é\u{202e}",
    ]);
    let text = prop_oneof!["[A-Za-z0-9_]{1,9}", hostile.prop_map(str::to_owned)];
    prop::collection::vec(text, 40)
}

#[test]
fn any_two_payloads_that_are_accepted_give_the_same_scripts() {
    let (mut accepted, mut refused, mut pipelines) = (0, 0, 0);
    for (path, payload) in cases() {
        let (pipeline, diagnostics) = catalog::load_file(&path, &Library::default()).expect("a pipeline");
        let payload: Value = serde_json::from_str(&payload).expect("JSON");
        if diagnostics.has_errors() {
            continue;
        }
        let mut first: Option<Vec<String>> = None;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for _ in 0..CASES {
            let texts = texts().new_tree(&mut runner).expect("texts").current();
            match scripts(&pipeline, &changed(&payload, &mut texts.into_iter())) {
                None => refused += 1,
                Some(scripts) => {
                    accepted += 1;
                    let first = first.get_or_insert_with(|| scripts.clone());
                    assert_eq!(&scripts, first, "{}", path.display());
                }
            }
        }
        pipelines += usize::from(first.is_some_and(|scripts| !scripts.is_empty()));
    }
    println!("{pipelines} pipelines, {accepted} payloads accepted, {refused} refused");
    assert!(pipelines >= 5 && accepted > 200, "{pipelines} pipelines, {accepted} payloads");
}
