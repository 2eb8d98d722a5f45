//! Which files are meant: one pattern a line, `!` in front of what is left out, `#` in front of
//! what is said about it. Later lines win.

use super::super::workspace::Workspace;
use super::halt::Halt;
use crate::diagnostic::shown;
use crate::files::ENTRIES_MAX;
use crate::taint::Text;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many patterns an input may have.
const PATTERNS_MAX: usize = 1_000;
/// What begins a group of alternatives of which more or less than one is meant. The library for patterns has
/// nothing like it.
const REPEATED: [char; 3] = ['+', '*', '!'];

/// The patterns of one input.
#[derive(Debug)]
pub(super) struct Patterns(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    includes: bool,
    /// Whether names that begin with a point are meant where the pattern has none.
    names_points: bool,
    glob: GlobMatcher,
}

/// Whether `*` takes names that begin with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Points {
    Taken,
    LeftOut,
}

/// A line of the author's, with payload text in it as it is.
#[derive(Default)]
struct Written {
    pattern: String,
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
            rules.push(rule(includes, pattern, points)?);
            if rules.len() > PATTERNS_MAX {
                return Err(format!("There are more than {PATTERNS_MAX} patterns."));
            }
        }
        Ok(Self(rules))
    }

    /// Says whether a path is meant, which is relative to the folder.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let has_point = path.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        let matching = |rule: &&Rule| (rule.names_points || !has_point) && rule.glob.is_match(path);
        self.0.iter().rev().find(matching).is_some_and(|rule| rule.includes)
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
        let without = pattern.strip_prefix('!').filter(|_| begins_own);
        wanted.push((without.is_none(), without.unwrap_or(pattern).trim_start().to_owned()));
    }
    wanted
}

fn rule(includes: bool, pattern: &str, points: Points) -> Result<Rule, String> {
    let failed = |reason: String| format!("The pattern `{}` can't be used: {reason}.", shown(pattern));
    let translated = translated(pattern).map_err(failed)?;
    let mut builder = GlobBuilder::new(&translated);
    let glob = builder.literal_separator(true).backslash_escape(true).empty_alternates(true).build();
    let glob = glob.map_err(|error| failed(error.kind().to_string()))?;
    let names_points = points == Points::Taken || pattern.starts_with('.') || pattern.contains("/.");
    Ok(Rule { includes, names_points, glob: glob.compile_matcher() })
}

/// Returns a pattern of the pipeline language as the library for patterns spells it. There are groups,
/// `@(a|b)` and `?(a|b)`, and braces are characters like others. On failure, why there is none.
fn translated(pattern: &str) -> Result<String, String> {
    let mut translated = String::with_capacity(pattern.len());
    // Whether each open group may be left out.
    let mut open: Vec<bool> = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let begins_group = characters.peek() == Some(&'(');
        match character {
            '\\' => {
                translated.push(character);
                translated.extend(characters.next());
            }
            // The end of a class is not its first character.
            '[' => {
                translated.push(character);
                translated.extend(characters.next_if(|next| ['!', '^'].contains(next)));
                translated.extend(characters.next());
                while let Some(inner) = characters.next_if(|next| *next != ']') {
                    translated.push(inner);
                }
            }
            '@' | '?' if begins_group => {
                characters.next();
                translated.push('{');
                open.push(character == '?');
            }
            repeated if begins_group && REPEATED.contains(&repeated) => {
                return Err(format!("there is no `{repeated}(…)`. Help: write a line for each of what is meant"));
            }
            '|' if !open.is_empty() => translated.push(','),
            ')' if !open.is_empty() => translated.push_str(if open.pop() == Some(true) { ",}" } else { "}" }),
            '{' | '}' | ',' => translated.extend(['\\', character]),
            _ => translated.push(character),
        }
    }
    if open.is_empty() { Ok(translated) } else { Err("a group has no end".to_owned()) }
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
            line.pattern.push_str(&if segment.is_tainted() { globset::escape(piece) } else { piece.to_owned() });
        }
    }
    lines
}

/// Returns the files that patterns mean anywhere in a job's folders, in their order: what is relative
/// begins at the sources. On failure, a sentence.
pub(super) fn found(text: &Text, workspace: &Workspace, halt: &Halt) -> Result<Vec<PathBuf>, String> {
    let sources = format!("{}/", workspace.sources.display());
    let (mut rules, mut roots) = (Vec::new(), BTreeSet::new());
    for (includes, pattern) in wanted(text) {
        let within = pattern.strip_prefix(&sources).or_else(|| pattern.strip_prefix("./")).unwrap_or(&pattern);
        let (base, below) = match within.strip_prefix('/') {
            Some(below) => (Path::new("/"), below),
            None => (&*workspace.sources, within),
        };
        if includes {
            roots.extend(root(base, below, workspace)?);
        }
        let base = globset::escape(base.to_string_lossy().trim_end_matches('/'));
        rules.push(rule(includes, &format!("{base}/{below}"), Points::Taken)?);
        if rules.len() > PATTERNS_MAX {
            return Err(format!("There are more than {PATTERNS_MAX} patterns."));
        }
    }
    let patterns = Patterns(rules);
    let mut files = BTreeSet::new();
    for root in &roots {
        // What is in another one is looked through with that.
        if root.ancestors().skip(1).any(|around| roots.contains(around)) {
            continue;
        }
        let all = tree(root, halt)?.files.into_iter().map(|path| root.join(path));
        files.extend(all.filter(|path| patterns.holds(path)));
    }
    Ok(files.into_iter().collect())
}

/// Returns the folder below which all is that a pattern can mean, if it is there.
fn root(base: &Path, pattern: &str, workspace: &Workspace) -> Result<Option<PathBuf>, String> {
    let is_plain = |part: &&str| !part.contains(['*', '?', '[', ']', '(', '\\']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let folders = parts[..parts.len() - 1].iter().copied().take_while(is_plain);
    let root = base.join(folders.collect::<PathBuf>());
    match root.is_dir() {
        true => workspace.inside(&root.to_string_lossy()).map(|_| Some(root)),
        false => Ok(None),
    }
}

/// What is in a folder, as paths relative to it and in their order.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
    /// Links, which are never followed.
    pub(super) links: Vec<PathBuf>,
}

/// Returns all that is in a folder. On failure, a sentence.
pub(super) fn tree(root: &Path, halt: &Halt) -> Result<Tree, String> {
    let mut tree = Tree::default();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        halt.check()?;
        let failed = |error| format!("`{}` can't be read: {error}.", shown(&root.join(&folder).to_string_lossy()));
        for entry in std::fs::read_dir(root.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                open.push(path.clone());
                tree.folders.push(path);
            } else if kind.is_symlink() {
                tree.links.push(path);
            } else if kind.is_file() {
                tree.files.push(path);
            }
        }
        if tree.files.len() + tree.folders.len() + tree.links.len() > ENTRIES_MAX {
            return Err(format!("`{}` has more than {ENTRIES_MAX} files.", shown(&root.to_string_lossy())));
        }
    }
    tree.files.sort();
    tree.folders.sort();
    tree.links.sort();
    Ok(tree)
}
