//! What follows from what, as tables.

use super::world::{job, plan, stage, staged};
use RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use pipehook::pipeline::plan::{
    Count, Deployment, FanOut, Hook, HookPoint, Job, MatrixLeg, Plan, Rollout, Stage, Strategy, Variable,
};
use pipehook::run::{Board, Decision, Output, Progress, RunResult, Standing};

fn with_condition(name: &str, depends_on: &[&str], condition: &str) -> Job {
    Job { condition: Some(condition.to_owned()), ..job(name, depends_on) }
}

/// Returns what is decided about the second of two jobs when the first has ended: a result, or
/// nothing where it is due.
#[track_caller]
fn decide(first: Job, second: Job, result: RunResult, canceled: bool) -> Option<RunResult> {
    let mut plan = plan(vec![first, second]);
    let mut board = Board::new(&plan);
    assert_eq!(board.advance(&mut plan).len(), 1, "the second waits for the first");
    board.stages[0][0][0].progress = Progress::Completed(result);
    if canceled {
        board.cancel();
    }
    let changes = board.advance(&mut plan);
    assert_eq!(changes.len(), 1, "{changes:?}");
    match &changes[0].decision {
        Decision::Due => None,
        Decision::Settled(legs) => panic!("{legs:?} of a job that is one"),
        Decision::Completed { result, reason } => {
            assert!(!reason.is_empty(), "a decision has a reason");
            Some(*result)
        }
    }
}

