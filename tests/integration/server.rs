//! What the server answers, through real sockets.

use super::support::{ANSWER_MAX, Answer, Folder, Server, checksum, connect, exchange, read_answer, request, until};
use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const SECRET: &str = "it is a secret";
/// How long a connection may go on that was answered early.
const CLOSED_WITHIN: Duration = Duration::from_secs(8);

const CONNECTIONS: &str = "\
limits: {body: 1KiB}
connections:
  signed: {secret: {value: it is a secret}, header: X-WH-Checksum}
  open: {auth: none}
  other: {auth: none, webhook: elsewhere}
  off: {auth: none, enabled: false}
";

const LISTENER: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
    filters:
    - path: kind
      value: push
steps:
- script: echo ${{ parameters.hook.title }}
";

fn served(arguments: &[&str]) -> (Folder, Server) {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/listener.yml", LISTENER);
    let arguments: Vec<&str> = ["--no-worker"].iter().chain(arguments).copied().collect();
    let server = folder.serve(&arguments);
    (folder, server)
}

#[track_caller]
fn one_sentence(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    let body = answer.json();
    let sentence = body["error"].as_str().unwrap_or_else(|| panic!("no sentence: {answer:?}"));
    assert!(!sentence.is_empty() && !sentence.contains('\n'), "{answer:?}");
}

