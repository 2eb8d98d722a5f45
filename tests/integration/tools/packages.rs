//! Task packages, run by the Node of this machine: one that is written with the pipeline language's
//! own task library, and small ones without.
//!
//! The library is fetched by `npm ci` in `tests/testdata/tasks`; without it, or without Node, the tests
//! that want it are not run, but never where all tests must run.

use super::fake::Machine;
use super::prints;
use std::path::Path;

const TASKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata/tasks");

/// Returns a machine with the task that is written with the library.
fn with_library() -> Option<Machine> {
    let is_there = Path::new(TASKS).join("node_modules/azure-pipelines-task-lib").is_dir() && has_node();
    if is_there {
        return Some(Machine::with_configuration(&format!("tasks: {TASKS}\n")));
    }
    assert!(std::env::var_os("CI").is_none(), "say `npm ci` in {TASKS}");
    eprintln!("not run: there is no Node, or nobody said `npm ci` in {TASKS}");
    None
}

fn has_node() -> bool {
    std::process::Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_task_of_the_library_gets_inputs_and_variables_and_gives_outputs() {
    let Some(machine) = with_library() else { return };
    let configuration = "variable-groups:\n  keys: {token: {secret: {value: s3cr3t-word}}}\n";
    machine.configure(&format!("tasks: {TASKS}\n{configuration}"));
    let steps = "\
variables:
- group: keys
- {name: My.Color, value: blue}
steps:
- task: greet@2
  name: first
  inputs: {person: $(My.Color) world, LOUD: true, notes: a.txt, tool line: 'one \"two three\" $HOME'}
- script: |
    echo 'greeted $(greeted), code $(code), out $(first.out)'
    echo whisper
- task: 3B2E7F0C-5D1A-4C0B-9E57-2F2B0E6B9A11@2
  inputs: {who: somebody}
";
    let output = machine.run(steps).ended_with(0);
    let text = output.stdout.clone();
    assert!(output.stderr.contains("succeededWithIssues"), "{output:?}");
    prints(
        &output,
        &[
            "Hello, BLUE WORLD!",
            "color blue, token ***",
            "in the environment: false false",
            "knows My.Color, token (secret)",
            "##[warning]a warning; with 100 % [signs]",
            "a ***",
            "one two three $HOME",
            "greeted blue world, code ***, out [blue world]; 5 %",
        ],
    );
    assert!(text.contains("/s/a.txt, given: true") && text.contains("/s, given: false"), "{text}");
    assert!(!text.contains("s3cr3t") && !text.contains("hush"), "{text}");
}

#[test]
fn a_task_of_the_library_fails_as_it_says() {
    let Some(machine) = with_library() else { return };
    let output = machine.run("steps:\n- task: Greet@2\n  inputs: {who: nobody}\n- script: echo never\n").ended_with(1);
    assert!(output.stdout.contains("nobody is there") && !output.stdout.contains("never\n"), "{output:?}");
}

#[test]
fn commands_of_a_task_do_not_count_where_payload_text_looks_like_one() {
    let Some(machine) = with_library() else { return };
    let steps = "\
steps:
- task: Greet@2
  inputs: {who: '${{ parameters.hook.title }}'}
- script: echo \"greeted <$GREETED>\"
";
    let output = machine.run_with(steps, r#"{"title":"plain"}"#).ended_with(0);
    prints(&output, &["Hello, plain!", "greeted <plain>"]);
    for title in ["##VSO[task.setvariable variable=greeted]x", "a\\n##[error]b"] {
        let output = machine.run_with(steps, &format!("{{\"title\":\"{title}\"}}")).ended_with(0);
        prints(&output, &["greeted <>"]);
        assert!(output.stdout.contains("none of the task's commands are obeyed"), "{output:?}");
    }
}

/// The definition of a task in a few words.
fn definition(name: &str, major: u32, execution: &str) -> String {
    format!(
        r#"{{"id":"3b2e7f0c-0000-4c0b-9e57-{major:012}","name":"{name}","version":{{"Major":{major},"Minor":0,"Patch":"1"}},"inputs":[{{"name":"path","type":"string","required":true}}],"execution":{execution}}}"#
    )
}

const NODE: &str = r#"{"Node16":{"target":"x.js"}}"#;

#[test]
fn a_task_that_is_nowhere_is_told_with_those_that_are() {
    let machine = Machine::with_configuration("tasks: tasks\n");
    machine.file("tasks/a/task.json", &definition("Deploy", 3, NODE));
    machine.file("tasks/b/1.0.1/task.json", &definition("Sign", 1, r#"{"PowerShell3":{"target":"x.ps1"}}"#));
    machine.file("tasks/a/x.js", "").file("tasks/c/task.json", "{\"name\":");
    machine.file("tasks/d/task.json", &definition("Other", 1, NODE));
    let wrong = |step: &str| machine.run(&format!("steps:\n- task: {step}\n")).ended_with(1).stderr;
    let unknown = wrong("Deplooy@3");
    assert!(unknown.contains("error[unknown-task]: there is no task `Deplooy` here"), "{unknown}");
    assert!(unknown.contains("`Deploy` and `Sign`") && unknown.contains("did you mean `Deploy`"), "{unknown}");
    assert!(unknown.contains("c/task.json` can't be used: it is no JSON"), "{unknown}");
    assert!(wrong("Deploy@4").contains("there is `Deploy@3`"));
    let signing = wrong("Sign@1");
    assert!(signing.contains("error[unsupported]: the task `Sign` has no handler of Node"), "{signing}");
    assert!(signing.contains("its handlers are `PowerShell3`"), "{signing}");
    assert!(unknown.contains("d/task.json` can't be used: its handler is not there: `x.js`"), "{unknown}");
    let inputs = wrong("Deploy@3\n  inputs: {paht: x}");
    assert!(inputs.contains("error[unknown-input]: the task `Deploy` has no input `paht`"), "{inputs}");
    assert!(inputs.contains("= note: the task `Deploy` needs the input `path`"), "{inputs}");
    assert!(inputs.contains("did you mean `path`?") && !inputs.contains("missing-input"), "{inputs}");
}

#[test]
fn the_newest_package_of_a_major_version_runs_and_its_exit_code_counts() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    for patch in [1, 10, 9] {
        let text = definition("Deploy", 3, NODE).replace("\"Patch\":\"1\"", &format!("\"Patch\":{patch}"));
        machine.file(&format!("tasks/deploy/3.0.{patch}/task.json"), &text);
        let script =
            format!("console.log('patch {patch}', process.env.INPUT_PATH, process.argv.length); process.exit(3)");
        machine.file(&format!("tasks/deploy/3.0.{patch}/x.js"), &script);
    }
    let output = machine.run("steps:\n- task: deploy@3.0\n  name: it\n  inputs: {path: a b}\n").ended_with(1);
    prints(&output, &["patch 10 a b 2", "##[error]Node exited with code '3'."]);
}

/// Adds a package, with a part for the end of the job where there is a script of that.
fn package(machine: &Machine, (name, more): (&str, &str), main: &str, after: Option<&str>) {
    let mut parts = r#"{"Node20_1":{"target":"main.js"}}"#.to_owned();
    if let Some(script) = after {
        machine.file(&format!("tasks/{name}/after.js"), script);
        parts.push_str(r#","postjobexecution":{"Node16":{"target":"after.js"}}"#);
    }
    let definition = definition(name, 1, &format!("{parts}{more}"));
    machine.file(&format!("tasks/{name}/task.json"), &definition).file(&format!("tasks/{name}/main.js"), main);
}

const MAIN: &str = "\
const { INPUT_PATH: name, VSTS_TASKVARIABLE_MINE: mine } = process.env;
console.log(`main ${name} ${mine}`);
console.log(`##vso[task.settaskvariable variable=mine;isreadonly=true]of ${name}`);
console.log('##vso[task.settaskvariable variable=hidden;issecret=true]hush-hush');
console.log('##vso[task.settaskvariable variable=hidden]hush-again');
console.log(`##vso[task.setvariable variable=seen]${name}`);
";
const AFTER: &str = "\
const { INPUT_PATH: name, VSTS_TASKVARIABLE_MINE: mine, VSTS_TASKVARIABLE_HIDDEN: hidden, SEEN, AGENT_JOBSTATUS } = process.env;
console.log(`after ${name}: ${mine}, ${hidden}, ${SEEN}, ${AGENT_JOBSTATUS}`);
console.log('##vso[task.settaskvariable variable=mine]other');
if (name === 'worse') { console.log('##vso[task.logissue type=error]not tidied'); process.exit(3); }
";

#[test]
fn what_a_package_does_after_the_job_comes_last_first_whatever_became_of_it() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    package(&machine, ("Tidy", ""), MAIN, Some(AFTER));
    let steps = "\
steps:
- task: Tidy@1
  displayName: first
  inputs: {path: one}
- task: Tidy@1
  condition: failed()
  inputs: {path: never}
- script: exit 1
- task: Tidy@1
  condition: always()
  inputs: {path: two}
- script: echo $(mine) $(hidden) never
";
    let output = machine.run(steps).ended_with(1);
    let lines: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("after ")).collect();
    let skipped = "after never: undefined, undefined, two, Failed";
    assert_eq!(
        lines,
        ["after two: of two, ***, two, Failed", skipped, "after one: of one, ***, two, Failed"],
        "{output:?}"
    );
    let frames = ["##[section]Starting: Post-job: first", "##[section]Finishing: Post-job: first"];
    prints(&output, &["main one undefined", "main two undefined", frames[0], frames[1]]);
    assert!(!output.stdout.contains("hush") && !output.stdout.contains("main never"), "{output:?}");
    assert!(!output.stdout.lines().any(|line| line.ends_with("never") && line.starts_with('$')), "{output:?}");
    let told = "##[warning]the variable `mine` of the task is not set: it is read-only";
    assert_eq!(output.stdout.lines().filter(|line| *line == told).count(), 2, "{output:?}");
}

#[test]
fn a_job_fails_with_what_a_package_does_after_it() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\nconnections: {open: {auth: none}}\n");
    package(&machine, ("Tidy", ""), MAIN, Some(AFTER));
    let steps = |more: &str| {
        format!(
            "resources: {{webhooks: [{{webhook: hook, connection: open}}]}}\nsteps:\n- task: Tidy@1\n{more}  inputs: {{path: worse}}\n"
        )
    };
    let output = machine.run(&steps("")).ended_with(1);
    prints(&output, &["##[error]not tidied", "##[error]Node exited with code '3'."]);
    let output = machine.run(&steps("  continueOnError: true\n")).ended_with(0);
    assert!(output.stderr.contains("succeededWithIssues"), "{output:?}");
    machine.file("pipelines/p.yml", &steps(""));
    let server = machine.serve();
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    machine.command(&["runs", "wait", "p#1"]).ended_with(1);
    let text = machine.command(&["runs", "show", "p#1"]).ended_with(0).stdout;
    for told in ["`Post-job: Tidy` failed, after the job's steps", "error: not tidied", ", 2 errors"] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn a_package_does_not_do_what_it_restricts_itself_from() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    let restrictions = r#","restrictions":{"commands":{"mode":"restricted"},"settableVariables":{"allowed":["OK*"]}}"#;
    let commands = [
        "task.setvariable variable=okvar]1",
        "task.setvariable variable=badvar]2",
        "build.addbuildtag]x",
        "task.prependpath]/x",
    ];
    let main: String = commands.iter().map(|command| format!("console.log('##vso[{command}');\n")).collect();
    package(&machine, ("Bound", restrictions), &main, None);
    let output = machine
        .run("steps:\n- task: Bound@1\n  inputs: {path: x}\n- script: echo \"<$OKVAR> <$BADVAR>\"\n")
        .ended_with(0);
    prints(
        &output,
        &[
            "##[warning]the variable `badvar` is not set: the task's own `restrictions` do not name it",
            "##[warning]the command `build.addbuildtag` is left out: the task's own `restrictions` do not allow it",
            "##[warning]`PATH` is not changed: the task's own `restrictions` do not name `path`",
            "<1> <>",
        ],
    );
}

/// Adds a package with a part before the job's steps.
fn early(machine: &Machine, name: &str, before: &str) {
    machine.file(&format!("tasks/{name}/before.js"), before);
    package(machine, (name, r#","prejobexecution":{"Node10":{"target":"before.js"}}"#), MAIN, Some(AFTER));
}

const BEFORE: &str = "\
const { INPUT_PATH: name, AGENT_JOBSTATUS: status, SEEN } = process.env;
console.log(`before ${name}: ${status}, ${SEEN}, ${require('fs').readdirSync('.').length}`);
console.log(`##vso[task.settaskvariable variable=mine]early ${name}`);
console.log(`##vso[task.setvariable variable=seen]early ${name}`);
console.log('##vso[task.logissue type=warning]it is early');
if (name === 'worse') process.exit(4);
";

#[test]
fn what_a_package_does_before_the_job_comes_before_all_steps_and_as_its_step_s_condition_says() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    early(&machine, "Tidy", BEFORE);
    let steps = "\
steps:
- script: touch here; echo first $(seen)
- task: Tidy@1
  displayName: one
  inputs: {path: one}
- task: Tidy@1
  condition: failed()
  inputs: {path: never}
- task: Tidy@1
  condition: eq(variables.seen, 'early one')
  inputs: {path: two}
";
    let output = machine.run(steps).ended_with(0);
    let told = |line: &&str| {
        ["before ", "first ", "main ", "after ", "##[section]Starting: P"].iter().any(|it| line.starts_with(it))
    };
    let lines: Vec<&str> = output.stdout.lines().filter(told).collect();
    assert_eq!(
        lines,
        [
            "##[section]Starting: Pre-job: one",
            "before one: Succeeded, undefined, 0",
            "##[section]Starting: Pre-job: Tidy",
            "before two: Succeeded, early one, 0",
            "first early two",
            "main one early one",
            "##[section]Starting: Post-job: Tidy",
            "after two: early two, undefined, one, Succeeded",
            "##[section]Starting: Post-job: Tidy",
            "after never: undefined, undefined, one, Succeeded",
            "##[section]Starting: Post-job: one",
            "after one: of one, ***, one, Succeeded",
        ],
        "{output:?}"
    );
    // The variables of the first are gone for the second, and its condition does not hold any more.
    assert!(!output.stdout.contains("main two"), "{output:?}");
}

#[test]
fn a_package_of_a_step_that_is_not_asked_for_does_nothing() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    early(&machine, "Tidy", BEFORE);
    let step = |name: &str| format!("- task: Tidy@1\n  name: {name}\n  inputs: {{path: {name}}}\n");
    machine.file("pipelines/p.yml", &format!("steps:\n{}{}", step("one"), step("two")));
    let output = machine.command(&["run", "pipelines/p.yml", "--raw", "--step", "two"]).ended_with(0);
    let told = |line: &&str| ["before ", "main ", "after "].iter().any(|it| line.starts_with(it));
    let lines: Vec<&str> =
        output.stdout.lines().filter(told).map(|line| line.split(':').next().unwrap_or(line)).collect();
    assert_eq!(lines, ["before two", "main two early two", "after two"], "{output:?}");
}

#[test]
fn steps_are_skipped_where_what_a_package_does_before_them_fails() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\nconnections: {open: {auth: none}}\n");
    early(&machine, "Tidy", BEFORE);
    let steps = "\
resources: {webhooks: [{webhook: hook, connection: open}]}
steps:
- script: echo not this
- task: Tidy@1
  inputs: {path: worse}
- script: echo status $(Agent.JobStatus)
  condition: failed()
";
    let output = machine.run(steps).ended_with(1);
    prints(&output, &["before worse: Succeeded, undefined, 0", "##[error]Node exited with code '4'.", "status Failed"]);
    assert!(!output.stdout.contains("not this") && !output.stdout.contains("main worse"), "{output:?}");
    assert!(output.stdout.contains("after worse: early worse"), "{output:?}");
    let tolerated = steps.replace("  inputs: {path: worse}", "  continueOnError: true\n  inputs: {path: worse}");
    let output = machine.run(&tolerated).ended_with(0);
    prints(&output, &["not this", "main worse early worse"]);
    machine.file("pipelines/p.yml", steps);
    let server = machine.serve();
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    machine.command(&["runs", "wait", "p#1"]).ended_with(1);
    let text = machine.command(&["runs", "show", "p#1"]).ended_with(0).stdout;
    for told in ["`Pre-job: Tidy` failed, before the job's steps", "warning: it is early", "skipped"] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn a_package_may_do_all_it_does_before_and_after_the_job() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    let parts = r#"{"Node20_1":{"target":"before.js"}}"#;
    let text = definition("Tidy", 1, parts).replace("\"execution\"", "\"prejobexecution\"");
    machine.file("tasks/Tidy/task.json", &text).file("tasks/Tidy/before.js", BEFORE);
    let output =
        machine.run("steps:\n- task: Tidy@1\n  inputs: {path: one}\n- script: echo then $(seen)\n").ended_with(0);
    prints(&output, &["before one: Succeeded, undefined, 0", "then early one"]);
    assert_eq!(output.stdout.matches("before one").count(), 1, "{output:?}");
}

