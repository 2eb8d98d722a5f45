//! Why a pipeline did not run: those that do not listen, and those whose files are broken.

use crate::cluster;
use crate::database;
use crate::support::{ANSWER_MAX, Folder, Server, until};
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

const CONNECTIONS: &str = "connections: {load: {secret: {value: s}}, other: {secret: {value: s}}}\n";

fn listening(connection: &str) -> String {
    format!("resources:\n  webhooks:\n  - webhook: hook\n    connection: {connection}\nsteps:\n- script: echo\n")
}

/// Delivers, and returns the delivery's id.
fn deliver(server: &Server, connection: &str) -> String {
    let answer = server.deliver(connection, "s", b"{}");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["delivery"].as_str().expect("an id").to_owned()
}

fn shown(folder: &Folder, id: &str) -> Value {
    folder.run(&["deliveries", "show", id, "--format", "json"]).ended_with(0).json()
}

/// Returns the pipelines of a delivery with what was decided about each.
fn decisions(delivery: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let pipelines = delivery["pipelines"].as_array().expect("a list");
    pipelines.iter().map(|it| (text(&it["pipeline"]), text(&it["decision"]))).collect()
}

#[track_caller]
fn check(delivery: &Value, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect();
    assert_eq!(decisions(delivery), wanted, "{delivery:#}");
}

/// Every delivery says it, also one that started a run, and as the pipelines were when it came.
fn tell_the_silent(folder: &Folder) {
    folder.write("pipelines/a.yml", &listening("load"));
    folder.write("pipelines/b.yml", &listening("other"));
    let server = folder.serve(&["--no-worker"]);
    let first = deliver(&server, "load");
    drop(server);
    folder.write("pipelines/c.yml", &listening("other"));
    folder.write("pipelines/torn.yml", "steps: [\n");
    let server = folder.serve(&["--no-worker"]);
    let second = deliver(&server, "load");
    check(&shown(folder, &first), &[("a", "queued"), ("b", "not-listening")]);
    let delivery = shown(folder, &second);
    let silent = "not-listening";
    check(&delivery, &[("a", "queued"), ("b", silent), ("c", silent), ("torn", silent)]);
    let mistakes = &delivery["pipelines"][3]["diagnostics"];
    assert_eq!(mistakes[0]["severity"], "error", "a broken file is named with what is wrong: {delivery:#}");
    // The list says so as well, and so does the API.
    let listed = folder.run(&["deliveries", "--format", "json"]).ended_with(0).json();
    assert_eq!(decisions(&listed[0]), decisions(&delivery));
    let by_api = server.ask(&format!("/api/v1/deliveries/{second}")).json();
    assert_eq!(decisions(&by_api), decisions(&delivery));
    let text = folder.run(&["deliveries", "show", &second]).ended_with(0).stdout;
    assert!(text.contains("not-listening to this connection: b, c\n"), "{text}");
    assert!(text.contains("pipeline torn: not-listening") && text.contains("torn.yml:"), "{text}");
}

#[test]
fn a_delivery_names_those_that_did_not_listen_as_they_were_when_it_came() {
    tell_the_silent(&Folder::new(CONNECTIONS));
}

#[test]
fn a_delivery_in_a_database_names_them_too() {
    let Some(address) = database::schema() else { return };
    let folder = cluster::folder(&address);
    let configuration = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("it is there");
    let both = configuration
        .replace("{load: {secret: {value: s}}}", "{load: {secret: {value: s}}, other: {secret: {value: s}}}");
    folder.write("pipehook.yml", &both);
    tell_the_silent(&folder);
}

#[test]
fn a_pipeline_whose_file_is_broken_now_is_told_as_that_and_not_as_gone() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/a.yml", &listening("load"));
    let server = folder.serve(&["--no-worker"]);
    let id = deliver(&server, "load");
    drop(server);
    folder.write("pipelines/a.yml", &listening("load").replace("script", "scirpt"));
    let text = folder.run(&["deliveries", "show", &id]).ended_with(0).stdout;
    assert!(text.contains("the pipeline's file has mistakes now") && text.contains("a.yml:6:3"), "{text}");
    assert!(!text.contains("not there any more"), "{text}");
    std::fs::remove_file(folder.path().join("pipelines/a.yml")).expect("it is there");
    let text = folder.run(&["deliveries", "show", &id]).ended_with(0).stdout;
    assert!(text.contains("not there any more"), "{text}");
}

/// Both files have the name `x`, and a third one has none that is text.
fn with_names_in_doubt() -> Folder {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/x.yaml", &listening("other"));
    folder.write("pipelines/x.yml", &listening("load"));
    folder.write("pipelines/y.yml", &listening("load"));
    let unnamed = OsStr::from_bytes(b"\xff\xfe.yml");
    std::fs::write(folder.path().join("pipelines").join(unnamed), listening("load")).expect("a file");
    folder
}

