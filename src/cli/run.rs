//! `pipehook run`: a pipeline executed now, in the foreground, without server or store.

use super::expansion::Expansion;
mod part;
mod scratch;
mod summary;
mod watch;

use super::failure::{Ending, Failure};
use super::runs::ending;
use super::work::{self, survive_file_limits};
use super::{Global, output};
use crate::clock::{Clock, SystemClock};
use crate::id::RunId;
use crate::pipeline::plan::Plan;
use crate::run;
use crate::server::{harmless, harmless_lines};
use crate::worker::{Asked, Foreground, Origin, Summary};
use anyhow::Context;
use clap::Args;
use part::Wanted;
use scratch::Scratch;

pub(super) use scratch::sweep;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync;

/// How long further signals are the same request: `timeout` and terminals with a wrapper between send one to this
/// process and one to its group.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// Expands, validates and executes a pipeline now, without a server or a store. What its steps
/// print comes as `stage/job/step | text`, and at the end a table of what became of them on stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook run pipelines/hello.yml --payload payload.json
  pipehook run pipelines/build.yml --parameter configuration=release --workspace .
  pipehook run pipelines/build.yml --job test --watch

The exit code is 0 if the run succeeded, with or without issues, and 1 otherwise.")]
pub(super) struct Run {
    #[command(flatten)]
    expansion: Expansion,
    /// Leave out where a line comes from
    #[arg(long)]
    raw: bool,
    /// Use this folder for the sources, as it is; without it each job gets an empty one
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// How many jobs at once; without it what the configuration says, and one with --workspace
    #[arg(long = "jobs", value_name = "N")]
    at_once: Option<NonZeroUsize>,
    #[command(flatten)]
    part: Wanted,
    /// Run again whenever the pipeline, a file that it uses, the payload or the configuration changes
    #[arg(long)]
    watch: bool,
}

impl Run {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        if let Some(folder) = self.workspace.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(Failure::usage(format!("there is no folder {}", folder.display())));
        }
        if !self.watch {
            return self.once(global).map(|ended| ended.ending);
        }
        if self.expansion.reads_stdin() {
            return Err(Failure::usage("--watch reads the payload again and again, which stdin can't give"));
        }
        self.again_and_again(global)
    }

    /// Runs now and after each change, until somebody asks to stop.
    fn again_and_again(&self, global: &Global) -> Result<Ending, Failure> {
        let runtime = runtime()?;
        // What is asked between a run's end and the wait is heard too.
        let signals = runtime.block_on(async { StopSignals::new() });
        let mut signals = signals.context("signals can't be waited for").map_err(Failure::Unreachable)?;
        loop {
            let texts = self.expansion.texts(global);
            // What can't be used now is told, and may be mended.
            let ended = self.once(global).or_else(|failure| match failure {
                Failure::Closed => Err(failure),
                failure => {
                    output::complain(&failure);
                    Ok(Ended { ending: Ending::Mistakes, is_stopped: false })
                }
            })?;
            if ended.is_stopped {
                return Ok(ended.ending);
            }
            anstream::eprintln!("waiting for a change; Ctrl-C ends");
            let is_changed = runtime.block_on(async {
                tokio::select! {
                    () = watch::changed(&self.expansion, global, &texts) => true,
                    () = signals.next() => false,
                }
            });
            if !is_changed {
                return Ok(ended.ending);
            }
        }
    }

    fn once(&self, global: &Global) -> Result<Ended, Failure> {
        survive_file_limits()?;
        let Some(mut prepared) = self.expansion.prepare(global)? else {
            return Ok(Ended { ending: Ending::Mistakes, is_stopped: false });
        };
        for note in self.part.narrow(&mut prepared.plan)? {
            anstream::eprintln!("note: {}", harmless(&note));
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let id = RunId::new(work::milliseconds(&*clock), work::entropy());
        let scratch = Scratch::create(&id).context("no temporary folder").map_err(Failure::Unreachable)?;
        let config = if has_secrets(&prepared.plan) { global.config()? } else { global.config_without_secrets()? };
        let file = self.expansion.file(&config)?;
        let jobs = match &self.workspace {
            // Jobs at the same time in one folder would get in each other's way.
            Some(_) => NonZeroUsize::MIN,
            None => config.workers.jobs,
        };
        let host = work::host(&config, around(&file), clock);
        let foreground = Foreground {
            name: run::resolve(&prepared.plan, host.clock.now()).with_revision(1),
            plan: Arc::new(prepared.plan),
            run: id,
            data: scratch.folder().to_owned(),
            sources: self.workspace.clone(),
            jobs: self.at_once.unwrap_or(jobs),
            host,
        };
        let (summary, is_stopped) = execute(&Arc::new(foreground), self.raw)?;
        let result = summary.result;
        anstream::eprint!("{}{}\n", summary::text(&summary), output::verdict(result.word()));
        Ok(Ended { ending: ending(Some(result)), is_stopped })
    }
}

