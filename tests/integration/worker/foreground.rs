//! A whole run in one process.

use super::bench::*;
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Job, Plan, Stage};
use pipehook::run::RunResult::{self, Canceled, Failed, Skipped, Succeeded};
use pipehook::worker::{Asked, Foreground, Summary};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

fn named(name: &str, script: &str) -> Job {
    Job { name: name.to_owned(), ..job(vec![step(script)]) }
}

fn after(stage: Stage, before: &str) -> Stage {
    Stage { depends_on: vec![before.to_owned()], ..stage }
}

/// Runs a plan in a folder and returns the result and the lines as they are shown.
fn run_all(plan: Plan, sources: Option<PathBuf>, cancel_at: Option<&str>) -> (RunResult, Vec<String>) {
    let (summary, lines) = run_several(1, plan, sources, cancel_at);
    (summary.result, lines)
}

/// As [`run_all`], with so many jobs at once.
fn run_several(jobs: usize, plan: Plan, sources: Option<PathBuf>, cancel_at: Option<&str>) -> (Summary, Vec<String>) {
    let stops: Vec<_> = cancel_at.map(|line| (line, Asked::Cancel)).into_iter().collect();
    run_stopped(jobs, plan, sources, &stops)
}

/// As [`run_several`], stopped so at these lines.
fn run_stopped(jobs: usize, plan: Plan, sources: Option<PathBuf>, stops: &[(&str, Asked)]) -> (Summary, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Foreground {
        plan: Arc::new(plan),
        run: RunId::from_stored("run_1"),
        name: "first".to_owned(),
        data: folder.path().to_owned(),
        sources,
        jobs: jobs.try_into().expect("some jobs"),
        host: host(),
    };
    let (cancel, stop) = watch::channel(Asked::Nothing);
    let mut lines = Vec::new();
    let mut print = |origin: pipehook::worker::Origin<'_>, printed: &str| {
        for line in printed.split_terminator('\n') {
            if let Some((_, what)) = stops.iter().find(|(at, _)| *at == line) {
                cancel.send_replace(*what);
            }
            lines.push(format!("{origin} | {line}"));
        }
    };
    let summary = runtime().block_on(Arc::new(run).run(&mut print, stop));
    let left = std::fs::read_dir(folder.path().join("work")).map_or(0, |entries| entries.count());
    assert_eq!(left, 0, "folders are left");
    (summary, lines.into_iter().filter(|line| !line.contains("##[section]")).collect())
}

#[test]
fn stages_and_jobs_run_in_the_order_of_their_dependencies() {
    let second = Job { depends_on: vec!["one".to_owned()], ..named("two", "echo two") };
    let plan = plan(vec![
        after(stage("late", vec![named("x", "echo x")]), "early"),
        stage("early", vec![second, named("one", "echo one")]),
    ]);
    let (result, lines) = run_all(plan, None, None);
    assert_eq!(lines, ["early/one/step1 | one", "early/two/step1 | two", "late/x/step1 | x"]);
    assert_eq!(result, Succeeded);
}

#[test]
fn what_follows_a_failure_is_skipped_and_said_so() {
    let plan = plan(vec![stage("a", vec![named("x", "exit 1")]), after(stage("b", vec![named("y", "echo no")]), "a")]);
    let (result, lines) = run_all(plan, None, None);
    assert_eq!(
        lines,
        ["a/x/step1 | ##[error]Bash exited with code '1'.", "b/y | skipped: its stage was skipped: `a` failed"]
    );
    assert_eq!(result, Failed);
}

#[test]
fn a_given_folder_is_used_and_kept() {
    let sources = tempfile::tempdir().expect("a folder");
    std::fs::write(sources.path().join("mine"), "kept").expect("a file");
    let plan = plan(vec![stage("a", vec![named("x", "cat mine; echo more > made")])]);
    let (result, lines) = run_all(plan, Some(sources.path().to_owned()), None);
    assert_eq!((result, lines), (Succeeded, vec!["a/x/step1 | kept".to_owned()]));
    assert!(sources.path().join("mine").is_file() && sources.path().join("made").is_file());
}

