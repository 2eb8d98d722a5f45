//! Steps, jobs, stages and variables templates, and pipelines that extend others.

use super::world::World;

const STEPS: &str = "parameters:\n- name: what\n- {name: loud, type: boolean, default: false}\n\
    steps:\n- script: echo ${{ parameters.what }}\n- ${{ if parameters.loud }}:\n  - script: echo loud\n";

#[test]
fn a_steps_template_brings_its_steps() {
    let pipeline =
        "steps:\n- script: first\n- template: build.yml\n  parameters: {what: a, loud: true}\n- script: last\n";
    World::new(pipeline)
        .file("ci/build.yml", STEPS)
        .gives("steps: [{script: first}, {script: echo a}, {script: echo loud}, {script: last}]");
}

#[test]
fn jobs_stages_and_variables_templates_bring_theirs() {
    let pipeline = "variables:\n- name: a\n  value: 1\n- template: vars.yml\n  parameters: {n: 2}\n\
        - name: c\n  value: ${{ variables.b }}3\nstages:\n- template: stages.yml\n";
    World::new(pipeline)
        .file("ci/vars.yml", "parameters: {n: 0}\nvariables:\n  b: ${{ variables.a }}${{ parameters.n }}\n  x: y\n")
        .file("ci/stages.yml", "stages:\n- stage: S\n  jobs:\n  - template: jobs.yml\n    parameters: {name: J}\n")
        .file("ci/jobs.yml", "parameters:\n- name: name\njobs:\n- job: ${{ parameters.name }}\n  variables:\n  - template: own.yml\n  steps:\n  - template: steps.yml\n")
        .file("ci/own.yml", "variables:\n- {name: o, value: '${{ variables.c }}'}\n")
        .file("ci/steps.yml", "steps:\n- script: echo ${{ variables.c }} ${{ variables.o }}\n")
        .gives(
            "variables: [{name: a, value: 1}, {name: b, value: '12'}, {name: x, value: y}, {name: c, value: '123'}]\n\
             stages: [{stage: S, jobs: [{job: J, variables: [{name: o, value: '123'}], steps: [{script: echo 123 123}]}]}]",
        );
}

#[test]
fn a_pipeline_extends_another_and_that_one_a_third() {
    let pipeline = "name: n\nparameters:\n- {name: who, default: me}\npool: p\n\
        extends:\n  template: /base.yml\n  parameters:\n    steps:\n    - script: echo ${{ parameters.who }}\n";
    World::new(pipeline)
        .file("base.yml", "parameters:\n- {name: steps, type: stepList, default: []}\nvariables: {v: 1}\nextends:\n  template: core.yml\n  parameters: {more: '${{ parameters.steps }}'}\n")
        .file("core.yml", "parameters:\n- {name: more, type: stepList}\nstages:\n- stage: S\n  jobs:\n  - job: J\n    steps:\n    - script: before\n    - ${{ parameters.more }}\n")
        .gives(
            "name: n\nparameters: [{name: who, default: me}]\npool: p\nvariables: {v: 1}\n\
             stages: [{stage: S, jobs: [{job: J, steps: [{script: before}, {script: echo me}]}]}]",
        );
}

#[test]
fn extends_keeps_to_its_rules() {
    let base = "parameters: []\nsteps: []\nvariables: {v: 1}\n";
    World::new("extends: {template: b.yml}\nvariables: {w: 1}\n")
        .file("ci/b.yml", base)
        .fails("duplicate-key", "ci/main.yml:2:1");
    World::new("extends: {template: b.yml}\nsteps: []\n")
        .file("ci/b.yml", base)
        .fails("invalid-value", "ci/main.yml:2:1");
    let two = World::new("extends: {template: b.yml}\n").file("ci/b.yml", "steps: []\njobs: []\n");
    two.fails("invalid-value", "ci/b.yml:2:1");
    World::new("extends: {template: b.yml}\n")
        .file("ci/b.yml", "name: x\nsteps: []\n")
        .fails("unknown-key", "ci/b.yml:1:1");
    World::new("extends: {parameters: {}}\n").fails("missing-key", "ci/main.yml:1:10");
    World::new("extends: b.yml\n").fails("wrong-type", "ci/main.yml:1:10");
}

#[test]
fn a_template_file_holds_its_kind_and_nothing_else() {
    let pipeline = "steps:\n- template: t.yml\n";
    World::new(pipeline).file("ci/t.yml", "jobs: []\n").fails("unknown-key", "ci/t.yml:1:1");
    World::new(pipeline).file("ci/t.yml", "steps: []\nvariables: {}\n").fails("unknown-key", "ci/t.yml:2:1");
    World::new(pipeline).file("ci/t.yml", "parameters: []\n").fails("missing-key", "ci/t.yml:1:1");
    World::new(pipeline).file("ci/t.yml", "").fails("wrong-type", "ci/t.yml:1:1");
    World::new(pipeline).file("ci/t.yml", "- script: x\n").fails("wrong-type", "ci/t.yml:1:1");
    World::new(pipeline).file("ci/t.yml", "steps: x\n").fails("wrong-type", "ci/t.yml:1:8");
    World::new(pipeline).file("ci/t.yml", "steps: [\n").fails("yaml-syntax", "ci/t.yml:1:8");
    let report = World::new(pipeline).file("ci/t.yml", "stepps: []\n").fails("unknown-key", "ci/t.yml:1:1");
    assert!(report.contains("did you mean `steps`?"), "{report}");
    World::new(pipeline).file("ci/t.yml", "${{ if true }}:\n  steps: [{script: x}]\n").gives("steps: [{script: x}]");
}

