//! Artifacts: files of a job that later jobs of its run take, and people.

use super::super::context::JobContext;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::copy::{NAMED_MAX, put};
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{Patterns, Points, tree};
use super::{Own, Told, Unfinished, place};
use crate::diagnostic::shown;
use crate::files::Keep;
use crate::pipeline::plan::Step;
use crate::store::Artifact;
use std::path::{Path, PathBuf};

/// The most characters of an artifact's name.
const NAME_MAX: usize = 100;

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
    store(execution, own, inputs, "PathtoPublish", name, move |name, from| keep.artifact(&run, name, "", from)).await
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
    keep: impl FnOnce(&str, &Path) -> std::io::Result<String> + Send + 'static,
) -> Result<Told, Unfinished> {
    let is_possible = !name.trim_matches(['.', ' ']).is_empty() && name.chars().count() <= NAME_MAX;
    if !is_possible || name.contains(|it: char| it.is_control() || "\\/\":<>|*?".contains(it)) {
        let sentence = format!(
            "`{}` can't be the name of an artifact: it has 1 to {NAME_MAX} characters, none of `\\ / \" : < > | * ?`.",
            shown(&name)
        );
        return Err(sentence.into());
    }
    let written = inputs.data(path);
    let from = execution.job.workspace.entry(&written).map_err(|problem| format!("The input `{path}`: {problem}."))?;
    let (called, shown_from) = (name.clone(), from.display().to_string());
    let location = halt::work(execution, own, move |_| {
        keep(&called, &from).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                format!("The run has an artifact `{called}` already. Help: give this one another name.")
            }
            _ => format!("The artifact `{called}` can't be kept: {error}."),
        })
    });
    let location = location.await?;
    let told = Told::line(format!("{shown_from} is kept as the artifact `{}`.", shown(&name)));
    execution.desk.publish(Artifact { name, kind: "container".to_owned(), location }).await?;
    Ok(told)
}

/// Brings the artifacts of the run to the job's folder, each to a folder of its own, where a
/// `deploy` hook begins with them (reference, section 5.7). On failure, a sentence.
pub(in super::super) async fn begin(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    let job = execution.job;
    if !job.leg().fetches_artifacts() {
        return Ok(None);
    }
    let artifacts = match kept(job) {
        Ok(artifacts) if artifacts.is_empty() => return Ok(None),
        Ok(artifacts) => artifacts,
        Err(sentence) => return Ok(Some(sentence)),
    };
    let to = job.workspace.root.clone();
    let patterns = match Patterns::new(&"**".into(), &to, Points::Taken) {
        Ok(patterns) => patterns,
        Err(sentence) => return Ok(Some(sentence)),
    };
    let download = Download { keep: job.keep.clone(), artifacts, to, patterns, is_apart: true };
    let step = Step::default();
    let own = Own { place: 0, step: &step, end: None };
    execution.reach.take_files(&job.plan);
    match halt::work(execution, own, move |halt| download.carry_out(halt)).await {
        Ok(Told { lines, .. }) => {
            execution.desk.log(None, lines).await?;
            Ok(None)
        }
        Err(Unfinished::Failed(sentence)) => Ok(Some(sentence)),
        // The steps are told by the watchman.
        Err(Unfinished::Interrupted(_)) => Ok(None),
        Err(Unfinished::Broken(broken)) => Err(broken),
    }
}

struct Download {
    /// Names, and where they are kept.
    keep: Keep,
    /// The names, and the paths below the data folder.
    artifacts: Vec<(String, String)>,
    to: PathBuf,
    patterns: Patterns,
    /// Whether each artifact has a folder of its own in the destination, and patterns begin with
    /// its name.
    is_apart: bool,
}

/// `DownloadPipelineArtifact`, and `download`.
pub(super) async fn download(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    of_this_run(inputs, "source")?;
    let name = inputs.data("artifact").into_owned();
    let is_apart = name.is_empty();
    fetch(execution, own, inputs, (name, "patterns", "path"), is_apart).await
}

/// `DownloadBuildArtifacts`.
pub(super) async fn take(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    of_this_run(inputs, "buildType")?;
    let name = if inputs.choice("downloadType")? == "single" {
        inputs.data("artifactName").into_owned()
    } else {
        String::new()
    };
    fetch(execution, own, inputs, (name, "itemPattern", "downloadPath"), true).await
}

fn of_this_run(inputs: &Inputs, name: &str) -> Result<(), String> {
    match inputs.choice(name)?.as_str() {
        "current" => Ok(()),
        _ => Err(format!("`{name}` is `current` here: only artifacts of the same run can be fetched.")),
    }
}

async fn fetch(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    (name, patterns, path): (String, &str, &str),
    is_apart: bool,
) -> Result<Told, Unfinished> {
    let job = execution.job;
    let kept = kept(job)?;
    let known = kept.iter().map(|(name, _)| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ");
    let artifacts: Vec<_> =
        kept.into_iter().filter(|(it, _)| name.is_empty() || it.eq_ignore_ascii_case(&name)).collect();
    if artifacts.is_empty() {
        let there = if known.is_empty() { "It has none yet.".to_owned() } else { format!("There is {known}.") };
        let what = if name.is_empty() { "an artifact".to_owned() } else { format!("the artifact `{}`", shown(&name)) };
        return Err(format!("The run does not have {what}. {there}").into());
    }
    let to = place::destination(&job.workspace, &job.workspace.sources, &inputs.data(path))?;
    let patterns = Patterns::new(inputs.text(patterns), &to, Points::Taken)?;
    let download = Download { keep: job.keep.clone(), artifacts, to, patterns, is_apart };
    execution.reach.take_files(&job.plan);
    halt::work(execution, own, move |halt| download.carry_out(halt)).await
}

/// Returns the artifacts of the run, and of the one that it repeats. On failure, a sentence.
fn kept(job: &JobContext) -> Result<Vec<(String, String)>, String> {
    let own = job.keep.artifacts(&job.run).map_err(|error| format!("The artifacts can't be read: {error}."))?;
    // What the run has added to an artifact that it has taken comes after it, and wins.
    let taken = job.taken.iter().map(|artifact| (artifact.name.clone(), artifact.location.clone()));
    Ok(taken.chain(own).collect())
}

impl Download {
    fn carry_out(&self, halt: &Halt) -> Result<Told, String> {
        let mut told = Told::default();
        let mut count = 0;
        for (name, below) in &self.artifacts {
            let from = &self.keep.open(below).map_err(|error| format!("The artifact can't be fetched: {error}."))?;
            let root = if self.is_apart { self.to.join(name) } else { self.to.clone() };
            for path in tree(from, halt)?.files {
                halt.check()?;
                let seen = if self.is_apart { Path::new(name).join(&path) } else { path.clone() };
                if !self.patterns.holds(&seen) && !self.patterns.holds(&path) {
                    continue;
                }
                let fetched = put(&from.join(&path), &root, &path, true, false);
                fetched.map_err(|error| format!("`{}` can't be fetched: {error}.", shown(&path.to_string_lossy())))?;
                count += 1;
                if told.lines.len() < NAMED_MAX {
                    told.lines.push(format!("Fetched {}", seen.display()));
                }
            }
        }
        told.lines.push(format!("{count} files are in {}.", self.to.display()));
        if count == 0 {
            told.warnings.push("No file of the artifact is meant by the patterns.".to_owned());
        }
        Ok(told)
    }
}
