//! Tasks that call or select a tool, caches, code coverage, and scripts of other languages than
//! bash. The tools are small programs of the test that print how they were called.

mod containers;
mod dotnet;
mod engine;
mod fake;
mod left;
mod packages;
mod seven;

use super::support::{ANSWER_MAX, Output, until};
use fake::Machine;
use pipehook::files::Caches;
use std::path::Path;
use std::time::Duration;

/// Prints its name and its arguments, each in brackets.
const ECHO: &str = "printf '%s' \"${0##*/}\"; printf ' [%s]' \"$@\"; echo\n";

/// Returns a machine that has these programs.
fn with(programs: &[&str]) -> Machine {
    let machine = Machine::new();
    for name in programs {
        machine.program(name, ECHO);
    }
    machine
}

#[track_caller]
fn prints(output: &Output, lines: &[&str]) {
    let all: Vec<&str> = output.stdout.lines().collect();
    for line in lines {
        assert!(all.contains(line), "{line}\n{}\n{}", output.stdout, output.stderr);
    }
}

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
        "{command: push, repository: shop/app, tags: \"1\\n2\"}",
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
fn a_version_that_is_installed_is_selected() {
    let machine = with(&[]);
    for version in ["3.8.18", "3.11.2", "3.11.9", "2.7.18"] {
        machine.file(&format!(".pyenv/versions/{version}/bin/python3"), &format!("#!/bin/sh\necho Python {version}\n"));
    }
    let steps = "\
steps:
- task: UsePythonVersion@0
  name: python
  inputs: {versionSpec: '>=3.9 <3.12'}
- script: python3 --version; echo $(pythonLocation) $(python.pythonLocation)
- task: UsePythonVersion@0
  inputs: {versionSpec: 3.8, addToPath: false}
- script: python3 --version; echo $(pythonLocation)
- task: UsePythonVersion@0
  inputs: {versionSpec: '3.5'}
";
    let output = machine.run(steps).ended_with(1);
    let home = |version: &str| machine.path().join(".pyenv/versions").join(version).display().to_string();
    prints(&output, &["Python 3.11.9", &format!("{0} {0}", home("3.11.9")), &home("3.8.18")]);
    assert!(output.stdout.contains("Python `3.5` is not installed on this machine. There is "), "{output:?}");
    assert!(output.stdout.contains("There is 3.11.9, "), "{output:?}");
}

#[test]
fn the_version_in_the_path_and_in_a_file_count_too() {
    let machine = with(&[]);
    machine.program("node", "echo v31.4.1\n").program("go", "echo go version go1.97.3 linux/amd64\n");
    machine.file(".nvm/versions/node/v30.2.0/bin/node", "#!/bin/sh\necho v30.2.0\n");
    let steps = "\
steps:
- task: UseNode@1
  inputs: {version: 31.x}
- task: GoTool@0
  inputs: {version: '1.97', goPath: /srv/go}
- script: echo $GOPATH $GOROOT; echo 30 > .nvmrc
- task: NodeTool@0
  inputs: {versionSource: fromFile, versionFilePath: .nvmrc}
- script: node
- task: JavaToolInstaller@0
  inputs: {versionSpec: 4, jdkArchitectureOption: x64, jdkSourceOption: PreInstalled}
";
    let output = machine.run(steps).ended_with(1);
    let bin = machine.path().join("bin");
    prints(
        &output,
        &[
            &format!("Node.js 31.4.1 is selected: {}.", bin.display()),
            &format!("/srv/go {}", machine.path().display()),
            "v30.2.0",
        ],
    );
    assert!(output.stdout.contains("Java `4` is not installed on this machine"), "{output:?}");
}

const CACHED: &str = "\
steps:
- script: echo lock LOCK > lock.txt
- task: Cache@2
  inputs:
    key: npm | \"$(Agent.OS)\" | lock.txt
    restoreKeys: |
      npm | \"$(Agent.OS)\"
      npm
    path: deps
    cacheHitVar: HIT
- script: echo hit $(HIT); cat deps/in/file || true; mkdir -p deps/in; echo made by LOCK > deps/in/file; ln -sf in/file deps/link
- script: exit CODE
";