#[test]
fn only_parameters_stand_beside_a_reference() {
    let t = |key: &str| World::new(&format!("steps:\n- template: t.yml\n  {key}\n")).file("ci/t.yml", "steps: []\n");
    let report = t("condition: always()").fails("unknown-key", "ci/main.yml:3:3");
    assert!(report.contains("put the reference into an `${{ if … }}:`"), "{report}");
    t("displayName: x").fails("unknown-key", "ci/main.yml:3:3");
    t("parameters: [a]").fails("wrong-type", "ci/main.yml:3:15");
    t("parameters:").gives("steps: []");
}

#[test]
fn mistakes_in_a_template_lead_back_to_the_pipeline() {
    let world = World::new("steps:\n- template: a.yml\n")
        .file("ci/a.yml", "steps:\n- script: ok\n- template: sub/b.yml\n")
        .file("ci/sub/b.yml", "steps:\n- script: ${{ nope.x }}\n");
    let report = world.fails("unknown-name", "ci/sub/b.yml:2:15");
    assert!(report.contains("= note: included from ci/a.yml:3\n"), "{report}");
    assert!(report.contains("= note: included from ci/main.yml:2\n"), "{report}");
}

#[test]
fn a_mistake_of_one_use_names_the_way_of_that_use() {
    let world =
        World::new("steps:\n- template: a.yml\n  parameters: {x: {k: 1}}\n- template: a.yml\n  parameters: {x: 5}\n")
            .file(
                "ci/a.yml",
                "parameters:\n- {name: x, type: object}\nsteps:\n- ${{ each p in parameters.x }}:\n  - script: echo\n",
            );
    let report = world.fails("wrong-type", "ci/a.yml:4:3");
    assert!(report.contains("= note: included from ci/main.yml:4\n"), "{report}");
    assert!(!report.contains("main.yml:2"), "{report}");
}

#[test]
fn a_mistake_in_what_was_passed_is_shown_where_it_was_written() {
    let world = World::new("jobs:\n- template: j.yml\n  parameters:\n    jobs:\n    - job: A\n      ${{ if true }}:\n        K: 1\n      k: 2\n")
        .file("ci/j.yml", "parameters:\n- {name: jobs, type: jobList}\njobs:\n- ${{ parameters.jobs }}\n");
    world.fails("duplicate-key", "ci/main.yml:8:7");
}

#[test]
fn a_template_without_an_end_is_told() {
    let endless = World::new("steps:\n- template: a.yml\n")
        .file("ci/a.yml", "steps:\n- template: b.yml\n")
        .file("ci/b.yml", "steps:\n- template: a.yml\n");
    let report = endless.fails("template-cycle", "ci/a.yml:2:13");
    assert!(report.contains("`ci/b.yml` -> `ci/a.yml` -> `ci/b.yml`"), "{report}");
    let conditional =
        "parameters:\n- {name: n, type: number, default: 0}\nsteps:\n- ${{ if true }}:\n  - template: a.yml\n";
    let report = World::new("steps:\n- template: a.yml\n")
        .file("ci/a.yml", conditional)
        .fails("template-cycle", "ci/a.yml:5:15");
    assert!(report.contains("more than 100 deep") && report.contains("`ci/a.yml` -> `ci/a.yml`"), "{report}");
}

#[test]
fn a_template_may_include_itself_as_long_as_a_condition_ends_it() {
    let countdown = "parameters:\n- {name: s}\nsteps:\n- script: echo ${{ parameters.s }}\n\
        - ${{ if ne(parameters.s, 'xxx') }}:\n  - template: a.yml\n    parameters: {s: 'x${{ parameters.s }}'}\n";
    World::new("steps:\n- template: a.yml\n  parameters: {s: x}\n")
        .file("ci/a.yml", countdown)
        .gives("steps: [{script: echo x}, {script: echo xx}, {script: echo xxx}]");
}

#[test]
fn variable_groups_become_variables_in_their_place() {
    let pipeline = "variables:\n- {name: a, value: 1}\n- group: Deploy\n- {name: c, value: '${{ variables.region }}'}\nsteps: []\n";
    World::new(pipeline)
        .group("deploy", &[("region", "west"), ("a", "2")], &[])
        .gives("variables: [{name: a, value: 1}, {name: region, value: west}, {name: a, value: '2'}, {name: c, value: west}]\nsteps: []");
    let json = World::new("variables:\n- group: deploy\nsteps: ${{ variables.token }}.\n")
        .group("deploy", &[("region", "west")], &["token"])
        .json();
    assert_eq!(json["variables"], super::world::read("[{group: deploy}, {name: region, value: west}]"));
    assert_eq!(json["steps"], ".", "a secret is not known");
}

#[test]
fn an_old_form_in_a_template_is_told_as_in_a_pipeline() {
    let root = World::new("jobs:\n- template: t.yml\n");
    let report = root.clone().file("ci/t.yml", "phases:\n- phase: a\n").fails("old-form", "ci/t.yml:1:1");
    assert!(report.contains("write `jobs`, and `job` in place of `phase`"), "{report}");
    let report = root.file("ci/t.yml", "jobs:\n- job: a\nqueue: q\n").fails("old-form", "ci/t.yml:3:1");
    assert!(report.contains("write `pool`"), "{report}");
    let extends = World::new("extends: {template: t.yml}\n");
    extends.file("ci/t.yml", "server: x\nsteps:\n- script: a\n").fails("old-form", "ci/t.yml:1:1");
}

#[test]
fn an_unknown_group_is_told() {
    let world = World::new("variables:\n- group: deplyo\nsteps: []\n").group("deploy", &[], &[]);
    let report = world.fails("unknown-group", "ci/main.yml:2:10");
    assert!(report.contains("did you mean `deploy`?"), "{report}");
}
