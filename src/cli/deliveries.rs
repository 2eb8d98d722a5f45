//! `pipehook deliveries`: what was posted, and why each pipeline ran or did not.

mod show;

use super::failure::{Ending, Failure};
use super::moment::ago;
use super::{Format, Global, open, output};
use crate::diagnostic::shown;
use crate::server::ShownDelivery;
use crate::store::{DeliveryQuery, Store};
use crate::webhook::delivery::{Decision, Delivery};
use clap::{Args, Subcommand};
use jiff::Timestamp;

/// The most deliveries of one list.
const LIMIT_MAX: u64 = 10_000;

/// Lists deliveries, and shows why each pipeline ran or did not. A delivery is named by its id or
/// a unique beginning of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook deliveries
  pipehook deliveries --connection IncomingWH --limit 5
  pipehook deliveries show dlv_0196")]
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
        /// The delivery
        delivery: String,
    },
}

#[derive(Debug, Args)]
struct List {
    /// Only deliveries to this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// How many at the most
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
}

impl Deliveries {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        let store = open::store(&config)?;
        match self.action.unwrap_or(Action::List(self.list)) {
            Action::List(query) => open::block_on(list(&*store, query, self.format))?,
            Action::Show { delivery } => open::block_on(show(&*store, &delivery, self.format))?,
        }
    }
}

async fn list(store: &dyn Store, list: List, format: Format) -> Result<Ending, Failure> {
    let limit = usize::try_from(list.limit).expect("the limit is small");
    let query = DeliveryQuery { connection: list.connection, limit, ..DeliveryQuery::default() };
    let deliveries = store.deliveries(query).await?;
    match format {
        Format::Json => output::json(&deliveries)?,
        Format::Table if deliveries.is_empty() => output::text("no deliveries\n")?,
        Format::Table => output::text(&table(&deliveries))?,
    }
    Ok(Ending::Done)
}

async fn show(store: &dyn Store, reference: &str, format: Format) -> Result<Ending, Failure> {
    let found = store.find_deliveries(reference).await?;
    let none = || Failure::usage(format!("there is no delivery `{}`", shown(reference)));
    let [id] = found.as_slice() else {
        let several = || Failure::usage(format!("more than one delivery begins with `{}`", shown(reference)));
        return Err(if found.is_empty() { none() } else { several() });
    };
    let detail = store.delivery(id).await?.ok_or_else(none)?;
    match format {
        Format::Json => output::json(&ShownDelivery::new(&detail))?,
        Format::Table => output::text(&show::text(&detail, Timestamp::now()))?,
    }
    Ok(Ending::Done)
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
            delivery.id.to_string(),
        ]
    });
    output::table(&["CONNECTION", "OUTCOME", "RECEIVED", "BYTES", "QUEUED", "REJECTED", "FILTERED", "ID"], rows)
}
