//! Filters beyond the documented ones, and what is said about them.

use crate::support::Folder;
use pipehook::webhook::filter::{Filter, Pattern, Test};
use pipehook::webhook::payload;
use pipehook::webhook::select::{Wanted, select};
use std::time::{Duration, Instant};

const BODY: &[u8] =
    r#"{"ref":"refs/heads/main","n":5,"none":null,"list":[1],"object":{},"long":"aaaa","price":1.50,"many":1e3,"written":"1.50","text":"a\nb","school":"école","turkish":"ı"}"#.as_bytes();

fn any_of(texts: &[&str]) -> Test {
    Test::AnyOf(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn like(pattern: &str) -> Test {
    Test::Matches(Pattern::parse(pattern).expect(pattern))
}

#[track_caller]
fn judged(path: &str, test: Test, is_negated: bool) -> (bool, Option<String>) {
    let filter = Filter { is_negated, ..Filter::at_path(path, test).expect("a path") };
    let payload = payload::check(BODY).expect("JSON");
    let mut wanted = Wanted::default();
    filter.want(&mut wanted);
    let verdict = filter.judge(&select(&payload, &wanted), &[]);
    (verdict.holds, verdict.reason)
}

#[test]
fn lists_negations_and_patterns_hold_as_they_are_read() {
    let table = [
        ("ref", any_of(&["x", "REFS/heads/MAIN"]), true),
        ("ref", any_of(&["x", "y"]), false),
        ("ref", like("refs/heads/(main|dev)"), true),
        ("ref", like("heads"), false),
        ("ref", like("refs/.*"), true),
        ("ref", like("REFS/.*"), false),
        ("ref", like("(?i)REFS/.*"), true),
        ("ref", like("refs/heads/mai|n"), false),
        // As `eq()` compares: the letter case of any writing.
        ("school", any_of(&["ÉCOLE"]), true),
        ("school", any_of(&["ecole"]), false),
        ("turkish", any_of(&["i"]), false),
        ("n", like("[0-9]"), true),
        ("price", any_of(&["1.5"]), true),
        ("price", any_of(&["1.50"]), true),
        ("price", any_of(&["1.51"]), false),
        ("price", like(r"1\.5"), true),
        ("many", any_of(&["1000"]), true),
        ("written", any_of(&["1.5"]), false),
        ("written", any_of(&["1.50"]), true),
        ("text", like("a"), false),
        ("text", like("(?m)a$"), false),
        ("text", like(r"a\nb"), true),
    ];
    for (path, test, holds) in table {
        assert_eq!(judged(path, test.clone(), false), (holds, None), "{path} {test:?}");
        assert_eq!(judged(path, test.clone(), true), (!holds, None), "not {path} {test:?}");
    }
}

#[test]
fn a_filter_that_can_t_be_judged_does_not_hold_and_says_why() {
    let table = [
        ("missing", "there is nothing"),
        ("ref.deeper", "there is nothing"),
        ("none", "there is null"),
        ("list", "there is an array"),
        ("object", "there is an object"),
    ];
    for (path, reason) in table {
        for is_negated in [false, true] {
            assert_eq!(judged(path, any_of(&["x"]), is_negated), (false, Some(reason.to_owned())), "{path}");
        }
    }
}

#[test]
fn no_pattern_costs_more_than_its_text_is_long() {
    let filter = Filter::at_path("a", like("(a*)*b|(a|a)*c|.*.*.*d")).expect("a path");
    let judge = |length: usize| {
        let body = format!(r#"{{"a":"{}"}}"#, "a".repeat(length));
        let payload = payload::check(body.as_bytes()).expect("JSON");
        let mut wanted = Wanted::default();
        filter.want(&mut wanted);
        filter.judge(&select(&payload, &wanted), &[])
    };
    let begin = Instant::now();
    assert!(!judge(60_000).holds);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(judge(70_000).reason.as_deref(), Some("the text is too long for a pattern"));
    for wrong in ["(", "a)b", "(?=a)", r"(a)\1", "(((a{500}){500}){500})", "[", "(?P<n"] {
        assert!(Pattern::parse(wrong).is_err(), "{wrong}");
    }
}

const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: hook
    filters:
    - header: x-github-event
      value: [push, create]
    - path: ref
      pattern: refs/heads/.*
    - path: actor
      value: robot
      not: true
steps:
- script: echo hello
";

#[test]
fn the_running_server_filters_and_keeps_why() {
    let folder = Folder::new("connections: {hook: {auth: none, scheme: github}}\n");
    folder.write("pipelines/p.yml", PIPELINE);
    let server = folder.serve(&["--no-worker"]);
    let post = |event: &str, body: &str| {
        server.request("POST", "/webhooks/hook", &[("X-GitHub-Event", event)], body.as_bytes()).json()
    };
    assert_eq!(post("push", r#"{"ref":"refs/heads/x","actor":"ann"}"#)["outcome"], "queued");
    assert_eq!(post("Create", r#"{"ref":"refs/heads/x","actor":"ann"}"#)["outcome"], "queued");
    assert_eq!(post("push", r#"{"ref":"refs/heads/x","actor":"Robot"}"#)["outcome"], "nothing");
    let told = post("issues", r#"{"ref":"refs/tags/x"}"#);
    assert_eq!(told["outcome"], "nothing");
    let shown = folder.run(&["deliveries", "show", told["delivery"].as_str().expect("an id")]).ended_with(0).stdout;
    for line in [
        "does not hold: headers['x-github-event'] should be one of push, create, found issues",
        "does not hold: ref should be like refs/heads/.*, found refs/tags/x",
        "does not hold: actor should be not robot, there is nothing",
        "event       issues",
    ] {
        assert!(shown.contains(line), "{line:?} is not in\n{shown}");
    }
    let ping = post("ping", r#"{"zen":"x","ref":"refs/heads/x","actor":"ann"}"#);
    assert_eq!((&ping["outcome"], &ping["runs"]), (&"nothing".into(), &serde_json::json!([])), "{ping}");
    let shown = folder.run(&["deliveries", "show", ping["delivery"].as_str().expect("an id")]).ended_with(0).stdout;
    assert!(shown.contains("nothing: the event `ping` is the sender's test"), "{shown}");
}

#[test]
fn check_warns_of_a_decision_that_rests_on_an_unsigned_header() {
    let check = |connection: &str, header: &str| {
        let folder = Folder::new(&format!("connections:\n  hook: {connection}\n"));
        folder.write("pipelines/p.yml", &PIPELINE.replace("x-github-event", header));
        folder.run(&["check", "--without-secrets"]).ended_with(0).stderr
    };
    let unsigned = check("{secret: {env: NOT_HERE}, scheme: github}", "X-GitHub-Event");
    for part in ["warning[unsigned-filter]: the header `X-GitHub-Event` is not signed", "p.yml:6:15", "`github`"] {
        assert!(unsigned.contains(part), "{part:?} is not in\n{unsigned}");
    }
    for (connection, header) in [
        ("{secret: {env: NOT_HERE}, scheme: standard-webhooks}", "Webhook-Id"),
        ("{secret: {env: NOT_HERE}, scheme: gitlab-token}", "X-Gitlab-Event"),
        ("{auth: none}", "X-GitHub-Event"),
        ("{secret: {env: NOT_HERE}, scheme: github, webhook: other}", "X-Other"),
    ] {
        let warned = check(connection, header).contains("unsigned-filter");
        assert_eq!(warned, header == "X-Other", "{connection} {header}");
    }
}

#[test]
fn check_warns_of_a_connection_that_nobody_configured() {
    let folder = Folder::new("connections: {hok: {auth: none}}\n");
    folder.write("pipelines/p.yml", PIPELINE);
    let told = folder.run(&["check"]).ended_with(0).stderr;
    for part in ["warning[unknown-connection]: no connection `hook` is configured", "p.yml:4:17", "did you mean `hok`?"]
    {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
}

#[test]
fn check_warns_of_senders_that_prove_less_than_one_may_think() {
    let folder = Folder::new(concat!(
        "connections:\n",
        "  alarms: {scheme: aws-sns, secret: {env: KEY}}\n",
        "  named: {scheme: aws-sns, secret: {env: KEY}, topics: [arn:aws:sns:eu-west-1:1:t]}\n",
        "  again: {scheme: svix, secret: {env: KEY}, repeat: none}\n",
    ));
    // What is said about senders is said beside the secrets that are missing.
    let told = folder.run(&["check"]).ended_with(1).stderr;
    assert!(told.contains("warning[open-topics]: connection `alarms` takes notifications of any topic"), "{told}");
    assert!(told.contains("warning[replay-protection]: connection `again` takes the same delivery again"), "{told}");
    assert!(told.contains("2 warnings"), "{told}");
}

#[test]
fn check_warns_of_conditions_that_rest_on_what_is_not_signed() {
    let check = |scheme: &str, steps: &str| {
        let folder = Folder::new(&format!(
            "connections:\n  hook: {{scheme: {scheme}, secret: {{value: a secret of a sender}}}}\n"
        ));
        let head = "resources:\n  webhooks:\n  - webhook: push\n    connection: hook\nsteps:\n";
        folder.write("pipelines/p.yml", &format!("{head}{steps}"));
        folder.run(&["check"]).ended_with(0).stderr
    };
    let check_whole = |rest: &str| {
        let folder = Folder::new("connections:\n  hook: {scheme: github, secret: {value: a secret of a sender}}\n");
        let head = "resources:\n  webhooks:\n  - webhook: push\n    connection: hook\n";
        folder.write("pipelines/p.yml", &format!("{head}{rest}"));
        let template = "parameters: [{name: e, type: object, default: a}, {name: other, default: b}]\nsteps:\n- ${{ if eq(parameters.e, 'push') }}:\n  - bash: ls\n- bash: echo ${{ parameters.other }}\n";
        folder.write("pipelines/t.yml", template);
        folder.run(&["check", "pipelines/p.yml"]).ended_with(0).stderr
    };
    let deciding = [
        "- ${{ if eq(resources.webhooks.push.headers['x-github-event'], 'push') }}:\n  - bash: ls\n- bash: id\n",
        "- ${{ if eq(parameters.push.a, 'b') }}:\n  - bash: ls\n- ${{ elseif eq(resources.webhooks.push.event, 'push') }}:\n  - bash: id\n",
        "- bash: ls\n  condition: eq('${{ resources.webhooks.push.event }}', 'push')\n",
    ];
    for steps in deciding {
        let output = check("github", steps);
        assert!(output.contains("warning[unsigned-filter]") && output.contains("`github`"), "{steps}: {output}");
    }
    // Through something else: at the place that decides, and with the way there.
    let event = "${{ resources.webhooks.push.event }}";
    let variable = format!("variables: {{e: '{event}', f: '$(E)', g: '$[ variables.f ]'}}\n");
    let through = [
        (format!("{variable}steps:\n- ${{{{ if eq(variables.e, 'push') }}}}:\n  - bash: ls\n- bash: id\n"), 7, "`e`"),
        (format!("{variable}steps:\n- bash: ls\n  condition: eq(variables.e, 'push')\n"), 8, "`e`"),
        (format!("{variable}steps:\n- bash: ls\n  condition: and(succeeded(), eq(variables['G'], 'push'))\n"), 8, "`f`"),
        (format!("variables:\n- name: e\n  value: x-{event}\nsteps:\n- bash: ls\n  condition: eq('${{{{ parameters.push.a }}}}', variables.e)\n"), 10, "`e`"),
        (format!("steps:\n- template: t.yml\n  parameters: {{e: '{event}'}}\n"), 3, "`e`"),
        (format!("steps:\n- template: t.yml\n  parameters: {{e: {{f: ['{event}']}}}}\n"), 3, "`e`"),
        ("steps:\n- bash: ls\n  enabled: ${{ eq(resources.webhooks.push.event, 'push') }}\n".to_owned(), 7, "enabled"),
        (
            "steps:\n- ${{ each it in resources.webhooks.push.headers }}:\n  - ${{ if eq(it.value, 'push') }}:\n    - bash: ls\n- bash: id\n".to_owned(),
            7,
            "it.value",
        ),
    ];
    for (rest, line, named) in through {
        let told = check_whole(&rest);
        assert_eq!(told.matches("warning[unsigned-filter]").count(), 1, "{rest}: {told}");
        assert!(told.contains(&format!(".yml:{line}:")) && told.contains(named), "{rest}: {told}");
    }
    for rest in [
        "variables: {e: push}\nsteps:\n- ${{ if eq(variables.e, 'push') }}:\n  - bash: ls\n".to_owned(),
        format!("{variable}steps:\n- bash: echo $(g)\n  condition: eq(variables.other, 'push')\n"),
        format!("steps:\n- template: t.yml\n  parameters: {{other: '{event}'}}\n"),
    ] {
        let told = check_whole(&rest);
        assert!(!told.contains("unsigned-filter"), "{rest}: {told}");
    }
    let told = "- bash: echo ${{ resources.webhooks.push.event }}\n  displayName: ${{ resources.webhooks.push.headers['x-github-event'] }}\n";
    assert!(!check("github", told).contains("unsigned-filter"), "what is only told decides nothing");
    assert!(
        !check("gitlab-token", deciding[0]).contains("unsigned-filter"),
        "who knows a token wrote all of the request"
    );
    assert!(!check("stripe", deciding[2]).contains("unsigned-filter"), "the event stands in the signed body");
}

/// A filter that looks at what proves the sender can't hold: that is said before and after.
#[test]
fn a_header_that_is_never_kept_is_told_as_such() {
    for (connection, header) in [
        ("{scheme: bearer, secret: {value: a secret of a sender}}", "authorization"),
        ("{scheme: azure, secret: {value: a secret of a sender}}", "X-WH-Checksum"),
        ("{auth: none}", "X-Api-Key"),
    ] {
        let folder = Folder::new(&format!("connections:\n  hook: {connection}\n"));
        let conditions = format!(
            "- ${{{{ if eq(resources.webhooks.push.headers['{header}'], 'a') }}}}:\n  - bash: ls\n- bash: id\n"
        );
        let head = "resources:\n  webhooks:\n  - webhook: push\n    connection: hook\n";
        folder.write(
            "pipelines/p.yml",
            &format!("{head}    filters: [{{header: {header}, value: a}}]\nsteps:\n- bash: ls\n"),
        );
        folder.write("pipelines/q.yml", &format!("{head}steps:\n{conditions}"));
        let told = folder.run(&["check"]).ended_with(0).stderr;
        let sentence = format!("warning[unsigned-filter]: the header `{header}` is never kept");
        assert_eq!(told.matches(&sentence).count(), 2, "{told}");
        assert!(!told.contains("is not signed"), "{told}");
        let server = folder.serve(&["--no-worker"]);
        let url = format!("http://{}", server.public);
        folder.write("body.json", "{}");
        let sent = folder.run(&["send", "hook", "body.json", "--url", &url]).ended_with(0).json();
        let id = sent["delivery"].as_str().expect("an id");
        let shown = server.ask(&format!("/api/v1/deliveries/{id}")).json();
        let verdicts = shown["pipelines"].as_array().expect("a list").iter();
        let reasons: Vec<&str> = verdicts.filter_map(|it| it["filters"][0]["reason"].as_str()).collect();
        assert_eq!(reasons, ["the header proves the sender, and is never kept"], "{shown}");
        let rendered =
            folder.run(&["render", "pipelines/p.yml", "--payload", "body.json", "--header", &format!("{header}: a")]);
        assert!(rendered.stderr.contains("is never kept"), "{rendered:?}");
    }
}

/// Whatever else comes with it, a header that somebody looks at is there.
#[test]
fn a_header_that_is_looked_at_is_kept_among_many() {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let head = "resources:\n  webhooks:\n  - webhook: push\n    connection: hook\n";
    folder
        .write("pipelines/p.yml", &format!("{head}    filters: [{{header: X-Zz, value: a}}]\nsteps: [{{bash: ls}}]\n"));
    folder.write(
        "pipelines/q.yml",
        &format!("{head}steps:\n- bash: echo ${{{{ resources.webhooks.push.headers['x-zy'] }}}}\n"),
    );
    let server = folder.serve(&["--no-worker"]);
    let names: Vec<String> = (0..80).map(|n| format!("x-{n}")).collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    headers.extend([("X-Zz", "a"), ("X-Zy", "looked at")]);
    let mut kept = Vec::new();
    for _ in 0..4 {
        let answer = server.request("POST", "/webhooks/hook", &headers, b"{}").json();
        assert_eq!(answer["runs"].as_array().map(Vec::len), Some(2), "{answer}");
        let run = answer["runs"][1]["id"].as_str().expect("an id");
        let expanded = folder.run(&["runs", "show", run, "--expanded"]).ended_with(0).stdout;
        assert!(expanded.contains("looked at"), "{expanded}");
        let id = answer["delivery"].as_str().expect("an id");
        kept.push(server.ask(&format!("/api/v1/deliveries/{id}")).json()["headers"].clone());
    }
    assert!(kept.iter().all(|it| *it == kept[0]) && kept[0].as_array().map(Vec::len) == Some(64), "{kept:?}");
}
