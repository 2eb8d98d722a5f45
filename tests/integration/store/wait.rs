//! Steps that wait, in every store.

use super::world::{LEASE, World, job, plan, worlds};
use pipehook::pipeline::plan::{AGENTLESS_POOL, Job};
use pipehook::run::{RunResult, State};
use pipehook::store::{Answer, Answered, Approval, Asking, Claim, Error, Question, TIME_LIMIT, WaitKind};
use std::time::Duration;

fn waiting() -> Job {
    Job { pool: AGENTLESS_POOL.to_owned(), ..job("w", &[]) }
}

async fn claim(world: &World) -> Option<Claim> {
    world.store().claim(&world.worker(), &[AGENTLESS_POOL.to_owned()], LEASE).await.expect("a claim")
}

fn question(kind: WaitKind, seconds: u64, on_timeout: Approval) -> Question {
    let limit = Some(Duration::from_secs(seconds));
    Question { step: 0, kind, instructions: "look".to_owned(), limit, on_timeout }
}

fn answer(world: &World, verdict: Approval, by: &str) -> Answer {
    Answer::new(verdict, by, world.now(), Some(" good "))
}

#[tokio::test]
async fn the_first_answer_counts_and_is_shown() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![waiting()])).await;
        let claim = claim(&world).await.expect("it is due");
        let asking = Asking { job: claim.lease.job.clone(), step: 0 };
        let early = world.store().answer(&asking, answer(&world, Approval::Approved, "me")).await.expect("read");
        assert_eq!(early, Answered::NotAsked);
        let question = question(WaitKind::Approval, 20, Approval::Rejected);
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        assert_eq!(detail.pending(None, None).len(), 1);
        assert_eq!(detail.pending(Some("W"), Some("step1"))[0].asking(), asking);
        assert!(detail.pending(Some("other"), None).is_empty());

        let first = answer(&world, Approval::Approved, "me");
        assert_eq!(world.store().answer(&asking, first.clone()).await.expect("written"), Answered::Taken);
        world.crash();
        let second = world.store().answer(&asking, answer(&world, Approval::Rejected, "you")).await.expect("read");
        assert_eq!(second, Answered::Already(first.clone()));
        world.wait(21);
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), Some(first.clone()));
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let wait = detail.stages[0].jobs[0].steps[0].wait.clone().expect("it is shown");
        assert_eq!((wait.instructions.as_str(), wait.answer), ("look", Some(first)));
        assert!(detail.pending(None, None).is_empty());
    }
}

#[tokio::test]
async fn a_time_that_is_over_answers_and_nobody_answers_a_delay() {
    for world in worlds() {
        for (kind, on_timeout) in [(WaitKind::Approval, Approval::Rejected), (WaitKind::Delay, Approval::Approved)] {
            world.queue(plan(vec![waiting()])).await;
            let claim = claim(&world).await.expect("it is due");
            let question = question(kind, 5, on_timeout);
            assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
            world.wait(4);
            // Asked again with a later end, the first one stands.
            let later = Question { limit: None, ..question.clone() };
            assert_eq!(world.store().ask(&claim.lease, &later).await.expect("the lease holds"), None);
            let asking = Asking { job: claim.lease.job.clone(), step: 0 };
            if kind == WaitKind::Delay {
                let early = world.store().answer(&asking, answer(&world, Approval::Approved, "me")).await;
                assert_eq!(early.expect("read"), Answered::NotAsked);
            }
            world.wait(1);
            let given = world.store().ask(&claim.lease, &later).await.expect("held").expect("the time is over");
            assert_eq!((given.verdict, given.by.as_str(), given.at), (on_timeout, TIME_LIMIT, world.now()));
            world.store().finish(&claim.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        }
    }
}

#[tokio::test]
async fn no_setting_of_the_time_of_day_answers_and_none_puts_an_answer_off() {
    for mut world in worlds() {
        let run = world.queue(plan(vec![waiting()])).await;
        let claim = claim(&world).await.expect("it is due");
        let question = question(WaitKind::Approval, 20, Approval::Approved);
        let asked_at = world.now();
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        let shown = detail.stages[0].jobs[0].steps[0].wait.as_ref().expect("it is shown").until;
        assert_eq!(shown, Some(asked_at + jiff::SignedDuration::from_secs(20)));
        world.set_clock(10_000);
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        world.crash();
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        world.wait(19);
        world.set_clock(-20_000);
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        world.wait(1);
        let given = world.store().ask(&claim.lease, &question).await.expect("held").expect("the time is over");
        assert_eq!((given.verdict, given.by.as_str(), given.at), (Approval::Approved, TIME_LIMIT, world.now()));
    }
}

#[tokio::test]
async fn an_answer_that_comes_when_the_time_is_over_is_too_late_also_where_nobody_has_looked() {
    for mut world in worlds() {
        world.queue(plan(vec![waiting()])).await;
        let claim = claim(&world).await.expect("it is due");
        let asking = Asking { job: claim.lease.job.clone(), step: 0 };
        let question = question(WaitKind::Approval, 20, Approval::Rejected);
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), None);
        world.crash();
        world.wait(20);
        let late = world.store().answer(&asking, answer(&world, Approval::Approved, "me")).await.expect("read");
        let Answered::Already(given) = late else { panic!("{late:?}") };
        assert_eq!((given.verdict, given.by.as_str(), given.at), (Approval::Rejected, TIME_LIMIT, world.now()));
        assert_eq!(world.store().ask(&claim.lease, &question).await.expect("the lease holds"), Some(given));
    }
}

