//! What is known before any payload of a value that is passed to a template, or that a loop goes
//! over.
//!
//! Where nothing certain is known a value counts as the author's: nothing is told then of the script
//! into which it comes, and the script is analysed when it is expanded.

use super::written::Written;
use crate::expression::Step;
use crate::taint::Origin;
use std::sync::Arc;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Passed {
    /// It is the author's, or not known.
    Author,
    /// It is of a webhook resource by which no delivery has come: no text at all.
    Nothing,
    /// It was taken from a payload, and so was all that is in it.
    Payload(Arc<Origin>),
    /// Text with holes.
    Text(Written),
    /// A list.
    List(Vec<Passed>),
    /// Keys and values.
    Mapping(Vec<(String, Passed)>),
}

impl Passed {
    /// Returns what some steps lead to.
    pub(super) fn at(&self, steps: &[Step]) -> Self {
        let Some((first, rest)) = steps.split_first() else { return self.clone() };
        match (self, first) {
            (Self::Nothing, _) => Self::Nothing,
            (Self::Payload(origin), _) => Self::Payload(Arc::new(below(origin, steps))),
            (Self::List(items), Step::Index(index)) => items.get(*index).map_or(Self::Author, |item| item.at(rest)),
            (Self::Mapping(members), Step::Member(name)) => {
                let member = members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                member.map_or(Self::Author, |(_, value)| value.at(rest))
            }
            _ => Self::Author,
        }
    }

    /// Returns what is known of the values that a loop takes from this one.
    pub(super) fn each(&self) -> Self {
        match self {
            Self::Payload(_) | Self::Nothing => self.clone(),
            Self::List(items) => match items.split_first() {
                Some((first, others)) if others.iter().all(|other| other == first) => first.clone(),
                _ => Self::Author,
            },
            Self::Author | Self::Text(_) | Self::Mapping(_) => Self::Author,
        }
    }

    /// Returns a list of values; one that is the author's as a whole counts as that.
    pub(super) fn list(items: Vec<Self>) -> Self {
        if items.iter().all(|item| *item == Self::Author) { Self::Author } else { Self::List(items) }
    }

    /// Returns a mapping; one that is the author's as a whole counts as that.
    pub(super) fn mapping(members: Vec<(String, Self)>) -> Self {
        if members.iter().all(|(_, value)| *value == Self::Author) { Self::Author } else { Self::Mapping(members) }
    }

    /// Returns how many values and pieces of text this is.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Author | Self::Nothing | Self::Payload(_) => 1,
            Self::Text(text) => text.pieces.len(),
            Self::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Mapping(members) => 1 + members.iter().map(|(_, value)| value.size()).sum::<usize>(),
        }
    }

    /// Returns where in a payload all of the value comes from, if there is one place.
    pub(super) fn origin(&self) -> Option<Arc<Origin>> {
        match self {
            Self::Payload(origin) => Some(origin.clone()),
            Self::Text(text) => text.holes.first().map(|place| place.origin.clone()),
            Self::Author | Self::Nothing | Self::List(_) | Self::Mapping(_) => None,
        }
    }
}

/// Returns the place in a payload that steps lead to from another one.
pub(super) fn below(origin: &Origin, steps: &[Step]) -> Origin {
    steps.iter().fold(origin.clone(), |origin, step| match step {
        Step::Index(index) => origin.item(*index),
        Step::Member(name) => origin.member(name),
    })
}
