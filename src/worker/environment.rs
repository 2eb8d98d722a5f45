//! The environment of a step: built, not inherited (reference, section 4.4).
//!
//! In this order, a later value of a name wins: what the server hands on, the variables under
//! their upper-case names, the fixed ones, the step's own `env:`, the values of its script. Folders
//! that steps before have put in front of `PATH` come last. Secrets are there only where `env:`
//! names them.

use super::context::Host;
use super::variables::{Setting, Variables};
use crate::diagnostic::shown;
use crate::machine::{PATH_DEFAULT, find_program};
use crate::pipeline::plan::EXPORTED_MAX;
use crate::shell::{environment_name, is_exported, is_obeyed_variable};
use crate::taint::Text;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The most bytes of all variables that are exported: the system takes for all what it has left beside the arguments.
const EXPORTED_ALL_MAX: usize = 512 * 1024;

/// Names and values, in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Environment {
    values: BTreeMap<String, String>,
    /// The values that hold payload text.
    tainted: BTreeMap<String, Text>,
    /// Sentences for the log.
    pub(super) warnings: Vec<String>,
}

/// Returns the name in the environment of a variable that keeps the case of its letters.
pub fn same_case_name(variable: &str) -> String {
    variable.replace(['.', ' '], "_")
}

impl Environment {
    /// Returns the environment of a step that has no script values yet. On failure, a sentence.
    pub(super) fn new(
        host: &Host,
        variables: &Variables,
        own: &[(String, Text)],
        folders: &[String],
    ) -> Result<Self, String> {
        let mut environment = Self::default();
        for (name, value) in &host.environment {
            environment.set(name, value);
        }
        environment.export(variables)?;
        environment.set("TF_BUILD", "True");
        for (name, value) in own {
            let value = variables.expand(value).map_err(|error| format!("`{}`: {error}.", shown(name)))?.trim();
            check(name, &value)?;
            environment.set_text(name, &value);
        }
        if !folders.is_empty() {
            let own = environment.values.get("PATH").map(String::as_str).unwrap_or(PATH_DEFAULT);
            let path = folders.iter().map(String::as_str).chain([own]).collect::<Vec<_>>().join(":");
            environment.set("PATH", &path);
        }
        Ok(environment)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Sets a value that may have payload text in it, if it may stand there. On failure, a sentence.
    pub(super) fn put(&mut self, name: &str, value: &Text) -> Result<(), String> {
        check(name, value)?;
        self.set_text(name, value);
        Ok(())
    }

    fn set_text(&mut self, name: &str, value: &Text) {
        self.set(name, &value.flatten());
        match value.is_tainted() {
            true => self.tainted.insert(name.to_owned(), value.clone()),
            false => self.tainted.remove(name),
        };
    }

    /// Returns the variables that hold payload text, by name.
    pub(super) fn tainted(&self) -> &BTreeMap<String, Text> {
        &self.tainted
    }

    /// Returns the value of a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns a program that is in the path of the step.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.values.get("PATH").map_or(PATH_DEFAULT, String::as_str);
        find_program(path, name)
    }

    /// Returns names and values, in the order of the names.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn into_pairs(self) -> impl Iterator<Item = (String, String)> {
        self.values.into_iter()
    }

    fn export(&mut self, variables: &Variables) -> Result<(), String> {
        let mut all = 0;
        for (Setting { name, keeps_case, .. }, value) in variables.public().filter(|(it, _)| is_exported(&it.name)) {
            let length = name.len() + value.len();
            if length > EXPORTED_MAX || all + length > EXPORTED_ALL_MAX {
                let sentence =
                    format!("The variable `{}` is too long for the environment, it is left out there.", shown(name));
                self.warnings.push(sentence);
                continue;
            }
            all += length;
            let exported = if *keeps_case { same_case_name(name) } else { environment_name(name) };
            check(&exported, value)?;
            self.set_text(&exported, value);
            if name.eq_ignore_ascii_case("Agent.JobStatus") {
                self.set("agent_jobstatus", &value.flatten());
            }
        }
        Ok(())
    }
}

/// Payload text must not reach a variable that programs obey.
pub(super) fn check(name: &str, value: &Text) -> Result<(), String> {
    if value.is_tainted() && is_obeyed_variable(&name.to_uppercase()) {
        return Err(format!(
            "Payload text can't be the value of the environment variable `{}`: programs obey it.",
            shown(name)
        ));
    }
    if value.flatten().contains('\0') {
        return Err(format!("The environment variable `{}` can't hold a NUL character.", shown(name)));
    }
    Ok(())
}
