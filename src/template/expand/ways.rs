//! By which way a part of the document came into it: a template that several places name is several parts.
//!
//! A mistake in what a template brings may be that of one of those who name it, since it is they who give the
//! values. So each place of the document knows by which way it came there ([`Span::way`]), and a mistake is told
//! with that way, and with the place where its value was written.

use crate::diagnostic::{Diagnostic, Label, Part, SourceId, SourceMap, Span};
use crate::template::load::File;
use crate::template::parameter::{Argument, Declared};
use crate::template::{Content, DEPTH_MAX, Entry, Inputs, Node};
use crate::yaml;
use std::sync::Arc;

/// How an expression reads a parameter.
const READS: [&str; 2] = ["parameters.", "parameters['"];

/// The ways of one expansion, by their numbers; the first is that of the pipeline's own file.
#[derive(Debug, Default)]
pub struct Ways(Vec<Way>);

/// One use of one file.
#[derive(Debug)]
struct Way {
    /// The file.
    source: SourceId,
    /// Where it is named; `None` for the pipeline's own.
    named_at: Option<Span>,
    /// Where the values of its parameters were written: there, or as defaults.
    values: Vec<(Arc<str>, Span)>,
}

impl Ways {
    /// Begins with the pipeline's own file, whose parameters have their defaults unless others were given.
    pub(super) fn new(file: &File, inputs: &Inputs) -> Self {
        let declared = file.declared.typed().unwrap_or_default();
        let is_default = |name: &str| {
            let default = declared.iter().find(|it| &*it.name == name).and_then(|it| it.default.as_ref());
            default.is_some() && inputs.parameters.member(name) == default
        };
        let mut values = defaults(&file.declared);
        values.retain(|(name, _)| is_default(name));
        Self(vec![Way { source: file.source, named_at: None, values }])
    }

    /// Adds the way that goes on from another one into a file, and returns its number.
    pub(super) fn enter(
        &mut self,
        source: SourceId,
        declared: &Declared,
        from: u32,
        named_at: Span,
        given: &[Argument],
    ) -> u32 {
        let is_given = |name: &str| given.iter().any(|argument| argument.name.eq_ignore_ascii_case(name));
        let mut values: Vec<(Arc<str>, Span)> =
            given.iter().map(|argument| (argument.name.clone(), on_way(argument.value.span, from))).collect();
        values.extend(defaults(declared).into_iter().filter(|(name, _)| !is_given(name)));
        self.0.push(Way { source, named_at: Some(on_way(named_at, from)), values });
        u32::try_from(self.0.len() - 1).expect("an expansion has a limit")
    }

    /// Returns a mistake with the place of the part that is meant, the way that led to it, and where the value was
    /// written that is wrong.
    pub(super) fn tell(&self, mistake: Diagnostic, sources: &SourceMap) -> Diagnostic {
        let mut mistake = located(mistake, sources);
        let Some(span) = mistake.primary.as_ref().map(|label| label.span) else { return mistake };
        if mistake.ways.is_empty() && self.of(span).is_some_and(|way| way.named_at.is_some()) {
            mistake.ways.push(self.places(span.way));
        }
        match self.written(span, sources) {
            Some(place) if place != span => mistake.related(place, "the value comes from here"),
            _ => mistake,
        }
    }

    /// Returns the way that a place knows.
    fn of(&self, span: Span) -> Option<&Way> {
        self.0.get(span.way as usize).filter(|way| way.source == span.source)
    }

    /// Returns the places at which the files of a way are named, from the inside out.
    fn places(&self, way: u32) -> Vec<Span> {
        let named_at = |way: u32| self.0.get(way as usize).and_then(|way| way.named_at);
        std::iter::successors(named_at(way), |span| named_at(span.way)).take(DEPTH_MAX).collect()
    }

    /// Returns where the value was written of the parameter that an expression at a place reads, if it reads one.
    fn written(&self, span: Span, sources: &SourceMap) -> Option<Span> {
        let next = |span: &Span| {
            let text = sources.source(span.source)?.text.get(span.range())?;
            let name = parameter(text.strip_prefix("${{")?)?;
            let values = &self.of(*span)?.values;
            values.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, place)| *place)
        };
        std::iter::successors(next(&span), next).take(DEPTH_MAX).last()
    }
}

/// Returns the name of the one parameter that an expression reads.
fn parameter(expression: &str) -> Option<&str> {
    let mut names = READS.iter().flat_map(|read| expression.match_indices(read)).map(|(at, read)| {
        let name = &expression[at + read.len()..];
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte) && read.ends_with('\'') || *byte == b'_';
        &name[..name.bytes().take_while(|byte| is_part(byte)).count()]
    });
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

fn on_way(span: Span, way: u32) -> Span {
    if span.way == 0 { Span { way, ..span } } else { span }
}

/// Returns where the defaults of parameters stand.
fn defaults(declared: &Declared) -> Vec<(Arc<str>, Span)> {
    let declarations = declared.typed().unwrap_or_default();
    declarations.iter().filter_map(|it| Some((it.name.clone(), it.default_span?))).collect()
}

/// Returns a mistake about a part of a text with the place of that part.
fn located(mut mistake: Diagnostic, sources: &SourceMap) -> Diagnostic {
    let (Some(Part { text, range, label }), Some(primary)) = (mistake.part.take(), &mistake.primary) else {
        return mistake;
    };
    let whole = primary.span;
    let place = sources.source(whole.source).and_then(|source| yaml::part(&source.text, whole, &text, range));
    if let Some(place) = place {
        let text = label.unwrap_or_else(|| primary.text.clone());
        mistake.primary = Some(Label { span: Span { way: whole.way, ..place }, text });
    }
    mistake
}

/// Lets the places of what a file brought know by which way it came.
pub(super) fn mark(entries: &mut [Entry], source: SourceId, way: u32) {
    let mark = |span: &mut Span| {
        if span.source == source && span.way == 0 {
            span.way = way;
        }
    };
    for entry in entries {
        mark(&mut entry.key_span);
        mark_node(&mut entry.value, &mark);
    }
}

fn mark_node(node: &mut Node, mark: &impl Fn(&mut Span)) {
    mark(&mut node.span);
    match &mut node.content {
        Content::Scalar(scalar) => scalar.segment_spans.iter_mut().for_each(mark),
        Content::Sequence(items) => items.iter_mut().for_each(|item| mark_node(item, mark)),
        Content::Mapping(entries) => entries.iter_mut().for_each(|entry| {
            mark(&mut entry.key_span);
            mark_node(&mut entry.value, mark);
        }),
    }
}
