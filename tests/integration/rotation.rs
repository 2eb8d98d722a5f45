//! A secret is rotated: what is said of the new one and the old one at each step.

use crate::support::{Folder, Server, checksum, until};
use serde_json::Value;
use std::time::Duration;

const OLD: &str = "old-old-old-old-old-1";
const NEW: &str = "new-new-new-new-new-1";
const SOON: Duration = Duration::from_secs(30);
const LISTENER: &str = "resources:\n  webhooks: [{webhook: hook, connection: hook}]\nsteps:\n- bash: echo\n";

/// Configures the secrets of the connection `hook`.
fn configure(folder: &Folder, secrets: &str) {
    folder.configure(&format!("connections: {{hook: {{secret: {secrets}, header: X-WH-Checksum}}}}\n"));
}

fn served(secrets: &str) -> (Folder, Server) {
    let folder = Folder::new("");
    configure(&folder, secrets);
    folder.write("pipelines/p.yml", LISTENER);
    let server = folder.serve(&["--no-worker"]);
    (folder, server)
}

/// Posts with a secret until the server has taken a changed configuration up that knows it.
fn deliver_when_known(server: &Server, secret: &str) {
    until("the changed configuration", SOON, || (server.deliver("hook", secret, b"{}").status == 200).then_some(()));
}

/// Returns the names of the secrets with whether each was ever used.
fn uses(connections: &Value) -> Vec<(String, bool)> {
    let secrets = connections[0]["secret_list"].as_array().expect("a list");
    let use_of = |it: &Value| (it["name"].as_str().expect("a name").to_owned(), it["last_used"].is_string());
    secrets.iter().map(use_of).collect()
}

#[track_caller]
fn assert_uses(folder: &Folder, expected: &[(&str, bool)]) {
    let expected: Vec<_> = expected.iter().map(|(name, used)| ((*name).to_owned(), *used)).collect();
    let told = || uses(&folder.run(&["connections", "--format", "json"]).ended_with(0).json());
    // A use is written a moment after the answer.
    until(&format!("{expected:?}"), SOON, || (told() == expected).then_some(()));
}

#[test]
fn the_time_of_a_use_stays_with_its_secret_wherever_that_moves() {
    let (folder, server) = served(&format!("{{value: {OLD}}}"));
    assert_eq!(server.deliver("hook", OLD, b"{}").status, 200);
    assert_uses(&folder, &[("value", true)]);
    folder.write("secret", OLD);
    for (secrets, expected) in [
        (format!("[{{value: {NEW}}}, {{value: {OLD}}}]"), [("value", false), ("value #2", true)]),
        (format!("[{{value: {NEW}, name: key}}, {{value: {OLD}, name: older}}]"), [("key", false), ("older", true)]),
        (format!("[{{value: {OLD}, name: older}}, {{value: {NEW}, name: key}}]"), [("older", true), ("key", false)]),
        (format!("[{{file: secret}}, {{value: {NEW}, name: older}}]"), [("file secret", true), ("older", false)]),
    ] {
        configure(&folder, &secrets);
        assert_uses(&folder, &expected);
    }
    // The value behind a name is another one.
    folder.write("secret", "another-another-another");
    assert_uses(&folder, &[("file secret", false), ("older", false)]);
    configure(&folder, &format!("[{{value: {NEW}}}, {{value: {OLD}}}]"));
    let asked = || uses(&server.ask("/api/v1/connections").json());
    let taken_up = || asked() == [("value".to_owned(), false), ("value #2".to_owned(), true)];
    until("the changed configuration", SOON, || taken_up().then_some(()));
    let page = server.ask("/connections").body;
    assert!(page.contains("live, last used: never") && page.contains(" s ago"), "{page}");
    deliver_when_known(&server, NEW);
    assert_uses(&folder, &[("value", true), ("value #2", true)]);
    configure(&folder, &format!("{{value: {NEW}}}"));
    until("the end of the old one", SOON, || (server.deliver("hook", OLD, b"{}").status == 401).then_some(()));
    assert_uses(&folder, &[("value", true)]);
}

