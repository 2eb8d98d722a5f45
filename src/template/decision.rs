//! What decides which parts of a pipeline run, also where it comes through variables, parameters of templates and loops.
//!
//! Names are looked at, and not which of several variables of a name counts at a place: what may decide is told.

use super::load::Loaded;
use super::part::{Element, Hole, Pair, Part, Piece};
use super::{Content, Node};
use crate::diagnostic::{SourceId, Span};
use crate::expression::{Expression, Macros, Reference, Step};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many names are looked at for all decisions of a pipeline. Of one that needs more, not all is told.
const LOOKED_AT_MAX: usize = 100_000;

/// What an expression reads that decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What is read.
    pub reference: Reference,
    /// Where it decides.
    pub span: Span,
    /// The names through which it comes there, the nearest first, each with the place where it gets its value.
    pub through: Vec<(String, Span)>,
}

/// Who is given a value by a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    /// A variable, in lower case.
    Variable(String),
    /// A parameter of a file, in lower case.
    Parameter(usize, String),
}

#[derive(Debug, Clone)]
enum Read {
    Name(Name),
    Other(Reference),
}

/// A place where a name gets a value.
struct Given {
    written: String,
    span: Span,
    reads: Vec<Read>,
}

/// Returns what the expressions of all files read that decide: those of `if` and `elseif`, and in the values of
/// `condition` and `enabled`.
pub(super) fn decisions(loaded: &Loaded, named: &dyn Fn(SourceId, &str) -> Option<SourceId>) -> Vec<Decision> {
    let mut finder = Finder { loaded, named, file: 0, loops: Vec::new(), given: HashMap::new(), deciding: Vec::new() };
    for (at, file) in loaded.files.iter().enumerate() {
        finder.file = at;
        finder.part(&file.document);
    }
    let mut left = LOOKED_AT_MAX;
    let mut decisions = Vec::new();
    for (read, span) in std::mem::take(&mut finder.deciding) {
        for (reference, through) in finder.followed(read, &mut left) {
            let decision = Decision { reference, span, through };
            if !decisions.contains(&decision) {
                decisions.push(decision);
            }
        }
    }
    decisions
}

struct Finder<'l> {
    loaded: &'l Loaded,
    /// The file that a file names.
    named: &'l dyn Fn(SourceId, &str) -> Option<SourceId>,
    /// Which file is looked at.
    file: usize,
    /// The variables of the loops around, with what they go through.
    loops: Vec<(Arc<str>, Vec<Read>)>,
    given: HashMap<Name, Vec<Given>>,
    deciding: Vec<(Read, Span)>,
}

