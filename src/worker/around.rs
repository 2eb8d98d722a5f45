//! What steps do when their job ends: the part of a task that its package calls `postjobexecution`.
//!
//! ```text
//! step 1, step 2, step 3 ──► caches ──► after 3, after 1      (step 2 was skipped, or has no such part)
//! ```
//! It runs if the step itself has, however that, the job and the other parts end; a canceled job gives it the
//! time that such a job has. If it fails, the job has failed.

use super::command::Work;
use super::job::Execution;
use super::journal::Broken;
use super::step;
use crate::pipeline::plan::Step;

/// What is left to do for a step.
pub(super) struct PartAfter {
    place: usize,
    step: Step,
    display_name: String,
    work: Work,
}

impl PartAfter {
    /// Returns what is left to do for a step that has ended, which goes on with its work.
    pub(super) fn new(place: usize, step: &Step, display_name: &str, work: Work) -> Self {
        let step = Step { condition: Some("always()".to_owned()), ..step.clone() };
        Self { place, step, display_name: format!("Post-job: {display_name}"), work }
    }
}

/// Does what is left to do, the last first.
pub(super) async fn run(execution: &mut Execution<'_>) -> Result<(), Broken> {
    while let Some(PartAfter { place, step, display_name, mut work }) = execution.parts_after.pop() {
        execution.prepare_step();
        if execution.watchman.is_out_of_time() {
            let sentence =
                format!("##[warning]`{display_name}` is left out: the time that a canceled job has is over.");
            execution.desk.log(Some(place), vec![sentence]).await?;
            continue;
        }
        execution.desk.log(Some(place), vec![format!("##[section]Starting: {display_name}")]).await?;
        let result = step::run_after(execution, place, &step, &mut work).await?;
        execution.desk.log(Some(place), vec![format!("##[section]Finishing: {display_name}")]).await?;
        execution.note_part_after(&display_name, result);
    }
    Ok(())
}
