//! Artifacts of runs of other pipelines: by a pipeline resource, and by tasks that name a run.

use crate::database;
use crate::support::{Folder, Server, until};
use std::time::{Duration, Instant};

/// How long runs may take on a busy machine.
const SOON: Duration = Duration::from_secs(90);

const MAKE: &str = "
name: m.$(Rev:r)
resources:
  webhooks: [{webhook: hook, connection: make}]
steps:
- bash: mkdir out && echo made by $(Build.BuildId) > out/file && echo more > out/other
- {publish: out, artifact: drop}
- ${{ if eq(parameters.hook.good, true) }}:
  - bash: echo '##vso[build.addbuildtag]good'
- ${{ if eq(parameters.hook.fails, true) }}:
  - bash: exit 3
";

const TAKE: &str = "
resources:
  webhooks: [{webhook: hook, connection: take}]
  pipelines:
  - {pipeline: ci, source: make}
  - {pipeline: first, source: \\make, version: m.1}
  - {pipeline: tagged, source: make, tags: [GOOD]}
jobs:
- job: resource
  steps:
  - {download: ci, artifact: drop, patterns: '**/file'}
  - download: first
  - bash: cd $(Pipeline.Workspace); find ci first -type f | sort; cat ci/drop/file first/drop/file
  - bash: echo \"$(resources.pipeline.ci.pipelineName) $(resources.pipeline.ci.runID) $RESOURCES_PIPELINE_CI_RUNNAME\"
  - bash: echo \"tagged $(resources.pipeline.tagged.runName) by $(Resources.Pipeline.tagged.requestedFor)\"
- job: task
  dependsOn: resource
  steps:
  - task: DownloadPipelineArtifact@2
    inputs: {buildType: specific, project: any, definition: make, runVersion: specific, buildId: 1, artifact: drop, path: one}
  - task: DownloadBuildArtifacts@1
    inputs:
      buildType: specific
      pipeline: make
      buildVersionToDownload: latest
      allowPartiallySucceededBuilds: true
      artifactName: drop
      downloadPath: two
  - task: DownloadPipelineArtifact@2
    inputs: {source: specific, pipeline: make, allowFailedBuilds: true, artifact: drop, path: three}
  - bash: cat one/file two/drop/file three/file
- deployment: place
  dependsOn: task
  environment: shop
  strategy:
    runOnce:
      deploy:
        steps:
        - bash: cat $(Pipeline.Workspace)/ci/drop/file; echo deployed
";

/// What the run prints, in this order.
const PRINTED: [&str; 13] = [
    "The run #2 `m.2` of the pipeline `make`:",
    "ci/drop/file",
    "first/drop/file",
    "first/drop/other",
    "made by 2",
    "made by 1",
    "make 2 m.2",
    "tagged m.1 by webhook",
    "made by 1",
    "made by 2",
    "made by 3",
    "made by 2",
    "deployed",
];

fn folder(more: &str) -> Folder {
    let folder = Folder::new(&format!("connections: {{make: {{auth: none}}, take: {{auth: none}}}}\n{more}"));
    folder.write("pipelines/make.yml", MAKE);
    folder
}

fn post(server: &Server, connection: &str, body: &str) {
    let answer = server.request("POST", &format!("/webhooks/{connection}"), &[], body.as_bytes());
    assert_eq!(answer.json()["outcome"], "queued", "{answer:?}");
}

/// Runs `make` three times: with a tag, without, and failing.
fn make(folder: &Folder, server: &Server) {
    for (number, (body, code)) in [("{\"good\": true}", 0), ("{}", 0), ("{\"fails\": true}", 1)].into_iter().enumerate()
    {
        post(server, "make", body);
        folder.run(&["runs", "wait", &format!("make#{}", number + 1)]).ended_with(code);
    }
}

/// Runs `take` and returns its log.
fn taken(folder: &Folder, server: &Server, code: i32) -> String {
    post(server, "take", "{}");
    folder.run(&["runs", "wait", "take#1"]).ended_with(code);
    folder.run(&["runs", "logs", "take#1"]).ended_with(0).stdout
}

#[track_caller]
fn assert_taken(log: &str) {
    let mut lines = log.lines();
    for wanted in PRINTED {
        assert!(lines.any(|line| line == wanted), "{wanted} comes in its turn in\n{log}");
    }
}

#[test]
fn artifacts_of_other_pipelines_are_taken_from_the_disk() {
    let folder = folder("");
    folder.write("pipelines/take.yml", TAKE);
    let server = folder.serve(&[]);
    make(&folder, &server);
    let log = taken(&folder, &server, 0);
    assert_taken(&log);
    drop(server);
}

#[test]
fn artifacts_of_other_pipelines_are_taken_from_a_database_and_from_an_object_store() {
    for shares_files in [false, true] {
        let Some(address) = database::schema() else { return };
        let folder = folder("database: {env: PIPEHOOK_TEST_DATABASE}\n");
        folder.set("PIPEHOOK_TEST_DATABASE", &address);
        if shares_files {
            let configured = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
            let files = format!("files: file://{}/shared\n", folder.path().display());
            folder.write("pipehook.yml", &(configured + &files));
        }
        folder.write("pipelines/take.yml", TAKE);
        let server = folder.serve(&[]);
        make(&folder, &server);
        assert_taken(&taken(&folder, &server, 0));
        drop(server);
    }
}

