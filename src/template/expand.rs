//! Evaluating a template for one run.

use super::variables::{Holder, Variables};
use super::{Content, Entry, Hole, Inputs, Kind, Node, Part, PartEntry, Piece, Scalar, compile, value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::expression::{Context, Dialect, Value};
use crate::taint::{Segment, Text};
use std::collections::HashMap;

/// The most values and keys that one expansion makes.
pub const EXPANDED_NODES_MAX: usize = 100_000;
/// The most bytes of text that one expansion makes: eight times the largest body by default.
pub const EXPANDED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Mappings with more keys than this look for double keys by hash.
const SMALL_MAPPING: usize = 16;

/// Returns the document, and whether tainted text has decided anything about it.
pub(super) fn expand(root: &Part, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, bool) {
    let mut context = Context::new(Dialect::Template);
    context.set("parameters", inputs.parameters.clone().into());
    context.set("resources", inputs.resources.clone().into());
    let mut expansion =
        Expansion { context, variables: Variables::new(&inputs.variables), diagnostics, nodes: 0, bytes: 0 };
    expansion.variables.publish(&mut expansion.context);
    let document = expansion.part(root, Holder::Root);
    (document, expansion.context.has_looked_at_taint())
}

struct Expansion<'e> {
    context: Context<'e>,
    variables: Variables,
    diagnostics: &'e mut Diagnostics,
    nodes: usize,
    bytes: usize,
}

