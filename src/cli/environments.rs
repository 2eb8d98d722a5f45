//! `pipehook environments`: what deployment jobs have deployed to, and which was the last of each.

use super::failure::{Ending, Failure};
use super::list::List;
use super::moment::ago;
use super::output::Column::{Extra, Id, Text};
use super::{Global, open, output};
use crate::run::RunResult;
use crate::store::EnvironmentDetail;
use clap::Args;
use jiff::Timestamp;

/// Lists the environments of deployment jobs, and their resources, with the last deployment to
/// each.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook environments --format json")]
pub(super) struct Environments {
    #[command(flatten)]
    list: List,
}

impl Environments {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let store = open::store(&global.config_without_secrets()?)?;
        let all = open::block_on(store.environments())??;
        self.list.print(&all, "nothing was deployed to any environment yet", |all| table(all, Timestamp::now()))
    }
}

fn table(all: &[EnvironmentDetail], now: Timestamp) -> String {
    let rows = all.iter().map(|it| {
        vec![
            it.environment.clone(),
            it.resource.clone().unwrap_or_else(|| "-".to_owned()),
            it.result.map_or(it.state.word(), RunResult::word).to_owned(),
            format!("{}#{}", it.pipeline, it.number),
            it.job.clone(),
            ago(it.at, now),
            it.deployments.to_string(),
        ]
    });
    let columns = [
        Text("ENVIRONMENT"),
        Text("RESOURCE"),
        Text("LAST"),
        Id("RUN"),
        Extra("JOB"),
        Text("WHEN"),
        Extra("DEPLOYMENTS"),
    ];
    output::table(&columns, rows)
}
