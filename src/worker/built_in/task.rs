//! Which task does what.

use super::super::job::Execution;
use super::super::journal::Broken;
use super::input::Inputs;
use super::{
    Ending, Own, Told, Unfinished, archive, artifact, conclude, copy, delete, extract, program, results, wait,
};
use crate::pipeline::plan::Task;
use crate::store::StepReport;

/// Runs a step that is a task.
pub(in super::super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    task: &Task,
    report: &mut StepReport,
) -> Result<Ending, Broken> {
    let done = match Inputs::new(task, &execution.variables) {
        Ok(inputs) => match script(execution, own, &inputs) {
            Some(Ok(script)) => return Ok(script),
            Some(Err(unfinished)) => Err(unfinished),
            None => work(execution, own, &inputs, report).await,
        },
        Err(sentence) => Err(Unfinished::Failed(sentence)),
    };
    conclude(execution, own, done).await
}

/// Returns the script that a task runs, if it is one of those that do.
fn script(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Option<Result<Ending, Unfinished>> {
    match inputs.task() {
        "Bash" => Some(program::bash(execution, own, inputs)),
        "ShellScript" => Some(program::shell_script(execution, own, inputs)),
        "PythonScript" => Some(program::python(execution, own, inputs)),
        _ => None,
    }
}

async fn work(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    match inputs.task() {
        "PublishPipelineArtifact" => artifact::publish(execution, own, inputs).await,
        "PublishBuildArtifacts" => artifact::add(execution, own, inputs).await,
        "DownloadPipelineArtifact" => artifact::download(execution, own, inputs).await,
        "DownloadBuildArtifacts" => artifact::take(execution, own, inputs).await,
        "CopyFiles" => copy::run(execution, own, inputs).await,
        "DeleteFiles" => delete::run(execution, own, inputs).await,
        "ArchiveFiles" => archive::run(execution, own, inputs).await,
        "ExtractFiles" => extract::run(execution, own, inputs).await,
        "PublishTestResults" => results::run(execution, own, inputs, report).await,
        "ManualValidation" => wait::validation(execution, own, inputs).await,
        "Delay" => wait::delay(execution, own, inputs).await,
        // A plan of a later version may have more.
        name => Err(format!("This worker can't run the task `{name}`.").into()),
    }
}