/// A sender that shows the old secret has not been changed, whatever else is wrong with what it sends.
#[test]
fn a_secret_is_used_also_where_the_rest_of_the_request_is_no_use() {
    let (folder, server) = served(&format!("[{{value: {NEW}, name: new}}, {{value: {OLD}, name: old}}]"));
    let sum = checksum(OLD, b"{}");
    let coded = [("X-WH-Checksum", sum.as_str()), ("Content-Encoding", "gzip")];
    assert_eq!(server.request("POST", "/webhooks/hook", &coded, b"{}").status, 415);
    assert_uses(&folder, &[("new", false), ("old", true)]);
}

/// No file of the store and no answer has a secret, or what it is known by there.
#[test]
fn what_is_kept_of_a_secret_gives_nothing_away() {
    let (folder, server) = served(&format!("[{{value: {NEW}}}, {{value: {OLD}}}]"));
    assert_eq!(server.deliver("hook", OLD, b"{}").status, 200);
    assert_uses(&folder, &[("value", false), ("value #2", true)]);
    let table = folder.run(&["connections"]).ended_with(0).stdout;
    let mut told = [server.ask("/api/v1/connections").body, server.ask("/connections").body, table].concat();
    drop(server);
    let database = rusqlite::Connection::open(folder.path().join("data/pipehook.db")).expect("it opens");
    let row = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("one row");
    let mark = row("SELECT mark FROM secret_use");
    assert_eq!(row("SELECT length(key) FROM mark_key"), 32);
    let key: Vec<u8> = database.query_row("SELECT key FROM mark_key", [], |row| row.get(0)).expect("a key");
    assert!(!told.contains(&mark.to_string()));
    told.push_str(&std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log"));
    for nowhere in [OLD, NEW, &hex::encode(&key)] {
        assert!(!told.contains(nowhere), "{nowhere} is in\n{told}");
    }
    let digest = |secret: &str| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(secret));
    for entry in std::fs::read_dir(folder.path().join("data")).expect("a folder").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        for nowhere in [OLD.as_bytes().to_vec(), hex::decode(digest(OLD)).expect("digits")] {
            assert!(!bytes.windows(nowhere.len()).any(|part| part == nowhere), "{}", entry.path().display());
        }
    }
}

/// Each secret can be tried before anything depends on it, and the log tells when one ends.
#[test]
fn each_secret_can_be_tried_and_its_end_is_told() {
    let (folder, server) = served(&format!("[{{value: {OLD}, name: old}}, {{value: {NEW}, name: new}}]"));
    let url = format!("http://{}", server.public);
    let send = |more: &[&str]| folder.run_with_input(&[&["send", "hook", "--url", &url], more].concat(), b"{}");
    send(&[]).ended_with(0);
    assert_uses(&folder, &[("old", true), ("new", false)]);
    send(&["--secret", "new"]).ended_with(0);
    assert_uses(&folder, &[("old", true), ("new", true)]);
    let line = |secret: &str| format!("X-WH-Checksum: {}\n", checksum(secret, b"{}").to_uppercase());
    let signed = |more: &[&str]| folder.run_with_input(&[&["sign", "hook"], more].concat(), b"{}");
    assert_eq!(signed(&[]).ended_with(0).stdout, line(OLD));
    assert_eq!(signed(&["--secret", "new"]).ended_with(0).stdout, line(NEW));
    let unknown = signed(&["--secret", "newer"]).ended_with(2).stderr;
    assert!(unknown.contains("`hook` has no secret `newer`, it has `old`, `new`"), "{unknown}");
    let soon = || jiff::Timestamp::now() + Duration::from_secs(4);
    configure(&folder, &format!("[{{value: {OLD}, name: old, until: {}}}, {{value: {NEW}, name: new}}]", soon()));
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    let ends = |name: &str| {
        let told =
            |line: &&str| line.contains("a secret has ended") && line.contains(&format!("\"secret\":\"{name}\""));
        log().lines().filter(told).count()
    };
    until("the end of the old one", SOON, || (ends("old") == 1).then_some(()));
    let refused = send(&["--secret", "old"]).ended_with(1);
    assert!(refused.stderr.contains("401"), "{refused:?}");
    send(&[]).ended_with(0);
    assert!(!log().contains("every secret of a connection has ended"), "{}", log());
    configure(&folder, &format!("{{value: {NEW}, name: new, until: {}}}", soon()));
    until("the end of the new one", SOON, || log().contains("every secret of a connection has ended").then_some(()));
    assert_eq!((ends("old"), ends("new")), (1, 1), "each once: {}", log());
    assert!(send(&[]).ended_with(1).stderr.contains("no live secret"));
}
