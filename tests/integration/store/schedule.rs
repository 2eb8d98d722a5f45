//! What follows from what, as tables.

use super::world::{job, plan, stage, staged};
use RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use pipehook::pipeline::plan::{Job, Plan, Variable};
use pipehook::run::{Board, Decision, Progress, RunResult};

fn with_condition(name: &str, depends_on: &[&str], condition: &str) -> Job {
    Job { condition: Some(condition.to_owned()), ..job(name, depends_on) }
}

/// Returns what is decided about the second of two jobs when the first has ended: a result, or
/// nothing where it is due.
#[track_caller]
fn decide(first: Job, second: Job, result: RunResult, canceled: bool) -> Option<RunResult> {
    let plan = plan(vec![first, second]);
    let mut board = Board::new(&plan);
    assert_eq!(board.advance(&plan).len(), 1, "the second waits for the first");
    board.stages[0][0][0].progress = Progress::Completed(result);
    board.canceled = canceled;
    let changes = board.advance(&plan);
    assert_eq!(changes.len(), 1, "{changes:?}");
    match &changes[0].decision {
        Decision::Due => None,
        Decision::Completed { result, reason } => {
            assert!(!reason.is_empty(), "a decision has a reason");
            Some(*result)
        }
    }
}

#[test]
fn conditions_hold_as_the_reference_says() {
    // For each condition, after which results the follower runs, and after which of a canceled run.
    let well = [Succeeded, SucceededWithIssues].as_slice();
    let table: [(&str, &[RunResult], &[RunResult]); 13] = [
        ("", well, &[]),
        ("succeeded()", well, &[]),
        ("succeeded('a')", well, &[]),
        ("always()", &RunResult::ALL, &RunResult::ALL),
        ("failed()", &[Failed], &[]),
        ("succeededOrFailed()", &[Succeeded, SucceededWithIssues, Failed], &[]),
        ("canceled()", &[], &RunResult::ALL),
        ("not(canceled())", &RunResult::ALL, &[]),
        ("true", &RunResult::ALL, &RunResult::ALL),
        ("False", &[], &[]),
        ("eq(dependencies.A.result, 'Skipped')", &[Skipped], &[Skipped]),
        ("in(dependencies.a.result, 'Failed', 'Canceled')", &[Failed, Canceled], &[Failed, Canceled]),
        ("and(succeeded(), eq(dependencies.a.result, 'SucceededWithIssues'))", &[SucceededWithIssues], &[]),
    ];
    for (condition, runs_after, runs_canceled_after) in table {
        for result in RunResult::ALL {
            for (canceled, expected) in [(false, runs_after), (true, runs_canceled_after)] {
                let decided = decide(job("a", &[]), with_condition("b", &["a"], condition), result, canceled);
                let expected = if expected.contains(&result) { None } else { Some(Skipped) };
                assert_eq!(decided, expected, "`{condition}` after {result:?}, canceled: {canceled}");
            }
        }
    }
}

#[test]
fn a_condition_that_can_not_be_evaluated_fails_its_job() {
    for condition in ["eq(", "nothing()", "succeeded('c')", "lt('x', convertToJson('"] {
        let decided = decide(job("a", &[]), with_condition("b", &["a"], condition), Succeeded, false);
        assert_eq!(decided, Some(Failed), "{condition}");
    }
}

#[test]
fn a_failure_that_may_be_counts_as_succeeded_with_issues() {
    let tolerated = || Job { continue_on_error: true, ..job("a", &[]) };
    assert_eq!(decide(tolerated(), job("b", &["a"]), Failed, false), None);
    assert_eq!(decide(tolerated(), job("b", &["a"]), Canceled, false), Some(Skipped), "only failures");
    let plan = plan(vec![tolerated()]);
    let mut board = Board::new(&plan);
    board.stages[0][0][0].progress = Progress::Completed(Failed);
    assert_eq!(board.result(&plan), Some(SucceededWithIssues));
}

#[test]
fn variables_of_the_narrowest_scope_count() {
    let set =
        |value: &str| vec![Variable { name: "Which".to_owned(), value: value.into(), read_only: false, group: None }];
    let mut plan = staged(vec![stage("s", &[], vec![with_condition("a", &[], "eq(variables.which, 'job')")])]);
    plan.variables = set("run");
    plan.stages[0].variables = set("stage");
    plan.stages[0].condition = Some("eq(variables['WHICH'], 'stage')".to_owned());
    plan.stages[0].jobs[0].variables = set("job");
    assert_eq!(Board::new(&plan).advance(&plan)[0].decision, Decision::Due);
}

