//! How a server and a worker end: jobs get a grace, and what is left begins again elsewhere.

use crate::cluster;
use crate::database;
use crate::support::{Folder, Server, Worker, until};
use rustix::process::Signal;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// A job that notes each beginning, and whether another one of it goes on meanwhile. It ends when there is a
/// file `go`.
fn pipeline(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "resources:
  webhooks:
  - webhook: hook
    connection: load
steps:
- script: |
    cd '{folder}'
    mkdir busy || echo >> twice
    trap 'rmdir busy' EXIT
    echo \"attempt $SYSTEM_JOBATTEMPT\"
    echo >> begun
    until [ -e go ]; do sleep 0.05; done
    echo '##vso[task.setvariable variable=word;isOutput=true]done'
- script: |
    echo told >> '{folder}/told'
  condition: always()
"
    )
}

fn begun(folder: &Folder) -> usize {
    std::fs::read_to_string(folder.path().join("begun")).unwrap_or_default().lines().count()
}

/// Queues the run and returns when its job has begun.
fn begin(folder: &Folder, server: &Server) {
    let answer = server.deliver("load", "s", b"{}");
    assert_eq!((answer.status, &answer.json()["outcome"]), (200, &"queued".into()), "{answer:?}");
    until("the job's beginning", SOON, || (begun(folder) == 1).then_some(()));
}

fn shown(folder: &Folder) -> serde_json::Value {
    folder.run(&["runs", "show", "load#1", "--format", "json"]).ended_with(0).json()
}

fn log_of_process(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log")
}

/// Checks that a job was handed back, and that nothing of it counts.
#[track_caller]
fn check_handed_back(folder: &Folder) {
    let run = shown(folder);
    assert_eq!((&run["state"], &run["result"]), (&"running".into(), &serde_json::Value::Null), "{run}");
    let job = &run["stages"][0]["jobs"][0];
    assert_eq!((&job["state"], &job["steps"][0]["state"]), (&"queued".into(), &"queued".into()), "{run}");
    let since = job["waits_again_since"].as_str().expect("it is told since when it waits");
    let waits_for = run["waits_for"].as_str().expect("it is told what it waits for");
    assert!(waits_for.starts_with("a worker again since ") && waits_for.ends_with(", attempt 2"), "{waits_for}");
    assert_eq!(waits_for["a worker again since ".len()..][..16], since[..16], "{run}");
    let listed = folder.run(&["runs"]).ended_with(0).stdout;
    assert!(listed.contains("running (waits)"), "{listed}");
    let shown = folder.run(&["runs", "show", "load#1"]).ended_with(0).stdout;
    assert!(shown.contains("queued, waits for a worker again since ") && shown.contains(", attempt 2"), "{shown}");
}

/// Checks that the run went well at last, and begun twice, one time after the other.
#[track_caller]
fn check_done(folder: &Folder, begun_in: &Folder) {
    folder.run(&["runs", "wait", "load#1"]).ended_with(0);
    assert_eq!(shown(folder)["result"], "succeeded");
    assert_eq!(begun(begun_in), 2);
    assert!(!begun_in.path().join("twice").exists(), "never two at once");
    let told = std::fs::read_to_string(begun_in.path().join("told")).expect("the last step ran");
    assert_eq!(told, "told\n", "a job that is handed back begins no step");
    let log = folder.run(&["runs", "logs", "load#1"]).ended_with(0).stdout;
    let line = "The worker was stopped: the job starts again from its beginning.";
    assert_eq!(log.matches(line).count(), 1, "{log}");
    assert!(log.find("attempt 1").is_some_and(|at| at < log.find(line).expect("it is there")), "{log}");
    assert!(log.find("attempt 2").is_some_and(|at| at > log.find(line).expect("it is there")), "{log}");
}

#[test]
fn a_job_that_outlives_the_grace_begins_again_with_the_next_server() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    folder.write("pipelines/load.yml", &pipeline(folder.path()));
    let mut server = folder.serve(&["--drain-seconds", "1"]);
    begin(&folder, &server);
    server.terminate();
    assert_eq!(server.ended(SOON), Some(0));
    assert!(!folder.path().join("busy").exists(), "its processes have ended");
    check_handed_back(&folder);
    folder.write("go", "");
    let _server = folder.serve(&[]);
    check_done(&folder, &folder);
    let log = log_of_process(&folder);
    assert!(!log.contains("lost"), "nothing was lost: {log}");
}

