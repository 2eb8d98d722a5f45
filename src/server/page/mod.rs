//! The page: what the API tells, for people. Made here, without a script it can be read all the same.
//!
//! ```text
//! asset      style, script and icon, part of the binary
//! view       moments and runs as pages show them
//! log        lines of a log: colours as classes, everything else spelled out
//! list       runs, deliveries, pipelines, connections
//! run        one run with its log, and what steers it
//! delivery   one delivery with the why, and posting it again
//! indent     a body as people read it
//! ```
//! Every text is escaped by the templates; there is no script and no style in a page, and the content
//! security policy forbids both. What changes something is a form that is posted, with a word that
//! only our pages know (see `session.rs`).

mod asset;
mod delivery;
mod indent;
mod list;
mod log;
mod run;
mod view;

pub(super) use asset::{is_asset, serve as asset};
pub(super) use delivery::{replay, show as delivery};
pub(super) use list::{connections, deliveries, pipelines, runs};
pub(super) use log::lines as log_lines;
pub(super) use run::{answer, cancel, raw_log, rerun, show as run};

use super::admin::Fields;
use super::error::{Failure, GO_ON};
use super::session::TOKEN_FIELD;
use super::{Shared, session};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

/// Where a browser signs in and out.
pub(super) const SESSION_PATH: &str = "/session";

/// Signs a browser in that posts the token.
pub(super) async fn sign_in(request: HttpRequest, fields: Fields, shared: web::Data<Shared>) -> HttpResponse {
    let is_own = !session::is_from_elsewhere(request.headers());
    let is_right = fields.get(TOKEN_FIELD).is_some_and(|token| shared.state.token.is(token.trim().as_bytes()));
    if is_own && is_right { begin(&shared, "/") } else { failure(&Failure::Unauthorized) }
}

/// Takes a browser's cookie away.
pub(super) async fn sign_out(shared: web::Data<Shared>) -> HttpResponse {
    let mut response = see("/");
    let (name, value) = shared.session.end();
    response.headers_mut().insert(name, value.parse().expect("a cookie of ours is a header"));
    response
}

/// Gives a browser the cookie and sends it on.
pub(super) fn begin(shared: &Shared, path: &str) -> HttpResponse {
    let mut response = see(path);
    let (name, value) = shared.session.begin();
    response.headers_mut().insert(name, value.parse().expect("a cookie of ours is a header"));
    response
}

/// Sends a browser to a page of ours.
fn see(path: &str) -> HttpResponse {
    HttpResponse::build(GO_ON).insert_header((header::LOCATION, path)).finish()
}

/// Answers with a page.
fn page(template: &impl Template) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text(template)))
}

fn text(template: &impl Template) -> String {
    template.render().expect("a template writes to memory only")
}

#[derive(Template)]
#[template(path = "failure.html", config = "src/server/page/askama.toml")]
struct Failed {
    status: StatusCode,
    sentence: String,
    asks_token: bool,
}

/// Answers with what is wrong.
pub(super) fn failure(failure: &Failure) -> HttpResponse {
    let status = failure.status_code();
    let page = Failed { status, sentence: failure.to_string(), asks_token: matches!(failure, Failure::Unauthorized) };
    let answer = failure.error_response();
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != header::CONTENT_TYPE) {
        response.insert_header((name, value));
    }
    response.content_type("text/html; charset=utf-8").body(text(&page))
}
