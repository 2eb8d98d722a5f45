//! Runs the program of one step, again if it may, and judges how it ended.
//!
//! ```text
//! attempt ──► failed ──► wait 1, 4, 9 … seconds ──► next attempt      (reference, section 5.5)
//!    │                        │
//!    └── any other end        └── canceled, or the step's time is over
//! ```

use super::built_in::{self, Ending, Instead, Own, Part, Published, Unfinished};
use super::command::{Listener, Open, PREFIX, Percents, Reached, Rules, Work, worse};
use super::condition::{self, Verdict};
use super::job::Execution;
use super::journal::Broken;
use super::reach::Reach;
use super::script::{self, Prepared, Unprepared};
use super::stop::{Interruption, deadline, minutes};
use super::unseen::Unseen;
use super::variables::Variables;
use crate::pipeline::plan::{self, Action, Script, Step};
use crate::process::{self, Ended, Exit, StandardError};
use crate::run::RunResult;
use crate::store::{IssueKind, StepEvent};
use crate::taint::Origin;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// What people call the program of a package.
const NODE: &str = "Node";

/// How a step, or one attempt of it, ended.
struct Outcome {
    result: RunResult,
    /// The exit code, if the program ended by itself.
    exit_code: Option<i32>,
    /// Whether another attempt could end in another way.
    may_retry: bool,
}

/// Why a program is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupted(Interruption),
    /// It has said that it is done.
    Done,
}

/// Runs a part of a step and returns how it ended, with the exit code if its program ended by itself. What the
/// parts before it have told goes on, and so do the variables of its task.
pub(super) async fn run(
    execution: &mut Execution<'_>,
    (place, step, part): (usize, &Step, Part),
    display_name: &str,
) -> Result<(RunResult, Option<i32>), Broken> {
    // One time limit for all attempts and what is waited between them.
    let end = deadline(minutes(step.timeout_minutes));
    let mut work = execution.works.remove(&place).unwrap_or_default();
    let mut attempt = 1;
    let outcome = loop {
        let outcome = try_once(execution, Own { place, step, end, part }, &mut work).await?;
        apply_changes(execution, place, &mut work).await?;
        if outcome.result != RunResult::Failed || !outcome.may_retry || attempt > step.retries {
            break outcome;
        }
        if let Some(interruption) = pause(execution, place, step, end, attempt).await? {
            break interrupted(execution, place, step, interruption, &mut work).await?;
        }
        attempt += 1;
        // What tests said in an attempt that failed is not said of this one.
        (work.report.tests, work.report.coverage) = (None, None);
        work.results.clear();
        if part == Part::Main {
            execution.start(place, display_name, attempt).await?;
        }
    };
    record_report(execution, place, &work).await?;
    if part == Part::Before || built_in::has_part(execution, &step.action, Part::After) {
        execution.works.insert(place, work);
    }
    Ok((tolerated(step, outcome.result), outcome.exit_code))
}

/// Makes the changes that a step wanted for those that follow.
async fn apply_changes(execution: &mut Execution<'_>, place: usize, work: &mut Work) -> Result<(), Broken> {
    let name = plan::reference_name(execution.job.leg().steps(), place);
    let left_out = std::mem::take(&mut work.changes).into_iter().filter_map(|change| execution.apply(change, &name));
    let left_out = left_out.collect();
    tell(execution, place, IssueKind::Warning, left_out, work).await
}

/// Records what a step has told, if it has.
async fn record_report(execution: &mut Execution<'_>, place: usize, work: &Work) -> Result<(), Broken> {
    if work.report.is_empty() {
        return Ok(());
    }
    let report = execution.desk.masked_report(&work.report);
    execution.desk.record(StepEvent::Reported { step: place, report }).await
}

fn tolerated(step: &Step, result: RunResult) -> RunResult {
    let is_tolerated = step.continue_on_error && result == RunResult::Failed;
    if is_tolerated { RunResult::SucceededWithIssues } else { result }
}

/// Says whether a step goes on when its job is canceled.
pub(super) fn goes_on(condition: Option<&str>, variables: &Variables) -> bool {
    matches!(condition::evaluate(condition, RunResult::Canceled, variables), Verdict::Holds)
}

/// Returns the name by which a step's outputs are known.
pub(super) fn step_name(step: &Step, place: usize) -> String {
    step.name.clone().unwrap_or_else(|| format!("step{}", place + 1))
}

