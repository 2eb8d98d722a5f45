//! Tasks that select an installed version of a tool and put it in front of `PATH`. Nothing is
//! fetched: the failure names what is installed.
//!
//! ```text
//! <tools>/<Name>/<version>/<arch>   the cache of tools, in the layout of the pipeline language
//! places                            where systems and version managers install several versions
//! PATH                              the one that everybody finds
//! ```

use super::super::command::Change;
use super::super::context::JobContext;
use super::super::job::Execution;
use super::super::variables::Setting;
use super::input::Inputs;
use super::version::{Version, Wanted};
use super::{Own, Told, Unfinished, step};
use crate::diagnostic::shown;
use crate::machine::find_program;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a program may take to tell its version.
const TELLING_MAX: Duration = Duration::from_secs(10);
/// How many versions a failure names.
const NAMED_MAX: usize = 20;

/// A tool of which several versions can be installed.
struct Tool {
    /// What people call it.
    called: &'static str,
    /// Beginnings of its folders in the cache of tools.
    cached: &'static [&'static str],
    program: &'static str,
    /// What makes it tell its version.
    asking: &'static [&'static str],
    /// Folders of versions: the folder around them, what their names begin with, and where programs
    /// are below. `~` is the home of the server's user.
    places: &'static [(&'static str, &'static str, &'static str)],
}

const NODE: Tool = Tool {
    called: "Node.js",
    cached: &["node"],
    program: "node",
    asking: &["--version"],
    places: &[
        ("~/.nvm/versions/node", "v", "bin"),
        ("/usr/local/n/versions/node", "", "bin"),
        ("/opt", "node-", "bin"),
    ],
};
const PYTHON: Tool = Tool {
    called: "Python",
    cached: &["Python"],
    program: "python3",
    asking: &["--version"],
    places: &[("~/.pyenv/versions", "", "bin"), ("/opt/python", "", "bin"), ("/opt", "python", "bin")],
};
const GO: Tool = Tool {
    called: "Go",
    cached: &["go"],
    program: "go",
    asking: &["version"],
    places: &[("/usr/lib", "go-", "bin"), ("/usr/local", "go", "bin"), ("~/sdk", "go", "bin")],
};
const JAVA: Tool = Tool {
    called: "Java",
    cached: &["Java"],
    program: "java",
    asking: &["-version"],
    places: &[("/usr/lib/jvm", "", "bin"), ("~/.sdkman/candidates/java", "", "bin"), ("/opt", "jdk", "bin")],
};
const DOTNET: Tool = Tool { called: ".NET", cached: &[], program: "dotnet", asking: &["--version"], places: &[] };

/// A version that is installed.
struct Installed {
    version: Version,
    /// The folder of its programs.
    folder: PathBuf,
}

impl Installed {
    /// Returns the folder around that of its programs.
    fn home(&self) -> &Path {
        match self.folder.file_name() {
            Some(name) if name == "bin" => self.folder.parent().unwrap_or(&self.folder),
            _ => &self.folder,
        }
    }
}

pub(super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    changes: &mut Vec<Change>,
) -> Result<Told, Unfinished> {
    let job = execution.job;
    if execution.containers.of(own.step).is_some() {
        let task = inputs.task();
        return Err(format!("`{task}` selects programs of the machine, and the job runs in a container. Help: take an image that has the version.").into());
    }
    let (tool, wanted) = asked(job, inputs)?;
    let found = find(job, tool, &wanted).await?;
    let set = |name: &str, value: &str| Change::Set(Setting::plain(name, value.to_owned().into()));
    let home = found.home().to_string_lossy().into_owned();
    let is_in_path = inputs.task() != "UsePythonVersion" || inputs.flag("addToPath")?;
    if is_in_path {
        changes.push(Change::PrependPath(found.folder.to_string_lossy().into_owned()));
    }
    match inputs.task() {
        "UsePythonVersion" => {
            changes.push(set("pythonLocation", &home));
            if own.step.name.is_some() {
                let name = "pythonLocation".to_owned();
                changes.push(Change::Output { name, value: home.clone().into(), is_secret: false });
            }
        }
        "JavaToolInstaller" => {
            changes.push(set("JAVA_HOME", &home));
            changes.push(set(&format!("JAVA_HOME_{}_X64", found.version.major()), &home));
        }
        "GoTool" => {
            changes.push(set("GOROOT", &home));
            for (variable, input) in [("GOPATH", "goPath"), ("GOBIN", "goBin")] {
                let value = inputs.author(input)?;
                changes.extend((!value.is_empty()).then(|| set(variable, &value)));
            }
        }
        "UseDotNet" => changes.push(set("DOTNET_ROOT", &home)),
        _ => {}
    }
    let name = step::step_name(own.step, own.place);
    tracing::debug!(step = %name, tool = tool.called, version = %found.version, "a tool was selected");
    Ok(Told::line(format!("{} {} is selected: {}.", tool.called, found.version, found.folder.display())))
}