#[test]
fn a_stopped_run_leaves_out_what_has_not_begun() {
    let first = named("x", "echo ready; sleep 1000");
    let clean_up = Job { condition: Some("always()".to_owned()), ..named("z", "echo clean") };
    let plan = plan(vec![stage("a", vec![first, named("y", "echo no"), clean_up])]);
    let (result, lines) = run_all(plan, None, Some("ready"));
    assert_eq!(result, Canceled);
    assert!(lines.contains(&"a/z/step1 | clean".to_owned()), "{lines:?}");
    assert!(!lines.contains(&"a/y/step1 | no".to_owned()), "{lines:?}");
}

#[test]
fn jobs_run_at_the_same_time_and_their_lines_stay_whole() {
    // Each of the two waits for what the other makes: one after the other they would not end well.
    let meeting = tempfile::tempdir().expect("a folder");
    let wait = |own: &str, other: &str| {
        let folder = meeting.path().display();
        format!(
            "touch {folder}/{own}\nfor i in $(seq 500); do [ -e {folder}/{other} ] && break; sleep 0.02; done\n\
             [ -e {folder}/{other} ] || exit 1\nfor i in $(seq 300); do printf {own}; printf '%s\\n' {own}$i; done"
        )
    };
    let jobs = vec![named("a", &wait("x", "y")), named("b", &wait("y", "x"))];
    let (summary, lines) = run_several(2, plan(vec![stage("s", jobs)]), None, None);
    assert_eq!(summary.result, Succeeded, "{lines:?}");
    for (job, mark) in [("a", "x"), ("b", "y")] {
        let own: Vec<&String> = lines.iter().filter(|line| line.starts_with(&format!("s/{job}/"))).collect();
        let expected: Vec<String> = (1..=300).map(|at| format!("s/{job}/step1 | {mark}{mark}{at}")).collect();
        assert!(own.into_iter().eq(expected.iter()), "{lines:?}");
    }
}

#[test]
fn a_summary_says_what_became_of_each_part() {
    let steps = vec![step("exit 1"), step("echo never"), step_if("failed()", "echo mended")];
    let plan = plan(vec![stage("a", vec![job(steps)]), after(stage("b", vec![named("y", "echo no")]), "a")]);
    let (summary, _) = run_several(2, plan, None, None);
    let results = |parts: &[pipehook::worker::Part]| parts.iter().map(|part| part.result).collect::<Vec<_>>();
    assert_eq!(results(&summary.stages), [Failed, Skipped]);
    let job = &summary.stages[0].parts[0];
    assert_eq!((job.name.as_str(), results(&job.parts)), ("build", vec![Failed, Skipped, Succeeded]));
    assert!(job.started_at <= job.parts[0].started_at && job.parts[1].started_at.is_none());
    assert!(summary.stages[1].started_at.is_none());
}

#[test]
fn a_stage_that_begins_after_the_stop_runs_until_the_run_is_stopped_once_more() {
    let always = |stage: Stage| Stage { condition: Some("always()".to_owned()), ..stage };
    let plan = || {
        let cleanup = vec![named("b", "echo cleaning; sleep 0.1; echo cleaned")];
        plan(vec![
            stage("first", vec![named("a", "echo begun; sleep 1000")]),
            always(after(stage("second", cleanup), "first")),
        ])
    };
    let (result, lines) = run_all(plan(), None, Some("begun"));
    assert_eq!(result, Canceled);
    assert!(lines.contains(&"second/b/step1 | cleaned".to_owned()), "{lines:?}");
    let mut endless = plan();
    endless.stages[1].jobs = vec![named("b", "echo cleaning; sleep 1000")];
    let stops = [("begun", Asked::Cancel), ("cleaning", Asked::HandBack)];
    let (summary, lines) = run_stopped(1, endless, None, &stops);
    assert_eq!(summary.result, Canceled, "{lines:?}");
    assert!(
        lines.iter().any(|line| line.ends_with("The step was canceled.") && line.starts_with("second/b")),
        "{lines:?}"
    );
}
