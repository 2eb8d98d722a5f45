//! The server is killed in place of each write and each sync of one acceptance; and the power fails
//! after each of them, so that what was not synced is lost, in part or whole. What was acknowledged is
//! there afterwards.
//!
//! A small library in front of the system's calls (`testdata/disk/disk.c`) kills, or writes down what
//! goes to the database. For power loss its files are made anew from that, as they may be on a disk:
//! what was synced, and of the rest nothing, all, a beginning, or some, with the last write torn. The
//! names of the files are taken for durable, since the server syncs their folder before it is ready.
//!
//! Two controls must be caught, or the test can catch nothing: a server whose syncs are left out, and
//! answers that come when the request does.

use crate::support::{Folder, Server};
use pipehook::clock::SystemClock;
use pipehook::store::{Access, DeliveryQuery, SqliteStore, Store};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// How many deliveries are sent while it is written down what goes to the disk.
const POSTS: usize = 6;
/// More writes and syncs than one acceptance makes.
const KILLS_MAX: u64 = 100;
/// A disk writes so many bytes at once.
const SECTOR: usize = 512;

const PIPELINE: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- script: echo ${{ parameters.hook.number }}
";

fn folder() -> Folder {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/hello.yml", PIPELINE);
    folder
}

/// Compiles a library of the test data. `None` where there is no compiler, but never where all tests must run.
pub fn library(folder: &Folder, source: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata").join(source);
    let library = folder.path().join("library.so");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
    if made.is_ok_and(|status| status.success()) {
        return Some(library);
    }
    assert!(std::env::var_os("CI").is_none(), "there is no C compiler");
    eprintln!("skipped: there is no C compiler");
    None
}

/// Starts a server that receives only, behind the library.
fn serve(folder: &Folder, library: &Path, settings: &[(&str, String)]) -> Server {
    let library = library.display().to_string();
    let mut environment: Vec<(&str, &OsStr)> = vec![("LD_PRELOAD", library.as_ref())];
    environment.extend(settings.iter().map(|(name, value)| (*name, OsStr::new(value))));
    folder.serve_with(&["--no-worker"], &environment)
}

/// Posts a delivery and returns its id, if it was acknowledged.
fn post(server: &Server, number: usize) -> Option<String> {
    let answer = server.try_request("POST", "/webhooks/open", &[], format!("{{\"number\":{number}}}").as_bytes())?;
    (answer.status == 200).then(|| answer.json()["delivery"].as_str().expect("an id").to_owned())
}

#[test]
fn a_server_that_is_killed_at_any_write_or_sync_loses_nothing_acknowledged() {
    let folder = folder();
    let Some(library) = library(&folder, "disk/disk.c") else { return };
    let armed = folder.path().join("armed");
    let mut acknowledged = Vec::new();
    let mut kills = 0;
    for at in 1..=KILLS_MAX {
        let settings = [("DISK_ARMED", armed.display().to_string()), ("DISK_KILL_AT", at.to_string())];
        let server = serve(&folder, &library, &settings);
        assert!(server.ask("/api/v1/runs").status == 200, "what is old is filed before the first kill");
        std::fs::write(&armed, "").expect("a file");
        let answer = post(&server, usize::try_from(at).expect("a small number"));
        let is_over = answer.is_some();
        acknowledged.extend(answer);
        drop(server);
        std::fs::remove_file(&armed).expect("it was there");
        if is_over {
            break;
        }
        kills += 1;
    }
    assert!(kills > 3 && kills < KILLS_MAX, "{kills} kills in one acceptance");
    // One that was acknowledged before the kill, which comes with the next write.
    let shown = folder.run(&["deliveries", "--limit", "1000", "--format", "json"]).ended_with(0).json();
    let stored: Vec<&str> = shown.as_array().expect("a list").iter().filter_map(|it| it["id"].as_str()).collect();
    for delivery in &acknowledged {
        assert!(stored.contains(&delivery.as_str()), "{delivery} was acknowledged and is lost");
    }
    folder.run(&["store", "check"]).ended_with(0);
    println!("{kills} kills, {} deliveries acknowledged, {} stored", acknowledged.len(), stored.len());
}

#[test]
fn what_was_acknowledged_survives_the_loss_of_power_at_any_moment() {
    let written = Written::record(&[]);
    let Some(written) = written else { return };
    let (states, lost) = written.lost(|answer| answer.acknowledged_at);
    println!("{states} states after a loss of power, {lost} of them without something acknowledged");
    assert_eq!(lost, 0, "of {states} states");
    let (states, lost) = written.lost(|answer| answer.sent_at);
    assert!(lost > 0, "an answer before the commit must be caught in one of {states} states");
}

#[test]
fn a_server_that_does_not_sync_is_caught() {
    let Some(written) = Written::record(&[("DISK_NO_SYNC", "1".to_owned())]) else { return };
    let (states, lost) = written.lost(|answer| answer.acknowledged_at);
    assert!(lost > 0, "it must be caught in one of {states} states");
}

/// One write, truncation or sync.
struct Operation {
    kind: u8,
    file: usize,
    offset: usize,
    bytes: Vec<u8>,
}

struct Answer {
    delivery: String,
    /// How many operations had been begun when the request was sent, and when its answer was there.
    sent_at: usize,
    acknowledged_at: usize,
}

/// All that went to the disk, and what was answered meanwhile.
struct Written {
    operations: Vec<Operation>,
    answers: Vec<Answer>,
}

