//! `pipehook check` over whole folders.

mod absent;
mod advice;
mod branches;
mod choices;
mod codes;
mod depth;
mod every;
mod follow;
mod foreseen;
mod inputs;
mod limits;
mod member;
mod mutation;
mod once;
mod paths;
mod place;
mod rebuilt;
mod secrets;
mod slip;
mod syntax;
mod template;
mod together;
mod told;
mod whatever;

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

/// What `serve` can't start with is no good configuration for `check` either.
#[test]
fn a_pipelines_folder_that_is_none_is_told_as_serve_tells_it() {
    let folder = Folder::new("pipelines: ./p.yml\n");
    folder.write("p.yml", "steps: []\n");
    for told in [folder.run(&["check"]).ended_with(2), folder.run(&["serve"]).ended_with(2)] {
        assert!(told.stderr.contains("p.yml can't be read: Not a directory"), "{told:?}");
    }
    folder.write("pipehook.yml", "pipelines: ./nowhere\n");
    for told in [folder.run(&["check"]).ended_with(2), folder.run(&["serve"]).ended_with(2)] {
        assert!(told.stderr.contains("nowhere can't be read: No such file"), "{told:?}");
    }
    let named = folder.run(&["check", "pipehook.yml"]).ended_with(1);
    assert!(named.stderr.contains("error[unreadable-file]: the pipelines folder ./nowhere can't be read"), "{named:?}");
}

#[test]
fn an_alias_in_the_place_of_a_step_is_one_mistake() {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", "steps:\n- &a {bash: ls}\n- *a\n");
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(1).json();
    let told = reports.as_array().expect("a list").iter().map(|it| (it["code"].clone(), it["place"]["line"].clone()));
    assert_eq!(told.collect::<Vec<_>>(), [2, 3].map(|line| (json!("yaml-anchor"), json!(line))));
}

#[test]
fn each_file_has_room_for_its_mistakes_and_none_is_left_out_silently() {
    let folder = Folder::new("");
    let keys: String = (0..60).map(|number| format!("wrong{number}: x\n")).collect();
    folder.write("pipelines/a.yml", &format!("steps: []\n{keys}"));
    folder.write("pipelines/b.yml", "steps: []\nmistake: x\n");
    let text = folder.run(&["check", "pipelines"]).ended_with(1).stderr;
    assert_eq!(text.matches("--> pipelines/a.yml").count(), 50, "{text}");
    assert_eq!(text.matches("--> pipelines/b.yml").count(), 1, "{text}");
    assert!(text.contains("and 10 more in pipelines/a.yml\n"), "{text}");
    assert!(text.contains("checked 2 pipelines: 61 errors, 0 warnings"), "{text}");
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).json();
    assert_eq!(reports.as_array().map(Vec::len), Some(61));
}

#[test]
fn a_file_elsewhere_has_a_whole_uri() {
    let (folder, other) = (Folder::new(""), Folder::new(""));
    other.write("with blank.yml", "steps: []\nmistake: x\n");
    let path = other.path().join("with blank.yml");
    let sarif = folder.run(&["check", path.to_str().expect("a path"), "--format", "sarif"]).ended_with(1).json();
    let uri = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
    let wanted = format!("file://{}/with%20blank.yml", other.path().display());
    assert_eq!(uri, json!(wanted), "{sarif}");
}

