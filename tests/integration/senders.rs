//! The known senders: their schemes as data, and every shared vector through the door.
//!
//! Vectors with a moment are judged by the intake under a clock that a test winds; all others by
//! the running server. Nothing in the server can set its clock.

use crate::support::{Answer, Folder, exchange, shared};
use jiff::Timestamp;
use pipehook::catalog::{Library, Shelf};
use pipehook::clock::HandWoundClock;
use pipehook::config::Config;
use pipehook::intake::{self, Intake, Request, Rules};
use pipehook::store::{Access, SqliteStore};
use pipehook::webhook::preset::{self, PRESETS};
use pipehook::webhook::scheme::{Content, Encoding, Scheme};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

fn vectors(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared()?.join("vectors").join(name)).expect("the vectors");
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("text is wanted: {value}"))
}

/// Loads a configuration of connections.
fn load(folder: &Folder, connections: &Value) -> Config {
    let configuration = json!({ "connections": connections }).to_string();
    folder.write("pipehook.yml", &configuration);
    let path = folder.path().join("pipehook.yml");
    Config::load(Some(&path), &|_| None).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn every_row_of_the_table_can_be_read_and_agrees_with_itself() {
    for row in PRESETS {
        let scheme = row.scheme();
        assert_eq!(scheme.contradiction(), None, "{}", row.name);
        assert_eq!(scheme.name, row.name);
        assert!(!row.about.is_empty());
        assert_eq!(preset::preset(row.name).as_ref(), Some(&scheme));
    }
}

#[test]
fn the_readme_has_a_line_for_every_known_sender() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    for row in PRESETS {
        assert!(readme.contains(&format!("| `{}` |", row.name)), "the README has no line for {}", row.name);
    }
}

/// What the table adds to the shared data, which leaves it to the receiver: Azure's own letter
/// case when signing, tests of senders, Twilio's forms, and what iceScrum needs of its receiver.
fn without_additions(scheme: Scheme) -> Scheme {
    Scheme {
        name: String::new(),
        encoding: if scheme.encoding == Encoding::UpperHex { Encoding::LowerHex } else { scheme.encoding },
        ping: Vec::new(),
        content: Content::default(),
        repeat_body: None,
        rejected: pipehook::webhook::scheme::RejectedStatus::Unprocessable,
        ..scheme
    }
}

#[test]
fn each_known_sender_is_what_the_same_scheme_written_as_data_is() {
    let Some(schemes) = vectors("schemes.json") else { return };
    let schemes = schemes.as_object().expect("a mapping of names");
    for (name, model) in schemes {
        let mut connection = json!({ "auth": "none", "scheme": model });
        if model["challenge"] == "meta-hub" {
            connection["challenge"] = json!("none");
        }
        let folder = Folder::new("");
        let config = load(&folder, &json!({ "data": connection }));
        let known = preset::preset(name).unwrap_or_else(|| panic!("there is no row {name}"));
        let written = config.connections[0].scheme.clone();
        assert_eq!(without_additions(written), without_additions(known), "{name}");
    }
    assert_eq!(schemes.len(), PRESETS.len());
}

/// One vector.
struct Vector(Value);

impl Vector {
    fn all() -> Option<Vec<Self>> {
        let Value::Array(all) = vectors("checksums.json")? else { panic!("a list of vectors") };
        Some(all.into_iter().map(Self).collect())
    }

    fn id(&self) -> &str {
        text(&self.0["id"])
    }

    fn is_accepted(&self) -> bool {
        self.0["expect"] == "accept"
    }

    fn now(&self) -> Option<Timestamp> {
        self.0["now"].as_i64().map(|seconds| Timestamp::from_second(seconds).expect("a moment"))
    }

    /// A receiver with an empty secret does not start at all: that is tested with the
    /// configuration.
    fn has_empty_secret(&self) -> bool {
        self.0["secrets"].as_array().expect("secrets").iter().any(|secret| secret == "")
    }

    fn connection(&self) -> Value {
        let secrets = self.0["secrets"].as_array().expect("secrets").iter();
        let secrets: Vec<Value> = secrets.map(|secret| json!({ "value": secret })).collect();
        let mut connection = json!({ "scheme": self.0["scheme"], "secret": secrets });
        if let Some(url) = self.0["url"].as_str() {
            connection["url"] = json!(url.split('?').next());
        }
        connection
    }

