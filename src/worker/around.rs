//! What steps do before all steps of their job and after them: the parts of a task that its package calls
//! `prejobexecution` and `postjobexecution`, and the saving of caches.
//!
//! ```text
//! before 1, before 3 ──► step 1, step 2, step 3 ──► after 3, cache 2, after 1
//! ```
//! As on the agents of the pipeline language a part before runs if the condition of its step holds then, and a part
//! after in any case, also where the step was skipped; a canceled job gives it the time that such a job has. If one
//! fails, the job has failed, unless the step's `continueOnError` says otherwise.

use super::built_in::{self, Own, Part};
use super::condition::{self, Verdict};
use super::job::Execution;
use super::journal::Broken;
use super::step;
use super::stop::{Cause, deadline, minutes};
use crate::pipeline::plan::Step;
use crate::run::RunResult;

/// Does what steps do before the job's steps, in their order.
pub(super) async fn before(execution: &mut Execution<'_>) -> Result<(), Broken> {
    for (place, step) in execution.job.leg().steps().iter().enumerate() {
        if !built_in::has_part(execution, &step.action, Part::Before) {
            continue;
        }
        let status = execution.prepare_step();
        if execution.watchman.is_out_of_time() || execution.watchman.canceled() == Some(Cause::HandBack) {
            break;
        }
        let display_name = format!("Pre-job: {}", execution.display_name(step));
        let verdict = condition::evaluate(step.condition.as_deref(), status, &execution.variables);
        if execution.is_debug() {
            let lines = condition::explained(step.condition.as_deref(), &display_name, &verdict);
            execution.desk.log(Some(place), lines).await?;
        }
        match verdict {
            Verdict::Holds => run(execution, (place, step, Part::Before), &display_name).await?,
            Verdict::DoesNotHold => {}
            Verdict::Fails(mistake) => {
                let sentence = condition::failed(&display_name, &mistake);
                execution.desk.log(Some(place), vec![format!("##[error]{sentence}")]).await?;
                execution.note_part(&display_name, RunResult::Failed, "before");
            }
        }
    }
    Ok(())
}

/// Does what steps do when the job's steps have ended, the last first.
pub(super) async fn after(execution: &mut Execution<'_>) -> Result<(), Broken> {
    for (place, step) in execution.job.leg().steps().iter().enumerate().rev() {
        let saving = execution.caches.remove(&place);
        if saving.is_none() && !built_in::has_part(execution, &step.action, Part::After) {
            continue;
        }
        let status = execution.prepare_step();
        let display_name = format!("Post-job: {}", execution.display_name(step));
        let step = &Step { condition: Some("always()".to_owned()), ..step.clone() };
        if execution.watchman.is_out_of_time() {
            let line = left_out(&display_name);
            execution.desk.log(Some(place), vec![line]).await?;
            continue;
        }
        match saving {
            Some(saving) if status == RunResult::Succeeded => {
                let own = Own { place, step, end: deadline(minutes(step.timeout_minutes)), part: Part::After };
                let saved = built_in::save_cache(execution, own, saving).await;
                let line = saved.unwrap_or_else(|_| left_out(&display_name));
                execution.desk.log(Some(place), framed(&display_name, line)).await?;
            }
            Some(_) => {}
            None => run(execution, (place, step, Part::After), &display_name).await?,
        }
    }
    Ok(())
}

async fn run(
    execution: &mut Execution<'_>,
    (place, step, part): (usize, &Step, Part),
    display_name: &str,
) -> Result<(), Broken> {
    let [first, last] = frame(display_name);
    execution.desk.log(Some(place), vec![first]).await?;
    let (result, _) = step::run(execution, (place, step, part), display_name).await?;
    execution.desk.log(Some(place), vec![last]).await?;
    execution.note_part(display_name, result, if part == Part::Before { "before" } else { "after" });
    Ok(())
}

fn frame(display_name: &str) -> [String; 2] {
    ["Starting", "Finishing"].map(|word| format!("##[section]{word}: {display_name}"))
}

fn framed(display_name: &str, line: String) -> Vec<String> {
    let [first, last] = frame(display_name);
    vec![first, line, last]
}

fn left_out(display_name: &str) -> String {
    format!("##[warning]`{display_name}` is left out: the time that a canceled job has is over.")
}
