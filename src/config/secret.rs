//! The secrets of a connection: named in the file, fetched from where they are.
//!
//! Messages name the connection and the source. No value of a secret is in any of them.

use super::Environment;
use super::file::{Unreadable, read_bytes};
use super::section::Section;
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
        let title =
            format!("connection `{}` needs from 1 to {SECRETS_MAX} secrets, it has {}", place.connection, nodes.len());
        section.mistake("secret", &title);
        return Vec::new();
    }
    let mut secrets = Vec::new();
    for node in nodes {
        let source = source(section, node);
        let (Some(source), Some(environment)) = (source, environment) else {
            continue;
        };
        match source.fetch(place.folder, environment) {
            Ok(secret) => secrets.push(secret),
            Err(reason) => {
                let title = format!("a secret of connection `{}`: {reason}", place.connection);
                section.report(Diagnostic::error(Code::Configuration, title, node.span, ""));
            }
        }
    }
    secrets
}

/// Where a secret is.
enum Source<'n> {
    /// In an environment variable.
    Variable(&'n str),
    /// In a file.
    File(&'n str),
    /// In the configuration itself.
    Value(&'n str),
}

/// Returns the one source that a secret names.
fn source<'n>(section: &mut Section<'_>, node: &'n Node) -> Option<Source<'n>> {
    let Some(entries) = node.entries() else {
        let label = format!("this is {}", node.describe());
        section.report(Diagnostic::error(Code::WrongType, WHERE, node.span, label));
        return None;
    };
    section.inside(node, "secret")?.known(SOURCES);
    let one = match entries {
        [one] => one,
        [] => {
            section.report(Diagnostic::error(Code::MissingKey, WHERE, node.span, ""));
            return None;
        }
        _ => {
            let title = "a secret has one source: `env`, `file` or `value`";
            let several = Diagnostic::error(Code::Configuration, title, node.span, "");
            section.report(several.help("write a list for several live secrets"));
            return None;
        }
    };
    let text = section.text_of(one)?;
    match &**one.key.text()? {
        "env" => Some(Source::Variable(text)),
        "file" => Some(Source::File(text)),
        "value" => Some(Source::Value(text)),
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

impl Source<'_> {
    fn fetch(&self, folder: &Path, environment: &Environment<'_>) -> Result<Secret, Unfetched> {
        let bytes = match self {
            Self::Variable(name) => environment(name).ok_or_else(|| Unfetched::NotSet(shown(name)))?.into_bytes(),
            Self::File(path) => {
                let bytes = read_bytes(&folder.join(path), FILE_MAX);
                without_newline(bytes.map_err(|reason| Unfetched::File(shown(path), reason))?)
            }
            Self::Value(text) => text.as_bytes().to_vec(),
        };
        Secret::new(self.name(), bytes).ok_or_else(|| Unfetched::Empty(self.name()))
    }

    /// Returns what people know the secret by.
    fn name(&self) -> String {
        match self {
            Self::Variable(name) => format!("the environment variable `{}`", shown(name)),
            Self::File(path) => format!("the file `{}`", shown(path)),
            Self::Value(_) => "the `value`".to_owned(),
        }
    }
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
