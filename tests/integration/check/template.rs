//! `pipehook check` of templates by themselves, and of what pipelines pass to them.

use crate::support::{Folder, Output};
use serde_json::Value;

/// Returns code, file and line of each report.
fn told(output: &Output) -> Vec<String> {
    let reports = output.json();
    let reports = reports.as_array().expect("a list").iter().map(|report| {
        let place = &report["place"];
        format!(
            "{} {}:{}",
            report["code"].as_str().expect("a code"),
            place["file"].as_str().unwrap_or("-"),
            place["line"]
        )
    });
    reports.collect()
}

#[track_caller]
fn tells(folder: &Folder, path: &str, expected: &[&str]) {
    assert_eq!(told(&folder.run(&["check", path, "--format", "json"])), expected);
}

#[test]
fn a_template_is_checked_as_what_it_holds() {
    let folder = Folder::new("");
    let write = |name: &str, text: &str| {
        folder.write(&format!("pipelines/templates/{name}"), text);
    };
    write("steps.yml", "parameters:\n- name: a\nsteps:\n- script: ${{ parameters.b }}\n- scrpt: x\n");
    tells(
        &folder,
        "pipelines/templates/steps.yml",
        &["unknown-name pipelines/templates/steps.yml:4", "unknown-key pipelines/templates/steps.yml:5"],
    );
    write("jobs.yml", "parameters: {a: 1}\njobs:\n- job: a\n  dependsOn: outside\n  timeoutInMinutes: soon\n");
    tells(&folder, "pipelines/templates/jobs.yml", &["invalid-value pipelines/templates/jobs.yml:5"]);
    write("stages.yml", "stages:\n- stage: a-b\n  jobs:\n  - job: a\n    steps:\n    - script: x\n");
    tells(&folder, "pipelines/templates/stages.yml", &["invalid-value pipelines/templates/stages.yml:2"]);
    write("variables.yml", "variables:\n- name: a\n  vlue: b\n");
    tells(&folder, "pipelines/templates/variables.yml", &["unknown-key pipelines/templates/variables.yml:3"]);
    write("extended.yml", "resources:\n  repositories: x\nname: y\nsteps: []\n");
    let expected = ["wrong-type pipelines/templates/extended.yml:2", "unknown-key pipelines/templates/extended.yml:3"];
    tells(&folder, "pipelines/templates/extended.yml", &expected);
    write("none.yml", "parameters: []\n");
    tells(&folder, "pipelines/templates/none.yml", &["missing-key pipelines/templates/none.yml:1"]);
    write("misspelt.yml", "stpes: []\n");
    tells(&folder, "pipelines/templates/misspelt.yml", &["unknown-key pipelines/templates/misspelt.yml:1"]);
}

#[test]
fn a_template_that_needs_values_and_repositories_is_not_blamed_for_them() {
    let folder = Folder::new("");
    folder.write(
        "pipelines/templates/good.yml",
        "parameters:\n- name: name\n- {name: steps, type: stepList}\n- {name: jobs, type: jobList}\n- {name: when, type: object}\n\
         jobs:\n- job: ${{ parameters.name }}\n  dependsOn: ${{ parameters.when }}\n  condition: eq(dependencies.outer.result, 'Failed')\n  steps:\n  - ${{ parameters.steps }}\n  \
         - template: other.yml@shared\n    parameters: {x: 1}\n  - checkout: shared\n- ${{ each job in parameters.jobs }}:\n  - ${{ job }}\n",
    );
    tells(&folder, "pipelines", &[]);
}

#[test]
fn a_file_that_another_one_names_is_a_template() {
    let folder = Folder::new("");
    folder.write(
        "pipelines/part.yml",
        "parameters:\n- name: x\njobs:\n- job: b\n  dependsOn: a\n  steps:\n  - script: x\n",
    );
    tells(&folder, "pipelines", &["unknown-dependency pipelines/part.yml:5"]);
    folder.write(
        "pipelines/whole.yml",
        "jobs:\n- job: a\n  steps:\n  - script: x\n- template: part.yml\n  parameters: {x: 1}\n",
    );
    let checked = folder.run(&["check", "pipelines"]).ended_with(0);
    assert!(checked.stderr.contains("checked 1 pipeline, 1 template: 0 errors"), "{checked:?}");
}

#[test]
fn templates_of_other_programs_are_left_alone() {
    let folder = Folder::new("");
    folder.write("pipelines/templates/chart.yaml", "{{ if .Values.x }}\nkind: Service\n{{ end }}\n");
    folder.write("pipelines/a.yml", "steps: []\n");
    tells(&folder, "pipelines", &[]);
}

#[test]
fn a_mistake_in_a_template_that_many_use_is_told_once() {
    let folder = Folder::new("");
    folder.write("pipelines/templates/t.yml", "steps:\n- script: ${{ nope }}\n");
    for name in ["a", "b", "c"] {
        folder.write(&format!("pipelines/{name}.yml"), "steps:\n- template: templates/t.yml\n");
    }
    tells(&folder, "pipelines", &["unknown-name pipelines/templates/t.yml:2"]);
}

