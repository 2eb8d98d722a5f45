//! Which files are meant: one pattern a line, `!` in front of what is left out, `#` in front of
//! what is said about it. Later lines win.

use super::super::workspace::Workspace;
use super::glob::{Glob, escape};
use super::halt::Halt;
use super::tree::{search, search_entries};
use crate::diagnostic::shown;
use crate::files::Sought;
use crate::taint::Text;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// How many patterns an input may have.
const PATTERNS_MAX: usize = 1_000;
/// What a path has that may mean several, or is spelled in another way than it is called.
const WILD: [char; 5] = ['*', '?', '[', '(', '\\'];

pub(super) use super::glob::Points;

/// The patterns of one input.
#[derive(Debug)]
pub(super) struct Patterns {
    rules: Vec<Rule>,
    points: Points,
}

#[derive(Debug)]
struct Rule {
    includes: bool,
    glob: Glob,
}

/// A line of the author's, with payload text in it as it is.
#[derive(Default)]
struct Written {
    pattern: String,
    /// The same without what makes payload text no pattern.
    literal: String,
    /// Whether the author's part of it may mean several paths.
    is_pattern: bool,
    /// The first character is the author's, or there is none.
    begins_own: Option<bool>,
}

impl Patterns {
    /// Returns patterns for paths below a folder, which may also be written with it. Payload text
    /// is what it is: no pattern, and no line of its own. On failure, a sentence.
    pub(super) fn new(text: &Text, base: &Path, points: Points) -> Result<Self, String> {
        let base = format!("{}/", base.display());
        let mut rules = Vec::new();
        for (includes, pattern) in wanted(text) {
            let within = pattern.strip_prefix(&base).or_else(|| pattern.strip_prefix("./"));
            let pattern = within.unwrap_or(&pattern);
            rules.push(rule(includes, pattern)?);
            if rules.len() > PATTERNS_MAX {
                return Err(format!("There are more than {PATTERNS_MAX} patterns."));
            }
        }
        Ok(Self { rules, points })
    }

    /// Says whether a path is meant, which is relative to the folder.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let last = self.rules.iter().rev().find(|rule| rule.glob.holds(path, self.points));
        last.is_some_and(|rule| rule.includes)
    }
}

/// Returns the patterns of a text, and whether each takes what it means or leaves it out.
fn wanted(text: &Text) -> Vec<(bool, String)> {
    let mut wanted = Vec::new();
    for line in lines(text) {
        let begins_own = line.begins_own.unwrap_or(false);
        let pattern = line.pattern.trim();
        if pattern.is_empty() || (begins_own && pattern.starts_with('#')) {
            continue;
        }
        // Two of them take as much as none.
        let without = if begins_own { pattern.trim_start_matches('!') } else { pattern };
        wanted.push(((pattern.len() - without.len()).is_multiple_of(2), without.trim_start().to_owned()));
    }
    wanted
}

fn rule(includes: bool, pattern: &str) -> Result<Rule, String> {
    let glob =
        Glob::new(pattern).map_err(|reason| format!("The pattern `{}` can't be used: {reason}.", shown(pattern)));
    Ok(Rule { includes, glob: glob? })
}

/// Splits at the author's line breaks only.
fn lines(text: &Text) -> Vec<Written> {
    let mut lines = vec![Written::default()];
    for segment in text.segments() {
        let pieces: Vec<&str> =
            if segment.is_tainted() { vec![&segment.text] } else { segment.text.split('\n').collect() };
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                lines.push(Written::default());
            }
            let line = lines.last_mut().expect("there is one from the beginning");
            if !piece.trim().is_empty() {
                line.begins_own.get_or_insert(!segment.is_tainted());
            }
            line.pattern.push_str(&if segment.is_tainted() { escape(piece) } else { piece.to_owned() });
            line.literal.push_str(piece);
            line.is_pattern |= !segment.is_tainted() && piece.contains(WILD);
        }
    }
    lines
}

/// Returns the paths of a text that are each named by a line of their own, without a pattern.
pub(super) fn named(text: &Text) -> Vec<String> {
    let lines = lines(text).into_iter().filter(|line| !line.is_pattern);
    let paths = lines.map(|line| (line.begins_own.unwrap_or(false), line.literal.trim().to_owned()));
    let is_named =
        |(begins_own, path): &(bool, String)| !(path.is_empty() || *begins_own && path.starts_with(['#', '!']));
    paths.filter(is_named).map(|(_, path)| path).collect()
}

/// Returns the files that patterns mean anywhere in a job's folders, in their order: what is relative
/// begins at the sources. On failure, a sentence.
pub(super) fn found(text: &Text, workspace: &Workspace, halt: &Halt) -> Result<Vec<PathBuf>, String> {
    found_from(&workspace.sources, text, workspace, halt, Sought::Files)
}

/// As [`found`], of files or folders too, with what is relative beginning at a folder.
pub(super) fn found_from(
    folder: &Path,
    text: &Text,
    workspace: &Workspace,
    halt: &Halt,
    sought: Sought,
) -> Result<Vec<PathBuf>, String> {
    let (mut rules, mut roots) = (Vec::new(), BTreeSet::new());
    for (includes, pattern) in wanted(text) {
        // The folder itself is in no folder that is looked through.
        let Some(parts) = placed(folder, &pattern).filter(|parts| Some(parts) != placed(folder, ".").as_ref()) else {
            continue;
        };
        if includes {
            roots.extend(root(&parts, workspace)?);
        }
        rules.push(rule(includes, &parts.join("/"))?);
        if rules.len() > PATTERNS_MAX {
            return Err(format!("There are more than {PATTERNS_MAX} patterns."));
        }
    }
    let patterns = Patterns { rules, points: Points::Taken };
    let mut files = BTreeSet::new();
    for root in &roots {
        // What is in another one is looked through with that.
        if root.ancestors().skip(1).any(|around| roots.contains(around)) {
            continue;
        }
        let is_meant = |path: &Path| patterns.holds(&root.join(path));
        let found = match sought {
            Sought::Files => search(root, workspace, halt, is_meant)?,
            Sought::Entries => search_entries(root, workspace, halt, is_meant)?,
        };
        files.extend(found.into_iter().map(|path| root.join(path)));
    }
    Ok(files.into_iter().collect())
}

/// Returns the parts of a pattern that begins at the root: a relative one is below the folder, and `..` goes up in
/// what is before it. Nothing where there is nothing to go up in.
fn placed(folder: &Path, pattern: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = vec![String::new()];
    if !pattern.starts_with('/') {
        let folder = folder.components().filter(|part| matches!(part, Component::Normal(_)));
        parts.extend(folder.map(|part| escape(&part.as_os_str().to_string_lossy())));
    }
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > 1 && parts.last().is_some_and(|it| it != "**") => drop(parts.pop()),
            ".." => return None,
            part => parts.push(part.to_owned()),
        }
    }
    Some(parts)
}

/// Returns the folder below which all is that a pattern can mean, if it is there.
fn root(parts: &[String], workspace: &Workspace) -> Result<Option<PathBuf>, String> {
    let names = parts[..parts.len() - 1].iter().map(|part| unescaped(part));
    let root = Path::new("/").join(names.map_while(|name| name).collect::<PathBuf>());
    match root.is_dir() {
        true => workspace.inside(&root.to_string_lossy()).map(|_| Some(root)),
        false => Ok(None),
    }
}

/// Returns the name that a part means, if it means one only.
fn unescaped(part: &str) -> Option<String> {
    let mut name = String::new();
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?),
            '*' | '?' | '[' | '(' => return None,
            other => name.push(other),
        }
    }
    Some(name)
}
