//! The task `Cache`, and which caches go when there is no room.

use super::{prints, with};
use pipehook::files::Caches;
use std::path::Path;
use std::time::Duration;

const CACHED: &str = "\
steps:
- script: echo lock LOCK > lock.txt
- task: Cache@2
  inputs:
    key: npm | \"$(Agent.OS)\" | lock.txt
    restoreKeys: |
      npm | \"$(Agent.OS)\"
      npm
    path: deps
    cacheHitVar: HIT
- script: echo hit $(HIT); cat deps/in/file || true; mkdir -p deps/in; echo made by LOCK > deps/in/file; ln -sf in/file deps/link
- script: exit CODE
";

#[test]
fn a_cache_is_found_again_by_its_key_or_near_it() {
    let machine = with(&[]);
    let run = |lock: &str, code: &str| machine.run(&CACHED.replace("LOCK", lock).replace("CODE", code));
    // A job that fails saves nothing.
    prints(&run("1", "1").ended_with(1), &["hit false"]);
    let first = run("1", "0").ended_with(0);
    prints(&first, &["hit false"]);
    assert!(first.stdout.contains("Saved the cache of the key `npm|\"Linux\"|"), "{first:?}");
    let again = run("1", "0").ended_with(0);
    prints(&again, &["hit true", "made by 1"]);
    assert!(!again.stdout.contains("Saved the cache"), "{again:?}");
    prints(&run("2", "0").ended_with(0), &["hit inexact", "made by 1"]);
    prints(&run("2", "0").ended_with(0), &["hit true", "made by 2"]);
}

#[test]
fn a_payload_chooses_no_other_cache_than_the_one_it_names() {
    let machine = with(&[]);
    let steps = "\
steps:
- script: mkdir d; echo $RANDOM > d/x
- task: Cache@2
  inputs: {key: 'a | ${{ parameters.hook.title }}', path: d, restoreKeys: 'a | ${{ parameters.hook.title }}'}
";
    let run = |title: &str| machine.run_with(steps, &format!("{{\"title\":\"{title}\"}}")).ended_with(0);
    assert!(run("b|c").stdout.contains("Saved the cache of the key `a|b%7Cc`"));
    assert!(run("b").stdout.contains("There is no cache of the key `a|b`."));
    assert!(run("/etc/passwd").stdout.contains("There is no cache of the key `a|/etc/passwd`."));
}

#[test]
fn caches_that_nobody_used_for_longest_go_when_there_is_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    std::fs::create_dir(&from).expect("a folder");
    // What can't be packed: each takes its 4,000 bytes.
    let mut bytes = [0; 4_000];
    getrandom::fill(&mut bytes).expect("random bytes");
    std::fs::write(from.join("x"), bytes).expect("a file");
    let caches = Caches::with_limit(folder.path(), 10_000);
    let find = |key: &str| caches.find("p", key, &[]).expect("readable").map(|cache| cache.key);
    for (key, seconds) in [("a", 40), ("b", 30)] {
        let size = caches.save("p", key, &from).expect("room");
        assert!((4_000..5_000).contains(&size), "{size}");
        age(folder.path(), seconds);
    }
    // It was used just now, so that `b` is the older one.
    let found = caches.find("p", "a", &[]).expect("readable").expect("a cache");
    caches.restore(&found, &folder.path().join("to")).expect("whole");
    assert!(folder.path().join("to/x").is_file());
    caches.save("p", "c", &from).expect("room");
    assert_eq!([find("a"), find("b"), find("c")], [Some("a".to_owned()), None, Some("c".to_owned())]);
    assert!(caches.find("other", "a", &[]).expect("readable").is_none());
}

/// Makes all caches so many seconds older than they are.
fn age(folder: &Path, seconds: u64) {
    for scope in std::fs::read_dir(folder.join("caches")).expect("caches") {
        for file in std::fs::read_dir(scope.expect("an entry").path()).expect("a scope") {
            let file = std::fs::File::options().append(true).open(file.expect("an entry").path()).expect("a file");
            let modified = file.metadata().and_then(|it| it.modified()).expect("a time");
            file.set_modified(modified - Duration::from_secs(seconds)).expect("a time");
        }
    }
}

#[test]
fn a_cache_stays_in_the_job_s_folders() {
    let machine = with(&[]);
    for path in ["/tmp/pipehook-cache", "../../x", ".", "$(Pipeline.Workspace)"] {
        let steps = format!("steps:\n- task: Cache@2\n  inputs: {{key: a, path: {path}}}\n");
        machine.run(&steps).ended_with(1);
    }
}
