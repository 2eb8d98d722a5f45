//! Steps with `task:` against what the registry knows. A task that only runs an inline script
//! becomes that script (reference, section 6.2).

use super::Reader;
use super::step::error_action;
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::pipeline::executable::Capability;
use crate::pipeline::model::{Action, Placed, Script, Task};
use crate::pipeline::plan::{ErrorAction, Interpreter};
use crate::pipeline::schema::listed;
use crate::pipeline::task::{self, Definition, Required};
use crate::pipeline::value::{author, entries, filled, member, placed_text, scalar, text};
use crate::taint::Text;
use crate::template::{Entry, Node, Scalar};

/// The task that every `checkout` is, by its GUID.
const CHECKOUT: &str = "6d15af64-176c-496d-b583-fd2ae21d4df4";

impl Reader<'_> {
    pub(super) fn task(
        &mut self,
        node: &Node,
        written: &Node,
        working_directory: &mut Option<Placed<Text>>,
    ) -> Option<Action> {
        let reference = filled(written)?;
        let (name, version) = self.reference(&reference)?;
        let major = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default();
        let Some(definition) = task::find_version(name, major) else {
            self.unknown_task(&reference, name);
            return None;
        };
        if !definition.majors.contains(&major) {
            self.unknown_version(&reference, definition);
            return None;
        }
        let inputs = Inputs { node: member(node, "inputs"), definition };
        self.check_inputs(&inputs, reference.span);
        if let Some(interpreter) = interpreter(&inputs) {
            *working_directory = inputs.value("workingDirectory").and_then(placed_text);
            let script = inputs.value("script")?;
            let script = Placed { value: scalar(script)?.clone(), span: script.span };
            return Some(Action::Script(self.task_script(&inputs, interpreter, script, reference.span)));
        }
        self.need(Capability::Task(definition.name), reference.span);
        let which = ["source", "buildType"]
            .into_iter()
            .find(|name| definition.input(name).is_some_and(|it| it.default == "current"));
        if which.is_some_and(|which| !inputs.is(which, "current")) {
            self.need(Capability::OtherRuns, reference.span);
        }
        Some(Action::Task(Task { version: version.to_owned(), definition, inputs: inputs.all(), resource: None }))
    }

    /// Returns the name or GUID, and the version.
    fn reference<'r>(&mut self, reference: &'r Placed<String>) -> Option<(&'r str, &'r str)> {
        let is_version = |version: &str| {
            version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let parts = reference.value.trim().rsplit_once('@');
        if let Some(parts) = parts.filter(|(name, version)| !name.is_empty() && is_version(version)) {
            return Some(parts);
        }
        let title = format!("`{}` names no version of a task", shown(&reference.value));
        let wrong = Diagnostic::error(Code::InvalidValue, title, reference.span, "this has another form");
        let name = parts.map_or(reference.value.as_str(), |(name, _)| name);
        let help = match task::find(name) {
            Some(task) => format!("write `{}@{}`", task.name, task.majors.last().copied().unwrap_or_default()),
            None => "write the task's name, `@`, and its major version: `CmdLine@2`".to_owned(),
        };
        self.diagnostics.push(wrong.help(help));
        None
    }

    fn unknown_task(&mut self, reference: &Placed<String>, name: &str) {
        if name.eq_ignore_ascii_case(CHECKOUT) {
            let title = "a checkout is written as `checkout:`";
            self.error(Code::OldForm, title, reference.span, "this is the task behind it");
            return;
        }
        let title = format!("there is no task `{}` here", shown(name));
        let unknown = Diagnostic::error(Code::UnknownTask, title, reference.span, "no such task");
        let known = listed(task::all().map(|task| task.name), "and");
        self.diagnostics
            .push(unknown.note(format!("the tasks are {known}")).suggest(name, task::all().map(|task| task.name)));
    }

    fn unknown_version(&mut self, reference: &Placed<String>, definition: &Definition) {
        let title = format!("there is no `{}` here", shown(&reference.value));
        let unknown = Diagnostic::error(Code::UnknownTask, title, reference.span, "no such version");
        let known: Vec<String> = definition.majors.iter().map(|major| format!("{}@{major}", definition.name)).collect();
        self.diagnostics.push(unknown.help(format!("write {}", listed(known.iter().map(String::as_str), "or"))));
    }

    /// An input that the task does not have may come from a version that is not known here.
    fn check_inputs(&mut self, inputs: &Inputs<'_>, place: Span) {
        let definition = inputs.definition;
        for entry in inputs.entries() {
            let name = author(&entry.key);
            if definition.input(name).is_none() && !name.is_empty() {
                let title = format!("the task `{}` has no input `{}`", definition.name, shown(name));
                let unknown = Diagnostic::warning(Code::UnknownInput, title, entry.key_span, "this has no effect");
                let names =
                    definition.inputs.iter().flat_map(|input| std::iter::once(&input.name).chain(input.aliases));
                self.diagnostics.push(unknown.suggest(name, names.copied()));
            }
        }
        for input in definition.inputs {
            let (is_wanted, because) = match input.required {
                Required::No => continue,
                Required::Yes => (true, None),
                Required::When(other, value) => (inputs.is(other, value), Some(format!("`{other}` is `{value}`"))),
            };
            if !is_wanted || inputs.is_given(input.name) {
                continue;
            }
            let title = format!("the task `{}` needs the input `{}`", definition.name, input.name);
            let missing = Diagnostic::error(Code::MissingInput, title, place, "it has no value");
            let missing = because.into_iter().fold(missing, Diagnostic::note);
            let help = match (definition.name, input.name) {
                ("Bash" | "PowerShell", "filePath") => {
                    "name a file, or write `targetType: inline` and the `script`".to_owned()
                }
                (_, name) => format!("write it below `inputs`: `{name}: …`"),
            };
            self.diagnostics.push(missing.help(help));
        }
    }

    fn task_script(
        &mut self,
        inputs: &Inputs<'_>,
        interpreter: Interpreter,
        text: Placed<Scalar>,
        place: Span,
    ) -> Script {
        let is_power_shell = matches!(interpreter, Interpreter::PowerShellCore | Interpreter::WindowsPowerShell);
        if is_power_shell {
            self.need(Capability::PowerShell, place);
        }
        Script {
            interpreter,
            text,
            fail_on_stderr: self.flag(inputs.value("failOnStderr")),
            ignore_last_exit_code: is_power_shell && self.flag(inputs.value("ignoreLASTEXITCODE")),
            error_action: if is_power_shell {
                error_action(inputs.value("errorActionPreference"))
            } else {
                ErrorAction::default()
            },
        }
    }
}

