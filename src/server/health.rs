//! Whether the server lives, whether it can work, and its numbers.

use super::Shared;
use super::error::{Failure, NOT_READY};
use actix_web::{HttpResponse, web};
use serde_json::json;

/// Answers as long as the process serves.
pub(super) const ALIVE_PATH: &str = "/healthz";
/// Answers well only while the store can be written, and jobs find room for their logs.
pub(super) const READY_PATH: &str = "/readyz";

/// Says that the process serves.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Says whether deliveries could be accepted now, and their jobs write what they print.
pub(super) async fn ready(shared: web::Data<Shared>) -> HttpResponse {
    if let Err(error) = shared.state.store.ready().await {
        tracing::warn!(%error, "the store is not ready");
        return not_ready("the store can't be used at the moment");
    }
    let logs = shared.state.logs.clone();
    match web::block(move || logs.has_room()).await {
        Ok(Err(error)) => {
            tracing::warn!(%error, "there is no room for logs");
            not_ready("there is no room for the logs of jobs at the moment")
        }
        _ => HttpResponse::Ok().json(json!({ "status": "ok" })),
    }
}

fn not_ready(error: &str) -> HttpResponse {
    HttpResponse::build(NOT_READY).json(json!({ "error": error }))
}

/// Returns the numbers for Prometheus.
pub(super) async fn metrics(shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let depth = shared.state.store.depth().await?;
    let text = shared.state.metrics.text(&depth, shared.state.clock.now());
    Ok(HttpResponse::Ok().content_type(crate::metrics::CONTENT_TYPE).body(text))
}
