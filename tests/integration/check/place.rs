//! A mistake is told once, on its own line, with what to write instead.

use crate::support::Folder;
use serde_json::Value;

/// A pipeline, and for each report its severity, line, code and help, or the beginning of that.
type Row = (&'static str, &'static [(&'static str, u64, &'static str, &'static str)]);

const ROWS: [Row; 23] = [
    // Keys that belong into a mapping beside them.
    (
        "steps:\n- task: PythonScript@0\n  scriptPath: a.py\n- task: Bash@3\n  script: echo\n- script: echo\n  MY_KEY: x\n",
        &[
            ("error", 3, "unknown-key", "write it inside of `inputs`"),
            ("error", 5, "unknown-key", "write it inside of `inputs`"),
            ("error", 7, "unknown-key", "write it inside of `env`"),
        ],
    ),
    (
        "jobs:\n- job: a\n  vmImage: x\n  demands: git\n  maxParallel: 2\n  MY_KEY: x\n  steps: []\n",
        &[
            ("error", 3, "unknown-key", "write it inside of `pool`"),
            ("error", 4, "unknown-key", "write it inside of `pool`"),
            ("error", 5, "unknown-key", "write it inside of `strategy`"),
            ("error", 6, "unknown-key", "write it inside of `variables`"),
        ],
    ),
    // Directives that lack braces, and what continues them.
    (
        "steps:\n- ${ if eq(1, 1) }}:\n  - script: a\n- ${{ elseif eq(1, 2) }}:\n  - script: b\n- ${{ else }}:\n  - script: c\n",
        &[("error", 2, "expression-syntax", "write `${{ if eq(1, 1) }}:`")],
    ),
    (
        "steps:\n- ${ each x in split('a b', ' ') }}:\n  - script: echo ${{ x }}\n",
        &[("error", 2, "expression-syntax", "write `${{ each x in split('a b', ' ') }}:`")],
    ),
    (
        "steps:\n- ${{ each x in split('a b', ' ') }:\n  - script: echo ${{ x }}\n",
        &[("error", 2, "expression-syntax", "write `${{ each x in split('a b', ' ') }}:`")],
    ),
    (
        "steps:\n- {{ if eq(1, 1) }}:\n  - script: a\n- ${{ else }}:\n  - script: c\n",
        &[("error", 2, "wrong-type", "begin an expression with `$`: `${{ if eq(1, 1) }}`")],
    ),
    (
        "variables:\n  ${ if eq(1, 1) }}:\n    a: b\n  ${{ else }}:\n    a: c\nsteps: []\n",
        &[("error", 2, "expression-syntax", "write `${{ if eq(1, 1) }}:`")],
    ),
    // What a directive would bring that can't be read is not missing.
    (
        "jobs:\n- ${ each x in split('a b', ' ') }}:\n  - job: ${{ x }}\n- job: c\n  dependsOn: a\n",
        &[("error", 2, "expression-syntax", "write `${{ each x in split('a b', ' ') }}:`")],
    ),
    // Two mistakes beside each other are two.
    (
        "steps:\n- script: a\n  condtion: succeeded()\n  condition: alwys()\n",
        &[
            ("error", 3, "unknown-key", "did you mean `condition`?"),
            ("error", 4, "unknown-function", "did you mean `always`?"),
        ],
    ),
    // Tabs.
    (
        "steps:\n- script: a\n  displayName: x\n\tenv:\n    A: b\n",
        &[("error", 4, "yaml-syntax", "write blanks in place of")],
    ),
    ("jobs:\n- job: a\n  steps:\n \t - script: c\n", &[("error", 4, "yaml-syntax", "write blanks in place of")]),
    // Lines that leave a block of text.
    (
        "steps:\n- script: |\n    echo a\n  echo b\n    echo c\n  displayName: x\n",
        &[("error", 4, "yaml-syntax", "indent it by 4, as the lines of that text above it")],
    ),
    (
        "steps:\n- script: |\n    echo a\necho \"b: c\"\n    echo c\n  displayName: x\n",
        &[("error", 4, "yaml-syntax", "indent it by 4, as the lines of that text above it")],
    ),
    // Parts of texts of several lines.
    (
        "steps:\n- script: a\n  condition: |\n    and(\n      succeeded(),\n      alwys()\n    )\n",
        &[("error", 6, "unknown-function", "did you mean `always`?")],
    ),
    (
        "steps:\n- script: a\n  condition: >-\n    and(\n      succeeded(),\n      eq(variables.x, 'a')\n\n- script: b\n",
        &[("error", 6, "expression-syntax", "")],
    ),
    (
        "variables:\n  a: \"$[ and(true,\n    equ(1, 1)) ]\"\nsteps: []\n",
        &[("error", 3, "unknown-function", "did you mean `eq`?")],
    ),
    // Several words that are misspelt, one of them in a text of several lines.
    (
        "steps:\n- script: a\n  condition: |\n    or(\n      alwys()\n    )\n- script: b\n  condition: suceeded()\n",
        &[
            ("error", 5, "unknown-function", "did you mean `always`?"),
            ("error", 6, "argument-count", ""),
            ("error", 8, "unknown-function", "did you mean `succeeded`?"),
        ],
    ),
    // Types and defaults of parameters.
    (
        "parameters:\n- name: a\n  type: integer\n  default: 1\n- name: b\n  type: {type: string}\n  default: x\nsteps: []\n",
        &[("error", 3, "invalid-value", "did you mean `number`?"), ("error", 6, "wrong-type", "write `type: string`")],
    ),
    (
        "parameters:\n- name: a\n  type: string\n  default: Dev\n  values: [dev, prod]\n- name: b\n  type: stepList\n  \
            default: {script: a}\nsteps:\n- ${{ parameters.b }}\n",
        &[("error", 4, "invalid-value", "did you mean `dev`?"), ("error", 8, "invalid-value", "")],
    ),
    // What was meant as an expression has no value that could be wrong.
    (
        "parameters:\n- name: a\n  type: number\n  default: 1\njobs:\n- job: a\n  timeoutInMinutes: ${ parameters.a }}\n  steps: []\n",
        &[("error", 7, "expression-syntax", "begin the expression with `${{`")],
    ),
    // A key that is not known hides what would stand below it: that is no other depth.
    (
        "steps:\n- checkout: self\n  inputs:\n    ref: main\n  fetchDepth: x\n",
        &[("error", 3, "unknown-key", "the keys here are"), ("error", 5, "invalid-value", "")],
    ),
    // The name of a step stays known where its task is not.
    (
        "jobs:\n- job: a\n  steps:\n  - task: Bash@99\n    name: s\n- job: b\n  dependsOn: a\n  variables:\n    \
            v: $[ dependencies.a.outputs['s.x'] ]\n  steps: []\n",
        &[("error", 4, "unknown-task", "write `Bash@3`")],
    ),
    // Parameters of a pipeline in the form that only templates have.
    ("trigger: none\nparameters:\n  a: b\nsteps: []\n", &[("error", 3, "wrong-type", "write `- name: …`")]),
];

#[test]
fn a_mistake_is_told_once_on_its_own_line_with_what_to_write() {
    let folder = Folder::new("");
    for (text, expected) in ROWS {
        folder.write("p.yml", text);
        let found = folder.run(&["check", "p.yml", "--format", "json"]).json();
        let found: Vec<&Value> =
            found.as_array().expect("a list").iter().filter(|it| it["severity"] != "note").collect();
        let told = |it: &Value| format!("{} {} {} {}", it["severity"], it["place"]["line"], it["code"], it["help"]);
        let shown: Vec<String> = found.iter().map(|it| told(it)).collect();
        assert_eq!(found.len(), expected.len(), "{text}{shown:#?}");
        for (it, (severity, line, code, help)) in found.iter().zip(expected) {
            assert_eq!(
                (&it["severity"], &it["code"]),
                (&Value::from(*severity), &Value::from(*code)),
                "{text}{shown:#?}"
            );
            assert_eq!(it["place"]["line"].as_u64(), Some(*line), "{text}{shown:#?}");
            assert!(it["help"].as_str().unwrap_or_default().starts_with(help), "{text}{shown:#?}");
        }
    }
}

#[test]
fn a_matrix_of_too_many_legs_is_told_once() {
    let folder = Folder::new("");
    let legs: String = (0..1_100).map(|leg| format!("      l{leg}: {{A: '{leg}'}}\n")).collect();
    folder.write("p.yml", &format!("jobs:\n- job: a\n  strategy:\n    matrix:\n{legs}  steps: []\n"));
    let found = folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#}");
    assert!(found[0]["title"].as_str().is_some_and(|title| title.contains("256 are allowed")), "{found:#}");
}

const TEMPLATE: &str = "parameters:\n- name: name\n  type: string\n  default: x\n- name: cond\n  type: string\n  \
    default: succeeded()\nsteps:\n- script: echo hi\n  displayName: ${{ parameters.name }}\n  \
    condition: ${{ parameters.cond }}\n";

/// Returns the notes of the only report, and the places beside it as `line label`.
fn told(folder: &Folder, path: &str) -> (Vec<String>, Vec<String>) {
    let found = folder.run(&["check", path, "--format", "json"]).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#}");
    let list = |name: &str| found[0][name].as_array().cloned().unwrap_or_default();
    let place = |it: &Value| format!("{} {}", it["line"], it["label"].as_str().unwrap_or_default());
    let notes = list("notes").iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
    (notes, list("related").iter().map(place).collect())
}

#[test]
fn a_mistake_in_a_template_is_told_with_the_caller_that_brings_it() {
    let folder = Folder::new("");
    folder.write("t.yml", TEMPLATE);
    let caller = |value: &str| format!("- template: t.yml\n  parameters:\n    {value}\n");
    let right = caller("name: fine");
    folder.write("p.yml", &format!("steps:\n{right}{}{right}", caller("cond: alwys()")));
    assert_eq!(
        told(&folder, "p.yml"),
        (vec!["included from p.yml:5".to_owned()], vec!["7 the value comes from here".to_owned()])
    );
    let wrong = caller("cond: alwys()");
    folder.write("p.yml", &format!("steps:\n{right}{wrong}{wrong}{wrong}"));
    let (notes, places) = told(&folder, "p.yml");
    assert_eq!((notes, places.len()), (vec!["included from p.yml:5 and 2 other places".to_owned()], 1));
    folder.write(
        "between.yml",
        &format!("parameters:\n- name: c\n  type: string\nsteps:\n{right}{}", caller("cond: ${{ parameters.c }}")),
    );
    folder.write("p.yml", &format!("steps:\n{right}- template: between.yml\n  parameters:\n    c: alwys()\n"));
    let ways = ["included from between.yml:8", "included from p.yml:5"].map(str::to_owned);
    assert_eq!(told(&folder, "p.yml"), (ways.to_vec(), vec!["7 the value comes from here".to_owned()]));
}

#[test]
fn a_default_that_makes_a_mistake_is_named() {
    let folder = Folder::new("");
    folder.write("t.yml", TEMPLATE);
    let caller = "- template: t.yml\n  parameters:\n    cond: ${{ parameters.c }}\n";
    folder.write("p.yml", &format!("parameters:\n- name: c\n  type: string\n  default: alwys()\nsteps:\n{caller}"));
    let note = "a run without `--parameter` has this mistake: the defaults lead to it";
    let notes = [note, "included from p.yml:6"].map(str::to_owned);
    assert_eq!(told(&folder, "p.yml"), (notes.to_vec(), vec!["4 the value comes from here".to_owned()]));
}

#[test]
fn callers_of_several_pipelines_are_counted_together() {
    let folder = Folder::new("");
    folder.write("pipelines/templates/t.yml", &TEMPLATE.replace("displayName", "displyName"));
    for name in ["a", "b", "c"] {
        folder.write(&format!("pipelines/{name}.yml"), "steps:\n- template: templates/t.yml\n");
    }
    let (notes, _) = told(&folder, "pipelines");
    assert_eq!(notes, ["included from pipelines/a.yml:2 and 2 other places"]);
}

/// The commands that look at one run say what is wrong with its file as `check` does.
#[test]
fn a_line_at_a_wrong_depth_is_told_the_same_by_every_command() {
    let folder = Folder::new("");
    let text =
        "resources:\n  webhooks:\n  - webhook: w\n    connection: c\nsteps:\n- script: a\nenv:\n  A: b\n- script: c\n";
    let wrong_depth = "resources:\n  webhooks:\n  - webhook: w\n    connection: c\njobs:\n- job: a\n  steps:\n  - script: a\n\
        - script: b\n  displayName: ${{ parameters.w.x }}\n";
    folder.write("body.json", "{\"x\":\"1\"}");
    for text in [text, wrong_depth] {
        folder.write("p.yml", text);
        let checked = folder.run(&["check", "p.yml"]).ended_with(1).stderr;
        let (reports, _) = checked.split_once("checked 1").expect("a summary");
        for command in [
            &["check", "p.yml", "--payload", "body.json"][..],
            &["render", "p.yml", "--payload", "body.json"],
            &["run", "p.yml"],
        ] {
            let told = folder.run(command).ended_with(1).stderr;
            assert!(told.starts_with(reports.trim_end()), "{command:?}: {told}\n{checked}");
        }
    }
}
