//! From the tree of a file to parts: its expressions parsed, its directives recognised, once when
//! the file is loaded.
//!
//! Mistakes of syntax count wherever they stand. A name that is not known is an error only where
//! it is certain to be looked at; in the body of a directive it is a warning, since the body may
//! be left out, and then nobody misses the name (reference, section 2.3). A wrong number of arguments is a mistake of
//! syntax.
//!
//! ```text
//! directed    keys that are directives, and what they bring
//! expression  scalars with expressions
//! mention     the places where other files are named
//! fixed       what has no expressions, and parts in which none may stand
//! ```

mod directed;
mod expression;
mod fixed;
mod mention;

pub(super) use expression::diagnostic;
pub use expression::half_open_text;
pub(super) use fixed::{fixed, forbid_expressions};
pub(super) use mention::{Mention, Written};

use super::directive;
use super::hole;
use super::part::{Element, Pair, Part};
use super::place::Place;
use super::repository;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::expression::{Dialect, Scope};
use crate::yaml;
use directed::one_key;
use mention::names_other;

/// Keys of the root whose values are read before expansion, so that an expression in them would
/// have no values (reference, section 2.1). Webhook resources and parameters are checked where
/// they are read.
const READ_BEFORE: [&str; 3] = ["trigger", "pr", "schedules"];

/// What the names in a file's expressions may be.
pub(super) fn scope<'n>(parameters: Option<impl Iterator<Item = &'n str>>) -> Scope {
    let scope = Scope::new(Dialect::Template);
    let scope = match parameters {
        Some(names) => scope.with_members("parameters", names),
        None => scope.with_name("parameters"),
    };
    scope.with_name("variables").with_members("resources", ["webhooks"])
}

/// What else is known of the names in a file's expressions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'n> {
    /// The parameters that are there where nobody knows the others, since a name could not be read.
    pub(super) undeclared: Option<&'n [String]>,
    /// The aliases of webhook resources, if all are known.
    pub(super) webhooks: Option<&'n [String]>,
}

/// Compiles a file. `place` says what kind of file it is; its mentions of other files come back
/// with it.
pub(super) fn compile(
    document: &yaml::Node,
    place: Place,
    scope: Scope,
    names: Names<'_>,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Part, Vec<Mention>) {
    let mut compiler = Compiler {
        sources,
        scope,
        names,
        loop_names: Vec::new(),
        hollow_loops: Vec::new(),
        is_certain: true,
        mentions: Vec::new(),
        diagnostics,
        locator: yaml::Locator::default(),
    };
    let part = match document.entries() {
        Some(entries) => compiler.root(document.span, entries, place),
        None => compiler.part(document, place),
    };
    let Compiler { mentions, hollow_loops, .. } = compiler;
    hollow_loops.into_iter().for_each(|(_, hollow)| diagnostics.push(hollow));
    (part, mentions)
}

struct Compiler<'c> {
    sources: &'c SourceMap,
    scope: Scope,
    names: Names<'c>,
    /// The names of the loops around the present place.
    loop_names: Vec<String>,
    /// Loops below which nothing stands: the name of each, and what is said of it.
    hollow_loops: Vec<(String, Diagnostic)>,
    is_certain: bool,
    mentions: Vec<Mention>,
    diagnostics: &'c mut Diagnostics,
    locator: yaml::Locator,
}