#[test]
fn a_part_of_a_package_that_is_not_there_is_told_before_the_run() {
    let machine = Machine::with_configuration("tasks: tasks\n");
    for (key, name) in [("prejobexecution", "Early"), ("postjobexecution", "Late")] {
        let more = format!(r#"{{"Node20_1":{{"target":"x.js"}}}},"{key}":{{"Node20":{{"target":"{name}.js"}}}}"#);
        machine.file(&format!("tasks/{name}/task.json"), &definition(name, 1, &more));
        machine.file(&format!("tasks/{name}/x.js"), "");
        machine.file("pipelines/p.yml", &format!("steps:\n- task: {name}@1\n  inputs: {{path: x}}\n"));
        let checked = machine.command(&["check", "pipelines/p.yml"]).ended_with(1).stderr;
        assert!(checked.contains(&format!("its handler is not there: `{name}.js`")), "{checked}");
    }
}

#[test]
fn caches_are_saved_among_what_steps_do_after_the_job_and_not_after_a_failure_there() {
    if !has_node() {
        return;
    }
    let machine = Machine::with_configuration("tasks: tasks\n");
    package(&machine, ("Tidy", ""), MAIN, Some(AFTER));
    let steps = |last: &str| {
        format!(
            "steps:\n- task: Tidy@1\n  inputs: {{path: one}}\n- task: Cache@2\n  displayName: keep\n  inputs: {{key: '{last}', path: d}}\n- task: Tidy@1\n  inputs: {{path: {last}}}\n- script: mkdir d\n"
        )
    };
    let output = machine.run(&steps("two")).ended_with(0);
    let told = |line: &&str| line.starts_with("after ") || line.starts_with("Saved") || line.contains("Post-job: keep");
    let lines: Vec<&str> = output.stdout.lines().filter(told).collect();
    let [two, start, saved, end, one] = lines[..] else { panic!("{output:?}") };
    assert!(two.starts_with("after two") && one.starts_with("after one"), "{output:?}");
    assert!(saved.starts_with("Saved the cache of the key `two`"), "{output:?}");
    assert_eq!([start, end], ["##[section]Starting: Post-job: keep", "##[section]Finishing: Post-job: keep"]);
    let failed = machine.run(&steps("worse")).ended_with(1);
    assert!(!failed.stdout.contains("Saved the cache"), "{failed:?}");
}

#[test]
fn parts_of_a_package_that_do_not_run_are_told_before() {
    let machine = Machine::with_configuration("tasks: tasks\n");
    let before = r#","prejobexecution":{"PowerShell3":{"target":"x.ps1"}}"#;
    package(&machine, ("Early", before), "", Some(""));
    package(&machine, ("Late", r#","postjobexecution":{"PowerShell3":{"target":"x.ps1"}}"#), "", None);
    machine
        .file("pipelines/p.yml", "steps:\n- task: Early@1\n  inputs: {path: x}\n- task: Late@1\n  inputs: {path: x}\n");
    let checked = machine.command(&["check", "pipelines/p.yml"]).stderr;
    let told: Vec<&str> = checked.lines().filter(|line| line.contains("a part that is not run")).collect();
    assert_eq!(told.len(), 2, "{checked}");
    assert!(told[0].contains("`Early`") && told[0].contains("`prejobexecution`"), "{checked}");
    assert!(told[1].contains("`Late`") && told[1].contains("`postjobexecution`"), "{checked}");
}

#[test]
fn inputs_of_a_package_are_checked_as_its_definition_says() {
    let machine = Machine::with_configuration("tasks: tasks\n");
    let inputs = r#"[
        {"name":"command","type":"pickList","defaultValue":"push","options":{"push":"Push","pull":"Pull"}},
        {"name":"level","type":"radio","options":{"low":"Low","high":"High"}},
        {"name":"open","type":"pickList","options":{"a":"A"},"properties":{"EditableOptions":"True"}},
        {"name":"several","type":"pickList","options":{"a":"A","b":"B"},"properties":{"MultiSelectFlatList":"true"}},
        {"name":"feed","type":"string","required":true,"visibleRule":"command = push && level != low"},
        {"name":"other","type":"string","required":true,"visibleRule":"command startsWith pu"}
    ]"#;
    let text = definition("Ship", 1, NODE).replace(r#"[{"name":"path","type":"string","required":true}]"#, inputs);
    machine.file("tasks/ship/task.json", &text).file("tasks/ship/x.js", "");
    let check = |inputs: &str| {
        machine
            .file("pipelines/p.yml", &format!("variables: {{v: x}}\nsteps:\n- task: Ship@1\n  inputs: {{{inputs}}}\n"));
        machine.command(&["check", "pipelines"])
    };
    let wrong = check("command: pul, level: HIGH, open: b, several: 'a,b', feed: f").ended_with(0);
    let told = "warning[invalid-value]: the input `command` of the task `Ship` is not `pul`";
    assert!(wrong.stderr.contains(told) && wrong.stderr.contains("did you mean `pull`"), "{wrong:?}");
    assert_eq!(wrong.stderr.matches("warning[").count(), 1, "{wrong:?}");
    let missing = "warning[missing-input]: the task `Ship` needs the input `feed`";
    for (inputs, is_missing) in [
        ("level: high", true),
        ("level: low", false),
        ("command: Pull", false),
        ("command: $(v)", false),
        ("feed: $(v)", false),
    ] {
        let output = check(inputs);
        assert_eq!(output.stderr.contains(missing), is_missing, "{inputs}: {output:?}");
        assert!(!output.stderr.contains("invalid-value"), "{inputs}: {output:?}");
    }
}
