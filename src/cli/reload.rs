//! A changed configuration is taken up while serving; a broken one is reported and left alone.

use super::serve::{open_connections, report_broken, rules};
use super::work::Terms;
use crate::catalog::{Library, Shelf};
use crate::config::{self, Config, Fixed};
use crate::run::Retention;
use crate::server::State;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks at the configuration until it is dropped. Dropping it waits for its thread, which holds the
/// store: what is still in the log beside the database is brought into it when the store is closed.
pub(super) struct Reloader {
    /// Gone only while this is dropped.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reloader {
    /// Begins to look at the file of a configuration, if it has one.
    pub(super) fn start(config: &Config, parts: Parts) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = config.file.clone().map(|file| {
            // Before the server says that it is ready: what is changed from then on is a change.
            let seen = Seen::now(&file);
            std::thread::Builder::new()
                .name("configuration".to_owned())
                .spawn(move || look_until_stopped(&file, seen, &parts, &stopped))
                .expect("the system can start a thread")
        });
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the look-out for a changed configuration broke off");
        }
    }
}

/// What a changed configuration is put into.
pub(super) struct Parts {
    pub(super) state: Arc<State>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) retention: watch::Sender<Retention>,
    /// Where this process has a worker.
    pub(super) terms: Option<Arc<Terms>>,
}

/// What is known of the file.
struct Seen {
    stamp: Option<(SystemTime, u64)>,
    /// As the file says it: what arguments have put over it is no change.
    fixed: Option<Fixed>,
}

impl Seen {
    fn now(file: &Path) -> Self {
        let stamp = stamp(file);
        let config = Config::load(Some(file), &config::environment_variable);
        Self { stamp, fixed: config.map(|config| config.fixed()).ok() }
    }
}

fn look_until_stopped(file: &Path, mut seen: Seen, parts: &Parts, stopped: &mpsc::Receiver<()>) {
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
        let now = stamp(file);
        if now == seen.stamp {
            continue;
        }
        seen.stamp = now;
        match Config::load(Some(file), &config::environment_variable) {
            Ok(config) => {
                take_up(&config, parts);
                let fixed = config.fixed();
                tell_fixed(seen.fixed.as_ref().unwrap_or(&fixed), &fixed);
            }
            Err(mistakes) => {
                tracing::error!(%mistakes, "the changed configuration has mistakes, the last good one stays in force");
            }
        }
    }
}

/// Puts everything in force but what was decided at the start: see [`Config::fixed`].
fn take_up(config: &Config, Parts { state, shelf, retention, terms }: &Parts) {
    // First: a run of what is taken up below has them.
    if let Some(terms) = terms {
        terms.take_up(config);
    }
    retention.send_if_modified(|retention| std::mem::replace(retention, config.retention) != config.retention);
    shelf.set_library(Library::new(config));
    match shelf.reload() {
        Ok(catalog) => report_broken(&catalog),
        Err(error) => tracing::error!(%error, "the pipelines folder can't be read, the last state goes on serving"),
    }
    // Last: what a new connection brings finds all else changed.
    state.intake.set_rules(rules(config));
    state.connections.store(Arc::new(open_connections(config)));
    tracing::info!("the changed configuration is in force");
}

/// Says which changes wait for the next start.
fn tell_fixed(before: &Fixed, now: &Fixed) {
    let changed: Vec<&str> = before.iter().zip(now).filter(|(a, b)| a != b).map(|(_, (key, _))| *key).collect();
    if !changed.is_empty() {
        let keys = changed.join(", ");
        tracing::warn!(keys, "addresses and folders change with the next start: these have changed since this one");
    }
}

/// Returns what changes when a file is written or replaced.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}
