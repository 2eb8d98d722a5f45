//! A script step as a program: macros expanded, payload text moved into the environment, the text
//! in a file (reference, section 6.3; security, "Scripts").

use super::command::Trust;
use super::context::JobContext;
use super::environment::Environment;
use super::variables::Variables;
use crate::pipeline::plan::{Interpreter, Script, Step};
use crate::process::{self, Command, StandardError};
use crate::shell::{self, Carried, Entrance, Language, Refusal, Substitution};
use crate::taint::{Origin, Text};
use std::borrow::Cow;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A script that is ready to run.
pub(super) struct Prepared {
    pub(super) command: Command,
    /// Whose logging commands count in its output.
    pub(super) trust: Trust,
    /// Where payload text came from that the step gets, if it gets any.
    pub(super) origin: Option<Arc<Origin>>,
    /// Sentences for the log.
    pub(super) warnings: Vec<String>,
    /// The script's file, which may hold secrets.
    pub(super) file: PathBuf,
}

/// Returns the program of a script step, with its script written to a file. On failure, sentences
/// that say why it can't be run.
pub(super) fn prepare(
    job: &JobContext,
    place: usize,
    step: &Step,
    script: &Script,
    variables: &Variables,
    folders: &[String],
) -> Result<Prepared, Vec<String>> {
    let one = |sentence: String| vec![sentence];
    let options = options(script.interpreter).map_err(one)?;
    let text = variables.expand(&script.text).map_err(|error| one(format!("The script can't be used: {error}.")))?;
    let mut environment = Environment::new(&job.host, variables, &step.env, folders).map_err(one)?;
    let (safe, carried) = make(job, &text, &environment)?;
    carry(job, place, &carried, &mut environment).map_err(one)?;
    let (directory, directory_origin) = directory(job, step, variables).map_err(one)?;
    let origin = text.origin().or_else(|| environment.origin()).cloned().or(directory_origin);
    // Where senders may write code, whatever they write is the author's.
    let is_reached = origin.is_some() && job.plan.substitution != Substitution::Raw;
    let trust = Trust::of(step.target.as_ref(), is_reached);
    let file = job.workspace.temporary.join(format!("{}.sh", place + 1));
    write(&file, &trust.written(&safe)).map_err(|error| one(format!("The script can't be written: {error}.")))?;
    let warnings = std::mem::take(&mut environment.warnings);
    environment.set(process::MARK, &job.mark());
    let command = Command {
        shim: job.host.shim.clone(),
        mark: job.mark(),
        program: job.host.bash(),
        arguments: options.iter().map(Into::into).chain([file.clone().into_os_string()]).collect(),
        environment: environment.into_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
        directory,
        standard_error: if script.fail_on_stderr { StandardError::Apart } else { StandardError::Joined },
    };
    Ok(Prepared { command, trust, origin, warnings, file })
}

/// Makes a script safe, unless the connection says that its senders may write code. Returns its text
/// and the payload's text beside it.
fn make(job: &JobContext, text: &Text, environment: &Environment) -> Result<(String, Carried), Vec<String>> {
    if job.plan.substitution == Substitution::Raw {
        return Ok((text.flatten().into_owned(), Carried::default()));
    }
    let named = environment.tainted().iter().filter(|(name, _)| shell::Script::names(text, name));
    let script = shell::Script {
        language: Language::Bash,
        text,
        environment: named.map(|(name, value)| (name.clone(), Cow::Borrowed(value))).collect(),
    };
    let placed = shell::place(&script).map_err(|refusals| sentences(&refusals, &script))?;
    Ok((placed.script, placed.carried))
}

/// Puts the values of a script where it looks for them. On failure, a sentence.
fn carry(job: &JobContext, place: usize, carried: &Carried, environment: &mut Environment) -> Result<(), String> {
    for (name, value) in &carried.variables {
        environment.set(name, value);
    }
    if carried.files.is_empty() {
        return Ok(());
    }
    let folder = job.workspace.temporary.join(format!("{}.values", place + 1));
    let failed = |error: std::io::Error| format!("The values of the script can't be written: {error}.");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
    for (name, value) in &carried.files {
        write(&folder.join(name), value).map_err(failed)?;
    }
    environment.set(shell::FOLDER_VARIABLE, &folder.to_string_lossy());
    Ok(())
}

/// Returns what stands before the script's file.
fn options(interpreter: Interpreter) -> Result<&'static [&'static str], String> {
    match interpreter {
        Interpreter::CommandLine => Ok(&["--noprofile", "--norc"]),
        Interpreter::Bash => Ok(&[]),
        Interpreter::PowerShellCore | Interpreter::WindowsPowerShell => {
            Err("This worker can't run PowerShell.".to_owned())
        }
    }
}

fn directory(job: &JobContext, step: &Step, variables: &Variables) -> Result<(PathBuf, Option<Arc<Origin>>), String> {
    let Some(written) = &step.working_directory else { return Ok((job.workspace.sources.clone(), None)) };
    let expanded =
        variables.expand(written).map_err(|error| format!("The working directory can't be used: {error}."))?;
    Ok((job.workspace.inside(&expanded.flatten())?, expanded.origin().cloned()))
}

/// Writes a new file that only the server's user can read.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    // A step may have put something there; a link is removed, not followed.
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())
}

fn sentences(refusals: &[Refusal], script: &shell::Script<'_>) -> Vec<String> {
    let origin = |refusal: &Refusal| match &refusal.entrance {
        Entrance::Segment(segment) => script.text.segments().get(*segment)?.origin.clone(),
        Entrance::Variable(name) => {
            let variable = script.environment.iter().find(|(known, _)| known == name);
            variable.and_then(|(_, value)| value.origin().cloned())
        }
    };
    let sentence = |refusal: &Refusal| {
        let from = origin(refusal)
            .map_or(String::new(), |it| format!(" (from the payload, at `{}`)", crate::diagnostic::shown(&it.path)));
        let help = refusal.help.as_deref().map_or(String::new(), |help| format!(" Help: {help}."));
        format!("Line {} of the script: payload text can't be {}{from}.{help}", refusal.line, refusal.reason)
    };
    refusals.iter().map(sentence).collect()
}
