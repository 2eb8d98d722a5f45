//! A mistake in a value that came from a payload names the place of that value in the payload, since the place in
//! the file is the same for all values of a loop.

use crate::support::Folder;

/// Renders a pipeline with the payload of its webhook resource `h`, and looks for sentences in what is told; the
/// last may not be there.
#[track_caller]
fn told(body: &str, payload: &str, wanted: &[&str], unwanted: &str) {
    let folder = Folder::new("");
    let text = format!("resources:\n  webhooks:\n  - webhook: h\n    connection: c\n{body}");
    folder.write("h.yml", &text);
    folder.write("p.json", payload);
    let output = folder.run(&["render", "h.yml", "--payload", "p.json"]).ended_with(1);
    for sentence in wanted {
        assert!(output.stderr.contains(sentence), "{sentence}\n{}", output.stderr);
    }
    assert!(unwanted.is_empty() || !output.stderr.contains(unwanted), "{}", output.stderr);
}

const JOBS: &str =
    "jobs:\n- ${{ each l in parameters.h.labels }}:\n  - job: j_${{ l.id }}\n    steps:\n    - script: x\n";

#[test]
fn two_equal_names_are_told_with_both_places() {
    let payload = r#"{"labels": [{"id": true}, {"id": false}, {"id": true}]}"#;
    told(
        JOBS,
        payload,
        &["two jobs of a stage are called `j_True`", "at `labels[0].id` and `labels[2].id`"],
        "labels[1]",
    );
}

#[test]
fn a_number_that_would_name_a_job_is_told_with_its_place() {
    let wanted = ["payload text can't be the name of a job", "at `labels[0].id`"];
    told(JOBS, r#"{"labels": [{"id": 1}]}"#, &wanted, "");
}

#[test]
fn a_number_out_of_range_is_one_and_is_told_with_its_place() {
    let body = "jobs:\n- job: a\n  timeoutInMinutes: ${{ parameters.h.n }}\n  steps:\n  - script: x\n";
    told(body, r#"{"n": -7}"#, &["`timeoutInMinutes` is -7", "this is too little", "at `n`"], "this is no number");
    told(
        body,
        r#"{"n": 1e30}"#,
        &["the number `", "of a payload can't be `timeoutInMinutes`", "at `n`"],
        "payload text",
    );
}

#[test]
fn a_value_that_is_not_there_is_told_as_missing() {
    let body = "jobs:\n- ${{ each l in parameters.h.labels }}:\n  - job: ${{ l.id }}\n    steps:\n    - script: x\n";
    let wanted =
        ["the payload has no value for the name of a job", "there is nothing in the payload at `labels[0].id`"];
    told(body, r#"{"labels": [{"name": "a"}]}"#, &wanted, "payload text can't be");
}

#[test]
fn nothing_from_a_payload_chooses_the_machine_itself_either() {
    for key in ["container", "pool"] {
        let body = format!("jobs:\n- job: a\n  {key}: ${{{{ parameters.h.t }}}}\n  steps:\n  - script: x\n");
        let missing = format!("the payload has no value for `{key}`");
        told(&body, "{}", &[&missing, "there is nothing in the payload at `t`"], "");
        told(&body, r#"{"t": null}"#, &[&missing, "there is null in the payload at `t`"], "there is nothing");
        told(&body, r#"{"t": ""}"#, &[&format!("payload text can't be `{key}`"), "at `t`"], "");
    }
}

#[test]
fn a_choice_by_a_value_that_is_not_there_names_its_place() {
    let body = "steps:\n- script: echo ${{ oneOf(parameters.h.kind, 'dev', 'prod') }}\n";
    let wanted =
        ["there is no value, which is not one of the allowed ones", "this is nothing", "in the payload at `kind`"];
    told(body, r#"{"other": 1}"#, &wanted, "`` is not one");
    told(body, r#"{"kind": null}"#, &["there is null in the payload at `kind`"], "there is nothing in");
    told(body, r#"{"kind": "x"}"#, &["`x` is not one of the allowed values", "at `kind`"], "there is nothing");
}

#[test]
fn a_key_of_a_payload_that_can_be_none_names_its_place() {
    let body = "steps:\n- script: x\n  env: {'${{ parameters.h.t }}': x}\n";
    told(body, r#"{"t": {"a": 1}}"#, &["a key must be text, this is a mapping", "this is to be the key", "at `t`"], "");
    let body = "steps:\n- script: x\n  ${{ insert }}: ${{ parameters.h.o }}\n";
    told(body, r#"{"o": {"script": "y"}}"#, &["the key `script` is here twice", "at `o"], "");
}

/// No value of a payload came into that.
#[test]
fn what_the_machine_lacks_names_no_place_of_a_payload() {
    let folder = Folder::new("");
    let steps = "steps:\n- bash: echo ${{ parameters.h.a }}\n- pwsh: Write-Host '${{ parameters.h.a }}'\n";
    folder.write("h.yml", &format!("resources:\n  webhooks:\n  - webhook: h\n    connection: c\n{steps}"));
    folder.write("p.json", r#"{"a": "x"}"#);
    let nothing = folder.path().join("nothing").display().to_string();
    folder.set("PATH", &nothing);
    let output = folder.run(&["render", "h.yml", "--payload", "p.json"]).ended_with(1);
    let missing = output.stderr.split("[missing-program]").nth(1).expect("it is told");
    let own = missing.split("\nerror").next().unwrap_or(missing);
    assert!(!own.contains("came from the payload"), "{}", output.stderr);
}

#[test]
fn a_limit_names_the_list_that_went_beyond_it_and_what_to_do() {
    let labels: Vec<String> = (0..10_000).map(|id| format!("{{\"id\":{id}}}")).collect();
    let payload = format!("{{\"labels\": [{}]}}", labels.join(","));
    told(JOBS, &payload, &["at `labels", "= help: "], "");
    let many: Vec<String> = (0..60_000).map(|id| id.to_string()).collect();
    let payload = format!("{{\"labels\": [{}]}}", many.join(","));
    let body = "steps:\n- ${{ each l in parameters.h.labels }}:\n  - script: x\n    name: s${{ l }}\n";
    told(body, &payload, &["this goes through 60000 items", "at `labels`", "let fewer items through this loop"], "");
}
