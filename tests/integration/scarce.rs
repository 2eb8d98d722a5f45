//! What the worker writes in its own name for a job waits for room, as the job's log does: the files of its scripts, the
//! artifacts that it hands over, and the files that a process is started with.

use crate::full::{SMALL_DISK, limit, mounting};
use crate::support::{Folder, until};
use rustix::process::Resource;
use std::time::Duration;

const WAITED_MAX: Duration = Duration::from_secs(60);

const MORE_ROOM: &str = r#"
mount -o remount,size=40m "data/$1"
"$0" runs wait hello#1; echo "$?" > code.txt
"$0" runs logs hello#1 > log.txt; cp -r data/artifacts kept 2> copied.txt; true
"#;
const CANCELED: &str = r#"
"$0" runs cancel hello#1; "$0" runs wait hello#1; echo "$?" > code.txt
"$0" runs show hello#1 > log.txt; true
"#;
/// Its second script has no room: the first leaves none but that of its own file, for which the second is too large.
fn filling() -> String {
    let much = "#".repeat(100_000);
    format!(
        "\
resources:
  webhooks: [{{webhook: hook, connection: open}}]
steps:
- bash: head -c 3000000 /dev/zero > $(Agent.TempDirectory)/filler || true
- bash: |
    {much}
    echo the second step
"
    )
}

/// The artifact is larger than its disk.
const PUBLISHING: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- bash: for number in {1..400000}; do echo $number; done > numbers.txt
- publish: numbers.txt
  artifact: numbers
";

/// Returns the folder with what has come of it; nothing where nothing can be mounted here.
fn with_a_small_disk(pipeline: &str, folder: &str, then: &str) -> Option<Folder> {
    let served = Folder::new("connections: {open: {auth: none}}\n");
    served.write("pipelines/hello.yml", pipeline);
    let told = mounting(&served, "60", &format!("{SMALL_DISK}{then}"), folder)?;
    let error = read(&served, "err.txt");
    assert_eq!(told.status.code(), Some(0), "{}\n{error}", String::from_utf8_lossy(&told.stderr));
    Some(served)
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap_or_default()
}

#[test]
fn the_file_of_a_script_waits_for_room() {
    let Some(folder) = with_a_small_disk(&filling(), "work", MORE_ROOM) else { return };
    assert_eq!(read(&folder, "code.txt").trim(), "0", "{}", read(&folder, "log.txt"));
    assert!(read(&folder, "log.txt").contains("the second step"));
    let error = read(&folder, "err.txt");
    let waited = error.lines().find(|line| line.contains("waits for room")).expect("a line");
    assert!(waited.contains("data/work/run_") && waited.contains("2.sh"), "it says for which file: {waited}");
    assert!(error.contains("what a job had waited for is there again"), "{error}");
}

#[test]
fn a_job_whose_script_waits_for_room_can_be_canceled() {
    let Some(folder) = with_a_small_disk(&filling(), "work", CANCELED) else { return };
    assert!(read(&folder, "log.txt").contains("canceled"), "{}", read(&folder, "log.txt"));
}

#[test]
fn an_artifact_waits_for_room_and_is_whole() {
    let Some(folder) = with_a_small_disk(PUBLISHING, "artifacts", MORE_ROOM) else { return };
    assert_eq!(read(&folder, "code.txt").trim(), "0", "{}", read(&folder, "log.txt"));
    let runs = std::fs::read_dir(folder.path().join("kept")).expect("a folder");
    let run = runs.flatten().next().expect("a run").path();
    let kept = std::fs::read_to_string(run.join("numbers/numbers.txt")).expect("a file");
    let expected: String = (1..=400_000).map(|number| format!("{number}\n")).collect();
    assert!(kept == expected, "{} bytes of {}", kept.len(), expected.len());
}

/// Its second job finds a full disk, and what it takes from the cache is larger than what is left of it.
const CACHING: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
jobs:
- job: save
  steps:
  - checkout: none
  - bash: mkdir -p deps/in; seq 60000 > deps/in/numbers; ln -s in/numbers deps/link; chmod 500 deps/in/numbers
  - task: Cache@2
    inputs: {key: numbers, path: deps}
- job: take
  dependsOn: save
  steps:
  - checkout: none
  - bash: head -c 3000000 /dev/zero > $(Agent.TempDirectory)/filler || true
  - task: Cache@2
    inputs: {key: numbers, path: deep/deps}
  - bash: tail -n 1 deep/deps/link; wc -l < deep/deps/in/numbers; stat -c %a deep/deps/in/numbers
";

