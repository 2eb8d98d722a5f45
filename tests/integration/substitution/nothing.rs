//! Nothing of a payload - null, a member or a header that is not there, a list without items - is its empty text: a
//! place that wants more than that refuses the run, and the text of a script is the same for all of them.

use super::folder;
use crate::support::Folder;
use serde_json::Value;

/// What a payload may say of `a` and of `list`.
const NOTHING: [&str; 4] =
    ["{}", r#"{"a": null, "list": null}"#, r#"{"a": "", "list": []}"#, r#"{"list": [null, {}]}"#];

/// Returns a pipeline of these steps.
fn with(steps: &str) -> Folder {
    folder("safe", steps)
}

/// Returns whether a run would be rejected, and the script of its first step.
pub(super) fn rendered(folder: &Folder, payload: &str) -> Result<String, String> {
    folder.write("payload.json", payload);
    let rendered = folder.run(&["render", "p", "--payload", "payload.json", "--format", "json"]);
    match rendered.code {
        Some(0) => {
            let document: Value = rendered.json();
            let step = &document["steps"][0];
            let script = step.get("bash").or_else(|| step.get("script"));
            Ok(script.and_then(Value::as_str).expect("a script").to_owned())
        }
        _ => Err(rendered.stderr),
    }
}

#[test]
fn a_place_that_wants_a_text_refuses_nothing_of_every_kind() {
    for expression in [
        "parameters.hook.a",
        "lower(parameters.hook.a)",
        "trim(parameters.hook.a)",
        "replace(parameters.hook.a, 'x', 'y')",
        "format('{0}', parameters.hook.a)",
        "coalesce(parameters.hook.a, '')",
        "iif(parameters.hook.a, parameters.hook.a, '')",
        "split(parameters.hook.a, ' ')[0]",
        "join('', parameters.hook.list)",
        "join('/', parameters.hook.list.*.n)",
        "variables.v",
        "resources.webhooks.hook.headers['x-none']",
        "resources.webhooks.hook.event",
    ] {
        for word in [format!("\"build/${{{{ {expression} }}}}\""), format!("build/${{{{ {expression} }}}}")] {
            let variables = "variables:\n  v: ${{ lower(parameters.hook.a) }}\n";
            let folder = with(&format!("{variables}steps:\n- bash: rm -rf {word}\n"));
            for payload in NOTHING {
                let refused = rendered(&folder, payload).expect_err(expression);
                assert!(refused.contains("error[tainted-in-script]"), "{word} {payload}: {refused}");
            }
        }
    }
}

#[test]
fn a_variable_and_an_input_bring_nothing_as_an_empty_text() {
    let macro_of = "variables:\n  v: ${{ lower(parameters.hook.a) }}\nsteps:\n- bash: rm -rf \"build/$(v)\"\n";
    let task = "steps:\n- task: DeleteFiles@1\n  inputs: {SourceFolder: \"${{ lower(parameters.hook.a) }}\", Contents: '**'}\n";
    let list = "steps:\n- task: DeleteFiles@1\n  inputs: {SourceFolder: \"${{ join('/', parameters.hook.list) }}\", Contents: '**'}\n";
    for (steps, wanted) in [(macro_of, "tainted-in-script"), (task, "SourceFolder"), (list, "SourceFolder")] {
        let folder = with(steps);
        for payload in NOTHING {
            if steps == list && payload.contains("[null") {
                continue;
            }
            folder.write("payload.json", payload);
            let told = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
            assert!(told.contains(wanted), "{steps} {payload}: {told}");
        }
    }
}

#[test]
fn the_text_of_a_script_does_not_say_what_is_missing() {
    let folder =
        with("steps:\n- bash: echo \"${{ upper(parameters.hook.a) }}\" ${{ coalesce(parameters.hook.a, '') }}\n");
    let text = rendered(&folder, r#"{"a": "x"}"#).expect("accepted");
    assert!(text.contains("PIPEHOOK_1") && text.contains("PIPEHOOK_2"), "{text}");
    for payload in NOTHING {
        assert_eq!(rendered(&folder, payload).as_ref(), Ok(&text), "{payload}");
    }
}

/// How many items a list has is seen where each of them is a word, and nowhere else.
#[test]
fn a_joined_list_is_one_text_but_where_its_items_are_words() {
    const LISTS: [&str; 4] = [r#"{"list": []}"#, "{}", r#"{"list": ["a"]}"#, r#"{"list": ["a", "b c"]}"#];
    let list = "${{ join(' ', parameters.hook.list) }}";
    for script in [
        format!("echo \"{list}\""),
        format!("echo '{list}'"),
        format!("echo pre-{list}"),
        format!("cat <<E\n    {list}\n    E"),
        "echo ${{ join(',', parameters.hook.list) }}".to_owned(),
    ] {
        let folder = with(&format!("steps:\n- bash: |\n    {script}\n"));
        let texts: Vec<_> = LISTS.iter().map(|payload| rendered(&folder, payload).expect("accepted")).collect();
        assert!(texts.iter().all(|text| text.contains("PIPEHOOK_1") && *text == texts[0]), "{texts:?}");
    }
    let folder = with(&format!("steps:\n- bash: echo before {list} after\n"));
    let texts: Vec<_> = LISTS.iter().map(|payload| rendered(&folder, payload).expect("accepted")).collect();
    let wanted = [
        "echo before  after",
        "echo before  after",
        "echo before \"${PIPEHOOK_1}\" after",
        "echo before \"${PIPEHOOK_1}\" \"${PIPEHOOK_2}\" after",
    ];
    let lines: Vec<_> = texts.iter().map(|text| text.trim()).collect();
    assert_eq!(lines, wanted);
}

#[test]
fn a_list_without_items_is_no_word_only_where_an_empty_text_may_stand() {
    for script in ["rm -rf build/${{ L }}", "rm -rf \"build/${{ L }}\"", "echo hi > ${{ L }}"] {
        let script = script.replace('L', "join(' ', parameters.hook.list)");
        let folder = with(&format!("steps:\n- bash: {script}\n"));
        for payload in [r#"{"list": []}"#, "{}", r#"{"list": null}"#] {
            let refused = rendered(&folder, payload).expect_err(&script);
            assert!(refused.contains("error[tainted-in-script]"), "{script} {payload}: {refused}");
        }
        rendered(&folder, r#"{"list": ["a"]}"#).expect("accepted");
    }
}

/// A step that gets payload text may set a variable to an empty one: that is the payload's as well.
#[test]
fn an_empty_variable_of_a_step_with_payload_text_is_the_payloads() {
    let set = |more: &str| format!("echo \"##vso[task.setvariable variable=x{more}]${{{{ parameters.hook.a }}}}\"");
    let script = "mkdir -p build/k; rm -rf \"build/V\"; ls build | sed s/k/STILL/";
    for value in ["$(x)", "$X"] {
        let script = script.replace('V', value);
        let folder = with(&format!("steps:\n- bash: {}\n- bash: |\n    {script}\n", set("")));
        folder.write("payload.json", "{\"a\": \"\"}");
        let told = folder.run(&["run", "p", "--payload", "payload.json"]).ended_with(1).stdout;
        assert!(told.contains("unless it is text that is not empty"), "{value}: {told}");
        folder.write("payload.json", "{\"a\": \"z\"}");
        let told = folder.run(&["run", "p", "--payload", "payload.json"]).ended_with(0).stdout;
        assert!(told.contains("STILL"), "{value}: {told}");
    }
    let output = format!(
        "jobs:\n- job: A\n  steps:\n  - bash: {}\n    name: s\n- job: B\n  dependsOn: A\n  variables:\n    \
         o: $[ dependencies.A.outputs['s.x'] ]\n  steps:\n  - bash: |\n      {}\n",
        set(";isOutput=true"),
        script.replace('V', "$(o)")
    );
    let folder = with(&output);
    folder.write("payload.json", "{\"a\": \"\"}");
    let told = folder.run(&["run", "p", "--payload", "payload.json"]).ended_with(1).stdout;
    assert!(told.contains("unless it is text that is not empty"), "{told}");
}

/// What a script says whole is its author's, whatever came to the step.
#[test]
fn what_an_author_sets_stays_the_authors() {
    let steps = "steps:\n- bash: |\n    echo \"${{ parameters.hook.a }}\"\n    \
        echo \"##vso[task.setvariable variable=own]mine\"\n    printf '##vso[task.setvariable variable=other]too\\n'\n\
        - bash: eval \"echo $(own) $(other)\"\n";
    let folder = with(steps);
    folder.write("payload.json", "{\"a\": \"\"}");
    let told = folder.run(&["run", "p", "--payload", "payload.json"]).ended_with(0).stdout;
    assert!(told.contains("mine too"), "{told}");
}
