//! One that comes to a group in which very many wait, and displaces them, in every store.

use super::turns::{detail, finish, grouped, look, queue_all};
use super::world::{World, job, plan, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy, Job, Plan};
use pipehook::run::{RunResult, State};

/// More than two transactions cancel.
const MANY: usize = 1_100;

fn reason(by: u64) -> String {
    format!("hello#{by} took its turn in the concurrency group `deploy`")
}

/// Looks at some of those that were displaced: they are canceled, for the one that displaced them.
async fn are_canceled(world: &World, runs: &[RunId], by: u64) {
    let reason = reason(by);
    for run in runs.iter().step_by(50) {
        let shown = detail(world, run).await.run;
        let ended = (shown.state, shown.result, shown.reason.as_deref());
        assert_eq!(ended, (State::Completed, Some(RunResult::Canceled), Some(reason.as_str())), "{run}");
    }
}

async fn queued(world: &World) -> usize {
    usize::try_from(world.store().depth().await.expect("a depth").queued).expect("a small number")
}

/// One that comes to a group where very many wait is accepted in a short transaction. None of those that it displaces
/// goes on, whatever is canceled by then; all are in the end, also where the process is killed in between.
#[tokio::test]
async fn very_many_that_wait_are_displaced_bit_by_bit() {
    for mut world in worlds() {
        world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        let mut claim = world.claim().await.expect("due");
        let many = queue_all(&world, (0..MANY).map(|_| grouped(1, ConcurrencyPolicy::Queue))).await;
        look(&world).await;
        let latest = world.queue(grouped(1, ConcurrencyPolicy::Latest)).await;
        let behind = world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        assert_eq!(queued(&world).await, MANY + 2, "they are canceled by what follows");
        let waits_for = detail(&world, &many[9]).await.run.waits_for;
        assert_eq!(waits_for, Some(format!("its cancellation: {}", reason(latest.number))), "that is told");
        assert!(world.claim().await.is_none(), "the first has the turn");
        for run in [&latest, &behind] {
            finish(&world, &claim, RunResult::Succeeded).await;
            claim = world.claim().await.expect("its turn came");
            assert_eq!(claim.run, run.id, "none that is displaced goes on");
        }
        assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
        let left = queued(&world).await;
        assert!(left > 0 && left < MANY, "{left} are left");
        world.crash();
        assert!(world.claim().await.is_none(), "the last has the turn");
        assert_eq!(queued(&world).await, left, "nobody goes on with it before the next sweep");
        assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
        assert!(world.claim().await.is_none(), "the last has the turn, and a claim goes on with the others");
        assert_eq!(queued(&world).await, 0);
        are_canceled(&world, &many, latest.number).await;
        finish(&world, &claim, RunResult::Succeeded).await;
        assert!(world.claim().await.is_none(), "all have ended");
    }
}

/// As above, of those that go on: what the others have begun ends first, and nothing more of them begins.
#[tokio::test]
async fn very_many_that_go_on_are_stopped_bit_by_bit() {
    for mut world in worlds() {
        let mut plans: Vec<Plan> = (0..MANY).map(|_| grouped(5_000, ConcurrencyPolicy::Queue)).collect();
        // It begins, and has more to do.
        let begins = 700;
        plans[begins].stages[0].jobs = ["a", "b"]
            .map(|name| Job { pool: "gpu".to_owned(), ..job(name, if name == "a" { &[] } else { &["a"] }) })
            .into();
        let many = queue_all(&world, plans).await;
        let claim = world.claim_in(&["gpu"]).await.expect("due");
        assert_eq!(claim.run, many[begins]);
        let latest = world.queue(grouped(1, ConcurrencyPolicy::CancelRunning)).await;
        assert_eq!(queued(&world).await, MANY - 500, "some are canceled at once");
        assert!(world.claim().await.is_none(), "none of the others begins any more");
        for (run, state) in [(&many[begins], State::Running), (&many[begins + 1], State::Queued)] {
            let shown = detail(&world, run).await.run;
            assert_eq!(shown.state, state);
            assert_eq!(shown.waits_for, Some(format!("its cancellation: {}", reason(latest.number))));
        }
        finish(&world, &claim, RunResult::Succeeded).await;
        assert!(world.claim_in(&["gpu"]).await.is_none(), "nothing more of it begins");
        world.crash();
        while queued(&world).await > 1 {
            assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
        }
        are_canceled(&world, &many, latest.number).await;
        let next = world.claim().await.expect("its turn came");
        assert_eq!(next.run, latest.id);
        finish(&world, &next, RunResult::Succeeded).await;
    }
}

/// Many that come at once, each to a group of its own, cancel no more in their transaction than one does.
#[tokio::test]
async fn many_that_displace_others_at_once_cancel_no_more_than_one() {
    const GROUPS: usize = 4;
    const IN_EACH: usize = 300;
    let of = |group: usize, policy| {
        let concurrency = Concurrency { group: format!("group{group}").as_str().into(), limit: 1, policy };
        Plan { concurrency: Some(concurrency), ..plan(vec![job("a", &[])]) }
    };
    for world in worlds() {
        let waiting = (0..GROUPS * IN_EACH).map(|at| of(at % GROUPS, ConcurrencyPolicy::Queue));
        queue_all(&world, waiting).await;
        look(&world).await;
        queue_all(&world, (0..GROUPS).map(|group| of(group, ConcurrencyPolicy::Latest))).await;
        assert_eq!(queued(&world).await, GROUPS * IN_EACH + GROUPS - (IN_EACH - 1), "those of the first group");
        for left in [GROUPS * IN_EACH + GROUPS - (IN_EACH - 1) - 500, 2 * GROUPS] {
            assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
            assert_eq!(queued(&world).await, left);
        }
    }
}

#[tokio::test]
async fn who_displaces_others_again_leaves_those_before_as_they_are() {
    for world in worlds() {
        world.queue(grouped(1, ConcurrencyPolicy::Queue)).await;
        let claim = world.claim().await.expect("due");
        let many = queue_all(&world, (0..MANY).map(|_| grouped(1, ConcurrencyPolicy::Queue))).await;
        look(&world).await;
        let latest = world.queue(grouped(1, ConcurrencyPolicy::Latest)).await;
        let later = world.queue(grouped(1, ConcurrencyPolicy::CancelRunning)).await;
        let shown = detail(&world, &latest.id).await.run;
        assert_eq!(shown.result, Some(RunResult::Canceled), "few are canceled at once");
        world.store().cancel(&many[7]).await.expect("canceled");
        assert_eq!(detail(&world, &claim.run).await.run.state, State::Canceling);
        finish(&world, &claim, RunResult::Canceled).await;
        let next = world.claim().await.expect("its turn came");
        assert_eq!(next.run, later.id);
        while queued(&world).await > 0 {
            world.store().sweep(false).await.expect("a sweep");
        }
        let others: Vec<RunId> = many.iter().filter(|&run| *run != many[7]).cloned().collect();
        are_canceled(&world, &others, latest.number).await;
        finish(&world, &next, RunResult::Succeeded).await;
        assert!(world.claim().await.is_none(), "all have ended");
    }
}
