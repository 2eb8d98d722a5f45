//! A store that can't be mistaken for another: what was moved away under a server, put back beside one,
//! written by another version or left over of a former store.

use crate::database;
use crate::support::{Folder, Server, until};
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;

const PIPELINE: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- script: echo done
";
/// How long a server may take to notice that a file is back.
const SOON: Duration = Duration::from_secs(60);

fn folder() -> Folder {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/hello.yml", PIPELINE);
    folder
}

fn post(server: &Server) -> u16 {
    server.request("POST", "/webhooks/open", &[], b"{}").status
}

fn file(folder: &Folder, name: &str) -> PathBuf {
    folder.path().join("data").join(name)
}

fn log(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the server's log")
}

fn version(folder: &Folder) -> u32 {
    let database = Connection::open(file(folder, "pipehook.db")).expect("it opens");
    database.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
}

fn set_version(folder: &Folder, version: u32) {
    let database = Connection::open(file(folder, "pipehook.db")).expect("it opens");
    database.pragma_update(None, "user_version", version).expect("a version");
}

#[test]
fn nothing_is_put_back_over_what_is_left_of_a_store() {
    let folder = folder();
    let mut server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    folder.run(&["store", "backup", "copy.db"]).ended_with(0);
    assert_eq!(post(&server), 200);
    let beside = folder.run(&["store", "restore", "copy.db"]).ended_with(3);
    assert!(beside.stderr.contains(&format!("process {}", server.process())), "{beside:?}");
    server.kill();
    std::fs::rename(file(&folder, "pipehook.db"), folder.path().join("away.db")).expect("a file moves");
    let refused = folder.run(&["store", "restore", "copy.db"]).ended_with(2);
    for name in ["pipehook.db-wal", "pipehook.db-shm"] {
        assert!(refused.stderr.contains(name), "{refused:?}");
        std::fs::remove_file(file(&folder, name)).expect("it is there");
    }
    assert!(!file(&folder, "pipehook.db").exists(), "nothing was put there");
    folder.run(&["store", "restore", "copy.db"]).ended_with(0);
    folder.run(&["store", "check"]).ended_with(0);
    assert_eq!(folder.run(&["runs", "--format", "json"]).ended_with(0).json().as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_not_whole_is_told_and_not_put_back() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    folder.run(&["runs"]).ended_with(0);
    folder.run(&["store", "backup", "copy.db"]).ended_with(0);
    drop(server);
    Connection::open(folder.path().join("copy.db"))
        .and_then(|database| database.execute("DELETE FROM counter WHERE scope = 'run'", []))
        .expect("a spoilt copy");
    std::fs::rename(folder.path().join("data"), folder.path().join("before")).expect("a folder moves");
    let refused = folder.run(&["store", "restore", "copy.db"]).ended_with(2);
    assert!(refused.stderr.contains("number that the counter"), "{refused:?}");
    folder.write("data/pipehook.db", &"this is no database. ".repeat(100));
    let malformed = folder.run(&["store", "check"]).ended_with(1);
    assert!(malformed.stdout.contains("not a database"), "{malformed:?}");
    folder.run(&["store", "backup", "none.db"]).ended_with(3);
    assert!(!folder.path().join("none.db").exists(), "no file is left of a copy that failed");
}

#[test]
fn a_server_whose_store_is_elsewhere_acknowledges_nothing_until_it_is_back() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    let mut acknowledged = 1;
    for name in ["pipehook.db", "pipehook.db-wal"] {
        let (here, away) = (file(&folder, name), folder.path().join("away"));
        std::fs::rename(&here, &away).expect("a file moves");
        assert_eq!(post(&server), 503, "{name} is not there");
        assert_eq!(server.ask("/readyz").status, 503);
        std::fs::copy(&away, &here).expect("another file in its place");
        assert_eq!(post(&server), 503, "{name} is another one");
        assert!(log(&folder).contains(&format!("{name} was moved away")), "{}", log(&folder));
        std::fs::rename(&away, &here).expect("it is put back");
        until("an acknowledgement", SOON, || (post(&server) == 200).then_some(()));
        acknowledged += 1;
        // Another outage is told when this one is over.
        let ends = || log(&folder).matches("the store can be written again").count();
        let over = ends();
        until("the end of the outage", SOON, || {
            acknowledged += usize::from(post(&server) == 200);
            (ends() > over).then_some(())
        });
    }
    drop(server);
    folder.run(&["store", "check"]).ended_with(0);
    let runs = folder.run(&["runs", "--format", "json", "--limit", "1000"]).ended_with(0).json();
    assert_eq!(runs.as_array().map(Vec::len), Some(acknowledged), "what was acknowledged, and nothing else");
}

#[test]
fn a_store_of_another_version_is_changed_by_no_command_and_written_by_no_server() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    let known = version(&folder);
    set_version(&folder, known - 1);
    for command in [&["runs"][..], &["pause", "hello"], &["store", "check"]] {
        let refused = folder.run(command).ended_with(3);
        assert!(refused.stderr.contains(&format!("schema version {}", known - 1)), "{refused:?}");
    }
    assert_eq!(version(&folder), known - 1, "no command brings it to another version");
    assert_eq!(post(&server), 503);
    folder.run(&["store", "backup", "older.db"]).ended_with(0);
    set_version(&folder, known + 1);
    for command in [&["runs"][..], &["store", "check"], &["store", "backup", "newer.db"]] {
        let refused = folder.run(command).ended_with(3);
        assert!(refused.stderr.contains(&format!("schema version {}", known + 1)), "{refused:?}");
    }
    assert!(!folder.path().join("newer.db").exists());
    assert_eq!(post(&server), 503);
    assert!(log(&folder).contains("schema version"), "{}", log(&folder));
    set_version(&folder, known);
    until("an acknowledgement", SOON, || (post(&server) == 200).then_some(()));
}

