//! Variable groups: plain values that expansion may know, and secrets that it may not.

use super::Environment;
use super::secret;
use super::section::Section;
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::template::Group;
use crate::yaml::{Entry, Node};
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;

/// The most variables of one group.
const VARIABLES_MAX: usize = 1_000;

/// A variable group with its secrets.
#[derive(Debug)]
pub struct VariableGroup {
    /// The group as pipelines see it.
    pub group: Group,
    /// The secrets with their names; empty where the configuration was read without secrets.
    pub secrets: Vec<(Arc<str>, SecretString)>,
}

/// Reads all groups.
pub fn read_all(mut groups: Section<'_>, folder: &Path, environment: Option<&Environment<'_>>) -> Vec<VariableGroup> {
    let entries = groups.entries();
    let mut read: Vec<VariableGroup> = Vec::new();
    for entry in entries {
        let Some(name) = entry.key.text() else { continue };
        let mut group = VariableGroup {
            group: Group { name: name.clone(), values: Vec::new(), secrets: Vec::new() },
            secrets: Vec::new(),
        };
        if let Some(mut section) = groups.inside(&entry.value, &shown(name)) {
            read_variables(&mut section, &mut group, folder, environment);
        }
        read.push(group);
    }
    read
}

fn read_variables(
    section: &mut Section<'_>,
    group: &mut VariableGroup,
    folder: &Path,
    environment: Option<&Environment<'_>>,
) {
    let entries = section.entries();
    if let Some(excess) = entries.get(VARIABLES_MAX) {
        let title = format!("a variable group has at most {VARIABLES_MAX} variables");
        section.report(Diagnostic::error(Code::Configuration, title, excess.key.span, "this is one too many"));
    }
    for entry in entries.iter().take(VARIABLES_MAX) {
        let Some(name) = entry.key.text() else { continue };
        match &entry.value {
            value if value.entries().is_some() => {
                let Some(node) = secret_of(section, entry) else { continue };
                group.group.secrets.push(name.clone());
                let secret = secret::read_text(section, node, folder, environment);
                group.secrets.extend(secret.map(|secret| (name.clone(), secret.into())));
            }
            value => match value.text() {
                Some(text) => group.group.values.push((name.clone(), text.clone())),
                None => {
                    let title = format!("the variable `{}` is text or a secret", shown(name));
                    let label = format!("this is {}", value.describe());
                    section.report(Diagnostic::error(Code::WrongType, title, value.span, label));
                }
            },
        }
    }
}

/// Returns the node below `secret`, the only key that a variable's mapping has.
fn secret_of<'n>(section: &mut Section<'_>, entry: &'n Entry) -> Option<&'n Node> {
    let name = entry.key.text().map_or_else(String::new, |name| shown(name));
    section.inside(&entry.value, &name)?.known(&["secret"]);
    let secret = entry.value.member("secret");
    if secret.is_none() {
        let title = format!("the variable `{name}` is text or a secret");
        let missing = Diagnostic::error(Code::MissingKey, title, entry.value.span, "this says neither");
        section.report(missing.help("write `{secret: {env: NAME}}` for a secret"));
    }
    secret
}
