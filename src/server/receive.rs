//! Deliveries: from a request's bytes to the intake, and back to an answer.

use super::body::{self, Incoming};
use super::error::{Failure, challenge_answer, status, verified};
use super::{Shared, answer, wait};
use crate::diagnostic::shown;
use crate::intake::{Answer, Request};
use crate::webhook::challenge::Asking;
use crate::webhook::delivery::Outcome;
use crate::webhook::form::{self, FieldMistake};
use crate::webhook::header::RawHeader;
use crate::webhook::scheme::WAIT;
use actix_http::body::BoxBody;
use actix_http::header::{self, HeaderValue};
use actix_http::{RequestHead, Response, StatusCode};
use std::time::{Duration, Instant};

/// The largest size of a body that is noted of a request whose body was not read: its header may say any
/// number, and the store's integers end here.
const SIZE_NOTED_MAX: u64 = i64::MAX as u64;

/// Takes a delivery.
pub(super) async fn receive(
    head: &RequestHead,
    incoming: Incoming,
    webhook: &str,
    shared: &Shared,
) -> Result<Response<BoxBody>, Failure> {
    let Some(limit) = shared.state.intake.body_limit(webhook) else {
        body::leave_unread(incoming);
        return Err(turn_away(head, webhook, shared, Failure::NotFound).await);
    };
    if head.expect() {
        let size = noted_size(head);
        if let Some(answer) = shared.state.intake.refuse_by_head(&request(head, webhook, Vec::new()), size).await {
            body::leave_unread(incoming);
            let word = outcome_word(&answer);
            shared.with_connection_name(webhook, |connection| shared.state.metrics.turned_away(connection, word));
            return Err(verified(answer).err().unwrap_or(Failure::Refused));
        }
    }
    // Whether the sender may be told of a mistake is known when its checksum holds.
    let (patience, mistake) = match patience(head) {
        Ok(patience) => (patience, None),
        Err(mistake) => (None, Some(mistake)),
    };
    // Held until the body was verified, and stored or let go.
    let mut place = shared.bodies.place(limit);
    let body = match body::read(head, incoming, limit, shared.state.body_time, &mut place).await {
        Ok(body) => body,
        Err(failure) => return Err(turn_away(head, webhook, shared, failure).await),
    };
    let request = Request { mistake, ..request(head, webhook, body) };
    let answer = accept(shared, request).await;
    drop(place);
    match answer {
        Answer::Challenge(reply) => Ok(challenge_answer(reply)?.into()),
        answer => {
            let admission = verified(answer)?;
            let runs = match patience {
                Some(patience) => Box::pin(wait::for_runs(shared, &admission.runs, patience)).await,
                None => Vec::new(),
            };
            Ok(json(status(&admission), answer::text(&admission, &runs, shared)))
        }
    }
}

/// Says whether the body of a delivery is wanted, as far as its head tells. A sender that waits for that before it sends
/// it (RFC 9110, 10.1.1) is told so by a 100, and otherwise has its answer at once.
pub(super) fn wants_body(head: &RequestHead, webhook: &str, shared: &Shared) -> bool {
    let intake = &shared.state.intake;
    let fits = |limit| body::said_length(head).is_none_or(|length| length <= limit);
    intake.body_limit(webhook).is_some_and(fits) && !intake.is_refused_by_head(&request(head, webhook, Vec::new()))
}

/// Answers a sender that asks whether it may post, by a method that brings no delivery.
pub(super) async fn ask(
    head: &RequestHead,
    asking: Asking,
    webhook: &str,
    shared: &Shared,
) -> Result<Response<BoxBody>, Failure> {
    let answer = match shared.state.intake.ask(asking, &request(head, webhook, Vec::new())) {
        Answer::Challenge(reply) => challenge_answer(reply),
        answer => Err(verified(answer).err().unwrap_or(Failure::NotFound)),
    };
    match answer {
        Ok(answer) => Ok(answer.into()),
        Err(failure) => Err(turn_away(head, webhook, shared, failure).await),
    }
}

/// Notes and counts a request to a connection that gets no further than here, and gives back its failure.
pub(super) async fn turn_away(head: &RequestHead, webhook: &str, shared: &Shared, failure: Failure) -> Failure {
    let size = noted_size(head);
    let reason = match failure {
        Failure::Method { .. } => format!("{failure}, not {}", shown(head.method.as_str())),
        _ => failure.to_string(),
    };
    shared.state.intake.note_turned_away(webhook, size, &reason).await;
    let word = match failure {
        Failure::NotFound => "switched-off",
        Failure::NoRoom { .. } => "unavailable",
        _ => "invalid",
    };
    shared.with_connection_name(webhook, |connection| shared.state.metrics.turned_away(connection, word));
    failure
}

/// Returns the size that is noted of a body that was not read.
fn noted_size(head: &RequestHead) -> u64 {
    body::said_length(head).unwrap_or(0).min(SIZE_NOTED_MAX)
}

/// Returns a request as the intake sees it, its headers in the order they came as far as the order
/// matters: values of one name keep theirs.
fn request<'r>(head: &'r RequestHead, webhook: &'r str, body: Vec<u8>) -> Request<'r> {
    let pair = |(name, value): (&'r header::HeaderName, &'r HeaderValue)| (name.as_str(), value.as_bytes());
    let mut headers: Vec<RawHeader<'r>> = Vec::with_capacity(head.headers.len());
    headers.extend(head.headers.iter().map(pair));
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    Request { webhook, target, headers, body, mistake: None }
}

/// Returns how long the sender wants to wait, if it does; otherwise one sentence about what it wrote.
fn patience(head: &RequestHead) -> Result<Option<Duration>, String> {
    let Some(query) = head.uri.query() else { return Ok(None) };
    match form::field(query.as_bytes(), WAIT) {
        Ok(seconds) => wait::patience(&String::from_utf8_lossy(&seconds)).map(Some),
        Err(FieldMistake::Missing) => Ok(None),
        Err(FieldMistake::Doubled) => Err("wait is there more than once".to_owned()),
        Err(FieldMistake::Escape) => wait::patience("").map(Some),
    }
}

/// Returns an answer of JSON text.
fn json(status: StatusCode, text: Vec<u8>) -> Response<BoxBody> {
    let mut response = Response::with_body(status, BoxBody::new(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Hands a request to the intake and counts what became of it. A sender that goes away meanwhile
/// stops nothing half way: all that can be waited for is the store, which has the whole work by then.
async fn accept(shared: &Shared, request: Request<'_>) -> Answer {
    let started = Instant::now();
    let webhook = request.webhook;
    let answer = shared.state.intake.receive(request).await;
    shared.with_connection_name(webhook, |connection| {
        shared.state.metrics.delivery(connection, outcome_word(&answer), started.elapsed());
    });
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
        Answer::Uncertain { .. } | Answer::Unavailable { .. } => "unavailable",
    }
}
