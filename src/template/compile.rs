//! From the tree of a file to parts: its expressions parsed, its directives recognised, once when
//! the file is loaded.
//!
//! Mistakes of syntax count wherever they stand. A name that is not known is an error only where
//! it is certain to be looked at; in the body of a directive it is a warning, since the body may
//! be left out, and then nobody misses the name (reference, section 2.3).

use super::directive::{self, Directive};
use super::hole::{self, Found};
use super::part::{Branch, Chain, Each, Element, Hole, Pair, Part, Piece};
use super::place::Place;
use super::reference::Kind as TemplateKind;
use super::{Content, Entry, Kind, Node, Scalar};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::expression::{Expression, Mistake, Scope};
use crate::taint::Text;
use crate::yaml::{self, Style};
use std::ops::Range;
use std::sync::Arc;

/// Keys of the root whose values are read before expansion, so that an expression in them would
/// have no values (reference, section 2.1). Webhook resources and parameters are checked where
/// they are read.
const READ_BEFORE: [&str; 3] = ["trigger", "pr", "schedules"];

/// A place where a file names another one.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) kind: TemplateKind,
    pub(super) written: Written,
    pub(super) span: Span,
    /// Whether the place is only likely to be one for a template: the list may be data.
    pub(super) is_guessed: bool,
    /// The names of the parameters that are passed, where they are literal.
    pub(super) arguments: Option<Vec<(Arc<str>, Span)>>,
    /// Whether the reference is followed in every run that uses this file.
    pub(super) is_certain: bool,
}

/// How a template is named.
#[derive(Debug, Clone)]
pub(super) enum Written {
    /// In the file.
    Literally(String),
    /// By expressions, with literal text before the first and behind the last.
    Computed { before: String, after: String },
}

/// What the names in a file's expressions may be.
pub(super) fn scope<'n>(parameters: Option<impl Iterator<Item = &'n str>>) -> Scope {
    let scope = Scope::new(crate::expression::Dialect::Template);
    let scope = match parameters {
        Some(names) => scope.with_members("parameters", names),
        None => scope.with_name("parameters"),
    };
    scope.with_name("variables").with_name("resources")
}

/// Compiles a file. `place` says what kind of file it is; its mentions of other files come back
/// with it.
pub(super) fn compile(
    document: &yaml::Node,
    place: Place,
    scope: Scope,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Part, Vec<Mention>) {
    let mut compiler =
        Compiler { sources, scope, loop_names: Vec::new(), is_certain: true, mentions: Vec::new(), diagnostics };
    let part = match document.entries() {
        Some(entries) => compiler.root(document.span, entries, place),
        None => compiler.part(document, place),
    };
    (part, compiler.mentions)
}