/// Runs a plan in memory; jobs and legs end as the table says, others succeed. Returns each leg's
/// result in order, then the run's.
#[track_caller]
fn run(plan: &Plan, ends: &[(&str, RunResult)]) -> (Vec<RunResult>, RunResult) {
    let mut board = Board::new(plan);
    let mut due: Vec<(usize, usize, usize)> = Vec::new();
    loop {
        let changes = board.advance(plan);
        due.extend(changes.iter().filter(|it| it.decision == Decision::Due).map(|it| (it.stage, it.job, it.leg)));
        let Some((stage, job, leg)) = due.pop() else { break };
        let name = plan.stages[stage].jobs[job].leg(leg).full_name();
        let result = ends.iter().find(|(ended, _)| *ended == name).map_or(Succeeded, |(_, result)| *result);
        board.stages[stage][job][leg].progress = Progress::Completed(result);
    }
    let result = board.result(plan).expect("all has ended");
    let legs = board.stages.into_iter().flatten().flatten().map(|standing| match standing.progress {
        Progress::Completed(result) => result,
        other => panic!("{other:?} although nothing is due"),
    });
    (legs.collect(), result)
}

#[test]
fn a_diamond_waits_for_both_sides_and_a_skip_goes_on_down() {
    let diamond = plan(vec![job("a", &[]), job("b", &["a"]), job("c", &["a"]), job("d", &["b", "c"])]);
    assert_eq!(run(&diamond, &[]), (vec![Succeeded; 4], Succeeded));
    assert_eq!(run(&diamond, &[("b", Failed)]), (vec![Succeeded, Failed, Succeeded, Skipped], Failed));
    assert_eq!(run(&diamond, &[("a", Canceled)]), (vec![Canceled, Skipped, Skipped, Skipped], Canceled));
    assert_eq!(run(&diamond, &[("c", SucceededWithIssues)]).1, SucceededWithIssues);
}

#[test]
fn what_failed_far_above_still_counts() {
    let chain = plan(vec![job("a", &[]), with_condition("b", &["a"], "always()"), job("c", &["b"])]);
    assert_eq!(run(&chain, &[("a", Failed)]).0, [Failed, Succeeded, Skipped]);
}

#[test]
fn stages_follow_each_other_and_nothing_revives_a_skipped_one() {
    let always = with_condition("deploy", &[], "always()");
    let two =
        staged(vec![stage("build", &[], vec![job("a", &[]), job("b", &[])]), stage("ship", &["build"], vec![always])]);
    assert_eq!(run(&two, &[("a", Failed)]), (vec![Failed, Succeeded, Skipped], Failed));
    assert_eq!(run(&two, &[("b", Skipped)]), (vec![Succeeded, Skipped, Succeeded], Succeeded));
    let mut cleanup = two.clone();
    cleanup.stages[1].condition = Some("eq(dependencies.build.result, 'Failed')".to_owned());
    assert_eq!(run(&cleanup, &[("a", Failed)]).0, [Failed, Succeeded, Succeeded]);
    assert_eq!(run(&cleanup, &[]), (vec![Succeeded, Succeeded, Skipped], Succeeded));
    let mut picky = two.clone();
    picky.stages[1].jobs[0].condition = Some("eq(stageDependencies.build.b.result, 'Succeeded')".to_owned());
    assert_eq!(run(&picky, &[]).0, [Succeeded; 3]);
    assert_eq!(run(&picky, &[("b", SucceededWithIssues)]).0[2], Skipped);
}

#[test]
fn a_run_of_which_all_is_skipped_is_skipped() {
    let plan = plan(vec![with_condition("a", &[], "false"), job("b", &["a"])]);
    assert_eq!(run(&plan, &[]), (vec![Skipped, Skipped], Skipped));
}

#[test]
fn a_skipped_job_says_what_went_wrong_first() {
    let two = plan(vec![job("a", &[]), job("b", &["a"]), job("c", &["a", "b"])]);
    let mut board = Board::new(&two);
    board.advance(&two);
    board.stages[0][0][0].progress = Progress::Completed(Failed);
    for change in board.advance(&two) {
        let Decision::Completed { reason, .. } = change.decision else { panic!("it does not run") };
        assert_eq!(reason, "`a` failed");
    }
}

#[test]
fn a_circle_ends_instead_of_waiting_for_ever() {
    let circle = plan(vec![job("a", &["b"]), job("b", &["a"])]);
    assert_eq!(run(&circle, &[]), (vec![Failed, Failed], Failed));
}

#[test]
fn planning_the_same_board_twice_decides_the_same() {
    let plan = plan(vec![job("a", &[]), job("b", &["a"]), with_condition("c", &[], "always()")]);
    let board = Board::new(&plan);
    assert_eq!(board.clone().advance(&plan), board.clone().advance(&plan));
    let mut settled = board;
    settled.advance(&plan);
    assert_eq!(settled.advance(&plan), []);
}
