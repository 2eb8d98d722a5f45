//! Lines at other depths: what a text would be if one of its lines stood further to the left or to the right.
//!
//! In YAML the depth of a line says what it belongs to. One that stands at a wrong depth is often still YAML, or
//! is none only at a line further below. Which line it was is seen by moving lines back: this says which lines
//! could be moved and where to; whoever knows what the text means says which of that makes sense. The dash of an
//! item that is missing, or that is one too many, makes the same mistakes, and is proposed beside them.

use super::blame::{EVEN_SHARE, Line, Lines};
use super::{Content, Node, parse};
use crate::diagnostic::{Diagnostics, SourceId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The lines before and behind a place that are looked at, besides those around it.
const NEAR: usize = 3;
/// What begins an item of a list.
const DASH: &str = "- ";
/// The most depths that a line is moved to.
const DEPTHS_MAX: usize = 6;

/// A line and the depth that it may be meant to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The bytes of the line without the blanks around it.
    pub place: Range<usize>,
    /// How many blanks stand before it.
    pub from: usize,
    /// How many would.
    pub to: usize,
    /// How many lines away the nearest place is that it was proposed for.
    pub distance: usize,
    /// Whether lines of the text are as deep as that: mostly even, unless the text has many odd ones.
    pub is_usual: bool,
    /// Whether what stands below the line moves with it.
    is_of_block: bool,
    /// Where what moves ends.
    end: usize,
    /// What becomes of the dash before the line.
    dash: Dash,
}

/// What becomes of the dash of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dash {
    /// The line has one as before, or has none.
    Kept,
    /// The line becomes an item of a list.
    Added,
    /// The line is an item no more.
    Removed,
}

impl Shift {
    /// Returns the text with the line moved, if the line begins something of its own there: one that becomes
    /// more of the text above it is hidden, and no less wrong.
    pub fn apply(&self, text: &str) -> Option<String> {
        let begin = self.place.start - self.from;
        let mut moved = text[..begin].to_owned();
        for line in text[begin..self.end].split_inclusive('\n') {
            let own = line.trim_start_matches(' ');
            let depth = (line.len() - own.len() + self.to).checked_sub(self.from);
            match self.dash {
                _ if own.trim().is_empty() => moved.push_str(line),
                Dash::Kept => moved.extend([&*" ".repeat(depth?), own]),
                Dash::Added => moved.extend([&*" ".repeat(depth?), DASH, own]),
                Dash::Removed => moved.extend([&*" ".repeat(depth?), own.strip_prefix(DASH)?]),
            }
        }
        moved.push_str(&text[self.end..]);
        let tree = parse(&moved, SourceId(0), &mut Diagnostics::default())?;
        let line = &text[self.place.clone()];
        let dashes = match self.dash {
            Dash::Kept => line.len() - line.trim_start_matches(['-', ' ']).len(),
            Dash::Added => DASH.len(),
            Dash::Removed => 0,
        };
        begins_at(&tree, begin + self.to + dashes).then_some(moved)
    }

    /// Returns the same of the line where it stands in another text.
    #[must_use]
    pub fn at(self, place: Range<usize>) -> Self {
        Self { place, ..self }
    }

    /// Returns where the last line that moves ends.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Says whether what stands below the line moves with it.
    pub fn is_of_block(&self) -> bool {
        self.is_of_block
    }

    /// Returns what becomes of the dash before the line.
    pub fn dash(&self) -> Dash {
        self.dash
    }
}

/// Returns where lines near some bytes of a text may be meant to stand: at the depths of the lines around them.
pub fn shifts(text: &str, near: impl Iterator<Item = usize>) -> Vec<Shift> {
    let lines = Lines::new(text);
    let step = lines.step().unwrap_or(2);
    let blocks = in_blocks(&lines);
    let odd = lines.0.iter().filter(|line| line.indentation % 2 == 1).count();
    let is_mixed = odd * EVEN_SHARE > lines.0.len();
    let mut found: BTreeMap<(usize, usize, usize, Dash), usize> = BTreeMap::new();
    for place in near.filter_map(|byte| lines.at(byte)).collect::<BTreeSet<_>>() {
        for at in suspects(&lines, place).into_iter().filter(|at| !blocks[*at]) {
            let ends = BTreeSet::from([at, below(&lines, at)]);
            let moves = depths(&lines, at, step).into_iter().flat_map(|to| ends.iter().map(move |end| (to, *end)));
            let moves = moves.map(|(to, end)| (to, end, Dash::Kept));
            let dashes = dashes(&lines.0[at]).into_iter().map(|(to, dash)| (to, at, dash));
            for (to, end, dash) in moves.chain(dashes) {
                let distance = found.entry((at, to, end, dash)).or_insert(usize::MAX);
                *distance = (*distance).min(place.abs_diff(at));
            }
        }
    }
    let shift = |((at, to, end, dash), distance): ((usize, usize, usize, Dash), usize)| {
        let line = &lines.0[at];
        let (is_usual, is_of_block) = (is_mixed || to % 2 == 0, end > at);
        Shift {
            place: line.place(),
            from: line.indentation,
            to,
            distance,
            is_usual,
            is_of_block,
            end: lines.0[end].place().end,
            dash,
        }
    };
    found.into_iter().map(shift).collect()
}

