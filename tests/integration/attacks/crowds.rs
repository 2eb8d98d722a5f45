//! Loads on the door that many connections make together: while they last, another sender is answered,
//! and the server needs no more memory than its case allows.

use super::End;
use super::door::{HEADER, Posting};
use super::loads::{ANSWER_MAX, HEAD};
use crate::support::{Server, connect};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The most memory that the server may have, in bytes: what the cases say.
const MEMORY_MAX: u64 = 512 << 20;
/// The most connections that are opened, where a case says thousands: other tests run beside this one.
/// The benchmark of accepting has the thousands, and the times beside them.
const CROWD_MAX: usize = 500;
/// How many requests one connection sends whose answers it never reads.
const UNREAD: usize = 20;
/// How many senders make the flood, and how many bodies each sends: there is no more than the machine
/// takes, so that the rate of the case is not waited for.
const FLOOD: (usize, usize) = (16, 4);
/// How many bytes each body of the flood has.
const FLOOD_BODY: usize = 1 << 20;

/// Returns how a load ended; `None` if it is not one of many connections.
pub fn end(load: &Value, posting: &Posting) -> Option<End> {
    let server = &posting.server;
    let count = load["conns"].as_u64().unwrap_or_default().min(CROWD_MAX as u64) as usize;
    let half = format!("{HEAD}{HEADER}: {}\r\nContent-Length: 1000\r\n\r\n{{", "0".repeat(40));
    let asked = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    Some(match load["kind"].as_str()? {
        "slowloris-body" => meanwhile(server, &crowd(server, count, half.as_bytes())),
        "slow-read" => meanwhile(server, &crowd(server, count, asked.repeat(UNREAD).as_bytes())),
        "idle" => meanwhile(server, &idle(server, count)),
        "flood" => flood(server),
        _ => return None,
    })
}

/// Connects so many times and sends the same by each connection; nothing is read.
fn crowd(server: &Server, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let one = |_| {
        let mut stream = connect(server.public);
        let _ = stream.set_write_timeout(Some(Duration::from_secs(1)));
        let _ = stream.write_all(bytes);
        stream
    };
    (0..count).map(one).collect()
}

/// Connects so many times, and leaves each connection open after an answer.
fn idle(server: &Server, count: usize) -> Vec<TcpStream> {
    let mut streams = crowd(server, count, b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
    for stream in &mut streams {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
        let _ = stream.read(&mut [0; 512]);
    }
    streams
}

/// Posts large bodies that nobody signed, from many connections at once, while another asks.
fn flood(server: &Server) -> End {
    let (senders, each) = FLOOD;
    let body = vec![b'x'; FLOOD_BODY];
    let checksum = "0".repeat(40);
    std::thread::scope(|scope| {
        for _ in 0..senders {
            scope.spawn(|| {
                for _ in 0..each {
                    let answer = server.request("POST", "/webhooks/WebHook", &[(HEADER, &checksum)], &body);
                    assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
                }
            });
        }
        meanwhile(server, &[])
    })
}

/// Asks something as another sender does while connections are open.
fn meanwhile(server: &Server, open: &[TcpStream]) -> End {
    let begun = Instant::now();
    let other = server.request("GET", "/healthz", &[], b"");
    let took = begun.elapsed();
    let memory = crate::load::resident(server.process());
    match other.status == 200 && took < ANSWER_MAX && memory < MEMORY_MAX {
        true => End::Passed,
        false => End::Fault(format!(
            "beside {} connections another is answered {} after {took:?}, with {memory} bytes of memory",
            open.len(),
            other.status
        )),
    }
}