/// How a run ended, and whether somebody stopped it.
struct Ended {
    ending: Ending,
    is_stopped: bool,
}

/// Says whether a run uses variable groups with secrets, for which the configuration must have them.
fn has_secrets(plan: &Plan) -> bool {
    let jobs = || plan.stages.iter().flat_map(|stage| &stage.jobs);
    !plan.groups.is_empty()
        || plan.stages.iter().any(|stage| !stage.groups.is_empty())
        || jobs().any(|job| !job.groups.is_empty())
}

/// Returns the folder that a file is in.
fn around(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("this machine has no room for a runtime").map_err(Failure::Unreachable)
}

/// Executes and prints. Says whether somebody asked to stop. A reader that goes away cancels the run:
/// nobody looks at it any more.
fn execute(foreground: &Arc<Foreground>, raw: bool) -> Result<(Summary, bool), Failure> {
    let (stop, stopped) = sync::watch::channel(Asked::Nothing);
    let failed: Mutex<Option<io::Error>> = Mutex::new(None);
    let mut print = |origin: Origin<'_>, lines: &str| {
        let lines = harmless_lines(lines);
        let printed = match raw {
            true => output::text(&lines),
            false => output::text(&with_prefix(&format!("{} | ", harmless(&origin.to_string())), &lines)),
        };
        if let Err(error) = printed {
            ask(&stop, Asked::Cancel);
            failed.lock().expect("no holder of the failure panics").get_or_insert(error);
        }
    };
    let runtime = runtime()?;
    let asked = stop.clone();
    runtime.spawn(async move {
        asked_to_stop().await;
        anstream::eprintln!("stopping: running steps are canceled");
        ask(&asked, Asked::Cancel);
        tokio::time::sleep(SAME_REQUEST).await;
        asked_to_stop().await;
        anstream::eprintln!("stopping at once: also what runs although the run was canceled");
        ask(&asked, Asked::HandBack);
    });
    let summary = runtime.block_on(foreground.run(&mut print, stopped));
    runtime.shutdown_background();
    let is_stopped = *stop.borrow() != Asked::Nothing;
    match failed.into_inner().expect("no holder of the failure panics") {
        Some(error) => Err(error.into()),
        None => Ok((summary, is_stopped)),
    }
}

/// Asks for something, unless more was asked already.
fn ask(stop: &sync::watch::Sender<Asked>, what: Asked) {
    stop.send_if_modified(|asked| {
        let is_more = *asked < what;
        *asked = (*asked).max(what);
        is_more
    });
}

/// Returns lines, each with an LF at its end, with a prefix before each.
fn with_prefix(prefix: &str, lines: &str) -> String {
    let count = memchr::memchr_iter(b'\n', lines.as_bytes()).count();
    let mut text = String::with_capacity(lines.len() + count * prefix.len());
    for line in lines.split_inclusive('\n') {
        text.push_str(prefix);
        text.push_str(line);
    }
    text
}

/// SIGTERM and Ctrl-C since this was made.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// To be called inside of a runtime.
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one, unless one has come that nobody has waited for.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    match StopSignals::new() {
        Ok(mut signals) => signals.next().await,
        Err(error) => {
            tracing::error!(%error, "signals can't be waited for");
            std::future::pending().await
        }
    }
}
