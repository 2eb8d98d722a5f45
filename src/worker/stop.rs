//! What ends a job or a step before its time: a request, time limits (reference, section 5.5).

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What is asked of a job that runs, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// To go on.
    Nothing,
    /// To stop: its run was canceled.
    Cancel,
    /// To stop at once, so that it can begin again elsewhere: its worker ends. No step begins any
    /// more, whatever its condition says.
    HandBack,
}

/// Says when somebody asks the job to stop.
pub type StopSignal = watch::Receiver<Asked>;

/// Why a job is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    Request,
    /// It took longer than it may.
    TimeLimit,
    /// Its worker ends, and hands it back.
    HandBack,
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
    /// The worker ends before the job.
    HandedBack,
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
        let asked = *self.signal.borrow();
        match (asked, self.canceled) {
            (Asked::HandBack, _) => self.hand_back(),
            (Asked::Cancel, None) => self.cancel(Cause::Request),
            (Asked::Nothing, None) if is_over(self.deadline) => self.cancel(Cause::TimeLimit),
            _ => {}
        }
        self.cause()
    }

    /// Says why the job was canceled, as far as was noticed.
    pub(super) fn cause(&self) -> Option<Cause> {
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
                asked = asked(&mut self.signal, Asked::Cancel) => asked,
                () = sleep_or_never(self.deadline) => Cause::TimeLimit,
                () = &mut timed_out => return Interruption::TimedOut,
            };
            if cause == Cause::HandBack {
                self.hand_back();
                return Interruption::HandedBack;
            }
            self.cancel(cause);
            if !goes_on() {
                return Interruption::Canceled;
            }
        }
        tokio::select! {
            () = sleep_or_never(self.canceled.and_then(|(_, end)| end)) => Interruption::OutOfTime,
            () = timed_out => Interruption::TimedOut,
            _ = asked(&mut self.signal, Asked::HandBack) => {
                self.hand_back();
                Interruption::OutOfTime
            }
        }
    }

    fn cancel(&mut self, cause: Cause) {
        self.canceled = Some((cause, deadline(Some(self.patience))));
    }

    /// Leaves the job no time. One that was canceled before ends as canceled, and is not handed back.
    fn hand_back(&mut self) {
        let cause = self.cause().unwrap_or(Cause::HandBack);
        self.canceled = Some((cause, Some(Instant::now())));
    }
}

/// Returns when this, or more, is asked, and what it makes of the job; never if nobody is left to ask.
async fn asked(signal: &mut StopSignal, least: Asked) -> Cause {
    let asked = signal.wait_for(|asked| *asked >= least).await.map(|asked| *asked);
    match asked {
        Ok(Asked::HandBack) => Cause::HandBack,
        Ok(_) => Cause::Request,
        Err(_) => std::future::pending().await,
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
