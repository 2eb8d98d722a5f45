//! Environment, macros, results and conditions of steps.

use super::bench::*;
use pipehook::id::{JobId, RunId};
use pipehook::pipeline::plan::{Action, Interpreter, Plan, Step};
use pipehook::run::RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use pipehook::store::StepEvent;
use pipehook::worker::{Attempt, Workspace};

#[test]
fn a_step_is_framed_and_recorded_before_it_prints() {
    let story = run(vec![Step { display_name: "Say $(word)".into(), ..step("echo hello") }]);
    let lines: Vec<&str> = story.memory.lines.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(lines, ["##[section]Starting: Say $(word)", "hello", "##[section]Finishing: Say $(word)"]);
    assert!(matches!(story.memory.events[0], StepEvent::Started { step: 0, attempt: 1, .. }));
    assert_eq!((story.outcome.result, story.exit_code(0)), (Succeeded, Some(0)));
}

#[test]
fn a_step_sees_variables_in_upper_case_and_nothing_of_the_server() {
    let variables = vec![variable("my.first name", "a"), variable("input_x", "hidden"), variable("Both", "old")];
    let own =
        Step { env: vec![("myOwn".to_owned(), "<$(BOTH)>".into()), ("BOTH".to_owned(), "new".into())], ..step("env") };
    let story = run_with(variables, vec![own]);
    let environment = story.output(0);
    for expected in ["MY_FIRST_NAME=a", "myOwn=<old>", "BOTH=new", "TF_BUILD=True", "AGENT_JOBSTATUS=Succeeded"] {
        assert!(environment.contains(&expected), "{expected}: {environment:#?}");
    }
    // What cargo hands to tests stands for what a server's environment holds.
    let is_foreign = |line: &&&str| line.starts_with("CARGO") || line.starts_with("INPUT_") || line.starts_with("RUST");
    assert_eq!(environment.iter().filter(is_foreign).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn predefined_variables_win_and_name_the_job_s_folders() {
    let script = "echo $(Build.BuildId) $(Build.BuildNumber) $(Build.DefinitionName) $(System.StageName) $(Agent.JobName)\n\
                  echo $(Build.Reason) $(Agent.OS)\npwd\n\
                  test -d $(Pipeline.Workspace)/a -a -d $(Agent.TempDirectory) && test \"$(pwd)\" = \"$BUILD_SOURCESDIRECTORY\"";
    let story = run_with(vec![variable("build.buildid", "mine")], vec![step(script)]);
    assert_eq!(story.output(0)[..2], ["7 first shop main Build it", "Manual Linux"]);
    assert!(story.output(0)[2].ends_with("/job_1/s"), "{story:?}");
    assert_eq!(story.outcome.result, Succeeded);
}

#[test]
fn unknown_macros_stay_for_the_shell() {
    let story = run_with(vec![variable("known", "value")], vec![step("echo $(KNOWN) $(echo shell) '$($(known))'")]);
    assert_eq!(story.output(0), ["value shell $(value)"]);
}

#[test]
fn a_macro_in_payload_text_is_never_expanded() {
    let variables = vec![
        variable("secret", "exposed"),
        variable("title", mixed(&[("<", false), ("$(secret)", true), (">", false)])),
    ];
    let direct = mixed(&[("echo ", false), ("$(secret)", true)]);
    // Half of the macro is the author's, half the payload's.
    let split = mixed(&[("echo \"$(", false), ("secret", true), (")\"", false)]);
    let env =
        Step { env: vec![("VALUE".to_owned(), tainted("$(secret)"))], ..step("printf '%s\\n' \"$VALUE\" \"$TITLE\"") };
    let story = run_with(variables, vec![step(direct), step("echo \"$(title)\""), env, step_always(split)]);
    assert_eq!(story.output(0), ["$(secret)"]);
    assert_eq!(story.output(1), ["<$(secret)>"]);
    assert_eq!(story.output(2), ["$(secret)", "<$(secret)>"]);
    assert!(story.memory.lines.iter().all(|(_, line)| !line.contains("exposed")), "{story:#?}");
}

fn step_always(script: pipehook::taint::Text) -> Step {
    Step { condition: Some("always()".to_owned()), ..step(script) }
}

#[test]
fn a_hostile_title_touches_nothing() {
    let hostile = "\"; touch canary; $(touch canary) `touch canary` ' && touch canary #\n touch canary";
    let scripts = [
        mixed(&[("echo ", false), (hostile, true)]),
        mixed(&[("echo \"", false), (hostile, true), ("\"", false)]),
        mixed(&[("echo '", false), (hostile, true), ("'", false)]),
        "echo $(title)".into(),
    ];
    let steps = scripts.into_iter().map(step).chain([step("ls -A; ls -A ../temp")]).collect();
    let story = run_with(vec![variable("title", tainted(hostile))], steps);
    assert_eq!(story.outcome.result, Succeeded, "{story:#?}");
    for place in 0..4 {
        assert_eq!(story.output(place).join("\n"), hostile);
    }
    assert_eq!(story.output(4), ["5.sh"]);
}

#[test]
fn payload_text_in_a_place_that_runs_it_fails_the_step() {
    let story = run_with(vec![variable("title", tainted("a b"))], vec![step("eval $(title)")]);
    assert_eq!(story.outcome.result, Failed);
    assert!(story.errors()[0].starts_with("Line 1 of the script: payload text can't be "), "{story:?}");
    assert_eq!(story.exit_code(0), None);
}

#[test]
fn payload_text_never_becomes_a_variable_that_programs_obey() {
    // The taint comes by a macro, so that no earlier check has seen it.
    let by_variable =
        run_with(vec![variable("t", tainted("/tmp/x")), variable("ld.preload", "$(t)")], vec![step("true")]);
    assert_eq!(by_variable.outcome.result, Failed, "{by_variable:?}");
    let own = Step { env: vec![("bash_ENV".to_owned(), "$(t)".into())], ..step("true") };
    let by_step = run_with(vec![variable("t", tainted("/tmp/x"))], vec![own]);
    assert!(by_step.errors()[0].contains("`bash_ENV`"), "{by_step:?}");
}

#[test]
fn a_payload_in_the_environment_arrives_byte_for_byte() {
    let value = "  \u{1}\u{7f} ü€😀\t\r\n$HOME `x` \\ \"' $(x) ${{ x }} ##vso[task.setvariable]\n\n";
    let own = Step {
        env: vec![("VALUE".to_owned(), tainted(value))],
        ..step("printf %s \"$VALUE\" > value; od -An -v -tx1 value | tr -d ' \\n'")
    };
    assert_eq!(run(vec![own]).output(0), [hex::encode(value)]);
}

#[test]
fn the_exit_code_of_the_last_command_decides() {
    let story = run(vec![step("false; exit 0"), step("true\nfalse\n(exit 7)"), step("echo unreached")]);
    assert_eq!(story.results(), [Succeeded, Failed, Skipped]);
    assert_eq!((story.exit_code(0), story.exit_code(1), story.exit_code(2)), (Some(0), Some(7), None));
    assert_eq!(story.errors(), ["Bash exited with code '7'."]);
    assert_eq!(story.outcome.result, Failed);
}

#[test]
fn after_a_failure_only_steps_run_whose_condition_wants_it() {
    let story = run(vec![
        step("exit 1"),
        step("echo no"),
        step_if("always()", "echo $AGENT_JOBSTATUS"),
        step_if("failed()", "true"),
        step_if("succeededOrFailed()", "true"),
        step_if("and(succeeded(), true)", "true"),
        step_if("eq(variables['Agent.JobStatus'], 'Failed')", "true"),
    ]);
    assert_eq!(story.results(), [Failed, Skipped, Succeeded, Succeeded, Succeeded, Skipped, Succeeded]);
    assert_eq!(story.output(2), ["Failed"]);
}

#[test]
fn an_error_that_may_be_is_an_issue() {
    let tolerant = Step { continue_on_error: true, ..step("exit 3") };
    let story = run(vec![tolerant, step("echo $AGENT_JOBSTATUS")]);
    assert_eq!(story.results(), [SucceededWithIssues, Succeeded]);
    assert_eq!(story.output(1), ["SucceededWithIssues"]);
    assert_eq!(story.outcome.result, SucceededWithIssues);
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_even_a_tolerant_step() {
    let broken = Step { continue_on_error: true, ..step_if("lower(", "echo no") };
    let story = run(vec![broken, step("echo no")]);
    assert_eq!(story.results(), [Failed, Skipped]);
    assert!(story.errors()[0].contains("The condition of `CmdLine` can't be evaluated"), "{story:?}");
}

#[test]
fn standard_error_fails_the_step_that_says_so() {
    let mut strict = step("echo fine; echo wrong >&2");
    let Action::Script(script) = &mut strict.action else { unreachable!("it is a script") };
    script.fail_on_stderr = true.into();
    let lenient = step_if("always()", "echo wrong >&2");
    let story = run(vec![strict, lenient]);
    assert_eq!(story.results(), [Failed, Succeeded]);
    assert_eq!((story.exit_code(0), story.output(1)), (Some(0), vec!["wrong"]));
    assert_eq!(story.errors(), ["wrong", "Bash wrote one or more lines to the standard error stream."]);
}

#[test]
fn both_kinds_of_script_are_bash_with_its_documented_options() {
    let mut bash = step("echo \"$0 $-\"; ps -o args= $$ | sed 's/ .*//'");
    let Action::Script(script) = &mut bash.action else { unreachable!("it is a script") };
    script.interpreter = Interpreter::Bash;
    let options = "tr '\\0' ' ' < /proc/$$/cmdline | sed 's:/[^ ]*/::g'";
    let command_line = run(vec![step(options)]);
    assert_eq!(command_line.output(0), ["bash --noprofile --norc 1.sh "]);
    assert!(run(vec![bash]).output(0)[0].contains("/1.sh"));
}

#[test]
fn a_working_directory_of_the_author_is_anywhere_and_one_with_payload_text_in_the_job_s_folders() {
    let inside = Step { working_directory: Some(" $(Build.SourcesDirectory)/below\n".into()), ..step("pwd") };
    let story = run(vec![step("mkdir below; ln -s / out"), inside]);
    assert!(story.output(1)[0].ends_with("/s/below"), "{story:?}");
    for outside in ["/", "../../..", "out", "missing", "out/tmp"] {
        let step_outside = Step { working_directory: Some(tainted(outside)), ..step("pwd") };
        let story = run(vec![step("ln -s / out"), step_outside]);
        assert_eq!(story.results(), [Succeeded, Failed], "{outside}");
        assert!(story.errors()[0].contains(outside), "{story:?}");
    }
    let own = |folder: &str| Step { working_directory: Some(folder.into()), ..step("pwd") };
    let story = run(vec![own("/"), own("missing"), Step { condition: Some("always()".into()), ..own("..") }]);
    assert_eq!(story.results(), [Succeeded, Failed, Succeeded]);
    assert_eq!(story.output(0), ["/"]);
}

#[test]
fn runtime_expressions_see_the_variables_before_them_and_keep_taint() {
    let hostile = "x'), always(), '";
    let variables = vec![
        variable("base", "one"),
        variable("made", "$[ upper(variables.base) ]"),
        variable("unknown", "$[variables.nothing]"),
        variable("quoted", mixed(&[("$[ format('<{0}>', '", false), (hostile, true), ("') ]", false)])),
        variable("whole", tainted("$[ upper('no') ]")),
        variable("operand", mixed(&[("$[ upper(", false), ("variables.base", true), (") ]", false)])),
    ];
    let story = run_with(variables, vec![step("echo \"$(made)|$(unknown)|$(quoted)|$(whole)|$(operand)\"")]);
    assert_eq!(story.output(0), [format!("ONE||<{hostile}>|$[ upper('no') ]|VARIABLES.BASE")]);
}

#[test]
fn a_variable_that_cannot_be_evaluated_fails_the_job_with_its_name() {
    // Alone as an operand the text is one; as a part of a name it is none.
    let part = mixed(&[("$[ upper(variables.", false), ("x", true), (") ]", false)]);
    for value in ["$[ nothing( ]".into(), "$[ convertToJson(variables) ".into(), part] {
        let plan = Plan {
            variables: vec![variable("wrong", value.clone())],
            ..plan(vec![stage("main", vec![job(vec![step("true")])])])
        };
        let story = run_plan(plan);
        if pipehook::taint::Text::flatten(&value).ends_with(']') {
            assert_eq!(story.outcome.result, Failed, "{value:?}");
            assert!(story.outcome.reason.as_deref().is_some_and(|reason| reason.contains("`wrong`")), "{story:?}");
            assert_eq!(story.results(), []);
        } else {
            assert_eq!(story.outcome.result, Succeeded, "{value:?}");
        }
    }
}

#[test]
fn a_step_s_name_is_one_plain_line() {
    let named =
        Step { display_name: mixed(&[("Say ", false), ("a\n##[section]\u{1b}[31m $(x)", true)]), ..step("true") };
    let story = run_with(vec![variable("x", "no")], vec![named]);
    assert!(story.has_line("##[section]Starting: Say a ##[section] [31m $(x)"), "{story:?}");
}

#[test]
fn canceled_is_no_result_of_a_job_that_nobody_stopped() {
    assert_ne!(run(vec![step("kill -INT $$")]).outcome.result, Canceled);
}

#[test]
fn a_step_whose_files_cannot_be_written_fails_and_says_why() {
    // Every write there says that the disk is full, or that there is no folder.
    let story = run_in(
        plan(vec![stage("main", vec![job(vec![step("echo never"), step_if("always()", "true")])])]),
        None,
        |context| {
            context.workspace.temporary = "/dev/full".into();
        },
    );
    assert_eq!(story.results(), [Failed, Failed]);
    assert!(story.errors()[0].contains("can't be written"), "{:?}", story.errors());
    assert!(!story.has_line("never"));
}

#[test]
fn a_job_s_folders_are_empty_when_it_begins_whatever_an_attempt_before_has_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let (run, id) = (RunId::from_stored("run_clean"), JobId::from_stored("job_clean"));
    let attempt = Attempt { run, job: id, token: None };
    let create = || Workspace::create(folder.path(), &attempt, None).expect("folders");
    let first = create();
    let homes = [&first.sources, &first.binaries, &first.staging, &first.test_results, &first.temporary];
    for home in homes {
        std::fs::write(home.join("left"), "over").expect("a file");
    }
    assert_eq!(create(), first);
    for home in homes {
        assert_eq!(std::fs::read_dir(home).expect("it is there").count(), 0, "{}", home.display());
    }
}
