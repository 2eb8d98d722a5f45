//! The journal of a job that a store leased: steps go to the store, lines to the log file.

use super::journal::{Broken, Journal};
use super::other_run;
use super::stop::{Asked, StopSignal};
use crate::clock::Clock;
use crate::files::{LogLine, LogWriter};
use crate::metrics::Metrics;
use crate::run::Series;
use crate::store::{
    Answer, Error, HandedBack, JobOutcome, LOG_SENT_LATER, Lease, Other, Question, Sought, StepEvent, Store,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};

/// How long to wait before a write is tried again that the store could not take, at first and at
/// the most. It is tried for as long as the lease holds.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often is looked for the answer to a question: a person sees no delay, and a thousand of them
/// keep no store busy.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What stands around the number in the line with which a further attempt begins.
const ATTEMPT: &str = "##[warning]Attempt ";
const BEGINS: &str = " of the job begins here: ";

/// Returns which attempt begins with a line of a log, where one does.
pub(super) fn begun_attempt(line: &LogLine) -> Option<u32> {
    let text = line.text.strip_prefix(ATTEMPT).filter(|_| line.step.is_none())?;
    text.split_once(BEGINS)?.0.parse().ok()
}

/// Writes down what happens to one leased job.
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    lease: Lease,
    clock: Arc<dyn Clock>,
    log: Log,
    /// The record of a step's end that is still being written: what follows it goes on meanwhile, up
    /// to the next record or the end. At most one; it is dropped with us, when the lease is lost.
    recording: JoinSet<Result<(), Broken>>,
    metrics: Arc<Metrics>,
    /// Has the log wait for room until somebody asks the job to stop. Ends with us, when the lease is lost.
    _wanted: JoinSet<()>,
}

/// The log: with us, or with a thread that writes to it.
enum Log {
    Here(Box<LogWriter>),
    /// The next lines may be made ready meanwhile.
    Writing(JoinHandle<std::io::Result<Box<LogWriter>>>),
    /// An earlier write has failed.
    Gone,
}

impl Recorder {
    pub(super) fn new(
        store: Arc<dyn Store>,
        lease: Lease,
        clock: Arc<dyn Clock>,
        log: LogWriter,
        mut stop: StopSignal,
    ) -> Self {
        let wanted = log.wanted();
        let mut _wanted = JoinSet::new();
        _wanted.spawn(async move {
            let _ = stop.wait_for(|asked| *asked != Asked::Nothing).await;
            drop(wanted);
        });
        Self {
            store,
            lease,
            clock,
            log: Log::Here(Box::new(log)),
            recording: JoinSet::new(),
            metrics: Arc::default(),
            _wanted,
        }
    }

