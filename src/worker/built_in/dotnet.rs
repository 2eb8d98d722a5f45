//! What `DotNetCoreCLI` does beside calling its tool: which projects are for the web, where each is published
//! to, the zips of what was published, and the versions of packages.

use super::super::environment::Environment;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pack::{Archive, Form};
use super::tree::tree;
use super::{Ending, Own, Told, conclude, place};
use crate::diagnostic::{shown, shown_path};
use crate::files::with_patience;
use crate::pipeline::plan::RUN_NAME;
use crate::pipeline::task::call::published::{arguments, output};
use crate::shell::environment_name;
use crate::taint::Text;
use crate::worker::workspace::Workspace;
use jiff::Timestamp;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most bytes of a project's file that are looked at.
const PROJECT_MAX: u64 = 1024 * 1024;
/// What a project's file names that is for the web, in lower case.
const WEB: &str = "microsoft.net.sdk.web";
/// The folder that a project is published to where nothing is said.
const PUBLISH: &str = "publish";

/// Returns the projects that are for the web, as the task itself finds out: those that have something beside them
/// that says so, and where there are none those whose file does.
pub(super) fn for_web(mut projects: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_beside = |project: &PathBuf, name: &str| project.parent().is_some_and(|folder| folder.join(name).exists());
    let shown: Vec<PathBuf> =
        projects.iter().filter(|it| is_beside(it, "web.config") || is_beside(it, "wwwroot")).cloned().collect();
    if !shown.is_empty() {
        return shown;
    }
    projects.retain(|project| names_web(project));
    projects
}

fn names_web(project: &Path) -> bool {
    let mut text = Vec::new();
    let read = std::fs::File::open(project).and_then(|file| file.take(PROJECT_MAX).read_to_end(&mut text));
    read.is_ok() && String::from_utf8_lossy(&text).to_ascii_lowercase().contains(WEB)
}

/// What was published and is to be a zip.
pub(in super::super) struct Published {
    workspace: Workspace,
    /// The file with the numbers of the projects whose publishing succeeded.
    done: PathBuf,
    /// Each with the numbers of the projects that are published to it.
    folders: Vec<(Folder, Vec<usize>)>,
    /// Whether the zip stays in the folder; else it replaces it.
    stays: bool,
}

#[derive(PartialEq, Eq)]
enum Folder {
    Named(PathBuf),
    /// The first `publish` below the folder of a project.
    Below(PathBuf),
}

impl Published {
    /// Returns what will be published for some projects, from a folder. On failure, a sentence.
    pub(super) fn new<'p>(
        (workspace, done): (&Workspace, PathBuf),
        directory: &Path,
        (written, is_apart): (&Text, bool),
        projects: impl Iterator<Item = Option<&'p Path>>,
    ) -> Result<Self, String> {
        let mut folders: Vec<(Folder, Vec<usize>)> = Vec::new();
        let mut stays = false;
        for (number, project) in projects.enumerate() {
            let words = arguments(written, is_apart, project);
            let folder = match output(&words) {
                Some(at) => Folder::Named(place::destination(workspace, directory, &words[at].flatten())?),
                None => Folder::Below(project.and_then(Path::parent).unwrap_or(directory).to_owned()),
            };
            stays |= !is_apart && matches!(folder, Folder::Named(_));
            match folders.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, numbers)) => numbers.push(number),
                None => folders.push((folder, vec![number])),
            }
        }
        Ok(Self { workspace: workspace.clone(), done, folders, stays })
    }

    /// Returns the file with the numbers of the projects whose publishing succeeded.
    pub(super) fn done(&self) -> &Path {
        &self.done
    }

    fn carry_out(&self, halt: &Halt) -> Result<Told, String> {
        let mut told = Told::default();
        // Without it none has succeeded.
        let done = std::fs::read_to_string(&self.done).unwrap_or_default();
        let done: Vec<usize> = done.lines().filter_map(|number| number.parse().ok()).collect();
        for (folder, _) in self.folders.iter().filter(|(_, numbers)| numbers.iter().any(|it| done.contains(it))) {
            let folder = match folder {
                Folder::Named(folder) => folder.clone(),
                Folder::Below(below) => found(below, &self.workspace, halt)?,
            };
            let named = shown_path(&folder.to_string_lossy()).to_string();
            if !folder.is_dir() {
                return Err(format!("Nothing was published to `{named}`: there is nothing to zip."));
            }
            if !self.stays && place::is_needed(&self.workspace, &folder) {
                return Err(format!("`{named}` can't be replaced by a zip: the job needs it."));
            }
            let to = folder.with_added_extension("zip");
            let archive = Archive {
                workspace: self.workspace.clone(),
                root: folder.clone(),
                prefix: PathBuf::new(),
                to: to.clone(),
                form: Form::Zip,
                adds: false,
            };
            let zipped = archive.carry_out(halt)?;
            let failed = |error: std::io::Error| format!("`{named}` can't be replaced by its zip: {error}.");
            if self.stays {
                if !place::is_needed(&self.workspace, &folder) {
                    place::empty(&folder).map_err(failed)?;
                }
                let inside = folder.join(to.file_name().unwrap_or_default());
                with_patience(&inside, || std::fs::rename(&to, &inside)).map_err(failed)?;
            } else {
                super::checkout::remove(&folder).map_err(failed)?;
            }
            told.lines.extend(zipped.lines);
            told.warnings.extend(zipped.warnings);
        }
        Ok(told)
    }
}

