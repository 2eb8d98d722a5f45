//! Pipelines of the kinds that people write for Azure, from disk through the real `render`, compared
//! with what was worked out by hand. Each folder of `tests/testdata/azure` is one.

use crate::support::Folder;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/testdata/azure";

fn cases() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(FOLDER).expect("the cases are there");
    let mut cases: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

/// Copies a folder's files below `pipelines/`, so that it is a repository of its own.
fn copy(from: &Path, to: &Folder, inside: &str) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{inside}/{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            copy(&path, to, &name);
        } else if !path.ends_with("expected.yml") {
            to.write(&name, &std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn pipelines_as_people_write_them_come_to_what_was_worked_out() {
    let cases = cases();
    assert!(cases.len() >= 11, "{cases:?}");
    let mut differences = Vec::new();
    for case in cases {
        let folder = Folder::new("workers: {pools: [default, win]}\n");
        copy(&case, &folder, "pipelines");
        let mut arguments = vec!["render", "pipelines/main.yml", "--format", "json", "--as-written"];
        if case.join("payload.json").exists() {
            arguments.extend(["--payload", "pipelines/payload.json"]);
        }
        let output = folder.run(&arguments);
        // What no worker can execute yet is expanded all the same.
        let mut found: serde_json::Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        if let Some(document) = found.as_object_mut() {
            document.shift_remove("parameters");
            document.shift_remove("resources");
        }
        let expected = std::fs::read_to_string(case.join("expected.yml")).expect("an expectation");
        if found != super::world::read(&expected) {
            differences.push(format!("{}:\n{found:#}\n{}", case.display(), output.stderr));
        }
        let checked = folder.run(&["check", "pipelines"]);
        if checked.code != Some(0) || checked.stderr.contains("warning[") {
            differences.push(format!("{}: {}", case.display(), checked.stderr));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
