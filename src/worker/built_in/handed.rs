//! Results of tests and of code coverage that a step's commands have handed over, as tasks of the task library do.
//! What can't be read is a warning, as it is for the tasks that publish them.

use super::super::command::Results;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::{Ending, Own, conclude, coverage, results};
use crate::store::StepReport;

/// Reads one of them and notes what it says.
pub(in super::super) async fn take(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    handed: Results,
    report: &mut StepReport,
) -> Result<Ending, Broken> {
    let done = match &handed {
        Results::Tests { form, files, title } => results::take(execution, own, (form, files, title), report).await,
        Results::Coverage { file, folder } => coverage::take(execution, own, (file, folder.as_deref()), report).await,
    };
    conclude(execution, own, done).await
}
