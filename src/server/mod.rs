//! The server: where deliveries come in, and where people look.
//!
//! There are two listeners. The public one takes deliveries and says that it lives; nothing else
//! is there. The admin one shows runs, logs, deliveries and numbers to who holds the token: to
//! programs by the API, to people by the page. Both
//! are made by [`Server::bind`], so that a port in use is found before anything else starts, and
//! served by [`Server::serve`] until a future is ready.

mod admin;
mod answer;
mod api;
mod body;
mod door;
mod error;
mod event;
mod health;
mod log;
mod moment;
mod open;
mod page;
mod position;
mod public;
mod receive;
mod route;
mod session;
mod token;
mod wait;

pub use answer::replayed;
pub use api::ShownDelivery;
pub use log::{harmless, harmless_lines, readers};
pub use moment::{ago, exact, took};
pub use open::{OpenConnection, OpenSecret, SeenConnection};
pub use token::Token;

use crate::clock::Clock;
use crate::files::Logs;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::store::Store;
use actix_web::dev::Server as Running;
use actix_web::{App, HttpServer, web};
use arc_swap::ArcSwap;
use session::Session;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How long the headers of a request may take.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a connection is still read after an answer that came before the end of the body, so
/// that the sender sees the answer and not a reset; and how long closing may take.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How many connections may wait for a listener at once. What comes above it is dropped by the system, and
/// tries again a second later or is reset: a burst of senders is not to wait that long.
const BACKLOG: i32 = 4_096;
/// How long an idle connection is kept for the next request of the same sender.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long requests that are being answered may take after the server was asked to stop.
const STOP_SECONDS_MAX: u64 = 5;
/// The most connections that one thread of the public listener holds.
const CONNECTIONS_MAX: usize = 4_096;
/// The most connections that the admin listener holds: many more than people and programs have, so that
/// those who open some and say nothing keep nobody out before [`HEAD_TIME_MAX`] or [`ADMIN_IDLE_MAX`] has
/// closed them.
const ADMIN_CONNECTIONS_MAX: usize = 2_048;
/// How long a connection to the admin listener may say nothing between two requests.
const ADMIN_IDLE_MAX: Duration = Duration::from_secs(5);

/// What requests are answered with.
pub struct State {
    /// The receiving half of the machine.
    pub intake: Arc<Intake>,
    /// Where runs and deliveries are.
    pub store: Arc<dyn Store>,
    /// Where logs are.
    pub logs: Arc<Logs>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// The configured connections, as far as the API shows them.
    pub connections: ArcSwap<Vec<OpenConnection>>,
    /// Who may use the admin listener.
    pub token: Token,
    /// How long the body of a request may take.
    pub body_time: Duration,
}

/// Why a listener could not be made.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {reason}")]
pub struct ListenError {
    address: String,
    reason: String,
}

/// Two listeners that hold their ports and serve nothing yet.
pub struct Server {
    public: TcpListener,
    admin: TcpListener,
    /// By which names the admin listener is asked beside addresses, that with which answers name it first.
    admin_hosts: Vec<String>,
    room: Room,
}

/// How many connections the listeners hold.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Each thread of the public one.
    public: usize,
    admin: usize,
}

impl Room {
    /// Shares a number of connections out: a quarter to the admin listener, up to what it takes.
    fn of(connections: usize) -> Self {
        let admin = (connections / 4).clamp(1, ADMIN_CONNECTIONS_MAX);
        let public = connections.saturating_sub(admin) / threads();
        Self { public: public.clamp(1, CONNECTIONS_MAX), admin }
    }
}

/// How many threads the public listener has: as many as there are processors.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get)
}

impl Server {
    /// Returns how many connections both listeners hold at the most.
    pub fn connections_max() -> usize {
        CONNECTIONS_MAX.saturating_mul(threads()).saturating_add(ADMIN_CONNECTIONS_MAX)
    }

    /// Takes both ports. Port 0 picks a free one. Both hold so many connections together, and leave others
    /// waiting: a server that has no file left can't write its store either.
    pub fn bind(public: &str, admin: &str, connections: usize) -> Result<Self, ListenError> {
        let host = admin.rsplit_once(':').map_or(admin, |(host, _)| host).to_owned();
        let admin_hosts = vec![host];
        Ok(Self { public: listen(public)?, admin: listen(admin)?, admin_hosts, room: Room::of(connections) })
    }

