//! One mistake is one report: what follows from it is not told beside it.

use super::rebuilt::REBUILDING;
use super::told::told;
use crate::support::Folder;

/// Files that the pipelines name.
const FILES: &[(&str, &str)] = &[
    ("t.yml", "parameters:\n- {name: version}\nsteps:\n- script: echo ${{ parameters.version }}\n"),
    ("e.yml", "parameters:\n- {name: version, default: a}\nsteps:\n- script: echo\n"),
    ("s.yml", "parameters:\n- {name: stages, type: stageList}\nstages:\n- ${{ parameters.stages }}\n"),
    ("n.yml", "parameters:\n- nam: version\nsteps:\n- script: echo ${{ parameters.version }}\n"),
    ("p.yml", "steps:\n- pwsh: echo\n  nam: x\n"),
];

/// A pipeline with one mistake, and what is told.
const MISTAKES: &[(&str, &str)] = &[
    // The word of a directive.
    (
        "parameters: [{name: x, default: a}]\nsteps:\n- ${{ fi eq(parameters.x, 'a') }}:\n  - script: echo\n- ${{ else }}:\n  - script: echo\n",
        "error m.yml:3 directive",
    ),
    (
        "parameters: [{name: x, default: a}]\nsteps:\n- ${{ if eq(parameters.x, 'a') }}:\n  - script: echo\n- ${{ elif eq(parameters.x, 'b') }}:\n  - script: echo\n- ${{ else }}:\n  - script: echo\n",
        "error m.yml:5 directive",
    ),
    (
        "parameters: [{name: x, default: a}]\nsteps:\n- ${{ if eq(parameters.x, 'a') }}:\n  - script: echo\n- ${{ esle }}:\n  - script: echo\n",
        "error m.yml:5 directive",
    ),
    (
        "parameters: [{name: x, type: object, default: [a]}]\nsteps:\n- ${{ eahc y in parameters.x }}:\n  - script: echo ${{ y }}\n",
        "error m.yml:3 directive",
    ),
    (
        "parameters: [{name: x, type: object, default: {a: b}}]\nsteps:\n- script: echo\n  env:\n    ${{ inser }}: ${{ parameters.x }}\n",
        "error m.yml:5 directive",
    ),
    ("steps:\n- template: t.yml\n  paramters: {version: a}\n", "error m.yml:3 unknown-key"),
    ("steps:\n- template: t.yml\n  parameters: {vrsion: a}\n", "error m.yml:3 unknown-parameter"),
    ("trigerr: none\nextends: {template: e.yml}\n", "error m.yml:1 unknown-key"),
    ("extends: {tempalte: e.yml}\n", "error m.yml:1 unknown-key"),
    ("extends: {template: e.yml}\njobs: [{job: a, steps: []}]\n", "error m.yml:2 invalid-value"),
    (
        "jobs:\n- job: a\n  steps: []\n- job: b\n  dependsOn: aa\n  condition: eq(dependencies.a.result, 'x')\n  steps: []\n",
        "error m.yml:5 unknown-dependency",
    ),
    (
        "jobs:\n- job: a\n  steps: []\n- job: b\n  dependsOn: [B1]\n  variables: {x: \"$[dependencies.a.result]\"}\n  steps: []\n",
        "error m.yml:5 unknown-dependency",
    ),
    (
        "jobs:\n- job: a\n  steps:\n  - {bash: x, nam: s1}\n- job: b\n  dependsOn: a\n  condition: eq(dependencies.a.outputs['s1.v'], 'x')\n  steps: []\n",
        "error m.yml:4 unknown-key",
    ),
    ("jobs:\n- job: a\n  steps: []\n- job: a\n  dependsOn: a\n  steps: []\n", "error m.yml:4 duplicate-name"),
    ("steps:\n- task: CopyFiles@2\n  input: {Contents: x, TargetFolder: y}\n", "error m.yml:3 unknown-key"),
    ("steps:\n- task: CopyFiles@2\n  inputs:\n    Contents: x\n    TargtFolder: y\n", "error m.yml:5 unknown-input"),
    (
        "resources:\n  webhooks:\n  - webhook: h\n    connection: c\n    filters:\n    - {pth: a, value: b}\nsteps: []\n",
        "error m.yml:6 unknown-key",
    ),
    (
        "parameters: [{name: l, type: object, default: []}]\nsteps:\n- ${{ each x in parameters.l }:\n  - script: ${{ x.a }}\n",
        "error m.yml:3 expression-syntax",
    ),
    (
        "paramters: [{name: a, default: b}]\nsteps:\n- script: ${{ parameters.a }}\n- script: x${{ parameters.a }}\n",
        "error m.yml:1 unknown-key",
    ),
    (
        "resources: {repositories: [{repository: r, type: git, name: x, ref: '${{ variables.x }}'}]}\nsteps:\n- template: a.yml@r\n",
        "error m.yml:3 unsupported",
    ),
    (
        "extends:\n  template: s.yml\n  parameters:\n    stages:\n    - stage: A\n      jobs:\n      - template: none.yml\n",
        "error m.yml:7 unknown-template",
    ),
    ("stages:\n- stage: A\n  jobs:\n  - ${{ if true }}:\n    - template: none.yml\n", "error m.yml:5 unknown-template"),
    (
        "parameters: [{name: l, tpye: object, default: [a]}]\nsteps: [{script: 'echo ${{ join(1, parameters.l) }}'}]\n",
        "error m.yml:1 unknown-key",
    ),
    ("parameters: [{name: l, deafult: a}]\nsteps: []\n", "error m.yml:1 unknown-key"),
    ("steps:\n- task: CopyFiles@2\n  inputs:\n    TargetFolder: {a: b}\n", "error m.yml:4 wrong-type"),
    (
        "variables:\n  ${{ if true }:\n    a: b\n  ${{ else }}:\n    a: c\nsteps: []\n",
        "error m.yml:2 expression-syntax",
    ),
    ("steps:\n- ${{ if true }:\n  - script: a\n- ${{ else }}:\n  - script: b\n", "error m.yml:2 expression-syntax"),
    ("variables:\n  a: b\n  <<: {x: y}\nsteps: []\n", "error m.yml:3 yaml-anchor"),
    ("steps:\n- <<: *step\n  name: a\n", "error m.yml:2 yaml-anchor"),
    (
        "steps:\n- task: CopyFiles@2\n  inputs:\n    Contents: **/*.cs\n    TargetFolder: x\n",
        "error m.yml:4 yaml-anchor",
    ),
    (
        "paramters: [{name: a, default: b}]\njobs:\n- ${{ if eq(parameters.a, 'b') }}:\n  - job: a\n    steps: []\n",
        "error m.yml:1 unknown-key",
    ),
    ("parameters: [{nam: a}]\nsteps:\n- script: ${{ parameters.a }}\n", "error m.yml:1 unknown-key"),
    ("steps:\n- template: n.yml\n  parameters: {version: a}\n", "error n.yml:2 unknown-key"),
    (
        "jobs:\n- job: a-b\n  steps: []\n- job: c\n  dependsOn: a-b\n  condition: eq(dependencies['a-b'].result, 'x')\n  steps: []\n",
        "error m.yml:2 invalid-value",
    ),
    (
        "stages:\n- stage: [a]\n  jobs: [{job: a, steps: []}]\n- stage: b\n  dependsOn: a\n  jobs: [{job: b, steps: []}]\n",
        "error m.yml:2 wrong-type",
    ),
    (
        "jobs:\n- job: a\n  setps:\n  - {bash: x, name: s}\n- job: b\n  dependsOn: a\n  condition: eq(dependencies.a.outputs['s.v'], 'x')\n  steps: []\n",
        "error m.yml:3 unknown-key",
    ),
    (
        "jobs:\n- job: a\n  steps: []\n- job: b\n  depnedsOn: a\n  condition: eq(dependencies.a.result, 'x')\n  steps: []\n",
        "error m.yml:5 unknown-key",
    ),
    ("jobs:\n- job: a\n  strategy: {martix: {x: {y: z}}, maxParallel: 1}\n  steps: []\n", "error m.yml:3 unknown-key"),
    ("stages:\n- stage: a\njobs:\n- job: a\n  steps: []\n", "error m.yml:3 invalid-value"),
    (
        "resources:\n  webhooks:\n  - webhok: h\n    connection: c\nsteps:\n- script: echo\n  displayName: ${{ parameters.h.a }}\n",
        "error m.yml:3 unknown-key",
    ),
    (
        "resources:\n  repositories:\n  - reposiory: lib\n    type: git\n    name: x\nsteps:\n- template: t.yml@lib\n- checkout: lib\n",
        "error m.yml:3 unknown-key",
    ),
    (
        "resources:\n  containers:\n  - container: c\n    imge: x\njobs:\n- job: a\n  container: c\n  steps: []\n",
        "error m.yml:4 unknown-key",
    ),
    ("jobs:\n- job: a\n  condition: always()\n condition: failed()\n  steps: []\n", "error m.yml:4 yaml-syntax"),
    (
        "jobs:\n- job: a\n  steps: [{template: p.yml}]\n- job: b\n  steps: [{template: p.yml}]\n",
        "error p.yml:3 unknown-key",
    ),
];