#[test]
fn a_delivery_that_starts_a_run_is_answered_with_it() {
    let (_folder, server) = served(&[]);
    let answer = server.request("POST", "/webhooks/open", &[], br#"{"kind": "push", "title": "x"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["outcome"], "queued");
    assert_eq!(body["repeat_of"], json!(null));
    let run = &body["runs"][0];
    assert_eq!((&run["pipeline"], &run["number"]), (&json!("listener"), &json!(1)), "{body}");
    assert!(run["id"].as_str().is_some_and(|id| id.starts_with("run_")), "{body}");
    assert!(run.get("state").is_none(), "nobody asked to wait: {body}");
    let url = run["url"].as_str().expect("a URL");
    let path = url.strip_prefix(&format!("http://{}", server.admin)).expect("the admin listener");
    assert_eq!(server.ask(path).json()["id"], run["id"]);
}

#[test]
fn a_filtered_and_an_unheard_delivery_are_answered_with_200() {
    let (_folder, server) = served(&[]);
    let filtered = server.request("POST", "/webhooks/open", &[], br#"{"kind": "pull"}"#);
    assert_eq!(filtered.status, 200, "{filtered:?}");
    assert_eq!(filtered.json()["outcome"], "nothing");
    assert_eq!(filtered.json()["skipped"], json!([{"pipeline": "listener", "reason": "filtered"}]));
    let unheard = server.request("POST", "/webhooks/elsewhere", &[], b"{}");
    assert_eq!((unheard.status, &unheard.json()["outcome"]), (200, &json!("nothing")), "{unheard:?}");
}

#[test]
fn a_delivery_whose_every_pipeline_is_rejected_is_answered_with_422() {
    let (_folder, server) = served(&[]);
    let answer = server.request("POST", "/webhooks/open", &[], br#"{"kind": "push", "title": {"a": 1}}"#);
    assert_eq!(answer.status, 422, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["outcome"], "rejected");
    assert_eq!(body["rejected"][0]["pipeline"], "listener");
    assert_eq!(body["rejected"][0]["diagnostics"][0]["code"], "not-a-string");
}

#[test]
fn the_paths_of_azure_lead_to_the_same_connections() {
    let (_folder, server) = served(&[]);
    for path in [
        "/_apis/public/distributedtask/webhooks/open?api-version=6.0-preview",
        "/some-organization/_apis/public/distributedtask/webhooks/open?api-version=7.1",
    ] {
        let answer = server.request("POST", path, &[], br#"{"kind": "push", "title": "x"}"#);
        assert_eq!((answer.status, &answer.json()["outcome"]), (200, &json!("queued")), "{path} {answer:?}");
    }
}

#[test]
fn every_wrong_checksum_gets_the_same_answer() {
    let (_folder, server) = served(&[]);
    let body = b"{}";
    let right = checksum(SECRET, body);
    assert_eq!(server.deliver("signed", SECRET, body).status, 200);
    let wrong: Vec<Answer> = [
        server.request("POST", "/webhooks/signed", &[], body),
        server.request("POST", "/webhooks/signed", &[("X-WH-Checksum", "")], body),
        server.request("POST", "/webhooks/signed", &[("X-WH-Checksum", "zz")], body),
        server.request("POST", "/webhooks/signed", &[("X-WH-Checksum", &right[1..])], body),
        server.deliver("signed", "another secret", body),
        server.deliver("signed", SECRET, b"not JSON").status_of(400, || server.deliver("signed", "no", b"not JSON")),
    ]
    .into();
    for answer in &wrong {
        one_sentence(answer, 401);
        assert_eq!(answer.body, wrong[0].body);
    }
}

impl Answer {
    /// Checks a status on the way to another answer.
    #[track_caller]
    fn status_of(self, status: u16, next: impl FnOnce() -> Answer) -> Answer {
        assert_eq!(self.status, status, "{self:?}");
        next()
    }
}

#[test]
fn what_is_not_json_is_refused_only_after_the_checksum() {
    let (_folder, server) = served(&[]);
    for body in [&b"not JSON"[..], b"", b"{\"a\":1,\"a\":2}", b"\xff"] {
        one_sentence(&server.deliver("signed", SECRET, body), 400);
        one_sentence(&server.deliver("signed", "wrong", body), 401);
    }
}

#[test]
fn unknown_names_and_paths_are_not_found() {
    let (_folder, server) = served(&[]);
    for path in [
        "/webhooks/nobody",
        "/webhooks/other",
        "/webhooks/off",
        "/webhooks/",
        "/webhooks/open/",
        "/",
        "/metrics",
        "/api/v1/runs",
        "/webhooks/%ff",
        "/webhooks/..%2fopen",
    ] {
        one_sentence(&server.request("POST", path, &[], b"{}"), 404);
    }
}

#[test]
fn other_methods_are_named_in_the_answer() {
    let (_folder, server) = served(&[]);
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = server.request(method, "/webhooks/open", &[], b"");
        one_sentence(&answer, 405);
        assert_eq!(answer.header("allow"), Some("POST"), "{answer:?}");
    }
    let health = server.request("POST", "/healthz", &[], b"");
    assert_eq!((health.status, health.header("allow")), (405, Some("GET, HEAD")), "{health:?}");
    assert_eq!(server.request("GET", "/healthz", &[], b"").status, 200);
}

#[test]
fn a_body_over_the_limit_is_refused_at_its_limit() {
    let (_folder, server) = served(&[]);
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 - 8));
    assert_eq!(fits.len(), 1024);
    assert_eq!(server.request("POST", "/webhooks/open", &[], fits.as_bytes()).status, 200);
    let more = format!("{fits} ");
    one_sentence(&server.request("POST", "/webhooks/open", &[], more.as_bytes()), 413);
}

#[test]
fn a_sender_that_says_too_much_is_answered_before_it_sends_it() {
    let (_folder, server) = served(&[]);
    let started = Instant::now();
    let head =
        format!("POST /webhooks/open HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000000000000\r\n\r\n", server.public);
    one_sentence(&exchange(server.public, head.as_bytes()), 413);
    assert!(started.elapsed() < CLOSED_WITHIN, "{:?}", started.elapsed());
}

/// RFC 9110, 10.1.1: a sender that waits before it sends its body is asked for it, or answered without it.
#[test]
fn a_sender_that_waits_before_its_body_is_asked_for_it_only_where_it_could_be_taken() {
    let folder = Folder::new(
        "connections:\n  open: {auth: none, limits: {body: 1KiB}}\n  signed: {secret: {value: a secret}}\n  \
         token: {secret: {value: a token}, scheme: gitlab-token}\n  off: {auth: none, enabled: false}\n",
    );
    let server = folder.serve(&["--no-worker"]);
    let right = checksum("a secret", b"{}");
    let zeros = "0".repeat(40);
    let cases: [(&str, &str, String, u16); 11] = [
        ("POST /webhooks/nobody", "", String::new(), 404),
        ("POST /webhooks/off", "", String::new(), 404),
        ("POST /nowhere", "", String::new(), 404),
        ("PUT /webhooks/open", "", String::new(), 405),
        ("POST /webhooks/open", "0000", String::new(), 413),
        ("POST /webhooks/signed", "", String::new(), 401),
        ("POST /webhooks/signed", "", "X-WH-Checksum: no\r\n".to_owned(), 401),
        ("POST /webhooks/token", "", "X-Gitlab-Token: another\r\n".to_owned(), 401),
        ("POST /webhooks/signed", "", format!("X-WH-Checksum: {right}\r\nX-WH-Checksum: {right}\r\n"), 400),
        // Whether these are right is known with the body alone.
        ("POST /webhooks/signed", "", format!("X-WH-Checksum: {zeros}\r\n"), 100),
        ("POST /webhooks/open", "", String::new(), 100),
    ];
    for (line, more_length, headers, status) in cases {
        let mut stream = connect(server.public);
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Length: 2{more_length}\r\nExpect: 100-continue\r\nConnection: close\r\n{headers}\r\n",
            server.public
        );
        stream.write_all(head.as_bytes()).expect("the head is taken");
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("a status");
        let first = std::str::from_utf8(&first).expect("text");
        assert_eq!(first, format!("HTTP/1.1 {status}"), "{line} {headers}");
        if status == 100 {
            let mut rest = [0; " Continue\r\n\r\n".len()];
            stream.read_exact(&mut rest).expect("the end of its head");
            stream.write_all(b"{}").expect("the body is taken");
            let wanted = if line.ends_with("open") { 200 } else { 401 };
            assert_eq!(read_answer(&mut stream).status, wanted, "{line}");
        }
    }
    until("what was refused without its body", ANSWER_MAX, || {
        let connections = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
        let all = connections.as_array()?.iter();
        let refused = |name: &str| all.clone().find(|it| it["name"] == name)?["refusals"].as_u64();
        (refused("signed") == Some(4) && refused("token") == Some(1)).then_some(())
    });
}

