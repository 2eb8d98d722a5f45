//! Steps with `task:` against what the registry knows. A task that only runs an inline script
//! becomes that script (reference, section 6.2).

use super::Reader;
use super::step::{error_action, flag, preferences};
use crate::diagnostic::{Code, Diagnostic, Severity, Span, nearest, shown};
use crate::pipeline::executable::{Capability, is_executable};
use crate::pipeline::machine::Machine;
use crate::pipeline::model::{Action, Placed, Script, Task};
use crate::pipeline::plan::{ErrorAction, Interpreter};
use crate::pipeline::schema::listed;
use crate::pipeline::task::package::{self, Package};
use crate::pipeline::task::{self, ARCHIVE_ENDINGS, Definition, Input, Required, call};
use crate::pipeline::value::{author, entries, filled, member, placed_text, scalar, text};
use crate::taint::Text;
use crate::template::{Entry, Node, Scalar};
use std::sync::Arc;

/// The task that every `checkout` is, by its GUID.
const CHECKOUT: &str = "6d15af64-176c-496d-b583-fd2ae21d4df4";

/// Inputs that do nothing here: the task, the input, the value that asks for nothing, and what to do instead.
const PASSED_OVER: [(&str, &str, &str, &str); 5] = [
    ("Bash", "bashEnvValue", "", "write `env: {BASH_ENV: …}` at the step"),
    ("PowerShell", "showWarnings", "false", "write `##vso[task.logissue type=warning]` in the script"),
    ("DownloadBuildArtifacts", "extractTars", "false", "unpack them with the task `ExtractFiles`"),
    ("DownloadBuildArtifacts", "branchName", "", NO_BRANCH),
    ("DownloadPipelineArtifact", "branchName", "", NO_BRANCH),
];

/// What is said of the branch of a run.
pub(super) const NO_BRANCH: &str =
    "runs have no branch here: name `tags` that steps give by `##vso[build.addbuildtag]`";

/// Which archives the tasks for them know: the task, the input, and its values or the endings of names.
const ARCHIVES: [(&str, &str, &[&str]); 3] = [
    ("ArchiveFiles", "archiveType", &["zip", "tar", "7z", "default"]),
    ("ArchiveFiles", "tarCompression", &["gz", "bz2", "xz", "none"]),
    ("ExtractFiles", "archiveFilePatterns", ARCHIVE_ENDINGS),
];

