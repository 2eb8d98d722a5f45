//! What may stand at the top of a file of each kind, and what is passed to it.

use super::Mention;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest, shown};
use crate::template::hole;
use crate::template::old::old_form;
use crate::template::parameter::{self, Declared, ParameterDeclaration};
use crate::template::reference::Kind;
use crate::yaml;
use std::sync::Arc;

/// The keys that may stand beside `extends` (reference, section 2.8), and those of our own.
const BESIDE_EXTENDS: [&str; 12] = [
    "extends",
    "name",
    "trigger",
    "pr",
    "schedules",
    "resources",
    "parameters",
    "variables",
    "pool",
    "lockBehavior",
    "appendCommitMessageToRunName",
    "concurrency",
];

pub(super) fn check_siblings(document: &yaml::Node, diagnostics: &mut Diagnostics) {
    let Some(extends) = document.entry("extends") else { return };
    for (key, span) in keys(document).into_iter().filter(|(key, _)| !BESIDE_EXTENDS.contains(&&**key)) {
        if nearest(&key, BESIDE_EXTENDS).is_some() {
            let title = format!("a pipeline has no key `{}`", shown(&key));
            let unknown = Diagnostic::error(Code::UnknownKey, title, span, "this key is not known here");
            diagnostics.push(unknown.suggest(&key, BESIDE_EXTENDS));
            continue;
        }
        let title = format!("`{}` can't stand beside `extends`", shown(&key));
        let mistake = Diagnostic::error(Code::InvalidValue, title, span, "the extended pipeline says this");
        let help = "remove it, or pass it to the extended pipeline in `parameters`";
        diagnostics.push(mistake.related(extends.key.span, "the file extends another one").help(help));
    }
}

/// Says whether a mapping has a key that was meant to be a word.
pub(in crate::template) fn has_near(mapping: &yaml::Node, word: &str) -> bool {
    let keys = mapping.entries().unwrap_or_default().iter().filter_map(|entry| entry.key.text());
    keys.into_iter().any(|key| nearest(key, [word]).is_some())
}

/// Says whether a file means to have more resources of a kind than could be read, which has been told: nobody
/// knows their aliases.
pub(super) fn has_lost(document: &yaml::Node, kind: &str, read: usize) -> bool {
    let Some(resources) = document.member("resources") else {
        return has_near(document, "resources") || has_near(document, kind);
    };
    let Some(list) = resources.member(kind) else {
        let others = resources.entries().unwrap_or_default().iter().filter_map(|entry| entry.value.items()).flatten();
        return [document, resources].into_iter().chain(others).any(|mapping| has_near(mapping, kind));
    };
    !list.is_empty_plain() && list.items().is_none_or(|items| items.len() > read)
}

pub(super) fn keys(document: &yaml::Node) -> Vec<(Arc<str>, Span)> {
    let entries = document.entries().unwrap_or_default().iter();
    let read = entries.filter(|entry| !entry.key.is_unread_key());
    let literal = read.filter_map(|entry| Some((entry.key.text()?.clone(), entry.key.span)));
    literal.filter(|(key, _)| !hole::has_expression(key)).collect()
}

/// Returns what is wrong with the names of the parameters that are passed to a file.
pub(super) fn check_arguments(declared: &Declared, mention: &Mention) -> Vec<Diagnostic> {
    let (Some(declarations), Some(arguments)) = (declared.typed(), &mention.arguments) else { return Vec::new() };
    let is_declared = |name: &str| declarations.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let is_given = |name: &str| arguments.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let is_closed = declared.closed_names().is_some();
    let unknown = arguments.iter().filter(|(name, _)| is_closed && !is_declared(name));
    let unknown = unknown.map(|(name, span)| parameter::undeclared(name, *span, declarations));
    let meant = parameter::meant(declarations, arguments.iter().map(|(name, _)| &**name));
    let is_absent = |it: &&ParameterDeclaration| it.default.is_none() && !is_given(&it.name);
    let absent = declarations.iter().filter(|it| is_absent(it) && !meant.contains(&&*it.name));
    unknown.chain(absent.map(|it| parameter::missing(it, mention.span))).collect()
}

/// Returns what is wrong with the keys at the top of a template file of a kind, which is named at
/// `mention`.
pub(in crate::template) fn check_keys(
    kind: Kind,
    keys: &[(Arc<str>, Span)],
    whole: Span,
    mention: Option<Span>,
) -> Vec<Diagnostic> {
    let named = |mistake: Diagnostic| match mention {
        Some(mention) => mistake.related(mention, "the file is named here"),
        None => mistake,
    };
    let is_body = |key: &str| kind.bodies().contains(&key);
    let is_known = |key: &str| is_body(key) || kind.others().contains(&key);
    let mut mistakes = Vec::new();
    for (key, span) in keys.iter().filter(|(key, _)| !is_known(key)) {
        if let Some((old, help)) = kind.old().iter().find(|(old, _)| *old == &**key) {
            mistakes.push(named(old_form(old, *span, help)));
            continue;
        }
        let title = format!("{} has no key `{}`", kind.name(), shown(key));
        let unknown = Diagnostic::error(Code::UnknownKey, title, *span, "this key is not known here");
        let known = [kind.others(), kind.bodies()].concat();
        let unknown = named(unknown).help(format!("the keys here are `{}`", known.join("`, `")));
        mistakes.push(unknown.suggest(key, known.iter().copied()));
    }
    let bodies: Vec<&(Arc<str>, Span)> = keys.iter().filter(|(key, _)| is_body(key)).collect();
    match bodies.as_slice() {
        [first, second, ..] => {
            let title = format!("{} has `{}` or `{}`, not both", kind.name(), first.0, second.0);
            let double = Diagnostic::error(Code::InvalidValue, title, second.1, "the second");
            mistakes.push(double.related(first.1, "the first"));
        }
        [] if mistakes.is_empty() => {
            let place = keys.first().map_or(Span { end: whole.start, ..whole }, |(_, span)| *span);
            let title = format!("{} needs `{}`", kind.name(), kind.bodies().join("` or `"));
            let missing = Diagnostic::error(Code::MissingKey, title, place, "it is not in the file");
            mistakes.push(named(missing));
        }
        _ => {}
    }
    mistakes
}
