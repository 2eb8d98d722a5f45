//! The branches of `if` and of `case`: each begins with what its condition or its patterns have made sure of.

use super::super::shape::Shape;
use super::super::syntax::{Compound, Script};
use super::pattern::{self, Told};
use super::{Place, State, Walker, joined, test, without};

impl Walker<'_> {
    pub(super) fn branches(&mut self, bodies: &mut [Script], state: State, place: Place) -> (State, State) {
        let (mut open, mut out) = (state, None);
        let mut bodies = bodies.iter_mut();
        while let Some(first) = bodies.next() {
            let Some(body) = bodies.next() else {
                let (yes, no) = self.script(first, open, place);
                let out = joined(out, joined(yes, no));
                return (out.clone(), out);
            };
            let (yes, no) = self.script(first, open, place.as_condition());
            let (then, otherwise) = self.script(body, yes, place);
            out = joined(out, joined(then, otherwise));
            open = no;
        }
        let out = joined(out, open);
        (out.clone(), out)
    }

    pub(super) fn case(&mut self, compound: &mut Compound, patterns: &[usize], state: State, place: Place) -> State {
        let assigned = self.survey.inline(&compound.words);
        let entry = without(state, &assigned);
        let all = self.survey.of_compound(compound);
        self.words(&mut compound.words, &entry, place);
        // A pattern may give it another value than the one that is looked at.
        let subject = compound.words.first().and_then(test::subject).filter(|name| !assigned.changes(name));
        let subject = subject.map(str::to_owned);
        let mut words = compound.words.get(1..).unwrap_or_default();
        let (mut open, mut out) = (entry.clone(), None);
        for (at, body) in compound.bodies.iter_mut().enumerate() {
            let Some((own, rest)) = patterns.get(at).and_then(|count| words.split_at_checked(*count)) else {
                // A body may go on into the next one.
                self.script(body, without(entry.clone(), &all), place);
                continue;
            };
            words = rest;
            let told: Vec<Told> =
                own.iter().map(|word| pattern::of_glob(word, self.survey.case, self.survey.groups)).collect();
            let is_any = own.iter().any(|word| word.has_text("*") && word.is_pattern());
            let entry = match &subject {
                Some(name) => {
                    let shapes: Option<Vec<&Shape>> = told.iter().map(|it| it.yes.as_ref()).collect();
                    let shape = shapes.and_then(|all| all.into_iter().cloned().reduce(|one, other| one.or(&other)));
                    self.learn(open.clone(), name, shape.as_ref())
                }
                None => open.clone(),
            };
            let (yes, no) = self.script(body, entry, place);
            out = joined(out, joined(yes, no));
            for shape in told.iter().filter_map(|it| it.no.as_ref()) {
                if let Some(name) = &subject {
                    open = self.learn(open, name, Some(shape));
                }
            }
            if is_any {
                open = None;
            }
        }
        if patterns.is_empty() { without(entry, &all) } else { joined(out, open) }
    }
}
