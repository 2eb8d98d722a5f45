//! A mistake that every run has is an error before any of them, whatever else a run may be started with.

use super::told::{Told, told};
use crate::support::Folder;

const LISTENING: &str = "resources: {webhooks: [{webhook: h, connection: load}]}\n";

/// Returns what `check` tells of a pipeline.
fn checked(text: &str) -> Vec<Told> {
    let folder = Folder::new("connections: {load: {auth: none}}\n");
    folder.write("pipelines/p.yml", text);
    let ending = if text.contains("no mistake") { 0 } else { 1 };
    told(&folder.run(&["check", "pipelines/p.yml", "--format", "json"]).ended_with(ending).json())
}

#[test]
fn a_delivery_takes_the_defaults_of_parameters_so_that_mistakes_of_theirs_are_errors() {
    let body = "parameters: [{name: e, default: prod}]
jobs:
- job: \"a-${{ parameters.e }}\"
  dependsOn: \"b_${{ parameters.e }}\"
  timeoutInMinutes: \"${{ parameters.e }}\"
  steps:
  - script: \"${{ lt(1, 'x') }}\"
  - ${{ if parameters.h.x }}:
    - script: echo
";
    let found = checked(&format!("{LISTENING}{body}"));
    let wanted = [
        "error p.yml:4 invalid-value",
        "error p.yml:5 unknown-dependency",
        "error p.yml:6 invalid-value",
        "error p.yml:8 conversion",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_loop_through_a_text_is_wrong_whoever_starts_the_run_and_whatever_they_give() {
    for beginning in [LISTENING, "parameters: [{name: other, default: a}]\n", ""] {
        let found = checked(&format!("{beginning}steps:\n- ${{{{ each x in 'abc' }}}}:\n  - script: echo\n"));
        let line = 2 + beginning.lines().count();
        assert_eq!(found, [format!("error p.yml:{line} wrong-type")], "{beginning}");
    }
}

#[test]
fn loops_over_defaults_that_make_too_much_are_told_before_a_delivery() {
    let list = (0..50).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!(
        "{LISTENING}parameters: [{{name: l, type: object, default: [{list}]}}]
steps:
- ${{{{ each a in parameters.l }}}}:
  - ${{{{ each b in parameters.l }}}}:
    - ${{{{ each c in parameters.l }}}}:
      - script: echo
"
    );
    assert_eq!(checked(&text), ["error p.yml:7 expansion-limit"]);
}

#[test]
fn only_what_reads_a_parameter_depends_on_it() {
    let text = "parameters:
- {name: e, default: five}
- {name: list, type: object, default: [{minutes: soon}]}
variables: {minutes: '${{ parameters.e }}', own: later}
steps:
- script: echo
  timeoutInMinutes: ${{ variables.own }}
- script: echo
  timeoutInMinutes: ${{ variables.minutes }}
- ${{ each it in parameters.list }}:
  - script: echo
    timeoutInMinutes: ${{ it.minutes }}
- ${{ each it in split('a', ' ') }}:
  - script: echo
    timeoutInMinutes: ${{ it }}
";
    let wanted = [
        "warning p.yml:3 invalid-value",
        "error p.yml:7 invalid-value",
        "warning p.yml:9 invalid-value",
        "error p.yml:15 invalid-value",
    ];
    assert_eq!(checked(text), wanted);
}

#[test]
fn what_a_payload_or_a_given_variable_may_bring_is_no_mistake_of_every_run() {
    let body = "# no mistake
parameters: [{name: e, default: ''}]
jobs:
- ${{ each name in parameters.h.names }}:
  - job: ${{ name }}
    steps: []
- job: b
  dependsOn: a
  steps:
  - script: echo
    ${{ if variables.given }}:
      name: ${{ variables.given }}
  - ${{ if eq(variables.given, '') }}:
    - script: echo ${{ parameters.e }}
";
    assert!(checked(&format!("{LISTENING}{body}")).iter().all(|it| it.0.starts_with("warning")));
}

#[test]
fn a_constant_mistake_of_a_template_is_one_whoever_uses_it() {
    let folder = Folder::new("");
    let text = "parameters: [{name: e}]\nsteps:\n- ${{ each x in 'abc' }}:\n  - script: ${{ parameters.e }}\n";
    folder.write("templates/t.yml", text);
    let found = told(&folder.run(&["check", "templates/t.yml", "--format", "json"]).ended_with(1).json());
    assert_eq!(found, ["error t.yml:3 wrong-type"]);
}

#[test]
fn a_mistake_of_one_expression_does_not_hide_that_of_another() {
    let text = "steps:\n- ${{ each x in 'str' }}:\n  - script: a\n- script: ${{ nope }}\n";
    assert_eq!(checked(text), ["error p.yml:2 wrong-type", "error p.yml:4 unknown-name"]);
}

#[test]
fn a_misspelt_parameter_does_not_hide_what_a_payload_does() {
    let folder = Folder::new("connections: {load: {auth: none}}\n");
    let text = format!(
        "{LISTENING}steps:
- script: echo ${{{{ parameters.ghh }}}}
- script: echo ${{{{ parameters.h.o }}}}
- script: echo
  timeoutInMinutes: ${{{{ parameters.h.s }}}}
- ${{{{ each x in parameters.h.s }}}}:
  - script: echo
- script: echo
  timeoutInMinutes: 1${{{{ parameters.ghh }}}}x
"
    );
    folder.write("pipelines/p.yml", &text);
    folder.write("payload.json", r#"{"o": {"k": 1}, "s": "soon"}"#);
    let arguments = ["check", "pipelines/p.yml", "--payload", "payload.json", "--format", "json"];
    let found = folder.run(&arguments).ended_with(1).json();
    let wanted = [
        "error p.yml:3 unknown-name",
        "error p.yml:4 not-a-string",
        "error p.yml:6 tainted-structure",
        "error p.yml:7 wrong-type",
        "error p.yml:10 unknown-name",
    ];
    assert_eq!(told(&found["reports"]), wanted);
    let rendered = folder.run(&["render", "pipelines/p.yml", "--payload", "payload.json"]).ended_with(1).stderr;
    assert_eq!(rendered.matches("error[").count(), wanted.len(), "{rendered}");
    assert!(rendered.contains("the value came from the payload, at `s`"), "{rendered}");
}

#[test]
fn an_object_that_is_passed_whole_may_bring_what_is_needed() {
    let folder = Folder::new("");
    folder.write("i.yml", "parameters: [{name: n}]\nsteps:\n- script: echo ${{ parameters.n }}\n");
    folder.write("v.yml", "parameters: [{name: n}]\nvariables: {v: \"${{ parameters.n }}\"}\n");
    let tells = |(beginning, text): (&str, &str), ending, wanted: &[&str]| {
        folder.write("m.yml", &format!("parameters: [{{name: o, type: object{beginning}}}]\n{text}"));
        let found = told(&folder.run(&["check", "m.yml", "--format", "json"]).ended_with(ending).json());
        assert_eq!(found, wanted, "{text}");
    };
    let (named, of_task) = (", default: {n: a}", ", default: {contents: a, targetFolder: b}");
    for (default, text) in [
        (named, "steps:\n- template: i.yml\n  parameters: ${{ parameters.o }}\n"),
        (named, "extends:\n  template: i.yml\n  parameters: ${{ parameters.o }}\n"),
        (named, "variables:\n- template: v.yml\n  parameters: ${{ parameters.o }}\nsteps: []\n"),
        (of_task, "steps:\n- task: CopyFiles@2\n  inputs: ${{ parameters.o }}\n"),
    ] {
        tells((default, text), 0, &[]);
        tells(("", text), 0, &[]);
    }
    // Another mistake brings none of this.
    let text = "steps:\n- template: i.yml\n  parameters: ${{ parameters.o }}\n- script: echo\n  condition: alwys()\n";
    tells((", default: {n: a}", text), 1, &["error m.yml:6 unknown-function"]);
    for command in ["render", "run"] {
        let refused = folder.run(&[command, "m.yml"]).ended_with(1).stderr;
        assert!(refused.contains("alwys") && !refused.contains("wrong-type"), "{refused}");
    }
    // What is no mapping in any run is told.
    tells((", default: {n: a}", "steps:\n- template: i.yml\n  parameters: [a]\n"), 1, &["error m.yml:4 wrong-type"]);
}
