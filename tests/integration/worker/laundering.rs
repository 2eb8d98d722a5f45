//! Payload text that one step leaves in a file and a later one prints.

use super::bench::*;
use pipehook::pipeline::plan::{Action, Commands, Plan, Step, Target, Task};
use pipehook::run::RunResult::{Failed, Succeeded};
use pipehook::taint::Text;

/// A payload that sets a variable, if what it says is believed.
const SETTING: &str = "##vso[task.setvariable variable=v]$(touch owned)";

/// Writes a payload's text to a file.
fn write(text: &str) -> Step {
    step(mixed(&[("printf '%s\\n' '", false), (text, true), ("' > msg.txt", false)]))
}

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn any(script: &str) -> Step {
    Step { target: Some(Target { commands: Some(Commands::Any), ..Target::default() }), ..step(script) }
}

#[test]
fn a_command_of_a_payload_is_not_obeyed_when_a_later_step_prints_it() {
    for print in ["cat msg.txt", "echo \"$(<msg.txt)\"", "tail -n 1 < msg.txt", "grep . msg.txt"] {
        let story = run(vec![write(SETTING), step(print), step("echo $(v)"), step("ls")]);
        assert_eq!(story.output(1), [format!("(not obeyed) {SETTING}")], "{print}: {story:?}");
        assert_eq!(story.output(3), ["msg.txt"], "{print}");
    }
}

#[test]
fn what_a_later_step_sets_is_a_payload_s_and_stays_data() {
    let own = "echo \"##vso[task.setvariable variable=v]$(cat msg.txt)\"";
    let outputs = "echo \"##vso[task.setvariable variable=v;isoutput=true]$(cat msg.txt)\"";
    let hostile = "$(touch owned)";
    let story = run(vec![
        write(hostile),
        step(own),
        Step { name: Some("give".into()), ..step(outputs) },
        step("echo \"$(v)\"; echo $(give.v); echo \"$V\""),
        step_if("always()", "eval \"$(v)\""),
        step_if("always()", "ls"),
    ]);
    assert_eq!(story.output(3), [hostile; 3]);
    assert_eq!(story.results()[4], Failed);
    assert!(story.errors()[0].contains("(in what a step printed)"), "{:?}", story.errors());
    assert_eq!(story.output(5), ["msg.txt"]);
    assert!(story.outcome.outputs[0].value.is_tainted(), "other jobs know it too");
}

#[test]
fn a_payload_that_hides_its_command_makes_payload_text_only() {
    let steps =
        |sink: &str| vec![write(&encoded(SETTING)), step("base64 -d msg.txt"), step(sink), step_if("always()", "ls")];
    let story = run(steps("echo \"$(v)\""));
    assert_eq!((story.output(2), story.output(3)), (vec!["$(touch owned)"], vec!["msg.txt"]));
    let story = run(steps("bash -c \"$(v)\""));
    assert_eq!((story.results()[2], story.output(3)), (Failed, vec!["msg.txt"]));
}

#[test]
fn a_hidden_command_puts_no_folder_in_front_of_path() {
    let hidden = encoded("##vso[task.prependpath]/evil");
    let story = run(vec![write(&hidden), step("base64 -d msg.txt")]);
    assert_eq!(story.errors(), ["after payload text came to the job, only a script's own line can change `PATH`"]);
}

#[test]
fn later_steps_without_hostile_text_work_as_ever() {
    let story = run(vec![
        write("# Heading\n- a [link](x) ## b"),
        step("printf '##vso[task.setvariable variable=%s]%s\\n' count 3; echo \"##vso[task.prependpath]$HOME/x\""),
        step("echo '##vso[task.setvariable variable=node]20'"),
        step("[ $(count) -gt 2 ] && echo \"more than $(count)\" '$(node)'; echo $PATH | cut -d: -f1 | xargs basename"),
        // A literal of the author's stays one, wherever it is used.
        step("eval 'echo $(node)'; echo '##vso[task.setvariable variable=again]1'"),
        step("printf '##vso[task.setvariable variable=%s]%s\\n' more $(again)"),
        step("echo $(more)"),
    ]);
    assert_eq!(story.results(), [Succeeded; 7], "{story:?}");
    assert_eq!(story.output(3), ["more than 3 20", "x"]);
    assert_eq!((story.output(4), story.output(6)), (vec!["20"], vec!["1"]));
}

