//! What holds in every store.

use super::world::{LEASE, World, job, plan, stage, staged, worlds};
use jiff::SignedDuration;
use pipehook::files::LogPiece;
use pipehook::id::RunId;
use pipehook::pipeline::plan::Job;
use pipehook::run::{RunResult, State};
use pipehook::store::{
    Acceptance, Accepted, DeliveryQuery, Depth, Error, HandedBack, LogEnd, NewRun, Pausable, REFUSALS_KEPT, Renewal,
    Reran, Rerun, RerunScope, RunQuery, StepEvent, Swept,
};
use pipehook::webhook::delivery::Outcome;
use std::time::Duration;

async fn state(world: &World, run: &RunId) -> (State, Option<RunResult>) {
    let detail = world.store().run(run).await.expect("a run can be read").expect("the run is there");
    (detail.run.state, detail.run.result)
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_crash() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![job("a", &[])])).await;
        assert_eq!((run.number, run.name.as_str()), (1, "20260309.1"));
        world.crash();
        assert_eq!(state(&world, &run.id).await, (State::Queued, None));
        assert_eq!(world.store().expanded(&run.id).await.expect("read").as_deref(), Some("steps: []\n"));

        let claim = world.claim().await.expect("its job is due");
        world.crash();
        assert_eq!(state(&world, &run.id).await, (State::Running, None));
        assert!(world.claim().await.is_none(), "a leased job is not due");

        world.store().record(&claim.lease, world.started(0)).await.expect("the lease holds");
        world.crash();
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        assert_eq!(detail.stages[0].jobs[0].steps[0].state, State::Running);

        world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("the lease holds");
        world.crash();
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Succeeded)));
    }
}

#[tokio::test]
async fn numbers_have_no_gaps_although_a_full_queue_refuses() {
    for world in worlds() {
        for number in 1..=3 {
            assert_eq!(world.queue(plan(vec![job("a", &[])])).await.number, number);
            let full = Acceptance { queue_limit: number, ..world.acceptance(plan(vec![job("a", &[])]), Some("k")) };
            let error = world.store().accept(full).await.expect_err("there is no room");
            assert!(matches!(error, Error::Full { waiting, limit } if (waiting, limit) == (number, number)), "{error}");
        }
        let depth = world.store().depth().await.expect("a depth");
        assert_eq!(depth, Depth { queued: 3, running: 0, age: Duration::ZERO });
        // It grows by the clock of leases alone, and with nothing that is paused.
        world.wait(7);
        world.set_clock(1_000);
        assert_eq!(world.store().depth().await.expect("a depth").age, Duration::from_secs(7));
        let hook = Pausable::Connection("hook".to_owned());
        world.store().pause(&hook).await.expect("paused");
        assert_eq!(world.store().depth().await.expect("a depth"), Depth { queued: 3, running: 0, age: Duration::ZERO });
        let query = DeliveryQuery { limit: 10, ..DeliveryQuery::default() };
        assert_eq!(world.store().deliveries(query).await.expect("a list").len(), 3, "refused for room, nothing kept");
    }
}

#[tokio::test]
async fn a_job_that_is_canceled_before_it_begins_again_says_so_at_the_end_of_its_log() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![job("a", &[])])).await;
        world.claim().await.expect("its job is due");
        world.store().sweep(true).await.expect("a sweep");
        let of = async |world: &World| {
            world.store().run(&run.id).await.expect("read").expect("there").stages[0].jobs[0].clone()
        };
        assert_eq!(of(&world).await.last_word(None, false), None, "it may begin again");
        world.store().cancel(&run.id).await.expect("canceled");
        world.crash();
        let job = of(&world).await;
        let last = job.last_word(None, true).expect("nobody else says so");
        assert!(last.text.contains("ended before it began again"), "{last:?}");
        let mut end = LogEnd::default();
        let nothing = LogPiece::default;
        assert_eq!([end.piece(&job, nothing()), end.piece(&job, nothing())], [vec![last], vec![]]);
    }
}