#[test]
fn what_comes_from_a_cache_waits_for_room_and_is_whole() {
    let Some(folder) = with_a_small_disk(CACHING, "work", MORE_ROOM) else { return };
    let log = read(&folder, "log.txt");
    assert_eq!(read(&folder, "code.txt").trim(), "0", "{log}");
    let said: Vec<&str> = log.lines().filter(|line| ["60000", "500"].contains(line)).collect();
    assert_eq!(said, ["60000", "60000", "500"], "{log}");
    let error = read(&folder, "err.txt");
    let waited = error.lines().find(|line| line.contains("waits for room")).expect("a line");
    assert!(waited.contains("deep"), "it says for what: {waited}");
}

/// What a task makes of `numbers`, which is larger than what is left of the disk: the steps that prepare it, the task, and
/// the steps that tell whether it is whole.
const TASKS: [(&str, &str, &str); 3] = [
    (
        "true",
        "task: CopyFiles@2
  inputs: {contents: numbers, targetFolder: made}",
        "wc -l < made/numbers",
    ),
    (
        "tar -cf numbers.tar numbers; rm numbers",
        "task: ExtractFiles@1
  inputs: {archiveFilePatterns: numbers.tar, destinationFolder: made}",
        "wc -l < made/numbers",
    ),
    (
        "true",
        "task: ArchiveFiles@2
  inputs: {rootFolderOrFile: numbers, includeRootFolder: false, archiveType: tar, tarCompression: none, archiveFile: made.tar}",
        "tar -xOf made.tar | wc -l",
    ),
];

#[test]
fn what_a_task_makes_waits_for_room_and_is_whole() {
    for (before, task, told) in TASKS {
        let pipeline = format!(
            "\
resources:
  webhooks: [{{webhook: hook, connection: open}}]
steps:
- checkout: none
- bash: seq 60000 > numbers; {before}; head -c 3000000 /dev/zero > $(Agent.TempDirectory)/filler || true
- {task}
- bash: {told}
"
        );
        let Some(folder) = with_a_small_disk(&pipeline, "work", MORE_ROOM) else { return };
        let (log, error) = (read(&folder, "log.txt"), read(&folder, "err.txt"));
        assert_eq!(read(&folder, "code.txt").trim(), "0", "{task}\n{log}\n{error}");
        assert!(log.lines().any(|line| line == "60000"), "{task}\n{log}");
        let waited = error.lines().find(|line| line.contains("waits for room")).expect("a line");
        assert!(waited.contains("made"), "{task}: it says for what: {waited}");
    }
}

/// Its second job finds a full disk, and what it fetches is larger than what is left of it.
const FETCHING: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
jobs:
- job: make
  steps:
  - checkout: none
  - bash: seq 60000 > numbers
  - publish: numbers
    artifact: numbers
- job: take
  dependsOn: make
  steps:
  - checkout: none
  - bash: head -c 3000000 /dev/zero > $(Agent.TempDirectory)/filler || true
  - task: DownloadPipelineArtifact@2
    inputs: {artifactName: numbers, targetPath: fetched}
  - bash: wc -l < fetched/numbers
";

#[test]
fn an_artifact_that_is_fetched_waits_for_room_and_is_whole() {
    let Some(folder) = with_a_small_disk(FETCHING, "work", MORE_ROOM) else { return };
    let (log, error) = (read(&folder, "log.txt"), read(&folder, "err.txt"));
    assert_eq!(read(&folder, "code.txt").trim(), "0", "{log}\n{error}");
    assert!(log.lines().any(|line| line == "60000"), "{log}");
    let waited = error.lines().find(|line| line.contains("waits for room")).expect("a line");
    assert!(waited.contains("fetched"), "it says for what: {waited}");
}

/// Its second step is started when there is a file `go`.
const STARTING: &str = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- bash: |
    touch 'FOLDER/begun'
    until [ -e 'FOLDER/go' ]; do sleep 0.05; done
- bash: echo the second step
";

#[test]
fn a_step_that_can_have_no_file_open_waits_for_one() {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/hello.yml", &STARTING.replace("FOLDER", &folder.path().display().to_string()));
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    until("the first step", WAITED_MAX, || folder.path().join("begun").exists().then_some(()));
    // Nobody may open what is not open already.
    let before = limit(&server, Resource::Nofile, Some(3));
    folder.write("go", "");
    until("the wait", WAITED_MAX, || read(&folder, "stderr.txt").contains("waits for room").then_some(()));
    limit(&server, Resource::Nofile, before);
    folder.run(&["runs", "wait", "hello#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "hello#1"]).ended_with(0).stdout;
    assert!(log.contains("the second step"), "{log}");
}
