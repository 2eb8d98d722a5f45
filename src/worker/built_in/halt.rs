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
pub(super) struct Halt(Arc<AtomicBool>);

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
pub(super) async fn work<T: Send + 'static>(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    work: impl FnOnce(&Halt) -> Result<T, String> + Send + 'static,
) -> Result<T, Unfinished> {
    let halt = Halt::default();
    let holder = Holder(halt.clone());
    let mut task = tokio::task::spawn_blocking(move || unless_halted(halt.0.clone(), || work(&halt)));
    let done = tokio::select! {
        done = &mut task => done,
        interruption = interruption(execution, own) => {
            drop(holder);
            // Whether it was done meanwhile changes nothing.
            let _ = timeout(STOP_MAX, task).await;
            return Err(Unfinished::Interrupted(interruption));
        }
    };
    match done {
        Ok(done) => done.map_err(Unfinished::Failed),
        Err(error) => Err(Unfinished::Failed(format!("The work broke off: {error}."))),
    }
}
