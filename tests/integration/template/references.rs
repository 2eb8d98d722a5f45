//! How templates are named: paths, repositories, expressions.

use super::world::World;

const REPOSITORIES: &str =
    "resources:\n  repositories:\n  - {repository: shared, type: git, name: team/shared}\n  - repository: tools\n";
const ONE: &str = "steps:\n- script: one\n";

#[track_caller]
fn finds(written: &str, file: &str) {
    let pipeline = format!("{REPOSITORIES}steps:\n- template: {written}\n");
    let json = World::new(&pipeline).file(file, ONE).json();
    assert_eq!(json["steps"], super::world::read("[{script: one}]"), "{written}");
}

#[test]
fn paths_are_relative_absolute_and_of_other_repositories() {
    finds("a.yml", "ci/a.yml");
    finds("./x/a.yml", "ci/x/a.yml");
    finds("../a.yml", "a.yml");
    finds("/a.yml", "a.yml");
    finds("\\x\\a.yml", "x/a.yml");
    finds("x\\..\\a.yml", "ci/a.yml");
    finds("a.yml@self", "ci/a.yml");
    finds("a.yml@shared", "a.yml@shared");
    finds("/x/a.yml@TOOLS", "x/a.yml@tools");
}

#[test]
fn a_template_of_another_repository_stays_there_and_comes_back_by_self() {
    let pipeline = format!("{REPOSITORIES}steps:\n- template: x/a.yml@shared\n");
    World::new(&pipeline)
        .file(
            "x/a.yml@shared",
            "steps:\n- template: b.yml\n- template: /c.yml\n- template: d.yml@self\n- template: e.yml@tools\n",
        )
        .file("x/b.yml@shared", "steps: [{script: b}]\n")
        .file("c.yml@shared", "steps: [{script: c}]\n")
        .file("d.yml", "steps: [{script: d}]\n")
        .file("e.yml@tools", "steps: [{script: e}]\n")
        .json()["steps"]
        .as_array()
        .map(|steps| assert_eq!(steps.len(), 4))
        .expect("a list");
}

#[test]
fn a_reference_to_nothing_is_told_with_what_may_be_meant() {
    let fails = |written: &str, code: &str| {
        World::new(&format!("{REPOSITORIES}steps:\n- template: {written}\n"))
            .file("a.yml", ONE)
            .fails(code, "ci/main.yml:6:13")
    };
    assert!(fails("nope.yml", "unknown-template").contains("there is no template `ci/nope.yml`"));
    assert!(fails("a.yml@shard", "unknown-template").contains("did you mean `shared`?"));
    assert!(fails("../../a.yml", "unknown-template").contains("leaves its repository"));
    assert!(fails("''", "unknown-template").contains("is empty"));
}

#[test]
fn a_missing_file_matters_only_where_it_is_included() {
    let pipeline =
        |condition: &str| format!("steps:\n- ${{{{ if {condition} }}}}:\n  - template: nope.yml\n- script: x\n");
    let outcome = World::new(&pipeline("false")).expand();
    assert!(outcome.document.is_some() && outcome.report.contains("warning[unknown-template]"), "{}", outcome.report);
    World::new(&pipeline("true")).fails("unknown-template", "ci/main.yml:3:15");
}

#[test]
fn names_are_computed_within_what_their_literal_part_allows() {
    let pipeline = "parameters:\n- {name: kind, default: a}\n- {name: whole, default: steps/b.yml}\nsteps:\n- template: steps/${{ parameters.kind }}.yml\n- template: ${{ parameters.whole }}\n";
    let world = World::new(pipeline)
        .file("ci/steps/a.yml", "steps: [{script: a}]\n")
        .file("ci/steps/b.yml", "steps: [{script: b}]\n");
    assert_eq!(world.json()["steps"], super::world::read("[{script: a}, {script: b}]"));
    let broken = world.clone().file("ci/steps/c.yml", "steps: [\n");
    assert_eq!(
        broken.json()["steps"],
        super::world::read("[{script: a}, {script: b}]"),
        "what is not used does not matter"
    );
    broken.given("kind", "c").fails("yaml-syntax", "ci/steps/c.yml:1:8");
    let report = world.clone().given("kind", "aa").fails("unknown-template", "ci/main.yml:5:13");
    assert!(report.contains("did you mean `ci/steps/a.yml`?"), "{report}");
    world.given("kind", "../../../x").fails("unknown-template", "ci/main.yml:5:13");
}

#[test]
fn the_repository_can_be_computed_too() {
    let pipeline = format!(
        "parameters:\n- {{name: r, default: shared}}\n{REPOSITORIES}steps:\n- template: a.yml@${{{{ parameters.r }}}}\n"
    );
    let world = World::new(&pipeline)
        .file("a.yml@shared", "steps: [{script: s}]\n")
        .file("a.yml@tools", "steps: [{script: t}]\n");
    assert_eq!(world.json()["steps"], super::world::read("[{script: s}]"));
    assert_eq!(world.given("r", "tools").json()["steps"], super::world::read("[{script: t}]"));
}

#[test]
fn a_payload_names_no_template() {
    let files = |pipeline: &str| World::new(pipeline).file("ci/a.yml", ONE).payload(r#"{"f": "a.yml", "n": 1}"#);
    files("steps:\n- template: ${{ parameters.hook.f }}\n").fails("tainted-structure", "ci/main.yml:2:13");
    files("steps:\n- template: x${{ parameters.hook.f }}\n").fails("tainted-structure", "ci/main.yml:2:13");
    files("steps:\n- template: a.yml\n  parameters: {'${{ parameters.hook.f }}': 1}\n")
        .fails("tainted-structure", "ci/main.yml:3:17");
    let passed = files("steps:\n- template: b.yml\n  parameters: {f: '${{ parameters.hook.f }}'}\n")
        .file("ci/b.yml", "parameters:\n- name: f\nsteps:\n- template: ${{ parameters.f }}\n");
    passed.fails("tainted-structure", "ci/b.yml:4:13");
    let item = "steps:\n- ${{ each s in parameters.hook.l }}:\n  - ${{ s }}\n";
    let item = World::new(item).file("ci/a.yml", ONE).payload(r#"{"l": [{"template": "a.yml"}]}"#);
    item.fails("tainted-structure", "ci/main.yml:3:5");
}
