//! The files of a pipeline, each with what is passed to it: the pipeline's own first, then the
//! templates that it names by literal paths, and those that these name.
//!
//! A template whose name is computed is not looked at: which one it will be is not known.

use super::ForeseenScript;
use super::find::{Finder, Mention};
use super::passed::Passed;
use super::written::Variable;
use crate::diagnostic::{Diagnostics, SourceId, SourceMap};
use crate::taint::Origin;
use crate::template::Template;
use crate::yaml::{self, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// The most uses of templates that are looked at for one pipeline. Templates that name each other
/// with ever other values multiply; what is not foreseen is analysed when it is expanded.
const VISITS_MAX: usize = 1_000;

/// The most bytes of all files that are looked at, each as often as it is used.
const VISITED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Through how many variables payload text is followed.
const ROUNDS_MAX: usize = 10;

/// One use of a file.
#[derive(Debug, Clone, PartialEq)]
struct Visit {
    file: SourceId,
    /// What expressions know as `parameters`.
    parameters: Vec<(String, Passed)>,
}

/// Returns the scripts into which payload text comes, for each of the aliases by which the pipeline's file
/// knows payloads, and the variables that get payload text in one place and may be something else in another.
pub(super) fn scripts(
    document: &Node,
    template: &Template,
    sources: &SourceMap,
    webhooks: &[String],
) -> (Vec<ForeseenScript>, Vec<String>) {
    let root = document.span.source;
    let mut documents = HashMap::from([(root, Arc::new(document.clone()))]);
    let mut left = Left { visits: VISITS_MAX, bytes: VISITED_BYTES_MAX };
    let (mut scripts, mut unsure) = (Vec::new(), Vec::new());
    for alias in webhooks {
        let alias: Arc<str> = alias.as_str().into();
        let passed = |other: &String| match **other == *alias {
            true => Passed::Payload(Arc::new(Origin { alias: alias.clone(), path: "".into() })),
            false => Passed::Nothing,
        };
        let parameters = webhooks.iter().map(|other| (other.clone(), passed(other))).collect();
        let mut visitor = Visitor {
            template,
            sources,
            alias: &alias,
            documents: &mut documents,
            variables: Vec::new(),
            visits: vec![Visit { file: root, parameters }],
            left: &mut left,
        };
        visitor.follow();
        scripts.extend(visitor.scripts());
        unsure.extend(visitor.unsure());
    }
    (scripts, unsure)
}

/// What may still be looked at, for all aliases together.
struct Left {
    visits: usize,
    bytes: usize,
}

impl Left {
    /// Takes one use of a file of some bytes, if there is room for it.
    fn take(&mut self, bytes: usize) -> bool {
        let left = self.visits.checked_sub(1).zip(self.bytes.checked_sub(bytes));
        if let Some((visits, bytes)) = left {
            *self = Self { visits, bytes };
        }
        left.is_some()
    }
}

struct Visitor<'v> {
    template: &'v Template,
    sources: &'v SourceMap,
    /// The alias by which the payload comes.
    alias: &'v Arc<str>,
    documents: &'v mut HashMap<SourceId, Arc<Node>>,
    /// The variables of all files that get payload text.
    variables: Vec<Variable>,
    visits: Vec<Visit>,
    left: &'v mut Left,
}

impl Visitor<'_> {
    /// Finds all uses of files, and learns their variables.
    fn follow(&mut self) {
        let mut at = 0;
        while at < self.visits.len() {
            let visit = self.visits[at].clone();
            let document = self.documents[&visit.file].clone();
            let variables = self.finder(&visit).variables(&document);
            self.variables.extend(variables);
            for mention in self.finder(&visit).mentions(&document) {
                self.mentioned(visit.file, mention);
            }
            at += 1;
        }
        for _ in 0..ROUNDS_MAX {
            let mut found = Vec::new();
            for (at, visit) in self.visits.iter().enumerate() {
                found.extend(self.finder(visit).passed_on(&self.documents[&visit.file], at == 0));
            }
            if found.is_empty() {
                break;
            }
            self.variables.extend(found);
        }
    }

    fn mentioned(&mut self, from: SourceId, mention: Mention) {
        let Some(file) = self.template.named(from, &mention.written) else { return };
        let Some(document) = self.document(file) else { return };
        let parameters = mention.arguments.into_iter().filter(|(name, _)| carries_text(&document, name)).collect();
        let visit = Visit { file, parameters };
        let bytes = self.sources.source(file).map_or(0, |source| source.text.len());
        if !self.visits.contains(&visit) && self.left.take(bytes) {
            self.visits.push(visit);
        }
    }

    /// Returns the tree of a file. What is wrong with it has been told when it was compiled.
    fn document(&mut self, file: SourceId) -> Option<Arc<Node>> {
        if let Some(known) = self.documents.get(&file) {
            return Some(known.clone());
        }
        let text = &self.sources.source(file)?.text;
        let document = Arc::new(yaml::parse(text, file, &mut Diagnostics::default())?);
        self.documents.insert(file, document.clone());
        Some(document)
    }

    fn finder<'s>(&'s self, visit: &'s Visit) -> Finder<'s> {
        Finder::new(self.sources, self.alias, &visit.parameters, &self.variables)
    }

    fn unsure(&self) -> Vec<String> {
        let of_visit = |visit| self.finder(visit).unsure(&self.documents[&visit.file]);
        self.visits.iter().flat_map(of_visit).collect()
    }

    fn scripts(&self) -> Vec<ForeseenScript> {
        let of_visit = |visit| self.finder(visit).scripts(&self.documents[&visit.file]);
        self.visits.iter().flat_map(of_visit).collect()
    }
}

/// Types of parameters whose values are never a payload's text.
const WITHOUT_TEXT: [&str; 2] = ["boolean", "number"];

/// Says whether a parameter of a template carries the text that is passed to it. One with `values`
/// gives one of them, which is the author's.
fn carries_text(document: &Node, name: &str) -> bool {
    let declared = document.member("parameters").and_then(Node::items).unwrap_or_default();
    let is_named =
        |item: &&Node| item.member("name").and_then(Node::text).is_some_and(|it| it.eq_ignore_ascii_case(name));
    declared.iter().find(is_named).is_none_or(|item| {
        let word = item.member("type").and_then(Node::text);
        let is_text = !word.is_some_and(|word| WITHOUT_TEXT.iter().any(|other| other.eq_ignore_ascii_case(word)));
        is_text && item.member("values").is_none()
    })
}
