//! In which order jobs are claimed, and when none is, in every store.

use super::world::{LEASE, World, job, plan, worlds};
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy, Job, Plan};
use pipehook::run::{RunResult, State};
use pipehook::store::{Acceptance, Accepted, Error, JobOutcome, Pausable, Pause, StepEvent, Swept};
use std::time::Duration;

fn one() -> Plan {
    plan(vec![job("a", &[])])
}

fn of_pipeline(name: &str) -> Plan {
    plan_of(name, vec![job("a", &[])])
}

fn plan_of(name: &str, jobs: Vec<Job>) -> Plan {
    Plan { pipeline: name.to_owned(), ..plan(jobs) }
}

/// Claims and finishes until nothing is due, and returns the runs in that order.
async fn claimed(world: &World) -> Vec<RunId> {
    let mut order = Vec::new();
    while let Some(claim) = world.claim().await {
        world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        order.push(claim.run);
    }
    order
}

#[tokio::test]
async fn a_flood_on_one_connection_starves_no_other() {
    for mut world in worlds() {
        let mut flood = Vec::new();
        for _ in 0..20 {
            flood.push(world.queue_from("flood", 0, of_pipeline("flood")).await.id);
        }
        for expected in &flood[..5] {
            let claim = world.claim().await.expect("due");
            assert_eq!(claim.run, *expected, "first in, first out");
        }
        world.crash();
        let first = world.queue_from("quiet", 0, of_pipeline("quiet")).await.id;
        let second = world.queue_from("quiet", 0, of_pipeline("quiet")).await.id;
        let order = claimed(&world).await;
        let place = |run: &RunId| order.iter().position(|it| it == run).expect("it was claimed");
        assert!(place(&first) <= 1, "it is served next: {}", place(&first));
        assert!(place(&second) <= 3, "the connections take turns: {}", place(&second));
        let of_flood: Vec<_> = order.iter().filter(|run| flood.contains(run)).collect();
        assert_eq!(of_flood, flood[5..].iter().collect::<Vec<_>>(), "the flood keeps its order");
    }
}

#[tokio::test]
async fn runs_of_one_pipeline_keep_their_order_whatever_connection_they_are_of() {
    for world in worlds() {
        let mut all = Vec::new();
        for connection in ["one", "one", "one", "one", "two", "one", "two"] {
            all.push(world.queue_from(connection, 0, one()).await.id);
        }
        assert_eq!(claimed(&world).await, all);
    }
}

#[tokio::test]
async fn a_connection_of_higher_priority_comes_first() {
    for world in worlds() {
        let low = world.queue_from("low", -1, of_pipeline("low")).await.id;
        let usual = world.queue_from("usual", 0, of_pipeline("usual")).await.id;
        let high = world.queue_from("high", 5, of_pipeline("high")).await.id;
        assert_eq!(claimed(&world).await, [high, usual, low]);
    }
}

#[tokio::test]
async fn a_run_that_has_begun_goes_on_before_later_ones_begin() {
    for world in worlds() {
        let first = world.queue(plan(vec![job("a", &[]), job("b", &["a"])])).await.id;
        let second = world.queue(one()).await.id;
        assert_eq!(claimed(&world).await, [first.clone(), first, second]);
    }
}

#[tokio::test]
async fn what_is_paused_is_accepted_and_not_claimed() {
    for mut world in worlds() {
        let pipeline = Pausable::Pipeline("hello".to_owned());
        let connection = Pausable::Connection("hook".to_owned());
        let before = world.queue(one()).await.id;
        world.store().pause(&pipeline).await.expect("paused");
        let since = world.now();
        world.wait(5);
        world.store().pause(&pipeline).await.expect("paused already");
        let after = world.queue(one()).await.id;
        let other = world.queue(of_pipeline("other")).await.id;
        world.crash();
        assert_eq!(world.store().pauses().await.expect("a list"), [Pause { what: pipeline.clone(), since }]);
        assert_eq!(claimed(&world).await, std::slice::from_ref(&other));
        let shown = world.store().run(&before).await.expect("read").expect("there").run;
        assert_eq!(shown.waits_for.as_deref(), Some("the pipeline `hello` to be resumed"));
        world.store().pause(&connection).await.expect("paused");
        assert!(world.store().resume(&pipeline).await.expect("resumed"));
        assert!(world.claim().await.is_none(), "its connection is still paused");
        assert!(world.store().resume(&connection).await.expect("resumed"));
        assert!(!world.store().resume(&connection).await.expect("asked"), "it was not paused");
        assert_eq!(claimed(&world).await, [before, after]);
    }
}

