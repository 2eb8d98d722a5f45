//! Artifacts: files of a job that later jobs take, those of other runs too, and people.

use super::super::job::Execution;
use super::halt;
use super::input::Inputs;
use super::tree::told;
use super::{Own, Told, Unfinished};
use crate::diagnostic::shown;
use crate::files::{IGNORE_FILE, Kept, Links, check_artifact_name};
use crate::store::Artifact;
use std::path::Path;

/// `PublishPipelineArtifact`, and `publish`.
pub(super) async fn publish(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let name = match &*inputs.data("artifact") {
        "" => format!("{}.{}", execution.job.stage().name, execution.job.leg().full_name()),
        name => name.to_owned(),
    };
    kept_here(inputs, "pipeline")?;
    let (keep, run) = (execution.job.keep.clone(), execution.job.run.clone());
    // An earlier attempt of the job may have published it already.
    let replaces = execution.job.attempt > 1;
    store(execution, own, inputs, "targetPath", name, move |name, from| keep.new_artifact(&run, name, from, replaces))
        .await
}

/// `PublishBuildArtifacts`, which adds to what is there.
pub(super) async fn add(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let name = inputs.data("ArtifactName").into_owned();
    kept_here(inputs, "container")?;
    let (keep, run) = (execution.job.keep.clone(), execution.job.run.clone());
    store(execution, own, inputs, "PathtoPublish", name, move |name, from| keep.artifact(&run, name, from)).await
}

fn kept_here(inputs: &Inputs, here: &str) -> Result<(), String> {
    match inputs.choice("publishLocation")?.as_str() {
        word if word == here => Ok(()),
        other => Err(format!("`publishLocation` is `{here}` here, not `{}`.", shown(other))),
    }
}

async fn store(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    path: &str,
    name: String,
    keep: impl FnOnce(&str, (&Path, &Links)) -> std::io::Result<Kept> + Send + 'static,
) -> Result<Told, Unfinished> {
    check_artifact_name(&name).map_err(|sentence| format!("{sentence}."))?;
    let written = inputs.data(path);
    let from = execution.job.workspace.entry(&written).map_err(|problem| format!("The input `{path}`: {problem}."))?;
    let (called, shown_from) = (name.clone(), from.display().to_string());
    let links = Links::Within(execution.job.workspace.homes());
    let work = halt::work(execution, own, move |_| {
        keep(&called, (&from, &links)).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                format!("The run has an artifact `{called}` already. Help: give this one another name.")
            }
            _ => format!("The artifact `{called}` can't be kept: {error}."),
        })
    });
    let Kept { below: location, left_out, ignored } = work.await?;
    let mut told = Told::line(format!("{shown_from} is kept as the artifact `{}`.", shown(&name)));
    if ignored > 0 {
        told.lines.push(format!("Left out, as `{IGNORE_FILE}` says or is usual: {ignored} files and folders."));
    }
    told.warnings.extend(self::told(&left_out));
    execution.desk.publish(Artifact { name, kind: "container".to_owned(), location }).await?;
    Ok(told)
}
