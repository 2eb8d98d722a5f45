//! Runs and stages that take turns in a group, in every store.

use super::world::{ROOM, World, job, plan, stage, staged, worlds};
use crate::database;
use pipehook::id::RunId;
use pipehook::pipeline::plan::{
    Concurrency, ConcurrencyPolicy, Deployment, Environment, Job, LockBehavior, Plan, Rollout,
};
use pipehook::run::{RunResult, State};
use pipehook::store::{Acceptance, Accepted, Claim, Pausable, Renewal, RunDetail, RunQuery};

pub(super) fn grouped(limit: u32, policy: ConcurrencyPolicy) -> Plan {
    let concurrency = Some(Concurrency { group: "deploy".into(), limit, policy });
    Plan { concurrency, ..plan(vec![job("a", &[])]) }
}

pub(super) async fn detail(world: &World, run: &RunId) -> RunDetail {
    world.store().run(run).await.expect("a run can be read").expect("the run is there")
}

pub(super) async fn finish(world: &World, claim: &Claim, result: RunResult) {
    world.store().finish(&claim.lease, world.outcome(result)).await.expect("held");
}

#[tokio::test]
async fn a_paused_run_in_a_group_waits_to_be_resumed_and_for_nobody() {
    for world in worlds() {
        world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
        let paused = world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        assert!(world.claim().await.is_none());
        let waits_for = detail(&world, &paused.id).await.run.waits_for;
        assert_eq!(waits_for.as_deref(), Some("the pipeline `hello` to be resumed"));
    }
}

#[tokio::test]
async fn a_run_waits_for_its_turn_whatever_pipeline_has_it() {
    for mut world in worlds() {
        let first = world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        let other = Plan { pipeline: "other".to_owned(), ..grouped(1, ConcurrencyPolicy::Queue) };
        let second = world.queue(other).await;
        let third = world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        let free = world.queue(plan(vec![job("a", &[])])).await;
        let claim = world.claim().await.expect("due");
        assert_eq!(claim.run, first.id);
        assert_eq!(world.claim().await.expect("due").run, free.id, "who is in no group waits for nobody");
        assert!(world.claim().await.is_none());
        world.crash();
        assert!(world.claim().await.is_none(), "also after a crash");
        let waits_for = detail(&world, &second.id).await.run.waits_for;
        assert_eq!(waits_for.as_deref(), Some("the concurrency group `deploy`, which hello#1 has"));
        finish(&world, &claim, RunResult::Failed).await;
        world.attend(&["default"]).await;
        let claim = world.claim().await.expect("its turn came");
        assert_eq!(claim.run, second.id);
        assert_eq!(detail(&world, &second.id).await.run.waits_for, None);
        assert!(world.claim().await.is_none());
        world.store().cancel(&third.id).await.expect("canceled");
        finish(&world, &claim, RunResult::Succeeded).await;
        assert!(world.claim().await.is_none(), "who was canceled waits no more");
    }
}

#[tokio::test]
async fn as_many_go_on_as_the_limit_allows() {
    for world in worlds() {
        for _ in 0..4 {
            world.queue(grouped(2, ConcurrencyPolicy::Queue)).await;
        }
        let (one, two) = (world.claim().await.expect("due"), world.claim().await.expect("due"));
        assert!(world.claim().await.is_none());
        finish(&world, &two, RunResult::Succeeded).await;
        assert_eq!(world.claim().await.expect("its turn").number, 3);
        finish(&world, &one, RunResult::Succeeded).await;
        assert_eq!(world.claim().await.expect("its turn").number, 4);
    }
}

#[tokio::test]
async fn only_the_latest_waits_where_that_is_the_policy() {
    for world in worlds() {
        world.queue(grouped(1, ConcurrencyPolicy::Latest)).await;
        let dropped = world.queue(grouped(1, ConcurrencyPolicy::Latest)).await;
        let latest = world.queue(grouped(1, ConcurrencyPolicy::Latest)).await;
        let shown = detail(&world, &dropped.id).await;
        assert_eq!((shown.run.state, shown.run.result), (State::Completed, Some(RunResult::Canceled)));
        let reason = "hello#3 took its turn in the concurrency group `deploy`";
        assert_eq!(shown.run.reason.as_deref(), Some(reason));
        assert_eq!(shown.stages[0].jobs[0].reason.as_deref(), Some(reason));
        let claim = world.claim().await.expect("due");
        assert_eq!(claim.number, 1, "who has begun goes on");
        assert_eq!(world.store().depth().await.expect("a depth").queued, 1);
        finish(&world, &claim, RunResult::Succeeded).await;
        assert_eq!(world.claim().await.expect("its turn").run, latest.id);
    }
}