/// The inputs of a step.
struct Inputs<'n> {
    node: Option<&'n Node>,
    definition: &'static Definition,
}

impl<'n> Inputs<'n> {
    fn entries(&self) -> &'n [Entry] {
        self.node.map(entries).unwrap_or_default()
    }

    /// Returns the value of an input by any of its names.
    fn value(&self, name: &str) -> Option<&'n Node> {
        let wanted = self.definition.input(name)?;
        let is_it = |entry: &&Entry| self.definition.input(author(&entry.key)) == Some(wanted);
        self.entries().iter().find(is_it).map(|entry| &entry.value)
    }

    fn is_given(&self, name: &str) -> bool {
        self.value(name).and_then(text).is_some_and(|text| text.is_tainted() || !text.is_empty())
    }

    /// Says whether an input has a value, which may be its default. A payload does not decide that.
    fn is(&self, name: &str, wanted: &str) -> bool {
        let default = self.definition.input(name).map_or("", |input| input.default);
        match self.value(name).and_then(text) {
            Some(given) if given.is_tainted() => false,
            Some(given) if !given.is_empty() => given.flatten().eq_ignore_ascii_case(wanted),
            _ => default.eq_ignore_ascii_case(wanted),
        }
    }

    /// Returns all inputs, with the names of the registry.
    fn all(&self) -> Vec<(Placed<String>, Text)> {
        let pair = |entry: &Entry| {
            let written = author(&entry.key);
            let name = self.definition.input(written).map_or(written, |input| input.name);
            Some((Placed { value: name.to_owned(), span: entry.value.span }, text(&entry.value)?))
        };
        self.entries().iter().filter_map(pair).collect()
    }
}

/// Returns what reads the inline script that a task runs, if it does nothing else.
fn interpreter(inputs: &Inputs<'_>) -> Option<Interpreter> {
    match inputs.definition.name {
        "CmdLine" => Some(Interpreter::CommandLine),
        "Bash" if inputs.is("targetType", "inline") => Some(Interpreter::Bash),
        "PowerShell" if inputs.is("targetType", "inline") => match inputs.is("pwsh", "true") {
            true => Some(Interpreter::PowerShellCore),
            false => Some(Interpreter::WindowsPowerShell),
        },
        _ => None,
    }
}
