//! Which values of a payload decided an `if`: told to people who ask why a step is there or not.
//! Nothing of it is kept while deliveries are accepted.

use super::Expansion;
use crate::diagnostic::{Code, Span};
use crate::expression::{Mistake, Reference, Step, Value};
use crate::taint::Origin;
use crate::template::part::Hole;
use crate::template::value;
use std::sync::Arc;

/// The most decisions that are told of one expansion.
const DECISIONS_MAX: usize = 200;

/// A value of a payload that the condition of an `if` or `elseif` read.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Where in the payload it stands.
    pub origin: Arc<Origin>,
    /// The value as text; what it is, for an object or a list.
    pub value: String,
    /// Where the condition stands.
    pub span: Span,
    /// Whether the condition holds.
    pub holds: bool,
}

impl Expansion<'_> {
    /// Notes what a condition read of a payload, if somebody asked. A loop that decides the same by the
    /// same value again is told once.
    pub(super) fn tell_decision(&mut self, hole: &Hole, holds: bool) {
        if self.decided.is_none() {
            return;
        }
        for reference in hole.expression.references() {
            let place = self.place_of(&reference.root, &reference.steps);
            let value = self.value_at(&reference.root, &reference.steps).unwrap_or(Value::Null);
            let Some(origin) = value.origin().cloned().or(place) else { continue };
            let told = self.decided.get_or_insert_default();
            let is_known = |it: &Decided| it.span == hole.span && it.origin == origin;
            if told.len() < DECISIONS_MAX && !told.iter().any(is_known) {
                let value = value.to_text().map_or_else(|_| value.describe(), |text| text.flatten().into_owned());
                told.push(Decided { origin, value, span: hole.span, holds });
            }
        }
    }

    /// Returns the sentence that says where a payload lacks what a mistake needs: nothing has no origin itself.
    pub(super) fn missing_from(&self, hole: &Hole, mistake: &Mistake) -> Option<String> {
        if mistake.code != Code::InvalidValue || mistake.note.is_some() {
            return None;
        }
        let within = |it: &Reference| mistake.range.start <= it.range.start && it.range.end <= mistake.range.end;
        let mut references = hole.expression.references().into_iter().filter(within);
        let found = |it: Reference| Some((self.place_of(&it.root, &it.steps)?, self.has_null(&it.root, &it.steps)));
        let (origin, is_null) = references.find_map(found)?;
        (!origin.place().1.is_empty()).then(|| value::nothing_at(&origin, is_null))
    }

    /// Says whether a chain of names leads to a null that is there.
    pub(super) fn has_null(&self, root: &str, steps: &[Step]) -> bool {
        matches!(self.value_at(root, steps), Some(value) if value.is_nothing())
    }

    /// Returns the value that a chain of names leads to.
    fn value_at(&self, root: &str, steps: &[Step]) -> Option<Value> {
        let mut value = self.frames.last()?.context.value(root)?;
        for step in steps {
            value = match (value, step) {
                (Value::Object(object), Step::Member(name)) => object.member(name)?,
                (Value::Object(object), Step::Index(at)) => object.member(&at.to_string())?,
                (Value::Array(list), Step::Index(at)) => list.items().get(*at)?,
                (Value::Array(list), Step::Member(name)) => list.items().get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value.clone())
    }
}
