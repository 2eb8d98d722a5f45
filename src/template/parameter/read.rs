//! Reading the `parameters` of a file.

use super::{Declared, Judge, ParameterDeclaration, ParameterKind, Shape};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::expression::Value;
use crate::template::load::has_near;
use crate::template::{compile, hole, value};
use crate::yaml::{Entry, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// The most parameters of a file, and values of a parameter.
pub const PARAMETERS_MAX: usize = 1_000;

/// The keys of a parameter, in the order in which messages name them.
/// How long a value is at least for which another one is suggested: of shorter ones all are near each other.
const SUGGESTED_MIN: usize = 3;
/// The words of other languages for types, and what they are here.
const OF_OTHERS: [(&str, &str); 10] = [
    ("int", "number"),
    ("integer", "number"),
    ("float", "number"),
    ("str", "string"),
    ("text", "string"),
    ("array", "object"),
    ("list", "object"),
    ("map", "object"),
    ("mapping", "object"),
    ("dict", "object"),
];
const KEYS: [&str; 5] = ["name", "displayName", "type", "default", "values"];

/// Reads what a file declares. Only a template may have the old form.
pub(in crate::template) fn read(
    document: &Node,
    is_root: bool,
    judge: Judge,
    diagnostics: &mut Diagnostics,
) -> Declared {
    let mut reader = Reader { judge, diagnostics };
    let Some(parameters) = document.member("parameters") else {
        return match is_root {
            true if has_near(document, "parameters") => Declared::Misread(Vec::new()),
            true => Declared::Typed(Vec::new()),
            false => Declared::Nothing,
        };
    };
    match (parameters.items(), parameters.entries()) {
        (Some(items), _) => {
            let declarations = reader.list(items);
            let is_misread = declarations.len() < items.len().min(PARAMETERS_MAX);
            if is_misread { Declared::Misread(declarations) } else { Declared::Typed(declarations) }
        }
        (_, Some(entries)) if !is_root => Declared::Untyped(reader.untyped(entries)),
        (_, Some(_)) => {
            let title = "`parameters` of a pipeline is a list, not a mapping";
            let help = "write `- name: …` with a `default` for each; only a template may have a mapping here";
            reader.push(Diagnostic::error(Code::WrongType, title, parameters.span, "this is a mapping").help(help));
            Declared::Misread(Vec::new())
        }
        _ if parameters.is_empty_plain() => Declared::Typed(Vec::new()),
        _ => {
            let title = "`parameters` is a list, not text";
            reader.push(Diagnostic::error(Code::WrongType, title, parameters.span, "this is text"));
            Declared::Misread(Vec::new())
        }
    }
}

struct Reader<'d> {
    judge: Judge,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn list(&mut self, items: &[Node]) -> Vec<ParameterDeclaration> {
        let items = match items.get(PARAMETERS_MAX) {
            Some(excess) => {
                let title = format!("`parameters` has {} entries, {PARAMETERS_MAX} are allowed", items.len());
                self.push(Diagnostic::error(Code::YamlLimit, title, excess.span, "this is one too many"));
                &items[..PARAMETERS_MAX]
            }
            None => items,
        };
        let declarations: Vec<_> = items.iter().filter_map(|item| self.declaration(item)).collect();
        let mut seen = HashMap::new();
        for it in &declarations {
            if let Some(first) = seen.insert(it.name.to_ascii_lowercase(), it.name_span) {
                let title = format!("two parameters are called `{}`", shown(&it.name));
                let second = Diagnostic::error(Code::DuplicateName, title, it.name_span, "the second");
                self.push(second.related(first, "the first"));
            }
        }
        declarations
    }

    fn untyped(&mut self, entries: &[Entry]) -> Vec<(Arc<str>, Value)> {
        entries
            .iter()
            .take(PARAMETERS_MAX)
            .filter_map(|entry| {
                self.literal(&entry.value);
                Some((entry.key.text()?.clone(), value::as_text(&compile::fixed(&entry.value))))
            })
            .collect()
    }

    fn declaration(&mut self, node: &Node) -> Option<ParameterDeclaration> {
        let Some(entries) = node.entries() else {
            let title = format!("a parameter is a mapping, not {}", node.describe());
            self.push(Diagnostic::error(Code::WrongType, title, node.span, "write `- name: …`"));
            return None;
        };
        self.keys(entries, node.span)?;
        let (name, name_span) = self.text(node.member("name")?, "the name of a parameter")?;
        if name.is_empty() {
            let title = "the name of a parameter is empty";
            self.push(Diagnostic::error(Code::InvalidValue, title, name_span, "a name must stand here"));
            return None;
        }
        if let Some(shown) = node.member("displayName") {
            self.text(shown, "`displayName`");
        }
        let is_misspelt = |word: &str| node.member(word).is_none() && has_near(node, word);
        let kind = match node.member("type") {
            Some(node) => self.kind(node),
            None => ParameterKind::from_word("string").filter(|_| !is_misspelt("type")),
        };
        // An unknown type has been reported; any value will do, also none, and the parameter is there.
        let (kind, absent) = match kind {
            Some(kind) => (kind, Some(Value::Null).filter(|_| is_misspelt("default"))),
            None => (ParameterKind::any(), Some(Value::Null)),
        };
        let values = self.values(node.member("values"));
        // A default that is wrong has been reported; that there is none must not be said too.
        let default = |node| self.default(node, &name, kind, &values);
        let default_span = node.member("default").map(|node| node.span);
        let written = node.member("default").map(default);
        let is_misread = matches!(written, Some(None));
        let default = written.map(|value| value.unwrap_or(Value::Null)).or(absent);
        let judge = self.judge;
        Some(ParameterDeclaration { name, name_span, kind, default, default_span, is_misread, values, judge })
    }

    /// Reports keys that a parameter has not, and that it has no name.
    fn keys(&mut self, entries: &[Entry], whole: Span) -> Option<()> {
        let key = |entry: &Entry| entry.key.text().cloned().unwrap_or_default();
        let mut is_understood = true;
        for entry in entries.iter().filter(|entry| !KEYS.contains(&&*key(entry))) {
            is_understood = false;
            if entry.key.is_unread_key() {
                continue;
            }
            let title = format!("a parameter has no key `{}`", shown(&key(entry)));
            let unknown = Diagnostic::error(Code::UnknownKey, title, entry.key.span, "this key is not known here");
            let unknown = unknown.help(format!("the keys here are `{}`", KEYS.join("`, `")));
            self.push(unknown.suggest(&key(entry), KEYS));
        }
        match entries.iter().position(|entry| &*key(entry) == "name") {
            Some(0) => {}
            Some(late) => {
                let title = "`name` must be the first key of a parameter";
                let late = Diagnostic::error(Code::FirstKey, title, entries[late].key.span, "move this key up");
                self.push(late.related(entries[0].key.span, "this key is the first"));
            }
            None if is_understood => {
                let place = entries.first().map_or(whole, |entry| entry.key.span);
                let label = "there is no `name` here";
                self.push(Diagnostic::error(Code::MissingKey, "a parameter needs `name`", place, label));
            }
            None => return None,
        }
        Some(())
    }

    fn kind(&mut self, node: &Node) -> Option<ParameterKind> {
        let Some((word, span)) = self.text(node, "`type`") else {
            let inside = [node].into_iter().chain(node.items().unwrap_or_default());
            let inside = inside.chain(node.entries().unwrap_or_default().iter().map(|entry| &entry.value));
            let word = inside.filter_map(Node::text).find(|word| ParameterKind::from_word(word).is_some());
            self.help_last(word.map(|word| format!("write `type: {word}`")));
            return None;
        };
        let kind = ParameterKind::from_word(&word);
        if kind.is_none() {
            let title = format!("`{}` is no type of parameter", shown(&word));
            let unknown = Diagnostic::error(Code::InvalidValue, title, span, "no such type");
            let unknown = unknown.help("the usual types are `string`, `number`, `boolean`, `object` and `stepList`");
            let other = OF_OTHERS.iter().find(|(other, _)| other.eq_ignore_ascii_case(&word));
            self.push(match other {
                Some((_, meant)) => unknown.help(format!("did you mean `{meant}`?")),
                None => unknown.suggest(&word, ParameterKind::words()),
            });
        }
        kind
    }

    fn values(&mut self, node: Option<&Node>) -> Vec<String> {
        let Some(node) = node.filter(|node| !node.is_empty_plain()) else { return Vec::new() };
        let Some(items) = node.items() else {
            let title = format!("`values` is a list, not {}", node.describe());
            let label = format!("this is {}", node.describe());
            self.push(Diagnostic::error(Code::WrongType, title, node.span, label));
            return Vec::new();
        };
        if let Some(excess) = items.get(PARAMETERS_MAX) {
            let title = format!("`values` has {} entries, {PARAMETERS_MAX} are allowed", items.len());
            self.push(Diagnostic::error(Code::YamlLimit, title, excess.span, "this is one too many"));
        }
        let items = items.iter().take(PARAMETERS_MAX);
        items.filter_map(|item| Some(self.text(item, "a value")?.0.to_string())).collect()
    }

    fn default(&mut self, node: &Node, name: &str, kind: ParameterKind, values: &[String]) -> Option<Value> {
        if !self.literal(node) {
            return None;
        }
        let written = compile::fixed(node);
        let value = kind.value_of(&written, values);
        if value.is_some() || kind.wrong_entry(&written).is_some() {
            kind.judge(&written, self.judge, self.diagnostics);
        }
        if value.is_none() {
            let title = format!("the default of the parameter `{}` is not allowed", shown(name));
            let label = expectation(kind, values);
            let wrong = Diagnostic::error(Code::InvalidValue, title, node.span, label);
            let allowed = if values.is_empty() { kind.only() } else { values.iter().map(|it| &**it).collect() };
            self.push(match node.text() {
                Some(text) if text.len() >= SUGGESTED_MIN => wrong.suggest(text, allowed),
                _ => wrong,
            });
        }
        value
    }

    /// Adds help to the mistake that was found last.
    fn help_last(&mut self, help: Option<String>) {
        let last = self.diagnostics.len().saturating_sub(1);
        self.diagnostics.amend(last, |it| it.help = help.clone());
    }

    /// Says whether a value is a literal, and reports an expression in it.
    fn literal(&mut self, node: &Node) -> bool {
        compile::forbid_expressions(node, "`parameters`", self.diagnostics)
    }

    /// Returns the text of a scalar in which no expression may stand.
    fn text(&mut self, node: &Node, what: &str) -> Option<(Arc<str>, Span)> {
        let Some(text) = node.text() else {
            let title = format!("{what} is text, not {}", node.describe());
            let label = format!("this is {}", node.describe());
            self.push(Diagnostic::error(Code::WrongType, title, node.span, label));
            return None;
        };
        if hole::has_expression(text) {
            let title = format!("{what} can't have an expression");
            let label = "this is read before expressions have values";
            self.push(Diagnostic::error(Code::InvalidValue, title, node.span, label));
            return None;
        }
        Some((text.clone(), node.span))
    }
}

/// Returns what a parameter takes, as the label of a mistake.
pub(in crate::template) fn expectation(kind: ParameterKind, values: &[String]) -> String {
    if !values.is_empty() && matches!(kind.shape(), Shape::Text | Shape::Number | Shape::TextList) {
        return format!("allowed are {}", values.iter().map(|value| shown(value)).collect::<Vec<_>>().join(", "));
    }
    format!("{} is wanted", kind.wanted())
}
