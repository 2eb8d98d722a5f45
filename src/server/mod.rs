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
mod bodies;
mod body;
mod door;
mod error;
mod event;
mod heads;
mod health;
mod listener;
mod log;
mod moment;
mod open;
mod paced;
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
pub use listener::{Addresses, ListenError, Mover};
pub use log::{harmless, harmless_lines};
pub use moment::{ago, exact, took};
pub use open::{OpenConnection, OpenSecret, Seen, SeenConnection};
pub use token::Token;

use crate::clock::Clock;
use crate::files::Logs;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::store::Store;
use actix_http::HttpService;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::{AppConfig, Server as Running};
use actix_web::{App, web};
use arc_swap::ArcSwap;
use bodies::Bodies;
use door::{Door, behind};
use listener::{Listening, Move, listen};
use paced::Paced;
use session::Session;
use std::mem::replace;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};

/// How long the headers of a request may take.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a connection is still read after an answer that came before the end of the body, so
/// that the sender sees the answer and not a reset; and how long closing may take.
const LINGER_MAX: Duration = Duration::from_secs(2);
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
    /// How many bytes all bodies may take together while they are read; where connections take large ones, more.
    pub body_memory: u64,
}

/// Two listeners that hold their ports and serve nothing yet.
pub struct Server {
    public: TcpListener,
    admin: TcpListener,
    /// By which names the admin listener is asked beside addresses, that with which answers name it first.
    names: Vec<String>,
    room: Room,
    mover: Arc<Mover>,
    moves: mpsc::UnboundedReceiver<Move>,
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

    /// Takes both ports. Port 0 picks a free one. Both hold so many connections together, and tell others to come
    /// again: a server that has no file left can't write its store either. The machine's name leads to it too.
    pub fn bind(addresses: Addresses, machine: String, connections: usize) -> Result<Self, ListenError> {
        let (public, admin) = (listen(&addresses.public)?, listen(&addresses.admin)?);
        let names = addresses.names(&machine);
        let (mover, moves) = Mover::new(addresses, machine);
        Ok(Self { public, admin, names, room: Room::of(connections), mover: Arc::new(mover), moves })
    }

    /// Returns what has it listen elsewhere while it serves.
    pub fn mover(&self) -> Arc<Mover> {
        self.mover.clone()
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
        let Self { public, admin, names, room, mover: _mover, mut moves } = self;
        let mut hall = Hall::new(state, names, room, admin.local_addr()?);
        let mut public = hall.open_public(public)?;
        let mut admin = hall.open_admin(admin)?;
        let mut leaving = Vec::new();
        tokio::pin!(stop);
        loop {
            let next = tokio::select! {
                () = &mut stop => break,
                Some(next) = moves.recv() => next,
            };
            let moved = match next {
                Move::Public(listener) => hall.open_public(listener).map(|new| Some(replace(&mut public, new))),
                Move::Admin(listener) => hall.open_admin(listener).map(|new| Some(replace(&mut admin, new))),
                Move::Names(names) => {
                    hall.rename(names);
                    Ok(None)
                }
            };
            match moved {
                Ok(old) => leaving.extend(old.map(|old| actix_web::rt::spawn(old.stop()))),
                Err(error) => tracing::error!(%error, "the server can't listen elsewhere, the old address stays"),
            }
        }
        // None of them waits for another.
        [&public, &admin].into_iter().for_each(Listening::hurry);
        leaving.extend([public, admin].map(|listening| actix_web::rt::spawn(listening.stop())));
        for left in leaving {
            left.await.map_err(std::io::Error::other)??;
        }
        Ok(())
    }
}

/// What the listeners of a server have in common.
struct Hall {
    shared: Shared,
    gate: Arc<admin::Gate>,
    admin_address: SocketAddr,
    names: Vec<String>,
    room: Room,
}

impl Hall {
    fn new(state: Arc<State>, names: Vec<String>, room: Room, admin_address: SocketAddr) -> Self {
        let shared = Shared {
            session: Arc::new(Session::new(&state.token, admin_address.port())),
            bodies: Arc::new(Bodies::of(state.body_memory)),
            health: Arc::default(),
            state,
            stopping: watch::channel(false).1,
            runs_url: Arc::default(),
            streams: Arc::new(Semaphore::new(event::STREAMS_MAX)),
        };
        let mut hall = Self { shared, gate: Arc::default(), admin_address, names: Vec::new(), room };
        hall.rename(names);
        hall
    }

    fn open_public(&self, listener: TcpListener) -> std::io::Result<Listening> {
        let shared = self.shared.clone();
        Listening::start(|stopping| public::serve(listener, Shared { stopping, ..shared }, self.room.public))
    }

    fn open_admin(&mut self, listener: TcpListener) -> std::io::Result<Listening> {
        let address = listener.local_addr()?;
        let session = Arc::new(Session::new(&self.shared.state.token, address.port()));
        let (shared, gate) = (Shared { session, ..self.shared.clone() }, self.gate.clone());
        let open = |stopping| admin(listener, Shared { stopping, ..shared }, gate, self.room.admin);
        let listening = Listening::start(open)?;
        self.admin_address = address;
        self.rename(self.names.clone());
        Ok(listening)
    }

    /// Changes by which names the admin listener is asked, and how answers name it.
    fn rename(&mut self, names: Vec<String>) {
        self.gate.admit_only(&names);
        self.shared.runs_url.store(Arc::new(runs_url(&self.admin_address.to_string(), &names)));
        self.names = names;
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
    runs_url: Arc<ArcSwap<String>>,
    /// What browsers show in place of the token.
    session: Arc<Session>,
    /// How many more live streams there may be.
    streams: Arc<Semaphore>,
    /// The room of all bodies.
    bodies: Arc<Bodies>,
    health: Arc<health::Health>,
}

impl Shared {
    /// Returns where a run can be looked at.
    fn run_url(&self, run: &crate::id::RunId) -> String {
        [self.runs_url.load().as_str(), run.as_str()].concat()
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

/// Serves the admin listener, in one thread.
fn admin(
    listener: TcpListener,
    shared: Shared,
    gate: Arc<admin::Gate>,
    connections: usize,
) -> std::io::Result<Running> {
    let door = Arc::new(Door::of(connections));
    let service = move || {
        let stopping = shared.stopping.clone();
        let app = App::new()
            .app_data(web::Data::new(shared.clone()))
            .app_data(web::Data::from(gate.clone()))
            .wrap(actix_web::middleware::from_fn(admin::pass))
            .wrap(actix_web::middleware::from_fn(route::with_page_headers))
            .wrap(actix_web::middleware::from_fn(route::with_answer_headers))
            .configure(|app| route::configure(app, route::ADMIN))
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(ADMIN_IDLE_MAX)
            .client_request_timeout(HEAD_TIME_MAX)
            .client_disconnect_timeout(LINGER_MAX)
            .on_connect_ext(|stream: &Paced<TcpStream>, data| stream.tell(data))
            .graceful_shutdown_signal(move || {
                let mut stopping = stopping.clone();
                async move { drop(stopping.wait_for(|stopping| *stopping).await) }
            })
            .finish(map_config(app, |()| AppConfig::default()));
        behind(door.clone(), http)
    };
    Ok(Running::build()
        .workers(1)
        .max_concurrent_connections(connections)
        .shutdown_timeout(STOP_SECONDS_MAX)
        .disable_signals()
        .listen("admin", listener, service)?
        .run())
}
