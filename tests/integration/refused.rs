//! What a user does wrong, before and at the front door: one clear sentence, and the status or exit code
//! that the contract says.

use crate::support::{ANSWER_MAX, Answer, Folder, Output, Server, checksum, connect, until};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

const CONFIGURATION: &str = "limits: {body: 1MiB}\nconnections: {hook: {secret: {value: s}, header: X-WH-Checksum}}\n";
const LISTENER: &str = "resources:\n  webhooks:\n  - webhook: hook\n    connection: hook\nsteps:\n- script: echo ${{ parameters.hook.a }}\n";

/// Posts a body as its sender would, with more headers.
fn post(server: &Server, body: &[u8], more: &[(&str, &str)]) -> Answer {
    let checksum = checksum("s", body);
    let headers = [&[("X-WH-Checksum", checksum.as_str())], more].concat();
    server.request("POST", "/webhooks/hook", &headers, body)
}

/// Checks the status, and that there is one sentence which says it.
#[track_caller]
fn refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let sentence = body["error"].as_str().unwrap_or_else(|| panic!("no sentence: {answer:?}"));
    assert!(sentence.contains(words) && !sentence.contains('\n'), "{words:?} in {sentence:?}");
}

#[test]
fn bad_input_at_the_door_is_answered_with_its_status_and_a_sentence() {
    let folder = Folder::new(CONFIGURATION);
    folder.write("pipelines/p.yml", LISTENER);
    let server = folder.serve(&["--no-worker"]);
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    refused(&post(&server, b"not JSON", &[]), 400, "not JSON");
    refused(&post(&server, b"", &[]), 400, "JSON");
    refused(&post(&server, &deep, &[]), 400, "more than 64 levels");
    refused(&post(&server, b"{\"a\":\"\xff\"}", &[]), 400, "UTF-8");
    refused(&post(&server, &vec![b' '; 10 << 20], &[]), 413, "larger than 1048576 bytes");
    refused(&post(&server, b"{}", &[("X-WH-Checksum", "00")]), 400, "more than once");
    refused(&post(&server, b"{}", &[("Content-Encoding", "gzip")]), 415, "without a content coding");
    refused(&server.request("POST", "/webhooks/hook", &[], b"{}"), 401, "checksum");
    refused(&server.request("POST", "/webhooks/nobody", &[], b"{}"), 404, "nothing here");
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = server.request(method, "/webhooks/hook", &[], b"");
        refused(&answer, 405, "POST");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    let head = server.request("HEAD", "/webhooks/hook", &[], b"");
    assert_eq!((head.status, head.header("allow")), (405, Some("POST")));
    // Nothing of all that was stored, but that somebody was refused.
    let stored = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    let outcomes: Vec<&str> =
        stored.as_array().expect("a list").iter().filter_map(|it| it["outcome"].as_str()).collect();
    assert!(outcomes.iter().all(|outcome| *outcome == "refused"), "{stored}");
    assert_eq!(folder.run(&["runs", "--format", "json"]).ended_with(0).json(), serde_json::json!([]));
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(post(&server, b"{\"a\": 1}", &[]).status, 200, "the next one is taken");
}

/// Who shows no checksum learns nothing but that, and who does is told; each is kept in brief.
#[test]
fn a_mistake_beside_the_body_is_told_to_who_signed_it() {
    let folder = Folder::new(CONFIGURATION);
    folder.write("pipelines/p.yml", LISTENER);
    let server = folder.serve(&["--no-worker"]);
    let right = checksum("s", b"{}");
    let (signed, unsigned) = (("X-WH-Checksum", right.as_str()), ("X-Other", "x"));
    let gzip = ("Content-Encoding", "gzip");
    for target in ["/webhooks/hook?wait=abc", "/webhooks/hook?wait=1&wait=2", "/webhooks/hook?wait=%zz"] {
        refused(&server.request("POST", target, &[unsigned], b"{}"), 401, "checksum");
        refused(&server.request("POST", target, &[signed], b"{}"), 400, "wait is");
        refused(&server.request("POST", target, &[unsigned], &vec![b' '; 2 << 20]), 413, "larger");
    }
    refused(&server.request("POST", "/webhooks/hook", &[unsigned, gzip], b"{}"), 401, "checksum");
    refused(&server.request("POST", "/webhooks/hook", &[signed, gzip], b"{}"), 415, "without a content coding");
    // Nobody waits until what was refused is noted.
    let stored = until("all that was refused", ANSWER_MAX, || {
        let stored = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
        (stored.as_array().map(Vec::len) >= Some(11)).then_some(stored)
    });
    let outcomes = stored.as_array().expect("a list").iter().map(|it| it["outcome"].as_str());
    assert_eq!(outcomes.collect::<Vec<_>>(), [Some("refused"); 11], "{stored}");
}

/// Checks how a command that can't do its work ended: the exit code, and words of its one complaint.
#[track_caller]
fn ended(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.code, Some(code), "{output:?}");
    assert!(words.iter().all(|words| output.stderr.contains(words)), "{words:?} in {}", output.stderr);
    let complaints = output.stderr.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(complaints, 1, "one complaint: {}", output.stderr);
    assert!(output.stdout.is_empty() && !output.stderr.contains("panicked"), "{output:?}");
}

