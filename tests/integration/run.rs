//! `pipehook run`: parts of a run, the table at its end, running again on change.

use super::support::{ANSWER_MAX, Folder, PROGRAM, until};
use std::io::{BufRead, BufReader};
use std::sync::mpsc;

const STAGES: &str = "\
stages:
- stage: Build
  jobs:
  - job: compile
    steps:
    - script: echo compiling
    - bash: echo '##vso[task.setvariable variable=v;isoutput=true]made'
      name: set
  - job: lint
    steps:
    - script: echo linting
- stage: Ship
  variables:
    v: $[ stageDependencies.Build.compile.outputs['set.v'] ]
  jobs:
  - job: copy
    steps:
    - script: echo \"shipping <$(v)>\"
    - script: echo again
";

fn folder() -> Folder {
    let folder = Folder::new("");
    folder.write("p.yml", STAGES);
    folder
}

/// Returns the lines of steps, without frames, sorted.
fn printed(output: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = output.lines().filter(|line| !line.contains("##[section]")).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_part_runs_alone_and_says_what_it_misses() {
    let folder = folder();
    let part = folder.run(&["run", "p.yml", "--stage", "ship"]).ended_with(0);
    assert_eq!(printed(&part.stdout), ["Ship/copy/step1 | shipping <>", "Ship/copy/step2 | again"]);
    let note = "note: the stage `Ship` runs without `Build`: outputs and artifacts that it expects of them are missing";
    assert!(part.stderr.lines().any(|line| line == note), "{part:?}");
    let part = folder.run(&["run", "p.yml", "--job", "lint"]).ended_with(0);
    assert_eq!(printed(&part.stdout), ["Build/lint/step1 | linting"]);
    let part = folder.run(&["run", "p.yml", "--step", "step2"]).ended_with(0);
    assert_eq!(printed(&part.stdout), ["Ship/copy/step2 | again"]);
    let wrong = folder.run(&["run", "p.yml", "--step", "sett"]).ended_with(2);
    assert!(wrong.stderr.contains("the run has no step `sett`: did you mean `set`?"), "{wrong:?}");
}

#[test]
fn a_run_ends_with_a_table_of_what_became_of_its_parts() {
    let folder = folder();
    let output = folder.run(&["run", "p.yml"]).ended_with(0);
    assert!(printed(&output.stdout).contains(&"Ship/copy/step1 | shipping <made>"), "{output:?}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    // All but the times, which are what they are.
    let table: Vec<String> = output.stderr.lines().map(|line| words(line.split("  0.").next().unwrap_or(""))).collect();
    let expected = [
        "STAGE, JOB, STEP RESULT TIME",
        "Build succeeded",
        "compile succeeded",
        "step1: CmdLine succeeded",
        "set: Bash succeeded",
        "lint succeeded",
        "step1: CmdLine succeeded",
        "Ship succeeded",
        "copy succeeded",
        "step1: CmdLine succeeded",
        "step2: CmdLine succeeded",
        "succeeded",
    ];
    assert_eq!(table, expected, "{output:?}");
}

#[test]
fn watching_runs_again_when_the_pipeline_or_a_template_changes() {
    let folder = Folder::new("");
    folder.write("p.yml", "steps:\n- script: echo one\n- template: templates/t.yml\n");
    folder.write("templates/t.yml", "steps:\n- script: echo two\n");
    let mut child = folder.command(&["run", "p.yml", "--watch"]).spawn().expect("the program starts");
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            // The test may have ended.
            let _ = sender.send(line);
        }
    });
    let until_printed = |wanted: &str| loop {
        match lines.recv_timeout(ANSWER_MAX) {
            Ok(line) if line == wanted => break,
            Ok(_) => {}
            Err(error) => panic!("no line {wanted:?}: {error}"),
        }
    };
    until_printed("__default/__default/step2 | two");
    folder.write("templates/t.yml", "steps:\n- script: echo three\n");
    until_printed("__default/__default/step2 | three");
    folder.write("p.yml", "steps:\n- script: [\n");
    folder.write("p.yml", "steps:\n- script: echo mended\n");
    until_printed("__default/__default/step1 | mended");
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it runs");
    // Asked while it runs it is canceled, asked while it waits it has succeeded.
    assert!(matches!(child.wait().expect("it ends").code(), Some(0 | 1)));
}

