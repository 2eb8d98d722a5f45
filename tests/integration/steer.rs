//! Runs that are started again, and runs that wait for a person, through the real binary.

use super::support::{Folder, Server, until};
use serde_json::Value;
use std::time::Duration;

/// How long a run may take on a machine that is busy.
const RUN_MAX: Duration = Duration::from_secs(120);

/// `use` fails until the file `ok` is there.
const RELEASE: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
jobs:
- job: make
  steps:
  - checkout: none
  - bash: |
      echo \"##vso[task.setvariable variable=at;isOutput=true]made once: $(date +%N)\"
      mkdir out && echo content > out/file
    name: set
  - publish: out
    artifact: drop
- job: ask
  dependsOn: make
  pool: server
  steps:
  - task: ManualValidation@1
    name: look
    inputs: {instructions: 'look at ${{ parameters.hook.title }}'}
- job: use
  dependsOn: [make, ask]
  variables:
    at: $[ dependencies.make.outputs['set.at'] ]
  steps:
  - checkout: none
  - download: current
    artifact: drop
  - bash: |
      echo \"at=$(at)\"
      cat \"$(Pipeline.Workspace)/drop/file\"
      test -e \"$MARK\"
    env: {MARK: '$(mark)'}
";

fn folder() -> Folder {
    let folder = Folder::new("workers: {jobs: 1}\nconnections: {open: {auth: none}}\n");
    let mark = folder.path().join("ok");
    folder.write("pipelines/release.yml", &format!("variables:\n  mark: {}\n{RELEASE}", mark.display()));
    folder
}

fn post(server: &Server) {
    let answer = server.request("POST", "/webhooks/open", &[], br#"{"title": "the \u001b[2J package"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn show(folder: &Folder, run: &str) -> Value {
    folder.run(&["runs", "show", run, "--format", "json"]).ended_with(0).json()
}

/// Returns the run once its step waits for a person.
#[track_caller]
fn waiting(folder: &Folder, run: &str) -> Value {
    until("a step that waits", RUN_MAX, || {
        let shown = show(folder, run);
        shown["stages"][0]["jobs"][1]["steps"][0]["wait"].is_object().then_some(shown)
    })
}

fn at(folder: &Folder, run: &str) -> String {
    let log = folder.run(&["runs", "logs", run]).ended_with(0).stdout;
    let line = log.lines().find(|line| line.starts_with("at=made once")).unwrap_or_else(|| panic!("{log}"));
    assert!(log.contains("\ncontent\n"), "{log}");
    line.to_owned()
}

#[test]
fn a_person_is_waited_for_over_a_crash_and_what_succeeded_is_not_done_again() {
    let folder = folder();
    let mut server = folder.serve(&[]);
    post(&server);
    let shown = waiting(&folder, "release#1");
    let step = &shown["stages"][0]["jobs"][1]["steps"][0];
    assert_eq!(step["state"], "running", "{shown}");
    let text = folder.run(&["runs", "show", "release#1"]).ended_with(0).stdout;
    assert!(text.contains("waits for an approval") && text.contains("look at the \\u{1b}[2J package"), "{text}");

    server.kill();
    let server = folder.serve(&[]);
    let wrong = folder.run(&["runs", "approve", "release#1", "--step", "other"]).ended_with(1);
    assert!(wrong.stderr.contains("waits for an approval"), "{wrong:?}");
    folder.run(&["runs", "approve", "release#1", "--job", "ask", "--comment", "fine"]).ended_with(0);
    let second = folder.run(&["runs", "reject", "release#1"]).ended_with(1);
    assert!(second.stderr.starts_with("error: "), "{second:?}");
    folder.run(&["runs", "wait", "release#1"]).ended_with(1);
    let shown = show(&folder, "release#1");
    let jobs = &shown["stages"][0]["jobs"];
    assert_eq!((&jobs[1]["result"], &jobs[2]["result"]), (&"succeeded".into(), &"failed".into()), "{shown}");
    let answer = &jobs[1]["steps"][0]["wait"]["answer"];
    assert_eq!((&answer["verdict"], &answer["comment"]), (&"approved".into(), &"fine".into()), "{shown}");

    folder.write("ok", "");
    let again = folder.run(&["rerun", "release#1", "--failed", "--format", "json"]).ended_with(0).json();
    assert_eq!((&again["number"], &again["rerun_of"]), (&2.into(), &shown["id"]));
    folder.run(&["runs", "wait", "release#2"]).ended_with(0);
    let second = show(&folder, "release#2");
    assert_eq!(second["rerun_of"], shown["id"]);
    assert_eq!(second["stages"][0]["jobs"][0]["reason"], "taken from release#1", "{second}");
    assert_eq!(at(&folder, "release#1"), at(&folder, "release#2"), "the output was taken");
    let text = folder.run(&["runs"]).ended_with(0).stdout;
    assert!(text.contains("(rerun)"), "{text}");

    // All of it again, of a run that was a rerun itself.
    folder.run(&["runs", "rerun", "release#2", "--failed"]).ended_with(1);
    folder.run(&["runs", "rerun", "release#2"]).ended_with(0);
    waiting(&folder, "release#3");
    folder.run(&["runs", "rerun", "release#3"]).ended_with(1);
    folder.run(&["runs", "reject", "release#3", "--comment", "no\u{1b}[2J"]).ended_with(0);
    folder.run(&["runs", "wait", "release#3"]).ended_with(1);
    let log = folder.run(&["runs", "logs", "release#3", "--format", "json"]).ended_with(0).json();
    let told =
        log.as_array().expect("a list").iter().find(|line| line["text"].as_str().unwrap_or("").contains("Rejected"));
    let told = told.unwrap_or_else(|| panic!("nothing is told: {log}"));
    assert_eq!((&told["job"], &told["step"]), (&"ask".into(), &"look".into()), "{log}");
    drop(server);
}

#[test]
fn a_waiting_run_keeps_no_worker_and_can_be_canceled() {
    let folder = folder();
    let server = folder.serve(&[]);
    for _ in 0..3 {
        post(&server);
    }
    // With one place for jobs all three come to their question.
    for run in ["release#1", "release#2", "release#3"] {
        waiting(&folder, run);
    }
    let canceled = folder.run(&["runs", "cancel", "release#2"]).ended_with(0);
    assert!(canceled.stderr.contains("asked to stop"), "{canceled:?}");
    folder.run(&["runs", "wait", "release#2"]).ended_with(1);
    let shown = show(&folder, "release#2");
    assert_eq!(shown["result"], "canceled", "{shown}");
    assert_eq!(shown["stages"][0]["jobs"][1]["steps"][0]["result"], "canceled", "{shown}");
    let canceled = folder.run(&["runs", "cancel", "release#2"]).ended_with(0);
    assert!(canceled.stderr.contains("ended before"), "{canceled:?}");
    let of_canceled = folder.run(&["runs", "--result", "canceled", "--connection", "open", "--format", "json"]);
    assert_eq!(of_canceled.ended_with(0).json().as_array().map(Vec::len), Some(1));
    folder.run(&["runs", "--result", "good"]).ended_with(2);
    folder.run(&["deliveries", "--outcome", "queued", "--limit", "2"]).ended_with(0);
}
