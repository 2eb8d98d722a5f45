//! Who may use the admin listener: requests made for this server's own name, with the token.

use super::error::Failure;
use super::{Shared, body, health};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web;
use actix_web::{HttpMessage, ResponseError};
use std::net::IpAddr;

/// Knows by which names the listener may be asked. A page from elsewhere whose name was made to
/// point here asks by its own name and is turned away.
pub(super) struct Gate {
    configured: String,
}

impl Gate {
    pub(super) fn new(configured: String) -> Self {
        Self { configured: bare(&configured).to_ascii_lowercase() }
    }

    /// Says whether a `Host` is the configured one, this machine, or a plain address: names that
    /// nobody else can make point elsewhere.
    fn admits(&self, host: &str) -> bool {
        let name = bare(without_port(host)).to_ascii_lowercase();
        name == "localhost" || name == self.configured || name.parse::<IpAddr>().is_ok()
    }
}

/// Lets a request through or answers it. Bodies are never read here.
pub(super) async fn pass(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let payload = request.take_payload();
    body::leave_unread(payload);
    match check(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(failure) => Ok(request.into_response(failure.error_response())),
    }
}

fn check(request: &ServiceRequest) -> Result<(), Failure> {
    let shared = request.app_data::<web::Data<Shared>>().expect("the listener was made with it");
    let gate = request.app_data::<web::Data<Gate>>().expect("the listener was made with it");
    let host = single(request, header::HOST).and_then(|host| std::str::from_utf8(host).ok());
    if !host.is_some_and(|host| gate.admits(host)) {
        return Err(Failure::WrongHost);
    }
    let is_open = [health::ALIVE_PATH, health::READY_PATH].contains(&request.path());
    let shown = single(request, header::AUTHORIZATION).and_then(bearer);
    match shown {
        _ if is_open => Ok(()),
        Some(shown) if shared.state.token.is(shown) => Ok(()),
        _ => Err(Failure::Unauthorized),
    }
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
