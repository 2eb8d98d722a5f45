//! Characters and holes as one sequence, so that no character of a script can be taken for a hole.

use super::outline::{Outline, Piece};

/// What a script is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A character that the author wrote.
    Char(char),
    /// The hole of this number.
    Hole(usize),
    /// Text that the script itself puts there when it runs: an expansion inside of code that is
    /// given to another shell.
    Opaque,
}

impl Symbol {
    /// Returns the character, if it is one.
    pub(super) fn char(self) -> Option<char> {
        match self {
            Self::Char(character) => Some(character),
            Self::Hole(_) | Self::Opaque => None,
        }
    }

    pub(super) fn is(self, character: char) -> bool {
        self == Self::Char(character)
    }
}

/// Returns the sequence of a script's pieces; the holes are numbered from 0.
pub(super) fn symbols(outline: &Outline) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut holes = 0;
    for piece in &outline.pieces {
        match piece {
            Piece::Author(text) => symbols.extend(text.chars().map(Symbol::Char)),
            Piece::Hole => {
                symbols.push(Symbol::Hole(holes));
                holes += 1;
            }
        }
    }
    symbols
}

/// Returns the line on which the symbol at `at` stands, counted from 1.
pub(super) fn line_of(symbols: &[Symbol], at: usize) -> usize {
    1 + symbols.iter().take(at).filter(|symbol| symbol.is('\n')).count()
}