/// Waits before the attempt after this one, and returns what kept it from being waited for.
async fn pause(
    execution: &mut Execution<'_>,
    place: usize,
    step: &Step,
    end: Option<Instant>,
    attempt: u32,
) -> Result<Option<Interruption>, Broken> {
    let seconds = attempt.saturating_mul(attempt);
    let sentence = format!(
        "##[warning]The step has failed and is tried again in {seconds} s: attempt {} of {}.",
        attempt + 1,
        step.retries + 1
    );
    execution.desk.log(Some(place), vec![sentence]).await?;
    let pause = execution.job.host.retry_second.saturating_mul(seconds);
    let Execution { watchman, variables, .. } = execution;
    let holds = || goes_on(step.condition.as_deref(), variables);
    Ok(tokio::select! {
        interruption = watchman.interruption(end, holds) => Some(interruption),
        () = sleep(pause) => None,
    })
}

async fn try_once(execution: &mut Execution<'_>, own: Own<'_>, work: &mut Work) -> Result<Outcome, Broken> {
    let outcome = |result| Outcome { result, exit_code: None, may_retry: true };
    let Own { place, step, .. } = own;
    let ending = match &step.action {
        Action::Script(script) => {
            if let Some(sentences) = script::refused_strictly(execution, script) {
                tell(execution, place, IssueKind::Error, sentences, work).await?;
                return Ok(Outcome { may_retry: false, ..outcome(RunResult::Failed) });
            }
            return try_script(execution, own, script, (None, None), work).await;
        }
        Action::Checkout(checkout) => built_in::check_out(execution, own, checkout).await?,
        Action::Task(task) => built_in::run_task(execution, own, task, work).await?,
    };
    match ending {
        Ending::Program(instead) => try_instead(execution, own, *instead, work).await,
        Ending::Prepared(prepared) => execute(execution, own, NODE, *prepared, work).await,
        Ending::Done(warnings) => {
            tell(execution, place, IssueKind::Warning, warnings, work).await?;
            Ok(outcome(RunResult::Succeeded))
        }
        Ending::Failed(sentences) => {
            tell(execution, place, IssueKind::Error, sentences, work).await?;
            Ok(outcome(RunResult::Failed))
        }
        Ending::Interrupted(interruption) => interrupted(execution, place, step, interruption, work).await,
    }
}

/// Runs the program that a task is, and looks at what it leaves behind.
async fn try_instead(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    instead: Instead,
    work: &mut Work,
) -> Result<Outcome, Broken> {
    let Instead { step, script, called, unseen, warnings, results, published } = instead;
    tell(execution, own.place, IssueKind::Warning, warnings, work).await?;
    let call = (called.as_deref(), unseen.as_ref());
    let outcome = try_script(execution, Own { step: &step, ..own }, &script, call, work).await?;
    // Also where some could not be published: each of the others has its zip.
    if let Some(published) = published.filter(|_| outcome.may_retry) {
        return zip(execution, own, published, outcome, work).await;
    }
    let Some(results) = results.filter(|_| outcome.result != RunResult::Canceled) else { return Ok(outcome) };
    match built_in::publish_results(execution, own, results, &mut work.report).await? {
        Ending::Done(warnings) | Ending::Failed(warnings) => {
            tell(execution, own.place, IssueKind::Warning, warnings, work).await?;
            Ok(outcome)
        }
        Ending::Interrupted(interruption) => interrupted(execution, own.place, own.step, interruption, work).await,
        Ending::Program(_) | Ending::Prepared(_) => Ok(outcome),
    }
}

/// Makes zips of what a program has published. Without them the step has failed.
async fn zip(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    published: Published,
    outcome: Outcome,
    work: &mut Work,
) -> Result<Outcome, Broken> {
    match built_in::zip_published(execution, own, published).await? {
        Ending::Done(warnings) => {
            tell(execution, own.place, IssueKind::Warning, warnings, work).await?;
            Ok(outcome)
        }
        Ending::Failed(sentences) => {
            tell(execution, own.place, IssueKind::Error, sentences, work).await?;
            Ok(Outcome { result: RunResult::Failed, ..outcome })
        }
        Ending::Interrupted(interruption) => interrupted(execution, own.place, own.step, interruption, work).await,
        Ending::Program(_) | Ending::Prepared(_) => Ok(outcome),
    }
}