#[test]
fn a_body_behind_a_head_that_asks_for_another_protocol_ends_where_it_said() {
    let (_folder, server) = served(&[]);
    let body = r#"{"kind": "push", "title": "x"}"#;
    for more in ["", "POST /webhooks/nobody HTTP/1.1\r\n\r\n"] {
        let request = format!(
            "POST /webhooks/open HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: {}\r\n\r\n{body}{more}",
            server.public,
            body.len()
        );
        let answer = exchange(server.public, request.as_bytes());
        assert_eq!((answer.status, &answer.json()["outcome"]), (200, &json!("queued")), "{answer:?}");
    }
}

#[test]
fn a_sender_of_endless_chunks_is_answered_and_cut_off() {
    let (_folder, server) = served(&[]);
    for path in ["/webhooks/open", "/webhooks/nobody", "/nowhere", "/healthz"] {
        let started = Instant::now();
        let mut stream = connect(server.public);
        let head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n", server.public);
        stream.write_all(head.as_bytes()).expect("the head is taken");
        let mut writer = stream.try_clone().expect("a second handle");
        let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
        let writing = std::thread::spawn(move || while writer.write_all(chunk.as_bytes()).is_ok() {});
        let answer = read_answer(&mut stream);
        assert!([404, 405, 413].contains(&answer.status), "{path} {answer:?}");
        writing.join().expect("the writer ends when the server closes");
        assert!(started.elapsed() < CLOSED_WITHIN, "{path} {:?}", started.elapsed());
    }
}

#[test]
fn a_slow_sender_is_cut_off() {
    let (_folder, server) = served(&["--body-seconds", "1"]);
    let started = Instant::now();
    let head = format!("POST /webhooks/open HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n{{", server.public);
    one_sentence(&exchange(server.public, head.as_bytes()), 408);
    assert!(started.elapsed() < CLOSED_WITHIN, "{:?}", started.elapsed());
}

