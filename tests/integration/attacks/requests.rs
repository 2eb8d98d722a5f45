//! Requests: posted to a running server.

use super::End;
use crate::support::{Folder, Server, checksum};
use serde_json::Value;

const SECRET: &str = "s";

/// A server to post to.
pub struct Posting {
    pub(super) server: Server,
    _folder: Folder,
}

pub fn server() -> Posting {
    let folder = Folder::new("connections: {WebHook: {secret: {value: s}}}\n");
    let server = folder.serve(&[]);
    Posting { server, _folder: folder }
}

/// Requests that are answered otherwise, and why that is right.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "JS-020",
        "a payload that is a text is JSON: it is kept, and nothing can be named in it (see the tests of the door)",
    ),
    (
        "JS-022",
        "a payload that is null is JSON: it is kept, and nothing can be named in it (see the tests of the door)",
    ),
];

pub fn end(case: &Value, posting: &Posting) -> End {
    if let Some((_, why)) = OTHERWISE.iter().find(|(id, _)| case["id"] == *id) {
        return End::NotRun((*why).to_owned());
    }
    let request = &case["request"];
    let body = match body(case) {
        Some(body) if !String::from_utf8_lossy(&body).contains("...(") => body,
        _ => return End::NotRun("its body is only described: the tests of the door make it".to_owned()),
    };
    let path = request["path"].as_str().unwrap_or("/webhooks/WebHook");
    let method = request["method"].as_str().unwrap_or("POST");
    let signature = checksum(SECRET, &body);
    let answer = posting.server.request(method, path, &[("X-WH-Checksum", &signature)], &body);
    let is_fine = match case["expect"].as_str() {
        Some("4xx") => (400..500).contains(&answer.status),
        // Where the case leaves it open, not being a crash is all.
        Some("literal") => answer.status < 500,
        _ => return End::NotRun("its expectation is not known".to_owned()),
    };
    if !is_fine {
        return End::Fault(format!("the answer is {}: {answer:?}", answer.status));
    }
    let is_alive = posting.server.request("GET", "/healthz", &[], b"").status == 200;
    let has_injected = case["must_not"]["header_injected"].as_str().is_some_and(|name| answer.header(name).is_some());
    if is_alive && !has_injected { End::Passed } else { End::Fault(format!("the server is hurt: {answer:?}")) }
}

fn body(case: &Value) -> Option<Vec<u8>> {
    if let Some(text) = case["payload_base64"].as_str() {
        return decode(text);
    }
    let text = case["payload_raw"].as_str().or(case["request"]["body"].as_str())?;
    Some(text.as_bytes().to_vec())
}

/// Decodes base64 with padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        bits = bits << 6 | LETTERS.iter().position(|known| *known == letter)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}
