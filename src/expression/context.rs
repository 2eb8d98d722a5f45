//! What an expression may see while it is evaluated.

use super::{Scope, Status, Value};
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

/// Where an expression stands, which decides the functions that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `${{ }}`, while a template is expanded.
    Template,
    /// `$[ ]`, while a run goes on. The value of a variable may also call `counter`.
    Runtime,
    /// `condition:`, with the status functions.
    Condition,
}

/// Gives the next number of a series: called with the prefix that names the series and the seed
/// that a new one begins with.
pub type Counter<'a> = dyn Fn(&str, i64) -> i64 + 'a;

/// Named values and what else an evaluation depends on. Cheap to clone.
#[derive(Clone)]
pub struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) status: Option<Arc<Status>>,
    pub(super) counter: Option<&'a Counter<'a>>,
    values: Vec<(Arc<str>, Value)>,
    has_looked: Cell<bool>,
}

impl<'a> Context<'a> {
    /// Returns a context without any named value.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, status: None, counter: None, values: Vec::new(), has_looked: Cell::new(false) }
    }

    /// Adds or replaces a named value.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// Sets what the status functions look at. Without it nothing has happened yet.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = Some(Arc::new(status));
        self
    }

    /// Sets what `counter` asks; only for the value of a variable.
    #[must_use]
    pub fn with_counter(mut self, counter: &'a Counter<'a>) -> Self {
        self.counter = Some(counter);
        self
    }

    /// Adds or replaces a named value.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        match self.values.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    /// Takes a named value away.
    pub fn remove(&mut self, name: &str) {
        self.values.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Returns the value of a name, ignoring case.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Notes that something is decided by a value. Tainted text that is only carried from one place
    /// to another decides nothing.
    pub fn look_at(&self, value: &Value) {
        if !self.has_looked.get() && value.has_taint() {
            self.has_looked.set(true);
        }
    }

    /// Says whether tainted text has decided anything so far: whether an evaluation with other text
    /// in the same places might have come to something else than that other text in these places.
    pub fn has_looked_at_taint(&self) -> bool {
        self.has_looked.get()
    }

    /// Returns the scope in which exactly this context's names are known.
    pub fn scope(&self) -> Scope {
        let names = self.values.iter().map(|(name, _)| &**name);
        let scope = names.fold(Scope::new(self.dialect), |scope, name| scope.with_name(name));
        let scope = if self.counter.is_some() { scope.in_variable() } else { scope };
        match self.status.as_deref() {
            Some(Status::Step(_)) => scope.in_step(),
            _ => scope,
        }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("dialect", &self.dialect).field("values", &self.values).finish_non_exhaustive()
    }
}
