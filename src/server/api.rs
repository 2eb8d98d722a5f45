//! The API: runs, logs, deliveries and connections, as the command line shows them.

use super::Shared;
use super::answer::replayed;
use super::error::Failure;
use super::log::LogBody;
use crate::id::{self, DeliveryId, RunId};
use crate::intake::{Force, PipelineTrail};
use crate::run::State;
use crate::store::{DeliveryDetail, DeliveryQuery, RunDetail, RunQuery};
use crate::webhook::delivery::Verdict;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// How many entries a list has where the request does not say.
const LIMIT_DEFAULT: usize = 50;
/// The most entries of one list.
const LIMIT_MAX: usize = 500;

/// Which runs to list.
#[derive(Deserialize)]
pub(super) struct RunParameters {
    pipeline: Option<String>,
    state: Option<String>,
    delivery: Option<String>,
    before: Option<String>,
    limit: Option<usize>,
}

/// Which deliveries to list.
#[derive(Deserialize)]
pub(super) struct DeliveryParameters {
    connection: Option<String>,
    before: Option<String>,
    limit: Option<usize>,
}

/// Returns runs, latest first.
pub(super) async fn runs(
    parameters: web::Query<RunParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let parameters = parameters.into_inner();
    let state = parameters.state.map(|word| {
        State::from_word(&word)
            .ok_or_else(|| Failure::Invalid("state is queued, running, canceling or completed".to_owned()))
    });
    let query = RunQuery {
        pipeline: parameters.pipeline,
        state: state.transpose()?,
        result: None,
        connection: None,
        delivery: parameters.delivery.as_deref().map(DeliveryId::from_stored),
        before: parameters.before.as_deref().map(RunId::from_stored),
        limit: limit(parameters.limit),
    };
    Ok(HttpResponse::Ok().json(shared.state.store.runs(query).await?))
}

/// Returns one run with its stages, jobs and steps.
pub(super) async fn run(id: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(find(&shared, &id).await?))
}

/// Returns a run's log as text.
pub(super) async fn logs(id: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let run = find(&shared, &id).await?;
    let body = LogBody::new(&shared.state.logs, &run).map_err(|error| {
        tracing::error!(%error, run = %run.run.id, "a log could not be read");
        Failure::Unavailable { retry_after: 1 }
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(body))
}

/// Returns deliveries, latest first.
pub(super) async fn deliveries(
    parameters: web::Query<DeliveryParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let parameters = parameters.into_inner();
    let query = DeliveryQuery {
        connection: parameters.connection,
        outcome: None,
        before: parameters.before.as_deref().map(DeliveryId::from_stored),
        limit: limit(parameters.limit),
    };
    Ok(HttpResponse::Ok().json(shared.state.store.deliveries(query).await?))
}

/// Returns one delivery with every decision about it.
pub(super) async fn delivery(id: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let id = known_length(&id).map(DeliveryId::from_stored).ok_or(Failure::Unknown("delivery"))?;
    let detail = shared.state.store.delivery(&id).await?.ok_or(Failure::Unknown("delivery"))?;
    let trails = shared.state.intake.trails(&detail).await?;
    Ok(HttpResponse::Ok().json(ShownDelivery::new(&detail, &trails)))
}

/// How a delivery is posted again.
#[derive(Deserialize)]
pub(super) struct ReplayParameters {
    #[serde(default)]
    force: bool,
}

/// Posts a delivery again, through the pipelines as they are now.
pub(super) async fn replay(
    id: web::Path<String>,
    parameters: web::Query<ReplayParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let id = known_length(&id).map(DeliveryId::from_stored).ok_or(Failure::Unknown("delivery"))?;
    let force = if parameters.force { Force::Yes } else { Force::No };
    let admission = shared.state.intake.replay(&id, force).await?;
    let url = |run: &RunId| Some(shared.run_url(run));
    Ok(HttpResponse::Ok().json(replayed(&admission, &id, url)))
}

/// Returns the configured connections with what was seen of each.
pub(super) async fn connections(shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let counts = shared.state.store.connection_counts().await?;
    let pauses = shared.state.store.pauses().await?;
    let (connections, now) = (shared.state.connections.load(), shared.state.clock.now());
    let seen: Vec<_> = connections.iter().map(|it| it.clone().seen(&counts, &pauses, now)).collect();
    Ok(HttpResponse::Ok().json(seen))
}

/// A delivery with the reason for which it was refused, if it was, and where its text went.
#[derive(Serialize)]
pub struct ShownDelivery<'a> {
    #[serde(flatten)]
    delivery: Brief<'a>,
    refusal: Option<&'a str>,
}

/// A delivery whose pipelines have their trails.
#[derive(Serialize)]
struct Brief<'a> {
    #[serde(flatten)]
    delivery: serde_json::Value,
    pipelines: Vec<ShownVerdict<'a>>,
}

#[derive(Serialize)]
struct ShownVerdict<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    expansion: Option<&'a PipelineTrail>,
}

impl<'a> ShownDelivery<'a> {
    /// Returns what is shown of a delivery: all but its body. `trails` says where its text went.
    pub fn new(detail: &'a DeliveryDetail, trails: &'a [PipelineTrail]) -> Self {
        let shown = |verdict: &'a Verdict| ShownVerdict {
            verdict,
            expansion: trails.iter().find(|trail| trail.pipeline == verdict.pipeline),
        };
        let mut delivery = serde_json::to_value(&detail.delivery).expect("texts and numbers have a JSON form");
        delivery.as_object_mut().expect("a delivery is an object").remove("pipelines");
        let pipelines = detail.delivery.pipelines.iter().map(shown).collect();
        Self { delivery: Brief { delivery, pipelines }, refusal: detail.refusal.as_deref() }
    }
}

async fn find(shared: &Shared, id: &str) -> Result<RunDetail, Failure> {
    let id = known_length(id).map(RunId::from_stored).ok_or(Failure::Unknown("run"))?;
    shared.state.store.run(&id).await?.ok_or(Failure::Unknown("run"))
}

fn known_length(id: &str) -> Option<&str> {
    (id.len() <= id::TEXT_MAX).then_some(id)
}

fn limit(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
}
