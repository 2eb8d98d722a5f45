//! Conditions and results of jobs and stages, run end to end by `pipehook run` (reference, sections 5.3
//! and 5.4).

use super::support::{Folder, Output};
use std::collections::HashMap;
use std::fmt::Write;

/// What a job can be told to come to, and how: the keys of the job.
const RESULTS: [(&str, &str); 5] = [
    ("succeeded", "steps: [{script: 'true'}]"),
    ("succeededWithIssues", "steps: [{script: 'false', continueOnError: true}]"),
    ("failed", "steps: [{script: 'false'}]"),
    ("canceled", "timeoutInMinutes: 0.005, steps: [{script: sleep 1000}]"),
    ("skipped", "condition: false, steps: [{script: 'true'}]"),
];

/// Conditions, and after which of those results they hold. The run itself is never canceled here.
const CONDITIONS: [(&str, [bool; 5]); 8] = [
    ("", [true, true, false, false, false]),
    ("always()", [true, true, true, true, true]),
    ("canceled()", [false, false, false, false, false]),
    ("succeeded()", [true, true, false, false, false]),
    ("failed()", [false, false, true, false, false]),
    ("succeededOrFailed()", [true, true, true, false, false]),
    ("not(canceled())", [true, true, true, true, true]),
    ("eq(1, 1)", [true, true, true, true, true]),
];

fn run(pipeline: &str) -> Output {
    let folder = Folder::new("workers: {jobs: 8}\n");
    folder.write("p.yml", pipeline);
    folder.run(&["run", "p.yml", "--raw"])
}

/// Returns what became of each stage, or of each job where they stand alone, by name.
fn results(output: &Output) -> HashMap<String, String> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.trim_end_matches(':').to_owned();
        let result = words.find(|word| RESULTS.iter().any(|(result, _)| result == word))?;
        Some((name, result.to_owned()))
    };
    output.stderr.lines().filter_map(line).collect()
}

fn condition(condition: &str) -> String {
    if condition.is_empty() { String::new() } else { format!("condition: '{condition}', ") }
}

/// Runs a pipeline in which something ends with each result, and after each something else has each
/// condition, `RESULT_NUMBER`; asserts that those ran whose condition held.
#[track_caller]
fn assert_followers_ran(pipeline: &str) {
    let output = run(pipeline).ended_with(1);
    let results = results(&output);
    for (place, (result, _)) in RESULTS.iter().enumerate() {
        assert_eq!(results[*result], *result, "{output:?}");
        for (at, (text, holds)) in CONDITIONS.iter().enumerate() {
            let expected = if holds[place] { "succeeded" } else { "skipped" };
            assert_eq!(results[&format!("{result}_{at}")], expected, "`{text}` after {result}: {output:?}");
        }
    }
}

#[test]
fn jobs_run_after_a_result_as_the_reference_says() {
    let mut pipeline = "jobs:\n".to_owned();
    for (result, keys) in RESULTS {
        writeln!(pipeline, "- {{job: {result}, {keys}}}").expect("room");
        for (at, (text, _)) in CONDITIONS.iter().enumerate() {
            let own = condition(text);
            writeln!(pipeline, "- {{job: {result}_{at}, dependsOn: {result}, {own}steps: [{{script: 'true'}}]}}")
                .expect("room");
        }
    }
    assert_followers_ran(&pipeline);
}

#[test]
fn stages_run_after_a_result_as_the_reference_says() {
    let mut pipeline = "stages:\n".to_owned();
    for (result, keys) in RESULTS {
        writeln!(pipeline, "- {{stage: {result}, dependsOn: [], jobs: [{{job: j, {keys}}}]}}").expect("room");
        for (at, (text, _)) in CONDITIONS.iter().enumerate() {
            let own = condition(text);
            let jobs = "jobs: [{job: j, steps: [{script: 'true'}]}]";
            writeln!(pipeline, "- {{stage: {result}_{at}, dependsOn: {result}, {own}{jobs}}}").expect("room");
        }
    }
    assert_followers_ran(&pipeline);
}