#[test]
fn a_configuration_is_checked_as_one() {
    let folder = Folder::new("lisen: x\n");
    folder.write("other.yml", "connections:\n  a: {auth: nobody}\n");
    tells(&folder, ".", &["wrong-type ./other.yml:2", "unknown-key ./pipehook.yml:3"]);
    tells(&folder, "pipehook.yml", &["unknown-key pipehook.yml:3"]);
}

const LISTENING: &str = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";

/// Which place takes no text whatever is posted depends on what the pipeline passes on.
#[test]
fn a_script_of_a_template_that_takes_no_payload_text_is_told_before_any_delivery() {
    let folder = Folder::new("");
    let refused = |argument: &str, declared: &str, script: &str| {
        folder.write(
            "pipelines/a.yml",
            &format!("{LISTENING}steps:\n- template: templates/t.yml\n  parameters:\n    x: {argument}\n"),
        );
        folder.write("pipelines/templates/t.yml", &format!("parameters:\n- {declared}\nsteps:\n- bash: {script}\n"));
        let told = told(&folder.run(&["check", "pipelines", "--format", "json"]));
        assert!(told.iter().all(|it| it == "tainted-in-script pipelines/templates/t.yml:4"), "{told:?}");
        !told.is_empty()
    };
    let unplaceable = "echo \"${{ parameters.x }}";
    assert!(refused("'${{ parameters.hook.x }}'", "name: x", unplaceable));
    assert!(refused("'a ${{ parameters.hook.x }}'", "name: x", unplaceable));
    assert!(refused("'${{ parameters.hook.x }}'", "{name: x, type: object}", "echo \"${{ parameters.x.y }}"));
    assert!(refused(
        "{a: [{b: '${{ parameters.hook.x }}'}]}",
        "{name: x, type: object}",
        "echo \"${{ parameters.x.a[0].b }}"
    ));
    assert!(!refused("{a: '${{ parameters.hook.x }}', b: c}", "{name: x, type: object}", "echo ${{ parameters.x.b }}"));
    assert!(!refused("'${{ parameters.hook.x }}'", "{name: x, type: number}", "echo ${{ parameters.x }}"));
    assert!(!refused("'${{ parameters.hook.x }}'", "{name: x, values: [a, b]}", "echo ${{ parameters.x }}"));
    assert!(!refused("'${{ parameters.hook.x }}'", "name: x", "echo ${{ parameters.x }}"));
}

#[test]
fn payload_text_is_followed_through_templates_loops_and_variables() {
    let folder = Folder::new("");
    folder.write(
        "pipelines/a.yml",
        &format!(
            "{LISTENING}variables:\n- template: templates/v.yml\n  parameters: {{v: '${{{{ parameters.hook.v }}}}'}}\njobs:\n- job: a\n  steps:\n  \
             - bash: echo \"$(fromhook)\n  - template: templates/one.yml\n    parameters: {{list: '${{{{ parameters.hook.list }}}}'}}\n"
        ),
    );
    folder.write("pipelines/templates/v.yml", "parameters:\n- name: v\nvariables:\n  fromhook: ${{ parameters.v }}\n");
    folder.write(
        "pipelines/templates/one.yml",
        "parameters:\n- {name: list, type: object}\nsteps:\n- ${{ each item in parameters.list }}:\n  - template: two.yml\n    parameters: {y: '${{ item.name }}'}\n",
    );
    folder.write("pipelines/templates/two.yml", "parameters:\n- name: y\nsteps:\n- bash: echo \"${{ parameters.y }}\n");
    let output = folder.run(&["check", "pipelines/a.yml"]);
    let expected =
        ["--> pipelines/a.yml:11:11", "::: pipelines/templates/v.yml:4:13", "--> pipelines/templates/two.yml:4:15"];
    for place in expected {
        assert!(output.stderr.contains(place), "{place}\n{}", output.stderr);
    }
    assert!(output.stderr.contains("included from pipelines/templates/one.yml:5"), "{}", output.stderr);
    assert_eq!(output.stderr.matches("error[").count(), 2, "{}", output.stderr);
}

/// A template that passes itself ever more of what it got would never come to an end.
#[test]
fn what_grows_from_template_to_template_is_not_followed_for_ever() {
    let folder = Folder::new("");
    let argument =
        "x: {a: '${{ parameters.x }}', b: '${{ parameters.x }}'}\n      y: ${{ parameters.y }}${{ parameters.y }}\n";
    folder.write(
        "pipelines/a.yml",
        &format!("{LISTENING}steps:\n- template: templates/t.yml\n  parameters:\n    x: ${{{{ parameters.hook.x }}}}\n    y: a${{{{ parameters.hook.y }}}}\n"),
    );
    folder.write(
        "pipelines/templates/t.yml",
        &format!(
            "parameters:\n- {{name: x, type: object}}\n- {{name: y, type: string}}\nsteps:\n- bash: echo ${{{{ parameters.y }}}}\n- ${{{{ if false }}}}:\n  - template: t.yml\n    parameters:\n      {argument}"
        ),
    );
    tells(&folder, "pipelines/a.yml", &[]);
}