#[test]
fn a_cache_is_found_again_by_its_key_or_near_it() {
    let machine = with(&[]);
    let run = |lock: &str, code: &str| machine.run(&CACHED.replace("LOCK", lock).replace("CODE", code));
    // A job that fails saves nothing.
    prints(&run("1", "1").ended_with(1), &["hit false"]);
    let first = run("1", "0").ended_with(0);
    prints(&first, &["hit false"]);
    assert!(first.stdout.contains("Saved the cache of the key `npm|\"Linux\"|"), "{first:?}");
    let again = run("1", "0").ended_with(0);
    prints(&again, &["hit true", "made by 1"]);
    assert!(!again.stdout.contains("Saved the cache"), "{again:?}");
    prints(&run("2", "0").ended_with(0), &["hit inexact", "made by 1"]);
    prints(&run("2", "0").ended_with(0), &["hit true", "made by 2"]);
}

#[test]
fn a_payload_chooses_no_other_cache_than_the_one_it_names() {
    let machine = with(&[]);
    let steps = "\
steps:
- script: mkdir d; echo $RANDOM > d/x
- task: Cache@2
  inputs: {key: 'a | ${{ parameters.hook.title }}', path: d, restoreKeys: 'a | ${{ parameters.hook.title }}'}
";
    let run = |title: &str| machine.run_with(steps, &format!("{{\"title\":\"{title}\"}}")).ended_with(0);
    assert!(run("b|c").stdout.contains("Saved the cache of the key `a|b%7Cc`"));
    assert!(run("b").stdout.contains("There is no cache of the key `a|b`."));
    assert!(run("/etc/passwd").stdout.contains("There is no cache of the key `a|/etc/passwd`."));
}

#[test]
fn caches_that_nobody_used_for_longest_go_when_there_is_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    std::fs::create_dir(&from).expect("a folder");
    // What can't be packed: each takes its 4,000 bytes.
    let mut bytes = [0; 4_000];
    getrandom::fill(&mut bytes).expect("random bytes");
    std::fs::write(from.join("x"), bytes).expect("a file");
    let caches = Caches::with_limit(folder.path(), 10_000);
    let find = |key: &str| caches.find("p", key, &[]).expect("readable").map(|cache| cache.key);
    for (key, seconds) in [("a", 40), ("b", 30)] {
        let size = caches.save("p", key, &from).expect("room");
        assert!((4_000..5_000).contains(&size), "{size}");
        age(folder.path(), seconds);
    }
    // It was used just now, so that `b` is the older one.
    let found = caches.find("p", "a", &[]).expect("readable").expect("a cache");
    caches.restore(&found, &folder.path().join("to")).expect("whole");
    assert!(folder.path().join("to/x").is_file());
    caches.save("p", "c", &from).expect("room");
    assert_eq!([find("a"), find("b"), find("c")], [Some("a".to_owned()), None, Some("c".to_owned())]);
    assert!(caches.find("other", "a", &[]).expect("readable").is_none());
}