impl Written {
    fn record(settings: &[(&str, String)]) -> Option<Self> {
        let folder = folder();
        let library = library(&folder, "disk/disk.c")?;
        let log = folder.path().join("operations");
        let mut all = vec![("DISK_LOG", log.display().to_string())];
        all.extend_from_slice(settings);
        let server = serve(&folder, &library, &all);
        let count = || parse(&std::fs::read(&log).expect("the operations")).len();
        let answers = (0..POSTS).map(|number| {
            let sent_at = count();
            let delivery = post(&server, number).expect("it is acknowledged");
            Answer { delivery, sent_at, acknowledged_at: count() }
        });
        let answers = answers.collect();
        drop(server);
        Some(Self { operations: parse(&std::fs::read(&log).expect("the operations")), answers })
    }

    /// Returns how many states of the disk were looked at, and in how many something was missing that
    /// had been promised by then.
    fn lost(&self, promised_at: impl Fn(&Answer) -> usize) -> (usize, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut disk = Disk::default();
        let (mut states, mut lost) = (0, 0);
        for (at, operation) in self.operations.iter().enumerate() {
            disk.apply(operation);
            let promised: Vec<&Answer> = self.answers.iter().filter(|answer| promised_at(answer) <= at).collect();
            if promised.is_empty() {
                continue;
            }
            for rest in Rest::ALL {
                states += 1;
                let stored = runtime.block_on(stored(&disk, rest, at));
                lost += usize::from(promised.iter().any(|answer| !stored.contains(&answer.delivery)));
            }
        }
        (states, lost)
    }
}

/// What becomes of the writes that were not synced.
#[derive(Debug, Clone, Copy)]
enum Rest {
    Nothing,
    All,
    /// The first half, the last of them torn.
    Beginning,
    /// Some of them, drawn by the moment.
    Some,
}

impl Rest {
    const ALL: [Self; 4] = [Self::Nothing, Self::All, Self::Beginning, Self::Some];

    /// Says how many bytes of the write at a place, among so many, are on the disk.
    fn kept(self, at: usize, all: usize, length: usize, moment: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::All => length,
            Self::Beginning if at < all / 2 => length,
            Self::Beginning if at == all / 2 => length / 2 / SECTOR * SECTOR,
            Self::Beginning => 0,
            Self::Some => {
                let mixed = (moment * 31 + at).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                if mixed.is_multiple_of(2) { length } else { 0 }
            }
        }
    }
}

/// The two files: what is durable, and what was done since.
#[derive(Default)]
struct Disk<'o> {
    durable: [Vec<u8>; 2],
    pending: [Vec<&'o Operation>; 2],
}

impl<'o> Disk<'o> {
    fn apply(&mut self, operation: &'o Operation) {
        let file = operation.file;
        self.pending[file].push(operation);
        if operation.kind == b'S' {
            for operation in std::mem::take(&mut self.pending[file]) {
                write(&mut self.durable[file], operation, operation.bytes.len());
            }
        }
    }

    fn after_power_loss(&self, file: usize, rest: Rest, moment: usize) -> Vec<u8> {
        let mut bytes = self.durable[file].clone();
        let pending = &self.pending[file];
        for (at, operation) in pending.iter().enumerate() {
            let kept = rest.kept(at, pending.len(), operation.bytes.len(), moment);
            if kept > 0 || (operation.kind == b'T' && matches!(rest, Rest::All)) {
                write(&mut bytes, operation, kept);
            }
        }
        bytes
    }
}

fn write(bytes: &mut Vec<u8>, operation: &Operation, kept: usize) {
    match operation.kind {
        b'T' => bytes.resize(operation.offset, 0),
        b'W' => {
            let end = operation.offset + kept;
            bytes.resize(bytes.len().max(end), 0);
            bytes[operation.offset..end].copy_from_slice(&operation.bytes[..kept]);
        }
        _ => {}
    }
}

/// Opens what a loss of power has left, and returns the deliveries that are in it.
async fn stored(disk: &Disk<'_>, rest: Rest, moment: usize) -> Vec<String> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    for (file, name) in ["pipehook.db", "pipehook.db-wal"].iter().enumerate() {
        std::fs::write(folder.path().join(name), disk.after_power_loss(file, rest, moment)).expect("a file");
    }
    // A store that can't be opened has lost everything.
    let Ok(store) = SqliteStore::open(folder.path(), Access::Command, Arc::new(SystemClock)) else { return Vec::new() };
    let query = DeliveryQuery { limit: 100, ..DeliveryQuery::default() };
    let deliveries = store.deliveries(query).await.unwrap_or_default();
    deliveries.into_iter().map(|delivery| delivery.id.to_string()).collect()
}

fn parse(mut log: &[u8]) -> Vec<Operation> {
    let mut operations = Vec::new();
    while log.len() >= 18 {
        let number = |at: usize| {
            let bytes: [u8; 8] = log[at..at + 8].try_into().expect("eight bytes");
            usize::try_from(i64::from_le_bytes(bytes)).expect("not negative")
        };
        let (offset, length) = (number(2), number(10));
        let Some(bytes) = log.get(18..18 + length) else { break };
        operations.push(Operation { kind: log[0], file: usize::from(log[1]) - 1, offset, bytes: bytes.to_vec() });
        log = &log[18 + length..];
    }
    operations
}
