//! The `git` program, without what would make it run something else (reference on injection, 5.6):
//! no hooks, no helpers, no configuration but ours, no transport that starts a program, no questions.

use super::super::context::JobContext;
use super::super::desk::Desk;
use super::super::stop::Watchman;
use super::Unfinished;
use super::call::{Said, Shown, call, failure};
use super::halt;
use crate::files::write_anew;
use crate::process::{self, Command, Exit, StandardError};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use tokio::time::Instant;

/// What holds for every call.
const OPTIONS: [&str; 8] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "advice.detachedHead=false",
];
/// Which transports a checkout may use: another folder of this machine.
pub(super) const LOCAL: &str = "file";
/// Which transports submodules may use: their addresses stand in the repository.
pub(super) const REMOTE: &str = "https:ssh";
/// All of them.
pub(super) const ALL: &str = "file:https:ssh";

/// Calls `git` for one job.
pub(super) struct Git<'g, 'j> {
    pub(super) job: &'g JobContext,
    pub(super) desk: &'g mut Desk<'j>,
    pub(super) watchman: &'g mut Watchman,
    /// The step whose log takes what is printed.
    pub(super) place: Option<usize>,
    /// When the step must end.
    pub(super) end: Option<Instant>,
    /// Whether the step goes on when the job is canceled.
    pub(super) goes_on: &'g (dyn Fn() -> bool + Sync),
    configuration: PathBuf,
}

impl<'g, 'j> Git<'g, 'j> {
    /// Makes the calls of a job possible in the given folders, whoever owns them.
    pub(super) async fn new(
        job: &'g JobContext,
        desk: &'g mut Desk<'j>,
        watchman: &'g mut Watchman,
        place: Option<usize>,
        end: Option<Instant>,
        goes_on: &'g (dyn Fn() -> bool + Sync),
        folders: &[&Path],
    ) -> Result<Self, Unfinished> {
        let configuration = job.workspace.temporary.join("git.config");
        let text = configuration_of(folders);
        let file = configuration.clone();
        let mut git = Self { job, desk, watchman, place, end, goes_on, configuration };
        git.write("The configuration of git can't be written", move || write_anew(&file, &text)).await?;
        Ok(git)
    }

    /// Writes files on a thread that may wait for room. Where that fails, it is told what can't be done.
    pub(super) async fn write(
        &mut self,
        failure: &str,
        write: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<(), Unfinished> {
        let written = halt::until(self.watchman.interruption(self.end, self.goes_on), move |_| write()).await;
        let written = written.map_err(Unfinished::Interrupted)?;
        written.map_err(|error| Unfinished::Failed(format!("{failure}: {error}.")))
    }

    /// Calls `git` in a folder and returns what it printed. A call that fails is a failure.
    pub(super) async fn call(
        &mut self,
        folder: &Path,
        transports: &str,
        arguments: &[&str],
        shown: Shown,
    ) -> Result<Vec<String>, Unfinished> {
        if shown == Shown::Yes {
            let line = format!("##[command]git {}", arguments.join(" "));
            self.desk.log(self.place, vec![line]).await.map_err(Unfinished::Broken)?;
        }
        let command = self.command(folder, transports, arguments)?;
        let stop = self.watchman.interruption(self.end, self.goes_on);
        match call(&command, self.job.host.patience, (self.desk, self.place), stop, shown).await? {
            Said { exit: Exit::Code(0), lines, .. } => Ok(lines),
            Said { exit, last, .. } => {
                Err(failure(&format!("git {}", arguments.first().copied().unwrap_or_default()), exit, &last).into())
            }
        }
    }

    fn command(&self, folder: &Path, transports: &str, arguments: &[&str]) -> Result<Command, String> {
        let host = &self.job.host;
        let program = host.program("git").ok_or(
            "git is not installed on this machine, and a checkout needs it. \
             Help: install it, or write `checkout: none`.",
        )?;
        let own: [(&str, OsString); 7] = [
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", self.configuration.clone().into()),
            ("GIT_ALLOW_PROTOCOL", transports.into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_OPTIONAL_LOCKS", "0".into()),
            ("LC_ALL", "C.UTF-8".into()),
            (process::MARK, self.job.mark().into()),
        ];
        let inherited = host.environment.iter().filter(|(name, _)| !name.starts_with("GIT_"));
        let inherited = inherited.map(|(name, value)| (name.into(), value.into()));
        Ok(Command {
            shims: host.shims.clone(),
            mark: self.job.mark(),
            term: self.job.term.clone(),
            program,
            arguments: OPTIONS.iter().chain(arguments).map(Into::into).collect(),
            environment: inherited.chain(own.map(|(name, value)| (name.into(), value))).collect(),
            directory: folder.to_owned(),
            standard_error: StandardError::Joined,
        })
    }
}

/// Returns what replaces the user's own configuration: git otherwise refuses repositories
/// of other users, which the configuration of this server names.
fn configuration_of(folders: &[&Path]) -> String {
    let mut text = "[safe]\n".to_owned();
    for folder in folders {
        text.push_str(&format!("\tdirectory = {}\n", quoted(&folder.to_string_lossy())));
        text.push_str(&format!("\tdirectory = {}\n", quoted(&folder.join(".git").to_string_lossy())));
    }
    text
}

/// Returns a value as git's configuration has it.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