#[tokio::test]
async fn the_running_one_is_canceled_where_that_is_the_policy() {
    for mut world in worlds() {
        let first = world.queue(grouped(1, ConcurrencyPolicy::CancelRunning)).await;
        let claim = world.claim().await.expect("due");
        let second = world.queue(grouped(1, ConcurrencyPolicy::CancelRunning)).await;
        world.crash();
        assert_eq!(detail(&world, &first.id).await.run.state, State::Canceling);
        assert!(world.claim().await.is_none(), "never two at once");
        let renewal = world.store().renew(&claim.lease, super::world::LEASE).await.expect("held");
        assert_eq!(renewal, Renewal::CancelRequested);
        finish(&world, &claim, RunResult::Canceled).await;
        assert_eq!(world.claim().await.expect("its turn").run, second.id);
        let third = world.queue(grouped(1, ConcurrencyPolicy::CancelRunning)).await;
        world.wait(31);
        world.store().sweep(false).await.expect("a sweep");
        assert_eq!(detail(&world, &second.id).await.run.result, Some(RunResult::Canceled), "its worker is gone");
        assert_eq!(world.claim().await.expect("its turn").run, third.id);
    }
}

#[tokio::test]
async fn who_waits_behind_a_run_goes_on_when_that_one_is_paused() {
    for world in worlds() {
        world.queue(grouped(2, ConcurrencyPolicy::Queue)).await;
        let strict = Plan { pipeline: "other".to_owned(), ..grouped(1, ConcurrencyPolicy::Queue) };
        let strict = world.queue(strict).await;
        let behind = world.queue(grouped(2, ConcurrencyPolicy::Queue)).await;
        assert_eq!(world.claim().await.expect("due").number, 1);
        assert!(world.claim().await.is_none(), "nobody overtakes the one that waits for both places");
        world.store().pause(&Pausable::Pipeline("other".to_owned())).await.expect("paused");
        assert!(detail(&world, &strict.id).await.run.waits_for.is_some());
        assert_eq!(world.claim().await.expect("its turn").run, behind.id);
    }
}

#[tokio::test]
async fn a_run_that_comes_while_its_pipeline_is_paused_stops_none_that_goes_on() {
    for world in worlds() {
        let cancel = || grouped(1, ConcurrencyPolicy::CancelRunning);
        let first = world.queue(cancel()).await;
        let claim = world.claim().await.expect("due");
        let paused = Pausable::Pipeline(cancel().pipeline);
        world.store().pause(&paused).await.expect("paused");
        let second = world.queue(cancel()).await;
        let third = world.queue(cancel()).await;
        assert_eq!(detail(&world, &first.id).await.run.state, State::Running, "nothing could go on in its place");
        assert_eq!(detail(&world, &second.id).await.run.result, Some(RunResult::Canceled), "only the latest waits");
        finish(&world, &claim, RunResult::Succeeded).await;
        assert!(world.claim().await.is_none(), "it is paused");
        world.store().resume(&paused).await.expect("resumed");
        assert_eq!(world.claim().await.expect("its turn").run, third.id);
    }
}

#[tokio::test]
async fn a_paused_run_is_passed_over_in_its_group() {
    for world in worlds() {
        let paused = Pausable::Pipeline("other".to_owned());
        world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        let other = Plan { pipeline: "other".to_owned(), ..grouped(1, ConcurrencyPolicy::Queue) };
        let second = world.queue(other).await;
        let third = world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        world.store().pause(&paused).await.expect("paused");
        for expected in [1, 2] {
            let claim = world.claim().await.expect("due");
            assert_eq!(claim.number, expected, "{}", third.id);
            finish(&world, &claim, RunResult::Succeeded).await;
        }
        assert!(world.claim().await.is_none());
        world.store().resume(&paused).await.expect("resumed");
        assert_eq!(world.claim().await.expect("its turn").run, second.id);
    }
}

fn deployment(name: &str, environment: &str) -> Job {
    let environment = Environment { name: environment.into(), ..Environment::default() };
    let deployment = Deployment { environment: Some(environment), rollout: Rollout::RunOnce, hooks: Vec::new() };
    Job { deployment: Some(deployment), ..job(name, &[]) }
}

