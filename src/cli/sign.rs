//! `pipehook sign`: the header lines that a sender would add.

use super::failure::{Ending, Failure};
use super::{Global, input, output};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::diagnostic::{did_you_mean, shown};
use crate::webhook::connection::{Authentication, Connection, Secret};
use crate::webhook::preset;
use crate::webhook::scheme::Carrier;
use crate::webhook::signature::{self, Fresh, Outgoing, Signature};
use clap::Args;
use std::path::PathBuf;

/// Prints the header lines that prove to a connection who sent a payload, one `Name: value` a
/// line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook sign IncomingWH payload.json
  pipehook sign --scheme azure --secret-file secret.txt --header X-WH-Checksum payload.json
  curl -H \"$(pipehook sign IncomingWH payload.json)\" --data-binary @payload.json \\
    http://127.0.0.1:8080/webhooks/IncomingWH")]
pub(super) struct Sign {
    /// The connection, and the payload (stdin without it and for `-`); with --scheme only the payload
    #[arg(value_name = "NAME] [FILE", num_args = 0..=2)]
    names: Vec<PathBuf>,
    /// Sign by a scheme instead of a configured connection
    #[arg(long, requires = "secret_file", value_name = "SCHEME")]
    scheme: Option<String>,
    /// The file that holds the secret, for --scheme; line breaks at its end do not count
    #[arg(long, requires = "scheme", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The header that carries the checksum, for --scheme
    #[arg(long, requires = "scheme", value_name = "HEADER")]
    header: Option<String>,
    /// The secret to sign with, by its name in `pipehook connections`; without it the first one that has not ended
    #[arg(long, conflicts_with = "scheme", value_name = "NAME")]
    secret: Option<String>,
    /// The content type that the payload is posted with; without it JSON, or a form where the scheme's sender posts one
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
}

impl Sign {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let headers: Vec<_> = self.content_type.iter().map(|it| ("Content-Type".to_owned(), it.clone())).collect();
        let signed = |connection: &Connection, file: Option<&PathBuf>| {
            let body = input::bytes(file.map(PathBuf::as_path))?;
            signed(connection, self.secret.as_deref(), Outgoing { body: &body, headers: &headers })
        };
        let signature = match (&self.scheme, &self.secret_file) {
            (Some(scheme), Some(secret)) => {
                let connection = by_scheme(scheme, secret, self.header.as_deref())?;
                let ([] | [_]) = self.names.as_slice() else {
                    return Err(Failure::usage("with --scheme there is no connection's name, only the payload"));
                };
                signed(&connection, self.names.first())?
            }
            _ => {
                let Some((name, file)) = self.names.split_first() else {
                    return Err(Failure::usage("name the connection to sign for, or use --scheme"));
                };
                let config = global.config()?;
                let connection = named(&config, &name.to_string_lossy())?;
                signed(connection, file.first())?
            }
        };
        let headers = signature.headers.iter();
        let lines: String = headers.map(|(name, value)| format!("{name}: {value}\n")).collect();
        output::text(&lines)?;
        if signature.headers.is_empty() && signature.query.is_empty() {
            anstream::eprintln!("note: the connection takes deliveries from anybody: there is nothing to sign");
        }
        if let Some(query) = query(&signature) {
            anstream::eprintln!("note: the URL needs a query as well: ?{query}");
        }
        Ok(Ending::Done)
    }
}

/// Returns the query that a signature adds to the URL.
pub(super) fn query(signature: &Signature) -> Option<String> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let escaped = |text: &str| {
        let bytes = text.bytes();
        bytes.map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
    };
    let pair = |(name, value): &(String, String)| {
        let (name, value): (String, String) = (escaped(name), escaped(value));
        format!("{name}={value}")
    };
    let pairs: Vec<String> = signature.query.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

/// Returns what a sender would add now, with the secret of a name, or else with the first one that has not ended.
pub(super) fn signed(
    connection: &Connection,
    secret: Option<&str>,
    outgoing: Outgoing<'_>,
) -> Result<Signature, Failure> {
    let id = format!("msg_{}", uuid::Uuid::now_v7().simple());
    let fresh = Fresh { now: SystemClock.now(), id: &id };
    let signature = match secret.map(|name| named_secret(connection, name)).transpose()? {
        Some(secret) => signature::sign_by(connection, secret, outgoing, fresh),
        None => signature::sign(connection, outgoing, fresh),
    };
    signature.map_err(|reason| {
        Failure::mistake(format!("deliveries to `{}` can't be signed here: {reason}", shown(&connection.name)))
    })
}

/// Returns the secret of a connection that a user means by its name.
fn named_secret<'c>(connection: &'c Connection, name: &str) -> Result<&'c Secret, Failure> {
    let secrets = connection.secrets();
    secrets.iter().find(|secret| secret.name() == name).ok_or_else(|| {
        let known: Vec<String> = secrets.iter().map(|secret| format!("`{}`", shown(secret.name()))).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let connection = shown(&connection.name);
        Failure::usage(format!("the connection `{connection}` has no secret `{}`, it has {known}", shown(name)))
    })
}

/// Returns the connection that a user means by its name, or by its name in the URL.
pub(super) fn named<'c>(config: &'c Config, name: &str) -> Result<&'c Connection, Failure> {
    config.connection(name).or_else(|| config.by_webhook(name)).map(|it| &**it).ok_or_else(|| {
        let help = did_you_mean(name, config.connections.iter().map(|it| it.name.as_str()));
        let help = help.map(|help| format!(": {help}")).unwrap_or_default();
        Failure::usage(format!("no connection `{}` is configured{help}", shown(name)))
    })
}

fn by_scheme(scheme: &str, secret: &std::path::Path, header: Option<&str>) -> Result<Connection, Failure> {
    let preset = preset::preset(scheme).ok_or_else(|| {
        let help = did_you_mean(scheme, preset::names()).map(|help| format!(": {help}")).unwrap_or_default();
        Failure::usage(format!("there is no scheme `{}`{help}", shown(scheme)))
    })?;
    let bytes = config::without_newline(input::bytes(Some(secret))?);
    let secret = Secret::new("the secret file", bytes, &preset)
        .map_err(|mistake| Failure::usage(format!("the secret file {mistake}")))?;
    let mut connection = Connection::new(scheme, preset, Authentication::Secrets(vec![secret]));
    if let Some(header) = header {
        connection.carrier = Carrier::Header(header.to_owned());
    }
    Ok(connection)
}
