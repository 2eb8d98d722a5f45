//! `pipehook deliveries`: what was posted, and why each pipeline ran or did not.

pub(super) mod show;

use super::failure::{Ending, Failure};
use super::moment::ago;
use super::output::Column::{Extra, Id, Text};
use super::serve::rules;
use super::{Format, Global, open, output};
use crate::catalog::{Library, Shelf};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::diagnostic::shown;
use crate::id::{DeliveryId, RunId};
use crate::intake::{Force, Intake, Unreplayable};
use crate::server::{ShownDelivery, replayed, runs_url};
use crate::store::{DeliveryQuery, Store};
use crate::webhook::delivery::{Decision, Delivery, Outcome};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::sync::Arc;

/// The most deliveries of one list.
const LIMIT_MAX: u64 = 10_000;

/// Lists deliveries, and shows why each pipeline ran or did not. A delivery is named by its id or
/// a unique beginning of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook deliveries
  pipehook deliveries --connection IncomingWH --limit 5
  pipehook deliveries --outcome refused
  pipehook deliveries show dlv_0196
  pipehook deliveries replay dlv_0196")]
pub(super) struct Deliveries {
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
    /// List deliveries, latest first
    List(List),
    /// Show one delivery and what was decided about each pipeline
    Show {
        /// The delivery: its id, or a unique beginning of it
        delivery: String,
    },
    /// Post a delivery again, through the pipelines as they are now, as a new delivery
    Replay {
        /// The delivery: its id, or a unique beginning of it
        delivery: String,
        /// Also while a run of it has not ended, and twice within a minute
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
struct List {
    /// Only deliveries to this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only deliveries with this outcome: queued, rejected, nothing, repeat or refused
    #[arg(long, value_parser = outcome)]
    outcome: Option<Outcome>,
    /// How many at the most
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
}

fn outcome(word: &str) -> Result<Outcome, String> {
    Outcome::from_word(word).ok_or_else(|| "an outcome is queued, rejected, nothing, repeat or refused".to_owned())
}

impl Deliveries {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        let store = open::store(&config)?;
        match self.action.unwrap_or(Action::List(self.list)) {
            Action::List(query) => open::block_on(list(&*store, query, self.format))?,
            Action::Show { delivery } => show(&config, store, &delivery, self.format),
            Action::Replay { delivery, force } => {
                let id = open::block_on(find(&*store, &delivery))??;
                let force = if force { Force::Yes } else { Force::No };
                replay(&config, store, &id, force, self.format)
            }
        }
    }
}

async fn list(store: &dyn Store, list: List, format: Format) -> Result<Ending, Failure> {
    let limit = usize::try_from(list.limit).expect("the limit is small");
    let query = DeliveryQuery { connection: list.connection, outcome: list.outcome, limit, ..DeliveryQuery::default() };
    let deliveries = store.deliveries(query).await?;
    match format {
        Format::Json => output::json(&deliveries)?,
        Format::Table if deliveries.is_empty() => output::text("no deliveries\n")?,
        Format::Table => output::text(&table(&deliveries))?,
    }
    Ok(Ending::Done)
}

async fn find(store: &dyn Store, reference: &str) -> Result<DeliveryId, Failure> {
    let found = store.find_deliveries(reference).await?;
    match found.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(Failure::usage(format!("there is no delivery `{}`", shown(reference)))),
        _ => Err(Failure::usage(format!("more than one delivery begins with `{}`", shown(reference)))),
    }
}

fn show(config: &Config, store: Arc<dyn Store>, reference: &str, format: Format) -> Result<Ending, Failure> {
    let id = open::block_on(find(&*store, reference))??;
    let gone = || Failure::usage(format!("there is no delivery `{id}`"));
    let detail = open::block_on(store.delivery(&id))??.ok_or_else(gone)?;
    // Pipelines that can't be read don't keep what is stored from being shown.
    let (trails, key) = match Shelf::open(Library::new(config)) {
        Ok(shelf) => {
            let intake = intake(config, shelf, store);
            (open::block_on(intake.trails(&detail))??, intake.repeat_key(&detail))
        }
        Err(_) => (Vec::new(), None),
    };
    match format {
        Format::Json => output::json(&ShownDelivery::new(&detail, &trails, key.as_ref()))?,
        Format::Table => output::text(&show::text(&detail, &trails, key.as_ref(), Timestamp::now()))?,
    }
    Ok(Ending::Done)
}

/// Returns the receiving half of the machine, beside a server or without one.
fn intake(config: &Config, shelf: Shelf, store: Arc<dyn Store>) -> Intake {
    Intake::new(rules(config), Arc::new(shelf), store, Arc::new(SystemClock))
}

/// Returns where the server that this configuration describes shows a run. Which port it has where it
/// picks one is not known here.
fn run_url(config: &Config, run: &RunId) -> Option<String> {
    let is_known = !config.admin_listen.ends_with(":0");
    is_known.then(|| runs_url(&config.admin_listen, &config.admin_hosts) + run.as_str())
}

/// Posts a delivery again. Its runs are executed by the server, now or when it starts.
fn replay(
    config: &Config,
    store: Arc<dyn Store>,
    id: &DeliveryId,
    force: Force,
    format: Format,
) -> Result<Ending, Failure> {
    let shelf = Shelf::open(Library::new(config)).map_err(|error| Failure::Usage(error.into()))?;
    let admission = match open::block_on(intake(config, shelf, store).replay(id, force))? {
        Ok(admission) => admission,
        Err(Unreplayable::Store(error)) => return Err(error.into()),
        Err(reason) => return Err(Failure::mistake(reason.to_string())),
    };
    match format {
        Format::Json => output::json(&replayed(&admission, id, |run| run_url(config, run)))?,
        Format::Table => {
            let mut text = format!("{}: {}\n", admission.delivery, output::verdict(admission.outcome.word()));
            let runs = admission.runs.iter();
            text.extend(runs.map(|run| format!("  run {}#{} {}\n", shown(&run.pipeline), run.number, run.id)));
            output::text(&text)?;
        }
    }
    Ok(if admission.outcome == Outcome::Rejected { Ending::Mistakes } else { Ending::Done })
}

fn table(deliveries: &[Delivery]) -> String {
    let now = Timestamp::now();
    let rows = deliveries.iter().map(|delivery| {
        let count = |decision| delivery.pipelines.iter().filter(|it| it.decision == decision).count().to_string();
        vec![
            delivery.connection.clone(),
            delivery.outcome.word().to_owned(),
            ago(delivery.received_at, now),
            delivery.size.to_string(),
            count(Decision::Queued),
            count(Decision::Rejected),
            count(Decision::Filtered),
            delivery.reason.clone().unwrap_or_else(|| "-".to_owned()),
            delivery.id.to_string(),
        ]
    });
    let columns = [
        Text("CONNECTION"),
        Text("OUTCOME"),
        Text("RECEIVED"),
        Extra("BYTES"),
        Extra("QUEUED"),
        Extra("REJECTED"),
        Extra("FILTERED"),
        Extra("REASON"),
        Id("ID"),
    ];
    output::table(&columns, rows)
}
