//! A completed run again, in every store.

use super::world::{World, job, plan, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Deployment, FanOut, Hook, HookPoint, Job, MatrixLeg, Rollout, Strategy};
use pipehook::run::{Output, RunResult, State};
use pipehook::store::{
    Artifact, Error, JobOutcome, QueuedRun, Reran, Rerun, RerunScope, RunDetail, RunQuery, StepEvent,
};

async fn rerun(world: &World, of: &RunId, scope: RerunScope) -> Result<Reran, Error> {
    let id = world.new_run(plan(vec![job("a", &[])])).id;
    world.store().rerun(Rerun { of: of.clone(), id, at: world.now(), scope, queue_limit: 2 }).await
}

async fn queued(world: &World, of: &RunId, scope: RerunScope) -> QueuedRun {
    match rerun(world, of, scope).await.expect("there is room") {
        Reran::Queued(run) => run,
        other => panic!("it is not queued: {other:?}"),
    }
}

async fn detail(world: &World, run: &RunId) -> RunDetail {
    world.store().run(run).await.expect("a run can be read").expect("the run is there")
}

/// Claims the next job, says which it is, and ends it.
async fn end(world: &World, result: RunResult) -> String {
    let claim = world.claim().await.expect("a job is due");
    let name = claim.plan.stages[claim.stage].jobs[claim.job].leg(claim.leg).full_name();
    world.store().finish(&claim.lease, world.outcome(result)).await.expect("the lease holds");
    name
}

#[tokio::test]
async fn a_run_again_is_a_run_of_its_own_that_names_the_former() {
    for mut world in worlds() {
        let first = world.queue(plan(vec![job("a", &[])])).await;
        assert_eq!(rerun(&world, &first.id, RerunScope::All).await.expect("read"), Reran::Unfinished);
        end(&world, RunResult::Succeeded).await;
        assert_eq!(rerun(&world, &first.id, RerunScope::Unsucceeded).await.expect("read"), Reran::NothingFailed);
        let second = queued(&world, &first.id, RerunScope::All).await;
        world.crash();
        assert_eq!((second.number, second.pipeline.as_str()), (2, "hello"));
        let (before, after) = (detail(&world, &first.id).await.run, detail(&world, &second.id).await.run);
        assert_eq!((after.rerun_of.as_ref(), before.rerun_of), (Some(&first.id), None));
        assert_eq!(
            (after.state, &after.delivery, &after.connection),
            (State::Queued, &before.delivery, &before.connection)
        );
        assert_eq!(after.name, second.name);
        assert_eq!(end(&world, RunResult::Failed).await, "a");
        let third = queued(&world, &second.id, RerunScope::Unsucceeded).await;
        assert_eq!(detail(&world, &third.id).await.run.rerun_of, Some(second.id));
        let failed = RunQuery { result: Some(RunResult::Failed), limit: 9, ..RunQuery::default() };
        assert_eq!(world.store().runs(failed).await.expect("a list").len(), 1);
        let elsewhere = RunQuery { connection: Some("other".to_owned()), limit: 9, ..RunQuery::default() };
        assert_eq!(world.store().runs(elsewhere).await.expect("a list"), []);
    }
}

#[tokio::test]
async fn what_succeeded_is_taken_with_all_that_it_made() {
    for world in worlds() {
        let first = world.queue(plan(vec![job("a", &[]), job("b", &["a"]), job("c", &["b"])])).await;
        let claim = world.claim().await.expect("`a` is due");
        let store = world.store();
        let artifact = Artifact {
            name: "drop".to_owned(),
            kind: "container".to_owned(),
            location: format!("artifacts/{}/drop", first.id),
        };
        store.record(&claim.lease, world.started(0)).await.expect("the lease holds");
        store.record(&claim.lease, StepEvent::Published { artifact: artifact.clone() }).await.expect("the lease holds");
        let outputs = vec![Output { name: "s.v".to_owned(), value: "1".into() }];
        store.finish(&claim.lease, JobOutcome { outputs, ..world.outcome(RunResult::Succeeded) }).await.expect("held");
        assert_eq!(end(&world, RunResult::Failed).await, "b");

        let second = queued(&world, &first.id, RerunScope::Unsucceeded).await;
        let run = detail(&world, &second.id).await;
        let jobs = &run.stages[0].jobs;
        assert_eq!(run.artifacts, std::slice::from_ref(&artifact));
        assert_eq!(
            (jobs[0].result, jobs[0].reason.as_deref()),
            (Some(RunResult::Succeeded), Some("taken from hello#1"))
        );
        assert_eq!(jobs[0].outputs[0].value, "1");
        assert_eq!(jobs[0].steps[0].display_name, "greet");
        assert_eq!((jobs[1].state, jobs[2].state), (State::Queued, State::Queued));

        let claim = world.claim().await.expect("`b` is due at once");
        assert_eq!((claim.run.clone(), claim.job), (second.id.clone(), 1));
        assert_eq!(claim.artifacts, [artifact]);
        assert_eq!(claim.board.stages[0][0][0].outputs.len(), 1);
        store.finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("the lease holds");
        assert_eq!(end(&world, RunResult::Succeeded).await, "c");
        assert_eq!(detail(&world, &second.id).await.run.result, Some(RunResult::Succeeded));
        assert!(world.claim().await.is_none());
    }
}

#[tokio::test]
async fn of_a_matrix_the_failed_legs_run_again_and_of_a_deployment_all_hooks() {
    let leg = |name: &str| MatrixLeg { name: name.to_owned(), variables: Vec::new() };
    let fan_out = FanOut::Matrix(vec![leg("one"), leg("two")]);
    let matrix = Job { strategy: Some(Strategy { fan_out, max_parallel: None }), ..job("m", &[]) };
    let hook = |point| Hook { point, pool: "default".to_owned(), says_download: false, steps: job("x", &[]).steps };
    let hooks = vec![hook(HookPoint::PreDeploy), hook(HookPoint::Deploy)];
    let deployment = Some(Deployment { environment: None, rollout: Rollout::RunOnce, hooks });
    let deploy = Job { deployment, ..job("d", &[]) };
    for world in worlds() {
        let first = world.queue(plan(vec![matrix.clone(), deploy.clone()])).await;
        for expected in ["m.one", "m.two", "d.preDeploy", "d.deploy"] {
            let result =
                if ["m.two", "d.deploy"].contains(&expected) { RunResult::Failed } else { RunResult::Succeeded };
            assert_eq!(end(&world, result).await, expected);
        }
        let second = queued(&world, &first.id, RerunScope::Unsucceeded).await;
        for expected in ["m.two", "d.preDeploy", "d.deploy"] {
            assert_eq!(end(&world, RunResult::Succeeded).await, expected);
        }
        assert_eq!(detail(&world, &second.id).await.run.result, Some(RunResult::Succeeded));
    }
}

#[tokio::test]
async fn a_full_queue_takes_no_run_again() {
    for world in worlds() {
        let first = world.queue(plan(vec![job("a", &[])])).await;
        end(&world, RunResult::Succeeded).await;
        queued(&world, &first.id, RerunScope::All).await;
        queued(&world, &first.id, RerunScope::All).await;
        let error = rerun(&world, &first.id, RerunScope::All).await.expect_err("there is no room");
        assert!(matches!(error, Error::Full { waiting: 2, limit: 2 }), "{error}");
        let unknown = RunId::from_stored("run_none");
        assert_eq!(rerun(&world, &unknown, RerunScope::All).await.expect("read"), Reran::Unknown);
    }
}