/// Returns which tool is asked for, and which version of it.
fn asked(job: &JobContext, inputs: &Inputs) -> Result<(&'static Tool, String), String> {
    let version = |name: &str| inputs.author(name).map(|text| text.trim().to_owned());
    Ok(match inputs.task() {
        "UseNode" => (&NODE, version("version")?),
        "NodeTool" if inputs.choice("versionSource")? == "fromfile" => {
            let file = super::program::file(job, inputs, "versionFilePath")?;
            (&NODE, first_line(&file)?)
        }
        "NodeTool" => (&NODE, version("versionSpec")?),
        "UsePythonVersion" => (&PYTHON, version("versionSpec")?),
        "GoTool" => (&GO, version("version")?),
        "JavaToolInstaller" => match inputs.choice("jdkSourceOption")?.as_str() {
            "preinstalled" => (&JAVA, version("versionSpec")?),
            other => return Err(format!("`jdkSourceOption` is `PreInstalled` here, not `{}`.", shown(other))),
        },
        _ if inputs.flag("useGlobalJson")? => {
            let folder = super::copy::source(job, &inputs.data("workingDirectory"))?;
            (&DOTNET, global_json(&folder.join("global.json"))?)
        }
        _ => (&DOTNET, version("version")?),
    })
}

/// The most bytes of a file that names a version.
const FILE_MAX: u64 = 64 * 1024;

fn text(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("`{}` can't be read: {error}.", shown(&file.to_string_lossy()));
    if file.metadata().map_err(failed)?.len() > FILE_MAX {
        return Err(format!("`{}` has more than {FILE_MAX} bytes.", shown(&file.to_string_lossy())));
    }
    std::fs::read_to_string(file).map_err(failed)
}

fn first_line(file: &Path) -> Result<String, String> {
    Ok(text(file)?.lines().next().unwrap_or_default().trim().to_owned())
}

fn global_json(file: &Path) -> Result<String, String> {
    let value: serde_json::Value =
        serde_json::from_str(&text(file)?).map_err(|error| format!("`global.json` can't be read: {error}."))?;
    let version = value["sdk"]["version"].as_str().map(str::to_owned);
    version.ok_or_else(|| "`global.json` names no version of an SDK.".to_owned())
}

/// Returns the home of a version of Java that a task names, such as `1.17`. On failure, a sentence.
pub(super) async fn java_home(job: &JobContext, written: &str) -> Result<PathBuf, String> {
    let version = written.strip_prefix("1.").unwrap_or(written);
    Ok(find(job, &JAVA, version).await?.home().to_owned())
}

/// Returns the newest installed version that is meant. On failure, a sentence that names all.
async fn find(job: &JobContext, tool: &Tool, written: &str) -> Result<Installed, String> {
    let wanted = Wanted::parse(written)
        .ok_or_else(|| format!("`{}` is no version. Help: write one such as `3.x` or `>=10.15.0`.", shown(written)))?;
    let mut all = installed(job, tool).await;
    all.sort_by(|one, other| other.version.cmp(&one.version));
    if let Some(at) = all.iter().position(|it| wanted.holds(&it.version)) {
        return Ok(all.swap_remove(at));
    }
    let mut versions: Vec<String> = all.iter().map(|it| it.version.to_string()).collect();
    versions.dedup();
    let more = versions.len().saturating_sub(NAMED_MAX);
    versions.truncate(NAMED_MAX);
    let there = match (versions.is_empty(), more) {
        (true, _) => "No version is".to_owned(),
        (false, 0) => format!("There is {}", versions.join(", ")),
        (false, more) => format!("There is {} and {more} more", versions.join(", ")),
    };
    Err(format!(
        "{} `{}` is not installed on this machine. {there}. Nothing is fetched. \
         Help: install it, also below `{}`, or name another version.",
        tool.called,
        shown(written),
        job.workspace.tools.display()
    ))
}

