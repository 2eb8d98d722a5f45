//! `kill -9` of the server at random moments under load: nothing acknowledged is lost, every run
//! ends, none runs twice.
//!
//! Each step appends a line to a file of effects when it begins and one when it ends; the file
//! outlives the server. After the last kill the server starts once more and gets the time to
//! finish what is left. Then the effects, the answers that senders got, and the store are compared.

use crate::support::{ANSWER_MAX, Answer, Folder, Server, checksum, until};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the server is killed where `PIPEHOOK_KILLS` says nothing.
const KILLS: u64 = 10;
/// Connections that post meanwhile, and how often each does in the life of one server.
const SENDERS: u64 = 4;
const POSTS: u64 = 6;
/// How long at most a server lives on after as many answers as were drawn for it, in microseconds.
const LIFE_AFTER_MAX: u64 = 5_000;

/// How long at most nothing goes on while there are runs: leases end after half a minute.
const STILL_MAX: Duration = Duration::from_secs(120);

/// Payload numbers in a script come as data; the effects are told by number.
pub const PIPELINE: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: load
steps:
- script: |
    echo \"begin $NUMBER\" >> \"$EFFECTS\"
    echo \"end $NUMBER\" >> \"$EFFECTS\"
  env:
    NUMBER: ${{ parameters.hook.number }}
    EFFECTS: EFFECTS_FILE
";

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let kills = std::env::var("PIPEHOOK_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut random = Random::new();
    let folder = Folder::new(
        "limits: {queue: 1000000, requests_per_second: 1000000}\nworkers: {jobs: 4}\nconnections: {load: {secret: {value: s}}}\n",
    );
    let effects = folder.path().join("effects.txt");
    folder.write("pipelines/load.yml", &PIPELINE.replace("EFFECTS_FILE", &effects.display().to_string()));
    let senders = Senders::default();
    for _ in 0..kills {
        let mut server = folder.serve(&[]);
        // Moments are counted in answers, so that a slow machine is killed in the midst of its work too.
        let answers = random.below(SENDERS * POSTS);
        let after = Duration::from_micros(random.below(LIFE_AFTER_MAX));
        senders.post_while(server.public, |ended| {
            while ended() < answers {
                std::thread::sleep(Duration::from_micros(200));
            }
            // The random moment itself: nothing is waited for.
            std::thread::sleep(after);
            server.kill();
        });
    }
    let server = folder.serve(&[]);
    await_the_end(&server, &effects);
    let begun = counts(&std::fs::read_to_string(&effects).unwrap_or_default(), "begin ");
    let acknowledged = senders.acknowledged.lock().expect("no sender panics");
    println!("{kills} kills, {} deliveries acknowledged, {} runs begun", acknowledged.len(), begun.len());
    assert_nothing_lost(&server, &acknowledged, &begun);
}

/// Holds what senders were told against what the server knows and what ran.
#[track_caller]
pub fn assert_nothing_lost(server: &Server, acknowledged: &BTreeMap<u64, String>, begun: &BTreeMap<u64, u64>) {
    assert!(!acknowledged.is_empty(), "no delivery was acknowledged, so nothing was tested");
    for (number, run) in acknowledged {
        let shown = server.ask(&format!("/api/v1/runs/{run}"));
        assert_eq!(shown.status, 200, "the acknowledged run {run} of {number} is lost");
        let shown = shown.json();
        assert_eq!(shown["state"], "completed", "{shown}");
        if shown["result"] == "succeeded" {
            assert_eq!(begun.get(number), Some(&1), "{run} succeeded without having run once");
        }
    }
    let twice: Vec<_> = begun.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "runs that began more than once: {twice:?}");
}

/// Those who post, and what they were told.
#[derive(Default)]
pub struct Senders {
    next: Arc<AtomicU64>,
    /// How many posts have ended, one way or the other.
    ended: AtomicU64,
    /// The number of each acknowledged delivery with its run's id.
    acknowledged: Arc<Mutex<BTreeMap<u64, String>>>,
}

impl Senders {
    /// Returns the number of each acknowledged delivery with its run's id.
    pub fn acknowledged(&self) -> BTreeMap<u64, String> {
        self.acknowledged.lock().expect("no sender panics").clone()
    }

    /// Posts from several connections while something else is done, which sees how many of these
    /// posts have ended.
    pub fn post_while(&self, to: SocketAddr, meanwhile: impl FnOnce(&dyn Fn() -> u64)) {
        let before = self.ended.load(Ordering::Relaxed);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    for _ in 0..POSTS {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        self.post(to);
                        self.ended.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            meanwhile(&|| self.ended.load(Ordering::Relaxed) - before);
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// Posts one delivery. Where no whole answer comes, nobody knows what became of it.
    fn post(&self, to: SocketAddr) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"number\":{number}}}");
        if let Some(answer) = exchange(to, &body).filter(|answer| answer.status == 200) {
            let run = answer.json()["runs"][0]["id"].as_str().expect("a run").to_owned();
            self.acknowledged.lock().expect("no sender panics").insert(number, run);
        }
    }
}

/// Posts a body on a connection of its own. `None` where the server is gone before it has
/// answered as a whole.
fn exchange(to: SocketAddr, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(ANSWER_MAX)).expect("a time limit");
    let checksum = checksum("s", body.as_bytes());
    write!(
        stream,
        "POST /webhooks/load HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-WH-Checksum: {checksum}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut bytes = Vec::new();
    // What came before the connection broke may be an answer.
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}

/// Waits for the end of every run, for as long as something goes on: a thousand kills leave many of them.
fn await_the_end(server: &Server, effects: &Path) {
    let length = || std::fs::metadata(effects).map_or(0, |file| file.len());
    while !all_have_ended(server) {
        let before = length();
        until("a step to begin or every run to end", STILL_MAX, || {
            (length() > before || all_have_ended(server)).then_some(())
        });
    }
}

pub fn all_have_ended(server: &Server) -> bool {
    ["queued", "running", "canceling"].iter().all(|state| {
        let runs = server.ask(&format!("/api/v1/runs?state={state}&limit=1")).json();
        runs["runs"].as_array().or(runs.as_array()).is_some_and(Vec::is_empty)
    })
}

/// Returns how often each number stands behind a word.
pub fn counts(effects: &str, word: &str) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for number in effects.lines().filter_map(|line| line.strip_prefix(word)?.parse().ok()) {
        *counts.entry(number).or_insert(0) += 1;
    }
    counts
}

/// Random numbers from a seed that is printed, so that a failure can be looked at again.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let given = std::env::var("PIPEHOOK_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()) * 0x9E37_79B9 + 1);
        println!("PIPEHOOK_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
