//! A task's inputs: defaults filled in, macros expanded.
//!
//! Payload text in an input is data. What chooses between things that the task can do is the
//! author's.

use super::super::flag;
use super::super::variables::Variables;
use crate::diagnostic::shown;
use crate::pipeline::plan::Task;
use crate::pipeline::task::call::Values;
use crate::pipeline::task::{Definition, Input, find_version};
use crate::taint::Text;
use std::borrow::Cow;

/// The inputs of one task.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    definition: &'static Definition,
    values: Vec<(&'static str, Text)>,
    /// What an input has that the task does not have.
    empty: Text,
}

impl Inputs {
    /// Returns all inputs that the task has. On failure, a sentence.
    pub(super) fn new(task: &Task, variables: &Variables) -> Result<Self, String> {
        let major = task.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default();
        let definition = find_version(&task.name, major)
            .ok_or_else(|| format!("This worker does not know the task `{}`.", shown(&task.name)))?;
        let value = |input: &Input| {
            let given = task.inputs.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(input.name));
            let value = variables.expand(&input.value(given.map(|(_, value)| value)));
            let failed = |error| format!("The input `{}` can't be used: {error}.", input.name);
            value.map(|value| (input.name, value.trim())).map_err(failed)
        };
        let values = definition.inputs.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Self { definition, values, empty: Text::default() })
    }

    /// Returns all of them.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.values.iter().map(|(_, text)| text)
    }

    /// Returns the task's name.
    pub(super) fn task(&self) -> &'static str {
        self.definition.name
    }

    /// Returns an input's name as people know it, with its other ones.
    pub(super) fn called(&self, name: &str) -> String {
        let aliases = self.definition.input(name).map_or(&[][..], |input| input.aliases);
        std::iter::once(&name).chain(aliases).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
    }

    /// Returns an input.
    pub(super) fn text(&self, name: &str) -> &Text {
        self.values.iter().find(|(known, _)| *known == name).map_or(&self.empty, |(_, value)| value)
    }

    /// Returns an input as data.
    pub(super) fn data(&self, name: &str) -> Cow<'_, str> {
        self.text(name).flatten()
    }

    /// Returns an input that only the author may decide, in lower case. On failure, a sentence.
    pub(super) fn choice(&self, name: &str) -> Result<String, String> {
        self.author(name).map(|text| text.trim().to_ascii_lowercase())
    }

    /// Returns an input that only the author may decide. On failure, a sentence.
    pub(super) fn author(&self, name: &str) -> Result<Cow<'_, str>, String> {
        match self.text(name).is_tainted() {
            true => Err(flag::decides(name)),
            false => Ok(self.data(name)),
        }
    }

    /// Returns an input that says yes or no. On failure, a sentence.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        flag::yes_or_no(name, &self.choice(name)?)
    }
}

impl Values for Inputs {
    fn text(&self, input: &str) -> &Text {
        self.text(input)
    }

    fn choice(&self, input: &str) -> Result<String, String> {
        self.choice(input)
    }

    fn flag(&self, input: &str) -> Result<bool, String> {
        self.flag(input)
    }
}
