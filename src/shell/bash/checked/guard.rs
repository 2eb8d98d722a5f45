//! Functions that make sure of something for their caller: `check_number() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }`,
//! `is_number() { [[ $1 =~ ^[0-9]+$ ]]; }`, `die() { echo "$1"; exit 1; }`.

use super::super::shape::Shape;
use super::super::syntax::{Command, Part, Simple, Word};
use super::called::in_shell;
use super::effects::is_sure;
use super::{Fact, Facts, Place, State, Walker, joined, test};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is known where a function goes back to its caller: with success, and without. Nothing where it never does.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    yes: State,
    no: State,
}

impl Walker<'_> {
    /// Walks over a function's body: what was made sure of before it was defined holds in it for variables that nothing
    /// changes later.
    pub(super) fn function(&mut self, name: &str, body: &mut Command, state: &State, place: Place) {
        let stays = |name: &String| {
            let changes_later = |name: &str| self.last.get(name).is_some_and(|last| *last > self.at);
            !is_argument(name) && !changes_later(name) && !changes_later("")
        };
        let holds = place.is_outermost && !self.survey.has_trap;
        let facts = state.iter().flat_map(|facts| facts.iter()).filter(|(name, _)| holds && stays(name));
        let entry: BTreeMap<String, Fact> = facts.map(|(name, fact)| (name.clone(), fact.clone())).collect();
        let inside = Place { is_in_function: true, ..Place::default() };
        let outer = (std::mem::take(&mut self.returns), self.is_silent);
        // A file that runs before it is called may have changed what its commands mean.
        self.is_silent |= self.survey.has_source;
        // A command in front of it on its line may fail: then it is not defined.
        let is_missing = self.fails.is_some();
        let (yes, no) = self.apart(|walker| walker.command(body, Some(Rc::new(entry)), inside));
        let returns = std::mem::replace(&mut self.returns, outer.0);
        self.is_silent = outer.1;
        let (yes, no) = (joined(yes, returns.yes), joined(no, returns.no));
        if self.survey.defined.get(name) != Some(&1) || !place.is_outermost || is_missing {
            return;
        }
        if yes.is_none() && no.is_none() {
            self.ending.insert(name.to_owned());
        } else {
            let effects = self.survey.of(body);
            let has_its_arguments = !effects.arguments && !effects.all;
            let is_kept = |name: &str| match is_argument(name) {
                true => has_its_arguments,
                false => !self.survey.local.contains(name),
            };
            let of_caller = |state: State| -> State {
                let facts = state?;
                let kept = facts.iter().filter(|(name, _)| is_kept(name));
                let of_caller = |fact: &Fact| Fact { shape: fact.shape.clone(), text: None, copy_of: None };
                Some(Facts::new(kept.map(|(name, fact)| (name.clone(), of_caller(fact))).collect()))
            };
            self.guards.insert(name.to_owned(), Guard { yes: of_caller(yes), no: of_caller(no) });
        }
    }

    /// Says whether nothing behind a command runs, in the shell where it stands or in this turn of its loop.
    pub(super) fn ends(&self, simple: &Simple, place: Place) -> bool {
        let Some((name, words)) = simple.words.split_first() else { return false };
        if !simple.assignments.is_empty() || !simple.redirects.iter().all(is_sure) {
            return false;
        }
        let is_number = |word: &Word| word.literal().is_some_and(|it| it.chars().all(|digit| digit.is_ascii_digit()));
        let is_status = |word: &Word| test::subject(word) == Some("?");
        let is_plain = match words {
            [] => true,
            [word] => is_status(word) || is_number(word),
            _ => false,
        };
        match name.literal().as_deref() {
            Some("exit") => is_plain,
            Some("return") => is_plain && place.is_in_function,
            Some("continue" | "break") => {
                let counts = |word: &Word| is_number(word) && !word.prefix().starts_with('0');
                place.is_in_loop && words.len() < 2 && words.iter().all(counts)
            }
            Some(name) => self.ending.contains(name),
            None => false,
        }
    }

    /// Notes what is known where a command goes back to the caller of the function in which it stands, or may do so.
    pub(super) fn goes_back(&mut self, simple: &Simple, state: &State, place: Place) {
        let Some((name, words)) = in_shell(simple).split_first().filter(|_| place.is_in_function) else { return };
        if name.literal().is_some_and(|name| name != "return") {
            return;
        }
        let status = match words {
            [status] => status.literal().and_then(|status| status.parse::<u8>().ok()),
            _ => None,
        };
        if status.is_none_or(|status| status == 0) {
            self.returns.yes = joined(self.returns.yes.take(), state.clone());
        }
        if status != Some(0) {
            self.returns.no = joined(self.returns.no.take(), state.clone());
        }
    }

    /// Returns what is known behind a command where it has succeeded, and where it has not: if it calls a function of
    /// the script, also what that has made sure of.
    pub(super) fn guarded(&self, simple: &Simple, after: State) -> (State, State) {
        let name = simple.words.first().and_then(Word::literal);
        let is_called = simple.assignments.is_empty() && simple.redirects.iter().all(is_sure);
        match name.and_then(|name| self.guards.get(&name)).filter(|_| is_called) {
            Some(guard) => {
                let effects = self.survey.of_simple(simple);
                let subject = |argument: &str| {
                    let at = argument.parse::<usize>().ok()?;
                    let words = simple.words.get(1..=at)?;
                    let is_there = !words.iter().any(Word::may_be_many);
                    words.last().filter(|_| is_there).and_then(test::subject).filter(|name| !effects.changes(name))
                };
                let told = |state: &State| -> State {
                    state.as_ref()?.iter().fold(after.clone(), |known, (name, fact)| {
                        let own = if is_argument(name) { subject(name) } else { Some(name.as_str()) };
                        match own {
                            Some(own) => self.learn(known, own, Some(&fact.shape)),
                            None => known,
                        }
                    })
                };
                (told(&guard.yes), told(&guard.no))
            }
            None => (after.clone(), after),
        }
    }

    /// Notes that a variable holds an argument of the function where the walk is.
    pub(super) fn copy(&self, state: State, name: &str, argument: &str) -> State {
        let known = state.as_ref().and_then(|facts| facts.get(argument)).map(|fact| fact.shape.clone());
        let mut state = self.learn(state, name, Some(known.as_deref().unwrap_or(&Shape::any())));
        if let Some(fact) = state.as_mut().and_then(|facts| Rc::make_mut(facts).get_mut(name)) {
            fact.copy_of = Some(argument.into());
        }
        state
    }

    /// Says whether a variable gets a value as it is given.
    pub(super) fn may_be_copy(&self, name: &str) -> bool {
        !self.survey.recased.contains(name) && !self.survey.fixed.contains(name)
    }

    /// Says whether what is known is noted where the walk is.
    pub(super) fn is_noting(&self) -> bool {
        !self.is_silent && !self.is_over
    }
}

fn is_argument(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

/// Returns the argument of a function that a value is a copy of.
pub(super) fn argument_of(value: &Word, place: Place) -> Option<&str> {
    test::subject(value).filter(|name| place.is_in_function && is_argument(name) && *name != "0")
}

/// Returns the variables to which `local` gives arguments of the function, each with its argument.
pub(super) fn copied(simple: &Simple, place: Place) -> Vec<(String, String)> {
    let [command, words @ ..] = simple.words.as_slice() else { return Vec::new() };
    let has_option = words.iter().any(|word| word.prefix().starts_with(['-', '+']));
    // Behind a quoted name the shell makes words of the value.
    let is_plain = matches!(command.parts.as_slice(), [Part::Text { text, quoted: false }] if text == "local");
    if !is_plain || has_option {
        return Vec::new();
    }
    let copied = |word: &Word| {
        let (first, rest) = word.parts.split_first()?;
        let name = match first {
            Part::Text { text, .. } => text.strip_suffix('=')?,
            _ => return None,
        };
        let value = Word { parts: rest.to_vec() };
        Some((name.to_owned(), argument_of(&value, place)?.to_owned()))
    };
    words.iter().filter_map(copied).collect()
}
