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

#[test]
fn a_value_that_a_payload_would_choose_by_its_name_is_told() {
    let rest = "variables: {a: b}
jobs:
- job: a
  variables: {c: \"$[ variables['${{ parameters.h.k }}'] ]\"}
  steps:
  - script: echo ${{ variables[parameters.h.k] }}
  - script: echo ${{ split('a,b', ',')[parameters.h.n] }}
  - script: echo ${{ variables[oneOf(parameters.h.k, 'a')] }}
";
    let told = [5, 7].map(|line| format!("warning m.yml:{line} tainted-choice"));
    tells(&format!("{HOOK}{rest}"), &told.each_ref().map(String::as_str));
}

/// A job in which a step gets payload text, and a later one that sets an output by a command.
fn two_jobs(command: &str, of_second: &str) -> String {
    format!(
        "{HOOK}jobs:
- job: G
  steps:
  - bash: echo \"$TITLE\"
    env: {{TITLE: '${{{{ parameters.h.title }}}}'}}
  - bash: {command}
    name: s
- job: T
  dependsOn: G
{of_second}
  steps: []
"
    )
}

#[test]
fn what_payload_text_may_come_to_decide_about_a_job_is_told_with_the_way_out() {
    let computed = "'echo \"##vso[task.setvariable variable=m;isOutput=true]$(date)\"'";
    let said = "'echo \"##vso[task.setvariable variable=m;isOutput=true]3\"'";
    let output = "dependencies.G.outputs['s.m']";
    for of_second in [
        format!("  strategy:\n    matrix: $[ {output} ]"),
        format!("  strategy:\n    parallel: $[ {output} ]"),
        format!("  timeoutInMinutes: 5\n  continueOnError: $[ lower({output}) ]"),
        format!("  strategy:\n    maxParallel: $[ {output} ]\n    matrix: {{a: {{b: c}}}}"),
        format!("  cancelTimeoutInMinutes: 5\n  timeoutInMinutes: $[ coalesce({output}, 3) ]"),
    ] {
        tells(&two_jobs(computed, &of_second), &["warning m.yml:12 tainted-structure"]);
        // What stands in the script word for word is its author's.
        tells(&two_jobs(said, &of_second), &[]);
        tells(&two_jobs(computed, &of_second.replace(output, &format!("oneOf({output}, '2', '3')"))), &[]);
        // No payload text comes to the job.
        tells(&two_jobs(computed, &of_second).replace("'${{ parameters.h.title }}'", "x"), &[]);
    }
    let folder = Folder::new("");
    let pipeline = two_jobs(computed, "  strategy:\n    matrix: $[ dependencies.G.outputs['s.m'] ]");
    folder.write("m.yml", &pipeline);
    let text = folder.run(&["check", "m.yml"]).ended_with(0).stderr;
    for part in ["a payload would decide about its `matrix`", "`s` of the job `G` sets it", "choose it with `oneOf(…)`"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The run that a delivery starts comes to the same end, and no other one does.
    folder.write("p.json", "{\"title\": \"any; text\"}");
    folder.write("n.json", "{\"title\": true}");
    let with = |payload: &str| folder.run(&["check", "m.yml", "--payload", payload]).ended_with(0).stderr;
    assert!(with("p.json").contains("`matrix`") && !with("n.json").contains("`matrix`"));
    let ran = folder.run(&["run", "m.yml", "--payload", "p.json"]).ended_with(1);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("the payload would decide about"), "{ran:?}");
}

#[test]
fn variables_of_a_payload_decide_about_no_job_either() {
    let rest = "variables: {m: '${{ parameters.h.m }}', n: \"${{ oneOf(parameters.h.n, '2', '3') }}\"}
jobs:
- job: a
  timeoutInMinutes: $[ variables.n ]
  cancelTimeoutInMinutes: $[ variables['m'] ]
  steps: []
";
    tells(&format!("{HOOK}{rest}"), &["warning m.yml:6 tainted-structure"]);
}

#[test]
fn a_circle_of_templates_that_a_condition_does_not_end_is_told_as_one_with_its_way() {
    let folder = Folder::new("");
    folder.write("m.yml", "steps:\n- template: a.yml\n  parameters: {go: yes}\n");
    let template = |next: &str| {
        format!(
            "parameters: {{go: no}}\nsteps:\n- ${{{{ if eq(parameters.go, 'yes') }}}}:\n  - template: {next}\n    parameters: {{go: '${{{{ parameters.go }}}}'}}\n"
        )
    };
    folder.write("a.yml", &template("b.yml"));
    folder.write("b.yml", &template("a.yml"));
    for command in [["check", "m.yml"], ["render", "m.yml"]] {
        let told = folder.run(&command).ended_with(1).stderr;
        assert!(told.contains("error[template-cycle]") && told.contains("the way is `"), "{told}");
        assert!(told.contains("b.yml` -> `") && !told.contains("expansion-limit"), "{told}");
    }
}

/// Steps of which a payload gives a part of an input, `@`, and what is told where no text can stand there at all.
const CALLS: [(&str, &[&str]); 5] = [
    ("task: Npm@1\n  inputs: {command: custom, customCommand: 'run @'}", &["warning m.yml:4 tainted-in-script"]),
    ("task: Npm@1\n  inputs: {command: custom, customCommand: '@'}", &["warning m.yml:4 tainted-in-script"]),
    ("task: Maven@4\n  inputs: {goals: '@'}", &[]),
    ("task: Docker@2\n  inputs: {command: build, arguments: '@'}", &[]),
    (
        "task: PythonScript@0\n  inputs: {scriptSource: inline, script: 'print(1)', pythonInterpreter: '@'}",
        &["warning m.yml:4 tainted-structure"],
    ),
];

#[test]
fn what_a_task_would_call_a_tool_with_is_judged_before_the_run_begins() {
    let folder = Folder::new("");
    folder.write("p.json", "{\"x\": \"a b; $(touch c)\"}");
    for (step, before) in CALLS {
        let (task, inputs) = step.split_once('\n').expect("two lines");
        folder.write("m.yml", &format!("{HOOK}steps:\n- {task}\n{}\n", inputs.replace('@', "${{ parameters.h.x }}")));
        let tainted = |args: &[&str]| {
            let checked = folder.run(&[&["check", "m.yml", "--format", "json"], args].concat()).json();
            let reports = checked.get("reports").unwrap_or(&checked);
            told(reports).into_iter().map(|told| told.0).filter(|it| it.contains("tainted")).collect::<Vec<_>>()
        };
        assert_eq!(tainted(&[]), before, "{step}");
        let refused = tainted(&["--payload", "p.json"]);
        assert!(refused.len() == 1 && refused[0].starts_with("error m.yml:4 tainted-"), "{step}: {refused:?}");
    }
}

#[test]
fn what_a_task_would_call_a_tool_with_is_judged_also_where_a_variable_brings_it() {
    let folder = Folder::new("");
    let tainted = |inputs: &str| {
        let variables = "variables: {t: \"${{ parameters.h.x }}\"}\n";
        let task = format!("steps:\n- task: Npm@1\n  inputs: {inputs}\n");
        folder.write("m.yml", &format!("{HOOK}{variables}{task}"));
        let checked = folder.run(&["check", "m.yml", "--format", "json"]).json();
        told(&checked).into_iter().map(|told| told.0).filter(|it| it.contains("tainted")).collect::<Vec<_>>()
    };
    for script in ["run $(t)", "run $(T)", "$(t)"] {
        let inputs = format!("{{command: custom, customCommand: '{script}'}}");
        assert_eq!(tainted(&inputs), ["warning m.yml:5 tainted-in-script"], "{inputs}");
    }
    for unused in ["{command: ci, customCommand: 'run $(t)'}", "{command: custom, customCommand: 'run $(u)'}"] {
        assert_eq!(tainted(unused), [""; 0], "{unused}");
    }
}

#[test]
fn an_artifact_that_a_payload_names_is_refused_with_a_payload_that_leads_elsewhere_and_not_before() {
    let text = format!("{HOOK}steps:\n- download: current\n  artifact: ${{{{ parameters.h.x }}}}\n");
    tells(&text, &[]);
    let folder = Folder::new("");
    folder.write("m.yml", &text);
    folder.write("good.json", "{\"x\": \"drop\"}");
    folder.write("bad.json", "{\"x\": \"../etc\"}");
    folder.run(&["render", "m.yml", "--payload", "good.json"]).ended_with(0);
    let refused = folder.run(&["render", "m.yml", "--payload", "bad.json"]).ended_with(1).stderr;
    assert!(refused.contains("m.yml:4:13") && refused.contains("out of the job's folders"), "{refused}");
}
