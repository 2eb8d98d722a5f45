//! `pipehook runs`: what ran, how far it is, what it printed, and stopping it.

mod follow;
mod show;
mod steer;

pub(super) use steer::Again;

use super::failure::{Ending, Failure};
use super::moment::{ago, took};
use super::output::Column::{Extra, Handle, Id, Text};
use super::{Format, Global, open, output};
use crate::config::Config;
use crate::diagnostic::shown;
use crate::files::{Logs, Place};
use crate::id::RunId;
use crate::run::{RunResult, State};
use crate::store::{Approval, Run, RunDetail, RunQuery, Store};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::sync::Arc;
use steer::Reply;

/// The most runs of one list.
const LIMIT_MAX: u64 = 10_000;

/// Lists, inspects and steers runs. A run is named by its id, a unique beginning of it, or
/// PIPELINE#NUMBER.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook runs
  pipehook runs show hello#12
  pipehook runs logs hello#12 --follow
  pipehook runs wait run_0196 && echo succeeded
  pipehook runs --pipeline hello --result failed
  pipehook runs rerun hello#12 --failed
  pipehook runs approve hello#12 --comment 'looked at it'")]
pub(super) struct Runs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List runs, latest first
    List(List),
    /// Show the stages, jobs and steps of a run
    Show {
        /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
        run: String,
        /// Print the expanded document instead
        #[arg(long)]
        expanded: bool,
    },
    /// Print what a run printed; as JSON, a list with an entry for each line
    Logs {
        /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
        run: String,
        /// Go on printing until the run is completed
        #[arg(long, short)]
        follow: bool,
    },
    /// Ask a run to stop
    Cancel {
        /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
        run: String,
    },
    /// Start a completed run again, as a new run
    Rerun(Again),
    /// Let a run go on that waits for an approval
    Approve(Reply),
    /// Fail the step of a run that waits for an approval
    Reject(Reply),
    /// Wait until a run is completed; the exit code is 1 unless it succeeded
    Wait {
        /// The run: its id, a unique beginning of it, or PIPELINE#NUMBER
        run: String,
    },
}

#[derive(Debug, Args)]
struct List {
    /// Only runs of this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Only runs in this state: queued, running, canceling or completed
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// Only runs with this result: succeeded, succeededWithIssues, failed, canceled or skipped
    #[arg(long, value_parser = result)]
    result: Option<RunResult>,
    /// Only runs that a delivery to this connection started
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// How many at the most
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
}

fn state(word: &str) -> Result<State, String> {
    State::from_word(word).ok_or_else(|| "a state is queued, running, canceling or completed".to_owned())
}

fn result(word: &str) -> Result<RunResult, String> {
    RunResult::from_word(word)
        .ok_or_else(|| "a result is succeeded, succeededWithIssues, failed, canceled or skipped".to_owned())
}

/// What the actions work on.
struct Desk {
    config: Config,
    store: Arc<dyn Store>,
    format: Format,
}

impl Runs {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        let desk = Desk { store: open::store(&config)?, config, format: self.format };
        open::block_on(desk.act(self.action.unwrap_or(Action::List(self.list))))?
    }
}

impl Desk {
    async fn act(&self, action: Action) -> Result<Ending, Failure> {
        match action {
            Action::List(list) => self.list(list).await,
            Action::Show { run, expanded: false } => self.show(&run).await,
            Action::Show { run, expanded: true } => self.expanded(&run).await,
            Action::Logs { run, follow } => {
                let id = self.find(&run).await?;
                let place = self.config.files.as_ref().map(Place::name);
                let mut printer = follow::Printer::new(self.format, place);
                let logs = Logs::new(&self.config.data).shared(open::depot(&self.config, &*self.store)?);
                follow::print(&*self.store, (&logs, self.config.retention.logs.age), &id, follow, &mut printer).await
            }
            Action::Cancel { run } => self.cancel(&run).await,
            Action::Rerun(again) => self.rerun(again).await,
            Action::Approve(reply) => self.reply(reply, Approval::Approved).await,
            Action::Reject(reply) => self.reply(reply, Approval::Rejected).await,
            Action::Wait { run } => self.wait(&run).await,
        }
    }

