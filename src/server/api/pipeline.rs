//! Pipelines with what they listen to, and connections with what was seen of them.

use super::parameter::NoParameters;
use crate::catalog::{Entry, Listener};
use crate::diagnostic::Report;
use crate::server::error::Failure;
use crate::server::{Seen, SeenConnection, Shared};
use crate::store::{Pausable, Pause, Run, RunQuery};
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

/// A pipeline as lists show it.
#[derive(Serialize)]
pub(in crate::server) struct ShownPipeline {
    pub(in crate::server) name: String,
    /// `serving`, `outdated` (the file is broken, its last good version serves) or `broken`.
    pub(in crate::server) state: &'static str,
    pub(in crate::server) webhooks: Vec<ShownWebhook>,
    pub(in crate::server) diagnostics: Vec<Report>,
    pub(in crate::server) last_run: Option<Run>,
    /// Since when its runs are held back.
    pub(in crate::server) paused_since: Option<Timestamp>,
}

/// A webhook resource of the version that serves.
#[derive(Serialize)]
pub(in crate::server) struct ShownWebhook {
    pub(in crate::server) alias: String,
    pub(in crate::server) connection: String,
    pub(in crate::server) filters: Vec<ShownFilter>,
}

/// A filter in words.
#[derive(Serialize)]
pub(in crate::server) struct ShownFilter {
    pub(in crate::server) path: String,
    pub(in crate::server) wanted: String,
}

/// Returns every pipeline, by name.
pub(in crate::server) async fn pipelines(
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(shown_pipelines(&shared).await?))
}

/// Returns every pipeline with its last run.
pub(in crate::server) async fn shown_pipelines(shared: &Shared) -> Result<Vec<ShownPipeline>, Failure> {
    let mut shown: Vec<ShownPipeline> = shared.state.intake.catalog().entries().map(ShownPipeline::new).collect();
    let pauses = shared.state.store.pauses().await?;
    for pipeline in &mut shown {
        let is_own = |pause: &&Pause| matches!(&pause.what, Pausable::Pipeline(name) if *name == pipeline.name);
        pipeline.paused_since = pauses.iter().find(is_own).map(|pause| pause.since);
        let query = RunQuery { pipeline: Some(pipeline.name.clone()), limit: 1, ..RunQuery::default() };
        pipeline.last_run = shared.state.store.runs(query).await?.pop();
    }
    Ok(shown)
}

impl ShownPipeline {
    fn new(entry: &Entry) -> Self {
        let listeners = entry.serving.iter().flat_map(|serving| &serving.listeners);
        Self {
            name: entry.name.clone(),
            state: match (entry.is_broken(), entry.serving.is_some()) {
                (false, _) => "serving",
                (true, true) => "outdated",
                (true, false) => "broken",
            },
            webhooks: listeners.map(ShownWebhook::new).collect(),
            diagnostics: entry.reports.clone(),
            last_run: None,
            paused_since: None,
        }
    }
}

impl ShownWebhook {
    fn new(listener: &Listener) -> Self {
        let filter = |filter: &crate::webhook::filter::Filter| {
            let (path, wanted) = filter.in_words();
            ShownFilter { path, wanted }
        };
        Self {
            alias: listener.resource.alias.clone(),
            connection: listener.resource.connection.clone(),
            filters: listener.filters.iter().map(filter).collect(),
        }
    }
}

/// Returns the configured connections with what was seen of each.
pub(in crate::server) async fn connections(
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(seen_connections(&shared).await?))
}

/// Returns the configured connections with what was seen of each.
pub(in crate::server) async fn seen_connections(shared: &Shared) -> Result<Vec<SeenConnection>, Failure> {
    let seen = Seen::by(&*shared.state.store).await?;
    let (connections, now) = (shared.state.connections.load(), shared.state.clock.now());
    Ok(connections.iter().map(|it| it.clone().seen(&seen, now)).collect())
}
