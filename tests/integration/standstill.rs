//! A disk that stands still, and one that takes nothing for longer than a lease: a server that is asked to end does so all
//! the same, and one that is not keeps its jobs.

use crate::power::library;
use crate::support::{Folder, Server, checksum, connect, until};
use rusqlite::Connection;
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
/// How long an end may take at most, on a machine that is busy.
const END_MAX: Duration = Duration::from_secs(120);
/// Longer than a lease, and than a worker whose store is shared waits for one.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(36);

/// A job that notes each beginning with its run, and ends when there is a file `go`. Without `go` it begins again where it was lost.
fn folder() -> Folder {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let here = folder.path().display().to_string();
    let pipeline = "\
resources:
  webhooks: [{webhook: hook, connection: load}]
jobs:
- job: work
  attempts: 2
  steps:
  - script: |
      cd 'HERE'
      echo $BUILD_BUILDID >> begun
      until [ -e go ]; do sleep 0.05; done
  - script: echo told >> 'HERE/told'
";
    folder.write("pipelines/load.yml", &pipeline.replace("HERE", &here));
    folder
}

fn still(folder: &Folder) -> PathBuf {
    folder.path().join("still")
}

/// Starts a server whose disk stands still while there is a file `still`; nothing where there is no compiler.
fn serve(folder: &Folder) -> Option<Server> {
    let library = library(folder, "disk/disk.c")?;
    let (library, still): (&OsStr, PathBuf) = (library.as_ref(), still(folder));
    Some(folder.serve_with(&["--drain-seconds", "1"], &[("LD_PRELOAD", library), ("DISK_STILL", still.as_ref())]))
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap_or_default()
}

fn log(folder: &Folder) -> String {
    read(folder, "stderr.txt")
}

/// Queues a run and returns when its job has begun.
fn begin(folder: &Folder, server: &Server) {
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    until("the job's beginning", SOON, || (read(folder, "begun").lines().count() == 1).then_some(()));
}

/// Returns how often the job of the first run has begun.
fn beginnings(folder: &Folder) -> usize {
    let begun = read(folder, "begun");
    begun.lines().filter(|run| Some(*run) == begun.lines().next()).count()
}

/// Checks that the job went on, and ended well as if nothing had been.
fn check_went_on(folder: &Folder) {
    folder.write("go", "");
    folder.run(&["runs", "wait", "load#1"]).ended_with(0);
    assert_eq!((beginnings(folder), read(folder, "told").as_str()), (1, "told\n"), "{}", log(folder));
    assert_eq!(read(folder, "begun").lines().count(), 1, "{}", log(folder));
    let shown = folder.run(&["runs", "show", "load#1", "--format", "json"]).ended_with(0).json();
    let job = &shown["stages"][0]["jobs"][0];
    assert_eq!((&shown["result"], &job["attempt"]), (&"succeeded".into(), &1.into()), "{shown}");
    assert!(!log(folder).contains("lease is lost") && !log(folder).contains("a lost lease"), "{}", log(folder));
}

#[test]
fn a_server_whose_disk_stands_still_ends_in_time_and_says_what_was_not_written() {
    let folder = folder();
    let Some(mut server) = serve(&folder) else { return };
    begin(&folder, &server);
    std::fs::write(still(&folder), "").expect("a file");
    let head = format!(
        "POST /webhooks/load HTTP/1.1\r\nHost: h\r\nX-WH-Checksum: {}\r\nContent-Length: 2\r\n\r\n",
        checksum("s", b"{}")
    );
    // Before the signal: who comes after it is not listened to.
    let mut stream = connect(server.public);
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(b"{}")).expect("it is taken");
    let waiting = std::thread::spawn(move || {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    server.terminate();
    assert_eq!(server.ended(END_MAX), Some(0), "{}", log(&folder));
    let answer = waiting.join().expect("no panic");
    assert!(!answer.contains(" 200 "), "nothing is acknowledged that is not on disk: {answer}");
    let told = log(&folder);
    assert!(told.contains("the store's disk stands still, and this process ends without it"), "{told}");
    assert!(told.contains("a job could not be handed back"), "{told}");
    std::fs::remove_file(still(&folder)).expect("it was there");
    folder.run(&["store", "check"]).ended_with(0);
    folder.write("go", "");
    let _server = folder.serve(&[]);
    folder.run(&["runs", "wait", "load#1"]).ended_with(0);
    // The other delivery may be there too: nobody was told that it is, or that it is not.
    assert_eq!(beginnings(&folder), 2, "what was acknowledged is there, and begins again");
}

/// Has a secret in a pipe that nobody writes, and that is named as one that was handed over is: who reads it waits for ever, as
/// on a server of files that is gone.
#[test]
fn a_server_that_waits_for_a_file_for_ever_ends_in_time() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let mut server = folder.serve(&[]);
    let file = folder.path().join("secret");
    let made = Command::new("mkfifo").arg(&file).status().expect("it runs");
    assert!(made.success());
    let handed = format!("/dev/fd/../../..{}", file.display());
    folder.write("pipehook.yml", &format!("connections: {{load: {{secret: {{file: {handed}}}}}}}\n"));
    // The other end of it can be opened without waiting as soon as somebody reads.
    let writer = || rustix::fs::open(&file, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).ok();
    let _writer = until("the look at the configuration", SOON, writer);
    let asked = Instant::now();
    server.terminate();
    until("the server stops", SOON, || log(&folder).contains("stopping").then_some(()));
    server.terminate();
    assert_eq!(server.ended(END_MAX), Some(3), "{}", log(&folder));
    assert!(asked.elapsed() > Duration::from_secs(30), "there was something that waited");
    assert!(log(&folder).contains("the process ends all the same"), "{}", log(&folder));
}

#[test]
fn a_job_goes_on_while_its_disk_stands_still_for_longer_than_a_lease() {
    let folder = folder();
    let Some(server) = serve(&folder) else { return };
    begin(&folder, &server);
    std::fs::write(still(&folder), "").expect("a file");
    std::thread::sleep(LONGER_THAN_A_LEASE);
    std::fs::remove_file(still(&folder)).expect("it was there");
    check_went_on(&folder);
}

#[test]
fn a_job_goes_on_while_nothing_can_be_written_for_longer_than_a_lease() {
    let folder = folder();
    let server = folder.serve(&[]);
    begin(&folder, &server);
    let other = Connection::open(folder.path().join("data/pipehook.db")).expect("it opens");
    // As on a full disk, each try to write fails.
    until("the right to write", SOON, || other.execute_batch("BEGIN IMMEDIATE").ok());
    let since = Instant::now();
    until("that it is told", SOON, || log(&folder).contains("a lease could not be renewed").then_some(()));
    std::thread::sleep(LONGER_THAN_A_LEASE.saturating_sub(since.elapsed()));
    other.execute_batch("ROLLBACK").expect("it can be written again");
    check_went_on(&folder);
}
