//! Why a pipeline did not run: those that do not listen, and those whose files are broken.

use crate::cluster;
use crate::database;
use crate::support::{Folder, Server};
use serde_json::Value;

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
