//! `pipehook check` over whole folders.

mod limits;
mod mutation;
mod template;

use super::support::Folder;
use pipehook::diagnostic::Code;
use serde_json::{Value, json};

#[test]
fn mistakes_of_every_file_are_told_in_the_order_of_the_files() {
    let folder = Folder::new("");
    for number in 0..40 {
        folder.write(&format!("pipelines/p{number:02}.yml"), &format!("steps: []\nmistake{number:02}: x\n"));
    }
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(1).json();
    let files: Vec<&str> =
        reports.as_array().expect("a list").iter().filter_map(|it| it["place"]["file"].as_str()).collect();
    let expected: Vec<String> = (0..40).map(|number| format!("pipelines/p{number:02}.yml")).collect();
    assert_eq!(files, expected);
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = Folder::new("");
    folder.write("pipelines/good.yml", "steps: []\n");
    folder.write("pipelines/wrong.yml", "stepps: []\n");
    std::fs::write(folder.path().join("pipelines/latin.yml"), b"name: caf\xe9\nsteps: []\n").expect("it is written");
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(1).json();
    let codes: Vec<&str> = reports.as_array().expect("a list").iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["unreadable-file", "unknown-key"]);
}

/// Opening a pipe would wait for ever for who writes into it.
#[test]
fn a_pipe_among_the_pipelines_is_a_mistake_and_keeps_nobody_waiting() {
    let folder = Folder::new("");
    folder.write("pipelines/good.yml", "steps: []\n");
    let pipe = folder.path().join("pipelines/pipe.yml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let checked = folder.run(&["check", "pipelines"]).ended_with(1);
    assert!(checked.stderr.contains("pipe.yml can't be read: it is not a file"), "{checked:?}");
}

#[test]
fn a_key_that_is_there_twice_is_one_mistake() {
    let folder = Folder::new("");
    folder.write("pipelines/twice.yml", "steps: []\nsteps: []\n");
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(1).json();
    let codes: Vec<&str> = reports.as_array().expect("a list").iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["duplicate-key"]);
}

#[test]
fn notes_are_no_mistakes() {
    let folder = Folder::new("");
    folder.write("pipelines/a.yml", "schedules:\n- cron: 0 3 * * *\nsteps: []\n");
    let checked = folder.run(&["check", "pipelines"]).ended_with(0);
    assert!(checked.stderr.contains("note[no-effect]: pipehook starts no runs by `schedules`"), "{checked:?}");
    folder.write("pipelines/a.yml", "trigger: none\npr: none\nsteps: []\n");
    let silent = folder.run(&["check", "pipelines"]).ended_with(0);
    assert!(!silent.stderr.contains("note"), "{silent:?}");
    let rendered = folder.run(&["render", "pipelines/a.yml"]).ended_with(0);
    assert!(!rendered.stderr.contains("note"), "{rendered:?}");
}

/// Without a payload, mistakes are told that no payload would mend.
#[test]
fn what_a_payload_could_mend_is_no_mistake_without_one() {
    let folder = Folder::new("");
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
    folder.write(
        "sure.yml",
        &format!("{listening}jobs:\n- job: a-b\n  dependsOn: nobody\n- job: c\n  timeoutInMinutes: soon\n"),
    );
    let sure = folder.run(&["check", "sure.yml", "--format", "json"]).ended_with(1).json();
    let codes: Vec<&str> = sure.as_array().expect("a list").iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["invalid-value", "unknown-dependency", "invalid-value"]);
    let open = format!(
        "{listening}name: ${{{{ parameters.hook.name }}}}\njobs:\n- job: ${{{{ parameters.hook.job }}}}\n  \
         timeoutInMinutes: ${{{{ parameters.hook.minutes }}}}\n  condition: eq(${{{{ parameters.hook.x }}}}, 1)\n"
    );
    folder.write("open.yml", &open);
    folder.run(&["check", "open.yml"]).ended_with(0);
}

#[test]
fn an_expression_that_does_not_end_hides_no_other_mistake() {
    let folder = Folder::new("");
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
    folder.write(
        "p.yml",
        &format!(
            "{listening}jobs:\n- job: a\n  displayName: x ${{{{ parameters.hook.a\n  timeoutInMinutes: soon\n  dependsOn: nobody\n  steps:\n  \
             - bash: echo \"${{{{ parameters.hook.b }}}}\n  - scrpt: x\n- job: b-c\n  condition: eq(1\n"
        ),
    );
    let checked = folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json();
    let told = checked.as_array().expect("a list").iter().map(|it| (it["code"].clone(), it["place"]["line"].clone()));
    let expected = [
        ("expression-syntax", 7),
        ("invalid-value", 8),
        ("unknown-dependency", 9),
        ("tainted-in-script", 11),
        ("unknown-key", 12),
        ("invalid-value", 13),
        ("expression-syntax", 14),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected.map(|(code, line)| (json!(code), json!(line))));
}

#[test]
fn a_report_for_code_review_tools_has_rules_and_places() {
    let folder = Folder::new("");
    folder.write("with blank.yml", "jobs:\n- job: a\n- job: A\n  timeoutInMinutes: x\n");
    let report = folder.run(&["check", "with blank.yml", "--format", "sarif"]).ended_with(1).json();
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in run["results"].as_array().expect("results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let code = Code::from_word(result["ruleId"].as_str().expect("a word")).expect("a code");
        assert_eq!(rules[index]["help"]["text"], code.explanation());
    }
    let double = run["results"].as_array().expect("results").iter().find(|it| it["ruleId"] == "duplicate-name");
    let double = double.expect("two jobs have one name");
    let place = |value: &Value| value["physicalLocation"]["region"]["startLine"].clone();
    assert_eq!((place(&double["locations"][0]), place(&double["relatedLocations"][0])), (json!(3), json!(2)));
    assert_eq!(double["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "with%20blank.yml");
}
