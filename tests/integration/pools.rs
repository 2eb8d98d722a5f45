//! A pool that no worker serves is told wherever somebody looks who wonders why nothing runs.

use crate::support::{Folder, until};
use crate::{cluster, database};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

const PIPELINE: &str = "
resources:
  webhooks: [{webhook: hook, connection: load}]
pool: gpu
steps: [{checkout: none}, {bash: 'true'}]
";

fn log(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log")
}

#[test]
fn a_run_of_a_pool_that_nobody_serves_is_told_by_the_log_the_run_and_the_check() {
    let folder = Folder::new("connections: {load: {auth: none}}\n");
    folder.write("pipelines/load.yml", PIPELINE);
    let checked = folder.run(&["check"]).ended_with(0).stderr;
    assert!(checked.contains("warning[unserved-pool]: no worker serves the pool `gpu`"), "{checked}");
    assert!(checked.contains("the server's own worker is the only one: it serves `default`"), "{checked}");
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/load", &[], b"{}").status, 200);
    let line = until("the line of the log", SOON, || {
        log(&folder).lines().find(|line| line.contains("a pool that nobody serves")).map(str::to_owned)
    });
    assert!(line.contains("WARN") && line.contains("gpu") && line.contains("none was ever seen"), "{line}");
    assert!(!log(&folder).contains("pool=\"default\""), "{}", log(&folder));
    let sentence = "a worker of the pool `gpu`: none was ever seen";
    let shown = folder.run(&["runs", "show", "load#1"]).ended_with(0).stdout;
    assert!(shown.contains(sentence), "{shown}");
    let listed = folder.run(&["runs"]).ended_with(0).stdout;
    assert!(listed.contains("queued (waits)"), "{listed}");
    let asked = server.ask("/api/v1/runs").json();
    assert!(asked.to_string().contains(sentence), "{asked}");
    let table = folder.run(&["pools"]).ended_with(0).stdout;
    let row = |pool: &str| table.lines().find(|line| line.starts_with(pool)).unwrap_or_else(|| panic!("{table}"));
    assert_eq!(row("gpu").split_whitespace().collect::<Vec<_>>(), ["gpu", "no", "wait", "never", "-"]);
    assert_eq!(row("default").split_whitespace().take(3).collect::<Vec<_>>(), ["default", "yes", "-"]);
    folder.configure("connections: {load: {auth: none}}\nworkers: {pools: [GPU]}\n");
    until("the run's end", SOON, || folder.run(&["runs", "show", "load#1"]).stdout.contains("succeeded").then_some(()));
    let checked = folder.run(&["check"]).ended_with(0).stderr;
    assert!(!checked.contains("unserved-pool"), "{checked}");
}

#[test]
fn a_text_that_looks_like_a_key_of_a_pool_is_told_once_and_is_its_name_all_the_same() {
    let folder = Folder::new("connections: {load: {auth: none}}\n");
    folder.write("pipelines/load.yml", &PIPELINE.replace("pool: gpu", "pool: name gpu"));
    let checked = folder.run(&["check"]).ended_with(0).stderr;
    assert!(checked.contains("warning[wrong-type]: `pool` is text that begins like its key `name`"), "{checked}");
    assert!(checked.contains("0 errors, 1 warning"), "{checked}");
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/load", &[], b"{}").status, 200);
    let shown = folder.run(&["runs", "show", "load#1"]).ended_with(0).stdout;
    assert!(shown.contains("a worker of the pool `name gpu`: none was ever seen"), "{shown}");
}

#[test]
fn a_pool_of_a_cluster_is_served_as_soon_as_a_worker_comes() {
    let Some(address) = database::schema() else { return };
    let (receiver, other) = (cluster::folder(&address), cluster::folder(&address));
    receiver.write("pipelines/load.yml", PIPELINE);
    let server = receiver.serve(&["--no-worker"]);
    let checked = receiver.run(&["check"]).ended_with(0).stderr;
    assert!(checked.contains("no worker serves the pool `gpu`") && checked.contains("none was ever seen"), "{checked}");
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    until("the line of the log", SOON, || log(&receiver).contains("a pool that nobody serves").then_some(()));
    let worker = other.work(&["--pool", "gpu"]);
    until("the other line", SOON, || log(&receiver).contains("a pool is served that jobs waited for").then_some(()));
    until("the run's end", SOON, || {
        receiver.run(&["runs", "show", "load#1"]).stdout.contains("succeeded").then_some(())
    });
    let checked = receiver.run(&["check"]).ended_with(0).stderr;
    assert!(!checked.contains("unserved-pool"), "{checked}");
    drop(worker);
}

#[test]
fn who_runs_a_pipeline_by_hand_serves_every_pool() {
    let folder = Folder::new("connections: {load: {auth: none}}\n");
    folder.write("pipelines/load.yml", PIPELINE);
    let ran = folder.run(&["run", "pipelines/load.yml"]).ended_with(0);
    assert!(!ran.stderr.contains("unserved-pool"), "{ran:?}");
}
