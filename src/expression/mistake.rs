//! A mistake in an expression, with the bytes of the expression that are at fault.
//!
//! The expression does not know in which file it stands; whoever does turns a [`Mistake`] into a
//! diagnostic.

use crate::diagnostic::{Code, shown};
use crate::taint::Origin;
use std::ops::Range;

/// What is wrong with an expression, and where. The wording follows the rules of diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The kind of mistake.
    pub code: Code,
    /// The bytes of the expression's text that are meant.
    pub range: Range<usize>,
    /// What is wrong, readable alone.
    pub title: String,
    /// What stands here; may be empty.
    pub label: String,
    /// A fact, such as the payload path that a value came from.
    pub note: Option<String>,
    /// One action that would mend it.
    pub help: Option<String>,
    /// Whether the expression can be evaluated all the same, with nothing where the mistake is.
    pub is_nothing: bool,
}

impl Mistake {
    pub(crate) fn new(code: Code, range: Range<usize>, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, range, title: title.into(), label: label.into(), note: None, help: None, is_nothing: false }
    }

    pub(super) fn syntax(range: Range<usize>, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Code::ExpressionSyntax, range, title, label)
    }

    pub(super) fn limit(range: Range<usize>, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Code::ExpressionLimit, range, title, label)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the help where there is one, and leaves it otherwise.
    pub(super) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    pub(super) fn maybe_note(mut self, note: Option<String>) -> Self {
        self.note = note.or(self.note);
        self
    }

    /// Sets the note to where in a payload the value came from, if it came from one.
    pub(super) fn came_from(self, origin: Option<&Origin>) -> Self {
        self.maybe_note(origin.map(place_in_payload))
    }
}

/// Returns the sentence that says where in a payload a value came from.
pub(crate) fn place_in_payload(origin: &Origin) -> String {
    match origin.place() {
        (_, "") => "the value is the whole payload".to_owned(),
        (whence, path) => format!("the value came from the {}, at `{}`", whence.word(), shown(path)),
    }
}
