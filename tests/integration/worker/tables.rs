//! The tables of the reference, run end to end: which steps run after which, and what comes of it
//! (sections 5.3 and 5.4).

use super::bench::*;
use pipehook::pipeline::plan::{Job, Plan, Step};
use pipehook::run::RunResult::{self, Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};

/// Returns steps that bring a job to a status, and the line that asks it to stop for the last one.
fn brought_to(status: Option<RunResult>) -> (Vec<Step>, Option<&'static str>) {
    let result = |word: &str| step(format!("echo '##vso[task.complete result={word}]'"));
    match status {
        None => (Vec::new(), None),
        Some(Succeeded) => (vec![step("true")], None),
        Some(SucceededWithIssues) => (vec![result("SucceededWithIssues")], None),
        Some(Failed) => (vec![step("false")], None),
        Some(Canceled) => (vec![step("echo ready; sleep 1000")], Some("ready")),
        Some(Skipped) => unreachable!("no step is reached after that"),
    }
}

#[test]
fn status_functions_of_steps_hold_as_the_reference_says() {
    let table: [(Option<RunResult>, [bool; 5]); 5] = [
        (None, [true, false, false, true, true]),
        (Some(Succeeded), [true, false, false, true, true]),
        (Some(SucceededWithIssues), [true, false, false, true, true]),
        (Some(Failed), [true, false, true, false, true]),
        (Some(Canceled), [true, true, false, false, false]),
    ];
    let functions = ["always()", "canceled()", "failed()", "succeeded()", "succeededOrFailed()"];
    for (status, expected) in table {
        let (mut steps, line) = brought_to(status);
        let before = steps.len();
        steps.extend(functions.map(|function| step_if(function, "true")));
        // One that has no condition, and one whose own condition forgets the status.
        steps.extend([step("true"), step_if("eq(1, 1)", "true")]);
        let story = run_until(plan(vec![stage("main", vec![job(steps)])]), line);
        let ran: Vec<bool> = story.results()[before..].iter().map(|result| *result == Succeeded).collect();
        let mut all = expected.to_vec();
        all.extend([expected[3], true]);
        assert_eq!(ran, all, "after {status:?}: {:?}", story.results());
    }
}

#[test]
fn a_job_is_as_bad_as_its_worst_step() {
    let complete = |word: &str| step_if("always()", &format!("echo '##vso[task.complete result={word}]'"));
    let table: [(&[&str], RunResult); 7] = [
        (&["Succeeded", "Succeeded"], Succeeded),
        (&["SucceededWithIssues", "Succeeded"], SucceededWithIssues),
        (&["SucceededWithIssues", "Failed", "Succeeded"], Failed),
        (&["Failed", "SucceededWithIssues"], Failed),
        // Steps that skip or cancel themselves change nothing.
        (&["Skipped", "Succeeded"], Succeeded),
        (&["Canceled", "Succeeded"], Succeeded),
        (&["Skipped"], Succeeded),
    ];
    for (words, expected) in table {
        let story = run(words.iter().map(|word| complete(word)).collect());
        assert_eq!(story.outcome.result, expected, "{words:?}: {:?}", story.results());
    }
}

#[test]
fn continue_on_error_tolerates_failures_and_nothing_else() {
    let tolerant = |script: &str| Step { continue_on_error: true, ..step(script) };
    assert_eq!(run(vec![tolerant("exit 1"), step("true")]).results(), [SucceededWithIssues, Succeeded]);
    let wrong = Step { condition: Some("eq(".into()), ..tolerant("true") };
    assert_eq!(run(vec![wrong]).results(), [Failed]);
    let story =
        run_until(plan(vec![stage("main", vec![job(vec![tolerant("echo ready; sleep 1000")])])]), Some("ready"));
    assert_eq!(story.results(), [Canceled]);
}

#[test]
fn a_step_that_is_stopped_in_its_wait_for_a_retry_still_lets_others_clean_up() {
    let plan = Plan {
        ..plan(vec![stage(
            "main",
            vec![Job {
                ..job(vec![
                    Step { retries: 3, timeout_minutes: 0.002, ..step("exit 1") },
                    step("echo no"),
                    step_if("failed()", "echo yes"),
                ])
            }],
        )])
    };
    let story = run_in(plan, None, |context| context.host.retry_second = std::time::Duration::from_secs(60));
    assert_eq!(story.results(), [Failed, Skipped, Succeeded]);
}
