//! Tasks that run a file with an interpreter: they become the script that does so (see [`Runs`]). Which file runs is
//! the author's alone.

use super::super::context::JobContext;
use super::super::interpreter::PYTHONS;
use super::super::job::Execution;
use super::super::preference;
use super::super::unseen::{Reads, Unseen};
use super::input::Inputs;
use super::{Ending, Instead, Own, Unfinished};
use crate::diagnostic::{shown, shown_path};
use crate::pipeline::plan::{ErrorAction, Interpreter, Script, Step, Word};
use crate::pipeline::task::call::{Runs, runs};
use crate::taint::Text;
use std::path::PathBuf;

/// What a task runs.
struct Program {
    interpreter: String,
    reads: Reads,
    file: PathBuf,
    working_directory: Option<Text>,
    fails_on_error: bool,
    /// What people call the interpreter, where it is not Bash.
    called: Option<String>,
}

/// `Bash` with a file.
pub(super) fn bash(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let program = Program {
        interpreter: "bash".to_owned(),
        reads: Reads::Bash,
        file: file(execution.job, inputs, "filePath")?,
        working_directory: given(inputs, "workingDirectory"),
        fails_on_error: inputs.flag("failOnStderr")?,
        called: None,
    };
    Ok(program.ending(execution, own.step, inputs)?)
}

/// `PowerShell` with a file: the script that calls it, with the arguments as PowerShell reads them.
pub(super) fn power_shell(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let file = file(execution.job, inputs, "filePath")?;
    if file.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("ps1")) {
        return Err("The input `filePath` is no script of PowerShell: it does not end in `.ps1`.".to_owned().into());
    }
    let text = power_shell_call(&file.to_string_lossy(), inputs)?;
    let preferences = ["warning", "information", "verbose", "debug", "progress"].iter().filter_map(|kind| {
        let input = format!("{kind}Preference");
        let name = format!("{}{}Preference", kind[..1].to_uppercase(), &kind[1..]);
        let word = inputs.choice(&input).and_then(|word| preference::known(&input, &word));
        word.map(|word| preference::of(&name, word).map(|value| (name, Word::Known(value)))).transpose()
    });
    let preferences = preferences.collect::<Result<Vec<_>, _>>()?;
    let error_action = inputs.choice("errorActionPreference")?;
    let script = Script {
        interpreter: Interpreter::PowerShellCore,
        text,
        fail_on_stderr: inputs.flag("failOnStderr")?.into(),
        error_action: match preference::known("errorActionPreference", &error_action)? {
            "continue" | "default" => ErrorAction::Continue,
            "silentlyContinue" => ErrorAction::SilentlyContinue,
            _ => ErrorAction::Stop,
        },
        ignore_last_exit_code: inputs.flag("ignoreLASTEXITCODE")?.into(),
        preferences,
        ..Script::default()
    };
    let working_directory = given(inputs, "workingDirectory").or_else(|| own.step.working_directory.clone());
    let step = Step { working_directory, ..own.step.clone() };
    Ok(Ending::Program(Box::new(Instead::new(step, script))))
}

/// Returns the call of a script of PowerShell.
fn power_shell_call(file: &str, inputs: &Inputs) -> Result<Text, String> {
    let call = if inputs.flag("runScriptInSeparateScope")? { "&" } else { "." };
    of(inputs).line(call, file, inputs.text("arguments"))
}

/// Returns how the task of inputs runs a file.
fn of(inputs: &Inputs) -> &'static Runs {
    runs(inputs.task()).expect("every task of this module runs a file")
}

/// `ShellScript`, which starts in the folder of its file.
pub(super) fn shell_script(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let file = file(execution.job, inputs, "scriptPath")?;
    let around = file.parent().map(|folder| folder.to_string_lossy().into_owned().into());
    let own_folder = if inputs.flag("disableAutoCwd")? { None } else { around };
    let program = Program {
        interpreter: "bash".to_owned(),
        reads: Reads::Bash,
        working_directory: given(inputs, "cwd").or(own_folder),
        fails_on_error: inputs.flag("failOnStandardError")?,
        called: None,
        file,
    };
    Ok(program.ending(execution, own.step, inputs)?)
}

/// `PythonScript` with a file; one with its script on the spot is a script from the beginning.
pub(super) fn python(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Ending, Unfinished> {
    let source = inputs.choice("scriptSource")?;
    if source != "filepath" {
        return Err(format!("`scriptSource` is `filePath` or `inline`, not `{}`.", shown(&source)).into());
    }
    let program = Program {
        interpreter: python_interpreter(execution, own, inputs)?,
        reads: Reads::Python,
        file: file(execution.job, inputs, "scriptPath")?,
        working_directory: given(inputs, "workingDirectory"),
        fails_on_error: inputs.flag("failOnStderr")?,
        called: Some("Python".to_owned()),
    };
    Ok(program.ending(execution, own.step, inputs)?)
}

fn python_interpreter(execution: &Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<String, String> {
    let wanted = inputs.author("pythonInterpreter")?;
    if !wanted.is_empty() {
        return Ok(wanted.into_owned());
    }
    let is_elsewhere = execution.containers.of(own.step).is_some();
    let found = PYTHONS.iter().find(|name| is_elsewhere || execution.program(name).is_some());
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        "Python is not installed on this machine: there is neither `python3` nor `python`. \
         Help: install it, or name one in `pythonInterpreter`."
            .to_owned()
    })
}

/// Returns the file that an input names.
pub(super) fn file(job: &JobContext, inputs: &Inputs, name: &str) -> Result<PathBuf, String> {
    let written = inputs.author(name)?;
    let called = inputs.called(name);
    let found = job.workspace.entry(&written).map_err(|problem| format!("The input {called}: {problem}."))?;
    match found.is_file() {
        true => Ok(found),
        false => Err(format!("The input {called}: `{}` is no file.", shown_path(&written))),
    }
}

pub(super) fn given(inputs: &Inputs, name: &str) -> Option<Text> {
    let text = inputs.text(name);
    (!text.is_nothing()).then(|| text.clone())
}

impl Program {
    fn ending(self, execution: &Execution<'_>, step: &Step, inputs: &Inputs) -> Result<Ending, String> {
        let runs = of(inputs);
        let line = |arguments| runs.line(&self.interpreter, &self.file.to_string_lossy(), arguments);
        let arguments = inputs.text(runs.arguments);
        let text = line(arguments)?;
        let unseen = match execution.has_secrets() && !arguments.is_nothing() {
            true => Some(Unseen {
                reads: self.reads,
                program: self.interpreter.clone(),
                file: self.file.clone(),
                head: line(&Text::default())?.flatten().into_owned(),
            }),
            false => None,
        };
        let script = Script {
            interpreter: Interpreter::Bash,
            text,
            fail_on_stderr: self.fails_on_error.into(),
            ..Script::default()
        };
        let working_directory = self.working_directory.or_else(|| step.working_directory.clone());
        let step = Step { working_directory, ..step.clone() };
        Ok(Ending::Program(Box::new(Instead { called: self.called, unseen, ..Instead::new(step, script) })))
    }
}
