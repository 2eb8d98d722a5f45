//! Jobs that become several, from the file to the log: in `run` and through the server.

use super::support::Folder;
use serde_json::Value;

const CONNECTIONS: &str = "connections: {open: {auth: none}}\n";
const FAN: &str = include_str!("../testdata/strategies/fan.yml");
const ROLLOUTS: &str = include_str!("../testdata/strategies/rollouts.yml");
const LATE: &str = include_str!("../testdata/strategies/late.yml");

/// What steps of the pipeline print, each line behind its leg.
const PRINTED: [&str; 15] = [
    "build.linux/S | on l $(also) 1/2",
    "build.linux/S | build linux Build linux __default.build.linux",
    "build.win/S | on w 2 2/2",
    "build.win/S | build win Build win __default.build.win",
    "test.Job1/S | slice 1 of 2, Job1",
    "test.Job2/S | slice 2 of 2, Job2",
    "collect/step1 | collected of w, 1, 2",
    "made.small/S | made 1 as small, 1 of 2",
    "made.large/S | made 9 as large, 2 of 2",
    "Ship.preDeploy/step1 | 9 to shop db",
    "Ship.routeTraffic/step1 | ##[error]Bash exited with code '3'.",
    "Ship.postRouteTraffic | skipped: `routeTraffic` failed",
    "Ship.success | skipped: `routeTraffic` failed",
    "Ship.failure/step1 | rolled back",
    "tell/step1 | told shipped",
];

#[test]
fn legs_slices_and_hooks_run_in_the_foreground() {
    let folder = Folder::new("");
    folder.write("fan.yml", FAN).write("payload.json", "{}");
    let output = folder.run(&["run", "fan.yml", "--payload", "payload.json"]).ended_with(1).stdout;
    let mut printed: Vec<&str> = output.lines().filter(|line| !line.contains("##[section]")).collect();
    let mut expected = PRINTED.map(|line| format!("__default/{line}"));
    // Legs that do not wait for each other have no order.
    printed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(printed, expected, "{output}");
}

#[test]
fn legs_slices_and_hooks_are_jobs_of_the_server() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/fan.yml", FAN);
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let answer = server.request("POST", "/webhooks/open", &[], b"{}");
    assert_eq!(answer.json()["outcome"], "queued", "{answer:?}");
    folder.run(&["runs", "wait", "fan#1"]).ended_with(1);
    let log = folder.run(&["runs", "logs", "fan#1"]).ended_with(0).stdout;
    for line in PRINTED.iter().filter_map(|line| line.split_once("/")?.1.split_once(" | ")) {
        assert!(log.lines().any(|printed| printed == line.1), "{line:?} is not in\n{log}");
    }
    assert!(!log.contains("never"), "{log}");
    let run = folder.run(&["runs", "show", "fan#1", "--format", "json"]).ended_with(0).json();
    let jobs = run["stages"][0]["jobs"].as_array().expect("jobs");
    let told = |job: &Value| {
        let text = |key: &str| job[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("name"), text("leg"), text("display_name"), text("result"))
    };
    let expected = [
        "build linux Build linux succeeded",
        "build win Build win succeeded",
        "test Job1 test 1 succeeded",
        "test Job2 test 2 succeeded",
        "collect - collect succeeded",
        "plan - plan succeeded",
        "made small made small succeeded",
        "made large made large succeeded",
        "Ship preDeploy Ship preDeploy succeeded",
        "Ship deploy Ship deploy succeeded",
        "Ship routeTraffic Ship routeTraffic failed",
        "Ship postRouteTraffic Ship postRouteTraffic skipped",
        "Ship success Ship success skipped",
        "Ship failure Ship failure succeeded",
        "tell - tell succeeded",
    ];
    assert_eq!(jobs.iter().map(told).collect::<Vec<_>>(), expected);
    // One leg at a time may run.
    assert!(jobs[0]["finished_at"].as_str() <= jobs[1]["started_at"].as_str(), "{run:#}");
    let shown = folder.run(&["runs", "show", "fan#1"]).ended_with(0).stdout;
    assert!(shown.contains("job Build linux: succeeded"), "{shown}");
}

