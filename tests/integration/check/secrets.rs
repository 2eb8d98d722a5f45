//! Weak secrets are told before anybody guesses them, by `check` and when the server starts.

use crate::support::Folder;

const LONG: &str = "0123456789abcdef";

#[test]
fn a_short_secret_and_one_that_is_there_twice_are_told_by_check_and_by_the_server() {
    let config = format!(
        "connections:
  short: {{secret: {{value: hunter2}}}}
  twice: {{secret: [{{value: {LONG}, name: old}}, {{value: {LONG}, name: new}}]}}
  good: {{secret: [{{value: {LONG}, name: old}}, {{value: {LONG}0, name: new}}]}}
  open: {{auth: none}}
"
    );
    let folder = Folder::new(&config);
    folder.write("pipelines/p.yml", "steps: []\n");
    let told = folder.run(&["check"]).ended_with(0).stderr;
    for part in
        ["connection `short`: the secret", "fewer than 16 bytes", "connection `twice`: the secrets `old` and `new`"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains("0 errors, 2 warnings") && !told.contains("hunter2") && !told.contains(LONG), "{told}");
    // Where the secrets are left alone nobody knows them.
    let told = folder.run(&["check", "--without-secrets"]).ended_with(0).stderr;
    assert!(told.contains("0 errors, 0 warnings"), "{told}");
    // The server says it when it starts, and shows none either.
    drop(folder.serve(&["--no-worker"]));
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the server has a log");
    assert!(log.contains("fewer than 16 bytes") && log.contains("are the same"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(LONG), "{log}");
}
