//! Attacks on the door: checksums, HTTP, JSON, repeats and names in paths, each one request to a running
//! server. What the outward contract answers otherwise than a case wants has its reason here.

use super::End;
use crate::support::{Answer, Folder, Server, checksum, exchange};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

pub const SECRET: &str = "it is a secret";
/// A secret of Standard Webhooks: its text, and the key that it is.
const STANDARD_SECRET: (&str, &[u8]) = ("whsec_c2VjcmV0", b"secret");
/// The header that the cases have their checksum in.
pub(super) const HEADER: &str = "X-Signature";

/// Prints a part of what is posted to its connection.
pub const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: WebHook
    connection: WebHook
steps:
- script: echo ${{ parameters.WebHook.resource.message.title }}
";

/// Cases that are answered otherwise than they want: with which status, and why.
const OTHERWISE: &[(&str, u16, &str)] = &[
    ("SG-007", 400, "a header that must be single and is doubled is a bad request, whatever is in it"),
    ("SG-008", 400, "a header that must be single and is doubled is a bad request, whatever is in it"),
    ("SG-023", 404, "an unknown name is told as such: a name is no secret, and its owner looks for the mistake"),
    ("HT-017", 200, "a signed form whose field `payload` is JSON is a payload; the title that it lacks is empty"),
    ("JS-020", 200, "a text is JSON: a pipeline that names a member of it finds none, which is empty"),
    ("JS-022", 200, "null is JSON: a pipeline that names a member of it finds none, which is empty"),
];

/// A server to post to, which takes bodies so large that their size refuses none of the cases.
pub struct Posting {
    pub(super) server: Server,
    folder: Folder,
}

pub fn server() -> Posting {
    let folder = Folder::new(&format!(
        "limits: {{body: 25MiB}}\nconnections:\n  WebHook: {{secret: {{value: {SECRET}}}, header: {HEADER}}}\n  \
         Other: {{secret: {{value: {SECRET}}}, header: {HEADER}}}\n  \
         Standard: {{secret: {{value: {}}}, scheme: standard-webhooks}}\n",
        STANDARD_SECRET.0
    ));
    folder.write("pipelines/attack.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    Posting { server, folder }
}

pub fn end(case: &Value, posting: &Posting) -> End {
    let id = text(case, "id");
    if case["request"]["config"]["secret"] == "" {
        return without_secret(case);
    }
    let before = newest_run(posting);
    let memory = Memory::of(posting.server.process());
    let answer = answer(case, posting);
    if let Some(most) = case["must_not"]["memory_over_mib"].as_u64()
        && memory.grown() > most << 20
    {
        return End::Fault(format!("it took {} bytes", memory.grown()));
    }
    if let Some(fault) = harm(case, posting, &answer) {
        return End::Fault(format!("{fault}: {answer:?}"));
    }
    let has_run = newest_run(posting) != before;
    if has_run != (answer.status == 200 && answer.json()["outcome"] == "queued") {
        return End::Fault(format!("the answer and the runs differ: {answer:?}"));
    }
    if let Some((_, status, why)) = OTHERWISE.iter().find(|(known, ..)| *known == id) {
        return match answer.status == *status {
            true => End::Otherwise((*why).to_owned()),
            false => End::Fault(format!("neither as the case wants nor as we do: {answer:?}")),
        };
    }
    let is_right = match text(case, "expect") {
        "401" => answer.status == 401,
        "4xx" => (400..500).contains(&answer.status),
        "literal" => [200, 422].contains(&answer.status),
        expected => expected.starts_with("2xx") && answer.status == 200,
    };
    if is_right { End::Passed } else { End::Fault(format!("it is answered {answer:?}")) }
}

/// Returns what a case must not have done and has.
fn harm(case: &Value, posting: &Posting, answer: &Answer) -> Option<&'static str> {
    let must_not = &case["must_not"];
    let is_alive = posting.server.request("GET", "/healthz", &[], b"").status == 200;
    let is_injected = must_not["header_injected"].as_str().is_some_and(|name| answer.header(name).is_some());
    let log = std::fs::read_to_string(posting.folder.path().join("stderr.txt")).unwrap_or_default();
    match () {
        () if !is_alive => Some("the server is hurt"),
        () if is_injected => Some("a header came in"),
        () if answer.body.contains("root:") => Some("a file was read"),
        () if log.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z")) => Some("a line of the log is forged"),
        () if answer.body.contains(&checksum(SECRET, b"")) => Some("the checksum is told"),
        () => None,
    }
}

