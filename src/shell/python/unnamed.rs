//! The names that files may have to which a Python script writes payload text, for the scripts that follow.
//!
//! Where a name is made when the script runs, it may be each that can be made of the words of the script's own texts: a
//! word itself, a word without its end, a word with the end of another: `for n in ['run.sh.in']: open(n[:-3], 'w')`,
//! `'%s.%s' % ('run', 'sh')`. A name that comes from elsewhere is not followed: any file of a later script could be it.

use super::apart::hole_of;
use super::lexer::{FIELD, FIELD_END, HOLE, Token};
use super::sink::{FILES, Judge};
use super::texts::UNKNOWN;
use super::tree::{Expr, Statement};
use crate::shell::filename::base;
use crate::shell::program::Holes;
use std::collections::{BTreeMap, BTreeSet};

/// The most names that are made of words: far above what a person means.
const NAMES_MAX: usize = 400;

/// The most characters of the end of a file's name behind its `.`.
const SUFFIX_MAX: usize = 10;

impl Judge<'_> {
    /// Returns the files that hold payload text when the script ends, by the last parts of their names, each with a hole
    /// that brings some.
    pub(super) fn all_written(&self, statements: &[Statement], tokens: &[Token]) -> Vec<(String, usize)> {
        let otherwise = self.written_otherwise(statements);
        let mut files: BTreeMap<String, usize> = BTreeMap::new();
        let mut unnamed = self.unnamed.clone();
        for (file, holes) in self.written.iter().chain(&otherwise) {
            let (name, Some(hole)) = (base(file), holes.first()) else { continue };
            if name.contains(UNKNOWN) {
                unnamed.extend(holes);
            }
            for name in [name.to_owned(), name.replace(UNKNOWN, "*")] {
                if !name.trim_matches('*').is_empty() {
                    files.entry(name).or_insert(hole_of(*hole));
                }
            }
        }
        if let Some(hole) = unnamed.first() {
            own_names(tokens).into_iter().for_each(|name| _ = files.entry(name).or_insert(hole_of(*hole)));
        }
        files.into_iter().collect()
    }

    /// Notes that payload text is written to a file whose name nobody sees, but for one that only Python names.
    pub(super) fn write_unnamed(&mut self, file: &Expr, holes: &Holes) {
        let names = self.facts.full_names(file);
        let is_nameless = |name: &String| name.starts_with("tempfile.") || name.starts_with("os.fdopen");
        if names.is_empty() || !names.iter().all(is_nameless) {
            self.unnamed.extend(holes);
        }
        self.writes_elsewhere = true;
        self.taint(FILES.to_owned(), holes);
    }
}

/// Returns the names of files that can be made of the words of a script's texts.
pub(super) fn own_names<'t>(tokens: impl IntoIterator<Item = &'t Token>) -> BTreeSet<String> {
    let is_between = |letter: char| !(letter.is_alphanumeric() || "._-".contains(letter));
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for token in tokens {
        let Token::Text(text, _) = token else { continue };
        let own = text.split(FIELD).flat_map(|it| it.rsplit(FIELD_END).next()).flat_map(|it| it.split(HOLE));
        for part in own {
            // A sentence names a file only by what looks so.
            let is_sentence = part.trim().contains(char::is_whitespace);
            let found = part.split(is_between).map(|word| word.trim_end_matches('.'));
            words.extend(found.filter(|word| is_name(word) && (!is_sentence || suffix(word).is_some())));
        }
    }
    let stems =
        words.iter().filter_map(|word| word.rsplit_once('.').map(|(stem, _)| stem)).filter(|stem| is_name(stem));
    let whole: BTreeSet<&str> = words.iter().map(|word| word.trim_start_matches('.')).chain(stems).collect();
    let suffixes = words.iter().map(|word| word.rsplit_once('.').map_or(*word, |(_, suffix)| suffix));
    let suffixes: BTreeSet<&str> = suffixes.filter(|suffix| is_suffix(suffix)).collect();
    let glued = whole.iter().flat_map(|stem| suffixes.iter().map(move |suffix| format!("{stem}.{suffix}")));
    whole.iter().map(|name| (*name).to_owned()).chain(glued).take(NAMES_MAX).collect()
}

fn is_name(word: &str) -> bool {
    word.contains(char::is_alphabetic)
}

/// Returns what a name ends with as that of a file does: `.txt`, and not `.5`.
fn suffix(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, suffix)| suffix).filter(|suffix| is_suffix(suffix))
}

fn is_suffix(suffix: &str) -> bool {
    suffix.len() <= SUFFIX_MAX && suffix.starts_with(char::is_alphabetic) && suffix.chars().all(char::is_alphanumeric)
}
