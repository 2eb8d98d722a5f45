//! What steps tell and hand on, in every store.

use super::world::{World, job, plan, stage, staged, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Count, Deployment, FanOut, Hook, HookPoint, Job, Rollout, Strategy};
use pipehook::run::{Output, Progress, RunResult, Series, State};
use pipehook::store::{
    Artifact, Deployed, Error, IssueKind, JobOutcome, Lease, RunDetail, StepEvent, StepReport, TAGS_MAX,
};
use pipehook::taint::{Origin, Text};
use std::sync::Arc;

async fn detail(world: &World, run: &RunId) -> RunDetail {
    world.store().run(run).await.expect("a run can be read").expect("the run is there")
}

fn series(site: &str, prefix: &str, seed: i64) -> Series {
    Series { site: site.to_owned(), prefix: prefix.to_owned(), seed }
}

async fn count(world: &World, lease: &Lease, series: &Series) -> i64 {
    world.store().count(lease, series).await.expect("the lease holds")
}

#[tokio::test]
async fn outputs_are_stored_with_the_job_s_end_and_known_to_what_depends_on_it() {
    for mut world in worlds() {
        let stages = vec![
            stage("first", &[], vec![job("a", &[]), job("b", &["a"])]),
            stage("then", &["first"], vec![job("c", &[])]),
        ];
        let run = world.queue(staged(stages)).await;
        let claim = world.claim().await.expect("due");
        let origin = Arc::new(Origin { alias: "hook".into(), path: "title".into() });
        let outputs = vec![
            Output { name: "s.tainted".to_owned(), value: Text::tainted("x", origin) },
            Output { name: "s.plain".to_owned(), value: "y".into() },
        ];
        let outcome = JobOutcome { outputs: outputs.clone(), ..world.outcome(RunResult::Succeeded) };
        world.store().finish(&claim.lease, outcome).await.expect("held");
        world.crash();
        let second = world.claim().await.expect("due");
        assert_eq!(second.board.stages[0][0][0].progress, Progress::Completed(RunResult::Succeeded));
        let mut handed_on = second.board.stages[0][0][0].outputs.clone();
        handed_on.sort_by_key(|output| std::cmp::Reverse(output.name.clone()));
        assert_eq!(handed_on, outputs, "a payload's text stays one");
        world.store().finish(&second.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let third = world.claim().await.expect("due");
        assert_eq!(third.board.stages[0][0][0].outputs.len(), 2, "also in later stages");
        let shown = &detail(&world, &run.id).await.stages[0].jobs[0].outputs;
        assert_eq!(shown.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["y", "x"]);
    }
}

#[tokio::test]
async fn reports_tags_names_and_artifacts_are_shown_with_the_run() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![job("a", &[])])).await;
        let lease = world.claim().await.expect("due").lease;
        let record = async |event: StepEvent| world.store().record(&lease, event).await.expect("held");
        record(world.started(0)).await;
        let mut report = StepReport::default();
        report.add_issue(IssueKind::Error, "bad");
        for _ in 0..2 {
            record(StepEvent::Reported { step: 0, report: report.clone() }).await;
            record(StepEvent::Tagged { tag: "One".to_owned() }).await;
            record(StepEvent::Tagged { tag: "ONE".to_owned() }).await;
            record(StepEvent::Renamed { name: "v2".to_owned() }).await;
        }
        for (name, location) in [("Drop", "here"), ("drop", "there")] {
            let artifact = Artifact { name: name.into(), kind: "container".into(), location: location.into() };
            record(StepEvent::Published { artifact }).await;
        }
        world.crash();
        let shown = detail(&world, &run.id).await;
        assert_eq!((shown.run.name.as_str(), shown.tags), ("v2", vec!["One".to_owned()]));
        let artifacts: Vec<_> = shown.artifacts.iter().map(|it| (it.name.as_str(), it.location.as_str())).collect();
        assert_eq!(artifacts, [("Drop", "there")]);
        assert_eq!(shown.stages[0].jobs[0].steps[0].report, report);
        for number in 0..TAGS_MAX + 5 {
            world.store().record(&lease, StepEvent::Tagged { tag: format!("t{number}") }).await.expect("held");
        }
        assert_eq!(detail(&world, &run.id).await.tags.len(), TAGS_MAX);
    }
}

