//! Deliveries, and posting one again.

use super::page;
use super::parameter::{DeliveryParameters, NoParameters, flag, known_length};
use crate::id::{DeliveryId, RunId};
use crate::intake::{Admission, Force, KeyTold, PipelineTrail};
use crate::server::Shared;
use crate::server::answer::replayed;
use crate::server::error::Failure;
use crate::store::DeliveryDetail;
use crate::webhook::delivery::Verdict;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Returns deliveries, latest first.
pub(in crate::server) async fn deliveries(
    request: HttpRequest,
    parameters: web::Query<DeliveryParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let query = parameters.into_inner().query()?;
    let limit = query.limit;
    let deliveries = shared.state.store.deliveries(query).await?;
    Ok(page(&request, &deliveries, limit, deliveries.last().map(|delivery| delivery.id.to_string())))
}

/// Returns one delivery with every decision about it.
pub(in crate::server) async fn delivery(
    id: web::Path<String>,
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let detail = known_delivery(&shared, &id).await?;
    let trails = shared.state.intake.trails(&detail).await?;
    let key = shared.state.intake.repeat_key(&detail);
    Ok(HttpResponse::Ok().json(ShownDelivery::new(&detail, &trails, key.as_ref())))
}

/// How a delivery is posted again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct ReplayParameters {
    force: Option<String>,
}

/// Posts a delivery again, through the pipelines as they are now.
pub(in crate::server) async fn replay(
    id: web::Path<String>,
    parameters: web::Query<ReplayParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let force = if flag(parameters.into_inner().force, "force")? { Force::Yes } else { Force::No };
    let (id, admission) = replay_of(&shared, &id, force).await?;
    let url = |run: &RunId| Some(shared.run_url(run));
    Ok(HttpResponse::Ok().json(replayed(&admission, &id, url)))
}

/// Posts a delivery again and returns its id and what became of it.
pub(in crate::server) async fn replay_of(
    shared: &Shared,
    id: &str,
    force: Force,
) -> Result<(DeliveryId, Admission), Failure> {
    let id = known_length(id).map(DeliveryId::from_stored).ok_or(Failure::Unknown("delivery"))?;
    let admission = shared.state.intake.replay(&id, force).await?;
    Ok((id, admission))
}

/// Returns the delivery of an id.
pub(in crate::server) async fn known_delivery(shared: &Shared, id: &str) -> Result<DeliveryDetail, Failure> {
    let id = known_length(id).map(DeliveryId::from_stored).ok_or(Failure::Unknown("delivery"))?;
    shared.state.store.delivery(&id).await?.ok_or(Failure::Unknown("delivery"))
}

/// A delivery with the reason for which it was refused, if it was, and where its text went.
#[derive(Serialize)]
pub struct ShownDelivery<'a> {
    #[serde(flatten)]
    delivery: Brief<'a>,
    refusal: Option<&'a str>,
    /// Why a second delivery of the same would not be known again, where a key is looked for and not found.
    without_repeat_key: Option<&'a str>,
    /// By what a repeat was known, in words.
    known_by: Option<&'a str>,
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
    /// Returns what is shown of a delivery: all but its body. `trails` says where its text went, `key` by what
    /// it was known as a repeat, or why one of it would not be.
    pub fn new(detail: &'a DeliveryDetail, trails: &'a [PipelineTrail], key: Option<&'a KeyTold>) -> Self {
        let shown = |verdict: &'a Verdict| ShownVerdict {
            verdict,
            expansion: trails.iter().find(|trail| trail.pipeline == verdict.pipeline),
        };
        let mut delivery = serde_json::to_value(&detail.delivery).expect("texts and numbers have a JSON form");
        delivery.as_object_mut().expect("a delivery is an object").remove("pipelines");
        let pipelines = detail.delivery.pipelines.iter().map(shown).collect();
        Self {
            delivery: Brief { delivery, pipelines },
            refusal: detail.refusal.as_deref(),
            without_repeat_key: key.and_then(KeyTold::none),
            known_by: key.and_then(KeyTold::known),
        }
    }
}
