//! Who may use the admin listener: requests made for this server's own name, with the token or with
//! the page's cookie.

use super::body::{self, Incoming};
use super::error::Failure;
use super::paced::Pace;
use super::{Shared, health, page, session};
use crate::webhook::form;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use arc_swap::ArcSwap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of a form: the longest comment, spelled out.
const FORM_MAX: u64 = 64 * 1024;
/// How long a form may take to come.
const FORM_TIME_MAX: Duration = Duration::from_secs(10);

/// Knows by which names the listener may be asked. A page from elsewhere whose name was made to
/// point here asks by its own name and is turned away.
#[derive(Default)]
pub(super) struct Gate {
    /// Those that the configuration names, and this machine's own.
    names: ArcSwap<Vec<String>>,
}

impl Gate {
    /// Says by which names it may be asked from now on.
    pub(super) fn admit_only(&self, names: &[String]) {
        self.names.store(Arc::new(names.iter().map(|name| bare(name).to_ascii_lowercase()).collect()));
    }

    /// Says whether a `Host` is a configured one, this machine, or a plain address: names that
    /// nobody else can make point elsewhere.
    fn admits(&self, host: &str) -> bool {
        let name = bare(without_port(host)).to_ascii_lowercase();
        name == "localhost" || self.names.load().contains(&name) || name.parse::<IpAddr>().is_ok()
    }
}

/// What a form of our page, or of a program, has sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Returns the first field of a name that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        named.next().map(|(_, value)| value.as_str())
    }
}

impl FromRequest for Fields {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}

/// Lets a request through or answers it. Of bodies only small forms are read, and those of nobody
/// who has shown nothing but for the one that shows the token.
pub(super) async fn pass(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let pace = request.conn_data::<Rc<Pace>>().cloned();
    let incoming = Incoming::in_turn(request.take_payload(), pace).await;
    let admitted = match admit(&request) {
        Ok(Caller::Asking) => Err(ask(&request, incoming)),
        Ok(caller) => allow(&request, caller, incoming).await,
        Err(failure) => {
            body::leave_unread(incoming);
            Err(refuse(&request, &failure))
        }
    };
    match admitted {
        Ok(fields) => {
            request.extensions_mut().insert(fields);
            Ok(for_people(next.call(request).await?.map_into_boxed_body()))
        }
        Err(answer) => Ok(request.into_response(answer)),
    }
}

/// Turns a failure into a page where a page is wanted.
fn for_people(response: ServiceResponse) -> ServiceResponse {
    let is_page = session::wants_page(response.request());
    let failure = response.response().error().and_then(|error| error.as_error::<Failure>()).filter(|_| is_page);
    let Some(page) = failure.map(page::failure) else { return response };
    response.into_response(page)
}

/// Who a request comes from, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A program that has the token.
    Program,
    /// A page that has the cookie.
    Page,
    /// Anybody, to a path that is open.
    Anybody,
    /// A browser that comes with the token in the query.
    Asking,
}

fn admit(request: &ServiceRequest) -> Result<Caller, Failure> {
    let shared = shared(request);
    let gate = request.app_data::<web::Data<Gate>>().expect("the listener was made with it");
    let host = single(request, header::HOST).and_then(|host| std::str::from_utf8(host).ok());
    if !host.is_some_and(|host| gate.admits(host)) {
        return Err(Failure::WrongHost);
    }
    let path = request.path();
    if [health::ALIVE_PATH, health::READY_PATH].contains(&path) || page::is_asset(path) || path == page::SESSION_PATH {
        return Ok(Caller::Anybody);
    }
    let shown = single(request, header::AUTHORIZATION).and_then(bearer);
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    match shown {
        Some(shown) if shared.state.token.is(shown) => Ok(Caller::Program),
        // Who shows a wrong token is told so, whatever else is there.
        _ if request.headers().contains_key(header::AUTHORIZATION) => Err(Failure::Unauthorized),
        _ if is_read && !path.starts_with("/api/") && session::token_in_query(request.request()).is_some() => {
            Ok(Caller::Asking)
        }
        _ if shared.session.is_shown(request.headers()) => Ok(Caller::Page),
        _ => Err(Failure::Unauthorized),
    }
}

/// Answers a browser that has the token in its query: the cookie, and the way on without it.
fn ask(request: &ServiceRequest, incoming: Incoming) -> HttpResponse {
    body::leave_unread(incoming);
    let shared = shared(request);
    match session::token_in_query(request.request()) {
        Some((token, path)) if shared.state.token.is(token.as_bytes()) => page::begin(shared, &path),
        _ => refuse(request, &Failure::Unauthorized),
    }
}

/// Reads the form of a request that may have one. A page that changes something must show the word.
async fn allow(request: &ServiceRequest, caller: Caller, incoming: Incoming) -> Result<Fields, HttpResponse> {
    let fields = if request.method() == Method::POST {
        fields(request, incoming).await.map_err(|failure| refuse(request, &failure))?
    } else {
        body::leave_unread(incoming);
        Fields::default()
    };
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let has_word = || fields.get(session::WORD_FIELD).is_some_and(|word| shared(request).session.is_word(word));
    let is_own = !session::is_from_elsewhere(request.headers());
    match caller == Caller::Page && !is_read {
        true if !is_own || !has_word() => Err(refuse(request, &Failure::ForeignForm)),
        _ => Ok(fields),
    }
}

/// Returns the fields of a form; none of another body, which is left unread.
async fn fields(request: &ServiceRequest, incoming: Incoming) -> Result<Fields, Failure> {
    let is_form = single(request, header::CONTENT_TYPE).is_some_and(form::is_form);
    if !is_form {
        body::leave_unread(incoming);
        return Ok(Fields::default());
    }
    let mut place = shared(request).bodies.place(FORM_MAX);
    let body = body::read(request.head(), incoming, FORM_MAX, FORM_TIME_MAX, &mut place).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Failure::Invalid("the form is no text".to_owned()))?;
    let fields =
        web::Query::<Vec<(String, String)>>::from_query(text).map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok(Fields(fields.into_inner()))
}

/// Answers with what is wrong: a page where one is wanted.
fn refuse(request: &ServiceRequest, failure: &Failure) -> HttpResponse {
    match session::wants_page(request.request()) {
        true => page::failure(failure),
        false => failure.error_response(),
    }
}

fn shared(request: &ServiceRequest) -> &Shared {
    request.app_data::<web::Data<Shared>>().expect("the listener was made with it")
}

/// Returns the value of a header that is there once.
fn single(request: &ServiceRequest, name: header::HeaderName) -> Option<&[u8]> {
    let mut values = request.headers().get_all(name);
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

/// Returns what follows `Bearer`, in any letter case (RFC 9110, 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
        }
        _ => host,
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}
