//! Logging commands: how they are read, what they do, and whose count.

use super::bench::*;
use crate::support::shared;
use pipehook::pipeline::plan::{Commands, Job, Plan, Step, Target};
use pipehook::run::RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use pipehook::run::{Output, RunResult};
use pipehook::store::{FileKind, ISSUES_KEPT, IssueKind, StepEvent};
use pipehook::taint::Text;
use pipehook::worker::{COMMAND_PREFIX, Command, Percents};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn the_shared_cases_of_commands_hold() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(folder.join("vectors/runtime/logging-commands.json")).expect("the cases");
    let cases: Value = serde_json::from_str(&text).expect("the cases are JSON");
    for case in cases["parse"].as_array().expect("a list") {
        let line = case["line"].as_str().expect("a line");
        let percents = if case["note"] == "unescapePercents=false" { Percents::Kept } else { Percents::Decoded };
        let (_, text) = line.split_once(COMMAND_PREFIX).expect("a command");
        let command = Command::parse(text, percents).unwrap_or_else(|| panic!("{line} is read"));
        assert_eq!(
            (command.area.as_str(), command.event.as_str()),
            (case["area"].as_str().unwrap(), case["event"].as_str().unwrap()),
            "{line}"
        );
        assert_eq!(command.data, case["data"].as_str().unwrap(), "{line}");
        let expected = case["properties"].as_object().expect("properties");
        assert_eq!(command.properties().count(), expected.len(), "{line}");
        for (name, value) in expected {
            assert_eq!(command.property(&name.to_uppercase()), value.as_str(), "{line}: {name}");
        }
    }
    for case in cases["format"].as_array().expect("a list") {
        let line = case["line"].as_str().expect("a line");
        let command = Command::parse(&line[COMMAND_PREFIX.len()..], Percents::Decoded).expect("it is read");
        assert_eq!(command.data, case["message"].as_str().unwrap(), "{line}");
        for (name, value) in case["properties"].as_object().into_iter().flatten() {
            assert_eq!(command.property(name), value.as_str(), "{line}: {name}");
        }
    }
}

#[test]
fn what_is_no_command_is_shown_with_a_warning() {
    let lines = [
        "##vso[task.logissue type=error",
        "##vso[task]x",
        "##vso[a.b.c]x",
        "##vso[.]x",
        "##VSO[task.complete result=Failed]",
    ];
    let script = lines.map(|line| format!("echo '{line}'")).join("\n");
    let story = run(vec![step(script)]);
    assert_eq!(story.outcome.result, Succeeded);
    for line in lines {
        assert!(story.has_line(line), "{line}: {story:?}");
    }
    assert_eq!(story.warnings().len(), 4, "the last is ordinary text");
}

#[test]
fn a_name_keeps_its_blanks_and_a_bracket_ends_the_command() {
    let story =
        run(vec![step("echo 'text before ##vso[task.setvariable variable=a; isoutput=true]x]y'"), step("echo $(a)")]);
    assert_eq!((story.output(0), story.output(1)), (Vec::<&str>::new(), vec!["x]y"]));
}

#[test]
fn variables_are_there_for_the_steps_that_follow() {
    let story = run(vec![
        step("echo '##vso[task.setvariable variable=my.name]one%0Atwo'; echo \"now: $MY_NAME\""),
        step("echo \"$MY_NAME\"; echo '##vso[task.setvariable variable=Kept;preservecase=true]three'"),
        step_if("eq(variables['KEPT'], 'three')", "echo \"$Kept $KEPT.\""),
    ]);
    assert_eq!(story.output(0), ["now: "]);
    assert_eq!(story.output(1), ["one", "two"]);
    assert_eq!(story.output(2), ["three ."]);
}