#[test]
fn a_payload_can_not_make_a_job_more_than_it_may_be() {
    let folder = Folder::new("");
    let text = FAN.replace("parallel: 2", "parallel: ${{ parameters.hook.n }}");
    folder.write("fan.yml", &text).write("payload.json", r#"{"n": 257}"#);
    let refused = folder.run(&["run", "fan.yml", "--payload", "payload.json"]).ended_with(1);
    assert!(refused.stderr.contains("1 to 256 are allowed"), "{refused:?}");
}

#[test]
fn a_matrix_or_a_run_with_too_many_legs_is_refused() {
    let legs = |count: usize| (0..count).map(|leg| format!("      l{leg}: {{n: x}}\n")).collect::<String>();
    let job = |name: &str, legs: &str| {
        format!("- job: {name}\n  strategy:\n    matrix:\n{legs}  steps: [{{script: echo}}]\n")
    };
    let folder = Folder::new("");
    folder.write("most.yml", &format!("jobs:\n{}", job("a", &legs(256))));
    folder.run(&["check", "most.yml"]).ended_with(0);
    folder.write("more.yml", &format!("jobs:\n{}", job("a", &legs(257))));
    let more = folder.run(&["check", "more.yml"]).ended_with(1);
    assert!(more.stderr.contains("the matrix has 257 legs, 256 are allowed"), "{more:?}");
    let slices = |at| format!("- job: j{at}\n  strategy: {{parallel: 256}}\n  steps: [{{script: echo}}]\n");
    folder.write("all.yml", &format!("jobs:\n{}", (0..40).map(slices).collect::<String>()));
    let all = folder.run(&["check", "all.yml"]).ended_with(1);
    assert!(all.stderr.contains("the run has more than 10000 jobs, legs counted"), "{all:?}");
}

/// Runs a pipeline in the foreground and returns what its steps print, without frames, sorted:
/// what does not wait for each other has no order.
fn printed(text: &str, name: &str) -> Vec<String> {
    let folder = Folder::new("");
    folder.write("p.yml", text).write("payload.json", "{}");
    let output = folder.run(&["run", "p.yml", "--payload", "payload.json", "--jobs", "4"]).ended_with(1);
    let is_told = |line: &&str| !line.contains("##[section]") && !line.contains("Fetched") && !line.contains(" in /");
    let mut lines: Vec<String> = output.stdout.lines().filter(is_told).map(str::to_owned).collect();
    assert!(output.stderr.contains("STAGE, JOB, STEP"), "{name}: {output:?}");
    lines.sort_unstable();
    lines
}

#[test]
fn canaries_run_their_hooks_for_each_increment_and_rolling_deployments_once() {
    let lines = printed(ROLLOUTS, "rollouts");
    let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.contains("is kept as")).collect();
    let expected = [
        "__default/Birds.deploy_10/step1 | built at 10 in iteration",
        "__default/Birds.deploy_50/step1 | built at 50 in iteration",
        "__default/Birds.failure | skipped: nothing failed",
        "__default/Birds.preDeploy/step1 | canary pre-iteration deploy",
        "__default/Birds.routeTraffic_10/step1 | route 10",
        "__default/Birds.routeTraffic_50/step1 | route 50",
        "__default/Birds.success/step1 | promote post-iteration",
        "__default/Ill.deploy_40/step1 | ##[error]Bash exited with code '1'.",
        "__default/Ill.failure/step1 | reject it",
        "__default/Ill.postRouteTraffic_20/step1 | settled 20",
        "__default/Ill.postRouteTraffic_40 | skipped: `deploy 40 %` failed",
        "__default/tell/step1 | told 50, garage/truck",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn environments_tell_what_was_deployed_to_them_last() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/rollouts.yml", ROLLOUTS);
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let nothing = folder.run(&["environments"]).ended_with(0).stdout;
    assert_eq!(nothing, "nothing was deployed to any environment yet\n");
    for run in ["rollouts#1", "rollouts#2"] {
        server.request("POST", "/webhooks/open", &[], b"{}");
        folder.run(&["runs", "wait", run]).ended_with(1);
    }
    let log = folder.run(&["runs", "logs", "rollouts#2"]).ended_with(0).stdout;
    for line in ["built at 50 in iteration", "reject it", "told 50, garage/truck"] {
        assert!(log.lines().any(|printed| printed == line), "{line:?} is not in\n{log}");
    }
    let all = folder.run(&["environments", "--format", "json"]).ended_with(0).json();
    let told = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {}#{} {} {}",
            text("environment"),
            text("resource"),
            text("result"),
            text("pipeline"),
            it["number"],
            text("job"),
            it["deployments"]
        )
    };
    let expected = [
        "farm coop succeeded rollouts#2 __default/Birds.deploy_50 4",
        "farm shed failed rollouts#2 __default/Ill.deploy_40 4",
        "garage truck succeeded rollouts#2 __default/Wheels.deploy_truck 2",
    ];
    assert_eq!(all.as_array().expect("a list").iter().map(told).collect::<Vec<_>>(), expected);
    let table = folder.run(&["environments"]).ended_with(0).stdout;
    assert!(table.contains("farm") && table.contains("rollouts#2"), "{table}");
}