/// Its own limit counts the runs of a connection, through all that they can become and a restart, and no others'.
#[tokio::test]
async fn a_connections_own_limit_counts_its_own_runs_that_wait() {
    for mut world in worlds() {
        let plan = || plan(vec![job("a", &[])]);
        let own = |world: &World, limit: u64, runs: usize| {
            let runs: Vec<NewRun> = (0..runs).map(|_| world.new_run(plan())).collect();
            let delivery = Some(world.delivery_to("own", b"{}", &runs));
            Acceptance { delivery, runs, connection_limit: Some(limit), ..world.acceptance(plan(), None) }
        };
        let waiting = |error: Error| match error {
            Error::FullFor { connection, waiting, limit } => (connection, waiting, limit),
            error => panic!("{error}"),
        };
        let full = |waiting, limit| ("own".to_owned(), waiting, limit);
        for _ in 0..3 {
            world.queue(plan()).await;
        }
        world.store().accept(own(&world, 2, 2)).await.expect("those of others don't count");
        for _ in 0..2 {
            let error = world.store().accept(own(&world, 2, 1)).await.expect_err("two of it wait");
            assert_eq!(waiting(error), full(2, 2));
            world.crash();
        }
        let error = world.store().accept(own(&world, 3, 2)).await.expect_err("there is room for one");
        assert_eq!(waiting(error), full(2, 3));
        for _ in 0..5 {
            world.claim().await.expect("all are due");
        }
        world.store().accept(own(&world, 1, 1)).await.expect("both have begun");
        let all = RunQuery { connection: Some("own".to_owned()), limit: 10, ..RunQuery::default() };
        let newest = world.store().runs(all).await.expect("a list").swap_remove(0).id;
        world.store().cancel(&newest).await.expect("canceled");
        world.store().accept(own(&world, 1, 1)).await.expect("it waits no more");
        let again = rerun_of(&world, &newest, 100).await;
        assert!(matches!(again, Ok(Reran::Queued(_))), "{again:?}");
        let error =
            world.store().accept(own(&world, 2, 1)).await.expect_err("one that runs again counts for its connection");
        assert_eq!(waiting(error), full(2, 2));
        world.crash();
        let error = world.store().accept(own(&world, 2, 1)).await.expect_err("also for one who counts anew");
        assert_eq!(waiting(error), full(2, 2));
    }
}

async fn rerun_of(world: &World, of: &RunId, queue_limit: u64) -> Result<Reran, Error> {
    let id = world.new_run(plan(vec![job("a", &[])])).id;
    let (of, at) = (of.clone(), world.now());
    world.store().rerun(Rerun { of, id, at, scope: RerunScope::All, queue_limit }).await
}

#[tokio::test]
async fn a_repeat_gets_the_first_ones_runs_until_its_window_is_over() {
    for mut world in worlds() {
        let one = || plan(vec![job("a", &[])]);
        let first = world.acceptance(one(), Some("k"));
        let id = first.delivery.as_ref().expect("a delivery").0.id.clone();
        let Accepted::New(runs) = world.store().accept(first).await.expect("accepted") else { panic!("it is new") };
        world.crash();
        world.wait(59);
        let repeat = world.store().accept(world.acceptance(one(), Some("k"))).await.expect("accepted");
        assert_eq!(repeat, Accepted::Repeat { of: id.clone(), runs: runs.clone() });
        let mut replay = world.acceptance(one(), Some("k"));
        replay.delivery.as_mut().expect("a delivery").0.replay_of = Some(id.clone());
        let replay = world.store().accept(replay).await.expect("an answer");
        assert_eq!(replay, Accepted::Repeat { of: id.clone(), runs }, "of which nothing is written");
        let other = world.store().accept(world.acceptance(one(), Some("other"))).await.expect("accepted");
        assert!(matches!(other, Accepted::New(_)));
        world.wait(1);
        let late = world.store().accept(world.acceptance(one(), Some("k"))).await.expect("accepted");
        assert!(matches!(late, Accepted::New(_)), "its window is over");
        let repeats = DeliveryQuery { outcome: Some(Outcome::Repeat), limit: 10, ..DeliveryQuery::default() };
        let repeats = world.store().deliveries(repeats).await.expect("a list");
        assert_eq!(repeats.iter().map(|it| it.repeat_of.clone()).collect::<Vec<_>>(), [Some(id)]);
    }
}

