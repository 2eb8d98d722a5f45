//! The machine as jobs see it, and the worker of a server on threads of its own.

use super::failure::Failure;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::files::{Caches, Depot, Logs, Place, Site};
use crate::id::{Entropy, WorkerId};
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::process::Patience;
use crate::run::Retention;
use crate::server::Token;
use crate::store::Store;
use crate::webhook::challenge::Consent;
use crate::webhook::connection::Secret;
use crate::worker::{
    Drain, Duty, Host, INHERITED, Keeper, Lookout, Repositories, Secrets, Settings, Worker, keep_swept, send_left,
};
use anyhow::Context;
use arc_swap::ArcSwap;
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where the system says what this machine is called.
const HOST_NAME_FILE: &str = "/proc/sys/kernel/hostname";
/// What it is called where the system does not say.
const HOST_NAME_DEFAULT: &str = "pipehook";
/// This binary, also when its file was replaced by a later version while this one runs.
const OWN_BINARY: &str = "/proc/self/exe";
/// How many threads look after jobs; the work itself is done by their programs.
const THREADS: usize = 2;

/// How long the worker, and what removes what is old, wait at their end for threads that wait for something.
const LAST_WORK_MAX: Duration = Duration::from_secs(2);

/// Returns this machine with what jobs may know of its environment, and its repositories: the
/// one around the folder of pipelines, and those that the configuration names.
pub(super) fn host(config: &Config, pipelines: &Path, clock: Arc<dyn Clock>) -> Host {
    let known = Secrets::default();
    known.replace(secrets(config), own_secrets(config));
    host_with(config, pipelines, Arc::new(known), clock)
}

/// Returns what this machine is called.
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string(HOST_NAME_FILE).unwrap_or_default();
    let name = if name.trim().is_empty() { HOST_NAME_DEFAULT } else { name.trim() };
    name.to_owned()
}

fn host_with(config: &Config, pipelines: &Path, secrets: Arc<Secrets>, clock: Arc<dyn Clock>) -> Host {
    let names = INHERITED.iter().copied().chain(config.environment.iter().map(String::as_str));
    let environment = names.filter_map(|name| Some((name.to_owned(), config::environment_variable(name)?))).collect();
    Host {
        name: host_name(),
        environment,
        shims: OWN_BINARY.into(),
        patience: Patience::default(),
        retry_second: Duration::from_secs(1),
        secrets,
        repositories: Arc::new(Repositories::new(pipelines, config.repositories.clone())),
        machine: Arc::new(
            Machine::new(config.workers.pools.clone(), config::environment_variable("PATH"), config.tasks.clone())
                .with_environment(config::environment_variable),
        ),
        caches: Caches::new(&config.data),
        clock,
    }
}

/// Returns the secrets of the variable groups that the configuration has.
pub(super) fn secrets(config: &Config) -> impl Iterator<Item = (String, String, SecretString)> {
    config.variable_groups.iter().flat_map(|group| {
        let of_group = move |(name, value): &(Arc<str>, SecretString)| {
            (group.group.name.to_string(), name.to_string(), value.clone())
        };
        group.secrets.iter().map(of_group)
    })
}

/// Returns the secrets that are the server's alone, as far as this process knows them: the admin token,
/// those of the connections, the keys of the object store. A step that can read the server's files must
/// not print them into a log. The password in a database's address is masked as that of any address.
fn own_secrets(config: &Config) -> Vec<SecretString> {
    let mut secrets: Vec<SecretString> = Token::written(&config.data).into_iter().collect();
    for connection in &config.connections {
        secrets.extend(connection.secrets().iter().flat_map(Secret::texts).map(SecretString::from));
        secrets.extend(connection.consent.as_ref().and_then(|it: &Consent| it.verify_token.clone()));
    }
    if let Some(Place::S3(bucket)) = &config.files {
        secrets.extend([&bucket.secret_key, &bucket.session_token].into_iter().flatten().cloned());
    }
    secrets
}

/// Returns random bytes for an id.
pub(super) fn entropy() -> Entropy {
    let mut bytes = Entropy::default();
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// Returns a moment as ids want it.
pub(super) fn milliseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().as_millisecond()).unwrap_or(0)
}

/// A write beyond the size that the system allows a file is an error like any other: without a handler
/// its signal would end the process. And where whoever started us has ignored the end of children, nobody would
/// learn how they end. Programs of steps have no handlers all the same.
pub(super) fn survive_file_limits() -> Result<(), Failure> {
    let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let handled = [too_large, SignalKind::child()];
    let handled = super::open::block_on(async { handled.into_iter().try_for_each(|kind| signal(kind).map(drop)) })?;
    handled.context("signals can't be handled").map_err(Failure::Unreachable)
}

