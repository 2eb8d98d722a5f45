//! Every path of the admin listener as one table, and the headers that answers have.

use super::error::Failure;
use super::{api, event, health, page};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::QueryPayloadError;
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
const GET: &[Method] = &[Method::GET];
pub(super) const POST: &[Method] = &[Method::POST];

/// What the admin listener answers. What changes something is posted.
pub(super) const ADMIN: &[Entry] = &[
    Entry { path: health::ALIVE_PATH, methods: READ, handler: || web::to(health::alive) },
    Entry { path: health::READY_PATH, methods: READ, handler: || web::to(health::ready) },
    Entry { path: "/metrics", methods: READ, handler: || web::to(health::metrics) },
    Entry { path: "/api/v1/runs", methods: READ, handler: || web::to(api::runs) },
    Entry { path: "/api/v1/runs/{id}", methods: READ, handler: || web::to(api::run) },
    Entry { path: "/api/v1/runs/{id}/expanded", methods: READ, handler: || web::to(api::expanded) },
    Entry { path: "/api/v1/runs/{id}/logs", methods: READ, handler: || web::to(api::logs) },
    Entry { path: "/api/v1/runs/{id}/events", methods: GET, handler: || web::to(event::of_run) },
    Entry { path: "/api/v1/runs/{id}/cancel", methods: POST, handler: || web::to(api::cancel) },
    Entry { path: "/api/v1/runs/{id}/rerun", methods: POST, handler: || web::to(api::rerun) },
    Entry { path: "/api/v1/runs/{id}/approve", methods: POST, handler: || web::to(api::approve) },
    Entry { path: "/api/v1/runs/{id}/reject", methods: POST, handler: || web::to(api::reject) },
    Entry { path: "/api/v1/events", methods: GET, handler: || web::to(event::of_all) },
    Entry { path: "/api/v1/deliveries", methods: READ, handler: || web::to(api::deliveries) },
    Entry { path: "/api/v1/deliveries/{id}", methods: READ, handler: || web::to(api::delivery) },
    Entry { path: "/api/v1/deliveries/{id}/replay", methods: POST, handler: || web::to(api::replay) },
    Entry { path: "/api/v1/connections", methods: READ, handler: || web::to(api::connections) },
    Entry { path: "/api/v1/pipelines", methods: READ, handler: || web::to(api::pipelines) },
    Entry { path: "/api/v1/openapi.json", methods: READ, handler: || web::to(api::description) },
    Entry { path: "/", methods: READ, handler: || web::to(page::runs) },
    Entry { path: "/runs/{id}", methods: READ, handler: || web::to(page::run) },
    Entry { path: "/runs/{id}/log/raw", methods: READ, handler: || web::to(page::raw_log) },
    Entry { path: "/runs/{id}/cancel", methods: POST, handler: || web::to(page::cancel) },
    Entry { path: "/runs/{id}/rerun", methods: POST, handler: || web::to(page::rerun) },
    Entry { path: "/runs/{id}/answer", methods: POST, handler: || web::to(page::answer) },
    Entry { path: "/deliveries", methods: READ, handler: || web::to(page::deliveries) },
    Entry { path: "/deliveries/{id}", methods: READ, handler: || web::to(page::delivery) },
    Entry { path: "/deliveries/{id}/replay", methods: POST, handler: || web::to(page::replay) },
    Entry { path: "/pipelines", methods: READ, handler: || web::to(page::pipelines) },
    Entry { path: "/connections", methods: READ, handler: || web::to(page::connections) },
    Entry { path: page::SESSION_PATH, methods: POST, handler: || web::to(page::sign_in) },
    Entry { path: "/session/end", methods: POST, handler: || web::to(page::sign_out) },
    Entry { path: "/assets/{name}", methods: READ, handler: || web::to(page::asset) },
];

/// Puts a table into force. Other paths are not found, other methods not allowed, both in JSON.
pub(super) fn configure(app: &mut web::ServiceConfig, table: &'static [Entry]) {
    for entry in table {
        app.service(resource(entry));
    }
    let unreadable = |_, _: &HttpRequest| Failure::NotFound.into();
    app.app_data(web::PathConfig::default().error_handler(unreadable));
    app.app_data(web::QueryConfig::default().error_handler(|error, _| unreadable_query(error).into()));
    app.default_service(web::to(not_found));
}

/// Says which parameter is not known, or is there twice.
fn unreadable_query(error: QueryPayloadError) -> Failure {
    match error {
        QueryPayloadError::Deserialize(reason) => {
            let sentence = reason.to_string().replace("unknown field", "there is no parameter");
            let sentence = sentence.replace(", there are no fields", "");
            Failure::Invalid(sentence.replace("duplicate field", "there is more than one parameter"))
        }
        other => Failure::Invalid(other.to_string()),
    }
}

fn resource(entry: &'static Entry) -> Resource {
    let mut resource = web::resource(entry.path);
    for method in entry.methods {
        resource = resource.route((entry.handler)().method(method.clone()));
    }
    resource.default_service(web::to(move || method_not_allowed(entry.methods)))
}

/// As all here it finds no body any more (see `admin.rs`).
async fn not_found() -> Result<&'static str, Failure> {
    Err(Failure::NotFound)
}

async fn method_not_allowed(allowed: &'static [Method]) -> Result<&'static str, Failure> {
    Err(Failure::Method { allowed })
}

/// Headers of every answer: none is kept by anybody between, or guessed about.
const ANSWER_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// What a page of ours may do: fetch from here what is ours. No script and no style stands in a page.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Further headers of answers that a browser may show: none is framed, or run.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY)),
    // A form of ours says by its origin that it is ours, which it would not with `no-referrer`.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else_is() {
        let is_said = |method: &&Method| **method != Method::HEAD;
        let methods = |entry: &'static Entry| entry.methods.iter().filter(is_said).map(|it| it.as_str().to_lowercase());
        let routes = ADMIN.iter().filter(|entry| entry.path.starts_with("/api/"));
        let routes: BTreeSet<(String, &str)> =
            routes.flat_map(|entry| methods(entry).map(|method| (method, entry.path))).collect();
        let described: BTreeSet<(String, &str)> =
            api::described().map(|(method, path)| (method.to_owned(), path)).collect();
        assert_eq!(routes, described);
    }
}