#[test]
fn watching_wants_a_payload_that_can_be_read_again() {
    let refused = folder().run(&["run", "p.yml", "--watch", "--payload", "-"]).ended_with(2);
    assert!(refused.stderr.contains("stdin can't give"), "{refused:?}");
}

#[test]
fn a_variable_that_is_given_is_there_at_run_time_and_loses_against_those_of_the_file() {
    let folder = Folder::new("variable-groups: {g: {grouped: group}}\n");
    folder.write(
        "p.yml",
        "\
name: named-$(given)
variables:
- group: g
- name: root
  value: file
- name: seen
  value: $[ variables.given ]
jobs:
- job: a
  variables: {own: file}
  steps:
  - script: |
      echo macro $(given) env $GIVEN expression $(seen) template ${{ variables.given }}
      echo $(root) $(own) $(grouped) $(Build.BuildNumber)
  - script: echo holds
    condition: eq(variables.given, 'yes')
",
    );
    let given = ["given=yes", "root=given", "own=given", "grouped=given"];
    let mut arguments = vec!["run", "p.yml", "--raw"];
    given.iter().for_each(|variable| arguments.extend(["--variable", variable]));
    let output = folder.run(&arguments).ended_with(0);
    let expected = ["file file group named-yes", "holds", "macro yes env yes expression yes template yes"];
    assert_eq!(printed(&output.stdout), expected);
    folder.run(&["render", "p.yml", "--variable", "given=yes"]).ended_with(0);
}

#[test]
fn the_log_tells_more_where_system_debug_is_given() {
    let folder = Folder::new("");
    folder.write(
        "p.yml",
        "steps:\n- script: echo '##vso[task.debug]more'\n  displayName: say\n- script: echo no\n  condition: failed()\n",
    );
    let usual = folder.run(&["run", "p.yml", "--raw"]).ended_with(0);
    assert!(!usual.stdout.contains("##[debug]"), "{usual:?}");
    let debug = folder.run(&["run", "p.yml", "--raw", "--variable", "System.Debug=true"]).ended_with(0);
    let lines: Vec<&str> = debug.stdout.lines().filter_map(|line| line.strip_prefix("##[debug]")).collect();
    let expected = [
        "Evaluating condition for step: 'say'",
        "Evaluating: succeeded()",
        "Result: True",
        "more",
        "Processed: ##vso[task.debug]more",
        "Evaluating condition for step: 'CmdLine'",
        "Evaluating: failed()",
        "Result: False",
    ];
    let mut sorted = [lines.clone(), expected.to_vec()];
    sorted.iter_mut().for_each(|lines| lines.sort_unstable());
    assert_eq!(sorted[0], sorted[1], "{lines:?}");
}

#[test]
fn a_debugged_log_has_no_secret_that_a_command_makes() {
    let folder = Folder::new("");
    folder.write(
        "p.yml",
        "variables: {System.Debug: true}
steps:
- script: |
    echo '##vso[task.setsecret]hush%AZP25one'
    echo '##vso[task.setvariable variable=a;issecret=true]hush%3Btwo'
    echo '##vso[task.setvariable variable=a]hushthree'
    echo 'before ##vso[task.settaskvariable variable=b;issecret=true]hushfour'
    echo '##vso[task.setvariable variable=c;issecret=true;isoutput=true]hush%0Afive'
    echo '##vso[task.setvariable variable=plain]seen'
  name: s
",
    );
    let printed = folder.run(&["run", "p.yml", "--raw"]);
    let text = format!("{}{}", printed.stdout, printed.stderr);
    assert!(!text.contains("hush"), "{text}");
    for line in ["setsecret]***", "variable=a;issecret=true]***", "variable=plain]seen"] {
        assert!(text.contains(&format!("{line}\n")), "{line} in {text}");
    }
}

#[test]
fn a_run_whose_reader_is_gone_ends_also_while_jobs_are_skipped() {
    let folder = Folder::new("");
    let job = |name: &str, rest: &str| format!("- job: {name}\n  steps: [{{script: echo {name}}}]\n{rest}");
    let skipped = "  dependsOn: a\n  condition: failed()\n";
    folder.write("p.yml", &format!("jobs:\n{}{}", job("a", ""), job("b", skipped)));
    for (to, code) in [("| head -c 1 > out; exit ${PIPESTATUS[0]}", 0), ("> /dev/full", 3)] {
        let ended = folder.shell(&format!("timeout 60 {} run p.yml {to}", PROGRAM));
        assert_eq!(ended.status.code(), Some(code), "{to}: {ended:?}");
    }
}

