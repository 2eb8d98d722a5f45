//! What the language has and no worker can do yet: one table. A row is removed when a worker
//! learns what it names; until then a run that needs it is refused before it is queued, so that
//! nothing is passed over in silence.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};

/// Something that a run may need of whoever executes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capability {
    /// A template that expansion has left.
    Templates,
    /// Artifacts of another system.
    Build,
    ManualStage,
    Checks,
    ResourcesContext,
    /// A task of the registry.
    Task(&'static str),
}

use Capability as C;

pub(super) const AS_SCRIPT: &str = "write a `script` or `bash` step that does the same";

/// What is missing, how it is called, and what to do instead.
const MISSING: &[(Capability, &str, &str)] = &[
    (C::Templates, "`template`", "write what the template has in this file"),
    (C::Build, "a build of another system", "fetch its artifacts in a `script` step"),
    (
        C::ManualStage,
        "`trigger: manual`",
        "begin the stage with a job that has `pool: server` and asks by `ManualValidation@1`",
    ),
    (C::Checks, "`checks`", "check what you need in a job of the stage before"),
    (
        C::ResourcesContext,
        "`resources` in `$[ ]`",
        "write a repository's name or branch itself; steps find what is known of pipelines in variables: `$(resources.pipeline.<alias>.runName)`",
    ),
];

/// The tasks that workers can run. Those that only run an inline script need not be here: they
/// are scripts.
const TASKS: &[&str] = &[
    "ArchiveFiles",
    "Bash",
    "CMake",
    "Cache",
    "CopyFiles",
    "Delay",
    "DeleteFiles",
    "Docker",
    "DotNetCoreCLI",
    "DownloadBuildArtifacts",
    "DownloadPipelineArtifact",
    "ExtractFiles",
    "Go",
    "GoTool",
    "Gradle",
    "JavaToolInstaller",
    "MSBuild",
    "ManualValidation",
    "Maven",
    "NodeTool",
    "Npm",
    "PowerShell",
    "PublishBuildArtifacts",
    "PublishCodeCoverageResults",
    "PublishPipelineArtifact",
    "PublishTestResults",
    "PythonScript",
    "ShellScript",
    "UseDotNet",
    "UseNode",
    "UsePythonVersion",
    "VSBuild",
];

/// What to do in place of a task that no machine of ours can run.
const INSTEAD: &[(&str, &str)] =
    &[("BatchScript", "cmd is a program of Windows: write a `script`, `bash` or `pwsh` step that does the same")];

/// Says whether workers can run a task of the registry.
pub(super) fn is_executable(task: &str) -> bool {
    TASKS.contains(&task) || task == "CmdLine"
}

/// Reports what no worker can do.
pub(super) fn need(capability: Capability, span: Span, diagnostics: &mut Diagnostics) {
    let row = MISSING.iter().find(|(missing, ..)| *missing == capability);
    let missing = match capability {
        Capability::Task(name) if TASKS.contains(&name) => None,
        Capability::Task(name) => {
            let instead = INSTEAD.iter().find(|(task, _)| *task == name).map_or(AS_SCRIPT, |(_, instead)| instead);
            Some((format!("the task `{name}`"), instead))
        }
        _ => row.map(|(_, what, help)| ((*what).to_owned(), *help)),
    };
    if let Some((what, help)) = missing {
        let title = format!("{what} is not supported by this version");
        diagnostics.push(Diagnostic::error(Code::Unsupported, title, span, "this would be passed over").help(help));
    }
}
