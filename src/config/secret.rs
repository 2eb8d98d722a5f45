//! The secrets of a connection: named in the file, fetched from where they are.
//!
//! Messages name the connection and the source. No value of a secret is in any of them.

use super::file::{Unreadable, read_bytes};
use super::section::Section;
use super::value::{Moment, SecretName};
use super::{Environment, key};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::webhook::KeyMistake;
use crate::webhook::connection::Secret;
use crate::webhook::scheme::Scheme;
use crate::yaml::{Entry, Node};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

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
    /// What the secrets are keys of.
    pub scheme: &'p Scheme,
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
    let mut names: Vec<String> = Vec::new();
    for node in nodes {
        let Some(written) = written(section, node) else { continue };
        let name = unique(written.name.clone().unwrap_or_else(|| written.source.label()), &names);
        names.push(name.clone());
        let Some(known) = environment.or_else(|| written.source.alone()) else { continue };
        match written.source.fetch(place.folder, known).and_then(|bytes| {
            Secret::new(name, bytes, place.scheme).map_err(|mistake| Unfetched::Key(written.source.name(), mistake))
        }) {
            Ok(secret) if environment.is_some() => secrets.push(secret.until(written.until)),
            Ok(_) => {}
            Err(reason) => {
                let title = format!("a secret of connection `{}`: {reason}", place.connection);
                section.report(
                    Diagnostic::error(Code::Configuration, title, node.span, "").help(written.source.way_out()),
                );
            }
        }
    }
    secrets
}

/// Returns a name that none of the connection's other secrets has: uses are noted by it.
fn unique(name: String, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{name} #{number}"));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    candidates.find(|candidate| !taken.contains(candidate)).unwrap_or(name)
}

/// Reads a text that only its owner knows, from where it is; nothing without an environment.
pub fn read_text(
    section: &mut Section<'_>,
    node: &Node,
    folder: &Path,
    environment: Option<&Environment<'_>>,
) -> Option<String> {
    let source = written(section, node)?.source;
    let fetched = source.fetch(folder, environment.or_else(|| source.alone())?);
    match fetched.map(String::from_utf8) {
        Ok(Ok(text)) if !text.is_empty() => environment.map(|_| text),
        Ok(_) => {
            let title = format!("{} is empty or not UTF-8", source.name());
            section.report(Diagnostic::error(Code::Configuration, title, node.span, "").help(source.way_out()));
            None
        }
        Err(reason) => {
            let missing = Diagnostic::error(Code::Configuration, reason.to_string(), node.span, "");
            section.report(missing.help(source.way_out()));
            None
        }
    }
}

