//! The names that values which are not known yet may bring to a list of stages or jobs.
//!
//! A gap in such a list stands for items that may have names. Of the bodies of directives the author wrote the names,
//! at least around their expressions: a loop over `job: a_${{ x }}` never brings the job `nope`.

use super::Expansion;
use crate::diagnostic::Span;
use crate::template::part::{Element, Pair, Part, Piece};
use crate::template::place::Place;
use crate::template::{Content, Entry, Node, Pattern};
use std::borrow::Cow;
use std::sync::Arc;

/// What the names of some items may be: any, if that is not known.
pub(super) type Names = Option<Vec<Pattern>>;

impl Expansion<'_> {
    /// Leaves a gap in a list for items of which the names are known, as far as they are.
    pub(super) fn leave_gap_for(&mut self, names: Names, span: Span, made: &mut Vec<Node>) {
        let before = made.len();
        self.leave_gap(span, made);
        if let Some(Node { content: Content::Scalar(gap), .. }) = made.get_mut(before) {
            gap.patterns = names.map(Arc::from);
        }
    }

    /// Returns what the name of an item may be that is not settled: the item itself is in its list.
    pub(super) fn name_of(&self, item: &Node, place: Place) -> Names {
        let (keys, Content::Mapping(entries)) = (keys(place)?, &item.content) else { return None };
        let name = entries.iter().find(|entry| keys.contains(&&*entry.key.flatten()));
        match name.map(|name| &name.value) {
            Some(name) if !self.is_open(name) => Some(Vec::new()),
            Some(name) => Some(vec![self.patterns.get(&name.span)?.clone()]),
            None if entries.iter().any(Entry::is_gap) => None,
            None => Some(Vec::new()),
        }
    }
}

/// Returns the names of what the body of a directive brings to the list at a place.
pub(super) fn brought<'p>(mut bodies: impl Iterator<Item = &'p Part>, place: Place) -> Names {
    let keys = keys(place)?;
    let mut names = Vec::new();
    bodies.all(|body| of_body(body, keys, &mut names)).then_some(names)
}

/// Returns the keys by which the items of a list are known.
fn keys(place: Place) -> Option<&'static [&'static str]> {
    match place {
        Place::Stages => Some(&["stage"]),
        Place::Jobs => Some(&["job", "deployment"]),
        _ => None,
    }
}

/// Adds the names of a body, and says whether all are known.
fn of_body(body: &Part, keys: &[&str], names: &mut Vec<Pattern>) -> bool {
    match body {
        Part::Fixed { node, .. } => match &node.content {
            Content::Sequence(items) => items.iter().all(|item| of_node(item, keys, names)),
            _ => of_node(node, keys, names),
        },
        Part::Sequence { items, .. } => items.iter().all(|item| match item {
            Element::Own(part) => of_body(part, keys, names),
            Element::Choice(branches) => branches.iter().all(|branch| of_body(&branch.body, keys, names)),
            Element::Each(each) => of_body(&each.body, keys, names),
            Element::Insert(part) => of_body(part, keys, names),
        }),
        Part::Mapping { entries, .. } => of_item(entries, keys, names),
        Part::Whole(_) | Part::Mixed { .. } | Part::Unknown { .. } => false,
    }
}

fn of_node(item: &Node, keys: &[&str], names: &mut Vec<Pattern>) -> bool {
    let Content::Mapping(entries) = &item.content else { return false };
    let name = entries.iter().find(|entry| keys.contains(&&*entry.key.flatten()));
    if let Some(Content::Scalar(name)) = name.map(|entry| &entry.value.content) {
        names.push(Pattern::known(&name.text.flatten()));
    }
    !entries.iter().any(|entry| entry.key.flatten() == "template")
}

fn of_item(entries: &[Element<Pair>], keys: &[&str], names: &mut Vec<Pattern>) -> bool {
    let own = |entry: &Element<Pair>| match entry {
        Element::Own(pair) => key(pair).map(Cow::into_owned),
        _ => None,
    };
    if entries.iter().filter_map(own).any(|key| key == "template") {
        return false;
    }
    let named = entries.iter().find_map(|entry| match entry {
        Element::Own(pair) if key(pair).is_some_and(|key| keys.contains(&&*key)) => Some(&pair.value),
        _ => None,
    });
    names.extend(named.map(pattern));
    named.is_some() || entries.iter().all(|entry| own(entry).is_some())
}

fn key(pair: &Pair) -> Option<Cow<'_, str>> {
    let Part::Fixed { node, .. } = &pair.key else { return None };
    match &node.content {
        Content::Scalar(scalar) => Some(scalar.text.flatten()),
        _ => None,
    }
}

/// Returns what a text may come to be, whatever its expressions give.
fn pattern(part: &Part) -> Pattern {
    match part {
        Part::Fixed { node, .. } => match &node.content {
            Content::Scalar(scalar) => Pattern::known(&scalar.text.flatten()),
            _ => Pattern::anything(),
        },
        Part::Mixed { pieces, .. } => Pattern::of(pieces.iter().map(|piece| match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Hole(_) => None,
        })),
        _ => Pattern::anything(),
    }
}
