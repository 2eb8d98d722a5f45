//! Gaps: what values that nobody knows yet may bring to a list or a mapping.
//!
//! A check looks at a pipeline before it is started. What a list or a mapping lacks is a mistake only if no
//! value could bring it. So an expansion that looks at each branch leaves a gap, [`Node::is_gap`], beside
//! what it has made, in just the list or mapping to which another value may bring more: an item, a key, or
//! the name of an item.
//!
//! A value is open if it reads what differs from run to run: parameters and variables of the pipeline, and
//! what is passed of these to templates and loops. What the author passes to a template in plain words
//! never differs.
//!
//! In an expansion for a run a value is open if a part of it could not be made. Such a run is rejected; there
//! are gaps in its document if the caller asked for them, to learn what else is wrong.
//!
//! An expansion of what every run has ([`Branches::InEveryRun`]) makes no open values at all: each is as one that
//! could not be made, and its document has gaps for all that they would bring.

use super::Expansion;
use super::glue::Mixed;
use crate::diagnostic::Span;
use crate::expression::Step;
use crate::taint::Text;
use crate::template::part::{Branch, Hole, Piece};
use crate::template::place::Place;
use crate::template::value::gap;
use crate::template::{Branches, Content, Entry, Node, Pattern, Varying};
use std::collections::HashSet;
use std::sync::Arc;

/// The keys by which the items of a list are known to each other, and what decides which of them they know.
const NAMES_OF_STAGES: &[&str] = &["stage", "dependsOn"];
const NAMES_OF_JOBS: &[&str] = &["job", "deployment", "dependsOn"];
const NAMES_OF_STEPS: &[&str] = &["name", "task"];
const NAMES_OF_VARIABLES: &[&str] = &["name"];
/// The keys of `strategy` that decide the names of outputs.
const FAN_OUTS: [&str; 2] = ["matrix", "parallel"];