/// As [`read_text`], but what is not where it should be is nothing: it is missed when it is wanted.
pub fn read_if_known(
    section: &mut Section<'_>,
    node: &Node,
    folder: &Path,
    environment: &Environment<'_>,
) -> Option<String> {
    let source = written(section, node)?.source;
    let bytes = source.fetch(folder, environment).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// Returns the files that secrets are in, wherever the configuration names them: with a change of one of them
/// the configuration is another one.
pub fn files(node: &Node, folder: &Path) -> Vec<PathBuf> {
    let of_entry = |entry: &Entry| {
        let inside = files(&entry.value, folder);
        let is_secret = entry.key.text().is_some_and(|key| &**key == "secret");
        let sources = entry.value.items().unwrap_or(std::slice::from_ref(&entry.value));
        let named = sources.iter().filter(|_| is_secret).filter_map(|source| source.member("file")?.text());
        named.map(|file| folder.join(&**file)).chain(inside).collect::<Vec<_>>()
    };
    node.entries().unwrap_or_default().iter().flat_map(of_entry).collect()
}

/// A secret as it is written.
struct Written<'n> {
    source: Source<'n>,
    name: Option<String>,
    until: Option<Timestamp>,
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

/// Reads the one source that a secret names, and what is said about the secret.
fn written<'n>(section: &mut Section<'_>, node: &'n Node) -> Option<Written<'n>> {
    let Some(entries) = node.entries() else {
        let label = format!("this is {}", node.describe());
        section.report(Diagnostic::error(Code::WrongType, WHERE, node.span, label));
        return None;
    };
    let mut inside = section.inside(node, "secret")?;
    let keys = key::names(key::OF_SECRET);
    inside.known(&keys);
    let name = inside.value("name").map(|name: SecretName| name.0);
    let until = inside.value("until").map(|moment: Moment| moment.0);
    let is_source = |entry: &&Entry| entry.key.text().is_some_and(|key| SOURCES.contains(&&**key));
    let sources: Vec<&Entry> = entries.iter().filter(is_source).collect();
    let one = match sources.as_slice() {
        [one] => *one,
        [] => {
            if entries.iter().all(|entry| entry.key.text().is_some_and(|key| keys.contains(&&**key))) {
                section.report(Diagnostic::error(Code::MissingKey, WHERE, node.span, ""));
            }
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
    let source = &**one.key.text()?;
    if section.refers(&one.value, |variable| way_out_of_reference(source, variable)) {
        return None;
    }
    let source = match source {
        "env" => Source::Variable(text),
        "file" => Source::File(text),
        _ => Source::Value(text),
    };
    Some(Written { source, name, until })
}

/// Says what to write in place of a reference to a variable, where a secret is said to be.
fn way_out_of_reference(source: &str, variable: &str) -> String {
    let variable = shown(variable);
    match source {
        "file" => "write the path itself, relative to the folder of this file or from the root".to_owned(),
        "env" => format!("write the variable's name alone: `{{env: {variable}}}`"),
        _ => format!(
            "write `{{env: {variable}}}`; a secret that has these very letters can stand in a file: `{{file: PATH}}`"
        ),
    }
}

/// Why a secret could not be fetched.
#[derive(Debug, thiserror::Error)]
enum Unfetched {
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    #[error("the file `{0}` {1}")]
    File(String, Unreadable),
    #[error("{0} {1}")]
    Key(String, KeyMistake),
}

impl Source<'_> {
    /// Returns an environment that is enough for a secret which stands in the configuration itself: it can be
    /// judged wherever that is read.
    fn alone(&self) -> Option<&'static Environment<'static>> {
        match self {
            Self::Value(_) => Some(&|_| None),
            Self::Variable(_) | Self::File(_) => None,
        }
    }

    fn fetch(&self, folder: &Path, environment: &Environment<'_>) -> Result<Vec<u8>, Unfetched> {
        match self {
            Self::Variable(name) => {
                environment(name).map(String::into_bytes).ok_or_else(|| Unfetched::NotSet(shown(name)))
            }
            Self::File(path) => {
                let bytes = read_bytes(&folder.join(path), FILE_MAX);
                bytes.map(without_newline).map_err(|reason| Unfetched::File(shown(path), reason))
            }
            Self::Value(text) => Ok(text.as_bytes().to_vec()),
        }
    }

    /// Says what to do where the secret can't be had.
    fn way_out(&self) -> String {
        match self {
            Self::Variable(name) => {
                format!("set `{}` where the server starts, or name a file: `{{file: PATH}}`", shown(name))
            }
            Self::File(_) => "put the secret there, readable for the user of the server".to_owned(),
            Self::Value(_) => "write another one".to_owned(),
        }
    }

    /// Returns what a secret without a name is known by.
    fn label(&self) -> String {
        match self {
            Self::Variable(name) => format!("env {}", shown(name)),
            Self::File(path) => format!("file {}", shown(path)),
            Self::Value(_) => "value".to_owned(),
        }
    }

    /// Returns what messages call the source.
    fn name(&self) -> String {
        match self {
            Self::Variable(name) => format!("the environment variable `{}`", shown(name)),
            Self::File(path) => format!("the file `{}`", shown(path)),
            Self::Value(_) => "the `value`".to_owned(),
        }
    }
}

/// Takes away one line break at the end of a secret's file, which editors and `echo` put there.
pub fn without_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}
