//! Challenges: how senders make sure that a receiver means it, through the running server.

use crate::support::{Answer, Folder, Server, shared};
use serde_json::{Value, json};

/// The configuration that makes a connection answer a vector's handler.
fn connection(vector: &Value) -> Value {
    let config = &vector["config"];
    let open = |challenge: Value| json!({ "auth": "none", "challenge": challenge });
    match vector["handler"].as_str() {
        Some("meta-hub") => {
            let token = json!({ "value": config["verify_token"] });
            json!({ "scheme": "meta", "secret": { "value": "s" }, "challenge": { "kind": "meta", "verify_token": token } })
        }
        Some("dropbox-echo") => json!({ "scheme": "dropbox", "secret": { "value": "s" } }),
        Some("slack-url-verification") => json!({ "scheme": "slack", "secret": { "value": "s" } }),
        Some("zoom-crc") => json!({ "scheme": "zoom", "secret": { "value": config["secret"] } }),
        Some("discord-ping") => json!({ "scheme": "discord", "secret": { "value": DISCORD } }),
        Some("cloudevents-options") => open(json!({
            "kind": "cloudevents",
            "origins": config["allowed_origins"],
            "rate": config.get("rate"),
        })),
        Some("eventgrid") => open(json!("eventgrid")),
        Some("x-crc") => json!({
            "secret": { "value": config["secret"] },
            "challenge": "x",
            "scheme": {
                "kind": "hmac",
                "algorithm": "sha256",
                "signature": { "header": "x-twitter-webhooks-signature", "encoding": "base64", "prefix": "sha256=" },
            },
        }),
        Some("sns-confirm") => json!({ "auth": "none", "scheme": "aws-sns" }),
        None => match vector["id"].as_str() {
            Some("websub-head") => json!({ "secret": { "value": "s" }, "challenge": "trello" }),
            Some("github-ping") => json!({ "scheme": "github", "secret": { "value": "s" } }),
            Some("bitbucket-dc-test") => json!({ "scheme": "bitbucket", "secret": { "value": "s" } }),
            _ => json!({ "secret": { "value": "s" } }),
        },
        Some(other) => panic!("no connection answers {other}"),
    }
}

/// A private key, its public half at the end: the connection can check and sign.
const DISCORD: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\
                       d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// Vectors that say that the signature was checked before, and Zoom's, whose sender signs its
/// challenge like everything else (an unsigned one would let anybody have texts signed).
fn is_signed(vector: &Value) -> bool {
    let said = vector["precondition"].as_str().unwrap_or_default();
    let is_verified = said.contains("verified") && !said.contains("NOT") && !said.contains("RSA");
    is_verified || vector["handler"] == "zoom-crc"
}

#[test]
fn every_shared_challenge_is_answered_as_it_says() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("vectors/challenges.json")).expect("the vectors");
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("the vectors are JSON");
    let connections: serde_json::Map<String, Value> =
        vectors.iter().map(|vector| (vector["id"].as_str().expect("an id").to_owned(), connection(vector))).collect();
    let folder = Folder::new("");
    folder.write("pipehook.yml", &json!({ "connections": connections }).to_string());
    let listeners = connections.keys().map(|name| format!("  - webhook: w-{name}\n    connection: {name}\n"));
    let listeners: String = listeners.collect();
    folder.write("pipelines/all.yml", &format!("resources:\n  webhooks:\n{listeners}steps:\n- script: echo\n"));
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-worker"]);
    for vector in &vectors {
        let answer = ask(&folder, &server, vector);
        check(vector, &answer);
    }
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    let started: Vec<&Value> = runs.as_array().expect("a list").iter().map(|run| &run["connection"]).collect();
    // Without a signature to check, Amazon's vector is an ordinary delivery of an open connection
    // but for its event, which asks no pipeline either.
    assert!(started.is_empty(), "challenges start nothing: {started:?}");
    assert!(vectors.len() >= 20, "{} vectors", vectors.len());
}

fn ask(folder: &Folder, server: &Server, vector: &Value) -> Answer {
    let request = &vector["request"];
    let name = vector["id"].as_str().expect("an id");
    let body = request["body"].as_str().unwrap_or("{}");
    let mut headers: Vec<(String, String)> = request["headers"]
        .as_object()
        .map(|headers| headers.iter().map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())))
        .into_iter()
        .flatten()
        .collect();
    if is_signed(vector) {
        folder.write("body.json", body);
        let signed = folder.run(&["sign", name, "body.json"]).ended_with(0).stdout;
        headers.extend(signed.lines().map(|line| {
            let (name, value) = line.split_once(": ").expect("a header line");
            (name.to_owned(), value.to_owned())
        }));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let query = request["target"].as_str().and_then(|target| target.split_once('?'));
    let query = query.map(|(_, query)| format!("?{query}")).unwrap_or_default();
    let method = request["method"].as_str().expect("a method");
    let body = if method == "POST" { body.as_bytes() } else { b"" };
    server.request(method, &format!("/webhooks/{name}{query}"), &headers, body)
}

