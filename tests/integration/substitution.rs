//! What a connection says of payload text in scripts, end to end; what `check` says before any payload;
//! and which logging commands are a script's own.

mod aliases;
mod brought;
mod called;
mod left;
mod nothing;
mod numbers;
mod strict;

use crate::support::{Folder, until};
use std::time::Duration;

const CONNECTIONS: &str = "connections:
  safe: {auth: none}
  raw: {auth: none, substitution: raw}
  strict: {auth: none, substitution: strict}
";

/// Returns a folder with a pipeline of these steps that listens to a connection.
fn folder(connection: &str, steps: &str) -> Folder {
    let folder = Folder::new(CONNECTIONS);
    let webhook = format!("resources:\n  webhooks:\n  - webhook: hook\n    connection: {connection}\n");
    folder.write("pipelines/p.yml", &format!("{webhook}{steps}"));
    folder.write("payload.json", r#"{"title": "a; echo INJECTED", "n": 7}"#);
    folder
}

/// Posts the payload and returns what the run printed.
fn posted(folder: &Folder, connection: &str) -> String {
    let server = folder.serve(&[]);
    let body = std::fs::read(folder.path().join("payload.json")).expect("the payload");
    let answer = server.request("POST", &format!("/webhooks/{connection}"), &[], &body);
    assert_eq!(answer.json()["outcome"], "queued", "{answer:?}");
    until("the end of the run", Duration::from_secs(30), || {
        let run = folder.run(&["runs", "show", "p#1", "--format", "json"]).json();
        (run["state"] == "completed").then_some(())
    });
    folder.run(&["runs", "logs", "p#1"]).ended_with(0).stdout
}

const ECHO: &str = "steps:\n- script: echo ${{ parameters.hook.title }}\n";

#[test]
fn text_stays_data_unless_a_connection_says_otherwise() {
    assert!(posted(&folder("safe", ECHO), "safe").contains("a; echo INJECTED\n"));
    assert!(posted(&folder("raw", ECHO), "raw").contains("a\nINJECTED\n"));
}

#[test]
fn a_strict_connection_wants_text_in_the_environment() {
    let refused = folder("strict", ECHO);
    let server = refused.serve(&[]);
    let answer = server.request("POST", "/webhooks/strict", &[], br#"{"title": "x"}"#);
    assert_eq!((answer.status, answer.json()["outcome"].as_str()), (422, Some("rejected")), "{answer:?}");
    let text = answer.json().to_string();
    assert!(text.contains("tainted-in-script") && text.contains("env:"), "{text}");
    let steps = "steps:\n- script: echo \"$T\"\n  env:\n    T: ${{ parameters.hook.title }}\n";
    assert!(posted(&folder("strict", steps), "strict").contains("a; echo INJECTED\n"));
}

#[test]
fn check_tells_each_place_before_any_payload() {
    let raw = folder("raw", ECHO).run(&["check"]).ended_with(0).stderr;
    assert!(raw.contains("warning[tainted-in-script]") && raw.contains("`substitution: raw`"), "{raw}");
    let strict = folder("strict", ECHO).run(&["check"]).ended_with(1).stderr;
    assert!(strict.contains("error[tainted-in-script]") && strict.contains("`substitution: strict`"), "{strict}");
    folder("safe", ECHO).run(&["check"]).ended_with(0);
}

#[test]
fn check_finds_what_every_payload_would_meet() {
    let always = [
        "steps:\n- script: |\n    echo a\n    eval \"${{ parameters.hook.title }}\"\n",
        "steps:\n- script: ${{ lower(parameters.hook.title) }} --version\n",
        "variables:\n  v: ${{ parameters.hook.title }}\nsteps:\n- bash: eval \"$(v)\"\n",
        "variables:\n- name: v\n  value: ${{ parameters.hook.title }}\nsteps:\n- bash: eval \"$V\"\n",
        "steps:\n- bash: eval \"$T\"\n  env:\n    T: a ${{ parameters.hook.title }}\n",
        "steps:\n- bash: bash -c \"${{ resources.webhooks.hook.event }}\"\n",
        "steps:\n- task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: eval(sys.argv[1])\n    arguments: ${{ parameters.hook.title }}\n",
    ];
    for steps in always {
        let output = folder("safe", steps).run(&["check"]).ended_with(1);
        assert!(output.stderr.contains("error[tainted-in-script]"), "{steps}\n{}", output.stderr);
    }
    let never = [
        "steps:\n- script: ${{ oneOf(parameters.hook.title, 'ls', 'id') }}\n",
        "steps:\n- script: exit ${{ eq(parameters.hook.title, 'x') }}\n",
        "steps:\n- script: echo $(( ${{ parameters.hook.n }} + 1 ))\n",
        "variables:\n  v: ls\nsteps:\n- script: $(v)\n",
        "steps:\n- bash: echo \"$T\"\n  env:\n    T: ${{ parameters.hook.title }}\n",
        "steps:\n- bash: ${{ resources.webhooks.hook.delivery }} --version || true\n",
    ];
    for steps in never {
        let output = folder("safe", steps).run(&["check"]);
        assert_eq!(output.code, Some(0), "{steps}\n{}", output.stderr);
    }
}

#[test]
fn what_a_payload_leaves_out_takes_no_word_out_of_a_script() {
    let folder = folder(
        "safe",
        "steps:\n- bash: set -- ${{ parameters.hook.title }} ${{ parameters.hook.n }} end; echo \"$#\"\n",
    );
    for (payload, words, variables) in [
        ("{}", r#"\"${PIPEHOOK_1}\" \"${PIPEHOOK_2}\" end"#, r#""PIPEHOOK_1":"","PIPEHOOK_2":"""#),
        (r#"{"title": null, "n": 1.50}"#, r#"\"${PIPEHOOK_1}\" \"${PIPEHOOK_2}\" end"#, r#""PIPEHOOK_2":"1.5""#),
    ] {
        folder.write("payload.json", payload);
        let output = folder.run(&["render", "p", "--payload", "payload.json", "--format", "json"]).ended_with(0);
        let step = output.json()["steps"][0].to_string();
        assert!(step.contains(words), "{step}");
        assert!(step.contains(variables), "{step}");
    }
}

#[test]
fn a_value_that_is_too_long_for_an_environment_is_refused_before_the_run() {
    let folder = folder(
        "safe",
        "steps:\n- bash: echo one\n- bash: echo \"${#T}\"\n  env: {T: '${{ parameters.hook.title }}'}\n",
    );
    folder.write("payload.json", &format!("{{\"title\": \"{}\"}}", "x".repeat(140_000)));
    let report = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
    assert!(report.contains("error[expansion-limit]") && report.contains("`title`"), "{report}");
    let most = 128 * 1024 - 3;
    folder.write("payload.json", &format!("{{\"title\": \"{}\"}}", "x".repeat(most)));
    let output = folder.run(&["run", "p", "--payload", "payload.json", "--raw"]).ended_with(0);
    assert!(output.stdout.contains(&format!("\n{most}\n")), "{}", output.stdout);
}

#[test]
fn a_place_is_told_once_with_and_without_a_payload() {
    let folder = folder("safe", "steps:\n- script: eval \"${{ parameters.hook.title }}\"\n");
    for arguments in [&["check"][..], &["check", "--payload", "payload.json", "pipelines/p.yml"]] {
        let told = folder.run(arguments).ended_with(1).stderr;
        assert_eq!(told.matches("error[").count(), 1, "{told}");
    }
}

#[test]
fn only_the_author_s_own_commands_are_shown_as_such() {
    let steps = "steps:
- bash: |
    echo \"##vso[task.logissue type=warning]mine ${{ parameters.hook.title }}\"
    echo \"##[warning]mine too\"
    echo \"${{ parameters.hook.command }}\"
    echo \"$T\"
  env:
    T: ${{ parameters.hook.section }}
";
    let folder = folder("safe", steps);
    let payload = r###"{"title": "a ##vso[x]b", "command": "x ##VSO[task.setvariable variable=a]b", "section": "##[section]Finishing: all"}"###;
    folder.write("payload.json", payload);
    let log = posted(&folder, "safe");
    for line in [
        "##[warning]mine a ##vso[x]b\n",
        "##[warning]mine too\n",
        "(not obeyed) x ##VSO[task.setvariable variable=a]b\n",
        "(not obeyed) ##[section]Finishing: all\n",
    ] {
        assert!(log.lines().any(|found| found.ends_with(line.trim_end())), "{line} is missing in\n{log}");
    }
    assert!(!log.lines().any(|line| line.ends_with("mine too") && line.contains("not obeyed")), "{log}");
}

#[test]
fn a_value_inside_the_brackets_of_a_command_is_plain() {
    let steps = "steps:\n- bash: echo \"##vso[task.setvariable variable=${{ parameters.hook.name }}]x\"\n";
    let folder = folder("safe", steps);
    folder.write("payload.json", r#"{"name": "a;isSecret=true"}"#);
    let refused = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
    assert!(refused.contains("one plain word"), "{refused}");
    folder.write("payload.json", r#"{"name": "version"}"#);
    folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
}

#[test]
fn render_shows_what_runs() {
    let steps = "variables:\n  v: pre-${{ parameters.hook.title }}\nsteps:\n- bash: |\n    echo '$(v)'\n    cat <<'E'\n    $5 ${{ parameters.hook.title }}\n    E\n";
    let folder = folder("safe", steps);
    let shown = folder.run(&["render", "p", "--payload", "payload.json", "--format", "json"]).ended_with(0).json();
    let script = "echo 'pre-'\"${PIPEHOOK_1}\"''\ncat <<E\n\\$5 ${PIPEHOOK_2}\nE\n";
    assert_eq!(shown["steps"][0]["bash"], script);
    assert_eq!(shown["steps"][0]["env"]["PIPEHOOK_2"], "a; echo INJECTED");
    let yaml = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(0).stdout;
    let read: serde_json::Value = serde_yaml::from_str(&yaml).expect("YAML");
    assert_eq!(read["steps"], shown["steps"]);
}

#[test]
fn a_number_beside_a_redirection_is_printed_and_no_descriptor() {
    let script = "echo ${{ parameters.hook.n }}>out; echo a ${{ parameters.hook.n }}>>out; cat out; echo $((${{ parameters.hook.n }} + 1))\n";
    let folder = folder("safe", &format!("steps:\n- bash: {script}"));
    folder.write("payload.json", r#"{"n": 2}"#);
    let output = folder.run(&["run", "p", "--payload", "payload.json", "--raw"]).ended_with(0).stdout;
    assert!(output.contains("\n2\na 2\n3\n"), "{output}");
    // The name of an argument, an escape, a descriptor: no number of a payload chooses those.
    for script in
        ["echo $${{ parameters.hook.n }}", "echo $'\\${{ parameters.hook.n }}'", "echo a >&${{ parameters.hook.n }}"]
    {
        let script = serde_json::to_string(script).expect("a text");
        let folder = self::folder("safe", &format!("steps:\n- bash: {script}\n"));
        folder.write("payload.json", r#"{"n": 2}"#);
        let output = folder.run(&["run", "p", "--payload", "payload.json"]).ended_with(1);
        assert!(output.stderr.contains("error[tainted-in-script]"), "{script}: {output:?}");
    }
}

#[test]
fn a_count_beside_a_redirection_is_no_descriptor() {
    let script = "echo a ${{ length(parameters.hook.list) }}>out; cat out\n";
    let folder = folder("safe", &format!("steps:\n- bash: {script}"));
    folder.write("payload.json", r#"{"list": ["x", "y"]}"#);
    let output = folder.run(&["run", "p", "--payload", "payload.json", "--raw"]).ended_with(0).stdout;
    assert!(output.contains("\na 2\n"), "{output}");
}

#[test]
fn colours_of_a_payload_reach_no_terminal_and_those_of_tools_do() {
    let steps = "\
steps:
- bash: echo \"$T\"; printf '\\033[1mbold\\n'
  env: {T: '${{ parameters.hook.title }}'}
- bash: printf '\\033[32mgreen\\n'
";
    let folder = folder("safe", steps);
    folder.write("payload.json", r#"{"title": "\u001b[31mred"}"#);
    let output =
        folder.run(&["--color", "always", "run", "p", "--payload", "payload.json", "--raw"]).ended_with(0).stdout;
    assert!(output.contains("\\u{1b}[31mred\n\\u{1b}[1mbold\n"), "{output}");
    assert!(output.contains("\u{1b}[32mgreen\n"), "{output}");
}

#[test]
fn payload_text_that_a_task_would_refuse_is_rejected_before_the_run() {
    let refused = [
        (
            "- task: CopyFiles@2\n  inputs: {contents: a, targetFolder: x, overWrite: '${{ parameters.hook.title }}'}\n",
            "`OverWrite`",
        ),
        (
            "- task: CopyFiles@2\n  inputs: {contents: a, targetFolder: 'out/${{ parameters.hook.up }}'}\n",
            "`TargetFolder`",
        ),
        ("- publish: ${{ parameters.hook.up }}\n  artifact: a\n", "`targetPath`"),
        ("- bash: ls\n  workingDirectory: ${{ parameters.hook.up }}\n", "`workingDirectory`"),
        (
            "- task: DeleteFiles@1\n  inputs: {sourceFolder: 'a.${{ parameters.hook.dot }}', contents: '*'}\n",
            "`SourceFolder`",
        ),
    ];
    for (step, input) in refused {
        let folder = folder("safe", &format!("steps:\n{step}"));
        folder.write("payload.json", r#"{"title": "true", "up": "../../etc", "dot": "./b"}"#);
        let output = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
        assert!(output.contains("error[tainted-structure]") && output.contains(input), "{step}: {output}");
    }
    let accepted = folder("safe", "steps:\n- publish: out/${{ parameters.hook.title }}\n  artifact: a\n");
    accepted.write("payload.json", r#"{"title": "v1.2/web shop"}"#);
    accepted.run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
}

#[test]
fn a_number_that_comes_another_way_is_no_descriptor_either() {
    let steps = "\
variables: {n: '${{ parameters.hook.n }}'}
steps:
- bash: echo a$(n)>one; echo $(n)>two; echo \"x $(n)>y\"; cat one two
- bash: echo ${{ variables.n }}>three; cat three
- bash: echo ${{ format('{0}', parameters.hook.n) }}>four; cat four
";
    let folder = folder("safe", steps);
    folder.write("payload.json", r#"{"n": 2}"#);
    let server = folder.serve(&[]);
    server.request("POST", "/webhooks/safe", &[], br#"{"n": 2}"#);
    let log = ended(&folder);
    assert!(log.contains("x 2>y\na2\n2\n") && log.matches("\n2\n").count() >= 3, "{log}");
    let within = self::folder("safe", "steps:\n- bash: echo ${{ format('{0}>f', parameters.hook.n) }}; cat f\n");
    within.write("payload.json", r#"{"n": 2}"#);
    let output = within.run(&["run", "p", "--payload", "payload.json", "--raw"]).ended_with(0).stdout;
    assert!(output.contains("\n2\n"), "{output}");
}

#[test]
fn the_value_of_a_runtime_expression_is_placed_like_any_other() {
    let steps = "\
variables:
  v: $[ format('{0} and {1}', '${{ parameters.hook.title }}', variables['Build.Reason']) ]
steps:
- bash: 'echo $(v); echo \"[$(v)]\"'
";
    let safe = folder("safe", steps);
    assert!(posted(&safe, "safe").contains("a; echo INJECTED and "));
    let code = folder("safe", &steps.replace("echo $(v);", "eval $(v);"));
    let told = code.run(&["check", "--payload", "payload.json"]).ended_with(1).stderr;
    assert!(told.contains("tainted-in-script") && !told.contains("single quotes"), "{told}");
}

#[test]
fn a_number_of_the_author_is_the_authors_text_wherever_it_stands() {
    let steps = "\
parameters:
- {name: size, type: number, default: 2}
- {name: shown, type: boolean, default: true}
variables: {v: '1', fd: 7, same: '${{ variables.v }}'}
steps:
- bash: |
    set -- one two; True=yes
    echo $${{ variables.v }} $${{ 2 }} $${{ parameters.size }} $${{ eq(1, 1) }} $${{ parameters.shown }}
    echo $${{ variables.same }}${{ format('{0}', 2) }}
- bash: |
    exec $(fd)>seven
    echo written >&7
    cat seven
    echo gone ${{ parameters.size }}>errors
- bash: echo ${{ parameters.hook.n }}>kept; cat kept
- ${{ each at in split('1,2', ',') }}:
  - bash: set -- one two; echo turn $${{ at }}
- template: templates/own.yml
  parameters: {at: '${{ variables.v }}'}
";
    let own = "parameters: {at: 5}\nsteps:\n- bash: set -- one; echo template $${{ parameters.at }}\n";
    let folder = folder("safe", steps);
    folder.write("pipelines/templates/own.yml", own);
    folder.run(&["check"]).ended_with(0);
    let log = posted(&folder, "safe");
    for line in ["one two two yes yes", "one2", "written", "gone", "7", "turn one", "turn two", "template one"] {
        assert!(log.lines().any(|it| it.trim_end() == line), "{line}: {log}");
    }
}

#[test]
fn a_payload_s_number_is_followed_through_variables_parameters_and_loops() {
    let ways = [
        ("variables: {v: '${{ parameters.hook.n }}'}", "echo $${{ variables.v }}"),
        ("variables: {u: '${{ parameters.hook.n }}', v: '${{ variables.u }}'}", "echo $${{ variables.v }}"),
        ("variables: {u: '${{ parameters.hook.title }}'}", "echo $${{ length(variables.u) }}"),
        ("variables: []", "echo $${{ length(parameters.hook.title) }}"),
    ];
    for (variables, script) in ways {
        let folder = folder("safe", &format!("{variables}\nsteps:\n- bash: {script}\n"));
        let told = folder.run(&["check", "--payload", "payload.json"]).ended_with(1).stderr;
        assert!(told.contains("tainted-in-script"), "{variables}: {told}");
    }
    let passed = "\
variables: {v: '${{ parameters.hook.n }}'}
steps:
- ${{ each it in split(variables.v, ',') }}:
  - bash: echo loop $${{ it }}
- template: templates/t.yml
  parameters: {settings: {deep: ['${{ variables.v }}']}}
";
    let folder = folder("safe", passed);
    let template = "parameters: {settings: {}}\nsteps:\n- bash: echo deep $${{ parameters.settings.deep[0] }}\n";
    folder.write("pipelines/templates/t.yml", template);
    let told = folder.run(&["check", "--payload", "payload.json"]).ended_with(1).stderr;
    assert_eq!(told.matches("error[tainted-in-script]").count(), 2, "{told}");
}

/// Waits for the end of the first run and returns its log.
fn ended(folder: &Folder) -> String {
    until("the end of the run", Duration::from_secs(30), || {
        let run = folder.run(&["runs", "show", "p#1", "--format", "json"]).json();
        (run["state"] == "completed").then_some(())
    });
    folder.run(&["runs", "logs", "p#1"]).ended_with(0).stdout
}

#[test]
fn a_file_with_payload_text_is_run_by_no_later_step_of_its_job() {
    let write = "- bash: echo \"X=${{ parameters.hook.title }}\" > cfg\n";
    let runs = [
        ". ./cfg",
        "bash -e cfg",
        "python3 cfg",
        "make -f cfg",
        "eval \"$(cat cfg)\"",
        "cp cfg b; sh b",
        "n=$(cat cfg); echo $((n))",
        "read -r n < cfg; [[ $n -gt 2 ]]",
    ];
    for script in runs {
        let folder = folder("safe", &format!("steps:\n{write}- bash: |\n    echo first\n    {script}\n"));
        let refused = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
        assert!(refused.contains("it comes through `cfg`"), "{refused}");
        assert!(refused.contains("`cfg` is used on line 2 of the script"), "{refused}");
    }
    let between = folder("safe", &format!("steps:\n{write}- bash: cp cfg b\n- bash: sh b\n"));
    between.run(&["render", "p", "--payload", "payload.json"]).ended_with(1);
    // Who reads it, or runs another file beside it, may; and so may a job that has a folder of its own.
    for script in [
        "cat cfg",
        "git tag -a v1 -m \"$(cat cfg)\"",
        "sh build.sh cfg",
        "cat cfg; for f in *.sh; do wc $f; done",
        "n=$(wc -l < cfg); echo $((n))",
    ] {
        let folder = folder("safe", &format!("steps:\n{write}- bash: {script}\n"));
        folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
    }
    let jobs = format!("jobs:\n- job: A\n  steps:\n  {write}- job: B\n  steps:\n  - bash: sh cfg\n");
    folder("safe", &jobs).run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
}

#[test]
fn a_task_runs_no_file_to_which_a_step_before_it_wrote_payload_text() {
    let with = |task: &str| {
        let write = "- bash: echo \"${{ parameters.hook.title }}\" > out/cfg\n";
        folder("safe", &format!("steps:\n{write}- task: {task}\n")).run(&["render", "p", "--payload", "payload.json"])
    };
    for task in [
        "Bash@3\n  inputs:\n    filePath: out/cfg",
        "ShellScript@2\n  inputs:\n    scriptPath: out/cfg",
        "Bash@3\n  inputs:\n    targetType: filePath\n    filePath: $(Build.SourcesDirectory)/out/cfg",
        "PythonScript@0\n  inputs:\n    scriptSource: filePath\n    scriptPath: cfg",
    ] {
        let refused = with(task).ended_with(1).stderr;
        assert!(refused.contains("runs") && refused.contains("it comes through `cfg`"), "{task}: {refused}");
    }
    with("Bash@3\n  inputs:\n    filePath: build.sh\n    arguments: out/cfg").ended_with(0);
}