#[test]
fn outputs_are_read_only_and_known_by_their_step() {
    let named = Step {
        name: Some("make".into()),
        ..step(
            "echo '##vso[task.setvariable variable=Key;isoutput=true]one'\necho '##vso[task.setvariable variable=s;isoutput=true;issecret=true]hidden'",
        )
    };
    let story = run(vec![
        named,
        step("echo $(make.Key) $(make.s) \"$MAKE_KEY\" '$(Key)'"),
        step("echo '##vso[task.setvariable variable=make.key]two'"),
        step("echo $(MAKE.KEY)"),
    ]);
    assert_eq!(story.output(1), ["one *** one $(Key)"]);
    assert_eq!(story.output(3), ["one"]);
    assert_eq!(story.warnings(), ["the variable `make.key` is not set: it is read-only"]);
    let outputs =
        [("make.Key", "one"), ("make.s", "***")].map(|(name, value)| Output { name: name.into(), value: value.into() });
    assert_eq!(story.outcome.outputs, outputs);
}

#[test]
fn a_step_sets_its_own_output_again_in_one_attempt_and_in_the_next() {
    let script = "echo \"##vso[task.setvariable variable=o;isoutput=true]attempt$1\"";
    let named = Step {
        name: Some("make".into()),
        retries: 1,
        ..step(format!(
            "test -e began; set -- $?; {script}; echo '##vso[task.setvariable variable=o;isoutput=true]'\"last$1\"; \
             rm -f began && test $1 = 0 || {{ touch began; false; }}"
        ))
    };
    let story = run(vec![named, step("echo $(make.o)")]);
    assert_eq!(story.output(1), ["last0"]);
    assert_eq!(story.outcome.outputs, [Output { name: "make.o".into(), value: "last0".into() }]);
    assert!(story.warnings().iter().all(|warning| !warning.contains("read-only")), "{story:?}");
}

#[test]
fn what_is_read_only_stays() {
    let plan = Plan {
        variables: vec![pipehook::pipeline::plan::Variable { read_only: true, ..variable("fixed", "1") }],
        ..plan(vec![stage(
            "main",
            vec![job(vec![
                step(
                    "echo '##vso[task.setvariable variable=Fixed]2'\necho '##vso[task.setvariable variable=Build.BuildId]2'\necho '##vso[task.setvariable variable=own;isreadonly=true]1'\necho '##vso[task.setvariable variable=own]2'",
                ),
                step("echo $(fixed) $(Build.BuildId) $(own)"),
            ])],
        )])
    };
    let story = run_plan(plan);
    assert_eq!(story.output(1), ["1 7 1"]);
    assert_eq!((story.warnings().len(), story.report(0).warnings), (3, 3));
}

#[test]
fn variables_that_programs_obey_are_never_set() {
    for name in ["PATH", "ld_preload", "BASH_ENV", "NODE_OPTIONS", "git.ssh"] {
        let story = run(vec![step(format!("echo '##vso[task.setvariable variable={name}]/x'")), step("echo $PATH")]);
        assert_eq!(story.results(), [Failed, Skipped], "{name}: {story:?}");
        assert!(story.errors()[0].contains("programs obey it"), "{story:?}");
    }
}

#[test]
fn folders_are_put_in_front_of_path_the_latest_first() {
    let story = run(vec![
        step(
            "echo '##vso[task.prependpath]/one'; echo '##vso[task.prependpath]/two'; echo '##vso[task.prependpath]/one'",
        ),
        step("echo \"$PATH\" | cut -d: -f1-2; which true >/dev/null && echo found"),
    ]);
    assert_eq!(story.output(1), ["/one:/two", "found"]);
}

#[test]
fn issues_are_counted_shown_and_kept_and_fail_nothing() {
    let story = run(vec![step(
        "for i in {1..12}; do echo \"##vso[task.logissue type=error;sourcepath=a.rs;linenumber=$i;columnnumber=2;code=E1]bad\"; done
         echo '##vso[task.issue type=Warning]hm'
         echo '##vso[task.logissue]what'",
    )]);
    let report = story.report(0);
    assert_eq!((story.outcome.result, report.errors, report.warnings), (Succeeded, 12, 2));
    assert_eq!(report.issues.iter().filter(|issue| issue.kind == IssueKind::Error).count(), ISSUES_KEPT);
    assert_eq!(report.issues[0].message, "a.rs(1,2): error E1: bad");
    assert!(story.has_line("##[error]a.rs(12,2): error E1: bad") && story.has_line("##[warning]hm"));
}

