//! Text compared character by character, ignoring case, the same in every language.
//!
//! Case is folded one character to one character, by its simple upper case. The dotless `ı` and the
//! long `ſ` keep themselves apart from `I` and `S`.

use std::cmp::Ordering;
use std::ops::Range;

/// Returns the character that all its cases fold to.
pub(super) fn folded(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    if matches!(character, 'ı' | 'ſ') {
        return character;
    }
    single(character.to_uppercase()).unwrap_or(character)
}

/// Returns the lower case of a character, if that is one character.
pub(super) fn lowered(character: char) -> char {
    single(character.to_lowercase()).unwrap_or(character)
}

fn single(mut mapped: impl ExactSizeIterator<Item = char>) -> Option<char> {
    (mapped.len() == 1).then(|| mapped.next()).flatten()
}

pub(super) fn equal(left: &str, right: &str) -> bool {
    left.chars().map(folded).eq(right.chars().map(folded))
}

/// Compares by UTF-16 units, so that the order is that of Azure Pipelines for every character.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    units(left).cmp(units(right))
}

fn units(text: &str) -> impl Iterator<Item = u16> {
    text.chars().flat_map(|character| {
        let mut buffer = [0; 2];
        let length = folded(character).encode_utf16(&mut buffer).len();
        buffer.into_iter().take(length)
    })
}

pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    let mut characters = text.chars().map(folded);
    prefix.chars().map(folded).all(|wanted| characters.next() == Some(wanted))
}

pub(super) fn ends_with(text: &str, suffix: &str) -> bool {
    let mut characters = text.chars().rev().map(folded);
    suffix.chars().rev().map(folded).all(|wanted| characters.next() == Some(wanted))
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    fold(text).contains(&fold(part))
}

/// Returns the bytes of every occurrence of a part that is not empty, from left to right, not
/// overlapping. The time grows with the length of the text alone.
pub(super) fn find_all(text: &str, part: &str) -> Vec<Range<usize>> {
    let (folded_text, folded_part) = (fold(text), fold(part));
    let mut at = Cursor { text, bytes: 0, folded_bytes: 0 };
    folded_text
        .match_indices(&folded_part)
        .map(|(start, _)| {
            let from = at.advance(start);
            from..at.advance(start + folded_part.len())
        })
        .collect()
}

fn fold(text: &str) -> String {
    text.chars().map(folded).collect()
}

/// A place in a text and the place of the same character in the folded text.
struct Cursor<'t> {
    text: &'t str,
    bytes: usize,
    folded_bytes: usize,
}

impl Cursor<'_> {
    fn advance(&mut self, folded_target: usize) -> usize {
        let mut characters = self.text[self.bytes..].chars();
        while self.folded_bytes < folded_target
            && let Some(character) = characters.next()
        {
            self.bytes += character.len_utf8();
            self.folded_bytes += folded(character).len_utf8();
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences_are_found_though_folding_changes_the_number_of_bytes() {
        assert_eq!(find_all("ɐXɐxɐ", "ⱯX"), [0..3, 3..6]);
        assert_eq!(find_all("aaa", "A"), [0..1, 1..2, 2..3]);
        assert!(find_all("ss", "ß").is_empty());
    }
}