/// Runs a script. What it runs itself may be called otherwise than what reads it, and with words that are not to be seen.
async fn try_script(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    script: &Script,
    (called, unseen): (Option<&str>, Option<&Unseen>),
    work: &mut Work,
) -> Result<Outcome, Broken> {
    let place = own.place;
    match script::prepare(execution, own, script, unseen).await {
        Ok(prepared) => {
            let called = called.unwrap_or(script.interpreter.called());
            execute(execution, own, called, prepared, work).await
        }
        Err(Unprepared::Unwritten(Unfinished::Broken(broken))) => Err(broken),
        Err(Unprepared::Unwritten(Unfinished::Interrupted(interruption))) => {
            interrupted(execution, place, own.step, interruption, work).await
        }
        Err(Unprepared::Unwritten(Unfinished::Failed(sentence))) => {
            tell(execution, place, IssueKind::Error, vec![sentence], work).await?;
            // Another attempt may find room.
            Ok(Outcome { result: RunResult::Failed, exit_code: None, may_retry: true })
        }
        Err(Unprepared::Refused(sentences)) => {
            tell(execution, place, IssueKind::Error, sentences, work).await?;
            Ok(Outcome { result: RunResult::Failed, exit_code: None, may_retry: false })
        }
    }
}

/// Runs a program, which people call so, and looks at the results that it has handed over.
async fn execute(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    called: &str,
    prepared: Prepared,
    work: &mut Work,
) -> Result<Outcome, Broken> {
    let outcome = run_program(execution, own, called, prepared, work).await?;
    for handed in std::mem::take(&mut work.results) {
        if outcome.result == RunResult::Canceled {
            break;
        }
        match built_in::take_results(execution, own, handed, &mut work.report).await? {
            Ending::Done(warnings) | Ending::Failed(warnings) => {
                tell(execution, own.place, IssueKind::Warning, warnings, work).await?;
            }
            Ending::Interrupted(interruption) => {
                return interrupted(execution, own.place, own.step, interruption, work).await;
            }
            Ending::Program(_) | Ending::Prepared(_) => {}
        }
    }
    Ok(outcome)
}

async fn run_program(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    called: &str,
    prepared: Prepared,
    work: &mut Work,
) -> Result<Outcome, Broken> {
    let Own { place, step, end, .. } = own;
    let Prepared { command, trust, reach, text, warnings, file, restrictions } = prepared;
    let (origin, reached) = origin(step, &reach, &execution.reach, text.as_deref());
    execution.reach.merge(reach);
    tell(execution, place, IssueKind::Warning, warnings, work).await?;
    (work.result, work.is_done) = (RunResult::Succeeded, false);
    let is_debug = execution.is_debug();
    if let Some(line) = text.as_deref().map(str::trim).filter(|text| is_debug && is_shown(text)) {
        execution.desk.log(Some(place), vec![format!("##[debug]Script: {line}")]).await?;
    }
    let Execution { job, desk, watchman, variables, outputs, .. } = execution;
    let is_false =
        |name: &str| variables.value(name).is_some_and(|value| value.flatten().eq_ignore_ascii_case("false"));
    let (done, mut is_done) = watch::channel(false);
    let mut listener = Listener {
        job,
        desk,
        place,
        trust,
        rules: Rules {
            step: plan::reference_name(job.leg().steps(), place),
            target: step.target.as_ref(),
            restrictions: &restrictions,
            variables,
            outputs,
            origin,
            reached,
            is_debug,
        },
        percents: if is_false("DECODE_PERCENTS") { Percents::Kept } else { Percents::Decoded },
        work: &mut *work,
        fails_on_error: command.standard_error == StandardError::Apart,
        error_lines: 0,
        done,
        broken: None,
        open: Open::default(),
    };
    let holds = || goes_on(step.condition.as_deref(), variables);
    let stop = async {
        tokio::select! {
            interruption = watchman.interruption(end, holds) => Stop::Interrupted(interruption),
            // The listener lives as long as the program, so an error does not come.
            _ = is_done.wait_for(|done| *done) => Stop::Done,
        }
    };
    let ended = process::run(&command, job.host.patience, stop, &mut listener).await;
    let (broken, wrote_error) = (listener.broken, listener.error_lines > 0);
    if let Some(broken) = broken {
        return Err(broken);
    }
    // It may hold secrets, and is of no use any more. The folder goes with the job.
    let _ = file.map(std::fs::remove_file);
    execution.containers.end_step(execution.job, step).await;
    match ended {
        Ok(Ended { stopped: Some(Stop::Interrupted(interruption)), exit }) => {
            let outcome = interrupted(execution, place, step, interruption, work).await?;
            Ok(Outcome { exit_code: exit_code(exit), ..outcome })
        }
        Ok(Ended { stopped: Some(Stop::Done), .. }) => {
            Ok(Outcome { result: work.result, exit_code: None, may_retry: true })
        }
        Ok(Ended { stopped: None, exit }) => {
            let problem = problem(called, exit, wrote_error);
            let result = if problem.is_some() { RunResult::Failed } else { RunResult::Succeeded };
            tell(execution, place, IssueKind::Error, problem.into_iter().collect(), work).await?;
            Ok(Outcome { result: worse(work.result, result), exit_code: exit_code(exit), may_retry: true })
        }
        Err(error) => {
            let sentence = format!("The step can't be run: {error}.");
            tell(execution, place, IssueKind::Error, vec![sentence], work).await?;
            Ok(Outcome { result: RunResult::Failed, exit_code: None, may_retry: true })
        }
    }
}

