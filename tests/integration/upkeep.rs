//! The store as a whole: looked at, copied while a server runs, put back; and old files removed.

use crate::database;
use crate::support::{Folder, Server, until};
use std::path::Path;
use std::time::Duration;

const PIPELINE: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- script: echo done
";

fn folder(more: &str) -> Folder {
    let folder = Folder::new(&format!("connections: {{open: {{auth: none}}}}\n{more}"));
    folder.write("pipelines/hello.yml", PIPELINE);
    folder
}

fn post(server: &Server) {
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
}

fn completed(folder: &Folder, count: usize) -> Vec<String> {
    until("the end of the runs", Duration::from_secs(60), || {
        let runs = folder.run(&["runs", "--state", "completed", "--format", "json"]).json();
        let ids: Vec<String> = runs.as_array()?.iter().filter_map(|run| Some(run["id"].as_str()?.to_owned())).collect();
        (ids.len() == count).then_some(ids)
    })
}

#[test]
fn a_copy_that_was_made_while_serving_is_a_store_again() {
    let folder = folder("");
    let none = folder.run(&["store", "check"]).ended_with(3);
    assert!(none.stderr.contains("no store"), "{}", none.stderr);
    let server = folder.serve(&[]);
    post(&server);
    completed(&folder, 1);
    folder.run(&["store", "backup", "copy.db"]).ended_with(0);
    post(&server);
    completed(&folder, 2);
    folder.run(&["store", "backup", "copy.db"]).ended_with(2);
    folder.run(&["store", "restore", "copy.db"]).ended_with(3);
    let whole = folder.run(&["store", "check"]).ended_with(0);
    assert_eq!(whole.stdout, "the store is whole\n");
    drop(server);
    folder.write("junk.db", "this is no database");
    std::fs::rename(folder.path().join("data"), folder.path().join("before")).expect("a folder moves");
    folder.run(&["store", "restore", "junk.db"]).ended_with(2);
    folder.run(&["store", "restore", "copy.db"]).ended_with(0);
    folder.run(&["store", "check"]).ended_with(0);
    assert_eq!(completed(&folder, 1).len(), 1, "what came after the copy is not in it");
    let server = folder.serve(&[]);
    post(&server);
    completed(&folder, 2);
}

/// Whoever else writes in the database is named: the database itself says only that it is locked.
#[test]
fn who_holds_the_database_is_told() {
    let folder = folder("");
    drop(folder.serve(&[]));
    let hold = "import sqlite3, sys\nsqlite3.connect('data/pipehook.db', isolation_level=None).execute('BEGIN IMMEDIATE')\n\
                print('held', flush=True)\nsys.stdin.read()\n";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", hold]).current_dir(folder.path());
    python.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut holder = python.spawn().expect("python3 runs");
    let mut held = String::new();
    let out = holder.stdout.as_mut().expect("it is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut held).expect("it says so");
    assert_eq!(held, "held\n");
    let told = folder.run(&["pause", "hello"]).ended_with(3).stderr;
    assert!(told.contains("database is locked"), "{told}");
    assert!(told.contains(&format!("process {} (python3", holder.id())), "{told}");
    drop(holder.stdin.take());
    holder.wait().expect("it ends");
    folder.run(&["pause", "hello"]).ended_with(0);
}

/// Where a copy is until all of it is on disk.
const PART: &str = "copy.db.pipehook-part";

/// Makes a store that takes a while to copy.
fn enlarge(folder: &Folder) {
    let database = rusqlite::Connection::open(folder.path().join("data/pipehook.db")).expect("the store");
    database
        .execute_batch(
            "CREATE TABLE filler AS
             WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 64)
             SELECT randomblob(1048576) AS bytes FROM row",
        )
        .expect("it grows");
}

