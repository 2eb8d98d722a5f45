//! Calls of programs that a built-in step makes for itself.

use super::super::desk::Desk;
use super::super::journal::Broken;
use super::super::stop::Interruption;
use super::Unfinished;
use crate::process::{self, Command, Ended, Exit, Line, Output, Patience};
use async_trait::async_trait;

/// How many lines of a call are looked at; all of them are in the log.
const ANSWER_MAX: usize = 1_000;

/// Whether the log shows a call and what it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    No,
}

/// What a program said.
pub(super) struct Said {
    pub(super) exit: Exit,
    /// Its first lines.
    pub(super) lines: Vec<String>,
    /// The last one that says something.
    pub(super) last: String,
}

/// Calls a program, whatever it ends with.
pub(super) async fn call(
    command: &Command,
    patience: Patience,
    (desk, place): (&mut Desk<'_>, Option<usize>),
    stop: impl Future<Output = Interruption>,
    shown: Shown,
) -> Result<Said, Unfinished> {
    let mut answer = Answer { desk, place, shown, lines: Vec::new(), last: String::new(), broken: None };
    let ended = process::run(command, patience, stop, &mut answer).await;
    let Answer { lines, last, broken, .. } = answer;
    if let Some(broken) = broken {
        return Err(Unfinished::Broken(broken));
    }
    match ended {
        Ok(Ended { stopped: Some(interruption), .. }) => Err(Unfinished::Interrupted(interruption)),
        Ok(Ended { exit, .. }) => Ok(Said { exit, lines, last }),
        Err(error) => Err(format!("`{}` can't be run: {error}.", command.program.display()).into()),
    }
}

/// Says how a call failed.
pub(super) fn failure(called: &str, exit: Exit, last: &str) -> String {
    let how = match exit {
        Exit::Code(code) => format!("exited with code '{code}'"),
        Exit::Signal(signal) => format!("was ended by signal {signal}"),
        Exit::Unseen => "was killed".to_owned(),
    };
    let said = if last.is_empty() { String::new() } else { format!(": {last}") };
    format!("`{called}` {how}{said}")
}

/// Takes what a program prints.
struct Answer<'a, 'j> {
    desk: &'a mut Desk<'j>,
    place: Option<usize>,
    shown: Shown,
    lines: Vec<String>,
    last: String,
    broken: Option<Broken>,
}

#[async_trait]
impl Output for Answer<'_, '_> {
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String> {
        let texts: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        let room = ANSWER_MAX.saturating_sub(self.lines.len());
        self.lines.extend(texts.iter().take(room).cloned());
        if let Some(last) = texts.iter().rfind(|line| !line.trim().is_empty()) {
            last.trim().clone_into(&mut self.last);
        }
        if self.shown == Shown::No {
            return Ok(());
        }
        if let Err(broken) = self.desk.log(self.place, texts).await {
            let reason = broken.to_string();
            self.broken = Some(broken);
            return Err(reason);
        }
        Ok(())
    }
}