impl Expansion<'_> {
    /// Says whether the document is made to be looked at, and each branch is taken.
    pub(super) fn is_checked(&self) -> bool {
        matches!(self.inputs.branches, Branches::Each(_))
    }

    /// Says whether the document has only what every run has.
    pub(super) fn is_in_every_run(&self) -> bool {
        self.inputs.branches == Branches::InEveryRun
    }

    /// Says whether the document gets gaps.
    fn leaves_gaps(&self) -> bool {
        self.inputs.branches != Branches::Decided || self.has_gaps
    }

    /// Notes whether the value of an expression may be another in another run.
    pub(super) fn note_open(&mut self, hole: &Hole) {
        if !self.has_open() {
            return;
        }
        if self.may_differ(hole) {
            self.open.insert(hole.span);
        } else {
            self.open.remove(&hole.span);
        }
    }

    /// Notes the same of text around expressions.
    pub(super) fn note_open_text(&mut self, span: Span, pieces: &[Piece]) {
        let is_open = |piece: &Piece| matches!(piece, Piece::Hole(hole) if self.open.contains(&hole.span));
        if pieces.iter().any(is_open) {
            self.open.insert(span);
        } else {
            self.open.remove(&span);
        }
    }

    /// Notes what a text may come to be if not all of its expressions are settled, and returns that where one of
    /// them has no value.
    pub(super) fn note_pattern(&mut self, span: Span, pieces: &[Piece], parts: &[Mixed]) -> Option<Arc<[Pattern]>> {
        let is_settled = |piece: &Piece| !matches!(piece, Piece::Hole(hole) if !self.is_settled(hole.span));
        if self.unknown.is_empty() && self.open.is_empty() || pieces.iter().all(is_settled) {
            return None;
        }
        let texts: Vec<_> = parts.iter().map(|part| part.text.flatten()).collect();
        let known = pieces.iter().zip(&texts).map(|(piece, text)| is_settled(piece).then_some(&**text));
        let pattern = Pattern::of(known);
        let has_value = |piece: &Piece| !matches!(piece, Piece::Hole(hole) if self.unknown.contains(&hole.span));
        let has_values = pieces.iter().all(has_value);
        self.patterns.insert(span, pattern.clone());
        (!has_values).then(|| [pattern].into())
    }

    /// Says whether anything may be open where the expansion is.
    pub(super) fn has_open(&self) -> bool {
        let is_passed = |frame: &super::Frame<'_>| !frame.open.is_empty() || !frame.open_loops.is_empty();
        self.inputs.branches != Branches::Decided || self.frames.last().is_some_and(is_passed)
    }

    /// Says whether the value of an expression may be another in another run, or has a part that could not
    /// be made.
    pub(super) fn may_differ(&self, hole: &Hole) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let is_open = |names: &[Arc<str>], name: &str| names.iter().any(|open| open.eq_ignore_ascii_case(name));
        hole.expression.references().iter().any(|reference| {
            let first = match reference.steps.first() {
                Some(Step::Member(name)) => Some(name.as_str()),
                _ => None,
            };
            match reference.root.to_ascii_lowercase().as_str() {
                "variables" if self.is_in_every_run() => self.variables.may_differ(first),
                "variables" | "resources" => self.inputs.branches != Branches::Decided,
                "parameters" => {
                    let is_passed = first.map_or(!frame.open.is_empty(), |name| is_open(&frame.open, name));
                    is_passed || self.is_given(first)
                }
                name => is_open(&frame.open_loops, name),
            }
        })
    }

    /// Says whether a parameter here is one of the first file of which other runs have other values; without
    /// a name, whether any is.
    fn is_given(&self, name: Option<&str>) -> bool {
        let is_payload = |name: &str| self.inputs.webhooks.iter().any(|alias| alias.eq_ignore_ascii_case(name));
        let varies = match self.inputs.varying {
            Varying::All => true,
            Varying::Payloads => name.map_or(!self.inputs.webhooks.is_empty(), is_payload),
        };
        varies && self.inputs.branches != Branches::Decided && self.frames.len() == 1
    }

    /// Says whether a value, or a part of it, may be another in another run, or could not be made.
    pub(super) fn is_open(&self, node: &Node) -> bool {
        if node.is_gap() || self.open.contains(&node.span) || self.is_unknown(node) {
            return true;
        }
        match &node.content {
            Content::Scalar(_) => false,
            Content::Sequence(items) => items.iter().any(|item| self.is_open(item)),
            Content::Mapping(entries) => {
                entries.iter().any(|entry| self.open.contains(&entry.key_span) || self.is_open(&entry.value))
            }
        }
    }

    /// Says whether the value that an expression gave is all that it gives in any run.
    pub(super) fn is_settled(&self, span: Span) -> bool {
        !self.open.contains(&span) && !self.unknown.contains(&span)
    }

    /// Returns the place of a condition that has no value, so that nobody knows which branch is taken.
    pub(super) fn undecided(&self, branches: &[Branch]) -> Option<Span> {
        let mut conditions = branches.iter().filter_map(|branch| branch.condition.as_ref());
        conditions.find(|hole| !self.is_checked() && !self.is_settled(hole.span)).map(|hole| hole.span)
    }

    /// Leaves a gap in a list.
    pub(super) fn leave_gap(&mut self, span: Span, made: &mut Vec<Node>) {
        if self.leaves_gaps() {
            self.has_left_gap = true;
            made.push(gap(span));
        }
    }

    /// Leaves a gap in a mapping.
    pub(super) fn leave_gap_of_keys(&mut self, span: Span, entries: &mut Vec<Entry>) {
        if self.leaves_gaps() {
            self.has_left_gap = true;
            entries.push(Entry { key: Text::default(), key_span: span, value: gap(span) });
        }
    }

    /// Says whether an item of a list may have another name in another run, or know other items.
    pub(super) fn has_open_name(&self, item: &Node, place: Place) -> bool {
        let names = match place {
            _ if !self.leaves_gaps() || !self.is_checked() && self.unknown.is_empty() => return false,
            Place::Stages => NAMES_OF_STAGES,
            Place::Jobs => NAMES_OF_JOBS,
            Place::Steps => NAMES_OF_STEPS,
            Place::Variables => NAMES_OF_VARIABLES,
            _ => return false,
        };
        let Content::Mapping(entries) = &item.content else { return false };
        let fans_out = |entry: &&Entry| entry.key.flatten() == "strategy" && place == Place::Jobs;
        let is_open_fan = |strategy: &Node| {
            let is_whole = self.open.contains(&strategy.span) || strategy.has_gap();
            is_whole || FAN_OUTS.iter().any(|key| strategy.member(key).is_some_and(|it| self.is_open(it)))
        };
        entries.iter().any(|entry| names.contains(&&*entry.key.flatten()) && self.is_open(&entry.value))
            || entries.iter().find(fans_out).is_some_and(|entry| is_open_fan(&entry.value))
            || entries.iter().any(Entry::is_gap)
    }
}

/// Takes the gaps out of a value that is passed on, and returns whether there were any. `thinned` gets the places
/// at which a check would miss what they stand for: the key of a list or mapping, the first key of a mapping.
pub(super) fn without_gaps(node: &mut Node, thinned: &mut HashSet<Span>) -> bool {
    match &mut node.content {
        Content::Scalar(_) => false,
        Content::Sequence(items) => {
            let before = items.len();
            items.retain(|item| !item.is_gap());
            let had = items.len() < before;
            items.iter_mut().fold(had, |had, item| without_gaps(item, thinned) || had)
        }
        Content::Mapping(entries) => {
            let before = entries.len();
            entries.retain(|entry| !entry.is_gap());
            let mut had = entries.len() < before;
            thinned.extend(entries.first().filter(|_| had).map(|first| first.key_span));
            for entry in entries {
                if entry.value.has_gap() {
                    thinned.insert(entry.key_span);
                }
                had |= without_gaps(&mut entry.value, thinned);
            }
            had
        }
    }
}
