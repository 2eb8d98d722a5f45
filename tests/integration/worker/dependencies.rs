//! What jobs hand on to each other, and what is counted over runs: through the store.

use super::bench::*;
use super::stored::{Machine, named};
use pipehook::pipeline::plan::{Job, Plan, Stage, Step};
use pipehook::run::RunResult::{Failed, Skipped, Succeeded};
use pipehook::run::{RunResult, State};
use pipehook::store::{RunDetail, Store};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

fn producer(script: &str) -> Job {
    Job { name: "make".into(), ..job(vec![Step { name: Some("step".into()), ..step(script) }]) }
}

fn follower(name: &str, job: Job) -> Job {
    Job { name: name.into(), depends_on: vec!["make".into()], ..job }
}

fn results(detail: &RunDetail, stage: usize) -> Vec<Option<RunResult>> {
    detail.stages[stage].jobs.iter().map(|job| job.result).collect()
}

const SET: &str = "echo '##vso[task.setvariable variable=key;isoutput=true]one two'\n";

#[test]
fn outputs_reach_jobs_and_stages_that_depend_on_them_and_no_others() {
    let seen = |value: &str| Job {
        variables: vec![variable("seen", value)],
        ..job(vec![step("test \"$(seen)\" = 'one two'")])
    };
    let first = stage(
        "first",
        vec![
            producer(SET),
            follower("direct", seen("$[ dependencies.make.outputs['step.key'] ]")),
            Job { name: "stranger".into(), ..seen("$[ dependencies.make.outputs['step.key'] ]") },
            follower(
                "wanted",
                Job {
                    condition: Some("eq(dependencies.make.outputs['STEP.key'], 'one two')".into()),
                    ..job(vec![step("true")])
                },
            ),
            follower(
                "unwanted",
                Job {
                    condition: Some("ne(dependencies.make.outputs['step.key'], 'one two')".into()),
                    ..job(vec![step("true")])
                },
            ),
        ],
    );
    let later = Stage {
        depends_on: vec!["first".into()],
        condition: Some("eq(dependencies.first.outputs['make.step.key'], 'one two')".into()),
        variables: vec![variable("result", "$[ stageDependencies.first.make.result ]")],
        ..stage(
            "later",
            vec![Job {
                name: "far".into(),
                condition: Some("and(eq(variables.result, 'Succeeded'), eq(variables.seen, 'one two'))".into()),
                ..seen("$[ stageDependencies.first.make.outputs['step.key'] ]")
            }],
        )
    };
    runtime().block_on(async {
        let machine = Machine::start(GRACE);
        let run = machine.queue(Plan { pipeline: "outputs".into(), ..plan(vec![first, later]) }).await;
        let detail = machine.completed(&run).await;
        assert_eq!(
            results(&detail, 0),
            [Some(Succeeded), Some(Succeeded), Some(Failed), Some(Succeeded), Some(Skipped)]
        );
        assert_eq!(results(&detail, 1), [Some(Succeeded)], "{detail:#?}");
        let outputs = &detail.stages[0].jobs[0].outputs;
        assert_eq!((outputs[0].name.as_str(), outputs[0].value.as_str()), ("step.key", "one two"));
    });
}

#[test]
fn an_output_that_came_of_a_payload_is_payload_text_in_every_other_job() {
    let script =
        mixed(&[("echo \"##vso[task.setvariable variable=key;isoutput=true]\"", false), ("$(echo owned); x", true)]);
    let make = Job { name: "make".into(), ..job(vec![Step { name: Some("step".into()), ..step(script) }]) };
    let seen = Job {
        variables: vec![variable("seen", "$[ format('{0}', dependencies.make.outputs['step.key']) ]")],
        ..job(vec![step("echo $(seen)"), step("eval $(seen)")])
    };
    runtime().block_on(async {
        let machine = Machine::start(GRACE);
        let run = machine.queue(named("tainted", vec![make, follower("use", seen)])).await;
        let detail = machine.completed(&run).await;
        assert_eq!(detail.stages[0].jobs[1].steps[1].result, Some(Failed), "{:#?}", machine.log_of(&detail, 1));
        let log = machine.log_of(&detail, 1);
        assert!(log.contains(&"$(echo owned); x".to_owned()), "{log:#?}");
        assert!(log.iter().any(|line| line.contains("payload text can't be")), "{log:#?}");
    });
}

#[test]
fn a_counter_goes_up_once_a_run_for_each_prefix() {
    let counting = |name: &str| Job { name: name.into(), ..job(vec![step("echo number $(number) $(again)")]) };
    let numbered = |prefix: &str| Plan {
        pipeline: "count".into(),
        variables: vec![
            variable("prefix", prefix),
            variable("number", "$[counter(variables.prefix, 100)]"),
            variable("again", "$[counter(variables.prefix, 100)]"),
        ],
        ..plan(vec![stage("main", vec![counting("a"), counting("b")])])
    };
    runtime().block_on(async {
        let machine = Machine::start(GRACE);
        for (run, prefix, expected) in
            [("a_count", "x", "number 100 101"), ("b_count", "x", "number 102 103"), ("c_count", "y", "number 100 101")]
        {
            let run = machine.queue_as(run, numbered(prefix)).await;
            let detail = machine.completed(&run).await;
            for job in 0..2 {
                let log = machine.log_of(&detail, job);
                assert!(log.contains(&expected.to_owned()), "{expected}: {log:#?}");
            }
        }
    });
}

#[test]
fn what_steps_tell_is_shown_with_the_run() {
    let script = "echo '##vso[task.setprogress value=30]building'\necho '##vso[build.addbuildtag]One'\necho '##vso[build.addbuildtag]one'\n\
        echo '##vso[build.updatebuildnumber]v7'\necho '##vso[artifact.associate artifactname=a;type=filepath]/x'\necho '##vso[task.logissue type=warning]careful'\necho ready; sleep 1000";
    runtime().block_on(async {
        let machine = Machine::start(GRACE);
        let run = machine.queue(named("told", vec![job(vec![step(script)])])).await;
        machine.log_with(&run, "ready").await;
        let detail = machine.once(&run, |detail| detail.run.name == "v7" && detail.artifacts.len() == 1).await;
        assert_eq!(detail.stages[0].jobs[0].steps[0].report.progress, Some(30), "told while it runs");
        machine.store.cancel(&run).await.expect("a store");
        let detail = machine.once(&run, |detail| detail.run.state == State::Completed).await;
        assert_eq!(detail.tags, ["One"]);
        let report = &detail.stages[0].jobs[0].steps[0].report;
        assert_eq!((report.warnings, report.issues[0].message.as_str()), (1, "careful"));
    });
}
