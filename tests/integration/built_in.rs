//! Checkouts and tasks, from the pipeline's file to the log.

mod archives;
mod checkouts;
mod files;

use super::support::{ANSWER_MAX, Folder, Output, until};
use std::path::Path;
use std::process::Command;

/// Calls git in a folder, as somebody.
#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// A folder that is a repository with a pipeline and a file, committed.
fn repository(pipeline: &str) -> Folder {
    let folder = Folder::new("connections:\n  open: {auth: none}\n");
    folder.write("pipelines/p.yml", pipeline).write("kept.txt", "kept");
    git(folder.path(), &["init", "--quiet", "--initial-branch=topic/one"]);
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "first"]);
    folder
}

fn folder(pipeline: &str) -> Folder {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", pipeline);
    folder
}

fn run(folder: &Folder) -> Output {
    folder.run(&["run", "pipelines/p.yml", "--raw"])
}

/// Returns the lines that steps printed, without frames.
fn printed(output: &Output) -> Vec<&str> {
    output.stdout.lines().filter(|line| !line.starts_with("##[section]")).collect()
}

#[track_caller]
fn fails_with(output: Output, sentence: &str) {
    let output = output.ended_with(1);
    assert!(output.stdout.contains(sentence), "{output:?}");
}

#[test]
fn a_job_begins_with_the_repository_of_its_pipeline() {
    let names = "$(Build.SourceBranch) $(Build.SourceBranchName) $(Build.SourceVersion)";
    let folder = repository(&format!("steps:\n- script: cat kept.txt; echo; ls -a; echo {names}; git log --oneline\n"));
    let commit = git(folder.path(), &["rev-parse", "HEAD"]);
    folder.write("uncommitted.txt", "");
    let output = run(&folder).ended_with(0);
    let lines = printed(&output);
    assert_eq!(lines[0], format!("Checked out {} at {commit}.", folder.path().display()));
    assert_eq!(lines[1], "kept");
    assert!(lines.contains(&format!("refs/heads/topic/one one {commit}").as_str()), "{lines:?}");
    assert!(!lines.contains(&"uncommitted.txt"), "{lines:?}");
}