/// Begins a backup and stops it in the midst of the copying.
fn kill_in_the_middle(folder: &Folder, signal: rustix::process::Signal) {
    let path = |name: &str| folder.path().join(name);
    for _ in 0..50 {
        let mut backup = folder.command(&["store", "backup", "copy.db"]).spawn().expect("it begins");
        while backup.try_wait().expect("it is ours").is_none() {
            if path(PART).exists() {
                rustix::process::kill_process(rustix::process::Pid::from_child(&backup), signal).expect("it is there");
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        backup.wait().expect("it ends");
        if !path("copy.db").exists() {
            return;
        }
        std::fs::remove_file(path("copy.db")).expect("it was too fast");
    }
    panic!("every backup was faster than the signal");
}

#[test]
fn a_backup_that_breaks_off_leaves_no_half_copy_under_its_name() {
    let folder = folder("");
    let server = folder.serve(&[]);
    post(&server);
    completed(&folder, 1);
    drop(server);
    enlarge(&folder);
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::KILL] {
        kill_in_the_middle(&folder, signal);
        assert!(folder.path().join(PART).exists());
    }
    // The database keeps what it copies in memory for a while: half a copy is made here.
    folder.write(PART, &"half a copy".repeat(1_000));
    let made = folder.run(&["store", "backup", "copy.db"]).ended_with(0);
    assert!(made.stderr.contains(PART) && made.stderr.contains("broke off"), "{made:?}");
    assert!(!folder.path().join(PART).exists());
    folder.run(&["store", "backup", "copy.db"]).ended_with(2);
    std::fs::remove_dir_all(folder.path().join("data")).expect("the store is gone");
    folder.run(&["store", "restore", "copy.db"]).ended_with(0);
    assert_eq!(completed(&folder, 1).len(), 1);
    let again = folder.run(&["store", "backup", "other.db"]).ended_with(0);
    assert!(!again.stderr.contains("broke off"), "{again:?}");
}

#[test]
fn a_backup_that_finds_no_room_leaves_nothing() {
    let folder = folder("");
    drop(folder.serve(&[]));
    enlarge(&folder);
    let names = || {
        let names = std::fs::read_dir(folder.path()).expect("a folder").map(|it| it.expect("a file").file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    // In blocks of 1 KiB or of 512 bytes: what the signal would say comes as an error of the disk.
    let program = env!("CARGO_BIN_EXE_pipehook");
    let failed = folder.shell(&format!("trap '' XFSZ; ulimit -f 20000; exec {program} store backup copy.db"));
    assert_eq!(failed.status.code(), Some(3), "{failed:?}");
    assert_eq!(names(), before);
}

#[test]
fn what_is_wrong_with_a_store_is_told() {
    let folder = folder("");
    let server = folder.serve(&[]);
    post(&server);
    let runs = completed(&folder, 1);
    drop(server);
    rusqlite::Connection::open(folder.path().join("data/pipehook.db"))
        .and_then(|database| database.execute("UPDATE job SET state = 'waiting', result = NULL, finished_at = NULL, started_at = NULL, started_step = 0", []))
        .expect("a broken store");
    let wrong = folder.run(&["store", "check"]).ended_with(1);
    assert!(
        wrong.stdout.contains("a completed run with a job that is not") && wrong.stdout.contains(&runs[0]),
        "{wrong:?}"
    );
}

#[test]
fn a_job_that_is_queued_under_another_name_than_its_runs_is_told() {
    let folder = folder("");
    let server = folder.serve(&["--no-worker"]);
    post(&server);
    drop(server);
    // What was acknowledged is filed before it is listed.
    folder.run(&["runs"]).ended_with(0);
    folder.run(&["store", "check"]).ended_with(0);
    for (spoil, mend) in [("lane = 'zzz'", "lane = 'open'"), ("pipeline = 'nope'", "pipeline = 'hello'")] {
        let check = |change: &str| {
            let changed = store(&folder).execute(&format!("UPDATE job SET {change} WHERE state = 'due'"), []);
            assert_eq!(changed.expect("a job"), 1);
            folder.run(&["store", "check"])
        };
        let wrong = check(spoil).ended_with(1);
        assert!(wrong.stdout.contains("queued under another connection or pipeline than its run's"), "{wrong:?}");
        check(mend).ended_with(0);
    }
}

fn store(folder: &Folder) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.path().join("data/pipehook.db")).expect("a store")
}

/// Makes many runs out of one that is completed, all as old.
const MANY_RUNS: &str = r#"
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
INSERT INTO run (seq, id, pipeline, number, name, state, result, queued_at, started_at, finished_at)
SELECT seq + n, printf('run_%026d', n), pipeline, number + n, name, state, result, queued_at, started_at, finished_at
FROM run, n;
INSERT INTO work SELECT run.seq, form, "values" FROM run, work WHERE run.seq <> work.run;
INSERT INTO job (id, run, stage_index, job_index, leg_index, pool, state, result, started_at, finished_at)
SELECT printf('job_%026d', run.seq), run.seq, stage_index, job_index, leg_index, pool, job.state, job.result,
       job.started_at, job.finished_at
FROM run, job
WHERE run.seq <> job.run;
UPDATE counter SET value = value + 5000 WHERE scope = 'run';
"#;

/// Asks a server to stop once it has begun to remove what is old, and says how much of that is left.
fn left_by_a_stopped_server(folder: &Folder, count: impl Fn() -> usize) -> usize {
    let before = count();
    let mut server = folder.serve(&["--no-worker"]);
    until("something to go", Duration::from_secs(30), || (count() < before).then_some(()));
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(10)), Some(0));
    count()
}

#[test]
fn a_server_that_forgets_many_runs_stops_between_two_steps() {
    let folder = folder("retention: {runs: {age: 1s}}\n");
    let server = folder.serve(&[]);
    post(&server);
    completed(&folder, 1);
    drop(server);
    store(&folder).execute_batch(MANY_RUNS).expect("many runs");
    std::thread::sleep(Duration::from_secs(1));
    let store = store(&folder);
    let count = || store.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).expect("a number");
    assert!(left_by_a_stopped_server(&folder, count) > 0, "it went on until all were gone");
    drop(store);
    folder.run(&["store", "check"]).ended_with(0);
}

