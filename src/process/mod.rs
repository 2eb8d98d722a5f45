//! A step's program: started under a shim in a process group of its own, its output read as
//! bounded lines, ended for good with everything it started.
//!
//! ```text
//! started ──► ended ──► pipes closed, or [`PIPE_GRACE`] over ──► all that is left killed
//!    │          ▲
//!    └── stop: SIGINT, SIGTERM, SIGKILL to the group
//! ```
//! The shim does the killing; see `shim.rs` for what holds when the worker itself is killed, and `term.rs`
//! for when it stands still.
//! Nothing here knows jobs or logs: output goes to an [`Output`], and while that takes its time
//! the program waits at its full pipe, so memory stays flat.

mod line;
mod link;
mod program;
mod read;
mod shim;
mod shims;
mod signals;
mod standing;
mod term;
mod tree;
mod weight;

pub use line::{LINE_MAX, Line, Stream, lines_of};
pub use shim::{is_wanted as is_shim, shim};
pub use shims::Shims;
pub use term::{Moment, Term, Timepiece};
pub use tree::{KILL_MAX, MARK, hunt};

use crate::files::Shortage;
use async_trait::async_trait;
use link::{End, Order, Report};
use program::{Orders, Program};
use std::ffi::OsString;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long a pipe may stay open after the program ended, held by what it left in the background.
pub const PIPE_GRACE: Duration = Duration::from_secs(1);

/// How long a program that was killed may take to be told as ended, and its shim to end, before
/// the shim itself is killed.
const KILL_GRACE: Duration = Duration::from_secs(10);

/// One program to run.
#[derive(Debug, Clone)]
pub struct Command {
    /// Where its shim comes from.
    pub shims: Shims,
    /// What all processes of the job have in their environment under [`MARK`], unique on this
    /// machine.
    pub mark: String,
    /// How long it may live.
    pub term: Term,
    /// The file to execute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment: nothing is inherited.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it starts.
    pub directory: PathBuf,
    /// Where its standard error goes.
    pub standard_error: StandardError,
}

/// Where a program's standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardError {
    /// Into the same pipe as standard output, which keeps their order.
    Joined,
    /// Into a pipe of its own, so that its lines are told apart. Their order among those of
    /// standard output is that of arrival.
    Apart,
}

/// How long each signal has to work before the next, stronger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After SIGINT.
    pub interrupt: Duration,
    /// After SIGTERM.
    pub terminate: Duration,
}

impl Default for Patience {
    /// The times of the pipeline language (reference, section 5.5).
    fn default() -> Self {
        Self { interrupt: Duration::from_millis(7_500), terminate: Duration::from_millis(2_500) }
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody saw how: something killed or stopped the shim. The program was killed with all that
    /// carries the mark.
    Unseen,
}

/// A program that ended, and why it was stopped, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended<R> {
    /// How.
    pub exit: Exit,
    /// What the stop gave that came before the end.
    pub stopped: Option<R>,
}

/// What went wrong with a program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("`{program}` can't be started: {reason}")]
    Start {
        /// The file.
        program: String,
        /// Why.
        reason: std::io::Error,
    },
    /// Its output has nowhere to go; it was killed.
    #[error("the output can't be taken: {0}")]
    Output(String),
}

/// Takes what a program prints.
#[async_trait]
pub trait Output: Send {
    /// Takes lines in order. The program waits meanwhile. An error ends the program.
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String>;

    /// Takes whole lines of one stream as one text, in which each has an LF at its end and no other
    /// line break: how nearly all output comes, so that who needs no single lines makes none.
    async fn take_block(&mut self, stream: Stream, block: String) -> Result<(), String> {
        self.take(lines_of(stream, &block)).await
    }
}

/// Runs a program to its end. When `stop` is done, the program is asked, told and forced to end.
///
/// The program and everything it started, in whatever session or group, is gone when this returns,
/// and soon after the future is dropped or this process is killed.
/// Where the system lets nobody open another file or start another process at the moment, it is tried again for as
/// long as jobs wait for what their machine lacks ([`SHORTAGE_MAX`](crate::files::SHORTAGE_MAX)).
pub async fn run<R>(
    command: &Command,
    patience: Patience,
    stop: impl Future<Output = R>,
    output: &mut dyn Output,
) -> Result<Ended<R>, Error> {
    let mut stop = pin!(stop);
    let mut shortage = Shortage::default();
    loop {
        let ended = run_once(command, patience, stop.as_mut(), output).await;
        let pause = match &ended {
            Err(Error::Start { program, reason }) => shortage.pause(reason, program),
            _ => None,
        };
        let Some(pause) = pause else {
            shortage.is_over(&command.program.display());
            return ended;
        };
        tokio::select! {
            () = sleep(pause) => {}
            stopped = stop.as_mut() => return Ok(Ended { exit: Exit::Unseen, stopped: Some(stopped) }),
        }
    }
}

async fn run_once<R>(
    command: &Command,
    patience: Patience,
    stop: impl Future<Output = R>,
    output: &mut dyn Output,
) -> Result<Ended<R>, Error> {
    let failed = |reason| Error::Start { program: command.program.display().to_string(), reason };
    let (mut program, reader) = Program::start(command).await.map_err(failed)?;
    let (over, is_over) = watch::channel(false);
    let (drained, mut is_drained) = watch::channel(false);
    let reading = async {
        let read = reader.read(is_over, output).await;
        drained.send_replace(true);
        read.map_err(Error::Output)
    };
    let watching = async {
        let (report, stopped) = end(&mut program, &command.term, patience, stop).await;
        if report.is_some() {
            // An error means that the reader is gone, which is as good as its end.
            let pipes_closed = is_drained.wait_for(|drained| *drained);
            let _ = timeout(PIPE_GRACE, pipes_closed).await;
        }
        program.end(report).await;
        over.send_replace(true);
        Ok((report.map(|report| report.end), stopped))
    };
    let ((), (report, stopped)) = tokio::try_join!(reading, watching)?;
    let exit = match report {
        Some(End::Exited(code)) => Exit::Code(code),
        Some(End::Signaled(signal)) => Exit::Signal(signal),
        // Whoever has stopped it wants no other try.
        Some(End::NotStarted(_)) if stopped.is_some() => Exit::Unseen,
        Some(End::NotStarted(reason)) => return Err(failed(std::io::Error::from_raw_os_error(reason))),
        None => Exit::Unseen,
    };
    Ok(Ended { exit, stopped })
}

/// Waits until the program has ended, after a stop with signals. No report means that the shim
/// gives none any more.
async fn end<R>(
    program: &mut Program,
    term: &Term,
    patience: Patience,
    stop: impl Future<Output = R>,
) -> (Option<Report>, Option<R>) {
    let (report, orders) = program.report();
    tokio::select! {
        ended = end_by(report, &orders, patience, stop) => ended,
        never = orders.prolong(term.clone()) => match never {},
    }
}

async fn end_by<R>(
    report: impl Future<Output = Option<Report>>,
    orders: &Orders<'_>,
    patience: Patience,
    stop: impl Future<Output = R>,
) -> (Option<Report>, Option<R>) {
    tokio::pin!(report);
    let reason = tokio::select! {
        report = &mut report => return (report, None),
        reason = stop => reason,
    };
    let escalation =
        [(Order::Interrupt, patience.interrupt), (Order::Terminate, patience.terminate), (Order::Kill, KILL_GRACE)];
    for (order, time) in escalation {
        orders.give(order);
        if let Ok(report) = timeout(time, &mut report).await {
            return (report, Some(reason));
        }
    }
    (None, Some(reason))
}
