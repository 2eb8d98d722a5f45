//! `pipehook connections`: who may post, and what was seen of each.

use super::failure::{Ending, Failure};
use super::list::List;
use super::moment::ago;
use super::output::Column::{Extra, Text};
use super::{Global, open, output};
use crate::config::Config;
use crate::server::{OpenConnection, Seen, SeenConnection};
use crate::store::{self, SqliteStore};
use clap::Args;
use jiff::Timestamp;

/// Lists the configured connections with the number of live secrets, and the deliveries and
/// refusals seen.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook connections --format json")]
pub(super) struct Connections {
    #[command(flatten)]
    list: List,
}

impl Connections {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config()?;
        let (seen, now) = (seen(&config)?, Timestamp::now());
        let seen: Vec<SeenConnection> =
            config.connections.iter().map(|it| OpenConnection::new(it).seen(&seen, now)).collect();
        self.list
            .print(&seen, "no connection is configured", |seen| format!("{}{}", table(seen, now), secrets(seen, now)))
    }
}

/// Asks the store, where there is one: connections can be listed before anything was served.
fn seen(config: &Config) -> Result<Seen, Failure> {
    if config.database.is_none() && matches!(SqliteStore::find(&config.data), Err(store::Error::Missing { .. })) {
        return Ok(Seen::default());
    }
    let store = open::store(config)?;
    Ok(open::block_on(Seen::by(&*store))??)
}

fn table(seen: &[SeenConnection], now: Timestamp) -> String {
    let rows = seen.iter().map(|it| {
        let last = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| ago(moment, now));
        vec![
            match it.paused_since {
                Some(_) => format!("{} (paused)", it.connection.name),
                None => it.connection.name.clone(),
            },
            path(&it.connection),
            it.connection.scheme.clone(),
            it.connection.secrets.map_or_else(|| "none asked".to_owned(), |secrets| secrets.to_string()),
            it.deliveries.to_string(),
            last(it.last_delivery),
            it.refusals.to_string(),
            match &it.last_refusal_reason {
                Some(reason) => format!("{}: {reason}", last(it.last_refusal)),
                None => last(it.last_refusal),
            },
        ]
    });
    let columns = [
        Text("NAME"),
        Extra("PATH"),
        Extra("SCHEME"),
        Extra("SECRETS"),
        Text("DELIVERIES"),
        Text("LAST"),
        Text("REFUSED"),
        Text("LAST REFUSED"),
    ];
    output::table(&columns, rows)
}

/// Returns where one posts, and says so if nothing is taken there.
fn path(connection: &OpenConnection) -> String {
    let off = if connection.enabled { "" } else { " (off: enabled: false)" };
    format!("/webhooks/{}{off}", connection.webhook)
}

/// Returns the table of the secrets that a rotation is about.
fn secrets(seen: &[SeenConnection], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = seen
        .iter()
        .flat_map(|it| it.connection.changing_secrets().iter().map(move |secret| (it, secret)))
        .map(|(it, secret)| {
            let state = match (secret.live, secret.until) {
                (true, None) => "live".to_owned(),
                (true, Some(end)) => format!("live until {end}"),
                (false, None) => "ended".to_owned(),
                (false, Some(end)) => format!("ended {end}"),
            };
            let last = secret.last_use(|at| ago(at, now));
            vec![it.connection.name.clone(), secret.name.clone(), state, last]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\n{}", output::table(&[Text("NAME"), Text("SECRET"), Text("STATE"), Text("LAST USED")], rows))
}
