//! Who keeps a store small.

use std::fmt;

/// The right to keep a store small, of one process at a time. It ends when this is dropped.
pub struct Upkeep {
    /// What holds it against others, where there are others.
    _held: Option<Box<dyn Send>>,
}

impl Upkeep {
    /// Returns the right to a store that no other process keeps.
    pub(super) fn alone() -> Self {
        Self { _held: None }
    }

    /// Returns the right that something holds against others until it is dropped.
    pub(super) fn held(held: impl Send + 'static) -> Self {
        Self { _held: Some(Box::new(held)) }
    }
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upkeep")
    }
}
