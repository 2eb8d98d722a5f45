//! One pipeline that has everything, to the last line of its log: in the foreground and through the
//! server, which must say the same.

use super::support::Folder;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What stands in place of a folder of a job, which is called otherwise each time.
const JOB_FOLDER: &str = "<job>";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/showcase").join(name)
}

fn folder() -> Folder {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    let text = |name: &str| std::fs::read_to_string(data(name)).expect("a file");
    folder.write("pipelines/showcase.yml", &text("pipeline.yml")).write("payload.json", &text("payload.json"));
    folder
}

/// Returns a line without what is different each time: the folders of jobs.
fn lasting(line: &str) -> String {
    let word = |word: &str| match word.split_once("/work/run_").and_then(|(_, rest)| rest.splitn(3, '/').nth(2)) {
        Some(inside) => format!("{JOB_FOLDER}/{inside}"),
        None if word.contains("/work/run_") => JOB_FOLDER.to_owned(),
        None => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Puts the lines of each job together. Legs that run at the same time have no order.
fn by_job(mut lines: Vec<String>) -> Vec<String> {
    let job = |line: &String| {
        let origin = line.split(" | ").next().unwrap_or_default();
        origin.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
    };
    lines.sort_by_key(job);
    lines
}

#[track_caller]
fn is_as_expected(lines: &[String], expected: &[String], how: &str) {
    let text = lines.join("\n");
    for (at, line) in lines.iter().enumerate() {
        let wanted = expected.get(at).map(String::as_str);
        assert_eq!(Some(line.as_str()), wanted, "line {} {how}:\n{text}", at + 1);
    }
    assert_eq!(lines.len(), expected.len(), "lines are missing {how}:\n{text}");
}

#[test]
fn a_pipeline_with_everything_prints_the_same_in_the_foreground_and_on_the_server() {
    let folder = folder();
    let run = folder.run(&["run", "showcase", "--payload", "payload.json"]).ended_with(0);
    let foreground = by_job(run.stdout.lines().map(lasting).collect());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(data("expected.txt"), foreground.join("\n") + "\n").expect("a file");
    }
    let expected = std::fs::read_to_string(data("expected.txt")).expect("what is expected");
    let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
    is_as_expected(&foreground, &expected, "in the foreground");
    assert!(!foreground.iter().any(|line| line.contains("| never printed")), "what was skipped has run");

    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let payload = std::fs::read(folder.path().join("payload.json")).expect("the payload");
    let answer = server.request("POST", "/webhooks/open", &[], &payload);
    assert_eq!(answer.json()["outcome"], "queued", "{answer:?}");
    folder.run(&["runs", "wait", "showcase#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "showcase#1", "--format", "json"]).ended_with(0).json();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let line = |it: &Value| {
        let step = it["step"].as_str().map_or_else(String::new, |step| format!("/{step}"));
        lasting(&format!("{}/{}{step} | {}", text(it, "stage"), text(it, "job"), text(it, "text")))
    };
    let served = by_job(log.as_array().expect("lines").iter().map(line).collect());
    // A log has nothing of a job that did not run; the reason is shown with the run.
    let expected: Vec<String> = expected.into_iter().filter(|line| !line.contains(" | skipped: ")).collect();
    is_as_expected(&served, &expected, "on the server");
    shows_what_became_of_it(&folder);
}

fn shows_what_became_of_it(folder: &Folder) {
    let run = folder.run(&["runs", "show", "showcase#1", "--format", "json"]).ended_with(0).json();
    assert_eq!((&run["name"], &run["result"]), (&"showcase-2.1".into(), &"succeededWithIssues".into()));
    let stages: Vec<_> = run["stages"].as_array().expect("stages").iter().map(|it| &it["result"]).collect();
    assert_eq!(stages, ["succeeded", "succeededWithIssues", "succeeded"]);
    let steps = &run["stages"][1]["jobs"][0]["steps"];
    let told: Vec<_> = (0..6).map(|at| (&steps[at]["result"], &steps[at]["attempt"])).collect();
    let issues = (&"succeededWithIssues".into(), &1.into());
    let well = (&"succeeded".into(), &1.into());
    let again = (&"succeeded".into(), &2.into());
    assert_eq!(told, [well, well, issues, again, (&"skipped".into(), &0.into()), well], "{steps:#}");
    let tests = &steps[1]["tests"];
    assert_eq!((&tests["passed"], &tests["failed"], &tests["skipped"]), (&1.into(), &1.into(), &1.into()));
    let artifacts: Vec<_> = run["artifacts"].as_array().expect("artifacts").iter().map(|it| &it["name"]).collect();
    assert_eq!(artifacts, ["made-fast", "made-small"]);
    let reasons: Vec<_> = run["stages"][2]["jobs"].as_array().expect("jobs").iter().map(|it| &it["reason"]).collect();
    assert_eq!(*reasons.last().expect("a job"), "its condition did not hold");
    let environments = folder.run(&["environments", "--format", "json"]).ended_with(0).json();
    assert_eq!(environments[0]["environment"], "shelf.shop", "{environments}");
}
