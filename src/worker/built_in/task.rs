//! Which task does what.

use super::super::command::Work;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::input::Inputs;
use super::{
    Ending, Own, Told, Unfinished, archive, artifact, cache, conclude, copy, coverage, delete, download, extract,
    package, program, results, select, tool, wait,
};
use crate::pipeline::plan::Task;
use crate::pipeline::task::call;
use crate::worker::reach::Reach;

/// Runs a step that is a task.
pub(in super::super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    task: &Task,
    work: &mut Work,
) -> Result<Ending, Broken> {
    if task.is_package {
        return match package::program(execution, own, task, &work.task_variables) {
            Ok(program) => Ok(program),
            Err(unfinished) => conclude(execution, own, Err(unfinished)).await,
        };
    }
    let done = match Inputs::new(task, &execution.variables) {
        Ok(inputs) => {
            execution.reach.merge(Reach::of(&execution.job.plan, inputs.texts()));
            match script(execution, own, &inputs).await {
                Some(Ok(script)) => return Ok(script),
                Some(Err(unfinished)) => Err(unfinished),
                None => carry_out(execution, own, &inputs, work).await,
            }
        }
        Err(sentence) => Err(Unfinished::Failed(sentence)),
    };
    conclude(execution, own, done).await
}

/// Returns the script that a task runs, if it is one of those that do.
async fn script(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Option<Result<Ending, Unfinished>> {
    if let Some(tool) = call::tool(inputs.task()) {
        return Some(tool::script(execution, own, inputs, tool).await);
    }
    match inputs.task() {
        "Bash" => Some(program::bash(execution, own, inputs)),
        "PowerShell" => Some(program::power_shell(execution, own, inputs)),
        "ShellScript" => Some(program::shell_script(execution, own, inputs)),
        "PythonScript" => Some(program::python(execution, own, inputs)),
        _ => None,
    }
}

async fn carry_out(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    work: &mut Work,
) -> Result<Told, Unfinished> {
    match inputs.task() {
        "PublishPipelineArtifact" => artifact::publish(execution, own, inputs).await,
        "PublishBuildArtifacts" => artifact::add(execution, own, inputs).await,
        "DownloadPipelineArtifact" => download::download(execution, own, inputs).await,
        "DownloadBuildArtifacts" => download::take(execution, own, inputs).await,
        "CopyFiles" => copy::run(execution, own, inputs).await,
        "DeleteFiles" => delete::run(execution, own, inputs).await,
        "ArchiveFiles" => archive::run(execution, own, inputs).await,
        "ExtractFiles" => extract::run(execution, own, inputs).await,
        "ManualValidation" => wait::validation(execution, own, inputs).await,
        "Delay" => wait::delay(execution, own, inputs).await,
        "PublishTestResults" => results::run(execution, own, inputs, &mut work.report).await,
        "PublishCodeCoverageResults" => coverage::run(execution, own, inputs, &mut work.report).await,
        "Cache" => cache::run(execution, own, inputs, &mut work.changes).await,
        "UseNode" | "NodeTool" | "UsePythonVersion" | "UseDotNet" | "GoTool" | "JavaToolInstaller" => {
            select::run(execution, own, inputs, &mut work.changes).await
        }
        // A plan of a later version may have more.
        name => Err(format!("This worker can't run the task `{name}`.").into()),
    }
}
