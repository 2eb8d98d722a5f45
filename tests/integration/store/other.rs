//! Runs of other pipelines are found by what is said of them, and stay while they are needed.

use super::world::{World, job, plan, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Job, Plan};
use pipehook::run::RunResult;
use pipehook::store::{LOAN, Lent, QueuedRun, Sought, StepEvent, Which};

fn of(pipeline: &str) -> Plan {
    Plan { pipeline: pipeline.to_owned(), ..plan(vec![job("a", &[])]) }
}

/// Returns the plan of a run that nobody claims.
fn waiting() -> Plan {
    let plan = plan(vec![Job { pool: "nobody".to_owned(), ..job("a", &[]) }]);
    Plan { pipeline: "take".to_owned(), ..plan }
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
        let early = world.queue(waiting()).await.id;
        ended(&world, "make", RunResult::Failed, &[]).await;
        let elsewhere = ended(&world, "else", RunResult::Succeeded, &["good"]).await;
        ended(&world, "make", RunResult::Succeeded, &[]).await;
        let waiting = world.queue(of("make")).await;
        world.crash();
        let latest = |results: &[RunResult], seeker: &RunId, tags: &[&str]| Which::Latest {
            results: results.to_vec(),
            seeker: seeker.clone(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let with_issues = [RunResult::Succeeded, RunResult::SucceededWithIssues];
        for (which, number) in [
            (latest(&[RunResult::Succeeded], &waiting.id, &[]), Some(4)),
            (latest(&[RunResult::Succeeded], &early, &[]), Some(1)),
            (latest(&with_issues, &early, &[]), Some(2)),
            (latest(&[RunResult::Failed], &waiting.id, &[]), Some(3)),
            (latest(&with_issues, &waiting.id, &["GOOD"]), Some(2)),
            (latest(&with_issues, &waiting.id, &["good", "Old"]), Some(1)),
            (latest(&with_issues, &waiting.id, &["good", "none"]), None),
            (latest(&with_issues, &first.id, &[]), None),
            (latest(&with_issues, &RunId::from_stored("run_none"), &[]), None),
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
async fn no_setting_of_a_clock_decides_which_runs_had_ended() {
    for mut world in worlds() {
        let mut seekers = Vec::new();
        // Right, behind, far ahead for a moment, and right again.
        for (number, set_by) in [0, -600, 86_400, -85_800].into_iter().enumerate() {
            world.set_clock(set_by);
            let before = world.queue(of("take")).await.id;
            let lease = world.claim().await.expect("due").lease;
            world.store().finish(&lease, world.outcome(RunResult::Succeeded)).await.expect("held");
            ended(&world, "make", RunResult::Succeeded, &[]).await;
            let (earlier, latest) = (number.checked_sub(1).map(|last| last as u64 + 1), number as u64 + 1);
            seekers.extend([(before, earlier), (world.queue(of("take")).await.id, Some(latest))]);
            let lease = world.claim().await.expect("due").lease;
            world.store().finish(&lease, world.outcome(RunResult::Succeeded)).await.expect("held");
            world.crash();
        }
        for (seeker, number) in seekers {
            let which = Which::Latest { results: vec![RunResult::Succeeded], seeker: seeker.clone(), tags: vec![] };
            assert_eq!(found(&world, which).await, number, "{seeker}");
        }
    }
}

/// Makes a world's store what the version before the one that counts ends would have left, and opens it again.
fn reopen_as_of_before(world: &mut World) {
    const COLUMNS: &str = "ALTER TABLE run DROP COLUMN ended_as; ALTER TABLE run DROP COLUMN ended_before;";
    let folder = format!("{COLUMNS} DELETE FROM counter WHERE key = 'ended runs'; PRAGMA user_version = 19");
    let database = format!("{COLUMNS} DROP SEQUENCE run_end; UPDATE schema_version SET version = 13");
    world.reopen_as_of_before(&folder, &database);
}

#[tokio::test]
async fn runs_of_an_earlier_version_have_the_order_of_their_times() {
    for mut world in worlds() {
        let mut seekers = vec![(world.queue(waiting()).await.id, None)];
        world.wait(1);
        for number in 1..4 {
            ended(&world, "make", RunResult::Succeeded, &[]).await;
            world.wait(1);
            seekers.push((world.queue(waiting()).await.id, Some(number)));
            world.wait(1);
        }
        reopen_as_of_before(&mut world);
        ended(&world, "make", RunResult::Succeeded, &[]).await;
        seekers.push((world.queue(waiting()).await.id, Some(4)));
        for (seeker, number) in seekers {
            let which = Which::Latest { results: vec![RunResult::Succeeded], seeker: seeker.clone(), tags: vec![] };
            assert_eq!(found(&world, which).await, number, "{seeker}");
        }
    }
}

#[tokio::test]
async fn what_was_forgotten_is_counted_all_the_same() {
    for mut world in worlds() {
        let mut gone = Vec::new();
        for _ in 0..3 {
            gone.push(ended(&world, "make", RunResult::Succeeded, &[]).await.id);
        }
        let early = world.queue(waiting()).await.id;
        world.store().forget_runs(&gone).await.expect("forgotten");
        world.crash();
        ended(&world, "make", RunResult::Succeeded, &[]).await;
        let which = Which::Latest { results: vec![RunResult::Succeeded], seeker: early, tags: vec![] };
        assert_eq!(found(&world, which).await, None, "it ended after that");
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
