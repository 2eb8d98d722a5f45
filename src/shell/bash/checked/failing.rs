//! Which commands may fail in such a way that bash drops the whole line of the script on which they stand, and goes on
//! with the next: an expansion with an error in it, such as `$((100 / n))` where `n` is 0 or `08`, and a value for a
//! variable that takes none. No `exit` behind it on that line is reached then, also not with `set -e`.

use super::super::syntax::{
    Assignment, Command, Compound, Form, Parameter, Part, Redirect, RedirectKind, Simple, Word,
};
use super::called::in_shell;
use super::effects::{Bodies, EVALUATING, EXPORTING, Effects, NAMING, Survey, may_be_option};
use super::{State, Walker, joined, without};

/// Variables of the shell's that nothing can be given to.
const READ_ONLY: &[&str] = &["UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"];

/// Variables of the shell's whose values are evaluated as numbers.
const COUNTED: &[&str] = &["BASHPID", "HISTCMD", "LINENO", "OPTIND", "RANDOM", "SECONDS", "SRANDOM"];

/// Programs that have a process of their own, in which their input is expanded.
const BESIDE: &[&str] = &["cat"];

/// Variables whose values are decimal numbers without a zero in front.
const NUMBERS: &[&str] = &["?", "#", "$"];

impl Survey {
    /// Finds the functions in which a command may fail so.
    pub(super) fn find_failing(&mut self, bodies: &Bodies) {
        loop {
            let fails = |(name, body): &&(&str, &Command)| !self.failing.contains(*name) && self.fails(body);
            let more: Vec<String> = bodies.iter().filter(fails).map(|(name, _)| (*name).to_owned()).collect();
            if more.is_empty() {
                return;
            }
            self.failing.extend(more);
        }
    }

    fn fails(&self, command: &Command) -> bool {
        match command {
            Command::Simple(simple) => self.simple_fails(simple),
            Command::Pipeline(commands) => commands.iter().any(|command| self.fails(command)),
            Command::Compound(compound) => {
                let is_apart = compound.form == Form::Subshell;
                let mut bodies = compound.bodies.iter().flat_map(|body| &body.commands);
                self.compound_fails(compound) || !is_apart && bodies.any(|command| self.fails(command))
            }
            Command::Function { .. } => false,
        }
    }

    /// Says whether a command may fail so, or a function that it calls.
    pub(super) fn simple_fails(&self, simple: &Simple) -> bool {
        let mut assignments = simple.assignments.iter().chain(&simple.declared);
        let words = &simple.words;
        let is_own = self.fails_anywhere
            || words.iter().any(|word| self.word_fails(word))
            || assignments.any(|it| self.assignment_fails(it));
        let Some((name, words)) = in_shell(simple).split_first() else {
            return is_own || self.redirects_fail(&simple.redirects);
        };
        let Some(name) = name.literal() else { return is_own || !self.failing.is_empty() };
        let is_beside = BESIDE.contains(&&*name) && !self.defined.contains_key(&name);
        let has_element = |word: &Word| word.prefix().split('=').next().is_some_and(|name| name.contains('['));
        let names_element = match &*name {
            "let" => words.iter().any(|word| self.names_element(word)),
            "test" | "[" => words.iter().any(|word| word.has_text("-v")) && words.iter().any(has_bracket),
            "printf" => words.first().is_some_and(may_be_option) && words.iter().take(2).any(has_element),
            name => (NAMING.contains(&name) || EXPORTING.contains(&name)) && words.iter().any(has_element),
        };
        let sets = NAMING.contains(&&*name) || EXPORTING.contains(&&*name) || name == "printf";
        let takes_none = || !self.fixed.is_empty() || !self.converted.is_empty();
        let is_refused = || {
            let effects = self.of_simple(simple);
            effects.all && takes_none() || effects.names.iter().any(|name| self.takes_no_value(name))
        };
        is_own
            || names_element
            || self.failing.contains(&name)
            || !is_beside && self.redirects_fail(&simple.redirects)
            || sets && is_refused()
    }

    /// Says whether a compound command may fail so by itself, apart from the commands in it.
    pub(super) fn compound_fails(&self, compound: &Compound) -> bool {
        let test = &compound.test;
        let is_evaluating = |word: &Word| EVALUATING.iter().any(|operator| word.has_text(operator));
        let mut pairs = test.windows(2);
        let sets = compound.variable.as_deref().is_some_and(|name| self.takes_no_value(name));
        self.redirects_fail(&compound.redirects)
            || sets
            || compound.words.iter().chain(test).any(|word| self.word_fails(word))
            || compound.arithmetic.iter().any(|word| self.names_element(word) || self.word_fails(word))
            || pairs.any(|pair| pair.iter().any(is_evaluating) && pair.iter().any(|word| self.names_element(word)))
            || self.fails_anywhere
    }

    /// Says whether what is evaluated may name an element of an array: by itself, or by a variable whose text does.
    fn names_element(&self, word: &Word) -> bool {
        let names = |part: &Part| match part {
            Part::Text { text, .. } => text.contains(|it: char| it.is_ascii_alphabetic()),
            _ => true,
        };
        has_bracket(word) || self.has_elements_in_text && word.parts.iter().any(names)
    }

