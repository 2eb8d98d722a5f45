//! The door of a running server beside its shared attacks (see `attacks/door.rs`): one answer for every
//! cause of a refusal, a full queue, floods of forgeries.

use crate::attacks::door::{PIPELINE, SECRET};
use crate::full;
use crate::support::{ANSWER_MAX, Folder, connect, read_answer, request, until};
use std::collections::BTreeSet;
use std::io::Write;

#[test]
fn every_cause_of_a_401_has_the_same_answer() {
    let folder = Folder::new(&format!(
        "connections:\n  a: {{secret: {{value: {SECRET}}}}}\n  t: {{secret: {{value: {SECRET}}}, scheme: gitlab-token}}\n  \
         s: {{secret: {{value: {SECRET}}}, scheme: stripe}}\n"
    ));
    let server = folder.serve(&["--no-worker"]);
    let zeros = "0".repeat(40);
    let stale = format!("t=1,v1={}", "0".repeat(64));
    let causes: [(&str, Vec<(&str, &str)>); 8] = [
        ("a", vec![]),
        ("a", vec![("X-WH-Checksum", "")]),
        ("a", vec![("X-WH-Checksum", "no")]),
        ("a", vec![("X-WH-Checksum", &zeros)]),
        ("t", vec![("X-Gitlab-Token", "it is a secre")]),
        ("t", vec![("X-Gitlab-Token", "it is a secret or more")]),
        ("s", vec![("Stripe-Signature", "v1=00")]),
        ("s", vec![("Stripe-Signature", &stale)]),
    ];
    let seen: BTreeSet<(u16, String, Vec<String>)> = causes
        .iter()
        .map(|(name, headers)| {
            let answer = server.request("POST", &format!("/webhooks/{name}"), headers, b"{}");
            let others = answer.headers.iter().filter(|(name, _)| name != "date");
            // Their order is that of a table which is shaken anew in every thread.
            let mut lines: Vec<String> = others.map(|(name, value)| format!("{name}: {value}")).collect();
            lines.sort();
            (answer.status, answer.body.clone(), lines)
        })
        .collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.iter().all(|(status, ..)| *status == 401));
    let connections = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
    let stripe =
        connections.as_array().expect("a list").iter().find(|it| it["name"] == "s").expect("it is there").clone();
    assert!(
        stripe["last_refusal_reason"].as_str().is_some_and(|reason| reason.contains("seconds from now")),
        "{stripe}"
    );
}

#[test]
fn a_full_queue_answers_503_and_stores_nothing() {
    let folder = Folder::new("limits: {queue: 1}\nconnections: {WebHook: {auth: none}}\n");
    folder.write("pipelines/p.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    let body = br#"{"resource":{"message":{"title":"x"}}}"#;
    assert_eq!(server.request("POST", "/webhooks/WebHook", &[], body).status, 200);
    let full = server.request("POST", "/webhooks/WebHook", &[], body);
    assert_eq!(full.status, 503, "{full:?}");
    assert!(full.header("retry-after").is_some(), "{full:?}");
    let deliveries = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    assert_eq!(deliveries.as_array().map(Vec::len), Some(1), "{deliveries}");
}

/// Forgeries are counted and the latest kept, so that a flood of them fills no disk.
#[test]
fn a_flood_of_forgeries_is_counted_and_kept_in_brief() {
    const FORGERIES: usize = 300;
    let folder = Folder::new(&format!("connections:\n  hook: {{secret: {{value: {SECRET}}}}}\n"));
    let server = folder.serve(&["--no-worker"]);
    let mut stream = connect(server.public);
    let request = format!(
        "POST /webhooks/hook HTTP/1.1\r\nHost: h\r\nX-WH-Checksum: {}\r\nContent-Length: 2\r\n\r\n{{}}",
        "0".repeat(40)
    );
    for _ in 0..FORGERIES {
        stream.write_all(request.as_bytes()).expect("the server reads");
        skip_answer(&mut stream);
    }
    let kept = |folder: &Folder| folder.run(&["deliveries", "--limit", "1000", "--format", "json"]).json();
    until("the count of all", ANSWER_MAX, || {
        let connections = folder.run(&["connections", "--format", "json"]).json();
        (connections[0]["refusals"] == FORGERIES as u64).then_some(())
    });
    let kept = kept(&folder);
    let kept = kept.as_array().expect("a list");
    assert_eq!(kept.len(), 100, "the latest are kept");
    assert!(kept.iter().all(|it| it["outcome"] == "refused" && it["headers"] == serde_json::json!([])));
}

/// Reads one answer of a connection that stays.
fn skip_answer(stream: &mut std::net::TcpStream) {
    use std::io::Read;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !answer.ends_with(b"wrong\"}") {
        let length = stream.read(&mut piece).expect("the server answers");
        assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..length]);
    }
}

#[test]
fn a_sender_who_finds_all_connections_in_use_is_told_to_come_again() {
    let folder = full::folder();
    let (mut server, mut lines) = full::serve_with_files(&folder, 150);
    let address = lines.next().and_then(|line| line.strip_prefix("listening on http://")?.parse().ok());
    let public: std::net::SocketAddr = address.expect("an address");
    // They come to no end of their heads, and are told so after ten seconds only.
    let others: Vec<_> = (0..60).map(|_| connect(public)).collect();
    let mut late = connect(public);
    let body = "{\"number\":1}";
    let post =
        format!("POST /webhooks/open HTTP/1.1\r\nhost: {public}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    // Who was told before it has said anything sees that all the same.
    let _ = late.write_all(post.as_bytes());
    let answer = read_answer(&mut late);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.json()["error"].is_string());
    drop(others);
    until("room", ANSWER_MAX, || {
        (request(public, "POST", "/webhooks/open", &[], body.as_bytes()).status == 200).then_some(())
    });
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    assert_eq!(log.matches("a sender was told to come again").count(), 1, "{log}");
    assert!(log.contains("all connections that there may be are in use"), "{log}");
    server.kill().expect("it is killed");
    server.wait().expect("it ends");
}
