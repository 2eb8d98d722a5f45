//! What `render` prints is a pipeline again, and the same one: rendering it once more changes nothing.

use crate::support::Folder;
use std::path::{Path, PathBuf};

/// Returns the pipelines that are there to be rendered, each with its payload if it has one.
fn pipelines() -> Vec<(PathBuf, Option<PathBuf>)> {
    let mut found = Vec::new();
    for folder in ["tests/testdata/pipeline", "tests/testdata/check", "tests/testdata/strategies", "pipelines"] {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let files = entries.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yml"));
        found.extend(files.map(|path| {
            let payload = path.with_extension("json");
            let payload = payload.exists().then_some(payload);
            (path, payload)
        }));
    }
    found.sort();
    found
}

/// Renders a pipeline, and what came of it again; `None` if the pipeline can't be rendered.
fn twice(pipeline: &Path, payload: Option<&Path>) -> Option<(String, String)> {
    let folder = Folder::new("");
    folder.write("p.yml", &std::fs::read_to_string(pipeline).expect("a pipeline"));
    let mut arguments = vec!["render", "p.yml", "--as-written"];
    if let Some(payload) = payload {
        folder.write("payload.json", &std::fs::read_to_string(payload).expect("a payload"));
        arguments.extend(["--payload", "payload.json"]);
    }
    let first = folder.run(&arguments);
    if first.code != Some(0) {
        return None;
    }
    folder.write("again.yml", &first.stdout);
    let again = folder.run(&["render", "again.yml", "--as-written"]);
    assert_eq!(again.code, Some(0), "{}: {}\n{}", pipeline.display(), again.stderr, first.stdout);
    Some((first.stdout, again.stdout))
}

#[test]
fn a_rendered_pipeline_renders_to_itself() {
    let mut rendered = 0;
    for (pipeline, payload) in pipelines() {
        if let Some((first, again)) = twice(&pipeline, payload.as_deref()) {
            assert_eq!(first, again, "{}", pipeline.display());
            rendered += 1;
        }
    }
    // One of them runs in a container, which not every machine can.
    assert!(rendered >= 14, "only {rendered} pipelines could be rendered");
}

#[test]
fn a_condition_with_payload_text_is_printed_as_it_is_evaluated() {
    let folder = Folder::new("");
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
    let text = format!(
        "{listening}variables:\n  condition: ${{{{ parameters.hook.s }}}}\nsteps:\n- script: a\n  condition: eq('${{{{ \
         parameters.hook.s }}}}', 'x')\n- script: b\n  condition: in(${{{{ parameters.hook.s }}}}, 'x')\n- script: c\n  displayName: \
         ${{{{ parameters.hook.none }}}}\n"
    );
    folder.write("p.yml", &text);
    folder.write("payload.json", r#"{"s": "it's"}"#);
    for written in [&["--as-written"][..], &[]] {
        let arguments = [&["render", "p.yml", "--payload", "payload.json", "--format", "json"], written].concat();
        let document = folder.run(&arguments).ended_with(0).json();
        assert_eq!(document["steps"][0]["condition"], "eq('it''s', 'x')");
        assert_eq!(document["steps"][1]["condition"], "in('it''s', 'x')");
        assert_eq!(document["variables"]["condition"], "it's");
    }
    let first = folder.run(&["render", "p.yml", "--payload", "payload.json", "--as-written"]).ended_with(0);
    folder.write("again.yml", &first.stdout);
    assert_eq!(folder.run(&["render", "again.yml", "--as-written"]).ended_with(0).stdout, first.stdout);
}

/// Text that looks like an expression and is none, and a group of which only a worker knows all.
#[test]
fn what_would_mean_something_else_in_a_file_is_printed_so_that_it_does_not() {
    let folder =
        Folder::new("variable-groups:\n  g:\n    plain: p\n    token: {secret: {value: s}}\n  h: {other: o}\n");
    let text = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\nvariables:\n- name: a\n  value: 1\n- group: g\n- group: h\n- name: plain\n  value: own\n\
        steps:\n- script: echo ${{ '${{' }} x }} ${{ '$<<' }} y\n  displayName: ${{ '${{ not ''one'' }}' }}\n- script: b\n  env:\n    A: ${{ parameters.hook.s }}\n    ${{ '${{' }} k: v\n";
    folder.write("p.yml", text);
    folder.write("payload.json", r#"{"s": "${{ 'evil' }} $<< x >> ${{"}"#);
    let first = folder.run(&["render", "p.yml", "--payload", "payload.json", "--as-written"]).ended_with(0).stdout;
    folder.write("again.yml", &first);
    let again = folder.run(&["render", "again.yml", "--as-written"]).ended_with(0).stdout;
    assert_eq!(first, again);
    let json = |name: &str, payload: &[&str]| {
        folder.run(&[&["render", name, "--format", "json", "--as-written"], payload].concat()).ended_with(0).json()
    };
    let document = json("p.yml", &["--payload", "payload.json"]);
    assert_eq!(document, json("again.yml", &[]), "{first}");
    assert_eq!(document["steps"][0]["script"], "echo ${{ x }} $<< y");
    assert_eq!(document["steps"][1]["env"]["A"], "${{ 'evil' }} $<< x >> ${{");
    let names: Vec<&str> =
        document["variables"].as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["a", "plain", "other", "plain"]);
}
