//! Work with files on a thread of its own, which stops soon after its step does.

use super::super::job::Execution;
use super::{Own, Unfinished, interruption};
use crate::files::unless_halted;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How long stopped work is waited for. What has not stopped then, since the disk does not answer, is left to itself.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Tells work on another thread to stop.
#[derive(Debug, Clone, Default)]
pub(in crate::worker) struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Fails once the work must stop; what the sentence says is seen by nobody.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.0.load(Ordering::Relaxed) { Err("The work was stopped.".to_owned()) } else { Ok(()) }
    }
}

/// Reads until the work must stop.
pub(super) struct Halting<'h, R> {
    pub(super) content: R,
    pub(super) halt: &'h Halt,
}

impl<R: Read> Read for Halting<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.halt.check().map_err(io::Error::other)?;
        self.content.read(bytes)
    }
}

/// Also stops the work of a step whose lease is lost, and which is dropped for that.
struct Holder(Halt);

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Does work that waits for the disk.
pub(in crate::worker) async fn work<T: Send + 'static>(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    work: impl FnOnce(&Halt) -> Result<T, String> + Send + 'static,
) -> Result<T, Unfinished> {
    let done = until(interruption(execution, own), move |halt| Ok(work(halt))).await;
    match done.map_err(Unfinished::Interrupted)? {
        Ok(done) => done.map_err(Unfinished::Failed),
        Err(error) => Err(Unfinished::Failed(format!("The work broke off: {error}."))),
    }
}

/// Does work that waits for the disk, until it is stopped: `Err` is what stopped it.
pub(in crate::worker) async fn until<T: Send + 'static, R>(
    stop: impl Future<Output = R>,
    work: impl FnOnce(&Halt) -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, R> {
    let halt = Halt::default();
    let holder = Holder(halt.clone());
    let mut task = tokio::task::spawn_blocking(move || unless_halted(halt.0.clone(), || work(&halt)));
    tokio::select! {
        biased;
        done = &mut task => Ok(done.map_err(io::Error::other).flatten()),
        stopped = stop => {
            drop(holder);
            // Whether it was done meanwhile changes nothing.
            let _ = timeout(STOP_MAX, task).await;
            Err(stopped)
        }
    }
}

/// Does work that waits for what its machine lacks, until it is told to hurry. It comes to its end in any case.
pub(in crate::worker) async fn hurried<T: Send + 'static>(
    hurry: impl Future<Output = ()>,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let halt = Halt::default();
    let holder = Holder(halt.clone());
    let mut task = tokio::task::spawn_blocking(move || unless_halted(halt.0, work));
    let done = tokio::select! {
        biased;
        done = &mut task => done,
        () = hurry => {
            drop(holder);
            task.await
        }
    };
    done.map_err(io::Error::other).flatten()
}