/// Task packages, and what is wrong with others.
type Packages = (Vec<Arc<Package>>, Vec<String>);

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
        let found = task::find_version(name, major);
        let is_built_in = found.is_some_and(|it| it.majors.contains(&major) && is_executable(it.name));
        let packages = if is_built_in { (Vec::new(), Vec::new()) } else { self.packages() };
        if let Some(package) = package::find(&packages.0, name, major) {
            return self.package(node, package, version, reference.span);
        }
        let Some(definition) = found else {
            self.unknown_task(&reference, name, &packages);
            return None;
        };
        if !definition.majors.contains(&major) {
            self.unknown_version(&reference, definition);
            return None;
        }
        let has_gaps = has_gaps(node) || self.is_misread(node);
        let inputs = Inputs { node: member(node, "inputs"), definition, has_gaps };
        self.check_inputs(&inputs, reference.span);
        self.check_passed_over(&inputs);
        self.check_choices(&inputs);
        if let Some(interpreter) = interpreter(&inputs) {
            *working_directory = inputs.value("workingDirectory").and_then(placed_text);
            let script = inputs.value("script")?;
            let script = Placed { value: scalar(script)?.clone(), span: script.span };
            return Some(Action::Script(self.task_script(&inputs, interpreter, script)));
        }
        self.need(Capability::Task(definition.name), reference.span);
        self.check_tool(&inputs, reference.span);
        self.check_archives(&inputs);
        Some(Action::Task(Task {
            name: definition.name.to_owned(),
            definition: Some(definition),
            span: reference.span,
            version: version.to_owned(),
            inputs: inputs.all(),
            resource: None,
        }))
    }

    /// Returns the task packages of whoever will execute the run.
    fn packages(&self) -> Packages {
        self.machine.map(Machine::packages).unwrap_or_default()
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

    fn unknown_task(&mut self, reference: &Placed<String>, name: &str, (packages, problems): &Packages) {
        if name.eq_ignore_ascii_case(CHECKOUT) {
            let title = "a checkout is written as `checkout:`";
            self.error(Code::OldForm, title, reference.span, "this is the task behind it");
            return;
        }
        let title = format!("there is no task `{}` here", shown(name));
        let unknown = Diagnostic::error(Code::UnknownTask, title, reference.span, "no such task");
        let names = || task::all().map(|task| task.name).chain(packages.iter().map(|package| package.name.as_str()));
        let unknown = match packages.iter().find(|package| package.is_named(name)) {
            Some(package) => unknown.note(format!("there is `{}@{}`", package.name, package.version[0])),
            None => {
                let built_in = unknown.note(format!("the tasks are {}", listed(names(), "and")));
                built_in
                    .note("others are found in a folder of task packages, which `tasks:` of the configuration names")
            }
        };
        let unknown = problems.iter().fold(unknown, Diagnostic::note);
        self.diagnostics.push(unknown.suggest(name, names()));
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
        let mut meant = Vec::new();
        for entry in inputs.entries() {
            let name = author(&entry.key);
            if definition.input(name).is_none() && !name.is_empty() {
                let title = format!("the task `{}` has no input `{}`", definition.name, shown(name));
                let unknown = Diagnostic::warning(Code::UnknownInput, title, entry.key_span, "this has no effect");
                let names =
                    || definition.inputs.iter().flat_map(|input| std::iter::once(&input.name).chain(input.aliases));
                let near = nearest(name, names().copied()).and_then(|near| definition.input(near));
                let is_missed = |input: &&Input| inputs.wants(input) && !inputs.is_given(input.name);
                // Without the input that was meant the task can't run.
                let severity = match near.filter(is_missed) {
                    Some(_) => Severity::Error,
                    None => Severity::Warning,
                };
                meant.extend(near.map(|input| input.name));
                self.diagnostics.push(Diagnostic { severity, ..unknown.suggest(name, names().copied()) });
            }
        }
        for input in definition.inputs {
            let is_known = inputs.is_given(input.name) || inputs.has_gaps || meant.contains(&input.name);
            if !inputs.wants(input) || is_known {
                continue;
            }
            let because = match input.required {
                Required::When(other, value) => Some(format!("`{other}` is `{value}`")),
                Required::Yes | Required::No => None,
            };
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

    /// Reports words that an input does not take: the step would fail.
    fn check_choices(&mut self, inputs: &Inputs<'_>) {
        let task = inputs.definition.name;
        for (name, words) in task::choices(task) {
            let Some(value) = inputs.value(name) else { continue };
            let Some(written) = text(value).filter(|text| !text.is_tainted() && !text.is_empty()) else { continue };
            let written = written.flatten();
            let written = written.trim();
            if written.contains("$(") && task::DECISIVE.contains(&(task, name)) {
                let title = format!("a macro can't be the input `{name}` of the task `{task}` here");
                let wrong = Diagnostic::error(Code::Unsupported, title, value.span, "this decides what the step is");
                let help = format!("write {}, or an expression: `${{{{ … }}}}`", listed(words.iter().copied(), "or"));
                self.diagnostics.push(wrong.help(help));
                continue;
            }
            if written.contains("$(") || words.iter().any(|word| word.eq_ignore_ascii_case(written)) {
                continue;
            }
            let title = format!("the input `{name}` of the task `{task}` can't be `{}`", shown(written));
            let wrong = Diagnostic::error(Code::InvalidValue, title, value.span, "it takes other words");
            let wrong = wrong.note(format!("it takes {}", listed(words.iter().copied(), "or")));
            self.diagnostics.push(wrong.suggest(written, words.iter().copied()));
        }
    }

    /// Warns of inputs that change nothing here.
    fn check_passed_over(&mut self, inputs: &Inputs<'_>) {
        for (task, name, usual, help) in PASSED_OVER {
            let value = inputs.value(name).filter(|_| inputs.definition.name == task && !inputs.is(name, usual));
            if let Some(value) = value {
                let title = format!("the input `{name}` of the task `{task}` does nothing here");
                let warned = Diagnostic::warning(Code::NoEffect, title, value.span, "this is passed over");
                self.diagnostics.push(warned.help(help));
            }
        }
    }

    /// Reports what is asked of a tool that the task can't ask here.
    fn check_tool(&mut self, inputs: &Inputs<'_>, place: Span) {
        let Some(tool) = call::tool(inputs.definition.name) else { return };
        for (name, values, help) in tool.absent() {
            let is_asked = match values {
                [] => inputs.is_given(name),
                values => values.iter().any(|value| inputs.is(name, value)),
            };
            if is_asked {
                let span = inputs.value(name).map_or(place, |value| value.span);
                let title = format!("the input `{name}` of the task `{}` can't be this here", inputs.definition.name);
                let wrong = Diagnostic::error(Code::Unsupported, title, span, "this would be passed over");
                self.diagnostics.push(wrong.help(*help));
            }
        }
    }

    /// Reports archives of a kind that can be neither made nor unpacked.
    fn check_archives(&mut self, inputs: &Inputs<'_>) {
        for (task, name, known) in ARCHIVES {
            let Some(value) = inputs.value(name).filter(|_| inputs.definition.name == task) else { continue };
            let Some(written) = text(value).filter(|text| !text.is_tainted()) else { continue };
            let unknown = |line: &&str| !line.is_empty() && !line.starts_with(['#', '!']) && !line.contains("$(");
            let unknown = |line: &&str| unknown(line) && !is_known_archive(line, name, known);
            let Some(line) = written.flatten().lines().map(str::trim).find(unknown).map(shown) else { continue };
            let title = format!("the task `{task}` has nothing for `{line}`");
            let wrong = Diagnostic::error(Code::Unsupported, title, value.span, "an archive of another kind");
            let wrong = wrong.note(format!("there is {}", listed(known.iter().copied(), "and")));
            self.diagnostics.push(wrong.help("call the tool for it in a script step"));
        }
    }

    fn task_script(&self, inputs: &Inputs<'_>, interpreter: Interpreter, script: Placed<Scalar>) -> Script {
        let is_power_shell = interpreter.is_power_shell();
        let is_python = interpreter == Interpreter::Python;
        Script {
            interpreter,
            text: script,
            fail_on_stderr: flag(inputs.value("failOnStderr")),
            ignore_last_exit_code: flag(inputs.value("ignoreLASTEXITCODE").filter(|_| is_power_shell)),
            preferences: if is_power_shell { preferences(|name| inputs.value(name)) } else { Vec::new() },
            arguments: inputs.value("arguments").filter(|_| is_python).and_then(text).unwrap_or_default(),
            program: inputs.value("pythonInterpreter").filter(|_| is_python).and_then(placed_text),
            error_action: if is_power_shell {
                error_action(inputs.value("errorActionPreference"))
            } else {
                ErrorAction::default()
            },
        }
    }
}

/// Says whether values that are not known yet may bring more inputs.
pub(super) fn has_gaps(step: &Node) -> bool {
    step.has_gap() || member(step, "inputs").is_some_and(Node::has_gap)
}

/// The inputs of a step.
struct Inputs<'n> {
    node: Option<&'n Node>,
    definition: &'static Definition,
    /// Whether values that are not known yet may bring more.
    has_gaps: bool,
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

    /// Says whether the task can't run without an input.
    fn wants(&self, input: &Input) -> bool {
        match input.required {
            Required::No => false,
            Required::Yes => true,
            Required::When(other, value) => self.is(other, value),
        }
    }

    /// Says whether an input has a value. One that is no text is told as that.
    fn is_given(&self, name: &str) -> bool {
        let has_text = |text: Text| text.is_tainted() || !text.is_empty();
        self.value(name).is_some_and(|value| value.is_gap() || text(value).is_none_or(has_text))
    }

    /// Says whether an input has a value, which may be its default. A payload does not decide that.
    fn is(&self, name: &str, wanted: &str) -> bool {
        let default = self.definition.input(name).map_or("", |input| input.default);
        match self.value(name).and_then(text) {
            Some(given) if given.is_tainted() => false,
            Some(given) if !given.is_empty() => given.flatten().trim().eq_ignore_ascii_case(wanted),
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

/// Says whether a value, or the ending of a pattern that ends in a plain name, is one of those.
fn is_known_archive(line: &str, input: &str, known: &[&str]) -> bool {
    if input != "archiveFilePatterns" {
        return known.iter().any(|it| it.eq_ignore_ascii_case(line));
    }
    let ending = line.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    let plain = ending.filter(|ending| ending.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    plain.is_none_or(|ending| known.iter().any(|it| it[1..].eq_ignore_ascii_case(ending)))
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
        "PythonScript" if inputs.is("scriptSource", "inline") => Some(Interpreter::Python),
        _ => None,
    }
}
