//! A disk that is full, a quota that is used up, too many open files: senders are told to come again,
//! it is logged once, and when there is room it goes on by itself.
//!
//! The limits of the running server's process are lowered from outside, and raised again.

use crate::support::{Folder, Server, until};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const PIPELINE: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- script: echo ${{ parameters.hook.number }}
";
/// How many deliveries fill the little room that there is, and after how many refusals it is full.
const POSTS_MAX: u64 = 3_000;
const REFUSED_IN_A_ROW: u64 = 20;
/// How long it may take to find room again: a worker and a server look for it by themselves.
const RECOVERY_MAX: Duration = Duration::from_secs(120);

pub fn folder() -> Folder {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/hello.yml", PIPELINE);
    folder
}

/// Sets a limit of the server's process, and returns the one before.
pub fn limit(server: &Server, resource: Resource, current: Option<u64>) -> Option<u64> {
    let process = Pid::from_raw(i32::try_from(server.process()).expect("a process number"));
    let before = prlimit(process, resource, Rlimit { current, maximum: getrlimit(resource).maximum });
    before.expect("the limits of a child can be set").current
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("stderr.txt")).expect("the server's log")
}

fn post(server: &Server, number: u64) -> (u16, Option<String>) {
    let answer = server.request("POST", "/webhooks/open", &[], format!("{{\"number\":{number}}}").as_bytes());
    (answer.status, answer.header("retry-after").map(str::to_owned))
}

/// Posts until nothing can be written any more. Returns the limit before, and how many were acknowledged.
fn fill(folder: &Folder, server: &Server) -> (Option<u64>, u64) {
    // The log of the database may not grow, which leaves room for the server's own lines.
    let before = limit(server, Resource::Fsize, Some(written(folder)));
    // Opening the database anew brings its log into it, which makes room a few times.
    let (mut taken, mut refused) = (0, 0);
    for number in 1..POSTS_MAX {
        match post(server, number) {
            (200, _) => (taken, refused) = (taken + 1, 0),
            (status, retry_after) => {
                assert_eq!(status, 503, "nothing can be written");
                assert!(retry_after.is_some(), "it says when to come again");
                refused += 1;
            }
        }
        if refused == REFUSED_IN_A_ROW {
            break;
        }
    }
    assert_eq!(refused, REFUSED_IN_A_ROW, "the disk is full");
    (before, taken)
}

/// Returns the length of the database's log.
fn written(folder: &Folder) -> u64 {
    std::fs::metadata(folder.path().join("data/pipehook.db-wal")).expect("its log").len()
}

#[test]
fn a_full_disk_is_answered_with_503_logged_once_and_survived() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server, 0).0, 200);
    let (before, taken) = fill(&folder, &server);
    let lines = log(folder.path()).lines().filter(|line| line.contains("could not be written")).count();
    assert_eq!(lines, 1, "it is logged once:\n{}", log(folder.path()));
    assert!(log(folder.path()).contains("(`ulimit -f`)"), "it is named:\n{}", log(folder.path()));
    limit(&server, Resource::Fsize, before);
    until("room again", RECOVERY_MAX, || (post(&server, POSTS_MAX).0 == 200).then_some(()));
    let last = folder.run(&["runs", "--limit", "1", "--format", "json"]).ended_with(0).json();
    assert_eq!(last[0]["number"], taken + 2, "what was refused is not there");
}

#[test]
fn what_was_acknowledged_is_shown_on_a_disk_that_is_full() {
    let folder = folder();
    let mut server = folder.serve(&["--no-worker"]);
    assert_eq!(post(&server, 0).0, 200);
    let (_, taken) = fill(&folder, &server);
    let all = taken + 1;
    let shown = server.ask("/api/v1/runs?limit=1").json();
    assert_eq!(shown[0]["number"], all, "the server shows the last one");
    server.kill();
    // What the command may write is as little; a shell counts in 1,024 bytes, and the signal that comes with the error is ignored.
    let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", written(&folder) / 1024);
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("bash");
        let asked = command.args(["-c", &limited, env!("CARGO_BIN_EXE_pipehook")]).args(arguments);
        let told = asked.current_dir(folder.path()).output().expect("bash runs");
        assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).expect("text")
    };
    for list in ["runs", "deliveries"] {
        let listed: serde_json::Value =
            serde_json::from_str(&ask(&[list, "--limit", "10000", "--format", "json"])).expect("a document");
        assert_eq!(listed.as_array().map(Vec::len), usize::try_from(all).ok(), "all {list} are listed");
    }
    assert!(ask(&["runs", "show", &format!("hello#{all}")]).contains("queued"));
}

