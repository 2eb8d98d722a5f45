//! Which values an expression reads.
//!
//! A delivery's payload may be large, and most expressions read two or three texts of it. What a
//! pipeline's expressions name can be taken from the payload without reading the rest.

use super::syntax::{Call, Literal, Node, NodeKind, Suffix, SuffixKind};
use std::ops::Range;

/// A chain that begins at a named value. What is needed is all that is at its end: the value there,
/// with everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name, as written.
    pub root: String,
    /// The steps that follow, as far as they are literal.
    pub steps: Vec<Step>,
    /// Whether the chain goes on with a step that is not literal: `.*`, or a computed index.
    pub open: bool,
    /// The bytes of the name and the steps.
    pub range: Range<usize>,
    /// The bytes of the name of each step, or of the brackets around it.
    pub places: Vec<Range<usize>>,
}

/// A literal step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name` or `['name']`. A member that is a whole number also takes an item of a list.
    Member(String),
    /// `[0]`. On an object it takes the member of that name.
    Index(usize),
}

pub(super) fn references(root: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut Vec<Reference>) {
    match &node.kind {
        NodeKind::Literal(_) => {}
        NodeKind::Name(name) => found.push(reference(name, &node.range, &[])),
        NodeKind::Call(call) => collect_arguments(call, found),
        NodeKind::Chain { base, suffixes } => {
            match &base.kind {
                NodeKind::Name(name) => found.push(reference(name, &base.range, suffixes)),
                _ => collect(base, found),
            }
            collect_indexes(suffixes, found);
        }
    }
}

fn collect_arguments(call: &Call, found: &mut Vec<Reference>) {
    for argument in &call.arguments {
        collect(argument, found);
    }
}

fn collect_indexes(suffixes: &[Suffix], found: &mut Vec<Reference>) {
    for suffix in suffixes {
        if let SuffixKind::Index(index) = &suffix.kind {
            collect(index, found);
        }
    }
}

pub(super) fn reference(name: &str, range: &Range<usize>, suffixes: &[Suffix]) -> Reference {
    let steps: Vec<Step> = suffixes.iter().map_while(step).collect();
    let end = match steps.len() {
        0 => range.end,
        count => suffixes[count - 1].range.end,
    };
    let open = steps.len() < suffixes.len();
    let places = suffixes[..steps.len()].iter().map(place).collect();
    Reference { root: name.to_owned(), steps, open, range: range.start..end, places }
}

/// Returns where the name of a member stands: behind its dot.
fn place(suffix: &Suffix) -> Range<usize> {
    match &suffix.kind {
        SuffixKind::Member(name) => suffix.range.end - name.len()..suffix.range.end,
        SuffixKind::Index(_) | SuffixKind::All => suffix.range.clone(),
    }
}

fn step(suffix: &Suffix) -> Option<Step> {
    match &suffix.kind {
        SuffixKind::Member(name) => Some(Step::Member(name.clone())),
        SuffixKind::Index(Node { kind: NodeKind::Literal(literal), .. }) => match literal {
            Literal::Text(name) => Some(Step::Member(name.clone())),
            Literal::Number(number) => number.index().map(Step::Index),
            Literal::Boolean(_) | Literal::Version(_) => None,
        },
        SuffixKind::Index(_) | SuffixKind::All => None,
    }
}