/// Removes what is old beside the server, and tells what waits for nobody, on a thread of its own.
pub(super) struct Housekeeping {
    stop: watch::Sender<bool>,
    retention: watch::Sender<Retention>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts to look at everything, now and from time to time. Where this process has no worker, it is also what sends
    /// logs that an earlier one has left here, and what sweeps.
    pub(super) fn start(
        config: &Config,
        store: Arc<dyn Store>,
        depot: Option<Arc<dyn Depot>>,
        clock: Arc<dyn Clock>,
        worker: Option<&Terms>,
    ) -> Result<Self, Failure> {
        let lookout = Lookout::new(store.clone(), worker.map(|terms| terms.duty.clone()));
        let left = worker.is_none().then(|| Logs::new(&config.data).shared(depot.clone()));
        let in_place_of_worker = left.map(|logs| {
            let (store, data) = (store.clone(), config.data.clone());
            async move { tokio::join!(send_left(logs, store.clone()), keep_swept(store, data)) }
        });
        let (own, shared) = (Site::Folder(config.data.clone()), depot.map(Site::Depot));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("nothing old can be removed").map_err(Failure::Unreachable)?;
        let (stop, stopped) = watch::channel(false);
        let keeper = Keeper { store, own, shared, retention: config.retention, clock, stop: stopped.clone() };
        let (retention, kept) = watch::channel(config.retention);
        let thread = std::thread::Builder::new()
            .name("retention".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let in_place_of_worker = in_place_of_worker.map(tokio::spawn);
                    let mut ending = stopped.clone();
                    let too_late = async {
                        let _ = ending.wait_for(|ending| *ending).await;
                        tokio::time::sleep(LAST_WORK_MAX).await;
                    };
                    tokio::select! {
                        _ = async { tokio::join!(keeper.run(kept), lookout.run(stopped)) } => {}
                        // The store does not answer.
                        () = too_late => {}
                    }
                    in_place_of_worker.inspect(|task| task.abort());
                });
                // A folder of very many files may be gone through, or a place be asked that does not answer.
                runtime.shutdown_timeout(LAST_WORK_MAX);
            })
            .context("nothing old can be removed")
            .map_err(Failure::Unreachable)?;
        Ok(Self { stop, retention, thread: Some(thread) })
    }

    /// Returns what tells it what is to be kept from now on.
    pub(super) fn retention(&self) -> watch::Sender<Retention> {
        self.retention.clone()
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the removing of what is old broke off");
        }
    }
}

/// What jobs are claimed and executed with.
pub(super) struct Terms {
    duty: Arc<ArcSwap<Duty>>,
    /// As it was at the start: the data folder does not change while serving.
    caches: Caches,
    clock: Arc<dyn Clock>,
}

impl Terms {
    /// Puts a changed configuration in force, for the jobs that begin from now on, with the folder of pipelines that is.
    pub(super) fn take_up(&self, config: &Config, pipelines: &Path) {
        let secrets = self.duty.load().host.secrets.clone();
        secrets.replace(self::secrets(config), own_secrets(config));
        let host = host_with(config, pipelines, secrets, self.clock.clone());
        self.duty.store(Arc::new(Duty {
            jobs: config.workers.jobs.get(),
            pools: config.workers.pools.clone(),
            host: Host { caches: self.caches.clone(), ..host },
        }));
    }
}

/// A worker beside the server. It has threads of its own: a server thread that waits for a
/// program would answer nobody.
pub(super) struct Workshop {
    terms: Arc<Terms>,
    drain: watch::Sender<Drain>,
    thread: Option<JoinHandle<()>>,
}

impl Workshop {
    /// Starts to claim and execute jobs. Asked to drain, it gives them a grace.
    pub(super) fn open(
        config: &Config,
        (drain, drain_grace): (watch::Sender<Drain>, Duration),
        store: Arc<dyn Store>,
        (logs, depot): (Logs, Option<Arc<dyn Depot>>),
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let settings = Settings {
            jobs: config.workers.jobs.get(),
            pools: config.workers.pools.clone(),
            data: config.data.clone(),
            logs,
            depot,
            drain_grace,
            metrics,
            host: host(config, &config.pipelines, clock.clone()),
        };
        let worker = Worker::new(WorkerId::new(milliseconds(&*clock), entropy()), store, settings);
        let terms = Arc::new(Terms { duty: worker.duty(), caches: Caches::new(&config.data), clock });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("worker")
            .enable_all()
            .build()
            .context("the worker can't start")
            .map_err(Failure::Unreachable)?;
        let drained = drain.subscribe();
        let thread = std::thread::Builder::new()
            .name("workshop".to_owned())
            .spawn(move || {
                runtime.block_on(worker.run(drained));
                // What a thread waits for now, nobody wants: what `files` names may not answer for a minute.
                runtime.shutdown_timeout(LAST_WORK_MAX);
            })
            .context("the worker can't start")
            .map_err(Failure::Unreachable)?;
        Ok(Self { terms, drain, thread: Some(thread) })
    }

    /// Returns what jobs are claimed and executed with, to be replaced when the configuration changes.
    pub(super) fn terms(&self) -> Arc<Terms> {
        self.terms.clone()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // Who asked before may have asked for more.
        self.drain.send_if_modified(|asked| {
            let is_news = *asked == Drain::No;
            *asked = (*asked).max(Drain::Gently);
            is_news
        });
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the worker broke off");
        }
    }
}