/// Runs a command where the data folder can only be read; nothing where nothing can be mounted, which is said.
fn where_nothing_may_be_written(folder: &Folder, command: &str) -> Option<Output> {
    let as_it_is = "mount --bind data data && mount -o remount,ro,bind data && ! touch data/probe 2> /dev/null";
    let in_namespace = |line: &str| {
        let mut unshare = Command::new("unshare");
        let made = unshare.args(["--map-root-user", "--mount", "bash", "-c", line, env!("CARGO_BIN_EXE_pipehook")]);
        made.current_dir(folder.path()).output()
    };
    if !in_namespace(as_it_is).is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: nothing can be mounted here");
        return None;
    }
    Some(in_namespace(&format!("{as_it_is} && exec \"$0\" {command}")).expect("it runs"))
}

/// Leaves a store whose last deliveries nobody has filed.
fn with_unfiled(all: u64) -> Folder {
    let folder = folder();
    let mut server = folder.serve(&["--no-worker"]);
    (0..all).for_each(|number| assert_eq!(post(&server, number).0, 200));
    server.kill();
    folder
}

#[test]
fn what_was_acknowledged_is_shown_where_nothing_may_be_written() {
    const ALL: u64 = 5;
    let folder = with_unfiled(ALL);
    for list in ["runs", "deliveries"] {
        let Some(told) = where_nothing_may_be_written(&folder, &format!("{list} --format json")) else { return };
        assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
        let listed: serde_json::Value = serde_json::from_slice(&told.stdout).expect("a document");
        assert_eq!(listed.as_array().map(Vec::len), usize::try_from(ALL).ok(), "all {list} are listed");
    }
}

#[test]
fn a_store_too_large_to_be_filed_in_memory_says_how_much_is_not_shown_where_nothing_may_be_written() {
    let folder = with_unfiled(2);
    let store = rusqlite::Connection::open(folder.path().join("data/pipehook.db")).expect("it opens");
    let large = "CREATE TABLE large (bytes BLOB); INSERT INTO large VALUES (zeroblob(260 * 1024 * 1024))";
    store.execute_batch(large).expect("there is room");
    let behind = "SELECT max(delivery.seq) - min(filing.filed) FROM delivery, filing";
    let behind: i64 = store.query_row(behind, [], |row| row.get(0)).expect("a number");
    drop(store);
    assert!(behind > 0, "something is not filed");
    let Some(told) = where_nothing_may_be_written(&folder, "runs") else { return };
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("{behind} acknowledged deliveries wait to be filed")), "{said}");
    assert!(said.contains("the store is too large"), "{said}");
    // Where it may be written again it is filed and shown.
    let listed = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
}

#[test]
fn too_many_open_files_are_survived() {
    let folder = folder();
    let server = folder.serve(&[]);
    assert_eq!(post(&server, 0).0, 200);
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.process())).expect("its files").count() as u64;
    let before = limit(&server, Resource::Nofile, Some(open + 2));
    let idle: Vec<_> = (0..20).filter_map(|_| std::net::TcpStream::connect(server.public).ok()).collect();
    assert!(!idle.is_empty(), "the system takes connections that the server can't");
    drop(idle);
    limit(&server, Resource::Nofile, before);
    until("an answer", RECOVERY_MAX, || (post(&server, 1).0 == 200).then_some(()));
    until("the end of both runs", RECOVERY_MAX, || {
        let runs = server.ask("/api/v1/runs?state=completed").json();
        (runs.as_array().or(runs["runs"].as_array())?.len() == 2).then_some(())
    });
}

