//! What an expansion leaves of a value of which something is known: `${tag#v}`, `${tag##*.}`, `${tag%%-*}`, `${tag:1}`.

use super::super::shape::{Set, Shape};
use super::super::syntax::{Parameter, Side, Word};
use super::pattern::{Letter, letters};

/// The most characters in front that are left out one by one.
const FRONT_MAX: usize = 32;

/// What a pattern cuts off.
enum Cut {
    /// This text.
    Text(Vec<char>),
    /// All up to a character, or from it: the first one that is met, or the last.
    Mark(Set, Reach),
}

#[derive(PartialEq, Eq)]
enum Reach {
    Shortest,
    Longest,
}

/// Returns the shape of what an expansion leaves of a value, if it leaves a part of it.
pub(super) fn left(parameter: &Parameter, value: &Shape) -> Option<Shape> {
    if parameter.is_bare() {
        return Some(value.clone());
    }
    let is_slice = parameter.operands.is_empty() && !parameter.arithmetic.is_empty() && !parameter.has_subscript;
    match (parameter.cuts, parameter.operands.as_slice()) {
        (Some(side), [pattern]) => Some(cut(pattern, side).map_or_else(|| value.part(), |it| it.of(side, value))),
        _ if is_slice && !parameter.length => Some(sliced(&parameter.arithmetic, value)),
        _ => None,
    }
}

/// Returns what a pattern behind `#` or `%` cuts off; the second of two such signs is the first of its characters.
fn cut(pattern: &Word, side: Side) -> Option<Cut> {
    let letters = letters(pattern)?;
    let sign = if side == Side::Front { '#' } else { '%' };
    let (reach, rest) = match letters.split_first() {
        Some(((first, false), rest)) if *first == sign => (Reach::Longest, rest),
        _ => (Reach::Shortest, letters.as_slice()),
    };
    match (side, rest) {
        (Side::Front, [('*', false), mark]) | (Side::End, [mark, ('*', false)]) => {
            Some(Cut::Mark(Set::of(own(mark)?), reach))
        }
        _ => rest.iter().map(own).collect::<Option<Vec<char>>>().map(Cut::Text),
    }
}

/// Returns a character that stands for itself and has a bit of its own.
fn own(letter: &Letter) -> Option<char> {
    let (letter, is_quoted) = *letter;
    let is_itself = is_quoted && letter != '\\' || !"*?[]\\()|+@!~".contains(letter);
    (is_itself && letter.is_ascii() && letter > '\x01').then_some(letter)
}

impl Cut {
    fn of(&self, side: Side, value: &Shape) -> Shape {
        match (self, side) {
            (Self::Text(text), _) => without_text(text, side, value),
            (Self::Mark(mark, Reach::Shortest), Side::Front) => or_free(value.behind_first(*mark), *mark, value),
            (Self::Mark(mark, Reach::Longest), Side::Front) => or_free(value.behind_last(*mark), *mark, value),
            (Self::Mark(mark, Reach::Shortest), Side::End) => or_free(value.before_last(*mark), *mark, value),
            (Self::Mark(mark, Reach::Longest), Side::End) => value.before_first(*mark),
        }
    }
}

/// Adds the texts that have none of some characters, if there may be such.
pub(super) fn or_free(cut: Shape, marks: Set, value: &Shape) -> Shape {
    if value.has_some(marks) { cut } else { cut.or(&value.free_of(marks)) }
}

/// Returns what is left without a text in front or at the end: all, where it isn't there.
fn without_text(text: &[char], side: Side, value: &Shape) -> Shape {
    let sets = text.iter().map(|letter| Set::of(*letter));
    let (left, otherwise) = match side {
        Side::Front => (
            sets.fold(value.clone(), |shape, set| shape.without_front(set)),
            text.first().map(|first| value.otherwise_begun(Set::of(*first))),
        ),
        Side::End => (
            sets.rev().fold(value.clone(), |shape, set| shape.without_end(set)),
            text.last().map(|last| value.otherwise_ended(Set::of(*last))),
        ),
    };
    match otherwise {
        // Of a text of several characters the first alone may be there.
        Some(otherwise) => left.or(if text.len() == 1 { &otherwise } else { value }),
        None => value.clone(),
    }
}

/// Returns what `${name:offset:length}` leaves.
fn sliced(numbers: &[Word], value: &Shape) -> Shape {
    // With a zero in front it is another number.
    let is_decimal = |it: &String| !it.trim().starts_with('0') || it.trim() == "0";
    let offset = numbers.first().and_then(Word::literal).filter(is_decimal);
    match offset.and_then(|it| it.trim().parse::<usize>().ok()).filter(|offset| *offset <= FRONT_MAX) {
        Some(offset) => {
            let behind = (0..offset).fold(value.clone(), |shape, _| {
                let behind = shape.without_front(Set::ALL);
                if shape.may_be_empty() { behind.or_empty() } else { behind }
            });
            if numbers.len() > 1 { behind.beginning() } else { behind }
        }
        None => value.part(),
    }
}
