//! What a script leaves to later ones of its job: files of payload text, and what programs keep.

use super::change::Change;
use super::outline::{FILE, LISTED};

/// What stands between the name of a file and the number of what was made of the text in it. No name of a file that a
/// script writes down has it.
const MADE: char = '\u{1}';

/// Something that has payload text when a script has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    name: String,
    hole: usize,
    change: Change,
}

impl Left {
    pub(super) fn new(name: String, hole: usize, change: Change) -> Self {
        Self { name, hole, change }
    }

    /// Returns the name of the file; behind [`KEPT`](super::KEPT) what else it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the place of a hole among the [`requirements`](super::Analysis::requirements) that brings text to it.
    pub fn hole(&self) -> usize {
        self.hole
    }

    /// Returns the same under another name.
    pub fn named(&self, name: String) -> Self {
        Self { name, ..self.clone() }
    }

    /// Returns the name with what was made of the text, as [`parted`] reads it.
    pub(super) fn spelled(&self) -> String {
        match self.change == Change::NONE {
            true => self.name.clone(),
            false => format!("{}{MADE}{}", self.name, self.change.number()),
        }
    }
}

/// Returns the name of a file, and what was made of the text in it.
pub(super) fn parted(spelled: &str) -> (&str, Change) {
    let parted = spelled.split_once(MADE);
    let number = parted.and_then(|(_, number)| number.parse().ok());
    (parted.map_or(spelled, |(name, _)| name), number.map_or(Change::NONE, Change::of_number))
}

/// Says whether what stands among the variables of a script is a file that the script names.
pub(super) fn is_named_file(name: &str) -> bool {
    name.strip_prefix(FILE).is_some_and(|file| !file.starts_with(LISTED))
}