impl Expansion<'_> {
    fn part(&mut self, part: &Part, holder: Holder) -> Node {
        match part {
            Part::Fixed(node) => {
                let node = node.clone();
                self.define(&node, holder);
                node
            }
            Part::Whole(hole) => self.whole(hole),
            Part::Mixed { span, pieces } => {
                Node { span: *span, origin: None, content: Content::Scalar(self.mixed(*span, pieces)) }
            }
            Part::Sequence { span, items } => {
                let items = items.iter().map(|item| self.part(item, holder.item())).collect();
                Node { span: *span, origin: None, content: Content::Sequence(items) }
            }
            Part::Mapping { span, entries } => self.mapping(*span, entries, holder),
        }
    }

    /// Expands a mapping. Where it may define variables, these come first, whatever the order of
    /// the keys, so that its other values see them; they end with it.
    fn mapping(&mut self, span: Span, entries: &[PartEntry], holder: Holder) -> Node {
        let mark = self.variables.mark();
        let mut early: Option<(usize, Node)> = None;
        if holder.defines_variables() {
            let is_variables =
                |entry: &PartEntry| matches!(&entry.key, Part::Fixed(key) if scalar_is(key, "variables"));
            if let Some(at) = entries.iter().position(is_variables) {
                early = Some((at, self.part(&entries[at].value, Holder::Variables)));
            }
        }
        let mut expanded = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let key = self.part(&entry.key, Holder::Other);
            let value = match early.take_if(|(place, _)| *place == at) {
                Some((_, node)) => node,
                None => self.part(&entry.value, holder.member(&key)),
            };
            if let Some(key_text) = self.key(key, entry) {
                if holder == Holder::Variables {
                    self.define_one(&key_text, &value);
                }
                expanded.push(Entry { key: key_text, key_span: entry.key.span(), value });
            }
        }
        self.check_unique(&expanded);
        let node = Node { span, origin: None, content: Content::Mapping(expanded) };
        if holder == Holder::VariableItem {
            self.define(&node, holder);
        } else if holder.defines_variables() {
            self.variables.reset(mark);
            self.variables.publish(&mut self.context);
        }
        node
    }

    /// Makes the variables of a literal block, or of one item of a list of variables, known.
    fn define(&mut self, node: &Node, holder: Holder) {
        match (&node.content, holder) {
            (Content::Mapping(entries), Holder::Variables) => {
                for entry in entries {
                    self.define_one(&entry.key, &entry.value);
                }
            }
            (Content::Sequence(items), Holder::Variables) => {
                items.iter().for_each(|item| self.define(item, Holder::VariableItem));
            }
            (Content::Mapping(_), Holder::VariableItem) => {
                if let (Some(Content::Scalar(name)), Some(value)) =
                    (node.member("name").map(|name| &name.content), node.member("value"))
                {
                    self.define_one(&name.text.clone(), value);
                }
            }
            _ => {}
        }
    }

    fn define_one(&mut self, name: &Text, value: &Node) {
        if let Content::Scalar(scalar) = &value.content {
            self.variables.define(&name.flatten(), scalar.text.clone());
            self.variables.publish(&mut self.context);
        }
    }

    fn key(&mut self, key: Node, entry: &PartEntry) -> Option<Text> {
        match key.content {
            Content::Scalar(scalar) => Some(scalar.text),
            _ => {
                let title = format!("a key must be text, this is {}", key.describe());
                self.diagnostics.push(Diagnostic::error(Code::WrongType, title, entry.key.span(), ""));
                None
            }
        }
    }

    fn check_unique(&mut self, entries: &[Entry]) {
        let repeated: Vec<(usize, usize)> = if entries.len() <= SMALL_MAPPING {
            let same = |a: usize, b: usize| entries[a].key.flatten().eq_ignore_ascii_case(&entries[b].key.flatten());
            (1..entries.len()).filter_map(|at| Some(((0..at).find(|&first| same(first, at))?, at))).collect()
        } else {
            let mut seen = HashMap::new();
            let mut key = |at: usize| Some((seen.insert(entries[at].key.flatten().to_ascii_lowercase(), at)?, at));
            (0..entries.len()).filter_map(&mut key).collect()
        };
        for (first, second) in repeated {
            let title = format!("the key `{}` is here twice", shown(&entries[second].key.flatten()));
            let duplicate = Diagnostic::error(Code::DuplicateKey, title, entries[second].key_span, "the second time");
            self.diagnostics.push(duplicate.related(entries[first].key_span, "the first time"));
        }
    }

    fn whole(&mut self, hole: &Hole) -> Node {
        match self.evaluate(hole) {
            Some(value) => {
                let mut node = value::to_node(&value, hole.span);
                node.origin = value.origin().cloned().or_else(|| hole.origin.clone());
                self.account(&node, hole.span);
                node
            }
            None => null(hole.span),
        }
    }

    fn mixed(&mut self, span: Span, pieces: &[Piece]) -> Scalar {
        let mut text = Text::default();
        let mut segment_spans = Vec::new();
        for piece in pieces {
            let (piece, place) = match piece {
                Piece::Text(author) => (Text::author(author.clone()), span),
                Piece::Hole(hole) => (self.text(hole), hole.span),
            };
            for segment in piece.segments() {
                push(&mut text, &mut segment_spans, segment, place);
            }
        }
        self.count(1, text.len(), span);
        Scalar { text, segment_spans, kind: Kind::Text }
    }

    /// Evaluates an expression that stands inside text.
    fn text(&mut self, hole: &Hole) -> Text {
        let Some(value) = self.evaluate(hole) else { return Text::default() };
        match &value {
            Value::Array(_) | Value::Object(_) => {
                let node = value::to_node(&value, hole.span);
                let expression = Some(hole.expression.text());
                let origin = value.origin().or(hole.origin.as_ref()).map(|origin| &**origin);
                self.diagnostics.push(value::object_in_text(&node, origin, expression));
                Text::default()
            }
            scalar => scalar.to_text().unwrap_or_default(),
        }
    }

    fn evaluate(&mut self, hole: &Hole) -> Option<Value> {
        match hole.expression.evaluate(&self.context) {
            Ok(value) => Some(value),
            Err(mistake) => {
                let start = hole.text_span.start as usize + mistake.range.start;
                let end = hole.text_span.start as usize + mistake.range.end;
                let inside = end <= hole.text_span.end as usize;
                let place = if inside { Span::new(hole.span.source, start, end) } else { hole.span };
                self.diagnostics.push(compile::diagnostic(mistake, place));
                None
            }
        }
    }

    /// Counts what an expression made, structures with all that is in them.
    fn account(&mut self, node: &Node, place: Span) {
        let (nodes, bytes) = value::size(node);
        self.count(nodes, bytes, place);
    }

    fn count(&mut self, nodes: usize, bytes: usize, place: Span) {
        let was_within = self.nodes <= EXPANDED_NODES_MAX && self.bytes <= EXPANDED_BYTES_MAX;
        self.nodes += nodes;
        self.bytes += bytes;
        if was_within && (self.nodes > EXPANDED_NODES_MAX || self.bytes > EXPANDED_BYTES_MAX) {
            let title = format!(
                "the expanded pipeline is larger than {EXPANDED_NODES_MAX} values or {EXPANDED_BYTES_MAX} bytes"
            );
            self.diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, place, "the limit was met here"));
        }
    }
}

/// Adds a segment and its place, where the text does not join it to the one before.
fn push(text: &mut Text, spans: &mut Vec<Span>, segment: &Segment, place: Span) {
    text.push(segment.clone());
    if text.segments().len() > spans.len() {
        spans.push(place);
    }
}

fn scalar_is(node: &Node, wanted: &str) -> bool {
    matches!(&node.content, Content::Scalar(scalar) if scalar.text.flatten() == wanted)
}

fn null(span: Span) -> Node {
    let scalar = Scalar { text: Text::default(), segment_spans: Vec::new(), kind: Kind::Null };
    Node { span, origin: None, content: Content::Scalar(scalar) }
}