fn found(below: &Path, workspace: &Workspace, halt: &Halt) -> Result<PathBuf, String> {
    let folders = tree(below, workspace, halt)?.folders;
    let found = folders.iter().find(|folder| folder.file_name().is_some_and(|name| name == PUBLISH));
    found.map(|folder| below.join(folder)).ok_or_else(|| {
        let below = shown_path(&below.to_string_lossy()).to_string();
        format!("There is no folder `{PUBLISH}` below `{below}` to zip. Help: set `zipAfterPublish: false`.")
    })
}

/// Makes zips of what was published.
pub(in super::super) async fn zip(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    published: Published,
) -> Result<Ending, Broken> {
    let done = halt::work(execution, own, move |halt| published.carry_out(halt)).await;
    conclude(execution, own, done).await
}

/// Returns the version of packages that the inputs ask for, if they do. On failure, a sentence.
pub(super) fn version(
    execution: &Execution<'_>,
    inputs: &Inputs,
    environment: &Environment,
) -> Result<Option<String>, String> {
    let version = match inputs.choice("versioningScheme")?.as_str() {
        "byprereleasenumber" => before_release(inputs, execution.job.host.clock.now())?,
        "byenvvar" => {
            let name = inputs.author("versionEnvVar")?;
            let value = environment.value(&name).or_else(|| environment.value(&environment_name(&name)));
            value.map(str::to_owned).filter(|value| !value.is_empty()).ok_or_else(|| {
                format!("The variable `{}` that `versionEnvVar` names has no value in the environment.", shown(&name))
            })?
        }
        "bybuildnumber" => {
            let name = execution.variables.value(RUN_NAME).map(Text::flatten).unwrap_or_default();
            in_name(&name).ok_or_else(|| {
                let name = shown(&name);
                format!("The run's name `{name}` has no version in it. Help: write `name: 1.2.3$(Rev:.r)`.")
            })?
        }
        _ => return Ok(None),
    };
    // It stands among properties that a `;` separates.
    match version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte)) {
        true => Ok(Some(version)),
        false => Err(format!("`{}` is no version of a package.", shown(&version))),
    }
}

fn before_release(inputs: &Inputs, now: Timestamp) -> Result<String, String> {
    let number = |name: &str| {
        let number = inputs.author(name)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Ok(number) } else { Err(format!("The input `{name}` is a number, not `{}`.", shown(&number))) }
    };
    let parts = ["requestedMajorVersion", "requestedMinorVersion", "requestedPatchVersion"];
    let [major, minor, patch] = parts.map(number);
    Ok(format!("{}.{}.{}-CI-{}", major?, minor?, patch?, now.strftime("%Y%m%d-%H%M%S")))
}

/// Returns the first three or four numbers in a text that have points between them.
fn in_name(name: &str) -> Option<String> {
    let mut words = name.split(|it: char| !it.is_ascii_digit() && it != '.');
    words.find_map(|word| {
        // More than one point in a row is none between numbers.
        word.split("..").find_map(|word| {
            let numbers: Vec<&str> = word.split('.').filter(|part| !part.is_empty()).take(4).collect();
            (numbers.len() >= 3).then(|| numbers.join("."))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_names() {
        for (name, version) in [
            ("1.2.3", Some("1.2.3")),
            ("shop 10.20.30.40.50", Some("10.20.30.40")),
            ("v1.2.3-rc.1", Some("1.2.3")),
            ("20260309.1", None),
            ("1..2.3 4.5.6.", Some("4.5.6")),
            ("", None),
        ] {
            assert_eq!(in_name(name).as_deref(), version, "{name}");
        }
    }
}
