//! The places where a file names other files.

use super::Compiler;
use crate::diagnostic::Span;
use crate::expression::{Expression, Step};
use crate::template::hole::{self, Found};
use crate::template::load::has_near;
use crate::template::place::Place;
use crate::template::reference::Kind as TemplateKind;
use crate::yaml;
use std::sync::Arc;

/// A place where a file names another one.
#[derive(Debug, Clone)]
pub(in crate::template) struct Mention {
    pub(in crate::template) kind: TemplateKind,
    pub(in crate::template) written: Written,
    pub(in crate::template) span: Span,
    /// Whether the place is only likely to be one for a template: the list may be data.
    pub(in crate::template) is_guessed: bool,
    /// The names of the parameters that are passed, where they are literal.
    pub(in crate::template) arguments: Option<Vec<(Arc<str>, Span)>>,
    /// Whether the reference is followed in every run that uses this file.
    pub(in crate::template) is_certain: bool,
}

/// How a template is named.
#[derive(Debug, Clone)]
pub(in crate::template) enum Written {
    /// In the file.
    Literally(String),
    /// By expressions, with literal text before the first and behind the last. `parameter` is the one
    /// whose value is all that stands between them, if it is so.
    Computed { before: String, after: String, parameter: Option<String> },
}

impl Compiler<'_> {
    /// Notes the files that the defaults of parameters name.
    pub(super) fn guess(&mut self, node: &yaml::Node) {
        for item in node.items().unwrap_or_default() {
            self.mention(item, Place::Other);
            self.guess(item);
        }
        for entry in node.entries().unwrap_or_default() {
            self.guess(&entry.value);
        }
    }

    /// Notes the file that an item of a list names.
    ///
    /// A list at another place may be passed to a parameter for steps, jobs or stages, and then its
    /// items are meant to be templates.
    pub(super) fn mention(&mut self, item: &yaml::Node, place: Place) {
        let Some(named) = item.member("template") else { return };
        let Some(text) = named.text() else { return };
        let is_guessed = place.kind().is_none();
        let kind = place.kind().unwrap_or(TemplateKind::Steps);
        let written = if hole::has_expression(text) { computed(text) } else { Written::Literally(text.to_string()) };
        let arguments = match item.member("parameters") {
            // A key that is near the word is told, and not what it would have passed.
            None if has_near(item, "parameters") => None,
            None => Some(Vec::new()),
            Some(arguments) if arguments.is_empty_plain() => Some(Vec::new()),
            Some(arguments) => literal_keys(arguments),
        };
        let is_certain = self.is_certain;
        self.mentions.push(Mention { kind, written, span: named.span, is_guessed, arguments, is_certain });
    }
}

/// Says whether an item brings a template or a group of variables.
pub(super) fn names_other(item: &yaml::Node, place: Place) -> bool {
    let has = |key: &str| item.member(key).is_some();
    place.kind().is_some() && (has("template") || (place == Place::Variables && has("group")))
}

/// Returns the keys of a mapping, if none of them has an expression.
fn literal_keys(mapping: &yaml::Node) -> Option<Vec<(Arc<str>, Span)>> {
    let literal = |entry: &yaml::Entry| {
        let key = entry.key.text().filter(|key| !hole::has_expression(key) && !entry.key.is_unread_key())?;
        Some((key.clone(), entry.key.span))
    };
    mapping.entries()?.iter().map(literal).collect()
}

fn computed(text: &str) -> Written {
    let parts = hole::find(text);
    let literal = |found: Option<&Found>| match found {
        Some(Found::Text(range)) => text[range.clone()].to_owned(),
        _ => String::new(),
    };
    let mut expressions = parts.iter().filter_map(|part| match part {
        Found::Expression { inner, .. } => Some(&text[inner.clone()]),
        Found::Text(_) | Found::Unclosed(_) => None,
    });
    let parameter = match (expressions.next(), expressions.next()) {
        (Some(only), None) => parameter(only),
        _ => None,
    };
    Written::Computed { before: literal(parts.first()), after: literal(parts.last()), parameter }
}

/// Returns the parameter that an expression is.
fn parameter(text: &str) -> Option<String> {
    let expression = Expression::parse(text).ok()?;
    match expression.references().as_slice() {
        [only] if !only.open && only.root.eq_ignore_ascii_case("parameters") => match only.steps.as_slice() {
            [Step::Member(name)] if text[only.range.clone()].len() == text.trim().len() => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}
