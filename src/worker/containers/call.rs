//! Calls of the program that runs containers.
//!
//! They have no shim: what it starts must live on after the call, as what keeps a container of
//! Podman running does. Whoever ends a job removes its containers.

use super::super::context::JobContext;
use super::super::desk::Desk;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::super::stop::Watchman;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How many lines of an answer are looked at; all of them are in the log, if any are.
const ANSWER_MAX: usize = 1_000;
/// The most bytes of one line; a longer one goes on in the next.
const LINE_MAX: usize = 16 * 1024;
/// How many bytes are read at once, and how many lines wait to be taken.
const READ: usize = 8 * 1024;
const WAITING_MAX: usize = 64;
/// How long removing may take when the job has ended.
const REMOVING_MAX: Duration = Duration::from_secs(60);
/// How long a pipe may stay open after the call, held by what it left running.
const PIPE_GRACE: Duration = Duration::from_millis(500);

/// Why a call has no answer.
pub(super) enum Failed {
    Sentence(String),
    Broken(Broken),
}

impl From<Broken> for Failed {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// When a call is given up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The job is canceled.
    Canceled,
    /// It takes too long: what is removed is removed also in a canceled job.
    Removed,
}

/// Makes one call.
pub(super) struct Engine<'e, 'j> {
    program: PathBuf,
    job: &'j JobContext,
    desk: &'e mut Desk<'j>,
    watchman: &'e mut Watchman,
    environment: Vec<(String, String)>,
    is_shown: bool,
    until: Until,
}

impl<'e, 'j> Engine<'e, 'j> {
    pub(super) fn of(execution: &'e mut Execution<'j>) -> Self {
        let Execution { job, desk, watchman, containers, .. } = execution;
        let program = containers.engine.clone();
        Self { program, job, desk, watchman, environment: Vec::new(), is_shown: true, until: Until::Canceled }
    }

    /// Leaves the call and its answer out of the log.
    pub(super) fn quietly(self) -> Self {
        Self { is_shown: false, ..self }
    }

    /// Adds variables to the environment of the call.
    pub(super) fn with(self, environment: &[(String, String)]) -> Self {
        Self { environment: environment.to_vec(), ..self }
    }

    /// Makes a call that removes something, quietly.
    pub(super) fn at_the_end(self) -> Self {
        Self { is_shown: false, until: Until::Removed, ..self }
    }

    /// Returns what a call answers, line by line.
    pub(super) async fn call(self, arguments: &[&str]) -> Result<Vec<String>, Failed> {
        let mut command = self.command(arguments);
        let Self { program, desk, watchman, is_shown, until, .. } = self;
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_shown {
            desk.log(None, vec![format!("##[command]{name} {}", arguments.join(" "))]).await?;
        }
        let what = format!("`{name} {}`", arguments.first().copied().unwrap_or_default());
        let mut child =
            command.spawn().map_err(|error| Failed::Sentence(format!("{what} can't be started: {error}.")))?;
        let (sender, mut lines) = mpsc::channel(WAITING_MAX);
        if let Some(pipe) = child.stdout.take() {
            tokio::spawn(read(pipe, Line::Answered, sender.clone()));
        }
        if let Some(pipe) = child.stderr.take() {
            tokio::spawn(read(pipe, Line::Remarked, sender));
        }
        let stop = async {
            match until {
                Until::Canceled => drop(watchman.interruption(None, || false).await),
                Until::Removed => sleep(REMOVING_MAX).await,
            }
        };
        tokio::pin!(stop);
        let mut answer = Answer { desk, is_shown, lines: Vec::new(), last: String::new() };
        let status = loop {
            tokio::select! {
                Some(line) = lines.recv() => answer.take(line).await?,
                status = child.wait() => break Some(status),
                () = &mut stop => {
                    // It ends when it is dropped, too.
                    let _ = child.start_kill();
                    break None;
                }
            }
        };
        while let Ok(Some(line)) = timeout(PIPE_GRACE, lines.recv()).await {
            answer.take(line).await?;
        }
        match status {
            None => Err(Failed::Sentence(format!("{what} was stopped."))),
            Some(Ok(status)) => answer.judge(&what, status),
            Some(Err(error)) => Err(Failed::Sentence(format!("{what} can't be waited for: {error}."))),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let host = &self.job.host;
        // The way to programs and the home are the machine's, whatever a container gets.
        let given = self.environment.iter().filter(|(name, _)| !super::wish::is_kept(name));
        command.args(arguments).env_clear().envs(host.environment.iter().cloned()).envs(given.cloned());
        command.envs(host.machine.engine.variables().iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir(&self.job.workspace.root).kill_on_drop(true).process_group(0);
        command
    }
}

/// What an engine says. It may have a remark to any call, such as a warning: that is no part of the answer.
enum Line {
    Answered(String),
    Remarked(String),
}

/// Reads lines from a pipe until nobody writes to it or wants them.
async fn read(mut pipe: impl AsyncRead + Unpin, kind: fn(String) -> Line, lines: mpsc::Sender<Line>) {
    let (mut open, mut buffer) = (Vec::new(), vec![0; READ]);
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        for byte in &buffer[..count] {
            if *byte != b'\n' && open.len() < LINE_MAX {
                open.push(*byte);
            } else {
                let line = String::from_utf8_lossy(&std::mem::take(&mut open)).trim_end_matches('\r').to_owned();
                if *byte != b'\n' {
                    open.push(*byte);
                }
                if lines.send(kind(line)).await.is_err() {
                    return;
                }
            }
        }
    }
    if !open.is_empty() {
        // Whether anybody still wants the rest changes nothing.
        let _ = lines.send(kind(String::from_utf8_lossy(&open).into_owned())).await;
    }
}

/// Takes an answer.
struct Answer<'a, 'j> {
    desk: &'a mut Desk<'j>,
    is_shown: bool,
    lines: Vec<String>,
    /// What was said last, which says why where the call fails.
    last: String,
}

impl Answer<'_, '_> {
    async fn take(&mut self, line: Line) -> Result<(), Broken> {
        let (Line::Answered(text) | Line::Remarked(text)) = &line;
        let text = text.clone();
        if !text.trim().is_empty() {
            self.last = text.trim().to_owned();
        }
        if let Line::Answered(answered) = line
            && self.lines.len() < ANSWER_MAX
        {
            self.lines.push(answered);
        }
        if self.is_shown { self.desk.log(None, vec![text]).await } else { Ok(()) }
    }

    fn judge(self, what: &str, status: ExitStatus) -> Result<Vec<String>, Failed> {
        let said = if self.last.is_empty() { String::new() } else { format!(": {}", self.last) };
        match status.code() {
            Some(0) => Ok(self.lines),
            Some(code) => Err(Failed::Sentence(format!("{what} exited with code '{code}'{said}."))),
            None => Err(Failed::Sentence(format!("{what} was killed."))),
        }
    }
}