    /// Lets the admin listener be asked by other names too: those of the configuration, with the first of which
    /// answers name it, and that of the machine.
    #[must_use]
    pub fn known_as(mut self, configured: &[String], machine: String) -> Self {
        self.admin_hosts.splice(0..0, configured.iter().cloned());
        self.admin_hosts.push(machine);
        self
    }

    /// Returns where deliveries are received.
    pub fn public_address(&self) -> SocketAddr {
        self.public.local_addr().expect("a bound socket has an address")
    }

    /// Returns where the API is served.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.local_addr().expect("a bound socket has an address")
    }

    /// Serves until `stop` is ready, then answers what has begun, and returns within seconds.
    /// Must be called on a thread that [`block_on`] made.
    pub async fn serve(self, state: Arc<State>, stop: impl Future<Output = ()>) -> std::io::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let admin_address = self.admin_address();
        let session = Arc::new(Session::new(&state.token, admin_address.port()));
        let streams = Arc::new(Semaphore::new(event::STREAMS_MAX));
        let runs_url = runs_url(&admin_address.to_string(), &self.admin_hosts).into();
        let shared = Shared { state, stopping: stopped, runs_url, session, streams };
        let public = public::serve(self.public, shared.clone(), self.room.public)?;
        let admin = admin(self.admin, shared, (self.admin_hosts, self.room.admin))?;
        let handles = [public.handle(), admin.handle()];
        let running = [actix_web::rt::spawn(public), actix_web::rt::spawn(admin)];
        stop.await;
        // Answers that wait for runs are given now: there is nobody left to wait for.
        stopping.send_replace(true);
        for handle in handles {
            handle.stop(true).await;
        }
        for server in running {
            server.await.map_err(std::io::Error::other)??;
        }
        Ok(())
    }
}

/// Runs a future on a thread that can serve.
pub fn block_on<F: Future>(future: F) -> F::Output {
    actix_web::rt::System::new().block_on(future)
}

/// What every handler can reach.
#[derive(Clone)]
struct Shared {
    state: Arc<State>,
    /// Becomes true when the server was asked to stop.
    stopping: watch::Receiver<bool>,
    /// Where runs can be looked at: a run's id follows.
    runs_url: Arc<str>,
    /// What browsers show in place of the token.
    session: Arc<Session>,
    /// How many more live streams there may be.
    streams: Arc<Semaphore>,
}

impl Shared {
    /// Returns where a run can be looked at.
    fn run_url(&self, run: &crate::id::RunId) -> String {
        [&*self.runs_url, run.as_str()].concat()
    }
}

/// Returns where runs can be looked at; a run's id follows. An address that stands for a whole machine leads
/// nowhere from another one: there the first name is in its place.
pub fn runs_url(listen: &str, names: &[String]) -> String {
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
    let is_anywhere = host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_unspecified());
    let name = names.first().filter(|name| is_anywhere && name.parse::<IpAddr>().is_err());
    format!("http://{}:{port}/api/v1/runs/", name.map_or(host, String::as_str))
}

fn listen(address: &str) -> Result<TcpListener, ListenError> {
    let failed = |reason: String| ListenError { address: address.to_owned(), reason };
    let mut candidates = address.to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    let first = candidates.next().ok_or_else(|| failed("the name has no address".to_owned()))?;
    bind(first).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => failed("another program listens there".to_owned()),
        _ => failed(error.to_string()),
    })
}

/// Binds as the runtime wants it. The standard library makes the address reusable, so that a
/// restart need not wait for old connections, and lets too few wait.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn admin(
    listener: TcpListener,
    shared: Shared,
    (hosts, connections): (Vec<String>, usize),
) -> std::io::Result<Running> {
    let gate = Arc::new(admin::Gate::new(&hosts));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(shared.clone()))
            .app_data(web::Data::from(gate.clone()))
            .wrap(actix_web::middleware::from_fn(admin::pass))
            .wrap(actix_web::middleware::from_fn(route::with_page_headers))
            .wrap(actix_web::middleware::from_fn(route::with_answer_headers))
            .configure(|app| route::configure(app, route::ADMIN))
    });
    Ok(server
        .workers(1)
        .max_connections(connections)
        .keep_alive(ADMIN_IDLE_MAX)
        .client_request_timeout(HEAD_TIME_MAX)
        .client_disconnect_timeout(LINGER_MAX)
        .shutdown_timeout(STOP_SECONDS_MAX)
        .disable_signals()
        .listen(listener)?
        .run())
}
