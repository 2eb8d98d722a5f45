//! The tasks that pipehook knows: names, versions and inputs, as data.
//!
//! A task is named `Name@major`, in any case, or `GUID@major` (reference, section 6.2). Inputs
//! have one name each and may have others; a default stands here where the task has one, so that
//! whoever runs the task need not know it again.
//!
//! ```text
//! script  tasks that run a script
//! file    copying, archives, artifacts, results, caches
//! tool    tasks that find a tool, or call one
//! call    which arguments those give it
//! choice  inputs that take one of a few words
//! package tasks that are installed beside these
//! visible when an input of those means anything
//! trust   what payload text may be in which input
//! ```

pub mod call;
mod choice;
mod file;
pub mod package;
mod script;
mod tool;
mod trust;
mod visible;

pub use choice::{DECISIVE, choices};
pub use trust::Role;

use super::model::ResourceKind;
use crate::taint::Text;

/// A task.
#[derive(Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub name: &'static str,
    /// The GUID that also names it, in lower case; versions of one GUID may differ in their names.
    pub id: Option<&'static str>,
    /// The major versions that mean the same here.
    pub majors: &'static [u32],
    /// What it takes.
    pub inputs: &'static [Input],
}

/// An input of a task.
#[derive(Debug, PartialEq, Eq)]
pub struct Input {
    /// The name.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// Its value where none is given.
    pub default: &'static str,
    /// When it must be given.
    pub required: Required,
}

/// When an input must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Never.
    No,
    /// Always.
    Yes,
    /// When another input has a value.
    When(&'static str, &'static str),
}

/// A keyword that stands for a task.
#[derive(Debug)]
pub(super) struct Shortcut {
    pub(super) keyword: &'static str,
    pub(super) task: &'static str,
    pub(super) version: &'static str,
    /// The input that the keyword's value is for.
    pub(super) input: &'static str,
    /// Keys of the step, and the inputs that they are for.
    pub(super) inputs: &'static [(&'static str, &'static str)],
    /// The kind of resource that the keyword's value names.
    pub(super) resource: Option<ResourceKind>,
    /// The input for the resource's alias, and one that says that it is a resource.
    pub(super) alias_input: &'static str,
    pub(super) resource_input: Option<(&'static str, &'static str)>,
}

/// Which tasks the shortcuts stand for (reference, section 2.7).
pub(super) const SHORTCUTS: &[Shortcut] = &[
    Shortcut {
        keyword: "publish",
        task: "PublishPipelineArtifact",
        version: "1",
        input: "targetPath",
        inputs: &[("artifact", "artifact")],
        resource: None,
        alias_input: "",
        resource_input: None,
    },
    Shortcut {
        keyword: "download",
        task: "DownloadPipelineArtifact",
        version: "2",
        input: "source",
        inputs: &[("artifact", "artifact"), ("patterns", "patterns"), ("path", "path")],
        resource: Some(ResourceKind::Pipeline),
        alias_input: "alias",
        resource_input: Some(("source", "specific")),
    },
    Shortcut {
        keyword: "downloadBuild",
        task: "DownloadBuildArtifacts",
        version: "1",
        input: "definition",
        inputs: &[("artifact", "artifactName"), ("path", "downloadPath"), ("patterns", "itemPattern")],
        resource: Some(ResourceKind::Build),
        alias_input: "definition",
        resource_input: Some(("buildType", "specific")),
    },
    Shortcut {
        keyword: "getPackage",
        task: "DownloadPackage",
        version: "1",
        input: "definition",
        inputs: &[("path", "downloadPath")],
        resource: Some(ResourceKind::Package),
        alias_input: "definition",
        resource_input: None,
    },
    Shortcut {
        keyword: "reviewApp",
        task: "ReviewApp",
        version: "0",
        input: "resourceName",
        inputs: &[],
        resource: None,
        alias_input: "",
        resource_input: None,
    },
];

