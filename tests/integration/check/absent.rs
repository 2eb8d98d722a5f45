//! `pipehook check` of what is not there: a name that nothing brings is a mistake, also in a pipeline with
//! conditions and loops, as long as they could not bring it.

use crate::support::{Folder, Output};
use serde_json::Value;

const HEAD: &str = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n";

/// Returns severity, code and line of each report.
fn told(output: &Output) -> Vec<String> {
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let line =
        |report: &Value| format!("{} {} {}", word(&report["severity"]), word(&report["code"]), report["place"]["line"]);
    output.json().as_array().expect("a list").iter().map(line).collect()
}

/// Checks a pipeline that a webhook starts. What follows [`HEAD`] begins in line 5.
#[track_caller]
fn tells(text: &str, expected: &[&str]) {
    let folder = Folder::new("");
    folder.write("a.yml", &format!("{HEAD}{text}"));
    assert_eq!(told(&folder.run(&["check", "a.yml", "--format", "json"])), expected, "{text}");
}

/// A list of jobs with a condition among its steps, and what comes behind it.
fn jobs(rest: &str) -> String {
    format!(
        "jobs:\n- job: build\n  steps:\n  - ${{{{ if parameters.hook.deep }}}}:\n    - bash: deep\n      name: deep\n  - bash: x\n    name: set\n{rest}"
    )
}

#[test]
fn a_condition_among_steps_does_not_hide_names_that_are_not_there() {
    let text = "- job: test\n  dependsOn: nope\n  variables:\n    a: $[ dependencys.build.result ]\n  steps:\n  - task: CopyFiles@2\n";
    tells(&jobs(text), &["error unknown-dependency 14", "error unknown-name 16", "error missing-input 18"]);
}

#[test]
fn a_name_that_a_branch_brings_is_there_and_one_that_no_branch_brings_is_not() {
    let of = |step: &str| {
        jobs(&format!(
            "- job: test\n  dependsOn: build\n  variables:\n    a: $[ dependencies.build.outputs['{step}.v'] ]\n  steps: []\n"
        ))
    };
    tells(&of("deep"), &[]);
    tells(&of("set"), &[]);
    tells(&of("neither"), &["error unknown-output 16"]);
    let job = |name: &str| {
        format!(
            "jobs:\n- ${{{{ if eq(parameters.hook.a, 1) }}}}:\n  - job: one\n    steps: []\n- ${{{{ else }}}}:\n  - job: two\n    steps: []\n\
             - job: last\n  dependsOn: {name}\n  steps: []\n"
        )
    };
    tells(&job("one"), &[]);
    tells(&job("two"), &[]);
    tells(&job("three"), &["error unknown-dependency 13"]);
}

#[test]
fn what_is_missing_in_a_branch_is_told_for_runs_that_come_there() {
    let text = "jobs:\n- job: a\n  steps: []\n- ${{ if parameters.hook.deep }}:\n  - job: b\n    dependsOn: nope\n    steps:\n    - task: CopyFiles@2\n";
    tells(text, &["warning unknown-dependency 10", "warning missing-input 12"]);
}

#[test]
fn keys_that_a_condition_brings_are_not_missing_and_others_are() {
    let step = |keys: &str| format!("steps:\n- task: CopyFiles@2\n  inputs:\n    contents: x\n{keys}");
    let inputs = "    ${{ if parameters.hook.a }}:\n      targetFolder: a\n";
    tells(&step(inputs), &[]);
    tells(&step("    ${{ if parameters.hook.a }}:\n      overWrite: true\n"), &["error missing-input 6"]);
    tells(&step("    targetFolder: ${{ parameters.hook.a }}\n"), &[]);
    tells(&step("    ${{ insert }}: ${{ parameters.hook.inputs }}\n"), &[]);
    tells(&step("- ${{ if parameters.hook.a }}:\n  - bash: x\n"), &["error missing-input 6"]);
}

#[test]
fn what_stands_in_the_last_of_many_branches_is_not_missing() {
    let branch = |number: usize, keys: &str| {
        let word = if number == 0 { "if" } else { "elseif" };
        format!("    ${{{{ {word} eq(parameters.hook.a, {number}) }}}}:\n      {keys}\n")
    };
    let others: String = (0..9).map(|number| branch(number, "overWrite: true")).collect();
    let head = "steps:\n- task: CopyFiles@2\n  inputs:\n    contents: x\n";
    tells(&format!("{head}{others}{}", branch(9, "targetFolder: a")), &[]);
    // Of more than the checks look at, the mapping around is in doubt, and nothing else.
    let many: String = (0..40).map(|number| branch(number, "overWrite: true")).collect();
    tells(&format!("{head}{many}{}", branch(40, "targetFolder: a")), &[]);
    let other = "- task: CopyFiles@2\n  inputs: {contents: x}\n";
    let line = format!("error missing-input {}", format!("{head}{many}").lines().count() + 5);
    tells(&format!("{head}{many}{other}"), &[line.as_str()]);
    let few: String = (0..7).map(|number| branch(number, "overWrite: true")).collect();
    tells(&format!("{head}{few}{}", branch(7, "targetFolder: a")), &[]);
    tells(&format!("{head}{few}"), &["error missing-input 6"]);
}

