//! The names that files may have to which a Python script writes payload text, for the scripts that follow.
//!
//! Where a name is known only when the script runs, it may be each of the script's own texts that looks like the name of a
//! file, and each that could be one where none looks so: `for n, t in {'run.sh': text}.items(): open(n, 'w').write(t)`.
//! A file of another name, which the script reads somewhere, is not followed: or no later script could run any. Of
//! a name that is known in part, the rest may be anything.

use super::lexer::{FIELD, Token};
use super::sink::{FILES, Judge};
use super::texts::UNKNOWN;
use super::tree::{Expr, Statement};
use crate::shell::filename::base;
use crate::shell::program::Holes;
use std::collections::{BTreeMap, BTreeSet};

/// The most texts that may be names: far above what a person writes.
const NAMES_MAX: usize = 200;

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
            match name.replace(UNKNOWN, "*") {
                any if any.trim_matches('*').is_empty() => unnamed.extend(holes),
                pattern => {
                    files.entry(name.to_owned()).or_insert(*hole);
                    files.entry(pattern).or_insert(*hole);
                }
            }
        }
        if let Some(hole) = unnamed.first() {
            files.extend(own_names(tokens).into_iter().map(|name| (name, *hole)));
        }
        files.into_iter().filter(|(file, _)| !file.is_empty()).collect()
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

/// Returns the texts of a script that may be names of files: those that look so, or all that could be if none does.
fn own_names(tokens: &[Token]) -> BTreeSet<String> {
    let texts = tokens.iter().filter_map(|token| match token {
        Token::Text(text, holes) if holes.is_empty() && !text.contains(FIELD) => Some(text.as_str()),
        _ => None,
    });
    let words: Vec<&str> = texts.filter(|text| !text.contains("://") && is_word(base(text))).collect();
    let named = words.iter().map(|text| base(text)).filter(|name| has_suffix(name));
    // `tmp[:-4]`
    let named =
        named.flat_map(|name| [Some(name), name.rsplit_once('.').map(|(stem, _)| stem).filter(|it| has_suffix(it))]);
    let named: BTreeSet<String> = named.flatten().map(str::to_owned).take(NAMES_MAX).collect();
    match named.is_empty() {
        true => words.iter().map(|text| base(text).to_owned()).take(NAMES_MAX).collect(),
        false => named,
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || "._-".contains(it))
}

/// Says whether a name ends as that of a file does: `.txt`, and not `.5`.
fn has_suffix(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, suffix)| {
        suffix.starts_with(char::is_alphabetic)
            && suffix.len() <= SUFFIX_MAX
            && suffix.chars().all(char::is_alphanumeric)
    })
}