#[test]
fn a_result_that_a_step_tells_makes_it_worse_and_never_better() {
    let table: [(&str, RunResult); 10] = [
        ("echo '##vso[task.complete result=Failed]'", Failed),
        ("echo '##vso[task.complete result=SucceededWithIssues;]'", SucceededWithIssues),
        ("echo '##vso[task.complete result=1]'", SucceededWithIssues),
        ("echo '##vso[task.complete result=Succeeded]'; exit 1", Failed),
        ("echo '##vso[task.complete result=Failed]'; echo '##vso[task.complete result=SucceededWithIssues]'", Failed),
        ("echo '##vso[task.complete result=Skipped]'; exit 1", Skipped),
        ("echo '##vso[task.complete result=Canceled]'", Canceled),
        ("echo '##vso[task.complete result=failed]'", Failed),
        ("echo '##vso[task.complete]'", Failed),
        ("echo '##vso[task.complete result=Succeeded;done=true]'; echo later; sleep 1000", Succeeded),
    ];
    for (script, expected) in table {
        let story = run(vec![step(script)]);
        assert_eq!((story.results(), story.output(0)), (vec![expected], vec![]), "{script}: {story:?}");
    }
    let tolerated = Step { continue_on_error: true, ..step("echo '##vso[task.complete result=Failed]'") };
    assert_eq!(run(vec![tolerated]).results(), [SucceededWithIssues]);
}

#[test]
fn why_a_step_says_that_it_failed_is_in_its_log_once() {
    let failed = "echo '##vso[task.complete result=Failed]no room'";
    assert_eq!(run(vec![step(failed)]).errors(), ["no room"]);
    let told = format!("echo '##vso[task.logissue type=error]no room'; {failed}");
    assert_eq!(run(vec![step(told)]).errors(), ["no room"]);
}

#[test]
fn commands_that_are_wrong_or_unknown_are_told() {
    for (command, result, told) in [
        ("task.nothing", Failed, "there is no command `task.nothing`"),
        ("nothing.at]x", Succeeded, "there is no command `nothing.at`"),
        ("release.updatereleasename]x", Succeeded, "does nothing here"),
        ("task.setvariable]x", Failed, "needs `variable`"),
        ("task.logissue type=note]x", Failed, "not `note`"),
        ("build.addbuildtag]a:b", Failed, "no colon"),
        ("build.updatebuildnumber] ", Failed, "a run needs a name"),
        ("build.updatebuildnumber]v1/2:3", Failed, "the name of a run can't have `/` in it"),
        ("build.updatebuildnumber]v1.", Failed, "can't end with a full stop"),
        ("task.prependpath]a:/b", Failed, "one folder"),
        ("task.logdetail id=1]x", Failed, "GUID"),
        ("task.uploadsummary]/etc/passwd", Failed, "outside of the job's folders"),
        ("task.uploadfile]missing.txt", Failed, "can't be used"),
        ("task.addattachment type=a/b;name=c]x", Failed, "can't have characters"),
        ("artifact.upload artifactname=../x]out", Failed, "can't be the name of an artifact"),
        ("results.publish type=JUnit]", Failed, "needs `resultfiles`"),
        ("codecoverage.publish codecoveragetool=JaCoCo]", Failed, "needs `summaryfile`"),
        ("task.setendpoint id=x;field=url]x", Succeeded, "can't be changed here"),
    ] {
        let command = if command.contains(']') { command.to_owned() } else { format!("{command}]") };
        let story = run(vec![step(format!("echo '##vso[{command}'; echo on"))]);
        assert_eq!(story.outcome.result, result, "{command}: {story:?}");
        let said = if result == Failed { story.errors() } else { story.warnings() };
        assert!(said[0].contains(told), "{command}: {said:?}");
        assert!(story.has_line("on"), "the script goes on");
    }
}

