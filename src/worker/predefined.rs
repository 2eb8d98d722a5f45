//! The variables that every job has (reference, section 4.5). They win over the author's.

use super::context::JobContext;
use super::variables::Variables;
use crate::run::RunResult;
use crate::taint::Text;
use std::path::Path;

/// The variable that tells how well the job goes so far.
const JOB_STATUS: &str = "Agent.JobStatus";

/// Sets the predefined variables of a job. Those that show names of the author's keep what they
/// know of payloads.
pub(super) fn set(variables: &mut Variables, job: &JobContext) {
    for (name, value) in names(job) {
        variables.set(name, value);
    }
    for (name, folder) in folders(job) {
        variables.set(name, path(folder));
    }
    set_status(variables, RunResult::Succeeded);
}

/// Tells how well the job goes so far.
pub(super) fn set_status(variables: &mut Variables, status: RunResult) {
    variables.set(JOB_STATUS, status.expression_word().into());
}

fn names(job: &JobContext) -> Vec<(&'static str, Text)> {
    let stage = job.stage();
    let own = job.job();
    let reason = if job.delivery.is_some() { "ResourceTrigger" } else { "Manual" };
    vec![
        ("Agent.JobName", own.display_name.clone()),
        ("Agent.Name", job.host.name.clone().into()),
        ("Agent.OS", operating_system().into()),
        ("Agent.OSArchitecture", architecture().into()),
        ("Agent.Version", env!("CARGO_PKG_VERSION").into()),
        ("Build.BuildId", job.number.to_string().into()),
        ("Build.BuildNumber", run_name(job)),
        ("Build.DefinitionName", job.plan.pipeline.as_str().into()),
        ("Build.Reason", reason.into()),
        ("System.DefinitionName", job.plan.pipeline.as_str().into()),
        ("System.HostType", "build".into()),
        ("System.JobAttempt", job.attempt.to_string().into()),
        ("System.JobDisplayName", own.display_name.clone()),
        ("System.JobId", job.id.as_str().into()),
        ("System.JobName", own.name.as_str().into()),
        ("System.PhaseAttempt", job.attempt.to_string().into()),
        ("System.PhaseDisplayName", own.display_name.clone()),
        ("System.PhaseName", own.name.as_str().into()),
        ("System.PipelineStartTime", job.queued_at.to_string().into()),
        ("System.PlanId", job.run.as_str().into()),
        ("System.StageAttempt", "1".into()),
        ("System.StageDisplayName", stage.display_name.clone()),
        ("System.StageName", stage.name.as_str().into()),
    ]
}

/// Returns the run's name. Its pattern may have taken payload text in through any variable.
fn run_name(job: &JobContext) -> Text {
    let parts = std::iter::once(&job.plan.name).chain(job.plan.variables.iter().map(|variable| &variable.value));
    let tainted = parts.into_iter().find(|part| part.is_tainted());
    tainted.map_or_else(|| job.name.as_str().into(), |part| part.derive(job.name.as_str()))
}

fn folders(job: &JobContext) -> [(&'static str, &Path); 12] {
    let folders = &job.workspace;
    [
        ("Agent.BuildDirectory", &folders.root),
        ("Agent.TempDirectory", &folders.temporary),
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
