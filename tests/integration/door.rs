//! The shared attacks on the door (checksum, HTTP, JSON, replay, queue), against the running
//! server. What is decided otherwise than an attack's expectation says has its reason here; what
//! can't be run here too.

use crate::support::{ANSWER_MAX, Answer, Folder, Server, checksum, connect, exchange, shared};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;

const SECRET: &str = "it is a secret";
const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: WebHook
    connection: WebHook
steps:
- script: echo ${{ parameters.WebHook.resource.message.title }}
";

/// Attacks that are no request to the server's door: what a step does to its machine is the
/// worker's matter, and tested there.
const ELSEWHERE: [&str; 4] = ["QU-004", "QU-005", "QU-006", "QU-010"];
/// Answered as the outward contract says, where the attack's own expectation differs.
const DECIDED: [(&str, &[u16], &str); 8] = [
    ("SG-007", &[400], "a header that must be single and is doubled is a bad request, whatever is in it"),
    ("SG-008", &[400], "as above"),
    ("SG-023", &[404], "an unknown name is told as such: a name is no secret, and its owner looks for the mistake"),
    ("HT-011", &[401], "the path decides, not the host before it; nobody is known without a checksum"),
    ("HT-017", &[200, 422], "a form whose field `payload` is JSON is a payload"),
    ("JS-020", &[200, 422], "a text is JSON; a pipeline that wants members of it finds none"),
    ("JS-022", &[200, 422], "as above"),
    ("JS-015", &[200], "the integer keeps its digits"),
];

fn attacks() -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared()?.join("attacks/attacks.json")).expect("the attacks");
    let mut attacks: Value = serde_json::from_str(&text).expect("the attacks are JSON");
    let Value::Array(cases) = attacks["cases"].take() else { panic!("a list of cases") };
    let surfaces = ["signature", "http", "json", "replay", "queue"];
    Some(cases.into_iter().filter(|case| surfaces.iter().any(|surface| case["surface"] == *surface)).collect())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Returns the body of an attack. Those that are only described are made here.
