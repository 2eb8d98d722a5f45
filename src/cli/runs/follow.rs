//! Waiting for a run, and printing its log while it grows.

use super::super::failure::{Ending, Failure};
use super::super::output;
use crate::files::{LogReader, Logs};
use crate::id::{JobId, RunId};
use crate::run::State;
use crate::server::harmless;
use crate::store::{Run, RunDetail, Store};
use anyhow::Context;
use std::collections::HashMap;
use std::time::Duration;

/// How often a run of another process is looked at: a person sees no delay, and the store is
/// not kept busy.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Returns a run once it is completed.
pub(super) async fn until_completed(store: &dyn Store, id: &RunId) -> Result<Run, Failure> {
    loop {
        let run = detail(store, id).await?.run;
        if run.state == State::Completed {
            return Ok(run);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Prints a run's log, and with `follow` goes on until the run is completed.
pub(super) async fn print(store: &dyn Store, logs: &Logs, id: &RunId, follow: bool) -> Result<Ending, Failure> {
    let mut readers = HashMap::new();
    loop {
        // The state is asked before the logs are read: what a completed run printed is all there.
        let run = detail(store, id).await?;
        print_new(logs, &run, &mut readers)?;
        if !follow || run.run.state == State::Completed {
            return Ok(Ending::Done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Prints what was written since the last time, job by job.
fn print_new(logs: &Logs, run: &RunDetail, readers: &mut HashMap<JobId, LogReader>) -> Result<(), Failure> {
    let unreadable = || format!("the log of {} can't be read", run.run.id);
    for job in run.stages.iter().flat_map(|stage| &stage.jobs) {
        if !readers.contains_key(&job.id) {
            let reader = logs.reader(&run.run.id, &job.id).with_context(unreadable).map_err(Failure::Unreachable)?;
            readers.insert(job.id.clone(), reader);
        }
        let reader = readers.get_mut(&job.id).expect("it was put there");
        loop {
            let lines = reader.read().with_context(unreadable).map_err(Failure::Unreachable)?;
            if lines.is_empty() {
                break;
            }
            let text: String = lines.iter().flat_map(|line| [harmless(&line.text), "\n".into()]).collect();
            output::text(&text)?;
        }
    }
    Ok(())
}

async fn detail(store: &dyn Store, id: &RunId) -> Result<RunDetail, Failure> {
    store.run(id).await?.ok_or_else(|| super::no_run(id.as_str()))
}