#[test]
fn a_log_that_can_not_be_written_fails_its_job_and_no_other() {
    let folder = folder();
    folder
        .write("pipelines/hello.yml", &PIPELINE.replace("echo", "head -c 3000000 /dev/zero | tr '\\0' x | fold; echo"));
    let server = folder.serve(&[]);
    let before = limit(&server, Resource::Fsize, Some(2_000_000));
    assert_eq!(post(&server, 1).0, 200);
    let result = |number: u64| {
        until("the end of the run", RECOVERY_MAX, || {
            let shown = folder.run(&["runs", "show", &format!("hello#{number}"), "--format", "json"]);
            (shown.code == Some(0)).then(|| shown.json()).filter(|run| run["state"] == "completed")
        })
    };
    assert_eq!(result(1)["result"], "failed");
    limit(&server, Resource::Fsize, before);
    folder.write("pipelines/hello.yml", PIPELINE);
    until("the pipeline to be taken up", RECOVERY_MAX, || {
        assert_eq!(post(&server, 2).0, 200);
        let runs = server.ask("/api/v1/runs?limit=1").json();
        let last = runs.as_array().or(runs["runs"].as_array())?.first()?["number"].as_u64()?;
        (result(last)["result"] == "succeeded").then_some(())
    });
}

#[test]
fn a_log_that_takes_nothing_stops_no_request() {
    let folder = folder();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("stderr.txt")).expect("a link");
    let server = folder.serve(&[]);
    for number in 0..20 {
        assert_eq!(post(&server, number).0, 200);
        assert_eq!(server.request("POST", "/webhooks/nobody", &[], b"{}").status, 404);
    }
    until("the runs", RECOVERY_MAX, || {
        let runs = folder.run(&["runs", "--format", "json"]).json();
        let all = runs.as_array()?;
        (all.len() == 20 && all.iter().all(|run| run["result"] == "succeeded")).then_some(())
    });
}

/// Starts a server that may have so many files open, and returns it with what it prints.
pub fn serve_with_files(folder: &Folder, files: u64) -> (std::process::Child, impl Iterator<Item = String>) {
    let line = format!("ulimit -n {files}; exec \"$0\" serve");
    let mut server = Command::new("bash")
        .args(["-c", &line, env!("CARGO_BIN_EXE_pipehook")])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(folder.path().join("stderr.txt")).expect("a file"))
        .spawn()
        .expect("a shell");
    let lines = std::io::BufReader::new(server.stdout.take().expect("a pipe"));
    (server, std::io::BufRead::lines(lines).map_while(Result::ok))
}

#[test]
fn a_server_that_may_have_too_few_files_says_so_and_does_not_begin() {
    for files in [32, 40, 64, 120] {
        let folder = folder();
        let (mut server, mut lines) = serve_with_files(&folder, files);
        assert_eq!(lines.next(), None);
        assert_eq!(server.wait().expect("it ends").code(), Some(3));
        let told = log(folder.path());
        assert!(told.contains(&format!("may have {files} files open")) && told.contains("ulimit -n"), "{told}");
        assert_eq!(told.trim().lines().count(), 1, "{told}");
    }
}