fn newest_run(posting: &Posting) -> Value {
    let runs = posting.server.ask("/api/v1/runs?limit=1").json();
    runs[0]["id"].clone()
}

/// The memory that a process has when something begins.
struct Memory {
    process: u32,
    before: u64,
}

impl Memory {
    fn of(process: u32) -> Self {
        // What was the most is forgotten, where the system can do that (proc(5), `clear_refs`).
        let _ = std::fs::write(format!("/proc/{process}/clear_refs"), "5");
        Self { process, before: crate::load::resident(process) }
    }

    /// Returns how many bytes more it had than before, at most, if only for a moment.
    fn grown(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).expect("it lives");
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        let most = most.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024;
        most.saturating_sub(self.before)
    }
}

/// An empty secret is a mistake of the configuration, so that no server is there to be asked.
fn without_secret(case: &Value) -> End {
    let folder = Folder::new("connections: {WebHook: {secret: {value: \"\"}}}\n");
    let checked = folder.run(&["check"]);
    let signed = folder.run(&["sign", "WebHook"]);
    match (checked.code, signed.code, text(case, "expect")) {
        (Some(1 | 2), Some(2), "401") => {
            End::Otherwise("no server starts with an empty secret: the configuration is refused".to_owned())
        }
        _ => End::Fault(format!("an empty secret is taken: {checked:?} {signed:?}")),
    }
}

fn answer(case: &Value, posting: &Posting) -> Answer {
    let request = &case["request"];
    let to = posting.server.public;
    if let Some(raw) = request["raw"].as_str() {
        return exchange(to, raw.as_bytes());
    }
    let body = body(case);
    let listed = request["headers"].as_array().cloned().unwrap_or_default();
    let is_standard = listed.iter().any(|pair| pair[0] == "webhook-id");
    let (method, path) = match request.is_object() {
        true if is_standard => ("POST", "/webhooks/Standard"),
        true => (text(request, "method"), text(request, "path")),
        false => ("POST", "/webhooks/WebHook"),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
    for pair in &listed {
        let (name, value) = (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value"));
        head.push_str(&format!("{name}: {}\r\n", filled_in(value, &body, now)));
    }
    if listed.is_empty() {
        head.push_str(&format!("{HEADER}: {}\r\n", checksum(SECRET, &body)));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    exchange(to, &[head.as_bytes(), &body].concat())
}

/// Fills in what a case leaves to the configuration and the time.
fn filled_in(value: &str, body: &[u8], now: u64) -> String {
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
        "md5=$MD5HMAC" => format!("md5={}", &own[..32]),
        "now" => now.to_string(),
        // A true signature of the id `m`, whose full stop the sender of the attack has moved.
        "v1,$SWHMAC(m | 1.now | ...)" => {
            let signed = [format!("m.1.{now}.").as_bytes(), body].concat();
            format!("v1,{}", standard_signature(&signed))
        }
        other => {
            assert!(!other.contains('$'), "{other} is not known");
            other.to_owned()
        }
    }
}

fn standard_signature(signed: &[u8]) -> String {
    use base64::Engine;
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(STANDARD_SECRET.1).expect("any key will do");
    mac.update(signed);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns the body of a case. Those that are only described are made here.
fn body(case: &Value) -> Vec<u8> {
    use base64::Engine;
    let raw = text(case, "payload_raw");
    match text(case, "id") {
        "JS-005" => format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)).into_bytes(),
        "JS-018" => format!(r#"{{"resource":{{"message":{{"title":{}}}}}}}"#, "9".repeat(1 << 20)).into_bytes(),
        "JS-024" => keys((0..1_000_000).map(|key| format!("\"k{key}\":0"))),
        // A hash with a random key has no collisions that can be made beforehand.
        "JS-025" => keys((0..100_000).map(|key| format!("\"{key:016x}\":0"))),
        id if raw.contains("...(") => panic!("{id} has a body that is only described"),
        _ if case["payload_base64"].is_string() => {
            base64::engine::general_purpose::STANDARD.decode(text(case, "payload_base64")).expect("base64")
        }
        _ if case["payload_raw"].is_string() => raw.as_bytes().to_vec(),
        _ if case["request"]["body_gzip"].is_string() => gzip(text(&case["request"], "body_gzip").as_bytes()),
        _ => text(&case["request"], "body").as_bytes().to_vec(),
    }
}

fn keys(keys: impl Iterator<Item = String>) -> Vec<u8> {
    format!("{{{}}}", keys.collect::<Vec<_>>().join(",")).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("a buffer takes all");
    encoder.finish().expect("a buffer takes all")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