#[test]
fn a_stage_is_as_bad_as_its_worst_job_and_a_tolerated_job_is_an_issue() {
    let keys = |wanted: &str| RESULTS.iter().find(|(result, _)| *result == wanted).map_or("", |(_, keys)| keys);
    let table: [(&[&str], &str); 9] = [
        (&["succeeded", "succeeded"], "succeeded"),
        (&["succeeded", "succeededWithIssues"], "succeededWithIssues"),
        (&["succeededWithIssues", "failed"], "failed"),
        (&["failed", "succeeded"], "failed"),
        (&["skipped", "succeeded"], "succeeded"),
        (&["skipped", "failed"], "failed"),
        (&["skipped", "skipped"], "skipped"),
        (&["canceled", "succeeded"], "canceled"),
        (&["tolerated", "succeeded"], "succeededWithIssues"),
    ];
    let mut pipeline = "stages:\n".to_owned();
    for (at, (jobs, _)) in table.iter().enumerate() {
        let job = |(place, result): (usize, &&str)| match *result {
            "tolerated" => format!("{{job: j{place}, continueOnError: true, {}}}", keys("failed")),
            result => format!("{{job: j{place}, {}}}", keys(result)),
        };
        let jobs: Vec<String> = jobs.iter().enumerate().map(job).collect();
        writeln!(pipeline, "- {{stage: s{at}, dependsOn: [], jobs: [{}]}}", jobs.join(", ")).expect("room");
    }
    let output = run(&pipeline).ended_with(1);
    let results = results(&output);
    for (at, (jobs, expected)) in table.iter().enumerate() {
        assert_eq!(results[&format!("s{at}")], *expected, "{jobs:?}: {output:?}");
    }
}

