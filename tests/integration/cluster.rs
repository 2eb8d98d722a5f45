//! Several receivers and workers over one database, as real processes.

use crate::database;
use crate::support::{Folder, Server, Worker, until};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

const PIPELINE: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: load
steps:
- script: echo \"number $NUMBER\"
  env:
    NUMBER: ${{ parameters.hook.number }}
";

/// A folder whose configuration names a database.
pub fn folder(address: &str) -> Folder {
    let folder = Folder::new(
        "database: {env: PIPEHOOK_TEST_DATABASE}\n\
         limits: {queue: 1000000, requests_per_second: 1000000}\nconnections: {load: {secret: {value: s}}}\n",
    );
    folder.set("PIPEHOOK_TEST_DATABASE", address);
    folder
}

#[test]
fn one_receives_another_executes_and_any_shows() {
    let Some(address) = database::schema() else { return };
    let (first, second, third) = (folder(&address), folder(&address), folder(&address));
    first.write("pipelines/load.yml", PIPELINE);
    second.write("pipelines/load.yml", PIPELINE);
    let receivers = [first.serve(&["--no-worker"]), second.serve(&["--no-worker"])];
    let worker = third.work(&["--jobs", "2"]);
    assert_eq!(worker.ready, "claiming jobs of default, 2 at once");
    // A file that may not grow any more is an error like any other, not the end.
    worker.signal(rustix::process::Signal::XFSZ);
    for (at, receiver) in receivers.iter().enumerate() {
        let answer = receiver.deliver("load", "s", format!("{{\"number\":{at}}}").as_bytes());
        assert_eq!((answer.status, &answer.json()["runs"][0]["number"]), (200, &(at + 1).into()), "{answer:?}");
    }
    for (at, receiver) in receivers.iter().enumerate() {
        until("the run's end", SOON, || ended(receiver, at + 1));
        // Whoever reads the same configuration sees the same store.
        let shown = third.run(&["runs", "show", &format!("load#{}", at + 1), "--format", "json"]).ended_with(0).json();
        assert_eq!((&shown["state"], &shown["result"]), (&"completed".into(), &"succeeded".into()), "{shown}");
    }
    let text = second.run(&["runs", "logs", "load#1"]).ended_with(0).stdout;
    assert!(text.contains("number 0\n"), "{text}");
    let listed = third.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
}

/// Says whether a receiver sees the end of a run.
fn ended(receiver: &Server, number: usize) -> Option<()> {
    let runs = receiver.ask("/api/v1/runs?state=completed&limit=100").json();
    let runs = runs["runs"].as_array().or(runs.as_array()).cloned().unwrap_or_default();
    runs.iter().any(|run| run["number"] == number).then_some(())
}

/// Jobs of two pools: what one makes the other takes.
const HANDED_ON: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: load
jobs:
- job: make
  pool: one
  steps:
  - checkout: none
  - bash: |
      mkdir -p out/deep
      echo made here > out/deep/file.txt
      : > out/empty.txt
      head -c 600000 /dev/zero > out/large
      echo '##vso[task.setvariable variable=word;isOutput=true]handed'
    name: say
  - publish: out
    artifact: drop
- job: take
  pool: two
  dependsOn: make
  variables:
    word: $[ dependencies.make.outputs['say.word'] ]
  steps:
  - checkout: none
  - download: current
    artifact: drop
  - bash: |
      cat \"$(Pipeline.Workspace)/drop/deep/file.txt\"
      wc -c < \"$(Pipeline.Workspace)/drop/large\"
      test -f \"$(Pipeline.Workspace)/drop/empty.txt\" && echo \"$(word) on\"
";

