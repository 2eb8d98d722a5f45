//! A draft comes to the same as expanding and validating for each delivery.

use crate::support::Folder;
use pipehook::catalog::{self, Library, Pipeline, Trigger, TriggeringWebhook, prepare};
use pipehook::diagnostic::Diagnostics;
use pipehook::template;
use pipehook::webhook::payload;
use pipehook::webhook::select::select;
use proptest::prelude::*;

const HEAD: &str = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n    filters:\n    - path: action\n      value: go\n";

/// A template to which texts are passed.
const TEMPLATE: &str = "parameters:\n- {name: any, default: x}\n- {name: one, default: a, values: [a, b]}\n- {name: steps, type: stepList, default: []}\n- {name: look, default: ''}\nsteps:\n- script: echo ${{ parameters.any }}\n- ${{ parameters.steps }}\n- ${{ if parameters.look }}:\n  - script: seen\n";

/// Pipelines that pass texts on.
const WITH_DRAFT: [&str; 9] = [
    "steps:\n- script: echo ${{ parameters.hook.title }}\n",
    "steps:\n- script: |\n    printf '%s\\n' \"a ${{ parameters.hook.title }} b\" '${{ parameters.hook.user.name }}'\n",
    "variables:\n  title: ${{ parameters.hook.title }}\n  both: ${{ variables.title }} by ${{ parameters.hook.user.name }}\nsteps:\n- bash: echo \"$(both)\" $(title)\n",
    "steps:\n- script: ls\n  displayName: for ${{ parameters.hook.title }}\n  workingDirectory: a\n  env:\n    TITLE: ${{ parameters.hook.title }}\n    NAME: x${{ parameters.hook.user.name }}\n",
    "name: n_$(Date:yyyyMMdd)\nsteps:\n- script: grep ${{ parameters.hook.title }} file\n",
    "jobs:\n- job: a\n  condition: eq('a', 'a')\n  steps:\n  - script: cat ./${{ parameters.hook.title }}\n- job: b\n  dependsOn: a\n  steps:\n  - script: \"echo $<< parameters.hook['title'] >>\"\n",
    "steps:\n- script: |\n    cat <<EOF\n    ${{ parameters.hook.title }}\n    EOF\n",
    "steps:\n- ${{ if eq(1, 1) }}:\n  - ${{ each x in split('a,b', ',') }}:\n    - script: echo ${{ x }} ${{ parameters.hook.title }}\n",
    "steps:\n- template: templates/t.yml\n  parameters:\n    any: ${{ parameters.hook.title }}\n    steps:\n    - bash: cat ${{ parameters.hook.title }}\n",
];

/// Pipelines of which a text decides something.
const WITHOUT_DRAFT: [&str; 16] = [
    "steps:\n- script: echo ${{ upper(parameters.hook.title) }}\n",
    "steps:\n- script: echo ${{ eq(parameters.hook.title, 'x') }}\n",
    "steps:\n- script: echo hi\n  condition: eq('${{ parameters.hook.title }}', 'a')\n",
    "variables:\n  t: ${{ parameters.hook.title }}\nsteps:\n- script: echo ${{ lower(variables.t) }}\n",
    "steps:\n- script: echo ${{ parameters.hook.user }} ${{ parameters.hook.user.name }}\n",
    "name: for ${{ parameters.hook.title }}\nsteps:\n- script: echo hi\n",
    "variables:\n  t: ${{ parameters.hook.title }}\nname: for $(t)\nsteps:\n- script: echo hi\n",
    "steps:\n- script: echo ${{ resources.webhooks.hook.delivery }}\n",
    "steps:\n- script: '[[ ${{ parameters.hook.title }} -gt 3 ]]'\n",
    "steps:\n- ${{ if parameters.hook.title }}:\n  - script: echo hi\n",
    "steps:\n- ${{ each x in parameters.hook.title }}:\n  - script: echo hi\n",
    "steps:\n- template: templates/t.yml\n  parameters: {one: '${{ parameters.hook.title }}'}\n",
    "steps:\n- template: templates/t.yml\n  parameters: {look: '${{ parameters.hook.title }}'}\n",
    "steps:\n- template: ${{ parameters.hook.title }}\n",
    "variables:\n  ${{ insert }}: ${{ parameters.hook.title }}\nsteps: []\n",
    "steps:\n- script: echo\n  env: {'${{ parameters.hook.title }}': x}\n",
];

