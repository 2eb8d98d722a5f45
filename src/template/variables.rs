//! Variables as expansion sees them: those defined before, in the file and its enclosing scopes.

use super::{Content, Node};
use crate::expression::{Context, Value};
use crate::taint::Text;

/// What a value may define, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The document.
    Root,
    /// The list below `stages` or `jobs`.
    Scopes,
    /// A stage or job.
    Scope,
    /// The value of `variables`.
    Variables,
    /// An item of a list of variables.
    VariableItem,
    /// Anything else.
    Other,
}

impl Holder {
    /// Returns what an item of a list at this place is.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Scopes => Self::Scope,
            Self::Variables => Self::VariableItem,
            _ => Self::Other,
        }
    }

    /// Returns what the value of a key at this place is.
    pub(super) fn member(self, key: &Node) -> Self {
        let Content::Scalar(key) = &key.content else { return Self::Other };
        match &*key.text.flatten() {
            "stages" if self == Self::Root => Self::Scopes,
            "jobs" if self.defines_variables() => Self::Scopes,
            "variables" if self.defines_variables() => Self::Variables,
            _ => Self::Other,
        }
    }

    /// Says whether a mapping at this place may have `variables`.
    pub(super) fn defines_variables(self) -> bool {
        matches!(self, Self::Root | Self::Scope)
    }
}

/// The variables that are known at the present point of the document; a later one of a name
/// hides an earlier one.
pub(super) struct Variables(Vec<(String, Text)>);

impl Variables {
    pub(super) fn new(known: &[(String, String)]) -> Self {
        Self(known.iter().map(|(name, value)| (name.clone(), Text::author(value.as_str()))).collect())
    }

    pub(super) fn define(&mut self, name: &str, value: Text) {
        self.0.push((name.to_owned(), value));
    }

    /// Returns a mark to [`reset`](Self::reset) to when a scope ends.
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }

    pub(super) fn reset(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// Makes the variables the value of the name `variables`.
    pub(super) fn publish(&self, context: &mut Context<'_>) {
        let members = self.0.iter().map(|(name, value)| (Text::author(name.as_str()), Value::String(value.clone())));
        context.set("variables", Value::object(members));
    }
}
