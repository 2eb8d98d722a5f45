//! What holds for any template and any payload.

use super::world::World;
use proptest::prelude::*;

/// Returns a value as flow YAML without expressions.
fn literal() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,3}",
        Just("true".to_owned()),
        Just("'$(x) $[y] {'".to_owned()),
        Just("1.5".to_owned())
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("[a-d]", inner, 0..3).prop_map(|pairs| format!(
                "{{{}}}",
                pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", ")
            )),
        ]
    })
}

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        "(parameters|variables|x|y|nope)(\\.(hook|p|a|l|key|value|\\*)){0,3}",
        "(eq|ne|format|join|split|length|contains|iif|convertToJson|coalesce)\\((x|y|parameters\\.hook|'a'|1)(, (x|'\\{0\\}'|parameters\\.p|2)){0,2}\\)",
        "'[a-z{}$]{0,4}'|true|1\\.2|[a-z(),.' ]{0,8}",
    ]
}

fn directive() -> impl Strategy<Value = String> {
    prop_oneof![
        expression().prop_map(|it| format!("if {it}")),
        expression().prop_map(|it| format!("elseif {it}")),
        Just("else".to_owned()),
        Just("insert".to_owned()),
        expression().prop_map(|it| format!("each x in {it}")),
        expression().prop_map(|it| format!("each y in {it}")),
        expression(),
    ]
}

/// Returns a value as flow YAML in which expressions and directives stand anywhere.
fn template() -> impl Strategy<Value = String> {
    let quoted = |text: String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let hole = expression().prop_map(move |it| quoted(format!("${{{{ {it} }}}}")));
    let mixed = expression().prop_map(move |it| quoted(format!("a ${{{{ {it} }}}} b")));
    let key = prop_oneof![
        2 => "[a-d]|steps|jobs|job|script|template|parameters|variables|name|value|group|extends|task|inputs",
        3 => directive().prop_map(move |it| quoted(format!("${{{{ {it} }}}}"))),
    ];
    let file = prop_oneof!["t\\.yml|main\\.yml|/ci/t\\.yml|u\\.yml@self"];
    let leaf = prop_oneof![2 => literal(), 3 => hole, 1 => mixed, 1 => file];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|pairs| format!(
                "{{{}}}",
                pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", ")
            )),
        ]
    })
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("7".to_owned()),
        Just("\"a\"".to_owned()),
        Just("\"${{ x }}\"".to_owned())
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("a|l|key|value|template|steps", inner, 0..3).prop_map(|pairs| format!(
                "{{{}}}",
                pairs.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect::<Vec<_>>().join(",")
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_template_without_expressions_changes_nothing(value in literal()) {
        let json = World::new(&format!("a: {value}\n")).json();
        prop_assert_eq!(json, super::world::read(&format!("a: {value}\n")));
    }

    #[test]
    fn what_goes_through_a_template_without_expressions_stays(value in literal()) {
        let world = World::new(&format!("steps:\n- template: t.yml\n  parameters: {{v: {value}}}\n"))
            .file("ci/t.yml", "parameters:\n- {name: v, type: object}\nsteps:\n- script: x\n  env: {v: '${{ parameters.v }}'}\n");
        let json = world.json();
        let expected = super::world::read(&format!("v: {value}\n"));
        prop_assert_eq!(&json["steps"][0]["env"], &expected);
    }

    #[test]
    fn any_template_and_payload_are_expanded_or_told_about(
        root in template(), steps in template(), other in template(), payload in json(),
    ) {
        let pipeline = format!("parameters:\n- {{name: p, type: object, default: [1]}}\nsteps: {root}\nvariables: {other}\n");
        let world = World::new(&pipeline)
            .file("ci/t.yml", &format!("parameters:\n- {{name: p, type: stepList, default: []}}\nsteps: {steps}\n"))
            .file("u.yml", &format!("steps: {other}\n"))
            .payload(&payload);
        let outcome = world.expand();
        prop_assert!(outcome.document.is_some() || outcome.report.contains("error["));
    }

    #[test]
    fn a_payload_adds_nothing_where_nobody_loops(payload in json()) {
        let pipeline = "steps:\n- script: echo ${{ convertToJson(parameters.hook) }}\n  env:\n    A: x${{ parameters.hook.nope }}\n- template: t.yml\n  parameters: {v: '${{ parameters.hook }}'}\n";
        let t = "parameters:\n- {name: v, type: object}\nsteps:\n- script: y\n  inputs: ${{ parameters.v }}\n";
        let document = World::new(pipeline).file("ci/t.yml", t).payload(&payload).json();
        let steps = document["steps"].as_array().expect("a list");
        prop_assert_eq!(steps.len(), 2);
        prop_assert_eq!(steps[1].as_object().expect("a mapping").len(), 2);
    }
}