#[test]
fn a_configuration_that_can_not_serve_is_told_with_its_place_and_exit_code_2() {
    let table: [(&str, &[&str]); 9] = [
        ("conections: {}\n", &["pipehook.yml:3:1", "did you mean `connections`"]),
        ("connections: {hook: {secret: {value: s}, heder: X}}\n", &["pipehook.yml:3:", "did you mean `header`"]),
        ("connections: {hook: {}}\n", &["pipehook.yml:3:", "secret"]),
        (
            "connections: {hook: {secret: {env: NOT_SET}}}\n",
            &["pipehook.yml:3:30", "`NOT_SET` is not set", "set `NOT_SET`"],
        ),
        ("connections: {hook: {secret: {env: EMPTY}}}\n", &["pipehook.yml:3:30", "`EMPTY` is empty"]),
        (
            "connections: {hook: {secret: {file: nowhere}}}\n",
            &["pipehook.yml:3:30", "`nowhere`", "put the secret there"],
        ),
        ("connections: {hook: {secret: {file: empty}}}\n", &["pipehook.yml:3:30", "`empty`"]),
        ("database: nonsense\n", &["pipehook.yml:3:11", "postgres://"]),
        ("limits: {body: much}\n", &["pipehook.yml:3:16", "a size"]),
    ];
    for (configuration, words) in table {
        let folder = Folder::new(configuration);
        folder.set("EMPTY", "").write("empty", "\n");
        ended(&folder.run(&["serve"]), 2, words);
        // What `serve` refuses `check` tells: there it is what was looked for.
        let checked = folder.run(&["check"]).ended_with(1);
        assert!(words.iter().all(|words| checked.stderr.contains(words)), "{words:?} in {}", checked.stderr);
    }
    let folder = Folder::new("connections: {hook: {secret: {env: NOT_SET}}, other: {secret: {file: nowhere}}}\n");
    folder.run(&["check", "--without-secrets"]).ended_with(0);
}

#[test]
fn addresses_that_are_none_are_wrong_usage_and_a_port_in_use_is_not() {
    let folder = Folder::new("");
    for arguments in
        [["--listen", "nonsense"], ["--admin", "nonsense"], ["--listen", "127.0.0.1:99999"], ["--admin", ":1"]]
    {
        ended(&folder.run(&["serve", arguments[0], arguments[1]]), 2, &[arguments[1], "an address with a port"]);
    }
    for setting in ["listen: nonsense\n", "admin: {listen: nonsense}\n"] {
        let folder = Folder::new("");
        folder.write("pipehook.yml", setting);
        ended(&folder.run(&["serve"]), 2, &["pipehook.yml:1:", "an address with a port"]);
    }
    ended(&folder.run(&["serve", "--database", "nonsense"]), 2, &["postgres://"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for option in ["--listen", "--admin"] {
        ended(&folder.run(&["serve", option, &address]), 3, &[&address, "another program listens there"]);
    }
}

#[test]
fn folders_that_can_not_be_used_are_told_by_name() {
    let folder = Folder::new("");
    let missing = folder.run(&["serve", "--pipelines", "nowhere"]);
    ended(&missing, 2, &["nowhere"]);
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        let closed = folder.path().join("pipelines");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
        ended(&folder.run(&["serve"]), 2, &["pipelines"]);
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    }
    folder.write("file", "");
    ended(&folder.run(&["serve", "--data", "file"]), 3, &["file"]);
    let server = folder.serve(&["--no-worker"]);
    ended(&folder.run(&["serve"]), 3, &["is in use by process", &server.process().to_string()]);
}

#[test]
fn idle_connections_keep_nobody_out_of_the_admin_listener() {
    const IDLE: usize = 600;
    let folder = Folder::new("");
    let server = folder.serve(&["--no-worker"]);
    let mut idle: Vec<_> = (0..IDLE).map(|_| connect(server.admin)).collect();
    assert_eq!(server.ask("/api/v1/runs").status, 200);
    // They are closed after a while: reading ends.
    let mut last = idle.pop().expect("there are some");
    let read = std::io::Read::read_to_end(&mut last, &mut Vec::new());
    assert!(read.is_ok(), "{read:?}");
}

#[test]
fn a_query_that_means_nothing_is_answered_with_what_it_takes() {
    let folder = Folder::new("");
    let server = folder.serve(&["--no-worker"]);
    for (path, words) in [
        ("/api/v1/runs?limit=abc", "limit is a number from 1 to"),
        ("/api/v1/runs?limit=0", "limit is a number from 1 to"),
        ("/api/v1/runs?limit=-1", "limit is a number from 1 to"),
        ("/api/v1/deliveries?limit=99999999999999999999999", "limit is a number from 1 to"),
        ("/api/v1/runs?state=runing", "state is queued, running"),
        ("/api/v1/runs?result=good", "result is succeeded"),
        ("/api/v1/deliveries?outcome=good", "outcome is queued"),
        ("/api/v1/runs?stat=queued", "there is no parameter `stat`"),
        ("/api/v1/runs?limit=1&limit=2", "more than one parameter `limit`"),
        ("/api/v1/runs?before=zz", "before is the id of a run"),
        ("/api/v1/runs?before=dlv_019a00000000700080000000000000aa", "before is the id of a run"),
        ("/api/v1/runs?delivery=zz", "delivery is the id of a delivery"),
        ("/api/v1/deliveries?before=zz", "before is the id of a delivery"),
        ("/api/v1/runs/x?foo=1", "there is no parameter `foo`"),
        ("/api/v1/runs/x/logs?job=zz", "there is no parameter `job`"),
        ("/api/v1/runs/x/expanded?foo=1", "there is no parameter `foo`"),
        ("/api/v1/deliveries/x?foo=1", "there is no parameter `foo`"),
        ("/api/v1/connections?foo=1", "there is no parameter `foo`"),
        ("/api/v1/pipelines?foo=1", "there is no parameter `foo`"),
        ("/api/v1/openapi.json?foo=1", "there is no parameter `foo`"),
        ("/api/v1/events?foo=1", "there is no parameter `foo`"),
    ] {
        refused(&server.ask(path), 400, words);
    }
    assert_eq!(server.ask("/api/v1/runs?limit=&state=").status, 200, "a form sends what was left empty");
}
