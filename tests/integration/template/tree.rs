//! One tree of templates with everything in it, in three repositories, five levels deep, and what
//! it must come to, worked out by hand.

use super::world::World;
use std::path::Path;

const FOLDER: &str = "tests/testdata/template/tree";

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the tree: the folders `self`, `shared` and `tools` are the repositories.
fn tree() -> World {
    let files = [
        ("self", "templates/stage.yml"),
        ("self", "templates/vars.yml"),
        ("self", "templates/steps/own.yml"),
        ("shared", "pipelines/base.yml"),
        ("shared", "pipelines/parts/job.yml"),
        ("shared", "vars/common.yml"),
        ("tools", "steps/wrap.yml"),
        ("tools", "steps/unix/make.yml"),
        ("tools", "steps/windows/make.yml"),
    ];
    files.into_iter().fold(World::new(&read("self/ci/main.yml")), |world, (repository, path)| {
        let at = if repository == "self" { String::new() } else { format!("@{repository}") };
        world.file(&format!("{path}{at}"), &read(&format!("{repository}/{path}")))
    })
}

#[test]
fn the_tree_comes_to_what_was_worked_out() {
    let world = tree()
        .group("deploy", &[("region", "west")], &["token"])
        .payload(r#"{"commits": [{"id": "a1", "by": "me; rm -rf /"}, {"id": "b2", "by": "you"}], "branch": "main"}"#);
    let mut json = world.json();
    let document = json.as_object_mut().expect("a mapping");
    document.shift_remove("parameters");
    document.shift_remove("resources");
    assert_eq!(json, super::world::read(&read("expected.yml")), "{json:#}");
}

#[test]
fn a_mistake_five_levels_deep_names_its_whole_way() {
    let broken = read("tools/steps/unix/make.yml").replace("parameters.target", "nope(1)");
    let report = tree()
        .group("deploy", &[("region", "west")], &["token"])
        .file("steps/unix/make.yml@tools", &broken)
        .payload(r#"{"commits": [], "branch": "main"}"#)
        .expand()
        .report;
    for place in
        ["steps/wrap.yml@tools:", "pipelines/parts/job.yml@shared:", "pipelines/base.yml@shared:", "ci/main.yml:"]
    {
        assert!(report.contains(&format!("= note: included from {place}")), "{place}\n{report}");
    }
}