#[tokio::test]
async fn jobs_are_claimed_in_the_order_in_which_they_became_due_and_by_pool() {
    for world in worlds() {
        let mut elsewhere = job("b", &[]);
        elsewhere.pool = "mac".to_owned();
        let first = world.queue(plan(vec![job("a", &[]), elsewhere])).await;
        world.wait(1);
        let second = world.queue(plan(vec![job("a", &[])])).await;
        let (one, two) = (world.claim().await.expect("due"), world.claim().await.expect("due"));
        assert_eq!([&one.run, &two.run], [&first.id, &second.id]);
        assert!(two.lease.token > one.lease.token, "a later claim has a larger token");
        assert!(world.claim().await.is_none(), "what is left is of another pool");
        let mac = world.store().claim(&world.worker(), &["mac".to_owned(), "linux".to_owned()], LEASE).await;
        assert_eq!(mac.expect("a claim").expect("due").job, 1);
    }
}

#[tokio::test]
async fn a_lost_lease_writes_nothing() {
    for world in worlds() {
        let run = world.queue(plan(vec![job("a", &[])])).await;
        let lost = world.claim().await.expect("due").lease;
        world.wait(30);
        assert!(matches!(world.store().renew(&lost, LEASE).await, Err(Error::Lost)), "its time is over");
        let swept = world.store().sweep(false).await.expect("a sweep");
        assert_eq!(swept, [Swept { job: lost.job.clone(), run: run.id.clone(), token: lost.token, again: true }]);
        let held = world.claim().await.expect("due again");
        assert_eq!((held.attempt, &held.lease.job), (2, &lost.job));

        let outcome = world.outcome(RunResult::Failed);
        assert!(matches!(world.store().renew(&lost, LEASE).await, Err(Error::Lost)));
        assert!(matches!(world.store().record(&lost, world.started(0)).await, Err(Error::Lost)));
        assert!(matches!(world.store().finish(&lost, outcome).await, Err(Error::Lost)));
        assert_eq!(world.store().renew(&held.lease, LEASE).await.expect("held"), Renewal::Held);
        world.store().finish(&held.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        assert!(matches!(world.store().renew(&held.lease, LEASE).await, Err(Error::Lost)), "it was given up");
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Succeeded)));
    }
}

#[tokio::test]
async fn a_job_that_had_started_a_step_is_abandoned_not_repeated() {
    for world in worlds() {
        let run = world.queue(plan(vec![job("a", &[]), job("b", &["a"])])).await;
        let claim = world.claim().await.expect("due");
        world.store().record(&claim.lease, world.started(0)).await.expect("held");
        let swept = world.store().sweep(true).await.expect("a sweep");
        assert_eq!(
            swept,
            [Swept { job: claim.lease.job, run: run.id.clone(), token: claim.lease.token, again: false }]
        );
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let jobs = &detail.stages[0].jobs;
        assert_eq!(detail.run.result, Some(RunResult::Failed));
        assert!(jobs[0].reason.as_ref().is_some_and(|reason| reason.starts_with("abandoned")), "{jobs:?}");
        assert_eq!(jobs[0].steps[0].result, Some(RunResult::Failed), "the step ended with its job");
        assert_eq!((jobs[1].result, jobs[1].reason.as_deref()), (Some(RunResult::Skipped), Some("`a` failed")));
    }
}

