//! Where a delivery's text went, as `deliveries show`, the API and `check --payload` say it.

use crate::support::{Folder, Server};
use serde_json::Value;

const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: push
    connection: hook
    filters:
    - path: ref
      value: main
name: of ${{ parameters.push.title }}
variables:
  commit: ${{ parameters.push.after }}
steps:
- script: |
    echo one
    echo \"$(commit)\" '${{ parameters.push.title }}'
  displayName: first
- bash: echo \"$WHO\"
  env:
    WHO: by ${{ parameters.push.author['full name'] }}
- task: CopyFiles@2
  inputs:
    contents: ${{ parameters.push.files[1] }}
    targetFolder: x
";

const PAYLOAD: &str = r#"{"ref": "main", "title": "it's \u001b[31mred", "after": "a1b2", "author": {"full name": "Eve"},
  "files": ["x", "y"]}"#;

fn folder() -> Folder {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    folder.write("pipelines/p.yml", PIPELINE).write("payload.json", PAYLOAD);
    folder
}

fn posted(server: &Server) -> String {
    let answer = server.request("POST", "/webhooks/hook", &[], PAYLOAD.as_bytes());
    answer.json()["delivery"].as_str().expect("an id").to_owned()
}

/// Each use as one line.
fn lines(expansion: &Value) -> Vec<String> {
    let uses = expansion["uses"].as_array().expect("a list");
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or("-").to_owned();
    uses.iter()
        .map(|it| {
            let names = ["from", "value", "key", "step", "into", "variable"];
            let parts: Vec<String> = names.iter().map(|name| text(it, name)).collect();
            format!("{}:{} {}", text(it, "file"), it["line"], parts.join(" | "))
        })
        .collect()
}

const USES: &[&str] = &[
    r"pipelines/p.yml:8 push.title | it's \u{1b}[31mred | name | - | the key `name` | -",
    "pipelines/p.yml:10 push.after | a1b2 | variables.commit | - | the variable `commit` | -",
    "pipelines/p.yml:13 push.after | a1b2 | steps[0].script | first | line 2 of the script, in double quotes, through the variable `commit` | PIPEHOOK_1",
    r"pipelines/p.yml:14 push.title | it's \u{1b}[31mred | steps[0].script | first | line 2 of the script, in single quotes | PIPEHOOK_2",
    "pipelines/p.yml:18 push.author['full name'] | Eve | steps[1].env.WHO | step2 (bash) | the environment variable `WHO` | -",
    "pipelines/p.yml:21 push.files[1] | y | steps[2].inputs.contents | step3 (CopyFiles@2) | the input `contents` | -",
];