/// Returns where payload text came from that may be in what a step prints, and how it came there.
fn origin<'t>(step: &Step, own: &Reach, before: &Reach, script: Option<&'t str>) -> (Option<Arc<Origin>>, Reached<'t>) {
    match (own.own(), own.origin().or(before.origin())) {
        (Some(own), _) => (Some(own.clone()), Reached::Itself(script)),
        (None, Some(origin)) if !step.takes_all_commands() => {
            (Some(Arc::new(origin.printed())), Reached::Before(script))
        }
        (None, _) => (None, Reached::Not),
    }
}

/// Says whether a script is one that the log may show: one line, without a command that makes something secret
/// (reference, section 6.3, 1).
fn is_shown(script: &str) -> bool {
    !script.is_empty() && !script.contains('\n') && !script.to_ascii_lowercase().contains(PREFIX)
}

fn exit_code(exit: Exit) -> Option<i32> {
    match exit {
        Exit::Code(code) => Some(code),
        Exit::Signal(_) | Exit::Unseen => None,
    }
}

/// Returns what is wrong with how a program ended.
fn problem(called: &str, exit: Exit, wrote_error: bool) -> Option<String> {
    match exit {
        Exit::Code(0) if wrote_error => Some(format!("{called} wrote one or more lines to the standard error stream.")),
        Exit::Code(0) => None,
        Exit::Code(code) => Some(format!("{called} exited with code '{code}'.")),
        Exit::Signal(signal) => Some(format!("{called} was ended by signal {signal}.")),
        Exit::Unseen => {
            Some("The step's own shim was killed or stopped, and with it what the step had started, but for daemons that left its environment.".to_owned())
        }
    }
}

/// Tells that a step was stopped, and returns what that makes of it.
async fn interrupted(
    execution: &mut Execution<'_>,
    place: usize,
    step: &Step,
    interruption: Interruption,
    work: &mut Work,
) -> Result<Outcome, Broken> {
    let (result, sentence) = match interruption {
        Interruption::Canceled => (RunResult::Canceled, "The step was canceled.".to_owned()),
        Interruption::OutOfTime => {
            (RunResult::Canceled, "The step was canceled: the time that a canceled job has is over.".to_owned())
        }
        Interruption::HandedBack => (RunResult::Canceled, "The step was stopped: its worker ends.".to_owned()),
        Interruption::TimedOut => {
            let minutes = step.timeout_minutes;
            (RunResult::Failed, format!("The step took longer than {minutes} minutes and was stopped."))
        }
    };
    tell(execution, place, IssueKind::Error, vec![sentence], work).await?;
    Ok(Outcome { result, exit_code: None, may_retry: false })
}

/// Logs sentences and counts them as issues of the step.
async fn tell(
    execution: &mut Execution<'_>,
    place: usize,
    kind: IssueKind,
    sentences: Vec<String>,
    work: &mut Work,
) -> Result<(), Broken> {
    let mark = if kind == IssueKind::Error { "error" } else { "warning" };
    sentences.iter().for_each(|sentence| work.report.add_issue(kind, sentence));
    let lines = sentences.into_iter().map(|sentence| format!("##[{mark}]{sentence}")).collect();
    execution.desk.log(Some(place), lines).await
}
