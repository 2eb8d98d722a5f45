//! The scripts of a file as they stand before any payload.
//!
//! What a script's holes require depends on its author's text alone. So it is worked out when the
//! file is loaded: `pipehook check` tells the author of a place that takes no payload text, and a
//! delivery only tests its values. A script that is put together in a way that can't be foreseen is
//! analysed when it is expanded.

use super::ScriptRules;
use super::check::scripts::{diagnostic, raw, strict};
use crate::diagnostic::{Diagnostics, SourceMap, Span};
use crate::expression::{Expression, Reference, Step};
use crate::shell::{Entrance, Known, Language, Outline, Piece, Script, Substitution, environment_name};
use crate::taint::{Origin, Text};
use crate::template::{Found, find_expressions};
use crate::yaml::{Content, Entry, Node, Scalar};
use std::sync::Arc;

/// What stands in an outline for the author's own text that is not known before the expansion.
const UNKNOWN: &str = "value";

/// The scripts of a file into which payload text comes.
#[derive(Debug, Clone, Default)]
pub struct Foreseen {
    scripts: Vec<ForeseenScript>,
    known: Known,
}

/// A script, and where payload text comes into it.
#[derive(Debug, Clone)]
pub struct ForeseenScript {
    outline: Outline,
    holes: Vec<Place>,
    /// The variables of the environment, in the outline's order.
    environment: Vec<Place>,
}

/// A place where payload text comes in.
#[derive(Debug, Clone)]
struct Place {
    span: Span,
    origin: Arc<Origin>,
}

/// Finds the scripts of a document and analyses them. `webhooks` are the aliases that it declares.
pub fn foresee(document: &Node, sources: &SourceMap, webhooks: &[String]) -> Foreseen {
    let mut finder = Finder { sources, webhooks, variables: Vec::new(), loops: Vec::new(), scripts: Vec::new() };
    finder.variables(document);
    finder.walk(document);
    let scripts = finder.scripts;
    let known = Known::new(scripts.iter().map(|script| script.outline.clone()));
    Foreseen { scripts, known }
}

impl Foreseen {
    /// Returns the rules for a run that a delivery of a connection starts.
    pub fn rules(&self, substitution: Substitution) -> ScriptRules {
        ScriptRules { substitution, known: self.known.clone() }
    }

    /// Returns the scripts.
    pub fn scripts(&self) -> &[ForeseenScript] {
        &self.scripts
    }

    /// Reports what is wrong with the scripts for every payload that comes over a connection.
    pub fn report(&self, substitution: Substitution, diagnostics: &mut Diagnostics) {
        for script in &self.scripts {
            match substitution {
                Substitution::Raw => script.each_hole(|span, origin| diagnostics.push(raw(span, origin))),
                Substitution::Strict if !script.holes.is_empty() => {
                    script.each_hole(|span, origin| diagnostics.push(strict(span, origin)));
                }
                Substitution::Safe | Substitution::Strict => self.refusals(script, diagnostics),
            }
        }
    }

    fn refusals(&self, script: &ForeseenScript, diagnostics: &mut Diagnostics) {
        for refusal in self.known.analysis(&script.outline).refusals() {
            if let Some(place) = script.place(&refusal.entrance) {
                diagnostics.push(diagnostic(refusal, place.span, Some(&place.origin)));
            }
        }
    }
}

impl ForeseenScript {
    /// Returns the script without its values.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    fn each_hole(&self, mut tell: impl FnMut(Span, &Origin)) {
        self.holes.iter().for_each(|place| tell(place.span, &place.origin));
    }

    fn place(&self, entrance: &Entrance) -> Option<&Place> {
        match entrance {
            Entrance::Segment(segment) => {
                let before = self.outline.pieces.iter().take(*segment);
                self.holes.get(before.filter(|piece| **piece == Piece::Hole).count())
            }
            Entrance::Variable(name) => {
                let at = self.outline.environment.iter().position(|known| known == name)?;
                self.environment.get(at)
            }
        }
    }
}

/// Text as it stands before any payload.
#[derive(Debug, Clone, Default)]
struct Written {
    pieces: Vec<Piece>,
    holes: Vec<Place>,
}

