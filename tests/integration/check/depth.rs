//! Lines at wrong depths: each line of the pipelines in `tests/testdata/shifted` and `tests/testdata/check` is moved
//! by one blank and by one level, to the left and to the right. The first report about what that makes of them
//! stands on the line that was moved, and is the only one.
//!
//! A move after which the document is the same does not count. One that makes another good pipeline does, though
//! nobody can tell it: the name of the last step of a job is a good name for the job.

use super::mutation::{Mark, is_same, reported};
use crate::support::Folder;
use pipehook::diagnostic::{Diagnostics, SourceId};
use pipehook::yaml::{self, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One of so many moves is tried; another beginning tries others.
const SAMPLE: usize = 6;
/// The least share of moves whose first report stands on the moved line, and of those told by one report.
const FIRST: f64 = 0.95;
const ONCE: f64 = 0.98;

/// A pipeline with its templates: the path below the folder, and the text.
pub(super) type Tree = BTreeMap<String, String>;

/// A tree with one line of one file changed.
pub(super) struct Moved {
    pub(super) tree: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) text: String,
}

#[test]
fn a_line_at_a_wrong_depth_is_told_where_it_stands_and_once() {
    let trees = trees();
    let moved = trees.iter().flat_map(|(name, files)| moves(name, files)).collect::<Vec<_>>();
    let moved: Vec<Moved> = moved.into_iter().step_by(SAMPLE).collect();
    assert!(moved.len() >= 500, "only {} moves", moved.len());
    let (first, once, wrong) = shares(&trees, &moved);
    assert!(first >= FIRST && once >= ONCE, "{first} {once}\n{wrong}");
}

/// Returns of how many changed lines the first report stands on the line, of how many there is one report at most,
/// and which are others.
pub(super) fn shares(trees: &BTreeMap<String, Tree>, moved: &[Moved]) -> (f64, f64, String) {
    let folder = Folder::new("");
    for (name, files) in trees {
        write(&folder, &format!("bases/{name}"), files);
    }
    for (number, it) in moved.iter().enumerate() {
        let mut files = trees[&it.tree].clone();
        files.insert(it.file.clone(), it.text.clone());
        write(&folder, &format!("moved/{number:04}"), &files);
    }
    let (known, found) = (by_tree(reported(&folder, "bases")), by_tree(reported(&folder, "moved")));
    let (mut first, mut once, mut wrong) = (0, 0, Vec::new());
    for (number, it) in moved.iter().enumerate() {
        let before = known.get(&it.tree).cloned().unwrap_or_default();
        let after = found.get(&format!("{number:04}")).cloned().unwrap_or_default();
        let new: Vec<&(String, Mark)> = after.difference(&before).filter(|(_, mark)| mark.is_report()).collect();
        let is_first = new.first().is_some_and(|(file, mark)| *file == it.file && mark.line == it.line);
        first += usize::from(is_first);
        once += usize::from(new.len() <= 1);
        if !is_first || new.len() > 1 {
            let line = it.text.lines().nth(it.line - 1).unwrap_or_default();
            wrong.push(format!("{}/{}:{}: {line}   {new:?}", it.tree, it.file, it.line));
        }
    }
    let share = |count: usize| count as f64 / moved.len() as f64;
    println!("of {} moves: first {:.1} %, once {:.1} %", moved.len(), share(first) * 100.0, share(once) * 100.0);
    (share(first), share(once), wrong.join("\n"))
}

/// Returns every pipeline with its templates, by name.
fn trees() -> BTreeMap<String, Tree> {
    let mut trees = trees_below("tests/testdata/shifted");
    for file in yaml_files(Path::new("tests/testdata/check")) {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a pipeline");
        trees.insert(name, Tree::from([("main.yml".to_owned(), text)]));
    }
    trees
}

/// Returns every pipeline of a folder of folders with its templates, by name.
pub(super) fn trees_below(folder: &str) -> BTreeMap<String, Tree> {
    let mut trees = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the pipelines are there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut files = Tree::new();
        for file in yaml_files(&path) {
            let inside = file.strip_prefix(&path).expect("below it").to_string_lossy().into_owned();
            files.insert(inside, std::fs::read_to_string(&file).expect("a file"));
        }
        trees.insert(name, files);
    }
    trees
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] }).collect()
}

fn write(folder: &Folder, below: &str, files: &Tree) {
    for (name, text) in files {
        folder.write(&format!("{below}/{name}"), text);
    }
}

/// Sorts what is told by the tree in whose files it is.
fn by_tree(found: BTreeMap<String, BTreeSet<Mark>>) -> BTreeMap<String, BTreeSet<(String, Mark)>> {
    let mut by_tree: BTreeMap<String, BTreeSet<(String, Mark)>> = BTreeMap::new();
    for (path, marks) in found {
        let mut parts = path.splitn(3, '/').skip(1);
        let (tree, file) = (parts.next().expect("a tree"), parts.next().expect("a file"));
        by_tree.entry(tree.to_owned()).or_default().extend(marks.into_iter().map(|mark| (file.to_owned(), mark)));
    }
    by_tree
}

/// Returns every move of a line of a tree that makes another document.
fn moves(tree: &str, files: &Tree) -> Vec<Moved> {
    let mut moves = Vec::new();
    for (file, text) in files {
        let lines: Vec<&str> = text.lines().collect();
        let level = level(&lines);
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_own(line)) {
            let blanks = depth(line);
            for to in [blanks.checked_sub(level), blanks.checked_sub(1), Some(blanks + 1), Some(blanks + level)] {
                let Some(to) = to else { continue };
                let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
                changed[at] = format!("{}{}", " ".repeat(to), line.trim_start());
                let changed = changed.join("\n") + "\n";
                let is_as_good = is_text(&lines, at) && shape(&changed) == shape(text);
                if !(is_as_good || is_same(&changed, text)) {
                    moves.push(Moved { tree: tree.to_owned(), file: file.clone(), line: at + 1, text: changed });
                }
            }
        }
    }
    moves
}

fn is_own(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns by how much a file indents.
fn level(lines: &[&str]) -> usize {
    let deeper = |pair: &[&str]| depth(pair[1]).checked_sub(depth(pair[0])).filter(|step| *step > 0);
    let mut counts = BTreeMap::<usize, usize>::new();
    lines.windows(2).filter_map(deeper).for_each(|step| *counts.entry(step).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(2, |(step, _)| step)
}

/// Says whether a line is one of a script.
fn is_text(lines: &[&str], at: usize) -> bool {
    let around = lines[..at].iter().rev().find(|line| is_own(line) && depth(line) < depth(lines[at]));
    around.is_some_and(|line| line.ends_with(['|', '>']))
}

/// Returns a document without its texts: a script with another text in it is as good.
fn shape(text: &str) -> Option<String> {
    fn of(node: &Node) -> String {
        match &node.content {
            yaml::Content::Scalar(_) => "text".to_owned(),
            yaml::Content::Sequence(items) => format!("{:?}", items.iter().map(of).collect::<Vec<_>>()),
            yaml::Content::Mapping(entries) => {
                format!("{:?}", entries.iter().map(|it| (it.key.text(), of(&it.value))).collect::<Vec<_>>())
            }
        }
    }
    yaml::parse(text, SourceId(0), &mut Diagnostics::default()).map(|node| of(&node))
}