#[test]
fn what_follows_from_a_mistake_is_not_told() {
    let folder = Folder::new("");
    for (name, text) in FILES {
        folder.write(name, text);
    }
    for (text, wanted) in MISTAKES {
        folder.write("m.yml", text);
        let checked = folder.run(&["check", "m.yml", "--format", "json"]).json();
        let errors: Vec<_> = told(&checked).into_iter().filter(|it| !it.0.contains("missing-program")).collect();
        assert_eq!(errors, [*wanted], "{text}\n{checked:#}");
        let rendered = folder.run(&["render", "m.yml"]).ended_with(1).stderr;
        let others = rendered.matches("error[missing-program]").count();
        assert_eq!(rendered.matches("error[").count() - others, 1, "{text}\n{rendered}");
        assert!(others <= 1, "{rendered}");
    }
}

#[test]
fn no_run_comes_to_a_branch_that_no_turn_of_a_loop_takes() {
    let folder = Folder::new("");
    let template = "parameters:
- {name: jobs, type: jobList}
jobs:
- ${{ each job in parameters.jobs }}:
  - deployment: ${{ job.deployment }}
    environment: e
    strategy:
      runOnce:
        ${{ each hook in job.strategy.runOnce }}:
          ${{ if in(hook.key, 'preDeploy', 'deploy') }}:
            ${{ hook.key }}:
              steps:
              - script: echo before
              - ${{ hook.value.steps }}
          ${{ else }}:
            ${{ hook.key }}: ${{ hook.value }}
";
    folder.write("wrapping.yml", template);
    let text = "extends:
  template: wrapping.yml
  parameters:
    jobs:
    - deployment: d
      environment: e
      strategy:
        runOnce:
          deploy: {steps: [{script: a}]}
          on: {failure: {steps: [{script: b}]}}
";
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml", "--format", "json"]).ended_with(0).json();
    assert_eq!(told(&checked), [""; 0], "{checked:#}");
}

