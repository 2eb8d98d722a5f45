//! A template in the form that a delivery evaluates: expressions parsed, directives recognised.
//!
//! What has no expression in it is a finished [`Node`], copied as it is. Everything else is a
//! tree of the same shape as the file.

use super::{Node, value::Size};
use crate::diagnostic::Span;
use crate::expression::{Expression, Reference, Step};
use crate::taint::Origin;
use std::ops::Range;
use std::sync::Arc;

/// A value of a template.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A value without expressions, as it will stand in the expanded document.
    Fixed { node: Node, size: Size },
    /// A scalar that is one expression.
    Whole(Hole),
    /// A scalar with text around its expressions.
    Mixed { span: Span, pieces: Vec<Piece> },
    /// A list.
    Sequence { span: Span, items: Vec<Element<Part>> },
    /// Keys and values.
    Mapping { span: Span, entries: Vec<Element<Pair>> },
    /// A scalar with an expression that is none, which has been reported: nobody knows its value.
    Unknown { span: Span },
}

/// One element of a list or of a mapping: something of its own, or a directive that brings
/// elements in its place.
#[derive(Debug, Clone)]
pub(super) enum Element<T> {
    /// An item of a list, or a key with its value.
    Own(T),
    /// `if`, and the `elseif` and `else` that follow it.
    Choice(Vec<Branch>),
    /// `each`.
    Each(Each),
    /// `insert`.
    Insert(Part),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) key: Part,
    pub(super) value: Part,
}

/// One branch of a choice.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// `None` for `else`.
    pub(super) condition: Option<Hole>,
    pub(super) body: Part,
}

/// A loop.
#[derive(Debug, Clone)]
pub(super) struct Each {
    pub(super) variable: Arc<str>,
    pub(super) collection: Hole,
    pub(super) body: Part,
}

/// A piece of a scalar.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(Arc<str>),
    Hole(Hole),
}

/// One `${{ }}`.
#[derive(Debug, Clone)]
pub(super) struct Hole {
    /// With its braces.
    pub(super) span: Span,
    pub(super) expression: Expression,
    /// Where each byte of the expression's text stands, as far as it is known.
    pub(super) text_span: Span,
    /// What the expression names, if it does nothing but name a value: by it a number or a
    /// boolean, which carries no origin, is known to be a payload's.
    pub(super) chain: Option<Chain>,
    /// Whether the expression looks at variables.
    pub(super) reads_variables: bool,
    /// The members of loops' values and of parameters of whose values it makes something.
    pub(super) members: Box<[Reference]>,
    /// Whether it names what is not there, which has been reported as an error: it has no value.
    pub(super) is_wrong: bool,
}

impl Hole {
    /// Returns where bytes of the expression's text stand; the whole of it where that is not known.
    pub(super) fn place(&self, range: &Range<usize>) -> Span {
        let (start, end) = (self.text_span.start as usize + range.start, self.text_span.start as usize + range.end);
        if end <= self.text_span.end as usize { Span::new(self.span.source, start, end) } else { self.span }
    }
}

/// A name with the members that follow it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) root: Arc<str>,
    pub(super) steps: Vec<Step>,
}

impl Chain {
    /// Returns the place in a payload that the steps lead to from another place.
    pub(super) fn place(from: &Origin, steps: &[Step]) -> Origin {
        steps.iter().fold(from.clone(), |origin, step| match step {
            Step::Index(index) => origin.item(*index),
            Step::Member(name) => origin.member(name),
        })
    }
}

impl Part {
    pub(super) fn fixed(node: Node) -> Self {
        let size = Size::of(&node);
        Self::Fixed { node, size }
    }

    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed { .. })
    }

    pub(super) fn span(&self) -> Span {
        match self {
            Self::Fixed { node, .. } => node.span,
            Self::Whole(hole) => hole.span,
            Self::Mixed { span, .. }
            | Self::Sequence { span, .. }
            | Self::Mapping { span, .. }
            | Self::Unknown { span } => *span,
        }
    }

    /// Calls `visitor` with every expression.
    pub(super) fn visit<'p>(&'p self, visitor: &mut impl FnMut(&'p Expression)) {
        match self {
            Self::Fixed { .. } | Self::Unknown { .. } => {}
            Self::Whole(hole) => visitor(&hole.expression),
            Self::Mixed { pieces, .. } => pieces.iter().for_each(|piece| {
                if let Piece::Hole(hole) = piece {
                    visitor(&hole.expression);
                }
            }),
            Self::Sequence { items, .. } => items.iter().for_each(|item| match item {
                Element::Own(part) => part.visit(visitor),
                directive => directive.visit(visitor),
            }),
            Self::Mapping { entries, .. } => entries.iter().for_each(|entry| match entry {
                Element::Own(pair) => {
                    pair.key.visit(visitor);
                    pair.value.visit(visitor);
                }
                directive => directive.visit(visitor),
            }),
        }
    }
}

impl Part {
    /// Returns how often what is below is to be looked at: see [`super::Template::branches`].
    pub(super) fn branches(&self) -> usize {
        match self {
            Self::Fixed { .. } | Self::Whole(_) | Self::Mixed { .. } | Self::Unknown { .. } => 0,
            Self::Sequence { items, .. } => most(items.iter().map(|item| match item {
                Element::Own(part) => part.branches(),
                Element::Choice(branches) => most_inside(branches).max(1),
                directive => directive.branches(),
            })),
            Self::Mapping { entries, .. } => most(entries.iter().map(|entry| match entry {
                Element::Own(pair) => pair.value.branches(),
                directive => directive.branches(),
            })),
        }
    }
}

fn most_inside(branches: &[Branch]) -> usize {
    most(branches.iter().map(|branch| branch.body.branches()))
}

fn most(counts: impl Iterator<Item = usize>) -> usize {
    counts.max().unwrap_or(0)
}

impl<T> Element<T> {
    fn branches(&self) -> usize {
        match self {
            Self::Own(_) => 0,
            Self::Choice(branches) => most_inside(branches).max(branches.len()),
            Self::Each(each) => each.body.branches().max(1),
            Self::Insert(part) => part.branches(),
        }
    }

    fn visit<'p>(&'p self, visitor: &mut impl FnMut(&'p Expression)) {
        match self {
            Self::Own(_) => {}
            Self::Choice(branches) => branches.iter().for_each(|branch| {
                if let Some(condition) = &branch.condition {
                    visitor(&condition.expression);
                }
                branch.body.visit(visitor);
            }),
            Self::Each(each) => {
                visitor(&each.collection.expression);
                each.body.visit(visitor);
            }
            Self::Insert(part) => part.visit(visitor),
        }
    }
}
