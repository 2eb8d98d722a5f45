//! What a checksum covers is what is used: no second reading of a body, no text that strangers can
//! have signed, no member that a signature leaves open, no configuration that leaves the payload open.

use crate::support::{Answer, Folder, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use pipehook::config::Config;
use pipehook::webhook::checksum;
use pipehook::webhook::connection::Connection;
use pipehook::webhook::header::RawHeader;
use pipehook::webhook::payload;
use pipehook::webhook::received::Received;
use pipehook::webhook::signature::{Fresh, Outgoing, sign};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const SECRET: &str = "a secret of a sender";
const FORM: &str = "application/x-www-form-urlencoded";
const HONEST: &str = r#"{"ref":"honest"}"#;
/// `HONEST` in a field of a form that stands inside of another JSON text.
const INSIDE: &str = r#"{"ref":"EVIL","x":"&payload=%7B%22ref%22%3A%22honest%22%7D&"}"#;

fn signed(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn connections(all: &Value) -> Vec<Arc<Connection>> {
    let folder = Folder::new("");
    folder.write("pipehook.yml", &json!({ "connections": all }).to_string());
    let path = folder.path().join("pipehook.yml");
    Config::load(Some(&path), &|_| None).unwrap_or_else(|mistakes| panic!("{mistakes}")).connections
}

/// Returns the payload of a request whose checksum holds; nothing where it does not, or where there is none.
fn used(connection: &Connection, headers: &[RawHeader<'_>], body: &str, target: &str) -> Option<Value> {
    let received = Received::new(connection, headers, body.as_bytes(), target);
    checksum::verify(connection, &received, Timestamp::now()).ok()?;
    let payload = payload::read(received.body).ok()?;
    Some(serde_json::from_str(payload.json()).expect("JSON"))
}

/// Whatever may be written about a body, and whatever a connection takes: a checksum of one payload never
/// brings another one through.
#[test]
fn what_the_checksum_read_is_what_is_used() {
    let model = |signed: &str, content: &str| {
        json!({
            "secret": { "value": SECRET },
            "url": "https://hooks.example.com/hook",
            "scheme": {
                "kind": "hmac", "algorithm": "sha256", "signature": { "header": "X-Sum" },
                "signed": signed, "content": content,
            },
        })
    };
    let with_digest = |content: &str| {
        let mut connection = model("{url}{form_sorted}", content);
        connection["scheme"]["body_digest"] = json!({ "query": "hash" });
        connection
    };
    let all = connections(&json!({
        "gitea": { "scheme": "gitea", "secret": { "value": SECRET } },
        "payload-json": model("{payload}", "json"),
        "payload-form": model("{payload}", "form"),
        "body-form": model("{body}", "form"),
        "body-fields": model("{body}", "fields"),
        "body-either": model("{body}", "form-or-fields"),
        "sorted-form": with_digest("form"),
        "sorted-fields": with_digest("fields"),
        "sorted-either": with_digest("form-or-fields"),
    }));
    let types: [Option<&str>; 9] = [
        None,
        Some(""),
        Some("application/json"),
        Some(FORM),
        Some("Application/X-WWW-Form-Urlencoded ; charset=utf-16"),
        Some("application/x-www-form-urlencoded, application/json"),
        Some("application/json; application/x-www-form-urlencoded"),
        Some("text/plain"),
        Some("multipart/form-data"),
    ];
    let honest_form = "payload=%7B%22ref%22%3A%22honest%22%7D";
    let marked_form = format!("\u{FEFF}{{\"ref\":\"EVIL\"}}&{honest_form}");
    let also_honest = format!("{honest_form}&ref=EVIL");
    let doubled = format!("{honest_form}&payload=%7B%22ref%22%3A%22EVIL%22%7D");
    let escaped = format!("{honest_form}&p%61yload=%7B%22ref%22%3A%22EVIL%22%7D");
    let evil_first = format!("ref=EVIL&{honest_form}");
    let in_blanks = format!(" \n{INSIDE}");
    let in_list = format!("[{INSIDE}]");
    let bodies = [
        HONEST,
        honest_form,
        INSIDE,
        &marked_form,
        &also_honest,
        &doubled,
        &escaped,
        &evil_first,
        &in_blanks,
        &in_list,
        r#"{"ref":"EVIL"}"#,
        r#""&payload=%7B%22ref%22%3A%22honest%22%7D""#,
        "refEVIL",
        "ref=EVIL",
    ];
    let mut came_through = 0;
    for connection in &all {
        for (honest, honest_type) in [(HONEST, "application/json"), (honest_form, FORM)] {
            let headers = [("Content-Type".to_owned(), honest_type.to_owned())];
            let fresh = Fresh { now: Timestamp::now(), id: "msg_1" };
            let outgoing = Outgoing { body: honest.as_bytes(), headers: &headers };
            let made = sign(connection, outgoing, fresh).expect("it can be signed");
            let (name, sum) = made.headers.first().expect("a checksum");
            // What a stranger can put there who has seen the request.
            let own = |body: &str| format!("hash={}", hex::encode(Sha256::digest(body)));
            let given = made.query.first().map(|(name, value)| format!("{name}={value}"));
            let sent = |body: &str, kind: Option<&str>, query: Option<&str>| {
                let mut headers: Vec<RawHeader<'_>> = vec![(name, sum.as_bytes())];
                headers.extend(kind.map(|kind| ("content-type", kind.as_bytes())));
                let target = query.map_or_else(|| "/hook".to_owned(), |query| format!("/hook?{query}"));
                used(connection, &headers, body, &target)
            };
            let right = sent(honest, Some(honest_type), given.as_deref());
            // A connection that takes no forms has nothing to say of one.
            assert!(
                right.is_some() || (connection.name == "payload-json" && honest == honest_form),
                "{}",
                connection.name
            );
            for body in bodies {
                for kind in types {
                    for query in [None, given.as_deref(), Some(&*own(body))] {
                        let found = sent(body, kind, query);
                        came_through += usize::from(found.is_some());
                        assert!(
                            found.is_none() || found == right,
                            "{}: {body:?} as {kind:?}: {found:?}",
                            connection.name
                        );
                    }
                }
            }
        }
    }
    assert!(came_through > 0, "the honest ones are among them");
}

#[test]
fn a_seen_signature_brings_no_other_body_through_the_server() {
    let folder = Folder::new(&format!(
        "connections:\n  forge: {{scheme: gitea, secret: {{value: {SECRET}}}, repeat: {{key: body}}}}\n"
    ));
    folder
        .write("pipelines/p.yml", "resources: {webhooks: [{webhook: it, connection: forge}]}\nsteps: [{script: ls}]\n");
    let server = folder.serve(&["--no-worker"]);
    let sum = signed(SECRET, HONEST);
    let post = |body: &str, kind: &str| {
        let headers = [("X-Gitea-Signature", sum.as_str()), ("Content-Type", kind)];
        let answer = server.request("POST", "/webhooks/forge", &headers, body.as_bytes());
        (answer.status, answer.json()["outcome"].as_str().unwrap_or_default().to_owned())
    };
    let was = |outcome: &str| (200, outcome.to_owned());
    assert_eq!(post(INSIDE, FORM).0, 401);
    assert_eq!(post(HONEST, "application/json"), was("queued"));
    // A form with the same in it is the same, whatever else stands in the form.
    for more in ["", "&a=1", "&a=2"] {
        let form = format!("payload=%7B%22ref%22%3A%22honest%22%7D{more}");
        assert_eq!(post(&form, FORM), was("repeat"), "{more}");
    }
}

/// What decides how a body is read is kept with it as it came, so that a replay reads what was read.
#[test]
fn a_body_is_read_again_as_it_was() {
    let folder = Folder::new(
        "connections:\n  sms: {auth: none, scheme: {kind: token, signature: {header: X}, content: fields, \
         event: 'header:content-type', event_strip: '[]'}}\n",
    );
    let filter = "{path: \"$['31337']\", pattern: '.*'}";
    folder.write(
        "pipelines/p.yml",
        &format!("resources: {{webhooks: [{{webhook: it, connection: sms, filters: [{filter}]}}]}}\nsteps: [{{script: ls}}]\n"),
    );
    let server = folder.serve(&["--no-worker"]);
    let long = format!("{FORM}; x={}", "x".repeat(5_000));
    let bracketed = format!("[{FORM}]");
    // The body is an object of one field as a form, and otherwise a number.
    for (kind, outcome) in [(FORM, "queued"), (&*long, "nothing"), (&*bracketed, "nothing"), ("text/plain", "nothing")]
    {
        let answer = server.request("POST", "/webhooks/sms", &[("Content-Type", kind)], b"31337").json();
        assert_eq!(answer["outcome"], outcome, "{answer}");
        let id = answer["delivery"].as_str().expect("an id");
        let again = folder.run(&["deliveries", "replay", id, "--force", "--format", "json"]).ended_with(0).json();
        assert_eq!(again["outcome"], outcome, "{again}");
    }
}

fn response(answer: &Answer) -> String {
    let token = answer.json()["response_token"].as_str().expect("a token").to_owned();
    hex::encode(STANDARD.decode(token.strip_prefix("sha256=").expect("a prefix")).expect("base64"))
}

/// Strangers may have tokens signed, and tokens alone: nothing that a checksum of the connection may cover.
#[test]
fn what_strangers_can_have_signed_is_no_delivery() {
    let model = |signed: &str| {
        format!(
            "{{secret: {{value: {SECRET}}}, challenge: x, scheme: {{kind: hmac, algorithm: sha256, content: fields, \
             signature: {{header: X-Sum}}, signed: '{signed}', id: 'header:X-Id', \
             timestamp: {{in: header, name: X-Ts, tolerance: 1000000}}}}}}"
        )
    };
    let folder = Folder::new(&format!(
        "connections:\n  x: {{scheme: github, secret: {{value: {SECRET}}}, challenge: x}}\n  \
         plain: {{secret: {{value: {SECRET}}}, challenge: x, scheme: {{kind: hmac, algorithm: sha256, content: fields, \
         signature: {{header: X-Sum}}}}}}\n  glued: {}\n  dashed: {}\n  dotted: {}\n",
        model("{ts}{body}"),
        model("{id}-{ts}-{body}"),
        model("{ts}.{body}"),
    ));
    let server = folder.serve(&["--no-worker"]);
    let now = Timestamp::now().as_second().to_string();
    let ask = |name: &str, token: &str| server.request("GET", &format!("/webhooks/{name}?crc_token={token}"), &[], b"");
    for json in ["31337", "-1", "1e5", "true", "false", "null", &now, "%22a%22", "%7B%7D", "a%20b", ""] {
        let answer = ask("x", json);
        assert_eq!(answer.status, 400, "{json}: {answer:?}");
    }
    let post = |name: &str, header: &str, sum: &str, body: &str| {
        let headers = [(header, sum), ("X-Ts", now.as_str()), ("X-Id", "a"), ("Content-Type", FORM)];
        server.request("POST", &format!("/webhooks/{name}"), &headers, body.as_bytes()).status
    };
    for (name, token, body) in [
        ("plain", "ref".to_owned(), "ref"),
        ("glued", format!("{now}ref"), "ref"),
        ("glued", format!("{now}true"), "true"),
        ("dashed", format!("a-{now}-ref"), "ref"),
        ("dashed", format!("a-{now}-1"), "1"),
    ] {
        let sum = response(&ask(name, &token));
        assert_eq!(sum, signed(SECRET, &token), "the challenge is answered");
        assert_eq!(post(name, "X-Sum", &sum, body), 401, "{name} {token}");
    }
    // Everything else is a delivery as it was.
    let sum = |text: &str| format!("sha256={}", signed(SECRET, text));
    assert_eq!(post("x", "X-Hub-Signature-256", &sum("{}"), "{}"), 200);
    assert_eq!(post("plain", "X-Sum", &signed(SECRET, "ref=a"), "ref=a"), 200);
    assert_eq!(post("dotted", "X-Sum", &signed(SECRET, &format!("{now}.ref")), "ref"), 200);
}

/// In a rotation the sender has one of the secrets: the one that proved it.
#[test]
fn a_posted_challenge_is_answered_with_the_secret_that_proved_it() {
    let folder = Folder::new(
        "connections:\n  zoom: {scheme: zoom, secret: [{value: the old secret of zoom}, {value: the new secret of zoom}]}\n",
    );
    let server = folder.serve(&["--no-worker"]);
    let body = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}"#;
    let now = Timestamp::now().as_second().to_string();
    for secret in ["the old secret of zoom", "the new secret of zoom"] {
        let sum = format!("v0={}", signed(secret, &format!("v0:{now}:{body}")));
        let headers = [("x-zm-signature", sum.as_str()), ("x-zm-request-timestamp", &now)];
        let answer = server.request("POST", "/webhooks/zoom", &headers, body.as_bytes()).json();
        assert_eq!(answer["encryptedToken"], signed(secret, "qgg8vlvZRS6UYooatFL8Aw"), "{secret}");
    }
}

/// A signature in the query is a signature: the secret itself goes nowhere.
#[test]
fn a_signature_in_the_query_is_signed_and_sent_as_one() {
    let folder = Folder::new(&format!(
        "connections:\n  hq: {{secret: {{value: {SECRET}}}, scheme: {{kind: hmac, algorithm: sha256, \
         signature: {{query: sig, encoding: base64, prefix: 'v1='}}, signed: '{{ts}}.{{body}}', \
         timestamp: {{in: header, name: X-Ts}}}}}}\n"
    ));
    folder.write("body.json", HONEST);
    let server = folder.serve(&["--no-worker"]);
    let told = folder.run(&["sign", "hq", "body.json"]).ended_with(0);
    assert!(told.stdout.starts_with("X-Ts: ") && told.stderr.contains("?sig=v1%3D"), "{told:?}");
    let url = format!("http://{}", server.public);
    let sent = folder.run(&["send", "hq", "body.json", "--url", &url]).ended_with(0);
    let unreachable = folder.run(&["send", "hq", "body.json", "--url", "http://127.0.0.1:9"]).ended_with(3);
    let with_password = |base: &str, code: u8| {
        let output = folder.run(&["send", "hq", "body.json", "--url", base]).ended_with(code.into());
        assert!(!output.stderr.contains("pa55") && !output.stderr.contains("/w0rd"), "{output:?}");
        output.stderr
    };
    let told_so = with_password("http://user:pa55/w0rd@127.0.0.1:9", 3);
    assert!(told_so.contains("http://127.0.0.1:9/webhooks/hq can't be reached"), "{told_so}");
    with_password("user:pa55@127.0.0.1:9", 2);
    for output in [told, sent, unreachable] {
        assert!(!output.stdout.contains(SECRET) && !output.stderr.contains("a%20secret"), "{output:?}");
        assert!(!output.stderr.contains(SECRET), "{output:?}");
    }
}

const KEY: &str = include_str!("../testdata/senders/sns-key.pem");
const NOTIFICATION: &str = include_str!("../testdata/senders/sns-notification.json");
const SUBSCRIPTION: &str = include_str!("../testdata/senders/sns-subscription.json");

fn sns() -> (Folder, Server) {
    let connection = json!({ "scheme": "aws-sns", "secret": { "value": KEY }, "repeat": "none" });
    let folder = Folder::new(&format!("connections: {}\n", json!({ "sns": connection })));
    let pipeline = |filter: &str| {
        format!(
            "resources: {{webhooks: [{{webhook: it, connection: sns, filters: [{filter}]}}]}}\nsteps: [{{script: ls}}]\n"
        )
    };
    folder.write("pipelines/signed.yml", &pipeline("{path: message, value: Hello world!}"));
    folder.write("pipelines/unsigned.yml", &pipeline("{path: ref, value: EVIL}"));
    folder.write("pipelines/cased.yml", &pipeline("{path: message, value: EVIL}"));
    let server = folder.serve(&["--no-worker"]);
    (folder, server)
}

fn started(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    let runs = answer["runs"].as_array().into_iter().flatten();
    runs.map(|run| run["pipeline"].as_str().expect("a name").to_owned()).collect()
}

/// Of Amazon's messages the signature covers some members: there are no others.
#[test]
fn of_a_message_only_the_signed_members_are_used() {
    let (folder, server) = sns();
    let honest: Value = serde_json::from_str(NOTIFICATION).expect("JSON");
    let with = |more: Value| {
        let mut message = honest.clone();
        message.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        message.to_string()
    };
    let post = |body: &str| server.request("POST", "/webhooks/sns", &[], body.as_bytes());
    assert_eq!(started(&post(NOTIFICATION)), ["signed"]);
    let evil = post(&with(json!({ "message": "EVIL", "ref": "EVIL", "MESSAGE": "EVIL" })));
    assert_eq!(started(&evil), ["signed"], "{evil:?}");
    let id = evil.json()["delivery"].as_str().expect("an id").to_owned();
    let replayed = folder.run(&["deliveries", "replay", &id, "--force", "--format", "json"]).ended_with(0).json();
    assert_eq!(replayed["runs"].as_array().map(Vec::len), Some(1), "a replay reads the same: {replayed}");
    folder.write("message.json", &with(json!({ "ref": "EVIL" })));
    let foreseen = folder.run(&["check", "--payload", "message.json"]).stdout;
    assert!(foreseen.contains("pipeline unsigned does not start"), "{foreseen}");
    assert!(foreseen.contains("pipeline signed starts"), "{foreseen}");
    let mut recased = honest.clone();
    let text = recased.as_object_mut().expect("an object").remove("Message").expect("it");
    recased["message"] = text;
    assert_eq!(post(&recased.to_string()).status, 401, "a member has its own name");
    // The same covered text, cut in other places.
    let mut moved = honest.clone();
    let subject = moved.as_object_mut().expect("an object").remove("Subject").expect("it");
    let id = moved["MessageId"].as_str().expect("text").to_owned();
    moved["MessageId"] = json!(format!("{id}\nSubject\n{}", subject.as_str().expect("text")));
    assert_eq!(post(&moved.to_string()).status, 401, "{moved}");
    let mut swallowed = honest;
    let id = swallowed.as_object_mut().expect("an object").remove("MessageId").expect("it");
    let message = swallowed["Message"].as_str().expect("text").to_owned();
    swallowed["Message"] = json!(format!("{message}\nMessageId\n{}", id.as_str().expect("text")));
    assert_eq!(post(&swallowed.to_string()).status, 401, "{swallowed}");
}

/// What kind of message it is, the signature says and no header; where it is confirmed is told to people.
#[test]
fn a_subscription_is_one_whatever_a_header_says() {
    let (folder, server) = sns();
    for headers in [&[][..], &[("x-amz-sns-message-type", "Notification")]] {
        let answer = server.request("POST", "/webhooks/sns", headers, SUBSCRIPTION.as_bytes());
        assert_eq!((answer.status, started(&answer)), (200, Vec::new()), "{answer:?}");
        let id = answer.json()["delivery"].as_str().expect("an id").to_owned();
        let shown = folder.run(&["deliveries", "show", &id]).ended_with(0).stdout;
        assert!(shown.contains("https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&"), "{shown}");
        assert!(shown.contains("Token=2336412f37f") && !shown.contains("the sender's test"), "{shown}");
    }
    let headers = [("x-amz-sns-message-type", "SubscriptionConfirmation")];
    let answer = server.request("POST", "/webhooks/sns", &headers, NOTIFICATION.as_bytes());
    assert_eq!(started(&answer), ["signed"], "{answer:?}");
}

/// An event of Discord's has the type of the PING of its interactions.
#[test]
fn an_event_of_discord_is_a_delivery() {
    let key = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\
               d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let folder = Folder::new(&format!("connections:\n  discord: {{scheme: discord, secret: {{value: {key}}}}}\n"));
    let filter = "filters: [{path: event.type, value: APPLICATION_AUTHORIZED}]";
    folder.write(
        "pipelines/p.yml",
        &format!(
            "resources: {{webhooks: [{{webhook: it, connection: discord, {filter}}}]}}\nsteps: [{{script: ls}}]\n"
        ),
    );
    let server = folder.serve(&["--no-worker"]);
    let url = format!("http://{}", server.public);
    let send = |body: &str| folder.run_with_input(&["send", "discord", "--url", &url], body.as_bytes()).ended_with(0);
    let event = send(r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED","data":{}}}"#);
    assert_eq!(event.json()["outcome"], "queued", "{event:?}");
    let shown = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    assert_eq!(shown[0]["event"], "APPLICATION_AUTHORIZED", "{shown}");
    assert_eq!(send(r#"{"version":1,"type":0}"#).stdout, "", "a PING of events is answered with nothing");
    assert_eq!(send(r#"{"type":1}"#).json(), json!({ "type": 1 }), "one of interactions with the same");
    assert_eq!(send(r#"{"type":2,"data":{"name":"x"}}"#).json()["outcome"], "nothing");
}

/// Models that leave a payload open, or that can never hold, do not start.
#[test]
fn a_configuration_that_leaves_the_payload_open_is_refused() {
    let model = |rest: &str| {
        format!(
            "{{secret: {{value: {SECRET}}}, scheme: {{kind: hmac, algorithm: sha256, signature: {{header: X}}, {rest}}}}}"
        )
    };
    let listed = |list: &str| {
        format!(
            "{{secret: {{value: {SECRET}}}, scheme: {{kind: hmac, algorithm: sha256, signature: {{header: X, list: {list}}}}}}}"
        )
    };
    let key = |text: &str| json!({ "scheme": "aws-sns", "secret": { "value": text } }).to_string();
    let refused = [
        (
            model("signed: '{ts}', timestamp: {in: header, name: T}, body_digest: {query: h}"),
            "the `body_digest` stands in the URL, and `signed` has no `{url}` that covers it",
        ),
        (model("signed: '{payload}', content: fields"), "`signed` covers a form's field `payload` alone"),
        (model("signed: '{payload}', content: form-or-fields"), "`signed` covers a form's field `payload` alone"),
        (model("signed: '{form_sorted}', content: fields"), "neither `signed` nor a `body_digest` covers the body"),
        (model("signed: '{body}', id: 'header:authorization'"), "the `id` stands in a header that proves the sender"),
        (model("signed: '{body}', event: 'json:/a|header:X'"), "the `event` stands in a header that proves the sender"),
        (
            format!(
                "{{secret: {{value: {SECRET}}}, scheme: {{kind: hmac, algorithm: sha256, signature: {{query: s}}, \
                 signed: '{{url}}{{body}}'}}}}"
            ),
            "the signature stands in the URL: none can cover itself",
        ),
        (listed("{sep: ',', kv: ',', keys: v1}"), "`kv` is `sep` as well"),
        (listed("{sep: ',', kv: '=', keys: 'v=1'}"), "a key holds `sep` or `kv`"),
        ("{auth: none, challenge: zoom}".to_owned(), "the challenge `zoom` is answered with a hash of a secret"),
        ("{auth: none, challenge: {kind: x}}".to_owned(), "the challenge `x` is answered with a hash of a secret"),
        (
            format!("{{scheme: bearer, secret: {{value: {SECRET}}}, repeat: {{key: Authorization}}}}"),
            "the header `Authorization` can't be a `key`",
        ),
        (
            format!("{{scheme: github, secret: {{value: {SECRET}}}, repeat: {{key: x-hub-signature-256}}}}"),
            "the header `x-hub-signature-256` can't be a `key`",
        ),
        (key(include_str!("../testdata/senders/elliptic-key.pem")), "is no RSA public key in PEM"),
        (key(include_str!("../testdata/senders/short-key.pem")), "is an RSA key of 1024 bits"),
    ];
    for (connection, sentence) in refused {
        let folder = Folder::new(&format!("connections:\n  hook: {connection}\n"));
        let checked = folder.run(&["check"]).ended_with(1).stderr;
        assert!(checked.contains(sentence) && checked.contains("pipehook.yml:4:"), "{sentence:?}: {checked}");
        let served = folder.run(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).ended_with(2).stderr;
        assert!(served.contains(sentence), "{sentence:?}: {served}");
    }
    for connection in [
        key(KEY),
        model("signed: '{payload}'"),
        model("signed: '{body}', content: form-or-fields"),
        model("signed: '{body}', id: 'header:X-Idempotency-Token'"),
        format!("{{scheme: twilio, secret: {{value: {SECRET}}}, repeat: {{key: I-Twilio-Idempotency-Token}}}}"),
    ] {
        let folder = Folder::new(&format!("connections:\n  hook: {connection}\n"));
        folder.run(&["connections"]).ended_with(0);
    }
}