#[test]
fn what_a_killed_run_has_left_is_removed_by_the_next_one() {
    let folder = Folder::new("");
    folder.write("long.yml", "steps: [{script: sleep 300}]\n").write("short.yml", "steps: [{script: echo}]\n");
    // Neither is known to be ours.
    folder.write("tmp/pipehook-run_without_mark/file", "").write("tmp/pipehook-run_other/in-use.new", "");
    let temporary = folder.path().join("tmp");
    let run = |file: &str| {
        let mut command = folder.command(&["run", file]);
        command.env("TMPDIR", &temporary);
        command
    };
    let left = || {
        let names = std::fs::read_dir(&temporary).expect("a folder").map(|it| it.expect("an entry").path());
        names.filter(|path| path.join("in-use").exists()).collect::<Vec<_>>()
    };
    let mut killed = run("long.yml").spawn().expect("it starts");
    let own = until("its folder", ANSWER_MAX, || left().pop());
    assert!(run("short.yml").output().expect("it ends").status.success());
    assert_eq!(left(), [own], "the folder of a run that goes on is left alone");
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    assert!(run("short.yml").output().expect("it ends").status.success());
    assert_eq!(left(), [] as [std::path::PathBuf; 0]);
    for kept in ["pipehook-run_without_mark/file", "pipehook-run_other/in-use.new"] {
        assert!(temporary.join(kept).exists(), "{kept}");
    }
}

#[test]
fn a_question_that_nobody_can_answer_has_the_answer_of_its_timeout_at_once() {
    let ask = |inputs: &str| {
        let folder = Folder::new("");
        let inputs = format!("{{instructions: look at it{inputs}}}");
        folder.write(
            "p.yml",
            &format!(
                "jobs:\n- job: ask\n  pool: server\n  steps:\n  - task: ManualValidation@1\n    inputs: {inputs}\n- job: after\n  dependsOn: ask\n  steps:\n  - script: echo went on\n"
            ),
        );
        folder.run(&["run", "p.yml", "--raw"])
    };
    let resumed = ask(", onTimeout: resume").ended_with(0);
    let why = "Approved by nobody: a run in the foreground asks nobody, and `onTimeout` is `resume`";
    assert!(printed(&resumed.stdout).contains(&why), "{resumed:?}");
    assert!(printed(&resumed.stdout).contains(&"went on"), "{resumed:?}");
    assert!(!resumed.stdout.contains("Waiting for a person"), "{resumed:?}");
    let rejected = ask("").ended_with(1);
    let why = "##[error]Rejected by nobody: a run in the foreground asks nobody; `pipehook serve` does";
    assert!(printed(&rejected.stdout).contains(&why), "{rejected:?}");
    assert!(!rejected.stdout.contains("went on"), "{rejected:?}");
}

#[test]
fn a_debugged_log_shows_a_script_of_one_line_that_gives_no_command() {
    let folder = Folder::new("variable-groups: {keys: {token: {secret: {value: s3cr3t-word}}}}\n");
    folder.write(
        "p.yml",
        "variables:
- group: keys
- {name: System.Debug, value: 'true'}
- {name: x, value: there}
steps:
- script: echo hello $(x)
- bash: 'echo $(token)x > /dev/null'
- script: |
    echo one
    echo two
- script: 'echo \"##vso[task.debug]$(x)\"'
- script: echo 'echo file' > f.sh
- task: Bash@3
  inputs: {filePath: f.sh, arguments: a b}
",
    );
    let printed = folder.run(&["run", "p.yml", "--raw"]).ended_with(0).stdout;
    let shown: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("##[debug]Script: ")).collect();
    assert_eq!(shown.len(), 4, "{printed}");
    assert_eq!((shown[0], shown[2]), ("echo hello there", "echo 'echo file' > f.sh"));
    assert!(shown[3].starts_with("bash ") && shown[3].ends_with("/f.sh a b"), "{printed}");
    assert!(!printed.contains("s3cr3t"), "{printed}");
}
