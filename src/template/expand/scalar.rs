//! Scalars: what an expression gives that is a whole one, and what several give between an author's text.

use super::super::part::{Chain, Hole, Piece};
use super::super::place::Place;
use super::super::value::Size;
use super::super::{Content, Kind, Node, Scalar, compile, value};
use super::glue::{self, Mixed};
use super::{Expansion, null};
use crate::diagnostic::Span;
use crate::expression::{Reference, Rope, Step, Value};
use crate::taint::{Origin, Text};
use std::sync::Arc;

impl Expansion<'_> {
    /// Returns what an expression that is a whole scalar gives.
    pub(super) fn whole(&mut self, hole: &Hole, place: Place) -> Node {
        let node = match self.evaluate(hole) {
            Some(value) => self.produced(hole, &value),
            None => match self.partial_node(hole) {
                Some(node) => node,
                None => return null(hole.span),
            },
        };
        self.settled(node, place)
    }

    /// Returns an expression's value as a node, counted, with the place in a payload it came from.
    pub(super) fn produced(&mut self, hole: &Hole, value: &Value) -> Node {
        let place = self.written_at(hole, value);
        let mut node = value::to_node(value, place.unwrap_or(hole.span));
        node.origin = value.origin().cloned().or_else(|| self.chain_origin(hole, value));
        if let (Content::Scalar(scalar), Some(origin)) = (&mut node.content, &node.origin) {
            scalar.text = glue::from_payload(value, std::mem::take(&mut scalar.text), origin.clone());
            let chain = hole.chain.as_ref().filter(|_| scalar.kind == Kind::Null);
            scalar.is_null = chain.is_some_and(|chain| self.has_null(&chain.root, &chain.steps));
            scalar.segment_spans.resize(scalar.text.segments().len(), node.span);
        }
        if glue::has_number(hole, &node)
            && let Some(origin) = self.number_from(hole)
        {
            glue::mark_numbers(&mut node, &origin);
        }
        self.count(Size::of(&node), hole.span);
        node
    }

    /// Returns where a number, a boolean or nothing came from, which carry no origin themselves.
    pub(super) fn chain_origin(&self, hole: &Hole, value: &Value) -> Option<Arc<Origin>> {
        let Chain { root, steps } = hole.chain.as_ref()?;
        if matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            return None;
        }
        self.place_of(root, steps)
    }

    /// Returns the place in a payload that a chain of names leads to, if it begins at one.
    pub(super) fn place_of(&self, root: &str, steps: &[Step]) -> Option<Arc<Origin>> {
        let (name, steps) = match steps {
            [Step::Member(name), rest @ ..] if root.eq_ignore_ascii_case("parameters") => (name.as_str(), rest),
            steps => (root, steps),
        };
        let frame = self.frames.last()?;
        let (_, origin) = frame.origins.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(if steps.is_empty() { origin.clone() } else { Arc::new(Chain::place(origin, steps)) })
    }

    pub(super) fn mixed(&mut self, span: Span, pieces: &[Piece]) -> Scalar {
        let mut parts: Vec<Mixed> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(author) => Mixed { text: Text::author(author.clone()), span, number_from: None },
                Piece::Hole(hole) => self.text(hole),
            });
        }
        let holes =
            pieces.iter().filter_map(|piece| if let Piece::Hole(hole) = piece { Some(hole.span) } else { None });
        if self.has_open() {
            self.note_open_text(span, pieces);
        }
        if !self.unknown.is_empty() && holes.into_iter().any(|hole| self.unknown.contains(&hole)) {
            self.unknown.insert(span);
        }
        let number_from = parts.iter().find_map(|part| part.number_from.clone());
        let patterns = self.note_pattern(span, pieces, &parts);
        glue::taint_glued_numbers(&mut parts);
        let (mut text, mut segment_spans) = (Rope::default(), Vec::new());
        for part in &parts {
            for segment in part.text.segments() {
                if text.push_segment(segment) {
                    segment_spans.push(part.span);
                }
            }
        }
        let text = text.finish();
        self.count(Size { nodes: 1, bytes: text.len(), depth: 0 }, span);
        Scalar { text, segment_spans, kind: Kind::Text, number_from, is_null: false, patterns }
    }

    /// Evaluates an expression that stands inside text.
    fn text(&mut self, hole: &Hole) -> Mixed {
        let plain = |text: Text| Mixed { text, span: hole.span, number_from: None };
        let Some(value) = self.evaluate(hole) else { return plain(Text::default()) };
        match &value {
            Value::Array(_) | Value::Object(_) => {
                let node = value::to_node(&value, hole.span);
                let expression = Some(hole.expression.text());
                let mistake = value::object_in_text(&node, value.origin().map(|origin| &**origin), expression);
                self.report(mistake);
                self.unknown.insert(hole.span);
                plain(Text::default())
            }
            scalar => {
                let text = scalar.to_text().unwrap_or_default();
                let text = match self.chain_origin(hole, scalar) {
                    Some(origin) => glue::from_payload(scalar, text, origin),
                    None => text,
                };
                let number_from = if glue::may_be_number(hole, &text) { self.number_from(hole) } else { None };
                Mixed { text, span: hole.span, number_from }
            }
        }
    }

    /// Returns the value of an expression. `None` where it has none, which has been reported, or
    /// reads what has none.
    pub(super) fn evaluate(&mut self, hole: &Hole) -> Option<Value> {
        self.note_open(hole);
        let is_open = self.is_in_every_run() && self.may_differ(hole);
        if hole.is_wrong || is_open || self.reads_unknown(hole) {
            self.unknown.insert(hole.span);
            return None;
        }
        if hole.reads_variables {
            let (variables, frame) = (&mut self.variables, self.frames.last_mut()?);
            variables.publish(&mut frame.context, &mut frame.published);
        }
        let frame = self.frames.last()?;
        let result = hole.expression.evaluate_counted(&frame.context, &mut self.spent.evaluation);
        self.check_spent(hole.span);
        match result {
            Ok(value) => {
                self.tell_missed(hole);
                Some(value)
            }
            Err(mistake) => {
                let place = hole.place(&mistake.range);
                let note = self.missing_from(hole, &mistake);
                let mut diagnostic = compile::diagnostic(mistake, place);
                diagnostic.notes.extend(note);
                self.report(diagnostic);
                self.unknown.insert(hole.span);
                None
            }
        }
    }

    /// Says whether an expression reads a parameter or a variable whose value could not be made.
    fn reads_unknown(&self, hole: &Hole) -> bool {
        if hole.reads_variables && self.variables.is_open(None) {
            let reads_open = |reference: &Reference| {
                let first = match reference.steps.first() {
                    Some(Step::Member(name)) => Some(name.as_str()),
                    _ => None,
                };
                reference.root.eq_ignore_ascii_case("variables") && self.variables.is_open(first)
            };
            if hole.expression.references().iter().any(reads_open) {
                return true;
            }
        }
        let Some(frame) = self.frames.last().filter(|frame| !frame.unknown.is_empty()) else { return false };
        let is_unknown = |name: &str| frame.unknown.iter().any(|it| it.eq_ignore_ascii_case(name));
        hole.expression.references().iter().any(|reference| match reference.steps.first() {
            _ if !reference.root.eq_ignore_ascii_case("parameters") => false,
            Some(Step::Member(name)) => is_unknown(name),
            _ => true,
        })
    }
}
