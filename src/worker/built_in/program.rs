//! Tasks that run a file with an interpreter: they become the script that does so.
//!
//! Arguments are the author's shell words; payload text in them is placed as in any script, so
//! that it stays one word. Which file runs is the author's alone.

use super::super::context::JobContext;
use super::super::job::Execution;
use super::input::Inputs;
use super::{Ending, Own, Unfinished};
use crate::diagnostic::shown;
use crate::pipeline::plan::{Interpreter, Script, Step};
use crate::shell::{self, Language, Refusal, Substitution};
use crate::taint::Text;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The programs that read Python, the first that is there.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// What a task runs.
struct Program {
    /// The interpreter, as a shell word.
    interpreter: String,
    file: PathBuf,
    arguments: Text,
    working_directory: Option<Text>,
    fails_on_error: bool,
}

/// `Bash` with a file.
pub(super) fn bash(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let program = Program {
        interpreter: "bash".to_owned(),
        file: file(execution.job, inputs, "filePath")?,
        arguments: inputs.text("arguments").clone(),
        working_directory: given(inputs, "workingDirectory"),
        fails_on_error: inputs.flag("failOnStderr")?,
    };
    Ok(program.ending(own.step))
}

/// `ShellScript`, which starts in the folder of its file.
pub(super) fn shell_script(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let file = file(execution.job, inputs, "scriptPath")?;
    let around = file.parent().map(|folder| folder.to_string_lossy().into_owned().into());
    let own_folder = if inputs.flag("disableAutoCwd")? { None } else { around };
    let program = Program {
        interpreter: "bash".to_owned(),
        arguments: inputs.text("args").clone(),
        working_directory: given(inputs, "cwd").or(own_folder),
        fails_on_error: inputs.flag("failOnStandardError")?,
        file,
    };
    Ok(program.ending(own.step))
}

/// `PythonScript`.
pub(super) fn python(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let job = execution.job;
    let file = match inputs.choice("scriptSource")?.as_str() {
        "filepath" => file(job, inputs, "scriptPath")?,
        "inline" => inline(job, own.place, inputs.text("script"))?,
        other => return Err(format!("`scriptSource` is `filePath` or `inline`, not `{}`.", shown(other)).into()),
    };
    let program = Program {
        interpreter: python_interpreter(job, inputs)?,
        file,
        arguments: inputs.text("arguments").clone(),
        working_directory: given(inputs, "workingDirectory"),
        fails_on_error: inputs.flag("failOnStderr")?,
    };
    Ok(program.ending(own.step))
}

fn python_interpreter(job: &JobContext, inputs: &Inputs) -> Result<String, String> {
    let wanted = inputs.author("pythonInterpreter")?;
    if !wanted.is_empty() {
        return Ok(quoted(&wanted));
    }
    let found = PYTHONS.iter().find(|name| job.host.program(name).is_some());
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        "Python is not installed on this machine: there is neither `python3` nor `python`. \
         Help: install it, or name one in `pythonInterpreter`."
            .to_owned()
    })
}

/// Writes the text of a Python script to a file of the step's own. Payload text stands in its string
/// literals, each character as an escape; a literal that it would leave is no place for it.
fn inline(job: &JobContext, place: usize, text: &Text) -> Result<PathBuf, String> {
    let script = shell::Script { language: Language::Python, text, environment: Vec::new() };
    let written = match job.plan.substitution {
        Substitution::Raw => text.flatten().into_owned(),
        Substitution::Strict if text.is_tainted() => {
            return Err(
                "Payload text can't be part of a script: the connection says `substitution: strict`.".to_owned()
            );
        }
        Substitution::Safe | Substitution::Strict => {
            shell::place(&script).map_err(|refusals| refused(&refusals))?.script
        }
    };
    let file = job.workspace.temporary.join(format!("{}.py", place + 1));
    write(&file, &written).map_err(|error| format!("The script can't be written: {error}."))?;
    Ok(file)
}

fn refused(refusals: &[Refusal]) -> String {
    let reason = |refusal: &Refusal| {
        let help = refusal.help.as_deref().map_or(String::new(), |help| format!(" Help: {help}."));
        format!("Line {} of the script: payload text can't be {}.{help}", refusal.line, refusal.reason)
    };
    refusals.iter().map(reason).collect::<Vec<_>>().join(" ")
}

/// Writes a new file that only the server's user can read.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    super::checkout::remove(file)?;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())
}

/// Returns the file that an input names.
fn file(job: &JobContext, inputs: &Inputs, name: &str) -> Result<PathBuf, String> {
    let written = inputs.author(name)?;
    let found = job.workspace.entry(&written).map_err(|problem| format!("The input `{name}`: {problem}."))?;
    match found.is_file() {
        true => Ok(found),
        false => Err(format!("The input `{name}`: `{}` is no file.", shown(&written))),
    }
}

fn given(inputs: &Inputs, name: &str) -> Option<Text> {
    let text = inputs.text(name);
    (text.is_tainted() || !text.is_empty()).then(|| text.clone())
}

impl Program {
    fn ending(self, step: &Step) -> Ending {
        let mut text = Text::author(format!("{} {} ", self.interpreter, quoted(&self.file.to_string_lossy())));
        text.append(&self.arguments);
        let script =
            Script { interpreter: Interpreter::Bash, text, fail_on_stderr: self.fails_on_error, ..Script::default() };
        let working_directory = self.working_directory.or_else(|| step.working_directory.clone());
        Ending::Script { step: Box::new(Step { working_directory, ..step.clone() }), script }
    }
}

/// Returns a text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
