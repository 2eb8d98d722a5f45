//! Which pools are served, and what runs wait for whose pools are not, in every store.

use super::world::{LEASE, World, job, plan, worlds};
use pipehook::pipeline::plan::{AGENTLESS_POOL, Job, Plan};
use pipehook::store::{ABSENT_AFTER, Attendance, Pausable, PoolDetail, QueuedRun, RunQuery};

fn in_pool(pool: &str) -> Plan {
    plan(vec![Job { pool: pool.to_owned(), ..job("a", &[]) }])
}

async fn attend(world: &World, host: &str, pools: &[&str]) {
    let pools: Vec<String> = pools.iter().map(|&pool| pool.to_owned()).collect();
    world.store().attend(&Attendance::new(host, &pools)).await.expect("it is noted");
}

async fn waits_for(world: &World, run: &QueuedRun) -> Option<String> {
    let shown = world.store().run(&run.id).await.expect("it can be read").expect("it is there").run.waits_for;
    let query = RunQuery { limit: 10, ..RunQuery::default() };
    let listed = world.store().runs(query).await.expect("a list").into_iter().find(|it| it.id == run.id);
    assert_eq!(shown, listed.expect("it is listed").waits_for, "the list says the same");
    shown
}

/// Says of each pool whether it is served, whether it is waited for, and by which machines it was served.
async fn pools(world: &World) -> Vec<(String, bool, bool, Vec<(String, bool)>)> {
    let told = |it: PoolDetail| {
        let workers = it.workers.into_iter().map(|worker| (worker.host, worker.at_work)).collect();
        (it.pool, it.served, it.waiting, workers)
    };
    world.store().pools().await.expect("a list").into_iter().map(told).collect()
}

#[tokio::test]
async fn a_run_of_a_pool_that_nobody_serves_says_so_until_somebody_does() {
    for mut world in worlds() {
        attend(&world, "one", &["default"]).await;
        let run = world.queue(in_pool("gpu")).await;
        assert_eq!(waits_for(&world, &run).await.as_deref(), Some("a worker of the pool `gpu`: none was ever seen"));
        attend(&world, "two", &["gpu"]).await;
        world.crash();
        assert_eq!(waits_for(&world, &run).await, None, "it is remembered");
        world.wait(i64::try_from(ABSENT_AFTER.as_secs()).expect("some seconds"));
        assert_eq!(
            waits_for(&world, &run).await.as_deref(),
            Some("a worker of the pool `gpu`: none is at work, the last was seen on two at 2026-03-09T05:07:08Z")
        );
        attend(&world, "two", &["gpu"]).await;
        let claim = world.store().claim(&world.worker(), &["gpu".to_owned()], LEASE).await.expect("a claim");
        world.store().hand_back(&claim.expect("it is due").lease).await.expect("handed back");
        let again = waits_for(&world, &run).await;
        assert_eq!(again.as_deref(), Some("a worker again since 2026-03-09T05:08:48Z, attempt 2"));
    }
}

#[tokio::test]
async fn a_paused_run_waits_to_be_resumed_first() {
    for world in worlds() {
        let run = world.queue(in_pool("gpu")).await;
        world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
        assert_eq!(waits_for(&world, &run).await.as_deref(), Some("the pipeline `hello` to be resumed"));
    }
}

#[tokio::test]
async fn letter_cases_of_pools_are_not_told_apart() {
    for world in worlds() {
        let run = world.queue(in_pool("GPU")).await;
        attend(&world, "one", &["Gpu"]).await;
        assert_eq!(waits_for(&world, &run).await, None);
        let claim = world.store().claim(&world.worker(), &["gPU".to_owned()], LEASE).await.expect("a claim");
        assert_eq!(claim.map(|claim| claim.run), Some(run.id));
    }
}

#[tokio::test]
async fn pools_are_listed_with_who_serves_them_and_whether_jobs_wait() {
    for world in worlds() {
        assert_eq!(pools(&world).await, []);
        attend(&world, "old", &["linux", "LINUX"]).await;
        world.wait(i64::try_from(ABSENT_AFTER.as_secs()).expect("some seconds"));
        attend(&world, "new", &["linux"]).await;
        for pool in ["gpu", "zoo", "gpu"] {
            world.queue(in_pool(pool)).await;
        }
        let both = || vec![("new".to_owned(), true), ("old".to_owned(), false)];
        let expected = [
            ("gpu".to_owned(), false, true, vec![]),
            ("linux".to_owned(), true, false, both()),
            (AGENTLESS_POOL.to_owned(), true, false, both()),
            ("zoo".to_owned(), false, true, vec![]),
        ];
        assert_eq!(pools(&world).await, expected);
        world.wait(40 * 24 * 60 * 60);
        attend(&world, "new", &["linux"]).await;
        let hosts: Vec<_> = pools(&world).await.into_iter().flat_map(|(_, _, _, workers)| workers).collect();
        assert_eq!(hosts, [("new".to_owned(), true), ("new".to_owned(), true)], "who is long gone is forgotten");
    }
}
