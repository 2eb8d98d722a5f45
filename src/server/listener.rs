//! Listeners that serve, and give way to others while the server goes on.
//!
//! A new address is bound first; one that can't be is reported, and the old one goes on. Then the new listener
//! serves, and the old one answers what it has begun, like a server that stops.

use actix_web::dev::{Server as Running, ServerHandle};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How many connections may wait for a listener at once. What comes above it is dropped by the system, and
/// tries again a second later or is reset: a burst of senders is not to wait that long.
const BACKLOG: i32 = 4_096;

/// Why a listener could not be made.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {reason}")]
pub struct ListenError {
    address: String,
    reason: String,
}

/// Takes an address. Port 0 picks a free one.
pub(super) fn listen(address: &str) -> Result<TcpListener, ListenError> {
    let failed = |reason: String| ListenError { address: address.to_owned(), reason };
    let mut candidates = address.to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    let first = candidates.next().ok_or_else(|| failed("the name has no address".to_owned()))?;
    bind(first).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => failed("another program listens there".to_owned()),
        _ => failed(error.to_string()),
    })
}

/// Binds as the runtime wants it. The standard library makes the address reusable, so that a
/// restart need not wait for old connections, and lets too few wait.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A listener that serves.
pub(super) struct Listening {
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    stopping: watch::Sender<bool>,
}

impl Listening {
    /// Serves, with what tells the answers of this listener that it stops.
    pub(super) fn start(serve: impl FnOnce(watch::Receiver<bool>) -> io::Result<Running>) -> io::Result<Self> {
        let (stopping, stopped) = watch::channel(false);
        let running = serve(stopped)?;
        Ok(Self { handle: running.handle(), running: actix_web::rt::spawn(running), stopping })
    }

    /// Has answers given now that wait for runs: there is nobody left to wait for.
    pub(super) fn hurry(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers what has begun, and returns within seconds.
    pub(super) async fn stop(self) -> io::Result<()> {
        self.hurry();
        self.handle.stop(true).await;
        self.running.await.map_err(io::Error::other)?
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// For deliveries.
    pub public: String,
    /// For the API and the page.
    pub admin: String,
    /// By which names the admin listener may be asked beside addresses and the machine's own; answers name it by
    /// the first.
    pub admin_hosts: Vec<String>,
}

/// What is to change.
pub(super) enum Move {
    Public(TcpListener),
    Admin(TcpListener),
    /// By which names the admin listener is asked, that with which answers name it first.
    Names(Vec<String>),
}

/// Has a server listen elsewhere while it serves.
pub struct Mover {
    inbox: mpsc::UnboundedSender<Move>,
    /// Where it listens now.
    present: Mutex<Addresses>,
    machine: String,
}

impl Mover {
    /// Returns who moves the listeners of a server, and what that gets to hear. The machine's name leads to it too.
    pub(super) fn new(present: Addresses, machine: String) -> (Self, mpsc::UnboundedReceiver<Move>) {
        let (inbox, moves) = mpsc::unbounded_channel();
        (Self { inbox, present: Mutex::new(present), machine }, moves)
    }

    /// Has the server listen at other addresses, where they are others. What can't be bound is logged, and the old
    /// listener goes on.
    pub fn take_up(&self, wanted: &Addresses) {
        let mut present = self.present.lock().expect("no holder of the addresses panics");
        let before = present.names(&self.machine);
        self.bring(&mut present.public, &wanted.public, Move::Public);
        self.bring(&mut present.admin, &wanted.admin, Move::Admin);
        present.admin_hosts.clone_from(&wanted.admin_hosts);
        let names = present.names(&self.machine);
        if names != before {
            // A server that has ended listens nowhere.
            let _ = self.inbox.send(Move::Names(names));
        }
    }

    fn bring(&self, present: &mut String, wanted: &str, elsewhere: impl FnOnce(TcpListener) -> Move) {
        if present == wanted {
            return;
        }
        match listen(wanted) {
            Ok(listener) => {
                let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
                tracing::info!(address, before = present, "the server listens elsewhere from now on");
                wanted.clone_into(present);
                let _ = self.inbox.send(elsewhere(listener));
            }
            Err(error) => tracing::error!(%error, present, "the new address can't be used, the old one stays"),
        }
    }
}

impl Addresses {
    /// Returns by which names the admin listener is asked, that with which answers name it first.
    pub(super) fn names(&self, machine: &str) -> Vec<String> {
        let host = self.admin.rsplit_once(':').map_or(&*self.admin, |(host, _)| host);
        let own = [host, machine].into_iter().map(str::to_owned);
        self.admin_hosts.iter().cloned().chain(own).collect()
    }
}