struct Compiler<'c> {
    sources: &'c SourceMap,
    scope: Scope,
    /// The names of the loops around the present place.
    loop_names: Vec<String>,
    is_certain: bool,
    mentions: Vec<Mention>,
    diagnostics: &'c mut Diagnostics,
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
            if is_fixed {
                let key = Part::fixed(fixed(&entry.key));
                own.push(Element::Own(Pair { key, value: Part::fixed(fixed(&entry.value)) }));
            } else {
                self.entry(entry, place, &mut own);
            }
        }
        Part::Mapping { span, entries: own }
    }

    /// Notes the files that the defaults of parameters name.
    fn guess(&mut self, node: &yaml::Node) {
        for item in node.items().unwrap_or_default() {
            self.mention(item, Place::Other);
            self.guess(item);
        }
        for entry in node.entries().unwrap_or_default() {
            self.guess(&entry.value);
        }
    }

    fn part(&mut self, node: &yaml::Node, place: Place) -> Part {
        match &node.content {
            yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => self.scalar(scalar, node.span),
            yaml::Content::Scalar(_) => Part::fixed(fixed(node)),
            yaml::Content::Sequence(items) => self.sequence(node, items, place),
            yaml::Content::Mapping(entries) => self.mapping(node, entries, place),
        }
    }

    fn sequence(&mut self, node: &yaml::Node, items: &[yaml::Node], place: Place) -> Part {
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            match one_key(item).and_then(|entry| Some((entry, self.directive(entry)?))) {
                Some((entry, directive)) => self.directed(entry, directive, place, &mut elements),
                None => {
                    self.mention(item, place);
                    elements.push(Element::Own(self.part(item, place.item())));
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
        match self.directive(entry) {
            Some(directive) => self.directed(entry, directive, place, elements),
            None => {
                let member = entry.key.text().map_or(Place::Other, |key| place.member(key));
                let key = self.part(&entry.key, Place::Other);
                elements.push(Element::Own(Pair { key, value: self.part(&entry.value, member) }));
            }
        }
    }

    /// Returns the directive that is the whole key of an entry. A malformed one is reported, and
    /// then its entry brings nothing.
    fn directive(&mut self, entry: &yaml::Entry) -> Option<Read> {
        let yaml::Content::Scalar(scalar) = &entry.key.content else { return None };
        let inner = whole_expression(&scalar.text)?;
        match directive::read(&scalar.text[inner.clone()])? {
            Ok(directive) => Some(Read { directive: Some(directive), base: inner.start }),
            Err(malformed) => {
                let range = inner.start + malformed.range.start..inner.start + malformed.range.end;
                let place = self.place(scalar, entry.key.span, range);
                let mistake = Diagnostic::error(Code::Directive, malformed.title, place, "");
                self.diagnostics.push(mistake.help(malformed.help));
                Some(Read { directive: None, base: inner.start })
            }
        }
    }

    fn directed<T>(&mut self, entry: &yaml::Entry, read: Read, place: Place, elements: &mut Vec<Element<T>>) {
        let yaml::Content::Scalar(scalar) = &entry.key.content else { return };
        let at = |range: Range<usize>| read.base + range.start..read.base + range.end;
        match read.directive {
            // An `else` that follows belongs to it all the same.
            None => {
                self.body(&entry.value, place);
                elements.push(Element::Choice(Vec::new()));
            }
            Some(Directive::If(range)) => {
                let condition = self.hole(scalar, entry.key.span, at(range), entry.key.span);
                let body = self.body(&entry.value, place);
                let branch = condition.map(|hole| Branch { condition: Some(hole), body });
                elements.push(Element::Choice(branch.into_iter().collect()));
            }
            Some(Directive::ElseIf(range)) => {
                let condition = self.uncertain(|it| it.hole(scalar, entry.key.span, at(range), entry.key.span));
                let body = self.body(&entry.value, place);
                if let Some(branches) = self.open_choice("elseif", entry, elements) {
                    branches.extend(condition.map(|hole| Branch { condition: Some(hole), body }));
                }
            }
            Some(Directive::Else) => {
                let body = self.body(&entry.value, place);
                if let Some(branches) = self.open_choice("else", entry, elements) {
                    branches.push(Branch { condition: None, body });
                }
            }
            Some(Directive::Each { variable, collection }) => {
                let collection = self.hole(scalar, entry.key.span, at(collection), entry.key.span);
                let name = scalar.text[at(variable.clone())].to_owned();
                self.check_loop_name(&name, scalar, entry.key.span, at(variable));
                let body = self.within_loop(&name, |it| it.body(&entry.value, place));
                elements.extend(
                    collection.map(|collection| Element::Each(Each { variable: name.into(), collection, body })),
                );
            }
            Some(Directive::Insert) => elements.push(Element::Insert(self.part(&entry.value, place))),
        }
    }

    /// Returns the choice that the element before is, which an `elseif` or `else` continues.
    fn open_choice<'e, T>(
        &mut self,
        word: &str,
        entry: &yaml::Entry,
        elements: &'e mut [Element<T>],
    ) -> Option<&'e mut Vec<Branch>> {
        match elements.last_mut() {
            Some(Element::Choice(branches)) if branches.iter().all(|branch| branch.condition.is_some()) => {
                Some(branches)
            }
            _ => {
                let title = format!("`{word}` does not follow an `if` or `elseif`");
                let label = "the element before this one is no `if`";
                let help = "put it right behind the `if`, in the same list or mapping";
                self.diagnostics.push(Diagnostic::error(Code::Directive, title, entry.key.span, label).help(help));
                None
            }
        }
    }

    /// Compiles the value of a directive: it stands at the place of what is around it.
    fn body(&mut self, node: &yaml::Node, place: Place) -> Part {
        self.uncertain(|it| {
            if node.entries().is_some() {
                // As an item of a list, or as keys of a mapping: both mean the same templates.
                it.mention(node, place);
                let place = if node_is_item(place) { place.item() } else { place };
                return it.part(node, place);
            }
            it.part(node, place)
        })
    }

    fn uncertain<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let was_certain = std::mem::replace(&mut self.is_certain, false);
        let result = work(self);
        self.is_certain = was_certain;
        result
    }

    fn within_loop<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.scope.clone();
        self.scope = outside.clone().with_name(name);
        self.loop_names.push(name.to_owned());
        let result = work(self);
        self.loop_names.pop();
        self.scope = outside;
        result
    }

    /// Reports a loop's name that is taken (reference, section 2.3).
    fn check_loop_name(&mut self, name: &str, scalar: &yaml::Scalar, span: Span, range: Range<usize>) {
        let contexts = ["parameters", "variables", "resources"];
        let is_context = contexts.iter().any(|context| context.eq_ignore_ascii_case(name));
        if is_context || self.loop_names.iter().any(|outer| outer.eq_ignore_ascii_case(name)) {
            let title = format!("`{name}` is already defined");
            let place = self.place(scalar, span, range);
            let label = if is_context { "this names something else here" } else { "a loop around this has the name" };
            let mistake = Diagnostic::error(Code::DuplicateName, title, place, label);
            self.diagnostics.push(mistake.help("give the loop's value another name"));
        }
    }

    /// Notes the file that an item of a list names.
    ///
    /// A list at another place may be passed to a parameter for steps, jobs or stages, and then its
    /// items are meant to be templates.
    fn mention(&mut self, item: &yaml::Node, place: Place) {
        let Some(named) = item.member("template") else { return };
        let Some(text) = named.text() else { return };
        let is_guessed = place.kind().is_none();
        let kind = place.kind().unwrap_or(TemplateKind::Steps);
        let written = if hole::has_expression(text) { computed(text) } else { Written::Literally(text.to_string()) };
        let arguments = match item.member("parameters") {
            None => Some(Vec::new()),
            Some(arguments) if arguments.is_empty_plain() => Some(Vec::new()),
            Some(arguments) => literal_keys(arguments),
        };
        let is_certain = self.is_certain;
        self.mentions.push(Mention { kind, written, span: named.span, is_guessed, arguments, is_certain });
    }

    fn scalar(&mut self, scalar: &yaml::Scalar, span: Span) -> Part {
        let mut pieces = Vec::new();
        for found in hole::find(&scalar.text) {
            match found {
                Found::Text(range) => pieces.push(Piece::Text(scalar.text[range].into())),
                Found::Expression { whole, inner } => {
                    let place = self.place(scalar, span, whole);
                    if let Some(word) = directive::word(&scalar.text[inner.clone()]) {
                        self.inline_directive(word, place);
                    } else if let Some(hole) = self.hole(scalar, span, inner, place) {
                        pieces.push(Piece::Hole(hole));
                    }
                }
                Found::Unclosed(range) => {
                    let place = self.place(scalar, span, range.clone());
                    let close = if scalar.text[range].starts_with("${{") { "}}" } else { ">>" };
                    let title = format!("the expression is not closed by `{close}`");
                    self.diagnostics.push(Diagnostic::error(Code::ExpressionSyntax, title, place, "it begins here"));
                }
            }
        }
        match <[Piece; 1]>::try_from(pieces) {
            Ok([Piece::Hole(hole)]) => Part::Whole(hole),
            Ok([text]) => Part::Mixed { span, pieces: vec![text] },
            Err(pieces) => Part::Mixed { span, pieces },
        }
    }

    fn inline_directive(&mut self, word: &str, place: Span) {
        let title = format!("the directive `{word}` can't stand here");
        let label = "a directive is the whole key of a mapping";
        let help = format!("write it as a key, with a colon behind it: `${{{{ {word} … }}}}:`");
        self.diagnostics.push(Diagnostic::error(Code::Directive, title, place, label).help(help));
    }

    /// Parses one expression. `place` is what it stands for as a whole.
    fn hole(&mut self, scalar: &yaml::Scalar, span: Span, inner: Range<usize>, place: Span) -> Option<Hole> {
        let text = &scalar.text[inner.clone()];
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(mistake) => {
                self.mistake(mistake, scalar, span, inner.start, Severity::Error);
                return None;
            }
        };
        let severity = if self.is_certain { Severity::Error } else { Severity::Warning };
        for mistake in expression.check(&self.scope) {
            self.mistake(mistake, scalar, span, inner.start, severity);
        }
        let references = expression.references();
        let reads_variables = references.iter().any(|it| it.root.eq_ignore_ascii_case("variables"));
        let chain = match references.as_slice() {
            [only] if !only.open && text[only.range.clone()].len() == text.trim().len() => {
                Some(Chain { root: only.root.as_str().into(), steps: only.steps.clone() })
            }
            _ => None,
        };
        let text_span = self.place(scalar, span, inner);
        Some(Hole { span: place, text_span, expression, chain, reads_variables })
    }

    /// Reports a mistake of an expression whose text begins at `base` in the scalar.
    fn mistake(&mut self, mistake: Mistake, scalar: &yaml::Scalar, span: Span, base: usize, severity: Severity) {
        let range = base + mistake.range.start..base + mistake.range.end;
        let place = self.place(scalar, span, range);
        self.diagnostics.push(Diagnostic { severity, ..diagnostic(mistake, place) });
    }

    fn place(&self, scalar: &yaml::Scalar, own: Span, range: Range<usize>) -> Span {
        let source = self.sources.source(own.source).expect("a node's span is of the map it was parsed with");
        scalar.place(range, own, &source.text)
    }
}

