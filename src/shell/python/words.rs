//! What a program in Python, as a shell gives one to `python -c`, on its input or in a file, makes of the words behind it
//! and of the variables of its environment.

use super::analyse;
use crate::shell::analysis::Finding;
use crate::shell::outline::{ARGUMENTS, Outline, Piece};
use crate::shell::{Background, Language};
use std::collections::BTreeSet;

/// The most words that are told apart; those behind are looked at together.
const WORDS_MAX: usize = 16;

/// The beginning of the names by which words are told apart; no script has such.
const WORD: &str = "PIPEHOOK_WORD_";

/// What stands in front of a word's number.
const INDEXED: &str = "sys.argv[";

/// What is demanded of the words behind a program: of one by its number, counted from 1, or of all.
pub(in crate::shell) type WordDemand = (Option<usize>, Finding);

/// Says whether what a name of the environment stands for is no variable, but words behind the script.
pub(super) fn is_word(name: &str) -> bool {
    name == ARGUMENTS || name.starts_with(WORD)
}

/// Returns what a program demands of the words behind it; nothing for one that can't be read.
pub(in crate::shell) fn demands_of_words(program: &str) -> Option<Vec<WordDemand>> {
    let (text, words) = named(program);
    let names = words.iter().map(|number| format!("{WORD}{number}"));
    let found = demands(text, [ARGUMENTS.to_owned()].into_iter().chain(names).collect())?;
    Some(std::iter::once(None).chain(words.into_iter().map(Some)).zip(found).collect())
}

/// Returns what a program demands of each of some variables of its environment; nothing for one that can't be read.
pub(in crate::shell) fn demands_of_variables(program: &str, variables: &[String]) -> Option<Vec<Finding>> {
    demands(program.to_owned(), variables.to_vec())
}

/// Returns what is found of each of some names beside a program.
fn demands(program: String, environment: Vec<String>) -> Option<Vec<Finding>> {
    let outline = Outline {
        language: Language::Python,
        pieces: vec![Piece::Author(program.into())],
        segments: Vec::new(),
        environment,
        background: Background::default(),
    };
    Some(analyse(&outline).ok()?.holes)
}

/// Returns a program in which each word has a name of its own, and the numbers of those.
fn named(program: &str) -> (String, BTreeSet<usize>) {
    let mut words = BTreeSet::new();
    let mut parts = program.split(INDEXED);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let number = part.split_once(']').and_then(|(number, rest)| Some((number.trim().parse().ok()?, rest)));
        match number {
            Some((number @ 1..=WORDS_MAX, rest)) => {
                words.insert(number);
                text.push_str(&format!("{WORD}{number}{rest}"));
            }
            _ => text.push_str(&format!("{INDEXED}{part}")),
        }
    }
    (text, words)
}