#[tokio::test]
async fn what_a_resume_that_was_killed_left_aside_is_taken_back_by_the_next_sweep() {
    let world = World::sqlite();
    let run = world.queue(one()).await.id;
    world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
    assert!(world.claim().await.is_none(), "it is set aside");
    let database = rusqlite::Connection::open(world.folder().join("pipehook.db")).expect("it opens");
    database.execute("DELETE FROM pause", []).expect("as behind the first commit of a resume");
    assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
    assert_eq!(claimed(&world).await, [run]);
}

#[tokio::test]
async fn a_running_job_goes_on_when_its_pipeline_is_paused() {
    for world in worlds() {
        let run = world.queue(plan(vec![job("a", &[]), job("b", &["a"])])).await.id;
        let claim = world.claim().await.expect("due");
        world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
        world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("it is held");
        assert!(world.claim().await.is_none(), "its next job is held back");
        assert_eq!(world.store().cancel(&run).await.expect("canceled"), Some(State::Completed));
    }
}

#[tokio::test]
async fn a_queue_that_does_not_move_takes_nothing_more() {
    for world in worlds() {
        let age = Some(Duration::from_secs(60));
        let aged = |world: &World| Acceptance { queue_age: age, ..world.acceptance(one(), None) };
        let first = world.queue(one()).await;
        world.wait(60);
        assert!(matches!(world.store().accept(aged(&world)).await, Ok(Accepted::New(_))), "not too old yet");
        world.wait(2);
        let error = world.store().accept(aged(&world)).await.expect_err("too old");
        assert!(matches!(error, Error::Stale { waited: 62, limit: 60 }), "{error}");
        let claim = world.claim().await.expect("due");
        assert_eq!(claim.run, first.id);
        world.wait(1);
        let accepted = world.store().accept(aged(&world)).await;
        assert!(matches!(accepted, Ok(Accepted::New(_))), "the queue moves: {accepted:?}");
        world.store().pause(&Pausable::Pipeline("hello".to_owned())).await.expect("paused");
        world.wait(100);
        assert!(world.claim().await.is_none());
        world.wait(2);
        let accepted = world.store().accept(aged(&world)).await;
        assert!(matches!(accepted, Ok(Accepted::New(_))), "what is paused says nothing about the queue: {accepted:?}");
        // Nobody has tried to claim this one: it was not seen to be paused.
        world.store().resume(&Pausable::Pipeline("hello".to_owned())).await.expect("resumed");
        world.wait(2);
        let accepted = world.store().accept(aged(&world)).await;
        assert!(matches!(accepted, Ok(Accepted::New(_))), "the pause does not count: {accepted:?}");
        world.wait(60);
        let error =
            world.store().accept(aged(&world)).await.expect_err("what was waited before and after the pause counts");
        assert!(matches!(error, Error::Stale { waited: 65, limit: 60 }), "{error}");
        while world.claim().await.is_some() {}
    }
}

#[tokio::test]
async fn a_job_that_lost_its_worker_gets_as_many_attempts_as_it_is_allowed() {
    for world in worlds() {
        let run = world.queue(plan(vec![Job { attempts: Some(2), ..job("a", &[]) }])).await.id;
        for (attempt, starts, again) in [(1, false, true), (2, true, true), (3, false, true), (4, true, false)] {
            let claim = world.claim().await.expect("due");
            assert_eq!(claim.attempt, attempt);
            let shown = world.store().run(&run).await.expect("read").expect("there");
            let step = &shown.stages[0].jobs[0].steps[0];
            assert_eq!((step.state, step.started_at), (State::Queued, None), "nothing of a lost attempt is left");
            if starts {
                world.store().record(&claim.lease, world.started(0)).await.expect("held");
            }
            world.wait(31);
            let swept = world.store().sweep(false).await.expect("a sweep");
            assert_eq!(swept, [Swept { job: claim.lease.job, run: run.clone(), token: claim.lease.token, again }]);
        }
        let shown = world.store().run(&run).await.expect("read").expect("there");
        assert_eq!(shown.run.result, Some(RunResult::Failed));
        let reason = shown.stages[0].jobs[0].reason.clone().expect("a reason");
        assert!(reason.starts_with("abandoned"), "{reason}");
    }
}

