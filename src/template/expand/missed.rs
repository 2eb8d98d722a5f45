//! Members that a value has not, and that have nearly the name of one which it has.
//!
//! Azure Pipelines takes a missing member as an empty text, and so do we (reference, section 3.4): files count on
//! it where a member may be missing. So only what is near to a name that is there is told, as a warning, and only
//! where something is made of the value: what is compared, or asked for in an `if`, may be missing. Nor is it told
//! where the author knows both as two members, such as `test` and `tests`, of which a value has one.

use super::{Expansion, Frame, compile};
use crate::diagnostic::{Code, Diagnostic, Severity, meant, misspelt, shown};
use crate::expression::{Mistake, Object, Reference, Step, Value};
use crate::template::load::Loaded;
use crate::template::part::Hole;
use std::ops::Range;
use std::sync::Arc;

/// How many other items must have a member for its absence in one of them to be a mistake of that item.
const OTHERS_MIN: usize = 2;

/// A member that is missing.
struct Missed<'v> {
    /// What it would be a member of.
    object: &'v Arc<Object>,
    name: &'v str,
    /// The steps that lead to the object.
    before: &'v [Step],
    /// The bytes of the name in the expression.
    place: Range<usize>,
}

impl Expansion<'_> {
    /// Warns of members that a value which an author wrote has under another name.
    pub(super) fn tell_missed(&mut self, hole: &Hole) {
        // Where each branch is looked at, values are made up.
        if hole.members.is_empty() || !self.has_gaps || self.is_checked() {
            return;
        }
        let Some(frame) = self.frames.last() else { return };
        let members = hole.members.iter();
        let told: Vec<Diagnostic> = members.filter_map(|it| frame.missed(it, hole, self.loaded)).collect();
        told.into_iter().for_each(|mistake| self.report(mistake));
    }
}

impl Frame<'_> {
    fn missed(&self, reference: &Reference, hole: &Hole, loaded: &Loaded) -> Option<Diagnostic> {
        let missed = missed_of(self.context.value(&reference.root)?, reference)?;
        let turn = self.turns.iter().rev().find(|turn| turn.name.eq_ignore_ascii_case(&reference.root));
        let others: Vec<&Arc<Object>> = match turn.map(|turn| &turn.collection) {
            Some(Value::Object(_)) if missed.before.is_empty() => return Some(missed.of_pair(reference, hole)),
            Some(Value::Array(list)) => list.items().iter().filter_map(|it| object_at(it, missed.before)).collect(),
            _ => Vec::new(),
        };
        let keys: Vec<_> =
            missed.object.iter().filter(|(key, _)| !key.is_tainted()).map(|(key, _)| key.flatten()).collect();
        let near = misspelt(missed.name, keys.iter().map(|key| &**key))?;
        if loaded.members().are_two(missed.name, near) {
            return None;
        }
        let count = |name: &str| others.iter().filter(|it| it.member(name).is_some()).count();
        match count(missed.name) {
            0 => {
                let title = format!(
                    "`{}` has no member `{}`",
                    shown(
                        hole.expression.text()[reference.range.start..missed.place.start]
                            .trim_end_matches(['.', '[', ' '])
                    ),
                    shown(missed.name)
                );
                Some(missed.told(hole, title, meant(near)))
            }
            // One item has another name for what the others have.
            OTHERS_MIN.. if count(near) == 1 => {
                let at = keys.iter().position(|key| &**key == near)?;
                let place = *missed.object.places()?.keys.get(at)?;
                let title =
                    format!("the others of the list have `{}`, and this has `{}`", shown(missed.name), shown(near));
                let odd = Diagnostic::warning(Code::UnknownMember, title, place, "nothing reads this");
                Some(odd.related(hole.span, format!("`{}` is read here", shown(missed.name))).help(meant(missed.name)))
            }
            _ => None,
        }
    }
}

impl Missed<'_> {
    /// Returns the warning for the value of a loop through a mapping, which has `key` and `value`.
    fn of_pair(&self, reference: &Reference, hole: &Hole) -> Diagnostic {
        let title = format!("`{}` has no member `{}`", shown(&reference.root), shown(self.name));
        let help = misspelt(self.name, ["key", "value"])
            .map_or_else(|| "the values of a loop through a mapping have `key` and `value`".to_owned(), meant);
        self.told(hole, title, help)
    }

    fn told(&self, hole: &Hole, title: String, help: String) -> Diagnostic {
        let mistake = Mistake::new(Code::UnknownMember, self.place.clone(), title, "this is nothing").help(help);
        let place = hole.place(&mistake.range);
        Diagnostic { severity: Severity::Warning, ..compile::diagnostic(mistake, place) }
    }
}

/// Returns the first member on the way of a reference that an object of the author's lacks.
fn missed_of<'v>(root: &'v Value, reference: &'v Reference) -> Option<Missed<'v>> {
    let mut value = root;
    for (at, step) in reference.steps.iter().enumerate() {
        value = match (value, step) {
            (Value::Object(object), Step::Member(name)) => match object.member(name) {
                Some(member) => member,
                None if object.origin().is_some() || object.is_empty() => return None,
                None => {
                    let (before, place) = (&reference.steps[..at], reference.places[at].clone());
                    return Some(Missed { object, name, before, place });
                }
            },
            (Value::Array(list), Step::Index(at)) => list.items().get(*at)?,
            _ => return None,
        };
    }
    None
}

fn object_at<'v>(item: &'v Value, steps: &[Step]) -> Option<&'v Arc<Object>> {
    let end = steps.iter().try_fold(item, |value, step| match (value, step) {
        (Value::Object(object), Step::Member(name)) => object.member(name),
        (Value::Array(list), Step::Index(at)) => list.items().get(*at),
        _ => None,
    });
    match end? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
