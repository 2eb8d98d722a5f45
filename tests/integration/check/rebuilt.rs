//! A mistake in what a template takes apart and puts together again belongs to those who wrote it.

use super::told::told;
use crate::support::Folder;

/// A template that takes stages apart and puts them together again as they were.
pub(super) const REBUILDING: &str = "parameters:
- {name: stages, type: stageList}
stages:
- ${{ each stage in parameters.stages }}:
  - ${{ each pair in stage }}:
      ${{ if ne(pair.key, 'jobs') }}:
        ${{ pair.key }}: ${{ pair.value }}
    jobs:
    - ${{ each job in stage.jobs }}:
      - ${{ each pair in job }}:
          ${{ if ne(pair.key, 'steps') }}:
            ${{ pair.key }}: ${{ pair.value }}
        ${{ if job.steps }}:
          steps:
          - ${{ each step in job.steps }}:
            - ${{ each pair in step }}:
                ${{ pair.key }}: ${{ pair.value }}
";

const STAGES: &str = "extends:
  template: rebuilding.yml
  parameters:
    stages:
    - stage: A
      displayName: first
      variables: {v: one}
      jobs:
      - job: a1
        timeoutInMinutes: 5
        strategy: {matrix: {x: {y: '1'}}}
        steps:
        - script: echo
          name: s1
          condition: succeeded()
          env: {K: v}
        - task: CopyFiles@2
          inputs: {Contents: x, TargetFolder: y}
      - job: a2
        dependsOn: a1
        condition: eq(dependencies.a1.result, 'Succeeded')
        steps:
        - bash: ls
          workingDirectory: x
          enabled: true
    - stage: B
      dependsOn: A
      condition: succeeded('A')
      jobs:
      - deployment: d
        environment: prod
        strategy: {runOnce: {deploy: {steps: [{script: a}]}}}
";

/// A part of the stages that is written wrongly, and what is told at its line.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("stage: A\n      disp", "stag: A\n      disp", "error unknown-key"),
    ("displayName: first", "displayNam: first", "error unknown-key"),
    ("{v: one}", "[v]", "error wrong-type"),
    ("timeoutInMinutes: 5", "timeoutInMinutes: five", "error invalid-value"),
    ("matrix", "matrx", "error unknown-key"),
    ("script: echo", "scrpt: echo", "error unknown-key"),
    ("condition: succeeded()", "condition: suceeded()", "error unknown-function"),
    ("env: {K: v}", "env: [K]", "error wrong-type"),
    ("CopyFiles@2", "CopyFile@2", "error unknown-task"),
    ("dependencies.a1", "dependencies.aa", "error unknown-name"),
    ("'Succeeded')", "'Succeeded'", "error expression-syntax"),
    ("enabled: true", "enabled: maybe", "error invalid-value"),
    ("bash: ls", "bash: [ls]", "error wrong-type"),
    ("workingDirectory: x", "workingDirectory: {a: b}", "error wrong-type"),
    ("- job: a2", "- jb: a2", "error unknown-key"),
    ("dependsOn: A\n", "dependsOn: C\n", "error unknown-dependency"),
    ("succeeded('A')", "succeeded(", "error expression-syntax"),
    ("environment: prod", "enviroment: prod", "error unknown-key"),
    ("runOnce", "runOne", "error unknown-key"),
    ("deploy: {", "deplo: {", "error unknown-key"),
];

#[test]
fn each_mistake_in_rebuilt_stages_is_told_once_and_where_it_was_written() {
    let folder = Folder::new("");
    folder.write("rebuilding.yml", REBUILDING);
    for (right, wrong, wanted) in MISTAKES {
        assert_eq!(STAGES.matches(right).count(), 1, "{right}");
        let text = STAGES.replace(right, wrong);
        let line = 1 + STAGES.split_once(right).map_or(0, |(before, _)| before.matches('\n').count());
        folder.write("p.yml", &text);
        let (severity, code) = wanted.split_once(' ').expect("a severity and a code");
        let ending = if severity == "error" { 1 } else { 0 };
        let found = told(&folder.run(&["check", "p.yml", "--format", "json"]).ended_with(ending).json());
        assert_eq!(found, [format!("{severity} p.yml:{line} {code}")], "{wrong}");
        let rendered = folder.run(&["render", "p.yml"]).ended_with(ending).stderr;
        assert_eq!(rendered.matches(&format!("{severity}[{code}]")).count(), 1, "{wrong}: {rendered}");
        assert!(rendered.contains(&format!("--> p.yml:{line}:")), "{wrong}: {rendered}");
    }
}

#[test]
fn a_mistake_names_the_place_to_which_a_template_has_put_what_is_wrong() {
    let folder = Folder::new("");
    folder.write("rebuilding.yml", REBUILDING);
    folder.write("p.yml", &STAGES.replace("condition: succeeded()", "condition: eq(1,"));
    let checked = folder.run(&["check", "p.yml"]).ended_with(1).stderr;
    let place = " ::: rebuilding.yml:17:34\n   |\n17 |                 ${{ pair.key }}: ${{ pair.value }}\n";
    assert!(checked.contains(place) && checked.contains("put here by this expression"), "{checked}");
}
