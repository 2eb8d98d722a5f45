//! What is old is forgotten, and what must be known stays known, in a store that keeps itself small.

use super::world::{World, job, plan};
use pipehook::id::RunId;
use pipehook::run::{RunResult, State};
use pipehook::store::{Accepted, DeliveryQuery, RunQuery};

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
    for mut world in [World::sqlite()] {
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
    for mut world in [World::sqlite()] {
        let one = || plan(vec![job("a", &[])]);
        let first = world.acceptance(one(), Some("k"));
        let id = first.delivery.as_ref().expect("a delivery").0.id.clone();
        let Accepted::New(started) = world.store().accept(first).await.expect("accepted") else { panic!("it is new") };
        world.wait(10);
        let before = world.now();
        for _ in 0..3 {
            world.queue(one()).await;
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
        let repeat = world.store().accept(world.acceptance(one(), Some("k"))).await.expect("accepted");
        assert_eq!(repeat, Accepted::Repeat { of: id, runs: started.clone() });
        // Each body has two bytes, that of the repeat too.
        forget(&world, Some(4)).await;
        assert_eq!(list(&world).await, 2, "the latest fit");
        let run = world.store().run(&started[0].id).await.expect("read").expect("its run stays");
        assert_eq!(run.run.state, State::Completed);
        while world.store().compact().await.expect("compacted") {}
        assert_eq!(runs(&world).await.len(), 4);
    }
}
