//! Repeats, replays and the rotation of secrets, through the running server.

use crate::support::{ANSWER_MAX, Folder, Server, checksum, connect, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: hook
steps:
- script: echo ${{ parameters.hook.title }}
";

fn served(connection: &str, arguments: &[&str]) -> (Folder, Server) {
    let folder = Folder::new(&format!("connections:\n  hook: {connection}\n"));
    folder.write("pipelines/p.yml", PIPELINE);
    let server = folder.serve(arguments);
    (folder, server)
}

fn runs(folder: &Folder) -> Vec<Value> {
    folder.run(&["runs", "--format", "json"]).ended_with(0).json().as_array().expect("a list").clone()
}

/// Posts a title, and returns the outcome.
fn post(server: &Server, title: &Value) -> Value {
    server.deliver("hook", "s", json!({"id": "d-1", "title": title}).to_string().as_bytes()).json()["outcome"].clone()
}

#[test]
fn what_started_nothing_may_be_sent_again() {
    let (_folder, server) =
        served("{secret: {value: s}, header: X-WH-Checksum, repeat: {key: $.id}}", &["--no-worker"]);
    assert_eq!(post(&server, &json!({"an": "object"})), "rejected");
    assert_eq!(post(&server, &json!("text")), "queued", "the rejected one did not use up the key");
    assert_eq!(post(&server, &json!("text")), "repeat");
}

#[test]
fn a_pipeline_with_a_mistake_that_is_sure_leaves_its_last_good_version() {
    let (folder, server) = served("{secret: {value: s}, header: X-WH-Checksum}", &["--no-worker"]);
    folder.write("pipelines/p.yml", &PIPELINE.replace("- script", "- scrpt"));
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).unwrap_or_default();
    until("a complaint", ANSWER_MAX, || log().contains("its last good version goes on serving").then_some(()));
    assert_eq!(post(&server, &json!("text")), "queued");
}

#[test]
fn check_says_that_no_delivery_gives_a_parameter_its_value() {
    let folder = Folder::new("connections:\n  hook: {secret: {value: s}}\n");
    folder.write("pipelines/p.yml", &format!("parameters:\n- name: env\n  type: string\n{PIPELINE}"));
    let report = folder.run(&["check"]).ended_with(1).stderr;
    assert!(report.contains("error[missing-parameter]"), "{report}");
    folder.run(&["render", "p", "--parameter", "env=dev"]).ended_with(0);
}

/// A thousand copies on thirty-two connections at once: whichever is first starts the run.
#[test]
fn a_thousand_copies_of_one_delivery_make_one_run() {
    const SENDERS: usize = 32;
    const COPIES: usize = 1_000;
    let (folder, server) = served("{secret: {value: s}, scheme: github}", &["--no-worker"]);
    let body = r#"{"title":"once"}"#;
    folder.write("body.json", body);
    let signed = folder.run(&["sign", "hook", "body.json"]).ended_with(0).stdout;
    let request = format!(
        "POST /webhooks/hook HTTP/1.1\r\nHost: h\r\n{}\r\nX-GitHub-Delivery: d-1\r\nContent-Length: {}\r\n\r\n{body}",
        signed.trim(),
        body.len()
    );
    let (request, to) = (Arc::new(request.into_bytes()), server.public);
    let begin = Arc::new(std::sync::Barrier::new(SENDERS));
    let senders = (0..SENDERS).map(|sender| {
        let (request, begin) = (request.clone(), begin.clone());
        std::thread::spawn(move || {
            let mut stream = connect(to);
            begin.wait();
            let copies = COPIES / SENDERS + usize::from(sender < COPIES % SENDERS);
            (0..copies).map(|_| outcome(&mut stream, &request)).collect::<Vec<_>>()
        })
    });
    let senders: Vec<_> = senders.collect();
    let outcomes: Vec<Value> = senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect();
    assert_eq!(outcomes.len(), COPIES);
    let count = |wanted: &str| outcomes.iter().filter(|told| told["outcome"] == wanted).count();
    assert_eq!((count("queued"), count("repeat")), (1, COPIES - 1));
    let first = outcomes.iter().find(|told| told["outcome"] == "queued").expect("the first");
    for told in outcomes.iter().filter(|told| told["outcome"] == "repeat") {
        assert_eq!(told["repeat_of"], first["delivery"]);
        assert_eq!(told["runs"][0]["id"], first["runs"][0]["id"], "a repeat has the first one's runs");
    }
    assert_eq!(runs(&folder).len(), 1);
}

/// Posts on a connection that stays, and returns what was told.
fn outcome(stream: &mut std::net::TcpStream, request: &[u8]) -> Value {
    stream.write_all(request).expect("the server reads");
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).expect("the server answers");
        assert!(length > 0, "the server closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(told) = serde_json::from_str(body)
        {
            return told;
        }
    }
}

