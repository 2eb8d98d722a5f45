//! Takes a step's output: text goes to the log, masked, and commands are obeyed.

use super::change::brings_secret;
use super::obey::{Effect, Problem, Rules, Work, obey};
use super::trust::{Found, Trust};
use super::{COMMAND_MAX, Command, Percents};
use crate::diagnostic::{shown, shown_path};
use crate::files::{FILE_MAX, Kept, Links};
use crate::process::{Line, Output, Stream, lines_of};
use crate::run::{MASK, RunResult};
use crate::store::{Artifact, FILES_MAX, FileKind, IssueKind, KeptFile, StepEvent};
use crate::worker::built_in::work_until;
use crate::worker::context::JobContext;
use crate::worker::desk::Desk;
use crate::worker::journal::Broken;
use crate::worker::mask::Screen;
use async_trait::async_trait;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the report of a running step is recorded, so that a loop of commands writes little.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// How many lines on standard error become issues where they fail the step, and their bytes.
const ERROR_LINES_MAX: u64 = 10;
const ERROR_LINE_BYTES_MAX: usize = 1_000;

/// What a step's program prints, on its way.
pub(in super::super) struct Listener<'l, 'j> {
    pub(in super::super) job: &'l JobContext,
    pub(in super::super) desk: &'l mut Desk<'j>,
    pub(in super::super) place: usize,
    pub(in super::super) trust: Trust,
    pub(in super::super) rules: Rules<'l>,
    pub(in super::super) percents: Percents,
    pub(in super::super) work: &'l mut Work,
    /// Whether lines on standard error fail the step.
    pub(in super::super) fails_on_error: bool,
    pub(in super::super) error_lines: u64,
    /// Told when the step says that it is done.
    pub(in super::super) done: watch::Sender<bool>,
    pub(in super::super) broken: Option<Broken>,
    pub(in super::super) open: Open,
}

/// What of a line is still to come.
#[derive(Default)]
pub(in super::super) struct Open {
    screens: [Screen; 2],
    /// The beginning of a command that is longer than a piece.
    commands: [Option<String>; 2],
    /// Whether the rest of a line is left out: that of a command that was too long.
    is_left_out: [bool; 2],
    reported_at: Option<Instant>,
}

#[async_trait]
impl Output for Listener<'_, '_> {
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), String> {
        let taken = self.take_all(lines).await;
        self.noted(taken)
    }

    async fn take_block(&mut self, stream: Stream, block: String) -> Result<(), String> {
        let taken = match self.is_plain(stream, &block) {
            true => self.desk.log_block(Some(self.place), block).await,
            false => self.take_all(lines_of(stream, &block)).await,
        };
        self.noted(taken)
    }
}

impl Listener<'_, '_> {
    fn noted(&mut self, taken: Result<(), Broken>) -> Result<(), String> {
        taken.map_err(|broken| {
            let sentence = broken.to_string();
            self.broken = Some(broken);
            sentence
        })
    }

    /// Says whether whole lines go to the log as they are, as nearly all of nearly all steps do.
    fn is_plain(&self, stream: Stream, block: &str) -> bool {
        let is_looked_at = self.fails_on_error && stream == Stream::Error;
        let open = &self.open;
        let is_begun = open.commands[stream as usize].is_some()
            || open.is_left_out[stream as usize]
            || !open.screens[stream as usize].is_clear();
        let is_wanted = !self.work.is_done && !is_looked_at && !is_begun;
        is_wanted && !self.trust.concerns(block) && matches!(self.desk.masker.mask(block), Cow::Borrowed(_))
    }

    async fn take_all(&mut self, lines: Vec<Line>) -> Result<(), Broken> {
        let mut texts = Vec::with_capacity(lines.len());
        for line in lines {
            if self.work.is_done {
                break;
            }
            self.note_error(&line);
            if self.open.is_left_out[line.stream as usize] {
                self.open.is_left_out[line.stream as usize] = !line.ends;
                continue;
            }
            let Some(line) = self.joined(line) else { continue };
            let is_whole = line.ends && !self.is_error(&line) && self.open.screens[line.stream as usize].is_clear();
            if self.trust.concerns(&line.text) {
                self.look(&line, &mut texts).await?;
            } else if is_whole && matches!(self.desk.masker.mask(&line.text), Cow::Borrowed(_)) {
                texts.push(line.text);
            } else {
                self.show(&line, &line.text, &mut texts);
            }
        }
        if texts.is_empty() { Ok(()) } else { self.desk.log_masked(Some(self.place), texts).await }
    }

