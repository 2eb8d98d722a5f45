//! A step's program: started in a process group of its own, its output read as bounded lines,
//! ended for good.
//!
//! ```text
//! started ──► exited ──► pipes closed, or [`PIPE_GRACE`] over ──► group killed ──► reaped
//!    │           ▲
//!    └── stop: SIGINT, SIGTERM, SIGKILL to the group
//! ```
//! The group is killed while its leader is not reaped yet, so that its number can't belong to
//! somebody else. Nothing here knows jobs or logs: output goes to an [`Output`], and while that
//! takes its time the program waits at its full pipe, so memory stays flat.

mod group;
mod line;
mod read;

pub use line::{LINE_MAX, Line, Stream};

use async_trait::async_trait;
use group::Group;
use read::Reader;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::sync::watch;

/// How long a pipe may stay open after the program ended, held by what it left in the background.
pub const PIPE_GRACE: Duration = Duration::from_secs(1);

/// One program to run.
#[derive(Debug, Clone)]
pub struct Command {
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
    /// The operating system would not tell about it.
    #[error("the program can't be watched: {0}")]
    Watch(std::io::Error),
    /// Its output has nowhere to go; it was killed.
    #[error("the output can't be taken: {0}")]
    Output(String),
}

/// Takes what a program prints.
#[async_trait]
pub trait Output: Send {
    /// Takes lines in order. The program waits meanwhile. An error ends the program.
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String>;
}

/// Runs a program to its end. When `stop` is done, the program is asked, told and forced to end.
///
/// All processes of its group are gone when this returns; also when the future is dropped. A
/// process that has left the group lives on, but holds up nothing.
pub async fn run<R>(
    command: &Command,
    patience: Patience,
    stop: impl Future<Output = R>,
    output: &mut dyn Output,
) -> Result<Ended<R>, Error> {
    let (mut group, reader) = start(command)?;
    let (over, is_over) = watch::channel(false);
    let (drained, mut is_drained) = watch::channel(false);
    let reading = async {
        let read = reader.read(is_over, output).await;
        drained.send_replace(true);
        read.map_err(Error::Output)
    };
    let watching = async {
        let stopped = end(&group, patience, stop).await?;
        // An error means that the reader is gone, which is as good as its end.
        let pipes_closed = is_drained.wait_for(|drained| *drained);
        let _ = tokio::time::timeout(PIPE_GRACE, pipes_closed).await;
        group.kill();
        over.send_replace(true);
        Ok(stopped)
    };
    let ((), stopped) = tokio::try_join!(reading, watching)?;
    let exit = exit(group.reap().await.map_err(Error::Watch)?);
    Ok(Ended { exit, stopped })
}

/// Waits until the program has ended, after a stop with signals.
async fn end<R>(group: &Group, patience: Patience, stop: impl Future<Output = R>) -> Result<Option<R>, Error> {
    let reason = tokio::select! {
        ended = group.leader_ended() => return ended.map(|()| None).map_err(Error::Watch),
        reason = stop => reason,
    };
    group.interrupt();
    if tokio::time::timeout(patience.interrupt, group.leader_ended()).await.is_err() {
        group.terminate();
        if tokio::time::timeout(patience.terminate, group.leader_ended()).await.is_err() {
            group.kill();
        }
    }
    group.leader_ended().await.map_err(Error::Watch)?;
    Ok(Some(reason))
}

fn start(command: &Command) -> Result<(Group, Reader), Error> {
    let failed = |reason| Error::Start { program: command.program.display().to_string(), reason };
    let (output, output_end) = std::io::pipe().map_err(failed)?;
    let (error, error_end) = match command.standard_error {
        StandardError::Joined => (None, output_end.try_clone().map_err(failed)?),
        StandardError::Apart => std::io::pipe().map(|(error, end)| (Some(error), end)).map_err(failed)?,
    };
    let reader = Reader::new(output, error).map_err(failed)?;
    // The command holds our copies of the pipes' ends: it is dropped here, so that the pipes close
    // with the last process that has them.
    let child = tokio::process::Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&command.directory)
        .stdin(Stdio::null())
        .stdout(output_end)
        .stderr(error_end)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    Ok((Group::new(child).map_err(failed)?, reader))
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => unreachable!("a process that was waited for has exited or was killed"),
    }
}
