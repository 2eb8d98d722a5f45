//! Tasks that only call a tool: which words it gets, for which files, and what of it is told.

use super::fake::Machine;
use super::{prints, with};

#[track_caller]
fn calls(machine: &Machine, task: &str, inputs: &str, lines: &[&str]) {
    let output = machine.run(&format!("steps:\n- task: {task}\n  inputs: {inputs}\n")).ended_with(0);
    prints(&output, lines);
}

#[test]
fn each_call_is_told_when_it_begins_and_one_that_never_began_is_not() {
    let machine = with(&[]);
    let step = "steps:\n- task: Docker@2\n  inputs: {command: push, repository: shop/app, tags: \"1\\n2\\n3\", arguments: --quiet}\n";
    machine.program("docker", "printf '%s,' \"$@\"; echo; case $* in *:2*) exit 3;; esac\n");
    let output = machine.run(step).ended_with(1);
    let all: Vec<&str> = output.stdout.lines().filter(|line| line.contains("shop/app")).collect();
    let expected = [
        "##[command]docker push --quiet shop/app:1",
        "push,--quiet,shop/app:1,",
        "##[command]docker push --quiet shop/app:2",
        "push,--quiet,shop/app:2,",
    ];
    assert_eq!(all, expected, "{output:?}");
}

#[test]
fn inputs_become_the_arguments_of_a_tool() {
    let machine = with(&["npm", "dotnet", "mvn", "cmake", "docker", "go", "msbuild"]);
    calls(&machine, "Npm@1", "{}", &["npm [install]", "##[command]npm install"]);
    calls(&machine, "npm@1", "{command: ci, verbose: true}", &["npm [ci] [--loglevel] [verbose]"]);
    calls(
        &machine,
        "Npm@1",
        r#"{command: custom, customCommand: 'run "a b" $HOME * ; x'}"#,
        &["npm [run] [a b] [$HOME] [*] [;] [x]"],
    );
    calls(&machine, "CMake@1", "{cmakeArgs: '.. -G \"Unix Makefiles\"'}", &["cmake [..] [-G] [Unix Makefiles]"]);
    calls(&machine, "Go@0", "{command: test, arguments: ./...}", &["go [test] [./...]"]);
    calls(&machine, "Go@0", "{command: custom, customCommand: mod tidy}", &["go [mod] [tidy]"]);
    calls(
        &machine,
        "Maven@4",
        "{goals: clean verify, options: -B -q, publishJUnitResults: false}",
        &["mvn [-f] [pom.xml] [-B] [-q] [clean] [verify]"],
    );
    calls(&machine, "DotNetCoreCLI@2", "{arguments: -c Release}", &["dotnet [build] [-c] [Release]"]);
    calls(
        &machine,
        "DotNetCoreCLI@2",
        "{command: custom, custom: tool, arguments: restore}",
        &["dotnet [tool] [restore]"],
    );
    calls(&machine, "Docker@2", "{command: stop, container: box}", &["docker [stop] [box]"]);
    calls(&machine, "Docker@2", "{command: run, arguments: --rm image}", &["docker [run] [--rm] [image]"]);
    calls(
        &machine,
        "Docker@2",
        "{command: push, repository: shop/app, tags: \"1,2\\n\"}",
        &["docker [push] [shop/app:1]", "docker [push] [shop/app:2]"],
    );
}

#[test]
fn a_tool_is_called_for_each_file_that_is_meant() {
    let machine = with(&["dotnet", "msbuild", "docker"]);
    let steps = "\
steps:
- script: mkdir -p a b docker; touch a/a.csproj b/b.csproj x.sln docker/Dockerfile
- task: DotNetCoreCLI@2
  inputs: {command: build, projects: '**/*.csproj', arguments: --no-restore}
- task: VSBuild@1
  inputs: {platform: Any CPU, configuration: Release, clean: true, msbuildArgs: /v:q}
- task: Docker@2
  inputs: {repository: shop/app, tags: 7, addPipelineData: false}
- task: MSBuild@1
  inputs: {solution: none.sln}
";
    let output = machine.run(steps).ended_with(1);
    let sources = output.stdout.lines().find_map(|line| line.strip_prefix("dotnet [build] [")).expect("a call");
    let sources = sources.split("/a/a.csproj").next().expect("a path");
    prints(
        &output,
        &[
            &format!("dotnet [build] [{sources}/a/a.csproj] [--no-restore]"),
            &format!("dotnet [build] [{sources}/b/b.csproj] [--no-restore]"),
            &format!("msbuild [{sources}/x.sln] [/t:Clean] [/p:Platform=Any CPU] [/p:Configuration=Release]"),
            &format!("msbuild [{sources}/x.sln] [/p:Platform=Any CPU] [/p:Configuration=Release] [/v:q]"),
            &format!("docker [build] [-f] [{sources}/docker/Dockerfile] [-t] [shop/app:7] [{sources}/docker]"),
            "docker [push] [shop/app:7]",
            "##[error]No file is meant by `solution`: `none.sln`.",
        ],
    );
}

