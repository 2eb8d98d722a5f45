//! Words: what is known of the variables that they read is noted in them.

use super::super::shape::{Set, Shape};
use super::super::syntax::{Parameter, Part, Redirect, RedirectKind, Substitution, Word};
use super::{Place, State, Walker, cut, fields, pattern, without};
use std::rc::Rc;

impl Walker<'_> {
    /// Walks over redirections, and returns what is known behind them.
    pub(super) fn expanded(&mut self, redirects: &mut [Redirect], state: State, place: Place) -> State {
        let mut state = state;
        for redirect in redirects {
            state = without(state, &self.survey.inline(std::slice::from_ref(&redirect.target)));
            self.word(&mut redirect.target, &state, place);
            let RedirectKind::HereDocument(index) = redirect.kind else { continue };
            let Some(body) = self.documents.get_mut(index).map(|document| std::mem::take(&mut document.body)) else {
                continue;
            };
            let mut body = [body];
            state = without(state, &self.survey.inline(&body));
            self.words(&mut body, &state, place);
            let [body] = body;
            self.documents[index].body = body;
        }
        state
    }

    /// Walks over what is evaluated as arithmetic, and returns what is known behind it.
    pub(super) fn counted(&mut self, words: &mut [Word], state: State, place: Place) -> State {
        let state = without(state, &self.survey.of_arithmetic(words));
        self.words(words, &state, place);
        state
    }

    pub(super) fn words(&mut self, words: &mut [Word], state: &State, place: Place) {
        words.iter_mut().for_each(|word| self.word(word, state, place));
    }

    /// Notes what is known of the variables in a word. What the word itself changes is no longer known.
    pub(super) fn word(&mut self, word: &mut Word, state: &State, place: Place) {
        for at in 0..word.parts.len() {
            let is_array =
                matches!(word.parts.get(at + 1), Some(Part::Text { text, .. }) if text.trim_start().starts_with('['));
            match &mut word.parts[at] {
                // In arithmetic an element is meant, of which nothing is known.
                Part::Parameter(parameter) if is_array => self.parameter(parameter, &None, place),
                Part::Parameter(parameter) => self.parameter(parameter, state, place),
                Part::Arithmetic(word) => self.word(word, state, place),
                Part::Substitution { script, kind, printed } => {
                    if let Some(script) = Rc::get_mut(script) {
                        self.apart(|walker| walker.script(script, state.clone(), place.of_shell()));
                        let known = || fields::printed(script, &self.survey).filter(|_| *kind != Substitution::Process);
                        *printed = self.is_noting().then(known).flatten().map(Rc::new);
                    }
                }
                _ => {}
            }
        }
    }

    fn parameter(&mut self, parameter: &mut Parameter, state: &State, place: Place) {
        self.words(&mut parameter.operands, state, place);
        self.words(&mut parameter.arithmetic, state, place);
        let is_other = parameter.evaluates || parameter.prompts || parameter.transforms || parameter.assigns;
        let is_one = !parameter.keys && !parameter.names && !parameter.list;
        let is_element = parameter.has_subscript || parameter.has_elements;
        if !is_other && is_one && !is_element {
            let fact = state.as_ref().and_then(|facts| facts.get(&parameter.name));
            parameter.checked =
                fact.filter(|fact| self.is_noting() && !fact.shape.says_nothing()).map(|fact| fact.shape.clone());
            let left = |value: &Rc<Shape>| cut::left(parameter, value);
            parameter.left = parameter.checked.as_ref().filter(|_| !parameter.is_bare()).and_then(left).map(Rc::new);
            if parameter.replaces
                && self.is_noting()
                && let [pattern] = parameter.operands.as_slice()
            {
                parameter.left = pattern::left_by_replacing(pattern).map(Rc::new);
            }
        }
    }
}

/// Returns what is known of a value that a variable is given: the walk has noted what is known of those in it.
pub(super) fn shape_of(value: &Word) -> Option<Shape> {
    let number = || Shape::of(Set::digits()).repeated();
    let shape = |part: &Part| match part {
        // In front of a path it is a folder's name.
        Part::Text { text, quoted: false } if text.contains('~') => None,
        Part::Text { text, .. } => Some(Shape::of_text(text)),
        Part::Arithmetic(_) => Some(Shape::of(Set::of('-')).or_empty().then(&number())),
        Part::Parameter(parameter) if parameter.length || ["?", "#", "$"].contains(&&*parameter.name) => {
            (parameter.length || parameter.is_bare()).then(number)
        }
        Part::Parameter(parameter) if parameter.is_bare() => parameter.checked.as_deref().cloned(),
        Part::Parameter(parameter) => parameter.left.as_deref().cloned(),
        Part::Substitution { printed, .. } => printed.as_deref().cloned(),
        _ => None,
    };
    value.parts.iter().try_fold(Shape::empty(), |all, part| Some(all.then(&shape(part)?)))
}