#[test]
fn progress_details_files_tags_and_names_reach_the_journal() {
    let script = "echo '##vso[task.setprogress value=250;]half'
        echo '##vso[task.logdetail id=00000000-0000-0000-0000-000000000001;type=build;name=part;order=2]'
        echo '##vso[task.logdetail id=00000000-0000-0000-0000-000000000001;progress=40;state=Completed;result=Succeeded]'
        echo '# Summary' > s.md; mkdir -p out/deep; echo x > out/deep/file
        echo \"##vso[task.uploadsummary]$PWD/s.md\"
        echo '##vso[task.addattachment type=t;name=n]s.md'
        echo '##vso[build.addbuildtag] nightly '
        echo '##vso[build.updatebuildnumber]v1-2'
        echo '##vso[artifact.upload artifactname=drop]out'
        echo '##vso[artifact.associate artifactname=link;type=filepath]\\\\server\\share'";
    let story = run(vec![step(script), step("echo $(Build.BuildNumber) $BUILD_BUILDNUMBER")]);
    let report = story.report(0);
    assert_eq!((report.progress, report.operation.as_deref()), (Some(100), Some("half")));
    assert_eq!(
        (report.details[0].name.as_str(), report.details[0].progress, report.details[0].result),
        ("part", Some(40), Some(Succeeded))
    );
    let files: Vec<_> = report.files.iter().map(|file| (file.kind, file.name.as_str(), file.size)).collect();
    assert_eq!(files, [(FileKind::Summary, "s.md", 10), (FileKind::Attachment, "n", 10)]);
    let kept = std::fs::read_to_string(story.folder.path().join(&report.files[0].path)).expect("a copy");
    assert_eq!(kept, "# Summary\n");
    assert!(story.memory.events.contains(&StepEvent::Tagged { tag: "nightly".into() }));
    assert!(story.memory.events.contains(&StepEvent::Renamed { name: "v1-2".into() }));
    assert_eq!(story.output(1), ["v1-2 v1-2"]);
    let published = story.memory.events.iter().filter_map(|event| match event {
        StepEvent::Published { artifact } => {
            Some((artifact.name.as_str(), artifact.kind.as_str(), artifact.location.clone()))
        }
        _ => None,
    });
    let published: Vec<_> = published.collect();
    assert_eq!(published[1], ("link", "filepath", "\\\\server\\share".to_owned()));
    assert!(story.folder.path().join(&published[0].2).join("deep/file").is_file(), "{published:?}");
}

#[test]
fn debug_lines_are_shown_where_they_are_asked_for() {
    let script = "echo '##vso[task.debug]inside'; echo '##[debug]always'";
    assert!(!run(vec![step(script)]).has_line("##[debug]inside"));
    let story = run_with(vec![variable("system.debug", "TRUE")], vec![step(script)]);
    assert!(story.has_line("##[debug]inside") && story.has_line("##[debug]always"));
}

#[test]
fn results_that_a_command_hands_over_are_read_when_the_step_has_ended() {
    let script = "
        echo \"##vso[results.publish type=JUnit;mergeResults=true;runTitle=unit;resultFiles=$PWD/a.xml,b.xml;testRunSystem=x;]\"
        echo '##vso[results.publish type=VSTest;resultFiles=missing.trx]'
        echo '##vso[codecoverage.publish codecoveragetool=Cobertura;summaryfile=c.xml;reportdirectory=html]'
        mkdir html; echo page > html/index.html
        echo \"<testsuite><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>\" > a.xml
        echo \"<testsuite><testcase name='c'/></testsuite>\" > b.xml
        echo '<coverage lines-covered=\"3\" lines-valid=\"4\"/>' > c.xml";
    let story = run(vec![step(script)]);
    let report = story.report(0);
    let tests = report.tests.expect("tests");
    assert_eq!((tests.passed, tests.failed, tests.title.as_deref()), (2, 1, Some("unit")), "{story:?}");
    assert_eq!(report.coverage.map(|it| (it.lines_covered, it.lines)), Some((3, 4)));
    assert!(story.has_line("tests of `unit`: 3, 2 passed, 1 failed, 0 skipped"), "{story:?}");
    assert!(story.warnings()[0].contains("missing.trx"), "{:?}", story.warnings());
    assert_eq!(story.outcome.result, Succeeded, "tests that failed are no failure of the step");
}

