//! What is read before expansion: webhook resources, and which other pipelines are named.

use super::plan::pipeline_name;
use super::schema::{FILTER, Kind, WEBHOOK};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest, shown};
use crate::yaml::{Content, Entry, Node};
use std::collections::HashMap;

/// The most webhook resources of a pipeline, and filters of one.
const WEBHOOKS_MAX: usize = 100;
const FILTERS_MAX: usize = 100;
/// The most other pipelines that are looked at.
const UPSTREAMS_MAX: usize = 1_000;
/// The most values of a filter.
const VALUES_MAX: usize = 100;

/// A webhook resource: by it a pipeline listens to a connection.
#[derive(Debug, Clone)]
pub struct WebhookResource {
    /// The name of the parameter that holds the payload.
    pub alias: String,
    /// Where the alias stands.
    pub alias_span: Span,
    /// The connection's name.
    pub connection: String,
    /// Where the connection's name stands.
    pub connection_span: Span,
    /// Filters in the order of the file; all must hold.
    pub filters: Vec<FilterSource>,
}

/// A filter as it is written.
#[derive(Debug, Clone)]
pub struct FilterSource {
    /// What is looked at.
    pub subject: Subject,
    /// Where that stands.
    pub subject_span: Span,
    /// What is wanted there.
    pub test: TestSource,
    /// Whether it must not be there.
    pub is_negated: bool,
}

/// What a filter wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestSource {
    /// Any of some texts.
    AnyOf(Vec<String>),
    /// A text of which the whole matches a regular expression, not read yet.
    Pattern(String, Span),
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A path into the payload, not read yet.
    Path(String),
    /// A header of the request.
    Header(String),
}

/// Reads the webhook resources of a file.
pub fn webhooks(document: &Node, diagnostics: &mut Diagnostics) -> Vec<WebhookResource> {
    let mut reader = Reader { diagnostics };
    let Some(resources) = document.member("resources") else { return Vec::new() };
    let Some(webhooks) = resources.member("webhooks") else { return Vec::new() };
    let items = reader.items(webhooks, "`webhooks`", WEBHOOKS_MAX);
    let found: Vec<WebhookResource> = items.iter().filter_map(|item| reader.webhook(item)).collect();
    reader.unique(found.iter().map(|resource| (resource.alias.as_str(), resource.alias_span)), "webhook resources");
    reader.apart(&found, document);
    found
}

/// Another pipeline that a pipeline resource names.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name.
    pub pipeline: String,
    /// Where the name stands.
    pub span: Span,
}

/// Returns the other pipelines that a file names in its own resources, those left out that an expression
/// gives. What is wrong with the resources is told when they are read.
pub fn upstreams(document: &Node) -> Vec<Upstream> {
    let pipelines = document.member("resources").and_then(|resources| resources.member("pipelines"));
    let items = pipelines.and_then(Node::items).unwrap_or_default();
    let named = |item: &Node| {
        // The alias is the name where nothing else is said.
        let node = item.member("source").or_else(|| item.member("pipeline"))?;
        let text =
            node.text().filter(|text| !text.trim().is_empty() && !text.contains("${{") && !text.contains("$<<"))?;
        Some(Upstream { pipeline: pipeline_name(text), span: node.span })
    };
    items.iter().take(UPSTREAMS_MAX).filter_map(named).collect()
}

