//! What follows from a mistake is not told beside it: one mistake, one report, on the line of the mistake.

use crate::support::Folder;

/// Checks files, of which the first is the pipeline, and compares what is told, without notes, with the code and
/// the place `file:line` of the one mistake.
#[track_caller]
fn only(files: &[(&str, &str)], code: &str, place: &str) {
    let folder = Folder::new("");
    for (name, text) in files {
        folder.write(name, text);
    }
    let reports = folder.run(&["check", files[0].0, "--format", "json"]).json();
    let told: Vec<String> = reports
        .as_array()
        .expect("a list")
        .iter()
        .filter(|report| report["severity"] != "note")
        .map(|report| {
            let (place, word) = (&report["place"], |key: &str| report[key].as_str().unwrap_or_default().to_owned());
            format!("{} {}:{}", word("code"), place["file"].as_str().unwrap_or_default(), place["line"])
        })
        .collect();
    assert_eq!(told, [format!("{code} {place}")], "{}\n{reports:#}", files[0].1);
}

/// The same for one file.
#[track_caller]
fn alone(text: &str, code: &str, line: usize) {
    only(&[("a.yml", text)], code, &format!("a.yml:{line}"));
}

const LIST: &str = "parameters:\n- name: l\n  type: object\n  default: [{key: a, value: b}]\nsteps:\n";

#[test]
fn a_loop_that_can_t_be_read_may_have_named_anything() {
    for each in ["each v of parameters.l", "for v in parameters.l", "Each v in parameters.l", "if v in parameters.l"] {
        let body = "  - script: ${{ v.key }}\n    displayName: ${{ v.value }}\n";
        alone(&format!("{LIST}- ${{{{ {each} }}}}:\n{body}"), "directive", 6);
    }
}

#[test]
fn a_loop_below_which_nothing_stands_is_told_and_not_who_knows_its_name() {
    let body = "- script: ${{ v.key }}\n  displayName: ${{ v.value }}\n- script: ${{ v.key }}\n";
    alone(&format!("{LIST}- ${{{{ each v in parameters.l }}}}:\n{body}"), "directive", 6);
    alone("steps:\n- ${{ if eq(1, 1) }}:\n- script: x\n", "indentation", 3);
    let folder = Folder::new("");
    folder.write("a.yml", "steps:\n- ${{ if eq(1, 1) }}:\n- script: x\n");
    folder.run(&["render", "a.yml"]).ended_with(0);
}

#[test]
fn a_misspelt_name_of_a_loop_is_told_once() {
    let text = "parameters:\n- name: l\n  type: object\n  default: [{key: a, value: b}]\nvariables:\n\
                - ${{ each vv in parameters.l }}:\n  - name: ${{ v.key }}\n    value: ${{ vv.value }}\nsteps: []\n";
    alone(text, "unknown-name", 7);
}

#[test]
fn a_directive_without_its_colon_is_told_and_not_the_line_below() {
    for directive in ["${{ each v in parameters.l }}", "${{ if eq(1, 1) }}"] {
        alone(&format!("{LIST}- {directive}\n  - script: x\n"), "yaml-syntax", 6);
    }
    let text = "variables:\n  ${{ if eq(1, 1) }}\n    a: b\nsteps: []\n";
    alone(text, "yaml-syntax", 2);
}

#[test]
fn a_brace_too_few_is_the_only_mistake_of_its_place() {
    alone(
        "parameters:\n- name: l\n  type: stepList\n  default: []\nsteps:\n- ${ parameters.l }}\n",
        "expression-syntax",
        6,
    );
}

#[test]
fn a_step_with_a_bad_name_may_be_what_others_refer_to() {
    let text = "jobs:\n- job: gen\n  steps:\n  - bash: x\n    name: mt-rx\n- job: b\n  dependsOn: gen\n  variables:\n    \
                x: $[ dependencies.gen.outputs['mtrx.legs'] ]\n  steps: []\n";
    alone(text, "invalid-value", 5);
}

#[test]
fn steps_beside_an_extended_template_are_no_mistake_of_the_template() {
    let template = "stages:\n- stage: a\n  jobs:\n  - job: b\n    steps: []\n";
    only(
        &[("a.yml", "extends:\n  template: t.yml\nsteps:\n- script: x\n"), ("t.yml", template)],
        "invalid-value",
        "a.yml:3",
    );
}

#[test]
fn a_value_that_a_parameter_does_not_take_is_told_and_not_what_reads_it() {
    let template = "parameters:\n- name: flag\n  type: boolean\njobs:\n- job: a\n  \
                    condition: and(succeeded(), ${{ parameters.flag }})\n  steps: []\n";
    let text = "jobs:\n- template: t.yml\n  parameters:\n    flag: yess\n";
    only(&[("a.yml", text), ("t.yml", template)], "invalid-value", "a.yml:4");
    let text = "paameters:\n- name: run\n  type: boolean\n  default: true\njobs:\n- job: a\n  \
                condition: eq(${{ parameters.run }}, true)\n  steps: []\n";
    alone(text, "unknown-key", 1);
}

