//! The syntax tree of an expression.
//!
//! A chain of members is one flat node, so that its length needs no recursion; calls and indexes
//! nest, at most [`super::NESTING_MAX`] deep.

use super::{Number, Version};
use std::ops::Range;

/// A part of an expression that has a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeKind {
    Literal(Literal),
    Name(String),
    Call(Call),
    /// A named value or a call, and at least one suffix.
    Chain {
        base: Box<Node>,
        suffixes: Vec<Suffix>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Boolean(bool),
    Number(Number),
    Version(Version),
    Text(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub name: String,
    pub name_range: Range<usize>,
    pub arguments: Vec<Node>,
    /// The closing parenthesis, where too few arguments are noticed.
    pub close: Range<usize>,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suffix {
    pub kind: SuffixKind,
    pub range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum SuffixKind {
    /// `.name`
    Member(String),
    /// `[node]`
    Index(Node),
    /// `.*` or `[*]`
    All,
}
