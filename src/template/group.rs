//! Variable groups: variables that the configuration defines and pipelines use by name.

use std::sync::Arc;

/// A variable group as far as expansion may know it: no value of a secret is in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name, compared ignoring case.
    pub name: Arc<str>,
    /// Variables that are no secrets, in the order of the file.
    pub values: Vec<(Arc<str>, Arc<str>)>,
    /// The names of the secrets.
    pub secrets: Vec<Arc<str>>,
}

/// All groups that a pipeline may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(Vec<Group>);

impl Groups {
    /// Returns the group of a name, ignoring case.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.0.iter().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// Returns the names of all groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|group| &*group.name)
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        Self(groups.into_iter().collect())
    }
}
