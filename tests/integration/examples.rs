//! Each example, run as its README says, with the real binary; and the checkout's own first
//! steps, as the README of the whole tells them.

use crate::support::{Folder, Server, until};
use std::path::{Path, PathBuf};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Copies an example into a folder of its own and serves it on free ports.
fn serve(example: &str) -> (Folder, Server) {
    let from = root().join("examples").join(example);
    let text = |path: &Path| std::fs::read_to_string(path).expect("a file of the example");
    let folder = Folder::new("");
    folder.write("pipehook.yml", &text(&from.join("pipehook.yml")));
    folder.write("payload.json", &text(&from.join("payload.json")));
    for pipeline in std::fs::read_dir(from.join("pipelines")).expect("pipelines") {
        let pipeline = pipeline.expect("a pipeline").path();
        let name = pipeline.file_name().expect("a name").to_string_lossy().into_owned();
        folder.write(&format!("pipelines/{name}"), &text(&pipeline));
    }
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    (folder, server)
}

/// Copies an example that is a repository of its own, and serves it with the tools of this machine.
/// Nothing where a tool is missing that its steps need.
fn serve_repository(example: &str, tools: &[&str]) -> Option<(Folder, Server)> {
    let path = tools_path();
    let is_there = |tool: &&str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if let Some(missing) = tools.iter().chain(&["git"]).find(|tool| !is_there(tool)) {
        eprintln!("skipped: {missing} is not installed");
        return None;
    }
    let folder = Folder::new("");
    copy(&root().join("examples").join(example), folder.path());
    let commit = "git init --quiet && git add --all && \
                  git -c user.name=ann -c user.email=ann@example.com commit --quiet --message first";
    let committed = folder.shell(commit);
    assert!(committed.status.success(), "{committed:?}");
    let server = folder.serve_with(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], &[("PATH", &path)]);
    Some((folder, server))
}

/// Returns where programs are, the real `cargo` first: one that chooses among several asks the user's
/// own folders, which steps of a test do not see.
fn tools_path() -> std::ffi::OsString {
    let cargo = std::env::var_os("CARGO").map(PathBuf::from);
    let before = cargo.and_then(|cargo| Some(cargo.parent()?.to_owned()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(before.into_iter().chain(std::env::split_paths(&path))).expect("a path")
}

/// Copies a folder, without what a run of it may have left.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (kind, to) = (entry.file_type().expect("a kind"), to.join(entry.file_name()));
        match entry.file_name().to_str() {
            Some("data" | "target" | "node_modules") => {}
            _ if kind.is_dir() => copy(&entry.path(), &to),
            _ => drop(std::fs::copy(entry.path(), to).expect("a copy")),
        }
    }
}

/// Posts the push of the example, and checks that all lines are in the log of the run.
#[track_caller]
fn push_prints(folder: &Folder, server: &Server, run: &str, lines: &[&str]) {
    let answer = send(folder, server, "github", &["X-GitHub-Event: push"], 0);
    assert_eq!(answer["outcome"], "queued", "{answer}");
    let waited = folder.run(&["runs", "wait", run]);
    let log = folder.run(&["runs", "logs", run]).ended_with(0).stdout;
    assert_eq!(waited.code, Some(0), "{waited:?}\n{log}");
    for line in lines {
        assert!(log.lines().any(|printed| printed.contains(line)), "{line:?} is not in\n{log}");
    }
}

/// Sends the example's payload and returns the answer.
fn send(folder: &Folder, server: &Server, connection: &str, headers: &[&str], code: i32) -> serde_json::Value {
    let url = format!("http://{}", server.public);
    let mut arguments = vec!["send", connection, "payload.json", "--url", &url];
    for header in headers {
        arguments.extend(["--header", header]);
    }
    folder.run(&arguments).ended_with(code).json()
}

fn log(folder: &Folder, run: &str) -> String {
    folder.run(&["runs", "wait", run]).ended_with(0);
    folder.run(&["runs", "logs", run]).ended_with(0).stdout
}

#[test]
fn azure_hello_prints_the_title() {
    let (folder, server) = serve("azure-hello");
    let payload = std::fs::read(folder.path().join("payload.json")).expect("the payload");
    let documented = [("X-WH-Checksum", "750D33212D3AD4932CC390819050734831A0A94F")];
    let answer = server.request("POST", "/webhooks/IncomingWH", &documented, &payload);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["runs"][0]["number"], 1);
    assert!(log(&folder, "hello#1").contains("\nHello, world!\n"));
    let one_byte = [("X-WH-Checksum", "750D33212D3AD4932CC390819050734831A0A94E")];
    assert_eq!(server.request("POST", "/webhooks/IncomingWH", &one_byte, &payload).status, 401);
    let mut changed = payload.clone();
    changed[30] ^= 1;
    assert_eq!(server.request("POST", "/webhooks/IncomingWH", &documented, &changed).status, 401);
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
}

