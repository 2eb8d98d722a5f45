//! The commands as scripts see them: exit codes, stdout, stderr.

use super::support::{Folder, checksum};
use pipehook::diagnostic::Code;
use serde_json::json;
use std::process::Stdio;

const CONNECTIONS: &str = "\
connections:
  signed: {secret: {value: it is a secret}, header: X-WH-Checksum}
  open: {auth: none}
";

const LISTENER: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
steps:
- script: echo ${{ parameters.hook.title }}
";

fn folder() -> Folder {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/listener.yml", LISTENER);
    folder
}

#[test]
fn wrong_usage_is_2_and_help_is_0() {
    let folder = folder();
    for arguments in [&["nonsense"][..], &["runs", "--format", "xml"], &["eval"], &["runs", "--limit", "0"]] {
        let output = folder.run(arguments).ended_with(2);
        assert_eq!(output.stdout, "", "{output:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["help", "runs"], &["--version"], &["runs", "show", "--help"]] {
        let output = folder.run(arguments).ended_with(0);
        assert_eq!(output.stderr, "", "{output:?}");
    }
}

#[test]
fn a_broken_configuration_is_2_and_shows_no_secret() {
    let folder = Folder::new("connections:\n  a: {secret: {value: very-secret}, scheem: azure}\n");
    for command in ["runs", "connections", "serve"] {
        let output = folder.run(&[command]).ended_with(2);
        assert_eq!(output.stdout, "", "{output:?}");
        assert!(output.stderr.contains("did you mean `scheme`?"), "{output:?}");
        assert!(!output.stderr.contains("very-secret"), "{output:?}");
    }
    folder.run(&["runs", "--config", "missing.yml"]).ended_with(2);
}

#[test]
fn a_store_that_is_not_there_is_3_and_is_not_made_by_looking() {
    let folder = folder();
    for arguments in [&["runs"][..], &["deliveries"], &["runs", "show", "listener#1"]] {
        folder.run(arguments).ended_with(3);
    }
    assert!(!folder.path().join("data").exists());
    folder.run(&["connections"]).ended_with(0);
}

#[test]
fn commands_work_with_the_server_up_and_down() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    let answer = server.request("POST", "/webhooks/open", &[], br#"{"title": "one"}"#).json();
    let run = answer["runs"][0]["id"].as_str().expect("a run").to_owned();
    let look = || {
        for reference in [run.as_str(), &run[..run.len() - 3], "listener#1"] {
            let shown = folder.run(&["runs", "show", reference, "--format", "json"]).ended_with(0).json();
            assert_eq!(shown["id"], run.as_str());
            assert_eq!(shown["stages"][0]["jobs"][0]["steps"][0]["state"], "queued", "{shown}");
        }
        assert_eq!(folder.run(&["runs", "--format", "json"]).ended_with(0).json()[0]["id"], run.as_str());
        let deliveries = folder.run(&["deliveries", "list", "--format", "json"]).ended_with(0).json();
        assert_eq!(deliveries[0]["id"], answer["delivery"]);
        let expanded = folder.run(&["runs", "show", &run, "--expanded"]).ended_with(0);
        assert!(expanded.stdout.contains("echo one"), "{expanded:?}");
    };
    look();
    drop(server);
    look();
    folder.run(&["runs", "show", "run_nobody"]).ended_with(2);
    folder.run(&["deliveries", "show", "dlv_nobody"]).ended_with(2);
}

#[test]
fn a_delivery_says_why_nothing_ran() {
    let folder = folder();
    folder.write(
        "pipelines/filtered.yml",
        &LISTENER.replace("connection: open", "connection: open\n    filters: [{path: kind, value: push}]"),
    );
    let server = folder.serve(&["--no-worker"]);
    let answer =
        server.request("POST", "/webhooks/open", &[], br#"{"title": {"a": 1}, "kind": "pu\u001b[2Jll"}"#).json();
    let id = answer["delivery"].as_str().expect("an id");
    let shown = folder.run(&["deliveries", "show", id]).ended_with(0).stdout;
    for part in [
        "rejected: every pipeline that matched was rejected",
        "pipeline filtered: filtered",
        "does not hold: kind should be push, found pu\\u{1b}[2Jll",
        "pipeline listener: rejected",
        "error[not-a-string]: an object can't stand inside text",
        "--> pipelines/listener.yml:6:16",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_canceled_run_ends_waiting_with_1() {
    let folder = folder();
    let server = folder.serve(&["--no-worker"]);
    server.request("POST", "/webhooks/open", &[], br#"{"title": "one"}"#);
    folder.run(&["runs", "cancel", "listener#1"]).ended_with(0);
    folder.run(&["runs", "wait", "listener#1"]).ended_with(1);
    folder.run(&["runs", "logs", "listener#1", "--follow"]).ended_with(0);
}

#[test]
fn a_signed_payload_is_sent_and_accepted() {
    let folder = folder();
    folder.write("payload.json", r#"{"title": "x"}"#);
    let signed = folder.run(&["sign", "signed", "payload.json"]).ended_with(0).stdout;
    let expected = checksum("it is a secret", br#"{"title": "x"}"#);
    assert_eq!(signed.to_lowercase(), format!("x-wh-checksum: {expected}\n"));
    folder.write("secret.txt", "it is a secret\n");
    let by_scheme =
        ["sign", "--scheme", "azure", "--secret-file", "secret.txt", "--header", "X-WH-Checksum", "payload.json"];
    assert_eq!(folder.run(&by_scheme).ended_with(0).stdout, signed);
    assert_eq!(folder.run_with_input(&["sign", "signed", "-"], br#"{"title": "x"}"#).ended_with(0).stdout, signed);

    let server = folder.serve(&["--no-worker"]);
    let url = format!("http://{}", server.public);
    let sent = folder.run(&["send", "signed", "payload.json", "--url", &url]).ended_with(0);
    assert_eq!(sent.json()["outcome"], "nothing");
    let rejected = folder.run_with_input(&["send", "open", "--url", &url], br#"{"title": []}"#).ended_with(1);
    assert_eq!(rejected.json()["outcome"], "rejected");
    drop(server);
    folder.run(&["send", "signed", "payload.json", "--url", &url]).ended_with(3);
    folder.run(&["send", "singed", "payload.json"]).ended_with(2);
}

/// A file is the same secret wherever it is named: one line break at its end is none of it, others are.
#[test]
fn a_secret_file_is_read_alike_everywhere_and_a_token_has_no_line_break() {
    let folder = Folder::new("connections: {a: {scheme: azure, secret: {file: secret.txt}, header: X-WH-Checksum}}\n");
    folder.write("payload.json", "{}");
    for secret in
        ["it is a secret", "it is a secret\n", "it is a secret\r\n", "it is a secret\r\n\r\n", "it is a secret\n\n"]
    {
        folder.write("secret.txt", secret);
        let by_name = folder.run(&["sign", "a", "payload.json"]).ended_with(0).stdout;
        let by_scheme =
            ["sign", "--scheme", "azure", "--secret-file", "secret.txt", "--header", "X-WH-Checksum", "payload.json"];
        assert_eq!(folder.run(&by_scheme).ended_with(0).stdout, by_name, "{secret:?}");
    }
    for (scheme, secret) in
        [("gitlab-token", "a token of\nlines"), ("bearer", "a token\n\n"), ("basic", "me:a pass\rword")]
    {
        folder.configure(&format!("connections: {{a: {{scheme: {scheme}, secret: {{file: secret.txt}}}}}}\n"));
        folder.write("secret.txt", secret);
        let told = folder.run(&["check"]).ended_with(1);
        assert!(told.stderr.contains("line break") || told.stdout.contains("line break"), "{told:?}");
        folder.write("secret.txt", "me:a long pass word\n");
        folder.run(&["check"]).ended_with(0);
    }
}

#[test]
fn json_that_is_printed_drives_no_terminal() {
    let folder = Folder::new("connections: {a: {secret: {value: s}}}\n");
    folder.write("c.json", "{\"parameters\":{\"x\":\"a\u{9b}31m\u{202e}b\"}}");
    let printed = folder.run(&["eval", "parameters.x", "--context", "c.json"]).ended_with(0).stdout;
    assert_eq!(printed, "\"a\\u009b31m\\u202eb\"\n");
    folder.write("pipelines/p.yml", "steps: [{script: echo, displayName: \"a\\u009b31m\\u202eb\"}]\n");
    let rendered = folder.run(&["render", "p", "--format", "json"]).ended_with(0);
    assert!(rendered.stdout.contains("a\\u009b31m\\u202eb"), "{rendered:?}");
    assert_eq!(rendered.json()["steps"][0]["displayName"], "a\u{9b}31m\u{202e}b");
}

#[test]
fn a_payload_is_rendered_or_its_mistakes_are_shown() {
    let folder = folder();
    folder.write("good.json", r#"{"title": "x"}"#).write("bad.json", r#"{"title": {}}"#);
    let good = folder.run(&["render", "listener", "--payload", "good.json", "--format", "json"]).ended_with(0);
    assert_eq!(good.json()["steps"][0]["script"], "echo \"${PIPEHOOK_1}\"");
    assert_eq!(good.json()["steps"][0]["env"]["PIPEHOOK_1"], "x");
    let as_written = ["render", "listener", "--payload", "good.json", "--format", "json", "--as-written"];
    assert_eq!(folder.run(&as_written).ended_with(0).json()["steps"][0]["script"], "echo x");
    let bad = folder.run(&["render", "pipelines/listener.yml", "--payload", "bad.json"]).ended_with(1);
    assert_eq!(bad.stdout, "");
    assert!(bad.stderr.contains("error[not-a-string]"), "{bad:?}");
    folder.run(&["render", "nobody"]).ended_with(2);
}

#[test]
fn a_pipeline_runs_in_the_foreground() {
    let folder = folder();
    folder.write("payload.json", r#"{"title": "x; exit 7"}"#).write("own/file.txt", "from the workspace\n");
    let run = folder.run(&["run", "listener", "--payload", "payload.json", "--raw"]).ended_with(0);
    assert!(run.stdout.lines().any(|line| line == "x; exit 7"), "{run:?}");
    let prefixed = folder.run(&["run", "listener", "--payload", "payload.json"]).ended_with(0);
    assert!(prefixed.stdout.lines().all(|line| line.starts_with("__default/__default")), "{prefixed:?}");
    folder.write("fails.yml", "steps:\n- script: exit 3\n");
    folder.run(&["run", "fails.yml"]).ended_with(1);
    folder.write("reads.yml", "steps:\n- script: cat file.txt\n");
    let reads = folder.run(&["run", "reads.yml", "--workspace", "own", "--raw"]).ended_with(0);
    assert!(reads.stdout.contains("from the workspace"), "{reads:?}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_delivery_is_executed_and_its_log_is_shown() {
    let folder = folder();
    let server = folder.serve(&[]);
    let body = br#"{"title": "it was\u001b[2J said"}"#;
    let answer = server.request("POST", "/webhooks/open?wait=60", &[], body).json();
    assert_eq!(answer["runs"][0]["result"], "succeeded", "{answer}");
    let run = answer["runs"][0]["id"].as_str().expect("a run");
    folder.run(&["runs", "wait", run]).ended_with(0);
    let log = folder.run(&["runs", "logs", run, "--follow"]).ended_with(0).stdout;
    assert!(log.lines().any(|line| line == "it was\\u{1b}[2J said"), "{log:?}");
    let by_api = server.ask(&format!("/api/v1/runs/{run}/logs"));
    assert_eq!((by_api.status, by_api.body), (200, log));
}

#[test]
fn mistakes_are_found_before_a_delivery_finds_them() {
    let folder = folder();
    folder.run(&["check"]).ended_with(0);
    folder.write("pipelines/broken.yml", "steps:\n- scrpit: a\n");
    let text = folder.run(&["check"]).ended_with(1);
    assert_eq!(text.stdout, "");
    assert!(text.stderr.contains("did you mean `script`?"), "{text:?}");
    let document = folder.run(&["check", "pipelines/broken.yml", "--format", "json"]).ended_with(1).json();
    assert_eq!(document[0]["code"], "unknown-key", "{document}");
    let sarif = folder.run(&["check", "pipelines", "--format", "sarif"]).ended_with(1).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-key", "{sarif}");
    folder.write("bad.json", r#"{"title": {}}"#);
    let expanded = folder.run(&["check", "pipelines/listener.yml", "--payload", "bad.json"]).ended_with(1);
    assert!(expanded.stderr.contains("error[not-a-string]"), "{expanded:?}");
    folder.run(&["check", "missing.yml"]).ended_with(2);
    folder.write("pipehook.yml", "lisen: x\n");
    folder.run(&["check"]).ended_with(1);
}

#[test]
fn a_payload_that_is_no_json_is_a_mistake_of_the_input_whoever_reads_it() {
    let folder = folder();
    folder.write("bad.json", "{\"title\": ");
    for command in ["check", "render", "run"] {
        let told = folder.run(&[command, "pipelines/listener.yml", "--payload", "bad.json"]).ended_with(1);
        assert!(told.stderr.contains("the payload can't be used"), "{command}: {told:?}");
    }
}

#[test]
fn an_expression_is_evaluated_or_its_mistakes_are_shown() {
    let folder = folder();
    folder.write("context.json", r#"{"parameters": {"a": [1, {"b": "c"}]}}"#);
    let evaluate = |arguments: &[&str]| folder.run(&[&["eval"], arguments].concat());
    assert_eq!(evaluate(&["format('{0}-{1}', 'a', 5)"]).ended_with(0).json(), json!("a-5"));
    assert_eq!(evaluate(&["parameters.a[1].b", "--context", "context.json"]).ended_with(0).json(), json!("c"));
    assert_eq!(evaluate(&["failed()", "--status", "failed"]).ended_with(0).json(), json!(true));
    assert_eq!(evaluate(&["-5"]).ended_with(0).json(), json!(-5));
    assert_eq!(evaluate(&["variables.nobody"]).ended_with(0).json(), json!(null));
    let unknown = evaluate(&["eq(parameters.x, failed())"]).ended_with(1);
    assert!(unknown.stderr.contains("= help: give it a value in the file of `--context`"), "{unknown:?}");
    assert!(unknown.stderr.contains("= help: say how the job stands: `--status succeeded`"), "{unknown:?}");
    let wrong = evaluate(&["fomat('a')"]).ended_with(1);
    assert_eq!(wrong.stdout, "");
    assert!(wrong.stderr.contains("did you mean `format`?"), "{wrong:?}");
}

#[test]
fn every_code_is_explained() {
    let folder = folder();
    let listed = folder.run(&["explain"]).ended_with(0).stdout;
    assert_eq!(listed.lines().count(), Code::ALL.len());
    for code in Code::ALL {
        let output = folder.run(&["explain", code.word()]).ended_with(0);
        assert!(output.stdout.len() > 80, "{code} is explained by {:?}", output.stdout);
    }
    let all = folder.run(&["explain", "--format", "json"]).ended_with(0).json();
    let codes: Vec<&str> = all.as_array().expect("a list").iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, listed.lines().collect::<Vec<_>>());
    let one = folder.run(&["explain", "not-a-string", "--format", "json"]).ended_with(0).json();
    assert_eq!(one, all[codes.iter().position(|code| *code == "not-a-string").expect("it is one")]);
    let unknown = folder.run(&["explain", "not-a-sting"]).ended_with(2);
    assert!(unknown.stderr.contains("did you mean `not-a-string`?"), "{unknown:?}");
}

#[test]
fn completions_are_there_for_every_shell() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(folder.run(&["completions", shell]).ended_with(0).stdout.contains("pipehook"));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = folder();
    for arguments in [
        &["explain", "not-a-string"][..],
        &["connections"],
        &["connections", "--format", "json"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = folder.command(arguments).stdin(Stdio::null()).stdout(writer).spawn().expect("it starts");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{arguments:?}");
    }
}

#[test]
fn colours_are_left_out_where_stdout_is_no_terminal() {
    let folder = folder();
    folder.write("bad.json", r#"{"title": {}}"#);
    let render = |colour: &str| folder.run(&["--color", colour, "render", "listener", "--payload", "bad.json"]).stderr;
    assert!(!render("auto").contains('\u{1b}'));
    assert!(!render("never").contains('\u{1b}'));
    assert!(render("always").contains('\u{1b}'));
}

#[test]
fn an_address_without_its_scheme_is_wrong_usage() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    for address in ["127.0.0.1:8080", "ftp://x", "localhost"] {
        let sent = folder.run_with_input(&["send", "load", "--url", address], b"{}").ended_with(2);
        assert!(sent.stderr.contains("`http://`") && sent.stderr.lines().count() == 1, "{sent:?}");
    }
}

#[test]
fn waiting_for_a_run_and_canceling_one_print_it_as_json() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let long = format!("d/{}/missing", "x".repeat(80));
    let text = |step: &str| format!("resources: {{webhooks: [{{webhook: h, connection: load}}]}}\nsteps:\n{step}");
    folder.write("pipelines/lost.yml", &text(&format!("- script: echo\n  workingDirectory: {long}\n")));
    let server = folder.serve(&[]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    let waited = folder.run(&["runs", "wait", "lost#1", "--format", "json"]).ended_with(1).json();
    let shown = folder.run(&["runs", "show", "lost#1", "--format", "json"]).ended_with(0).json();
    assert_eq!((&waited, &waited["result"]), (&shown, &"failed".into()));
    let canceled = folder.run(&["runs", "cancel", "lost#1", "--format", "json"]).ended_with(0).json();
    assert_eq!(canceled, shown);
    // A folder that is missing is told with its end, which is what is wrong with it.
    let log = folder.run(&["runs", "logs", "lost#1"]).ended_with(0).stdout;
    assert!(log.contains(&format!("`{long}`")), "{log}");
}
