//! What is implemented wrongly most often (reference, section 11), as far as it is the language's,
//! through the real `render`.

use crate::support::{Folder, Output};
use serde_json::{Value, json};

fn rendered(files: &[(&str, &str)], arguments: &[&str]) -> Output {
    let folder = Folder::new("");
    for (name, text) in files {
        folder.write(name, text);
    }
    folder.run(&[&["render", "p.yml", "--format", "json"], arguments].concat())
}

#[track_caller]
fn variables(text: &str) -> Value {
    let text = format!("{text}steps:\n- script: x\n");
    rendered(&[("p.yml", &text)], &[]).ended_with(0).json()["variables"].clone()
}

#[track_caller]
fn refused(text: &str, code: &str) {
    let output = rendered(&[("p.yml", text)], &[]).ended_with(1);
    assert!(output.stderr.contains(&format!("error[{code}]")), "{output:?}");
}

#[test]
fn conversions_go_from_right_to_left_and_orders_fail_where_equality_is_false() {
    let found =
        variables("variables:\n  a: ${{ eq(true, 'no') }}\n  b: ${{ eq('no', true) }}\n  c: ${{ eq(1, 'x') }}\n");
    assert_eq!(found, json!({"a": true, "b": false, "c": false}));
    refused("variables:\n  a: ${{ lt(1, 'x') }}\nsteps:\n- script: x\n", "conversion");
}

#[test]
fn booleans_become_words_with_capitals_and_texts_are_true() {
    let text = "parameters:\n- {name: on, type: boolean, default: true}\nvariables:\n  a: x${{ parameters.on }}\n  \
                b: ${{ lower(parameters.on) }}\n  ${{ if 'false' }}:\n    c: held\n  ${{ if '0' }}:\n    d: held\n  ${{ if '' }}:\n    e: never\n";
    assert_eq!(variables(text), json!({"a": "xTrue", "b": "true", "c": "held", "d": "held"}));
}

#[test]
fn what_is_not_there_is_nothing_in_an_expression_and_stays_in_a_macro() {
    let found = variables("variables:\n  a: x${{ variables.none }}y\n  b: $(none)\n  c: $[ variables.none ]\n");
    assert_eq!(found, json!({"a": "xy", "b": "$(none)", "c": "$[ variables.none ]"}));
}

#[test]
fn a_branch_that_is_not_taken_may_name_anything_but_must_be_well_formed() {
    let dead = |inside: &str| format!("steps:\n- ${{{{ if false }}}}:\n  - script: ${{{{ {inside} }}}}\n- script: x\n");
    rendered(&[("p.yml", &dead("nobody(1)"))], &[]).ended_with(0);
    rendered(&[("p.yml", &dead("nobody.x"))], &[]).ended_with(0);
    refused(&dead("eq(1,"), "expression-syntax");
}

#[test]
fn an_object_in_text_rejects_the_run() {
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\nsteps:\n- script: echo ${{ parameters.hook.a }}\n";
    let files = [("p.yml", listening), ("payload.json", r#"{"a": {"b": 1}}"#)];
    let output = rendered(&files, &["--payload", "payload.json"]).ended_with(1);
    assert!(output.stderr.contains("error[not-a-string]") && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_name_with_a_hyphen_is_none_and_equal_names_differ_in_more_than_their_case() {
    refused("jobs:\n- job: a-b\n  steps:\n  - script: x\n", "invalid-value");
    refused("steps:\n- script: x\n  ${{ if true }}:\n    DisplayName: a\n  displayName: b\n", "duplicate-key");
    let found = variables("variables:\n  ${{ if false }}:\n    a: one\n  ${{ if true }}:\n    a: two\n");
    assert_eq!(found, json!({"a": "two"}));
}

#[test]
fn a_parameter_for_steps_sees_tasks_and_an_object_sees_what_was_written() {
    let of = |kind: &str| {
        let text = format!(
            "parameters:\n- {{name: s, type: {kind}}}\nsteps:\n- script: ${{{{ convertToJson(parameters.s) }}}}\n"
        );
        let root = "steps:\n- template: t.yml\n  parameters:\n    s:\n    - script: x\n      workingDirectory: y\n";
        let output = rendered(&[("p.yml", root), ("t.yml", &text)], &[]).ended_with(0).json();
        serde_json::from_str::<Value>(output["steps"][0]["script"].as_str().expect("text")).expect("it is JSON")
    };
    assert_eq!(of("object"), json!([{"script": "x", "workingDirectory": "y"}]));
    assert_eq!(of("stepList"), json!([{"task": "CmdLine@2", "inputs": {"script": "x", "workingDirectory": "y"}}]));
}

#[test]
fn one_character_more_makes_text_of_a_value() {
    let text = "parameters:\n- {name: n, type: number, default: 1.50}\n- {name: o, type: object, default: {a: [1]}}\n\
                variables:\n  whole: ${{ parameters.n }}\n  more: '${{ parameters.n }} '\n";
    assert_eq!(variables(text), json!({"whole": 1.5, "more": "1.5 "}));
    let whole = rendered(
        &[(
            "p.yml",
            "parameters:\n- {name: o, type: object, default: {A: b}}\nsteps:\n- script: x\n  env: ${{ parameters.o }}\n",
        )],
        &[],
    );
    assert_eq!(whole.ended_with(0).json()["steps"][0]["env"], json!({"A": "b"}));
}

#[test]
fn a_condition_of_ones_own_drops_nothing_that_was_written() {
    let text = "steps:\n- script: x\n  condition: eq('${{ variables.none }}', '')\n- script: y\n  condition: ${{ eq(1, 1) }}\n";
    let document = rendered(&[("p.yml", text)], &[]).ended_with(0).json();
    assert_eq!(document["steps"][0]["condition"], "eq('', '')");
    assert_eq!(document["steps"][1]["condition"], true);
}
