//! The documentation's own examples, unchanged, through the real `render` and `run`.

use crate::support::{Folder, shared};
use serde_json::Value;

/// Tasks that the examples name as placeholders, with their inputs: they are in nobody's task library,
/// or in one that is installed. Each is installed here as a package, as a task that pipehook does not
/// have itself is.
const TASKS: [(&str, u32, &[&str]); 6] = [
    ("msbuild", 1, &["solution"]),
    ("vstest", 2, &["solution"]),
    ("dotnet", 1, &["command"]),
    ("SetupMyBuildTools", 1, &[]),
    ("PublishMyTelemetry", 1, &[]),
    ("RunSpecialTool", 1, &[]),
];

fn vectors() -> Option<Value> {
    let text = std::fs::read_to_string(shared()?.join("vectors/documentation.json")).expect("the vectors are there");
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

/// Makes a folder in which the placeholder tasks are installed.
fn with_tasks() -> Folder {
    let folder = Folder::new("tasks: tasks\n");
    for (at, (name, major, inputs)) in TASKS.iter().enumerate() {
        let inputs: Vec<Value> =
            inputs.iter().map(|name| serde_json::json!({"name": name, "type": "string"})).collect();
        let definition = serde_json::json!({
            "id": format!("00000000-0000-0000-0000-00000000000{at}"),
            "name": name,
            "version": {"Major": major, "Minor": 0, "Patch": 0},
            "inputs": inputs,
            "execution": {"Node20_1": {"target": "run.js"}},
        });
        folder.write(&format!("tasks/{name}/task.json"), &definition.to_string());
        folder.write(&format!("tasks/{name}/run.js"), "");
    }
    folder
}

#[test]
fn the_documentations_templates_render_as_it_says() {
    let Some(vectors) = vectors() else { return };
    let cases = vectors["templates"].as_array().expect("a list of cases");
    assert!(cases.len() >= 8, "{}", cases.len());
    for case in cases {
        let folder = with_tasks();
        for (name, text) in case["files"].as_object().expect("files") {
            folder.write(&format!("pipelines/{name}"), text.as_str().expect("text"));
        }
        let entry = format!("pipelines/{}", case["entry"].as_str().expect("a name"));
        let output = folder.run(&["render", &entry, "--format", "json"]);
        assert_eq!(output.code, Some(0), "{}: {}", case["id"], output.stderr);
        let found: Value = serde_json::from_str(&output.stdout).expect("it is JSON");
        let expected = super::world::read(case["expect_yaml"].as_str().expect("text"));
        assert_eq!(found, expected, "{}", case["id"]);
    }
}

/// Without the packages the one thing that is wrong is that nobody has these tasks.
#[test]
fn what_the_documentations_templates_lack_is_tasks_and_nothing_else() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["templates"].as_array().expect("a list of cases") {
        let folder = Folder::new("");
        for (name, text) in case["files"].as_object().expect("files") {
            folder.write(&format!("pipelines/{name}"), text.as_str().expect("text"));
        }
        let entry = format!("pipelines/{}", case["entry"].as_str().expect("a name"));
        let reports = folder.run(&["check", &entry, "--format", "json"]).json();
        let other = reports.as_array().expect("a list").iter().find(|report| {
            // MSBuild is known, and is not on every machine; some of them ask for an image of Windows.
            !["unknown-task", "missing-program", "no-effect"].contains(&report["code"].as_str().unwrap_or_default())
        });
        assert_eq!(other, None, "{}", case["id"]);
    }
}

/// Runs a pipeline of the documentation on this machine. A counter's next values belong to a server's
/// store, and are tested there.
#[test]
fn the_documentations_pipelines_run_as_it_says() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["runtime"].as_array().expect("a list of cases") {
        let folder = Folder::new("");
        folder.write("pipelines/p.yml", case["yaml"].as_str().expect("text"));
        let output = folder.run(&["run", "pipelines/p.yml"]).ended_with(0);
        if let Some(text) = case["expect_log_contains"].as_str() {
            assert!(output.stdout.contains(text), "{}: {output:?}", case["id"]);
        }
        for (job, result) in case["expect"].as_object().into_iter().flatten() {
            let printed = output.stdout.lines().any(|line| line.contains(&format!("/{job}/")));
            assert_eq!(printed, result == "Succeeded", "{} {job}: {output:?}", case["id"]);
        }
        if let Some(first) = case["expect_runs"][0].as_str() {
            assert!(
                output.stdout.lines().any(|line| line.ends_with(&format!("| {first}"))),
                "{}: {output:?}",
                case["id"]
            );
        }
    }
}
