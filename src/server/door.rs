//! The door of a listener: who finds no seat is told to come again, and does not wait without a word.
//!
//! ```text
//! connection ──► a seat is free ──────────────────────────────────► served
//!                 └► it may stand ──► a seat is free within a second ─┘
//!                      │                └► 503, read until it has seen that
//!                      └► no place to stand is left: 503, and closed at once
//! ```
//! All of them together are not more than the connections that the process has files for.

use super::LINGER_MAX;
use super::error::{Failure, NO_SEAT};
use super::heads::Heads;
use super::paced::Paced;
use super::route::add_answer_headers;
use crate::store::Outage;
use actix_http::Protocol;
use actix_http::body::MessageBody;
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use actix_web::ResponseError;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a connection waits for a seat: a burst is over by then, and a sender still waits for its answer.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// One of so many connections is kept for those that find no seat.
const STANDING_PART: usize = 8;
/// How many of those there are at the most.
const STANDING_MAX: usize = 256;
/// How much is read of what a sender sends that is told to come again.
const READ_MAX: u64 = 1024 * 1024;

/// The places at one listener.
pub(super) struct Door {
    seats: Arc<Semaphore>,
    standing: Arc<Semaphore>,
    /// What is told to who finds no seat.
    goodbye: Box<[u8]>,
    outage: Outage,
    /// The room of all unfinished heads.
    heads: Arc<Heads>,
}

impl Door {
    /// Shares a number of connections out. One of them has no place of either kind: it is told to come again.
    pub(super) fn of(connections: usize) -> Self {
        let kept = (connections / STANDING_PART).clamp(1, STANDING_MAX);
        let seats = connections.saturating_sub(kept).max(1);
        Self {
            seats: Arc::new(Semaphore::new(seats)),
            standing: Arc::new(Semaphore::new(kept.saturating_sub(1))),
            goodbye: goodbye(NO_SEAT).into(),
            outage: Outage::default(),
            heads: Arc::new(Heads::new(goodbye(NO_SEAT).into())),
        }
    }

    /// Returns the connection with its seat; nothing where it was told to come again.
    pub(super) async fn admit(&self, stream: TcpStream) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        if let Ok(seat) = self.seats.clone().try_acquire_owned() {
            self.outage.worked("there is room for connections again");
            return Some((stream, seat));
        }
        // Few come this far: what they need is made for them alone.
        Box::pin(self.wait(stream)).await
    }

    async fn wait(&self, stream: TcpStream) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let standing = self.standing.try_acquire();
        if standing.is_ok()
            && let Ok(Ok(seat)) = timeout(WAIT_MAX, self.seats.clone().acquire_owned()).await
        {
            return Some((stream, seat));
        }
        self.outage.failed(&"all connections that there may be are in use", "a sender was told to come again");
        self.turn_away(stream, standing.is_ok()).await;
        None
    }

    /// Answers a connection and closes it. With time, it is read until the sender has closed it too: what was
    /// not read when it is closed would take the answer away.
    async fn turn_away(&self, mut stream: TcpStream, has_time: bool) {
        let time = if has_time { LINGER_MAX } else { Duration::ZERO };
        let telling = async {
            stream.write_all(&self.goodbye).await?;
            stream.shutdown().await
        };
        // So few bytes have room in a new connection.
        let _ = timeout(LINGER_MAX, telling).await;
        let mut rest = stream.take(READ_MAX);
        // Whoever does not close it in time, or has broken it off, is not waited for.
        let _ = timeout(time, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

/// A connection as the HTTP library takes it.
type Admitted = (Paced<TcpStream>, Protocol, Option<SocketAddr>);

/// Puts a door before what serves connections.
pub(super) fn behind<H>(
    door: Arc<Door>,
    http: H,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = H::Error, InitError = H::InitError>
where
    H: ServiceFactory<Admitted, Config = (), Response = ()>,
{
    fn_factory(move || {
        let (door, http) = (door.clone(), http.new_service(()));
        async move {
            let http = Rc::new(http.await?);
            Ok(fn_service(move |stream| {
                let (door, http) = (door.clone(), http.clone());
                async move {
                    let Some((stream, seat)) = door.admit(stream).await else { return Ok(()) };
                    let peer = stream.peer_addr().ok();
                    let served = http.call((Paced::of(stream, door.heads.clone()), Protocol::Http1, peer)).await;
                    drop(seat);
                    served
                }
            }))
        }
    })
}

/// Returns the bytes of an answer after which the connection ends.
fn goodbye(failure: Failure) -> Vec<u8> {
    let mut response = failure.error_response();
    add_answer_headers(response.headers_mut());
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Returns both ends of a new connection, that of the sender first.
    async fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let address = listener.local_addr().expect("an address");
        let (sender, taken) = tokio::join!(TcpStream::connect(address), listener.accept());
        (sender.expect("it connects"), taken.expect("it is taken").0)
    }

    #[tokio::test]
    async fn who_finds_no_seat_gets_the_next_that_is_free_or_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        // Two of them are kept: one may stand.
        let door = Door::of(2 * STANDING_PART);
        let mut seated = Vec::new();
        while door.seats.available_permits() > 0 {
            let (sender, stream) = connection(&listener).await;
            seated.push((sender, door.admit(stream).await.expect("a seat")));
        }
        let (_first, standing) = connection(&listener).await;
        let (mut second, other) = connection(&listener).await;
        let (admitted, turned_away) = tokio::join!(door.admit(standing), async {
            let turned_away = door.admit(other).await;
            seated.pop();
            turned_away
        });
        assert!(admitted.is_some(), "a seat became free while it stood");
        assert!(turned_away.is_none(), "another one had no place");
        let mut told = String::new();
        second.read_to_string(&mut told).await.expect("an answer");
        assert!(told.starts_with("HTTP/1.1 503 Service Unavailable\r\n") && told.contains("retry-after: "), "{told}");
    }
}
