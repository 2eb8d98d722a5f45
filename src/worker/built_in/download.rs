//! Artifacts that a job takes: of its own run, and of runs of other pipelines.

use super::super::context::JobContext;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::super::other_run;
use super::copy::{NAMED_MAX, put};
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{Patterns, Points};
use super::tree::with_links;
use super::{Own, Part, Told, Unfinished, place};
use crate::diagnostic::shown;
use crate::files::Keep;
use crate::pipeline::plan::{Plan, Step, pipeline_name};
use crate::run::RunResult;
use crate::store::{Artifact, Other, Sought, Which};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The run whose artifacts are fetched.
struct Source {
    /// What sentences call it.
    called: String,
    /// The names of its artifacts, and the paths below the data folder.
    artifacts: Vec<(String, String)>,
    plan: Arc<Plan>,
}

/// Brings the artifacts of the run to the job's folder, each to a folder of its own, and those of each
/// pipeline resource to a folder of its alias, where a `deploy` hook begins with them (reference, section
/// 5.7). On failure, a sentence.
pub(in super::super) async fn begin(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    let job = execution.job;
    if !job.leg().fetches_artifacts() {
        return Ok(None);
    }
    let mut sources = vec![(of_this_run(job), job.workspace.root.clone())];
    for resource in &job.plan.resources.pipelines {
        let to = place::destination(&job.workspace, &job.workspace.root, &resource.alias);
        let other = other_run::of_resource(&mut execution.desk, job, resource).await?;
        match to {
            Ok(to) => sources.push((other.and_then(|other| of_other(job, other)), to)),
            Err(sentence) => return Ok(Some(sentence)),
        }
    }
    for (source, to) in sources {
        let source = match source {
            Ok(source) if source.artifacts.is_empty() => continue,
            Ok(source) => source,
            Err(sentence) => return Ok(Some(sentence)),
        };
        let patterns = match Patterns::new(&"**".into(), &to, Points::Taken) {
            Ok(patterns) => patterns,
            Err(sentence) => return Ok(Some(sentence)),
        };
        let step = Step::default();
        let own = Own { place: 0, step: &step, end: None, part: Part::Main };
        match source.bring(execution, own, Destination { to, patterns, is_apart: true }).await {
            Ok(Told { lines, .. }) => execution.desk.log(None, lines).await?,
            Err(Unfinished::Failed(sentence)) => return Ok(Some(sentence)),
            // The steps are told by the watchman.
            Err(Unfinished::Interrupted(_)) => return Ok(None),
            Err(Unfinished::Broken(broken)) => return Err(broken),
        }
    }
    Ok(None)
}

/// `DownloadPipelineArtifact`, and `download`.
pub(super) async fn download(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let source = match inputs.author("alias")? {
        alias if alias.is_empty() => source(execution, inputs, "source", ("pipeline", "pipelineId")).await?,
        alias => of_alias(execution, &alias).await?,
    };
    let name = inputs.data("artifact").into_owned();
    let is_apart = name.is_empty();
    fetch(execution, own, inputs, source, (name, "patterns", "path"), is_apart).await
}

/// `DownloadBuildArtifacts`.
pub(super) async fn take(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let source = source(execution, inputs, "buildType", ("definition", "buildId")).await?;
    let name = if inputs.choice("downloadType")? == "single" {
        inputs.data("artifactName").into_owned()
    } else {
        String::new()
    };
    fetch(execution, own, inputs, source, (name, "itemPattern", "downloadPath"), true).await
}

/// Returns the run that the inputs of a task mean.
async fn source(
    execution: &mut Execution<'_>,
    inputs: &Inputs,
    whose: &str,
    (pipeline, id): (&str, &str),
) -> Result<Source, Unfinished> {
    match inputs.choice(whose)?.as_str() {
        "current" => return Ok(of_this_run(execution.job)?),
        "specific" => {}
        other => return Err(format!("`{whose}` is `current` or `specific`, not `{}`.", shown(other)).into()),
    }
    let pipeline = pipeline_name(&inputs.author(pipeline)?);
    if pipeline.is_empty() {
        return Err(format!("`{whose}` is `specific`, and no pipeline is named.").into());
    }
    let which = match inputs.choice("buildVersionToDownload")?.as_str() {
        "latest" | "latestfrombranch" => latest(execution.job, inputs)?,
        "specific" => other_run::named(&inputs.data(id))?,
        other => {
            let sentence = "The version is `latest`, `latestFromBranch` or `specific`, not";
            return Err(format!("{sentence} `{}`.", shown(other)).into());
        }
    };
    let other = other_run::of_step(&mut execution.desk, Sought { pipeline, which }).await??;
    Ok(of_other(execution.job, other)?)
}

fn latest(job: &JobContext, inputs: &Inputs) -> Result<Which, String> {
    let mut results = vec![RunResult::Succeeded];
    if inputs.flag("allowPartiallySucceededBuilds")? {
        results.push(RunResult::SucceededWithIssues);
    }
    if inputs.flag("allowFailedBuilds")? {
        results.push(RunResult::Failed);
    }
    let tags = inputs.data("tags");
    let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned);
    Ok(other_run::latest(job, results, tags.collect()))
}