fn locked(behavior: LockBehavior) -> Plan {
    let stages =
        vec![stage("build", &[], vec![job("a", &[])]), stage("deploy", &["build"], vec![deployment("d", "prod")])];
    Plan { lock_behavior: Some(behavior), ..staged(stages) }
}

/// Claims the next job and says of which run and stage it is.
async fn next(world: &World) -> Option<(Claim, u64, usize)> {
    world.claim().await.map(|claim| {
        let (number, stage) = (claim.number, claim.stage);
        (claim, number, stage)
    })
}

#[tokio::test]
async fn stages_take_turns_in_an_environment_one_after_the_other() {
    for mut world in worlds() {
        let mut builds = Vec::new();
        for number in 1..=3 {
            world.queue(locked(LockBehavior::Sequential)).await;
            let (claim, of, stage) = next(&world).await.expect("builds wait for nobody");
            assert_eq!((of, stage), (number, 0));
            builds.push(claim);
        }
        for claim in &builds {
            finish(&world, claim, RunResult::Succeeded).await;
        }
        for number in 1..=3 {
            let (claim, of, stage) = next(&world).await.expect("one deploys");
            assert_eq!((of, stage), (number, 1));
            world.crash();
            assert!(world.claim().await.is_none(), "the others wait");
            finish(&world, &claim, RunResult::Succeeded).await;
        }
    }
}

#[tokio::test]
async fn an_older_stage_that_waits_is_canceled_where_only_the_latest_runs() {
    for world in worlds() {
        let mut runs = Vec::new();
        let mut deploys = Vec::new();
        for _ in 1..=3 {
            runs.push(world.queue(locked(LockBehavior::RunLatest)).await.id);
            let build = world.claim().await.expect("due");
            finish(&world, &build, RunResult::Succeeded).await;
            deploys.extend(next(&world).await);
        }
        let [(first, of, stage)] = deploys.as_slice() else { panic!("one has the environment: {deploys:?}") };
        assert_eq!((*of, *stage), (1, 1));
        let dropped = detail(&world, &runs[1]).await;
        assert_eq!(dropped.run.result, Some(RunResult::Canceled), "{dropped:?}");
        assert_eq!(dropped.stages[0].result, Some(RunResult::Succeeded));
        let reason = dropped.stages[1].jobs[0].reason.as_deref();
        assert_eq!(reason, Some("hello#3 took its turn in the lock of the environment `prod`"));
        assert!(world.claim().await.is_none());
        finish(&world, first, RunResult::Succeeded).await;
        assert_eq!(next(&world).await.map(|(_, of, stage)| (of, stage)), Some((3, 1)));
    }
}

#[tokio::test]
async fn a_pipeline_that_names_no_environment_excludes_its_other_runs() {
    for world in worlds() {
        let sequential = || Plan { lock_behavior: Some(LockBehavior::Sequential), ..plan(vec![job("a", &[])]) };
        world.queue(sequential()).await;
        world.queue(sequential()).await;
        let other = world.queue(Plan { pipeline: "other".to_owned(), ..sequential() }).await;
        let claim = world.claim().await.expect("due");
        assert_eq!(claim.number, 1);
        assert_eq!(world.claim().await.expect("another pipeline").run, other.id);
        assert!(world.claim().await.is_none());
        finish(&world, &claim, RunResult::Succeeded).await;
        assert_eq!(world.claim().await.expect("its turn").number, 2);
    }
}

/// Queues runs at once, by one delivery.
pub(super) async fn queue_all(world: &World, plans: impl IntoIterator<Item = Plan>) -> Vec<RunId> {
    let runs: Vec<_> = plans.into_iter().map(|plan| world.new_run(plan)).collect();
    let delivery = Some(world.delivery(b"{}", &runs));
    let acceptance =
        Acceptance { delivery, runs, repeat: None, queue_limit: ROOM, connection_limit: None, queue_age: None };
    match world.store().accept(acceptance).await.expect("it is accepted") {
        Accepted::New(runs) => runs.into_iter().map(|run| run.id).collect(),
        repeat @ Accepted::Repeat { .. } => panic!("nothing is repeated here: {repeat:?}"),
    }
}

/// Has everything put in its place that was queued: whoever looks finds all of it.
pub(super) async fn look(world: &World) {
    world.store().runs(RunQuery { limit: 1, ..RunQuery::default() }).await.expect("a list");
}

