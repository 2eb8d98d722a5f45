//! How a browser shows the admin token: as a cookie that is made from it, and not it.
//!
//! A browser comes once with `?token=`, or with the page that asks for it, gets the cookie, and is
//! sent on to the same place without the token. The cookie goes with requests of our own pages only
//! (`SameSite=Strict`), scripts don't see it (`HttpOnly`), and it holds for as long as the token
//! does. What changes something needs a word besides that stands in the forms of our pages.

use super::Token;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The field of a form with the word of our pages.
pub(super) const WORD_FIELD: &str = "word";
/// The parameter, and the field, with the token itself.
pub(super) const TOKEN_FIELD: &str = "token";
/// What the keyed hashes are of.
const COOKIE: &[u8] = b"cookie of the page";
const WORD: &[u8] = b"word in the forms of the page";

/// What is made from the token for one listener.
pub(super) struct Session {
    /// One name for each port, as cookies do not tell ports apart.
    name: String,
    cookie: String,
    word: String,
}

impl Session {
    /// Returns what is made from a token for a listener's port.
    pub(super) fn new(token: &Token, port: u16) -> Self {
        let name = format!("pipehook-{port}");
        Self { name, cookie: derived(token, COOKIE), word: derived(token, WORD) }
    }

    /// Says whether a request has the cookie.
    pub(super) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let mut own = pairs.filter(|(name, _)| *name == self.name);
        own.any(|(_, value)| self.cookie.as_bytes().ct_eq(value.as_bytes()).into())
    }

    /// Says whether a form has the word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.word.as_bytes().ct_eq(word.as_bytes()).into()
    }

    /// Returns the word for a form.
    pub(super) fn word(&self) -> &str {
        &self.word
    }

    /// Returns the header that gives a browser the cookie.
    pub(super) fn begin(&self) -> (header::HeaderName, String) {
        (header::SET_COOKIE, format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.name, self.cookie))
    }

    /// Returns the header that takes it away.
    pub(super) fn end(&self) -> (header::HeaderName, String) {
        (header::SET_COOKIE, format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", self.name))
    }
}

/// Says whether a browser tells that a page of somebody else made the request.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// Says whether a request is that of a browser which shows pages.
pub(super) fn wants_page(request: &HttpRequest) -> bool {
    let is_program = request.path().starts_with("/api/") || request.path() == "/metrics";
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !is_program && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// Returns the token in a query, and where to go on without it.
pub(super) fn token_in_query(request: &HttpRequest) -> Option<(String, String)> {
    let prefix = format!("{TOKEN_FIELD}=");
    let (tokens, others): (Vec<&str>, Vec<&str>) =
        request.query_string().split('&').filter(|part| !part.is_empty()).partition(|part| part.starts_with(&prefix));
    let token = tokens.first()?.strip_prefix(&prefix)?.to_owned();
    // A path that begins with two slashes would name another host.
    let path = format!("/{}", request.path().trim_start_matches(['/', '\\']));
    Some((token, if others.is_empty() { path } else { format!("{path}?{}", others.join("&")) }))
}

fn derived(token: &Token, of: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.secret()).expect("any length will do");
    mac.update(of);
    hex::encode(mac.finalize().into_bytes())
}
