//! Steps that are tried again.

use super::bench::*;
use pipehook::pipeline::plan::{Job, Step};
use pipehook::run::RunResult::{Canceled, Failed, Succeeded, SucceededWithIssues};
use pipehook::store::StepEvent;
use std::time::{Duration, Instant};

fn attempts(story: &Story) -> Vec<u32> {
    let attempt = |event: &StepEvent| match event {
        StepEvent::Started { attempt, .. } => Some(*attempt),
        _ => None,
    };
    story.memory.events.iter().filter_map(attempt).collect()
}

#[test]
fn a_step_is_tried_again_until_it_succeeds_and_waits_longer_each_time() {
    let began = Instant::now();
    let flaky = Step {
        retries: 5,
        ..step("echo x >> n; echo \"##vso[task.setvariable variable=at]$(wc -l < n)\"; test $(wc -l < n) -ge 4")
    };
    let story = run(vec![flaky, step("echo $(at)")]);
    assert_eq!((story.results(), attempts(&story)), (vec![Succeeded, Succeeded], vec![1, 2, 3, 4, 1]));
    assert_eq!(story.output(1), ["4"]);
    // 1 + 4 + 9 seconds of ten milliseconds.
    assert!(began.elapsed() >= Duration::from_millis(140), "{:?}", began.elapsed());
    assert_eq!(story.warnings()[2], "The step has failed and is tried again in 9 s: attempt 4 of 6.");
}

#[test]
fn a_step_that_never_succeeds_fails_after_its_last_attempt() {
    let failing = |continue_on_error| Step { retries: 2, continue_on_error, ..step("exit 3") };
    let story = run(vec![failing(true), failing(false)]);
    assert_eq!((story.results(), attempts(&story)), (vec![SucceededWithIssues, Failed], vec![1, 2, 3, 1, 2, 3]));
    assert_eq!((story.exit_code(1), story.report(1).errors), (Some(3), 3));
}

#[test]
fn the_time_limit_is_one_for_all_attempts() {
    let slow = Step { retries: 10, timeout_minutes: 0.01, ..step("sleep 0.1; exit 1") };
    let story = run(vec![slow]);
    assert_eq!(story.outcome.result, Failed);
    assert!(attempts(&story).len() < 9, "{:?}", attempts(&story));
    assert!(story.errors().last().expect("an error").contains("took longer than 0.01 minutes"), "{story:?}");
}

#[test]
fn a_canceled_step_is_not_tried_again() {
    let failing = Step { retries: 10, ..step("echo ready; exit 1") };
    let story = run_in(plan(vec![stage("main", vec![Job { ..job(vec![failing]) }])]), Some("ready"), |context| {
        context.host.retry_second = Duration::from_secs(1000);
    });
    assert_eq!((story.results(), attempts(&story)), (vec![Canceled], vec![1]));
}

#[test]
fn a_step_that_cannot_be_prepared_is_not_tried_again() {
    let story = run(vec![Step { retries: 3, ..step(mixed(&[("eval ", false), ("a b", true)])) }]);
    assert_eq!((story.outcome.result, attempts(&story)), (Failed, vec![1]));
}
