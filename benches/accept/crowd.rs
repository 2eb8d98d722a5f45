//! Connections that no other sender should have to wait for: idle ones, and ones whose head or
//! body comes a byte at a time.

use crate::server::Server;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long the slow ones wait before their next byte.
const BETWEEN_BYTES: Duration = Duration::from_secs(1);
/// How long the crowd may take to come.
const GATHERING_MAX: Duration = Duration::from_secs(20);

/// What a connection of the crowd does.
#[derive(Clone, Copy)]
enum Manner {
    /// It sends nothing.
    Idle,
    /// It never comes to the end of its headers.
    SlowHead,
    /// It never comes to the end of its body.
    SlowBody,
}

impl Manner {
    const ALL: [Self; 3] = [Self::Idle, Self::SlowHead, Self::SlowBody];

    /// Returns what it begins with.
    fn beginning(self) -> &'static [u8] {
        match self {
            Self::Idle => b"",
            Self::SlowHead => b"POST /webhooks/IncomingWH HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            Self::SlowBody => {
                b"POST /webhooks/IncomingWH HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
            }
        }
    }
}

/// Connections to a server on a thread of their own, made again when the server ends them; gone
/// when dropped.
pub struct Crowd {
    runtime: Option<Runtime>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connected: AtomicUsize,
    ended: AtomicUsize,
}

impl Crowd {
    /// Opens so many connections, a third of each manner, and returns when all are there.
    pub fn gather(server: &Server, connections: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let counts = Arc::new(Counts::default());
        for (at, manner) in Manner::ALL.into_iter().cycle().take(connections).enumerate() {
            // Strangers don't send in step: their bytes are spread evenly over the time between two.
            let first = BETWEEN_BYTES * at as u32 / connections as u32;
            runtime.spawn(stand_around(server.address, manner, first, counts.clone()));
        }
        let began = Instant::now();
        while counts.connected.load(Ordering::Relaxed) < connections {
            assert!(began.elapsed() < GATHERING_MAX, "the server takes {connections} connections");
            std::thread::yield_now();
        }
        Self { runtime: Some(runtime), counts }
    }

    /// Returns how many connections the server has ended so far.
    pub fn ended(&self) -> usize {
        self.counts.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn stand_around(address: SocketAddr, manner: Manner, first: Duration, counts: Arc<Counts>) {
    loop {
        let mut stream = TcpStream::connect(address).await.expect("the server takes connections");
        counts.connected.fetch_add(1, Ordering::Relaxed);
        stay(&mut stream, manner, first).await;
        counts.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stays until the server ends the connection; `first` is how long it waits before its first slow byte.
async fn stay(stream: &mut TcpStream, manner: Manner, first: Duration) {
    if stream.write_all(manner.beginning()).await.is_err() {
        return;
    }
    let mut answer = [0; 1024];
    let mut wait = first;
    loop {
        match tokio::time::timeout(std::mem::replace(&mut wait, BETWEEN_BYTES), stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(_)) => {}
            Err(_) if matches!(manner, Manner::Idle) => {}
            Err(_) => {
                if stream.write_all(b"x").await.is_err() {
                    return;
                }
            }
        }
    }
}
