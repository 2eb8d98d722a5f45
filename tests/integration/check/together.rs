//! Every mistake of a file is told at once: one that is there does not hide those that do not follow from it.

use crate::support::Folder;
use serde_json::Value;
use std::collections::BTreeSet;

const SECRET: &str = "0123456789abcdef";
const CONNECTIONS: &str = "connections: {load: {secret: {value: 0123456789abcdef}}}\n";
const LISTENING: &str = "resources: {webhooks: [{webhook: h, connection: load}]}\n";
const PAYLOAD: &str = r#"{"l": [1], "o": {"k": 1}, "s": "soon", "a": "b c", "d": "x y"}"#;

fn folder(steps: &str) -> Folder {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/p.yml", &format!("{LISTENING}{steps}"));
    folder.write("payload.json", PAYLOAD);
    folder
}

/// Returns the lines of reports with their codes.
fn lines(reports: &Value) -> BTreeSet<(u64, String)> {
    let line = |report: &Value| {
        (report["place"]["line"].as_u64().expect("a line"), report["code"].as_str().expect("a code").to_owned())
    };
    reports.as_array().expect("a list").iter().map(line).collect()
}

/// Checks what is told by `check`, by `render`, and by the answer to a delivery.
#[track_caller]
fn tells(steps: &str, wanted: &[(u64, &str)]) {
    let folder = folder(steps);
    let wanted: BTreeSet<_> = wanted.iter().map(|(line, code)| (*line, (*code).to_owned())).collect();
    let arguments = ["check", "pipelines/p.yml", "--payload", "payload.json", "--format", "json"];
    let checked = folder.run(&arguments).ended_with(1).json();
    // It also tells what no payload could mend.
    assert!(wanted.is_subset(&lines(&checked["reports"])), "{checked:#}");
    let rendered = folder.run(&["render", "pipelines/p.yml", "--payload", "payload.json"]).ended_with(1).stderr;
    for (line, code) in &wanted {
        assert!(rendered.contains(&format!("p.yml:{line}:")) && rendered.contains(code), "{line}: {rendered}");
    }
    let server = folder.serve(&["--no-worker"]);
    let answer = server.deliver("load", SECRET, PAYLOAD.as_bytes());
    assert_eq!(answer.status, 422, "{answer:?}");
    let told = answer.json()["rejected"][0]["diagnostics"].as_array().map(Vec::len);
    assert_eq!(told, Some(wanted.len()), "{answer:?}");
    let id = answer.json()["delivery"].as_str().expect("an id").to_owned();
    let delivery = folder.run(&["deliveries", "show", &id, "--format", "json"]).ended_with(0).json();
    assert_eq!(lines(&delivery["pipelines"][0]["diagnostics"]), wanted, "{delivery:#}");
}

#[test]
fn an_array_inside_text_does_not_hide_what_other_values_of_the_payload_do() {
    let steps = "steps:
- script: echo x${{ parameters.h.l }}
- script: echo
  displayName: ${{ parameters.h.o }}
- script: echo
  timeoutInMinutes: ${{ parameters.h.s }}
- script: ${{ parameters.h.o }}
";
    tells(steps, &[(3, "not-a-string"), (5, "not-a-string"), (7, "tainted-structure"), (8, "not-a-string")]);
}

#[test]
fn what_follows_from_a_value_that_could_not_be_made_is_not_told() {
    let steps = "variables:
  minutes: '1${{ parameters.h.l }}'
steps:
- script: echo
  timeoutInMinutes: ${{ variables.minutes }}
- script: echo
  timeoutInMinutes: 1${{ parameters.h.o }}
";
    tells(steps, &[(3, "not-a-string"), (8, "not-a-string")]);
    let items = "variables:
- name: minutes
  value: '1${{ parameters.h.l }}'
steps:
- script: echo
  timeoutInMinutes: ${{ variables.minutes }}
";
    tells(items, &[(4, "not-a-string")]);
}

#[test]
fn what_reads_a_variable_that_was_made_is_told_beside_what_could_not_be_made_elsewhere() {
    let steps = "variables:
- name: minutes
  value: ${{ parameters.h.s }}
steps:
- script: echo x${{ parameters.h.l }}
- script: echo
  timeoutInMinutes: ${{ variables.minutes }}
";
    tells(steps, &[(6, "not-a-string"), (8, "tainted-structure")]);
}

