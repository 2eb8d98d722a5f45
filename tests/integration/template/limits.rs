//! Every limit of an expansion, and how long it takes to meet it.

use super::world::World;
use std::time::{Duration, Instant};

/// How long an expansion may take on a busy machine and without optimisation.
const TIME_MAX: Duration = Duration::from_secs(120);

#[track_caller]
fn meets(world: &World, sentence: &str) {
    let begin = Instant::now();
    let report = world.expand().report;
    assert!(begin.elapsed() < TIME_MAX, "it took {:?}", begin.elapsed());
    assert!(report.contains("error[expansion-limit]") && report.contains(sentence), "{report}");
    assert_eq!(report.matches("error[").count(), 1, "{report}");
}

fn large(items: usize) -> String {
    format!("{{\"l\": [{}]}}", vec!["\"x\""; items].join(","))
}

#[test]
fn a_loop_over_a_large_payload_ends_at_a_limit() {
    let each = |body: &str| {
        World::new(&format!("steps:\n- ${{{{ each c in parameters.hook.l }}}}:\n{body}")).payload(&large(200_000))
    };
    meets(&each("  - script: echo ${{ c }}\n"), "values or");
    meets(&each("  - script: echo\n"), "values or");
    meets(
        &each("  - ${{ each d in parameters.hook.l }}:\n    - ${{ if false }}:\n      - script: x\n"),
        "steps of expressions and loops",
    );
    meets(&each("  - ${{ each d in parameters.hook.l }}: []\n"), "values or");
    meets(&each("  - ${{ parameters.hook.l }}\n"), "values or");
    let joins = "  - ${{ if eq(join('', parameters.hook.l), c) }}:\n    - script: x\n";
    meets(&each(joins).payload(&large(10_000)), "make more than 64 MiB of text");
}

#[test]
fn a_mistake_of_every_turn_is_told_once() {
    let world = World::new("steps:\n- ${{ each c in parameters.hook.l }}:\n  - script: ${{ format('{1}', c) }}\n");
    let report = world.payload(&large(1_000)).expand().report;
    assert_eq!(report.matches("error[").count(), 1, "{report}");
}

#[test]
fn a_loop_that_makes_little_of_much_is_fine() {
    let world =
        World::new("steps:\n- ${{ each c in parameters.hook.l }}:\n  - ${{ if eq(c, 'y') }}:\n    - script: found\n");
    let payload = large(100_000).replacen("\"x\"", "\"y\"", 1);
    world.payload(&payload).gives("steps: [{script: found}]");
}

#[test]
fn comparing_too_much_ends_at_a_limit() {
    let text = "a".repeat(1_000_000);
    let payload = format!("{{\"t\": \"{text}\", \"l\": [{}]}}", vec!["\"b\""; 2_000].join(","));
    let each = "steps:\n- ${{ each c in parameters.hook.l }}:\n  - ${{ if contains(parameters.hook.t, c) }}:\n    - script: x\n";
    meets(&World::new(each).payload(&payload), "compare more than 64 MiB");
}

#[test]
fn templates_that_multiply_end_at_a_limit() {
    let twice = |next: &str| format!("steps:\n{}", format!("- template: {next}\n").repeat(4));
    let mut world = World::new("steps:\n- template: t0.yml\n");
    for level in 0..20 {
        world = world.file(&format!("ci/t{level}.yml"), &twice(&format!("t{}.yml", level + 1)));
    }
    meets(&world.file("ci/t20.yml", "steps:\n- script: x\n"), "values or");
}

#[test]
fn at_most_100_templates_are_used() {
    let lines: String = (0..101).map(|at| format!("- template: t{at}.yml\n")).collect();
    let files = |count: usize| {
        let lines: String = lines.split_inclusive('\n').take(count).collect();
        (0..count).fold(World::new(&format!("steps:\n{lines}")), |world, at| {
            world.file(&format!("ci/t{at}.yml"), "steps:\n- script: x\n")
        })
    };
    assert_eq!(files(100).json()["steps"].as_array().map(Vec::len), Some(100));
    meets(&files(101), "at most 100 template files");
}

#[test]
fn templates_nest_100_deep() {
    let chain = |depth: usize| {
        let next = |at: usize| format!("steps:\n- template: t{at}.yml\n");
        let last = format!("ci/t{}.yml", depth - 1);
        (1..depth)
            .fold(World::new(&next(0)), |world, at| world.file(&format!("ci/t{}.yml", at - 1), &next(at)))
            .file(&last, "steps:\n- script: deep\n")
    };
    chain(99).gives("steps: [{script: deep}]");
    let recursive = "parameters:\n- name: n\nsteps:\n- ${{ if true }}:\n  - template: a.yml\n    parameters: {n: x}\n";
    let report = World::new("steps:\n- template: a.yml\n  parameters: {n: x}\n")
        .file("ci/a.yml", recursive)
        .fails("template-cycle", "ci/a.yml:5:15");
    assert!(report.contains("more than 100 deep"), "{report}");
}

#[test]
fn a_value_does_not_grow_deep_through_parameters() {
    let nest = format!("{}'${{{{ parameters.x }}}}'{}", "{k: ".repeat(40), "}".repeat(40));
    let t = format!(
        "parameters:\n- {{name: x, type: object}}\nsteps:\n- ${{{{ if true }}}}:\n  - template: a.yml\n    parameters: {{x: {nest}}}\n"
    );
    meets(
        &World::new("steps:\n- template: a.yml\n  parameters: {x: 1}\n").file("ci/a.yml", &t),
        "more than 100 levels",
    );
}
