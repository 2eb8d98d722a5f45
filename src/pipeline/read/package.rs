//! Steps whose task is a package, against what its `task.json` says of its inputs.

use super::Reader;
use super::task::has_gaps;
use crate::diagnostic::{Code, Diagnostic, Severity, Span, shown};
use crate::pipeline::executable::AS_SCRIPT;
use crate::pipeline::model::{Action, Placed, Task};
use crate::pipeline::schema::listed;
use crate::pipeline::task::package::{Handler, Needed, Package, PackageInput};
use crate::pipeline::value::{author, entries, member, text};
use crate::taint::Text;
use crate::template::Node;

/// The inputs that a step gives, under the package's own names.
type Given = [(Placed<String>, Text)];

impl Reader<'_> {
    /// Returns a task that is a package.
    pub(super) fn package(&mut self, node: &Node, package: &Package, version: &str, place: Span) -> Option<Action> {
        if let Handler::Unknown(handlers) = &package.handler {
            let title = format!("the task `{}` has no handler of Node", package.name);
            let known = listed(handlers.iter().map(String::as_str), "and");
            let wrong = Diagnostic::error(Code::Unsupported, title, place, "it can't be run here");
            self.diagnostics.push(wrong.note(format!("its handlers are {known}")).help(AS_SCRIPT));
        }
        for key in &package.passed_over {
            let title = format!("the task `{}` has a part that is not run: `{key}`", package.name);
            self.diagnostics.push(Diagnostic::warning(Code::NoEffect, title, place, "this part is left out"));
        }
        let mut has_gaps = has_gaps(node) || self.is_misread(node);
        let mut given = Vec::new();
        for entry in member(node, "inputs").map(entries).unwrap_or_default() {
            let name = author(&entry.key);
            let known = package.input(name);
            if known.is_none() && !name.is_empty() {
                let title = format!("the task `{}` has no input `{}`", package.name, shown(name));
                let unknown = Diagnostic::warning(Code::UnknownInput, title, entry.key_span, "this has no effect");
                let names = package.inputs.iter().map(|input| input.name.as_str());
                self.diagnostics.push(unknown.suggest(name, names));
            }
            let name = known.map_or(name, |input| input.name.as_str());
            let name = Placed { value: name.to_owned(), span: entry.value.span };
            has_gaps |= entry.value.is_gap() || text(&entry.value).is_none();
            given.extend(text(&entry.value).map(|value| (name, value)));
        }
        if !has_gaps {
            self.check_needed(package, &given, place);
        }
        self.check_options(package, &given);
        let name = package.name.clone();
        let version = version.to_owned();
        Some(Action::Task(Task { name, definition: None, span: place, version, inputs: given, resource: None }))
    }

    /// Reports inputs that have no value and need one. Whether one that a rule shows is really asked for, the task
    /// alone knows: of those it is a warning.
    fn check_needed(&mut self, package: &Package, given: &Given, place: Span) {
        for input in package.inputs.iter().filter(|input| input.default.is_empty()) {
            let severity = match &input.needed {
                Needed::Always => Severity::Error,
                Needed::When(rule) if rule.holds(|name| value(package, given, name)) == Some(true) => Severity::Warning,
                Needed::Never | Needed::When(_) => continue,
            };
            let has_value = value_of(given, input).is_some_and(|value| value.is_tainted() || !value.is_empty());
            if !has_value {
                let title = format!("the task `{}` needs the input `{}`", package.name, input.name);
                let missing = Diagnostic::error(Code::MissingInput, title, place, "it has no value");
                let missing = Diagnostic { severity, ..missing };
                self.diagnostics.push(missing.help(format!("write it below `inputs`: `{}: …`", input.name)));
            }
        }
    }

    /// Warns of values that the package's own list does not have. The task may know them all the same.
    fn check_options(&mut self, package: &Package, given: &Given) {
        for input in package.inputs.iter().filter(|input| !input.options.is_empty()) {
            for (name, value) in given.iter().filter(|(name, _)| name.value == input.name) {
                let written = value.flatten();
                let written = written.trim();
                let is_listed = input.options.iter().any(|option| option.eq_ignore_ascii_case(written));
                if is_listed || written.is_empty() || value.is_tainted() || written.contains('$') {
                    continue;
                }
                let title =
                    format!("the input `{}` of the task `{}` is not `{}`", input.name, package.name, shown(written));
                let options = || input.options.iter().map(String::as_str);
                let wrong = Diagnostic::warning(Code::InvalidValue, title, name.span, "the task lists other words");
                let wrong = wrong.note(format!("it lists {}", listed(options(), "and")));
                self.diagnostics.push(wrong.suggest(written, options()));
            }
        }
    }
}

fn value_of<'g>(given: &'g Given, input: &PackageInput) -> Option<&'g Text> {
    given.iter().rev().find(|(name, _)| name.value == input.name).map(|(_, value)| value)
}

/// Returns the value that an input has, if that is known before the step runs.
fn value(package: &Package, given: &Given, name: &str) -> Option<String> {
    let input = package.input(name)?;
    match value_of(given, input).filter(|value| value.is_tainted() || !value.is_empty()) {
        Some(value) if value.is_tainted() => None,
        Some(value) => Some(value.flatten().into_owned()).filter(|value| !value.contains('$')),
        None => Some(input.default.clone()).filter(|value| !value.contains('$')),
    }
}
