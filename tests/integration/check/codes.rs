//! For each code a case in `tests/testdata/codes`: files in which the mistakes are marked, the command
//! that finds them, and how it ends. A report that is not marked is a failure as much as a mark
//! without a report.
//!
//! ```text
//! $ check p.yml          the command
//! = 1                    how it ends
//! ~ open-topics          a mistake that has no place
//! --- p.yml              a file
//! steps:
//! - scrpt: x
//! #~3 unknown-key        the line above has this mistake, at column 3
//! ```

use crate::support::Folder;
use pipehook::diagnostic::Code;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const FOLDER: &str = "tests/testdata/codes";
/// Codes that no command over files gives, with the test that shows each.
const ELSEWHERE: [(Code, &str, &str); 1] = [(Code::NotStarted, "tests/integration/store", "Code::NotStarted")];

/// A code, and its file, line and column if it has a place.
type Mark = (String, Option<(String, u64, u64)>);

struct Case {
    command: Vec<String>,
    exit: i32,
    files: BTreeMap<String, String>,
    marks: BTreeSet<Mark>,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut case = Self { command: Vec::new(), exit: 0, files: BTreeMap::new(), marks: BTreeSet::new() };
        let mut name = None;
        let mut line = 0;
        for (number, written) in text.lines().enumerate() {
            let Some((first, rest)) = written.split_once(' ').filter(|_| name.is_none() || written.starts_with("--- "))
            else {
                let name: &String = name.as_ref().unwrap_or_else(|| panic!("line {number} is in no file"));
                let file = case.files.get_mut(name).expect("it was begun");
                file.push_str(written);
                file.push('\n');
                match mark(written) {
                    Some((column, code)) => drop(case.marks.insert((code, Some((name.clone(), line, column))))),
                    None => line = file.lines().count() as u64,
                }
                continue;
            };
            match first {
                "$" => case.command = rest.split_whitespace().map(str::to_owned).collect(),
                "=" => case.exit = rest.parse().expect("a number"),
                "~" => drop(case.marks.insert((rest.to_owned(), None))),
                "---" => {
                    case.files.insert(rest.to_owned(), String::new());
                    name = Some(rest.to_owned());
                    line = 0;
                }
                other => panic!("{other} is nothing"),
            }
        }
        case
    }
}

/// Returns the column and the code of a line that is a mark.
fn mark(line: &str) -> Option<(u64, String)> {
    let (column, code) = line.strip_prefix("#~")?.split_once(' ')?;
    Some((column.parse().ok()?, code.to_owned()))
}

fn found(reports: &Value) -> BTreeSet<Mark> {
    let one = |report: &Value| {
        let place = &report["place"];
        let place = place["file"].as_str().map(|file| {
            (file.to_owned(), place["line"].as_u64().expect("a line"), place["column"].as_u64().expect("a column"))
        });
        (report["code"].as_str().expect("a code").to_owned(), place)
    };
    reports.get("reports").unwrap_or(reports).as_array().expect("a list").iter().map(one).collect()
}

#[test]
fn each_mistake_is_found_where_it_is_marked_and_no_other() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(FOLDER).expect("the cases are there") {
        let path = entry.expect("an entry").path();
        let case = Case::read(&std::fs::read_to_string(&path).expect("a case"));
        let folder = Folder::new("");
        for (name, text) in &case.files {
            folder.write(name, text);
        }
        let mut arguments: Vec<&str> = case.command.iter().map(String::as_str).collect();
        arguments.extend(["--format", "json"]);
        let output = folder.run(&arguments);
        if output.code != Some(case.exit) || found(&output.json()) != case.marks {
            wrong.push(format!("{}: {:?} {}", path.display(), output.code, output.stdout));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case_and_an_explanation() {
    for code in Code::ALL {
        let explanation = code.explanation();
        assert!(explanation.split_whitespace().count() >= 10, "{code} is not explained: {explanation}");
        if let Some((_, place, word)) = ELSEWHERE.iter().find(|(known, ..)| known == code) {
            assert!(is_named_below(Path::new(place), word), "no test in {place} has {word}");
            continue;
        }
        let path = Path::new(FOLDER).join(format!("{code}.case"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(Case::read(&text).marks.iter().any(|(marked, _)| *marked == code.word()), "{}", path.display());
    }
}

fn is_named_below(folder: &Path, word: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.into_iter().any(|path| match path.is_dir() {
        true => is_named_below(&path, word),
        false => std::fs::read_to_string(&path).is_ok_and(|text| text.contains(word)),
    })
}
