//! Runs of other pipelines that a job takes artifacts from (reference, section 9.2): which they are, that
//! their files stay while they are needed, and what is known of them.
//!
//! The latest run is the latest that had ended when this run was queued: all jobs of it, whenever they
//! begin, see the same one. The store counts the runs that end, so no setting of a clock makes it another one.

use super::context::JobContext;
use super::desk::Desk;
use super::journal::Broken;
use super::predefined;
use super::variables::{Setting, Variables};
use crate::diagnostic::shown;
use crate::id::RunId;
use crate::pipeline::plan::{PipelineResource, pipeline_name};
use crate::run::{RunResult, State};
use crate::store::{Error, LOAN, Other, Run, RunQuery, Sought, Store, Which};

/// How many runs of a pipeline are named where none of them is the one that is sought.
const NAMED_MAX: usize = 5;
/// Among how many of the latest runs is looked for the names of pipelines.
const LOOKED_AT_MAX: usize = 200;
/// What begins the id of a run.
const ID: &str = "run_";

/// Returns the run that a pipeline resource stands for, the same one in all jobs of a run. Otherwise a
/// sentence.
pub(super) async fn of_resource(
    desk: &mut Desk<'_>,
    job: &JobContext,
    resource: &PipelineResource,
) -> Result<Result<Other, String>, Broken> {
    let pipeline = pipeline_name(&resource.source);
    let name = format!("{LOAN}{}", resource.alias.to_ascii_lowercase());
    let mut agreed = desk.agree(&name, None).await?;
    if agreed.is_none() {
        let which = match &resource.version {
            Some(version) => Which::Named(version.clone()),
            None => latest(job, vec![RunResult::Succeeded], resource.tags.clone()),
        };
        match desk.seek(&Sought { pipeline: pipeline.clone(), which }).await? {
            Ok(other) => agreed = desk.agree(&name, Some(other.run.id.as_str())).await?,
            Err(sentence) => return Ok(Err(sentence)),
        }
    }
    let id = RunId::from_stored(&agreed.unwrap_or_default());
    desk.seek(&Sought { pipeline, which: Which::Id(id) }).await
}

/// Returns the run that a step seeks, whose files stay until this run is completed. Otherwise a sentence.
pub(super) async fn of_step(desk: &mut Desk<'_>, sought: Sought) -> Result<Result<Other, String>, Broken> {
    let other = match desk.seek(&sought).await? {
        Ok(other) => other,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let id = other.run.id;
    desk.agree(&format!("{LOAN}{ID}{id}"), Some(id.as_str())).await?;
    // What went before that was known has gone.
    desk.seek(&Sought { which: Which::Id(id), ..sought }).await
}

/// Returns what the latest run is that ended so.
pub(super) fn latest(job: &JobContext, results: Vec<RunResult>, tags: Vec<String>) -> Which {
    Which::Latest { results, seeker: job.run.clone(), tags }
}

/// Returns the run that a number or an id names. Otherwise a sentence.
pub(super) fn named(text: &str) -> Result<Which, String> {
    if text.starts_with(ID) {
        return Ok(Which::Id(RunId::from_stored(text)));
    }
    text.parse()
        .map(Which::Number)
        .map_err(|_| format!("`{}` is neither the number of a run in its pipeline nor an id, `{ID}…`.", shown(text)))
}

/// Sets the variables of the pipeline resources (reference, section 4.5). Returns a sentence for each that
/// stands for no run.
pub(super) async fn set_variables(
    variables: &mut Variables,
    job: &JobContext,
    desk: &mut Desk<'_>,
) -> Result<Vec<String>, Broken> {
    let mut lacking = Vec::new();
    for resource in &job.plan.resources.pipelines {
        match of_resource(desk, job, resource).await? {
            Ok(other) => set(variables, &resource.alias, &other),
            Err(sentence) => {
                lacking
                    .push(format!("The pipeline resource `{}` stands for no run. {sentence}", shown(&resource.alias)));
            }
        }
    }
    Ok(lacking)
}

fn set(variables: &mut Variables, alias: &str, other: &Other) {
    let Run { id, number, pipeline, name, delivery, queued_at, .. } = &other.run;
    let by = if delivery.is_some() { "webhook" } else { "hand" };
    let all = [
        ("projectName", pipeline.as_str().into()),
        ("projectID", pipeline.as_str().into()),
        ("pipelineName", pipeline.as_str().into()),
        ("pipelineID", pipeline.as_str().into()),
        ("runName", predefined::run_name(&other.plan, *queued_at, name, &other.plan.variables)),
        ("runID", number.to_string().into()),
        ("runURI", predefined::run_address(id).into()),
        ("requestedFor", by.into()),
        ("requestedForID", by.into()),
    ];
    for (name, value) in all {
        let name = format!("Resources.Pipeline.{alias}.{name}");
        variables.apply(Setting { is_read_only: true, ..Setting::plain(&name, value) });
    }
}

/// Returns the run that is sought in a store; otherwise a sentence that says what there is.
pub(super) async fn seek(store: &dyn Store, sought: &Sought) -> Result<Result<Other, String>, Error> {
    if let Some(other) = store.other(sought).await? {
        return Ok(Ok(other));
    }
    let name = shown(&sought.pipeline);
    let limit = NAMED_MAX;
    let runs = store.runs(RunQuery { pipeline: Some(sought.pipeline.clone()), limit, ..RunQuery::default() }).await?;
    if runs.is_empty() {
        let latest = store.runs(RunQuery { limit: LOOKED_AT_MAX, ..RunQuery::default() }).await?;
        let mut names: Vec<String> = latest.into_iter().map(|run| run.pipeline).collect();
        names.sort();
        names.dedup();
        let names: Vec<String> = names.iter().map(|name| format!("`{}`", shown(name))).collect();
        return Ok(Err(format!("No run of the pipeline `{name}` is known. There are runs of {}.", names.join(", "))));
    }
    let what = match &sought.which {
        Which::Latest { results, tags, .. } => {
            let results: Vec<&str> = results.iter().map(|result| result.word()).collect();
            let tagged: Vec<String> = tags.iter().map(|tag| format!("`{}`", shown(tag))).collect();
            let tagged = if tags.is_empty() { String::new() } else { format!(" with the tags {}", tagged.join(", ")) };
            format!("that was {} before this one was queued{tagged}", results.join(" or "))
        }
        Which::Named(name) => format!("with the name `{}` that is completed", shown(name)),
        Which::Number(number) => format!("with the number {number}"),
        Which::Id(id) => format!("with the id `{}`", shown(id.as_str())),
    };
    let known: Vec<String> = runs.iter().map(described).collect();
    Ok(Err(format!("The pipeline `{name}` has no run {what}. Its latest are {}.", known.join(", "))))
}

fn described(run: &Run) -> String {
    let how = run.result.map_or_else(|| State::word(run.state), |result| result.word());
    format!("#{} `{}` ({how})", run.number, shown(&run.name))
}