#[tokio::test]
async fn a_setting_of_the_clock_ends_no_lease() {
    for world in worlds() {
        world.queue(one()).await;
        let lease = world.claim().await.expect("due").lease;
        for jump in [3_600, -7_200] {
            world.set_clock(jump);
            world.store().renew(&lease, LEASE).await.expect("it holds");
            assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
            assert!(world.claim().await.is_none(), "nobody else gets a job that is held");
        }
        world.store().finish(&lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        // One whose worker is gone is not stuck for the hours that the clock was set back.
        world.queue(one()).await;
        let lost = world.claim().await.expect("due").lease;
        world.set_clock(-7_200);
        world.wait(31);
        let swept = world.store().sweep(false).await.expect("a sweep");
        assert_eq!(swept.iter().map(|it| (&it.job, it.again)).collect::<Vec<_>>(), [(&lost.job, true)]);
        assert_eq!(world.claim().await.expect("due again").lease.job, lost.job);
    }
}

#[tokio::test]
async fn a_setting_of_the_clock_makes_no_queue_older_or_younger() {
    for mut world in worlds() {
        let age = Some(Duration::from_secs(60));
        let aged = |world: &World| Acceptance { queue_age: age, ..world.acceptance(one(), None) };
        let hello = Pausable::Pipeline("hello".to_owned());
        world.queue(one()).await;
        for jump in [7_200, -14_400, 3_600] {
            world.set_clock(jump);
            world.wait(2);
            let accepted = world.store().accept(aged(&world)).await;
            assert!(matches!(accepted, Ok(Accepted::New(_))), "after {jump} s: {accepted:?}");
            world.crash();
        }
        // A pause is as long as it was, whatever the clock said at its ends.
        world.store().pause(&hello).await.expect("paused");
        world.set_clock(-7_200);
        world.wait(50);
        world.store().resume(&hello).await.expect("resumed");
        world.wait(52);
        assert!(matches!(world.store().accept(aged(&world)).await, Ok(Accepted::New(_))), "58 s without the pause");
        world.set_clock(-7_200);
        world.wait(5);
        let error = world.store().accept(aged(&world)).await.expect_err("too old");
        assert!(matches!(error, Error::Stale { waited: 63, limit: 60 }), "{error}");
        while world.claim().await.is_some() {}
    }
}

#[tokio::test]
async fn a_worker_whose_clock_is_wrong_says_nothing_about_how_old_a_run_is() {
    for world in worlds() {
        for years in [-20, 20] {
            let at = world.now() + jiff::SignedDuration::from_hours(years * 365 * 24);
            let run = world.queue(one()).await.id;
            let lease = world.claim().await.expect("due").lease;
            let StepEvent::Started { step, display_name, attempt, .. } = world.started(0) else { panic!("it begins") };
            let started = StepEvent::Started { step, display_name, attempt, at };
            world.store().record(&lease, started).await.expect("held");
            world.store().renew(&lease, LEASE).await.expect("held");
            assert_eq!(world.store().sweep(false).await.expect("a sweep"), []);
            world.store().finish(&lease, JobOutcome { at, ..world.outcome(RunResult::Succeeded) }).await.expect("held");
            let shown = world.store().run(&run).await.expect("read").expect("there");
            assert_eq!(shown.run.finished_at, Some(world.now()), "it ended now");
        }
        let before = world.now() - jiff::SignedDuration::from_hours(24);
        assert_eq!(world.store().expired_runs(before, 10).await.expect("a list"), []);
    }
}

#[tokio::test]
async fn a_job_that_had_started_when_its_run_was_canceled_and_its_worker_lost_was_not_skipped() {
    for world in worlds() {
        let run = world.queue(plan(vec![Job { attempts: Some(2), ..job("a", &[]) }])).await.id;
        let claim = world.claim().await.expect("due");
        world.store().record(&claim.lease, world.started(0)).await.expect("held");
        world.store().cancel(&run).await.expect("asked");
        world.wait(31);
        let swept = world.store().sweep(false).await.expect("a sweep");
        assert_eq!(swept.iter().map(|it| it.again).collect::<Vec<_>>(), [false]);
        let shown = world.store().run(&run).await.expect("read").expect("there");
        assert_eq!((shown.run.state, shown.run.result), (State::Completed, Some(RunResult::Failed)));
        let job = &shown.stages[0].jobs[0];
        assert_eq!((job.result, job.steps[0].result), (Some(RunResult::Failed), Some(RunResult::Failed)));
        assert!(
            job.started_at.is_some() && job.reason.as_ref().is_some_and(|it| it.starts_with("abandoned")),
            "{job:?}"
        );
    }
}

#[tokio::test]
async fn a_job_that_runs_also_in_a_canceled_run_has_all_its_attempts() {
    for world in worlds() {
        let always = Job { attempts: Some(2), condition: Some("always()".to_owned()), ..job("clean", &[]) };
        let run = world.queue(plan(vec![job("a", &[]), always])).await.id;
        let first = world.claim().await.expect("due");
        world.store().finish(&first.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        for again in [true, false] {
            let claim = world.claim().await.expect("due");
            world.store().record(&claim.lease, world.started(0)).await.expect("held");
            world.store().cancel(&run).await.expect("asked");
            world.wait(31);
            let swept = world.store().sweep(false).await.expect("a sweep");
            assert_eq!(swept.iter().map(|it| it.again).collect::<Vec<_>>(), [again]);
        }
    }
}

/// Queues some runs of a connection, of a pipeline that has its name.
async fn backlog(world: &World, connection: &str, count: usize, plan: impl Fn(&str) -> Plan) -> Vec<RunId> {
    let mut runs = Vec::new();
    for _ in 0..count {
        runs.push(world.queue_from(connection, 0, plan(connection)).await.id);
    }
    runs
}

/// Asserts that two backlogs are served in turns, whichever comes first, each in its own order.
#[track_caller]
fn assert_turns(order: &[RunId], (one, other): (&[RunId], &[RunId])) {
    let of_one = order.iter().filter(|run| one.contains(run)).collect::<Vec<_>>();
    let of_other = order.iter().filter(|run| other.contains(run)).collect::<Vec<_>>();
    assert_eq!((of_one, of_other), (one.iter().collect(), other.iter().collect()), "each keeps its order");
    let both = 2 * one.len().min(other.len());
    let is_in_turns = order[..both].chunks(2).all(|pair| one.contains(&pair[0]) != one.contains(&pair[1]));
    assert!(is_in_turns, "{:?}", order.iter().map(|run| one.contains(run)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_backlog_that_is_resumed_takes_turns_with_what_others_have_queued() {
    for world in worlds() {
        let held = Pausable::Connection("held".to_owned());
        let before = backlog(&world, "held", 10, of_pipeline).await;
        world.store().pause(&held).await.expect("paused");
        let meanwhile = backlog(&world, "busy", 30, of_pipeline).await;
        assert_eq!(claimed(&world).await, meanwhile);
        let held_too = backlog(&world, "held", 5, of_pipeline).await;
        let after = backlog(&world, "busy", 15, of_pipeline).await;
        world.store().resume(&held).await.expect("resumed");
        assert_turns(&claimed(&world).await, (&[before, held_too].concat(), &after));
    }
}

#[tokio::test]
async fn a_paused_pipeline_with_a_backlog_costs_its_connection_no_turn() {
    for world in worlds() {
        let stopped = Pausable::Pipeline("stopped".to_owned());
        backlog(&world, "one", 20, |_| of_pipeline("stopped")).await;
        world.store().pause(&stopped).await.expect("paused");
        let other = backlog(&world, "other", 6, of_pipeline).await;
        let own = backlog(&world, "one", 6, of_pipeline).await;
        assert_turns(&claimed(&world).await, (&own, &other));
    }
}

#[tokio::test]
async fn a_paused_run_hides_no_other_of_its_pipeline() {
    for world in worlds() {
        world.queue_from("one", 0, of_pipeline("first")).await;
        claimed(&world).await;
        world.store().pause(&Pausable::Connection("one".to_owned())).await.expect("paused");
        world.queue_from("one", 0, of_pipeline("shared")).await;
        let behind = world.queue_from("two", 0, of_pipeline("shared")).await.id;
        let later = world.queue_from("three", 0, of_pipeline("other")).await.id;
        assert_eq!(claimed(&world).await, [behind, later], "the first that may begin, of two that were never served");
    }
}

#[tokio::test]
async fn many_paused_pipelines_hold_up_no_claim() {
    for world in worlds() {
        let connection = Pausable::Connection("one".to_owned());
        world.store().pause(&connection).await.expect("paused");
        let mut paused = Vec::new();
        for at in 0..40 {
            paused.push(world.queue_from("one", 0, of_pipeline(&format!("p{at:02}"))).await.id);
            // One that may go on is behind each of some.
            if at % 8 == 0 {
                world.queue_from("two", 0, of_pipeline(&format!("p{at:02}"))).await;
            }
        }
        assert_eq!(claimed(&world).await.len(), 5);
        world.store().resume(&connection).await.expect("resumed");
        assert_eq!(claimed(&world).await, paused);
    }
}

#[tokio::test]
async fn a_backlog_in_a_pool_that_nobody_served_takes_turns_once_somebody_does() {
    for mut world in worlds() {
        let in_gpu = |name: &str| plan_of(name, vec![Job { pool: "gpu".to_owned(), ..job("a", &[]) }]);
        let left = backlog(&world, "left", 10, in_gpu).await;
        backlog(&world, "busy", 30, of_pipeline).await;
        claimed(&world).await;
        world.crash();
        let fresh = backlog(&world, "fresh", 10, in_gpu).await;
        let mut order = Vec::new();
        while let Some(claim) = world.claim_in(&["gpu"]).await {
            order.push(claim.run);
        }
        assert_turns(&order, (&left, &fresh));
        // A worker of both pools serves each in its turn.
        let (left, usual) = (backlog(&world, "left", 10, in_gpu).await, backlog(&world, "busy", 10, of_pipeline).await);
        let mut order = Vec::new();
        while let Some(claim) = world.claim_in(&["default", "gpu"]).await {
            order.push(claim.run);
        }
        assert_turns(&order, (&left, &usual));
    }
}

#[tokio::test]
async fn runs_that_waited_in_a_group_take_turns_with_other_connections() {
    for world in worlds() {
        let concurrency = Concurrency { group: "one".into(), limit: 1, policy: ConcurrencyPolicy::Queue };
        let grouped = |name: &str| Plan { concurrency: Some(concurrency.clone()), ..of_pipeline(name) };
        let waiting = backlog(&world, "grouped", 10, grouped).await;
        let other = backlog(&world, "other", 10, of_pipeline).await;
        assert_turns(&claimed(&world).await, (&waiting, &other));
    }
}

#[tokio::test]
async fn a_run_that_waits_behind_others_of_its_pipeline_holds_no_other_pipeline_back() {
    for world in worlds() {
        let flood = backlog(&world, "one", 6, |_| of_pipeline("both")).await;
        let behind = backlog(&world, "two", 1, |_| of_pipeline("both")).await;
        let own = backlog(&world, "two", 2, |_| of_pipeline("own")).await;
        let quiet = backlog(&world, "three", 3, |_| of_pipeline("quiet")).await;
        let order = claimed(&world).await;
        let of_both = order.iter().filter(|run| !own.contains(run) && !quiet.contains(run)).cloned();
        assert_eq!(of_both.collect::<Vec<_>>(), [flood.clone(), behind].concat());
        let turns = [&flood[0], &own[0], &quiet[0], &flood[1], &own[1], &quiet[1], &flood[2], &quiet[2]];
        assert_eq!(order[..8].iter().collect::<Vec<_>>(), turns, "nobody's turn is spent on another: {order:?}");
    }
}

#[tokio::test]
async fn a_connection_has_one_turn_also_where_a_worker_serves_several_pools() {
    for world in worlds() {
        let pooled =
            |name: &'static str, pool: &str| plan_of(name, vec![Job { pool: pool.to_owned(), ..job("a", &[]) }]);
        for (name, pool) in [("a1", "p1"), ("a2", "p2"), ("a3", "p3")] {
            backlog(&world, "one", 2, |_| pooled(name, pool)).await;
        }
        let few = backlog(&world, "two", 3, |_| pooled("b", "p1")).await;
        let mut order = Vec::new();
        while let Some(claim) = world.claim_in(&["p1", "p2", "p3"]).await {
            order.push(claim.run);
        }
        let places: Vec<usize> = (0..order.len()).filter(|at| few.contains(&order[*at])).collect();
        assert_eq!(places, [1, 3, 5], "{order:?}");
    }
}