#[test]
fn who_comes_after_a_skipped_or_failed_ancestor_looks_at_all_of_them() {
    let pipeline = "\
variables: {word: x}
jobs:
- {job: failed, steps: [{script: 'false'}]}
- {job: cleanup, dependsOn: failed, condition: always(), steps: [{script: 'true'}]}
- {job: default, dependsOn: cleanup, steps: [{script: 'true'}]}
- {job: asked, dependsOn: cleanup, condition: failed(), steps: [{script: 'true'}]}
- {job: named, dependsOn: [cleanup, failed], condition: succeeded('cleanup'), steps: [{script: 'true'}]}
- {job: result, dependsOn: failed, condition: \"eq(dependencies.failed.result, 'Failed')\", steps: [{script: 'true'}]}
- {job: broken, condition: 'lt(1, variables.word)', steps: [{script: 'true'}]}
";
    let output = run(pipeline).ended_with(1);
    let results = results(&output);
    let expected = [
        ("failed", "failed"),
        ("cleanup", "succeeded"),
        ("default", "skipped"),
        ("asked", "succeeded"),
        ("named", "succeeded"),
        ("result", "succeeded"),
        ("broken", "failed"),
    ];
    for (job, result) in expected {
        assert_eq!(results[job], result, "{job}: {output:?}");
    }
}

#[test]
fn names_of_stages_and_jobs_have_the_values_that_are_known_when_the_run_is_queued() {
    let pipeline = "\
variables: {who: 'the $(what)', what: world, late: '$[ 1 ]', a: $(b)$(b), b: $(a)$(a)}
stages:
- stage: S
  displayName: stage of $(WHO), $(nope) $(late) $($(what)) $(given)
  jobs:
  - job: J
    displayName: job of $(own) $(Build.DefinitionName)
    variables: {own: mine}
    steps:
    - script: echo \"$S | $J <$TRIMMED>\"
      env: {TRIMMED: '  a  b  ', S: $(System.StageDisplayName), J: $(System.JobDisplayName)}
  - job: K
    displayName: circle $(a)
    steps:
    - script: echo \"$J\"
      env: {J: $(System.JobDisplayName)}
";
    let folder = Folder::new("");
    folder.write("p.yml", pipeline);
    let output = folder.run(&["run", "p.yml", "--raw", "--variable", "given=early"]).ended_with(0);
    // What is known later has its value when the step runs.
    let line = "stage of the world, $(nope) 1 $(world) early | job of mine p <a  b>";
    assert!(output.stdout.lines().any(|it| it == line), "{output:?}");
    assert!(output.stdout.lines().any(|it| it == "circle $(a)"), "{output:?}");
    assert!(output.stderr.contains("stage of the world, $(nope) $(late) $(world) early"), "{output:?}");
}

#[test]
fn what_does_nothing_or_leads_nowhere_is_told_before_the_run() {
    let folder = Folder::new("repositories: {known: .}\n");
    folder.write("pipelines/templates/s.yml", "steps:\n- script: echo from the template\n");
    folder.write("pipelines/warned.yml", "steps:\n- template: templates/s.yml\n  target: host\n");
    let warned = folder.run(&["check"]).ended_with(0);
    assert!(warned.stderr.contains("warning[no-effect]: `target` does nothing beside `template`"), "{warned:?}");
    folder.write(
        "pipelines/nowhere.yml",
        "\
resources:
  repositories:
  - {repository: known, type: git, name: p/known}
  - {repository: other, type: git, name: p/other}
jobs:
- job: a
  steps:
  - checkout: known
  - checkout: other
  - checkout: git://p/third@main
- job: b
  pool: elsewhere
  steps:
  - checkout: git://p/fourth
",
    );
    let wrong = folder.run(&["check"]).ended_with(1);
    for name in ["p/other", "p/third"] {
        let title = format!("error[unknown-resource]: the configuration does not say where the repository `{name}` is");
        assert!(wrong.stderr.contains(&title), "{name}: {wrong:?}");
    }
    assert!(!wrong.stderr.contains("p/known") && !wrong.stderr.contains("p/fourth"), "{wrong:?}");
}

/// Asks for what is known of a run before any of its jobs begins.
const ASKS: &str = "\
name: $(SourceBranchName)-$(Rev:r)
variables:
  isMain: $[eq(variables['Build.SourceBranch'], 'refs/heads/main')]
  why: $[variables['Build.Reason']]
stages:
- stage: A
  condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
  jobs:
  - job: a
    condition: in(variables['Build.Reason'], 'Manual', 'ResourceTrigger')
    steps:
    - checkout: none
    - script: echo \"$(Build.BuildNumber) $(isMain) $(why) ${{ variables['Build.SourceBranchName'] }}\"
- stage: B
  dependsOn: []
  condition: eq(variables.isMain, false)
  jobs: [{job: b, steps: [{script: echo never}]}]
";

#[test]
fn conditions_and_expressions_know_why_a_run_is_there_and_on_which_branch() {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    let listens = "resources: {webhooks: [{webhook: hook, connection: open}]}\n";
    folder.write("pipelines/asks.yml", &format!("{listens}{ASKS}"));
    // One that all deliveries have in common, but for texts.
    let simple = "\
jobs:
- {job: yes, displayName: because of $(Build.Reason), condition: \"eq(variables['Build.Reason'], 'ResourceTrigger')\", steps: [{script: 'echo $(System.JobDisplayName)'}]}
- {job: no, condition: \"eq(variables['Build.Reason'], 'Manual')\", steps: [{script: echo never}]}
";
    folder.write("pipelines/simple.yml", &format!("{listens}{simple}"));
    let commit = "git init --quiet --initial-branch main && git add --all && \
                  git -c user.name=ann -c user.email=ann@example.com commit --quiet --message first";
    assert!(folder.shell(commit).status.success());
    let output = folder.run(&["run", "asks", "--raw"]).ended_with(0);
    assert!(output.stdout.lines().any(|line| line == "main-1 True Manual main"), "{output:?}");
    assert!(!output.stdout.contains("never"), "{output:?}");
    let server = folder.serve(&[]);
    for number in 1..=2 {
        server.request("POST", "/webhooks/open", &[], b"{}");
        let asked = format!("main-{number} True ResourceTrigger main");
        for (pipeline, line) in [("asks", asked.as_str()), ("simple", "because of ResourceTrigger")] {
            let run = format!("{pipeline}#{number}");
            folder.run(&["runs", "wait", &run]).ended_with(0);
            let log = folder.run(&["runs", "logs", &run]).ended_with(0).stdout;
            assert!(log.lines().any(|it| it == line) && !log.contains("never"), "{run}: {log}");
        }
    }
    // The branch is that of the moment.
    assert!(folder.shell("git checkout --quiet -b other").status.success());
    server.request("POST", "/webhooks/open", &[], b"{}");
    folder.run(&["runs", "wait", "asks#3"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "asks#3"]).ended_with(0).stdout;
    assert!(log.contains("never") && !log.contains("True"), "{log}");
}

#[test]
fn a_name_that_a_step_gives_its_run_is_that_of_later_jobs() {
    let pipeline = "\
jobs:
- job: a
  steps: [{script: \"echo '##vso[build.updatebuildnumber]v1.2'\"}]
- job: b
  dependsOn: a
  steps: [{script: echo is $(Build.BuildNumber)}]
";
    let output = run(pipeline).ended_with(0);
    assert!(output.stdout.lines().any(|line| line == "is v1.2"), "{output:?}");
}