impl Written {
    fn author(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Author(before)) => *before = format!("{before}{text}").into(),
            _ => self.pieces.push(Piece::Author(text.into())),
        }
    }

    fn hole(&mut self, place: Place) {
        self.pieces.push(Piece::Hole);
        self.holes.push(place);
    }

    fn append(&mut self, other: &Self) {
        let mut holes = other.holes.iter();
        for piece in &other.pieces {
            match piece {
                Piece::Author(text) => self.author(text),
                Piece::Hole => self.hole(holes.next().expect("each hole has its place").clone()),
            }
        }
    }

    fn is_tainted(&self) -> bool {
        !self.holes.is_empty()
    }
}

/// A variable that gets payload text.
struct Variable {
    name: String,
    value: Written,
}

struct Finder<'f> {
    sources: &'f SourceMap,
    webhooks: &'f [String],
    variables: Vec<Variable>,
    /// The variables of the loops around, with what they go over where that is a payload's.
    loops: Vec<(String, Option<Arc<Origin>>)>,
    scripts: Vec<ForeseenScript>,
}

impl Finder<'_> {
    /// Learns the variables of all scopes that get payload text.
    fn variables(&mut self, node: &Node) {
        for entry in node.entries().unwrap_or_default() {
            if key(entry) == "variables" {
                for (name, value) in named_values(&entry.value) {
                    let value = self.written(value);
                    if value.is_tainted() {
                        self.variables.push(Variable { name, value });
                    }
                }
            } else {
                self.variables(&entry.value);
            }
        }
        node.items().unwrap_or_default().iter().for_each(|item| self.variables(item));
    }

    fn walk(&mut self, node: &Node) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.walk(item)),
            Content::Mapping(entries) => {
                self.step(node);
                for entry in entries {
                    let looped = self.looped(key(entry));
                    let is_loop = looped.is_some();
                    self.loops.extend(looped);
                    if key(entry) != "inputs" {
                        self.walk(&entry.value);
                    }
                    if is_loop {
                        self.loops.pop();
                    }
                }
            }
        }
    }

    /// Returns the variable of a key such as `${{ each x in parameters.hook.list }}`.
    fn looped(&self, key: &str) -> Option<(String, Option<Arc<Origin>>)> {
        let inner = key.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("each ")?;
        let (name, collection) = inner.split_once(" in ")?;
        let origin = Expression::parse(collection).ok().and_then(|expression| self.origin(&expression));
        Some((name.trim().to_owned(), origin))
    }

    /// Adds the script of a step, if a mapping is one and payload text comes into it.
    fn step(&mut self, node: &Node) {
        let Some((language, value)) = script_of(node) else { return };
        let script = self.with_macros(&self.written(value));
        let environment = self.environment(node, &script);
        if !script.is_tainted() && environment.is_empty() {
            return;
        }
        let (names, places) = environment.into_iter().unzip();
        let outline = Outline { language, pieces: script.pieces, environment: names };
        self.scripts.push(ForeseenScript { outline, holes: script.holes, environment: places });
    }

    /// Returns the variables of a step's environment that hold payload text and that its script names.
    fn environment(&self, step: &Node, script: &Written) -> Vec<(String, Place)> {
        let mut found: Vec<(String, Option<Place>)> = Vec::new();
        let exported = self.variables.iter().map(|it| (environment_name(&it.name), it.value.holes.first().cloned()));
        let own = step.member("env").and_then(Node::entries).unwrap_or_default().iter().map(|entry| {
            let value = self.with_macros(&self.written(&entry.value));
            let place = value.holes.first().map(|place| Place { span: entry.key.span, ..place.clone() });
            (key(entry).to_owned(), place)
        });
        for (name, place) in exported.chain(own) {
            found.retain(|(earlier, _)| *earlier != name);
            found.push((name, place));
        }
        let texts = script.pieces.iter().filter_map(|piece| match piece {
            Piece::Author(text) => Some(Text::author(text.clone())),
            Piece::Hole => None,
        });
        let texts: Vec<Text> = texts.collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let named = found.into_iter().filter(|(name, _)| texts.iter().any(|text| Script::names(text, name)));
        named.filter_map(|(name, place)| Some((name, place?))).collect()
    }

    /// Returns a scalar's text in pieces.
    fn written(&self, node: &Node) -> Written {
        let mut written = Written::default();
        let Content::Scalar(scalar) = &node.content else { return written };
        for found in find_expressions(&scalar.text) {
            match found {
                Found::Text(range) => written.author(&scalar.text[range]),
                Found::Unclosed(range) => written.author(&scalar.text[range]),
                Found::Expression { whole, inner } => {
                    let expression = Expression::parse(&scalar.text[inner]).ok();
                    match expression.as_ref().and_then(|expression| self.origin(expression)) {
                        Some(origin) => written.hole(Place { span: self.span(scalar, node.span, whole), origin }),
                        None => {
                            written.author(expression.as_ref().and_then(Expression::literal_text).unwrap_or(UNKNOWN))
                        }
                    }
                }
            }
        }
        written
    }

    fn span(&self, scalar: &Scalar, own: Span, range: std::ops::Range<usize>) -> Span {
        self.sources.source(own.source).map_or(own, |source| scalar.place(range, own, &source.text))
    }

    /// Returns text with the macros of tainted variables in place.
    fn with_macros(&self, text: &Written) -> Written {
        let mut expanded = Written::default();
        let mut holes = text.holes.iter();
        for piece in &text.pieces {
            match piece {
                Piece::Author(text) => self.macros(text, &mut expanded),
                Piece::Hole => expanded.hole(holes.next().expect("each hole has its place").clone()),
            }
        }
        expanded
    }

    fn macros(&self, text: &str, expanded: &mut Written) {
        let mut rest = text;
        while let Some(start) = rest.find("$(") {
            let end = rest[start..].find(')').map(|end| start + end);
            let variable = end.and_then(|end| self.variable(&rest[start + 2..end]));
            let next = match (variable, end) {
                (Some(variable), Some(end)) => {
                    expanded.author(&rest[..start]);
                    expanded.append(&variable.value);
                    end + 1
                }
                _ => {
                    expanded.author(&rest[..start + 1]);
                    start + 1
                }
            };
            rest = &rest[next..];
        }
        expanded.author(rest);
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// Returns the place in a payload from which an expression's value can come.
    fn origin(&self, expression: &Expression) -> Option<Arc<Origin>> {
        let reference = expression.carries(&|reference| self.source(reference).is_some())?;
        self.source(&reference)
    }

    fn source(&self, reference: &Reference) -> Option<Arc<Origin>> {
        let root = reference.root.to_ascii_lowercase();
        if let Some((_, origin)) = self.loops.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&root)) {
            return origin.clone();
        }
        let first = match reference.steps.first() {
            Some(Step::Member(name)) => name.as_str(),
            _ => "",
        };
        match root.as_str() {
            "parameters" => {
                let alias = self.webhooks.iter().find(|alias| alias.eq_ignore_ascii_case(first))?;
                Some(Arc::new(origin(alias, &reference.steps[1..])))
            }
            // Of what a delivery brings beside its payload only its id is our own.
            "resources" if first.eq_ignore_ascii_case("webhooks") => {
                let is_id =
                    matches!(reference.steps.get(2), Some(Step::Member(name)) if name.eq_ignore_ascii_case("delivery"));
                let alias = self.webhooks.first().filter(|_| !is_id)?;
                Some(Arc::new(origin(alias, reference.steps.get(2..).unwrap_or_default())))
            }
            "variables" => Some(self.variable(first)?.value.holes.first()?.origin.clone()),
            _ => None,
        }
    }
}

fn origin(alias: &str, steps: &[Step]) -> Origin {
    let whole = Origin { alias: alias.into(), path: "".into() };
    steps.iter().fold(whole, |origin, step| match step {
        Step::Index(index) => origin.item(*index),
        Step::Member(name) => origin.member(name),
    })
}

fn key(entry: &Entry) -> &str {
    entry.key.text().map_or("", |text| &**text)
}

/// Returns the variables of a `variables` section, written as a mapping or as a list.
fn named_values(section: &Node) -> Vec<(String, &Node)> {
    let of_mapping = section.entries().unwrap_or_default().iter().map(|entry| (key(entry).to_owned(), &entry.value));
    let of_list = section
        .items()
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Some((item.member("name")?.text()?.to_string(), item.member("value")?)));
    of_mapping.chain(of_list).collect()
}

/// Returns the language and the script of a step.
fn script_of(step: &Node) -> Option<(Language, &Node)> {
    match step.member("task").and_then(Node::text) {
        Some(task) => Some((Language::of_task(task)?, step.member("inputs")?.member("script")?)),
        None => step.entries()?.iter().find_map(|entry| Some((Language::of_keyword(key(entry))?, &entry.value))),
    }
}
