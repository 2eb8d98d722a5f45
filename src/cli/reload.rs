//! A changed configuration is taken up while serving; a broken one is reported and left alone.

use super::serve::{open_connections, report_broken, rules};
use super::work;
use crate::catalog::{Library, Shelf};
use crate::config::{self, Config};
use crate::server::State;
use crate::worker::Secrets;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

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
    pub(super) fn start(config: &Config, state: Arc<State>, shelf: Arc<Shelf>, secrets: Option<Arc<Secrets>>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = config.file.clone().map(|file| {
            std::thread::Builder::new()
                .name("configuration".to_owned())
                .spawn(move || look_until_stopped(&file, (&state, &shelf, secrets.as_deref()), &stopped))
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

/// What a changed configuration is put into; secrets where this process has a worker.
type Parts<'p> = (&'p State, &'p Shelf, Option<&'p Secrets>);

fn look_until_stopped(file: &Path, parts: Parts<'_>, stopped: &mpsc::Receiver<()>) {
    let mut seen = stamp(file);
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
        let now = stamp(file);
        if now == seen {
            continue;
        }
        seen = now;
        match Config::load(Some(file), &config::environment_variable) {
            Ok(config) => take_up(&config, parts),
            Err(mistakes) => {
                tracing::error!(%mistakes, "the changed configuration has mistakes, the last good one stays in force");
            }
        }
    }
}

/// Puts connections, limits, repositories and variable groups with their secrets in force. What was
/// decided at the start, such as addresses and folders, stays until the next start.
fn take_up(config: &Config, (state, shelf, secrets): Parts<'_>) {
    // First: a run of what is taken up below has them.
    if let Some(secrets) = secrets {
        secrets.replace(work::secrets(config));
    }
    state.intake.set_rules(rules(config));
    state.connections.store(Arc::new(open_connections(config)));
    shelf.set_library(Library::new(config));
    match shelf.reload() {
        Ok(catalog) => report_broken(&catalog),
        Err(error) => tracing::error!(%error, "the pipelines folder can't be read, the last state goes on serving"),
    }
    tracing::info!("the changed configuration is in force; addresses and folders change with the next start");
}

/// Returns what changes when a file is written or replaced.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}
