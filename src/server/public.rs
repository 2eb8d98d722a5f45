//! The public listener: the paths of webhooks, the health of the process, and nothing else.
//!
//! Here the server is measured by what it makes of the processor. Four paths need no router, so this
//! stands directly on the HTTP library below the web framework, and looks at paths by hand.

use super::body::{self, Incoming};
use super::door::{Door, behind};
use super::error::Failure;
use super::paced::{Pace, Paced};
use super::receive::{ask, receive, turn_away, wants_body};
use super::route::{POST, READ, add_answer_headers};
use super::{HEAD_TIME_MAX, KEEP_ALIVE, LINGER_MAX, STOP_SECONDS_MAX, Shared, health, threads};
use crate::webhook::challenge::Asking;
use actix_http::body::BoxBody;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Method, Request, RequestHead, Response};
use actix_service::{ServiceFactoryExt, fn_service};
use actix_web::ResponseError;
use actix_web::dev::Server as Running;
use std::borrow::Cow;
use std::convert::Infallible;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Place<'p> {
    /// The connection with a name.
    Webhook(Cow<'p, str>),
    Alive,
}

/// Where webhooks are.
const WEBHOOKS: &str = "/webhooks/";
/// Where they are on Azure DevOps, whose paths may begin with an organization: so a sender needs
/// another host name only.
const AZURE_WEBHOOKS: &str = "/_apis/public/distributedtask/webhooks/";

/// Serves a listener, in as many threads as there are processors, each with up to so many connections.
pub(super) fn serve(listener: TcpListener, shared: Shared, connections: usize) -> std::io::Result<Running> {
    let door = Arc::new(Door::of(connections * threads()));
    let service = move || {
        let state = shared.state.clone();
        let stopping = shared.stopping.clone();
        let shared = Rc::new(shared.clone());
        let asked = shared.clone();
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIME_MAX)
            .client_disconnect_timeout(LINGER_MAX)
            .on_connect_ext(|stream: &Paced<TcpStream>, data| stream.tell(data))
            .graceful_shutdown_signal(move || {
                let mut stopping = stopping.clone();
                async move { drop(stopping.wait_for(|stopping| *stopping).await) }
            })
            .expect(fn_service(move |request| ask_for_body(request, asked.clone())))
            .finish(fn_service(move |request| answer(request, shared.clone())))
            .map_err(move |error| count_unreadable(&state.metrics, &error));
        behind(door.clone(), http)
    };
    Ok(Running::build()
        .workers(threads())
        .max_concurrent_connections(connections)
        .shutdown_timeout(STOP_SECONDS_MAX)
        .disable_signals()
        .listen("public", listener, service)?
        .run())
}

/// Counts what came that is no HTTP. It is not logged: anybody could fill the log with it.
fn count_unreadable(metrics: &crate::metrics::Metrics, error: &DispatchError) {
    if let DispatchError::Parse(_) = error {
        metrics.unreadable_request();
    }
}

/// An answer to who waits before sending a body, and need not send it.
struct Early(Response<BoxBody>);

impl From<Early> for Response<BoxBody> {
    fn from(Early(response): Early) -> Self {
        response
    }
}

/// Gives back a request whose sender waits for a word before it sends the body: it is asked for it. What is answered
/// without its body is answered now.
async fn ask_for_body(request: Request, shared: Rc<Shared>) -> Result<Request, Early> {
    let is_wanted = match place(request.head().uri.path()) {
        Some(Place::Webhook(name)) => {
            request.head().method == Method::POST && wants_body(request.head(), &name, &shared)
        }
        Some(Place::Alive) | None => false,
    };
    if is_wanted {
        return Ok(request);
    }
    match answer(request, shared).await {
        Ok(response) => Err(Early(response)),
        Err(never) => match never {},
    }
}

