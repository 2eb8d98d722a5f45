//! What is wrong whatever values come: the form of a list, a mapping or a text with expressions in it, the letters
//! that an author wrote around them, and names that they never come to be.

use super::told::told;
use crate::support::Folder;

const HOOK: &str = "resources: {webhooks: [{webhook: h, connection: c}]}\n";
const NEEDED: &str = "parameters: [{name: p, type: string}]\n";
const GIVEN: &str = "parameters: [{name: p, type: string, default: q}]\n";

/// Returns what `check` tells of a pipeline.
#[track_caller]
fn tells(text: &str, wanted: &[&str]) {
    let folder = Folder::new("");
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml", "--format", "json"]).json();
    assert_eq!(told(&checked), wanted, "{text}\n{checked:#}");
}

/// Steps, jobs and variables with a value `@` in a place of the wrong form, and the line of it, counted from 1.
const WRONG_FORMS: [(&str, usize); 6] = [
    ("steps:\n- script: x\n  env: [\"@\"]\n", 3),
    ("steps:\n- script: x\n  env: a-@\n", 3),
    ("variables:\n- name: z\n  value: {a: \"@\"}\nsteps: []\n", 3),
    ("steps:\n- script: x\n  displayName: [a, \"@\"]\n", 3),
    ("pool: ['@']\nsteps: []\n", 1),
    ("steps:\n- - displayName: \"@\"\n", 2),
];

#[test]
fn a_list_is_a_list_and_a_mapping_a_mapping_whatever_their_items_come_to_be() {
    for (body, line) in WRONG_FORMS {
        let wanted = format!("error m.yml:{} wrong-type", line + 1);
        tells(&format!("{HOOK}{}", body.replace('@', "${{ parameters.h.a }}")), &[&wanted]);
        for head in [NEEDED, GIVEN] {
            tells(&format!("{head}{}", body.replace('@', "${{ parameters.p }}")), &[&wanted]);
        }
        tells(&format!("{HOOK}{}", body.replace('@', "text")), &[&wanted]);
    }
}

#[test]
fn a_value_that_one_expression_gives_may_be_of_any_form() {
    tells(&format!("{NEEDED}steps:\n- script: x\n  env: ${{{{ parameters.p }}}}\n"), &[]);
    let object = "parameters: [{name: o, type: object}]\npool: ${{ parameters.o }}\nvariables: ${{ parameters.o }}\nsteps:\n- ${{ parameters.o }}\n";
    tells(object, &[]);
}

#[test]
fn a_template_by_itself_has_the_same_mistakes() {
    let folder = Folder::new("");
    for (body, line) in WRONG_FORMS.into_iter().filter(|(body, _)| body.starts_with("steps")) {
        folder.write("templates/t.yml", &format!("{NEEDED}{}", body.replace('@', "${{ parameters.p }}")));
        let checked = folder.run(&["check", "templates/t.yml", "--format", "json"]).ended_with(1).json();
        assert_eq!(told(&checked), [format!("error t.yml:{} wrong-type", line + 1)], "{body}");
    }
}

#[test]
fn a_list_below_a_directive_among_keys_is_told_whatever_stands_in_it() {
    let steps = "steps:
- script: a
  ${{ each c in parameters.h.o }}:
  - bash: b
    displayName: ${{ c.id }}
- script: a
  ${{ if parameters.h.o }}:
  - displayName: b
";
    // A dash before the first directive would make it right, before the second it would not.
    tells(&format!("{HOOK}{steps}"), &["warning m.yml:4 indentation", "warning m.yml:9 wrong-type"]);
}

#[test]
fn what_an_author_wrote_around_expressions_may_be_such_that_no_value_makes_it_a_name() {
    let step = |name: &str| format!("steps:\n- script: x\n  name: {name}\n");
    for head in [NEEDED, GIVEN] {
        for name in ["a-${{ parameters.p }}", "7${{ parameters.p }}", "${{ parameters.p }}.x"] {
            tells(&format!("{head}{}", step(name)), &["error m.yml:4 invalid-value"]);
        }
        for name in ["a_${{ parameters.p }}", "${{ parameters.p }}7"] {
            tells(&format!("{head}{}", step(name)), &[]);
        }
    }
    let folder = Folder::new("");
    folder.write("m.yml", &format!("{NEEDED}{}", step("a-${{ parameters.p }}")));
    let text = folder.run(&["check", "m.yml"]).ended_with(1).stderr;
    assert!(text.contains("`a-…` can't be the name of a step") && text.contains("whatever the expression"), "{text}");
}

