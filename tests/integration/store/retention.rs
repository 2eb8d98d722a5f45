//! What is old is forgotten, and what must be known stays known, in a store that keeps itself small.

use super::world::{World, job, plan, worlds};
use jiff::SignedDuration;
use pipehook::id::RunId;
use pipehook::run::{RunResult, State};
use pipehook::store::{Accepted, Artifact, DeliveryQuery, Lent, Reran, Rerun, RerunScope, RunQuery, StepEvent};

async fn complete(world: &World) -> RunId {
    let claim = world.claim().await.expect("due");
    world.store().record(&claim.lease, world.started(0)).await.expect("held");
    world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
    claim.run
}

async fn runs(world: &World) -> Vec<RunId> {
    let all = world.store().runs(RunQuery { limit: 100, ..RunQuery::default() }).await.expect("a list");
    all.into_iter().map(|run| run.id).collect()
}

#[tokio::test]
async fn completed_runs_are_forgotten_and_numbers_go_on() {
    for mut world in worlds() {
        let one = || plan(vec![job("a", &[]), job("b", &["a"])]);
        world.queue(one()).await;
        world.queue(one()).await;
        let (first, _) = (complete(&world).await, complete(&world).await);
        let second = complete(&world).await;
        world.wait(100);
        world.queue(one()).await;
        world.wait(1);
        let before = world.now();
        let expired = world.store().expired_runs(before, 10).await.expect("a list");
        assert_eq!(expired, std::slice::from_ref(&first), "the second is not completed, the third not old");
        let unfinished = [first.clone(), second.clone()];
        world.store().forget_runs(&unfinished).await.expect("forgotten");
        world.crash();
        assert!(world.store().run(&first).await.expect("read").is_none());
        assert_eq!(world.store().expanded(&first).await.expect("read"), None);
        assert_eq!(runs(&world).await.len(), 2, "who is not completed stays");
        assert_eq!(world.store().expired_runs(before, 10).await.expect("a list"), []);
        let fourth = world.queue(one()).await;
        assert_eq!((fourth.number, fourth.name.as_str()), (4, "20260309.4"));
        assert_eq!(complete(&world).await, second, "work that has the same form goes on");
        let found = world.store().run(&second).await.expect("read").expect("there");
        assert_eq!(found.run.state, State::Completed);
    }
}

#[tokio::test]
async fn deliveries_are_forgotten_by_age_and_by_size_and_their_repeats_are_still_known() {
    for mut world in worlds() {
        let one = || plan(vec![job("a", &[])]);
        // Each body has two bytes: what has a size is the rest.
        let large = |world: &World, key: Option<&str>| {
            let mut acceptance = world.acceptance(one(), key);
            let (delivery, _) = acceptance.delivery.as_mut().expect("a delivery");
            delivery.headers.push(("x-large".to_owned(), "y".repeat(10_000)));
            acceptance
        };
        let first = large(&world, Some("k"));
        let id = first.delivery.as_ref().expect("a delivery").0.id.clone();
        let Accepted::New(started) = world.store().accept(first).await.expect("accepted") else { panic!("it is new") };
        world.wait(10);
        let before = world.now();
        for _ in 0..3 {
            world.store().accept(large(&world, None)).await.expect("accepted");
        }
        complete(&world).await;
        let list = async |world: &World| {
            let query = DeliveryQuery { limit: 100, ..DeliveryQuery::default() };
            world.store().deliveries(query).await.expect("a list").len()
        };
        assert_eq!(list(&world).await, 4);
        let forget = async |world: &World, bytes: Option<u64>| {
            while !world.store().forget_deliveries(before, bytes).await.expect("forgotten").is_all {}
        };
        forget(&world, None).await;
        world.crash();
        assert_eq!(list(&world).await, 3, "one was too old");
        assert!(world.store().delivery(&id).await.expect("read").is_none());
        let repeat = world.store().accept(large(&world, Some("k"))).await.expect("accepted");
        assert_eq!(repeat, Accepted::Repeat { of: id, runs: started.clone() });
        // Two of them have less than this, three have more; the repeat is one.
        forget(&world, Some(25_000)).await;
        assert_eq!(list(&world).await, 2, "the latest fit");
        let run = world.store().run(&started[0].id).await.expect("read").expect("its run stays");
        assert_eq!(run.run.state, State::Completed);
        while world.store().compact().await.expect("compacted") {}
        assert_eq!(runs(&world).await.len(), 4);
    }
}

