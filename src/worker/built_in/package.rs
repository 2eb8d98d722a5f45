//! Tasks from packages: the script of Node beside a `task.json`, called as the pipeline language's
//! own task library wants it.
//!
//! ```text
//! INPUT_<NAME>             each input, defaults filled in
//! <VARIABLE>               each variable; SECRET_<VARIABLE> each that is a secret
//! VSTS_PUBLIC_VARIABLES    their names as JSON, and VSTS_SECRET_VARIABLES
//! VSTS_TASKVARIABLE_<NAME> what the task has set for a later part or attempt of the same step
//! AGENT_VERSION            what the library takes for the version of an agent
//! ```
//! What it prints is obeyed as in a step after one that payload text reached: if such text looks like
//! a command, none of its commands count, because it may print that text.

use super::super::command::{TaskVariable, Trust};
use super::super::environment::Environment;
use super::super::interpreter::Call;
use super::super::job::Execution;
use super::super::reach::Reach;
use super::super::script::{self, Prepared};
use super::super::variables::Setting;
use super::{Ending, Own, Part, Unfinished};
use crate::diagnostic::shown;
use crate::pipeline::Machine as _;
use crate::pipeline::plan::{Action, Task};
use crate::pipeline::task::package::{Handler, Package, PackageInput, find};
use crate::process::{self, StandardError};
use crate::taint::Text;
use std::sync::Arc;

/// The version of an agent whose protocol this is; packages refuse older ones.
const AGENT_VERSION: &str = "3.245.0";
/// The program that runs packages.
const NODE: &str = "node";
/// The most bytes of an input: the system takes 128 KiB a variable.
const INPUT_MAX: usize = 120 * 1024;

/// Says whether a step is a package that does something before the job's steps, or when they have ended.
pub(in super::super) fn has_part(execution: &Execution<'_>, action: &Action, part: Part) -> bool {
    let Action::Task(task) = action else { return false };
    task.is_package && installed(execution, task).is_ok_and(|package| script(&package, part).is_some())
}

/// Returns the script of Node that is a part of a package.
fn script(package: &Package, part: Part) -> Option<&String> {
    match (part, &package.handler) {
        (Part::Before, _) => package.before.as_ref(),
        (Part::Main, Handler::Node(target)) => Some(target),
        (Part::Main, Handler::Unknown(_) | Handler::Nothing) => None,
        (Part::After, _) => package.after.as_ref(),
    }
}

/// Returns the program of a step that is a package.
pub(super) fn program(
    execution: &Execution<'_>,
    own: Own<'_>,
    task: &Task,
    task_variables: &[TaskVariable],
) -> Result<Ending, Unfinished> {
    let package = installed(execution, task)?;
    if own.part == Part::Main && package.handler == Handler::Nothing {
        return Ok(Ending::Done(Vec::new()));
    }
    let Some(target) = script(&package, own.part) else {
        return Err(format!("The task `{}` has no handler of Node: it can't be run here.", package.name).into());
    };
    let Execution { job, variables, folders, .. } = execution;
    let mut environment = Environment::new(&job.host, variables, &own.step.env, folders)?;
    for input in &package.inputs {
        let value = value(execution, task, &package, input)?;
        environment.put(&format!("INPUT_{}", key(&input.name)), &value)?;
    }
    add_variables(execution, &mut environment)?;
    for variable in task_variables {
        environment.put(&format!("VSTS_TASKVARIABLE_{}", key(&variable.name)), &variable.value)?;
    }
    environment.set("AGENT_VERSION", AGENT_VERSION);
    environment.set(process::MARK, &job.mark());
    let reach = Reach::of(&execution.job.plan, environment.tainted().values());
    let trust = trust(execution, own, &reach);
    let mut warnings = std::mem::take(&mut environment.warnings);
    if matches!(trust, Trust::Word(_)) {
        warnings.push(
            "Payload text that came to the job looks like a logging command: none of the task's commands are obeyed."
                .to_owned(),
        );
    }
    let call = Call { programs: vec![NODE.to_owned()], arguments: vec![package.folder.join(target).into()] };
    let directory = job.workspace.sources.clone();
    let command = script::command(execution, own.step, call, environment, directory, StandardError::Joined)?;
    let restrictions = package.restrictions.clone();
    Ok(Ending::Prepared(Box::new(Prepared { command, trust, reach, text: None, warnings, file: None, restrictions })))
}

/// Returns the package as it is installed now.
fn installed(execution: &Execution<'_>, task: &Task) -> Result<Arc<Package>, String> {
    let major = task.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default();
    let (packages, problems) = execution.job.host.machine.packages();
    find(&packages, &task.name, major).cloned().map(Arc::new).ok_or_else(|| {
        let problems: Vec<String> = problems.into_iter().map(|problem| format!(" {problem}.")).collect();
        format!("The task `{}@{major}` is not installed on this machine.{}", shown(&task.name), problems.concat())
    })
}

/// Returns the value of an input: what is given, else its default; a path begins at the sources.
fn value(execution: &Execution<'_>, task: &Task, package: &Package, input: &PackageInput) -> Result<Text, String> {
    let is_it = |(name, _): &&(String, Text)| package.input(name) == Some(input);
    let given = task.inputs.iter().rev().find(is_it).map(|(_, value)| value.clone());
    let written = given.unwrap_or_else(|| input.default.as_str().into());
    let name = &input.name;
    let value = execution.variables.expand(&written).map(|value| value.trim());
    let value = value.map_err(|error| format!("The input `{name}` can't be used: {error}."))?;
    if value.len() > INPUT_MAX {
        return Err(format!("The input `{name}` has more than {INPUT_MAX} bytes."));
    }
    let flat = value.flatten();
    if !input.is_path || flat.starts_with('/') {
        return Ok(value);
    }
    let sources = execution.job.workspace.sources.to_string_lossy();
    let path = if flat.trim().is_empty() { sources.into_owned() } else { format!("{sources}/{flat}") };
    Ok(value.derive(path))
}

/// Adds what the library reads about variables.
fn add_variables(execution: &Execution<'_>, environment: &mut Environment) -> Result<(), String> {
    let variables = &execution.variables;
    let names = |names: Vec<&str>| serde_json::to_string(&names).expect("names are text");
    let public = variables.public().map(|(Setting { name, .. }, _)| name.as_str()).collect();
    let secret: Vec<(&str, &Text)> = variables.iter().filter(|(name, _)| variables.is_secret(name)).collect();
    environment.set("VSTS_PUBLIC_VARIABLES", &names(public));
    environment.set("VSTS_SECRET_VARIABLES", &names(secret.iter().map(|(name, _)| *name).collect()));
    for (name, value) in secret {
        environment.put(&format!("SECRET_{}", key(name)), value)?;
    }
    Ok(())
}

/// Returns the name of an input or variable as the library looks for it.
fn key(name: &str) -> String {
    name.replace(['.', ' '], "_").to_uppercase()
}

/// Returns whose commands count in what the package prints.
fn trust(execution: &Execution<'_>, own: Own<'_>, reach: &Reach) -> Trust {
    let looks = reach.looks_like_command() || execution.reach.looks_like_command();
    // The package is the operator's: where it does not repeat a payload's command, it gives its own.
    if looks && !own.step.takes_all_commands() { Trust::nobody() } else { Trust::All }
}