struct Reader<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn error(&mut self, code: Code, title: impl Into<String>, span: Span, label: &str) {
        self.diagnostics.push(Diagnostic::error(code, title, span, label));
    }

    fn webhook(&mut self, node: &Node) -> Option<WebhookResource> {
        let mut alias = None;
        let mut connection = None;
        let mut filters = Vec::new();
        for (key, entry) in self.keys(node, &WEBHOOK) {
            match key {
                "webhook" => alias = self.text(&entry.value, "the alias"),
                "type" => drop(self.text(&entry.value, "`type`")),
                "connection" => connection = self.text(&entry.value, "`connection`"),
                "filters" => {
                    let items = self.items(&entry.value, "`filters`", FILTERS_MAX);
                    filters = items.iter().filter_map(|item| self.filter(item)).collect();
                }
                _ => {}
            }
        }
        let (alias, alias_span) = self.filled(alias, "the alias of a webhook resource")?;
        let is_alias = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if !alias.chars().all(is_alias) {
            let title = format!("`{}` can't be an alias", shown(&alias));
            self.error(Code::InvalidValue, title, alias_span, "letters, digits, `-` and `_` can");
        }
        let (connection, connection_span) = self.filled(connection, "`connection`")?;
        Some(WebhookResource { alias, alias_span, connection, connection_span, filters })
    }

    fn filter(&mut self, node: &Node) -> Option<FilterSource> {
        let mut subject = None;
        let mut test = None;
        let mut is_negated = Some(false);
        for (key, entry) in self.keys(node, &FILTER) {
            match key {
                "path" => subject = self.text(&entry.value, "`path`").map(|(path, span)| (Subject::Path(path), span)),
                "header" => {
                    subject = self.text(&entry.value, "`header`").map(|(name, span)| (Subject::Header(name), span));
                }
                "value" => test = self.values(&entry.value),
                "pattern" => {
                    let pattern = self.text(&entry.value, "`pattern`");
                    test = self.filled(pattern, "`pattern`").map(|(text, span)| TestSource::Pattern(text, span));
                }
                "not" => is_negated = self.negation(&entry.value),
                _ => {}
            }
        }
        if let Some(entries) = node.entries() {
            self.first_key(entries);
            self.one_of(node, ["path", "header"]);
            self.one_of(node, ["value", "pattern"]);
        }
        let (subject, subject_span) = subject?;
        Some(FilterSource { subject, subject_span, test: test?, is_negated: is_negated? })
    }

    /// Reports a `path` behind the `value` that it is compared with: it is the first key (reference,
    /// section 9.2). The keys that are pipehook's own may stand anywhere.
    fn first_key(&mut self, entries: &[Entry]) {
        let place = |key: &str| entries.iter().position(|entry| entry.key.text().is_some_and(|text| &**text == key));
        if let (Some(path), Some(value)) = (place("path"), place("value"))
            && value < path
        {
            let title = "`path` must be the first key of a filter";
            let late = Diagnostic::error(Code::FirstKey, title, entries[path].key.span, "move this key up");
            self.diagnostics.push(late.related(entries[value].key.span, "this key stands before it"));
        }
    }

    /// Reports a filter that has none of two keys, or both.
    fn one_of(&mut self, node: &Node, [first, second]: [&str; 2]) {
        let is_like = |key: &str| nearest(key, [first, second]).is_some();
        let is_near = |entry: &Entry| entry.key.is_unread_key() || entry.key.text().is_some_and(|key| is_like(key));
        match (node.entry(first), node.entry(second)) {
            // A key that is near one of them has been told, and one that is no text.
            (None, None) if node.entries().is_some_and(|entries| entries.iter().any(is_near)) => {}
            (None, None) => {
                let title = format!("a filter needs `{first}` or `{second}`");
                self.error(Code::MissingKey, title, node.span, "neither of them is here");
            }
            (Some(_), Some(both)) => {
                let title = format!("a filter has `{first}` or `{second}`, not both");
                self.error(Code::InvalidValue, title, both.key.span, "write a filter for each: all must hold");
            }
            _ => {}
        }
    }

    /// Returns the value of a filter, or the list of those of which any will do.
    fn values(&mut self, node: &Node) -> Option<TestSource> {
        let Some(_) = node.items() else {
            let value = self.text(node, "`value`")?;
            return self.filled(Some(value), "`value`").map(|(text, _)| TestSource::AnyOf(vec![text]));
        };
        let items = self.items(node, "`value`", VALUES_MAX);
        if items.is_empty() {
            self.error(Code::InvalidValue, "`value` is an empty list", node.span, "such a filter would never hold");
            return None;
        }
        let texts: Vec<String> = items
            .iter()
            .filter_map(|item| {
                let value = self.text(item, "an item of `value`");
                self.filled(value, "an item of `value`").map(|(text, _)| text)
            })
            .collect();
        (texts.len() == items.len()).then_some(TestSource::AnyOf(texts))
    }

    fn negation(&mut self, node: &Node) -> Option<bool> {
        let negation = node.text().and_then(|text| text.to_ascii_lowercase().parse().ok());
        if negation.is_none() {
            self.error(Code::WrongType, "`not` is `true` or `false`", node.span, "this is neither");
        }
        negation
    }

    /// Returns a text that must not be empty. One that is missing has been reported.
    fn filled(&mut self, value: Option<(String, Span)>, what: &str) -> Option<(String, Span)> {
        let (text, span) = value?;
        if text.is_empty() {
            self.error(Code::InvalidValue, format!("{what} is empty"), span, "a name must stand here");
            return None;
        }
        Some((text, span))
    }

    /// Returns the text of a scalar in which no expression may stand.
    fn text(&mut self, node: &Node, what: &str) -> Option<(String, Span)> {
        let Some(text) = node.text() else {
            let title = format!("{what} is text, not {}", node.describe());
            self.error(Code::WrongType, title, node.span, &format!("this is {}", node.describe()));
            return None;
        };
        if text.contains("${{") || text.contains("$<<") {
            let title = format!("{what} can't have an expression");
            self.error(Code::InvalidValue, title, node.span, "this is read before expressions have values");
            return None;
        }
        Some((text.to_string(), node.span))
    }

    fn items<'n>(&mut self, node: &'n Node, what: &str, most: usize) -> &'n [Node] {
        match node.items() {
            Some(items) if items.len() > most => {
                let title = format!("{what} has {} entries, {most} are allowed", items.len());
                self.error(Code::YamlLimit, title, items[most].span, "this is one too many");
                &items[..most]
            }
            Some(items) => items,
            None if node.is_empty_plain() => &[],
            None => {
                let title = format!("{what} is a list, not {}", node.describe());
                self.error(Code::WrongType, title, node.span, &format!("this is {}", node.describe()));
                &[]
            }
        }
    }

    /// Returns the entries that this version reads, with their keys, and reports what is wrong
    /// with the keys.
    fn keys<'n>(&mut self, node: &'n Node, kind: &Kind) -> Vec<(&'n str, &'n Entry)> {
        let Content::Mapping(entries) = &node.content else {
            let title = format!("{} is a mapping, not {}", kind.name, node.describe());
            self.error(Code::WrongType, title, node.span, &format!("this is {}", node.describe()));
            return Vec::new();
        };
        let key = |entry: &'n Entry| entry.key.text().map_or("", |text| &**text);
        let known: Vec<&Entry> = entries.iter().filter(|entry| !entry.key.is_unread_key()).collect();
        let keys: Vec<(&str, Span)> = known.iter().map(|entry| (key(entry), entry.key.span)).collect();
        let whole = keys.first().map_or(node.span, |(_, span)| *span);
        // A key that was no text, which has been told, may have been any.
        let read = match known.len() == entries.len() {
            true => kind.judge(&keys, whole, &[], self.diagnostics),
            false => kind.judge_open(&keys, self.diagnostics),
        };
        let read = keys.iter().zip(known).zip(read).filter(|(_, read)| *read);
        read.map(|(((key, _), entry), _)| (*key, entry)).collect()
    }

    /// Reports an alias that a parameter has too: both would be `parameters.<name>`.
    fn apart(&mut self, resources: &[WebhookResource], document: &Node) {
        let declared = document.member("parameters").and_then(Node::items).unwrap_or_default();
        for name in declared.iter().filter_map(|item| item.member("name")) {
            let is_same = |resource: &&WebhookResource| {
                name.text().is_some_and(|text| text.eq_ignore_ascii_case(&resource.alias))
            };
            if let Some(resource) = resources.iter().find(is_same) {
                let title = format!("`{}` is a parameter and an alias of a webhook resource", shown(&resource.alias));
                let double = Diagnostic::error(Code::DuplicateName, title, resource.alias_span, "the alias");
                let help = "give one of them another name: both would be read as `parameters.<name>`";
                self.diagnostics.push(double.related(name.span, "the parameter").help(help));
            }
        }
    }

    fn unique<'n>(&mut self, names: impl Iterator<Item = (&'n str, Span)>, what: &str) {
        let mut seen = HashMap::new();
        for (name, span) in names {
            if let Some(first) = seen.insert(name.to_ascii_lowercase(), span) {
                let title = format!("two {what} are called `{}`", shown(name));
                let second = Diagnostic::error(Code::DuplicateName, title, span, "the second");
                self.diagnostics.push(second.related(first, "the first"));
            }
        }
    }
}
