//! The API beside the command line: steering, live events, lists and their limits.

use super::support::{ANSWER_MAX, Answer, Folder, Server, connect, exchange, request, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

/// How long a run may take on a machine that is busy.
const RUN_MAX: Duration = Duration::from_secs(120);

const SLOW: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
steps:
- checkout: none
- bash: |
    for i in 1 2 3 4 5 6; do echo \"line $i\"; sleep 0.3; done
    exit ${{ parameters.hook.code }}
";

const ASK: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: asking
jobs:
- job: one
  pool: server
  steps:
  - task: ManualValidation@1
- job: two
  pool: server
  steps:
  - task: ManualValidation@1
";

fn served(arguments: &[&str]) -> (Folder, Server) {
    let folder = Folder::new("connections: {open: {auth: none}, asking: {auth: none}}\n");
    folder.write("pipelines/slow.yml", SLOW).write("pipelines/deep/ask.yml", ASK);
    let server = folder.serve(arguments);
    (folder, server)
}

fn post(server: &Server, path: &str) -> Answer {
    let bearer = format!("Bearer {}", server.token);
    request(server.admin, "POST", path, &[("Authorization", &bearer)], b"")
}

fn deliver(server: &Server, connection: &str, body: &str) -> String {
    let answer = server.request("POST", &format!("/webhooks/{connection}"), &[], body.as_bytes()).json();
    answer["runs"][0]["id"].as_str().unwrap_or_else(|| panic!("no run: {answer}")).to_owned()
}

#[track_caller]
fn completed(server: &Server, run: &str) -> Value {
    until("the end of the run", RUN_MAX, || {
        let shown = server.ask(&format!("/api/v1/runs/{run}")).json();
        (shown["state"] == "completed").then_some(shown)
    })
}

/// An event of a stream.
#[derive(Debug, Default)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// Reads a stream of events until the server ends it, or `enough` says so.
fn events(server: &Server, path: &str, more: &str, mut enough: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let mut stream = connect(server.admin);
    let head =
        format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{more}\r\n", server.token);
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line"));
    let status = lines.next().expect("a status");
    assert!(status.contains(" 200 "), "{status}");
    assert!(lines.by_ref().take_while(|line| !line.is_empty()).any(|it| it == "content-type: text/event-stream"));
    let (mut all, mut event) = (Vec::new(), Event::default());
    for line in lines {
        match line.split_once(": ") {
            Some(("event", name)) => event.name = name.to_owned(),
            Some(("id", id)) => event.id = id.to_owned(),
            Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
            _ if line.is_empty() && !event.name.is_empty() => {
                let is_enough = enough(&event);
                all.push(std::mem::take(&mut event));
                if is_enough {
                    break;
                }
            }
            _ => {}
        }
    }
    all
}

fn printed(events: &[Event]) -> Vec<String> {
    let lines = events.iter().filter(|event| event.name == "log").flat_map(|event| event.data["lines"].as_array());
    let texts = lines.flatten().map(|line| line["text"].as_str().expect("text").to_owned());
    texts.filter(|text| text.starts_with("line ")).collect()
}

#[test]
fn a_run_is_followed_to_its_end_and_from_where_one_stopped() {
    let (_folder, server) = served(&[]);
    let run = deliver(&server, "open", r#"{"code": 0}"#);
    let path = format!("/api/v1/runs/{run}/events");
    let first = events(&server, &path, "", |event| event.data.to_string().contains("line 2"));
    assert_eq!(first[0].name, "run", "{first:?}");
    assert_eq!(first[0].data["id"], run.as_str());
    let last = &first.last().expect("an event").id;
    let rest = events(&server, &path, &format!("Last-Event-ID: {last}\r\n"), |_| false);
    let expected: Vec<String> = (1..=6).map(|number| format!("line {number}")).collect();
    assert_eq!([printed(&first), printed(&rest)].concat(), expected, "{first:?} {rest:?}");
    let end = rest.last().expect("an event");
    assert_eq!((end.name.as_str(), &end.data), ("end", &json!({"state": "completed", "result": "succeeded"})));
    let states: Vec<&Value> = rest.iter().filter(|it| it.name == "run").map(|event| &event.data["state"]).collect();
    assert_eq!(states.last(), Some(&&json!("completed")), "{rest:?}");

    // A completed run is told whole, and what the page shows is escaped.
    let whole = events(&server, &format!("{path}?html=true"), "", |_| false);
    assert!(whole.iter().any(|event| event.data["lines"][0]["class"] == "section"), "{whole:?}");
    let none = events(&server, &format!("{path}?after={}", whole.last().expect("an end").id), "", |_| false);
    assert_eq!(none.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["run", "end"]);
}

#[test]
fn a_stream_does_not_hold_the_server_that_stops() {
    let (_folder, mut server) = served(&[]);
    let run = deliver(&server, "asking", "{}");
    let path = format!("/api/v1/runs/{run}/events");
    std::thread::scope(|scope| {
        let of_run = scope.spawn(|| events(&server, &path, "", |_| false));
        let of_all = scope.spawn(|| events(&server, "/api/v1/events", "", |_| false));
        until("both streams", ANSWER_MAX, || {
            deliver(&server, "asking", "{}");
            (of_run.is_finished() || of_all.is_finished() || server.ask("/api/v1/runs").json()[1].is_object())
                .then_some(())
        });
        server.terminate();
        of_run.join().expect("the stream ends");
        of_all.join().expect("the stream ends");
    });
    assert_eq!(server.ended(Duration::from_secs(20)), Some(0));
}

#[test]
fn a_run_is_canceled_started_again_and_answered_by_post_only() {
    let (_folder, server) = served(&[]);
    let run = deliver(&server, "open", r#"{"code": 7}"#);
    let path = format!("/api/v1/runs/{run}");
    for steering in ["cancel", "rerun", "approve", "reject"] {
        assert_eq!(server.ask(&format!("{path}/{steering}")).status, 405, "{steering}");
        assert_eq!(request(server.admin, "POST", &format!("{path}/{steering}"), &[], b"").status, 401, "{steering}");
    }
    assert_eq!(post(&server, &format!("{path}/rerun")).status, 409, "it has not ended");
    completed(&server, &run);
    let unfit = post(&server, &format!("{path}/approve"));
    assert_eq!((unfit.status, unfit.json()["error"].is_string()), (409, true), "{unfit:?}");
    let again = post(&server, &format!("{path}/rerun?failed=true"));
    assert_eq!((again.status, &again.json()["rerun_of"]), (200, &json!(run)), "{again:?}");
    let second = again.json()["id"].as_str().expect("an id").to_owned();
    let canceled = post(&server, &format!("/api/v1/runs/{second}/cancel"));
    assert_eq!(canceled.status, 200, "{canceled:?}");
    assert_eq!(completed(&server, &second)["result"], "canceled");
    assert_eq!(server.ask("/api/v1/runs/slow%232").json()["id"], second.as_str());
    assert_eq!(server.ask("/api/v1/runs/run_").status, 409, "more than one begins so");

    let asking = deliver(&server, "asking", "{}");
    let path = format!("/api/v1/runs/{asking}");
    until("two questions", RUN_MAX, || {
        let text = server.ask(&path).body;
        (text.matches("\"kind\":\"approval\"").count() == 2).then_some(())
    });
    assert_eq!(post(&server, &format!("{path}/approve")).status, 409, "two steps ask");
    let answer = post(&server, &format!("{path}/approve?job=one&comment=well%20done"));
    assert_eq!(
        (answer.status, &answer.json()["by"], &answer.json()["comment"]),
        (200, &json!("api"), &json!("well done"))
    );
    assert_eq!(post(&server, &format!("{path}/reject?job=two")).status, 200);
    assert_eq!(completed(&server, &asking)["result"], "failed");
}

#[test]
fn lists_are_filtered_and_paged_and_errors_have_one_shape() {
    let (folder, server) = served(&["--no-worker"]);
    for _ in 0..3 {
        deliver(&server, "open", r#"{"code": 0}"#);
        deliver(&server, "asking", "{}");
    }
    let mut path = "/api/v1/runs?limit=2&connection=open".to_owned();
    let mut numbers = Vec::new();
    let pages = std::iter::from_fn(|| {
        let answer = (!path.is_empty()).then(|| server.ask(&path))?;
        let next = answer
            .header("link")
            .map(|link| link.trim_start_matches('<').split('>').next().expect("a path").to_owned());
        path = next.unwrap_or_default();
        Some(answer.json())
    });
    for page in pages {
        numbers.extend(page.as_array().expect("a list").iter().map(|run| run["number"].as_u64().expect("a number")));
    }
    assert_eq!(numbers, [3, 2, 1]);
    let count = |path: &str| server.ask(path).json().as_array().map(Vec::len);
    assert_eq!(count("/api/v1/runs?pipeline=deep/ask&state=queued"), Some(3));
    assert_eq!(count("/api/v1/runs?result=failed"), Some(0));
    assert_eq!(count("/api/v1/deliveries?outcome=queued&limit=4"), Some(4));
    assert_eq!(count("/api/v1/deliveries?outcome=refused"), Some(0));
    for (path, status) in [
        ("/api/v1/runs?limit=0", 400),
        ("/api/v1/runs?limit=many", 400),
        ("/api/v1/runs?result=fine", 400),
        ("/api/v1/deliveries?outcome=fine", 400),
        ("/api/v1/runs/run_none/events", 404),
        ("/api/v1/runs/run_none/expanded", 404),
        ("/api/v1/nothing", 404),
    ] {
        let answer = server.ask(path);
        assert_eq!(answer.status, status, "{path} {answer:?}");
        assert_eq!(
            answer.json().as_object().map(|it| it.keys().cloned().collect::<Vec<_>>()),
            Some(vec!["error".to_owned()])
        );
    }
    // A browser's words change nothing about an API.
    let bearer = format!("Bearer {}", server.token);
    let html =
        request(server.admin, "GET", "/api/v1/nothing", &[("Authorization", &bearer), ("Accept", "text/html")], b"");
    assert_eq!(html.header("content-type"), Some("application/json"));

    folder.write("pipelines/broken.yml", "steps: [{script: 'echo ${{ nothing.at.all }}'}]\n");
    let broken = until("the broken file", RUN_MAX, || {
        let all = server.ask("/api/v1/pipelines").json();
        all.as_array()?.iter().find(|pipeline| pipeline["name"] == "broken").cloned()
    });
    assert_eq!((&broken["state"], &broken["last_run"]), (&json!("broken"), &Value::Null), "{broken}");
    assert_eq!(broken["diagnostics"][0]["place"]["line"], 1, "{broken}");
    let all = server.ask("/api/v1/pipelines").json();
    let ask = all.as_array().expect("a list").iter().find(|it| it["name"] == "deep/ask").expect("it is there");
    assert_eq!((&ask["state"], &ask["last_run"]["number"]), (&json!("serving"), &json!(3)), "{ask}");
    assert_eq!(ask["webhooks"][0]["connection"], "asking", "{ask}");
    let described = server.ask("/api/v1/openapi.json").json();
    assert_eq!(described["openapi"], "3.1.0");
    let expanded = server.ask("/api/v1/runs/slow%231/expanded");
    assert!(expanded.body.contains("exit 0"), "{expanded:?}");
}

#[test]
fn a_body_that_nobody_asked_for_is_not_waited_for() {
    let (_folder, server) = served(&["--no-worker"]);
    let run = deliver(&server, "open", r#"{"code": 0}"#);
    let head = format!(
        "POST /api/v1/runs/{run}/cancel HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
        server.token
    );
    assert_eq!(exchange(server.admin, head.as_bytes()).status, 200);
    let large = format!("comment={}", "x".repeat(100_000));
    let bearer = format!("Bearer {}", server.token);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let answer = request(server.admin, "POST", &format!("/api/v1/runs/{run}/cancel"), &headers, large.as_bytes());
    assert_eq!(answer.status, 413, "{answer:?}");
}
