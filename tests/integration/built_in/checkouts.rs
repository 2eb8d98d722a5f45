//! Checkouts with submodules and large files.

use super::{Folder, fails_with, folder, git, printed, repository, run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Adds a submodule and commits it.
fn add(folder: &Folder, other: &Folder, place: &str) {
    let from = other.path().display().to_string();
    git(folder.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, place]);
    git(folder.path(), &["commit", "--quiet", "--message", "with a submodule"]);
}

/// Says in a configuration where repositories are.
fn know(folder: &Folder, repositories: &[(&str, &Folder)]) {
    let known = repositories.iter().map(|(name, other)| format!("  {name}: {}\n", other.path().display()));
    folder.write("pipehook.yml", &format!("repositories:\n{}", known.collect::<String>()));
}

#[test]
fn submodules_are_those_of_the_repository_or_all_of_them() {
    for (wanted, inner) in [("true", "gone"), ("recursive", "kept")] {
        let deep = repository("steps: []\n");
        let lib = repository("steps: []\n");
        add(&lib, &deep, "deep");
        let tools = repository("steps: []\n");
        let folder = repository(&format!(
            "\
resources:
  repositories:
  - {{repository: tools, type: git, name: tools}}
steps:
- checkout: self
  submodules: {wanted}
  path: s/own
  clean: true
  fetchDepth: 1
  fetchTags: true
  persistCredentials: true
- checkout: tools
- script: |
    cat own/lib/kept.txt own/lib/deep/kept.txt tools/kept.txt 2>/dev/null; echo; git -C own rev-list --count HEAD; git -C own tag
    git -C own submodule status | cut -c1
"
        ));
        add(&folder, &lib, "lib");
        git(folder.path(), &["tag", "v1"]);
        know(&folder, &[("tools", &tools), ("lib", &lib), ("deep", &deep)]);
        let output = run(&folder).ended_with(0);
        let read = if inner == "kept" { "keptkeptkept" } else { "keptkept" };
        assert!(printed(&output).ends_with(&[read, "1", "v1", " "]), "{output:?}");
    }
}

#[test]
fn a_submodule_from_a_folder_that_is_not_named_is_refused_at_every_depth() {
    let secret = repository("steps: []\n");
    let lib = repository("steps: []\n");
    add(&lib, &secret, "deep");
    let folder = repository("steps:\n- checkout: self\n  submodules: recursive\n");
    add(&folder, &lib, "lib");
    fails_with(run(&folder), "transport 'file' not allowed");
    know(&folder, &[("lib", &lib)]);
    let output = run(&folder);
    fails_with(output, "transport 'file' not allowed");
    // One that is named does not help one beside it.
    let both = repository("steps:\n- checkout: self\n  submodules: true\n");
    add(&both, &lib, "lib");
    add(&both, &secret, "other");
    know(&both, &[("lib", &lib)]);
    fails_with(run(&both), "transport 'file' not allowed");
}

#[test]
fn large_files_are_fetched_by_the_program_for_them_or_the_run_is_refused() {
    let folder = repository("steps:\n- checkout: self\n  lfs: true\n- script: cat kept.txt\n");
    let refused = run(&folder).ended_with(1);
    assert!(refused.stdout.is_empty(), "{refused:?}");
    assert!(refused.stderr.contains("error[missing-program]: `git-lfs` is not installed"), "{refused:?}");
    let commit = git(folder.path(), &["rev-parse", "HEAD"]);
    folder.write("bin/git-lfs", "#!/bin/bash\necho \"called $* in $(basename \"$PWD\")\"\n");
    let program = folder.path().join("bin/git-lfs");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").expect("a path"));
    let output = folder.command(&["run", "pipelines/p.yml", "--raw"]).env("PATH", path).output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    let place = |line: &str| text.lines().position(|it| it == line).unwrap_or_else(|| panic!("{line}\n{text}"));
    let install = place("called install --local --skip-repo in s");
    let fetch = place(&format!("called fetch origin {commit} in s"));
    let checkout = place(&format!("##[command]git checkout --quiet --force --detach {commit}"));
    assert!(install < fetch && fetch < checkout && checkout < place("kept"), "{text}");
}

#[test]
fn a_job_that_wants_no_large_files_needs_no_program_for_them() {
    let folder = repository("steps:\n- checkout: self\n  lfs: false\n- script: cat kept.txt\n");
    assert!(printed(&run(&folder).ended_with(0)).contains(&"kept"));
    let other = folder_of_another_pool();
    assert!(!run(&other).stderr.contains("git-lfs"));
}

fn folder_of_another_pool() -> Folder {
    folder("jobs:\n- job: a\n  pool: elsewhere\n  steps:\n  - checkout: self\n    lfs: true\n")
}

#[test]
fn a_repository_that_can_t_be_read_fails_the_job() {
    type Break = fn(&Path);
    let breaks: [(&str, Break); 3] = [
        ("HEAD is at a branch that is gone", |git| {
            std::fs::write(git.join("HEAD"), "ref: refs/heads/gone\n").expect("a file")
        }),
        ("its objects are gone", |git| std::fs::remove_dir_all(git.join("objects")).expect("a folder")),
        ("a reference is garbage", |git| {
            std::fs::write(git.join("refs/heads/topic/one"), "garbage\n").expect("a file");
        }),
    ];
    for (what, break_it) in breaks {
        let folder = repository("steps:\n- script: echo ran\n");
        break_it(&folder.path().join(".git"));
        let output = run(&folder).ended_with(1);
        assert!(output.stdout.contains("can't be read: `git rev-parse` exited with code '128'"), "{what}: {output:?}");
        assert!(!output.stdout.contains("ran"), "{what}: {output:?}");
    }
}

#[test]
fn large_files_of_submodules_come_with_those_of_the_checkout() {
    let deep = repository("steps: []\n");
    let lib = repository("steps: []\n");
    add(&lib, &deep, "deep");
    for (wanted, places) in [("true", vec!["s", "lib"]), ("recursive", vec!["s", "lib", "deep"])] {
        let folder = repository(&format!("steps:\n- checkout: self\n  lfs: true\n  submodules: {wanted}\n"));
        add(&folder, &lib, "lib");
        know(&folder, &[("lib", &lib), ("deep", &deep)]);
        folder.write("bin/git-lfs", "#!/bin/bash\necho \"called $1 in $(basename \"$PWD\")\"\n");
        let program = folder.path().join("bin/git-lfs");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").expect("a path"));
        let output = folder.command(&["run", "pipelines/p.yml", "--raw"]).env("PATH", path).output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("text");
        let called: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("called ")).collect();
        let expected = places.iter().flat_map(|place| {
            let verb = if *place == "s" { "fetch" } else { "pull" };
            [format!("install in {place}"), format!("{verb} in {place}")]
        });
        assert_eq!(called, expected.collect::<Vec<_>>(), "{wanted}: {text}");
    }
}