    /// Counts a line on standard error.
    fn note_error(&mut self, line: &Line) {
        if !self.is_error(line) {
            return;
        }
        self.error_lines += 1;
        if self.error_lines <= ERROR_LINES_MAX {
            let text = &line.text[..line.text.floor_char_boundary(ERROR_LINE_BYTES_MAX)];
            self.work.report.add_issue(IssueKind::Error, &self.desk.masker.mask(text));
        }
    }

    /// Puts the pieces of a long command together; other lines come back as they are.
    fn joined(&mut self, mut line: Line) -> Option<Line> {
        let open = &mut self.open.commands[line.stream as usize];
        match open.take() {
            Some(mut begun) if begun.len() + line.text.len() <= COMMAND_MAX => {
                begun.push_str(&line.text);
                line.text = begun;
            }
            // Too long for a command: it is shown as the text that it is.
            Some(begun) => line.text.insert_str(0, &begun),
            None if line.ends || !self.trust.may_begin(&line.text) => return Some(line),
            None => {}
        }
        if line.ends || line.text.len() > COMMAND_MAX {
            return Some(line);
        }
        *open = Some(line.text);
        None
    }

    async fn look(&mut self, line: &Line, texts: &mut Vec<String>) -> Result<(), Broken> {
        let text = match self.trust.look(&line.text) {
            Found::Text(text) => text,
            // It is not obeyed, and what it would set, which may be a secret, is not shown.
            Found::Command(text, _)
                if line.text.len() > COMMAND_MAX && Command::parse(text, self.percents).is_some() =>
            {
                let name: String = text.chars().take_while(|it| !" ]".contains(*it)).collect();
                let sentence =
                    format!("the command `{}` has more than {COMMAND_MAX} bytes and is left out", shown(&name));
                self.work.result = super::obey::worse(self.work.result, RunResult::Failed);
                texts.push(self.issue(IssueKind::Error, &sentence));
                self.open.is_left_out[line.stream as usize] = !line.ends;
                return Ok(());
            }
            Found::Command(..) if !line.ends => Cow::Owned(self.trust.without_word(&line.text)),
            Found::Command(text, voice) => match Command::parse(text, self.percents) {
                Some(command) => {
                    let rules = self.rules.heard(text, voice);
                    let at = texts.len();
                    self.command(&command, &rules, texts).await?;
                    if self.rules.is_debug {
                        texts.insert(at, self.processed(&line.text, text, brings_secret(self.work, &rules, &command)));
                    }
                    return Ok(());
                }
                None => {
                    texts.push(self.issue(IssueKind::Warning, "the next line looks like a command, which is `##vso[area.event name=value;…]text`, and is none"));
                    Cow::Owned(self.trust.without_word(&line.text))
                }
            },
        };
        self.show(line, &text, texts);
        Ok(())
    }

    fn show(&mut self, line: &Line, text: &str, texts: &mut Vec<String>) {
        let screen = &mut self.open.screens[line.stream as usize];
        let shown = screen.pass(&self.desk.masker, text, line.ends);
        if line.ends || !shown.is_empty() {
            let spelled = self.trust.spelled(shown);
            texts.push(if self.is_error(line) { format!("##[error]{spelled}") } else { spelled });
        }
    }

    /// Says whether a line on standard error fails the step.
    fn is_error(&self, line: &Line) -> bool {
        self.fails_on_error && line.stream == Stream::Error
    }