    fn body(&self) -> Vec<u8> {
        match text(&self.0["body_encoding"]) {
            "base64" => base64(text(&self.0["body"])),
            _ => text(&self.0["body"]).as_bytes().to_vec(),
        }
    }

    fn target(&self) -> String {
        let query = self.0["url"].as_str().and_then(|url| url.split_once('?'));
        let query = query.map(|(_, query)| format!("?{query}")).unwrap_or_default();
        format!("/webhooks/{}{query}", self.id())
    }

    fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.0["headers"].as_array().expect("headers").iter();
        headers.map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).as_bytes().to_vec())).collect()
    }

    fn is_doubled(&self) -> bool {
        let headers = self.headers();
        headers
            .iter()
            .enumerate()
            .any(|(place, (name, _))| headers[..place].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)))
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// Says how a status that the server gave is to be read: whether the checksum held. A body that
/// is no JSON is told so only after it.
fn held(status: u16, told: &str) -> bool {
    match status {
        200 => true,
        400 => told.contains("the body") || told.contains("the form"),
        401 => false,
        other => panic!("status {other}: {told}"),
    }
}

/// None is judged otherwise than it says, also of those that leave it to a policy.
#[test]
fn the_running_server_judges_every_vector_without_a_moment_as_it_says() {
    let Some(all) = Vector::all() else { return };
    let judged: Vec<Vector> =
        all.into_iter().filter(|vector| vector.now().is_none() && !vector.has_empty_secret()).collect();
    let folder = Folder::new("");
    let connections: serde_json::Map<String, Value> =
        judged.iter().map(|vector| (vector.id().to_owned(), vector.connection())).collect();
    folder.write("pipehook.yml", &json!({ "connections": connections }).to_string());
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let mut wrong = String::new();
    for vector in &judged {
        let answer = post(server.public, vector);
        let is_right = held(answer.status, &answer.body) == vector.is_accepted()
            && (answer.status != 400 || vector.is_accepted() || vector.is_doubled());
        if !is_right {
            writeln!(wrong, "{}: {} {}", vector.id(), answer.status, answer.body).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(judged.len() >= 105, "{} vectors were judged", judged.len());
}

fn post(to: std::net::SocketAddr, vector: &Vector) -> Answer {
    let body = vector.body();
    let mut bytes = format!("POST {} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n", vector.target()).into_bytes();
    for (name, value) in vector.headers() {
        bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    exchange(to, &bytes)
}

/// The receiving half of the machine with a clock that stands still.
struct Door {
    intake: Intake,
    _folder: Folder,
}

impl Door {
    fn new(connections: &Value, now: Timestamp) -> Self {
        let folder = Folder::new("");
        let config = load(&folder, connections);
        let clock = Arc::new(HandWoundClock::new(now));
        let store = SqliteStore::open(&folder.path().join("data"), Access::Server, clock.clone()).expect("a store");
        let shelf = Arc::new(
            Shelf::open(Library::default().with_pipelines(&folder.path().join("pipelines"))).expect("pipelines"),
        );
        let rules = Rules { connections: config.connections, queue_limit: 1_000 };
        Self { intake: Intake::new(rules, shelf, Arc::new(store), clock), _folder: folder }
    }

    /// Returns whether the checksum held, or the sentence of a request that can't be used.
    fn receive(&self, vector: &Vector) -> Result<bool, String> {
        let (target, headers) = (vector.target(), vector.headers());
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let request = Request { webhook: vector.id(), target: &target, headers, body: vector.body(), mistake: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        match runtime.block_on(self.intake.receive(request)) {
            intake::Answer::Verified(_) | intake::Answer::Challenge(_) => Ok(true),
            intake::Answer::Refused => Ok(false),
            intake::Answer::Invalid(sentence) => Err(sentence),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_vector_with_a_moment_is_judged_as_it_says() {
    let Some(all) = Vector::all() else { return };
    let mut wrong = String::new();
    let mut judged = 0;
    for vector in &all {
        let Some(now) = vector.now() else { continue };
        judged += 1;
        let door = Door::new(&json!({ vector.id(): vector.connection() }), now);
        let told = door.receive(vector);
        let holds = match &told {
            Ok(holds) => *holds,
            Err(sentence) => held(400, sentence),
        };
        let is_right = holds == vector.is_accepted() && (told.is_ok() || holds || vector.is_doubled());
        if !is_right {
            writeln!(wrong, "{}: {told:?}", vector.id()).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(judged >= 45, "{judged} vectors were judged");
}

#[test]
fn an_empty_secret_does_not_start() {
    let folder = Folder::new("connections: {empty: {secret: {value: ''}}}\n");
    let output = folder.run(&["connections"]).ended_with(2);
    assert!(output.stderr.contains("a secret of connection `empty`: the `value` is empty"), "{}", output.stderr);
}

/// Every row that can be signed with what a receiver has is signed by one command and verified by
/// the server; the others say in one sentence why not.
#[test]
fn what_send_signs_the_server_verifies_for_every_known_sender() {
    const PRIVATE: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\
                           d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let mut connections = serde_json::Map::new();
    for row in PRESETS.iter().filter(|row| row.name != "aws-sns") {
        let secret = match row.name {
            "standard-webhooks" | "svix" | "gitlab-signing" => "whsec_c2VjcmV0",
            "discord" => PRIVATE,
            "basic" => "user:pass word",
            _ => "a secret",
        };
        let mut connection = json!({ "scheme": row.name, "secret": { "value": secret }, "repeat": "none" });
        if row.name == "twilio" {
            connection["url"] = json!("https://hooks.example.com/twilio");
        }
        connections.insert(row.name.to_owned(), connection);
    }
    connections["standard-webhooks-ed25519"]["secret"] =
        json!({ "value": format!("whsk_{}", encoded(&hex::decode(PRIVATE).expect("hex"))) });
    connections.insert(
        "query".to_owned(),
        json!({
            "secret": { "value": "open sesame&more" },
            "scheme": { "kind": "token", "signature": { "query": "code" } },
        }),
    );
    connections.insert("public".to_owned(), json!({ "scheme": "discord", "secret": { "value": PUBLIC } }));
    connections.insert("no-url".to_owned(), json!({ "scheme": "twilio", "secret": { "value": "s" } }));
    let folder = Folder::new("");
    folder.write("pipehook.yml", &json!({ "connections": connections }).to_string());
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-worker"]);
    let url = format!("http://{}", server.public);
    for name in connections.keys().filter(|name| !["public", "no-url"].contains(&name.as_str())) {
        let now = Timestamp::now().as_millisecond();
        folder.write("body.json", &format!("{{\"webhookTimestamp\": {now}, \"text\": \"é\"}}"));
        let told = folder.run(&["send", name, "body.json", "--url", &url]);
        assert_eq!(told.code, Some(0), "{name}: {told:?}");
    }
    for (name, reason) in [("public", "signs with a private key"), ("no-url", "the connection's `url` says which")] {
        let told = folder.run(&["sign", name, "body.json"]).ended_with(1);
        assert!(told.stderr.contains(reason) && told.stderr.lines().count() == 1, "{told:?}");
    }
}

/// Slack posts its commands as forms without a `payload`, and what is done with its buttons as forms with one.
#[test]
fn a_command_of_slack_is_its_fields() {
    let folder = Folder::new("connections: {slack: {scheme: slack, secret: {value: a secret of slack}}}\n");
    let pipeline = |filter: &str| {
        format!(
            "resources: {{webhooks: [{{webhook: it, connection: slack, filters: [{filter}]}}]}}\nsteps: [{{bash: ls}}]\n"
        )
    };
    folder.write("pipelines/command.yml", &pipeline("{path: command, value: /deploy}"));
    folder.write("pipelines/button.yml", &pipeline("{path: type, value: block_actions}"));
    let server = folder.serve(&["--no-worker"]);
    let url = format!("http://{}", server.public);
    for (body, started) in [
        ("token=x&team_id=T1&command=%2Fdeploy&text=to+prod", "command"),
        ("payload=%7B%22type%22%3A%22block_actions%22%7D", "button"),
        (r#"{"type":"block_actions"}"#, "button"),
    ] {
        folder.write("body.txt", body);
        let form = "Content-Type: application/x-www-form-urlencoded";
        let sent = folder.run(&["send", "slack", "body.txt", "--url", &url, "--header", form]).ended_with(0).json();
        assert_eq!(sent["runs"][0]["pipeline"], started, "{sent}");
        assert_eq!(sent["runs"].as_array().map(Vec::len), Some(1), "{sent}");
    }
}

/// A form is signed as a form, by its content type or because its sender posts forms; an id, a
/// moment or a checksum that is given stands once in the request, and is what is covered.
#[test]
fn send_signs_a_request_as_it_is_given() {
    let connections = json!({
        "sms": { "scheme": "twilio", "secret": { "value": "s" }, "url": "https://hooks.example.com/sms" },
        "forge": { "scheme": "gitea", "secret": { "value": "s" } },
        "mail": { "scheme": "svix", "secret": { "value": "whsec_c2VjcmV0" } },
    });
    let folder = Folder::new("");
    folder.write("pipehook.yml", &json!({ "connections": connections }).to_string());
    folder.write(
        "pipelines/mail.yml",
        "resources: {webhooks: [{webhook: mail, connection: mail}]}\nsteps: [{script: echo}]\n",
    );
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-worker"]);
    let url = format!("http://{}", server.public);
    let send = |name: &str, body: &str, header: &[&str]| {
        folder.write("body", body);
        let header = header.iter().flat_map(|it| ["--header", it]);
        let told = folder.run(&["send", name, "body", "--url", &url].into_iter().chain(header).collect::<Vec<_>>());
        (told.code, told.stdout + &told.stderr)
    };
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (name, body, headers) in [
        ("sms", "Body=Hi+there&AccountSid=A%201", vec![]),
        ("sms", "Body=Hi", vec![form]),
        ("sms", "{\"a\": 1}", vec![]),
        ("forge", "payload=%7B%22a%22%3A1%7D", vec![]),
        ("forge", "a=1&payload=%7B%22a%22%3A1%7D", vec![form]),
    ] {
        let (code, told) = send(name, body, &headers);
        assert_eq!(code, Some(0), "{name} {body}: {told}");
    }
    let (code, told) = send("sms", "Body=%zz", &[]);
    assert!(code == Some(1) && told.contains("signs the fields of a form"), "{told}");
    let first = send("mail", "{}", &["svix-id: msg_7"]);
    assert!(first.0 == Some(0) && first.1.contains("\"queued\""), "{first:?}");
    let again = send("mail", "{}", &["Svix-Id: msg_7"]);
    assert!(again.0 == Some(0) && again.1.contains("\"repeat\""), "{again:?}");
    let old = send("mail", "{}", &["svix-timestamp: 1700000000"]);
    assert!(old.0 == Some(1) && old.1.contains("status 401"), "{old:?}");
    let forged = send("mail", "{}", &["svix-signature: v1,AAAA"]);
    assert!(forged.0 == Some(1) && forged.1.contains("status 401"), "{forged:?}");
    let signed = folder.run(&["sign", "sms", "body", "--content-type", "application/json"]).ended_with(0);
    assert!(signed.stderr.contains("bodySHA256="), "{signed:?}");
}

/// Anybody's topic is signed with the same key: the connection says whose may post.
#[test]
fn a_notification_of_another_topic_is_refused() {
    let Some(all) = Vector::all() else { return };
    let vector = all.iter().find(|vector| vector.id() == "sns-v2").expect("the vector");
    let body: Value = serde_json::from_slice(&vector.body()).expect("JSON");
    let judged = |topic: &Value| {
        let mut connection = vector.connection();
        connection["topics"] = json!([topic]);
        Door::new(&json!({ vector.id(): connection }), Timestamp::now()).receive(vector)
    };
    assert_eq!(judged(&body["TopicArn"]), Ok(true));
    assert_eq!(judged(&json!("arn:aws:sns:us-east-1:1:other")), Ok(false));
}

fn encoded(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