async fn installed(job: &JobContext, tool: &Tool) -> Vec<Installed> {
    let mut all = Vec::new();
    for name in names(&job.workspace.tools) {
        if tool.cached.iter().any(|known| name.get(..known.len()).is_some_and(|it| it.eq_ignore_ascii_case(known))) {
            cached(&job.workspace.tools.join(&name), tool, &mut all);
        }
    }
    let home = job.host.environment.iter().find(|(name, _)| name == "HOME").map_or("/nonexistent", |(_, it)| it);
    for (around, beginning, below) in tool.places {
        let around = PathBuf::from(around.replacen('~', home, 1));
        for name in names(&around).into_iter().filter(|name| name.starts_with(beginning)) {
            let folder = around.join(&name).join(below);
            let version = release(&around.join(&name)).or_else(|| Version::find(&name));
            all.extend(version.filter(|_| has(&folder, tool)).map(|version| Installed { version, folder }));
        }
    }
    if tool.program == DOTNET.program {
        sdks(job, home, &mut all);
    }
    let found = job.host.program(tool.program);
    if let Some(program) = found
        && let Some(version) = told(job, tool, &program).await
        && let Some(folder) = program.parent()
    {
        all.push(Installed { version, folder: folder.to_owned() });
    }
    all
}

/// Adds what the cache of tools has of one: `<version>/<arch>`.
fn cached(folder: &Path, tool: &Tool, all: &mut Vec<Installed>) {
    for name in names(folder) {
        for arch in names(&folder.join(&name)) {
            let home = folder.join(&name).join(arch);
            let below = [home.join("bin"), home].into_iter().find(|folder| has(folder, tool));
            let found = Version::find(&name).zip(below);
            all.extend(found.map(|(version, folder)| Installed { version, folder }));
        }
    }
}

/// Adds the versions that installations of .NET have side by side.
fn sdks(job: &JobContext, home: &str, all: &mut Vec<Installed>) {
    let roots = ["/usr/share/dotnet", "/usr/lib/dotnet", "/opt/dotnet"].map(PathBuf::from);
    let own = [Path::new(home).join(".dotnet"), job.workspace.tools.join("dotnet")];
    for root in roots.into_iter().chain(own).filter(|root| has(root, &DOTNET)) {
        let versions = names(&root.join("sdk"));
        let versions = versions.iter().filter_map(|name| Version::find(name));
        all.extend(versions.map(|version| Installed { version, folder: root.clone() }));
    }
}

fn has(folder: &Path, tool: &Tool) -> bool {
    let is_program = |name: &str| find_program(&folder.to_string_lossy(), name).is_some();
    is_program(tool.program) || (tool.program == PYTHON.program && is_program("python"))
}

/// Returns the version that an installation of Java says it is.
fn release(home: &Path) -> Option<Version> {
    let text = text(&home.join("release")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    // Before 9 the second number was the one that counts.
    let version = line.trim_matches('"');
    Version::find(version.strip_prefix("1.").unwrap_or(version))
}

/// Asks a program for its version.
async fn told(job: &JobContext, tool: &Tool, program: &Path) -> Option<Version> {
    let mut command = Command::new(program);
    command.args(tool.asking).env_clear().envs(job.host.environment.iter().cloned());
    command.stdin(Stdio::null()).kill_on_drop(true).current_dir(&job.workspace.temporary);
    let output = timeout(TELLING_MAX, command.output()).await.ok()?.ok()?;
    let told = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let told = String::from_utf8_lossy(&told);
    let version = Version::find(&told)?;
    Some(version)
}

/// Returns the names in a folder, in their order; none where there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
