//! Values of a payload in expressions that are read when a run goes on: what they may be there, and what they
//! may choose.

use crate::support::{Folder, Output};

const HEAD: &str = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n";

/// Renders a pipeline that a webhook starts with a payload.
fn rendered(text: &str, payload: &str) -> Output {
    let folder = Folder::new("");
    folder.write("a.yml", &format!("{HEAD}{text}")).write("body.json", payload);
    folder.run(&["render", "a.yml", "--payload", "body.json"])
}

#[test]
fn a_payload_does_not_choose_which_value_of_a_run_is_read() {
    let condition = |text: &str| format!("steps:\n- bash: echo\n  condition: {text}\n");
    let variable = |text: &str| format!("variables:\n  v: $[ {text} ]\nsteps:\n- bash: echo\n");
    let job = |text: &str| {
        format!(
            "jobs:\n- job: a\n  steps: []\n- job: b\n  dependsOn: a\n  variables:\n    v: $[ {text} ]\n  steps: []\n"
        )
    };
    let refused = [
        condition("startsWith(variables['${{ parameters.hook.x }}'], 'a')"),
        condition("eq(variables[format('{0}', '${{ parameters.hook.x }}')], 'a')"),
        condition("eq(variables[${{ parameters.hook.x }}], 'a')"),
        variable("variables['${{ parameters.hook.x }}']"),
        variable("coalesce(variables['a${{ parameters.hook.x }}'], 'x')"),
        job("dependencies.a.outputs['s.${{ parameters.hook.x }}']"),
    ];
    for text in refused {
        let output = rendered(&text, "{\"x\": \"token\"}").ended_with(1);
        assert!(output.stderr.contains("error[tainted-choice]"), "{text}: {output:?}");
    }
    let taken = [
        condition("eq('${{ parameters.hook.x }}', variables['a'])"),
        condition("eq(split('${{ parameters.hook.x }}', ',')[0], 'a')"),
        condition("eq('[', '${{ parameters.hook.x }}')"),
    ];
    for text in taken {
        rendered(&text, "{\"x\": \"token\"}").ended_with(0);
    }
}

#[test]
fn a_number_of_a_payload_is_a_number_in_a_condition_whatever_is_behind_its_point() {
    let text = "steps:\n- bash: echo\n  condition: gt(${{ parameters.hook.x }}, 9)\n";
    for (sent, written) in
        [("10", "gt(10, 9)"), ("10.5", "gt(10.5, 9)"), ("-0.5", "gt(-0.5, 9)"), ("\"10.5\"", "gt('10.5', 9)")]
    {
        let output = rendered(text, &format!("{{\"x\": {sent}}}")).ended_with(0);
        assert!(output.stdout.contains(written), "{sent}: {output:?}");
    }
}

#[test]
fn a_number_with_a_point_is_a_hole_where_its_text_would_be_more_than_a_number() {
    let glued = "steps:\n- bash: echo ${{ parameters.hook.x }}>file\n";
    let output = rendered(glued, "{\"x\": 1.5}").ended_with(0);
    assert!(output.stdout.contains("PIPEHOOK_1"), "{output:?}");
}
