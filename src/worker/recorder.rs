//! The journal of a job that a store leased: steps go to the store, lines to the log file.

use super::journal::{Broken, Journal};
use crate::clock::Clock;
use crate::files::{LogLine, LogWriter};
use crate::run::Series;
use crate::store::{Answer, Error, JobOutcome, Lease, Question, StepEvent, Store};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before a write is tried again that the store could not take, at first and at
/// the most. It is tried for as long as the lease holds.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often is looked for the answer to a question: a person sees no delay, and a thousand of them
/// keep no store busy.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Writes down what happens to one leased job.
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    lease: Lease,
    clock: Arc<dyn Clock>,
    /// Away only while a thread writes to it.
    log: Option<LogWriter>,
}

impl Recorder {
    pub(super) fn new(store: Arc<dyn Store>, lease: Lease, clock: Arc<dyn Clock>, log: LogWriter) -> Self {
        Self { store, lease, clock, log: Some(log) }
    }

    /// Puts the log on disk. An outcome is recorded only after its log.
    pub(super) async fn sync(&mut self) -> Result<(), Broken> {
        self.write(LogWriter::sync).await
    }

    /// Runs a write to the log on a thread that may wait for the disk.
    async fn write(
        &mut self,
        write: impl FnOnce(&mut LogWriter) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Broken> {
        let Some(mut log) = self.log.take() else {
            return Err(Broken::Log("an earlier write has failed".to_owned()));
        };
        let written = tokio::task::spawn_blocking(move || write(&mut log).map(|()| log)).await;
        let written = written.map_err(std::io::Error::other).flatten();
        self.log = Some(written.map_err(|error| Broken::Log(error.to_string()))?);
        Ok(())
    }
}

#[async_trait]
impl Journal for Recorder {
    async fn record(&mut self, event: StepEvent) -> Result<(), Broken> {
        persist(&self.lease, || self.store.record(&self.lease, event.clone())).await
    }

    async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        persist(&self.lease, || self.store.count(&self.lease, series)).await
    }

    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        loop {
            if let Some(answer) = persist(&self.lease, || self.store.ask(&self.lease, question)).await? {
                return Ok(answer);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        let at = self.clock.now();
        let lines: Vec<LogLine> = lines.into_iter().map(|text| LogLine { at, step, text }).collect();
        self.write(move |log| log.append(&lines)).await
    }
}

/// Completes a job in the store.
pub(super) async fn finish(store: &dyn Store, lease: &Lease, outcome: JobOutcome) -> Result<(), Broken> {
    persist(lease, || store.finish(lease, outcome.clone())).await
}

/// Tries a write until it succeeds or the lease is lost. Writing twice what was already written
/// does no harm: the second time changes nothing, or the lease has gone with the first.
async fn persist<T, F: Future<Output = Result<T, Error>>>(lease: &Lease, write: impl Fn() -> F) -> Result<T, Broken> {
    let mut pause = PAUSE_FIRST;
    loop {
        match write().await {
            Ok(written) => return Ok(written),
            Err(Error::Lost) => return Err(Broken::Lost),
            Err(error) => tracing::warn!(job = %lease.job, %error, "the store took no record, trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
