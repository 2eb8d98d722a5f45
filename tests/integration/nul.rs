//! A NUL character of a payload rejects the run before it is queued, wherever its text would stand: no program can be
//! given one, and a run that is queued and can't begin tells its sender nothing.

use super::support::Folder;
use serde_json::{Value, json};

/// What follows the resources of a pipeline, with a payload's text in it.
const PIPELINES: [&str; 11] = [
    "variables: {unused: '${{ parameters.h.x }}'}\nsteps: [{script: ls}]\n",
    "variables: [{name: v, value: 'a ${{ parameters.h.x }}'}]\nsteps: [{script: 'echo \"$(v)\"'}]\n",
    "jobs:\n- job: a\n  displayName: 'd ${{ parameters.h.x }}'\n  steps: [{script: ls}]\n",
    "stages:\n- stage: a\n  displayName: '${{ parameters.h.x }}'\n  jobs: [{job: b, steps: [{script: ls}]}]\n",
    "steps: [{script: ls, displayName: '${{ parameters.h.x }}'}]\n",
    "steps: [{script: ls, env: {V: '${{ parameters.h.x }}'}}]\n",
    "steps: [{script: ls, workingDirectory: '${{ parameters.h.x }}'}]\n",
    "steps: [{script: 'echo \"${{ parameters.h.x }}\"'}]\n",
    "steps: [{script: ls}, {publish: f, artifact: '${{ parameters.h.x }}'}]\n",
    "steps: [{task: CopyFiles@2, inputs: {Contents: '${{ parameters.h.x }}', TargetFolder: t}}]\n",
    "name: 'r ${{ parameters.h.x }}'\nsteps: [{script: ls}]\n",
];

#[test]
fn a_nul_character_rejects_the_run_with_its_place_wherever_it_would_stand() {
    let folder = Folder::new("connections: {open: {auth: none}, raw: {auth: none, substitution: raw}}\n");
    for (number, pipeline) in PIPELINES.iter().enumerate() {
        let listens = "resources: {webhooks: [{webhook: h, connection: open}]}\n";
        folder.write(&format!("pipelines/p{number:02}.yml"), &format!("{listens}{pipeline}"));
    }
    let raw = "resources: {webhooks: [{webhook: h, connection: raw}]}\n";
    folder.write("pipelines/raw.yml", &format!("{raw}{}", PIPELINES[7]));
    let server = folder.serve(&["--no-worker"]);
    for (connection, count) in [("open", PIPELINES.len()), ("raw", 1)] {
        let path = format!("/webhooks/{connection}");
        let told = server.request("POST", &path, &[], br#"{"x": "a\u0000b"}"#).json();
        let rejected = told["rejected"].as_array().expect("a list");
        assert_eq!((rejected.len(), &told["runs"]), (count, &json!([])), "{told}");
        for pipeline in rejected {
            // Beside them stands a warning that the connection is `raw`.
            let told = pipeline["diagnostics"].as_array().expect("a list");
            let mistakes: Vec<&Value> = told.iter().filter(|it| it["severity"] == "error").collect();
            assert!(!mistakes.is_empty(), "{pipeline}");
            for (at, mistake) in mistakes.iter().enumerate() {
                assert!(mistake["title"].as_str().is_some_and(|title| title.contains("NUL character")), "{mistake}");
                assert!(mistake["line"].as_u64().is_some_and(|line| line > 1), "{mistake}");
                assert!(mistake["notes"].to_string().contains("at `x`"), "{mistake}");
                let is_there = |other: &&Value| ["line", "column"].iter().all(|key| other[key] == mistake[key]);
                assert!(!mistakes[..at].iter().any(is_there), "one place is told once: {pipeline}");
            }
        }
        let told = server.request("POST", &path, &[], br#"{"x": "ab"}"#).json();
        assert_eq!(told["runs"].as_array().map(Vec::len), Some(count), "{told}");
    }
}
