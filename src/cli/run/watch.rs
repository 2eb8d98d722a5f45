//! Running again on change: what a run was made from, looked at again and again.

use crate::cli::Global;
use crate::cli::expansion::Expansion;
use std::time::Duration;

/// How often the files are looked at. They are read as a whole: a file that appears where a template
/// was missing is a change too, and so is one that comes from another repository.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long they must stay as they are before they are run: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Returns when what the run was made from is not what it was.
pub(super) async fn changed(expansion: &Expansion, global: &Global, before: &[(String, String)]) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = expansion.texts(global);
        if now == before {
            continue;
        }
        tokio::time::sleep(QUIET).await;
        if expansion.texts(global) == now {
            return;
        }
    }
}
