//! What tests and code coverage say, in the log and in the server.

use super::{prints, with};
use crate::support::{ANSWER_MAX, until};

#[test]
fn the_server_shows_what_tests_and_coverage_said() {
    let machine = with(&[]);
    machine.configure("listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nconnections: {open: {auth: none}}\n");
    let pipeline = "\
resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- script: |
    echo '<coverage lines-covered=\"3\" lines-valid=\"4\"/>' > c.xml
    echo '<test-run><test-case fullname=\"a\" result=\"Failed\"><failure><message>no</message></failure></test-case></test-run>' > t.xml
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: c.xml}
- task: PublishTestResults@2
  inputs: {testResultsFormat: NUnit, testResultsFiles: t.xml}
- task: Cache@2
  inputs: {key: k, path: deps}
- script: mkdir deps
";
    machine.file("pipelines/p.yml", pipeline);
    let server = machine.serve();
    let answer = server.request("POST", "/webhooks/open", &[], b"{}").json();
    let run = answer["runs"][0]["id"].as_str().expect("a run").to_owned();
    let shown = until("the run ends", ANSWER_MAX * 3, || {
        let shown = machine.command(&["runs", "show", &run]);
        (!shown.stdout.contains("running") && shown.stdout.contains("succeeded")).then_some(shown)
    });
    for line in [
        "      coverage: 75.00 % of lines (3 of 4)",
        "      attachment: c.xml at files/",
        "      tests: 1, 0 passed, 1 failed, 0 skipped",
        "      failed: a: no",
    ] {
        assert!(shown.stdout.contains(line), "{line}\n{}", shown.stdout);
    }
    assert!(machine.path().join("data/caches").is_dir());
}

#[test]
fn code_coverage_is_told_in_two_forms() {
    let machine = with(&[]);
    let steps = "\
steps:
- script: |
    mkdir report; echo '<p>' > report/index.html
    echo '<?xml version=\"1.0\"?><!DOCTYPE coverage SYSTEM \"x\"><coverage line-rate=\"0.8\" lines-covered=\"8\" lines-valid=\"10\" branches-covered=\"1\" branches-valid=\"4\"><packages/></coverage>' > cobertura.xml
    echo '<coverage line-rate=\"0.5\"><packages><lines><line number=\"1\" hits=\"3\"/><line number=\"2\" hits=\"0\"/></lines></packages></coverage>' > counted.xml
    echo '<report name=\"x\"><package name=\"p\"><counter type=\"LINE\" missed=\"9\" covered=\"9\"/></package><counter type=\"LINE\" missed=\"1\" covered=\"3\"/><counter type=\"BRANCH\" missed=\"0\" covered=\"2\"/></report>' > jacoco.xml
    echo '<other/>' > other.xml
- task: PublishCodeCoverageResults@1
  inputs: {codeCoverageTool: Cobertura, summaryFileLocation: '$(System.DefaultWorkingDirectory)/cobertura.xml', reportDirectory: report}
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: counted.xml}
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: '**/jacoco.xml'}
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: other.xml}
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: none.xml, failIfCoverageEmpty: true}
";
    let output = machine.run(steps).ended_with(1);
    prints(
        &output,
        &[
            "coverage: 80.00 % of lines (8 of 10), 25.00 % of branches (1 of 4)",
            "The report is kept as the artifact `Code Coverage Report_1`.",
            "coverage: 50.00 % of lines (1 of 2)",
            "coverage: 75.00 % of lines (3 of 4), 100.00 % of branches (2 of 2)",
            "##[warning]The code coverage in `other.xml` can't be read: it is neither Cobertura nor JaCoCo.",
        ],
    );
    assert!(output.stdout.contains("##[error]No file is meant by `summaryFileLocation`"), "{output:?}");
}

#[test]
fn patterns_lead_to_all_of_the_job_s_folders() {
    let machine = with(&["dotnet", "docker"]);
    let prepare = "\
- script: |
    mkdir -p $(Agent.TempDirectory)/g ../beside $(Build.BinariesDirectory) $(Build.ArtifactStagingDirectory)
    echo '<coverage lines-covered=\"5\" lines-valid=\"10\"/>' > $(Agent.TempDirectory)/g/c.xml
    echo '<testsuite><testcase name=\"a\"/></testsuite>' > ../beside/t.xml
    touch $(Build.BinariesDirectory)/b.csproj $(Build.ArtifactStagingDirectory)/Dockerfile
";
    let coverage = "coverage: 50.00 % of lines (5 of 10)";
    let tests = "tests: 1, 1 passed, 0 failed, 0 skipped";
    for (task, inputs, line) in [
        ("PublishCodeCoverageResults@2", "summaryFileLocation: $(Agent.TempDirectory)/**/c.xml", coverage),
        ("PublishCodeCoverageResults@2", "summaryFileLocation: $(Agent.TempDirectory)/g/c.xml", coverage),
        ("PublishCodeCoverageResults@2", "summaryFileLocation: $(Pipeline.Workspace)/**/c.xml", coverage),
        ("PublishTestResults@2", "testResultsFiles: '../beside/*.xml'", tests),
        ("PublishTestResults@2", "testResultsFiles: $(Build.SourcesDirectory)/../beside/t.xml", tests),
        ("PublishTestResults@2", "testResultsFiles: '*.xml', searchFolder: $(Pipeline.Workspace)/beside", tests),
        ("PublishTestResults@2", "testResultsFiles: $(Pipeline.Workspace)/beside/*.xml", tests),
        ("Cache@2", "key: 'a | $(Agent.TempDirectory)/g/c.xml', path: d", "There is no cache of the key `a|"),
        ("DotNetCoreCLI@2", "projects: $(Build.BinariesDirectory)/**/*.csproj", "dotnet [build] [/"),
        ("DotNetCoreCLI@2", "projects: $(Build.BinariesDirectory)/b.csproj", "dotnet [build] [/"),
        (
            "Docker@2",
            "command: build, Dockerfile: $(Build.ArtifactStagingDirectory)/Dockerfile",
            "docker [build] [-f] [/",
        ),
    ] {
        let output = machine.run(&format!("steps:\n{prepare}- task: {task}\n  inputs: {{{inputs}}}\n")).ended_with(0);
        assert!(output.stdout.lines().any(|it| it.starts_with(line)), "{inputs}: {output:?}");
    }
    let outside = machine.run("steps:\n- task: PublishTestResults@2\n  inputs: {testResultsFiles: '/etc/*.xml'}\n");
    assert!(outside.ended_with(1).stdout.contains("`/etc` is outside of the job's folders"));
}

#[test]
fn a_cache_key_of_a_file_beside_the_sources_is_the_same_in_the_next_run() {
    let machine = with(&[]);
    let steps = "\
steps:
- script: mkdir -p $(Agent.TempDirectory)/g d; echo 1 > $(Agent.TempDirectory)/g/lock
- task: Cache@2
  inputs: {key: 'a | $(Agent.TempDirectory)/g/lock', path: d, cacheHitVar: HIT}
- script: echo hit $(HIT); mkdir -p d
";
    prints(&machine.run(steps).ended_with(0), &["hit false"]);
    prints(&machine.run(steps).ended_with(0), &["hit true"]);
}