impl Compiler<'_> {
    /// Compiles the top of a file without what is read before expansion.
    fn root(&mut self, span: Span, entries: &[yaml::Entry], place: Place) -> Part {
        let mut own = Vec::new();
        for entry in entries {
            let name = entry.key.text().map_or("", |text| &**text);
            if READ_BEFORE.contains(&name) {
                forbid_expressions(&entry.value, &format!("`{name}`"), self.diagnostics);
            }
            let is_fixed = READ_BEFORE.contains(&name) || matches!(name, "parameters" | "resources");
            if name == "parameters" {
                self.guess(&entry.value);
            }
            if name == "resources" && entry.value.entries().is_some() {
                let key = Part::fixed(fixed(&entry.key));
                own.push(Element::Own(Pair { key, value: self.resources(&entry.value) }));
            } else if is_fixed {
                let key = Part::fixed(fixed(&entry.key));
                own.push(Element::Own(Pair { key, value: Part::fixed(fixed(&entry.value)) }));
            } else {
                self.entry(entry, place, &mut own);
            }
        }
        Part::Mapping { span, entries: own }
    }

    /// Compiles the resources: containers are needed when jobs are, and so is the version of a repository; the
    /// others before anything has a value. What is wrong with repositories and webhooks is said by whoever reads them.
    fn resources(&mut self, node: &yaml::Node) -> Part {
        let mut kinds = Vec::new();
        for entry in node.entries().unwrap_or_default() {
            match entry.key.text().map_or("", |text| &**text) {
                "containers" => {
                    self.entry(entry, Place::Other, &mut kinds);
                    continue;
                }
                "repositories" => {
                    let key = Part::fixed(fixed(&entry.key));
                    kinds.push(Element::Own(Pair { key, value: self.repositories(&entry.value) }));
                    continue;
                }
                "webhooks" => {}
                kind => {
                    forbid_expressions(&entry.key, "`resources`", self.diagnostics);
                    forbid_expressions(&entry.value, &format!("`{kind}`"), self.diagnostics);
                }
            }
            let key = Part::fixed(fixed(&entry.key));
            kinds.push(Element::Own(Pair { key, value: Part::fixed(fixed(&entry.value)) }));
        }
        Part::Mapping { span: node.span, entries: kinds }
    }

    /// Compiles the repositories, of which `ref` alone can have an expression (reference, section 2.1).
    fn repositories(&mut self, node: &yaml::Node) -> Part {
        let has_open_version = |item: &yaml::Node| item.member("ref").is_some_and(repository::has_expression);
        let items = node.items().unwrap_or_default();
        if !items.iter().any(has_open_version) {
            return Part::fixed(fixed(node));
        }
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            let Some(entries) = item.entries().filter(|_| has_open_version(item)) else {
                parts.push(Element::Own(Part::fixed(fixed(item))));
                continue;
            };
            let pair = |entry: &yaml::Entry| {
                let is_version = entry.key.text().is_some_and(|key| &**key == "ref");
                let value =
                    if is_version { self.part(&entry.value, Place::Other) } else { Part::fixed(fixed(&entry.value)) };
                Element::Own(Pair { key: Part::fixed(fixed(&entry.key)), value })
            };
            let entries = entries.iter().map(pair).collect();
            parts.push(Element::Own(Part::Mapping { span: item.span, entries }));
        }
        Part::Sequence { span: node.span, items: parts }
    }

    fn part(&mut self, node: &yaml::Node, place: Place) -> Part {
        match &node.content {
            yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => self.scalar(scalar, node.span),
            yaml::Content::Scalar(scalar) => {
                self.half_open(scalar, node.span);
                Part::fixed(fixed(node))
            }
            yaml::Content::Sequence(items) => self.sequence(node, items, place),
            yaml::Content::Mapping(entries) => self.mapping(node, entries, place),
        }
    }

    fn sequence(&mut self, node: &yaml::Node, items: &[yaml::Node], place: Place) -> Part {
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            match one_key(item).and_then(|entry| Some((entry, self.directive(entry)?))) {
                Some((entry, directive)) => {
                    let unknown = Element::Own(Part::Unknown { span: entry.key.span });
                    self.directed(entry, directive, place, &mut elements, unknown);
                }
                None => {
                    self.mention(item, place);
                    elements.push(Element::Own(self.part(item, place.item())));
                    elements.extend(one_key(item).or_else(|| hollow_first(item)).and_then(begun_choice));
                }
            }
        }
        let is_fixed = elements.iter().all(|element| matches!(element, Element::Own(part) if part.is_fixed()));
        if is_fixed && !items.iter().any(|item| names_other(item, place)) {
            return Part::fixed(fixed(node));
        }
        Part::Sequence { span: node.span, items: elements }
    }

    fn mapping(&mut self, node: &yaml::Node, entries: &[yaml::Entry], place: Place) -> Part {
        if place == Place::Extends {
            self.mention(node, place);
        }
        let mut elements = Vec::with_capacity(entries.len());
        for entry in entries {
            self.entry(entry, place, &mut elements);
        }
        let is_fixed = |element: &Element<Pair>| matches!(element, Element::Own(pair) if pair.key.is_fixed() && pair.value.is_fixed());
        if elements.iter().all(is_fixed) && place != Place::Extends {
            return Part::fixed(fixed(node));
        }
        Part::Mapping { span: node.span, entries: elements }
    }

    fn entry(&mut self, entry: &yaml::Entry, place: Place, elements: &mut Vec<Element<Pair>>) {
        let directive = self.directive(entry);
        let part = |node: &yaml::Node| Part::Unknown { span: node.span };
        let unknown = || Element::Own(Pair { key: part(&entry.key), value: part(&entry.value) });
        match directive {
            Some(directive) => return self.directed(entry, directive, place, elements, unknown()),
            None if entry.key.is_unread_key() => return elements.push(unknown()),
            None => {}
        }
        let member = entry.key.text().map_or(Place::Other, |key| place.member(key));
        let key = self.part(&entry.key, Place::Other);
        // Who forgot the end of an `each` knows its value all the same; what it would bring nobody does.
        let value = match entry.key.text().and_then(|key| directive::begun_loop(key)) {
            Some(name) => {
                self.within_loop(name, |it| it.part(&entry.value, member));
                Part::Unknown { span: entry.value.span }
            }
            None => self.part(&entry.value, member),
        };
        self.swallowed(entry);
        elements.push(Element::Own(Pair { key, value }));
        elements.extend(begun_choice(entry));
    }
}

/// Returns the first entry of an item if nothing stands below it: what was meant to, stands beside it.
fn hollow_first(item: &yaml::Node) -> Option<&yaml::Entry> {
    item.entries()?.first().filter(|first| first.value.is_empty_plain())
}

/// Returns the choice that an `elseif` or `else` behind an entry continues whose `if` was not ended, which has
/// been reported.
fn begun_choice<T>(entry: &yaml::Entry) -> Option<Element<T>> {
    entry.key.text().is_some_and(|key| directive::begins_choice(key)).then(|| Element::Choice(Vec::new()))
}