#[test]
fn a_condition_of_a_job_and_of_a_stage_sees_when_the_run_was_queued() {
    let queued_at = "2026-03-09T05:07:08Z".parse().expect("a time");
    for (condition, is_due) in [
        ("gt(pipeline.startTime, '2026-03-09')", true),
        ("eq(format('{0:yyyyMMdd}', pipeline.startTime), '20260310')", false),
        ("eq(variables.day, '09')", true),
    ] {
        let day = Variable {
            name: "day".to_owned(),
            value: "$[format('{0:dd}', pipeline.startTime)]".into(),
            ..Variable::default()
        };
        let of_job = plan(vec![with_condition("a", &[], condition)]);
        let of_stage =
            staged(vec![Stage { condition: Some(condition.to_owned()), ..stage("s", &[], vec![job("a", &[])]) }]);
        for plan in [of_job, of_stage] {
            let mut plan = Plan { variables: vec![day.clone()], ..plan };
            let mut board = Board { queued_at: Some(queued_at), ..Board::new(&plan) };
            let changes = board.advance(&mut plan);
            assert_eq!(changes[0].decision == Decision::Due, is_due, "{condition}: {changes:?}");
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
    let set = |value: &str| {
        vec![Variable {
            name: "Which".to_owned(),
            value: value.into(),
            read_only: false,
            own_number: false,
            group: None,
        }]
    };
    let mut plan = staged(vec![stage("s", &[], vec![with_condition("a", &[], "eq(variables.which, 'job')")])]);
    plan.variables = set("run");
    plan.stages[0].variables = set("stage");
    plan.stages[0].condition = Some("eq(variables['WHICH'], 'stage')".to_owned());
    plan.stages[0].jobs[0].variables = set("job");
    assert_eq!(Board::new(&plan).advance(&mut plan)[0].decision, Decision::Due);
}

/// Runs a plan in memory; jobs and legs end as the table says, others succeed. Returns each leg's
/// result in order, then the run's.
#[track_caller]
fn run(plan: &Plan, ends: &[(&str, RunResult)]) -> (Vec<RunResult>, RunResult) {
    let mut plan = plan.clone();
    let mut board = Board::new(&plan);
    let mut due: Vec<(usize, usize, usize)> = Vec::new();
    loop {
        let changes = board.advance(&mut plan);
        due.extend(changes.iter().filter(|it| it.decision == Decision::Due).map(|it| (it.stage, it.job, it.leg)));
        let Some((stage, job, leg)) = due.pop() else { break };
        let name = plan.stages[stage].jobs[job].leg(leg).full_name();
        let result = ends.iter().find(|(ended, _)| *ended == name).map_or(Succeeded, |(_, result)| *result);
        board.stages[stage][job][leg].progress = Progress::Completed(result);
    }
    let result = board.result(&plan).expect("all has ended");
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
    let mut two = plan(vec![job("a", &[]), job("b", &["a"]), job("c", &["a", "b"])]);
    let mut board = Board::new(&two);
    board.advance(&mut two);
    board.stages[0][0][0].progress = Progress::Completed(Failed);
    for change in board.advance(&mut two) {
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
    let mut plan = plan(vec![job("a", &[]), job("b", &["a"]), with_condition("c", &[], "always()")]);
    let board = Board::new(&plan);
    assert_eq!(board.clone().advance(&mut plan.clone()), board.clone().advance(&mut plan.clone()));
    let mut settled = board;
    settled.advance(&mut plan);
    assert_eq!(settled.advance(&mut plan), []);
}

fn matrix(name: &str, legs: &[&str], max_parallel: Option<u32>) -> Job {
    let leg = |name: &&str| MatrixLeg { name: (*name).to_owned(), variables: Vec::new() };
    let fan_out = FanOut::Matrix(legs.iter().map(leg).collect());
    Job { strategy: Some(Strategy { fan_out, max_parallel: max_parallel.map(Count::Known) }), ..job(name, &[]) }
}

#[test]
fn what_depends_on_a_matrix_waits_for_all_legs_and_sees_the_worst() {
    let mut two = plan(vec![matrix("m", &["x", "y", "z"], None), job("after", &["m"])]);
    assert_eq!(run(&two, &[]), (vec![Succeeded; 4], Succeeded));
    assert_eq!(
        run(&two, &[("m.y", Failed)]),
        (vec![Succeeded, Failed, Succeeded, Skipped], Failed),
        "no leg stops another"
    );
    assert_eq!(run(&two, &[("m.x", SucceededWithIssues)]).0[3], Succeeded);
    assert_eq!(run(&two, &[("m.x", Canceled), ("m.y", Failed)]).1, Failed);
    let mut board = Board::new(&two);
    board.advance(&mut two);
    for leg in 0..2 {
        board.stages[0][0][leg].progress = Progress::Completed(Succeeded);
        assert_eq!(board.advance(&mut two), [], "the third has not ended");
    }
    let tolerated = plan(vec![Job { continue_on_error: true, ..matrix("m", &["x", "y"], None) }, job("after", &["m"])]);
    assert_eq!(run(&tolerated, &[("m.y", Failed)]), (vec![Succeeded, Failed, Succeeded], SucceededWithIssues));
}

#[test]
fn no_more_legs_run_at_once_than_may() {
    for (most, at_once) in [(None, 5), (Some(0), 5), (Some(2), 2), (Some(9), 5)] {
        let mut plan = plan(vec![matrix("m", &["a", "b", "c", "d", "e"], most)]);
        let mut board = Board::new(&plan);
        assert_eq!(board.advance(&mut plan).len(), at_once, "{most:?}");
        board.stages[0][0][0].progress = Progress::Completed(Failed);
        assert_eq!(board.advance(&mut plan).len(), usize::from(at_once < 5), "one ended, so one more begins");
    }
}

#[test]
fn a_matrix_is_skipped_as_a_whole_and_a_cancel_leaves_out_legs_that_wait() {
    let skipped = plan(vec![Job { condition: Some("false".to_owned()), ..matrix("m", &["x", "y"], None) }]);
    assert_eq!(run(&skipped, &[]), (vec![Skipped, Skipped], Skipped));
    let mut plan = plan(vec![matrix("m", &["x", "y"], Some(1))]);
    let mut board = Board::new(&plan);
    board.advance(&mut plan);
    board.cancel();
    board.stages[0][0][0].progress = Progress::Completed(Succeeded);
    board.advance(&mut plan);
    assert_eq!(board.stages[0][0][1].progress, Progress::Completed(Skipped));
    assert_eq!(board.result(&plan), Some(Canceled));
}

#[test]
fn a_matrix_without_legs_is_one_plain_job() {
    assert_eq!(run(&plan(vec![matrix("m", &[], Some(1))]), &[("m", Failed)]), (vec![Failed], Failed));
}

#[test]
fn hooks_of_a_deployment_follow_each_other_to_one_of_two_ends() {
    let points =
        [HookPoint::PreDeploy, HookPoint::Deploy, HookPoint::RouteTraffic, HookPoint::Success, HookPoint::Failure];
    let hook = |point| Hook { point, pool: "default".to_owned(), says_download: false, steps: Vec::new() };
    let hooks = points.map(hook).to_vec();
    let deployment = Some(Deployment { environment: None, rollout: Rollout::RunOnce, hooks });
    let mut two = plan(vec![Job { deployment, ..job("d", &[]) }, job("after", &["d"])]);
    let mut board = Board::new(&two);
    assert_eq!(board.advance(&mut two).len(), 1, "one after the other");
    let well = vec![Succeeded, Succeeded, Succeeded, Succeeded, Skipped, Succeeded];
    assert_eq!(run(&two, &[]), (well, Succeeded));
    assert_eq!(
        run(&two, &[("d.deploy", Failed)]),
        (vec![Succeeded, Failed, Skipped, Skipped, Succeeded, Skipped], Failed),
        "what was rolled back has failed all the same"
    );
    assert_eq!(run(&two, &[("d.deploy", SucceededWithIssues)]).0[2..5], [Succeeded, Succeeded, Skipped]);
    assert_eq!(run(&two, &[("d.deploy", Canceled)]).0[2..5], [Skipped, Skipped, Succeeded], "as by its time limit");
}

#[test]
fn a_matrix_that_is_an_expression_becomes_legs_when_its_job_is_due() {
    let late = |text: &str| {
        let fan_out = FanOut::MatrixExpression(text.to_owned());
        let strategy = Some(Strategy { fan_out, max_parallel: Some(Count::Known(1)) });
        Job { strategy, ..job("m", &["a"]) }
    };
    let seen = "dependencies.a.outputs['s.m']";
    let table: [(&str, &str, &[RunResult]); 5] = [
        (seen, r#"{"x": {"v": "1"}, "y": {}}"#, &[Succeeded, Succeeded, Failed, Skipped]),
        (seen, "{}", &[Succeeded, Succeeded, Succeeded]),
        (seen, "[1]", &[Succeeded, Failed, Skipped]),
        ("dependencies.a.outputs['s.other']", "{}", &[Succeeded, Failed, Skipped]),
        ("eq(", "{}", &[Succeeded, Failed, Skipped]),
    ];
    for (expression, json, expected) in table {
        let mut plan = plan(vec![job("a", &[]), late(expression), job("after", &["m"])]);
        let mut board = Board::new(&plan);
        board.advance(&mut plan);
        let outputs = vec![Output { name: "s.m".to_owned(), value: json.into() }];
        board.stages[0][0][0] = Standing { progress: Progress::Completed(Succeeded), outputs };
        loop {
            let changes = board.advance(&mut plan);
            let Some(due) = changes.iter().find(|it| it.decision == Decision::Due) else { break };
            let ended = if due.leg == 1 { Failed } else { Succeeded };
            board.stages[due.stage][due.job][due.leg].progress = Progress::Completed(ended);
        }
        let found = board.stages.iter().flatten().flatten().map(|standing| standing.progress);
        let expected = expected.iter().map(|result| Progress::Completed(*result));
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{expression}: {json}");
    }
}

/// Returns what becomes of a stage's jobs that follows a stage which was running when the run was canceled: a
/// result, or nothing where the job is due.
fn after_cancel(condition: Option<&str>, jobs: Vec<Job>) -> Vec<Option<RunResult>> {
    let mut second = stage("second", &["first"], jobs);
    second.condition = condition.map(str::to_owned);
    let mut plan = staged(vec![stage("first", &[], vec![job("a", &[])]), second]);
    let mut board = Board::new(&plan);
    board.advance(&mut plan);
    board.cancel();
    board.stages[0][0][0].progress = Progress::Completed(Canceled);
    board.advance(&mut plan);
    let legs = board.stages[1].iter().flatten();
    let seen = legs.map(|standing| match standing.progress {
        Progress::Completed(result) => Some(result),
        Progress::Started | Progress::Waiting => None,
    });
    seen.collect()
}

#[test]
fn a_stage_that_begins_after_a_cancel_is_not_canceled_itself() {
    let jobs = || {
        let on_cancel = ["canceled()", "not(canceled())", "failed()", "succeeded()"];
        let conditions = on_cancel.iter().enumerate();
        let others = conditions.map(|(at, condition)| with_condition(&format!("c{at}"), &[], condition));
        std::iter::once(job("b", &[])).chain(others).collect()
    };
    let begins = vec![None, Some(Skipped), None, Some(Skipped), None];
    assert_eq!(after_cancel(Some("always()"), jobs()), begins);
    assert_eq!(after_cancel(Some("canceled()"), jobs()), begins);
    assert_eq!(after_cancel(Some("eq(1, 1)"), jobs()), begins);
    for condition in [None, Some("succeeded()"), Some("not(canceled())"), Some("failed()")] {
        assert_eq!(after_cancel(condition, jobs()), vec![Some(Skipped); 5], "{condition:?}");
    }
}

#[test]
fn a_stage_that_had_begun_is_canceled_with_its_jobs_and_a_later_one_by_another_request() {
    // Nothing of the stage has run, but its first job was due.
    let jobs = vec![job("a", &[]), with_condition("b", &["a"], "always()"), with_condition("c", &["a"], "canceled()")];
    let last = Stage {
        condition: Some("always()".to_owned()),
        ..stage("last", &["first"], vec![job("d", &[]), job("e", &["d"]), with_condition("f", &["e"], "always()")])
    };
    let mut plan = staged(vec![stage("first", &[], jobs), last]);
    let mut board = Board::new(&plan);
    board.advance(&mut plan);
    board.cancel();
    board.stages[0][0][0].progress = Progress::Waiting;
    board.advance(&mut plan);
    let first: Vec<Progress> = board.stages[0].iter().map(|legs| legs[0].progress).collect();
    assert_eq!(first, [Progress::Completed(Skipped), Progress::Started, Progress::Started]);
    for job in 1..3 {
        board.stages[0][job][0].progress = Progress::Completed(Succeeded);
    }
    board.advance(&mut plan);
    assert_eq!(board.stages[1][0][0].progress, Progress::Started, "the stage begins, and it is not canceled");
    board.cancel();
    board.stages[1][0][0].progress = Progress::Completed(Succeeded);
    board.advance(&mut plan);
    assert_eq!(board.stages[1][1][0].progress, Progress::Completed(Skipped), "it is now");
    assert_eq!(board.stages[1][2][0].progress, Progress::Started);
}