#[test]
fn what_is_constant_in_an_expression_of_a_run_is_evaluated_before_it() {
    let folder = Folder::new("");
    let text = "jobs:
- job: a
  condition: lt(1, 'b')
  variables:
    t: $[format('{0:T}', pipeline.startTime)]
    u: $[gt(pipeline.startTime, 'nonsense')]
    v: $[or(eq(variables.x, 'y'), lt(1, 'b'))]
    w: $[format('{0:yyyyMMdd}', pipeline.startTime)]
    x: $[eq(lt(1, 'b'), variables.x)]
    y: $[gt(pipeline.startTime, '2026-01-02')]
    z: $[counter('a', 1)]
  steps: []
";
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml", "--format", "json"]).ended_with(1).json();
    let wanted = [
        "error m.yml:3 conversion",
        "error m.yml:5 invalid-value",
        "error m.yml:6 conversion",
        "error m.yml:9 conversion",
    ];
    assert_eq!(told(&checked), wanted, "{checked:#}");
}

#[test]
fn a_payload_that_names_a_template_is_told_before_a_delivery() {
    let folder = Folder::new("");
    let text = "resources: {webhooks: [{webhook: h, connection: c}]}
steps:
- template: ${{ parameters.h.x }}.yml
";
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml", "--format", "json"]).json();
    assert_eq!(told(&checked), ["warning m.yml:3 tainted-structure"], "{checked:#}");
}