impl Finder<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Fixed { node, .. } => self.node(node),
            Part::Whole(_) | Part::Mixed { .. } | Part::Unknown { .. } => {}
            Part::Sequence { items, .. } => items.iter().for_each(|item| match item {
                Element::Own(part) => self.part(part),
                directive => self.directive(directive, &mut Self::part),
            }),
            Part::Mapping { entries, .. } => {
                self.arguments(entries);
                for entry in entries {
                    match entry {
                        Element::Own(pair) => self.pair(pair),
                        directive => self.directive(directive, &mut Self::part),
                    }
                }
            }
        }
    }

    fn pair(&mut self, pair: &Pair) {
        match key(pair).as_deref() {
            Some("condition") => self.condition(&pair.value),
            Some("enabled") => self.decide(holes(&pair.value)),
            Some("variables") => self.variables(&pair.value),
            _ => {}
        }
        self.part(&pair.value);
    }

    /// Looks at what has no expressions: of a step it may be the condition that reads a variable.
    fn node(&mut self, node: &Node) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.node(item)),
            Content::Mapping(entries) => {
                for entry in entries {
                    match &*entry.key.flatten() {
                        "condition" => self.runtime(&text(&entry.value), entry.value.span),
                        "variables" => self.fixed_variables(&entry.value),
                        _ => {}
                    }
                    self.node(&entry.value);
                }
            }
        }
    }

    /// Looks at a directive, and at each of its bodies.
    fn directive<T>(&mut self, element: &Element<T>, body: &mut dyn FnMut(&mut Self, &Part)) {
        match element {
            Element::Own(_) => {}
            Element::Choice(branches) => {
                for branch in branches {
                    self.decide(branch.condition.iter());
                    body(self, &branch.body);
                }
            }
            Element::Each(each) => {
                let reads = self.reads_of(&each.collection);
                self.loops.push((each.variable.clone(), reads));
                body(self, &each.body);
                self.loops.pop();
            }
            Element::Insert(part) => body(self, part),
        }
    }

    fn decide<'h>(&mut self, holes: impl Iterator<Item = &'h Hole>) {
        for hole in holes {
            let reads = self.reads_of(hole);
            self.deciding.extend(reads.into_iter().map(|read| (read, hole.span)));
        }
    }

    /// Looks at a condition, which is an expression that is evaluated in the run, with other expressions in it.
    fn condition(&mut self, value: &Part) {
        self.decide(holes(value));
        let text: String = match value {
            Part::Mixed { pieces, .. } => {
                let piece = |piece: &Piece| if let Piece::Text(text) = piece { text.clone() } else { "0".into() };
                pieces.iter().map(piece).map(|text| text.to_string()).collect()
            }
            Part::Fixed { node, .. } => text(node),
            _ => return,
        };
        self.runtime(&text, value.span());
    }

    fn runtime(&mut self, text: &str, span: Span) {
        let Ok(expression) = Expression::parse(text) else { return };
        self.deciding.extend(variables_of(&expression).map(|name| (Read::Name(name), span)));
    }

    /// Notes what a section of variables gives.
    fn variables(&mut self, section: &Part) {
        match section {
            Part::Fixed { node, .. } => self.fixed_variables(node),
            Part::Whole(_) | Part::Mixed { .. } | Part::Unknown { .. } => {}
            Part::Mapping { entries, .. } => {
                for entry in entries {
                    match entry {
                        Element::Own(pair) => {
                            if let Some(name) = key(pair) {
                                self.give_variable(&name, &pair.value);
                            }
                        }
                        directive => self.bodies(directive),
                    }
                }
            }
            Part::Sequence { items, .. } => {
                for item in items {
                    match item {
                        Element::Own(Part::Mapping { entries, .. }) => {
                            let value = member(entries, "value");
                            let name = member(entries, "name").and_then(fixed_text);
                            if let (Some(name), Some(value)) = (name, value) {
                                self.give_variable(&name, value);
                            }
                        }
                        Element::Own(Part::Fixed { node, .. }) => self.fixed_variable(node),
                        Element::Own(_) => {}
                        directive => self.bodies(directive),
                    }
                }
            }
        }
    }

    /// Notes the variables that a directive brings. What it decides by is noted elsewhere.
    fn bodies<T>(&mut self, directive: &Element<T>) {
        let deciding = self.deciding.len();
        self.directive(directive, &mut Self::variables);
        self.deciding.truncate(deciding);
    }

    fn fixed_variables(&mut self, section: &Node) {
        match &section.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.fixed_variable(item)),
            Content::Mapping(entries) => {
                for entry in entries {
                    self.give_text(&entry.key.flatten(), &entry.value);
                }
            }
        }
    }

    fn fixed_variable(&mut self, item: &Node) {
        if let (Some(name), Some(value)) = (item.member("name"), item.member("value")) {
            self.give_text(&text(name), value);
        }
    }

    /// Notes a variable without expressions: it may have the value of another one.
    fn give_text(&mut self, name: &str, value: &Node) {
        let reads: Vec<Read> = later(&text(value)).into_iter().map(Read::Name).collect();
        self.give(Name::Variable(name.to_lowercase()), name, value.span, reads);
    }

    fn give_variable(&mut self, name: &str, value: &Part) {
        if let Part::Fixed { node, .. } = value {
            return self.give_text(name, node);
        }
        let mut reads: Vec<Read> = holes(value).flat_map(|hole| self.reads_of(hole)).collect();
        if let Part::Mixed { pieces, .. } = value {
            let texts = pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None });
            reads.extend(texts.flat_map(|text| later(text)).map(Read::Name));
        }
        self.give(Name::Variable(name.to_lowercase()), name, value.span(), reads);
    }

    /// Notes what is passed to the template that a mapping names.
    fn arguments(&mut self, entries: &[Element<Pair>]) {
        let written = member(entries, "template").and_then(fixed_text);
        let (Some(written), Some(Part::Mapping { entries: passed, .. })) = (written, member(entries, "parameters"))
        else {
            return;
        };
        let file = (self.named)(self.loaded.files[self.file].source, &written);
        let Some(&file) = file.and_then(|file| self.loaded.by_source.get(&file)) else { return };
        for entry in passed {
            let Element::Own(pair) = entry else { continue };
            let Some(name) = key(pair) else { continue };
            let mut references = Vec::new();
            pair.value.visit(&mut |expression| references.extend(expression.references()));
            let reads = references.into_iter().flat_map(|reference| self.reads(reference)).collect();
            self.give(Name::Parameter(file, name.to_lowercase()), &name, pair.value.span(), reads);
        }
    }

    fn give(&mut self, name: Name, written: &str, span: Span, reads: Vec<Read>) {
        if !reads.is_empty() {
            self.given.entry(name).or_default().push(Given { written: written.to_owned(), span, reads });
        }
    }

    fn reads_of(&self, hole: &Hole) -> Vec<Read> {
        hole.expression.references().into_iter().flat_map(|reference| self.reads(reference)).collect()
    }

    fn reads(&self, reference: Reference) -> Vec<Read> {
        if let Some((_, reads)) = self.loops.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&reference.root)) {
            return reads.clone();
        }
        let name = match reference.steps.first() {
            Some(Step::Member(name)) => name.to_lowercase(),
            _ => return vec![Read::Other(reference)],
        };
        match reference.root.to_ascii_lowercase().as_str() {
            "variables" => vec![Read::Name(Name::Variable(name))],
            "parameters" => vec![Read::Name(Name::Parameter(self.file, name))],
            _ => vec![Read::Other(reference)],
        }
    }

    /// Returns all that something reads in the end, with the names on the way, each of which is looked at once.
    fn followed(&self, read: Read, left: &mut usize) -> Vec<(Reference, Vec<(String, Span)>)> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut open = vec![(read, Vec::new())];
        while let Some((read, through)) = open.pop() {
            let name = match read {
                Read::Other(reference) => {
                    found.push((reference, through));
                    continue;
                }
                Read::Name(name) => name,
            };
            if *left == 0 || seen.contains(&name) {
                continue;
            }
            for given in self.given.get(&name).into_iter().flatten() {
                *left = left.saturating_sub(1);
                let way: Vec<_> = through.iter().cloned().chain([(given.written.clone(), given.span)]).collect();
                open.extend(given.reads.iter().map(|read| (read.clone(), way.clone())));
            }
            seen.insert(name);
        }
        found
    }
}