#[tokio::test]
async fn a_series_goes_up_once_for_each_run_and_site() {
    for mut world in worlds() {
        let first = world.queue(plan(vec![job("a", &[])])).await;
        let lease = world.claim().await.expect("due").lease;
        assert_eq!(count(&world, &lease, &series("v", "x", 100)).await, 100);
        assert_eq!(count(&world, &lease, &series("v", "x", 100)).await, 100, "asked again");
        assert_eq!(count(&world, &lease, &series("w", "x", 7)).await, 101, "the seed is for a new series");
        assert_eq!(count(&world, &lease, &series("u", "", -3)).await, -3);
        world.crash();
        assert_eq!(count(&world, &lease, &series("v", "x", 100)).await, 100, "also after a crash");
        world.store().finish(&lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let error = world.store().count(&lease, &series("z", "x", 1)).await;
        assert!(matches!(error, Err(Error::Lost)), "{error:?} of {}", first.id);
        world.queue(plan(vec![job("a", &[])])).await;
        let lease = world.claim().await.expect("due").lease;
        assert_eq!(count(&world, &lease, &series("v", "x", 100)).await, 102);
    }
}

#[tokio::test]
async fn legs_are_jobs_of_their_own_whose_outputs_others_tell_apart() {
    for mut world in worlds() {
        let strategy = Some(Strategy { fan_out: FanOut::Slices(Count::Known(2)), max_parallel: None });
        let run = world.queue(plan(vec![Job { strategy, ..job("a", &[]) }, job("b", &["a"])])).await;
        for number in ["one", "two"] {
            let claim = world.claim().await.expect("both are due");
            let outputs = vec![Output { name: "s.v".to_owned(), value: number.into() }];
            let outcome = JobOutcome { outputs, ..world.outcome(RunResult::Succeeded) };
            world.store().finish(&claim.lease, outcome).await.expect("held");
            world.crash();
        }
        let claim = world.claim().await.expect("due");
        let dependencies = &claim.board.contexts(&claim.plan, 0, 1)[0].1;
        let json = dependencies.to_json();
        let outputs = &json["a"]["outputs"];
        assert_eq!((&outputs["Job1.s.v"], &outputs["Job2.s.v"]), (&"one".into(), &"two".into()), "{json}");
        let jobs = &detail(&world, &run.id).await.stages[0].jobs;
        let names: Vec<_> =
            jobs.iter().map(|job| (job.name.as_str(), job.leg.as_deref(), job.display_name.as_str())).collect();
        assert_eq!(names, [("a", Some("Job1"), "a 1"), ("a", Some("Job2"), "a 2"), ("b", None, "b")]);
        assert_eq!(jobs[1].outputs[0].value, "two");
    }
}

#[tokio::test]
async fn legs_that_become_known_late_stay_known() {
    for mut world in worlds() {
        let fan_out = FanOut::MatrixExpression("dependencies.a.outputs['s.m']".to_owned());
        let strategy = Some(Strategy { fan_out, max_parallel: None });
        let run = world.queue(plan(vec![job("a", &[]), Job { strategy, ..job("m", &["a"]) }, job("z", &["m"])])).await;
        let before = detail(&world, &run.id).await.stages[0].jobs.len();
        assert_eq!(before, 3, "one stands for all while they are not known");
        let claim = world.claim().await.expect("due");
        let outputs = vec![Output { name: "s.m".to_owned(), value: r#"{"x": {"v": "1"}, "y": {"v": "2"}}"#.into() }];
        let outcome = JobOutcome { outputs, ..world.outcome(RunResult::Succeeded) };
        world.store().finish(&claim.lease, outcome).await.expect("held");
        for value in ["1", "2"] {
            world.crash();
            let claim = world.claim().await.expect("both legs are due");
            let leg = claim.plan.stages[0].jobs[1].leg(claim.leg);
            assert_eq!(leg.variables()[0].value.flatten(), value);
            let outputs = vec![Output { name: "s.v".to_owned(), value: value.into() }];
            let outcome = JobOutcome { outputs, ..world.outcome(RunResult::Succeeded) };
            world.store().finish(&claim.lease, outcome).await.expect("held");
        }
        let last = world.claim().await.expect("all legs have ended");
        let seen = last.board.contexts(&last.plan, 0, 2)[0].1.to_json();
        assert_eq!(seen["m"]["outputs"]["y.s.v"], "2", "{seen}");
        let stages = detail(&world, &run.id).await.stages;
        let names: Vec<_> = stages[0].jobs.iter().map(|job| job.display_name.as_str()).collect();
        assert_eq!(names, ["a", "m x", "m y", "z"]);
    }
}

#[tokio::test]
async fn the_jobs_of_a_run_agree_on_what_the_first_proposed() {
    for mut world in worlds() {
        world.queue(plan(vec![job("a", &[]), job("b", &[])])).await;
        let (one, two) = (world.claim().await.expect("due").lease, world.claim().await.expect("due").lease);
        let agree = async |world: &World, lease: &Lease, proposal: Option<&str>| {
            world.store().agree(lease, "commit", proposal).await.expect("held")
        };
        assert_eq!(agree(&world, &one, None).await, None);
        assert_eq!(agree(&world, &two, Some("b")).await.as_deref(), Some("b"));
        assert_eq!(agree(&world, &one, Some("a")).await.as_deref(), Some("b"));
        world.crash();
        assert_eq!(agree(&world, &one, None).await.as_deref(), Some("b"));
        world.store().finish(&one, world.outcome(RunResult::Succeeded)).await.expect("held");
        let lost = world.store().agree(&one, "commit", None).await;
        assert!(matches!(lost, Err(Error::Lost)), "{lost:?}");
        world.queue(plan(vec![job("a", &[])])).await;
        let other = world.claim().await.expect("due").lease;
        assert_eq!(agree(&world, &other, None).await, None, "another run agrees anew");
    }
}

#[tokio::test]
async fn environments_show_the_last_deployment_and_count_all() {
    for mut world in worlds() {
        let mut last = None;
        for (environment, resource) in [("shop", Some("db")), ("Shop", Some("DB")), ("shop", None)] {
            let run = world.queue(plan(vec![job("a", &[])])).await;
            let lease = world.claim().await.expect("due").lease;
            let deployed = Deployed {
                environment: environment.to_owned(),
                resource: resource.map(str::to_owned),
                job: "main/a".to_owned(),
                at: world.now(),
            };
            for _ in 0..2 {
                let event = StepEvent::Deployed { deployed: deployed.clone() };
                world.store().record(&lease, event).await.expect("held");
            }
            if resource.is_some() {
                world.store().finish(&lease, world.outcome(RunResult::Failed)).await.expect("held");
                last = Some(run.id);
            }
        }
        world.crash();
        let all = world.store().environments().await.expect("they can be read");
        let told: Vec<_> = all.iter().map(|it| (it.resource.as_deref(), it.deployments, it.state, it.result)).collect();
        let expected = [(None, 1, State::Running, None), (Some("DB"), 2, State::Completed, Some(RunResult::Failed))];
        assert_eq!(told, expected, "{all:?}");
        assert_eq!((Some(&all[1].run), all[1].job.as_str()), (last.as_ref(), "main/a"));
    }
}

#[tokio::test]
async fn a_deployment_is_as_good_as_its_job_with_all_its_hooks() {
    let hook = |point| Hook { point, pool: "default".to_owned(), says_download: false, steps: Vec::new() };
    let hooks = [HookPoint::Deploy, HookPoint::RouteTraffic, HookPoint::Failure].map(hook).to_vec();
    let deployment = Some(Deployment { environment: None, rollout: Rollout::RunOnce, hooks });
    for world in worlds() {
        world.queue(plan(vec![Job { deployment: deployment.clone(), ..job("d", &[]) }])).await;
        let mut told = Vec::new();
        for result in [RunResult::Succeeded, RunResult::Failed, RunResult::Succeeded] {
            let lease = world.claim().await.expect("due").lease;
            if told.is_empty() {
                let (environment, resource, job) = ("prod".to_owned(), None, "main/d".to_owned());
                let deployed = Deployed { environment, resource, job, at: world.now() };
                world.store().record(&lease, StepEvent::Deployed { deployed }).await.expect("held");
            }
            world.store().finish(&lease, world.outcome(result)).await.expect("held");
            let all = world.store().environments().await.expect("they can be read");
            told.push((all[0].state, all[0].result));
        }
        let running = (State::Running, None);
        assert_eq!(told, [running, running, (State::Completed, Some(RunResult::Failed))]);
    }
}