/// Runs in a group of their own, more than one transaction looks at after a pause or its end.
fn in_groups_of_their_own(count: usize) -> impl Iterator<Item = Plan> {
    (0..count).map(|at| {
        let concurrency = Some(Concurrency {
            group: format!("own{at:03}").as_str().into(),
            limit: 1,
            policy: ConcurrencyPolicy::Queue,
        });
        Plan { concurrency, ..plan(vec![job("a", &[])]) }
    })
}

#[tokio::test]
async fn an_end_of_a_pause_is_seen_in_all_groups() {
    for world in worlds() {
        let paused = Pausable::Pipeline("hello".to_owned());
        world.store().pause(&paused).await.expect("paused");
        let runs = queue_all(&world, in_groups_of_their_own(230)).await;
        assert!(world.claim().await.is_none(), "they are paused");
        world.store().resume(&paused).await.expect("resumed");
        for run in &runs {
            assert_eq!(world.claim().await.expect("its turn").run, *run);
        }
    }
}

#[tokio::test]
async fn a_pause_is_seen_in_all_groups() {
    for world in worlds() {
        queue_all(&world, in_groups_of_their_own(130)).await;
        let behind = in_groups_of_their_own(130).map(|plan| Plan { pipeline: "other".to_owned(), ..plan });
        let behind = queue_all(&world, behind).await;
        let holding: Vec<Claim> = {
            let mut all = Vec::new();
            while let Some(claim) = world.claim().await {
                all.push(claim);
            }
            all
        };
        assert_eq!(holding.len(), 130);
        let between = in_groups_of_their_own(130).map(|plan| Plan { pipeline: "third".to_owned(), ..plan });
        let between = queue_all(&world, between).await;
        world.store().pause(&Pausable::Pipeline("other".to_owned())).await.expect("paused");
        for claim in &holding {
            finish(&world, claim, RunResult::Succeeded).await;
        }
        let mut went_on = Vec::new();
        while let Some(claim) = world.claim().await {
            went_on.push(claim.run);
        }
        assert_eq!(went_on, between, "those that are paused are passed over: {}", behind.len());
    }
}

/// As behind the first commit of an end of a pause: what it changes is noted, and nobody has looked yet.
const ENDED_HALF_WAY: [&str; 2] =
    ["DELETE FROM pause", "INSERT INTO readmission (kind, name, after) VALUES ('pipeline', 'hello', '')"];

#[tokio::test]
async fn groups_at_which_an_end_of_a_pause_that_was_killed_did_not_look_are_looked_at_by_the_next_sweep() {
    for world in worlds() {
        world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
        let runs = queue_all(&world, in_groups_of_their_own(3)).await;
        assert!(world.claim().await.is_none(), "they are paused");
        match world.is_folder() {
            true => {
                let database = rusqlite::Connection::open(world.folder().join("pipehook.db")).expect("it opens");
                database.execute_batch(&ENDED_HALF_WAY.join("; ")).expect("written");
            }
            false => {
                let programs = database::programs().expect("the world needs them too");
                database::run_sql(&programs, world.address(), &ENDED_HALF_WAY.join("; ")).expect("written");
            }
        }
        assert!(world.claim().await.is_none(), "nobody has looked");
        assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
        for run in &runs {
            assert_eq!(world.claim().await.expect("its turn").run, *run);
        }
    }
}

#[tokio::test]
async fn who_needs_two_turns_has_both_or_none_also_where_it_was_passed_over() {
    for world in worlds() {
        let one = grouped(1, ConcurrencyPolicy::Queue);
        let both = || Plan { lock_behavior: Some(LockBehavior::Sequential), ..one.clone() };
        let holder = world.queue_from("first", 0, Plan { pipeline: "other".to_owned(), ..one.clone() }).await;
        let holding = world.claim().await.expect("due");
        assert_eq!(holding.run, holder.id);
        let passed_over = world.queue_from("second", 0, both()).await;
        let waits_for = detail(&world, &passed_over.id).await.run.waits_for.expect("it waits");
        assert!(waits_for.contains("`deploy`, which other#1 has"), "{waits_for}");
        let connection = Pausable::Connection("second".to_owned());
        world.store().pause(&connection).await.expect("paused");
        let next = world.queue_from("third", 0, both()).await;
        finish(&world, &holding, RunResult::Succeeded).await;
        world.store().resume(&connection).await.expect("resumed");
        let mut order = Vec::new();
        while let Some(claim) = world.claim().await {
            assert!(world.claim().await.is_none(), "one at a time");
            order.push(claim.run.clone());
            finish(&world, &claim, RunResult::Succeeded).await;
        }
        assert_eq!(order, [next.id, passed_over.id]);
    }
}
