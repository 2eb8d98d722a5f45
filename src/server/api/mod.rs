//! The API: runs, logs, deliveries, connections and pipelines, as the command line shows them.
//!
//! ```text
//! parameter  what queries may say, and what they mean
//! run        runs, their logs, and what steers them
//! delivery   deliveries, and posting one again
//! pipeline   pipelines and connections
//! openapi    all of it as a description that programs read
//! ```
//! Lists are JSON arrays, latest first. A list that may go on has a `Link` header to its next page.

mod delivery;
mod openapi;
mod parameter;
mod pipeline;
mod run;

pub use delivery::ShownDelivery;

pub(super) use delivery::{deliveries, delivery, known_delivery, replay, replay_of};
pub(super) use openapi::description;
pub(super) use parameter::{AnswerParameters, DeliveryParameters, NoParameters, RerunParameters, RunParameters, flag};
pub(super) use pipeline::{ShownPipeline, ShownWebhook, connections, pipelines, seen_connections, shown_pipelines};
pub(super) use run::{answer, approve, cancel, expanded, find, logs, queue_again, reject, rerun, run, runs};

#[cfg(test)]
pub(super) use openapi::described;

use serde::Serialize;

/// Returns an answer with one page of a list, and where the next one is.
fn page<T: Serialize>(
    request: &actix_web::HttpRequest,
    entries: &[T],
    limit: usize,
    last: Option<String>,
) -> actix_web::HttpResponse {
    let mut response = actix_web::HttpResponse::Ok();
    if let Some(last) = last.filter(|_| entries.len() == limit) {
        let kept = request.query_string().split('&').filter(|part| !part.is_empty() && !part.starts_with("before="));
        let query = kept.map(str::to_owned).chain([format!("before={last}")]).collect::<Vec<_>>().join("&");
        response.insert_header((actix_web::http::header::LINK, format!("<{}?{query}>; rel=\"next\"", request.path())));
    }
    response.json(entries)
}
