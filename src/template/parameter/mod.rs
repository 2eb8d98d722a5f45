//! Parameters of pipelines and templates: what is declared, and which values they get
//! (reference, section 2.7).
//!
//! ```text
//! read   the `parameters` of a file to declarations
//! kind   the types, and an expanded value or a text as a value of one
//! form   the parts of a pipeline among them, which the language's tables judge
//! bind   declarations and arguments to the values that expressions see
//! ```

mod bind;
mod form;
mod kind;
mod read;

pub use bind::bind;
pub(super) use bind::{Argument, meant, missing, undeclared};
pub use form::{Form, Judge};
pub use kind::ParameterKind;
use kind::Shape;
pub use read::PARAMETERS_MAX;
pub(super) use read::read;

use crate::diagnostic::Span;
use crate::expression::Value;
use std::sync::Arc;

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct ParameterDeclaration {
    /// Its name.
    pub name: Arc<str>,
    /// Where its name stands.
    pub name_span: Span,
    /// What it takes.
    pub kind: ParameterKind,
    /// Its value where none is given; `None` if one must be given.
    pub default: Option<Value>,
    /// Where that is written.
    pub default_span: Option<Span>,
    /// Whether what is written there is none, which has been reported: the parameter has no value then.
    pub is_misread: bool,
    /// The values that are allowed; empty for any.
    pub values: Vec<String>,
    /// Who says what is wrong with steps, jobs and stages.
    judge: Judge,
}

impl ParameterDeclaration {
    /// Says whether any text is carried on as it is, so that none decides whether the value fits
    /// or what it becomes.
    pub(super) fn carries_text(&self) -> bool {
        match self.kind.shape() {
            Shape::Text | Shape::TextList => self.values.is_empty(),
            Shape::Number | Shape::Boolean => false,
            _ => true,
        }
    }
}

/// What a file declares.
#[derive(Debug, Clone)]
pub(super) enum Declared {
    /// A list of typed parameters: the file takes these and no others.
    Typed(Vec<ParameterDeclaration>),
    /// Such a list of which a name could not be read: nobody knows which others it takes.
    Misread(Vec<ParameterDeclaration>),
    /// The old form, a mapping of names to defaults: the file takes any argument as text.
    Untyped(Vec<(Arc<str>, Value)>),
    /// Nothing: the file takes any argument as text.
    Nothing,
}

impl Declared {
    /// Returns the names, if expressions can have no others.
    pub(super) fn closed_names(&self) -> Option<impl Iterator<Item = &str>> {
        match self {
            Self::Typed(declarations) => Some(declarations.iter().map(|declaration| &*declaration.name)),
            Self::Misread(_) | Self::Untyped(_) | Self::Nothing => None,
        }
    }

    /// Returns the typed parameters, if there may be any.
    pub(super) fn typed(&self) -> Option<&[ParameterDeclaration]> {
        match self {
            Self::Typed(declarations) | Self::Misread(declarations) => Some(declarations),
            Self::Untyped(_) | Self::Nothing => None,
        }
    }

    /// Returns the names that are known where others could not be read: what is read by another name nobody knows.
    pub(super) fn names_beside_misread(&self) -> Option<Vec<String>> {
        let Self::Misread(declarations) = self else { return None };
        Some(declarations.iter().map(|declaration| declaration.name.to_string()).collect())
    }
}
