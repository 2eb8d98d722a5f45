//! The names that members have in all files of a pipeline: those that expressions read, and those that authors write.

use super::File;
use crate::expression::Step;
use crate::template::part::{Element, Pair, Part};
use crate::template::{Content, Node};
use std::collections::HashSet;

/// Names of members, in lower case: expressions ignore it.
#[derive(Debug, Clone, Default)]
pub(in crate::template) struct Members {
    read: HashSet<String>,
    written: HashSet<String>,
}

impl Members {
    pub(super) fn of(files: &[File]) -> Self {
        let mut members = Self::default();
        for file in files {
            file.document.visit(&mut |expression| {
                let steps = expression.references().into_iter().flat_map(|reference| reference.steps);
                members.read.extend(steps.filter_map(|step| match step {
                    Step::Member(name) => Some(name.to_lowercase()),
                    Step::Index(_) => None,
                }));
            });
            members.add_keys(&file.document);
        }
        members
    }

    /// Says whether the author knows a member that is missing and the one with nearly its name as two members:
    /// the other one is read too, and the missing one is written elsewhere or is its singular or plural.
    pub(in crate::template) fn are_two(&self, missing: &str, near: &str) -> bool {
        let (missing, near) = (missing.to_lowercase(), near.to_lowercase());
        self.read.contains(&near) && (self.written.contains(&missing) || are_of_one_word(&missing, &near))
    }

    fn add_keys(&mut self, part: &Part) {
        match part {
            Part::Fixed { node, .. } => self.add_keys_of(node),
            Part::Whole(_) | Part::Mixed { .. } | Part::Unknown { .. } => {}
            Part::Sequence { items, .. } => items.iter().for_each(|item| self.add_keys_in(item, Self::add_keys)),
            Part::Mapping { entries, .. } => entries.iter().for_each(|entry| self.add_keys_in(entry, Self::add_pair)),
        }
    }

    fn add_keys_in<T>(&mut self, element: &Element<T>, add: fn(&mut Self, &T)) {
        match element {
            Element::Own(own) => add(self, own),
            Element::Choice(branches) => branches.iter().for_each(|branch| self.add_keys(&branch.body)),
            Element::Each(each) => self.add_keys(&each.body),
            Element::Insert(part) => self.add_keys(part),
        }
    }

    fn add_pair(&mut self, pair: &Pair) {
        if let Part::Fixed { node: Node { content: Content::Scalar(key), .. }, .. } = &pair.key {
            self.written.insert(key.text.flatten().to_lowercase());
        }
        self.add_keys(&pair.value);
    }

    fn add_keys_of(&mut self, node: &Node) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.add_keys_of(item)),
            Content::Mapping(entries) => entries.iter().for_each(|entry| {
                self.written.insert(entry.key.flatten().to_lowercase());
                self.add_keys_of(&entry.value);
            }),
        }
    }
}

/// Says whether one of two words is the plural of the other.
fn are_of_one_word(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let is_plural = |end: &str, ending: &str| {
        short.strip_suffix(end).is_some_and(|stem| long.strip_prefix(stem).is_some_and(|rest| rest == ending))
    };
    is_plural("", "s") || is_plural("", "es") || is_plural("y", "ies")
}
