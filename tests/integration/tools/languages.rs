//! Scripts of other languages than bash.

use super::{prints, with};

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
fn preferences_of_power_shell_are_known_when_the_step_begins() {
    let machine = with(&[]);
    machine.program("pwsh", POWER_SHELL).file("x.ps1", "");
    let run = |word: &str, step: &str| {
        machine.run(&format!("variables: {{word: '{word}'}}\nsteps:\n- script: touch x.ps1\n{step}\n"))
    };
    let shortcut = "- pwsh: x\n  errorActionPreference: $(word)\n  warningPreference: $(word)";
    let inline = "- task: PowerShell@2\n  inputs: {targetType: inline, script: x, errorActionPreference: $(word), warningPreference: $(word)}";
    let file =
        "- task: PowerShell@2\n  inputs: {filePath: x.ps1, errorActionPreference: $(word), warningPreference: $(word)}";
    for step in [shortcut, inline, file] {
        for (word, error, warning) in [
            ("CONTINUE", "continue", Some("continue")),
            ("silentlycontinue", "silentlyContinue", Some("silentlyContinue")),
            (" stop ", "stop", Some("stop")),
            ("default", "continue", None),
        ] {
            let output = run(word, step).ended_with(0);
            let lines = || output.stdout.lines();
            assert!(
                lines().any(|it| it.ends_with(&format!("$ErrorActionPreference = '{error}'"))),
                "{step} {output:?}"
            );
            let set =
                lines().find(|it| it.starts_with("$WarningPreference")).map(str::to_owned).map(|it| it.to_lowercase());
            let wanted = warning.map(|word| format!("$warningpreference = '{word}'").to_lowercase());
            assert_eq!(set, wanted, "{step} {output:?}");
        }
        let output = run("stopp", step).ended_with(1);
        let told = "##[error]The input `errorActionPreference` is one of `default`, `stop`, `continue`, `silentlyContinue`, not `stopp`.";
        let other =
            told.replace("error]The input `error", "error]The input `warning").replace("warningAction", "warning");
        assert!(output.stdout.lines().any(|it| it == told || it == other), "{step} {output:?}");
    }
    let step = "steps:\n- pwsh: x\n  errorActionPreference: ${{ parameters.hook.title }}\n";
    let output = machine.run_with(step, r#"{"title":"continue"}"#).ended_with(1);
    assert!(output.stderr.contains("error[") || output.stdout.contains("Payload text can't be"), "{output:?}");
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