#[test]
fn azure_object_is_rejected_and_explained() {
    let (folder, server) = serve("azure-object");
    let answer = send(&folder, &server, "IncomingWH", &[], 1);
    assert_eq!(answer["outcome"], "rejected", "{answer}");
    assert_eq!(answer["rejected"][0]["diagnostics"][0]["code"], "not-a-string");
    let delivery = answer["delivery"].as_str().expect("an id");
    let shown = folder.run(&["deliveries", "show", delivery]).ended_with(0).stdout;
    for part in [
        "error[not-a-string]: an object can't stand inside text",
        "pipelines/hello.yml:6:16",
        "this is an object with 2 keys: `title`, `subtitle`",
        "the value came from the payload, at `resource.message`",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(runs.as_array().map(Vec::len), Some(0), "{runs}");
}

/// The commands are those of the example's README, in its order and in one folder.
#[test]
fn icescrum_story_starts_for_the_event_it_names_and_for_no_other() {
    let (folder, server) = serve("icescrum-story");
    let example = root().join("examples/icescrum-story");
    let text = |name: &str| std::fs::read_to_string(example.join(name)).expect("a file of the example");
    folder.write("updated.json", &text("updated.json"));
    let url = format!("http://{}", server.public);
    let mut answers = Vec::new();
    for line in text("README.md").lines() {
        let Some(command) = line.strip_prefix("pipehook --config pipehook.yml send ") else { continue };
        let (what, header) = command.split_once(" --header ").expect("the event");
        let words = what.split(' ').chain(["--url", &url, "--header", header.trim_matches('\'')]);
        let arguments: Vec<&str> = ["--config", "pipehook.yml", "send"].into_iter().chain(words).collect();
        answers.push(folder.run(&arguments).ended_with(0).json());
    }
    let [created, updated] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(created["outcome"], "queued", "{created}");
    assert!(log(&folder, "new-story#1").contains(r#"Story 42: As a user I can say "no"; $(reboot)"#));
    assert_eq!((&updated["outcome"], &updated["skipped"][0]["reason"]), (&"nothing".into(), &"filtered".into()));
    let shown = folder.run(&["deliveries", "show", updated["delivery"].as_str().expect("an id")]).ended_with(0).stdout;
    assert!(shown.contains("story.create") && shown.contains("story.update"), "{shown}");
}

#[test]
fn github_push_goes_through_two_stages() {
    let (folder, server) = serve("github-push");
    let answer = send(&folder, &server, "github", &[], 0);
    assert_eq!(answer["outcome"], "queued", "{answer}");
    let log = log(&folder, "push#1");
    for part in [
        "commit 6dcb09b5b57875f334f61aebed695e2e4193db5e by octocat",
        "message: Fix the \"total\" of $5 orders; it's `rounded` now",
        "publishing 6dcb09b5b57875f334f61aebed695e2e4193db5e",
    ] {
        assert!(log.contains(part), "{part:?} is not in\n{log}");
    }
    let run = folder.run(&["runs", "show", "push#1", "--format", "json"]).ended_with(0).json();
    let results: Vec<_> = run["stages"].as_array().expect("stages").iter().map(|stage| &stage["result"]).collect();
    assert_eq!(results, ["succeeded", "succeeded"]);
}

#[test]
fn stripe_payment_is_known_again_by_its_id() {
    let (folder, server) = serve("stripe-payment");
    let first = send(&folder, &server, "payments", &[], 0);
    assert_eq!(first["outcome"], "queued", "{first}");
    assert!(log(&folder, "paid#1").contains("\nAnn $(whoami) O'Hara paid 4200\n"));
    let second = send(&folder, &server, "payments", &[], 0);
    assert_eq!((&second["outcome"], &second["repeat_of"]), (&"repeat".into(), &first["delivery"]), "{second}");
    let stale = [("Stripe-Signature", "t=1700000000,v1=00")];
    assert_eq!(server.request("POST", "/webhooks/payments", &stale, b"{}").status, 401);
}

#[test]
fn gitlab_token_filters_by_event_status_and_branch() {
    let (folder, server) = serve("gitlab-token");
    let failed = send(&folder, &server, "gitlab", &["X-Gitlab-Event: Pipeline Hook"], 0);
    assert_eq!(failed["outcome"], "queued", "{failed}");
    assert!(log(&folder, "failed#1").contains("\nshop/backend is broken on release/2.4\n"));
    let pushed = send(&folder, &server, "gitlab", &["X-Gitlab-Event: Push Hook"], 0);
    assert_eq!(pushed["outcome"], "nothing", "{pushed}");
}

#[test]
fn standard_webhooks_are_the_same_by_name_and_written_out() {
    let (folder, server) = serve("standard-webhooks");
    let named = send(&folder, &server, "contacts", &[], 0);
    assert_eq!(named["outcome"], "queued", "{named}");
    assert!(log(&folder, "contact#1").contains("\nnew contact Ann (contact.created)\n"));
    let written_out = send(&folder, &server, "written-out", &[], 0);
    assert_eq!(written_out["outcome"], "nothing", "{written_out}");
}

#[test]
fn rust_crate_is_built_and_tested_in_two_ways() {
    let Some((folder, server)) = serve_repository("rust-crate", &["cargo", "rustc", "rustdoc"]) else { return };
    let lines = ["Hello, crate!", "test names_are_greeted ... ok", "is what ann pushed to refs/heads/main"];
    push_prints(&folder, &server, "ci#1", &lines);
    let shown = folder.run(&["runs", "show", "ci#1"]).ended_with(0).stdout;
    assert!(shown.contains("job cargo test release: succeeded") && shown.contains("greet (container)"), "{shown}");
}

#[test]
fn node_package_is_tested_and_packed() {
    let Some((folder, server)) = serve_repository("node-package", &["node", "npm", "tar"]) else { return };
    let lines = ["package/index.js", "would publish version 1.0.0: npm publish needs the network"];
    push_prints(&folder, &server, "ci#1", &lines);
    let shown = folder.run(&["runs", "show", "ci#1"]).ended_with(0).stdout;
    assert!(shown.contains("tests of `node`: 2, 2 passed, 0 failed, 0 skipped"), "{shown}");
}

#[test]
fn python_package_is_checked_tested_and_packed() {
    let Some((folder, server)) = serve_repository("python-package", &["python3"]) else { return };
    push_prints(&folder, &server, "ci#1", &["made words.zip", "3", "OK"]);
    let shown = folder.run(&["runs", "show", "ci#1"]).ended_with(0).stdout;
    assert!(shown.contains("job test optimized: succeeded") && shown.contains("words (container)"), "{shown}");
    assert!(!shown.contains("succeededWithIssues"), "{shown}");
}

#[test]
fn docs_site_is_built_and_deployed() {
    let Some((folder, server)) = serve_repository("docs-site", &["sed", "grep"]) else { return };
    let lines = ["made guide.html", "Fetched site/index.html", r#"deployed 2 pages for: Fix "it"; $(date) `id`"#];
    push_prints(&folder, &server, "docs#1", &lines);
    let environments = folder.run(&["environments", "--format", "json"]).ended_with(0).json();
    assert_eq!(environments[0]["environment"], "docs", "{environments}");
    assert_eq!(environments[0]["result"], "succeeded", "{environments}");
}

#[test]
fn every_example_is_checked_and_runs_in_the_foreground() {
    for example in std::fs::read_dir(root().join("examples")).expect("examples") {
        let example = example.expect("an example").path();
        for file in ["README.md", "pipehook.yml", "payload.json", "pipelines"] {
            assert!(example.join(file).exists(), "{} has no {file}", example.display());
        }
        let folder = Folder::new("");
        let configuration = example.join("pipehook.yml");
        folder.run(&["--config", &configuration.display().to_string(), "check"]).ended_with(0);
    }
}

/// The `curl` of the README is taken from the README, and its server is the checkout's own
/// configuration on free ports.
#[test]
fn the_readme_shows_a_curl_that_triggers_the_example_of_a_fresh_checkout() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let curl = readme.split("<!-- curl -->").nth(1).expect("a marked curl").split("```").nth(1).expect("a block");
    let folder = Folder::new("");
    let configuration = std::fs::read_to_string(root().join("pipehook.yml")).expect("the configuration");
    let pipeline = std::fs::read_to_string(root().join("pipelines/hello.yml")).expect("the pipeline");
    folder.write("pipehook.yml", &configuration).write("pipelines/hello.yml", &pipeline);
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let command = curl.trim_start_matches("sh").replace("127.0.0.1:8080", &server.public.to_string());
    let output = std::process::Command::new("bash").args(["-c", &command]).output().expect("bash runs");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("HTTP/1.1 200"), "{command}\n{answer}{}", String::from_utf8_lossy(&output.stderr));
    until("the run of the README", WAIT, || {
        let runs = folder.run(&["runs"]).stdout;
        (runs.contains("hello#1") && runs.contains("succeeded")).then_some(())
    });
    assert!(log(&folder, "hello#1").contains("Hello, world!"));
}
