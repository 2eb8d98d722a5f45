//! A script step as a program: macros expanded, payload text moved into the environment, the text
//! in a file (reference, section 6.3; security, "Scripts").

use super::context::JobContext;
use super::environment::Environment;
use super::variables::Variables;
use crate::pipeline::plan::{Interpreter, Script, Step};
use crate::process::{Command, StandardError};
use crate::shell::{self, Language, Refusal};
use crate::taint::Text;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Returns the program of a script step, with its script written to a file, and sentences of
/// warning. On failure, sentences that say why it can't be run.
pub(super) fn prepare(
    job: &JobContext,
    place: usize,
    step: &Step,
    script: &Script,
    variables: &Variables,
) -> Result<(Command, Vec<String>), Vec<String>> {
    let one = |sentence: String| vec![sentence];
    let options = options(script.interpreter).map_err(one)?;
    let text = variables.expand(&script.text).map_err(|error| one(format!("The script can't be used: {error}.")))?;
    let placed = shell::place(&text, Language::Bash).map_err(|refusals| sentences(&refusals, &text))?;
    let mut environment = Environment::new(&job.host, variables, &step.env).map_err(one)?;
    for (name, value) in &placed.variables {
        environment.set(name, value);
    }
    let directory = directory(job, step, variables).map_err(one)?;
    let file = job.workspace.temporary.join(format!("{}.sh", place + 1));
    write(&file, &placed.script).map_err(|error| one(format!("The script can't be written: {error}.")))?;
    let warnings = std::mem::take(&mut environment.warnings);
    let command = Command {
        program: job.host.bash(),
        arguments: options.iter().map(Into::into).chain([file.into_os_string()]).collect(),
        environment: environment.into_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
        directory,
        standard_error: if script.fail_on_stderr { StandardError::Apart } else { StandardError::Joined },
    };
    Ok((command, warnings))
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

fn sentences(refusals: &[Refusal], text: &Text) -> Vec<String> {
    let sentence = |refusal: &Refusal| {
        let origin = text.segments().get(refusal.segment).and_then(|segment| segment.origin.as_ref());
        let from = origin
            .map_or(String::new(), |it| format!(" (from the payload, at `{}`)", crate::diagnostic::shown(&it.path)));
        let help = refusal.help.as_deref().map_or(String::new(), |help| format!(" Help: {help}."));
        format!("Line {} of the script: payload text can't be {}{from}.{help}", refusal.line, refusal.reason)
    };
    refusals.iter().map(sentence).collect()
}
