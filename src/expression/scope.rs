//! What is known where an expression stands.

use super::Dialect;
use std::sync::Arc;

/// The names and functions that are known where an expression stands.
#[derive(Debug, Clone)]
pub struct Scope {
    pub(super) dialect: Dialect,
    pub(super) names: Vec<Name>,
    pub(super) in_step: bool,
    pub(super) in_variable: bool,
    /// What status functions may name, if it is known.
    pub(super) status_names: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) name: String,
    /// All members there are, if no other can come to be.
    pub(super) members: Option<Vec<String>>,
    /// What is there, but not for who asks; `None` for a name that is of no such kind.
    pub(super) beside: Option<Beside>,
}

/// The stages or jobs that there are, of which one sees those that it waits for (reference, section 5.6).
#[derive(Debug, Clone)]
pub struct Beside {
    /// The names of all.
    pub all: Arc<[String]>,
    /// The name of the one who asks.
    pub own: Option<String>,
    /// Where these are jobs, the names of all stages.
    pub stages: Arc<[String]>,
}

impl Scope {
    /// Returns a scope in which no name is known.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, names: Vec::new(), in_step: false, in_variable: false, status_names: None }
    }

    /// Adds a name; any member of it may be asked for.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.names.push(Name { name: name.into(), members: None, beside: None });
        self
    }

    /// Adds a name that has exactly these members.
    #[must_use]
    pub fn with_members<M: Into<String>>(
        mut self,
        name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        let members = Some(members.into_iter().map(Into::into).collect());
        self.names.push(Name { name: name.into(), members, beside: None });
        self
    }

    /// Adds a name that has exactly these members: those of all stages or jobs that are waited for.
    #[must_use]
    pub fn with_waited_for<M: Into<String>>(
        self,
        name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
        beside: Beside,
    ) -> Self {
        let mut scope = self.with_members(name, members);
        if let Some(added) = scope.names.last_mut() {
            added.beside = Some(beside);
        }
        scope
    }

    /// Makes the status functions take no arguments, as in the condition of a step.
    #[must_use]
    pub fn in_step(mut self) -> Self {
        self.in_step = true;
        self
    }

    /// Makes the status functions take these names and no others.
    #[must_use]
    pub fn with_status_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.status_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Makes `counter` known, as in the value of a variable.
    #[must_use]
    pub fn in_variable(mut self) -> Self {
        self.in_variable = true;
        self
    }

    /// Says whether a name is known, in any case.
    pub fn has_name(&self, written: &str) -> bool {
        self.name(written).is_some()
    }

    /// The name that was added last counts, so that a loop's variable may hide another one.
    pub(super) fn name(&self, written: &str) -> Option<&Name> {
        self.names.iter().rev().find(|known| known.name.eq_ignore_ascii_case(written))
    }
}
