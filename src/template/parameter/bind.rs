//! The values of parameters: those given, else the defaults.

use super::read::expectation;
use super::{Declared, ParameterDeclaration, ParameterKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Span, nearest, shown};
use crate::expression::Value;
use crate::taint::Origin;
use crate::template::{Node, compile, value};
use crate::yaml;
use std::sync::Arc;

/// An argument of a reference to a template, expanded.
#[derive(Debug, Clone)]
pub(in crate::template) struct Argument {
    pub(in crate::template) name: Arc<str>,
    pub(in crate::template) name_span: Span,
    pub(in crate::template) value: Node,
    /// Whether the value could not be made, which has been reported.
    pub(in crate::template) is_unknown: bool,
    /// Whether nothing was left out of it: what is wrong with the rest shows where it is used.
    pub(in crate::template) is_whole: bool,
}

/// The value of a parameter in one use of its file.
#[derive(Debug, Clone)]
pub(in crate::template) struct Bound {
    pub(in crate::template) name: Arc<str>,
    pub(in crate::template) value: Value,
    /// Where in a payload it came from, also for a number that carries no origin itself.
    pub(in crate::template) origin: Option<Arc<Origin>>,
    /// Whether there is none for a reason that has been reported.
    pub(in crate::template) is_unknown: bool,
}

/// Returns the values of a pipeline's parameters: those given as text, by name ignoring case, else
/// the defaults. The text for a structure is YAML, or JSON, which is YAML too. Those that have none,
/// which is reported, are left out.
pub fn bind(
    declared: &[ParameterDeclaration],
    given: &[(String, String)],
    diagnostics: &mut Diagnostics,
) -> Vec<(Arc<str>, Value)> {
    let is_declared = |name: &str| declared.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name));
    for (name, _) in given.iter().filter(|(name, _)| !is_declared(name)) {
        let title = format!("the pipeline has no parameter `{}`", shown(name));
        let unknown = Diagnostic::without_place(Code::UnknownParameter, title);
        diagnostics.push(unknown.suggest(name, declared.iter().map(|parameter| &*parameter.name)));
    }
    declared
        .iter()
        .filter_map(|parameter| {
            let given = given.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&parameter.name));
            let value = match given {
                Some((_, text)) => parameter.given(text, diagnostics),
                None => parameter.default_value(diagnostics),
            };
            Some((parameter.name.clone(), value?))
        })
        .collect()
}

impl ParameterDeclaration {
    fn default_value(&self, diagnostics: &mut Diagnostics) -> Option<Value> {
        if self.default.is_some() {
            return self.default.clone().filter(|_| !self.is_misread);
        }
        let title = format!("the parameter `{}` has no value and no default", self.name);
        let missing = Diagnostic::error(Code::MissingParameter, title, self.name_span, "declared here");
        diagnostics.push(missing.help("give it a `default`; a run that a webhook starts gets no other value"));
        None
    }

    fn given(&self, text: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
        if let Some(value) = self.typed(text, diagnostics) {
            return Some(value);
        }
        let title = format!("`{}` is no value for the parameter `{}`", shown(text), self.name);
        let label = expectation(self.kind, &self.values);
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, self.name_span, label));
        None
    }

    /// Returns a text as a value of the parameter's type, if it is one and is allowed. What is wrong
    /// with steps, jobs and stages in it is reported.
    fn typed(&self, text: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
        let scalar = yaml::Scalar { text: text.into(), style: yaml::Style::DoubleQuoted };
        let whole = yaml::Node { span: self.name_span, content: yaml::Content::Scalar(scalar) };
        if self.kind.takes_text() {
            return self.kind.value_of(&compile::fixed(&whole), &self.values);
        }
        let mut mistakes = Diagnostics::default();
        let tree = yaml::parse(text, SourceId(0), &mut mistakes)?;
        // Its places would be of a text that is in no file.
        let written = value::moved(compile::fixed(&tree), self.name_span);
        let value = self.kind.value_of(&written, &self.values).filter(|_| mistakes.is_empty())?;
        self.kind.judge(&written, self.judge, diagnostics);
        Some(value)
    }
}

impl ParameterKind {
    /// Says whether a text is a value of the type as it is, and not the YAML of one.
    fn takes_text(self) -> bool {
        use super::Shape;
        matches!(self.shape(), Shape::Text | Shape::Number | Shape::Boolean)
    }
}