#[test]
fn a_content_coding_is_refused_but_for_identity() {
    let (_folder, server) = served(&[]);
    for coding in ["gzip", "deflate", "br", "identity, gzip", "x"] {
        one_sentence(&server.request("POST", "/webhooks/open", &[("Content-Encoding", coding)], b"{}"), 415);
    }
    assert_eq!(server.request("POST", "/webhooks/open", &[("Content-Encoding", "identity")], b"{}").status, 200);
}

#[test]
fn any_content_type_may_stand_before_json() {
    let (_folder, server) = served(&[]);
    for kind in ["application/json", "text/plain", "application/vnd.x+json; charset=utf-8", ""] {
        let answer = server.request("POST", "/webhooks/open", &[("Content-Type", kind)], b"{}");
        assert_eq!(answer.status, 200, "{kind} {answer:?}");
    }
}

#[test]
fn waiting_ends_with_its_time_and_says_how_far_the_runs_are() {
    let (_folder, server) = served(&[]);
    let started = Instant::now();
    let answer = server.request("POST", "/webhooks/open?wait=1", &[], br#"{"kind": "push", "title": "x"}"#);
    assert!((1..10).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    let run = &answer.json()["runs"][0];
    assert_eq!((&run["state"], &run["result"]), (&json!("queued"), &json!(null)), "{answer:?}");
    one_sentence(&server.request("POST", "/webhooks/open?wait=soon", &[], b"{}"), 400);
    let nothing_to_wait_for = Instant::now();
    assert_eq!(server.request("POST", "/webhooks/open?wait=60", &[], b"{}").status, 200);
    assert!(nothing_to_wait_for.elapsed() < ANSWER_MAX);
}

#[test]
fn the_admin_listener_asks_for_its_token() {
    let (folder, server) = served(&[]);
    let token = server.token.clone();
    for path in ["/", "/metrics", "/api/v1/runs", "/api/v1/deliveries", "/api/v1/connections", "/nowhere"] {
        for header in
            ["", "Bearer", "Bearer ", "Bearer x", &format!("Basic {token}"), &token, &format!("Bearer {}", &token[1..])]
        {
            let answer = request(server.admin, "GET", path, &[("Authorization", header)], b"");
            one_sentence(&answer, 401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let bearer = format!("Bearer {token}");
    let doubled = [("Authorization", bearer.as_str()), ("Authorization", "Bearer x")];
    one_sentence(&request(server.admin, "GET", "/api/v1/runs", &doubled, b""), 401);
    assert_eq!(server.ask("/api/v1/runs").status, 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(request(server.admin, "GET", path, &[], b"").status, 200);
    }
    let file = std::fs::metadata(folder.path().join("data/admin-token")).expect("a token");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert_eq!(token.len(), 64);
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    assert!(!log.contains(&token));
}

#[test]
fn the_admin_listener_answers_to_its_own_names_only() {
    let (_folder, server) = served(&[]);
    let ask = |host: &str| {
        let head = format!(
            "GET /api/v1/runs HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            server.token
        );
        exchange(server.admin, head.as_bytes())
    };
    for host in ["localhost", "localhost:8081", "127.0.0.1", "[::1]:8081", "LOCALHOST:1"] {
        let answer = ask(host);
        assert_eq!(answer.status, 200, "{host} {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8081"] {
        one_sentence(&ask(host), 403);
    }
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("its name");
    assert_eq!(ask(machine.trim()).status, 200);
}

#[test]
fn the_admin_listener_is_asked_by_the_names_that_the_configuration_gives_it() {
    let folder = Folder::new("");
    let admin = "admin: {listen: 127.0.0.1:0, hosts: [ci.example.com, Pipehook]}";
    folder.write("pipehook.yml", &format!("listen: 127.0.0.1:0\n{admin}\n"));
    let server = folder.serve(&["--no-worker"]);
    let status = |host: &str| {
        let head = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        exchange(server.admin, head.as_bytes()).status
    };
    assert_eq!(["ci.example.com:8081", "pipehook", "CI.example.com"].map(status), [200; 3]);
    assert_eq!(["example.com", "x.ci.example.com"].map(status), [403; 2]);
    folder.write("wrong.yml", "admin: {hosts: ['http://x', 'a:1', '']}\n");
    let told = folder.run(&["check", "--config", "wrong.yml"]).ended_with(1).stderr;
    assert_eq!(told.matches("the name of a host").count(), 3, "{told}");
}

#[test]
fn the_api_shows_deliveries_and_the_numbers_count_them() {
    let (_folder, server) = served(&[]);
    let accepted =
        server.request("POST", "/webhooks/open", &[("X-Kept", "yes")], br#"{"kind": "push", "title": "x"}"#).json();
    assert_eq!(server.deliver("signed", "wrong", b"{}").status, 401);
    let id = accepted["delivery"].as_str().expect("an id");
    let delivery = server.ask(&format!("/api/v1/deliveries/{id}")).json();
    assert_eq!((&delivery["connection"], &delivery["outcome"]), (&json!("open"), &json!("queued")), "{delivery}");
    assert_eq!(delivery["pipelines"][0]["filters"][0]["holds"], true, "{delivery}");
    until("the refusal", ANSWER_MAX, || {
        let all = server.ask("/api/v1/deliveries").json();
        all.as_array().is_some_and(|all| all.iter().any(|it| it["outcome"] == "refused")).then_some(())
    });
    let numbers = server.ask("/metrics").body;
    for line in [
        "pipehook_deliveries_total{connection=\"open\",outcome=\"queued\"} 1",
        "pipehook_deliveries_total{connection=\"signed\",outcome=\"refused\"} 1",
        "pipehook_queue_runs{state=\"queued\"} 1",
        "pipehook_build_info{version=\"",
    ] {
        assert!(numbers.contains(line), "{line} is not in\n{numbers}");
    }
    each_number_is_explained(&numbers);
    one_sentence(&server.ask("/api/v1/runs/run_nobody"), 404);
    one_sentence(&server.ask("/api/v1/runs?state=sleeping"), 400);
    assert_eq!(server.ask("/api/v1/runs?limit=1").json().as_array().map(Vec::len), Some(1));
    let log = server.ask(&format!("/api/v1/runs/{}/logs", accepted["runs"][0]["id"].as_str().expect("an id")));
    assert_eq!((log.status, log.header("content-type")), (200, Some("text/plain; charset=utf-8")), "{log:?}");
}

/// Every sample belongs to a family that has a type and an explanation, and a name by the rules.
#[track_caller]
fn each_number_is_explained(numbers: &str) {
    let told = |word: &str, family: &str| numbers.lines().any(|line| line.starts_with(&format!("# {word} {family} ")));
    let samples: Vec<&str> = numbers.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(samples.len() > 30 && numbers.ends_with("# EOF\n"), "{numbers}");
    for sample in samples {
        let name = sample.split(['{', ' ']).next().expect("a name");
        let endings = ["_total", "_info", "_bucket", "_sum", "_count", ""];
        let family = endings.iter().find_map(|end| name.strip_suffix(end).filter(|family| told("TYPE", family)));
        let family = family.unwrap_or_else(|| panic!("{name} has no type\n{numbers}"));
        assert!(told("HELP", family), "{name} is not explained\n{numbers}");
        assert!(family.starts_with("pipehook_"), "{name}");
    }
}

#[test]
fn a_changed_configuration_is_taken_up_and_a_broken_one_is_not() {
    let (folder, server) = served(&[]);
    let file = folder.path().join("pipehook.yml");
    let before = std::fs::read_to_string(&file).expect("a configuration");
    one_sentence(&server.request("POST", "/webhooks/late", &[], b"{}"), 404);
    std::fs::write(&file, "connections: [").expect("a file");
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    until("a complaint", ANSWER_MAX, || log().contains("the last good one stays in force").then_some(()));
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    // As an editor leaves it for a moment, or a full disk for longer.
    std::fs::write(&file, " \n").expect("a file");
    until("another complaint", ANSWER_MAX, || log().contains("the changed configuration is empty").then_some(()));
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    std::fs::write(&file, format!("{before}  late: {{auth: none}}\n")).expect("a file");
    until("the new connection", ANSWER_MAX, || {
        (server.request("POST", "/webhooks/late", &[], b"{}").status == 200).then_some(())
    });
}

#[test]
fn a_changed_secret_of_a_variable_group_is_taken_up() {
    let configuration = |secret: &str| {
        format!(
            "connections: {{open: {{auth: none}}}}\nvariable-groups: {{g: {{token: {{secret: {{value: {secret}}}}}}}}}\n"
        )
    };
    let folder = Folder::new(&configuration("first"));
    folder.write(
        "pipelines/p.yml",
        "resources:\n  webhooks:\n  - {webhook: hook, connection: open}\nvariables:\n- group: g\n\
         steps:\n- script: echo length ${#TOKEN}\n  env: {TOKEN: $(token)}\n",
    );
    let server = folder.serve(&[]);
    let length = |number: usize| {
        server.request("POST", "/webhooks/open", &[], b"{}");
        folder.run(&["runs", "wait", &format!("p#{number}")]).ended_with(0);
        folder.run(&["runs", "logs", &format!("p#{number}")]).ended_with(0).stdout
    };
    assert!(length(1).contains("length 5"));
    let before = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    folder.write("pipehook.yml", &before.replace("first", "a-second-one"));
    let mut number = 1;
    until("the new secret", ANSWER_MAX, || {
        number += 1;
        length(number).contains("length 12").then_some(())
    });
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_it_has_begun_and_ends() {
    let (_folder, mut server) = served(&[]);
    let to = server.public;
    let waiting = std::thread::spawn(move || {
        request(to, "POST", "/webhooks/open?wait=60", &[], br#"{"kind": "push", "title": "x"}"#)
    });
    until("the run", ANSWER_MAX, || (server.ask("/api/v1/runs").json() != json!([])).then_some(()));
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(15)), Some(0));
    let answer = waiting.join().expect("an answer");
    assert_eq!((answer.status, &answer.json()["runs"][0]["state"]), (200, &json!("queued")), "{answer:?}");
}

#[test]
fn a_second_server_is_told_who_holds_the_data_folder() {
    let (folder, server) = served(&[]);
    let second = folder.run(&["serve"]).ended_with(3);
    assert!(second.stderr.contains(&format!("process {}", server.process())), "{second:?}");
    assert_eq!(second.stdout, "");
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let (_folder, server) = served(&[]);
    let other = Folder::new(CONNECTIONS);
    let address = server.public.to_string();
    let output = other.run(&["serve", "--listen", &address]).ended_with(3);
    assert_eq!(output.stderr, format!("error: can't listen on {address}: another program listens there\n"));
}

#[test]
fn a_doubled_checksum_header_is_a_bad_request_in_one_sentence() {
    let folder = Folder::new("connections: {hello: {secret: {value: s}}}\n");
    let server = folder.serve(&["--no-worker"]);
    let right = checksum("s", b"{}");
    let twice = [("X-WH-Checksum", right.as_str()), ("X-WH-Checksum", right.as_str())];
    let answer = server.request("POST", "/webhooks/hello", &twice, b"{}");
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.json()["error"], "the header X-WH-Checksum is there more than once");
}

#[test]
fn what_is_no_http_is_counted_and_fills_no_log() {
    let (folder, server) = served(&[]);
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        assert_eq!(exchange(server.public, garbage).status, 400);
    }
    until("the count of what was unreadable", ANSWER_MAX, || {
        server.ask("/metrics").body.contains("pipehook_unreadable_requests_total 3\n").then_some(())
    });
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_server_that_was_asked_to_stop_leaves_the_whole_store_in_one_file() {
    let (folder, mut server) = served(&[]);
    assert_eq!(server.request("POST", "/webhooks/open", &[], br#"{"kind": "push", "title": "x"}"#).status, 200);
    // A reading connection is open too.
    assert_eq!(server.ask("/api/v1/deliveries").status, 200);
    server.terminate();
    assert_eq!(server.ended(ANSWER_MAX), Some(0));
    let log = folder.path().join("data/pipehook.db-wal");
    assert!(!log.exists(), "{:?}", std::fs::metadata(log));
}
