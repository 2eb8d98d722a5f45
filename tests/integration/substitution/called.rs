//! Payload text in the arguments of tasks that run a file: one word, and never one that chooses an option. Such a run is
//! rejected before it is queued, and `check --payload` says so.

use super::folder;

const HOLE: &str = "${{ parameters.hook.evil }}";

/// The inputs of each task that runs a file, with arguments to come.
const TASKS: [(&str, &str); 3] = [
    ("Bash@3", "{filePath: a.sh, arguments: 'ARGUMENTS'}"),
    ("ShellScript@2", "{scriptPath: a.sh, args: 'ARGUMENTS'}"),
    ("PythonScript@0", "{scriptSource: filePath, scriptPath: a.py, arguments: 'ARGUMENTS'}"),
];

/// Returns how a command on a pipeline with such a step ends, and what it says.
fn said(substitution: &str, (task, inputs): (&str, &str), arguments: &str, value: &str) -> (i32, String) {
    let variables = "variables:\n  v: ${{ parameters.hook.evil }}\n  w: $[ variables.v ]\n";
    let inputs = inputs.replace("ARGUMENTS", arguments);
    let steps = format!("{variables}steps:\n- bash: ls\n- task: {task}\n  inputs: {inputs}\n");
    let folder = folder(substitution, &steps);
    folder.write("payload.json", &serde_json::json!({ "evil": value }).to_string());
    let checked = folder.run(&["check", "--payload", "payload.json"]);
    let rendered = folder.run(&["render", "p", "--payload", "payload.json"]);
    assert_eq!(checked.code, rendered.code, "{task} {arguments}: {checked:?}\n{rendered:?}");
    (rendered.code.expect("it ends"), rendered.stderr)
}

#[test]
fn payload_text_that_would_be_an_option_is_rejected_before_the_run() {
    for task in TASKS {
        for substitution in ["safe", "strict"] {
            for (arguments, through) in [(HOLE, None), ("a $(v) b", Some("`v`")), ("$(w)", Some("`w`"))] {
                let (code, told) = said(substitution, task, arguments, "-evil");
                assert_eq!(code, 1, "{task:?} {arguments}: {told}");
                for wanted in
                    ["error[tainted-in-script]", "doesn't begin with `-`", "at `evil`"].into_iter().chain(through)
                {
                    assert!(told.contains(wanted), "{wanted} in {task:?} {arguments}: {told}");
                }
                let (code, told) = said(substitution, task, arguments, "harmless; touch x");
                assert_eq!(code, 0, "{task:?} {arguments}: {told}");
            }
        }
    }
}

#[test]
fn what_is_glued_to_the_authors_text_may_be_anything() {
    for task in TASKS {
        let (code, told) = said("safe", task, &format!("--title={HOLE}"), "-evil");
        assert_eq!(code, 0, "{task:?}: {told}");
    }
}

#[test]
fn what_bash_reads_of_arguments_is_judged_as_in_a_script() {
    let (bash, shell) = (TASKS[0], TASKS[1]);
    for arguments in [format!("$(eval {HOLE})"), format!("x; {HOLE}")] {
        assert_eq!(said("safe", bash, &arguments, "ls").0, 1, "{arguments}");
    }
    // Nothing of this is read by a shell.
    assert_eq!(said("safe", shell, &format!("$(eval {HOLE})"), "ls").0, 0);
    // A variable of the environment is a value as well.
    for (value, code) in [("-evil", 1), ("x", 0)] {
        let (told, said) = said("safe", bash, "\"$V\"", value);
        assert_eq!(told, code, "{said}");
    }
}
