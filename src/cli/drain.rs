//! What signals ask of `serve` and `worker`: to drain, and then to end at once; or to read the configuration. And that the
//! process ends in time, whatever it waits for.

use super::break_off;
use super::failure::Failure;
use super::reload::Ask;
use crate::worker::{DRAIN_GRACE, Drain};
use anyhow::Context;
use clap::Args;
use std::sync::mpsc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long a process may take to end, beside the grace of its jobs. Everything that it does then has a limit of its own, and
/// all of them together are shorter; but for what the system does with files, which may wait for a disk that stands still
/// or a server of files that is gone.
const END_MAX: Duration = Duration::from_secs(60);
/// How long it may take to say that it was too long.
const TELL_MAX: Duration = Duration::from_secs(1);

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
/// process lives: on a thread of its own, which no other work keeps from it. Whoever asks, that thread ends the process where
/// it has not ended [`END_MAX`] after the grace. SIGHUP, by which service managers
/// ask for a reload, ends nothing: what is returned hears of it.
pub(super) fn on_signals(drain: watch::Sender<Drain>, grace: Grace) -> Result<HangUps, Failure> {
    let failed = "signals can't be waited for";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context(failed).map_err(Failure::Unreachable)?;
    let entered = runtime.enter();
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let signals = kinds.into_iter().map(signal).collect::<Result<Vec<_>, _>>();
    let signals = signals.context(failed).map_err(Failure::Unreachable)?;
    let [mut terminate, mut interrupt, mut hang_up] = signals.try_into().expect("there are three");
    drop(entered);
    let (ask, asked) = mpsc::channel();
    let hung_up = ask.clone();
    let mut asked_for = drain.subscribe();
    let asking = async move {
        let mut next = [Drain::Gently, Drain::AtOnce].into_iter();
        let mut end = None;
        loop {
            tokio::select! {
                () = over(end) => end_now(),
                Ok(()) = asked_for.changed() => {
                    let grace = if *asked_for.borrow_and_update() == Drain::AtOnce { Duration::ZERO } else { grace.duration() };
                    end = Some(Instant::now() + grace + END_MAX);
                    continue;
                }
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {
                    if hung_up.send(Ask::Read).is_err() {
                        tracing::info!("there is no configuration that could be read again");
                    }
                    continue;
                }
            }
            if let Some(asked) = next.next() {
                drain.send_replace(asked);
            }
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(asking));
    thread.context(failed).map_err(Failure::Unreachable)?;
    Ok(HangUps { ask, asked })
}

/// Returns at a moment; never where there is none.
async fn over(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Ends the process where something in it does not. What was acknowledged is in the store.
fn end_now() -> ! {
    let (told, hear) = mpsc::channel();
    std::thread::spawn(move || {
        tracing::error!(
            "something waits for a disk or a server of files that does not answer, and the process ends all the same: jobs \
             that were not handed back are seen to with the next start"
        );
        let _ = told.send(());
    });
    // The log may be on that disk.
    let _ = hear.recv_timeout(TELL_MAX);
    break_off()
}

/// Where is told that a reload is asked for.
pub(super) struct HangUps {
    /// Where this process asks the same thread for what it wants.
    pub(super) ask: mpsc::Sender<Ask>,
    pub(super) asked: mpsc::Receiver<Ask>,
}