/// A directive and where in the key's text the text between its braces begins; `None` for one
/// that has been reported.
struct Read {
    directive: Option<Directive>,
    base: usize,
}

/// Returns the one entry of a mapping that has no other.
fn one_key(item: &yaml::Node) -> Option<&yaml::Entry> {
    match item.entries()? {
        [entry] => Some(entry),
        _ => None,
    }
}

/// Returns what stands between the braces of a text that is one expression and nothing else.
fn whole_expression(text: &str) -> Option<Range<usize>> {
    if !hole::has_expression(text) {
        return None;
    }
    match <[Found; 1]>::try_from(hole::find(text)) {
        Ok([Found::Expression { inner, .. }]) => Some(inner),
        _ => None,
    }
}

/// Says whether a mapping at a place is an item of a list there.
fn node_is_item(place: Place) -> bool {
    matches!(place, Place::Stages | Place::Jobs | Place::Steps)
}

/// Says whether an item brings a template or a group of variables.
fn names_other(item: &yaml::Node, place: Place) -> bool {
    let has = |key: &str| item.member(key).is_some();
    place.kind().is_some() && (has("template") || (place == Place::Variables && has("group")))
}

/// Returns the keys of a mapping, if none of them has an expression.
fn literal_keys(mapping: &yaml::Node) -> Option<Vec<(Arc<str>, Span)>> {
    let literal = |entry: &yaml::Entry| {
        let key = entry.key.text().filter(|key| !hole::has_expression(key))?;
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
    Written::Computed { before: literal(parts.first()), after: literal(parts.last()) }
}

/// Says whether a value has no expression, and reports each that it has.
pub(super) fn forbid_expressions(node: &yaml::Node, section: &str, diagnostics: &mut Diagnostics) -> bool {
    let before = diagnostics.len();
    match &node.content {
        yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => {
            let title = format!("an expression can't stand in {section}");
            let label = "this part is read before expressions have values";
            diagnostics.push(Diagnostic::error(Code::InvalidValue, title, node.span, label));
        }
        yaml::Content::Scalar(_) => {}
        yaml::Content::Sequence(items) => {
            for item in items {
                forbid_expressions(item, section, diagnostics);
            }
        }
        yaml::Content::Mapping(entries) => {
            for entry in entries {
                forbid_expressions(&entry.key, section, diagnostics);
                forbid_expressions(&entry.value, section, diagnostics);
            }
        }
    }
    diagnostics.len() == before
}

/// Returns the diagnostic for an expression's mistake, at its place.
pub(super) fn diagnostic(mistake: Mistake, place: Span) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(mistake.code, mistake.title, place, mistake.label);
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic
}

/// Returns a node without expressions as it will stand in the expanded document.
pub(super) fn fixed(node: &yaml::Node) -> Node {
    let content = match &node.content {
        yaml::Content::Scalar(scalar) => Content::Scalar(fixed_scalar(scalar, node)),
        yaml::Content::Sequence(items) => Content::Sequence(items.iter().map(fixed).collect()),
        yaml::Content::Mapping(entries) => Content::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    key: Text::author(entry.key.text().cloned().unwrap_or_default()),
                    key_span: entry.key.span,
                    value: fixed(&entry.value),
                })
                .collect(),
        ),
    };
    Node { span: node.span, origin: None, content }
}

fn fixed_scalar(scalar: &yaml::Scalar, node: &yaml::Node) -> Scalar {
    let kind = match scalar.style {
        Style::Plain if scalar.text.is_empty() => Kind::Null,
        Style::Plain => Kind::Plain,
        _ => Kind::Text,
    };
    let segment_spans = if scalar.text.is_empty() { Vec::new() } else { vec![node.span] };
    Scalar { text: Text::author(scalar.text.clone()), segment_spans, kind }
}