#[test]
fn what_is_not_there_is_told_with_what_there_is() {
    let folder = folder("");
    let steps = |inputs: &str| {
        format!(
            "  - task: DownloadPipelineArtifact@2\n    inputs: {{source: specific, {inputs}}}\n    condition: always()\n"
        )
    };
    let take = format!(
        "resources:
  webhooks: [{{webhook: hook, connection: take}}]
  pipelines: [{{pipeline: gone, source: make, version: m.7}}]
jobs:
- job: all
  steps:
  - {{download: gone}}
{}{}{}{}{}",
        steps("pipeline: mak"),
        steps("pipeline: make, artifact: drip"),
        steps("pipeline: make, tags: 'good, bad'"),
        steps("pipeline: make, runVersion: specific, runId: 9"),
        steps("pipeline: make, runVersion: specific, runId: latest"),
    );
    folder.write("pipelines/take.yml", &take);
    let server = folder.serve(&[]);
    make(&folder, &server);
    let log = taken(&folder, &server, 1);
    let latest = "Its latest are #3 `m.3` (failed), #2 `m.2` (succeeded), #1 `m.1` (succeeded).";
    for wanted in [
        format!(
            "##[warning]The pipeline resource `gone` stands for no run. The pipeline `make` has no run with the name `m.7` that is completed. {latest}"
        ),
        format!("##[error]The pipeline `make` has no run with the name `m.7` that is completed. {latest}"),
        "##[error]No run of the pipeline `mak` is known. There are runs of `make`, `take`.".to_owned(),
        "##[error]The run #2 `m.2` of the pipeline `make` does not have the artifact `drip`. There is `drop`."
            .to_owned(),
        format!(
            "##[error]The pipeline `make` has no run that was succeeded before this one was queued with the tags `good`, `bad`. {latest}"
        ),
        format!("##[error]The pipeline `make` has no run with the number 9. {latest}"),
        "##[error]`latest` is neither the number of a run in its pipeline nor an id, `run_…`.".to_owned(),
    ] {
        assert!(log.lines().any(|line| line == wanted), "{wanted}\nis not in\n{log}");
    }
    drop(server);
    // In the foreground there is no store with other runs.
    folder.write("payload.json", "{}");
    let output = folder.run(&["run", "pipelines/take.yml", "--payload", "payload.json"]);
    assert!(output.stdout.contains("Runs of other pipelines are in the store of `pipehook serve`"), "{output:?}");
}

/// The second job begins when a file is there.
const WAITS: &str = "
resources:
  webhooks: [{webhook: hook, connection: take}]
  pipelines: [{pipeline: ci, source: make}]
steps:
- bash: until test -f FOLDER/ok; do sleep 0.1; done
- {download: ci, artifact: drop}
- bash: cat $(Pipeline.Workspace)/ci/drop/file
";

#[test]
fn what_a_run_needs_of_another_is_kept_until_it_ends() {
    let folder = folder("");
    folder.write("pipelines/take.yml", &WAITS.replace("FOLDER", &folder.path().display().to_string()));
    let server = folder.serve(&[]);
    for number in ["make#1", "make#2"] {
        post(&server, "make", "{}");
        folder.run(&["runs", "wait", number]).ended_with(0);
    }
    post(&server, "take", "{}");
    let running = || folder.run(&["runs", "--state", "running", "--format", "json"]).json();
    until("the run to begin", SOON, || running().as_array()?.first().map(|_| ()));
    let log = || folder.run(&["runs", "logs", "take#1"]).ended_with(0).stdout;
    until("its first step to begin", SOON, || log().contains("Starting: Bash").then_some(()));
    let runs = || folder.run(&["runs", "--format", "json"]).json().as_array().map_or(0, Vec::len);
    assert_eq!(runs(), 3);
    let ended = Instant::now();
    until("the runs to be old", SOON, || (ended.elapsed() > Duration::from_millis(1_500)).then_some(()));
    let configured = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    folder.write("pipehook.yml", &format!("{configured}retention: {{runs: {{age: 1s}}, artifacts: {{age: 1s}}}}\n"));
    until("the run that nobody needs to go", SOON, || (runs() == 2).then_some(()));
    folder.write("ok", "");
    folder.run(&["runs", "wait", "take#1"]).ended_with(0);
    assert!(log().contains("made by 2\n"));
    drop(server);
}

/// Takes what `make` has left, and prints it: a payload's text may look like a command in it.
const PRINTS: &str = "
resources:
  webhooks: [{webhook: hook, connection: take}]
jobs:
- job: first
  steps:
  - task: DownloadPipelineArtifact@2
    inputs: {source: specific, pipeline: spoils, artifact: drop, path: taken}
  - {publish: taken, artifact: again}
- job: second
  dependsOn: first
  steps:
  - {download: current, artifact: again}
  - bash: cat $(Pipeline.Workspace)/again/file
  - bash: echo \"evil is ${EVIL:-unset}\"
";

const SPOILS: &str = "
resources:
  webhooks: [{webhook: hook, connection: make}]
steps:
- bash: |
    mkdir out
    echo \"$TEXT\" > out/file
  env: {TEXT: '${{ parameters.hook.text }}'}
- {publish: out, artifact: drop}
";

#[test]
fn payload_text_in_the_files_of_another_run_is_no_command_in_any_job() {
    let folder = folder("");
    folder.write("pipelines/make.yml", "steps:\n- script: true\n");
    folder.write("pipelines/spoils.yml", SPOILS);
    folder.write("pipelines/take.yml", PRINTS);
    let server = folder.serve(&[]);
    post(&server, "make", r###"{"text": "##vso[task.setvariable variable=evil]done"}"###);
    folder.run(&["runs", "wait", "spoils#1"]).ended_with(0);
    let log = taken(&folder, &server, 0);
    assert!(log.contains("\nevil is unset\n") && log.contains("variable=evil]done"), "{log}");
    drop(server);
}
