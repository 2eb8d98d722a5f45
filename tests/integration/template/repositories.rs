//! `resources.repositories` of a pipeline.

use super::world::World;

#[track_caller]
fn fails(repositories: &str, code: &str, place: &str) {
    World::new(&format!("resources:\n  repositories:\n{repositories}steps: []\n"))
        .fails(code, &format!("ci/main.yml:{place}"));
}

#[test]
fn declarations_are_checked() {
    fails("  - {name: x}\n", "missing-key", "3:6");
    fails("  - x\n", "wrong-type", "3:5");
    fails("  - {repository: self}\n", "invalid-value", "3:18");
    fails("  - {repository: 'a b'}\n", "invalid-value", "3:18");
    fails("  - {repository: a, name: '${{ variables.x }}'}\n", "invalid-value", "3:27");
    fails("  - {repository: a, name: x}\n  - {repository: A, name: y}\n", "duplicate-name", "4:18");
    World::new("resources: {repositories: x}\nsteps: []\n").fails("wrong-type", "ci/main.yml:1:27");
}

#[test]
fn an_extended_pipeline_brings_repositories_and_no_webhooks() {
    let base = "resources:\n  repositories: [{repository: more}]\nsteps:\n- template: a.yml@more\n";
    World::new("extends: {template: b.yml}\n")
        .file("ci/b.yml", base)
        .file("a.yml@more", "steps: [{script: a}]\n")
        .gives("steps: [{script: a}]\nresources: {repositories: [{repository: more}]}");
    let listening = "resources:\n  webhooks: [{webhook: h, connection: c}]\nsteps: []\n";
    World::new("extends: {template: b.yml}\n").file("ci/b.yml", listening).fails("unsupported", "ci/b.yml:2:3");
}

#[test]
fn containers_are_expanded_and_other_resources_take_no_expressions() {
    let pipeline = "parameters:\n- {name: tag, default: '24.04'}\nresources:\n  containers:\n  - container: c\n    image: ubuntu:${{ parameters.tag }}\n  \
        - ${{ if eq(parameters.tag, 'old') }}:\n    - container: d\n      image: e\nsteps: []\n";
    let json = World::new(pipeline).json();
    assert_eq!(json["resources"], super::world::read("containers: [{container: c, image: 'ubuntu:24.04'}]"));
    let pipeline = "resources:\n  pipelines:\n  - pipeline: p\n    branch: ${{ 1 }}\nsteps: []\n";
    World::new(pipeline).fails("invalid-value", "ci/main.yml:4:13");
}

#[test]
fn the_version_of_a_repository_that_is_checked_out_may_have_an_expression() {
    let pipeline = "parameters:\n- {name: branch, default: main}\nresources:\n  repositories:\n  - {repository: tools, name: t, ref: 'refs/heads/${{ parameters.branch }}'}\n  \
        - {repository: other, ref: v1}\nsteps:\n- checkout: tools\n";
    let json = World::new(pipeline).given("branch", "next").json();
    let wanted = "repositories: [{repository: tools, name: t, ref: refs/heads/next}, {repository: other, ref: v1}]";
    assert_eq!(json["resources"], super::world::read(wanted));
    let named = World::new(&format!("{pipeline}- template: t.yml@tools\n")).file("t.yml@tools", "steps: []\n");
    named.fails("unsupported", "ci/main.yml:9:13");
    let elsewhere = "resources:\n  repositories:\n  - {repository: tools, name: '${{ 1 }}'}\nsteps: []\n";
    World::new(elsewhere).fails("invalid-value", "ci/main.yml:3:31");
}