    /// Counts what is printed.
    pub(super) fn counting(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Puts the log on disk, and the last record into the store. An outcome is recorded only after
    /// both.
    pub(super) async fn sync(&mut self) -> Result<(), Broken> {
        let synced = match self.begin(LogWriter::sync).await {
            Ok(()) => self.finish_writing().await,
            broken => broken,
        };
        // Also where the log is broken: it is still known how the step ended.
        self.finish_recording().await?;
        synced
    }

    /// Says in the log, also where it is full, that a further attempt begins. Who ends the lease of the one before, or
    /// hands the job back, may be lost before it has said anything.
    pub(super) async fn tell_attempt(&mut self, attempt: u32) -> Result<(), Broken> {
        let text = format!(
            "{ATTEMPT}{attempt}{BEGINS}the worker of the one before was lost or stopped, and what that one has done may be \
             done again."
        );
        let line = LogLine { at: self.clock.now(), step: None, text };
        self.begin(move |log| log.end_with(&line)).await?;
        self.finish_writing().await
    }

    /// Says whether the log is on this machine's disk, and the machines that share it do not have all of it, and
    /// adds the last line that says so.
    pub(super) async fn is_behind(&mut self) -> Result<bool, Broken> {
        if !matches!(&self.log, Log::Here(log) if log.is_behind()) {
            return Ok(false);
        }
        let last = LogLine { at: self.clock.now(), step: None, text: LOG_SENT_LATER.to_owned() };
        self.begin(move |log| log.end_with(&last)).await?;
        self.finish_writing().await?;
        Ok(true)
    }

    /// Begins a write to the log on a thread that may wait for the disk, when the one before it has
    /// ended. So there is at most one at a time, and lines keep their order.
    async fn begin(
        &mut self,
        write: impl FnOnce(&mut LogWriter) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Broken> {
        self.finish_writing().await?;
        self.log = match std::mem::replace(&mut self.log, Log::Gone) {
            Log::Here(mut log) => Log::Writing(tokio::task::spawn_blocking(move || write(&mut log).map(|()| log))),
            other => other,
        };
        Ok(())
    }

    /// Returns when all records so far are in the store.
    async fn finish_recording(&mut self) -> Result<(), Broken> {
        match self.recording.join_next().await {
            Some(recorded) => recorded.unwrap_or_else(|error| Err(Broken::Log(error.to_string()))),
            None => Ok(()),
        }
    }

    /// Returns when all lines so far are in the file.
    async fn finish_writing(&mut self) -> Result<(), Broken> {
        let written = match &mut self.log {
            Log::Here(_) => return Ok(()),
            Log::Gone => return Err(Broken::Log("an earlier write has failed".to_owned())),
            Log::Writing(write) => write.await.map_err(std::io::Error::other).flatten(),
        };
        self.log = Log::Gone;
        self.log = Log::Here(written.map_err(|error| Broken::Log(error.to_string()))?);
        Ok(())
    }
}

#[async_trait]
impl Journal for Recorder {
    async fn record(&mut self, event: StepEvent) -> Result<(), Broken> {
        // Whoever sees that a step has ended finds all that it has printed.
        self.finish_writing().await?;
        self.finish_recording().await?;
        let (store, lease) = (self.store.clone(), self.lease.clone());
        let is_end = matches!(event, StepEvent::Completed { .. });
        let record = async move { persist(&lease, || store.record(&lease, event.clone())).await };
        if is_end {
            self.recording.spawn(record);
            return Ok(());
        }
        record.await
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

    async fn agree(&mut self, name: &str, proposal: Option<&str>) -> Result<Option<String>, Broken> {
        persist(&self.lease, || self.store.agree(&self.lease, name, proposal)).await
    }

    async fn seek(&mut self, sought: &Sought) -> Result<Result<Other, String>, Broken> {
        persist(&self.lease, || async {
            match other_run::seek(&*self.store, sought).await {
                // A row of another version stays what it is.
                Err(error) if error.is_ours() => Ok(Err(format!("The run can't be used: {error}."))),
                found => found,
            }
        })
        .await
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        let at = self.clock.now();
        self.metrics.printed(lines.iter().map(|line| line.len() as u64 + 1).sum());
        self.begin(move |log| log.append_of(at, step, &lines)).await
    }

    async fn log_block(&mut self, step: Option<usize>, block: String) -> Result<(), Broken> {
        let at = self.clock.now();
        self.metrics.printed(block.len() as u64);
        self.begin(move |log| log.append_block(at, step, &block)).await
    }
}

/// Completes a job in the store.
pub(super) async fn finish(store: &dyn Store, lease: &Lease, outcome: JobOutcome) -> Result<(), Broken> {
    persist(lease, || store.finish(lease, outcome.clone())).await
}

/// Hands a job back to the store.
pub(super) async fn hand_back(store: &dyn Store, lease: &Lease) -> Result<HandedBack, Broken> {
    persist(lease, || store.hand_back(lease)).await
}

/// Tries a write until it succeeds or the lease is lost. Writing twice what was already written
/// does no harm: the second time changes nothing, or the lease has gone with the first.
async fn persist<T, F: Future<Output = Result<T, Error>>>(lease: &Lease, write: impl Fn() -> F) -> Result<T, Broken> {
    let mut pause = PAUSE_FIRST;
    loop {
        match write().await {
            Ok(written) => return Ok(written),
            Err(Error::Lost) => return Err(Broken::Lost),
            Err(error) if pause == PAUSE_FIRST => {
                tracing::warn!(job = %lease.job, %error, "the store took no record, trying again");
            }
            Err(error) => tracing::debug!(job = %lease.job, %error, "the store took no record"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
