//! The secrets of a connection: named in the file, fetched from where they are.
//!
//! Messages name the connection and the source. No value of a secret is in any of them.

use super::section::Section;
use super::{Environment, Unreadable, read_bytes};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::webhook::connection::Secret;
use crate::yaml::Node;
use std::path::Path;

/// The most bytes of a secret's file; a secret has some dozens.
const FILE_MAX: u64 = 64 * 1024;
/// The most live secrets of a connection; each costs a hash of every body.
const SECRETS_MAX: usize = 16;

const SOURCES: &[&str] = &["env", "file", "value"];
const WHERE: &str = "a secret says where it is: `{env: NAME}`, `{file: PATH}` or `{value: TEXT}`";

/// Whose secrets are read.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// The connection's name as it may be shown.
    pub connection: &'p str,
    /// What a relative path is relative to.
    pub folder: &'p Path,
}

/// Reads one secret or a list of them. Without an environment they are checked and left where
/// they are.
pub fn read_all(
    section: &mut Section<'_>,
    node: &Node,
    place: Place<'_>,
    environment: Option<&Environment<'_>>,
) -> Vec<Secret> {
    let nodes = node.items().unwrap_or(std::slice::from_ref(node));
    if nodes.is_empty() || nodes.len() > SECRETS_MAX {
        let title = format!(
            "connection `{}` needs from 1 to {SECRETS_MAX} secrets, it has {}",
            place.connection,
            nodes.len()
        );
        section.mistake("secret", &title);
        return Vec::new();
    }
    let mut secrets = Vec::new();
    for node in nodes {
        let Some((source, value)) = source(section, node) else {
            continue;
        };
        let Some(environment) = environment else {
            continue;
        };
        match fetch(source, value, place.folder, environment) {
            Ok(secret) => secrets.push(secret),
            Err(reason) => {
                let title = format!("a secret of connection `{}`: {reason}", place.connection);
                section.report(Diagnostic::error(Code::Configuration, title, node.span, ""));
            }
        }
    }
    secrets
}

/// Returns the one source that a secret names, and what it says about it.
fn source<'n>(section: &mut Section<'_>, node: &'n Node) -> Option<(&'static str, &'n str)> {
    let Some(entries) = node.entries() else {
        let label = format!("this is {}", node.describe());
        section.report(Diagnostic::error(Code::WrongType, WHERE, node.span, label));
        return None;
    };
    section.inside(node, "secret")?.known(SOURCES);
    let mut found = SOURCES
        .iter()
        .filter_map(|source| Some((*source, node.member(source)?)));
    match (found.next(), found.next()) {
        (Some((source, value)), None) if entries.len() == 1 => {
            let text = value.text();
            if text.is_none() {
                let title = format!("`{source}` of a secret must be text");
                let label = format!("this is {}", value.describe());
                section.report(Diagnostic::error(Code::WrongType, title, value.span, label));
            }
            text.map(|text| (source, &**text))
        }
        (Some(_), Some(_)) => {
            let title = "a secret has one source: `env`, `file` or `value`";
            let double = Diagnostic::error(Code::Configuration, title, node.span, "");
            section.report(double.help("write a list for several live secrets"));
            None
        }
        (None, _) if entries.is_empty() => {
            section.report(Diagnostic::error(Code::MissingKey, WHERE, node.span, ""));
            None
        }
        _ => None,
    }
}

/// Why a secret could not be fetched.
#[derive(Debug, thiserror::Error)]
enum Unfetched {
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    #[error("the file `{0}` {1}")]
    File(String, Unreadable),
    #[error("{0} is empty")]
    Empty(String),
}

fn fetch(
    source: &str,
    value: &str,
    folder: &Path,
    environment: &Environment<'_>,
) -> Result<Secret, Unfetched> {
    let (name, bytes) = match source {
        "env" => {
            let text = environment(value).ok_or_else(|| Unfetched::NotSet(shown(value)))?;
            (
                format!("the environment variable `{}`", shown(value)),
                text.into_bytes(),
            )
        }
        "file" => {
            let bytes = read_bytes(&folder.join(value), FILE_MAX)
                .map_err(|reason| Unfetched::File(shown(value), reason))?;
            (
                format!("the file `{}`", shown(value)),
                without_newline(bytes),
            )
        }
        _ => ("the `value`".to_owned(), value.as_bytes().to_vec()),
    };
    Secret::new(name.clone(), bytes).ok_or(Unfetched::Empty(name))
}

/// Takes away one line break at the end, which editors and `echo` put there.
fn without_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}