#[test]
fn of_two_files_with_one_name_the_usual_ending_is_served_and_the_other_is_told() {
    let folder = with_names_in_doubt();
    let server = folder.serve(&["--no-worker"]);
    let delivery = shown(&folder, &deliver(&server, "load"));
    let decided =
        [("x", "queued"), ("y", "queued"), ("x.yaml", "not-listening"), ("\u{fffd}\u{fffd}.yml", "not-listening")];
    let mut found = decisions(&delivery);
    found[2..].sort();
    let wanted = decided.map(|(name, word)| (name.to_owned(), word.to_owned()));
    assert_eq!(found, wanted, "{delivery:#}");
    for pipeline in &delivery["pipelines"].as_array().expect("a list")[2..] {
        assert_eq!(pipeline["diagnostics"][0]["code"], "pipeline-name", "{pipeline:#}");
    }
    let told = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("its log");
    assert!(told.contains("pipelines/x.yaml and") && told.contains("x.yml are both named `x`"), "{told}");
    assert!(told.contains("is not UTF-8"), "{told}");
}

#[test]
fn check_tells_files_that_have_no_name_of_their_own() {
    let folder = with_names_in_doubt();
    let checked = folder.run(&["check"]).ended_with(1);
    let wanted = "error[pipeline-name]: ./pipelines/x.yaml and ./pipelines/x.yml are both named `x`";
    assert!(checked.stderr.contains(&wanted.replace("./", "")), "{}", checked.stderr);
    assert!(checked.stderr.contains("is not UTF-8"), "{}", checked.stderr);
    // Templates are named whole, so that two of them may differ in the ending.
    std::fs::remove_file(folder.path().join("pipelines").join(OsStr::from_bytes(b"\xff\xfe.yml")))
        .expect("it is there");
    folder.write("pipelines/x.yml", "steps:\n- template: x.yaml\n");
    folder.write("pipelines/x.yaml", "steps: []\n");
    folder.run(&["check"]).ended_with(0);
}

#[test]
fn a_link_out_of_the_folder_is_no_pipeline_and_one_inside_is() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("elsewhere.yml", &listening("load")).write("pipelines/team/own.yml", &listening("load"));
    for (target, link) in [("../elsewhere.yml", "out.yml"), ("team/own.yml", "in.yml")] {
        std::os::unix::fs::symlink(target, folder.path().join("pipelines").join(link)).expect("a link");
    }
    let checked = folder.run(&["check"]).ended_with(1);
    assert!(checked.stderr.contains("pipelines/out.yml is a link out of the pipelines folder"), "{}", checked.stderr);
    let server = folder.serve(&["--no-worker"]);
    let delivery = shown(&folder, &deliver(&server, "load"));
    let decided = [("in", "queued"), ("team/own", "queued"), ("out.yml", "not-listening")];
    assert_eq!(decisions(&delivery), decided.map(|(name, word)| (name.to_owned(), word.to_owned())), "{delivery:#}");
}

#[test]
fn a_pipeline_in_a_folder_has_the_same_name_for_commands_and_for_the_server() {
    let folder = Folder::new(CONNECTIONS);
    let text = "steps: [{script: 'echo ${{ variables[''Build.DefinitionName''] }} $(Build.DefinitionName)'}]\n";
    folder.write(
        "pipelines/team/own.yml",
        &format!("{}{text}", listening("load").split("steps:").next().expect("a head")),
    );
    folder.write("apart/other.yml", text);
    for name in ["team/own", "pipelines/team/own.yml", "./apart/../pipelines/team/own.yml"] {
        let ran = folder.run(&["run", name, "--raw"]).ended_with(0).stdout;
        assert!(ran.contains("team/own team/own"), "{name}: {ran}");
    }
    assert!(folder.run(&["run", "apart/other.yml", "--raw"]).ended_with(0).stdout.contains("other other"));
    let server = folder.serve(&[]);
    deliver(&server, "load");
    folder.run(&["runs", "wait", "team/own#1"]).ended_with(0);
    assert!(folder.run(&["runs", "logs", "team/own#1"]).ended_with(0).stdout.contains("team/own team/own"));
}

#[test]
fn a_broken_file_is_warned_of_once_for_each_state_of_it() {
    let folder = Folder::new(CONNECTIONS);
    folder.write("pipelines/torn.yml", "steps: [\n");
    let server = folder.serve(&["--no-worker"]);
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("its log");
    let warned =
        |mistake: &str| log().lines().filter(|line| line.contains("has mistakes") && line.contains(mistake)).count();
    // The second file is taken up, so the folder was read again.
    folder.write("pipelines/a.yml", &listening("load"));
    until("the new pipeline", ANSWER_MAX, || {
        let answer = server.deliver("load", "s", b"{}").json();
        (answer["outcome"] == "queued").then_some(())
    });
    assert_eq!(warned("torn"), 1, "{}", log());
    folder.write("pipelines/torn.yml", "stepz: []\n");
    until("the other mistake", ANSWER_MAX, || (warned("stepz") == 1).then_some(()));
}