#[test]
fn a_place_that_takes_no_text_does_not_hide_one_that_does_not_take_this_one() {
    let steps = "steps:
- script: |
    eval ${{ parameters.h.a }}
    echo $((${{ parameters.h.d }}))
";
    tells(steps, &[(4, "tainted-in-script"), (5, "tainted-in-script")]);
}

#[test]
fn each_circle_of_jobs_and_of_stages_is_told_once() {
    let job = |name: &str, on: &str| format!("- {{job: {name}, dependsOn: {on}, steps: [{{script: echo}}]}}\n");
    let jobs = [("A", "[A, A]"), ("B", "C"), ("C", "B"), ("D", "[A, C]")];
    let text = jobs.iter().fold("jobs:\n".to_owned(), |text, (name, on)| text + &job(name, on));
    circles(&text, &["`A` → `A`", "`B` → `C` → `B`"]);
    let stage = |name: &str, on: &str| {
        format!("- stage: {name}\n  dependsOn: {on}\n  jobs: [{{job: a, steps: [{{script: echo}}]}}]\n")
    };
    let stages = [("A", "A"), ("B", "C"), ("C", "B")];
    let text = stages.iter().fold("stages:\n".to_owned(), |text, (name, on)| text + &stage(name, on));
    circles(&text, &["`A` → `A`", "`B` → `C` → `B`"]);
}

#[track_caller]
fn circles(text: &str, wanted: &[&str]) {
    let folder = Folder::new("");
    folder.write("p.yml", text);
    let told = folder.run(&["check", "p.yml"]).ended_with(1).stderr;
    assert_eq!(told.matches("error[").count(), wanted.len(), "{told}");
    for circle in wanted {
        assert!(told.contains(circle), "no {circle}: {told}");
    }
}

#[test]
fn mistakes_in_templates_are_told_beside_those_of_the_file() {
    let folder = folder(
        "steps:\n- script: x${{ parameters.h.l }}\n- template: t.yml\n  parameters: {minutes: '${{ parameters.h.s }}', gone: '1${{ parameters.h.o }}'}\n",
    );
    let template = "parameters:\n- name: minutes\n- name: gone\nsteps:\n- script: echo\n  timeoutInMinutes: ${{ parameters.minutes }}\n\
        - script: echo\n  timeoutInMinutes: ${{ parameters.gone }}\n- script: echo\n  timeoutInMinutes: 1${{ parameters.gone }}\n";
    folder.write("pipelines/t.yml", template);
    let rendered = folder.run(&["render", "pipelines/p.yml", "--payload", "payload.json"]).ended_with(1).stderr;
    let places = ["p.yml:3:", "p.yml:5:", "t.yml:6:"];
    assert!(places.iter().all(|place| rendered.contains(place)), "{rendered}");
    assert_eq!(rendered.matches("error[").count(), places.len(), "{rendered}");
}

#[test]
fn a_value_that_could_not_be_made_hides_only_what_it_would_have_brought() {
    let job = "  steps:\n  - ${{ each one in parameters.h.s }}:\n    - script: echo\n      name: one\n  - script: echo\n    name: two\n";
    let outputs = |step: &str| format!("    a: $[ dependencies.A.outputs['{step}.x'] ]\n");
    let steps = format!(
        "jobs:\n- job: A\n{job}- job: B\n  dependsOn: [A, C]\n  variables:\n{}  steps:\n  - script: echo\n    timeoutInMinutes: soon\n",
        outputs("three")
    );
    // The steps of `A` are not all known; its siblings are.
    let rendered = folder(&steps).run(&["render", "pipelines/p.yml", "--payload", "payload.json"]).ended_with(1).stderr;
    for place in ["wrong-type", "p.yml:5:", "unknown-dependency", "p.yml:11:", "invalid-value", "p.yml:16:"] {
        assert!(rendered.contains(place), "no {place}: {rendered}");
    }
    assert_eq!(rendered.matches("error[").count(), 3, "{rendered}");
}

