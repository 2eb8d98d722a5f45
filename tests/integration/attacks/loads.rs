//! Loads on the door that one connection makes: while it lasts, and after it, others are answered.

use super::End;
use super::door::Posting;
use crate::support::{Server, connect};
use serde_json::Value;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// How long the answer to another sender may take meanwhile. The cases say 500 ms for a quiet machine.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How much of a body without an end is sent: far more than any limit.
const ENDLESS_BYTES: usize = 64 * 1024 * 1024;

/// What a connection over HTTP/2 begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub fn end(case: &Value, posting: &Posting) -> End {
    let load = &case["load"];
    if let Some(end) = super::crowds::end(load, posting) {
        return end;
    }
    let sent: Vec<u8> = match load["kind"].as_str().expect("a kind") {
        "declared" => format!("{HEAD}Content-Length: {}\r\n\r\n", load["length"]).into_bytes(),
        "endless-chunked" => endless(),
        "header-size" => {
            let length = load["bytes"].as_u64().expect("a number") as usize;
            format!("{HEAD}X-Long: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(length)).into_bytes()
        }
        // There is no HTTP/2: its preface is no request.
        "h2-rapid-reset" | "h2-continuation" => PREFACE.to_vec(),
        other => return End::NotRun(format!("{other} is not known")),
    };
    let answer = answer(&posting.server, &sent);
    let begun = Instant::now();
    let other = posting.server.request("GET", "/healthz", &[], b"");
    if other.status != 200 || begun.elapsed() > ANSWER_MAX {
        return End::Fault(format!("another sender is answered {} after {:?}", other.status, begun.elapsed()));
    }
    match answer.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => End::Fault(format!("it is answered: {answer}")),
        _ => End::Passed,
    }
}

pub(super) const HEAD: &str = "POST /webhooks/WebHook HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";

fn endless() -> Vec<u8> {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(ENDLESS_BYTES / 0x10000)).into_bytes()
}

/// Sends as much as is taken and returns the first line of the answer, which may be none.
fn answer(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server.public);
    let _ = stream.write_all(bytes);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned()
}