    async fn command(&mut self, command: &Command, rules: &Rules<'_>, texts: &mut Vec<String>) -> Result<(), Broken> {
        let done = obey(self.work, rules, command);
        let done = match done {
            Ok(Some(effect)) => self.carry_out(effect, texts).await?,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        match done {
            Ok(()) => {}
            Err(Problem::Warning(sentence)) => texts.push(self.issue(IssueKind::Warning, &sentence)),
            Err(Problem::Error(sentence)) => {
                self.work.result = super::obey::worse(self.work.result, RunResult::Failed);
                texts.push(self.issue(IssueKind::Error, &sentence));
            }
        }
        if self.work.is_done {
            self.done.send_replace(true);
        }
        Ok(())
    }

    /// Returns what a debugged step's log says of a line with a command, whose text stands behind its prefix.
    /// It is made after the command: only then is known what the command itself made a secret. That is left
    /// out, since the line has it in a spelling that no mask knows.
    fn processed(&self, line: &str, text: &str, brings_secret: bool) -> String {
        let data = if brings_secret { text.split_once(']').map_or(text, |(_, data)| data) } else { "" };
        let open = line.strip_suffix(data).unwrap_or_default();
        let hidden = if data.is_empty() { "" } else { MASK };
        format!("##[debug]Processed: {}{hidden}", self.desk.masker.mask(open))
    }

    /// Counts an issue of our own and returns it for the log.
    fn issue(&mut self, kind: IssueKind, sentence: &str) -> String {
        let sentence = self.desk.masker.mask(sentence).into_owned();
        self.work.report.add_issue(kind, &sentence);
        format!("##[{}]{sentence}", if kind == IssueKind::Error { "error" } else { "warning" })
    }

    async fn carry_out(&mut self, effect: Effect, texts: &mut Vec<String>) -> Result<Result<(), Problem>, Broken> {
        let desk = &mut *self.desk;
        match effect {
            // A message of several lines is as many in the log.
            Effect::Say(text) => texts.extend(desk.masker.mask(&text).split('\n').map(str::to_owned)),
            Effect::Mask(secret) => return Ok(self.mask(&secret)),
            Effect::Tag(tag) => {
                let tag = desk.masker.mask(&tag).into_owned();
                desk.record(StepEvent::Tagged { tag }).await?;
            }
            Effect::Rename(name) => {
                let name = desk.masker.mask(&name).into_owned();
                desk.record(StepEvent::Renamed { name }).await?;
            }
            Effect::Report => self.report().await?,
            Effect::Keep { kind, r#type, name, path } => return self.keep(kind, r#type, name, &path).await,
            Effect::Publish { name, path } => return self.publish(name, &path).await,
            Effect::Associate(artifact) => desk.publish(artifact).await?,
        }
        Ok(Ok(()))
    }

    fn mask(&mut self, secret: &str) -> Result<(), Problem> {
        use crate::worker::mask::Unmaskable;
        match self.desk.masker.add(secret) {
            Ok(()) => Ok(()),
            Err(short @ Unmaskable::Short) => Err(Problem::Warning(short.to_string())),
            Err(many @ Unmaskable::TooMany) => Err(Problem::Error(many.to_string())),
        }
    }

    /// Records the report of a step that goes on, but not too often.
    async fn report(&mut self) -> Result<(), Broken> {
        if self.open.reported_at.is_some_and(|at| at.elapsed() < REPORT_EVERY) {
            return Ok(());
        }
        self.open.reported_at = Some(Instant::now());
        let report = self.desk.masked_report(&self.work.report);
        self.desk.record(StepEvent::Reported { step: self.place, report }).await
    }

    async fn keep(
        &mut self,
        kind: FileKind,
        r#type: String,
        name: Option<String>,
        path: &str,
    ) -> Result<Result<(), Problem>, Broken> {
        if self.work.report.files.len() >= FILES_MAX {
            return Ok(Err(Problem::Error(format!("a step can hand over {FILES_MAX} files"))));
        }
        let from = match self.job.workspace.entry(path) {
            Ok(from) if from.is_file() => from,
            Ok(_) => return Ok(Err(Problem::Error(format!("`{}` is no file", shown_path(path))))),
            Err(sentence) => return Ok(Err(Problem::Error(sentence))),
        };
        let name = name.or_else(|| Some(from.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
        let number = format!("{}_{}", self.place + 1, self.work.report.files.len() + 1);
        let (keep, run, id) = (self.job.keep.clone(), self.job.run.clone(), self.job.id.clone());
        // Its path is shown too.
        let called = self.desk.masker.mask(&from.file_name().unwrap_or_default().to_string_lossy()).into_owned();
        let kept = work_until(pending::<Infallible>(), move |_| keep.file(&run, &id, (&number, &called), &from)).await;
        let Ok(kept) = kept;
        match kept {
            Ok((path, size)) => {
                self.work.report.files.push(KeptFile { kind, r#type, name, size, path });
                Ok(Ok(()))
            }
            Err(error) => {
                let sentence = format!("`{}` can't be kept (at most {FILE_MAX} bytes): {error}", shown(path));
                Ok(Err(Problem::Error(sentence)))
            }
        }
    }

    async fn publish(&mut self, name: String, path: &str) -> Result<Result<(), Problem>, Broken> {
        let from = match self.job.workspace.entry(path) {
            Ok(from) => from,
            Err(sentence) => return Ok(Err(Problem::Error(sentence))),
        };
        let (keep, run, artifact) = (self.job.keep.clone(), self.job.run.clone(), name.clone());
        let links = Links::Within(self.job.workspace.homes());
        let kept = work_until(pending::<Infallible>(), move |_| keep.artifact(&run, &artifact, (&from, &links))).await;
        let Ok(kept) = kept;
        match kept {
            Ok(Kept { below: location, .. }) => {
                let artifact = Artifact { name, kind: "container".to_owned(), location };
                self.desk.publish(artifact).await?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(Problem::Error(format!("`{}` can't be published: {error}", shown(path))))),
        }
    }
}
