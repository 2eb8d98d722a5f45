//! Where the values were written that a loop puts somewhere else.
//!
//! A template that takes the steps of others apart and puts them together again, with a change,
//! `${{ each pair in step }}: {${{ pair.key }}: ${{ pair.value }}}`, is none of those who wrote them. So what
//! comes of an item of a loop, or of a member of one, has the place of that item or member, and a mistake about
//! it is told there.

use super::Expansion;
use super::ways::Ways;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::expression::{Step, Value};
use crate::taint::Text;
use crate::template::part::{Chain, Hole};
use std::collections::{HashMap, HashSet};

/// Mistakes about keys or items that are not there.
const MISSED: [Code; 3] = [Code::MissingKey, Code::MissingInput, Code::FirstKey];

/// What a document lacks, and what stands in it away from its place.
#[derive(Debug, Default)]
pub struct Gaps {
    /// The places that have no value.
    pub places: HashSet<Span>,
    /// Those of them at which an author wrote text around expressions.
    pub(super) mixed: HashSet<Span>,
    /// The places in values that were passed on without their gaps, at which a check would miss something.
    pub(super) thinned: HashSet<Span>,
    /// The places of values that a loop put somewhere else, each with the expression that did so.
    pub(super) put: HashMap<Span, Span>,
    /// By which way each part of the document came into it.
    pub(super) ways: Ways,
}

impl Gaps {
    /// Says whether the value at a place is that of one expression, which has none that is settled.
    pub fn is_whole_value(&self, place: Span) -> bool {
        self.places.contains(&place) && !self.mixed.contains(&place)
    }

    /// Returns what is wrong with a document without what is only missing because values that were passed on
    /// had gaps there; each with the way that led to it and where its value was written.
    #[must_use]
    pub fn explain(&self, found: Diagnostics, sources: &SourceMap) -> Diagnostics {
        let place = |it: &Diagnostic| it.primary.as_ref().map(|label| label.span);
        let is_thinned = |it: &Diagnostic| place(it).is_some_and(|place| self.thinned.contains(&place));
        let kept = found.into_iter().filter(|it| !(MISSED.contains(&it.code) && is_thinned(it)));
        kept.map(|it| self.ways.tell(it, sources)).collect()
    }

    /// Returns the expression that has put the value at a place, or the value of which that is a part.
    fn put_around(&self, place: Span) -> Option<Span> {
        let is_part =
            |whole: &Span| whole.source == place.source && whole.start <= place.start && place.end <= whole.end;
        let around = self.put.iter().filter(|(whole, _)| is_part(whole));
        around.min_by_key(|(whole, _)| whole.range().len()).map(|(_, put)| *put)
    }

    /// Returns a mistake with the place to which a template has put what is wrong.
    pub fn told(&self, mistake: Diagnostic) -> Diagnostic {
        let put = mistake.primary.as_ref().and_then(|label| self.put_around(label.span));
        put.into_iter().fold(mistake, |mistake, put| mistake.related(put, "put here by this expression"))
    }
}

impl Expansion<'_> {
    /// Returns where a value was written that an expression takes from a loop, if an author wrote it. What came
    /// from a payload stands where the expression does.
    pub(super) fn written_at(&mut self, hole: &Hole, value: &Value) -> Option<Span> {
        let place = hole.chain.as_ref().and_then(|chain| self.place_of_chain(chain)).filter(|_| !value.has_taint())?;
        self.put.insert(place, hole.span);
        match self.open.contains(&hole.span) {
            true => self.open.insert(place),
            false => self.open.remove(&place),
        };
        Some(place)
    }

    fn place_of_chain(&self, chain: &Chain) -> Option<Span> {
        let frame = self.frames.last()?;
        let turn = frame.turns.iter().rev().find(|turn| turn.name.eq_ignore_ascii_case(&chain.root))?;
        let (mut value, mut place) = (frame.context.value(&chain.root)?, turn.place);
        for step in &chain.steps {
            (value, place) = match (value, step) {
                (Value::Object(object), Step::Member(name)) => {
                    let is_named = |(_, (key, _)): &(usize, (&Text, &Value))| key.flatten().eq_ignore_ascii_case(name);
                    let (at, (_, value)) = object.iter().enumerate().find(is_named)?;
                    (value, object.places().and_then(|places| places.values.get(at)).copied())
                }
                (Value::Array(list), Step::Index(at)) => {
                    (list.items().get(*at)?, list.places().and_then(|places| places.values.get(*at)).copied())
                }
                _ => return None,
            };
        }
        place
    }
}
