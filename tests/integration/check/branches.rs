//! `pipehook check` of what some values lead to: what stands below `if` and `each`: without values most of it is never made, and
//! a mistake there would be found by the first delivery whose values lead to it.

use crate::support::{Folder, Output};
use serde_json::Value;

/// Returns severity, code and line of each report.
fn told(output: &Output) -> Vec<String> {
    let found = output.json();
    // With a payload, an object that has the reports.
    let reports = found.get("reports").unwrap_or(&found);
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let line =
        |report: &Value| format!("{} {} {}", word(&report["severity"]), word(&report["code"]), report["place"]["line"]);
    reports.as_array().expect("a list").iter().map(line).collect()
}

/// Checks a pipeline with these steps, which a webhook starts, and compares code, severity and line of
/// what is told. Its first step is in line 9.
#[track_caller]
fn steps_tell(steps: &str, expected: &[&str]) {
    let folder = Folder::new("");
    let head = "resources:\n  webhooks:\n  - webhook: hook\n    connection: IncomingWH\nparameters:\n- name: mode\n  default: quick\nsteps:\n";
    folder.write("a.yml", &format!("{head}{steps}"));
    assert_eq!(told(&folder.run(&["check", "a.yml", "--format", "json"])), expected, "{steps}");
}

#[test]
fn each_branch_is_looked_at_whatever_its_condition_says() {
    steps_tell(
        "- ${{ if eq(parameters.hook.action, 'opened') }}:\n  - bash: a\n    dispayName: b\n\
         - ${{ elseif eq(parameters.hook.action, 'closed') }}:\n  - task: Nope@1\n\
         - ${{ elseif eq(parameters.mode, 'quick') }}:\n  - bash: c\n    timeoutInMinutes: soon\n\
         - ${{ else }}:\n  - bash: c\n    condition: suceeded()\n",
        &["warning unknown-key 11", "warning unknown-task 13", "error invalid-value 16", "warning unknown-function 19"],
    );
}

#[test]
fn a_loop_without_a_turn_is_looked_at_once() {
    let mistakes = ["warning unknown-key 11"];
    steps_tell("- ${{ each one in parameters.hook.commits }}:\n  - bash: echo ${{ one.id }}\n    nme: x\n", &mistakes);
    let inside = "- ${{ each one in parameters.hook.commits }}:\n  - ${{ if one.isNew }}:\n    - bsh: x\n";
    steps_tell(inside, &["warning unknown-key 11"]);
}

#[test]
fn what_stands_below_a_condition_with_a_mistake_is_looked_at_all_the_same() {
    let steps = "- ${{ if parameters.nothing }}:\n  - scrpt: x\n";
    steps_tell(steps, &["error unknown-name 9", "warning unknown-key 10"]);
}

#[test]
fn keys_below_a_condition_are_looked_at_beside_those_around_it() {
    let steps =
        "- bash: x\n  ${{ if parameters.hook.slow }}:\n    timeoutInMinuts: 3\n  ${{ else }}:\n    retries: 2\n";
    steps_tell(steps, &["warning unknown-key 11", "error unknown-key 13"]);
}

#[test]
fn branches_that_exclude_each_other_are_no_mistake() {
    for steps in [
        "- ${{ if parameters.hook.a }}:\n  - bash: x\n    name: one\n- ${{ if not(parameters.hook.a) }}:\n  - bash: y\n    name: one\n",
        "- ${{ if parameters.hook.a }}:\n    bash: x\n  ${{ else }}:\n    script: y\n  displayName: z\n",
        "- bash: x\n  ${{ if parameters.hook.a }}:\n    name: one\n  ${{ if not(parameters.hook.a) }}:\n    name: two\n",
        "- ${{ each pair in parameters.hook.keys }}:\n    ${{ pair.key }}: ${{ pair.value }}\n- bash: x\n",
        "- ${{ each one in parameters.hook.list }}:\n  - ${{ insert }}: ${{ one }}\n    enabled: true\n- bash: x\n",
    ] {
        steps_tell(steps, &[]);
    }
}