#[test]
fn a_canary_with_too_many_turns_is_refused() {
    let folder = Folder::new("");
    let increments = (1..=100).map(|it| it.to_string()).collect::<Vec<_>>().join(", ");
    let hooks = ["deploy", "routeTraffic", "postRouteTraffic"].map(|hook| format!("      {hook}: {{steps: []}}\n"));
    let text = format!(
        "jobs:\n- deployment: D\n  environment: e\n  strategy:\n    canary:\n      increments: [{increments}]\n{}",
        hooks.concat()
    );
    folder.write("p.yml", &text);
    let refused = folder.run(&["check", "p.yml"]).ended_with(1);
    assert!(refused.stderr.contains("the deployment has 300 turns, 256 are allowed"), "{refused:?}");
}

/// What the pipeline of late values prints.
const SETTLED: [&str; 11] = [
    "after/step1 | after loose",
    "loose/step1 | ##[error]Bash exited with code '1'.",
    "one.a/step1 | one 1",
    "other.Job1/step1 | other 1 of 2",
    "other.Job2/step1 | other 2 of 2",
    "slow | ##[error]The job was canceled: the job took longer than 0.01 minutes.",
    "slow/step1 | ##[error]The step was canceled.",
    "some.Job1/step1 | some 1 of 3",
    "some.Job2/step1 | some 2 of 3",
    "some.Job3/step1 | some 3 of 3",
    "wrong | failed: its `timeoutInMinutes` can't be used: it is empty",
];

#[test]
fn settings_of_jobs_may_become_known_when_they_are_due() {
    assert_eq!(printed(LATE, "late"), SETTLED.map(|line| format!("__default/{line}")));
}

#[test]
fn late_settings_count_on_the_server_too() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/late.yml", LATE);
    let server = folder.serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    server.request("POST", "/webhooks/open", &[], b"{}");
    folder.run(&["runs", "wait", "late#1"]).ended_with(1);
    let log = folder.run(&["runs", "logs", "late#1"]).ended_with(0).stdout;
    for line in SETTLED.iter().filter(|line| !line.starts_with("wrong")).filter_map(|line| line.split_once(" | ")) {
        assert!(log.lines().any(|printed| printed == line.1), "{line:?} is not in\n{log}");
    }
    let shown = folder.run(&["runs", "show", "late#1"]).ended_with(0).stdout;
    assert!(shown.contains("job some 3: succeeded"), "{shown}");
    assert!(shown.contains("the job took longer than 0.01 minutes"), "{shown}");
    assert!(shown.contains("its `timeoutInMinutes` can't be used: it is empty"), "{shown}");
}