/// The endings of archives that can be unpacked; what is a tar in them has `.tar` before.
pub const ARCHIVE_ENDINGS: &[&str] = &[
    ".zip", ".tar", ".gz", ".bz2", ".xz", ".tgz", ".taz", ".tbz2", ".tbz", ".tb2", ".txz", ".jar", ".war", ".ear",
    ".nupkg", ".whl", ".vsix", ".7z",
];

/// The programs for archives of 7z, the first that is there.
pub const SEVEN_ZIP: [&str; 3] = ["7z", "7za", "7zz"];

/// Returns every task that is known.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    script::TASKS.iter().chain(file::TASKS).chain(tool::TASKS)
}

/// Returns the task of a name, ignoring case.
pub fn find(name: &str) -> Option<&'static Definition> {
    all().find(|task| task.name.eq_ignore_ascii_case(name))
}

/// Returns the task that a name or GUID means together with a major version; where no version
/// fits, one of that name all the same.
pub fn find_version(name: &str, major: u32) -> Option<&'static Definition> {
    let is_named = |task: &&Definition| {
        task.name.eq_ignore_ascii_case(name) || task.id.is_some_and(|id| id.eq_ignore_ascii_case(name))
    };
    all().filter(is_named).find(|task| task.majors.contains(&major)).or_else(|| all().find(is_named))
}

impl Input {
    /// Returns what the input says where this is written: where it is nothing, the default.
    pub fn value(&self, written: Option<&Text>) -> Text {
        written.filter(|text| !text.is_nothing()).map_or_else(|| self.default.into(), Text::clone)
    }
}

impl Definition {
    /// Returns the input of a name, ignoring case.
    pub fn input(&self, name: &str) -> Option<&'static Input> {
        let is_called = |known: &&str| known.eq_ignore_ascii_case(name);
        self.inputs.iter().find(|input| is_called(&input.name) || input.aliases.iter().any(&is_called))
    }

    /// Says whether the input of a name is yes or no.
    pub fn is_flag(&self, name: &str) -> bool {
        self.input(name).is_some_and(|input| matches!(input.default, "true" | "false"))
    }
}

const fn task(name: &'static str, id: &'static str, majors: &'static [u32], inputs: &'static [Input]) -> Definition {
    Definition { name, id: if id.is_empty() { None } else { Some(id) }, majors, inputs }
}

const fn input(name: &'static str, aliases: &'static [&'static str], default: &'static str) -> Input {
    Input { name, aliases, default, required: Required::No }
}

const fn required(name: &'static str, aliases: &'static [&'static str]) -> Input {
    Input { name, aliases, default: "", required: Required::Yes }
}

const fn required_when(name: &'static str, other: &'static str, value: &'static str) -> Input {
    Input { name, aliases: &[], default: "", required: Required::When(other, value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_mean_one_task_each() {
        for task in all() {
            for major in task.majors {
                assert_eq!(find_version(task.name, *major), Some(task));
                if let Some(id) = task.id {
                    assert_eq!(find_version(&id.to_uppercase(), *major), Some(task), "{}", task.name);
                }
            }
        }
    }

    #[test]
    fn no_two_inputs_of_a_task_share_a_name() {
        for task in all() {
            let mut names: Vec<String> = task
                .inputs
                .iter()
                .flat_map(|input| std::iter::once(&input.name).chain(input.aliases))
                .map(|name| name.to_ascii_lowercase())
                .collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "{}", task.name);
        }
    }

    #[test]
    fn a_condition_of_an_input_names_an_input() {
        for task in all() {
            for input in task.inputs {
                if let Required::When(other, _) = input.required {
                    assert!(task.input(other).is_some(), "{} {}", task.name, input.name);
                }
            }
        }
    }

    #[test]
    fn shortcuts_stand_for_tasks_and_inputs_that_exist() {
        for shortcut in SHORTCUTS {
            let task = find(shortcut.task).expect("the task is known");
            let inputs = shortcut.inputs.iter().map(|(_, input)| *input).chain([shortcut.input]);
            let inputs = inputs.chain(Some(shortcut.alias_input).filter(|input| !input.is_empty()));
            for input in inputs {
                assert!(task.input(input).is_some(), "{} {input}", shortcut.keyword);
            }
        }
    }
}
