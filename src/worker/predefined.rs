//! The variables that every job has (reference, section 4.5). They win over the author's.

use super::context::JobContext;
use super::variables::{Setting, Variables};
use crate::id::RunId;
use crate::pipeline::plan::{Plan, RUN_NAME, Variable};
use crate::run::{RunResult, tainted_by};
use crate::taint::Text;
use jiff::Timestamp;
use std::path::Path;

/// The variable that tells how well the job goes so far.
const JOB_STATUS: &str = "Agent.JobStatus";
/// Where addresses of what is here begin: a worker knows no server.
const SERVER: &str = "pipehook:///";

/// Sets the predefined variables of a job. Those that show names of the author's keep what they
/// know of payloads.
pub(super) fn set(variables: &mut Variables, job: &JobContext) {
    let folders = folders(job).map(|(name, folder)| (name, path(folder)));
    let fixed = names(job).into_iter().chain(of_deployment(job)).chain(folders);
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value));
    for (name, value) in fixed.chain(of_trigger(job)) {
        variables.apply(Setting { is_read_only: true, ..Setting::plain(&name, value) });
    }
    set_status(variables, RunResult::Succeeded);
}

/// Tells how well the job goes so far.
pub(super) fn set_status(variables: &mut Variables, status: RunResult) {
    let value = status.expression_word().into();
    variables.apply(Setting { is_read_only: true, ..Setting::plain(JOB_STATUS, value) });
}

/// Tells the run's name, which a step has changed.
pub(super) fn set_run_name(variables: &mut Variables, name: Text) {
    variables.apply(Setting { is_read_only: true, ..Setting::plain(RUN_NAME, name) });
}

fn names(job: &JobContext) -> Vec<(&'static str, Text)> {
    let stage = job.stage();
    let own = job.job();
    let leg = job.leg();
    // What tells the leg from others in the ids of the reference; a job that is one leg has this.
    let leg_name = leg.name().unwrap_or("__default".into());
    let job_name = leg.name().unwrap_or(own.name.as_str().into()).into_owned();
    let is_triggered = job.delivery.is_some();
    let reason = if is_triggered { "ResourceTrigger" } else { "Manual" };
    let requested_for = if is_triggered { "webhook" } else { "hand" };
    let attempt = job.attempt.to_string();
    vec![
        ("Agent.Id", "1".into()),
        ("Agent.JobName", leg.display_name()),
        ("Agent.MachineName", job.host.name.clone().into()),
        ("Agent.Name", job.host.name.clone().into()),
        ("Agent.OS", operating_system().into()),
        ("Agent.OSArchitecture", architecture().into()),
        ("Agent.Version", env!("CARGO_PKG_VERSION").into()),
        ("Build.BuildId", job.number.to_string().into()),
        (RUN_NAME, run_name(&job.plan, job.queued_at, &job.name, &job.plan.variables)),
        ("Build.BuildUri", run_address(&job.run).into()),
        ("Build.DefinitionName", job.plan.pipeline.as_str().into()),
        ("Build.DefinitionVersion", "1".into()),
        ("Build.QueuedBy", requested_for.into()),
        ("Build.QueuedById", requested_for.into()),
        ("Build.Reason", reason.into()),
        ("Build.RequestedFor", requested_for.into()),
        ("Build.RequestedForEmail", format!("{requested_for}@{}", job.host.name).into()),
        ("Build.RequestedForId", requested_for.into()),
        ("System.CollectionUri", SERVER.into()),
        ("System.DefinitionId", job.plan.pipeline.as_str().into()),
        ("System.DefinitionName", job.plan.pipeline.as_str().into()),
        ("System.HostType", "build".into()),
        ("System.JobAttempt", attempt.clone().into()),
        ("System.JobDisplayName", leg.display_name()),
        ("System.JobId", job.id.as_str().into()),
        ("System.JobIdentifier", format!("{}.{}.{leg_name}", stage.name, own.name).into()),
        ("System.JobName", job_name.into()),
        ("System.JobPositionInPhase", (job.leg + 1).to_string().into()),
        ("System.PhaseAttempt", attempt.into()),
        ("System.PhaseDisplayName", own.display_name.clone()),
        ("System.PhaseName", own.name.as_str().into()),
        ("System.PipelineStartTime", job.queued_at.to_string().into()),
        ("System.PlanId", job.run.as_str().into()),
        ("System.StageAttempt", "1".into()),
        ("System.StageDisplayName", stage.display_name.clone()),
        ("System.StageName", stage.name.as_str().into()),
        ("System.TeamFoundationCollectionUri", SERVER.into()),
        ("System.TeamProject", job.plan.pipeline.as_str().into()),
        ("System.TeamProjectId", job.plan.pipeline.as_str().into()),
        ("System.TimelineId", job.run.as_str().into()),
        ("System.TotalJobsInPhase", own.width().to_string().into()),
    ]
}

