//! `pipehook serve`: receiver, worker and API in one process.

use super::drain::{Grace, on_signals};
use super::failure::{Ending, Failure};
use super::reload::{Reloader, Subject};
use super::work::{Housekeeping, Terms, Workshop, host_name, survive_file_limits};
use super::{Global, limits, open, trace};
use crate::catalog::{self, Library, Shelf};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, listen_address};
use crate::files::Logs;
use crate::intake::{Intake, Rules};
use crate::machine::Elsewhere;
use crate::metrics::Metrics;
use crate::run::Retention;
use crate::server::{self, Addresses, Mover, OpenConnection, Server, State, Token};
use crate::store::Store;
use crate::worker::{Drain, asked_to_drain};
use anyhow::Context;
use arc_swap::ArcSwap;
use clap::Args;
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long the process waits at its end for the last holder of the store. Nothing is lost where it waits in
/// vain: the next start reads the log.
const RELEASE_MAX: Duration = Duration::from_secs(2);
/// How often it looks.
const RELEASE_LOOK: Duration = Duration::from_millis(2);

/// Receives deliveries, runs pipelines, and serves the API and the page, until SIGTERM or Ctrl-C.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipehook serve
  pipehook serve --listen 0.0.0.0:8080 --pipelines ./pipelines --data /var/lib/pipehook
  PIPEHOOK_DATABASE=postgres://pipehook@db/pipehook pipehook serve

When ready it prints `listening on http://ADDRESS` and `admin on http://ADDRESS`. The admin
listener asks for the token in the file admin-token in the data folder: programs send it as
`Authorization: Bearer TOKEN`, a browser opens `http://ADDRESS/?token=TOKEN` once.

Asked to stop by SIGTERM or Ctrl-C, it takes no deliveries and claims no jobs any more. Jobs that
still run after --drain-seconds are stopped and handed back: they begin again with the next start.
Asked twice, it hands them back at once. SIGHUP ends nothing: the configuration, files that it names
and the pipelines are read again, as they are when they change.")]
pub(super) struct Serve {
    /// Where deliveries are received; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<String>,
    /// Where the API is served; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    admin: Option<String>,
    /// The folder of the pipelines
    #[arg(long, value_name = "DIR")]
    pipelines: Option<PathBuf>,
    /// The folder of the store, logs and workspaces
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only receive: leave the jobs to a later start, or to workers on other machines
    #[arg(long)]
    no_worker: bool,
    /// How long the body of a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    body_seconds: u64,
    /// How much memory all bodies that are being read may take together; four of the largest always find room
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    body_memory: u64,
    #[command(flatten)]
    grace: Grace,
}

impl Serve {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        trace::start();
        let store = self.serve_to_the_end(global)?;
        wait_for_release(store);
        Ok(Ending::Done)
    }

    /// Serves until the process is asked to stop. Returns the store, which threads of the server may hold
    /// for another moment.
    fn serve_to_the_end(self, global: &Global) -> Result<Arc<dyn Store>, Failure> {
        let config = self.apply(global.config()?);
        let room = limits::connections(&config, Server::connections_max())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let opened = open::opened(&config, clock.clone())?;
        let store = opened.store.clone();
        let depot = open::depot(&config, &*store)?;
        let shelf = Arc::new(Shelf::open(library(&config)).map_err(|error| Failure::Usage(error.into()))?);
        let server = Server::bind(addresses(&config), host_name(), room);
        let server = server.map_err(|error| Failure::Unreachable(error.into()))?;
        let metrics: Arc<Metrics> = Arc::default();
        survive_file_limits()?;
        let logs = Logs::new(&config.data).shared(depot.clone());
        let state = Arc::new(State {
            intake: Arc::new(Intake::new(rules(&config), shelf.clone(), store.clone(), clock.clone())),
            store: store.clone(),
            logs: Arc::new(logs.clone()),
            clock: clock.clone(),
            metrics: metrics.clone(),
            connections: ArcSwap::from_pointee(open_connections(&config)),
            token: Token::open(&config.data).context("the admin token can't be used").map_err(Failure::Unreachable)?,
            body_time: Duration::from_secs(self.body_seconds),
            body_memory: self.body_memory * 1024 * 1024,
        });
        report_broken(&shelf.catalog());
        report_secrets(&config);
        let watching = catalog::watch(shelf.clone(), report_broken);
        let (drain, drained) = watch::channel(Drain::No);
        let hang_ups = on_signals(drain.clone(), self.grace)?;
        let ending = (drain, self.grace.duration());
        let workshop = (!self.no_worker)
            .then(|| Workshop::open(&config, ending, store.clone(), (logs, depot.clone()), clock.clone(), metrics));
        let workshop = workshop.transpose()?;
        let terms = workshop.as_ref().map(Workshop::terms);
        let housekeeping = Housekeeping::start(&config, store, depot, clock, terms.as_deref())?;
        let parts = Parts {
            arguments: self,
            state: state.clone(),
            shelf,
            bell: watching.bell(),
            retention: housekeeping.retention(),
            terms,
            mover: server.mover(),
            told_until: Mutex::new(Timestamp::now()),
        };
        let _reloading = Reloader::start(&config, parts, hang_ups);
        serve(server, state, drained)?;
        Ok(opened.store)
    }

    /// Puts what the arguments say over what the file says.
    fn apply(&self, mut config: Config) -> Config {
        let over = |setting: &mut String, argument: &Option<String>| {
            if let Some(value) = argument {
                setting.clone_from(value);
            }
        };
        over(&mut config.listen, &self.listen);
        over(&mut config.admin_listen, &self.admin);
        if let Some(pipelines) = &self.pipelines {
            config.pipelines.clone_from(pipelines);
        }
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        config
    }
}

