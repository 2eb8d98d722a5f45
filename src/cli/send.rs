//! `pipehook send`: a delivery as its sender would post it.

use super::failure::{Ending, Failure};
use super::sign::{named, query, signed};
use super::{Global, input, output};
use crate::config::Config;
use crate::diagnostic::{shown, shown_sentence};
use crate::server::harmless;
use crate::webhook::signature::Outgoing;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How long the whole exchange may take; longer than the longest `?wait`.
const TIME_MAX: Duration = Duration::from_secs(90);
/// The most bytes of an answer that are read.
const ANSWER_MAX: u64 = 16 * 1024 * 1024;

/// How the address of a server begins.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// Signs a payload with a connection's secret, posts it, and prints the answer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook send IncomingWH payload.json
  echo '{\"resource\": {}}' | pipehook send IncomingWH --url https://hooks.example.com --header 'X-Event: push'")]
pub(super) struct Send {
    /// The connection
    name: String,
    /// The payload; stdin without it and for `-`
    file: Option<PathBuf>,
    /// The server; without it the one that the configuration describes
    #[arg(long, value_name = "BASE")]
    url: Option<String>,
    /// A header to add, also an id, a moment or a checksum instead of those that are made; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = input::header)]
    headers: Vec<(String, String)>,
    /// The secret to sign with, by its name in `pipehook connections`; without it the first one that has not ended
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Hold the answer until the runs are completed, at most so many seconds
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
}

impl Send {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        if let Some(base) = self.url.as_ref().filter(|base| !SCHEMES.iter().any(|scheme| base.starts_with(scheme))) {
            let base = shown(&without_user(base));
            let example = "http://127.0.0.1:8080";
            return Err(Failure::usage(format!(
                "`{base}` is no address of a server: it begins with `http://` or `https://`, as {example} does"
            )));
        }
        let config = global.config()?;
        let connection = named(&config, &self.name)?;
        let body = input::bytes(self.file.as_deref())?;
        let base = self.url.clone().map_or_else(|| local_url(&config), Ok)?;
        let outgoing = Outgoing { body: &body, headers: &self.headers };
        let signature = signed(connection, self.secret.as_deref(), outgoing)?;
        let content_type = outgoing.content_type(&connection.scheme).to_owned();
        let wait = self.wait.map(|seconds| format!("wait={seconds}"));
        let query: Vec<String> = query(&signature).into_iter().chain(wait).collect();
        let url = format!("{}/webhooks/{}", base.trim_end_matches('/'), connection.webhook);
        let url = if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) };
        let mut headers = signature.headers;
        if outgoing.header("content-type").is_none() {
            headers.push(("Content-Type".to_owned(), content_type));
        }
        headers.extend(self.headers);
        // A token may stand in the query, and a password in front of the host.
        let shown = format!("{}/webhooks/{}", without_user(&base).trim_end_matches('/'), connection.webhook);
        let (status, answer) = post(&url, &shown, headers, &body)?;
        let answer: String = answer.lines().map(|line| format!("{}\n", harmless(line))).collect();
        output::text(&answer)?;
        if (200..300).contains(&status) {
            return Ok(Ending::Done);
        }
        Err(Failure::mistake(format!("{shown} answered with status {status}")))
    }
}

/// Returns the address of a server as it may be shown: without a user and a password before the host, and without what
/// may stand in a query.
fn without_user(base: &str) -> String {
    let (scheme, rest) = base.split_once("://").map_or((None, base), |(scheme, rest)| (Some(scheme), rest));
    // A password may have any character in it.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    scheme.map_or_else(|| rest.to_owned(), |scheme| format!("{scheme}://{rest}"))
}

/// Posts once, without following redirects, and returns the status and the text of the answer. Messages show
/// the URL as `shown`.
fn post(url: &str, shown: &str, headers: Vec<(String, String)>, body: &[u8]) -> Result<(u16, String), Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(TIME_MAX))
        .user_agent(concat!("pipehook/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let unreachable = |error: ureq::Error| {
        Failure::Unreachable(anyhow::anyhow!("{shown} can't be reached: {}", shown_sentence(&error.to_string())))
    };
    let mut response = request.send(body).map_err(unreachable)?;
    let status = response.status().as_u16();
    let answer = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec();
    let answer = answer.with_context(|| format!("the answer of {shown} broke off")).map_err(Failure::Unreachable)?;
    Ok((status, String::from_utf8_lossy(&answer).into_owned()))
}

/// Returns where the configured server listens, seen from this machine.
fn local_url(config: &Config) -> Result<String, Failure> {
    if config.listen.ends_with(":0") {
        let sentence =
            "`listen` lets the system choose the port: say with --url where the server listens, it printed that";
        return Err(Failure::usage(sentence));
    }
    let listen = config.listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    Ok(format!("http://{listen}"))
}