/// Returns how many blocks of a text are indented otherwise than most: those of lists and those of mappings each
/// have their own way.
pub fn irregularity(text: &str) -> usize {
    let lines = Lines::new(text);
    let mut counts: BTreeMap<(bool, usize), usize> = BTreeMap::new();
    for (line, next) in lines.0.iter().zip(lines.0.iter().skip(1)).filter(|(line, _)| line.text.ends_with(':')) {
        if let Some(step) = next.indentation.checked_sub(line.key_column()) {
            *counts.entry((is_item(next), step)).or_default() += 1;
        }
    }
    let of = |is_list: bool| counts.iter().filter(move |((list, _), _)| *list == is_list).map(|(_, count)| *count);
    [true, false].into_iter().map(|list| of(list).sum::<usize>() - of(list).max().unwrap_or(0)).sum()
}

/// Returns the lines that may be at fault where something is wrong at one: those beside it, and those that it
/// stands below, with the first line below each.
fn suspects(lines: &Lines<'_>, place: usize) -> BTreeSet<usize> {
    let last = lines.0.len() - 1;
    let mut suspects: BTreeSet<usize> = (place.saturating_sub(NEAR)..=(place + NEAR).min(last)).collect();
    for inside in [place, place.saturating_sub(1)] {
        for at in around(lines, inside) {
            suspects.extend([at.saturating_sub(1), at, at + 1]);
        }
    }
    // What comes behind it may be meant to be part of it, or what comes behind that.
    let behind = (below(lines, place) + 1).min(last);
    suspects.extend([behind, (below(lines, behind) + 1).min(last)]);
    // An item that should be none has begun a list, which what comes behind all its items fits no more.
    let depth = lines.0[place].indentation;
    suspects.insert(place - lines.0[..place].iter().rev().take_while(|line| line.indentation >= depth).count());
    suspects
}

/// Returns where a line would stand if it had a dash, or had none: what stands below it stays where it is, so
/// that its key stays where it was, or its dash comes to where it stands.
fn dashes(line: &Line<'_>) -> Vec<(usize, Dash)> {
    match line.text.strip_prefix(DASH) {
        Some(item) if item.contains(':') => vec![(line.indentation, Dash::Removed)],
        Some(_) => Vec::new(),
        None => [line.indentation.checked_sub(DASH.len()), Some(line.indentation)]
            .into_iter()
            .flatten()
            .map(|to| (to, Dash::Added))
            .collect(),
    }
}

/// Returns the last line that stands below a line, or the line.
fn below(lines: &Lines<'_>, at: usize) -> usize {
    let depth = lines.0[at].indentation;
    at + lines.0[at + 1..].iter().take_while(|line| line.indentation > depth).count()
}

/// Returns the lines that a line stands below, from the inside out.
fn around(lines: &Lines<'_>, at: usize) -> Vec<usize> {
    let mut around = Vec::new();
    let mut depth = lines.0[at].indentation;
    for other in (0..at).rev() {
        if lines.0[other].indentation < depth {
            depth = lines.0[other].indentation;
            around.push(other);
        }
    }
    around
}

/// Returns where a line may be meant to stand, the nearest first.
fn depths(lines: &Lines<'_>, at: usize, step: usize) -> Vec<usize> {
    let own = lines.0[at].indentation;
    let mut depths = BTreeSet::new();
    if let Some(before) = at.checked_sub(1) {
        let above = &lines.0[before];
        depths.extend([above.indentation, above.key_column(), above.key_column() + step]);
        depths.extend(around(lines, before).into_iter().flat_map(|at| {
            let line = &lines.0[at];
            [line.indentation, line.key_column()]
        }));
    }
    if let Some(next) = lines.0.get(at + 1) {
        depths.extend([Some(next.indentation), next.indentation.checked_sub(step)].into_iter().flatten());
    }
    let mut depths: Vec<usize> = depths.into_iter().filter(|depth| *depth != own).collect();
    depths.sort_by_key(|depth| depth.abs_diff(own));
    depths.truncate(DEPTHS_MAX);
    depths
}

/// Says of each line whether it is part of a block of text.
fn in_blocks(lines: &Lines<'_>) -> Vec<bool> {
    let mut block: Option<usize> = None;
    let mut inside = Vec::with_capacity(lines.0.len());
    for line in &lines.0 {
        block = block.filter(|depth| line.indentation > *depth);
        inside.push(block.is_some());
        let style = line.text.rsplit(' ').next().unwrap_or_default();
        if block.is_none() && style.starts_with(['|', '>']) && style.len() <= 3 {
            block = Some(line.key_column());
        }
    }
    inside
}

fn is_item(line: &Line<'_>) -> bool {
    line.text.starts_with("- ")
}

/// Says whether a key or a value of a tree begins at a byte.
fn begins_at(node: &Node, byte: usize) -> bool {
    if node.span.range().start == byte {
        return true;
    }
    match &node.content {
        Content::Scalar(_) => false,
        Content::Sequence(items) => items.iter().any(|item| begins_at(item, byte)),
        Content::Mapping(entries) => {
            entries.iter().any(|entry| begins_at(&entry.key, byte) || begins_at(&entry.value, byte))
        }
    }
}
