//! What an extended pipeline declares among its resources.

use super::world::{World, read};
use crate::support::Folder;

const EXTENDING: &str = "resources:\n  containers:\n  - {container: own, image: 'a:1'}\n  repositories:\n  - {repository: tools, name: t/t}\nextends: {template: base.yml, parameters: {tag: '2'}}\n";

#[test]
fn resources_of_an_extended_pipeline_stand_beside_those_of_the_file() {
    let base = "parameters:\n- name: tag\nresources:\n  containers:\n  - {container: theirs, image: 'b:${{ parameters.tag }}'}\n  \
        pipelines:\n  - {pipeline: up, source: s}\nsteps: []\n";
    let json = World::new(EXTENDING).file("ci/base.yml", base).json();
    let wanted = "containers: [{container: own, image: 'a:1'}, {container: theirs, image: 'b:2'}]\n\
        repositories: [{repository: tools, name: t/t}]\npipelines: [{pipeline: up, source: s}]";
    assert_eq!(json["resources"], read(wanted));
}

#[test]
fn resources_come_through_a_chain_and_to_a_file_that_has_none_or_says_them_last() {
    let core = "resources:\n  containers:\n  - {container: c, image: 'c:1'}\nsteps: []\n";
    let middle =
        "extends: {template: core.yml}\nresources:\n  packages:\n  - {package: p, type: npm, connection: x, name: y}\n";
    let wanted =
        "packages: [{package: p, type: npm, connection: x, name: y}]\ncontainers: [{container: c, image: 'c:1'}]";
    for (pipeline, wanted) in [
        ("extends: {template: middle.yml}\n", wanted.to_owned()),
        ("extends: {template: middle.yml}\nresources:\n", wanted.to_owned()),
        (
            "extends: {template: middle.yml}\nresources: {containers: [{container: a, image: 'a:1'}]}\n",
            wanted.replace("[{container: c", "[{container: a, image: 'a:1'}, {container: c"),
        ),
    ] {
        let world = World::new(pipeline).file("ci/middle.yml", middle).file("ci/core.yml", core);
        assert_eq!(world.json()["resources"], read(&wanted), "{pipeline}");
    }
}

#[test]
fn of_two_resources_with_one_alias_that_of_the_file_is_used_and_the_other_told() {
    let base = "parameters:\n- name: tag\nresources:\n  containers:\n  - {container: OWN, image: 'b:2'}\n  \
        repositories:\n  - {repository: tools, name: t/t}\nsteps: []\n";
    let outcome = World::new(EXTENDING).file("ci/base.yml", base).expand();
    let document = pipehook::template::to_json(&outcome.document.expect("it is no error"));
    assert_eq!(document["resources"]["containers"], read("[{container: own, image: 'a:1'}]"));
    assert_eq!(document["resources"]["repositories"], read("[{repository: tools, name: t/t}]"));
    assert_eq!(outcome.report.matches("warning[no-effect]").count(), 1, "{}", outcome.report);
    assert!(outcome.report.contains("--> ci/base.yml:5:17"), "{}", outcome.report);
}

#[test]
fn an_extended_pipeline_brings_its_pool() {
    let base = "parameters:\n- name: tag\npool: ${{ parameters.tag }}\nsteps: []\n";
    assert_eq!(World::new(EXTENDING).file("ci/base.yml", base).json()["pool"], "2");
    let twice = World::new("extends: {template: base.yml}\npool: a\n").file("ci/base.yml", "pool: b\nsteps: []\n");
    twice.fails("duplicate-key", "ci/main.yml:2:1");
}

/// A job of the extended pipeline runs in a container that its own file declares.
#[test]
fn a_container_of_an_extended_pipeline_is_known_to_its_jobs() {
    let folder = Folder::new("");
    folder.write("a.yml", "extends: {template: base.yml}\n");
    // Of another machine nobody knows here whether it has containers.
    let jobs =
        "jobs:\n- job: j\n  pool: elsewhere\n  container: box\n  steps:\n  - bash: x\n  - bash: y\n    target: box\n";
    folder.write(
        "base.yml",
        &format!("resources:\n  containers:\n  - {{container: box, image: 'ubuntu:24.04'}}\n{jobs}"),
    );
    folder.run(&["check", "a.yml"]).ended_with(0);
    folder.write("base.yml", jobs);
    let told = folder.run(&["check", "a.yml"]).ended_with(1).stderr;
    assert!(told.contains("error[unknown-resource]"), "{told}");
}
