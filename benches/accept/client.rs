//! Connections that post one signed body again and again, each waiting for its answer.

use crate::server::Server;
use hmac::{Hmac, KeyInit, Mac};
use memchr::memmem;
use sha1::Sha1;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The name of the header that says how long an answer is.
const CONTENT_LENGTH: &[u8] = b"content-length:";

/// What to post and how.
pub struct Load {
    request: Vec<u8>,
    connections: usize,
    duration: Duration,
    /// How often each connection posts; `None` as soon as it has its answer.
    every: Option<Duration>,
}

/// What was measured of a server.
pub struct Measured {
    pub per_second: f64,
    /// How long the server's threads worked for one delivery, in microseconds.
    pub processor_micros: f64,
    latencies: Vec<Duration>,
}

impl Measured {
    /// Returns the latency below which a share of the answers came.
    pub fn milliseconds(&self, share: f64) -> f64 {
        let at = ((self.latencies.len() - 1) as f64 * share) as usize;
        self.latencies[at].as_secs_f64() * 1_000.0
    }
}

impl Load {
    /// Returns a load with a body of about so many bytes.
    pub fn new(bytes: usize, connections: usize, duration: Duration) -> Self {
        let start = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"},"filler":""#;
        let filler = "x".repeat(bytes.saturating_sub(start.len() + 3));
        let body = format!("{start}{filler}\"}}}}");
        let mut mac = Hmac::<Sha1>::new_from_slice(b"secret").expect("any key will do");
        mac.update(body.as_bytes());
        let checksum = hex::encode(mac.finalize().into_bytes());
        let request = format!(
            "POST /webhooks/IncomingWH HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             X-WH-Checksum: {checksum}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { request: request.into_bytes(), connections, duration, every: None }
    }

    /// Returns the load with each connection posting once in so long.
    pub fn paced(self, every: Duration) -> Self {
        Self { every: Some(every), ..self }
    }

    /// Posts for the load's duration and counts the answers with status 200.
    pub fn run(&self, server: &Server) -> Measured {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (start, worked) = (Instant::now(), server.processor_time());
            let end = start + self.duration;
            let posting = (0..self.connections).map(|at| {
                let request = self.request.clone();
                let (address, every) = (server.address, self.every);
                // Paced ones take turns, so that they do not wait for each other.
                let first = every.map_or(start, |every| start + every * at as u32 / self.connections as u32);
                tokio::spawn(async move { Posting { first, every, end }.post(address, &request).await })
            });
            let mut latencies = Vec::new();
            for connection in posting.collect::<Vec<_>>() {
                latencies.extend(connection.await.expect("a connection does not panic"));
            }
            let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
            assert!(!latencies.is_empty(), "no delivery was accepted");
            let worked = server.processor_time() - worked;
            let processor_micros = worked.as_secs_f64() * 1_000_000.0 / latencies.len() as f64;
            latencies.sort();
            Measured { per_second, processor_micros, latencies }
        })
    }
}

/// When a connection posts.
struct Posting {
    first: Instant,
    every: Option<Duration>,
    end: Instant,
}

impl Posting {
    async fn post(self, address: std::net::SocketAddr, request: &[u8]) -> Vec<Duration> {
        let mut stream = TcpStream::connect(address).await.expect("the server takes connections");
        stream.set_nodelay(true).expect("a socket can be set");
        let mut latencies = Vec::new();
        let mut answer = Vec::with_capacity(4096);
        let mut next = self.first;
        while Instant::now() < self.end {
            if let Some(every) = self.every {
                tokio::time::sleep_until(next.into()).await;
                next += every;
            }
            let sent = Instant::now();
            stream.write_all(request).await.expect("the server reads");
            read_answer(&mut stream, &mut answer).await;
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
            latencies.push(sent.elapsed());
        }
        latencies
    }
}

/// Reads one answer with a `content-length`.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(answer));
        if answer_length(answer).is_some_and(|length| answer.len() >= length) {
            return;
        }
    }
}

/// Returns the length of a whole answer, once its head is there. The client works on the processors that
/// the server works on, so it looks at no byte of the head twice: a longer head must not cost more than it does
/// the server.
fn answer_length(answer: &[u8]) -> Option<usize> {
    let head = memmem::find(answer, b"\r\n\r\n")? + 4;
    let length = answer[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(CONTENT_LENGTH.len())?;
        name.eq_ignore_ascii_case(CONTENT_LENGTH).then(|| value.trim_ascii())
    });
    let number = std::str::from_utf8(length.unwrap_or(b"0")).expect("a number is text");
    Some(head + number.parse::<usize>().expect("a number"))
}