/// Returns the run that a pipeline resource stands for.
async fn of_alias(execution: &mut Execution<'_>, alias: &str) -> Result<Source, Unfinished> {
    let job = execution.job;
    let known = &job.plan.resources.pipelines;
    let Some(resource) = known.iter().find(|resource| resource.alias.eq_ignore_ascii_case(alias)) else {
        return Err(format!("There is no pipeline resource `{}`.", shown(alias)).into());
    };
    let other = other_run::of_resource(&mut execution.desk, job, resource).await??;
    Ok(of_other(job, other)?)
}

/// Returns the artifacts of the run, and of the one that it repeats. On failure, a sentence.
fn of_this_run(job: &JobContext) -> Result<Source, String> {
    let artifacts = kept(&job.keep, &job.run, &job.taken)?;
    Ok(Source { called: "The run".to_owned(), artifacts, plan: job.plan.clone() })
}

fn of_other(job: &JobContext, other: Other) -> Result<Source, String> {
    let Other { run, plan, taken } = other;
    let artifacts = kept(&job.keep, &run.id, &taken)?;
    let called = format!("The run #{} `{}` of the pipeline `{}`", run.number, shown(&run.name), shown(&run.pipeline));
    Ok(Source { called, artifacts, plan: Arc::new(plan) })
}

fn kept(keep: &Keep, run: &crate::id::RunId, taken: &[Artifact]) -> Result<Vec<(String, String)>, String> {
    let own = keep.artifacts(run).map_err(|error| format!("The artifacts can't be read: {error}."))?;
    // What the run has added to an artifact that it has taken comes after it, and wins.
    let taken = taken.iter().map(|artifact| (artifact.name.clone(), artifact.location.clone()));
    Ok(taken.chain(own).collect())
}

async fn fetch(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    mut source: Source,
    (name, patterns, path): (String, &str, &str),
    is_apart: bool,
) -> Result<Told, Unfinished> {
    let job = execution.job;
    let known = source.artifacts.iter().map(|(name, _)| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ");
    source.artifacts.retain(|(it, _)| name.is_empty() || it.eq_ignore_ascii_case(&name));
    if source.artifacts.is_empty() && name.is_empty() {
        // All of none: the task of Azure's (its second version) fetches nothing then and succeeds.
        let warnings = vec![format!("{} has no artifacts: nothing is fetched.", source.called)];
        return Ok(Told { lines: Vec::new(), warnings });
    }
    if source.artifacts.is_empty() {
        let is_over = source.is_other(job);
        let there = match known.is_empty() {
            true if is_over => "It has none.".to_owned(),
            true => "It has none yet.".to_owned(),
            false => format!("There is {known}."),
        };
        return Err(format!("{} does not have the artifact `{}`. {there}", source.called, shown(&name)).into());
    }
    let to = place::destination(&job.workspace, &job.workspace.sources, &inputs.data(path))?;
    let patterns = Patterns::new(inputs.text(patterns), &to, Points::Taken)?;
    source.bring(execution, own, Destination { to, patterns, is_apart }).await
}

/// Where files of artifacts go, and which.
struct Destination {
    to: PathBuf,
    patterns: Patterns,
    /// Whether each artifact has a folder of its own in the destination, and patterns begin with
    /// its name.
    is_apart: bool,
}

impl Source {
    fn is_other(&self, job: &JobContext) -> bool {
        !Arc::ptr_eq(&self.plan, &job.plan)
    }

    /// Brings what is meant to the job's folders, and notes what may be in it.
    async fn bring(
        self,
        execution: &mut Execution<'_>,
        own: Own<'_>,
        destination: Destination,
    ) -> Result<Told, Unfinished> {
        let job = execution.job;
        execution.reach.take_files_of(&job.plan, &self.plan);
        let keep = job.keep.clone();
        let other = self.is_other(job).then(|| self.called.clone());
        let fetching = move |halt: &Halt| carry_out(&keep, &self.artifacts, &destination, halt);
        let mut told = halt::work(execution, own, fetching).await?;
        told.lines.splice(0..0, other.map(|other| format!("{other}:")));
        Ok(told)
    }
}

fn carry_out(
    keep: &Keep,
    artifacts: &[(String, String)],
    Destination { to, patterns, is_apart }: &Destination,
    halt: &Halt,
) -> Result<Told, String> {
    let mut told = Told::default();
    let mut count = 0;
    for (name, below) in artifacts {
        let from = &keep.open(below).map_err(|error| format!("The artifact can't be fetched: {error}."))?;
        let root = if *is_apart { to.join(name) } else { to.clone() };
        for path in with_links(from, halt)?.files {
            halt.check()?;
            let seen = if *is_apart { Path::new(name).join(&path) } else { path.clone() };
            if !patterns.holds(&seen) && !patterns.holds(&path) {
                continue;
            }
            let fetched = put(&from.join(&path), (&root, &path), true, false);
            fetched.map_err(|error| format!("`{}` can't be fetched: {error}.", shown(&path.to_string_lossy())))?;
            count += 1;
            if told.lines.len() < NAMED_MAX {
                told.lines.push(format!("Fetched {}", seen.display()));
            }
        }
    }
    told.lines.push(format!("{count} files are in {}.", to.display()));
    if count == 0 {
        told.warnings.push("No file of the artifact is meant by the patterns.".to_owned());
    }
    Ok(told)
}
