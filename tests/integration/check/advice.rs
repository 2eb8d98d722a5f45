//! What a report says to write instead, where one mistake could be taken for another one.

use crate::support::Folder;
use serde_json::Value;

/// Returns label and help of the one report that a pipeline has.
fn only(folder: &Folder) -> (String, String) {
    let told = folder.run(&["check", "pipelines", "--format", "json"]);
    let reports: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let reports = reports.as_array().expect("a list");
    assert_eq!(reports.len(), 1, "{reports:?}");
    let text = |key: &str| reports[0][key].as_str().unwrap_or_default().to_owned();
    (text("label"), text("help"))
}

fn of(pipeline: &str) -> (String, String) {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", pipeline);
    only(&folder)
}

/// Returns a pipeline whose second stage has the jobs `a`, `bee`, and `c`, which waits for `a`.
fn stages(of_the_last_job: &str) -> String {
    let job = |name: &str, more: &str| format!("  - job: {name}\n{more}    steps: [script: x]\n");
    let jobs = [job("a", ""), job("bee", ""), job("c", &format!("    dependsOn: a\n    {of_the_last_job}\n"))].concat();
    format!("stages:\n- stage: build\n  jobs:\n{}- stage: deploy\n  jobs:\n{jobs}", job("compile", ""))
}

#[test]
fn a_name_that_is_not_waited_for_is_looked_for_among_all_of_its_kind() {
    let cases = [
        (
            "variables: {v: \"$[ dependencies.build.outputs['s.x'] ]\"}",
            "this is a stage, and no job",
            "write `stageDependencies.build.<job>`",
        ),
        (
            "variables: {v: \"$[ dependencies.beee.result ]\"}",
            "nothing is called so",
            "did you mean `bee`? Then name it in `dependsOn` too",
        ),
        ("condition: succeeded('bee')", "this is in no `dependsOn`", "name it in `dependsOn` too"),
        ("condition: succeeded('beee')", "nothing is called so", "did you mean `bee`? Then name it in `dependsOn` too"),
    ];
    for (written, label, help) in cases {
        assert_eq!(of(&stages(written)), (label.to_owned(), help.to_owned()), "{written}");
    }
}

#[test]
fn all_of_a_text_with_an_expression_inside_braces_stands_in_quotes() {
    let cases = [
        ("{A: 1, ${{ variables.p }}_E: x}", "'${{ variables.p }}_E'"),
        ("{A: a-${{ eq('a', 'b') }}}", "\"a-${{ eq('a', 'b') }}\""),
    ];
    for (written, quoted) in cases {
        let (_, help) = of(&format!("steps:\n- script: a\n  env: {written}\n"));
        assert_eq!(help, format!("write `{quoted}`"), "{written}");
    }
}

#[test]
fn a_payload_that_would_be_the_parameters_of_a_template_is_told_as_that() {
    let folder = Folder::new("");
    folder.write("pipelines/templates/t.yml", "parameters:\n- {name: v, type: string}\nsteps:\n- script: x\n");
    folder.write(
        "pipelines/p.yml",
        "resources: {webhooks: [{webhook: h, connection: c}]}\nsteps:\n- template: templates/t.yml\n  parameters: ${{ parameters.h.args }}\n",
    );
    assert_eq!(only(&folder).0, "this decides what the pipeline does");
}

#[test]
fn a_task_that_is_no_text_hides_no_output() {
    let pipeline = "jobs:\n- job: a\n  steps:\n  - task: {a: b}\n    name: out\n- job: b\n  dependsOn: a\n  variables: {x: \"$[ dependencies.a.outputs['out.y'] ]\"}\n  steps: [script: x]\n";
    assert_eq!(of(pipeline).0, "this is a mapping");
}

/// The excerpt of a long line is the part around the place; the column is counted from the line's beginning.
#[test]
fn the_column_of_a_place_far_to_the_right_is_told_as_it_is() {
    let folder = Folder::new("");
    let before = format!("  env: {{A: {}, B: '${{{{ ", "x".repeat(900));
    folder.write(
        "pipelines/p.yml",
        &format!("steps:\n- script: a\n{before}paramters.x }}}}', C: {}}}\n", "y".repeat(900)),
    );
    let told = folder.run(&["check", "pipelines"]).ended_with(1);
    assert!(told.stderr.contains(&format!("pipelines/p.yml:3:{}\n", before.len() + 1)), "{told:?}");
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(1).json();
    let place = &reports[0]["place"];
    let excerpt = place["excerpt"].as_str().expect("a text");
    let mark = |at: usize| place["mark"][at].as_u64().expect("a number") as usize;
    assert_eq!(&excerpt[mark(0)..mark(1)], "paramters");
    assert!(excerpt.starts_with('…') && excerpt.ends_with('…') && excerpt.len() < 500, "{excerpt}");
}
