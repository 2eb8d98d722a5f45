//! The database that machines share: its address, or where that is.

use super::file::read_bytes;
use super::section::Section;
use super::value::{FilePath, VariableName};
use super::{environment_variable, resolved};
use crate::diagnostic::{Code, Diagnostic, shown};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// What an address begins with.
const PREFIXES: [&str; 2] = ["postgres://", "postgresql://"];
/// The most bytes of a file with an address.
const FILE_MAX: u64 = 64 * 1024;

/// Where the address of the database is, which has a password in it.
#[derive(Debug, Clone)]
pub enum Database {
    /// Here.
    Address(SecretString),
    /// In an environment variable.
    Variable(String),
    /// In a file.
    File(PathBuf),
}

impl Database {
    /// Returns a digest of where the address is, or of the address itself.
    pub(super) fn digest(&self) -> String {
        let text = match self {
            Self::Address(address) => address.expose_secret().to_owned(),
            place => format!("{place:?}"),
        };
        hex::encode(Sha256::digest(text))
    }

    /// Returns the address. An error is a sentence, without the address.
    pub fn address(&self) -> Result<SecretString, String> {
        match self {
            Self::Address(address) => Ok(address.clone()),
            Self::Variable(name) => environment_variable(name).map(SecretString::from).ok_or_else(|| {
                format!("`database` is in the environment variable `{}`, which is not set", shown(name))
            }),
            Self::File(path) => {
                let failed = |reason: String| format!("`database` is in the file `{}`: {reason}", path.display());
                let bytes = read_bytes(path, FILE_MAX).map_err(|reason| failed(format!("the file {reason}")))?;
                let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
                Ok(text.trim().into())
            }
        }
    }
}

/// Reads `database`: an address, `{env: NAME}` or `{file: PATH}`.
pub(super) fn read(section: &mut Section<'_>, folder: &Path) -> Option<Database> {
    let node = section.node("database")?;
    let way_out = |variable: &str| {
        format!("write `database: {{env: {}}}`, with the whole address in that variable", shown(variable))
    };
    if section.refers(node, way_out) {
        return None;
    }
    if let Some(text) = node.text() {
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Some(Database::Address(text.to_string().into()));
        }
        let title = "`database` must be an address that begins with `postgres://`";
        section.report(Diagnostic::error(Code::InvalidValue, title, node.span, "this does not"));
        return None;
    }
    let mut inside = section.inside(node, "database")?;
    inside.known(&["env", "file"]);
    let variable = inside.value("env").map(|name: VariableName| Database::Variable(name.0));
    let file = inside.value("file").map(|path: FilePath| Database::File(resolved(folder, &path.0)));
    match (variable, file) {
        (Some(one), None) | (None, Some(one)) => Some(one),
        _ => {
            let title = "`database` is an address, `{env: NAME}` or `{file: PATH}`";
            section.report(Diagnostic::error(Code::Configuration, title, node.span, ""));
            None
        }
    }
}