#[tokio::test]
async fn a_job_that_is_handed_back_begins_again_as_if_nothing_had_been() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![job("a", &[]), job("b", &["a"])])).await;
        let first = world.claim().await.expect("due");
        world.store().record(&first.lease, world.started(0)).await.expect("held");
        assert_eq!(world.store().hand_back(&first.lease).await.expect("held"), HandedBack::Again);
        world.crash();
        world.attend(&["default"]).await;
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let handed_back = &detail.stages[0].jobs[0];
        assert_eq!((detail.run.state, detail.run.result), (State::Running, None));
        assert_eq!((handed_back.state, handed_back.started_at), (State::Queued, None));
        assert_eq!((handed_back.attempt, handed_back.waits_again_since), (1, Some(world.now())));
        let waits_for = "a worker again since 2026-03-09T05:07:08Z, attempt 2";
        assert_eq!(detail.run.waits_for.as_deref(), Some(waits_for), "the state stays, and what it waits for is told");
        let hello = Pausable::Pipeline("hello".to_owned());
        world.store().pause(&hello).await.expect("paused");
        let shown = world.store().run(&run.id).await.expect("read").expect("there").run.waits_for;
        assert_eq!(shown.as_deref(), Some("the pipeline `hello` to be resumed"));
        world.store().resume(&hello).await.expect("resumed");
        assert_eq!(handed_back.steps[0].state, State::Queued, "what was told of its steps is dropped");
        assert_eq!(world.store().sweep(true).await.expect("a sweep"), [], "no lease is held");
        let lost = &first.lease;
        assert!(matches!(world.store().hand_back(lost).await, Err(Error::Lost)), "once is enough");

        let second = world.claim().await.expect("it is due at once");
        assert_eq!((&second.lease.job, second.attempt), (&lost.job, 2));
        let shown = world.store().run(&run.id).await.expect("read").expect("there");
        assert_eq!((shown.run.waits_for, shown.stages[0].jobs[0].waits_again_since), (None, None), "a worker has it");
        assert!(world.claim().await.is_none(), "it is due once");
        for late in [
            world.store().record(lost, world.started(0)).await,
            world.store().finish(lost, world.outcome(RunResult::Failed)).await,
            world.store().hand_back(lost).await.map(drop),
        ] {
            assert!(matches!(late, Err(Error::Lost)), "{late:?}");
        }
        // The attempt that was handed back does not count: this one is the first that is lost.
        world.store().record(&second.lease, world.started(0)).await.expect("held");
        assert_eq!(world.store().hand_back(&second.lease).await.expect("held"), HandedBack::Again);
        let third = world.claim().await.expect("due");
        world.store().finish(&third.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let follower = world.claim().await.expect("what waits for it is due");
        world.store().finish(&follower.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Succeeded)));
    }
}

#[tokio::test]
async fn an_attempt_that_was_handed_back_is_none_of_those_that_a_job_has() {
    for world in worlds() {
        let run = world.queue(plan(vec![Job { attempts: Some(2), ..job("a", &[]) }])).await;
        for again in [true, false] {
            let handed_back = world.claim().await.expect("due").lease;
            world.store().record(&handed_back, world.started(0)).await.expect("held");
            world.store().hand_back(&handed_back).await.expect("held");
            let lost = world.claim().await.expect("due again").lease;
            world.store().record(&lost, world.started(0)).await.expect("held");
            let swept = world.store().sweep(true).await.expect("a sweep");
            assert_eq!(swept, [Swept { job: lost.job, run: run.id.clone(), token: lost.token, again }]);
        }
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Failed)));
    }
}

#[tokio::test]
async fn a_job_of_a_canceled_run_is_canceled_when_it_is_handed_back() {
    for world in worlds() {
        let mut cleanup = job("b", &["a"]);
        cleanup.condition = Some("always()".to_owned());
        let run = world.queue(plan(vec![job("a", &[]), cleanup])).await;
        let claim = world.claim().await.expect("due");
        world.store().record(&claim.lease, world.started(0)).await.expect("held");
        world.store().cancel(&run.id).await.expect("canceled");
        assert_eq!(world.store().hand_back(&claim.lease).await.expect("held"), HandedBack::Canceled);
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let (job, step) = (&detail.stages[0].jobs[0], &detail.stages[0].jobs[0].steps[0]);
        assert_eq!((job.result, step.result), (Some(RunResult::Canceled), Some(RunResult::Canceled)));
        let cleanup = world.claim().await.expect("what always runs is due");
        world.store().finish(&cleanup.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Canceled)));
    }
}

#[tokio::test]
async fn canceling_before_the_start_cancels_everything() {
    for world in worlds() {
        let mut always = job("b", &[]);
        always.condition = Some("always()".to_owned());
        let run = world.queue(plan(vec![job("a", &[]), always])).await;
        assert_eq!(world.store().cancel(&run.id).await.expect("canceled"), Some(State::Completed));
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Canceled)));
        assert!(world.claim().await.is_none());
        assert_eq!(world.store().depth().await.expect("a depth"), Depth::default());
        let room = Acceptance { queue_limit: 1, ..world.acceptance(plan(vec![job("a", &[])]), None) };
        world.store().accept(room).await.expect("a canceled run takes no room");
    }
}