#[test]
fn a_filter_that_no_delivery_can_meet_is_a_mistake() {
    let folder = Folder::new(CONNECTIONS);
    let text = "resources: {webhooks: [{webhook: h, connection: load, filters: [{header: 'a b', value: x}]}]}\n\
        steps:\n- script: echo\n";
    folder.write("p.yml", text);
    let told = folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json();
    assert!(lines(&told).contains(&(1, "invalid-value".to_owned())), "{told:#}");
}

#[test]
fn resources_that_an_expression_does_not_know_are_mistakes() {
    let folder = Folder::new("");
    let text = "variables:\n  a: ${{ resources.repositories.self.name }}\n  b: $[ resources.repositories.self.name ]\n\
        steps:\n- script: echo\n";
    folder.write("p.yml", text);
    let told = folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json();
    let expected = [(2, "unknown-name".to_owned()), (3, "unsupported".to_owned())];
    assert_eq!(lines(&told), BTreeSet::from(expected), "{told:#}");
}

#[test]
fn the_place_of_a_block_of_text_ends_with_its_own_last_line() {
    let folder = Folder::new("");
    folder.write(
        "p.yml",
        "steps:\n- script: a\n  condition: >-\n    $[ and(succeeded(),\n    always()) ]\n\n  displayName: b\n",
    );
    let told = folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json();
    let place = &told[0]["place"];
    assert_eq!((&place["line"], &place["end_line"]), (&Value::from(4), &Value::from(5)), "{told:#}");
}

const FILTERED: &str = "resources:
  webhooks:
  - webhook: h
    connection: load
    filters:
    - path: s
      value: now
steps:
- script: |
    sed -i \"s/x/${{ parameters.h.d }}/\" f
    N=${{ parameters.h.l }}
";

/// A filter keeps a delivery out before anything is expanded: nothing is rejected then, here as in the server.
#[test]
fn a_payload_that_a_filter_keeps_out_is_rejected_nowhere() {
    let folder = folder("");
    folder.write("pipelines/p.yml", FILTERED);
    let arguments = ["check", "pipelines/p.yml", "--payload", "payload.json", "--format", "json"];
    let told = folder.run(&arguments).ended_with(0).json();
    let pipeline = &told["pipelines"][0];
    assert_eq!((&pipeline["starts"], &pipeline["rejected"]), (&false.into(), &false.into()), "{told:#}");
    let server = folder.serve(&["--no-worker"]);
    let answer = server.deliver("load", SECRET, PAYLOAD.as_bytes());
    assert_eq!((answer.status, &answer.json()["skipped"][0]["reason"]), (200, &"filtered".into()), "{answer:?}");
    // Where the filter holds both reject it.
    let starting = PAYLOAD.replace("soon", "now");
    folder.write("payload.json", &starting);
    let told = folder.run(&arguments).ended_with(1).json();
    assert_eq!((&told["pipelines"][0]["starts"], &told["pipelines"][0]["rejected"]), (&true.into(), &true.into()));
    assert_eq!(server.deliver("load", SECRET, starting.as_bytes()).status, 422);
}

