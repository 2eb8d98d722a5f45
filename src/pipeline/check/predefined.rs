//! Variables that every run has: their names are known, so that a misspelt one can be told.
//!
//! Any other name may be that of a variable which a step sets. One that begins like those of runs and is a slip away
//! from one of them is none of these.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Part, mistyped, shown};
use crate::expression::MACRO_NAME_MAX;
use crate::pipeline::value::author;
use crate::taint::Text;
use crate::template::{Content, Node};
use std::ops::Range;
use std::sync::Arc;

/// The names of predefined variables (reference, section 4.5), by what stands before the first dot.
const PREDEFINED: [(&str, &[&str]); 6] = [
    ("Agent", AGENT),
    ("Build", BUILD),
    ("Environment", &["Id", "Name", "ResourceId", "ResourceName"]),
    ("Pipeline", &["Workspace"]),
    ("Strategy", &["Action", "CycleName", "Increment", "Name"]),
    ("System", SYSTEM),
];

const AGENT: &[&str] = &[
    "BuildDirectory",
    "ContainerMapping",
    "HomeDirectory",
    "Id",
    "JobName",
    "JobStatus",
    "MachineName",
    "Name",
    "OS",
    "OSArchitecture",
    "RootDirectory",
    "TempDirectory",
    "ToolsDirectory",
    "Version",
    "WorkFolder",
];

const BUILD: &[&str] = &[
    "ArtifactStagingDirectory",
    "BinariesDirectory",
    "BuildId",
    "BuildNumber",
    "BuildUri",
    "ContainerId",
    "CronSchedule.DisplayName",
    "DefinitionId",
    "DefinitionName",
    "DefinitionVersion",
    "QueuedBy",
    "QueuedById",
    "Reason",
    "Repository.Clean",
    "Repository.Git.SubmoduleCheckout",
    "Repository.ID",
    "Repository.LocalPath",
    "Repository.Name",
    "Repository.Provider",
    "Repository.Uri",
    "RequestedFor",
    "RequestedForEmail",
    "RequestedForId",
    "SourceBranch",
    "SourceBranchName",
    "SourceVersion",
    "SourceVersionMessage",
    "SourcesDirectory",
    "StagingDirectory",
    "TriggeredBy.BuildId",
    "TriggeredBy.BuildNumber",
    "TriggeredBy.DefinitionId",
    "TriggeredBy.DefinitionName",
    "TriggeredBy.ProjectID",
];

const SYSTEM: &[&str] = &[
    "AccessToken",
    "ArtifactsDirectory",
    "CollectionId",
    "CollectionUri",
    "Debug",
    "DefaultWorkingDirectory",
    "DefinitionId",
    "DefinitionName",
    "HostType",
    "JobAttempt",
    "JobDisplayName",
    "JobId",
    "JobIdentifier",
    "JobName",
    "JobPositionInPhase",
    "OidcRequestUri",
    "PhaseAttempt",
    "PhaseDisplayName",
    "PhaseName",
    "PipelineStartTime",
    "PlanId",
    "PullRequest.IsFork",
    "PullRequest.PullRequestId",
    "PullRequest.PullRequestNumber",
    "PullRequest.SourceBranch",
    "PullRequest.SourceCommitId",
    "PullRequest.SourceRepositoryURI",
    "PullRequest.TargetBranch",
    "PullRequest.TargetBranchName",
    "PullRequest.MergedAt",
    "StageAttempt",
    "StageDisplayName",
    "StageName",
    "TaskInstanceId",
    "TeamFoundationCollectionUri",
    "TeamProject",
    "TeamProjectId",
    "TimelineId",
    "TotalJobsInPhase",
];

/// How a text names a variable: what stands before the name and behind it.
const MACRO: (&str, char) = ("$(", ')');
const MEMBER: (&str, char) = ("variables['", '\'');

/// Warns of every variable in a document that is meant as one of those that each run has, and is none.
pub(in crate::pipeline) fn check(document: &Node, diagnostics: &mut Diagnostics) {
    match &document.content {
        Content::Scalar(scalar) => {
            text(document, &scalar.text, MACRO, diagnostics);
            if author(&scalar.text).starts_with("$[") {
                text(document, &scalar.text, MEMBER, diagnostics);
            }
        }
        Content::Sequence(items) => items.iter().for_each(|item| check(item, diagnostics)),
        Content::Mapping(entries) => {
            for entry in entries {
                check(&entry.value, diagnostics);
                if let Content::Scalar(scalar) = &entry.value.content
                    && author(&entry.key) == "condition"
                {
                    text(&entry.value, &scalar.text, MEMBER, diagnostics);
                }
            }
        }
    }
}

fn text(node: &Node, text: &Text, (before, behind): (&str, char), diagnostics: &mut Diagnostics) {
    let mut start = 0;
    for segment in text.segments() {
        let written = if segment.is_tainted() { "" } else { &*segment.text };
        for (at, _) in written.match_indices(before) {
            let begin = at + before.len();
            let near = &written[begin..written.floor_char_boundary(begin + MACRO_NAME_MAX)];
            let Some(name) = near.split(behind).next() else { continue };
            if let Some(meant) = meant(name) {
                let range = start + begin..start + begin + name.len();
                diagnostics.push(unknown(node, text, name, meant, range));
            }
        }
        start += segment.text.len();
    }
}

fn unknown(node: &Node, text: &Text, name: &str, meant: String, range: Range<usize>) -> Diagnostic {
    let label = "runs have no variable of this name";
    let title = format!("there is no variable `{}`", shown(name));
    let unknown = Diagnostic::warning(Code::UnknownName, title, node.span, format!("here: `{}`", shown(name)));
    let part = Part { text: Arc::from(&*text.flatten()), range, label: Some(label.to_owned()) };
    Diagnostic { part: Some(part), ..unknown }.help(crate::diagnostic::meant(&meant))
}

/// Returns the predefined variable that a name is meant to be, if it is none.
fn meant(name: &str) -> Option<String> {
    let (beginning, rest) = name.split_once('.')?;
    let (_, known) = PREDEFINED.iter().find(|(known, _)| known.eq_ignore_ascii_case(beginning))?;
    if known.iter().any(|known| known.eq_ignore_ascii_case(rest)) {
        return None;
    }
    mistyped(rest, known.iter().copied()).map(|meant| format!("{beginning}.{meant}"))
}