#[test]
fn each_piece_of_payload_text_is_told_with_its_path_and_where_it_went() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    let delivery = posted(&server);
    let asked = server.ask(&format!("/api/v1/deliveries/{delivery}")).json();
    let expansion = &asked["pipelines"][0]["expansion"];
    assert_eq!(lines(expansion), USES, "{asked}");
    assert_eq!((&expansion["as_run"], &expansion["note"], &expansion["more"]), (&true.into(), &Value::Null, &0.into()));
    let told = folder.run(&["deliveries", "show", &delivery, "--format", "json"]).ended_with(0).json();
    assert_eq!(told, asked, "the command says what the API says");
    let shown = folder.run(&["deliveries", "show", &delivery]).ended_with(0).stdout;
    for part in [
        "holds: ref is main",
        "step `first`",
        "step `step2 (bash)`",
        "as `PIPEHOOK_2` (pipelines/p.yml:14)",
        r"push.title = it's \u{1b}[31mred",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn steps_without_names_and_with_the_same_name_are_told_apart() {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let pipeline = "resources: {webhooks: [{webhook: push, connection: hook}]}\nsteps:\n\
        - script: echo ${{ parameters.push.title }}\n- script: echo ${{ parameters.push.title }}\n\
        - {script: 'echo ${{ parameters.push.title }}', displayName: same}\n\
        - {script: 'echo ${{ parameters.push.title }}', displayName: same}\n";
    folder.write("pipelines/p.yml", pipeline).write("payload.json", PAYLOAD);
    let told = folder.run(&["check", "--payload", "payload.json"]).ended_with(0).stdout;
    let headings: Vec<&str> = told.lines().filter_map(|line| line.trim().strip_prefix("step ")).collect();
    assert_eq!(headings, ["`step1 (script)`", "`step2 (script)`", "`same`", "`same`"], "{told}");
}

#[test]
fn a_delivery_in_which_no_repeat_key_is_found_says_where_it_was_looked_for() {
    let folder = Folder::new(
        "connections:\n  path: {auth: none, repeat: {key: $.event.id}}\n  \
        header: {auth: none, repeat: {key: X-Event-Id}}\n",
    );
    let pipeline = "resources: {webhooks: [{webhook: push, connection: path}]}\nsteps: [{script: ls}]\n";
    folder.write("pipelines/p.yml", pipeline);
    let server = folder.serve(&["--no-worker"]);
    for (connection, headers, body, why) in [
        ("path", &[] as &[(&str, &str)], "{}", Some("the payload has nothing at `$.event.id`")),
        ("path", &[], r#"{"event": {"id": null}}"#, Some("the payload has null at `$.event.id`")),
        ("path", &[], r#"{"event": {"id": {"n": 1}}}"#, Some("the payload has an object at `$.event.id`")),
        ("path", &[], r#"{"event": {"id": [1]}}"#, Some("the payload has an array at `$.event.id`")),
        ("path", &[], r#"{"event": {"id": ""}}"#, Some("the payload has an empty text at `$.event.id`")),
        ("path", &[], r#"{"event": {"id": 7}}"#, None),
        (
            "header",
            &[],
            "{}",
            Some("the header `X-Event-Id` is not there, or has more than 4096 bytes, of which nothing is kept"),
        ),
        ("header", &[("X-Event-Id", "")], "{}", Some("the header `X-Event-Id` is empty")),
        ("header", &[("X-Event-Id", "7")], "{}", None),
    ] {
        let answer = server.request("POST", &format!("/webhooks/{connection}"), headers, body.as_bytes());
        let id = answer.json()["delivery"].as_str().expect("an id").to_owned();
        let asked = server.ask(&format!("/api/v1/deliveries/{id}")).json();
        let told = asked["without_repeat_key"].as_str();
        let wanted = why.map(|why| format!("a second one would not be known as a repeat: {why}"));
        assert_eq!(told, wanted.as_deref(), "{body}");
        let shown = folder.run(&["deliveries", "show", &id]).ended_with(0).stdout;
        let page = server.ask(&format!("/deliveries/{id}")).body;
        match why {
            Some(why) => {
                assert!(
                    shown.contains(&format!("none: a second one would not be known as a repeat: {why}")),
                    "{shown}"
                );
                assert!(page.contains("Repeat key"), "{page}");
            }
            None => assert!(!shown.contains("repeat key") && !page.contains("Repeat key"), "{shown}{page}"),
        }
    }
    // What counts is a key's text.
    let again = server.request("POST", "/webhooks/path", &[], br#"{"event": {"id": "7"}}"#).json();
    assert!(again["repeat_of"].is_string(), "{again}");
}

#[test]
fn a_repeat_says_by_which_key_it_was_known() {
    let folder = Folder::new(
        "connections:\n  path: {auth: none, repeat: {key: $.id}}\n  header: {auth: none, repeat: {key: X-Event-Id}}\n  \
        body: {auth: none, repeat: {key: body}}\n  id: {auth: none, scheme: github}\n  \
        twilio: {auth: none, scheme: twilio}\n",
    );
    let listeners = ["path", "header", "body", "id", "twilio"];
    let listeners = listeners.map(|name| format!("{{webhook: w-{name}, connection: {name}}}")).join(", ");
    folder.write("pipelines/p.yml", &format!("resources: {{webhooks: [{listeners}]}}\nsteps: [{{script: ls}}]\n"));
    let server = folder.serve(&["--no-worker"]);
    for (connection, header, known) in [
        ("path", ("X", "1"), "`7` at `$.id` of the payload"),
        ("header", ("X-Event-Id", "e-1"), "`e-1` in the header `X-Event-Id`"),
        ("body", ("X", "1"), "its body"),
        ("id", ("X-GitHub-Delivery", "d-1"), "`d-1` in the header `X-GitHub-Delivery`"),
        ("twilio", ("I-Twilio-Idempotency-Token", "t-1"), "the header `I-Twilio-Idempotency-Token`"),
    ] {
        for again in [false, true] {
            let answer = server.request("POST", &format!("/webhooks/{connection}"), &[header], br#"{"id":7}"#).json();
            assert_eq!(answer["outcome"], if again { "repeat" } else { "queued" }, "{connection}: {answer}");
            let id = answer["delivery"].as_str().expect("an id").to_owned();
            let told = server.ask(&format!("/api/v1/deliveries/{id}")).json();
            let known = format!("{known}, as its connection is configured now");
            assert_eq!(told["known_by"].as_str(), again.then_some(known.as_str()), "{told}");
            let shown = folder.run(&["deliveries", "show", &id]).ended_with(0).stdout;
            assert_eq!(shown.contains("known by") && shown.contains(&known), again, "{shown}");
            assert_eq!(server.ask(&format!("/deliveries/{id}")).body.contains("Known by"), again, "{shown}");
        }
    }
}

/// Of a header that is too long nothing is kept, but it was there.
#[test]
fn a_repeat_by_a_header_that_is_not_kept_says_so() {
    let folder = Folder::new("connections: {hook: {auth: none, repeat: {key: X-Key}}}\n");
    for (name, filters) in [("p", ", filters: [{header: x-key, value: a}]"), ("q", "")] {
        let listens = format!("resources: {{webhooks: [{{webhook: push, connection: hook{filters}}}]}}\n");
        folder.write(&format!("pipelines/{name}.yml"), &format!("{listens}steps: [{{script: ls}}]\n"));
    }
    let server = folder.serve(&["--no-worker"]);
    let long = "k".repeat(5_000);
    let [first, again] = [(); 2].map(|()| {
        let answer = server.request("POST", "/webhooks/hook", &[("X-Key", &long)], b"{}").json();
        server.ask(&format!("/api/v1/deliveries/{}", answer["delivery"].as_str().expect("an id"))).json()
    });
    let not_kept = "is not there, or has more than 4096 bytes, of which nothing is kept";
    let pipelines = first["pipelines"].as_array().expect("pipelines");
    let filtered = pipelines.iter().find(|it| it["pipeline"] == "p").expect("p");
    assert_eq!(filtered["filters"][0]["reason"], not_kept, "{first}");
    let missing = format!("a second one would not be known as a repeat: the header `X-Key` {not_kept}");
    assert_eq!(first["without_repeat_key"], missing.as_str(), "{first}");
    let known = "the header `X-Key`, which has more than 4096 bytes, as its connection is configured now";
    assert_eq!((&again["known_by"], &again["without_repeat_key"]), (&known.into(), &Value::Null), "{again}");
}

#[test]
fn a_repeat_does_not_say_that_it_was_known_by_a_key_of_today() {
    let folder = Folder::new("connections: {hook: {auth: none, repeat: {key: $.k}}}\n");
    let listens = "resources: {webhooks: [{webhook: push, connection: hook}]}\n";
    folder.write("pipelines/p.yml", &format!("{listens}steps: [{{script: ls}}]\n"));
    let server = folder.serve(&["--no-worker"]);
    let [_, again] = [(); 2].map(|()| {
        let answer = server.request("POST", "/webhooks/hook", &[], br#"{"k": 1}"#).json();
        answer["delivery"].as_str().expect("an id").to_owned()
    });
    drop(server);
    for (key, known) in [
        ("body", "its body, as its connection is configured now"),
        ("$.other", "a key that its connection had then, and has not as it is configured now"),
    ] {
        folder.write("pipehook.yml", &format!("connections: {{hook: {{auth: none, repeat: {{key: {key}}}}}}}\n"));
        let told = folder.run(&["deliveries", "show", &again]).ended_with(0).stdout;
        assert!(told.contains(known), "{told}");
    }
}

/// A payload may have members that are called as what the request brings beside it.
#[test]
fn a_header_and_a_member_of_the_payload_are_told_apart() {
    let folder = Folder::new("connections: {hook: {auth: none, scheme: github}}\n");
    let env = "A: '${{ parameters.push.event }}', B: '${{ resources.webhooks.push.event }}', \
               C: \"${{ parameters.push.headers['x-a'] }}\", D: \"${{ resources.webhooks.push.headers['x-a'] }}\"";
    folder.write(
        "pipelines/p.yml",
        &format!(
            "resources: {{webhooks: [{{webhook: push, connection: hook}}]}}\nsteps:\n- script: ls\n  env: {{{env}}}\n"
        ),
    );
    let server = folder.serve(&["--no-worker"]);
    let headers = [("X-GitHub-Event", "real"), ("X-A", "header")];
    let answer = server.request("POST", "/webhooks/hook", &headers, br#"{"event":"e","headers":{"x-a":"h"}}"#).json();
    let told = server.ask(&format!("/api/v1/deliveries/{}", answer["delivery"].as_str().expect("an id"))).json();
    let uses = told["pipelines"][0]["expansion"]["uses"].as_array().expect("uses");
    let from: Vec<(&str, &str)> =
        uses.iter().map(|it| (it["from"].as_str().expect("a place"), it["value"].as_str().expect("a text"))).collect();
    let expected = [
        ("push.event", "e"),
        ("resources.webhooks.push.event", "real"),
        ("push.headers['x-a']", "h"),
        ("resources.webhooks.push.headers['x-a']", "header"),
    ];
    assert_eq!(from, expected, "{told}");
}

#[test]
fn a_pipeline_that_has_changed_since_is_said_so() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    let delivery = posted(&server);
    folder.write("pipelines/p.yml", &PIPELINE.replace("echo one", "echo two"));
    let expansion = |note: &str| {
        let told = folder.run(&["deliveries", "show", &delivery, "--format", "json"]).ended_with(0).json();
        let expansion = told["pipelines"][0]["expansion"].clone();
        assert_eq!(expansion["as_run"], false);
        assert!(expansion["note"].as_str().is_some_and(|it| it.contains(note)), "{expansion}");
        expansion
    };
    assert_eq!(lines(&expansion("has changed since")).len(), USES.len());
    folder.write("pipelines/p.yml", &PIPELINE.replace("connection: hook", "connection: other"));
    assert!(lines(&expansion("does not listen to this delivery any more")).is_empty());
}

#[test]
fn check_says_the_same_before_anything_is_posted() {
    let folder = folder();
    let output = folder.run(&["check", "--payload", "payload.json"]).ended_with(0);
    for part in ["pipeline p starts by the webhook push", "holds: ref is main", "as `PIPEHOOK_1`", "push.after = a1b2"]
    {
        assert!(output.stdout.contains(part), "{part}: {output:?}");
    }
    folder.write("payload.json", r#"{"ref": "other"}"#);
    let output = folder.run(&["check", "--payload", "payload.json"]).ended_with(0).stdout;
    assert!(output.contains("pipeline p does not start by the webhook push"), "{output}");
    assert!(output.contains("does not hold: ref should be main, found other"), "{output}");
}

/// A pipeline whose steps a payload decides, and whose macros bring its text into `env` and inputs.
const DECIDED: &str = "\
resources:
  webhooks:
  - webhook: push
    connection: hook
    filters:
    - header: X-Event
      value: push
variables:
  who: ${{ parameters.push.user }}
steps:
- ${{ if eq(parameters.push.action, 'opened') }}:
  - bash: echo \"$WHO\"
    displayName: greet
    env:
      WHO: by $(who), $(other)
- ${{ elseif parameters.push.draft }}:
  - bash: echo draft
- ${{ each label in parameters.push.labels }}:
  - ${{ if eq(label.name, 'deploy') }}:
    - bash: echo deploy
- task: CopyFiles@2
  inputs:
    contents: $(who)
    targetFolder: x
";

fn decided() -> Folder {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    folder.write("pipelines/p.yml", DECIDED);
    let payload =
        r#"{"action": "closed", "draft": true, "user": "Eve", "labels": [{"name": "deploy"}, {"name": "a\u001bb"}]}"#;
    folder.write("payload.json", payload);
    folder
}

/// Each decision as one line.
fn decisions(expansion: &Value) -> Vec<String> {
    let told = expansion["decisions"].as_array().expect("a list");
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or("-").to_owned();
    told.iter()
        .map(|it| {
            format!(
                "{}:{} {} | {} | {}",
                text(it, "file"),
                it["line"],
                text(it, "from"),
                text(it, "value"),
                it["holds"]
            )
        })
        .collect()
}

#[test]
fn the_values_that_decide_what_a_pipeline_has_are_told_with_what_they_were() {
    let folder = decided();
    let arguments = ["check", "--payload", "payload.json", "--header", "X-Event: push", "--format", "json"];
    let told = folder.run(&arguments).ended_with(0).json();
    let pipeline = &told["pipelines"][0];
    assert_eq!((&pipeline["starts"], &pipeline["rejected"]), (&true.into(), &false.into()), "{told}");
    assert_eq!(
        decisions(&pipeline["expansion"]),
        [
            "pipelines/p.yml:11 push.action | closed | false",
            "pipelines/p.yml:16 push.draft | True | true",
            "pipelines/p.yml:19 push.labels[0].name | deploy | true",
            r"pipelines/p.yml:19 push.labels[1].name | a\u{1b}b | false",
        ]
    );
    let server = folder.serve(&["--no-worker"]);
    let payload = std::fs::read(folder.path().join("payload.json")).expect("the payload");
    let answer = server.request("POST", "/webhooks/hook", &[("X-Event", "push")], &payload).json();
    let asked = server.ask(&format!("/api/v1/deliveries/{}", answer["delivery"].as_str().expect("an id"))).json();
    let expansion = &asked["pipelines"][0]["expansion"];
    assert_eq!(expansion["decisions"], pipeline["expansion"]["decisions"], "a delivery is told the same: {asked}");
    assert_eq!(expansion["uses"], pipeline["expansion"]["uses"]);
    let shown = folder.run(&["deliveries", "show", answer["delivery"].as_str().expect("an id")]).ended_with(0).stdout;
    assert!(
        shown.contains("a condition that does not hold (pipelines/p.yml:11)\n      push.action = closed"),
        "{shown}"
    );
}

#[test]
fn text_that_macros_bring_into_the_environment_and_inputs_is_told() {
    let folder = decided();
    folder.write("payload.json", r#"{"action": "opened", "user": "Eve", "labels": []}"#);
    let told = folder.run(&["check", "--payload", "payload.json", "--format", "json"]).ended_with(0).json();
    assert_eq!(
        lines(&told["pipelines"][0]["expansion"]),
        [
            "pipelines/p.yml:9 push.user | Eve | variables.who | - | the variable `who` | -",
            "pipelines/p.yml:15 push.user | Eve | steps[0].env.WHO | greet | the environment variable `WHO`, through the variable `who` | -",
            "pipelines/p.yml:23 push.user | Eve | steps[1].inputs.contents | step2 (CopyFiles@2) | the input `contents`, through the variable `who` | -",
        ]
    );
}

#[test]
fn check_takes_the_headers_and_the_webhook_of_a_delivery() {
    let folder = decided();
    let starts = |more: &[&str]| {
        let arguments = [&["check", "--payload", "payload.json"], more].concat();
        folder.run(&arguments).ended_with(0).stdout
    };
    assert!(starts(&[]).contains("does not start"));
    assert!(starts(&["--header", "X-Event: push"]).contains("pipeline p starts by the webhook push"));
    assert!(starts(&["--webhook", "PUSH", "--header", "x-event: push"]).contains("starts by the webhook push"));
    let other = folder.run(&["check", "--payload", "payload.json", "--webhook", "pull"]).ended_with(2);
    assert!(other.stderr.contains("no webhook of these pipelines has the alias `pull`"), "{other:?}");
    let without = folder.run(&["check", "--header", "X-Event: push"]).ended_with(2);
    assert!(without.stderr.contains("--payload"), "{without:?}");
}

#[test]
fn a_list_without_end_is_cut_and_counted() {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let head = "resources:\n  webhooks:\n  - webhook: push\n    connection: hook\nsteps:\n";
    let each = "- ${{ each item in parameters.push.items }}:\n  - bash: echo ${{ item }}\n";
    folder.write("pipelines/p.yml", &format!("{head}{each}"));
    let items: Vec<String> = (0..250).map(|item| format!("\"i{item}\"")).collect();
    folder.write("payload.json", &format!("{{\"items\": [{}]}}", items.join(",")));
    let shown = folder.run(&["check", "--payload", "payload.json"]).ended_with(0).stdout;
    assert!(shown.contains("push.items[199] = i199") && !shown.contains("i200"), "{shown}");
    assert!(shown.contains("… and 50 more"), "{shown}");
}

#[test]
fn the_answer_to_a_replay_says_where_its_runs_are() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    let delivery = posted(&server);
    let bearer = format!("Bearer {}", server.token);
    let path = format!("/api/v1/deliveries/{delivery}/replay?force=true");
    let answer = crate::support::request(server.admin, "POST", &path, &[("Authorization", &bearer)], b"").json();
    let run = &answer["runs"][0];
    let url = format!("http://{}/api/v1/runs/{}", server.admin, run["id"].as_str().expect("an id"));
    assert_eq!(run["url"], url, "{answer}");
}

/// A hole into which no text comes says why: nothing is there, null is there, or an empty text.
#[test]
fn nothing_null_and_an_empty_text_are_told_apart() {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let pipeline = "\
resources: {webhooks: [{webhook: h, connection: hook}]}
steps:
- bash: echo '${{ parameters.h.t }}' '${{ parameters.h.list[0].t }}'
- ${{ if eq(parameters.h.t, 'x') }}:
  - bash: ls
";
    folder.write("pipelines/p.yml", pipeline);
    let server = folder.serve(&["--no-worker"]);
    for (body, missing, shown) in [
        (r#"{"list": [{}]}"#, Value::from("nothing"), ": there is nothing"),
        (r#"{"t": null, "list": [{"t": null}]}"#, Value::from("null"), ": there is null"),
        (r#"{"t": "", "list": [{"t": ""}]}"#, Value::Null, ": there is an empty text"),
    ] {
        let posted = server.request("POST", "/webhooks/hook", &[], body.as_bytes()).json();
        let delivery = posted["delivery"].as_str().expect("an id");
        let asked = server.ask(&format!("/api/v1/deliveries/{delivery}")).json();
        let expansion = &asked["pipelines"][0]["expansion"];
        folder.write("payload.json", body);
        let foreseen = folder.run(&["check", "--payload", "payload.json", "--format", "json"]).ended_with(0).json();
        for expansion in [expansion, &foreseen["pipelines"][0]["expansion"]] {
            let uses = expansion["uses"].as_array().expect("a list");
            let told: Vec<_> = uses.iter().map(|it| (&it["value"], &it["missing"])).collect();
            assert_eq!(told, [(&"".into(), &missing), (&"".into(), &missing)], "{body}: {expansion}");
            assert_eq!(expansion["decisions"][0]["missing"], missing, "{body}: {expansion}");
        }
        let told = folder.run(&["deliveries", "show", delivery]).ended_with(0).stdout;
        for from in ["h.t", "h.list[0].t"] {
            assert!(told.contains(&format!("{from}{shown}\n")), "{body}: {told}");
        }
    }
}

#[test]
fn a_file_that_can_not_be_used_has_its_entry_too() {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let listens = "resources: {webhooks: [{webhook: h, connection: hook, filters: [{path: t, value: x}]}]}\n";
    folder.write("pipelines/p.yml", &format!("{listens}steps:\n- bash: echo ${{{{ add(1, 2) }}}}\n"));
    folder.write("payload.json", "{}");
    let told = folder.run(&["check", "--payload", "payload.json", "--format", "json"]).ended_with(1).json();
    let expected = serde_json::json!([
        {"pipeline": "p", "webhook": "h", "starts": false, "filters": [], "rejected": true, "expansion": null}
    ]);
    assert_eq!(told["pipelines"], expected, "{told}");
    let text = folder.run(&["check", "--payload", "payload.json"]).ended_with(1).stdout;
    assert!(
        text.contains("pipeline p can't be used: it does not start by the webhook h, and the run is rejected"),
        "{text}"
    );
}
