//! The door of a running server beside its shared attacks (see `attacks/door.rs`): one answer for every
//! cause of a refusal, a full queue, floods of forgeries.

use crate::attacks::door::{PIPELINE, SECRET};
use crate::full;
use crate::support::{ANSWER_MAX, Folder, checksum, connect, read_answer, request, until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

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
    // It is brought to the store in its own time.
    until("the reason of the last", ANSWER_MAX, || {
        let connections = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
        let stripe = connections.as_array()?.iter().find(|it| it["name"] == "s")?.clone();
        stripe["last_refusal_reason"].as_str()?.contains("seconds from now").then_some(())
    });
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

/// What takes long to decide is decided beside the threads that read requests: nobody else waits for it.
#[test]
fn a_small_delivery_waits_for_none_that_takes_long() {
    let folder = Folder::new("connections:\n  long: {auth: none}\n  short: {auth: none}\n");
    let listens = |name: &str| format!("resources:\n  webhooks:\n  - webhook: hook\n    connection: {name}\n");
    let long = "jobs:\n- ${{ each a in parameters.hook.list }}:\n  - job:\n    steps:\n    - ${{ each b in parameters.hook.list }}:\n      \
                - script: echo ${{ a }} ${{ b }}\n";
    folder.write("pipelines/long.yml", &(listens("long") + long));
    folder.write("pipelines/short.yml", &(listens("short") + "steps:\n- script: echo ${{ parameters.hook.title }}\n"));
    let server = folder.serve(&["--no-worker"]);
    let post = |name: &str, body: &[u8]| {
        let mut stream = connect(server.public);
        let length = body.len();
        let head = format!(
            "POST /webhooks/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).expect("it is sent");
        stream
    };
    let list: Vec<String> = (0..80).map(|item| format!("\"item {item}\"")).collect();
    let body = format!("{{\"list\":[{}]}}", list.join(","));
    let answered = |stream: &mut std::net::TcpStream| assert_eq!(read_answer(stream).status, 200);
    let began = Instant::now();
    answered(&mut post("long", body.as_bytes()));
    let alone = began.elapsed();
    answered(&mut post("short", b"{\"title\":\"x\"}"));
    // More than there are threads, so that each would have some.
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut long: Vec<_> = (0..2 * threads).map(|_| post("long", body.as_bytes())).collect();
    let waited = (0..2 * threads).map(|_| {
        let began = Instant::now();
        answered(&mut post("short", b"{\"title\":\"x\"}"));
        began.elapsed()
    });
    let longest = waited.max().expect("some were sent");
    assert!(longest < alone / 2, "a small one waited {longest:?}, a long one takes {alone:?} alone");
    long.iter_mut().for_each(answered);
}

/// A connection's own limit is about its own runs: one that is full stands in the way of nobody else, and others don't
/// use up its room.
#[test]
fn a_connection_that_is_full_by_its_own_limit_answers_503_and_others_go_on() {
    let folder =
        Folder::new("limits: {queue: 5}\nconnections:\n  a: {auth: none, limits: {queue: 1}}\n  b: {auth: none}\n");
    for name in ["a", "b"] {
        let pipeline = format!(
            "resources:\n  webhooks:\n  - webhook: hook\n    connection: {name}\nsteps:\n- script: echo hello\n"
        );
        folder.write(&format!("pipelines/{name}.yml"), &pipeline);
    }
    let server = folder.serve(&["--no-worker"]);
    let post = |name: &str| server.request("POST", &format!("/webhooks/{name}"), &[], b"{}");
    let statuses = ["b", "b", "a", "a", "b", "b", "b"].map(|name| post(name).status);
    assert_eq!(statuses, [200, 200, 200, 503, 200, 200, 503]);
    let full = post("a");
    assert!(full.status == 503 && full.header("retry-after").is_some(), "{full:?}");
    assert_eq!(folder.run(&["runs", "--format", "json"]).ended_with(0).json().as_array().map(Vec::len), Some(5));
}

/// Whatever keeps a request from being a delivery, whoever asks "why did nothing run?" finds it, in the
/// list, in the counts, in the numbers and in the log.
#[test]
fn what_is_not_taken_is_kept_in_brief_with_its_reason() {
    let folder = Folder::new(&format!(
        "connections:\n  a: {{secret: {{value: {SECRET}}}, limits: {{body: 64}}}}\n  \
         rate: {{secret: {{value: {SECRET}}}, limits: {{requests_per_second: 1}}}}\n  \
         off: {{secret: {{value: {SECRET}}}, enabled: false}}\n"
    ));
    let server = folder.serve(&["--no-worker"]);
    let signed = |name: &str, body: &[u8], more: &[(&str, &str)]| {
        let right = checksum(SECRET, body);
        let headers = [&[("X-WH-Checksum", right.as_str())], more].concat();
        server.request("POST", &format!("/webhooks/{name}"), &headers, body).status
    };
    let cases = [
        ("a", signed("a", br#"{"a":"#, &[]), 400, "verified by the secret `value`, but"),
        ("a", signed("a", b"{}", &[("X-WH-Checksum", "00")]), 400, "the header X-WH-Checksum is there more than once"),
        (
            "a",
            signed("a", b"{}", &[("Content-Type", "a"), ("Content-Type", "b")]),
            400,
            "verified by the secret `value`, but the header",
        ),
        ("a", signed("a", b"{}", &[("Content-Encoding", "gzip")]), 415, "without a content coding"),
        ("a", signed("a", &[b' '; 65], &[]), 413, "the body is larger than 64 bytes"),
        ("a", server.request("PUT", "/webhooks/a", &[], b"").status, 405, "this path takes POST only, not PUT"),
        ("a", server.request("GET", "/webhooks/a", &[], b"").status, 405, "this path takes POST only, not GET"),
        ("off", signed("off", b"{}", &[]), 404, "the connection is switched off"),
    ];
    let statuses: Vec<u16> = (0..20).map(|_| signed("rate", b"{}", &[])).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(server.request("POST", "/webhooks/nobody", &[], b"{}").status, 404);
    let wanted = [
        &cases[..],
        &[("rate", 429, 429, "verified by the secret `value`, but more than 1 requests came in a second")],
    ]
    .concat();
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    let list = until("all of them", ANSWER_MAX, || {
        let list = folder.run(&["deliveries", "--outcome", "refused", "--limit", "100", "--format", "json"]).json();
        let has = |name: &str| list.as_array().is_some_and(|list| list.iter().any(|it| it["connection"] == name));
        (has("a") && has("off") && has("rate")).then_some(list)
    });
    let reasons: Vec<(String, String)> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            let id = it["id"].as_str().expect("an id");
            let shown = server.ask(&format!("/api/v1/deliveries/{id}")).json();
            let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
            (text(&it["connection"]), text(&shown["refusal"]))
        })
        .collect();
    for (name, status, told, reason) in &wanted {
        assert_eq!(status, told, "{reason}");
        assert!(reasons.iter().any(|it| it.0 == *name && it.1.contains(reason)), "{reason:?} is not in {reasons:#?}");
        assert!(log().contains(reason), "{reason:?} is not in {}", log());
    }
    let counts = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
    let count = |name: &str| {
        counts.as_array().expect("a list").iter().find(|it| it["name"] == name).expect("it")["refusals"].clone()
    };
    assert_eq!((count("a"), count("off")), (7.into(), 1.into()), "{counts}");
    assert_eq!(counts.as_array().map(Vec::len), Some(3), "an unknown name is no connection: {counts}");
    let numbers = server.ask("/metrics").body;
    for (name, outcome, count) in [("a", "invalid", 7), ("off", "switched-off", 1)] {
        let line = format!("pipehook_deliveries_total{{connection=\"{name}\",outcome=\"{outcome}\"}} {count}\n");
        assert!(numbers.contains(&line), "{line} is not in {numbers}");
    }
    assert!(numbers.contains("connection=\"rate\",outcome=\"limited\""), "{numbers}");
}

/// A header may say any length, and methods may have any name: neither breaks what is kept.
#[test]
fn what_a_stranger_says_of_a_body_is_noted_within_bounds() {
    let folder = Folder::new(&format!("connections:\n  hook: {{secret: {{value: {SECRET}}}}}\n"));
    let server = folder.serve(&["--no-worker"]);
    let huge = format!("POST /webhooks/hook HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    let strange = format!("{} /webhooks/hook HTTP/1.1\r\nHost: h\r\n\r\n", "M".repeat(500));
    for request in [&huge, &strange] {
        let mut stream = connect(server.public);
        stream.write_all(request.as_bytes()).expect("the server reads");
        read_answer(&mut stream);
    }
    assert_eq!(server.request("POST", "/webhooks/hook", &[], b"{}").status, 401);
    until("the last of them", ANSWER_MAX, || {
        let list = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
        (list.as_array()?.len() == 3).then_some(())
    });
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
    // Nor does the log: what was not told one by one is told at the latest when the server ends.
    let mut server = server;
    server.terminate();
    server.ended(ANSWER_MAX).expect("it ends");
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    let told = log.matches("a delivery was refused").count();
    assert!((1..=40).contains(&told), "{told} lines");
    let others: usize = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["message"] == "more deliveries were refused")
        .filter_map(|line| {
            assert!(line["first"].is_string() && line["last"].is_string(), "{line}");
            usize::try_from(line["refusals"].as_u64()?).ok()
        })
        .sum();
    assert_eq!(told + others, FORGERIES, "{log}");
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

#[test]
fn a_program_that_finds_all_connections_of_the_admin_listener_in_use_is_told_to_come_again() {
    let folder = full::folder();
    let (mut server, lines) = full::serve_with_files(&folder, 150);
    let address = lines.take(2).find_map(|line| line.strip_prefix("admin on http://")?.parse().ok());
    let admin: std::net::SocketAddr = address.expect("an address");
    let others: Vec<_> = (0..60).map(|_| connect(admin)).collect();
    let mut late = connect(admin);
    let _ = late.write_all(format!("GET /healthz HTTP/1.1\r\nhost: {admin}\r\n\r\n").as_bytes());
    let answer = read_answer(&mut late);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    drop(others);
    until("room", ANSWER_MAX, || (request(admin, "GET", "/healthz", &[], b"").status == 200).then_some(()));
    server.kill().expect("it is killed");
    server.wait().expect("it ends");
}

/// A step can read what the server's user can. What is the server's alone is in no log all the same.
#[test]
fn the_secrets_of_the_server_are_masked_in_what_steps_print() {
    let folder = Folder::new(&format!(
        "connections:\n  hook: {{secret: {{value: {SECRET}}}}}\n  \
         other: {{scheme: basic, secret: {{value: 'somebody:pass of somebody'}}}}\n  \
         short: {{secret: {{value: print}}}}\n\
         variable-groups: {{vault: {{key: {{secret: {{value: the-key-of-a-group}}}}}}}}\n"
    ));
    let path = folder.path().display().to_string();
    folder.write(
        "pipelines/p.yml",
        &format!(
            "resources: {{webhooks: [{{webhook: h, connection: hook}}]}}\nsteps:\n\
             - script: cat {path}/data/admin-token {path}/pipehook.yml; base64 -w0 {path}/data/admin-token; echo; echo the end of what I print\n"
        ),
    );
    let server = folder.serve(&[]);
    let right = checksum(SECRET, b"{}");
    let answer = server.request("POST", "/webhooks/hook?wait=60", &[("X-WH-Checksum", &right)], b"{}").json();
    assert_eq!(answer["runs"][0]["result"], "succeeded", "{answer}");
    let log = folder.run(&["runs", "logs", answer["runs"][0]["id"].as_str().expect("an id")]).ended_with(0).stdout;
    let token = std::fs::read_to_string(folder.path().join("data/admin-token")).expect("the token");
    for secret in [token.trim(), SECRET, "pass of somebody", "the-key-of-a-group", &STANDARD.encode(token.trim())[..40]]
    {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    assert!(log.contains("***") && log.contains("the end of what I print"), "words stay words: {log}");
    // A secret that came while serving is one too.
    folder.configure(&format!("connections:\n  hook: {{secret: [{{value: {SECRET}}}, {{value: a-later-secret}}]}}\n"));
    until("the later secret", ANSWER_MAX, || {
        (server.deliver("hook", "a-later-secret", b"{}").status == 200).then_some(())
    });
    let answer = server.request("POST", "/webhooks/hook?wait=60", &[("X-WH-Checksum", &right)], b"{}").json();
    let log = folder.run(&["runs", "logs", answer["runs"][0]["id"].as_str().expect("an id")]).ended_with(0).stdout;
    assert!(!log.contains("a-later-secret") && log.contains("***"), "{log}");
}
