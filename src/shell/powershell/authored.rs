//! The author's own text that programs get another way than word by word: in a file that the script writes, and as one line
//! for `Process.Start`. Programs may find payload text in their environment and among their words all the same.

use super::path::UNKNOWN;
use super::sink::Judge;
use super::token::{Piece, Token, every};
use crate::shell::filename::base;
use std::collections::BTreeSet;

/// The most files, and the most texts that may be in each: far above what a person writes.
const FILES_MAX: usize = 16;
const TEXTS_MAX: usize = 64;

/// Returns the author's text of a part of a literal, and a word in place of any other.
fn own_text(piece: &Piece) -> &str {
    if let Piece::Text(text) = piece { text } else { "x" }
}

impl Judge<'_> {
    /// Notes that a script writes to a file.
    pub(super) fn makes(&mut self, path: &[Token]) {
        let texts = self.taint.names.texts(path).known;
        let names = texts.iter().map(|text| base(text.trim_end()).to_owned());
        let names = names.filter(|name| !name.is_empty() && !name.contains(UNKNOWN)).collect::<Vec<_>>();
        let room = FILES_MAX.saturating_sub(self.written_files.len());
        self.written_files.extend(names.into_iter().take(room));
    }

    /// Puts the texts that the script may write to its files in front of the programs, which may run them.
    pub(super) fn write_texts(&mut self) {
        if self.written_files.is_empty() || self.programs.is_empty() {
            return;
        }
        let mut texts: BTreeSet<String> = BTreeSet::new();
        every(self.taint.statements, &mut |statement| {
            for token in &statement.tokens {
                let Token::Text(pieces) = token else { continue };
                let text: String = pieces.iter().map(own_text).collect();
                // A name, or another single word, runs nothing of what it is given.
                if text.contains([' ', '\n', '$', '(']) && texts.len() < TEXTS_MAX {
                    texts.insert(text);
                }
            }
        });
        for file in std::mem::take(&mut self.written_files) {
            texts.iter().for_each(|text| self.programs.write_text(&file, text));
        }
    }

    /// Judges a program that is given its words as one text.
    pub(super) fn command_line(&mut self, given: &[&[Token]]) {
        let texts = |at: usize| given.get(at).map(|part| self.taint.names.texts(part).known).unwrap_or_default();
        let (programs, mut words) = (texts(0), texts(1));
        if words.is_empty() {
            words.push(String::new());
        }
        for program in programs {
            words.iter().for_each(|words| self.programs.command(&format!("{program} {words}")));
        }
    }
}
