//! Broken variants of the pipelines in `tests/testdata/check`: each has one line changed, and a
//! mistake must be told on that line, as the place of its report. A report may mark other places that
//! matter: where a value and a block below it exclude each other, either may be what was changed.

use crate::support::Folder;
use pipehook::diagnostic::{Diagnostics, SourceId};
use pipehook::yaml;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How many variants are checked, and the least share whose line is the place of a report.
const VARIANTS: usize = 500;
const SHARE: f64 = 0.95;
/// The least share of which nothing is told but one report.
const ONCE: f64 = 0.99;
/// Below these keys the author chooses the keys.
const CHOSEN: [&str; 7] = ["variables", "env", "matrix", "inputs", "services", "old", "new"];
/// Keys whose values are any text, so that no other text is wrong.
const FREE: [&str; 6] = ["script", "bash", "pwsh", "powershell", "value", "displayName"];

/// One changed line.
struct Variant {
    kind: &'static str,
    file: String,
    line: usize,
    text: String,
}

/// A line that a report marks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) line: usize,
    title: String,
    /// Whether it is the report's place, or one beside it.
    is_primary: bool,
    severity: String,
}

impl Mark {
    /// Says whether it is the place of an error or a warning.
    pub(super) fn is_report(&self) -> bool {
        self.is_primary && self.severity != "note"
    }
}

#[test]
fn a_mistake_is_told_on_the_line_that_was_changed() {
    let folder = Folder::new("");
    let bases = bases();
    for (name, text) in &bases {
        folder.write(&format!("bases/{name}.yml"), text);
    }
    let known = reported(&folder, "bases");
    let variants = chosen(bases.iter().flat_map(|(name, text)| variants(name, text)).collect());
    assert_eq!(variants.len(), VARIANTS);
    for (number, variant) in variants.iter().enumerate() {
        folder.write(&format!("variants/{number:03}.yml"), &variant.text);
    }
    let found = reported(&folder, "variants");
    let mut primary = 0;
    let (mut told, mut missed) = (BTreeMap::<&str, (usize, usize)>::new(), Vec::new());
    let mut more = Vec::new();
    for (number, variant) in variants.iter().enumerate() {
        let before = known.get(&format!("bases/{}.yml", variant.file)).cloned().unwrap_or_default();
        let mistakes = found.get(&format!("variants/{number:03}.yml")).cloned().unwrap_or_default();
        let new = || mistakes.difference(&before).filter(|mark| mark.line == variant.line);
        let is_told = new().next().is_some();
        let is_place = new().any(|mark| mark.is_primary);
        primary += usize::from(is_place);
        let count = told.entry(variant.kind).or_default();
        *count = (count.0 + usize::from(is_told), count.1 + 1);
        let reports: Vec<_> = mistakes.difference(&before).filter(|mark| mark.is_report()).collect();
        if reports.len() > 1 {
            more.push(format!("{}:{}: {reports:?}", variant.file, variant.line));
        }
        if !is_place {
            let changed = variant.text.lines().nth(variant.line - 1).unwrap_or_default();
            let new: Vec<_> = mistakes.difference(&before).collect();
            missed.push(format!("{} in {}:{}: {changed}   {new:?}", variant.kind, variant.file, variant.line));
        }
    }
    let share = |count: usize| count as f64 / VARIANTS as f64;
    let (primary, once) = (share(primary), 1.0 - share(more.len()));
    println!("the changed line is the place of a report: {:.1} % of {VARIANTS}; marked: {told:?}", primary * 100.0);
    println!("at most one report: {:.1} %", once * 100.0);
    assert!(primary >= SHARE, "only {primary}:\n{}", missed.join("\n"));
    assert!(once >= ONCE, "only {once}:\n{}", more.join("\n"));
}

/// Returns the lines on which something is wrong or worth a warning, with what, for each file.
pub(super) fn reported(folder: &Folder, path: &str) -> BTreeMap<String, BTreeSet<Mark>> {
    let output = folder.run(&["check", path, "--format", "json"]);
    let mut found = BTreeMap::<String, BTreeSet<Mark>>::new();
    for report in output.json().as_array().expect("a list") {
        let [title, severity] = ["title", "severity"].map(|key| report[key].as_str().unwrap_or_default().to_owned());
        let related = report["related"].as_array().into_iter().flatten().map(|place| (place, false));
        for (place, is_primary) in std::iter::once((&report["place"], true)).chain(related) {
            if let (Some(file), Some(line)) = (place["file"].as_str(), place["line"].as_u64()) {
                let (title, severity) = (title.clone(), severity.clone());
                let mark = Mark { line: line as usize, title, is_primary, severity };
                found.entry(file.to_owned()).or_default().insert(mark);
            }
        }
    }
    found
}

fn bases() -> Vec<(String, String)> {
    let folder = std::fs::read_dir("tests/testdata/check").expect("the pipelines are there");
    let mut bases: Vec<(String, String)> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a pipeline"))
        })
        .collect();
    bases.sort();
    bases
}

/// Takes as many of each kind as there are, evenly from all of them.
fn chosen(all: Vec<Variant>) -> Vec<Variant> {
    let count = all.len();
    assert!(count >= VARIANTS, "there are only {count} variants");
    let is_chosen = |at: usize| (at + 1) * VARIANTS / count > at * VARIANTS / count;
    all.into_iter().enumerate().filter(|(at, _)| is_chosen(*at)).map(|(_, variant)| variant).collect()
}