#[tokio::test]
async fn canceling_a_running_run_tells_its_worker_and_decides_the_rest() {
    for world in worlds() {
        let mut cleanup = job("c", &["b"]);
        cleanup.condition = Some("always()".to_owned());
        let run = world.queue(plan(vec![job("a", &[]), job("b", &["a"]), cleanup])).await;
        let claim = world.claim().await.expect("due");
        assert_eq!(world.store().cancel(&run.id).await.expect("canceled"), Some(State::Canceling));
        let renewal = world.store().renew(&claim.lease, LEASE).await.expect("held");
        assert_eq!(renewal, Renewal::CancelRequested);
        world.store().finish(&claim.lease, world.outcome(RunResult::Canceled)).await.expect("held");
        let last = world.claim().await.expect("what always runs is due");
        assert_eq!(last.job, 2);
        world.store().finish(&last.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Canceled)));
        assert_eq!(world.store().cancel(&run.id).await.expect("no harm"), Some(State::Completed));
        let unknown = RunId::from_stored("run_unknown");
        assert_eq!(world.store().cancel(&unknown).await.expect("no harm"), None);
    }
}

#[tokio::test]
async fn a_stage_that_begins_after_a_cancel_goes_on_until_another_request() {
    for world in worlds() {
        let mut cleanup = stage("second", &["first"], vec![job("b", &[]), job("c", &["b"])]);
        cleanup.condition = Some("always()".to_owned());
        let run = world.queue(staged(vec![stage("first", &[], vec![job("a", &[])]), cleanup])).await;
        let first = world.claim().await.expect("due");
        world.store().cancel(&run.id).await.expect("canceled");
        world.store().finish(&first.lease, world.outcome(RunResult::Canceled)).await.expect("held");
        let second = world.claim().await.expect("the stage always runs, and its job says nothing");
        assert_eq!((second.stage, second.job), (1, 0));
        assert_eq!(world.store().renew(&second.lease, LEASE).await.expect("held"), Renewal::Held);
        assert_eq!(world.store().hand_back(&second.lease).await.expect("held"), HandedBack::Again);
        let again = world.claim().await.expect("due again");
        world.store().cancel(&run.id).await.expect("canceled once more");
        assert_eq!(world.store().renew(&again.lease, LEASE).await.expect("held"), Renewal::CancelRequested);
        world.store().finish(&again.lease, world.outcome(RunResult::Canceled)).await.expect("held");
        assert!(world.claim().await.is_none());
        assert_eq!(state(&world, &run.id).await, (State::Completed, Some(RunResult::Canceled)));
    }
}

#[tokio::test]
async fn steps_show_how_they_went() {
    for world in worlds() {
        let run = world.queue(plan(vec![job("a", &[])])).await;
        let lease = world.claim().await.expect("due").lease;
        world.store().record(&lease, world.started(0)).await.expect("held");
        world.wait(2);
        let ended = StepEvent::Completed {
            step: 0,
            display_name: "greet Ada".to_owned(),
            result: RunResult::Failed,
            exit_code: Some(3),
            at: world.now(),
        };
        world.store().record(&lease, ended).await.expect("held");
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let step = &detail.stages[0].jobs[0].steps[0];
        assert_eq!((step.display_name.as_str(), step.exit_code, step.attempt), ("greet Ada", Some(3), 1));
        assert_eq!((step.state, step.result), (State::Completed, Some(RunResult::Failed)));
        assert!(step.started_at < step.finished_at);
    }
}

#[tokio::test]
async fn runs_are_found_by_the_beginning_of_an_id_and_by_number() {
    for world in worlds() {
        let (one, two) = (world.queue(plan(vec![job("a", &[])])).await, world.queue(plan(vec![job("a", &[])])).await);
        let find = async |reference: &str| world.store().find_runs(reference).await.expect("a search");
        assert_eq!(find(one.id.as_str()).await, std::slice::from_ref(&one.id));
        assert_eq!(find("hello#2").await, std::slice::from_ref(&two.id));
        assert_eq!(find("run_").await.len(), 2, "not unique");
        for nothing in ["hello#3", "hello#x", "hello#02", "other#1", "run_f", "%", "ü"] {
            assert!(find(nothing).await.is_empty(), "{nothing}");
        }
        let queries = [
            (RunQuery::default(), vec![&two.id, &one.id]),
            (RunQuery { before: Some(two.id.clone()), ..RunQuery::default() }, vec![&one.id]),
            (RunQuery { pipeline: Some("hello".to_owned()), ..RunQuery::default() }, vec![&two.id, &one.id]),
            (RunQuery { pipeline: Some("other".to_owned()), ..RunQuery::default() }, vec![]),
            (RunQuery { state: Some(State::Queued), ..RunQuery::default() }, vec![&two.id, &one.id]),
            (RunQuery { state: Some(State::Completed), ..RunQuery::default() }, vec![]),
        ];
        for (query, expected) in queries {
            let runs = world.store().runs(RunQuery { limit: 10, ..query.clone() }).await.expect("a list");
            assert_eq!(runs.iter().map(|run| &run.id).collect::<Vec<_>>(), expected, "{query:?}");
            let delivery = runs.first().and_then(|run| run.delivery.clone());
            let query = RunQuery { delivery, limit: 10, ..query };
            assert!(world.store().runs(query).await.expect("a list").len() <= expected.len());
        }
    }
}

