//! What a script's segments are for its analysis: the author's text, holes, and lists of a payload.
//!
//! A list of a payload that an author joined (see [`Mark::Items`]) is one hole: the script's text must not depend on
//! how many items a payload sends. Only where the list alone is an unquoted word of bash, with something between its
//! items that makes words of them, it is one hole an item, and no word without items (security.md, Scripts 6). A
//! list without items is left in its place where that wants more than an empty text, and so refused.
//!
//! A number of a payload is a hole as well. But in Python and cmd, and in PowerShell where it has a point, it is put in
//! as it is where nothing touches it: what it is there is no text.

use super::Language;
use super::analysis::{Entrance, analyse};
use super::bash::UNQUOTED;
use super::outline::{Outline, Piece, Script};
use crate::taint::{Mark, Segment};

/// A part of a script's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'s> {
    /// The segment that it is, or is of.
    pub(super) segment: usize,
    pub(super) text: &'s str,
    pub(super) is_hole: bool,
}

/// Returns the parts of a script's text.
pub(super) fn parts<'s>(script: &'s Script<'_>) -> Vec<Part<'s>> {
    let segments = script.text.segments();
    let part = |(segment, it): (usize, &'s Segment)| {
        let is_number = is_written(script.language, it) && touches_nothing(segments, segment);
        Part { segment, text: &it.text, is_hole: it.is_tainted() && !is_number }
    };
    let whole: Vec<Part<'s>> = segments.iter().enumerate().map(part).collect();
    let is_list = |at: usize| items(&segments[at]).is_some() && stands_apart(segments, at);
    if script.language != Language::Bash || !(0..segments.len()).any(is_list) {
        return whole;
    }
    let outline = outline_of(script, &whole);
    let analysis = analyse(&outline);
    let taken_apart = |at: usize| {
        let entrance = Entrance::Segment(at);
        let hole = analysis.requirements().iter().find(|hole| hole.entrance == entrance);
        let is_refused = analysis.refusals().iter().any(|refusal| refusal.entrance == entrance);
        let admits_nothing = hole.is_some_and(|hole| hole.requirements.iter().all(|it| it.admits("")));
        let has_items = items(&segments[at]).is_some_and(|items| !items.is_empty());
        let is_word = hole.is_some_and(|hole| hole.place == Some(UNQUOTED));
        is_word && !is_refused && (has_items || admits_nothing)
    };
    let mut parts = Vec::with_capacity(whole.len());
    for (at, part) in whole.into_iter().enumerate() {
        match items(&segments[at]).filter(|_| is_list(at) && taken_apart(at)) {
            Some(items) => put_items(part, items, &mut parts),
            None => parts.push(part),
        }
    }
    parts
}

/// Returns the outline of parts.
pub(super) fn outline_of(script: &Script<'_>, parts: &[Part<'_>]) -> Outline {
    let mut pieces: Vec<Piece> = Vec::with_capacity(parts.len());
    let mut segments = Vec::with_capacity(parts.len());
    for part in parts {
        if part.is_hole {
            pieces.push(Piece::Hole);
            segments.push(part.segment);
        } else if let Some(Piece::Author(before)) = pieces.last_mut() {
            *before = format!("{before}{}", part.text).into();
        } else {
            pieces.push(Piece::Author(part.text.into()));
            segments.push(part.segment);
        }
    }
    // Most scripts have a piece for each segment, and then are as they were foreseen.
    if segments.iter().enumerate().all(|(at, segment)| at == *segment) {
        segments.clear();
    }
    Outline {
        language: script.language,
        pieces,
        segments,
        environment: script.environment.iter().map(|(name, _)| name.clone()).collect(),
        background: script.background.clone(),
    }
}

/// Says whether a language takes a segment as it is, for a number.
fn is_written(language: Language, segment: &Segment) -> bool {
    segment.mark == Some(Mark::Number)
        && match language {
            Language::Bash => false,
            Language::PowerShell => segment.text.contains('.') && !segment.text.starts_with('-'),
            Language::Python | Language::Cmd => true,
        }
}

/// Says whether nothing touches a number that would make something else of it.
fn touches_nothing(segments: &[Segment], at: usize) -> bool {
    let is_apart = |it: char| it.is_whitespace() || "()[]{},;=+*/%\"'".contains(it);
    let before = at.checked_sub(1).map(|before| &segments[before]);
    let ends = |it: &Segment| !it.is_tainted() && it.text.ends_with(is_apart);
    let begins = |it: &Segment| !it.is_tainted() && it.text.starts_with(|it: char| is_apart(it) || it == ':');
    before.is_none_or(ends) && segments.get(at + 1).is_none_or(begins)
}

fn put_items<'s>(list: Part<'s>, items: &[(usize, usize)], parts: &mut Vec<Part<'s>>) {
    let mut end = None;
    for &(start, stop) in items {
        let between = end.map(|end: usize| &list.text[end..start]);
        parts.extend(between.map(|text| Part { text, is_hole: false, ..list }));
        parts.push(Part { text: &list.text[start..stop], ..list });
        end = Some(stop);
    }
}

/// Returns the items of a joined list.
fn items(segment: &Segment) -> Option<&[(usize, usize)]> {
    match &segment.mark {
        Some(Mark::Items(items)) => Some(items),
        _ => None,
    }
}

/// Says whether nothing touches a segment that is not between words.
fn stands_apart(segments: &[Segment], at: usize) -> bool {
    let is_between = |it: char| it.is_whitespace() || ";|&()<>".contains(it);
    let before = at.checked_sub(1).map(|before| &segments[before]);
    let ends = |it: &Segment| !it.is_tainted() && it.text.ends_with(is_between);
    let begins = |it: &Segment| !it.is_tainted() && it.text.starts_with(is_between);
    before.is_none_or(ends) && segments.get(at + 1).is_none_or(begins)
}
