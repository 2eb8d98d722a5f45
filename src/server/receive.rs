//! Deliveries: from a request's bytes to the intake, and back to an answer.

use super::error::{Failure, challenge_answer, status, verified};
use super::{Shared, answer, body, wait};
use crate::intake::{Answer, Request};
use crate::webhook::challenge::Asking;
use crate::webhook::delivery::Outcome;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use std::time::Instant;

/// The parts of the path that matter; the organization of Azure's paths does not.
#[derive(Deserialize)]
pub(super) struct Path {
    name: String,
}

/// The parameters that matter; others, such as `api-version`, are the sender's.
#[derive(Deserialize)]
pub(super) struct Parameters {
    wait: Option<String>,
}

/// Takes a delivery.
pub(super) async fn receive(
    request: HttpRequest,
    path: web::Path<Path>,
    parameters: web::Query<Parameters>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let webhook = path.into_inner().name;
    let Some(limit) = shared.state.intake.body_limit(&webhook) else {
        body::leave_unread(payload.into_inner());
        return Err(Failure::NotFound);
    };
    let patience = match wait::patience(parameters.wait.as_deref()) {
        Ok(patience) => patience,
        Err(failure) => {
            body::leave_unread(payload.into_inner());
            return Err(failure);
        }
    };
    let body = body::read(&request, payload.into_inner(), limit, shared.state.body_time).await?;
    let target = target(&request);
    match accept(&shared, Request { headers: headers(&request), target, webhook, body }).await {
        Answer::Challenge(reply) => challenge_answer(reply),
        answer => {
            let admission = verified(answer)?;
            let runs = wait::for_runs(&shared, &admission.runs, patience).await;
            Ok(HttpResponse::build(status(&admission)).json(answer::body(&admission, &runs, &shared)))
        }
    }
}

/// Answers a sender that asks whether it may post, by a method that brings no delivery.
pub(super) async fn ask(
    request: HttpRequest,
    path: web::Path<Path>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    body::leave_unread(payload.into_inner());
    let asking = if *request.method() == Method::OPTIONS { Asking::Options } else { Asking::Get };
    let webhook = path.into_inner().name;
    let request = Request { headers: headers(&request), target: target(&request), webhook, body: Vec::new() };
    match shared.state.intake.ask(asking, &request) {
        Answer::Challenge(reply) => challenge_answer(reply),
        answer => Err(verified(answer).err().unwrap_or(Failure::NotFound)),
    }
}

/// Says that a connection is there: some senders look before they save a webhook.
pub(super) async fn look(path: web::Path<Path>, shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    shared.state.intake.body_limit(&path.name).map(|_| HttpResponse::Ok().finish()).ok_or(Failure::NotFound)
}

/// Returns the path and query as they were asked for.
fn target(request: &HttpRequest) -> String {
    request.uri().path_and_query().map_or_else(String::new, ToString::to_string)
}

/// Hands a request to the intake and counts what became of it. A sender that goes away meanwhile
/// stops nothing half way: all that can be waited for is the store, which has the whole work by then.
async fn accept(shared: &web::Data<Shared>, request: Request) -> Answer {
    let started = Instant::now();
    let connection = shared.connection_name(&request.webhook);
    let answer = shared.state.intake.receive(request).await;
    if let Some(connection) = connection {
        shared.state.metrics.delivery(&connection, outcome_word(&answer), started.elapsed());
    }
    answer
}

fn outcome_word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Verified(admission) => admission.outcome.word(),
        Answer::Challenge(_) => Outcome::Nothing.word(),
        Answer::UnknownConnection | Answer::NotAsked => "unknown",
        Answer::Refused => "refused",
        Answer::Invalid(_) | Answer::UnsupportedMedia(_) => "invalid",
        Answer::TooMany { .. } => "limited",
        Answer::Unavailable { .. } => "unavailable",
    }
}

/// Returns the headers as pairs, in the order they came as far as the order matters: values of
/// one name keep theirs.
fn headers(request: &HttpRequest) -> Vec<(String, Vec<u8>)> {
    request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
