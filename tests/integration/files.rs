//! Logs and what steps hand over, in an object store that the configuration names: a folder here, which
//! goes the same way as a bucket.

use super::support::Folder;
use pipehook::files::{Caches, Keep, Links, copy_file, unless_halted};
use pipehook::id::RunId;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
jobs:
- job: make
  steps:
  - checkout: none
  - script: |
      echo made by the first job
      mkdir out && echo 'what is in it' > 'out/a file.txt' && : > out/empty
      echo '# summary' > s.md && echo \"##vso[task.uploadsummary]$PWD/s.md\"
  - publish: out
    artifact: Out put
- job: take
  dependsOn: make
  steps:
  - checkout: none
  - download: current
    artifact: Out put
  - script: cat \"$(Pipeline.Workspace)/Out put/a file.txt\"; ls \"$(Pipeline.Workspace)/Out put\"
";

#[test]
fn logs_and_artifacts_are_where_the_configuration_says() {
    let bucket = tempfile::tempdir().expect("a folder");
    let folder =
        Folder::new(&format!("files: file://{}\nconnections: {{open: {{auth: none}}}}\n", bucket.path().display()));
    folder.write("pipelines/p.yml", PIPELINE);
    let server = folder.serve(&[]);
    let answer = server.request("POST", "/webhooks/open?wait=60", &[], b"{}").json();
    assert_eq!(answer["runs"][0]["result"], "succeeded", "{answer}\n{}", folder.run(&["runs", "logs", "p#1"]).stdout);
    let id = answer["runs"][0]["id"].as_str().expect("an id");
    let logs = [folder.run(&["runs", "logs", "p#1"]).stdout, server.ask(&format!("/api/v1/runs/{id}/logs")).body];
    for log in logs {
        for line in ["made by the first job", "what is in it", "a file.txt", "empty"] {
            assert!(log.lines().any(|it| it.ends_with(line)), "{line} is not in\n{log}");
        }
    }
    let shared = files(bucket.path());
    let is_there = |part: &str| shared.iter().any(|path| path.contains(part));
    assert!(is_there("/logs/run_") && is_there("/artifacts/run_") && is_there("/files/run_"), "{shared:?}");
    assert!(is_there("Out=20put/a=20file.txt/@0000000000000000-"), "{shared:?}");
    for path in all_below(bucket.path()) {
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(
            mode,
            if path.is_dir() { 0o700 } else { 0o600 },
            "{} is for the server's user alone",
            path.display()
        );
    }
    for part in ["data/logs", "data/unsent", "data/artifacts", "data/files"] {
        assert_eq!(files(&folder.path().join(part)), [""; 0], "nothing of it stays on the machine that executed");
    }
}

fn all_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| all_below(&path).into_iter().chain([path.clone()]).collect::<Vec<_>>()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path.display().to_string()] }).collect()
}

#[test]
fn a_bucket_whose_keys_are_not_known_is_one_clear_sentence() {
    let folder = Folder::new("files: s3://bucket/pipehook\n");
    let output = folder.run(&["serve"]).ended_with(3);
    assert!(output.stderr.contains("`files` is in S3 and its access_key is not known here"), "{output:?}");
    folder.run(&["check"]).ended_with(0);
}

#[test]
fn what_nobody_wants_any_more_is_not_copied_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    std::fs::create_dir(&from).expect("a folder");
    std::fs::write(from.join("large"), vec![7; 100_000]).expect("a file");
    let keep = Keep::new(folder.path());
    let caches = Caches::new(folder.path());
    let run = RunId::from_stored("run_1");
    let publish = || keep.new_artifact(&run, "drop", (&from, &Links::Kept), false).map(drop);
    let save = |key: &str| caches.save("scope", key, &from).map(drop);
    let halted = |work: &dyn Fn() -> std::io::Result<()>| unless_halted(Arc::new(AtomicBool::new(true)), work);
    for stopped in [
        halted(&publish),
        halted(&|| save("key")),
        halted(&|| copy_file(&from.join("large"), &folder.path().join("to"))),
    ] {
        assert_eq!(stopped.expect_err("it was stopped").to_string(), "the work was stopped");
    }
    assert!(keep.artifacts(&run).expect("readable").is_empty());
    assert!(caches.find("scope", "key", &[]).expect("readable").is_none());
    // Whoever wants it then has it whole.
    publish().and_then(|()| save("key")).expect("both are kept");
    let cache = caches.find("scope", "key", &[]).expect("readable").expect("a cache");
    let to = folder.path().join("restored");
    assert!(halted(&|| caches.restore(&cache, &to)).is_err());
    caches.restore(&cache, &to).expect("whole");
    assert_eq!(std::fs::read(to.join("large")).expect("a file").len(), 100_000);
}