#[test]
fn a_name_that_no_loop_and_no_branch_comes_to_bring_is_not_there() {
    let jobs = |depends: &str, name: &str| {
        format!(
            "{HOOK}jobs:\n- job: x\n  dependsOn: [{depends}]\n  steps: []\n- ${{{{ each c in parameters.h.o }}}}:\n  - job: {name}\n    steps: []\n"
        )
    };
    // Of a payload only `true` and `false` can be a part of a name.
    const OF_PAYLOAD: &str = "warning m.yml:7 tainted-structure";
    tells(&jobs("zz", "a_${{ c.id }}"), &["error m.yml:4 unknown-dependency", OF_PAYLOAD]);
    tells(&jobs("b_1", "a_${{ c.id }}_b"), &["error m.yml:4 unknown-dependency", OF_PAYLOAD]);
    tells(&jobs("A_1", "a_${{ c.id }}"), &[OF_PAYLOAD]);
    tells(&jobs("zz", "${{ c.id }}"), &["warning m.yml:7 tainted-structure"]);
    // A template in the loop may have any.
    let any = jobs("zz", "x2").replace("- job: x2\n    steps: []", "- template: ${{ c.file }}");
    tells(&any, &["warning m.yml:7 tainted-structure"]);
    let within = format!(
        "{HOOK}stages:\n- ${{{{ each c in parameters.h.o }}}}:\n  - stage: a_${{{{ c.id }}}}\n    dependsOn: nope\n    jobs: [{{job: a, steps: []}}]\n"
    );
    tells(&within, &["warning m.yml:4 tainted-structure", "warning m.yml:5 unknown-dependency"]);
    let named = "parameters: [{name: p, type: string}]\njobs:\n- job: a_${{ parameters.p }}\n  steps: []\n- job: b\n  dependsOn: [a_1, c]\n  steps: []\n";
    tells(named, &["error m.yml:6 unknown-dependency"]);
}

#[test]
fn a_wrong_number_of_arguments_is_a_mistake_of_syntax_wherever_it_stands() {
    let folder = Folder::new("");
    folder.write("m.yml", "steps:\n- ${{ if false }}:\n  - script: ${{ upper('a', 'b') }}\n- script: ls\n");
    folder.write("t.yml", "parameters: {a: b}\nsteps:\n- ${{ if false }}:\n  - script: ${{ trim() }}\n");
    folder.write("u.yml", "steps:\n- template: t.yml\n");
    for (file, place) in [("m.yml", "m.yml:3"), ("u.yml", "t.yml:4")] {
        let wanted = [format!("error {place} argument-count")];
        assert_eq!(told(&folder.run(&["check", file, "--format", "json"]).ended_with(1).json()), wanted);
        for command in ["render", "run"] {
            let refused = folder.run(&[command, file]).ended_with(1);
            assert!(refused.stderr.contains("error[argument-count]") && refused.stdout.is_empty(), "{refused:?}");
        }
    }
}

#[test]
fn a_mistake_in_a_loop_over_defaults_is_told_as_one_that_a_run_without_parameters_has() {
    let text = "parameters: [{name: l, type: object, default: [a]}]\nsteps:\n- ${{ each x in parameters.l }}:\n  - script: ${{ xx }}\n";
    tells(text, &["warning m.yml:4 unknown-name"]);
    let folder = Folder::new("");
    folder.write("m.yml", text);
    let checked = folder.run(&["check", "m.yml"]).ended_with(0).stderr;
    assert!(checked.contains("a run without `--parameter` has this mistake"), "{checked}");
    // A delivery gives none.
    tells(&format!("{HOOK}{text}"), &["error m.yml:5 unknown-name"]);
}