#[test]
fn a_server_that_removes_many_folders_stops_between_two_of_them() {
    let folder = folder("");
    let logs = folder.path().join("data/logs");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(7 * 24 * 60 * 60);
    for number in 0..10_000 {
        let log = logs.join(format!("run_{number:026}"));
        std::fs::create_dir_all(&log).expect("a folder");
        std::fs::File::open(&log).and_then(|log| log.set_modified(long_ago)).expect("an old folder");
    }
    let count = || std::fs::read_dir(&logs).map_or(0, Iterator::count);
    assert!(left_by_a_stopped_server(&folder, count) > 0, "it went on until all were gone");
}

#[test]
fn old_runs_go_with_their_logs_and_what_goes_on_stays() {
    let folder = folder("retention: {runs: {age: 1s}, deliveries: {age: 1s}}\n");
    let server = folder.serve(&[]);
    post(&server);
    let run = completed(&folder, 1).remove(0);
    let log = folder.path().join("data/logs").join(&run);
    assert!(log.is_dir(), "its log is there");
    drop(server);
    until("a second to pass", Duration::from_secs(10), || is_old(&log).then_some(()));
    let server = folder.serve(&[]);
    until("the run to go", Duration::from_secs(30), || completed_now(&folder).is_empty().then_some(()));
    until("its log to go", Duration::from_secs(30), || (!log.exists()).then_some(()));
    let deliveries = || folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    until("its delivery to go", Duration::from_secs(30), || deliveries().as_array()?.is_empty().then_some(()));
    post(&server);
    let last = completed(&folder, 1).remove(0);
    let shown = folder.run(&["runs", "show", &last, "--format", "json"]).ended_with(0).json();
    assert_eq!(shown["number"], 2, "numbers go on");
}

/// The second job succeeds only once there is a file that says so.
const HANDED_ON: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
jobs:
- job: make
  steps:
  - bash: mkdir out && echo made > out/file
  - {publish: out, artifact: drop}
- job: take
  dependsOn: make
  steps:
  - {download: current, artifact: drop}
  - bash: cat $(Pipeline.Workspace)/drop/file && test -f FOLDER/ok
";

#[test]
fn what_a_rerun_has_taken_is_kept_although_the_run_that_made_it_goes() {
    let folder = folder("retention: {runs: {age: 1s}, artifacts: {age: 1s}}\n");
    let place = folder.path().display().to_string();
    folder.write("pipelines/hello.yml", &HANDED_ON.replace("FOLDER", &place));
    let server = folder.serve(&[]);
    post(&server);
    let run = completed(&folder, 1).remove(0);
    let drop_folder = folder.path().join("data/artifacts").join(&run);
    assert!(drop_folder.is_dir(), "its artifact is there");
    drop(server);
    until("a second to pass", Duration::from_secs(10), || is_old(&drop_folder).then_some(()));
    folder.run(&["rerun", &run, "--failed"]).ended_with(0);
    let server = folder.serve(&["--no-worker"]);
    until("the run to go", Duration::from_secs(30), || completed_now(&folder).is_empty().then_some(()));
    drop(server);
    assert!(drop_folder.is_dir(), "its rerun needs the artifact");
    folder.write("ok", "");
    let server = folder.serve(&[]);
    folder.run(&["runs", "wait", "hello#2"]).ended_with(0);
    assert!(folder.run(&["runs", "logs", "hello#2"]).ended_with(0).stdout.contains("made\n"));
    drop(server);
}

#[test]
fn what_is_old_goes_from_a_database_and_from_files_that_machines_share() {
    let Some(address) = database::schema() else { return };
    let folder = folder(
        "database: {env: PIPEHOOK_TEST_DATABASE}\n\
         retention: {runs: {age: 1s}, deliveries: {age: 1s}, logs: {age: 1h}}\n",
    );
    folder.set("PIPEHOOK_TEST_DATABASE", &address);
    let files = folder.path().join("shared");
    let configured = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    folder.write("pipehook.yml", &format!("{configured}files: file://{}\n", files.display()));
    let server = folder.serve(&[]);
    post(&server);
    let run = completed(&folder, 1).remove(0);
    drop(server);
    let logs = || files_below(&files.join("logs").join(&run));
    assert!(logs() > 0, "its log is there");
    let folder_of_run = files.join("logs").join(&run);
    until("a second to pass", Duration::from_secs(10), || is_old(&folder_of_run).then_some(()));
    let server = folder.serve(&["--no-worker"]);
    until("the run to go", Duration::from_secs(30), || completed_now(&folder).is_empty().then_some(()));
    until("its log to go", Duration::from_secs(30), || (logs() == 0).then_some(()));
    let deliveries = || folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    until("the delivery to go", Duration::from_secs(30), || deliveries().as_array()?.is_empty().then_some(()));
    drop(server);
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

fn completed_now(folder: &Folder) -> Vec<serde_json::Value> {
    folder.run(&["runs", "--state", "completed", "--format", "json"]).json().as_array().cloned().unwrap_or_default()
}

fn is_old(path: &Path) -> bool {
    let written = std::fs::metadata(path).and_then(|about| about.modified()).expect("it is there");
    written.elapsed().is_ok_and(|age| age > Duration::from_millis(1_500))
}