#[test]
fn senders_that_say_nothing_leave_files_for_the_server_itself() {
    use std::io::{Read, Write};
    let folder = folder();
    let (mut server, mut lines) = serve_with_files(&folder, 150);
    let mut address = |before: &str| {
        let line = lines.next().expect("a line");
        line.strip_prefix(before).expect("an address").to_owned()
    };
    let (public, admin) = (address("listening on http://"), address("admin on http://"));
    let idle: Vec<_> = (0..200).map(|_| std::net::TcpStream::connect(&public).expect("the system takes it")).collect();
    let mut asking = std::net::TcpStream::connect(&admin).expect("a connection");
    write!(asking, "GET /readyz HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    asking.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "the store can be written: {answer}\n{}", log(folder.path()));
    assert!(!log(folder.path()).contains("Too many open files"), "{}", log(folder.path()));
    drop(idle);
    server.kill().expect("it is killed");
    server.wait().expect("it ends");
}

/// Prints as much as has no room, and then a word.
const TALKATIVE: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- bash: head -c 3000000 /dev/zero | tr '\\0' x | fold; echo; echo ended
";
/// How a script asks whether a server that has said where it listens is ready.
const READY: &str = r#"
ready() {
  admin=$(sed -n 's|^admin on http://||p' out.txt)
  exec 4<>"/dev/tcp/${admin%:*}/${admin##*:}"
  printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$admin" >&4
  cat <&4
}
"#;
/// Serves with a small disk for one folder of its data, `$1`, posts, and goes on once a job waits for room.
pub const SMALL_DISK: &str = r#"
mkdir -p "data/$1" && mount -t tmpfs -o size=1m tmpfs "data/$1" || exit 77
"$0" serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 > out.txt 2> err.txt & server=$!
trap 'kill $server; wait $server' EXIT
until grep -q '^listening' out.txt; do sleep 0.05; done
address=$(sed -n 's|^listening on http://||p' out.txt)
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'POST /webhooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}' >&3
cat <&3 > answer.txt
until grep -q 'waits for room' err.txt; do sleep 0.05; done
"#;
/// There is more room.
const LITTLE_ROOM: &str = r#"
ready > missed.txt
mount -o remount,size=40m data/logs
"$0" runs wait hello#1 && "$0" runs logs hello#1 > log.txt && ready > ready.txt
"#;

/// Runs a script that mounts, with the program as `$0` and `disk` as `$1`, for so many seconds at most. Returns
/// nothing where nothing can be mounted here.
pub fn mounting(folder: &Folder, seconds: &str, script: &str, disk: &str) -> Option<Output> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "timeout", seconds, "bash", "-c", script]);
    let told = unshare.args([env!("CARGO_BIN_EXE_pipehook"), disk]).current_dir(folder.path()).output();
    let told = told.ok().filter(|told| !matches!(told.status.code(), Some(1 | 77)));
    if told.is_none() {
        eprintln!("skipped: nothing can be mounted here");
    }
    told
}

#[test]
fn a_job_waits_for_room_for_its_log() {
    let folder = folder();
    folder.write("pipelines/hello.yml", TALKATIVE);
    let Some(told) = mounting(&folder, "120", &format!("{READY}{SMALL_DISK}{LITTLE_ROOM}"), "logs") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let error = || read("err.txt");
    assert_eq!(told.status.code(), Some(0), "{}\n{}", String::from_utf8_lossy(&told.stderr), error());
    assert!(error().contains("what a job had waited for is there again"), "{}", error());
    let missed = read("missed.txt");
    assert!(missed.starts_with("HTTP/1.1 503") && missed.contains("no room for the logs of jobs"), "{missed}");
    assert!(read("ready.txt").starts_with("HTTP/1.1 200"), "{}", read("ready.txt"));
    let log = read("log.txt");
    let printed = log.lines().filter(|line| line.bytes().all(|byte| byte == b'x')).map(str::len).sum::<usize>();
    assert_eq!(printed, 3_000_000, "nothing is missing");
    assert!(log.contains("\nended\n"));
}

/// As above, but nobody makes room: the run is canceled.
const NO_ROOM: &str = r#"
mount -o remount,size=1m data/logs
"$0" runs cancel hello#1
"$0" runs wait hello#1; "$0" runs show hello#1 > show.txt
"#;

#[test]
fn a_job_that_waits_for_room_can_be_canceled() {
    let folder = folder();
    folder.write("pipelines/hello.yml", TALKATIVE);
    let Some(told) = mounting(&folder, "40", &format!("{SMALL_DISK}{NO_ROOM}"), "logs") else { return };
    let shown = std::fs::read_to_string(folder.path().join("show.txt")).unwrap_or_default();
    assert_eq!(told.status.code(), Some(0), "it did not wait for room: {}", log_of(&folder));
    assert!(shown.contains("canceled") && shown.contains("the run was asked to stop"), "{shown}\n{}", log_of(&folder));
}

/// Serves where nothing has room in the folder of logs, and then something, before there was any job.
const FULL_FROM_THE_START: &str = r#"
mkdir -p data/logs && mount -t tmpfs -o size=1m tmpfs data/logs || exit 77
! cat /dev/zero > data/logs/filler 2> /dev/null
"$0" serve --no-worker --listen 127.0.0.1:0 --admin 127.0.0.1:0 > out.txt 2> err.txt & server=$!
trap 'kill $server; wait $server' EXIT
until grep -q '^admin' out.txt; do sleep 0.05; done
ready > missed.txt
rm data/logs/filler
ready > ready.txt
ls -A data/logs > left.txt
"#;