#[test]
fn a_list_that_an_unknown_value_may_fill_is_in_doubt_and_others_are_not() {
    let rest = "- job: last\n  dependsOn: nope\n  steps: []\n";
    let declared = "parameters:\n- {name: extra, type: jobList, default: []}\n- {name: name, default: a}\n";
    let of_payload = "jobs:\n- ${{ each one in parameters.hook.list }}:\n  - job: job_${{ one.id }}\n    steps: []\n";
    // A name that the loop never brings is not there.
    let refused = "warning tainted-structure 10";
    tells(&format!("{declared}{of_payload}{rest}"), &[refused, "error unknown-dependency 13"]);
    tells(&format!("{declared}{of_payload}{}", rest.replace("nope", "job_7")), &[refused]);
    for jobs in [
        "jobs:\n- ${{ parameters.extra }}\n",
        "jobs:\n- job: ${{ parameters.name }}\n  steps: []\n",
        "jobs:\n- ${{ each job in parameters.extra }}:\n  - ${{ each pair in job }}:\n      ${{ pair.key }}: ${{ pair.value }}\n    pool: x\n",
    ] {
        // A delivery gives no parameters; people do who start a run.
        let text = format!("{declared}{jobs}{rest}");
        let line = HEAD.lines().count() + text.lines().count() - 1;
        tells(&text, &[&format!("error unknown-dependency {line}")]);
        let folder = Folder::new("");
        folder.write("a.yml", &text);
        let errors = told(&folder.run(&["check", "a.yml", "--format", "json"]));
        assert!(errors.iter().all(|it| it.starts_with("warning")), "{errors:?}");
    }
    // A list of stages of which one has open jobs: the others are known.
    let stages = "parameters:\n- {name: extra, type: jobList, default: [{job: x, steps: []}]}\nstages:\n- stage: A\n  jobs:\n  - ${{ parameters.extra }}\n\
        - stage: B\n  dependsOn: C\n  jobs:\n  - job: j\n    dependsOn: k\n    steps: []\n";
    tells(stages, &["error unknown-dependency 12", "error unknown-dependency 15"]);
}

#[test]
fn what_an_author_passes_to_a_template_is_known() {
    let folder = Folder::new("");
    let template = "parameters:\n- name: names\n  type: object\n- {name: after, type: jobList, default: []}\n- name: end\njobs:\n\
        - ${{ each name in parameters.names }}:\n  - job: build_${{ name }}\n    steps: []\n- ${{ each job in parameters.after }}:\n  - ${{ job }}\n\
        - job: ${{ parameters.end }}\n  dependsOn: build_c\n  steps: []\n";
    folder.write("templates/jobs.yml", template);
    let pipeline = |arguments: &str| {
        let text = format!(
            "parameters:\n- name: end\n  default: x\njobs:\n- template: templates/jobs.yml\n  parameters: {{{arguments}}}\n"
        );
        folder.write("a.yml", &text);
        told(&folder.run(&["check", "a.yml", "--format", "json"]))
    };
    let literal = "names: [a, b], end: z, after: [{job: q, dependsOn: build_a, steps: []}]";
    assert_eq!(pipeline(literal), ["error unknown-dependency 13"]);
    assert_eq!(pipeline("names: [a, b, c], end: z"), [""; 0]);
    // By default the name is not there; a run may give another.
    assert_eq!(pipeline("names: [a, b], end: '${{ parameters.end }}'"), ["warning unknown-dependency 13"]);
}

/// Reference, section 5.6: it is nothing when the run comes there.
#[test]
fn what_is_not_waited_for_is_a_warning_and_what_is_nowhere_an_error() {
    let text = "- job: test\n  variables:\n    a: $[ dependencies.build.result ]\n  condition: eq(dependencies.nobody.result, '')\n  steps: []\n";
    tells(&jobs(text), &["warning unknown-name 15", "error unknown-name 16"]);
}

#[test]
fn a_run_finds_nothing_of_what_it_does_not_wait_for() {
    let folder = Folder::new("");
    let text = "jobs:\n- job: a\n  steps: []\n- job: b\n  condition: eq(dependencies.a.result, '')\n  variables:\n    v: $[ dependencies.a.outputs['s.x'] ]\n  \
        steps:\n  - checkout: none\n  - bash: echo \"nothing<$(v)>\"\n";
    folder.write("a.yml", text);
    let run = folder.run(&["run", "a.yml"]).ended_with(0);
    assert!(run.stdout.contains("nothing<>"), "{run:?}");
}
