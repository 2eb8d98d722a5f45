//! How `serve` and `worker` end: signals ask the worker to drain, and then to end at once.

use super::failure::Failure;
use crate::worker::{DRAIN_GRACE, Drain};
use anyhow::Context;
use clap::Args;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long running jobs may go on.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Grace {
    /// How long running jobs may go on after SIGTERM or Ctrl-C, before they are stopped and handed back
    #[arg(
        long, value_name = "SECONDS", default_value_t = DRAIN_GRACE.as_secs(),
        value_parser = clap::value_parser!(u64).range(..=86_400)
    )]
    drain_seconds: u64,
}

impl Grace {
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// Asks to drain at the first SIGTERM or Ctrl-C, and to end at once at the second, for as long as the
/// process lives: on a thread of its own, which no other work keeps from it.
pub(super) fn on_signals(drain: watch::Sender<Drain>) -> Result<(), Failure> {
    let failed = "signals can't be waited for";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.context(failed).map_err(Failure::Unreachable)?;
    let entered = runtime.enter();
    let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let (mut terminate, mut interrupt) =
        terminate.and_then(|it| Ok((it, interrupt?))).context(failed).map_err(Failure::Unreachable)?;
    drop(entered);
    let asking = async move {
        for asked in [Drain::Gently, Drain::AtOnce] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            drain.send_replace(asked);
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(asking));
    thread.map(drop).context(failed).map_err(Failure::Unreachable)
}