#[test]
fn a_database_of_another_version_is_written_by_no_server() {
    let Some(address) = database::schema() else { return };
    let programs = database::programs().expect("the schema needs them too");
    let set = |change: &str| {
        let sql = format!("UPDATE schema_version SET version = version {change}");
        database::run_sql(&programs, &address, &sql).expect("another version");
    };
    let folder = folder();
    folder.set("PIPEHOOK_DATABASE", &address);
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    for (there, back) in [("+ 1", "- 1"), ("- 1", "+ 1")] {
        set(there);
        assert_eq!(post(&server), 503);
        let refused = folder.run(&["runs"]).ended_with(3);
        assert!(refused.stderr.contains("schema version"), "{refused:?}");
        set(back);
        until("an acknowledgement", SOON, || (post(&server) == 200).then_some(()));
    }
}

#[test]
fn commands_that_read_need_nobody_to_be_able_to_write() {
    let folder = folder();
    let server = folder.serve(&[]);
    assert_eq!(post(&server), 200);
    folder.run(&["runs", "wait", "hello#1"]).ended_with(0);
    let database = Connection::open(file(&folder, "pipehook.db")).expect("it opens");
    database.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    for command in [&["runs"][..], &["runs", "show", "hello#1"], &["runs", "logs", "hello#1"]] {
        assert!(!folder.run(command).ended_with(0).stdout.is_empty());
    }
    database.execute_batch("ROLLBACK").expect("the database is free");
}

#[test]
fn a_log_that_is_elsewhere_than_the_configuration_says_is_told_of() {
    let folder = folder();
    let server = folder.serve(&[]);
    assert_eq!(post(&server), 200);
    folder.run(&["runs", "wait", "hello#1"]).ended_with(0);
    drop(server);
    let shown = folder.run(&["runs", "logs", "hello#1"]).ended_with(0);
    assert!(shown.stdout.contains("done") && shown.stderr.is_empty(), "{shown:?}");
    let shared = folder.path().join("shared");
    folder.configure(&format!("connections: {{open: {{auth: none}}}}\nfiles: file://{}\n", shared.display()));
    let shown = folder.run(&["runs", "logs", "hello#1"]).ended_with(0);
    assert!(shown.stdout.is_empty() && shown.stderr.contains("no log of hello#1"), "{shown:?}");
    std::fs::remove_dir_all(&shared).expect("it is there");
    let server = folder.serve(&[]);
    assert!(log(&folder).contains("was not there and was made"), "{}", log(&folder));
    drop(server);
}

#[test]
fn nobody_makes_a_new_store_beside_the_log_of_one_that_is_away() {
    let folder = folder();
    let mut server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server), 200);
    server.kill();
    let (store, away, log) =
        (file(&folder, "pipehook.db"), folder.path().join("away.db"), file(&folder, "pipehook.db-wal"));
    let before = std::fs::read(&log).expect("a log");
    assert!(!before.is_empty());
    std::fs::rename(&store, &away).expect("a file moves");
    for is_empty in [false, true] {
        if is_empty {
            std::fs::write(&store, "").expect("a file");
        }
        for command in [
            &["runs"][..],
            &["pause", "hello"],
            &["deliveries"],
            &["connections"],
            &["store", "check"],
            &["store", "backup", "copy.db"],
            &["store", "migrate", "--database", "postgres://127.0.0.1:1/none"],
            &["serve"],
        ] {
            let refused = folder.run(command).ended_with(3);
            assert!(refused.stderr.contains("pipehook.db-wal"), "{command:?} {refused:?}");
            assert_eq!(std::fs::read(&log).ok().as_ref(), Some(&before), "{command:?} leaves it as it is");
        }
    }
    std::fs::rename(&away, &store).expect("it is put back");
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
}

#[test]
fn a_command_that_looks_makes_no_store() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    folder.run(&["connections"]).ended_with(0);
    for command in [&["runs"][..], &["deliveries"], &["pause"], &["store", "check"], &["pools"]] {
        let refused = folder.run(command).ended_with(3);
        assert!(refused.stderr.contains("nothing was served from here yet"), "{command:?} {refused:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("data")).expect("the folder").count(), 0);
    let Some(address) = database::schema() else { return };
    let folder = crate::cluster::folder(&address);
    for command in [&["runs"][..], &["pause"], &["store", "check"], &["check"]] {
        let looked = folder.run(command);
        let is_refused = looked.code == Some(3) && looked.stderr.contains("no tables of pipehook");
        assert!(is_refused || command == ["check"], "{command:?} {looked:?}");
    }
    let count = "SELECT 'tables: ' || count(*) FROM pg_tables WHERE schemaname = current_schema()";
    let programs = database::programs().expect("there is a database");
    let counted = database::run_sql(&programs, &address, count).expect("they are counted");
    assert!(counted.contains("tables: 0"), "{counted}");
}
