//! `pipehook run`: a pipeline executed now, in the foreground, without server or store.

use super::expansion::Expansion;
use super::failure::{Ending, Failure};
use super::runs::ending;
use super::{Global, output, work};
use crate::catalog::Prepared;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::id::RunId;
use crate::pipeline::plan::Plan;
use crate::run::{self, RunResult};
use crate::server::harmless;
use crate::worker::{Foreground, Origin};
use anyhow::Context;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Expands, validates and executes a pipeline now, without a server or a store. What its steps
/// print comes as `stage/job/step | text`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook run pipelines/hello.yml --payload payload.json
  pipehook run pipelines/build.yml --parameter configuration=release --workspace .

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
}

/// Where temporary folders are where the environment does not say.
const TEMPORARY: &str = "/tmp";

/// A temporary folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn create(run: &RunId) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let around = config::environment_variable("TMPDIR").map_or_else(|| TEMPORARY.into(), PathBuf::from);
        let folder = around.join(format!("pipehook-{run}"));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Run {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        if let Some(folder) = self.workspace.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(Failure::usage(format!("there is no folder {}", folder.display())));
        }
        let Some(prepared) = self.expansion.prepare(global)? else { return Ok(Ending::Mistakes) };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let id = RunId::new(work::milliseconds(&*clock), work::entropy());
        let scratch = Scratch::create(&id).context("no temporary folder").map_err(Failure::Unreachable)?;
        let config = if has_secrets(&prepared.plan) { global.config()? } else { global.config_without_secrets()? };
        let file = self.expansion.file(&config)?;
        let foreground = foreground(prepared, id, &scratch, self.workspace, work::host(&config, around(&file), clock));
        let result = execute(&foreground, self.raw)?;
        anstream::eprintln!("{}", output::verdict(result.word()));
        Ok(ending(Some(result)))
    }
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

fn foreground(
    prepared: Prepared,
    run: RunId,
    scratch: &Scratch,
    sources: Option<PathBuf>,
    host: crate::worker::Host,
) -> Foreground {
    let name = run::resolve(&prepared.plan, host.clock.now()).with_revision(1);
    Foreground { plan: Arc::new(prepared.plan), run, name, data: scratch.0.clone(), sources, host }
}

/// Executes and prints. A reader that goes away cancels the run: nobody looks at it any more.
fn execute(foreground: &Foreground, raw: bool) -> Result<RunResult, Failure> {
    let (stop, stopped) = watch::channel(false);
    let failed: Mutex<Option<io::Error>> = Mutex::new(None);
    let mut print = |origin: Origin<'_>, text: &str| {
        let text = harmless(text);
        let line = if raw { format!("{text}\n") } else { format!("{} | {text}\n", harmless(&origin.to_string())) };
        if let Err(error) = output::text(&line) {
            stop.send_replace(true);
            failed.lock().expect("no holder of the failure panics").get_or_insert(error);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("this machine has no room for a runtime").map_err(Failure::Unreachable)?;
    let asked = stop.clone();
    runtime.spawn(async move {
        asked_to_stop().await;
        anstream::eprintln!("stopping: running steps are canceled");
        asked.send_replace(true);
    });
    let result = runtime.block_on(foreground.run(&mut print, stopped));
    runtime.shutdown_background();
    match failed.into_inner().expect("no holder of the failure panics") {
        Some(error) => Err(error.into()),
        None => Ok(result),
    }
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn asked_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                tracing::error!(%error, "SIGTERM can't be waited for");
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