#[tokio::test]
async fn every_refusal_is_counted_and_the_latest_are_kept() {
    const SENT: u64 = 5_000;
    for world in worlds() {
        world.store().accept(world.acceptance(plan(vec![job("a", &[])]), None)).await.expect("accepted");
        for number in 1..=SENT {
            world.store().refuse(world.refusal(&format!("forgery {number}"))).await.expect("noted");
        }
        // What was noted before is brought to the writer before this.
        world.store().ready().await.expect("it can be written");
        let counts = world.store().connection_counts().await.expect("counts");
        assert_eq!((counts[0].deliveries, counts[0].refusals), (1, SENT));
        assert_eq!(counts[0].last_refusal_reason.as_deref(), Some(format!("forgery {SENT}").as_str()));
        let query = DeliveryQuery { outcome: Some(Outcome::Refused), limit: 1_000, ..DeliveryQuery::default() };
        let kept = world.store().deliveries(query).await.expect("a list");
        assert_eq!(kept.len() as u64, REFUSALS_KEPT);
        assert_eq!(kept[0].reason, Some(format!("forgery {SENT}")), "a list says it too");
        let latest = world.store().delivery(&kept[0].id).await.expect("read").expect("there");
        assert_eq!(latest.refusal.as_deref(), Some(format!("forgery {SENT}").as_str()));
        assert_eq!(latest.body, None);
    }
}

#[tokio::test]
async fn a_delivery_keeps_its_exact_body() {
    for mut world in worlds() {
        let body: Vec<u8> = (0..=255).collect();
        let (delivery, _) = world.delivery(&body, &[]);
        let (id, expected) = (delivery.id.clone(), delivery.clone());
        let acceptance = Acceptance {
            delivery: Some((delivery, body.clone())),
            runs: vec![],
            repeat: None,
            queue_limit: 0,
            connection_limit: None,
            queue_age: None,
        };
        world.store().accept(acceptance).await.expect("what starts nothing needs no room");
        world.crash();
        let found = world.store().delivery(&id).await.expect("read").expect("there");
        assert_eq!((found.delivery, found.body), (expected, Some(body)));
        assert_eq!(world.store().find_deliveries(&id.as_str()[..20]).await.expect("a search"), [id]);
    }
}

#[tokio::test]
async fn a_change_between_look_and_wait_is_not_missed() {
    for world in worlds() {
        let mut changes = world.store().changes();
        assert!(world.claim().await.is_none(), "nothing to do yet");
        world.queue(plan(vec![job("a", &[])])).await;
        changes.changed().await.expect("the store is open");
        assert!(world.claim().await.is_some());
    }
}

#[tokio::test]
async fn a_condition_that_asks_when_the_run_was_queued_is_answered_when_its_turn_comes() {
    for mut world in worlds() {
        let second = |after: i64| (world.now() + SignedDuration::from_secs(after)).strftime("%H:%M:%S").to_string();
        let late = |name: &str, second: String| Job {
            condition: Some(format!("eq(format('{{0:HH:mm:ss}}', pipeline.startTime), '{second}')")),
            ..job(name, &["a"])
        };
        let run = world.queue(plan(vec![job("a", &[]), late("b", second(20)), late("c", second(0))])).await;
        let claim = world.claim().await.expect("its job is due");
        world.wait(20);
        world.crash();
        world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("the lease holds");
        let next = world.claim().await.expect("the condition of the third holds");
        assert_eq!(next.job, 2);
        world.store().finish(&next.lease, world.outcome(RunResult::Succeeded)).await.expect("the lease holds");
        assert_eq!(state(&world, &run.id).await.0, State::Completed, "the second was skipped");
    }
}