fn body(case: &Value) -> Vec<u8> {
    let raw = text(case, "payload_raw");
    match text(case, "id") {
        "JS-005" => format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)).into_bytes(),
        "JS-018" => format!(r#"{{"resource":{{"message":{{"title":{}}}}}}}"#, "9".repeat(1 << 20)).into_bytes(),
        "JS-024" => {
            let keys: Vec<String> = (0..1_000_000).map(|key| format!("\"k{key}\":0")).collect();
            format!("{{{}}}", keys.join(",")).into_bytes()
        }
        "JS-025" => {
            // A hash with a random key has no collisions that can be made beforehand.
            let keys: Vec<String> = (0..100_000).map(|key| format!("\"{key:016x}\":0")).collect();
            format!("{{{}}}", keys.join(",")).into_bytes()
        }
        _ if case["payload_base64"].is_string() => base64(text(case, "payload_base64")),
        _ if case["payload_raw"].is_string() => raw.as_bytes().to_vec(),
        _ if case["request"]["body_gzip"].is_string() => text(&case["request"], "body_gzip").as_bytes().to_vec(),
        _ => text(&case["request"], "body").as_bytes().to_vec(),
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// Fills in what an attack leaves to the configuration.
fn header(value: &str, body: &[u8]) -> String {
    let own = checksum(SECRET, body);
    if let Some(other) = value.strip_prefix("$HMAC_OF(").and_then(|rest| rest.strip_suffix(')')) {
        return checksum(SECRET, other.as_bytes());
    }
    match value {
        "$HMAC" => own,
        "$HMAC_UPPER" => own.to_uppercase(),
        "$HMAC[:38]" => own[..38].to_owned(),
        "$HMAC()" => checksum("", body),
        "$HMAC(wrong-key)" => checksum("wrong-key", body),
        "md5=$MD5HMAC" => "md5=2c1ea2a7a7d8d0d1b0b4f5c6d7e8f901".to_owned(),
        other => other.to_owned(),
    }
}

fn attack(server: &Server, case: &Value) -> Answer {
    let request = &case["request"];
    if let Some(raw) = request["raw"].as_str() {
        return exchange(server.public, raw.as_bytes());
    }
    let body = body(case);
    let (method, path) = match request.is_object() {
        true => (text(request, "method"), text(request, "path")),
        false => ("POST", "/webhooks/WebHook"),
    };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
    let listed = request["headers"].as_array().cloned().unwrap_or_default();
    for pair in &listed {
        let (name, value) = (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value"));
        head.push_str(&format!("{name}: {}\r\n", header(value, &body)));
    }
    if listed.is_empty() {
        head.push_str(&format!("X-Signature: {}\r\n", checksum(SECRET, &body)));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    exchange(server.public, &[head.as_bytes(), &body].concat())
}

/// Returns the most bytes of memory that a process has used.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number") * 1024
}

#[test]
fn every_attack_on_the_door_is_answered_as_it_should_be() {
    let Some(attacks) = attacks() else { return };
    let folder = Folder::new(&format!(
        "limits: {{body: 25MiB}}\nconnections:\n  WebHook: {{secret: {{value: {SECRET}}}, header: X-Signature}}\n  \
         Other: {{secret: {{value: {SECRET}}}, header: X-Signature}}\n"
    ));
    folder.write("pipelines/p.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    let before = peak(server.process());
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for case in &attacks {
        let id = text(case, "id");
        seen.insert(id.to_owned());
        // The full queue, the empty secret and the id with a full stop need another configuration:
        // they have tests of their own below.
        if ELSEWHERE.contains(&id) || ["QU-002", "SG-017", "RP-006"].contains(&id) {
            continue;
        }
        let answer = attack(&server, case);
        let decided = DECIDED.iter().find(|(known, ..)| *known == id);
        let is_right = match (decided, text(case, "expect")) {
            (Some((_, statuses, _)), _) => statuses.contains(&answer.status),
            (None, "401") => answer.status == 401,
            (None, "4xx") => (400..500).contains(&answer.status),
            (None, "literal") => [200, 422].contains(&answer.status),
            (None, expected) => expected.starts_with("2xx") && answer.status == 200,
        };
        if !is_right {
            wrong.push(format!("{id} {}: {} {}", text(case, "title"), answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.len() >= 53, "{} attacks were found", seen.len());
    assert_eq!(server.request("GET", "/healthz", &[], b"").status, 200, "the server lives");
    let grown = peak(server.process()).saturating_sub(before);
    assert!(grown < 256 * 1024 * 1024, "the attacks made it {grown} bytes larger");
    let deliveries = folder.run(&["deliveries", "--limit", "1000", "--format", "json"]).ended_with(0).stdout;
    assert!(!deliveries.contains(&checksum(SECRET, b"")), "no digest is kept: {deliveries}");
}

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

/// The full stop that ends the id in what is signed could be moved into the id.
#[test]
fn an_id_with_a_full_stop_is_refused_where_a_full_stop_ends_it() {
    let folder = Folder::new("connections:\n  hook: {scheme: standard-webhooks, secret: {value: whsec_c2VjcmV0}}\n");
    folder.write("body.json", "{}");
    let server = folder.serve(&["--no-worker"]);
    let url = format!("http://{}", server.public);
    folder.run(&["send", "hook", "body.json", "--url", &url]).ended_with(0);
    let signed = folder.run(&["sign", "hook", "body.json"]).ended_with(0).stdout;
    let mut headers: Vec<(&str, &str)> = signed.lines().filter_map(|line| line.split_once(": ")).collect();
    assert_eq!(
        headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["webhook-id", "webhook-timestamp", "webhook-signature"]
    );
    assert_eq!(server.request("POST", "/webhooks/hook", &headers, b"{}").status, 200);
    let dotted = format!("{}.1", headers[0].1);
    headers[0].1 = &dotted;
    assert_eq!(server.request("POST", "/webhooks/hook", &headers, b"{}").status, 401);
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
    crate::support::until("the count of all", ANSWER_MAX, || {
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