#[tokio::test]
async fn who_has_lent_files_to_reruns_and_until_when_is_known() {
    for world in worlds() {
        let store = world.store();
        let first = world.queue(plan(vec![job("a", &[]), job("b", &["a"])])).await.id;
        let claim = world.claim().await.expect("`a` is due");
        let location = format!("artifacts/{first}/drop");
        let artifact = Artifact { name: "drop".to_owned(), kind: "container".to_owned(), location };
        store.record(&claim.lease, world.started(0)).await.expect("held");
        store.record(&claim.lease, StepEvent::Published { artifact }).await.expect("held");
        store.finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        fail(&world).await;
        assert_eq!(store.lent().await.expect("a list"), [], "its own are not lent");

        let second = rerun(&world, &first).await;
        let lent = |until| vec![Lent { run: first.clone(), until }];
        assert_eq!(store.lent().await.expect("a list"), lent(None));
        fail(&world).await;
        let ended = store.run(&second).await.expect("read").expect("there").run.finished_at;
        assert_eq!(store.lent().await.expect("a list"), lent(ended));
        // A rerun of the rerun has them from the first run too, which then lends to one that has not ended.
        world.wait(1);
        let third = rerun(&world, &second).await;
        assert_eq!(store.lent().await.expect("a list"), lent(None));
        fail(&world).await;
        let ended = store.run(&third).await.expect("read").expect("there").run.finished_at;
        assert_eq!(store.lent().await.expect("a list"), lent(ended), "the latest end counts");
    }
}

#[tokio::test]
async fn one_process_at_a_time_keeps_what_several_share() {
    let Some(world) = World::postgres() else { return };
    let first = world.store().upkeep().await.expect("asked").expect("nobody has it");
    assert!(world.store().upkeep().await.expect("asked").is_none(), "it is held");
    drop(first);
    // The database hears a moment later that the connection is closed.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.store().upkeep().await.expect("asked").is_none() {
        assert!(std::time::Instant::now() < end, "it was given up");
    }
}

#[tokio::test]
async fn what_runs_have_left_in_a_database_is_summed_by_run_and_goes_by_run() {
    let Some(world) = World::postgres() else { return };
    let depot = world.store().depot().expect("it is in the database");
    assert_eq!(depot.left_over("logs").expect("none"), []);
    // More runs than one statement looks at.
    for run in 0..150 {
        depot.put(&format!("logs/run_{run:03}/job_1.log"), 0, b"abc", None).expect("room");
    }
    depot.put("logs/run_007/job_1.log", 3, b"de", None).expect("room");
    depot.put("logs/run_007/job_2.log", 0, b"f", None).expect("room");
    depot.put("artifacts/run_007/drop/f", 0, b"ghij", None).expect("room");
    let held = |folder: &str| -> Vec<(String, u64)> {
        let all = depot.left_over(folder).expect("a list");
        all.iter().map(|it| (it.run.as_str().to_owned(), it.bytes)).collect()
    };
    let logs = held("logs");
    assert_eq!((logs.len(), &logs[7]), (150, &("run_007".to_owned(), 6)));
    assert_eq!(logs.iter().map(|it| it.1).sum::<u64>(), 149 * 3 + 6);
    assert_eq!(held("artifacts"), [("run_007".to_owned(), 4)]);
    depot.remove("logs/run_007").expect("removed");
    assert_eq!(held("logs").len(), 149);
}

/// Claims the next job and fails it.
async fn fail(world: &World) {
    let claim = world.claim().await.expect("due");
    world.store().record(&claim.lease, world.started(0)).await.expect("held");
    world.store().finish(&claim.lease, world.outcome(RunResult::Failed)).await.expect("held");
}

/// Queues again what did not succeed.
async fn rerun(world: &World, of: &RunId) -> RunId {
    let id = world.new_run(plan(vec![job("a", &[])])).id;
    let rerun = Rerun { of: of.clone(), id, at: world.now(), scope: RerunScope::Unsucceeded, queue_limit: 9 };
    match world.store().rerun(rerun).await.expect("there is room") {
        Reran::Queued(run) => run.id,
        other => panic!("it is not queued: {other:?}"),
    }
}

#[tokio::test]
async fn a_time_of_day_that_is_set_far_forward_makes_nothing_old_in_a_data_folder_and_the_databases_counts_in_one() {
    let mut world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    let began = world.now();
    assert_eq!(world.store().present().await.expect("read"), began);
    world.set_clock(100 * 24 * 60 * 60);
    world.wait(600);
    assert_eq!(world.store().present().await.expect("read"), began + SignedDuration::from_secs(600));
    world.crash();
    assert_eq!(world.store().present().await.expect("read"), began, "also after a start");
    world.wait(24 * 60 * 60);
    world.store().present().await.expect("read");
    world.wait(1);
    assert_eq!(world.store().present().await.expect("read"), world.now(), "it has stood for a day");
    for world in worlds().iter().filter(|world| world.store().is_shared()) {
        assert_eq!(world.store().present().await.expect("read"), world.now());
    }
}
