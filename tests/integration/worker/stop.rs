//! Time limits and requests to stop.

use super::bench::*;
use super::output::is_gone;
use crate::support::until;
use pipehook::pipeline::plan::{Job, Plan, Step};
use pipehook::run::RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use pipehook::worker::JobContext;
use std::time::{Duration, Instant};

/// A few hundred milliseconds, in minutes.
const SHORT: f64 = 0.005;
/// How long a process may take to be gone once it was killed.
const GONE_MAX: Duration = Duration::from_secs(40);

fn one(job: Job) -> Plan {
    plan(vec![stage("main", vec![job])])
}

#[test]
fn a_step_that_takes_too_long_fails_and_its_whole_group_is_gone() {
    let slow = Step { timeout_minutes: SHORT, ..step("sleep 1000 & echo $!; trap '' INT; sleep 1000") };
    let story = run(vec![slow, step("echo no"), step_if("failed()", "echo yes")]);
    assert_eq!(story.results(), [Failed, Skipped, Succeeded]);
    assert!(story.errors()[0].contains("took longer than 0.005 minutes"), "{story:?}");
    let background = story.output(0)[0];
    until("the background process is gone", GONE_MAX, || is_gone(background).then_some(()));
}

#[test]
fn a_tolerant_step_that_takes_too_long_is_an_issue() {
    let slow = Step { timeout_minutes: SHORT, continue_on_error: true, ..step("sleep 1000") };
    assert_eq!(run(vec![slow]).outcome.result, SucceededWithIssues);
}

#[test]
fn a_job_that_takes_too_long_is_canceled() {
    let steps = vec![step("sleep 1000"), step("echo no"), step_if("canceled()", "echo $AGENT_JOBSTATUS")];
    let story = run_plan(one(Job { timeout_minutes: SHORT, ..job(steps) }));
    assert_eq!(story.results(), [Canceled, Skipped, Succeeded]);
    assert_eq!(story.output(2), ["Canceled"]);
    assert_eq!(story.outcome.result, Canceled);
    assert_eq!(story.outcome.reason.as_deref(), Some("the job took longer than 0.005 minutes"));
    let last = story.memory.lines.last().map(|(step, line)| (*step, line.as_str()));
    assert_eq!(last, Some((None, "##[error]The job was canceled: the job took longer than 0.005 minutes.")));
}

#[test]
fn a_request_stops_the_running_step_and_the_rest_is_decided_as_usual() {
    let steps = vec![
        step("echo ready; sleep 1000"),
        step("echo no"),
        step_if("always()", "echo yes"),
        step_if("failed()", "echo no"),
    ];
    let story = run_until(one(job(steps)), Some("ready"));
    assert_eq!(story.results(), [Canceled, Skipped, Succeeded, Skipped]);
    assert_eq!(story.outcome.result, Canceled);
}

#[test]
fn a_step_that_always_runs_goes_on_when_the_job_is_canceled() {
    let story = run_until(one(job(vec![step_if("always()", "echo ready; sleep 0.2; echo done")])), Some("ready"));
    assert_eq!(story.output(0), ["ready", "done"]);
    assert_eq!((story.results(), story.outcome.result), (vec![Succeeded], Canceled));
}

#[test]
fn a_job_that_goes_on_waiting_has_its_time_from_its_first_question_on() {
    let limited = |minutes| one(Job { timeout_minutes: minutes, ..job(vec![step("sleep 0.2")]) });
    let asked = |context: &mut JobContext| context.waited = Some(Duration::from_secs(60 * 60));
    for (minutes, result) in [(59.0, Canceled), (61.0, Succeeded), (0.0, Succeeded)] {
        assert_eq!(run_in(limited(minutes), None, asked).outcome.result, result, "{minutes} minutes");
    }
}

#[test]
fn a_canceled_job_has_its_time_and_no_more() {
    let steps = vec![step_if("always()", "echo ready; sleep 1000"), step_if("always()", "echo no")];
    let story = run_until(one(Job { cancel_timeout_minutes: SHORT, ..job(steps) }), Some("ready"));
    assert_eq!(story.results(), [Canceled, Skipped]);
    assert!(story.errors()[0].contains("the time that a canceled job has is over"), "{story:?}");
}

#[test]
fn signals_grow_stronger_until_the_program_ends() {
    let traps = "trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.05; done";
    let began = Instant::now();
    let story = run_until(one(job(vec![step(traps)])), Some("ready"));
    // The shell itself tells which of its children was ended by the signal, too.
    let output: Vec<&str> = story.output(0).into_iter().filter(|line| *line != "Terminated").collect();
    assert_eq!(output, ["ready", "INT", "TERM"]);
    assert_eq!((story.results(), story.exit_code(0)), (vec![Canceled], None));
    assert!(began.elapsed() >= PATIENCE.interrupt + PATIENCE.terminate);
}

#[test]
fn a_program_that_ends_at_the_first_signal_gets_no_other() {
    let traps = "trap 'echo bye; exit 5' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.05; done";
    let story = run_until(one(job(vec![step(traps)])), Some("ready"));
    assert_eq!(story.output(0), ["ready", "bye"]);
    assert_eq!((story.results(), story.exit_code(0)), (vec![Canceled], Some(5)));
}