#[test]
fn a_warning_below_a_condition_stops_no_run_that_does_not_come_there() {
    let folder = Folder::new("");
    let text = "parameters:\n- {name: deep, type: boolean, default: false}\nsteps:\n- ${{ if parameters.deep }}:\n  - bsh: x\n- bash: echo fine\n";
    folder.write("a.yml", text);
    let checked = folder.run(&["check", "a.yml"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(checked.stderr.contains("a run whose values lead here is rejected for it"), "{}", checked.stderr);
    let run = folder.run(&["run", "a.yml"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let deep = folder.run(&["run", "a.yml", "--parameter", "deep=true"]);
    assert_ne!(deep.code, Some(0), "{}", deep.stdout);
    assert!(deep.stderr.contains("error[unknown-key]"), "{}", deep.stderr);
}

#[test]
fn a_template_by_itself_is_looked_at_in_each_branch() {
    let folder = Folder::new("");
    let text =
        "parameters:\n- {name: deep, type: boolean}\nsteps:\n- ${{ if parameters.deep }}:\n  - bash: x\n    nme: y\n";
    folder.write("pipelines/templates/a.yml", text);
    let output = folder.run(&["check", "pipelines/templates/a.yml", "--format", "json"]);
    assert_eq!(told(&output), ["warning unknown-key 6"]);
}

#[test]
fn too_many_steps_are_told_before_any_delivery_although_payload_text_is_in_them() {
    let steps = "- script: echo \"${{ parameters.hook.title }}\"\n".repeat(501);
    steps_tell(&steps, &["error expansion-limit 509"]);
}

#[test]
fn a_place_that_takes_no_text_of_a_payload_is_told_before_a_delivery() {
    steps_tell(
        "- template: ${{ parameters.hook.file }}\n- task: ${{ parameters.hook.task }}\n- bash: x\n  name: ${{ parameters.hook.name }}\n\
         - ${{ if parameters.hook.slow }}:\n  - bash: x\n    target: ${{ parameters.hook.name }}\n\
         - bash: x\n  env: {'${{ parameters.hook.key }}': x}\n",
        &[
            "warning tainted-structure 9",
            "warning tainted-structure 10",
            "warning tainted-structure 12",
            "warning tainted-structure 15",
            "warning tainted-structure 17",
        ],
    );
}

#[test]
fn a_place_that_takes_a_number_of_a_payload_or_any_text_is_no_mistake() {
    steps_tell("- bash: x\n  timeoutInMinutes: ${{ parameters.hook.minutes }}\n", &[]);
    steps_tell("- bash: x\n  displayName: ${{ parameters.hook.title }}\n  env: {A: '${{ parameters.hook.b }}'}\n", &[]);
    steps_tell("- bash: x\n  condition: ${{ eq(parameters.hook.title, 'x') }}\n", &[]);
    steps_tell("- ${{ if eq(parameters.hook.title, 'x') }}:\n  - bash: x\n", &[]);
}

#[test]
fn a_condition_that_is_wrong_with_every_value_is_told_before_a_delivery() {
    steps_tell(
        "- bash: x\n  condition: and(succeeded(, eq('${{ parameters.hook.ref }}', 'a'))\n\
         - bash: x\n  condition: and(suceeded(), eq('${{ parameters.hook.ref }}', 'a'))\n\
         - bash: x\n  condition: and(succeeded(), eq('${{ parameters.hook.ref }}', 'a'))\n\
         - bash: x\n  condition: ${{ parameters.hook.ref }}\n",
        &["warning expression-syntax 10", "warning unknown-function 12", "warning tainted-condition 16"],
    );
}

#[test]
fn an_input_that_is_neither_yes_nor_no_is_told() {
    let step = |value: &str| format!("- task: CopyFiles@2\n  inputs: {{TargetFolder: a, OverWrite: {value}}}\n");
    steps_tell(&step("trux"), &["warning invalid-value 10"]);
    for value in ["true", "FALSE", "''", "$(over)"] {
        steps_tell(&step(value), &[]);
    }
}

#[test]
fn a_place_in_a_loop_through_a_payload_that_takes_no_text_is_told() {
    let loop_of = |body: &str| format!("- ${{{{ each one in parameters.hook.services }}}}:\n{body}");
    steps_tell(&loop_of("  - bash: x\n    name: ${{ one.name }}\n"), &["warning tainted-structure 11"]);
    steps_tell(&loop_of("  - task: ${{ one.run.task }}\n"), &["warning tainted-structure 10"]);
    steps_tell(&loop_of("  - bash: x\n    displayName: ${{ one.name }}\n"), &[]);
}

#[test]
fn branches_in_branches_are_looked_at() {
    let inner = "  - ${{ if parameters.hook.b }}:\n    - bash: x\n  - ${{ else }}:\n    - scrip: x\n";
    steps_tell(&format!("- ${{{{ if parameters.hook.a }}}}:\n{inner}"), &["warning unknown-key 13"]);
    let inner = "  - ${{ if parameters.hook.b }}:\n    - scrip: x\n";
    let steps = format!("- ${{{{ if parameters.hook.a }}}}:\n  - bash: x\n- ${{{{ else }}}}:\n{inner}");
    steps_tell(&steps, &["warning unknown-key 13"]);
}

#[test]
fn a_key_is_not_blamed_for_what_a_directive_beside_it_brings() {
    for steps in [
        "- ${{ if eq(parameters.hook.a, 'x') }}:\n    script: a\n  ${{ if eq(parameters.hook.a, 'y') }}:\n    bash: b\n  displayName: x\n",
        "- ${{ insert }}: ${{ parameters.hook.step }}\n  condition: succeeded()\n",
    ] {
        steps_tell(steps, &[]);
    }
    let folder = Folder::new("");
    let head = "resources:\n  webhooks:\n  - webhook: hook\n    connection: IncomingWH\n";
    let jobs = "jobs:\n- job: a\n  strategy:\n    ${{ if parameters.hook.x }}:\n      matrix: {a: {x: 1}}\n    \
        ${{ if not(parameters.hook.x) }}:\n      parallel: 2\n    maxParallel: 2\n  steps:\n  - bash: x\n";
    folder.write("a.yml", &format!("{head}{jobs}"));
    assert_eq!(told(&folder.run(&["check", "a.yml", "--format", "json"])), [""; 0]);
}

#[test]
fn payload_text_in_the_environment_of_a_container_is_in_no_variable_that_programs_obey() {
    let folder = Folder::new("");
    let head = "resources:\n  webhooks:\n  - webhook: hook\n    connection: IncomingWH\n";
    let refused = |text: &str| {
        folder.write("a.yml", text);
        told(&folder.run(&["check", "a.yml", "--payload", "p.json", "--format", "json"]))
            .iter()
            .any(|line| line.starts_with("error tainted-structure"))
    };
    folder.write("p.json", "{\"t\": \"$(touch /tmp/x)\"}");
    for (name, is_refused) in [("BASH_ENV", true), ("LD_PRELOAD", true), ("TITLE", false)] {
        let env = format!("env: {{{name}: '${{{{ parameters.hook.t }}}}'}}");
        let inline = format!("{head}jobs:\n- job: a\n  container:\n    image: x\n    {env}\n  steps: []\n");
        assert_eq!(refused(&inline), is_refused, "{inline}");
        let named = format!(
            "{head}  containers:\n  - container: c\n    image: x\n    {env}\njobs:\n- job: a\n  container: c\n  steps: []\n"
        );
        assert_eq!(refused(&named), is_refused, "{named}");
    }
    // Of another machine nobody knows here whether it has containers.
    let image = "  containers:\n  - container: c\n    image: ${{ parameters.hook.t }}\njobs:\n- job: a\n  pool: elsewhere\n  container: c\n  steps: []\n";
    assert!(refused(&format!("{head}{image}")));
}

#[test]
fn payload_text_in_a_loop_that_decides_what_runs_is_told() {
    let loop_of = |body: &str| format!("- ${{{{ each one in parameters.hook.services }}}}:\n{body}");
    steps_tell(&loop_of("  - ${{ one.kind }}: x\n"), &["warning tainted-structure 10"]);
    steps_tell(&loop_of("  - bash: x\n    env: {'${{ one.key }}': x}\n"), &["warning tainted-structure 11"]);
    steps_tell(&loop_of("  - bash: x\n    ${{ one.key }}: x\n"), &["warning tainted-structure 11"]);
    steps_tell(
        &loop_of("  - bash: x\n    condition: and(suceeded(), eq('${{ one.ref }}', 'a'))\n"),
        &["warning unknown-function 11"],
    );
    steps_tell(
        &loop_of("  - bash: x\n    condition: and(succeeded(), ${{ one.ref }}(1))\n"),
        &["warning tainted-condition 11"],
    );
    steps_tell(&loop_of("  - bash: x\n    condition: eq('${{ one.ref }}', 'a')\n"), &[]);
}