#[test]
fn what_one_machine_made_another_takes_and_nothing_of_it_stays_behind() {
    let Some(address) = database::schema() else { return };
    let (receiver, one, two) = (folder(&address), folder(&address), folder(&address));
    receiver.write("pipelines/load.yml", HANDED_ON);
    let server = receiver.serve(&["--no-worker"]);
    let answer = server.deliver("load", "s", b"{}");
    let run = answer.json()["runs"][0]["id"].as_str().expect("a run").to_owned();
    let waiting = receiver.run(&["runs", "show", &run]).ended_with(0).stdout;
    assert!(waiting.contains("job make: queued in the pool one\n"), "whose workers it waits for: {waiting}");
    let (_one, _two) = (one.work(&["--pool", "one"]), two.work(&["--pool", "two"]));
    until("the run's end", SOON, || ended(&server, 1));
    let text = server.ask(&format!("/api/v1/runs/{run}/logs")).body;
    assert!(text.contains("made here\n") && text.contains("600000\n") && text.contains("handed on\n"), "{text}");
    let shown = receiver.run(&["runs", "show", &run, "--format", "json"]).ended_with(0).json();
    assert_eq!(shown["result"], "succeeded", "{shown}");
    for folder in [&one, &two] {
        for left in ["logs", "unsent", "artifacts", "work"] {
            let files = files_below(&folder.path().join("data").join(left));
            assert!(files.is_empty(), "{files:?}");
        }
    }
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Refuses whatever is large, as a disk that is full does.
const FULL: &str = "
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER full_disk BEFORE INSERT ON file_piece FOR EACH ROW EXECUTE FUNCTION refuse()";

#[test]
fn a_database_without_room_is_not_ready_and_recovers_without_a_restart() {
    let Some(address) = database::schema() else { return };
    let folder = folder(&address);
    folder.write("pipelines/load.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    let post = || server.deliver("load", "s", b"{\"number\":1}").status;
    let sql = |text: &str| {
        database::run_sql(&database::programs().expect("there is a database"), &address, text).expect("it is done")
    };
    assert_eq!((post(), server.ask("/readyz").status), (200, 200));
    sql(FULL);
    assert_eq!(post(), 503);
    for _ in 0..2 {
        assert_eq!(server.ask("/readyz").status, 503, "what is little finds room, a delivery does not");
    }
    sql("DROP TRIGGER full_disk ON delivery; DROP TRIGGER full_disk ON file_piece");
    until("that it is ready", SOON, || (server.ask("/readyz").status == 200).then_some(()));
    assert_eq!(post(), 200);
    assert_eq!(sql("SELECT count(*) FROM file_piece"), "0", "nothing is left of looking for room");
}

#[test]
fn what_the_database_does_where_nothing_is_said_changes_nothing() {
    let Some(address) = database::schema() else { return };
    let folder = folder(&format!("{address}%20-c%20default_transaction_isolation%3Dserializable"));
    folder.write("pipelines/load.yml", PIPELINE);
    drop(folder.serve(&["--no-worker"]));
    let sql = |text: &str| {
        database::run_sql(&database::programs().expect("there is a database"), &address, text).expect("it is done")
    };
    sql("CREATE TABLE seen (how text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO seen VALUES (current_setting('transaction_isolation'));
             RETURN NEW;
         END $$;
         CREATE TRIGGER note BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION note();
         CREATE TRIGGER note BEFORE UPDATE ON job FOR EACH ROW EXECUTE FUNCTION note()");
    let server = folder.serve(&[]);
    assert_eq!(server.deliver("load", "s", b"{\"number\":1}").status, 200);
    until("the run's end", SOON, || ended(&server, 1));
    assert_eq!(sql("SELECT string_agg(DISTINCT how, ' ') FROM seen"), "read committed");
}

#[test]
fn a_data_folder_has_one_process_also_with_a_database() {
    let Some(address) = database::schema() else { return };
    let folder = folder(&address);
    let _server = folder.serve(&["--no-worker"]);
    let refused = folder.run(&["worker"]).ended_with(3);
    assert!(refused.stderr.contains("is in use by process") && refused.stderr.contains("--data"), "{refused:?}");
    let own: Worker = folder.work(&["--data", "other"]);
    drop(own);
}

#[test]
fn a_worker_without_a_database_says_what_it_needs() {
    let refused = Folder::new("").run(&["worker"]).ended_with(2);
    assert!(refused.stderr.contains("PIPEHOOK_DATABASE"), "{refused:?}");
}

#[test]
fn a_wrong_database_is_told_without_its_password() {
    let folder = Folder::new("");
    let wrong = folder.run(&["runs", "--database", "postgres://me:hunter2@host/db?sslmode=maybe"]).ended_with(2);
    assert!(wrong.stderr.contains("sslmode") && !wrong.stderr.contains("hunter2"), "{wrong:?}");
    let away = folder.run(&["runs", "--database", "postgres://me:hunter2@127.0.0.1:1/db"]).ended_with(3);
    assert!(away.stderr.contains("127.0.0.1:1/db") && !away.stderr.contains("hunter2"), "{away:?}");
    assert_eq!(away.stderr.matches("can't be used").count(), 1, "it is said once: {away:?}");
    folder.write("pipehook.yml", "database: {env: NOT_SET}\n");
    let unset = folder.run(&["runs"]).ended_with(2);
    assert!(unset.stderr.contains("`NOT_SET`, which is not set"), "{unset:?}");
}

#[test]
fn a_database_that_is_away_is_told_to_senders_and_comes_back() {
    let Some(database) = database::Server::start() else { return };
    let folder = folder(&database.schema());
    folder.write("pipelines/load.yml", PIPELINE);
    let server = folder.serve(&[]);
    assert_eq!(server.deliver("load", "s", b"{\"number\":1}").status, 200);
    until("the run's end", SOON, || ended(&server, 1));
    database.stop("fast");
    let refused = server.deliver("load", "s", b"{\"number\":2}");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    (0..3).for_each(|_| assert_eq!(server.ask("/readyz").status, 503));
    assert_eq!(server.ask("/healthz").status, 200);
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    let told = "the database could not be written, and what comes is not acknowledged until it can";
    assert_eq!(log.matches(told).count(), 1, "{log}");
    assert_eq!(log.matches("the store is not ready").count(), 1, "it is logged once, however often it is asked: {log}");
    assert!(!log.contains("deadpool"), "{log}");
    database.start_again();
    until("the database's return", SOON, || (server.ask("/readyz").status == 200).then_some(()));
    assert_eq!(server.deliver("load", "s", b"{\"number\":2}").status, 200);
    until("the run's end", SOON, || ended(&server, 2));
}

#[test]
fn the_database_of_the_tests_is_gone_with_the_one_who_started_it() {
    let Some(server) = database::Server::start() else { return };
    let folder = server.folder().to_owned();
    assert_eq!(server.sql("SELECT 1"), "1");
    server.restart("immediate");
    assert_eq!(server.sql("SELECT 2"), "2");
    drop(server);
    until("the folder's end", SOON, || (!folder.exists()).then_some(()));
}
