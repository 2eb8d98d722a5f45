//! What ends a job or a step before its time: a request, time limits (reference, section 5.5).

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Becomes true when somebody asks the job to stop.
pub type StopSignal = watch::Receiver<bool>;

/// Why a job is canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    Request,
    /// It took longer than it may.
    TimeLimit,
}

/// Why a step's program is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// The job was canceled, and the step's condition does not want it to go on.
    Canceled,
    /// The step took longer than it may.
    TimedOut,
    /// The time that a canceled job has is over.
    OutOfTime,
}

/// Watches what may end a job.
pub(super) struct Watchman {
    signal: StopSignal,
    /// When the job has taken too long.
    deadline: Option<Instant>,
    /// How long it has to end once it is canceled.
    patience: Duration,
    canceled: Option<(Cause, Option<Instant>)>,
}

/// Returns a time limit that is written in minutes; 0 is none.
pub(super) fn minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok().filter(|limit| !limit.is_zero())
}

/// Returns when a duration from now is over; a far future is never.
pub(super) fn deadline(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

impl Watchman {
    pub(super) fn new(signal: StopSignal, limit: Option<Duration>, patience: Duration) -> Self {
        Self { signal, deadline: deadline(limit), patience, canceled: None }
    }

    /// Looks whether the job was canceled meanwhile, and says why it was.
    pub(super) fn canceled(&mut self) -> Option<Cause> {
        if self.canceled.is_none() {
            if *self.signal.borrow() {
                self.cancel(Cause::Request);
            } else if is_over(self.deadline) {
                self.cancel(Cause::TimeLimit);
            }
        }
        self.canceled.map(|(cause, _)| cause)
    }

    /// Says whether the time that a canceled job has is over.
    pub(super) fn is_out_of_time(&self) -> bool {
        self.canceled.is_some_and(|(_, end)| is_over(end))
    }

    /// Returns when a step must stop, which has time until `end`. Asks `goes_on` once when the job is canceled
    /// meanwhile: whether the step's condition holds all the same.
    pub(super) async fn interruption(&mut self, end: Option<Instant>, goes_on: impl Fn() -> bool) -> Interruption {
        let timed_out = sleep_or_never(end);
        tokio::pin!(timed_out);
        if self.canceled.is_none() {
            let cause = tokio::select! {
                () = asked(&mut self.signal) => Cause::Request,
                () = sleep_or_never(self.deadline) => Cause::TimeLimit,
                () = &mut timed_out => return Interruption::TimedOut,
            };
            self.cancel(cause);
            if !goes_on() {
                return Interruption::Canceled;
            }
        }
        tokio::select! {
            () = sleep_or_never(self.canceled.and_then(|(_, end)| end)) => Interruption::OutOfTime,
            () = timed_out => Interruption::TimedOut,
        }
    }

    fn cancel(&mut self, cause: Cause) {
        self.canceled = Some((cause, deadline(Some(self.patience))));
    }
}

/// Returns when the signal is given; never if nobody is left to give it.
async fn asked(signal: &mut StopSignal) {
    if signal.wait_for(|asked| *asked).await.is_err() {
        std::future::pending().await
    }
}

async fn sleep_or_never(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}