#[test]
fn a_server_is_not_ready_where_logs_have_no_room_also_before_a_job_has_missed_it() {
    let folder = folder();
    let script = format!("{READY}{FULL_FROM_THE_START}");
    let Some(told) = mounting(&folder, "60", &script, "logs") else { return };
    assert_eq!(told.status.code(), Some(0), "{}\n{}", String::from_utf8_lossy(&told.stderr), log_of(&folder));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let missed = read("missed.txt");
    assert!(missed.starts_with("HTTP/1.1 503") && missed.contains("no room for the logs of jobs"), "{missed}");
    assert!(read("ready.txt").starts_with("HTTP/1.1 200"), "{}", read("ready.txt"));
    assert_eq!(read("left.txt"), "", "what was tried is gone");
}

fn log_of(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("err.txt")).unwrap_or_default()
}

#[test]
fn a_job_whose_log_can_not_be_made_says_which_file_it_is() {
    let folder = folder();
    let server = folder.serve(&[]);
    std::fs::create_dir_all(folder.path().join("data")).expect("a folder");
    let logs = folder.path().join("data/logs");
    let _ = std::fs::remove_dir_all(&logs);
    std::fs::write(&logs, "this is no folder").expect("a file");
    assert_eq!(post(&server, 1).0, 200);
    folder.run(&["runs", "wait", "hello#1"]).ended_with(1);
    let shown = folder.run(&["runs", "show", "hello#1"]).ended_with(0).stdout;
    let reason = shown.lines().find(|line| line.contains("the log can't be written")).expect("a reason");
    assert!(reason.contains("data/logs/run_") && reason.contains("os error"), "the whole of it: {reason}");
    assert!(log(folder.path()).contains("what it prints can't be kept"), "{}", log(folder.path()));
}

/// Serves with its data on a small disk of a kind that writes each page to a new place, fills it, and makes room again.
const COPYING_DISK: &str = r#"
truncate -s 120M disk && mkfs.btrfs -q disk > /dev/null && mkdir data && mount -o loop disk data || exit 77
"$0" serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 > out.txt 2> err.txt & server=$!
trap 'kill $server; wait $server; umount data' EXIT
until grep -q '^listening' out.txt; do sleep 0.05; done
address=$(sed -n 's|^listening on http://||p' out.txt)
post() {
  exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || return
  printf 'POST /webhooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}' >&3
  head -n 1 <&3
}
post > first.txt; "$0" runs wait hello#1
cat /dev/zero > data/filling 2> filled.txt; sync data/filling
for number in $(seq 20); do post; done > full.txt
"$0" runs --format json > shown.txt
rm data/filling; sync
for number in $(seq 300); do post > again.txt; grep -q 200 again.txt && break; sleep 0.1; done
"$0" runs wait hello#2 && "$0" store check
"#;

#[test]
fn a_disk_that_writes_each_page_to_a_new_place_may_be_full() {
    let folder = folder();
    let mut root = Command::new("unshare");
    // A file can be mounted by the system's own root only.
    root.args(["--mount", "timeout", "120", "bash", "-c", COPYING_DISK, env!("CARGO_BIN_EXE_pipehook")]);
    let told = root.current_dir(folder.path()).output().expect("unshare is there");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    if matches!(told.status.code(), Some(1 | 77)) && read("out.txt").is_empty() {
        eprintln!("skipped: no file with btrfs can be mounted here");
        return;
    }
    assert_eq!(told.status.code(), Some(0), "{}\n{}", String::from_utf8_lossy(&told.stderr), read("err.txt"));
    assert!(read("first.txt").contains(" 200 ") && read("again.txt").contains(" 200 "), "{}", read("again.txt"));
    let full = read("full.txt");
    assert!(full.lines().count() == 20 && full.lines().all(|line| line.contains(" 503 ")), "{full}");
    assert!(read("shown.txt").contains("succeeded"), "what was acknowledged is shown: {}", read("shown.txt"));
    let log = read("err.txt");
    assert!(log.contains("no room for the pages that its processes share"), "{log}");
}
