//! Every path of the admin listener as one table, and the headers that answers have.

use super::error::Failure;
use super::{api, body, health};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, Resource, Route, web};

/// One path and who answers it.
pub(super) struct Entry {
    path: &'static str,
    methods: &'static [Method],
    handler: fn() -> Route,
}

pub(super) const READ: &[Method] = &[Method::GET, Method::HEAD];
pub(super) const POST: &[Method] = &[Method::POST];
/// What the admin listener answers. What changes something is posted.
pub(super) const ADMIN: &[Entry] = &[
    Entry { path: health::ALIVE_PATH, methods: READ, handler: || web::to(health::alive) },
    Entry { path: health::READY_PATH, methods: READ, handler: || web::to(health::ready) },
    Entry { path: "/metrics", methods: READ, handler: || web::to(health::metrics) },
    Entry { path: "/api/v1/runs", methods: READ, handler: || web::to(api::runs) },
    Entry { path: "/api/v1/runs/{id}", methods: READ, handler: || web::to(api::run) },
    Entry { path: "/api/v1/runs/{id}/logs", methods: READ, handler: || web::to(api::logs) },
    Entry { path: "/api/v1/deliveries", methods: READ, handler: || web::to(api::deliveries) },
    Entry { path: "/api/v1/deliveries/{id}", methods: READ, handler: || web::to(api::delivery) },
    Entry { path: "/api/v1/deliveries/{id}/replay", methods: POST, handler: || web::to(api::replay) },
    Entry { path: "/api/v1/connections", methods: READ, handler: || web::to(api::connections) },
];

/// Puts a table into force. Other paths are not found, other methods not allowed, both in JSON.
pub(super) fn configure(app: &mut web::ServiceConfig, table: &'static [Entry]) {
    for entry in table {
        app.service(resource(entry));
    }
    let unreadable = |_, _: &HttpRequest| Failure::NotFound.into();
    app.app_data(web::PathConfig::default().error_handler(unreadable));
    app.app_data(web::QueryConfig::default().error_handler(|error, _| Failure::Invalid(error.to_string()).into()));
    app.default_service(web::to(not_found));
}

fn resource(entry: &'static Entry) -> Resource {
    let mut resource = web::resource(entry.path);
    for method in entry.methods {
        resource = resource.route((entry.handler)().method(method.clone()));
    }
    resource.default_service(web::to(move |payload: web::Payload| method_not_allowed(payload, entry.methods)))
}

async fn not_found(payload: web::Payload) -> Result<&'static str, Failure> {
    body::leave_unread(payload.into_inner());
    Err(Failure::NotFound)
}

async fn method_not_allowed(payload: web::Payload, allowed: &'static [Method]) -> Result<&'static str, Failure> {
    body::leave_unread(payload.into_inner());
    Err(Failure::Method { allowed })
}

/// Headers of every answer: none is kept by anybody between, or guessed about.
const ANSWER_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Further headers of answers that a browser may show: none is framed, or run.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds the headers of answers that a browser may show.
pub(super) async fn with_page_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    for (name, value) in PAGE_HEADERS {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Adds the headers that every answer has. Failures are answers already when they come here.
pub(super) async fn with_answer_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    add_answer_headers(response.headers_mut());
    Ok(response)
}

/// Adds the headers that every answer of both listeners has.
pub(super) fn add_answer_headers(headers: &mut HeaderMap) {
    for (name, value) in ANSWER_HEADERS {
        headers.insert(name, value);
    }
}