#[test]
fn all_jobs_of_a_run_check_out_the_commit_of_the_first() {
    // The first job moves the branch on; what it began with is what the others get.
    let folder = repository("steps: []\n");
    let here = folder.path().display();
    let commit = "git -c user.name=s -c user.email=s@example.com commit --quiet --allow-empty --message next";
    folder.write(
        "pipelines/p.yml",
        &format!(
            "jobs:\n- job: a\n  steps:\n  - script: cd {here} && {commit} && git rev-parse HEAD > {here}/moved\n\
             - job: b\n  dependsOn: a\n  steps:\n  - script: echo own $(Build.SourceVersion)\n\
             - job: c\n  dependsOn: a\n  steps:\n  - checkout: self\n  - script: echo is $(git rev-parse HEAD)\n"
        ),
    );
    let first = git(folder.path(), &["rev-parse", "HEAD"]);
    let output = run(&folder).ended_with(0);
    let moved = std::fs::read_to_string(folder.path().join("moved")).expect("the first job ran");
    assert_ne!(moved.trim(), first, "the branch has moved");
    for line in [format!("own {first}"), format!("is {first}")] {
        assert!(printed(&output).contains(&line.as_str()), "{line} is not in {output:?}");
    }
    let server = folder.serve(&[]);
    folder.write(
        "pipelines/p.yml",
        &std::fs::read_to_string(folder.path().join("pipelines/p.yml"))
            .expect("the pipeline")
            .replace("jobs:", "resources:\n  webhooks:\n  - {webhook: hook, connection: open}\njobs:"),
    );
    let queued = || server.request("POST", "/webhooks/open", &[], b"{}").json()["outcome"] == "queued";
    until("the pipeline listens", ANSWER_MAX, || queued().then_some(()));
    folder.run(&["runs", "wait", "p#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "p#1"]).ended_with(0).stdout;
    assert!(log.contains(&format!("own {}", moved.trim())) && log.contains(&format!("is {}", moved.trim())), "{log}");
}

#[test]
fn a_job_that_wants_no_checkout_gets_none() {
    let folder = repository("steps:\n- checkout: none\n- script: ls -A; echo $(Build.SourceBranchName)\n");
    assert_eq!(printed(&run(&folder).ended_with(0)), ["one"]);
}

#[test]
fn pipelines_in_no_repository_run_without_a_checkout() {
    assert_eq!(printed(&run(&folder("steps:\n- script: ls -A\n")).ended_with(0)), [""; 0]);
    let sentence = "There is no repository to check out: the pipelines folder is in none.";
    fails_with(run(&folder("steps:\n- checkout: self\n")), sentence);
}

#[test]
fn a_repository_without_a_commit_is_said_so() {
    let folder = folder("steps:\n- script: echo ran\n");
    git(folder.path(), &["init", "--quiet"]);
    let output = run(&folder).ended_with(0);
    assert!(output.stdout.contains("has no commit yet: nothing is checked out."), "{output:?}");
    assert!(printed(&output).contains(&"ran"), "{output:?}");
    // Who wants nothing of it is told nothing.
    folder.write("pipelines/p.yml", "steps:\n- checkout: none\n- script: echo ran\n");
    assert_eq!(printed(&run(&folder).ended_with(0)), ["ran"]);
}

#[test]
fn a_single_checkout_decides_where_steps_start_and_how_deep_it_is() {
    let steps = "steps:\n- checkout: self\n  path: code/here\n  fetchDepth: DEPTH\n  fetchTags: true\n- script: |\n    pwd; test \"$(pwd)\" = '$(Build.SourcesDirectory)' && git rev-list --count HEAD; git tag\n";
    for (depth, count) in [("1", "1"), ("0", "2")] {
        let folder = repository(&steps.replace("DEPTH", depth));
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message", "second"]);
        git(folder.path(), &["tag", "v1"]);
        let output = run(&folder).ended_with(0);
        let lines = printed(&output);
        assert!(lines.iter().any(|line| line.ends_with("/code/here")), "{lines:?}");
        assert!(lines.contains(&count) && lines.contains(&"v1"), "{lines:?}");
    }
}

#[test]
fn a_checkout_stays_in_the_job_s_folders() {
    for path in ["../out", "/tmp/out", "a/../../out", "."] {
        let folder = repository(&format!("steps:\n- checkout: self\n  path: {path}\n"));
        fails_with(run(&folder), "");
    }
}

#[test]
fn hooks_and_helpers_of_a_repository_do_not_run() {
    let folder = repository("steps:\n- checkout: self\n- script: echo ran\n");
    let canary = folder.path().join("canary");
    let hook = format!("#!/bin/sh\ntouch {}\n", canary.display());
    folder.write(".git/hooks/post-checkout", &hook).write("bad.sh", &hook);
    for file in [".git/hooks/post-checkout", "bad.sh"] {
        Command::new("chmod").arg("+x").arg(folder.path().join(file)).status().expect("chmod");
    }
    let bad = folder.path().join("bad.sh").display().to_string();
    git(folder.path(), &["config", "core.fsmonitor", &bad]);
    git(folder.path(), &["config", "uploadpack.packObjectsHook", &bad]);
    run(&folder).ended_with(0);
    assert!(!canary.exists());
}

#[test]
fn a_submodule_from_this_machine_is_refused() {
    let other = repository("steps: []\n");
    let folder = repository("steps:\n- checkout: self\n  submodules: true\n");
    let from = other.path().display().to_string();
    git(folder.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "sub"]);
    git(folder.path(), &["commit", "--quiet", "--message", "sub"]);
    fails_with(run(&folder), "transport 'file' not allowed");
}

#[test]
fn several_repositories_get_a_folder_each() {
    let tools = repository("steps: []\n");
    git(tools.path(), &["tag", "v1"]);
    tools.write("kept.txt", "changed");
    git(tools.path(), &["commit", "--quiet", "--all", "--message", "second"]);
    let folder = repository(
        "\
resources:
  repositories:
  - repository: tools
    type: git
    name: shop/toolbox
    ref: refs/tags/v1
steps:
- checkout: self
  path: s/own
- checkout: tools
- script: cat own/kept.txt toolbox/kept.txt
",
    );
    let rejected = run(&folder).ended_with(1);
    assert!(rejected.stderr.contains("write `repositories: {shop/toolbox: PATH}` there"), "{rejected:?}");
    let configuration = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    let configuration = format!("{configuration}repositories: {{tools: {}}}\n", tools.path().display());
    folder.write("pipehook.yml", &configuration);
    assert!(run(&folder).ended_with(0).stdout.contains("keptkept"));
}

#[test]
fn a_given_folder_of_sources_is_left_as_it_is() {
    let folder = repository("steps:\n- checkout: self\n  clean: true\n- script: ls\n");
    folder.write("mine/own.txt", "");
    let output = folder.run(&["run", "pipelines/p.yml", "--raw", "--workspace", "mine"]).ended_with(0);
    assert!(printed(&output).contains(&"own.txt"), "{output:?}");
    assert!(output.stdout.contains("nothing is checked out"), "{output:?}");
}

const ARTIFACTS: &str = "\
stages:
- stage: Make
  jobs:
  - job: A
    steps:
    - script: mkdir -p out/deep; echo one > out/a.txt; echo two > out/deep/b.log; ln -s /etc/passwd out/link
    - publish: out
      artifact: drop
- stage: Use
  jobs:
  - job: B
    steps:
    - download: current
      artifact: drop
      patterns: '**/*.log'
    - task: DownloadPipelineArtifact@2
      inputs: {artifact: drop, path: here}
    - task: DownloadBuildArtifacts@1
      inputs: {artifactName: DROP, downloadPath: there}
    - script: cd $(Pipeline.Workspace); find drop s/here s/there -type f -o -type l | sort
";

const FOUND: [&str; 5] =
    ["drop/deep/b.log", "s/here/a.txt", "s/here/deep/b.log", "s/there/drop/a.txt", "s/there/drop/deep/b.log"];

#[test]
fn what_a_job_publishes_later_jobs_download() {
    let output = run(&folder(ARTIFACTS)).ended_with(0);
    let lines = printed(&output);
    assert!(lines.ends_with(&FOUND), "{lines:#?}");
}

#[test]
fn artifacts_are_kept_and_shown_by_the_server() {
    let folder = repository(&format!("resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n{ARTIFACTS}"));
    let server = folder.serve(&[]);
    let answer = server.request("POST", "/webhooks/open", &[], b"{}");
    let run = answer.json()["runs"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let shown = until("the run ends", ANSWER_MAX * 3, || {
        let shown = folder.run(&["runs", "show", &run]);
        (!shown.stdout.contains("running") && shown.stdout.contains("succeeded")).then_some(shown)
    });
    assert!(shown.stdout.contains(&format!("drop (container) at artifacts/{run}/drop")), "{shown:?}");
    let log = folder.run(&["runs", "logs", &run]).stdout;
    assert!(log.contains("Checked out ") && log.contains("s/there/drop/deep/b.log"), "{log}");
}

#[test]
fn an_artifact_has_one_name_and_a_plain_one() {
    let twice = "steps:\n- publish: $(Build.ArtifactStagingDirectory)\n  artifact: a\n- publish: $(Build.ArtifactStagingDirectory)\n  artifact: A\n";
    fails_with(run(&folder(twice)), "The run has an artifact `A` already.");
    for name in ["../x", "a/b", "..", "a:b"] {
        let steps = format!("steps:\n- publish: $(Build.ArtifactStagingDirectory)\n  artifact: '{name}'\n");
        fails_with(run(&folder(&steps)), "can't be the name of an artifact");
    }
    fails_with(run(&folder("steps:\n- publish: /etc\n  artifact: a\n")), "outside of the job's folders");
    let missing = run(&folder("steps:\n- download: current\n  artifact: a\n"));
    fails_with(missing, "The run does not have the artifact `a`. It has none yet.");
}

#[test]
fn all_artifacts_of_a_run_that_has_none_are_nothing_and_a_warning() {
    for step in [
        "- download: current\n",
        "- task: DownloadPipelineArtifact@2\n  inputs: {source: current}\n",
        "- task: DownloadBuildArtifacts@0\n  inputs: {buildType: current, downloadType: specific}\n",
    ] {
        let output = run(&folder(&format!("steps:\n{step}- script: echo went on\n"))).ended_with(0);
        assert!(output.stdout.contains("##[warning]The run has no artifacts: nothing is fetched."), "{output:?}");
        assert!(output.stdout.contains("went on"), "{output:?}");
    }
}

#[test]
fn results_of_tests_are_counted_in_five_forms() {
    let forms = [
        (
            "JUnit",
            "<testsuites><testsuite><testcase name='a'/><testcase name='b'><failure message='1 &lt; 2'>at x</failure></testcase><testcase name='c'><skipped/></testcase></testsuite></testsuites>",
        ),
        (
            "NUnit",
            "<test-run><test-case fullname='a' result='Passed'/><test-case fullname='b' result='Failed'><failure><message><![CDATA[1 < 2]]></message></failure></test-case><test-case name='c' result='Skipped'/></test-run>",
        ),
        (
            "XUnit",
            "<assemblies><assembly><collection><test name='a' result='Pass'/><test name='b' result='Fail'><failure><message>1 &lt; 2</message></failure></test><test name='c' result='Skip'/></collection></assembly></assemblies>",
        ),
        (
            "VSTest",
            "<TestRun xmlns='x'><Results><UnitTestResult testName='a' outcome='Passed'/><UnitTestResult testName='b' outcome='Failed'><Output><ErrorInfo><Message>1 &lt; 2</Message></ErrorInfo></Output></UnitTestResult><UnitTestResult testName='c' outcome='NotExecuted'/></Results></TestRun>",
        ),
        (
            "CTest",
            "<Site><Testing><TestList><Test>a</Test></TestList><Test Status='passed'><Name>a</Name></Test><Test Status='failed'><Name>b</Name><Results><Measurement><Value>1 &lt; 2</Value></Measurement></Results></Test><Test Status='notrun'><Name>c</Name></Test></Testing></Site>",
        ),
    ];
    for (form, text) in forms {
        let steps = format!(
            "\
steps:
- script: |
    cat > r.xml <<'EOF'
    {text}
    EOF
- task: PublishTestResults@2
  inputs: {{testResultsFormat: {form}, testResultsFiles: r.xml, failTaskOnFailedTests: true}}
"
        );
        let output = run(&folder(&steps)).ended_with(1);
        let lines = printed(&output);
        let expected =
            ["tests: 3, 1 passed, 1 failed, 1 skipped", "Failed: b: 1 < 2", "##[error]There are tests that failed."];
        assert!(lines.ends_with(&expected), "{form}: {lines:#?}");
    }
}

#[test]
fn results_of_tests_are_read_in_the_encoding_that_they_declare() {
    let text = "<testsuite><testcase classname='é' name='b'><failure>wü</failure></testcase></testsuite>";
    for (encoding, declaration) in [
        ("UTF-8", ""),
        ("ISO-8859-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"),
        ("UTF-16", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>"),
        ("UTF-16BE", "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?>"),
    ] {
        let steps = format!(
            "steps:\n- script: |\n    iconv -f UTF-8 -t {encoding} > r.xml <<'EOF'\n    {declaration}{text}\n    EOF\n- task: PublishTestResults@2\n  inputs: {{testResultsFiles: r.xml}}\n"
        );
        let output = run(&folder(&steps)).ended_with(0);
        assert!(printed(&output).contains(&"Failed: é.b: wü"), "{encoding}: {output:?}");
    }
}

#[test]
fn results_that_are_none_are_said_so() {
    let steps = |more: &str| format!("steps:\n- script: echo '<a>' > TEST-a.xml\n- task: PublishTestResults@2\n{more}");
    let output = run(&folder(&steps(""))).ended_with(0);
    assert!(
        output.stdout.contains("##[warning]The results in `TEST-a.xml` can't be read: it ends too soon."),
        "{output:?}"
    );
    let other = "steps:\n- script: |\n    echo '<assemblies><assembly><collection><test name=\"a\" result=\"Pass\"/></collection></assembly></assemblies>' > TEST-x.xml\n    echo '<html><p/></html>' > TEST-y.xml; echo '<testsuites/>' > TEST-z.xml\n- task: PublishTestResults@2\n  inputs: {testRunTitle: Nightly $(Build.Reason)}\n";
    let output = run(&folder(other)).ended_with(0);
    for line in [
        "##[warning]The results in `TEST-x.xml` can't be read: it begins with `<assemblies>` and has no `<testcase>`, as results of JUnit do. Help: `testResultsFormat: XUnit`.",
        "##[warning]The results in `TEST-y.xml` can't be read: it begins with `<html>` and has no `<testcase>`, as results of JUnit do.",
        "tests of `Nightly Manual`: 0, 0 passed, 0 failed, 0 skipped",
    ] {
        assert!(printed(&output).contains(&line), "{line}: {output:?}");
    }
    let strict = steps("  inputs: {failTaskOnFailureToPublishResults: true}\n");
    fails_with(run(&folder(&strict)), "##[error]The results in `TEST-a.xml` can't be read");
    let none = "steps:\n- task: PublishTestResults@2\n  inputs: {failTaskOnMissingResultsFile: true}\n";
    fails_with(run(&folder(none)), "there are no results");
}

#[test]
fn tasks_run_files_with_their_arguments() {
    let steps = "\
steps:
- script: |
    mkdir -p 'it''s here'
    printf 'printf \"<%%s>\\\\n\" \"$@\"; pwd\\n' > 'it''s here/a.sh'
    echo 'import sys; print(sys.argv[1:])' > a.py
- task: Bash@3
  inputs: {targetType: filePath, filePath: its here/a.sh, arguments: one 'two three'}
- task: ShellScript@2
  inputs: {scriptPath: its here/a.sh, args: four}
- task: PythonScript@0
  inputs: {scriptPath: a.py, arguments: five \"six seven\"}
- task: PythonScript@0
  inputs: {scriptSource: inline, script: \"import sys\\nsys.exit(3)\"}
";
    let output = run(&folder(steps)).ended_with(1);
    let lines = printed(&output);
    assert_eq!(lines[..2], ["<one>", "<two three>"], "{lines:#?}");
    assert!(lines[2].ends_with("/s") && lines[3] == "<four>" && lines[4].ends_with("/s/its here"), "{lines:#?}");
    assert_eq!(lines[5..], ["['five', 'six seven']", "##[error]Python exited with code '3'."], "{lines:#?}");
}

const HOSTILE: &str = "\
resources:
  webhooks:
  - webhook: hook
    connection: open
steps:
- script: |
    echo 'printf \"<%s>\\n\" \"$@\"' > a.sh
    mkdir d; touch d/x d/y
";

#[test]
fn payload_text_in_inputs_is_data() {
    let payload = r#"{"text": "*\n**; touch canary $(touch canary)"}"#;
    let hole = "${{ parameters.hook.text }}";
    let with = |step: &str| {
        let folder = Folder::new("connections:\n  open: {auth: none}\n");
        folder.write("pipelines/p.yml", &format!("{HOSTILE}{step}- script: ls; ls d\n")).write("p.json", payload);
        folder.run(&["run", "pipelines/p.yml", "--raw", "--payload", "p.json"])
    };
    let output =
        with(&format!("- task: Bash@3\n  inputs: {{filePath: a.sh, arguments: '{hole} two'}}\n")).ended_with(0);
    assert!(output.stdout.contains("<*\n**; touch canary $(touch canary)>\n<two>\n"), "{output:?}");
    assert!(!printed(&output).contains(&"canary"), "{output:?}");
    // Neither a pattern nor a line of its own.
    let output =
        with(&format!("- task: DeleteFiles@1\n  inputs: {{SourceFolder: d, Contents: '{hole}'}}\n")).ended_with(0);
    assert!(printed(&output).ends_with(&["x", "y"]), "{output:?}");
    // In a string of Python each character is an escape; outside of one there is no place for it.
    let python = |script: &str| {
        with(&format!("- task: PythonScript@0\n  inputs: {{scriptSource: inline, script: '{script}'}}\n"))
    };
    let output = python(&format!("print(\"<{hole}>\")")).ended_with(0);
    assert!(output.stdout.contains("<*\n**; touch canary $(touch canary)>\n"), "{output:?}");
    for script in [format!("print({hole})"), format!("eval(\"{hole}\")")] {
        let output = python(&script);
        assert!(output.code == Some(1) && output.stdout.is_empty(), "{output:?}");
        assert!(output.stderr.contains("error[tainted-in-script]"), "{output:?}");
    }
    // What stands behind the script is there as `sys.argv`.
    for (script, code) in [("import sys; print(sys.argv[1:])", 0), ("import os, sys; os.system(sys.argv[1])", 1)] {
        let inputs = format!("{{scriptSource: inline, script: '{script}', arguments: '{hole}'}}");
        let output = with(&format!("- task: PythonScript@0\n  inputs: {inputs}\n")).ended_with(code);
        assert_eq!(output.stderr.contains("error[tainted-in-script]"), code == 1, "{output:?}");
        assert!(!output.stdout.lines().any(|line| line == "canary"), "{output:?}");
    }
    let file = with(&format!("- task: Bash@3\n  inputs: {{filePath: '{hole}'}}\n"));
    assert!(file.code == Some(1) && file.stdout.is_empty(), "{file:?}");
    assert!(file.stderr.contains("payload text can't be the input `filePath`"), "{file:?}");
}

#[test]
fn a_macro_says_whether_standard_error_fails_a_script() {
    let forms = [
        "script: 'echo said >&2'\n  failOnStderr: $(x)",
        "bash: 'echo said >&2'\n  failOnStderr: ' $(x) '",
        "task: CmdLine@2\n  inputs: {script: 'echo said >&2', failOnStderr: $(x)}",
        "task: Bash@3\n  inputs: {targetType: inline, script: 'echo said >&2', failOnStderr: $(x)}",
        "task: PythonScript@0\n  inputs: {scriptSource: inline, script: 'import sys; print(\"said\", file=sys.stderr)', failOnStderr: $(x)}",
    ];
    let steps = |value: &str| {
        let steps = forms.map(|form| format!("- {form}\n  continueOnError: true\n"));
        format!("variables: {{x: {value}}}\nsteps:\n{}- script: echo status $(Agent.JobStatus)\n", steps.concat())
    };
    for (value, failures, status) in
        [("'true'", 5, "SucceededWithIssues"), ("' FALSE '", 0, "Succeeded"), ("''", 0, "Succeeded")]
    {
        let output = run(&folder(&steps(value))).ended_with(0);
        assert_eq!(output.stdout.lines().filter(|line| *line == "##[error]said").count(), failures, "{output:?}");
        assert!(printed(&output).contains(&format!("status {status}").as_str()), "{value}: {output:?}");
    }
    let output = run(&folder(&steps("maybe"))).ended_with(0);
    let sentence = "##[error]The input `failOnStderr` is `true` or `false`, not `maybe`.";
    assert_eq!(output.stdout.lines().filter(|line| *line == sentence).count(), 5, "{output:?}");
    let folder = folder(&format!(
        "resources: {{webhooks: [{{webhook: hook, connection: open}}]}}\n{}",
        steps("'${{ parameters.hook.x }}'")
    ));
    folder.write("body.json", r#"{"x":"true"}"#);
    let output = folder.run(&["run", "pipelines/p.yml", "--raw", "--payload", "body.json"]).ended_with(1);
    let sentence = "error[tainted-structure]: payload text can't be the input `failOnStderr`";
    assert_eq!(output.stderr.lines().filter(|line| *line == sentence).count(), 5, "{output:?}");
}

#[test]
fn what_is_not_there_is_named_as_its_author_did() {
    let python = "steps:\n- task: PythonScript@0\n  inputs: {scriptSource: inline, script: print(1), pythonInterpreter: /nope/python}\n";
    fails_with(run(&folder(python)), "There is no program `/nope/python` on this machine.");
    let gradle = "steps:\n- task: Gradle@3\n  inputs: {gradleWrapperFile: gradlew, tasks: build}\n";
    fails_with(run(&folder(gradle)), "The input `wrapperScript` or `gradleWrapperFile`: `gradlew` can't be used");
    let output =
        run(&folder("steps:\n- script: rm -rf \"$(Agent.TempDirectory)\"\n- script: echo never\n")).ended_with(1);
    let told =
        "/temp/2.sh: No such file or directory (os error 2). Help: a step before has removed `$(Agent.TempDirectory)`";
    assert!(output.stdout.contains(told), "{output:?}");
}