/// What is logged of a connection with secrets that have all ended.
const OUTLIVED: &str = "every secret of a connection has ended: nobody can post to it";

/// What a changed configuration is put into.
struct Parts {
    arguments: Serve,
    state: Arc<State>,
    shelf: Arc<Shelf>,
    /// Has the pipelines folder watched that is read now.
    bell: mpsc::Sender<()>,
    retention: watch::Sender<Retention>,
    /// Where this process has a worker.
    terms: Option<Arc<Terms>>,
    mover: Arc<Mover>,
    /// Until when it is told which secrets have ended.
    told_until: Mutex<Timestamp>,
}

impl Subject for Parts {
    fn apply(&self, config: Config) -> Config {
        self.arguments.apply(config)
    }

    fn take_up(&self, config: &Config) {
        let Self { arguments: _, state, shelf, bell, retention, terms, mover, told_until: _ } = self;
        shelf.set_library(library(config));
        // First: a run of what is taken up below has them.
        if let Some(terms) = terms {
            terms.take_up(config, &shelf.folder());
        }
        retention.send_if_modified(|retention| std::mem::replace(retention, config.retention) != config.retention);
        match shelf.reload() {
            Ok(catalog) => report_broken(&catalog),
            Err(error) => tracing::error!(%error, "the pipelines folder can't be read, the last state goes on serving"),
        }
        // Where nobody hears it the server ends.
        let _ = bell.send(());
        mover.take_up(&addresses(config));
        report_secrets(config);
        // Last: what a new connection brings finds all else changed.
        state.intake.set_rules(rules(config));
        state.connections.store(Arc::new(open_connections(config)));
    }

    /// Logs which secrets have ended since the last look: nobody changes anything then who could be told otherwise.
    fn look(&self) {
        let now = self.state.clock.now();
        let since = std::mem::replace(&mut *self.told_until.lock().expect("no holder panics"), now);
        for connection in self.state.connections.load().iter().filter(|connection| connection.enabled) {
            let ended = connection.secrets_that_end(since, now);
            for secret in &ended {
                tracing::info!(connection = connection.name, secret = secret.name, "a secret has ended");
            }
            if !ended.is_empty() && !connection.has_live_secret(now) {
                tracing::warn!(connection = connection.name, "{OUTLIVED}");
            }
        }
    }
}

/// Returns where a server listens.
fn addresses(config: &Config) -> Addresses {
    let (public, admin) = (config.listen.clone(), config.admin_listen.clone());
    Addresses { public, admin, admin_hosts: config.admin_hosts.clone() }
}

/// Returns where pipelines are found, for a server: without a database its own worker is all there is.
fn library(config: &Config) -> Library {
    let elsewhere = if config.database.is_none() { Elsewhere::Nobody } else { Elsewhere::Unknown };
    Library::new(config).knowing(elsewhere)
}

/// Returns what the intake needs of a configuration.
pub(super) fn rules(config: &Config) -> Rules {
    Rules { connections: config.connections.clone(), queue_limit: config.limits.queue }
}

/// Returns what the API needs of a configuration.
pub(super) fn open_connections(config: &Config) -> Vec<OpenConnection> {
    config.connections.iter().map(|connection| OpenConnection::new(connection)).collect()
}

/// Serves until the process is asked to stop. Then the worker drains while the server does.
fn serve(server: Server, state: Arc<State>, mut drain: watch::Receiver<Drain>) -> Result<(), Failure> {
    let (public, admin) = (server.public_address(), server.admin_address());
    let stop = async move {
        announce(&format!("listening on http://{public}\nadmin on http://{admin}\n"));
        asked_to_drain(&mut drain, Drain::Gently).await;
        tracing::info!("stopping: no new deliveries are taken, no new jobs are started");
    };
    server::block_on(server.serve(state, stop)).context("the server broke off").map_err(Failure::Unreachable)
}

/// Closes the store's files when nothing else holds it any more, which puts its log into the one file that a
/// backup needs. The server's threads end by themselves, a moment after it.
fn wait_for_release(store: Arc<dyn Store>) {
    let until = Instant::now() + RELEASE_MAX;
    while Arc::strong_count(&store) > 1 && Instant::now() < until {
        std::thread::sleep(RELEASE_LOOK);
    }
}

/// Says on stdout that the server is ready. It goes on serving where nobody reads that.
fn announce(lines: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(lines.as_bytes()).and_then(|()| out.flush()).is_err() {
        tracing::warn!("nobody reads on stdout where the server listens");
    }
}

/// Logs which secrets are weak, and which connections nobody can post to, since every secret of theirs has ended.
fn report_secrets(config: &Config) {
    let now = Timestamp::now();
    for connection in config.connections.iter().filter(|it| it.enabled) {
        for weakness in connection.weaknesses(now) {
            tracing::warn!(connection = connection.name, "{weakness}");
        }
    }
    for connection in config.connections.iter().filter(|it| it.enabled && it.has_outlived_its_secrets(now)) {
        tracing::warn!(connection = connection.name, "{OUTLIVED}");
    }
}

/// Logs which pipelines can't be used as they are now, once for each state of a file.
pub(super) fn report_broken(catalog: &catalog::Catalog) {
    for entry in catalog.entries().filter(|entry| entry.is_news && entry.is_broken()) {
        let serving = if entry.serving.is_some() { "its last good version goes on serving" } else { "it does not run" };
        for report in &entry.reports {
            tracing::warn!(pipeline = entry.name, mistake = report.one_line(), "a pipeline has mistakes, {serving}");
        }
    }
}
