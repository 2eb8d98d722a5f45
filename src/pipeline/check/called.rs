//! Payload text in the arguments of tasks that run a file: a worker makes a line of such a step, and judges it as it
//! judges any script. So it is judged before the run, with a stand-in for the folder of the file.

use super::scripts::{Read, Spanned};
use super::tools::{FILE, SOURCES};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pipeline::model::{Action, Step, Variable};
use crate::pipeline::task::call::{Foreseen, Runs, Values, runs};
use crate::shell::Language;
use crate::taint::Text;
use crate::template;
use std::path::Path;

/// Returns what a step that runs a file has its program read; nothing for one that is given a script, or that a payload
/// chooses, which is told elsewhere.
pub(super) fn read(step: &Step, tainted: &[&Variable], diagnostics: &mut Diagnostics) -> Option<Read> {
    let Action::Task(task) = &step.action else { return None };
    let (definition, runs) = (task.definition?, runs(&task.name)?);
    let (written, arguments) = task.input(runs.arguments)?;
    let values = Foreseen::new(definition, Path::new(SOURCES), |name| task.input(name).map(|(_, value)| value));
    if values.text(runs.file).is_nothing() || values.text(runs.file).is_tainted() {
        return None;
    }
    let given = Spanned::with_macros(&arguments.trim(), written.span, tainted);
    let line = match line(runs, &values, &given) {
        Ok(line) => line,
        Err(sentence) => {
            let title = sentence.trim_end_matches('.');
            let refused = Diagnostic::error(Code::TaintedInScript, title, written.span, "this has payload text");
            let refused = given.text.origin().into_iter().fold(refused, |it, from| it.note(template::came_from(from)));
            diagnostics.push(refused.help("give the file such a name"));
            return None;
        }
    };
    Some(Read {
        language: runs.language,
        text: Spanned::along(line, written.span, &given),
        written: arguments.clone(),
        span: written.span,
        arguments: Vec::new(),
        called: Some(runs.called),
    })
}

fn line(runs: &Runs, values: &Foreseen, given: &Spanned) -> Result<Text, String> {
    let is_power_shell = runs.language == Language::PowerShell;
    let file = values.text(runs.file).flatten();
    let file = match (file.contains("$("), is_power_shell) {
        (false, _) => &*file,
        (true, true) => &format!("{FILE}.ps1"),
        (true, false) => FILE,
    };
    let file = Path::new(SOURCES).join(file);
    let named = values.text(runs.program).flatten();
    let program = match is_power_shell {
        true => ".",
        false if named.is_empty() || values.text(runs.program).is_tainted() => runs.called,
        false => &named,
    };
    runs.line(program, &file.to_string_lossy(), &given.text)
}