#[track_caller]
fn check(vector: &Value, answer: &Answer) {
    let (id, wanted) = (&vector["id"], &vector["response"]);
    // Its sender signs nothing here, whatever is configured: a test that proves nothing is refused,
    // as the vector allows.
    let status = if id == "bitbucket-dc-test" { 401 } else { wanted["status"].as_u64().expect("a status") };
    assert_eq!(u64::from(answer.status), status, "{id}: {answer:?}");
    if let Some(kind) = wanted["content_type"].as_str() {
        let found = answer.header("content-type").unwrap_or_default();
        assert!(found.starts_with(kind), "{id}: {answer:?}");
    }
    if let Some(body) = wanted["body"].as_str() {
        assert_eq!(answer.body, body, "{id}");
    }
    if wanted["json"].is_object() {
        assert_eq!(answer.json(), wanted["json"], "{id}");
    }
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        assert_eq!(answer.header(&name.to_ascii_lowercase()), value.as_str(), "{id}: {answer:?}");
    }
    for name in wanted["absent_headers"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name").to_ascii_lowercase();
        assert_eq!(answer.header(&name), None, "{id}: {answer:?}");
    }
}

#[test]
fn a_connection_that_answers_no_challenge_allows_no_other_method_than_post() {
    let folder = Folder::new("connections: {plain: {secret: {value: s}}}\n");
    let server = folder.serve(&["--no-worker"]);
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"] {
        let answer = server.request(method, "/webhooks/plain?challenge=x&hub.challenge=x", &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}: {answer:?}");
        assert!(!answer.body.contains('x') || !answer.body.contains("challenge"), "{answer:?}");
    }
    assert_eq!(server.request("GET", "/webhooks/nobody?challenge=x", &[], b"").status, 404);
    assert_eq!(server.request("HEAD", "/webhooks/nobody", &[], b"").status, 404);
    assert_eq!(server.request("HEAD", "/healthz", &[], b"").status, 200);
}

#[test]
fn nothing_is_signed_that_could_be_a_delivery() {
    let folder = Folder::new(concat!(
        "connections:\n",
        "  zoom: {scheme: zoom, secret: {value: s}}\n",
        "  x: {scheme: github, secret: {value: s}, challenge: x}\n",
    ));
    let server = folder.serve(&["--no-worker"]);
    let body = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1700000000:{}"}}"#;
    folder.write("body.json", body);
    let url = format!("http://{}", server.public);
    let told = folder.run(&["send", "zoom", "body.json", "--url", &url]).ended_with(1);
    assert!(told.stdout.contains("no challenge that can be answered"), "{told:?}");
    let unsigned = server.request("POST", "/webhooks/zoom", &[], body.as_bytes());
    assert_eq!(unsigned.status, 401, "{unsigned:?}");
    let of_a_body = server.request("GET", "/webhooks/x?crc_token=%7B%7D", &[], b"");
    assert_eq!(of_a_body.status, 400, "{of_a_body:?}");
}

#[test]
fn a_token_in_the_query_opens_a_connection_and_is_kept_nowhere() {
    let folder = Folder::new(concat!(
        "connections:\n",
        "  grid:\n",
        "    secret: {value: open-sesame}\n",
        "    scheme: {kind: token, signature: {query: code}}\n",
        "    challenge: eventgrid\n",
    ));
    let server = folder.serve(&["--no-worker"]);
    let kind = [("aeg-event-type", "SubscriptionValidation")];
    let body = br#"[{"data":{"validationCode":"512d38b6"}}]"#;
    for query in ["", "?code=", "?code=open-sesam", "?code=open-sesame&code=open-sesame", "?Code=open-sesame"] {
        let answer = server.request("POST", &format!("/webhooks/grid{query}"), &kind, body);
        assert_eq!(
            (answer.status, answer.json()),
            (401, json!({"error": "the checksum is missing or wrong"})),
            "{query}"
        );
    }
    let answer = server.request("POST", "/webhooks/grid?code=open%2Dsesame", &kind, body);
    assert_eq!((answer.status, answer.json()), (200, json!({"validationResponse": "512d38b6"})), "{answer:?}");
    let deliveries = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    assert_eq!(deliveries[0]["outcome"], "nothing", "{deliveries}");
    assert_eq!(deliveries[0]["reason"], "the sender's challenge was answered");
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    assert!(!log.contains("sesam"), "{log}");
    // What the body says that it is it is, whatever stands in headers.
    let whole = br#"[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5c"}}]"#;
    let other = ("aeg-event-type", "Notification");
    for headers in [&[][..], &[kind[0], kind[0]], &[other]] {
        let answer = server.request("POST", "/webhooks/grid?code=open%2Dsesame", headers, whole);
        assert_eq!((answer.status, answer.json()), (200, json!({"validationResponse": "5c"})), "{answer:?}");
    }
}
