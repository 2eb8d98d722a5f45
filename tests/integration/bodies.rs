//! Bodies that many send at once: strangers take no more memory than there is for all of them, and keep nobody out.

use crate::attacks::door::SECRET;
use crate::support::{ANSWER_MAX, Folder, checksum, connect, exchange, read_answer, until};
use std::io::Write;

/// What one of the slow ones sends and what it says that it sends.
const SENT: usize = 200_000;
const SAID: usize = 250_000;

fn request(body: &[u8], said: usize) -> Vec<u8> {
    let head = format!(
        "POST /webhooks/hook HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-WH-Checksum: {}\r\nContent-Length: {said}\r\n\r\n",
        checksum(SECRET, body)
    );
    [head.as_bytes(), body].concat()
}

fn large(size: usize) -> Vec<u8> {
    format!("{{\"text\":\"{}\"}}", "x".repeat(size)).into_bytes()
}

#[test]
fn bodies_that_do_not_end_take_bounded_memory_and_give_way() {
    let folder =
        Folder::new(&format!("limits: {{body: 256KiB}}\nconnections: {{hook: {{secret: {{value: {SECRET}}}}}}}\n"));
    let server = folder.serve(&["--no-worker", "--body-memory", "1", "--body-seconds", "10"]);
    let mut slow: Vec<_> = (0..12)
        .map(|_| {
            let mut stream = connect(server.public);
            // Those that find no room are answered before all of it is sent.
            let _ = stream.write_all(&request(&large(SENT), SAID));
            stream
        })
        .collect();
    let small = request(b"{}", 2);
    assert_eq!(exchange(server.public, &small).status, 200, "a small one needs no room");
    let whole = large(SENT);
    let whole = request(&whole, whole.len());
    until("room for a large one", ANSWER_MAX, || (exchange(server.public, &whole).status == 200).then_some(()));
    // None of them has ended by itself, and those that had no room, or were in the way, were told.
    let told: Vec<u16> = slow
        .iter_mut()
        .map(|stream| {
            let answer = read_answer(stream);
            assert!(answer.status != 503 || answer.header("retry-after").is_some(), "{answer:?}");
            answer.status
        })
        .collect();
    let gave_way = told.iter().filter(|status| **status == 503).count();
    assert!(gave_way >= 8, "{told:?}");
    let reasons = folder.run(&["deliveries", "--outcome", "refused", "--format", "json"]).ended_with(0).json();
    assert!(reasons.as_array().is_some_and(|all| !all.is_empty()), "{reasons}");
    drop(slow);
    let numbers = server.ask("/metrics").body;
    assert!(numbers.contains("outcome=\"unavailable\""), "{numbers}");
}

/// Returns how much memory a process has had at the most, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the system counts it");
    line.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Nobody can be asked before a head is whole, so strangers need no more than a connection for this.
#[test]
fn heads_that_do_not_end_take_bounded_memory_and_keep_nobody_out() {
    const SENDERS: usize = 800;
    /// What all of them may cost together in KiB: the room of long heads twice over, and their connections.
    const COST_MAX: u64 = 2 * 16 * 1024 + 48 * SENDERS as u64;
    let folder = Folder::new(&format!("connections: {{hook: {{secret: {{value: {SECRET}}}}}}}\n"));
    let server = folder.serve(&["--no-worker"]);
    let small = request(b"{}", 2);
    assert_eq!(exchange(server.public, &small).status, 200, "all that a first one costs is there");
    let before = memory(server.process());
    let begun = format!("POST /webhooks/hook HTTP/1.1\r\nHost: h\r\nX-Long: {}", "x".repeat(120_000)).into_bytes();
    let mut endless = Vec::new();
    for sender in 0..SENDERS {
        let mut stream = connect(server.public);
        // One that must end takes no more of it.
        let _ = stream.write_all(&begun);
        endless.push(stream);
        if sender % 100 == 0 {
            assert_eq!(exchange(server.public, &small).status, 200, "an ordinary one needs no room");
        }
    }
    let long = String::from_utf8(small)
        .expect("a text")
        .replace("Host: h\r\n", &format!("Host: h\r\nX-Long: {}\r\n", "x".repeat(30_000)));
    assert_eq!(exchange(server.public, long.as_bytes()).status, 200, "and one that is not the longest finds some");
    let cost = memory(server.process()).saturating_sub(before);
    assert!(cost < COST_MAX, "{cost} KiB for all of them");
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    assert!(log.contains("connections with the longest ones are closed"), "{log}");
}

#[test]
fn what_nobody_takes_of_a_body_stays_with_its_sender() {
    const SENDERS: usize = 300;
    /// What one may cost: its connection, and pieces of a body in memory that is larger than they are.
    const EACH_MAX: u64 = 250;
    let folder = Folder::new(&format!("connections: {{hook: {{secret: {{value: {SECRET}}}}}}}\n"));
    let server = folder.serve(&["--no-worker", "--body-memory", "1"]);
    assert_eq!(exchange(server.public, &request(b"{}", 2)).status, 200, "all that a first one costs is there");
    let before = memory(server.process());
    let said = 1_000_000;
    let mut slow: Vec<_> = (0..SENDERS).map(|_| connect(server.public)).collect();
    let whole = request(&large(said - 1_000), said);
    let mut sent = [0; SENDERS];
    // As much as is taken of each, until nothing more is for a while: none of them has an answer before three seconds.
    let mut last = std::time::Instant::now();
    while last.elapsed() < std::time::Duration::from_millis(500) {
        for (stream, sent) in slow.iter_mut().zip(&mut sent) {
            stream.set_nonblocking(true).expect("it is ours");
            if let Ok(more @ 1..) = stream.write(&whole[*sent..]) {
                (*sent, last) = (*sent + more, std::time::Instant::now());
            }
        }
    }
    let cost = memory(server.process()).saturating_sub(before + 4 * 1024);
    assert!(cost < EACH_MAX * SENDERS as u64, "{} KiB for each of them", cost / SENDERS as u64);
}
