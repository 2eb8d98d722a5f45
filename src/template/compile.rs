//! Parsing the expressions of a document, once when its file is loaded.

use super::hole::{self, Found};
use super::{Content, Entry, Hole, Kind, Names, Node, Part, PartEntry, Piece, Scalar};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::expression::{Dialect, Expression, Mistake, Scope, Step};
use crate::taint::{Origin, Text};
use crate::yaml::{self, Style};
use std::ops::Range;
use std::sync::Arc;

/// Keys of the root whose values are read before expansion, so that an expression in them would
/// have no values (reference, section 2.1). Webhook resources are checked where they are read.
const READ_BEFORE: [&str; 4] = ["trigger", "pr", "schedules", "parameters"];

/// Words that begin a directive.
const DIRECTIVES: [&str; 5] = ["insert", "if", "elseif", "else", "each"];

pub(super) fn compile(
    document: &yaml::Node,
    sources: &SourceMap,
    names: &Names,
    diagnostics: &mut Diagnostics,
) -> Part {
    let mut compiler = Compiler { sources, names, scope: scope(names), diagnostics };
    let Some(entries) = document.entries() else { return compiler.part(document) };
    let entries = entries.iter().map(|entry| compiler.root_entry(entry)).collect();
    mapping(document.span, entries)
}

fn scope(names: &Names) -> Scope {
    Scope::new(Dialect::Template)
        .with_members("parameters", names.parameters.iter().cloned())
        .with_name("variables")
        .with_name("resources")
}

struct Compiler<'c> {
    sources: &'c SourceMap,
    names: &'c Names,
    scope: Scope,
    diagnostics: &'c mut Diagnostics,
}

impl Compiler<'_> {
    fn root_entry(&mut self, entry: &yaml::Entry) -> PartEntry {
        let key = self.part(&entry.key);
        let name = entry.key.text().map_or("", |text| &**text);
        if READ_BEFORE.contains(&name) {
            self.forbid_expressions(&entry.value, name);
        } else if name != "resources" {
            return PartEntry { key, value: self.part(&entry.value) };
        }
        PartEntry { key, value: Part::Fixed(fixed(&entry.value)) }
    }

    fn forbid_expressions(&mut self, node: &yaml::Node, section: &str) {
        match &node.content {
            yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => {
                let title = format!("an expression can't stand in `{section}`");
                let label = "this part is read before expressions have values";
                self.diagnostics.push(Diagnostic::error(Code::InvalidValue, title, node.span, label));
            }
            yaml::Content::Scalar(_) => {}
            yaml::Content::Sequence(items) => items.iter().for_each(|item| self.forbid_expressions(item, section)),
            yaml::Content::Mapping(entries) => entries.iter().for_each(|entry| {
                self.forbid_expressions(&entry.key, section);
                self.forbid_expressions(&entry.value, section);
            }),
        }
    }

    fn part(&mut self, node: &yaml::Node) -> Part {
        match &node.content {
            yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => self.scalar(scalar, node.span),
            yaml::Content::Scalar(_) => Part::Fixed(fixed(node)),
            yaml::Content::Sequence(items) => {
                let items: Vec<Part> = items.iter().map(|item| self.part(item)).collect();
                if items.iter().all(|item| matches!(item, Part::Fixed(_))) {
                    return Part::Fixed(fixed(node));
                }
                Part::Sequence { span: node.span, items }
            }
            yaml::Content::Mapping(entries) => {
                let entry =
                    |entry: &yaml::Entry| PartEntry { key: self.part(&entry.key), value: self.part(&entry.value) };
                let entries: Vec<PartEntry> = entries.iter().map(entry).collect();
                mapping(node.span, entries)
            }
        }
    }

    fn scalar(&mut self, scalar: &yaml::Scalar, span: Span) -> Part {
        let mut pieces = Vec::new();
        for found in hole::find(&scalar.text) {
            match found {
                Found::Text(range) => pieces.push(Piece::Text(scalar.text[range].into())),
                Found::Expression { whole, inner } => {
                    let place = self.place(scalar, span, whole);
                    if let Some(hole) = self.hole(scalar, span, inner, place) {
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

    fn hole(&mut self, scalar: &yaml::Scalar, span: Span, inner: Range<usize>, place: Span) -> Option<Hole> {
        let text = &scalar.text[inner.clone()];
        if let Some(directive) = directive(text) {
            let title = format!("the directive `{directive}` is not supported by this version");
            self.diagnostics.push(Diagnostic::error(Code::Unsupported, title, place, ""));
            return None;
        }
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(mistake) => {
                self.mistake(mistake, scalar, span, inner.start);
                return None;
            }
        };
        for mistake in expression.check(&self.scope) {
            self.mistake(mistake, scalar, span, inner.start);
        }
        let origin = self.origin(&expression);
        Some(Hole { span: place, origin, text_span: self.place(scalar, span, inner), expression })
    }

    /// Reports a mistake of an expression whose text begins at `base` in the scalar.
    fn mistake(&mut self, mistake: Mistake, scalar: &yaml::Scalar, span: Span, base: usize) {
        let range = base + mistake.range.start..base + mistake.range.end;
        let place = self.place(scalar, span, range);
        self.diagnostics.push(diagnostic(mistake, place));
    }

    fn place(&self, scalar: &yaml::Scalar, own: Span, range: Range<usize>) -> Span {
        let source = self.sources.source(own.source).expect("a node's span is of the map it was parsed with");
        scalar.place(range, own, &source.text)
    }

    /// Returns the payload path of an expression that does nothing but name one.
    fn origin(&self, expression: &Expression) -> Option<Arc<Origin>> {
        let [reference] = expression.references().try_into().ok()?;
        if reference.open || expression.text()[reference.range.clone()].len() != expression.text().trim().len() {
            return None;
        }
        let [Step::Member(alias), rest @ ..] = reference.steps.as_slice() else { return None };
        let alias = self.names.webhooks.iter().find(|webhook| webhook.eq_ignore_ascii_case(alias))?;
        let is_payload = reference.root.eq_ignore_ascii_case("parameters");
        is_payload.then(|| Arc::new(place(alias, rest)))
    }
}

/// Returns the diagnostic for an expression's mistake, at its place.
pub(super) fn diagnostic(mistake: Mistake, place: Span) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(mistake.code, mistake.title, place, mistake.label);
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic
}

/// Returns the place in a payload that steps lead to.
fn place(alias: &str, steps: &[Step]) -> Origin {
    let whole = Origin { alias: alias.into(), path: "".into() };
    steps.iter().fold(whole, |origin, step| match step {
        Step::Index(index) => origin.item(*index),
        Step::Member(name) => origin.member(name),
    })
}

/// Returns the directive that an expression's text begins with, if it does.
fn directive(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(text.len());
    let is_call = text[end..].starts_with(['(', '.', '[']);
    DIRECTIVES.into_iter().find(|directive| *directive == &text[..end] && !is_call)
}

fn mapping(span: Span, entries: Vec<PartEntry>) -> Part {
    let is_fixed = |part: &Part| matches!(part, Part::Fixed(_));
    if !entries.iter().all(|entry| is_fixed(&entry.key) && is_fixed(&entry.value)) {
        return Part::Mapping { span, entries };
    }
    let entries = entries.into_iter().filter_map(|entry| match (entry.key, entry.value) {
        (Part::Fixed(Node { content: Content::Scalar(key), span: key_span, .. }), Part::Fixed(value)) => {
            Some(Entry { key: key.text, key_span, value })
        }
        _ => None,
    });
    Part::Fixed(Node { span, origin: None, content: Content::Mapping(entries.collect()) })
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