/// Returns every variant of a pipeline that differs from it in one line.
fn variants(file: &str, text: &str) -> Vec<Variant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut variants = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') || is_in_block(&lines, at) {
            continue;
        }
        let mut add = |kind: &'static str, changed: String| {
            let with = |(place, line): (usize, &&str)| if place == at { changed.clone() } else { (*line).to_owned() };
            let changed = lines.iter().enumerate().map(with).collect::<Vec<String>>().join("\n") + "\n";
            if !is_same(&changed, text) {
                variants.push(Variant { kind, file: file.to_owned(), line: at + 1, text: changed });
            }
        };
        if let Some((start, key)) = key(line).filter(|_| !is_chosen_by_author(&lines, at)) {
            misspelt(key).into_iter().for_each(|other| add("key", line.replacen(key, &other, 1)));
            let value = line[start + key.len() + 1..].trim();
            let before = &line[..=start + key.len()];
            if !FREE.contains(&key) && !value.starts_with(['[', '{', '|']) {
                add("type", format!("{before} {}", other_type(value)));
            }
        }
        for other in shifted(&lines, at) {
            add("indentation", other);
        }
        for bracket in ['[', ']', '{', '}', '(', ')'] {
            if is_structural(line, bracket) {
                add("bracket", line.replacen(bracket, "", 1));
            }
        }
    }
    variants
}

/// Says whether two texts are the same document, which a change of blanks may leave it.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let tree = |text: &str| {
        let mut diagnostics = Diagnostics::default();
        yaml::parse(text, SourceId(0), &mut diagnostics).map(|node| format!("{:?}", words(&node)))
    };
    tree(one).is_some_and(|one| Some(one) == tree(other))
}

/// Returns a document without its places.
fn words(node: &yaml::Node) -> serde_json::Value {
    match &node.content {
        yaml::Content::Scalar(scalar) => json!(&*scalar.text),
        yaml::Content::Sequence(items) => items.iter().map(words).collect(),
        yaml::Content::Mapping(entries) => {
            json!({"entries": entries.iter().map(|entry| json!([words(&entry.key), words(&entry.value)])).collect::<Vec<_>>()})
        }
    }
}

/// Says whether a line is part of a block of text.
fn is_in_block(lines: &[&str], at: usize) -> bool {
    let own = indentation(lines[at]);
    let opener = lines[..at].iter().rev().find(|line| !line.trim().is_empty() && indentation(line) < own);
    opener.is_some_and(|line| line.ends_with('|'))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns the first key of a line and where it begins.
fn key(line: &str) -> Option<(usize, &str)> {
    let start = line.len() - line.trim_start_matches([' ', '-']).len();
    let key = &line[start..start + line[start..].find(':')?];
    key.bytes().all(|byte| byte.is_ascii_alphabetic()).then_some((start, key))
}

/// Says whether the key of a line is one that the author chose.
fn is_chosen_by_author(lines: &[&str], at: usize) -> bool {
    let mut own = indentation(lines[at]) + usize::from(lines[at].trim_start().starts_with('-')) * 2;
    if lines[at].trim_start().starts_with('-') {
        return false;
    }
    for line in lines[..at].iter().rev().filter(|line| !line.trim().is_empty()) {
        let start = line.len() - line.trim_start_matches([' ', '-']).len();
        if start < own {
            own = start;
            if line.trim_start().starts_with('-') {
                return key(line).is_some_and(|(_, key)| CHOSEN.contains(&key)) && start + 2 < indentation(lines[at]);
            }
            if key(line).is_some_and(|(_, key)| CHOSEN.contains(&key)) {
                return true;
            }
        }
    }
    false
}

/// Returns a key with two letters swapped, and with one left out.
fn misspelt(key: &str) -> Vec<String> {
    let middle = key.len() / 2;
    let mut swapped: Vec<char> = key.chars().collect();
    swapped.swap(middle - 1, middle);
    let without = format!("{}{}", &key[..middle], &key[middle + 1..]);
    [swapped.into_iter().collect(), without].into_iter().filter(|other| other != key).collect()
}

/// Returns a value of another form than the one that is there.
fn other_type(value: &str) -> &'static str {
    if value.is_empty() { "text" } else { "{a: [b]}" }
}

/// Returns the line moved to the left and to the right, where that makes another document: a
/// block whose only line it is may begin anywhere.
fn shifted(lines: &[&str], at: usize) -> Vec<String> {
    let line = lines[at];
    let own = indentation(line);
    let near = |line: Option<&&str>| line.is_some_and(|line| !line.trim().is_empty() && indentation(line) == own);
    let has_siblings = near(lines.get(at + 1)) || at > 0 && near(lines.get(at - 1));
    let mut shifted = Vec::new();
    if has_siblings && own > 1 && !line.trim_start().starts_with('-') {
        for blanks in 1..=2 {
            shifted.push(line[blanks..].to_owned());
            shifted.push(format!("{}{line}", " ".repeat(blanks)));
        }
    }
    shifted
}

/// Says whether a bracket of a line belongs to the language, not to the text of a script.
fn is_structural(line: &str, bracket: char) -> bool {
    let has_key = key(line).is_some_and(|(_, key)| FREE.contains(&key));
    let is_macro = "()".contains(bracket) && !line.trim_start().starts_with("condition:");
    line.contains(bracket) && !has_key && !is_macro && (!line.contains("${{") || !"{}".contains(bracket))
}