fn load(body: &str) -> Pipeline {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", &format!("{HEAD}{body}")).write("pipelines/templates/t.yml", TEMPLATE);
    let (pipeline, diagnostics) =
        catalog::load_file(&folder.path().join("pipelines/p.yml"), &Library::default()).expect("a file");
    assert!(!diagnostics.has_errors(), "{body}: {:?}", diagnostics.resolve(&pipeline.sources));
    pipeline
}

/// Checks one delivery: the draft refuses it, or gives what the long way gives.
fn check(pipeline: &Pipeline, body: &serde_json::Value) -> Result<bool, TestCaseError> {
    let listener = &pipeline.listeners[0];
    let text = body.to_string();
    let payload = payload::check(text.as_bytes()).expect("JSON");
    let draft = pipeline.draft(listener).expect("a draft");
    let values = draft.texts(&select(&payload, &listener.wanted));
    let webhook = TriggeringWebhook {
        alias: "hook",
        payload: select(&payload, &listener.wanted),
        headers: &[],
        event: None,
        delivery: "dlv_1",
    };
    let mut diagnostics = Diagnostics::default();
    let anew = prepare(pipeline, &Trigger { webhook: Some(webhook), ..Trigger::default() }, &mut diagnostics);
    let Some(values) = values else { return Ok(false) };
    let anew = anew.ok_or_else(|| TestCaseError::fail(format!("the long way rejects {text}")))?;
    prop_assert_eq!(&draft.form.plan.plan(&values).expect("a plan"), &anew.plan);
    let yaml = draft.form.document.yaml(&values).expect("a document");
    prop_assert_eq!(yaml, template::to_yaml(&template::as_file(anew.document)));
    Ok(true)
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("-".to_owned()),
        Just("\u{F8FF}0\u{F8FF}".to_owned()),
        Just("'".to_owned()),
        Just("\\\"\n".to_owned()),
        Just("$(title) ${{ x }} $[y]".to_owned()),
        Just("../".to_owned()),
        Just("%".to_owned()),
        "[a-zA-Z0-9 ._/~-]{0,8}",
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_draft_comes_to_the_same_as_the_long_way(title in texts(), name in texts(), at in 0..WITH_DRAFT.len()) {
        let pipeline = load(WITH_DRAFT[at]);
        check(&pipeline, &serde_json::json!({"action": "go", "title": title, "user": {"name": name, "id": 3}}))?;
    }
}

#[test]
fn ordinary_texts_take_the_short_way_and_other_values_do_not() {
    for body in WITH_DRAFT {
        let pipeline = load(body);
        assert!(pipeline.draft(&pipeline.listeners[0]).is_some(), "{body}");
        let delivery = |title: serde_json::Value| serde_json::json!({"title": title, "user": {"name": "Ada"}});
        assert!(check(&pipeline, &delivery("Hello, world".into())).expect("the same"), "{body}");
        for other in [serde_json::json!(5), serde_json::json!(null), serde_json::json!(["x"]), serde_json::json!("\0")]
        {
            assert!(!check(&pipeline, &delivery(other.clone())).expect("the same"), "{body}: {other}");
        }
    }
}

#[test]
fn where_a_text_decides_something_there_is_no_draft() {
    for body in WITHOUT_DRAFT {
        let pipeline = load(body);
        assert!(pipeline.draft(&pipeline.listeners[0]).is_none(), "{body}");
    }
}