async fn answer(request: Request, shared: Rc<Shared>) -> Result<Response<BoxBody>, Infallible> {
    let pace = request.conn_data::<Rc<Pace>>().cloned();
    let (head, payload) = request.into_parts();
    let answer = respond(&head, Incoming::in_turn(payload, pace).await, &shared).await;
    let mut response = answer.unwrap_or_else(|failure| failure.error_response().into());
    add_answer_headers(response.headers_mut());
    Ok(response)
}

/// Answers one request. Of one that is not for a webhook the body is left unread.
async fn respond(head: &RequestHead, incoming: Incoming, shared: &Shared) -> Result<Response<BoxBody>, Failure> {
    let place = place(head.uri.path());
    if let (Some(Place::Webhook(name)), &Method::POST) = (&place, &head.method) {
        return receive(head, incoming, name, shared).await;
    }
    body::leave_unread(incoming);
    match (place, &head.method) {
        (None, _) => Err(Failure::NotFound),
        (Some(Place::Alive), &Method::GET | &Method::HEAD) => Ok(health::alive().await.into()),
        (Some(Place::Alive), _) => Err(Failure::Method { allowed: READ }),
        (Some(Place::Webhook(name)), method) => match asking(method) {
            Some(asking) => ask(head, asking, &name, shared).await,
            None => Err(turn_away(head, &name, shared, Failure::Method { allowed: POST }).await),
        },
    }
}

/// Returns how a method asks whether its sender may post, if it can.
fn asking(method: &Method) -> Option<Asking> {
    match *method {
        Method::GET => Some(Asking::Get),
        Method::HEAD => Some(Asking::Head),
        Method::OPTIONS => Some(Asking::Options),
        _ => None,
    }
}

fn place(path: &str) -> Option<Place<'_>> {
    if path == health::ALIVE_PATH {
        return Some(Place::Alive);
    }
    let name = path.strip_prefix(WEBHOOKS).or_else(|| path.strip_prefix(AZURE_WEBHOOKS)).or_else(|| {
        let (organization, _) = path.strip_prefix('/')?.split_once('/')?;
        path[1 + organization.len()..].strip_prefix(AZURE_WEBHOOKS).filter(|_| !organization.is_empty())
    })?;
    if name.is_empty() || name.contains('/') {
        return None;
    }
    decoded(name).map(Place::Webhook)
}

/// Undoes the percent-encoding of a part of a path (RFC 3986, 2.1). `None` for what is not text.
fn decoded(part: &str) -> Option<Cow<'_, str>> {
    if !part.contains('%') {
        return Some(Cow::Borrowed(part));
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut pieces = part.split('%');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let (digits, rest) = piece.as_bytes().split_at_checked(2)?;
        let mut byte = [0];
        hex::decode_to_slice(digits, &mut byte).ok()?;
        bytes.extend_from_slice(&byte);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, name: Option<&str>) {
        assert_eq!(place(path), name.map(|name| Place::Webhook(name.into())), "{path}");
    }

    #[test]
    fn three_paths_lead_to_a_connection_and_no_others() {
        check("/webhooks/hook", Some("hook"));
        check("/_apis/public/distributedtask/webhooks/hook", Some("hook"));
        check("/some-org/_apis/public/distributedtask/webhooks/hook", Some("hook"));
        check("/webhooks/a%20b", Some("a b"));
        check("/webhooks/%C3%BC", Some("ü"));
        for path in ["", "/", "/webhooks", "/webhooks/", "/webhooks//", "/webhooks/a/", "/webhooks/a/b", "//webhooks/a"]
        {
            check(path, None);
        }
        for path in ["/webhooks/%", "/webhooks/%2", "/webhooks/%zz", "/webhooks/%ff", "/WEBHOOKS/a"] {
            check(path, None);
        }
        for organization in ["a/b", "", "a//"] {
            let path = format!("/{organization}/_apis/public/distributedtask/webhooks/hook");
            check(&path, None);
        }
        assert_eq!(place("/healthz"), Some(Place::Alive));
    }
}