#[test]
fn a_message_of_several_lines_is_as_many_in_the_log() {
    let story = run(vec![step("echo '##vso[task.logissue type=error]boom%0A    at x%0A    at y'")]);
    assert_eq!(story.errors(), ["boom"]);
    assert!(story.has_line("    at x") && story.has_line("    at y"), "{story:?}");
    assert_eq!(story.report(0).issues[0].message, "boom\n    at x\n    at y");
}

#[test]
fn a_command_that_is_too_long_fails_its_step_and_is_not_shown() {
    let script = "printf '##vso[task.setsecret]'; head -c 1100000 /dev/zero | tr '\\0' v; echo; echo end";
    let story = run(vec![step(script)]);
    assert_eq!((story.outcome.result, story.output(0)), (Failed, vec!["end"]));
    assert_eq!(story.errors(), ["the command `task.setsecret` has more than 1048576 bytes and is left out"]);
    assert!(!story.memory.lines.iter().any(|(_, line)| line.contains("vvvv")), "nothing of it is in the log");
}

#[test]
fn outputs_of_a_step_without_a_name_are_under_that_of_its_task() {
    let set = |name: &str| format!("echo '##vso[task.setvariable variable=x;isOutput=true]{name}'");
    let named = Step { name: Some("CmdLine1".into()), ..step(set("named").as_str()) };
    let steps = vec![
        step(set("a").as_str()),
        named,
        step(set("b").as_str()),
        step("echo '$(CmdLine.x) $(cmdline1.x) $(CmdLine2.x)'"),
    ];
    let story = run(steps);
    assert_eq!(story.output(3), ["a named b"], "{story:?}");
    let names: Vec<&str> = story.outcome.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["CmdLine.x", "CmdLine1.x", "CmdLine2.x"]);
}

#[test]
fn a_long_value_is_one_command() {
    let story = run(vec![
        step("printf '##vso[task.setvariable variable=long]'; printf '%.0sy' {1..100000}; echo; echo end"),
        step("printf %s $(long) | wc -c"),
    ]);
    assert_eq!((story.output(0), story.output(1)), (vec!["end"], vec!["100000"]));
}

#[test]
fn a_target_restricts_what_its_step_may_do() {
    let restricted = |settable: Option<Vec<String>>, script: &str| Step {
        target: Some(Target {
            commands: Some(Commands::Restricted),
            settable_variables: settable,
            ..Target::default()
        }),
        ..step(script)
    };
    let script = "echo '##vso[task.setvariable variable=a]1'\necho '##vso[task.setvariable variable=b]1'\necho '##vso[task.prependpath]/x'\necho '##vso[build.addbuildtag]t'";
    let story =
        run(vec![restricted(Some(vec!["A".into()]), script), step("echo '$(a)' '$(b)'; echo $PATH | grep -c ^/x")]);
    assert_eq!(story.output(1), ["1 $(b)", "0"]);
    assert_eq!(story.warnings().len(), 3, "{:?}", story.warnings());
    assert!(!story.memory.events.iter().any(|event| matches!(event, StepEvent::Tagged { .. })));
}

/// A payload that asks for everything.
const HOSTILE: &str = "x\n##vso[task.setvariable variable=owned]yes\n##vso[task.complete result=Failed]";

