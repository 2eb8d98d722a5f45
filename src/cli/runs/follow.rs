//! Waiting for a run, and printing its log while it grows.

use super::super::failure::{Ending, Failure};
use super::super::output::{self, Format};
use crate::diagnostic::{shown, shown_sentence};
use crate::files::{LogLine, LogPiece, LogReader, Logs};
use crate::id::{JobId, RunId};
use crate::run::State;
use crate::server::harmless;
use crate::store::{Error, JobDetail, LOG_BEHIND, LOG_SENT_LATER, LogEnd, Run, RunDetail, Store};
use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a run of another process is looked at: a person sees no delay, and the store is
/// not kept busy.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// After how long a wait for the place of logs is told.
const SAID_AFTER: Duration = Duration::from_secs(3);

/// How long a store is waited for that is away and was there before: as long as the restart of a database takes, and
/// more.
const AWAY_MAX: Duration = Duration::from_secs(60);

/// Returns a run once it is completed, and tells on stderr how far it is until then.
pub(super) async fn until_completed(store: &dyn Store, id: &RunId) -> Result<Run, Failure> {
    let mut told = None;
    let mut seen = None;
    loop {
        let run = detail(store, id, &mut seen).await?.run;
        if run.state != State::Completed && told.replace(run.state) != Some(run.state) {
            anstream::eprintln!("{}#{} {}", shown(&run.pipeline), run.number, output::verdict(run.state.word()));
        }
        if run.state == State::Completed {
            return Ok(run);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Prints lines as text, or as one JSON list that grows while it is printed.
pub(super) struct Printer {
    format: Format,
    has_begun: bool,
    /// Where the logs are, if the configuration's `files` says that.
    place: Option<String>,
}

/// A log that is printed.
struct Reading {
    reader: LogReader,
    end: LogEnd,
    /// Whether one that came late has come to its end.
    is_whole: bool,
}

/// A line of a log in JSON.
#[derive(Serialize)]
struct Line<'l> {
    stage: &'l str,
    job: String,
    step: Option<&'l str>,
    at: Timestamp,
    text: &'l str,
}

impl Printer {
    /// Returns a printer that has printed nothing yet, of logs that are at a place.
    pub(super) fn new(format: Format, place: Option<String>) -> Self {
        Self { format, has_begun: false, place }
    }

    fn lines(&mut self, stage: &str, job: &JobDetail, lines: &[LogLine]) -> io::Result<()> {
        let text: String = match self.format {
            Format::Table => lines.iter().flat_map(|line| [harmless(&line.text), "\n".into()]).collect(),
            Format::Json => {
                let objects: Result<Vec<String>, _> = lines.iter().map(|line| self.object(stage, job, line)).collect();
                objects?.concat()
            }
        };
        self.write(&text)
    }

    /// Returns one line as an object, with what stands before it in the list.
    fn object(&mut self, stage: &str, job: &JobDetail, line: &LogLine) -> io::Result<String> {
        let step = line.step.and_then(|step| job.steps.get(step)).map(|step| step.name.as_str());
        let line = Line { stage, job: job.full_name(), step, at: line.at, text: &line.text };
        let before = if std::mem::replace(&mut self.has_begun, true) { ",\n" } else { "[\n" };
        Ok(format!("{before}{}", output::harmless_json(&serde_json::to_string(&line)?)))
    }

    fn end(&mut self) -> io::Result<()> {
        match (self.format, self.has_begun) {
            (Format::Table, _) => Ok(()),
            (Format::Json, true) => self.write("\n]\n"),
            (Format::Json, false) => self.write("[]\n"),
        }
    }

    /// What is in a JSON text is spelled out already: no colour is taken from it.
    fn write(&self, text: &str) -> io::Result<()> {
        match self.format {
            Format::Table => output::text(text),
            Format::Json => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
        }
    }
}

/// Prints a run's log, and with `follow` goes on until the run is completed. Logs are kept for so long.
pub(super) async fn print(
    store: &dyn Store,
    (logs, kept): (&Logs, Duration),
    id: &RunId,
    follow: bool,
    printer: &mut Printer,
) -> Result<Ending, Failure> {
    let mut readers = HashMap::new();
    let mut seen = None;
    loop {
        // The state is asked before the logs are read: what a completed run printed is all there.
        let run = detail(store, id, &mut seen).await?;
        print_new(logs, &run, &mut readers, printer, if follow { AWAY_MAX } else { Duration::ZERO })?;
        if !follow || run.run.state == State::Completed {
            printer.end()?;
            let oldest = Timestamp::now().saturating_sub(kept).unwrap_or(Timestamp::MIN);
            tell_of_missing(&run, &readers, oldest)?;
            tell_of_late(&run, &readers, oldest);
            return Ok(Ending::Done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Does what may wait for the place of logs, and says on stderr what it waits for where that takes long.
fn saying<T>(place: Option<&str>, work: impl FnOnce() -> T) -> T {
    let Some(place) = place else { return work() };
    let (working, watched) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if watched.recv_timeout(SAID_AFTER) == Err(mpsc::RecvTimeoutError::Timeout) {
                anstream::eprintln!("waiting for {}, which `files` names", shown(place));
            }
        });
        let done = work();
        drop(working);
        done
    })
}

/// Reads the next lines of a log, and waits for a depot that is away.
fn read(reader: &mut LogReader, patience: Duration) -> io::Result<LogPiece> {
    let began = Instant::now();
    loop {
        match reader.piece() {
            Err(error) if error.kind() == io::ErrorKind::Other && began.elapsed() < patience => {}
            piece => return piece,
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Prints what was written since the last time, job by job.
fn print_new(
    logs: &Logs,
    run: &RunDetail,
    readers: &mut HashMap<JobId, Reading>,
    printer: &mut Printer,
    patience: Duration,
) -> Result<(), Failure> {
    let unreadable = || format!("the log of {} can't be read", run.run.id);
    for (stage, job) in run.stages.iter().flat_map(|stage| stage.jobs.iter().map(move |job| (stage, job))) {
        if !readers.contains_key(&job.id) {
            let reader = logs.reader(&run.run.id, &job.id).with_context(unreadable).map_err(Failure::Unreachable)?;
            readers.insert(job.id.clone(), Reading { reader, end: LogEnd::default(), is_whole: false });
        }
        let reading = readers.get_mut(&job.id).expect("it was put there");
        loop {
            let read = saying(printer.place.as_deref(), || read(&mut reading.reader, patience));
            let lines = reading.end.piece(job, read.with_context(unreadable).map_err(Failure::Unreachable)?);
            if lines.is_empty() {
                break;
            }
            reading.is_whole |= lines.iter().any(|line| line.step.is_none() && line.text == LOG_SENT_LATER);
            printer.lines(&stage.name, job, &lines)?;
        }
    }
    Ok(())
}

/// Says on stderr that nothing is left of what a run has printed: the configuration may name another place
/// now than when it ran.
fn tell_of_missing(run: &RunDetail, readers: &HashMap<JobId, Reading>, oldest: Timestamp) -> Result<(), Failure> {
    let jobs = run.stages.iter().flat_map(|stage| &stage.jobs);
    // What a run takes over from the one that it repeats has its log there.
    let is_own = |at: Timestamp| run.run.rerun_of.is_none() || at >= run.run.queued_at;
    let mut began = jobs.filter(|job| job.steps.iter().any(|step| step.started_at.is_some_and(is_own)));
    // Whether a log is missing that is not only late, once one is missing; and whether the worker of one was lost.
    let (mut missing, mut lost) = (None, false);
    while let Some((job, reading)) = began.next().and_then(|job| Some((job, readers.get(&job.id)?))) {
        if reading.reader.is_there().context("logs can't be looked for").map_err(Failure::Unreachable)? {
            return Ok(());
        }
        lost |= job.last_word(None, true).is_some();
        missing = Some(missing.unwrap_or(false) || late(job, reading, oldest).is_none());
    }
    if let (None, Some(former)) = (missing, &run.run.rerun_of)
        && run.run.state == State::Completed
    {
        anstream::eprintln!(
            "no job of {}#{} has run: what it takes over is in the log of {former}",
            shown(&run.run.pipeline),
            run.run.number
        );
    }
    if missing == Some(true) {
        anstream::eprintln!(
            "no log of {}#{} is where the configuration says: {}it was written to where `files` and `data` led when it \
             ran, or is gone because of its age",
            shown(&run.run.pipeline),
            run.run.number,
            if lost { "a worker that was lost has it and has not sent it, or " } else { "" }
        );
    }
    Ok(())
}

/// Says on stderr which logs have not arrived yet.
fn tell_of_late(run: &RunDetail, readers: &HashMap<JobId, Reading>, oldest: Timestamp) {
    let jobs = run.stages.iter().flat_map(|stage| &stage.jobs);
    for (job, reading) in jobs.filter_map(|job| Some((job, readers.get(&job.id)?))) {
        if let Some(reason) = late(job, reading, oldest) {
            anstream::eprintln!(
                "what `{}` has printed is not all here: {}",
                shown(&job.full_name()),
                shown_sentence(reason)
            );
        }
    }
}

/// Returns why a log has not arrived yet, where its job's reason tells that it was late. One of a job that ended
/// before logs that are kept begin has come and gone.
fn late<'j>(job: &'j JobDetail, reading: &Reading, oldest: Timestamp) -> Option<&'j str> {
    let is_late = !reading.is_whole && job.finished_at.is_none_or(|at| at >= oldest);
    job.reason.as_deref().filter(|reason| is_late && reason.contains(LOG_BEHIND))
}

/// Returns a run as it is now. A store that was seen before is waited for where it is away.
async fn detail(store: &dyn Store, id: &RunId, seen: &mut Option<Instant>) -> Result<RunDetail, Failure> {
    loop {
        match store.run(id).await {
            Err(Error::Unavailable(_)) if seen.is_some_and(|seen| seen.elapsed() < AWAY_MAX) => {}
            found => {
                *seen = Some(Instant::now());
                return found?.ok_or_else(|| super::no_run(id.as_str()));
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