/// Returns what only a run has that a webhook has started.
fn of_trigger(job: &JobContext) -> Vec<(String, Text)> {
    let Some(alias) = &job.plan.triggered_by else { return Vec::new() };
    let named = |name: &str, value: &str| (format!("Resources.{name}"), value.into());
    let mut all = vec![named("TriggeringAlias", alias), named("TriggeringCategory", "webhook")];
    let delivery = job.delivery.iter();
    all.extend(delivery.map(|delivery| named(&format!("Webhook.{alias}.Delivery"), delivery.as_str())));
    all
}

/// Returns what only deployment jobs have.
fn of_deployment(job: &JobContext) -> Vec<(&'static str, Text)> {
    let Some(deployment) = &job.job().deployment else { return Vec::new() };
    let mut all = vec![("Strategy.Name", deployment.rollout.key().into())];
    if let Some(turn) = job.leg().turn() {
        all.push(("Strategy.Action", turn.hook.point.action().into()));
        all.push(("Strategy.CycleName", turn.hook.point.cycle().word().into()));
        all.extend(turn.increment.map(|increment| ("Strategy.Increment", increment.to_string().into())));
    }
    if let Some(environment) = &deployment.environment {
        all.push(("Environment.Name", environment.name.clone()));
        all.extend(environment.resource_name.iter().map(|name| ("Environment.ResourceName", name.clone())));
        all.extend(environment.resource_id.iter().map(|id| ("Environment.ResourceId", id.clone())));
    }
    all
}

/// Returns a run's name, where its variables have these values. Payload text may be in it: by its pattern, or since
/// a step of another job has given it.
pub(super) fn run_name(plan: &Plan, queued_at: Timestamp, name: &str, variables: &[Variable]) -> Text {
    let tainted = tainted_by(plan, queued_at, name, variables);
    tainted.map_or_else(|| name.into(), |origin| Text::tainted(name, origin))
}

/// Returns the address of a run.
pub(super) fn run_address(run: &RunId) -> String {
    format!("{SERVER}runs/{run}")
}

fn folders(job: &JobContext) -> [(&'static str, &Path); 15] {
    let folders = &job.workspace;
    [
        ("Agent.BuildDirectory", &folders.root),
        ("Agent.HomeDirectory", &folders.work),
        ("Agent.RootDirectory", &folders.work),
        ("Agent.TempDirectory", &folders.temporary),
        ("Agent.ToolsDirectory", &folders.tools),
        ("Agent.WorkFolder", &folders.work),
        ("Build.ArtifactStagingDirectory", &folders.staging),
        ("Build.BinariesDirectory", &folders.binaries),
        ("Build.Repository.LocalPath", &folders.sources),
        ("Build.SourcesDirectory", &folders.sources),
        ("Build.StagingDirectory", &folders.staging),
        ("Common.TestResultsDirectory", &folders.test_results),
        ("Pipeline.Workspace", &folders.root),
        ("System.ArtifactsDirectory", &folders.staging),
        ("System.DefaultWorkingDirectory", &folders.sources),
    ]
}

fn path(path: &Path) -> Text {
    path.to_string_lossy().into_owned().into()
}

fn operating_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "Darwin",
        "windows" => "Windows_NT",
        _ => "Linux",
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "X64",
        "aarch64" => "ARM64",
        "x86" => "X86",
        _ => "ARM",
    }
}
