//! Many senders at once: all are answered, nothing is lost, and memory stays flat.

use crate::support::{ANSWER_MAX, Folder, Server, checksum, connect};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

/// How many senders there are, each with a connection of its own.
const SENDERS: usize = 64;
/// How many deliveries they send together.
const DELIVERIES: usize = 10_000;
/// How many are sent before the memory is looked at for the first time.
const WARM_UP: usize = 2_000;
/// How many bytes of text each has.
const TEXT: usize = 8_000;
/// How much more memory the server may have after all than after the warm-up: the store keeps some pages.
/// The bodies, if somebody held them, would be half as much again.
const GROWTH_MAX: u64 = 40 << 20;

/// How many senders connect at the same moment: more than the standard library lets wait.
const BURST: usize = 500;

const PIPELINE: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: load
steps:
- script: echo \"$NUMBER\"
  env:
    NUMBER: ${{ parameters.hook.number }}
";

/// Sends deliveries one after the other and returns their ids.
fn send(server: &Server, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut stream = BufReader::new(connect(server.public));
    let mut ids = Vec::new();
    for number in numbers {
        let body = format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(TEXT));
        let head = format!(
            "POST /webhooks/load HTTP/1.1\r\nHost: h\r\nX-WH-Checksum: {}\r\nContent-Length: {}\r\n\r\n",
            checksum("s", body.as_bytes()),
            body.len()
        );
        stream.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat()).expect("the server reads");
        let answer: serde_json::Value = serde_json::from_slice(&answer(&mut stream)).expect("JSON");
        assert_eq!(answer["outcome"], "queued", "{answer}");
        ids.push(answer["delivery"].as_str().expect("an id").to_owned());
    }
    ids
}

/// Reads an answer of a connection that stays open, which must be a 200, and returns its body.
fn answer(stream: &mut impl BufRead) -> Vec<u8> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).expect("an answer") > 0, "no whole answer: {head}");
    }
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    body
}

/// Sends from all connections at once and returns the ids.
fn send_all(server: &Server, numbers: std::ops::Range<usize>) -> Vec<String> {
    let each = numbers.len().div_ceil(SENDERS);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let first = (numbers.start + sender * each).min(numbers.end);
                scope.spawn(move || send(server, first..(first + each).min(numbers.end)))
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("a sender that was answered")).collect()
    })
}

/// Returns the bytes of memory that a process has now.
pub fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Returns the ids of all deliveries that the API lists, page after page.
fn listed(server: &Server) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = "/api/v1/deliveries?limit=500".to_owned();
    loop {
        let answer = server.ask(&path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        ids.extend(page.as_array().expect("a list").iter().map(|it| it["id"].as_str().expect("an id").to_owned()));
        let next = answer.header("link").and_then(|link| link.strip_prefix('<')?.split_once('>'));
        let Some((next, _)) = next else { return ids };
        path = next.to_owned();
    }
}

#[test]
fn ten_thousand_deliveries_of_sixty_four_senders_are_all_there_and_memory_stays_flat() {
    let folder = Folder::new(
        "limits: {queue: 1000000, requests_per_second: 1000000}\nconnections: {load: {secret: {value: s}}}\n",
    );
    folder.write("pipelines/load.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    let mut accepted = send_all(&server, 0..WARM_UP);
    let warm = resident(server.process());
    accepted.extend(send_all(&server, WARM_UP..DELIVERIES));
    let grown = resident(server.process()).saturating_sub(warm);
    assert!(grown < GROWTH_MAX, "{grown} bytes more than the {warm} after the first {WARM_UP}");
    let stored = listed(&server);
    let unique: BTreeSet<&String> = stored.iter().collect();
    assert_eq!((accepted.len(), stored.len(), unique.len()), (DELIVERIES, DELIVERIES, DELIVERIES));
    assert!(accepted.iter().all(|id| unique.contains(id)), "each that was acknowledged is there");
    let last = server.ask("/api/v1/runs?limit=1").json();
    assert_eq!(last[0]["number"], DELIVERIES, "each has its run: numbers have no gaps");
}

#[test]
fn a_burst_of_senders_waits_for_a_server_that_has_no_time_and_none_is_dropped() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let server = folder.serve(&["--no-worker"]);
    server.signal(Signal::STOP);
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("the system's own limit");
    let burst = BURST.min(allowed.trim().parse().expect("a number"));
    // The system makes the connections. One that it drops for want of room is tried again after a second.
    let mut connected: Vec<_> =
        (0..burst).map_while(|_| TcpStream::connect_timeout(&server.public, ANSWER_MAX).ok()).collect();
    for stream in &mut connected {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").expect("the system keeps it");
    }
    server.signal(Signal::CONT);
    assert_eq!(connected.len(), burst);
    for stream in connected {
        answer(&mut BufReader::new(stream));
    }
}

/// How many steps of a pipeline have one long text of a payload by a variable, and how long it is.
const STEPS: usize = 400;
const LONG_TEXT: usize = 1_000_000;
/// How many kilobytes may be needed to judge them all: a tenth of what as many copies of the text are.
const JUDGING_MAX: u64 = 40_000;

#[test]
fn a_long_text_in_many_places_is_there_once() {
    let folder = Folder::new("connections: {c: {auth: none}}\n");
    let head = "resources: {webhooks: [{webhook: h, connection: c}]}\nvariables: {v: '${{ parameters.h.t }}'}\njobs:\n";
    let job = |place| format!("- job: j{place}\n  steps:\n{}", "  - script: echo $(v)\n".repeat(100));
    let jobs: String = (0..STEPS / 100).map(job).collect();
    folder.write("long.yml", &format!("{head}{jobs}"));
    folder.write("one.yml", &format!("{head}- job: j\n  steps:\n  - script: echo $(v)\n"));
    folder.write("body.json", &format!("{{\"t\":\"{}\"}}", "x".repeat(LONG_TEXT)));
    // What the system says of the largest of the children that have ended is in kilobytes.
    let measure = "import resource,subprocess,sys\nsubprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL)\n\
                   print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let needed = |file: &str| -> u64 {
        let command = [env!("CARGO_BIN_EXE_pipehook"), "check", "--without-secrets", "--payload", "body.json", file];
        let output = Command::new("python3").args(["-c", measure]).args(command).current_dir(folder.path()).output();
        let output = output.expect("python3 starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    };
    let (one, all) = (needed("one.yml"), needed("long.yml"));
    assert!(all < one + JUDGING_MAX, "{STEPS} places need {all} kB, one {one}");
}