#[test]
fn a_container_that_comes_to_nothing_is_told() {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", "jobs:\n- job: a\n  container: ${{ variables.img }}\n  steps: [{bash: ls}]\n");
    let told = folder.run(&["check"]).ended_with(0).stderr;
    assert!(told.contains("warning[no-effect]: no container is named") && told.contains("p.yml:3:14"), "{told}");
    folder.write("pipelines/p.yml", "jobs:\n- job: a\n  steps: [{bash: ls}]\n");
    assert!(!folder.run(&["check"]).ended_with(0).stderr.contains("no container"));
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

/// Returns the code and the line of each mistake.
fn told(reports: &Value) -> Vec<(String, u64)> {
    let reports = reports.get("reports").unwrap_or(reports).as_array().expect("a list").iter();
    let one =
        |it: &Value| (it["code"].as_str().unwrap_or_default().to_owned(), it["place"]["line"].as_u64().unwrap_or(0));
    reports.map(one).collect()
}

#[track_caller]
fn tells(folder: &Folder, arguments: &[&str], expected: &[(&str, u64)]) {
    let arguments = [&["check"], arguments, &["--format", "json"]].concat();
    let found = told(&folder.run(&arguments).ended_with(1).json());
    let found: Vec<(&str, u64)> = found.iter().map(|(code, line)| (code.as_str(), *line)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_name_that_is_not_known_hides_no_other_mistake_and_makes_none() {
    let folder = Folder::new("");
    let text = "variables:\n  a: ${{ parameters.nope }}\njobs:\n- job: a\n  dependsOn: nobody\n  steps:\n  - bash: |\n      \
                echo ${{ parameters.nope }}\n    timeoutInMinutes: ${{ parameters.nope }}\n  - scrpt: x\n";
    folder.write("p.yml", text);
    let expected =
        [("unknown-name", 2), ("unknown-dependency", 5), ("unknown-name", 8), ("unknown-name", 9), ("unknown-key", 10)];
    tells(&folder, &["p.yml"], &expected);
    let rendered = folder.run(&["render", "p.yml"]).ended_with(1);
    assert_eq!(rendered.stderr.matches("error[").count(), expected.len(), "{rendered:?}");
}

#[test]
fn an_object_in_text_hides_no_other_mistake_and_makes_none() {
    let folder = Folder::new("");
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
    folder.write(
        "p.yml",
        &format!(
            "{listening}jobs:\n- job: a\n  steps:\n  - bash: echo ${{{{ parameters.hook.o }}}}\n  - template: t.yml\n    \
             parameters:\n      n: x${{{{ parameters.hook.o }}}}\n- job: b\n  dependsOn: nobody\n"
        ),
    );
    folder.write(
        "t.yml",
        "parameters:\n- {name: n, type: number}\nsteps:\n- bash: x\n  timeoutInMinutes: ${{ parameters.n }}\n",
    );
    folder.write("payload.json", r#"{"o": {}}"#);
    let all = [("not-a-string", 8), ("not-a-string", 11), ("unknown-dependency", 13)];
    tells(&folder, &["p.yml", "--payload", "payload.json"], &all);
    let text = std::fs::read_to_string(folder.path().join("p.yml")).expect("it is there");
    folder.write("p.yml", &text.replace("n: x${{ parameters.hook.o }}", "n: 1"));
    tells(&folder, &["p.yml", "--payload", "payload.json"], &[("not-a-string", 8), ("unknown-dependency", 13)]);
}

#[test]
fn a_file_that_is_not_there_is_one_mistake() {
    let folder = Folder::new("");
    folder.write("extends.yml", "extends:\n  template: none.yml\ntrigger: [a b]\n");
    tells(&folder, &["extends.yml"], &[("unknown-template", 2), ("no-effect", 3), ("invalid-value", 3)]);
    folder.write("alias.yml", "jobs:\n- template: x.yml@shared\n- job: a\n  dependsOn: x\n  timeoutInMinutes: soon\n");
    tells(&folder, &["alias.yml"], &[("unknown-template", 2), ("invalid-value", 5)]);
    let unmapped = "resources:\n  repositories:\n  - {repository: shared, type: git, name: a/b}\nsteps:\n- template: x.yml@shared\n- scrpt: x\n";
    folder.write("unmapped.yml", unmapped);
    tells(&folder, &["unmapped.yml"], &[("unreadable-file", 5), ("unknown-key", 6)]);
    folder.write("t.yml", "steps: [\n");
    folder.write("broken.yml", "steps:\n- template: t.yml\n- scrpt: x\n");
    tells(&folder, &["broken.yml"], &[("unknown-key", 3), ("yaml-syntax", 1)]);
}

#[test]
fn a_template_that_a_parameter_names_is_foreseen() {
    let folder = Folder::new("");
    let listed =
        "parameters:\n- {name: kind, values: [a, b], default: a}\nsteps:\n- template: ${{ parameters.kind }}.yml\n";
    folder.write("listed.yml", listed);
    folder.write("a.yml", "steps:\n- bsh: x\n");
    tells(&folder, &["listed.yml"], &[("unknown-template", 4), ("unknown-key", 2)]);
    let default = "parameters:\n- {name: kind, default: c}\nsteps:\n- template: ${{ parameters.kind }}.yml\n";
    folder.write("default.yml", default);
    let checked = folder.run(&["check", "default.yml", "--format", "json"]).ended_with(0).json();
    assert_eq!((&checked[0]["code"], &checked[0]["severity"]), (&json!("unknown-template"), &json!("warning")));
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
    folder.write("listening.yml", &format!("{listening}{default}"));
    tells(&folder, &["listening.yml"], &[("unknown-template", 8)]);
    let chosen = format!("{listening}steps:\n- template: ${{{{ oneOf(parameters.hook.kind, 'd', 'e') }}}}.yml\n");
    folder.write("chosen.yml", &chosen);
    folder.run(&["check", "chosen.yml"]).ended_with(0);
}

#[test]
fn a_template_that_includes_itself_is_one_mistake() {
    let folder = Folder::new("");
    folder.write("p.yml", "steps:\n- template: t.yml\n- scrpt: x\n");
    folder.write("t.yml", "steps:\n- template: t.yml\n- bash: x\n  nme: y\n");
    tells(&folder, &["p.yml"], &[("unknown-key", 3), ("template-cycle", 2), ("unknown-key", 4)]);
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

/// The codes that `check` gives for a pipeline with templates beside it, in order.
fn codes(files: &[(&str, &str)]) -> Vec<String> {
    let folder = Folder::new("");
    for (name, text) in files {
        folder.write(name, text);
    }
    let reports = folder.run(&["check", "p.yml", "--format", "json"]).json();
    let code = |it: &Value| it["code"].as_str().expect("a code").to_owned();
    reports.as_array().expect("a list").iter().map(code).collect()
}

#[test]
fn one_mistake_is_one_report() {
    let template = "parameters:\n- name: image\n  type: strng\nsteps:\n- script: ${{ parameters.image }}\n";
    let caller = "steps:\n- template: t.yml\n  parameters: {image: alpine}\n";
    assert_eq!(codes(&[("p.yml", caller), ("t.yml", template)]), ["invalid-value"], "an unknown type");
    let base = ("base.yml", "steps:\n- script: x\n");
    assert_eq!(codes(&[("p.yml", "extends: base.yml\n"), base]), ["wrong-type"], "a path without its key");
    assert_eq!(codes(&[("p.yml", "extends: {parameters: {}}\n"), base]), ["missing-key"], "no template");
    let large = format!(
        "variables:\n- ${{{{ each x in split('{}', ',') }}}}:\n  - ${{{{ each y in split('{}', ',') }}}}:\n    - {{name: x, value: y}}\nsteps:\n- script: x\n",
        ",".repeat(300),
        ",".repeat(300)
    );
    assert_eq!(codes(&[("p.yml", &large)]), ["expansion-limit"], "a limit met in the variables");
    assert_eq!(codes(&[("p.yml", "? [a]\n: b\nsteps:\n- script: x\n")]), ["wrong-type"], "a key that is a list");
    let template = ("t.yml", "? [a]\n: b\nsteps:\n- script: x\n");
    assert_eq!(codes(&[("p.yml", "steps:\n- template: t.yml\n"), template]), ["wrong-type"], "one in a template");
}

#[test]
fn a_mistake_hides_no_other_beside_it() {
    let object = "parameters:\n- name: o\n  type: object\n  default: {k: v}\n";
    let beside =
        format!("{object}steps:\n- script: x\n  env:\n    a: ${{{{ nope.x }}}}\n    b: x${{{{ parameters.o }}}}\n");
    assert_eq!(codes(&[("p.yml", &beside)]), ["unknown-name", "not-a-string"]);
    let template = "parameters:\n- name: s\n  type: stepList\nsteps: ${{ parameters.s }}\n";
    let caller = "steps:\n- template: t.yml\n  parameters:\n    s: [{script: a, nope: b}, 5]\n";
    assert_eq!(codes(&[("p.yml", caller), ("t.yml", template)]), ["unknown-key", "invalid-value"]);
}

#[test]
fn what_would_stay_text_or_fail_in_a_run_is_told_before() {
    let with = |variable: &str| codes(&[("p.yml", &format!("variables:\n  a: {variable}\nsteps:\n- script: x\n"))]);
    assert_eq!(with("$[ split('a b', ' ') ]"), ["conversion"]);
    assert_eq!(with("$[ split('a b', ' ')[0] ]"), [""; 0]);
    assert_eq!(with("$[ variables.x"), ["expression-syntax"]);
    assert_eq!(with("$ variables.x ]"), ["expression-syntax"]);
    assert_eq!(with("${ parameters.image }}"), ["expression-syntax"]);
    assert_eq!(with("'[x] $[y'"), [""; 0]);
    let named = |more: &str| codes(&[("p.yml", &format!("name: a $(Nope)\n{more}steps:\n- script: x\n"))]);
    assert_eq!(named(""), ["run-name"]);
    assert_eq!(named("variables:\n  nope: x\n"), [""; 0]);
    let at = |cron: &str| {
        let found = codes(&[("p.yml", &format!("schedules:\n- cron: '{cron}'\nsteps:\n- script: x\n"))]);
        found.contains(&"invalid-value".to_owned())
    };
    for right in ["0 3 * * Mon-Fri", "*/15 0-23/2 1,15 Jan-March,12 0", "0 0 31 december saturday"] {
        assert!(!at(right), "{right}");
    }
    for wrong in
        ["0 25 * * Mon-Fri", "0 3 * * Mon-Frid", "60 3 * * *", "0 3 0 * *", "0 3 * 13 *", "*/0 3 * * *", "0 3 * * 7"]
    {
        assert!(at(wrong), "{wrong}");
    }
}
