//! What a run knows of itself when it is queued: variables that conditions and expressions of stages and
//! jobs ask for before any worker has begun (reference, sections 4.3 and 4.5), and names with their values.

use super::{Pipeline, Trigger};
use crate::pipeline::plan::{Plan, Variable};
use crate::run;
use std::path::{Path, PathBuf};

/// What a folder has in it that is a repository; a file in a further working tree.
const MARK: &str = ".git";
/// The part of their names by which texts ask for the branch.
const ASKED: &str = "sourcebranch";
/// How branches are named in full.
const BRANCHES: &str = "refs/heads/";

/// Gives a plan what is known of its run: the variables that it was expanded with, of which those come first
/// that were set when the run was queued. They stand before those of the file, which win over them.
pub(super) fn complete(plan: &mut Plan, trigger: &Trigger<'_>, variables: Vec<(String, String)>) {
    plan.triggered_by = trigger.webhook.as_ref().map(|webhook| webhook.alias.to_owned());
    let set = trigger.variables.len();
    let variable = |(at, (name, value)): (usize, (String, String))| Variable {
        name,
        value: value.into(),
        read_only: at >= set,
        own_number: false,
        group: None,
    };
    let before: Vec<Variable> = variables.into_iter().enumerate().map(variable).collect();
    for group in &mut plan.groups {
        group.after += before.len();
    }
    plan.variables.splice(0..0, before);
    run::name_parts(plan);
}

/// Returns the predefined variables that are known before a run.
pub(super) fn variables(pipeline: &Pipeline, trigger: &Trigger<'_>) -> Vec<(String, String)> {
    let (reason, by) = if trigger.webhook.is_some() { ("ResourceTrigger", "webhook") } else { ("Manual", "hand") };
    let mut known = vec![
        ("Build.Reason", reason.to_owned()),
        ("Build.DefinitionName", pipeline.name.clone()),
        ("Build.QueuedBy", by.to_owned()),
        ("Build.RequestedFor", by.to_owned()),
        ("System.DefinitionName", pipeline.name.clone()),
        ("System.TeamProject", pipeline.name.clone()),
        ("System.HostType", "build".to_owned()),
    ];
    if let Some(webhook) = &trigger.webhook {
        known.push(("Resources.TriggeringAlias", webhook.alias.to_owned()));
        known.push(("Resources.TriggeringCategory", "webhook".to_owned()));
    }
    if let Some(branch) = pipeline.home.as_ref().and_then(|home| home.branch()) {
        let short = branch.strip_prefix(BRANCHES).unwrap_or(&branch);
        let short = short.rsplit('/').next().unwrap_or(short).to_owned();
        known.push(("Build.SourceBranchName", short));
        known.push(("Build.SourceBranch", branch));
    }
    known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The repository that holds a pipeline which asks for its branch.
#[derive(Debug)]
pub(super) struct Home(PathBuf);

impl Home {
    /// Returns the repository around a folder, if one of the texts asks for its branch.
    pub(super) fn of<'t>(folder: &Path, mut texts: impl Iterator<Item = &'t str>) -> Option<Self> {
        texts.any(|text| text.to_ascii_lowercase().contains(ASKED)).then_some(())?;
        let folder = std::fs::canonicalize(folder).ok()?;
        let mark = folder.ancestors().map(|it| it.join(MARK)).find(|it| it.exists())?;
        if mark.is_dir() {
            return Some(Self(mark));
        }
        let text = std::fs::read_to_string(&mark).ok()?;
        Some(Self(mark.parent()?.join(text.strip_prefix("gitdir:")?.trim())))
    }

    /// Returns the branch where the repository is now; `HEAD` where it is at none.
    fn branch(&self) -> Option<String> {
        let head = std::fs::read_to_string(self.0.join("HEAD")).ok()?;
        Some(head.strip_prefix("ref:").map_or("HEAD", str::trim).to_owned())
    }
}
