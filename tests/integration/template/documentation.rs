//! The documentation's own examples, through the real `render`.

use crate::support::{Folder, shared};
use serde_json::Value;

/// Tasks that the examples use as placeholders; `render` would refuse a task that there is none
/// of, so each becomes a script of the same name on both sides.
const PLACEHOLDERS: [&str; 5] = ["msbuild@1", "vstest@2", "dotnet@1", "SetupMyBuildTools@1", "PublishMyTelemetry@1"];

#[test]
fn the_documentations_templates_render_as_it_says() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(folder.join("vectors/documentation.json")).expect("the vectors are there");
    let vectors: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let cases = vectors["templates"].as_array().expect("a list of cases");
    assert!(cases.len() >= 8, "{}", cases.len());
    for case in cases {
        let folder = Folder::new("");
        for (name, text) in case["files"].as_object().expect("files") {
            folder.write(&format!("pipelines/{name}"), &placed(text.as_str().expect("text")));
        }
        let entry = format!("pipelines/{}", case["entry"].as_str().expect("a name"));
        let output = folder.run(&["render", &entry, "--format", "json"]);
        assert_eq!(output.code, Some(0), "{}: {}", case["id"], output.stderr);
        let found: Value = serde_json::from_str(&output.stdout).expect("it is JSON");
        let expected = super::world::read(&placed(case["expect_yaml"].as_str().expect("text")));
        assert_eq!(found, expected, "{}", case["id"]);
    }
}

/// Returns a text with tasks that do not exist replaced by scripts, their inputs by variables.
fn placed(text: &str) -> String {
    let mut text = text.replace("RunSpecialTool@1", "SetupMyBuildTools@1").replace("inputs:", "env:");
    for task in PLACEHOLDERS {
        text = text.replace(&format!("task: {task}"), &format!("script: {task}"));
    }
    text
}
