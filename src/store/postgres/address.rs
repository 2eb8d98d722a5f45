//! Where a database is, and how it is talked to.

use super::tls::{self, Trust};
use percent::decoded;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What every address begins with.
const PREFIXES: [&str; 2] = ["postgres://", "postgresql://"];
/// How long a connection may take to be made, where the address says nothing.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// How long what was sent may stay unacknowledged, and after how long without a word the other side
/// is asked whether it lives: a host that vanished is noticed before any lease ends.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
const ASK_AFTER: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_secs(2);
const ASK_TIMES: u32 = 3;
/// What each session sets, in milliseconds: how long a statement may take; how long it may wait for
/// a row that somebody else has; and how long a transaction may be held by a process that was
/// stopped in the midst of it, while others wait for its rows. No statement is long enough to be compiled: those that may
/// not read whole tables are reckoned to be, where a table has no index, and compiling takes 70 ms then.
const SETTINGS: &str =
    "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=8000 -c jit=off";

/// The address of a PostgreSQL database: `postgres://user:password@host:port/name?sslmode=…`. It is
/// shown without its password.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    trust: Trust,
}

/// Why a text is no address of a database. The text is in none of these, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongAddress {
    /// It begins with something else.
    #[error("the address of a database begins with `postgres://`")]
    Scheme,
    /// The mode of TLS is none of those that are known.
    #[error("`sslmode` is `disable`, `prefer`, `require` or `verify-full`")]
    Mode,
    /// Something else is wrong.
    #[error("the address of the database is wrong: {0}")]
    Other(String),
}

impl Address {
    /// Reads an address. Several hosts can stand in one, `host1:5432,host2:5432`, of which the first
    /// that takes writes is used.
    pub fn parse(text: &str) -> Result<Self, WrongAddress> {
        if !PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(WrongAddress::Scheme);
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let mut trust = Trust::default();
        let mut mode = SslMode::Prefer;
        let mut rest: Vec<&str> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", "disable")) => mode = SslMode::Disable,
                Some(("sslmode", "prefer")) => mode = SslMode::Prefer,
                Some(("sslmode", "require")) => mode = SslMode::Require,
                Some(("sslmode", "verify-full")) => {
                    mode = SslMode::Require;
                    trust.is_verified = true;
                }
                Some(("sslmode", _)) => return Err(WrongAddress::Mode),
                Some(("sslrootcert", path)) => {
                    trust.is_verified = true;
                    // The word stands for the system's own certificates, as it does for other clients.
                    trust.roots = Some(decoded(path)).filter(|path| path != "system").map(PathBuf::from);
                }
                _ => rest.push(pair),
            }
        }
        let plain = format!("{place}?{}", rest.join("&"));
        let mut config: Config = plain.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            WrongAddress::Other(cause)
        })?;
        config.ssl_mode(mode);
        complete(&mut config);
        Ok(Self { config, trust })
    }

    /// Returns what makes the connections secret.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, String> {
        tls::connector(&self.trust)
    }
}

/// Sets what the address leaves open.
fn complete(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_MAX);
    }
    if config.get_application_name().is_none() {
        config.application_name("pipehook");
    }
    if config.get_hosts().len() > 1 {
        config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
    }
    let options = match config.get_options() {
        Some(given) => format!("{SETTINGS} {given}"),
        None => SETTINGS.to_owned(),
    };
    config
        .options(options)
        .tcp_user_timeout(UNACKNOWLEDGED_MAX)
        .keepalives(true)
        .keepalives_idle(ASK_AFTER)
        .keepalives_interval(ASK_EVERY)
        .keepalives_retries(ASK_TIMES);
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use tokio_postgres::config::Host;
        let hosts = self.config.get_hosts().iter().zip(self.config.get_ports().iter().cycle());
        let hosts = hosts.map(|(host, port)| match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<String> = hosts.collect();
        write!(f, "{}", hosts.join(","))?;
        match self.config.get_dbname() {
            Some(name) => write!(f, "/{name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

mod percent {
    /// Returns a text with each `%41` replaced by its byte; what is no such thing stays.
    pub(super) fn decoded(text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let byte = after.get(..2).filter(|_| first == b'%').and_then(|digits| {
                let digits = std::str::from_utf8(digits).ok()?;
                u8::from_str_radix(digits, 16).ok()
            });
            bytes.push(byte.unwrap_or(first));
            rest = if byte.is_some() { &after[2..] } else { after };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_far_the_other_side_is_trusted() {
        let trust = |query: &str| {
            let address = Address::parse(&format!("postgres://u:secret@h/db?{query}")).expect(query);
            (address.config.get_ssl_mode(), address.trust.is_verified, address.trust.roots)
        };
        assert_eq!(trust(""), (SslMode::Prefer, false, None));
        assert_eq!(trust("sslmode=disable"), (SslMode::Disable, false, None));
        assert_eq!(trust("sslmode=require&connect_timeout=2"), (SslMode::Require, false, None));
        assert_eq!(trust("sslmode=verify-full"), (SslMode::Require, true, None));
        assert_eq!(trust("sslmode=verify-full&sslrootcert=system"), (SslMode::Require, true, None));
        let own = (SslMode::Require, true, Some("/a b/ca.pem".into()));
        assert_eq!(trust("sslrootcert=%2Fa%20b/ca.pem&sslmode=require"), own);
    }

    #[test]
    fn no_password_is_shown() {
        let address = Address::parse("postgres://u:secret@h1,h2:6000/db").expect("an address");
        assert_eq!(address.to_string(), "h1:5432,h2:6000/db");
        assert!(!format!("{address:?}").contains("secret"));
        for wrong in [
            "mysql://u:secret@h/db",
            "secret",
            "postgres://u:secret@h/db?sslmode=secret",
            "postgres://u:secret@h:secret/db",
            "postgres://u:secret@h/db?secret=secret",
            "postgres://u:secret@h/db?connect_timeout=secret",
        ] {
            let error = Address::parse(wrong).expect_err(wrong).to_string();
            assert!(!error.contains("secret") || error.contains("unknown option"), "{error}");
        }
    }
}
