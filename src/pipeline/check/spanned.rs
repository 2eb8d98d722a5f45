//! Text of a pipeline with the place of each piece, and the variables that brought payload text into it by macros.

use super::scripts::{brought, raw, strict};
use crate::diagnostic::{Diagnostics, Span};
use crate::expression::Macros;
use crate::pipeline::model::Variable;
use crate::shell::Substitution;
use crate::taint::{Segment, Text};
use std::cell::Cell;
use std::sync::Arc;

/// A variable whose macro brought payload text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct Through {
    pub(in crate::pipeline) name: Arc<str>,
    /// Where it gets its value.
    pub(in crate::pipeline) span: Span,
}

/// Text with the place of each segment.
#[derive(Default)]
pub(super) struct Spanned {
    pub(super) text: Text,
    pub(super) spans: Vec<Span>,
    /// For each segment the variable that brought it.
    pub(super) through: Vec<Option<Through>>,
}

impl Spanned {
    pub(super) fn push(&mut self, segment: Segment, span: Span) {
        self.push_through(segment, span, None);
    }

    /// Appends a piece at a place, with the variable that brought it.
    pub(super) fn push_through(&mut self, segment: Segment, span: Span, through: Option<&Through>) {
        self.text.push(segment);
        if self.text.segments().len() > self.spans.len() {
            self.spans.push(span);
            self.through.push(through.cloned());
        }
    }

    /// Returns a text at a place with the macros of tainted variables in place.
    pub(super) fn with_macros(text: &Text, span: Span, tainted: &[&Variable]) -> Self {
        let mut whole = Self::default();
        for segment in text.segments() {
            match segment.is_tainted() {
                true => whole.push(segment.clone(), span),
                false => whole.push_with_macros(&segment.text, span, tainted),
            }
        }
        whole
    }

    /// Returns a text at a place into which what was given there has come, each piece with the variable that brought it.
    pub(super) fn along(text: Text, span: Span, given: &Self) -> Self {
        let mut whole = Self::default();
        for segment in text.segments() {
            whole.push_through(segment.clone(), span, given.through_of(segment));
        }
        whole
    }

    /// Returns the variable that brought a piece of payload text, if one did.
    pub(super) fn through_of(&self, segment: &Segment) -> Option<&Through> {
        let at = self.text.segments().iter().position(|it| it.is_tainted() && it == segment)?;
        self.through.get(at)?.as_ref()
    }

    /// Appends the author's text at a place with the macros of tainted variables in place.
    pub(super) fn push_with_macros(&mut self, text: &str, span: Span, tainted: &[&Variable]) {
        let last = Cell::new(None);
        let value = |name: &str| {
            let found = find(tainted, name);
            last.set(found);
            found.map(|variable| &variable.value)
        };
        macros(text, &value, &mut |segment| {
            let through = last.get().filter(|_| segment.is_tainted());
            let named = |it: &Variable| Through { name: it.name.value.as_str().into(), span: it.value_span };
            self.push_through(segment, span, through.map(named).as_ref());
        });
    }

    /// Returns the variable that brought the first text of a payload.
    pub(super) fn first_through(&self) -> Option<Through> {
        let tainted = self.text.segments().iter().position(Segment::is_tainted)?;
        self.through.get(tainted)?.clone()
    }

    /// Reports each place of payload text, for a connection that is not safe about it; one that brings
    /// several texts, such as a list, once.
    pub(super) fn tell_places(&self, substitution: Substitution, diagnostics: &mut Diagnostics) {
        let tell = match substitution {
            Substitution::Safe => return,
            Substitution::Raw => raw,
            Substitution::Strict => strict,
        };
        let mut told = None;
        let places = self.spans.iter().zip(&self.through);
        for (segment, (span, through)) in self.text.segments().iter().zip(places) {
            if let Some(origin) = segment.origin.as_ref().filter(|_| told != Some((*span, through))) {
                diagnostics.push(through.iter().fold(tell(*span, origin), brought));
                told = Some((*span, through));
            }
        }
    }
}

/// Cuts the author's text at macros of tainted variables.
pub(in crate::pipeline) fn macros<'v>(
    text: &str,
    variable: &dyn Fn(&str) -> Option<&'v Text>,
    emit: &mut dyn FnMut(Segment),
) {
    let author = |text: &str| Segment::author(text);
    let mut macros = Macros::of(text);
    while let Some(found) = macros.next() {
        if let Some(value) = variable(found.name) {
            emit(author(macros.accept(found)));
            value.segments().iter().cloned().for_each(&mut *emit);
        }
    }
    emit(author(macros.rest()));
}

/// Returns the variable of a name that holds payload text.
fn find<'v>(tainted: &[&'v Variable], name: &str) -> Option<&'v Variable> {
    tainted.iter().rev().find(|it| it.name.value.eq_ignore_ascii_case(name)).copied()
}