/// Sixty stages of five jobs of six steps, rebuilt by one template after the other.
#[test]
fn what_templates_pass_each_other_does_not_count_for_what_stays() {
    let folder = Folder::new("");
    let job = |job| {
        format!("      - job: j{job}\n        steps:\n{}", "        - {script: echo, displayName: d}\n".repeat(6))
    };
    let stage = |stage| format!("    - stage: s{stage}\n      jobs:\n{}", (0..5).map(job).collect::<String>());
    let stages = (0..60).map(stage).collect::<String>();
    folder.write("m.yml", &format!("extends:\n  template: t1.yml\n  parameters:\n    stages:\n{stages}"));
    const TEMPLATES: usize = 16;
    for number in 1..=TEMPLATES {
        let (head, indentation) = match number {
            TEMPLATES => ("stages:".to_owned(), ""),
            _ => (format!("extends:\n  template: t{}.yml\n  parameters:\n    stages:", number + 1), "    "),
        };
        let (_, body) = REBUILDING.split_once("\nstages:\n").expect("it has stages");
        let body: String = body.lines().map(|line| format!("{indentation}{line}\n")).collect();
        let declared = "parameters:\n- {name: stages, type: stageList}\n";
        folder.write(&format!("t{number}.yml"), &format!("{declared}{head}\n{body}"));
    }
    let rendered = folder.run(&["render", "m.yml"]).ended_with(0).stdout;
    assert_eq!(rendered.matches("script: echo").count(), 60 * 5 * 6);
}

#[test]
fn a_directive_that_is_nearly_one_is_told_with_the_word_that_was_meant() {
    let folder = Folder::new("");
    for (written, meant) in [("fi true", "if"), ("elif true", "elseif"), ("eahc x in split('a', ',')", "each")] {
        folder.write("m.yml", &format!("steps:\n- ${{{{ {written} }}}}:\n  - script: echo\n"));
        let told = folder.run(&["check", "m.yml"]).ended_with(1).stderr;
        assert!(told.contains(&format!("did you mean `{meant}`?")), "{told}");
    }
    // The name of a loop's value is one, whatever it is like.
    folder.write(
        "m.yml",
        "steps:\n- script: echo\n  env:\n    ${{ each esle in split('a', ',') }}:\n      ${{ esle }}: x\n",
    );
    folder.run(&["check", "m.yml"]).ended_with(0);
}

#[test]
fn a_key_in_another_case_is_told_as_that_though_a_moved_line_would_hide_it() {
    let folder = Folder::new("");
    for key in ["runonce", "runOnec"] {
        folder.write(
            "templates/f.yml",
            &format!(
                "parameters: [{{name: approve, type: boolean}}]\njobs:\n- ${{{{ if parameters.approve }}}}:\n  - job: Approve\n    steps: []\n- deployment: Web\n  environment: web\n  strategy:\n    {key}:\n      deploy:\n        steps:\n        - script: echo\n"
            ),
        );
        for path in [".", "templates/f.yml"] {
            let found = told(&folder.run(&["check", path, "--format", "json"]).ended_with(1).json());
            assert_eq!(found, ["error f.yml:9 unknown-key"], "{key} {path}");
        }
    }
}