#[test]
fn a_scheme_s_own_id_tells_repeats_unless_the_connection_says_otherwise() {
    let table = [
        ("{auth: none, scheme: github}", "repeat"),
        ("{auth: none, scheme: github, repeat: none}", "queued"),
        ("{auth: none, scheme: gitea}", "queued"),
        ("{auth: none, scheme: gitea, repeat: {key: id}}", "queued"),
        ("{auth: none, scheme: grafana}", "queued"),
        ("{auth: none, scheme: grafana, repeat: {key: id}}", "repeat"),
        ("{auth: none, scheme: stripe}", "repeat"),
        ("{auth: none, repeat: {key: X-GitHub-Delivery, window: 1h}}", "repeat"),
        ("{auth: none, repeat: {key: $.id}}", "repeat"),
        ("{auth: none, repeat: {key: body}}", "repeat"),
        ("{auth: none}", "queued"),
    ];
    for (connection, second) in table {
        let (_folder, server) = served(connection, &["--no-worker"]);
        let post = || {
            let headers = [("X-GitHub-Delivery", "d-1")];
            server.request("POST", "/webhooks/hook", &headers, br#"{"title":"x","id":"evt_1"}"#).json()
        };
        assert_eq!(post()["outcome"], "queued", "{connection}");
        assert_eq!(post()["outcome"], second, "{connection}");
    }
}

#[test]
fn a_replay_is_a_new_run_of_today_s_pipelines_linked_to_its_delivery() {
    let (folder, server) = served("{secret: {value: s}}", &[]);
    let answer = server.deliver("hook", "s", br#"{"title":"again"}"#);
    let first = answer.json()["delivery"].as_str().expect("an id").to_owned();
    folder.run(&["runs", "wait", "p#1"]).ended_with(0);
    folder.write("pipelines/p.yml", &PIPELINE.replace("echo", "echo today"));
    let replayed = folder.run(&["deliveries", "replay", &first, "--format", "json"]).ended_with(0).json();
    assert_eq!((&replayed["outcome"], &replayed["replay_of"]), (&json!("queued"), &json!(first)), "{replayed}");
    folder.run(&["runs", "wait", "p#2"]).ended_with(0);
    assert!(folder.run(&["runs", "logs", "p#2"]).stdout.contains("today again"));
    let second = replayed["delivery"].as_str().expect("an id");
    let shown = folder.run(&["deliveries", "show", second]).ended_with(0).stdout;
    assert!(shown.contains(&format!("replay of   {first}")), "{shown}");

    let deliveries =
        || folder.run(&["deliveries", "--format", "json"]).ended_with(0).json().as_array().expect("a list").len();
    let before = deliveries();
    let soon = folder.run(&["deliveries", "replay", &first]).ended_with(1);
    assert_eq!(deliveries(), before, "a replay that is refused leaves nothing");
    assert!(soon.stderr.contains(&format!("replayed less than a minute ago, as {second}")), "{}", soon.stderr);
    folder.run(&["deliveries", "replay", &first, "--force"]).ended_with(0);
    until("the third run", Duration::from_secs(30), || (runs(&folder).len() == 3).then_some(()));

    let path = format!("/api/v1/deliveries/{first}/replay");
    let bearer = format!("Bearer {}", server.token);
    let post = |path: &str| crate::support::request(server.admin, "POST", path, &[("Authorization", &bearer)], b"");
    assert_eq!(post(&path).status, 409);
    let forced = post(&format!("{path}?force=true"));
    assert_eq!((forced.status, &forced.json()["replay_of"]), (200, &json!(first)), "{forced:?}");
    assert_eq!(post("/api/v1/deliveries/dlv_none/replay").status, 404);
    let unknown = crate::support::request(server.admin, "POST", &path, &[], b"");
    assert_eq!(unknown.status, 401, "who has no token replays nothing");
}

#[test]
fn a_replay_waits_for_the_runs_of_its_delivery_and_needs_no_server() {
    let (folder, server) = served("{secret: {value: s}}", &["--no-worker"]);
    let queued = server.deliver("hook", "s", br#"{"title":"x"}"#).json();
    let id = queued["delivery"].as_str().expect("an id").to_owned();
    let refused = server.request("POST", "/webhooks/hook", &[], b"{}");
    assert_eq!(refused.status, 401);
    let kept = until("the refused one in brief", Duration::from_secs(30), || {
        let deliveries = folder.run(&["deliveries", "--format", "json"]).json();
        let found = deliveries.as_array().expect("a list").iter().find(|it| it["outcome"] == "refused").cloned();
        found.and_then(|it| Some(it["id"].as_str()?.to_owned()))
    });
    drop(server);
    let waiting = folder.run(&["deliveries", "replay", &id]).ended_with(1);
    assert!(waiting.stderr.contains("the run p#1 that the delivery started has not ended"), "{}", waiting.stderr);
    folder.run(&["deliveries", "replay", &id, "--force"]).ended_with(0);
    let told = folder.run(&["deliveries", "replay", &kept]).ended_with(1);
    assert!(told.stderr.contains("its body was not kept"), "{}", told.stderr);
    folder.run(&["deliveries", "replay", "dlv_none"]).ended_with(2);
    let _server = folder.serve(&[]);
    folder.run(&["runs", "wait", "p#2"]).ended_with(0);
}

#[test]
fn a_rotation_shows_which_secret_is_still_used_and_ends_when_it_says() {
    let secrets = "[{value: old, name: last year's, until: 2999-01-01}, {value: new, name: this year's}, \
                   {value: gone, name: long gone, until: 2020-01-01}]";
    let (folder, server) = served(&format!("{{secret: {secrets}, header: X-WH-Checksum}}"), &["--no-worker"]);
    let body = br#"{"title":"x"}"#;
    let told = server.deliver("hook", "old", body);
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(server.deliver("hook", "gone", body).status, 401, "its end has passed");
    let shown = folder.run(&["deliveries", "show", told.json()["delivery"].as_str().expect("an id")]).stdout;
    assert!(shown.contains("proved by   the secret `last year's`"), "{shown}");
    let used = |name: &str| {
        let connections = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
        assert_eq!(connections[0]["secrets"], 2, "the number of live ones: {connections}");
        let list = connections[0]["secret_list"].as_array().expect("a list").clone();
        let found = list.into_iter().find(|it| it["name"] == name).expect("it is configured");
        (found["last_used"].is_string(), found["live"] == true)
    };
    until("the use of the old secret", Duration::from_secs(30), || used("last year's").0.then_some(()));
    assert_eq!(used("this year's"), (false, true));
    assert_eq!(used("long gone"), (false, false));
    let reason = "the header X-WH-Checksum matches the secret `long gone`, which ended at 2020-01-02T00:00:00Z";
    let listed = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    assert_eq!(listed, server.ask("/api/v1/deliveries").json());
    assert_eq!((&listed[0]["outcome"], &listed[0]["reason"]), (&json!("refused"), &json!(reason)), "{listed}");
    assert_eq!((&listed[1]["secret"], &listed[1]["reason"]), (&json!("last year's"), &Value::Null), "{listed}");
    assert!(folder.run(&["deliveries"]).ended_with(0).stdout.contains(&reason[..50]));
    let refused = folder.run(&["deliveries", "show", listed[0]["id"].as_str().expect("an id")]).ended_with(0).stdout;
    assert!(refused.contains(&format!("refused: {reason}\n")), "whole: {refused}");
    let table = folder.run(&["connections"]).ended_with(0).stdout;
    for part in ["last year's", "live until 2999-01-02T00:00:00Z", "this year's", "never", "ended"] {
        assert!(table.contains(part), "{part:?} is not in\n{table}");
    }
    assert!(!table.contains("old  "), "no secret's value: {table}");
    assert_eq!(server.ask("/api/v1/connections").json()[0]["secret_list"][0]["name"], "last year's");
    assert!(checksum("new", body).len() == 40 && server.deliver("hook", "new", body).status == 200);
}

/// Nobody can post to a connection whose secrets have all ended: whoever checks, starts or looks is told.
#[test]
fn a_connection_that_has_outlived_its_secrets_is_told() {
    let folder = Folder::new(
        "connections:\n  gone: {secret: {value: old, until: 2020-01-01}}\n  \
         off: {secret: {value: old, until: 2020-01-01}, enabled: false}\n  \
         both: {secret: [{value: old, until: 2020-01-01}, {value: 0123456789abcdef}]}\n",
    );
    folder.write("pipelines/p.yml", "steps:\n- script: echo\n");
    let told = folder.run(&["check"]).ended_with(0).stderr;
    assert!(told.contains("warning[configuration]: every secret of connection `gone` has ended"), "{told}");
    assert!(!told.contains("`off`") && !told.contains("`both`"), "{told}");
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(server.deliver("gone", "old", b"{}").status, 401);
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("the log");
    let line = log.lines().find(|line| line.contains("every secret of a connection has ended"));
    assert!(line.is_some_and(|line| line.contains("gone") && !line.contains("both")), "{log}");
    let table = folder.run(&["connections"]).ended_with(0).stdout;
    let ended = table.lines().find(|line| line.starts_with("gone") && line.contains("ended 2020-01-02"));
    assert!(ended.is_some(), "one secret that has ended has a line of its own: {table}");
    assert!(server.ask("/connections").body.contains("secret value"), "on the page too");
}
