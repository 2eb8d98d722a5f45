//! The log of the process itself: text on a terminal, JSON lines elsewhere, on stderr.

use crate::config;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// The environment variable that says what is logged.
const VARIABLE: &str = "PIPEHOOK_LOG";
/// What is logged where the variable says nothing: our own news, and others' warnings.
const DEFAULT: &str = "warn,pipehook=info";
/// The library that reads HTTP, which calls each connection an error on which something else comes.
/// Anybody could fill the log with that; `/metrics` counts it.
const HTTP_CONNECTIONS: &str = "actix_http::h1::dispatcher";

/// The library that keeps connections to the database, which warns of each that is gone, in words that tell nobody
/// what that means. The store says what does.
const DATABASE_CONNECTIONS: &str = "deadpool";

/// Starts logging. A filter that can't be read is reported and not used.
pub(super) fn start() {
    let wanted = config::environment_variable(VARIABLE);
    let parsed = wanted.as_deref().map(EnvFilter::try_new);
    let mistake = match &parsed {
        Some(Err(error)) => Some(error.to_string()),
        _ => None,
    };
    let mut filter = parsed.and_then(Result::ok).unwrap_or_else(|| EnvFilter::new(DEFAULT));
    for (library, quiet) in [("actix_http", HTTP_CONNECTIONS), ("deadpool", DATABASE_CONNECTIONS)] {
        if !wanted.as_ref().is_some_and(|wanted| wanted.contains(library)) {
            filter = filter.add_directive(format!("{quiet}=off").parse().expect("it is a directive"));
        }
    }
    // A log that can't be written, as on a full disk, must not stop the work: a report of that would
    // go to the same place, and a failure there is a panic.
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    if stderr().is_terminal() {
        subscriber.init();
    } else {
        subscriber.json().flatten_event(true).init();
    }
    if let Some(mistake) = mistake {
        tracing::warn!(mistake, "{VARIABLE} can't be read and is not used");
    }
}