#[test]
fn a_prefix_of_the_author_s_text_is_no_word_of_his() {
    // What is set is the text that stands in the script, but it was the payload that said it.
    let own = "echo \"##vso[task.setvariable variable=v]$(cat msg.txt)\"";
    let story = run(vec![write("$(cat msg.txt)"), step(own), step("echo $(v)")]);
    assert_eq!(story.output(2), ["$(cat msg.txt)"]);
}

#[test]
fn what_an_author_wrote_word_for_word_is_his_also_in_a_step_that_gets_payload_text() {
    let legs = r#"{"a":{"x":"1"}}"#;
    let own =
        |command: &str| step(mixed(&[("echo '", false), ("$(touch owned)", true), ("'; ", false), (command, false)]));
    let said = format!("echo '##vso[task.setvariable variable=m;isoutput=true]{legs}'");
    let made = "printf '##vso[task.setvariable variable=%s;isoutput=true]%s\\n' n 1";
    let mixed_in =
        mixed(&[("echo \"##vso[task.setvariable variable=p;isoutput=true]", false), ("{", true), ("\"", false)]);
    let story = run(vec![own(&said), own(made), step(mixed_in)]);
    let outputs = &story.outcome.outputs;
    let seen: Vec<_> = outputs.iter().map(|it| (it.value.flatten().into_owned(), it.value.is_tainted())).collect();
    let expected = [(legs, false), ("1", true), ("{", true)];
    assert_eq!(seen, expected.map(|(text, tainted)| (text.to_owned(), tainted)), "{story:?}");
}

#[test]
fn an_author_may_take_what_a_later_step_prints_for_his_own() {
    let script = "printf '##vso[task.setvariable variable=v]%s\\n' 'echo done'";
    let story = run(vec![write("x"), any(script), step("eval \"$(v)\"")]);
    assert_eq!(story.output(2), ["done"]);
}

#[test]
fn a_job_that_takes_artifacts_of_a_run_with_payload_text_is_reached() {
    let task = |name: &str, version: &str, inputs: &[(&str, &str)]| Step {
        action: Action::Task(Task {
            name: name.into(),
            version: version.into(),
            inputs: inputs.iter().map(|(name, value)| ((*name).into(), Text::from(*value))).collect(),
            ..Task::default()
        }),
        ..Step::default()
    };
    let publish = task("PublishPipelineArtifact", "1", &[("targetPath", "msg.txt"), ("artifact", "notes")]);
    let fetch = task("DownloadPipelineArtifact", "2", &[("artifact", "notes"), ("path", "here")]);
    let taking = |fetch: Step, clean: bool| {
        let first = if clean { step("echo hello > msg.txt") } else { write(SETTING) };
        let jobs = vec![
            job(vec![first, publish.clone()]),
            job(vec![fetch, step("cat here/* || true"), step("eval \"$(v)\""), step_if("always()", "ls")]),
        ];
        let plan = plan(vec![stage("main", jobs)]);
        run_jobs(plan, &[0, 1])
    };
    let story = taking(fetch.clone(), false);
    assert_eq!(story.output(1), [format!("(not obeyed) {SETTING}")]);
    assert_eq!(story.output(3), ["here"]);
    assert_eq!(taking(fetch, true).output(1), ["hello"]);
}

#[test]
fn what_a_file_of_a_task_may_hold_counts_too() {
    let bash = Step {
        action: Action::Task(Task {
            name: "Bash".into(),
            version: "3".into(),
            inputs: vec![
                ("targetType".into(), "filePath".into()),
                ("filePath".into(), "keep.sh".into()),
                ("arguments".into(), tainted(SETTING)),
            ],
            ..Task::default()
        }),
        ..Step::default()
    };
    let story =
        run(vec![step("echo 'echo \"$1\" > msg.txt' > keep.sh"), bash, step("cat msg.txt"), step("echo '$(v)'")]);
    assert_eq!(story.output(2), [format!("(not obeyed) {SETTING}")], "{story:?}");
    assert_eq!(story.output(3), ["$(v)"]);
}

#[test]
fn where_senders_may_write_code_nothing_is_payload_text() {
    let steps = vec![
        write("x"),
        step("printf '##vso[task.setvariable variable=%s]%s\\n' v 'echo done'"),
        step("eval \"$(v)\""),
    ];
    let plan = Plan { substitution: pipehook::shell::Substitution::Raw, ..plan(vec![stage("main", vec![job(steps)])]) };
    assert_eq!(run_plan(plan).output(2), ["done"]);
}
