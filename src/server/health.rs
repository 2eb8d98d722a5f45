//! Whether the server lives, whether it can work, and its numbers.

use super::Shared;
use super::error::{Failure, NOT_READY};
use crate::store::Outage;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// Answers as long as the process serves.
pub(super) const ALIVE_PATH: &str = "/healthz";
/// What is told where logs and artifacts can't be brought where they are kept.
const PLACE_AWAY: &str = "what `files` names can't be used: logs wait on this machine until it can, artifacts fail";
/// Answers well only while the store can be written, and jobs find room for their logs.
pub(super) const READY_PATH: &str = "/readyz";

/// What was wrong when somebody last asked whether the server can work. It is asked every few seconds: what is wrong
/// is logged when that is news, and once more when it is over.
#[derive(Default)]
pub(super) struct Health {
    store: Outage,
    room: Outage,
}

/// Says that the process serves.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Says whether deliveries could be accepted now, and their jobs write what they print. What `files` names may be
/// away meanwhile: logs wait on this machine until it is back, so the server is ready, and says `degraded`.
pub(super) async fn ready(shared: web::Data<Shared>) -> HttpResponse {
    if let Err(error) = shared.state.store.ready().await {
        shared.health.store.failed(&error, "the store is not ready");
        return not_ready("the store can't be used at the moment");
    }
    shared.health.store.worked("the store is ready again");
    let logs = shared.state.logs.clone();
    match web::block(move || logs.has_room()).await {
        Ok(Err(error)) => {
            shared.health.room.failed(&error, "there is no room for logs");
            not_ready("there is no room for the logs of jobs at the moment")
        }
        _ => {
            shared.health.room.worked("there is room for logs again");
            match shared.state.logs.is_place_away() {
                true => HttpResponse::Ok().json(json!({ "status": "degraded", "reason": PLACE_AWAY })),
                false => HttpResponse::Ok().json(json!({ "status": "ok" })),
            }
        }
    }
}

fn not_ready(error: &str) -> HttpResponse {
    HttpResponse::build(NOT_READY).json(json!({ "error": error }))
}

/// Returns the numbers for Prometheus.
pub(super) async fn metrics(shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let depth = shared.state.store.depth().await?;
    let text = shared.state.metrics.text(&depth);
    Ok(HttpResponse::Ok().content_type(crate::metrics::CONTENT_TYPE).body(text))
}
