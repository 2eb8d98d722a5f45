//! Bodies that many send at once: strangers take no more memory than there is for all of them, and keep nobody out.

use crate::attacks::door::SECRET;
use crate::support::{ANSWER_MAX, Folder, checksum, connect, exchange, read_answer, until};
use std::io::Write;

/// What one of the slow ones sends and what it says that it sends.
const SENT: usize = 200_000;
const SAID: usize = 250_000;

fn request(body: &[u8], said: usize) -> Vec<u8> {
    let head = format!(
        "POST /webhooks/hook HTTP/1.1\r\nHost: h\r\nX-WH-Checksum: {}\r\nContent-Length: {said}\r\n\r\n",
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
