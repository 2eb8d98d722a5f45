//! Changed pipeline files are taken up without a restart.

use super::{Catalog, Shelf};
use notify::{EventKind, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the folder must be quiet before it is read again: an editor or a checkout writes
/// many files at once.
const QUIET: Duration = Duration::from_millis(100);
/// The folder is read again at least this often, for file systems that tell nobody of changes.
const AT_LEAST: Duration = Duration::from_secs(30);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    notifier: Notifier,
    told: mpsc::Sender<()>,
    _stop: mpsc::Sender<()>,
}

impl Watcher {
    /// Returns what has the folder read now: it may be another one.
    pub fn bell(&self) -> mpsc::Sender<()> {
        self.told.clone()
    }
}

/// What the system tells of changes; `None` where it can't, and when watching has ended.
type Notifier = Arc<Mutex<Option<notify::RecommendedWatcher>>>;

impl Drop for Watcher {
    fn drop(&mut self) {
        // The thread looks whether it is to end when it is told something, and there is nobody else any more.
        let _ = self.told.send(());
        drop(self.notifier.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Watches a shelf's folder on a thread of its own and calls `renewed` after each change with
/// the new snapshot. Where the system can't watch, changes are seen after half a minute.
pub fn watch(shelf: Arc<Shelf>, renewed: impl Fn(&Catalog) + Send + 'static) -> Watcher {
    let (stop, stopped) = mpsc::channel();
    let (told, changes) = mpsc::channel();
    let bell = told.clone();
    let notifier = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let only_read = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
        if !only_read {
            // The receiver is gone only when watching ends.
            let _ = told.send(());
        }
    });
    if let Err(error) = &notifier {
        tell_unwatched(error);
    }
    let notifier: Notifier = Arc::new(Mutex::new(notifier.ok()));
    let mut folders = Folders { notifier: notifier.clone(), pipelines: PathBuf::new(), watched: BTreeSet::new() };
    folders.watch(&shelf.catalog());
    let watcher = Watcher { notifier, told: bell, _stop: stop };
    std::thread::Builder::new()
        .name("catalog".to_owned())
        .spawn(move || {
            renew_until_stopped(&shelf, &changes, &stopped, |catalog| {
                folders.watch(catalog);
                renewed(catalog);
            });
        })
        .expect("the system can start a thread");
    watcher
}

fn tell_unwatched(error: &notify::Error) {
    tracing::warn!(%error, "the pipelines folder can't be watched, changes are seen after {AT_LEAST:?}");
}

/// The pipelines folder, and those of templates that are watched beside it. Each of these is watched by
/// itself, not with all below it: a repository may hold folders in which much goes on.
struct Folders {
    notifier: Notifier,
    /// Nothing before the first look.
    pipelines: PathBuf,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    /// Watches the folders that a catalog's templates are in, and no others. One that can't be
    /// watched is looked at every half minute like all others.
    fn watch(&mut self, catalog: &Catalog) {
        let mut notifier = self.notifier.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(notifier) = notifier.as_mut() else { return };
        let pipelines = &catalog.library.pipelines;
        if self.pipelines != *pipelines {
            // Of what is below another folder, or is gone, nothing was watched.
            let _ = notifier.unwatch(&self.pipelines);
            if let Err(error) = notifier.watch(pipelines, RecursiveMode::Recursive) {
                tell_unwatched(&error);
            }
            self.pipelines.clone_from(pipelines);
        }
        let wanted: BTreeSet<PathBuf> = catalog.folders().into_iter().map(PathBuf::from).collect();
        for gone in self.watched.difference(&wanted) {
            // It may have been removed.
            let _ = notifier.unwatch(gone);
        }
        let new = wanted.difference(&self.watched);
        let taken: Vec<PathBuf> =
            new.filter(|folder| notifier.watch(folder, RecursiveMode::NonRecursive).is_ok()).cloned().collect();
        self.watched.retain(|folder| wanted.contains(folder));
        self.watched.extend(taken);
    }
}

fn renew_until_stopped(
    shelf: &Shelf,
    changes: &Receiver<()>,
    stopped: &Receiver<()>,
    mut renewed: impl FnMut(&Catalog),
) {
    loop {
        match changes.recv_timeout(AT_LEAST) {
            Ok(()) => while changes.recv_timeout(QUIET).is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            // No notifier: the half minute is all there is.
            Err(RecvTimeoutError::Disconnected) => match stopped.recv_timeout(AT_LEAST) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            },
        }
        if matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Disconnected)) {
            return;
        }
        match shelf.reload() {
            Ok(catalog) => renewed(&catalog),
            Err(error) => tracing::error!(%error, "the pipelines folder can't be read, the last state goes on serving"),
        }
    }
}