/// Makes all caches so many seconds older than they are.
fn age(folder: &Path, seconds: u64) {
    for scope in std::fs::read_dir(folder.join("caches")).expect("caches") {
        for file in std::fs::read_dir(scope.expect("an entry").path()).expect("a scope") {
            let file = std::fs::File::options().append(true).open(file.expect("an entry").path()).expect("a file");
            let modified = file.metadata().and_then(|it| it.modified()).expect("a time");
            file.set_modified(modified - Duration::from_secs(seconds)).expect("a time");
        }
    }
}

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
fn a_cache_stays_in_the_job_s_folders() {
    let machine = with(&[]);
    for path in ["/tmp/pipehook-cache", "../../x", ".", "$(Pipeline.Workspace)"] {
        let steps = format!("steps:\n- task: Cache@2\n  inputs: {{key: a, path: {path}}}\n");
        machine.run(&steps).ended_with(1);
    }
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

/// Shows its arguments, the file that it was given and one of its variables.
const POWER_SHELL: &str = "\
printf '[%s]' \"${@:1:4}\"; echo
eval \"set -- ${5#. }\"
printf '%s' \"${1##*.}\"; echo
od -An -tx1 -N3 \"$1\"; cat \"$1\"; echo
echo value $PIPEHOOK_1
";

#[test]
fn power_shell_gets_what_its_task_gives_it() {
    let machine = with(&[]);
    machine.program("pwsh", POWER_SHELL);
    let output = machine.run("steps:\n- pwsh: Write-Host hello\n").ended_with(0);
    let text = "\
[-NoLogo][-NoProfile][-NonInteractive][-Command]
ps1
 ef bb bf
\\u{feff}$ErrorActionPreference = 'stop'
$ProgressPreference = 'silentlyContinue'
Write-Host hello
if (!(Test-Path -LiteralPath variable:\\LASTEXITCODE)) {
";
    assert!(output.stdout.contains(text), "{}", output.stdout);
    let steps = "\
steps:
- powershell: Write-Host \"${{ parameters.hook.title }}\"
  errorActionPreference: silentlyContinue
  ignoreLASTEXITCODE: true
- task: PowerShell@2
  inputs: {targetType: inline, script: x, warningPreference: stop, progressPreference: continue}
- script: echo > \"it's.ps1\"; echo > its.ps1
- task: PowerShell@2
  inputs: {filePath: \"it's.ps1\", arguments: -Name author}
- task: PowerShell@2
  inputs: {filePath: its.ps1, arguments: '-Name ${{ parameters.hook.title }}'}
";
    let output = machine.run_with(steps, r#"{"title":"a $(calc) \"b"}"#).ended_with(0);
    prints(
        &output,
        &[
            "Write-Host \"$($env:PIPEHOOK_1)\"",
            "value a $(calc) \"b",
            "\\u{feff}$ErrorActionPreference = 'silentlyContinue'",
            "$WarningPreference = 'stop'",
            "$ProgressPreference = 'continue'",
        ],
    );
    assert!(output.stdout.contains("/it''s.ps1' -Name author"), "{output:?}");
    assert!(output.stdout.contains("/its.ps1 -Name \"$($env:PIPEHOOK_1)\""), "{output:?}");
}

#[test]
fn power_shell_fails_a_step_as_its_options_say() {
    let machine = with(&[]);
    machine.program("pwsh", "echo oops >&2; exit $CODE\n");
    let output = machine.run("steps:\n- pwsh: x\n  env: {CODE: 4}\n").ended_with(1);
    assert!(output.stdout.contains("##[error]PowerShell exited with code '4'."), "{output:?}");
    let output = machine.run("steps:\n- pwsh: x\n  failOnStderr: true\n  env: {CODE: 0}\n").ended_with(1);
    assert!(
        output.stdout.contains("##[error]PowerShell wrote one or more lines to the standard error stream."),
        "{output:?}"
    );
}

#[test]
fn without_power_shell_a_job_that_needs_it_does_not_begin() {
    let machine = with(&[]).without_system();
    let steps = "steps:\n- script: echo begun\n- pwsh: x\n";
    let output = machine.run(steps).ended_with(1);
    assert!(output.stderr.contains("error[missing-program]: `pwsh` is not installed on this machine"), "{output:?}");
    // A value in the script changes nothing of that.
    let listening = "resources: {webhooks: [{webhook: hook, connection: open}]}\n";
    machine.file("pipelines/h.yml", &format!("{listening}steps:\n- pwsh: Write-Host '${{{{ parameters.hook.x }}}}'\n"));
    let output = machine.command(&["check", "pipelines/h.yml"]).ended_with(1);
    assert!(output.stderr.contains("error[missing-program]: `pwsh` is not installed on this machine"), "{output:?}");
    // What machines of another pool have is not known before.
    let output = machine.run(&format!("pool: other\n{steps}")).ended_with(1);
    assert!(output.stdout.contains("##[error]`pwsh` is not installed on this machine"), "{output:?}");
    assert!(!output.stdout.contains("begun"), "{output:?}");
}

#[test]
fn a_script_of_python_takes_payload_text_as_data() {
    let machine = with(&[]);
    let steps = "\
steps:
- task: PythonScript@0
  inputs:
    scriptSource: inline
    script: |
      import sys
      print('title: ${{ parameters.hook.title }}', sys.argv[1:])
    arguments: 'a \"b c\" --x=${{ parameters.hook.title }} $HOME'
- task: PythonScript@0
  inputs:
    scriptSource: inline
    script: sys.exit(
- script: printf 'import sys; print(sys.argv[1:])' > x.py
  condition: always()
- task: PythonScript@0
  condition: always()
  inputs: {scriptPath: x.py, arguments: 'a \"b c\" $HOME'}
";
    let output = machine.run_with(steps, r#"{"title":"it's \\ \"it\""}"#).ended_with(1);
    prints(&output, &[r#"title: it's \ "it" ['a', 'b c', '--x=it\'s \\ "it"', '$HOME']"#, "['a', 'b c', '$HOME']"]);
    assert!(output.stdout.contains("##[error]Python exited with code '1'."), "{output:?}");
}
