//! What deliveries will be rejected for, and what an expression can never read, told before any comes.

use super::told::told;
use crate::support::Folder;

/// Returns what `check` tells of a pipeline.
fn tells(text: &str, wanted: &[&str]) {
    let folder = Folder::new("");
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml", "--format", "json"]).json();
    assert_eq!(told(&checked), wanted, "{text}\n{checked:#}");
}

const HOOK: &str = "resources: {webhooks: [{webhook: h, connection: c}]}\n";

#[test]
fn a_format_that_a_payload_would_give_is_told_wherever_it_comes_from() {
    let steps = "steps:
- script: echo ${{ format(parameters.h.x, 'a') }}
- ${{ if eq(parameters.h.y, 'a') }}:
  - script: echo ${{ format(parameters.h.z, 'a') }}
- ${{ each x in parameters.h.list }}:
  - script: echo ${{ format(x.a, 'a') }}
- script: echo ${{ format('{0}', parameters.h.x) }}
";
    let told = [3, 5, 7].map(|line| format!("warning m.yml:{line} tainted-choice"));
    tells(&format!("{HOOK}{steps}"), &told.each_ref().map(String::as_str));
}

#[test]
fn a_condition_that_a_payload_would_give_is_told() {
    let jobs = "jobs:
- job: a
  condition: ${{ parameters.h.x }}
  steps:
  - script: echo
    condition: and(succeeded(), not(${{ parameters.h.x }}1))
- job: b
  condition: eq('${{ parameters.h.x }}', 'a')
  steps:
  - script: echo
    condition: eq(${{ parameters.h.x }}, 'a')
- job: c
  condition: ${{ eq(parameters.h.x, 'a') }}
  steps: []
";
    let told = [4, 7].map(|line| format!("warning m.yml:{line} tainted-condition"));
    tells(&format!("{HOOK}{jobs}"), &told.each_ref().map(String::as_str));
}

#[test]
fn an_alias_that_no_webhook_resource_has_is_a_mistake_with_the_one_that_was_meant() {
    let rest = "variables:
  a: ${{ resources.webhooks.hh.event }}
  b: ${{ resources.webhooks.h.evnt }}
  c: ${{ resources.webhooks.h.headers['x-y'] }}${{ resources.Webhooks.H.delivery }}
steps:
- ${{ if eq(resources.webhooks.other.event, 'x') }}:
  - script: echo
";
    let wanted = ["error m.yml:3 unknown-name", "error m.yml:4 unknown-name", "error m.yml:7 unknown-name"];
    tells(&format!("{HOOK}{rest}"), &wanted);
    let folder = Folder::new("");
    folder.write("m.yml", &format!("{HOOK}{rest}"));
    let text = folder.run(&["check", "m.yml"]).ended_with(1).stderr;
    assert!(text.contains("did you mean `h`?") && text.contains("did you mean `event`?"), "{text}");
    // A template does not know who names it.
    folder.write("t.yml", "parameters: {a: b}\nsteps:\n- script: echo ${{ resources.webhooks.any.event }}\n");
    folder.run(&["check", "t.yml"]).ended_with(0);
}

#[test]
fn an_alias_that_could_not_be_read_is_not_missed() {
    let text = "resources: {webhooks: [{webhok: h, connection: c}]}\nvariables: {a: '${{ resources.webhooks.h.event }}'}\nsteps: []\n";
    tells(text, &["error m.yml:1 unknown-key"]);
}

#[test]
fn what_is_read_by_nobody_is_of_its_type_too() {
    let text = "parameters: [{name: a, displayName: [x], default: b}]
resources: {webhooks: [{webhook: h, connection: c, type: [x]}]}
stages:
- stage: s
  templateContext: [x]
  jobs:
  - job: a
    templateContext: text
    steps: []
  - job: b
    templateContext: {any: [thing]}
    steps: []
";
    let told = [1, 2, 5, 8].map(|line| format!("error m.yml:{line} wrong-type"));
    tells(text, &told.each_ref().map(String::as_str));
}