/// Returns the variables that an expression of a run reads.
fn variables_of(expression: &Expression) -> impl Iterator<Item = Name> {
    expression.references().into_iter().filter_map(|reference| match reference.steps.first() {
        Some(Step::Member(name)) if reference.root.eq_ignore_ascii_case("variables") => {
            Some(Name::Variable(name.to_lowercase()))
        }
        _ => None,
    })
}

/// Returns the variables whose values a text gets in a run: by `$(name)`, and by `$[ variables.name ]`.
fn later(text: &str) -> Vec<Name> {
    let mut names: Vec<Name> = Macros::of(text).map(|found| Name::Variable(found.name.to_lowercase())).collect();
    let expression = text.trim().strip_prefix("$[").and_then(|text| text.strip_suffix(']'));
    if let Some(expression) = expression.and_then(|text| Expression::parse(text).ok()) {
        names.extend(variables_of(&expression));
    }
    names
}

fn key(pair: &Pair) -> Option<String> {
    fixed_text(&pair.key)
}

fn fixed_text(part: &Part) -> Option<String> {
    let Part::Fixed { node, .. } = part else { return None };
    Some(text(node)).filter(|text| !text.is_empty())
}

/// Returns the text of a scalar.
fn text(node: &Node) -> String {
    let Content::Scalar(scalar) = &node.content else { return String::new() };
    scalar.text.flatten().into_owned()
}

fn member<'p>(entries: &'p [Element<Pair>], name: &str) -> Option<&'p Part> {
    let own = entries.iter().filter_map(|entry| if let Element::Own(pair) = entry { Some(pair) } else { None });
    own.filter(|pair| key(pair).as_deref() == Some(name)).map(|pair| &pair.value).next()
}

/// Returns the expressions of a scalar.
fn holes(part: &Part) -> impl Iterator<Item = &Hole> {
    let (whole, pieces) = match part {
        Part::Whole(hole) => (Some(hole), &[][..]),
        Part::Mixed { pieces, .. } => (None, pieces.as_slice()),
        _ => (None, &[][..]),
    };
    let mixed = pieces.iter().filter_map(|piece| if let Piece::Hole(hole) = piece { Some(hole) } else { None });
    whole.into_iter().chain(mixed)
}