#[test]
fn what_a_template_does_with_the_known_entries_of_a_list_is_in_every_run() {
    let folder = Folder::new("");
    let stages = "    - stage: one\n      jobs: [{job: a, steps: []}]\n    - ${{ each v in parameters.versions }}:\n      - stage: s_${{ v }}\n        jobs: [{job: a, steps: []}]\n";
    folder.write(
        "m.yml",
        &format!(
            "parameters: [{{name: versions, type: object, default: [a]}}]\nextends:\n  template: t.yml\n  parameters:\n    stages:\n{stages}"
        ),
    );
    let template = |kind: &str, body: &str| {
        format!(
            "parameters: [{{name: stages, type: {kind}}}]\nstages:\n- ${{{{ each s in parameters.stages }}}}:\n  - {body}\n"
        )
    };
    for kind in ["stageList", "object"] {
        folder.write("t.yml", &template(kind, "stage: ${{ ss.stage }}\n    jobs: ${{ s.jobs }}"));
        let told_of = told(&folder.run(&["check", "m.yml", "--format", "json"]).ended_with(1).json());
        assert_eq!(told_of, ["error t.yml:4 unknown-name"], "{kind}");
        folder.write("t.yml", &template(kind, "stage: ${{ s.stage }}\n    jobs: ${{ s.jobs }}\n    pool: [x]"));
        let told_of = told(&folder.run(&["check", "m.yml", "--format", "json"]).ended_with(1).json());
        assert_eq!(told_of, ["error t.yml:6 wrong-type"], "{kind}");
    }
    // Passed on, put in as it is, and through a loop: nothing is wrong with it.
    folder.write("t.yml", "parameters: [{name: stages, type: stageList}]\nstages:\n- template: u.yml\n  parameters: {stages: '${{ parameters.stages }}'}\n");
    folder.write("u.yml", &template("stageList", "${{ s }}"));
    assert_eq!(told(&folder.run(&["check", "m.yml", "--format", "json"]).ended_with(0).json()), [] as [&str; 0]);
    folder.write("u.yml", &template("stageList", "${{ t }}"));
    let told_of = told(&folder.run(&["check", "m.yml", "--format", "json"]).ended_with(1).json());
    assert_eq!(told_of, ["error u.yml:4 unknown-name"]);
}

#[test]
fn jobs_that_the_variables_of_a_stage_or_pipeline_read_are_waited_for_by_one_of_its_jobs() {
    let pipeline = |of_pipeline: &str, of_stage: &str| {
        format!(
            "variables: {{a: \"$[ {of_pipeline} ]\"}}
stages:
- stage: plan
  jobs:
  - job: j
    steps: [{{bash: x, name: out}}]
  - job: k
    dependsOn: j
    steps: []
- stage: apply
  variables: {{a: \"$[ {of_stage} ]\"}}
  jobs:
  - job: j
    steps: [{{bash: x, name: other}}]
  - job: k
    dependsOn: j
    steps: []
"
        )
    };
    let right = [
        ("dependencies.j.outputs['out.c']", "dependencies.j.outputs['other.c']"),
        ("dependencies.j.outputs['other.c']", "stageDependencies.plan.j.outputs['out.c']"),
        ("stageDependencies.plan.j.outputs['out.c']", "dependencies.j.result"),
    ];
    for (of_pipeline, of_stage) in right {
        tells(&pipeline(of_pipeline, of_stage), &[]);
    }
    let wrong = [
        ("dependencies.nope.result", "dependencies.nope.outputs['out.c']", "error"),
        ("dependencies.plan.outputs['out.c']", "dependencies.plan.reslt", "error"),
        ("stageDependencies.nope.j.result", "stageDependencies.apply.j.result", "warning"),
    ];
    for (of_pipeline, of_stage, severity) in wrong {
        let second = format!("{severity} m.yml:11 unknown-name");
        tells(&pipeline(of_pipeline, of_stage), &["error m.yml:1 unknown-name", &second]);
    }
    let outputs = ("dependencies.j.outputs['neither.c']", "dependencies.j.outputs['out.c']");
    tells(&pipeline(outputs.0, outputs.1), &["error m.yml:1 unknown-output", "error m.yml:11 unknown-output"]);
}