#[tokio::test]
async fn a_job_that_is_claimed_again_is_told_how_long_it_has_waited_whatever_the_time_of_day() {
    for world in worlds() {
        for set_by in [10_000, -20_000] {
            world.queue(plan(vec![waiting()])).await;
            let first = claim(&world).await.expect("it is due");
            assert_eq!(first.waited, None);
            let question = question(WaitKind::Approval, 1_000, Approval::Rejected);
            assert_eq!(world.store().ask(&first.lease, &question).await.expect("the lease holds"), None);
            world.wait(31);
            assert_eq!(world.store().sweep(false).await.expect("swept").len(), 1);
            world.set_clock(set_by);
            world.wait(9);
            let second = claim(&world).await.expect("it is due again");
            assert_eq!(second.waited, Some(Duration::from_secs(40)));
            world.store().finish(&second.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        }
    }
}

#[tokio::test]
async fn a_job_that_only_waits_is_never_abandoned() {
    for world in worlds() {
        let run = world.queue(plan(vec![waiting()])).await;
        let first = claim(&world).await.expect("it is due");
        world.store().record(&first.lease, world.started(0)).await.expect("the lease holds");
        let question = question(WaitKind::Approval, 1_000, Approval::Rejected);
        world.store().ask(&first.lease, &question).await.expect("the lease holds");
        world.wait(31);
        let swept = world.store().sweep(false).await.expect("swept");
        assert!(swept.len() == 1 && swept[0].again, "{swept:?}");
        assert!(world.claim().await.is_none(), "it is no job for those that work");
        let asking = Asking { job: first.lease.job.clone(), step: 0 };
        let between = world.store().answer(&asking, answer(&world, Approval::Approved, "me")).await.expect("written");
        assert_eq!(between, Answered::Taken, "also while nobody looks after it");
        let lost = world.store().ask(&first.lease, &Question { step: 1, ..question.clone() }).await;
        assert!(matches!(lost, Err(Error::Lost)), "{lost:?}");
        let second = claim(&world).await.expect("it is due again");
        let given = world.store().ask(&second.lease, &question).await.expect("held").expect("answered");
        assert_eq!(given.verdict, Approval::Approved);
        world.store().finish(&second.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let ended = world.store().run(&run.id).await.expect("read").expect("there").run;
        assert_eq!((ended.state, ended.result), (State::Completed, Some(RunResult::Succeeded)));
        let late = world.store().answer(&asking, answer(&world, Approval::Rejected, "you")).await.expect("read");
        assert!(matches!(late, Answered::Already(_)), "{late:?}");
    }
}