#[test]
fn a_payload_gives_no_command_on_any_way_into_a_step() {
    let own = "\necho '##vso[task.setvariable variable=mine]ok'";
    let ways: [Vec<Step>; 3] = [
        vec![step(mixed(&[("printf '%s\\n' ", false), (HOSTILE, true), (own, false)]))],
        vec![Step { env: vec![("TITLE".into(), tainted(HOSTILE))], ..step(format!("echo \"$TITLE\"{own}")) }],
        vec![step(format!("echo \"$FROM_RUN\"{own}"))],
    ];
    for (way, mut steps) in ways.into_iter().enumerate() {
        steps.push(step("echo '$(owned)' '$(mine)'"));
        let variables = if way == 2 { vec![variable("from.run", tainted(HOSTILE))] } else { Vec::new() };
        let story = run_with(variables, steps);
        assert_eq!(story.results()[0], Succeeded, "way {way}: {story:?}");
        let shown = "(not obeyed) ##vso[task.setvariable variable=owned]yes";
        assert!(story.output(0).contains(&shown), "way {way}: {story:?}");
        assert_eq!(story.output(1), ["$(owned) ok"], "way {way}");
        assert!(!format!("{:?}", story.memory.lines).contains("##vso-"), "the word is not shown: {story:?}");
    }
}

#[test]
fn what_a_step_sets_that_a_payload_reached_is_a_payload_s() {
    let title = "; touch owned; echo $(echo owned)";
    let story = run(vec![
        step(mixed(&[
            ("echo \"##vso[task.setvariable variable=title]\"", false),
            (title, true),
            ("\necho \"##vso[task.setvariable variable=out;isoutput=true]\"", false),
            (title, true),
        ])),
        step("echo $(title)"),
        step("eval $(title)"),
        step_if("always()", "ls"),
    ]);
    assert_eq!(story.output(1), [title]);
    assert_eq!(story.results(), [Succeeded, Succeeded, Failed, Succeeded]);
    assert_eq!(story.output(3), Vec::<&str>::new(), "nothing was made");
    assert!(story.outcome.outputs[0].value.is_tainted());
    assert_eq!(Text::flatten(&story.outcome.outputs[0].value), title);
}

/// It goes by `Bash`: no shell obeys `BASH_T`, but all obey `BASH_ENV`.
#[test]
fn a_step_without_a_name_hands_its_outputs_on_all_the_same() {
    let unnamed = |variable: &str| Step {
        name: Some("Bash".into()),
        env: vec![("T".into(), tainted("a title"))],
        ..step(format!("echo \"##vso[task.setvariable variable={variable};isOutput=true]$T\""))
    };
    for (variable, allowed) in [("T", true), ("env", false)] {
        let story = run(vec![unnamed(variable), step("echo \"$BASH_T\"")]);
        assert_eq!(story.results()[1] == Succeeded, allowed, "{story:?}");
    }
}

#[test]
fn a_payload_s_step_cannot_change_path_and_its_author_may_take_all_for_his_own() {
    let reached = |script: &str| Step {
        env: vec![("T".into(), tainted("##vso[task.setvariable variable=owned]yes"))],
        ..step(script)
    };
    let story = run(vec![reached("echo '##vso[task.prependpath]/x'")]);
    assert_eq!(story.errors(), ["a step that got payload text can't change `PATH`: programs obey it"]);
    let any =
        Step { target: Some(Target { commands: Some(Commands::Any), ..Target::default() }), ..reached("echo \"$T\"") };
    assert_eq!(run(vec![any, step("echo $(owned)")]).output(1), ["yes"]);
}

#[test]
fn tests_of_a_job_with_no_payload_keep_commands_of_any_program() {
    let story = run_plan(plan(vec![stage(
        "main",
        vec![Job {
            variables: vec![variable("title", tainted("x"))],
            ..job(vec![step("printf '##vso[task.setvariable variable=a]'; echo 1"), step("echo '$(a)'")])
        }],
    )]));
    // The variable is in every step's environment, so only whole commands of the script count.
    assert_eq!(story.output(1), ["1"]);
}

proptest! {
    #[test]
    fn no_line_breaks_the_reader(text in "[a-z.]{0,8}[ ;=%\\]A-F0-9\\PC]{0,40}") {
        if let Some(command) = Command::parse(&text, Percents::Decoded) {
            prop_assert!(command.properties().all(|(name, value)| !name.is_empty() && !value.is_empty()));
            prop_assert!(text.contains(']') && !command.area.is_empty() && !command.event.is_empty());
        }
    }
}
