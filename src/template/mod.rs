//! From a template and a payload to an expanded document.
//!
//! A [`Template`] is a pipeline file with its expressions parsed and their names checked, once
//! when the file is loaded. [`Template::expand`] evaluates them for one delivery. Expansion works
//! on the tree, never on text: a value becomes a node, or a part of one scalar, and nothing is
//! parsed again. So no payload adds a key, an item or a document, and a value that holds `${{`
//! or `$(` stays those characters.
//!
//! | an expression is | and gives | the document gets |
//! |---|---|---|
//! | the whole scalar | object, array | that structure |
//! | the whole scalar | string, number, boolean, null | a scalar that remembers the type |
//! | part of a scalar | string, number, boolean, null | text, tainted where it came from a payload |
//! | part of a scalar | object, array | an error, code `not-a-string` |

mod compile;
mod emit;
mod expand;
mod expanded;
mod hole;
mod value;
mod variables;

pub use emit::{to_json, to_yaml};
pub use expand::{EXPANDED_BYTES_MAX, EXPANDED_NODES_MAX};
pub use expanded::{Content, Entry, Kind, Node, Scalar};
pub use hole::{Found, find as find_expressions};
pub use value::{came_from, from_node, object_in_text};

use crate::diagnostic::{Diagnostics, SourceMap, Span};
use crate::expression::{Expression, Object, Reference};
use crate::taint::Origin;
use crate::yaml;
use std::sync::Arc;

/// A pipeline file with its expressions parsed.
#[derive(Debug, Clone)]
pub struct Template {
    root: Part,
}

/// What expressions may name, for the check when a file is loaded.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Declared parameters and the aliases of webhook resources.
    pub parameters: Vec<String>,
    /// The aliases of webhook resources, again.
    pub webhooks: Vec<String>,
}

/// What expressions are evaluated with, for one run.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The values of parameters, and each webhook alias with its payload.
    pub parameters: Object,
    /// `resources.webhooks.<alias>` with `headers`, `event` and `delivery`.
    pub resources: Object,
    /// Variables that are known before the file's own, such as `Build.Reason`.
    pub variables: Vec<(String, String)>,
}

impl Template {
    /// Returns the template of a file that could not be read as YAML.
    pub fn empty() -> Self {
        Self { root: Part::Sequence { span: Span::NONE, items: Vec::new() } }
    }

    /// Parses the expressions of a document and reports what is wrong with them. The template
    /// can be expanded only if nothing was an error.
    pub fn compile(document: &yaml::Node, sources: &SourceMap, names: &Names, diagnostics: &mut Diagnostics) -> Self {
        Self { root: compile::compile(document, sources, names, diagnostics) }
    }

    /// Evaluates all expressions. Every mistake is reported; the document is there as far as it
    /// could be made, and must not be used if there are errors.
    pub fn expand(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> Node {
        expand::expand(&self.root, inputs, diagnostics).0
    }

    /// As [`Self::expand`], for inputs whose tainted texts stand for any other text. `None` where
    /// other text might have given another document than this one with that text in its places.
    pub fn expand_for_any_text(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> Option<Node> {
        let (document, text_decided) = expand::expand(&self.root, inputs, diagnostics);
        (!text_decided).then_some(document)
    }

    /// Returns every name that an expression of the file reads, with the members that follow it:
    /// which parts of a payload expansion will need.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.root.visit(&mut |expression| references.extend(expression.references()));
        references
    }
}

/// A value of a template.
#[derive(Debug, Clone)]
enum Part {
    /// A value without expressions, as it will stand in the expanded document.
    Fixed(Node),
    /// A scalar that is one expression.
    Whole(Hole),
    /// A scalar with text around its expressions.
    Mixed { span: Span, pieces: Vec<Piece> },
    /// A list.
    Sequence { span: Span, items: Vec<Part> },
    /// Keys and values.
    Mapping { span: Span, entries: Vec<PartEntry> },
}

/// A key of a template and its value.
#[derive(Debug, Clone)]
struct PartEntry {
    key: Part,
    value: Part,
}

/// A piece of a scalar.
#[derive(Debug, Clone)]
enum Piece {
    Text(Arc<str>),
    Hole(Hole),
}

/// One `${{ }}`.
#[derive(Debug, Clone)]
struct Hole {
    /// With its braces.
    span: Span,
    expression: Expression,
    /// The place in a payload that the expression names, if it does nothing but name one: for
    /// the notes of diagnostics about values that carry no origin themselves.
    origin: Option<Arc<Origin>>,
    /// Where each byte of the expression's text stands, as far as it is known.
    text_span: Span,
}

impl Part {
    fn span(&self) -> Span {
        match self {
            Self::Fixed(node) => node.span,
            Self::Whole(hole) => hole.span,
            Self::Mixed { span, .. } | Self::Sequence { span, .. } | Self::Mapping { span, .. } => *span,
        }
    }

    /// Calls `visitor` with every expression, keys before values.
    fn visit<'p>(&'p self, visitor: &mut impl FnMut(&'p Expression)) {
        match self {
            Self::Fixed(_) => {}
            Self::Whole(hole) => visitor(&hole.expression),
            Self::Mixed { pieces, .. } => pieces.iter().for_each(|piece| {
                if let Piece::Hole(hole) = piece {
                    visitor(&hole.expression);
                }
            }),
            Self::Sequence { items, .. } => items.iter().for_each(|item| item.visit(visitor)),
            Self::Mapping { entries, .. } => entries.iter().for_each(|entry| {
                entry.key.visit(visitor);
                entry.value.visit(visitor);
            }),
        }
    }
}