    async fn list(&self, list: List) -> Result<Ending, Failure> {
        let limit = usize::try_from(list.limit).expect("the limit is small");
        let query = RunQuery {
            pipeline: list.pipeline,
            state: list.state,
            result: list.result,
            connection: list.connection,
            limit,
            ..RunQuery::default()
        };
        let runs = self.store.runs(query).await?;
        match self.format {
            Format::Json => output::json(&runs)?,
            Format::Table if runs.is_empty() => output::text("no runs\n")?,
            Format::Table => output::text(&table(&runs))?,
        }
        Ok(Ending::Done)
    }

    async fn show(&self, reference: &str) -> Result<Ending, Failure> {
        let run = self.detail(&self.find(reference).await?).await?;
        match self.format {
            Format::Json => output::json(&run)?,
            Format::Table => output::text(&show::text(&run, Timestamp::now()))?,
        }
        Ok(Ending::Done)
    }

    async fn expanded(&self, reference: &str) -> Result<Ending, Failure> {
        let id = self.find(reference).await?;
        let document = self.store.expanded(&id).await?.ok_or_else(|| no_run(reference))?;
        match self.format {
            Format::Json => output::json(&serde_json::json!({ "id": id, "expanded": document }))?,
            Format::Table => output::text(&document)?,
        }
        Ok(Ending::Done)
    }

    async fn wait(&self, reference: &str) -> Result<Ending, Failure> {
        let id = self.find(reference).await?;
        let run = follow::until_completed(&*self.store, &id).await?;
        let result = run.result.map_or("completed", RunResult::word);
        anstream::eprintln!("{}#{} {}", shown(&run.pipeline), run.number, output::verdict(result));
        self.print_as_json(&id).await?;
        Ok(ending(run.result))
    }

    /// Prints the run as `show` does, where a document is asked for.
    async fn print_as_json(&self, id: &RunId) -> Result<(), Failure> {
        if self.format == Format::Json {
            output::json(&self.detail(id).await?)?;
        }
        Ok(())
    }

    async fn find(&self, reference: &str) -> Result<RunId, Failure> {
        let mut found = self.store.find_runs(reference).await?;
        match found.len() {
            0 => Err(no_run(reference)),
            1 => Ok(found.remove(0)),
            _ => Err(Failure::usage(format!("more than one run begins with `{}`", shown(reference)))),
        }
    }

    async fn detail(&self, id: &RunId) -> Result<RunDetail, Failure> {
        self.store.run(id).await?.ok_or_else(|| no_run(id.as_str()))
    }
}

fn no_run(reference: &str) -> Failure {
    Failure::usage(format!("there is no run `{}`", shown(reference)))
}

/// Returns how a command ends that waited for a run.
pub(super) fn ending(result: Option<RunResult>) -> Ending {
    match result {
        Some(RunResult::Succeeded | RunResult::SucceededWithIssues) => Ending::Done,
        _ => Ending::Mistakes,
    }
}

/// Returns how far a run is, and that it waits for something beside its turn with a worker.
fn state_of(run: &Run) -> String {
    match &run.waits_for {
        Some(_) => format!("{} (waits)", run.state.word()),
        _ => run.result.map_or(run.state.word(), RunResult::word).to_owned(),
    }
}

fn table(runs: &[Run]) -> String {
    let now = Timestamp::now();
    let rows = runs.iter().map(|run| {
        vec![
            format!("{}#{}", run.pipeline, run.number),
            state_of(run),
            ago(run.queued_at, now),
            took(run.started_at, run.finished_at, now),
            run.connection.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{}{}", run.name, if run.rerun_of.is_some() { " (rerun)" } else { "" }),
            run.id.to_string(),
        ]
    });
    let columns =
        [Handle("RUN"), Text("STATE"), Text("QUEUED"), Extra("TOOK"), Extra("CONNECTION"), Extra("NAME"), Id("ID")];
    output::table(&columns, rows)
}