#[test]
fn a_server_that_is_asked_twice_waits_for_no_grace() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    folder.write("pipelines/load.yml", &pipeline(folder.path()));
    let mut server = folder.serve(&["--drain-seconds", "3600"]);
    begin(&folder, &server);
    server.terminate();
    until("the server stops", SOON, || log_of_process(&folder).contains("stopping").then_some(()));
    server.terminate();
    assert_eq!(server.ended(SOON), Some(0));
    check_handed_back(&folder);
}

/// Whatever a job waits for, a server that is asked to stop does so within its grace and what stopping takes.
#[test]
fn a_place_of_files_that_does_not_answer_keeps_no_server_from_ending() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let key = "access_key: {value: a}, secret_key: {value: b}";
    let folder = Folder::new(&format!(
        "files: {{url: 's3://bucket/x', endpoint: 'http://{free}', allow_http: true, region: r, {key}}}\n\
         connections: {{load: {{secret: {{value: s}}}}}}\n"
    ));
    let webhook = "resources:\n  webhooks: [{webhook: hook, connection: load}]\n";
    folder
        .write("pipelines/load.yml", &format!("{webhook}steps:\n- bash: echo x > x\n- publish: x\n  artifact: drop\n"));
    let mut server = folder.serve(&["--drain-seconds", "1"]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    until("the wait for the place", SOON, || {
        let shown = folder.run(&["runs", "show", "load#1", "--format", "json"]).ended_with(0).json();
        let is_publishing = shown["stages"][0]["jobs"][0]["steps"][1]["state"] == "running";
        (is_publishing && log_of_process(&folder).contains("what `files` names can't be used")).then_some(())
    });
    server.terminate();
    assert_eq!(server.ended(SOON), Some(0), "{}", log_of_process(&folder));
    check_handed_back(&folder);
}

#[test]
fn what_has_left_its_step_and_its_environment_ends_with_a_job_that_is_handed_back_in_a_hurry() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let here = folder.path().display();
    let daemon = format!(
        "setsid nohup env -i bash -c 'echo $$ > {here}/daemon.new; mv {here}/daemon.new {here}/daemon; while :; do sleep 0.1; done'"
    );
    let step = format!("- bash: |\n    ({daemon} > /dev/null 2>&1 &)\n    sleep 1000\n");
    let webhook = "resources:\n  webhooks: [{webhook: hook, connection: load}]\nsteps:\n";
    folder.write("pipelines/load.yml", &format!("{webhook}{step}"));
    let mut server = folder.serve(&["--drain-seconds", "3600"]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    let process = until("the daemon", SOON, || std::fs::read_to_string(folder.path().join("daemon")).ok());
    let words = format!("/proc/{}/cmdline", process.trim());
    let lives = || std::fs::read(&words).is_ok_and(|words| !words.is_empty());
    assert!(lives());
    server.terminate();
    until("the server stops", SOON, || log_of_process(&folder).contains("stopping").then_some(()));
    server.terminate();
    assert_eq!(server.ended(SOON), Some(0));
    until("the daemon's end", SOON, || (!lives()).then_some(()));
}

#[test]
fn a_job_that_a_worker_handed_back_is_taken_by_another() {
    let Some(address) = database::schema() else { return };
    let (receiver, one, two) = (cluster::folder(&address), cluster::folder(&address), cluster::folder(&address));
    receiver.write("pipelines/load.yml", &pipeline(receiver.path()));
    let server = receiver.serve(&["--no-worker"]);
    let first: Worker = one.work(&["--drain-seconds", "1"]);
    begin(&receiver, &server);
    let _second = two.work(&[]);
    first.signal(Signal::INT);
    until("the job's second beginning", SOON, || (begun(&receiver) == 2).then_some(()));
    receiver.write("go", "");
    check_done(&receiver, &receiver);
    let log = log_of_process(&one);
    assert!(log.contains("a job was handed back") && !log.contains("lost"), "{log}");
}