/// An author knows before the first delivery what a value must look like. It is no mistake.
#[test]
fn what_a_value_must_be_is_told_before_any_delivery() {
    let folder = folder(
        "steps:
- script: |
    sed -i \"s/x/${{ parameters.h.d }}/\" f
    N=${{ parameters.h.n }}; echo $((N+1))
- script: echo ${{ parameters.h.d }}
",
    );
    let told = folder.run(&["check"]).ended_with(0).stderr;
    let notes: Vec<&str> = told.lines().filter(|line| line.starts_with("note[tainted-in-script]")).collect();
    assert_eq!(
        notes,
        [
            "note[tainted-in-script]: payload text must be text of letters, digits, blanks and `_ . , + - @ = : # % ( )` here",
            "note[tainted-in-script]: payload text must be an integer here",
        ],
        "{told}"
    );
    assert!(told.contains("0 errors, 0 warnings") && told.contains("`d`"), "{told}");
    assert!(told.contains("line 2 of the script: a delivery with another value is rejected"), "{told}");
    // The same with a payload that is good.
    folder.write("payload.json", r#"{"d": "x", "n": 1}"#);
    let told = folder.run(&["check", "--payload", "payload.json"]).ended_with(0).stderr;
    assert_eq!(told.lines().filter(|line| notes.contains(line)).count(), 2, "{told}");
}

/// Of a variable that the author's code names, the line of the script is told, and what brought it there. A value
/// that would be read again is refused with the way to pass it.
#[test]
fn what_a_variable_in_code_must_be_is_told_with_its_line_and_the_safe_way() {
    let folder = folder(
        "variables:
  M: ${{ parameters.h.m }}
steps:
- bash: |
    echo start
    ssh web ./deploy.sh \"$TAG\"
  env:
    TAG: ${{ parameters.h.tag }}
- bash: |
    bash -c \"echo $M\"
- bash: |
    bash -c \"echo $(M)\"
- bash: |
    ssh web ./deploy.sh $(M)
",
    );
    let told = folder.run(&["check"]).ended_with(0).stderr;
    for wanted in [
        "`TAG` is used on line 2 of the script: a delivery with another value is rejected",
        "`M` is used on line 1 of the script: a delivery with another value is rejected",
        "it comes through `M`",
        "at `tag`",
        "at `m`",
    ] {
        assert!(told.contains(wanted), "{wanted}\n{told}");
    }
    let arguments = ["check", "pipelines/p.yml", "--payload", "payload.json"];
    folder.write("payload.json", r#"{"tag": "v1.2", "m": "plain"}"#);
    folder.run(&arguments).ended_with(0);
    folder.write("payload.json", r#"{"tag": "v1; touch canary", "m": "plain"}"#);
    let told = folder.run(&arguments).ended_with(1).stderr;
    for wanted in ["`TAG` is used on line 2 of the script", "at `tag`", "give it to that code as an argument"] {
        assert!(told.contains(wanted), "{wanted}\n{told}");
    }
    folder.write("payload.json", r#"{"tag": "v1.2", "m": "$(touch canary)"}"#);
    let told = folder.run(&arguments).ended_with(1).stderr;
    assert!(told.contains("`M` is used on line 1 of the script") && told.contains("at `m`"), "{told}");
}

/// Where the texts of a rejected run would have stood shows why it is rejected, here as in the server.
#[test]
fn of_a_run_that_would_be_rejected_the_places_of_its_texts_are_told_too() {
    let folder = folder(
        "steps:
- bash: echo \"${{ parameters.h.a }}\"
- bash: eval \"${{ parameters.h.d }}\"
",
    );
    let arguments = ["check", "pipelines/p.yml", "--payload", "payload.json"];
    let json = folder.run(&[&arguments[..], &["--format", "json"]].concat()).ended_with(1).json();
    let server = folder.serve(&["--no-worker"]);
    let answer = server.deliver("load", SECRET, PAYLOAD.as_bytes());
    let id = answer.json()["delivery"].as_str().expect("an id").to_owned();
    let shown = folder.run(&["deliveries", "show", &id, "--format", "json"]).ended_with(0).json();
    let (here, there) = (&json["pipelines"][0], &shown["pipelines"][0]);
    assert_eq!(here["expansion"]["uses"], there["expansion"]["uses"], "{json:#}");
    assert_eq!(here["expansion"]["uses"].as_array().map(Vec::len), Some(2), "{json:#}");
    let text = folder.run(&arguments).ended_with(1).stdout;
    assert!(text.contains("starts by the webhook h, and the run is rejected") && text.contains("h.d = x y"), "{text}");
}

/// What a macro brings into a script is wrong with the script, and the variable shows how it came there.
#[test]
fn a_macro_of_a_payloads_variable_is_marked_in_the_script_before_and_with_a_delivery() {
    let folder =
        folder("variables:\n  v: ${{ parameters.h.d }}\nsteps:\n- bash: |\n    echo start\n    eval \"$(v)\"\n");
    let check = folder.run(&["check", "pipelines/p.yml", "--format", "json"]).ended_with(1).json();
    let with_payload = ["check", "pipelines/p.yml", "--payload", "payload.json", "--format", "json"];
    let rendered = folder.run(&with_payload).ended_with(1).json();
    assert_eq!(check, rendered["reports"], "{rendered:#}");
    let report = &check[0];
    assert_eq!((check.as_array().map(Vec::len), &report["place"]["line"]), (Some(1), &6.into()), "{check:#}");
    assert_eq!(report["related"][0]["line"], 3, "{check:#}");
    assert!(report["related"][0]["label"].as_str().is_some_and(|label| label.contains("`v`")), "{check:#}");
}
