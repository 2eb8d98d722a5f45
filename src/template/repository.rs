//! The repositories that a file declares below `resources` (reference, section 9.2).

use super::{Repository, hole};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest, shown};
use crate::yaml::Node;

/// The most repositories of a file.
const REPOSITORIES_MAX: usize = 100;
/// An alias that is taken: the repository of the pipeline file.
const OWN: &str = "self";

/// Reads the declared repositories. What else their mappings hold is for checkouts, and left alone.
pub fn repositories(document: &Node, diagnostics: &mut Diagnostics) -> Vec<Repository> {
    let Some(list) = document.member("resources").and_then(|resources| resources.member("repositories")) else {
        return Vec::new();
    };
    let Some(items) = list.items() else {
        if !list.is_empty_plain() {
            wrong(list, "`repositories` is a list", diagnostics);
        }
        return Vec::new();
    };
    if let Some(excess) = items.get(REPOSITORIES_MAX) {
        let title = format!("`repositories` has {} entries, {REPOSITORIES_MAX} are allowed", items.len());
        diagnostics.push(Diagnostic::error(Code::YamlLimit, title, excess.span, "this is one too many"));
    }
    let mut found: Vec<Repository> = Vec::new();
    for item in items.iter().take(REPOSITORIES_MAX) {
        let Some(repository) = repository(item, diagnostics) else { continue };
        match found.iter().find(|known| known.alias.eq_ignore_ascii_case(&repository.alias)) {
            // A template named with the alias could come from either.
            Some(first) => diagnostics.push(same_alias(&repository, first)),
            None => found.push(repository),
        }
    }
    found
}

fn repository(item: &Node, diagnostics: &mut Diagnostics) -> Option<Repository> {
    if item.entries().is_none() {
        wrong(item, "a repository is a mapping", diagnostics);
        return None;
    }
    let Some(alias) = item.member("repository") else {
        let entries = item.entries().unwrap_or_default().iter();
        let near = |key: &str| nearest(key, ["repository"]).is_some();
        if entries.clone().any(|it| it.key.is_unread_key() || it.key.text().is_some_and(|key| near(key))) {
            // A key that was meant is told where keys are judged.
            return None;
        }
        let place = item.entries().and_then(<[_]>::first).map_or(item.span, |entry| entry.key.span);
        let missing = Diagnostic::error(Code::MissingKey, "a repository needs `repository`", place, "it has no alias");
        diagnostics.push(missing.help("write `- repository: alias` first; templates are named `file.yml@alias`"));
        return None;
    };
    let (alias, alias_span) = text(alias, "the alias of a repository", diagnostics)?;
    let is_alias = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if alias.is_empty() || !alias.chars().all(is_alias) || alias.eq_ignore_ascii_case(OWN) {
        let title = format!("`{}` can't be the alias of a repository", shown(&alias));
        let label = if alias.eq_ignore_ascii_case(OWN) {
            "this is the pipeline's own"
        } else {
            "letters, digits, `-`, `_` and `.` can"
        };
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, alias_span, label));
        return None;
    }
    let name = item.member("name").and_then(|name| text(name, "`name`", diagnostics)).map(|(name, _)| name);
    let written = item.member("ref");
    let open_version = written.filter(|version| has_expression(version)).map(|version| version.span);
    let version = written.filter(|_| open_version.is_none());
    let version = version.and_then(|version| text(version, "`ref`", diagnostics)).map(|(version, _)| version);
    let version = version.filter(|it| !it.is_empty());
    Some(Repository { alias: alias.into(), alias_span, name, version, open_version })
}

/// Says whether a version has an expression: then a checkout gets it, and no template.
pub(super) fn has_expression(version: &Node) -> bool {
    version.text().is_some_and(|text| hole::has_expression(text))
}

fn same_alias(second: &Repository, first: &Repository) -> Diagnostic {
    let title = format!("two repositories are called `{}`", shown(&second.alias));
    let same = Diagnostic::error(Code::DuplicateName, title, second.alias_span, "the second");
    same.related(first.alias_span, "the first")
}

fn wrong(node: &Node, wanted: &str, diagnostics: &mut Diagnostics) {
    let title = format!("{wanted}, not {}", node.describe());
    diagnostics.push(Diagnostic::error(Code::WrongType, title, node.span, format!("this is {}", node.describe())));
}

fn text(node: &Node, what: &str, diagnostics: &mut Diagnostics) -> Option<(String, Span)> {
    let Some(text) = node.text() else {
        wrong(node, &format!("{what} is text"), diagnostics);
        return None;
    };
    if hole::has_expression(text) {
        let title = format!("{what} can't have an expression");
        let label = "repositories are read before expressions have values";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, node.span, label));
        return None;
    }
    Some((text.to_string(), node.span))
}
