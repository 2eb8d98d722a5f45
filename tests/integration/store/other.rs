//! Runs of other pipelines are found by what is said of them, and stay while they are needed.

use super::world::{World, job, plan, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::Plan;
use pipehook::run::RunResult;
use pipehook::store::{LOAN, Lent, QueuedRun, Sought, StepEvent, Which};

fn of(pipeline: &str) -> Plan {
    Plan { pipeline: pipeline.to_owned(), ..plan(vec![job("a", &[])]) }
}

/// Queues a run and ends it so, with tags.
async fn ended(world: &World, pipeline: &str, result: RunResult, tags: &[&str]) -> QueuedRun {
    let run = world.queue(of(pipeline)).await;
    let lease = world.claim().await.expect("due").lease;
    for tag in tags {
        world.store().record(&lease, StepEvent::Tagged { tag: (*tag).to_owned() }).await.expect("held");
    }
    world.store().finish(&lease, world.outcome(result)).await.expect("held");
    run
}

async fn found(world: &World, which: Which) -> Option<u64> {
    let sought = Sought { pipeline: "make".to_owned(), which };
    let other = world.store().other(&sought).await.expect("read")?;
    assert_eq!((other.run.pipeline.as_str(), other.plan.pipeline.as_str()), ("make", "make"));
    Some(other.run.number)
}

#[tokio::test]
async fn a_run_is_found_by_what_is_said_of_it() {
    for mut world in worlds() {
        let first = ended(&world, "make", RunResult::Succeeded, &["Good", "old"]).await;
        ended(&world, "make", RunResult::SucceededWithIssues, &["good"]).await;
        let by_then = world.now();
        world.wait(10);
        ended(&world, "make", RunResult::Failed, &[]).await;
        let elsewhere = ended(&world, "else", RunResult::Succeeded, &["good"]).await;
        ended(&world, "make", RunResult::Succeeded, &[]).await;
        let waiting = world.queue(of("make")).await;
        world.crash();
        let now = world.now();
        let latest = |results: &[RunResult], by, tags: &[&str]| Which::Latest {
            results: results.to_vec(),
            by,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let with_issues = [RunResult::Succeeded, RunResult::SucceededWithIssues];
        for (which, number) in [
            (latest(&[RunResult::Succeeded], now, &[]), Some(4)),
            (latest(&[RunResult::Succeeded], by_then, &[]), Some(1)),
            (latest(&with_issues, by_then, &[]), Some(2)),
            (latest(&[RunResult::Failed], now, &[]), Some(3)),
            (latest(&with_issues, now, &["GOOD"]), Some(2)),
            (latest(&with_issues, now, &["good", "Old"]), Some(1)),
            (latest(&with_issues, now, &["good", "none"]), None),
            (Which::Named(first.name.clone()), Some(1)),
            (Which::Named(waiting.name.clone()), None),
            (Which::Number(3), Some(3)),
            (Which::Number(5), Some(5)),
            (Which::Number(u64::MAX), None),
            (Which::Id(waiting.id.clone()), Some(5)),
            (Which::Id(elsewhere.id.clone()), None),
        ] {
            assert_eq!(found(&world, which.clone()).await, number, "{which:?}");
        }
    }
}

#[tokio::test]
async fn a_run_stays_while_one_needs_it_that_is_not_completed() {
    for world in worlds() {
        let store = world.store();
        let needed = ended(&world, "make", RunResult::Succeeded, &[]).await.id;
        let other = ended(&world, "make", RunResult::Succeeded, &[]).await.id;
        world.queue(of("take")).await;
        let lease = world.claim().await.expect("due").lease;
        store.agree(&lease, &format!("{LOAN}ci"), Some(needed.as_str())).await.expect("held");
        store.agree(&lease, "something else", Some(other.as_str())).await.expect("held");
        world.wait(5);
        let expired = async || store.expired_runs(world.now(), 10).await.expect("a list");
        assert_eq!(expired().await, std::slice::from_ref(&other));
        assert_eq!(store.lent().await.expect("a list"), [Lent { run: needed.clone(), until: None }]);
        store.finish(&lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let before_this: Vec<RunId> = expired().await.into_iter().take(2).collect();
        assert_eq!(before_this, [needed, other]);
        assert_eq!(store.lent().await.expect("a list"), []);
    }
}