#[test]
fn payload_text_in_an_input_is_one_word_and_no_code() {
    let machine = with(&["npm", "go"]);
    let steps = "\
steps:
- task: Npm@1
  inputs: {command: custom, customCommand: 'run say -- ${{ parameters.hook.title }} end'}
- task: Go@0
  inputs: {command: build, arguments: '-o=${{ parameters.hook.title }} .'}
";
    let title = r#"a \"b\" $(touch canary) '; x\n--flag"#;
    let output = machine.run_with(steps, &format!("{{\"title\":\"{title}\"}}")).ended_with(0);
    let shown = "a \"b\" $(touch canary) '; x";
    assert!(output.stdout.contains(&format!("npm [run] [say] [--] [{shown}\n--flag] [end]")), "{output:?}");
    assert!(output.stdout.contains(&format!("go [build] [-o={shown}\n--flag] [.]")), "{output:?}");
    let choosing = "steps:\n- task: Npm@1\n  inputs: {command: '${{ parameters.hook.title }}'}\n";
    let output = machine.run_with(choosing, "{\"title\":\"ci\"}").ended_with(1);
    assert!(output.stderr.contains("payload text can't be the input `command`"), "{output:?}");
}

#[test]
fn a_tool_that_is_not_there_or_fails_is_named() {
    let machine = with(&[]);
    machine.program("go", "exit 3\n");
    let output = machine.run("steps:\n- task: CMake@1\n").ended_with(1);
    assert!(output.stdout.contains("##[error]`cmake` is not installed on this machine"), "{output:?}");
    assert!(output.stderr.contains("warning[missing-program]: `cmake` is not installed on this machine"), "{output:?}");
    let output = machine.run("steps:\n- task: Go@0\n").ended_with(1);
    assert!(output.stdout.contains("##[error]go exited with code '3'."), "{output:?}");
}

#[test]
fn what_needs_a_service_of_the_cloud_is_refused_before_the_run() {
    let machine = with(&["npm", "docker"]);
    for step in [
        "task: Npm@1\n  inputs: {customRegistry: useFeed, customFeed: f}",
        "task: Docker@2\n  inputs: {containerRegistry: c}",
        "task: Docker@2\n  inputs: {command: login}",
        "task: BatchScript@1\n  inputs: {filename: x.cmd}",
    ] {
        let output = machine.run(&format!("steps:\n- {step}\n")).ended_with(1);
        assert!(output.stderr.contains("error[unsupported]"), "{step}: {output:?}");
    }
}

#[test]
fn results_of_a_tool_s_tests_are_looked_at_also_when_it_fails() {
    let machine = with(&[]);
    machine.program(
        "mvn",
        "mkdir -p target/surefire-reports\necho \"<testsuite><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>\" > target/surefire-reports/TEST-x.xml\nexit 1\n",
    );
    machine.program(
        "dotnet",
        "while [ \"$1\" != --results-directory ]; do shift; done\necho \"<TestRun><Results><UnitTestResult testName='c' outcome='Passed'/></Results></TestRun>\" > \"$2/x.trx\"\n",
    );
    let steps = "\
steps:
- task: Maven@3
  continueOnError: true
- task: DotNetCoreCLI@2
  inputs: {command: test}
";
    let output = machine.run(steps).ended_with(0);
    prints(
        &output,
        &["tests: 2, 1 passed, 1 failed, 0 skipped", "Failed: b: no", "tests: 1, 1 passed, 0 failed, 0 skipped"],
    );
    assert!(output.stdout.contains("##[error]mvn exited with code '1'."), "{output:?}");
}

#[test]
fn a_wrapper_of_the_sources_runs_with_its_variables() {
    let machine = with(&[]);
    let steps = "\
steps:
- script: printf '%s\\n' '#!/bin/sh' 'echo \"$GRADLE_OPTS\" $*' > gradlew
- task: Gradle@3
  inputs: {tasks: build test, options: --offline, gradleOpts: -Xmx9m, publishJUnitResults: false}
";
    prints(&machine.run(steps).ended_with(0), &["-Xmx9m --offline build test"]);
}

#[test]
fn an_image_without_a_name_is_built_and_not_pushed() {
    let machine = with(&["docker"]);
    let steps = "steps:\n- script: touch Dockerfile\n- task: Docker@2\n  inputs: {addPipelineData: false}\n- task: Docker@2\n  inputs: {command: push}\n";
    let output = machine.run(steps).ended_with(0);
    assert_eq!(output.stdout.lines().filter(|line| line.starts_with("docker [")).count(), 1, "{output:?}");
    assert!(output.stdout.contains("docker [build] [-f] ["), "{output:?}");
    assert_eq!(
        output.stdout.matches("##[warning]Nothing is pushed: no `repository` is named.").count(),
        2,
        "{output:?}"
    );
}