/// What `check` takes for templates is no broken pipeline of the server either.
#[test]
fn a_template_among_the_pipelines_is_no_broken_pipeline() {
    let folder = Folder::new("connections:\n  open: {auth: none}\n");
    folder.write("pipelines/main.yml", "jobs:\n- template: build.yml\n  parameters: {pool: default}\n");
    folder.write("pipelines/build.yml", "parameters: {pool: ''}\njobs:\n- job: a\n  pool: ${{ parameters.pool }}\n");
    folder.write("pipelines/names.yml", "variables: {a: b}\n");
    folder.write("pipelines/steps.yml", "parameters:\n- name: n\nsteps:\n- bash: make ${{ parameters.n }}\n");
    folder.write("pipelines/broken.yml", "stepz: []\n");
    let checked = folder.run(&["check", "--format", "json"]).ended_with(1).json();
    let files: Vec<&Value> =
        checked.as_array().expect("a list").iter().map(|report| &report["place"]["file"]).collect();
    assert_eq!(files, ["pipelines/broken.yml"]);
    let server = folder.serve(&[]);
    let listed = server.ask("/api/v1/pipelines").json();
    let listed: Vec<&str> = listed["pipelines"]
        .as_array()
        .or(listed.as_array())
        .expect("a list")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(listed, ["broken", "main", "steps"]);
}

#[test]
fn a_file_that_only_a_template_names_is_a_template_wherever_it_is() {
    let folder = Folder::new("");
    folder.write(
        "pipelines/parts/steps.yml",
        "parameters:\n- name: what\nsteps:\n- bash: echo ${{ parameters.what }}\n- template: more.yml\n",
    );
    folder.write("pipelines/parts/more.yml", "parameters:\n- name: unset\n  default: x\nsteps:\n- bash: x\n  nme: y\n");
    folder.write(
        "pipelines/templates/jobs.yml",
        "jobs:\n- job: a\n  steps:\n  - template: ../parts/steps.yml\n    parameters: {what: x}\n",
    );
    let told = folder.run(&["check", "pipelines"]).ended_with(1).stderr;
    assert!(told.contains("checked 3 templates: 1 error, 0 warnings"), "{told}");
    assert!(told.contains("unknown-key") && !told.contains("missing-parameter"), "{told}");
}

#[test]
fn templates_of_a_configured_repository_are_checked_from_its_root() {
    let folder = Folder::new("repositories: {shop/one: one}\n");
    folder.write("one/j/jobs.yml", "jobs:\n- job: a\n  steps:\n  - template: ../s/st.yml\n  - template: /s/st.yml\n");
    folder.write("one/s/st.yml", "parameters: {a: 1}\nsteps:\n- script: x\n");
    let pipeline =
        "resources: {repositories: [{repository: o, type: git, name: shop/one}]}\njobs:\n- template: j/jobs.yml@o\n";
    folder.write("pipelines/p.yml", pipeline);
    tells(&folder, ".", &[]);
    tells(&folder, "one/j/jobs.yml", &[]);
}

#[test]
fn a_reference_to_a_template_begins_with_it() {
    let folder = Folder::new("");
    folder.write("pipelines/templates/t.yml", "parameters: {a: 1}\nsteps:\n- script: echo ${{ parameters.a }}\n");
    folder.write("pipelines/p.yml", "steps:\n- parameters: {a: 2}\n  template: templates/t.yml\n");
    tells(&folder, "pipelines/p.yml", &["first-key pipelines/p.yml:3"]);
}

#[test]
fn a_file_that_a_broken_one_names_is_no_pipeline() {
    let folder = Folder::new("");
    let text = "stages:\n- stage: Deploy\n  dependsOn: Test\n  jobs: [{job: a, steps: []}]\n";
    folder.write("pipelines/tpl/deploy.yml", text);
    folder.write("pipelines/p.yml", "stages:\n- stage: Test\n  jobs: []\n- template: tpl/deploy.yml\n- stage: \"x\n");
    tells(&folder, "pipelines", &["yaml-syntax pipelines/p.yml:5"]);
    // One that it does not name, or that has what pipelines have, is one all the same.
    folder.write("pipelines/redeploy.yml", text);
    folder.write("pipelines/tpl/deploy.yml", &format!("trigger: none\n{text}"));
    let wanted = [
        "yaml-syntax pipelines/p.yml:5",
        "unknown-dependency pipelines/redeploy.yml:3",
        "unknown-dependency pipelines/tpl/deploy.yml:4",
    ];
    tells(&folder, "pipelines", &wanted);
}

#[test]
fn files_of_a_folder_of_templates_are_templates_wherever_one_stands() {
    let folder = Folder::new("");
    let text = "stages:\n- stage: Deploy\n  dependsOn: Test\n  jobs: [{job: a, steps: []}]\n";
    folder.write("elsewhere/templates/k.yml", text);
    folder.write("elsewhere/templates/deep/k.yml", text);
    for path in ["elsewhere/templates", "elsewhere/templates/k.yml", "elsewhere/templates/deep/k.yml"] {
        tells(&folder, path, &[]);
    }
}
