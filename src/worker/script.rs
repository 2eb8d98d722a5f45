//! A script step as a program: macros expanded, payload text moved into the environment, the text
//! in a file (reference, section 6.3; security, "Scripts").

use super::context::JobContext;
use super::environment::Environment;
use super::variables::Variables;
use crate::pipeline::plan::{Interpreter, Script, Step};
use crate::process::{Command, StandardError};
use crate::shell::{self, Carried, Entrance, Language, Refusal, Substitution, command};
use crate::taint::Text;
use std::borrow::Cow;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A step's program, ready to start.
pub(super) struct Program {
    pub(super) command: Command,
    /// Sentences for the log.
    pub(super) warnings: Vec<String>,
    /// The word of its author's own logging commands, if payload text comes into the step.
    pub(super) word: Option<String>,
}

/// Returns the program of a script step, with its script written to a file. On failure, sentences
/// that say why it can't be run.
pub(super) fn prepare(
    job: &JobContext,
    place: usize,
    step: &Step,
    script: &Script,
    variables: &Variables,
) -> Result<Program, Vec<String>> {
    let one = |sentence: String| vec![sentence];
    let text = variables.expand(&script.text).map_err(|error| one(format!("The script can't be used: {error}.")))?;
    let mut environment = Environment::new(&job.host, variables, &step.env).map_err(one)?;
    let made = make(job, &text, &environment)?;
    carry(job, place, &made.carried, &mut environment).map_err(one)?;
    let directory = directory(job, step, variables).map_err(one)?;
    let file = job.workspace.temporary.join(format!("{}.sh", place + 1));
    write(&file, &made.text).map_err(|error| one(format!("The script can't be written: {error}.")))?;
    let warnings = std::mem::take(&mut environment.warnings);
    let command = Command {
        program: job.host.bash(),
        arguments: arguments(script.interpreter, file),
        environment: environment.into_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
        directory,
        standard_error: if script.fail_on_stderr { StandardError::Apart } else { StandardError::Joined },
    };
    Ok(Program { command, warnings, word: made.word })
}

/// A script with the payload's text beside it.
struct Made {
    text: String,
    carried: Carried,
    word: Option<String>,
}

/// Makes a script safe, unless the connection says that its senders may write code. Its own logging
/// commands get a word where payload text comes into the step.
fn make(job: &JobContext, text: &Text, environment: &Environment) -> Result<Made, Vec<String>> {
    if job.plan.substitution == Substitution::Raw {
        let text = text.flatten().into_owned();
        return Ok(Made { text, carried: Carried::default(), word: None });
    }
    let tainted = environment.tainted();
    let named = tainted.iter().filter(|(name, _)| shell::Script::names(text, name));
    let script = shell::Script {
        language: Language::Bash,
        text,
        environment: named.map(|(name, value)| (name.clone(), Cow::Borrowed(value))).collect(),
    };
    let placed = shell::place(&script).map_err(|refusals| sentences(&refusals, &script))?;
    if !text.is_tainted() && tainted.is_empty() {
        return Ok(Made { text: placed.script, carried: placed.carried, word: None });
    }
    let word = word();
    let text = command::mark(&placed.script, &word);
    Ok(Made { text, carried: placed.carried, word: Some(word) })
}

/// Returns a word that nobody can guess.
fn word() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    hex::encode(bytes)
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

fn arguments(interpreter: Interpreter, file: PathBuf) -> Vec<std::ffi::OsString> {
    let options: &[&str] = match interpreter {
        Interpreter::CommandLine => &["--noprofile", "--norc"],
        Interpreter::Bash => &[],
    };
    options.iter().map(Into::into).chain([file.into_os_string()]).collect()
}

fn directory(job: &JobContext, step: &Step, variables: &Variables) -> Result<PathBuf, String> {
    let Some(written) = &step.working_directory else { return Ok(job.workspace.sources.clone()) };
    let expanded =
        variables.expand(written).map_err(|error| format!("The working directory can't be used: {error}."))?;
    job.workspace.inside(&expanded.flatten())
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
