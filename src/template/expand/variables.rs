//! Variables as expansion sees them: those defined before, in the file and its enclosing scopes.

use crate::expression::{Context, Value};
use crate::taint::{Origin, Text};
use std::sync::Arc;

/// The variables that are known at the present point of the document; a later one of a name
/// hides an earlier one.
pub(super) struct Variables {
    known: Vec<(Arc<str>, Text)>,
    /// For each of them, where in a payload a number or text in it came from.
    origins: Vec<Option<Arc<Origin>>>,
    /// For each of them, whether its value could not be made, or may be another in another run.
    open: Vec<bool>,
    /// How many of them a run is started with, before those of files.
    given: usize,
    /// The value of the name `variables`, where it is made and nothing has changed since.
    value: Option<Value>,
    /// Counts the changes.
    state: u64,
}

impl Variables {
    pub(super) fn new(known: &[(String, String)]) -> Self {
        let origins = vec![None; known.len()];
        let (open, given) = (vec![false; known.len()], known.len());
        let known = known.iter().map(|(name, value)| (name.as_str().into(), Text::author(value.as_str())));
        Self { known: known.collect(), origins, open, given, value: None, state: 0 }
    }

    pub(super) fn define(&mut self, name: &str, value: Text, origin: Option<Arc<Origin>>, is_open: bool) {
        self.known.push((name.into(), value));
        self.origins.push(origin);
        self.open.push(is_open);
        self.changed();
    }

    /// Returns where in a payload something in a variable came from; without a name, in any of them.
    pub(super) fn origin(&self, name: Option<&str>) -> Option<Arc<Origin>> {
        let Some(name) = name else { return self.origins.iter().flatten().next().cloned() };
        let at = self.known.iter().rposition(|(known, _)| known.eq_ignore_ascii_case(name))?;
        self.origins[at].clone()
    }

    /// Says whether a variable may have another value in another run: one that no file defines may be given
    /// one. Without a name, whether any may.
    pub(super) fn may_differ(&self, name: Option<&str>) -> bool {
        name.and_then(|name| self.last(name)).is_none_or(|at| at < self.given || self.open[at])
    }

    /// Says whether a variable of a file has no value that is known. Without a name, whether any has none.
    pub(super) fn is_open(&self, name: Option<&str>) -> bool {
        match name {
            Some(name) => self.last(name).is_some_and(|at| self.open[at]),
            None => self.open.contains(&true),
        }
    }

    fn last(&self, name: &str) -> Option<usize> {
        self.known.iter().rposition(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Notes that definitions which are not known stand behind those so far.
    pub(super) fn open_all(&mut self) {
        self.open.fill(true);
    }

    /// Returns a mark to [`reset`](Self::reset) to when a scope ends.
    pub(super) fn mark(&self) -> usize {
        self.known.len()
    }

    pub(super) fn reset(&mut self, mark: usize) {
        if mark < self.known.len() {
            self.known.truncate(mark);
            self.origins.truncate(mark);
            self.open.truncate(mark);
            self.changed();
        }
    }

    fn changed(&mut self) {
        self.value = None;
        self.state += 1;
    }

    /// Makes the variables the value of the name `variables`, if the context has an older state.
    pub(super) fn publish(&mut self, context: &mut Context<'_>, published: &mut Option<u64>) {
        if *published == Some(self.state) {
            return;
        }
        let known = &self.known;
        let value = self.value.get_or_insert_with(|| {
            // Names are the same in any case; the last of a name counts.
            let mut members: Vec<(Text, Value)> = Vec::with_capacity(known.len());
            let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
            for (name, text) in known {
                match places.get(&name.to_ascii_lowercase()) {
                    Some(&at) => members[at].1 = Value::String(text.clone()),
                    None => {
                        places.insert(name.to_ascii_lowercase(), members.len());
                        members.push((Text::author(name.clone()), Value::String(text.clone())));
                    }
                }
            }
            Value::object(members)
        });
        context.set("variables", value.clone());
        *published = Some(self.state);
    }
}