impl Declared {
    /// Returns the values of a template's parameters in one use of it. `place` is where the
    /// template is named, `shown` how.
    pub(in crate::template) fn bind(
        &self,
        arguments: Vec<Argument>,
        place: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Bound> {
        match self {
            Self::Typed(declarations) => {
                diagnostics.extend(unknown(declarations, &arguments));
                typed(declarations, arguments, place, diagnostics)
            }
            Self::Misread(declarations) => typed(declarations, arguments, place, diagnostics),
            Self::Untyped(defaults) => untyped(defaults, arguments),
            Self::Nothing => untyped(&[], arguments),
        }
    }
}

/// Returns what is wrong with the names of arguments.
fn unknown(declarations: &[ParameterDeclaration], arguments: &[Argument]) -> Vec<Diagnostic> {
    let is_declared = |name: &str| declarations.iter().any(|declared| declared.name.eq_ignore_ascii_case(name));
    let unknown = arguments.iter().filter(|argument| !is_declared(&argument.name));
    unknown.map(|argument| undeclared(&argument.name, argument.name_span, declarations)).collect()
}

fn typed(
    declarations: &[ParameterDeclaration],
    arguments: Vec<Argument>,
    place: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Bound> {
    let meant = meant(declarations, arguments.iter().map(|argument| &*argument.name));
    let bind = |declared: &ParameterDeclaration| {
        let argument = arguments.iter().find(|argument| declared.name.eq_ignore_ascii_case(&argument.name));
        let (value, origin) = match argument {
            Some(argument) if argument.is_unknown => (None, None),
            Some(argument) => (declared.argument(argument, diagnostics), argument.value.origin.clone()),
            None if declared.default.is_none() && meant.contains(&&*declared.name) => (None, None),
            None => (declared.absent(place, diagnostics), None),
        };
        let (is_unknown, value) = (value.is_none(), value.unwrap_or(Value::Null));
        let is_own = value.origin().is_none() && matches!(value, Value::String(_));
        Bound { name: declared.name.clone(), value, origin: origin.filter(|_| !is_own), is_unknown }
    };
    declarations.iter().map(bind).collect()
}

impl ParameterDeclaration {
    fn argument(&self, argument: &Argument, diagnostics: &mut Vec<Diagnostic>) -> Option<Value> {
        let value = self.kind.value_of(&argument.value, &self.values);
        let wrong_entry = self.kind.wrong_entry(&argument.value);
        if argument.is_whole && (value.is_some() || wrong_entry.is_some()) {
            let mut mistakes = Diagnostics::default();
            self.kind.judge(&argument.value, self.judge, &mut mistakes);
            let declared = || format!("for the parameter `{}`, declared here as `{}`", self.name, self.kind.word());
            diagnostics.extend(mistakes.into_iter().map(|it| it.related(self.name_span, declared())));
        }
        if value.is_some() {
            return value;
        }
        let describe = |node: &Node| match value::from_node(node) {
            Value::String(text) if text.is_empty() => "an empty text".to_owned(),
            other => other.describe(),
        };
        let (title, place, label) = match wrong_entry {
            Some((entry, wanted)) => {
                let title = format!("{} is no entry for the parameter `{}`", describe(entry), self.name);
                (title, entry.span, wanted.to_owned())
            }
            None => {
                let title = format!("{} is no value for the parameter `{}`", describe(&argument.value), self.name);
                (title, argument.value.span, expectation(self.kind, &self.values))
            }
        };
        let mut wrong = Diagnostic::error(Code::InvalidValue, title, place, label);
        wrong.notes.extend(argument.value.origin.as_deref().map(value::came_from));
        diagnostics.push(wrong.related(self.name_span, format!("declared here as `{}`", self.kind.word())));
        None
    }

    fn absent(&self, place: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Value> {
        if self.default.is_none() {
            diagnostics.push(missing(self, place));
        }
        self.default.clone().filter(|_| !self.is_misread)
    }
}

/// Returns the diagnostic for an argument that a template has no parameter for.
pub(in crate::template) fn undeclared(name: &str, place: Span, declarations: &[ParameterDeclaration]) -> Diagnostic {
    let title = format!("the template has no parameter `{}`", shown(name));
    let unknown = Diagnostic::error(Code::UnknownParameter, title, place, "not declared");
    let names: Vec<&str> = declarations.iter().map(|declared| &*declared.name).collect();
    let help = match names.as_slice() {
        [] => "remove it: the template declares no parameters".to_owned(),
        names => format!("it has `{}`", names.join("`, `")),
    };
    unknown.help(help).suggest(name, names)
}

/// Returns the parameters that were meant by names of others that no parameter has: which is told, and not
/// that these have no value.
pub(in crate::template) fn meant<'p>(
    declarations: &'p [ParameterDeclaration],
    given: impl Iterator<Item = &'p str>,
) -> Vec<&'p str> {
    let names = || declarations.iter().map(|declared| &*declared.name);
    let unknown = given.filter(|given| !names().any(|name| name.eq_ignore_ascii_case(given)));
    unknown.filter_map(|given| nearest(given, names())).collect()
}

/// Returns the diagnostic for a parameter that gets no value where its template is named.
pub(in crate::template) fn missing(declaration: &ParameterDeclaration, place: Span) -> Diagnostic {
    let name = &declaration.name;
    let title = format!("the template's parameter `{name}` has no value and no default");
    let missing = Diagnostic::error(Code::MissingParameter, title, place, "the template is named here");
    let help = format!("write `{name}` below `parameters` here");
    missing.related(declaration.name_span, "declared here without a default").help(help)
}

/// Any argument is taken, as text; a default stands where there is none.
fn untyped(defaults: &[(Arc<str>, Value)], arguments: Vec<Argument>) -> Vec<Bound> {
    let is_given = |name: &str| arguments.iter().any(|argument| argument.name.eq_ignore_ascii_case(name));
    let absent = defaults.iter().filter(|(name, _)| !is_given(name));
    let absent: Vec<Bound> = absent
        .map(|(name, value)| Bound { name: name.clone(), value: value.clone(), origin: None, is_unknown: false })
        .collect();
    let given = arguments.iter().map(|argument| Bound {
        name: argument.name.clone(),
        value: value::as_text(&argument.value),
        origin: argument.value.origin.clone(),
        is_unknown: argument.is_unknown,
    });
    given.chain(absent).collect()
}
