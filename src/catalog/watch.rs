//! Changed pipeline files are taken up without a restart.

use super::{Catalog, Shelf};
use notify::{EventKind, RecursiveMode, Watcher as _};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long the folder must be quiet before it is read again: an editor or a checkout writes
/// many files at once.
const QUIET: Duration = Duration::from_millis(100);
/// The folder is read again at least this often, for file systems that tell nobody of changes.
const AT_LEAST: Duration = Duration::from_secs(30);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    _notifier: Option<notify::RecommendedWatcher>,
    _stop: mpsc::Sender<()>,
}

/// Watches a shelf's folder on a thread of its own and calls `renewed` after each change with
/// the new snapshot. Where the system can't watch, changes are seen after half a minute.
pub fn watch(shelf: Arc<Shelf>, renewed: impl Fn(&Catalog) + Send + 'static) -> Watcher {
    let (stop, stopped) = mpsc::channel();
    let (told, changes) = mpsc::channel();
    let notifier = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let only_read = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
        if !only_read {
            // The receiver is gone only when watching ends.
            let _ = told.send(());
        }
    })
    .and_then(|mut notifier| {
        notifier.watch(shelf.folder(), RecursiveMode::Recursive)?;
        Ok(notifier)
    });
    if let Err(error) = &notifier {
        tracing::warn!(%error, "the pipelines folder can't be watched, changes are seen after {AT_LEAST:?}");
    }
    let watcher = Watcher { _notifier: notifier.ok(), _stop: stop };
    std::thread::Builder::new()
        .name("catalog".to_owned())
        .spawn(move || renew_until_stopped(&shelf, &changes, &stopped, renewed))
        .expect("the system can start a thread");
    watcher
}

fn renew_until_stopped(shelf: &Shelf, changes: &Receiver<()>, stopped: &Receiver<()>, renewed: impl Fn(&Catalog)) {
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