#[test]
fn what_stands_below_a_branch_without_its_dash_is_told_once() {
    for dashless in ["  script: x\n", "  -script: x\n"] {
        let text = format!(
            "steps:\n- ${{{{ if eq(1, 2) }}}}:\n  - script: y\n- ${{{{ elseif eq(1, 1) }}}}:\n{dashless}- ${{{{ else }}}}:\n  - script: z\n"
        );
        let folder = Folder::new("");
        folder.write("a.yml", &text);
        let reports = folder.run(&["check", "a.yml", "--format", "json"]).json();
        let told = reports.as_array().expect("a list").iter().filter(|report| report["severity"] != "note").count();
        assert!(told <= 1, "{text}\n{reports:#}");
    }
}

#[test]
fn a_line_that_stands_as_deep_as_the_key_above_is_told_once() {
    let text = "jobs:\n- job: a\n  strategy:\n  matrix:\n    x: {a: b}\n  steps: []\n";
    alone(text, "unknown-key", 4);
}

#[test]
fn a_misspelt_key_of_a_step_that_a_loop_takes_apart_is_told_once() {
    let template = "parameters:\n- name: s\n  type: stepList\nsteps:\n- ${{ each step in parameters.s }}:\n  \
                    - ${{ each pair in step }}:\n      ${{ pair.key }}: ${{ pair.value }}\n    displyName: x\n";
    let text = "steps:\n- template: t.yml\n  parameters:\n    s:\n    - script: a\n    - bash: b\n";
    only(&[("a.yml", text), ("t.yml", template)], "unknown-key", "t.yml:8");
}

#[test]
fn keys_and_items_that_became_part_of_a_text_are_told() {
    alone("steps:\n- bash: |\n    make\n    displayName: Make\n", "indentation", 4);
    alone("trigger:\n  branches:\n    include:\n    - main\n      - dev\nsteps: []\n", "indentation", 5);
}

#[test]
fn a_broken_configuration_is_told_and_not_what_it_would_define() {
    let folder = Folder::new("");
    folder.write("pipehook.yml", "variable-groups: {g: {s: {secret: x}}}\nrepositories: {sh: shared}\n");
    folder.write("shared/s.yml", "steps:\n- script: x\n");
    let text = "resources:\n  repositories:\n  - repository: sh\n    type: git\n    name: p/sh\nvariables:\n- group: g\n\
                steps:\n- template: s.yml@sh\n";
    folder.write("a.yml", text);
    let reports = folder.run(&["check", "a.yml", "--format", "json"]).ended_with(1).json();
    let reports = reports.as_array().expect("a list");
    let codes: Vec<&str> = reports.iter().filter_map(|report| report["code"].as_str()).collect();
    assert_eq!(codes, ["wrong-type"], "{reports:#?}");
    assert_eq!(reports[0]["place"]["file"], "pipehook.yml");
}

#[test]
fn a_template_that_is_named_in_two_ways_has_its_mistake_once() {
    let folder = Folder::new("");
    folder.write("shared/steps/d.yml", "steps:\n- script: x\n  dsplayName: y\n");
    folder.write("shared/a.yml", "steps:\n- template: steps/d.yml\n");
    folder.write("here/keep", "");
    let path = folder.path().join("shared");
    let path = path.to_str().expect("a path");
    let reports = folder.run(&["check", "here/../shared", path, "--format", "json"]).ended_with(1).json();
    assert_eq!(reports.as_array().expect("a list").len(), 1, "{reports:#}");
}

/// A line moved below a branch that is not taken hides what is wrong with it, which mends nothing.
#[test]
fn what_a_branch_would_hide_is_told_where_it_is() {
    let root = "jobs:\n- template: t.yml\n";
    let template = "parameters: {x: ''}\njobs:\n- job: b\n  steps:\n  - ${{ if ne(parameters.x, '') }}:\n    \
                    - script: a\n  - ${{ if eq(parameters.x, '') }}:\n    - bash: a\n      foo: b\n";
    only(&[("a.yml", root), ("t.yml", template)], "unknown-key", "t.yml:9");
    let plain = "parameters: {x: ''}\njobs:\n- job: b\n  steps:\n  - ${{ if ne(parameters.x, '') }}:\n    \
                 - script: a\n  - bash: a\n    foo: b\n";
    only(&[("a.yml", root), ("t.yml", plain)], "unknown-key", "t.yml:8");
    let keys = "parameters: {name: '', timeout: '', pool: ''}\njobs:\n- job: b\n  \
                ${{ if ne(parameters.timeout, '') }}:\n    timeoutInMinutes: ${{ parameters.timeout }}\n  \
                ${{ if ne(parameters.pool, '') }}:\n    pool: ${{ parameters.pool }}\n  steps: [{bash: a}]\n";
    let root = "jobs:\n- template: t.yml\n  parameters: {pool: [{a: b}]}\n";
    only(&[("a.yml", root), ("t.yml", keys)], "wrong-type", "t.yml:7");
}

#[test]
fn legs_that_come_to_one_name_are_told_once() {
    for legs in ["{x y: {q: 1}, Job1: {q: 2}}", "{a-1: {v: 1}, job1: {v: 2}}", "{Job2: {v: 1}, py-3.9: {v: 2}}"] {
        let folder = Folder::new("");
        folder.write("a.yml", &format!("jobs:\n- job: m\n  strategy: {{matrix: {legs}}}\n  steps: [{{bash: x}}]\n"));
        let told = folder.run(&["check", "a.yml"]).ended_with(1).stderr;
        assert_eq!(told.matches("error[").count(), 1, "{told}");
        assert!(told.contains("error[duplicate-name]: two legs are called `"), "{told}");
    }
}