    fn redirects_fail(&self, redirects: &[Redirect]) -> bool {
        redirects.iter().any(|redirect| match redirect.kind {
            RedirectKind::HereDocument(index) => self.failing_documents.contains(&index),
            _ => self.word_fails(&redirect.target),
        })
    }

    fn assignment_fails(&self, assignment: &Assignment) -> bool {
        assignment.subscripts.iter().any(|word| !is_index(word))
            || assignment.values.iter().any(|word| self.word_fails(word))
            || self.takes_no_value(&assignment.name)
    }

    /// Says whether a variable may be given a value that it does not take.
    fn takes_no_value(&self, name: &str) -> bool {
        READ_ONLY.contains(&name)
            || COUNTED.contains(&name)
            || self.fixed.contains(name)
            || self.converted.contains(name)
    }

    /// Says whether the expansion of a word may fail so.
    pub(super) fn word_fails(&self, word: &Word) -> bool {
        word.parts.iter().any(|part| match part {
            Part::Parameter(parameter) => self.parameter_fails(parameter),
            Part::Arithmetic(word) => !is_sum(word),
            _ => false,
        })
    }

    fn parameter_fails(&self, parameter: &Parameter) -> bool {
        let is_name = parameter.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let numbers = || parameter.arithmetic.iter().enumerate();
        // A part of the text may begin at its end.
        let is_offset = |at: usize, word: &Word| at == 0 && !parameter.has_subscript && is_sum(word);
        // `${name:}` is an error, `${name::}` and `${name: }` are none; `${name:1:2:3}` is one.
        let slices = parameter.arithmetic.get(usize::from(parameter.has_subscript)..).unwrap_or_default();
        let is_cut_wrongly = slices.len() > 2 || matches!(slices, [word] if word.parts.is_empty());
        // Nothing may stand behind the name of what is counted but its subscript.
        let is_changed = parameter.cuts.is_some() || parameter.replaces || parameter.transforms || parameter.stops;
        let has_numbers = numbers().count() > usize::from(parameter.has_subscript);
        let has_more = has_numbers || is_changed || parameter.falls_back || !parameter.operands.is_empty();
        is_cut_wrongly
            || parameter.length && has_more
            || parameter.operands.iter().any(|word| self.word_fails(word))
            || parameter.evaluates && !parameter.keys && !parameter.names
            || parameter.assigns && (!is_name || self.takes_no_value(&parameter.name))
            || numbers().any(|(at, word)| !is_index(word) && !is_offset(at, word))
    }
}

impl Walker<'_> {
    /// Notes what is known on the next line of the script, if a simple command fails where `state` is known.
    pub(super) fn simple_may_fail(&mut self, simple: &Simple, state: &State) {
        if !self.survey.simple_fails(simple) {
            return;
        }
        let effects = match simple.assignments.as_slice() {
            // It keeps the value that it has.
            [own] if simple.words.is_empty() && simple.redirects.is_empty() && !own.is_array => {
                self.survey.of_assignment(own)
            }
            _ => self.survey.of_simple(simple),
        };
        self.may_fail(state, &effects);
    }

    /// Notes what is known on the next line of the script, if a compound command fails by itself where `state` is known.
    pub(super) fn compound_may_fail(&mut self, compound: &Compound, state: &State) {
        if self.survey.compound_fails(compound) {
            // Arithmetic of a loop is evaluated in each turn, and a pattern behind others.
            self.may_fail(state, &self.survey.of_compound(compound));
        }
    }

    fn may_fail(&mut self, state: &State, effects: &Effects) {
        self.fails = joined(self.fails.take(), without(state.clone(), effects));
    }

    /// Walks over what has a shell of its own: what fails there ends that alone.
    pub(super) fn apart<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.fails.take();
        let walked = walk(self);
        self.fails = outer;
        walked
    }
}

fn has_bracket(word: &Word) -> bool {
    word.texts().any(|text| text.contains('['))
}

/// Says whether arithmetic is a sum of numbers that can't be wrong: `$# + 1`, not `08` and nothing that a variable says.
fn is_sum(word: &Word) -> bool {
    let number = |part: &Part| match part {
        Part::Text { text, .. } => Some(text.clone()),
        Part::Parameter(it) if it.length && it.arithmetic.is_empty() => Some("0".to_owned()),
        Part::Parameter(it) if it.is_bare() && NUMBERS.contains(&&*it.name) => Some("0".to_owned()),
        _ => None,
    };
    let Some(text) = word.parts.iter().map(number).collect::<Option<String>>() else { return false };
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
    is_whole(&text) && numbers.all(|number| number.len() < 2 || !number.starts_with('0'))
}

/// Says whether a text is nothing, or numbers with one of `+`, `-` and `*` between each two; the first may be below zero.
fn is_whole(text: &str) -> bool {
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return true;
    }
    rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    loop {
        let behind = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if behind.len() == rest.len() {
            return false;
        }
        rest = behind.trim_start();
        let Some(next) = rest.strip_prefix(['+', '-', '*']) else { return rest.is_empty() };
        rest = next.trim_start();
    }
}

/// Says whether it is such a sum and not below zero.
fn is_index(word: &Word) -> bool {
    is_sum(word) && !word.texts().any(|text| text.contains('-')) && word.texts().any(|text| !text.trim().is_empty())
}
