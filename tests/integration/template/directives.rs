//! `if`, `elseif`, `else`, `each`, `insert`, keys from expressions, lists from expressions.

use super::world::World;

/// A pipeline with parameters that the cases below read.
const PARAMETERS: &str = "\
parameters:
- {name: yes, type: boolean, default: true}
- {name: no, type: boolean, default: false}
- {name: os, default: mac}
- {name: list, type: object, default: [a, b]}
- {name: none, type: object, default: }
- {name: empty, type: object, default: []}
- {name: map, type: object, default: {x: 1, y: two}}
- {name: pairs, type: object, default: [{n: A, v: [1, 2]}, {n: B, v: []}]}
- {name: nested, type: object, default: [[1, 2], [3]]}
";

/// Expands a document below the parameters and compares all of it but them.
#[track_caller]
fn check(document: &str, expected: &str) {
    let mut json = World::new(&format!("{PARAMETERS}{document}")).payload(r#"{"n": null, "l": ["p", "q"]}"#).json();
    json.as_object_mut().expect("a mapping").shift_remove("parameters");
    assert_eq!(json, super::world::read(expected), "{document}");
}

/// Expands to a mistake; `line` is counted from the document's first.
#[track_caller]
fn fails(document: &str, code: &str, line: usize, column: usize) -> String {
    let line = PARAMETERS.lines().count() + line;
    World::new(&format!("{PARAMETERS}{document}")).fails(code, &format!("ci/main.yml:{line}:{column}"))
}

#[test]
fn a_choice_brings_the_items_of_its_first_branch_that_holds() {
    check("a:\n- 1\n- ${{ if parameters.yes }}:\n  - 2\n  - 3\n- 4\n", "a: [1, 2, 3, 4]");
    check("a:\n- ${{ if parameters.no }}:\n  - 2\n- 4\n", "a: [4]");
    check("a:\n- ${{ if parameters.no }}:\n  - 2\n", "a: []");
    let chain = |os: &str| {
        format!(
            "a:\n- ${{{{ if eq('{os}', 'linux') }}}}:\n  - l\n- ${{{{ elseif eq('{os}', 'mac') }}}}:\n  - m\n\
             - ${{{{ elseif eq('{os}', 'bsd') }}}}:\n  - b\n- ${{{{ else }}}}:\n  - w\n"
        )
    };
    check(&chain("linux"), "a: [l]");
    check(&chain("mac"), "a: [m]");
    check(&chain("bsd"), "a: [b]");
    check(&chain("windows"), "a: [w]");
}

#[test]
fn a_choice_brings_the_keys_of_its_first_branch_that_holds() {
    check(
        "a:\n  k: 1\n  ${{ if parameters.yes }}:\n    l: 2\n  ${{ else }}:\n    l: 3\n  m: 4\n",
        "a: {k: 1, l: 2, m: 4}",
    );
    check("a:\n  ${{ if parameters.no }}:\n    l: 2\n  ${{ else }}:\n    l: 3\n", "a: {l: 3}");
    check("a:\n  ${{ if parameters.no }}:\n    l: 2\n", "a: {}");
    check("${{ if parameters.yes }}:\n  b: 1\n${{ elseif parameters.yes }}:\n  b: 2\n", "b: 1");
}

#[test]
fn a_condition_is_as_true_as_its_value() {
    for (condition, expected) in [
        ("true", "a: [x]"),
        ("'false'", "a: [x]"),
        ("''", "a: []"),
        ("0", "a: []"),
        ("0.5", "a: [x]"),
        ("parameters.none", "a: []"),
        ("parameters.empty", "a: [x]"),
        ("parameters.hook.n", "a: []"),
        ("parameters.hook.l", "a: [x]"),
        ("and(parameters.yes, eq(parameters.os, 'MAC'))", "a: [x]"),
    ] {
        check(&format!("a:\n- ${{{{ if {condition} }}}}:\n  - x\n"), expected);
    }
}

#[test]
fn each_goes_through_lists_mappings_and_nothing() {
    check("a:\n- ${{ each x in parameters.list }}:\n  - v-${{ x }}\n", "a: [v-a, v-b]");
    check("a:\n- ${{ each x in parameters.map }}:\n  - ${{ x.key }}=${{ x.value }}\n", "a: [x=1, y=two]");
    check("a:\n- ${{ each x in parameters.none }}:\n  - v\n", "a: []");
    check("a:\n- ${{ each x in parameters.empty }}:\n  - v\n", "a: []");
    check("a:\n- ${{ each x in split('p,q', ',') }}:\n  - ${{ x }}\n", "a: [p, q]");
    check("a:\n- ${{ each x in parameters.hook.l }}:\n  - ${{ x }}\n", "a: [p, q]");
    check("a:\n  ${{ each x in parameters.list }}:\n    k_${{ x }}: ${{ upper(x) }}\n", "a: {k_a: A, k_b: B}");
    check("a:\n  ${{ each p in parameters.map }}:\n    ${{ p.key }}: ${{ p.value }}\n", "a: {x: 1, y: two}");
    check(
        "a:\n- ${{ each p in parameters.pairs }}:\n  - ${{ each v in p.v }}:\n    - ${{ p.n }}${{ v }}\n",
        "a: [A1, A2]",
    );
}

#[test]
fn a_mapping_below_a_directive_that_is_an_item_stays_one_item() {
    check("a:\n- ${{ each p in parameters.map }}:\n    ${{ p.key }}: ${{ p.value }}\n", "a: [{x: 1, y: two}]");
    check("a:\n- ${{ if parameters.yes }}:\n    k: 1\n- b\n", "a: [{k: 1}, b]");
    check("a:\n- ${{ if parameters.no }}:\n    k: 1\n- b\n", "a: [b]");
    check("a:\n- ${{ insert }}: ${{ parameters.map }}\n", "a: [{x: 1, y: two}]");
}

#[test]
fn a_directive_beside_other_keys_brings_keys_of_their_mapping() {
    check(
        "a:\n- ${{ each p in parameters.map }}:\n    ${{ if ne(p.key, 'x') }}:\n      ${{ p.key }}: ${{ p.value }}\n  s: [1]\n",
        "a: [{y: two, s: [1]}]",
    );
    check("a:\n- ${{ if parameters.no }}:\n    k: 1\n  ${{ else }}:\n    l: 2\n  m: 3\n", "a: [{l: 2, m: 3}]");
    check("a:\n- m: 3\n  ${{ insert }}: ${{ parameters.map }}\n", "a: [{m: 3, x: 1, y: two}]");
}

#[test]
fn insert_merges_a_mapping_where_it_stands() {
    check("a:\n  k: 1\n  ${{ insert }}: ${{ parameters.map }}\n  l: 2\n", "a: {k: 1, x: 1, y: two, l: 2}");
    check("a:\n  ${{ insert }}: ${{ parameters.none }}\n", "a: {}");
    check("a:\n  ${{ insert }}: {k: 1}\n  ${{ insert }}: ${{ parameters.map }}\n", "a: {k: 1, x: 1, y: two}");
    check("${{ insert }}:\n  k: ${{ parameters.os }}\n", "k: mac");
}

#[test]
fn a_list_from_an_expression_is_flattened_one_level() {
    check("a:\n- 0\n- ${{ parameters.list }}\n- c\n", "a: [0, a, b, c]");
    check("a:\n- ${{ parameters.nested }}\n", "a: [[1, 2], [3]]");
    check("a:\n- - ${{ parameters.list }}\n", "a: [[a, b]]");
    check("a:\n- ${{ parameters.empty }}\n- x\n", "a: [x]");
    check("a:\n- ${{ if parameters.yes }}:\n  - ${{ parameters.list }}\n", "a: [a, b]");
    check("a:\n- ${{ if parameters.yes }}: ${{ parameters.list }}\n", "a: [a, b]");
    check("a:\n- ${{ each l in parameters.nested }}: ${{ l }}\n", "a: [1, 2, 3]");
    check("a:\n- ${{ parameters.none }}\n", "a: [null]");
    check("a:\n- [1, 2]\n", "a: [[1, 2]]");
}

#[test]
fn keys_come_from_expressions() {
    check("${{ parameters.os }}: 1\n", "mac: 1");
    check("pre_${{ parameters.os }}_${{ parameters.yes }}: 1\n", "pre_mac_True: 1");
    check("${{ parameters.yes }}: 1\n", "\"True\": 1");
    check("${{ parameters.map.x }}: 1\n", "\"1\": 1");
    fails("${{ parameters.list }}: 1\n", "wrong-type", 1, 1);
}

#[test]
fn keys_are_compared_after_expansion_ignoring_case() {
    fails("Mac: 1\n${{ parameters.os }}: 2\n", "duplicate-key", 2, 1);
    fails("a:\n  x: 0\n  ${{ insert }}: {x: 1}\n", "duplicate-key", 3, 19);
    check("a:\n  ${{ if parameters.yes }}:\n    k: 1\n  ${{ if parameters.no }}:\n    K: 2\n", "a: {k: 1}");
    fails("a:\n  ${{ if parameters.yes }}:\n    k: 1\n  ${{ if parameters.yes }}:\n    K: 2\n", "duplicate-key", 5, 5);
}

#[test]
fn the_other_delimiters_mean_the_same() {
    check("a:\n- $<< if parameters.yes >>:\n  - $<< parameters.os >>\n- $<< else >>:\n  - x\n", "a: [mac]");
    check("a:\n  $<< insert >>: $<< parameters.map >>\n", "a: {x: 1, y: two}");
}

#[test]
fn texts_that_look_like_directives_are_escaped() {
    check("a: ${{ '${{ if true }}' }}\n", "a: '${{ if true }}'");
    check("${{ 'if' }}: 1\n", "if: 1");
    check("a: ${{ '${{' }} x }}\n", "a: '${{ x }}'");
    check("a: 'it''s ${{ ''$<<'' }}'\n", "a: 'it''s $<<'");
}

#[test]
fn a_branch_that_is_not_taken_is_not_looked_at_but_its_syntax_is() {
    let world = World::new(&format!("{PARAMETERS}a:\n- ${{{{ if parameters.no }}}}:\n  - ${{{{ nope.x }}}}\n- b\n"));
    let outcome = world.expand();
    assert!(outcome.document.is_some(), "{}", outcome.report);
    assert!(outcome.report.contains("warning[unknown-name]"), "{}", outcome.report);
    fails("a:\n- ${{ if parameters.yes }}:\n  - ${{ nope.x }}\n", "unknown-name", 3, 9);
    fails("a:\n- ${{ if parameters.no }}:\n  - ${{ a b }}\n", "expression-syntax", 3, 11);
    fails("a:\n- ${{ if parameters.no }}:\n  - ${{ each x in }}:\n    - y\n", "directive", 3, 14);
}

#[test]
fn malformed_directives_are_told() {
    fails("a:\n- ${{ if a b }}:\n  - x\n", "directive", 2, 10);
    fails("a:\n- ${{ IF true }}:\n  - x\n", "directive", 2, 7);
    fails("a:\n- ${{ if true }}:\n  - x\n- ${{ elif true }}:\n  - y\n", "directive", 4, 7);
    fails("a:\n- ${{ foreach x in parameters.list }}:\n  - x\n", "directive", 2, 7);
    fails("a:\n- ${{ if }}:\n  - x\n", "directive", 2, 7);
    fails("a:\n- ${{ each x parameters.list }}:\n  - x\n", "directive", 2, 12);
    fails("a:\n- ${{ else }}:\n  - x\n", "directive", 2, 3);
    fails("a:\n- ${{ elseif true }}:\n  - x\n", "directive", 2, 3);
    fails("a:\n- ${{ if true }}:\n  - x\n- y\n- ${{ else }}:\n  - z\n", "directive", 5, 3);
    fails("a:\n- ${{ if true }}:\n  - x\n- ${{ else }}:\n  - y\n- ${{ else }}:\n  - z\n", "directive", 6, 3);
    fails("a: ${{ if true }}\n", "directive", 1, 4);
    fails("a:\n- ${{ insert }}\n", "directive", 2, 3);
    fails("a:\n- ${{ else }}\n", "directive", 2, 3);
    fails("a: x ${{ each y in z }}\n", "directive", 1, 6);
    fails("a:\n- x ${{ if true }}:\n  - y\n", "directive", 2, 5);
}

#[test]
fn what_stands_below_a_directive_has_the_shape_of_what_is_around_it() {
    fails("a:\n  ${{ if parameters.yes }}:\n  - x\n", "wrong-type", 3, 5);
    fails("a:\n  ${{ if parameters.yes }}: x\n", "wrong-type", 2, 29);
    fails("a:\n  ${{ insert }}: ${{ parameters.list }}\n", "wrong-type", 2, 18);
    fails("a:\n- ${{ if parameters.yes }}: x\n", "wrong-type", 2, 29);
}

#[test]
fn each_wants_a_list_or_a_mapping() {
    let report = fails("a:\n- ${{ each x in parameters.os }}:\n  - y\n", "wrong-type", 2, 3);
    assert!(report.contains("this is the text `mac`"), "{report}");
    fails("a:\n- ${{ each x in parameters.yes }}:\n  - y\n", "wrong-type", 2, 3);
}

#[test]
fn a_loops_name_is_known_in_its_body_only_and_new() {
    fails("a:\n- ${{ each x in parameters.list }}:\n  - ${{ x }}\n- ${{ x }}\n", "unknown-name", 4, 7);
    fails("a:\n- ${{ each parameters in parameters.list }}:\n  - y\n", "duplicate-name", 2, 12);
    fails("a:\n- ${{ each Variables in parameters.list }}:\n  - y\n", "duplicate-name", 2, 12);
    let twice = "a:\n- ${{ each x in parameters.list }}:\n  - ${{ each X in parameters.list }}:\n    - y\n";
    fails(twice, "duplicate-name", 3, 14);
    check(
        "a:\n- ${{ each x in parameters.list }}:\n  - ${{ X }}\n- ${{ each x in parameters.list }}:\n  - ${{ x }}\n",
        "a: [a, b, a, b]",
    );
}

#[test]
fn variables_from_directives_are_known_after_them() {
    check(
        "variables:\n  ${{ if parameters.yes }}:\n    v: 1\n  w: ${{ variables.v }}2\nsteps: x${{ variables.w }}\n",
        "variables: {v: 1, w: '12'}\nsteps: x12",
    );
    check(
        "variables:\n- ${{ each x in parameters.list }}:\n  - name: v_${{ x }}\n    value: ${{ upper(x) }}\nsteps: ${{ variables.v_b }}\n",
        "variables: [{name: v_a, value: A}, {name: v_b, value: B}]\nsteps: B",
    );
}
