//! A mapping of the file while it is read: values by key, mistakes by place.
//!
//! The tree with places finds what is there; each value's own text is then read by the YAML
//! library into its type, so that `10_000`, `yes` or `"2"` mean what YAML says they mean.

use super::reference::Reference;
use super::value::{FilePath, Typed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::yaml::{Content, Entry, Node, Scalar, Style};
use std::path::{Path, PathBuf};

/// A mapping that is being read.
pub struct Section<'s> {
    entries: &'s [Entry],
    span: Span,
    text: &'s str,
    /// What stands before its keys in messages: `limits.`, or nothing at the top.
    prefix: String,
    diagnostics: &'s mut Diagnostics,
}

impl<'s> Section<'s> {
    /// Opens a node as a mapping, or reports that it is none.
    pub fn open(node: &'s Node, text: &'s str, path: &str, diagnostics: &'s mut Diagnostics) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let name = if path.is_empty() { "the configuration".to_owned() } else { format!("`{path}`") };
            let title = format!("{name} must be a mapping of keys to values");
            let label = format!("this is {}", node.describe());
            diagnostics.push(Diagnostic::error(Code::WrongType, title, node.span, label));
            return None;
        };
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        Some(Self { entries, span: node.span, text, prefix, diagnostics })
    }

    /// Reports every key that is none of these.
    pub fn known(&mut self, keys: &[&str]) {
        for entry in self.entries {
            let Some(written) = entry.key.text() else {
                continue;
            };
            if keys.contains(&&**written) {
                continue;
            }
            let title = format!("unknown key `{}{}`", self.prefix, shown(written));
            let mut unknown = Diagnostic::error(Code::UnknownKey, title, entry.key.span, "");
            unknown.help = Some(format!("known keys here: `{}`", keys.join("`, `")));
            self.diagnostics.push(unknown.suggest(written, keys.iter().copied()));
        }
    }

    /// Returns the value of a key, unless it is not there or null.
    pub fn node(&self, key: &str) -> Option<&'s Node> {
        let entry = self.entries.iter().find(|entry| entry.key.text().is_some_and(|text| **text == *key));
        entry.map(|entry| &entry.value).filter(|it| !is_null(it))
    }

    /// Returns the keys with their values.
    pub fn entries(&self) -> &'s [Entry] {
        self.entries
    }

    /// Opens the mapping of a key.
    pub fn section(&mut self, key: &str) -> Option<Section<'_>> {
        let node = self.node(key)?;
        let path = format!("{}{key}", self.prefix);
        Section::open(node, self.text, &path, self.diagnostics)
    }

    /// Opens a value somewhere below as a mapping, under a name for messages.
    pub fn inside<'n>(&'n mut self, node: &'n Node, name: &str) -> Option<Section<'n>> {
        let path = format!("{}{name}", self.prefix);
        Section::open(node, self.text, &path, self.diagnostics)
    }

    /// Reads the value of a key, if it is there, and reports one of another type.
    pub fn value<T: Typed>(&mut self, key: &str) -> Option<T> {
        let node = self.node(key)?;
        let name = format!("`{}{key}`", self.prefix);
        self.typed(node, &name)
    }

    /// Reads the list of a key, if it is there, and reports each item of another type.
    pub fn list<T: Typed>(&mut self, key: &str) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let Some(items) = node.items() else {
            let title = format!("`{}{key}` must be a list", self.prefix);
            self.wrong_type(node, title);
            return None;
        };
        let name = format!("an item of `{}{key}`", self.prefix);
        let read: Vec<Option<T>> = items.iter().map(|it| self.typed(it, &name)).collect();
        read.into_iter().collect()
    }

    /// Reads the value of a key that is one of some words, if it is there.
    pub fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let node = self.node(key)?;
        let written = node.text();
        let found = words.iter().find(|(word, _)| written.is_some_and(|text| **text == **word));
        if found.is_none() {
            let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            let title = format!("`{}{key}` must be one of {list}", self.prefix);
            let label = written.map_or_else(|| node.describe().to_owned(), |text| format!("`{}` is not", shown(text)));
            let wrong = Diagnostic::error(Code::InvalidValue, title, node.span, label);
            let known = words.iter().map(|(word, _)| *word);
            self.report(wrong.suggest(written.map_or("", |text| text), known));
        }
        found.map(|(_, value)| *value)
    }

    fn typed<T: Typed>(&mut self, node: &Node, name: &str) -> Option<T> {
        if self.refers(node, |_| format!("write it out: {}", T::WANTED)) {
            return None;
        }
        let value = typed(node, self.text);
        if value.is_none() {
            self.wrong_type(node, format!("{name} must be {}", T::WANTED));
        }
        value
    }

    fn wrong_type(&mut self, node: &Node, title: String) {
        let label = match node.text() {
            Some(text) => format!("`{}` is not", shown(text)),
            None => format!("this is {}", node.describe()),
        };
        self.report(Diagnostic::error(Code::WrongType, title, node.span, label));
    }

    /// Reads the value of a key into its place, which keeps its default otherwise.
    pub fn set<T: Typed, V>(&mut self, place: &mut V, key: &str, make: impl FnOnce(T) -> V) {
        if let Some(value) = self.value(key) {
            *place = make(value);
        }
    }

    /// Returns the text of an entry's value, as it was written, or reports that it is none.
    pub fn text_of<'n>(&mut self, entry: &'n Entry) -> Option<&'n str> {
        let text = entry.value.text().filter(|_| !is_null(&entry.value));
        if text.is_none() {
            let title = format!("`{}` must be text", entry.key.text().map_or("", |key| key));
            let what = if is_null(&entry.value) { "nothing" } else { entry.value.describe() };
            let label = format!("this is {what}");
            self.report(Diagnostic::error(Code::WrongType, title, entry.value.span, label));
        }
        text.map(|text| &**text)
    }

    /// Returns how many mistakes were found so far, in the whole file.
    pub fn mistakes(&self) -> usize {
        self.diagnostics.len()
    }

    /// Reads every value as a path, by its key.
    pub fn paths(&mut self, resolve: impl Fn(&Path) -> PathBuf) -> Vec<(String, PathBuf)> {
        let mut paths = Vec::new();
        for entry in self.entries {
            let Some(name) = entry.key.text() else { continue };
            let title = format!("`{}{}`", self.prefix, shown(name));
            if let Some(path) = self.typed::<FilePath>(&entry.value, &title) {
                paths.push((name.to_string(), resolve(&path.0)));
            }
        }
        paths
    }

    /// Reports a mistake at the value of a key, or at the section if the key is not there.
    pub fn mistake(&mut self, key: &str, title: &str) {
        let span = self.node(key).map_or(self.span, |node| node.span);
        self.report(Diagnostic::error(Code::Configuration, title, span, ""));
    }

    /// Reports a value that refers to a variable, as if it were expanded, and says whether it does. `way_out` says what to
    /// write instead, by the variable's name.
    pub fn refers(&mut self, node: &Node, way_out: impl FnOnce(&str) -> String) -> bool {
        let reference = node.text().and_then(|text| Reference::of(text));
        if let Some(reference) = reference {
            self.report(reference.mistake(node.span, way_out));
        }
        reference.is_some()
    }

    /// Reports a mistake.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// Reads one node's own text. Its first line is moved to the column where it stands, so that the
/// lines of a block stay below each other.
fn typed<T: Typed>(node: &Node, text: &str) -> Option<T> {
    let range = node.span.range();
    let line_start = text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
    let column = text[line_start..range.start].chars().count();
    let own = format!("{}{}", " ".repeat(column), &text[range]);
    serde_yaml::from_str(&own).ok()
}

/// Says whether nothing or null was written.
fn is_null(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(Scalar { text, style: Style::Plain })
        if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
}
