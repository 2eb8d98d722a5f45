//! What a script makes sure of before it uses a variable: `[[ $n =~ ^[0-9]+$ ]] || exit 1`, `case $n in *[!0-9]*) exit ;;
//! esac`, a `case` whose branches are the author's own words.
//!
//! The walk goes over the commands in the order in which they run, and knows at each place what every way that leads
//! there has made sure of. It writes that into the syntax: a `Parameter` that reads a checked variable has the shape
//! of its value. A command that may change the variable ends it; so do a loop's second turn, and whatever nobody follows
//! here, such as `eval`. A function begins with what always holds, and what it makes sure of holds for its caller. Behind
//! a file that runs in the shell itself nothing is known. Where a shell of its own ends, `( )`, `$( )`, a pipe, `&`, nothing that
//! was made sure of inside holds outside. On the next line of the script only that is known which also is where a command
//! of the line before may have failed so that bash dropped the rest of it.

mod branches;
mod called;
mod cut;
mod effects;
mod errexit;
mod failing;
mod fields;
mod functions;
mod guard;
mod pattern;
mod test;
mod words;

use super::read::Reading;
use super::shape::Shape;
use super::syntax::{Assignment, Behind, Command, Compound, Form, HereDocument, Script, Simple, Word};
use crate::shell::Background;
use crate::shell::special::is_special;
use called::in_shell;
use effects::{Effects, SOURCING, Survey, is_sure};
use guard::Guard;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use test::Test;

/// The most variables of which something is known at one place.
const FACTS_MAX: usize = 128;

/// The most of which it is known because of what they are given.
const TEXTS_MAX: usize = FACTS_MAX / 2;

/// Variables that the shell itself changes.
const KEPT_BY_SHELL: &[&str] =
    &["_", "REPLY", "PWD", "OLDPWD", "MAPFILE", "PIPESTATUS", "COPROC", "LINES", "COLUMNS", "BASH_REMATCH"];

/// What else was seen of a script.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted {
    /// It says `set -k`.
    pub(super) takes_keywords: bool,
}

/// Notes in a script's syntax what is made sure of where it reads its variables.
pub(super) fn note(reading: &mut Reading, background: &Background) -> Noted {
    let survey = Survey::of_script(reading);
    let noted = Noted { takes_keywords: survey.takes_keywords };
    if survey.is_unfollowed || background.changes_meanings() {
        return noted;
    }
    let mut documents = std::mem::take(&mut reading.documents);
    let last = last_changes(&reading.script, &survey);
    let mut walker = Walker {
        survey,
        documents: &mut documents,
        ending: HashSet::new(),
        guards: HashMap::new(),
        returns: Guard::default(),
        fails: None,
        is_silent: false,
        is_over: false,
        last,
        at: 0,
        exits: false,
    };
    let place = Place { is_outermost: true, is_heeded: true, ..Place::default() };
    walker.script(&mut reading.script, Some(Facts::default()), place);
    reading.documents = documents;
    noted
}

/// What is known of a variable's value.
#[derive(Debug, Clone)]
struct Fact {
    shape: Rc<Shape>,
    /// The value, if it is a text of the author's.
    text: Option<Rc<str>>,
    /// The argument of a function that the value is a copy of.
    copy_of: Option<Rc<str>>,
}

type Facts = Rc<BTreeMap<String, Fact>>;

/// What is known at a place; nothing where no way leads there.
type State = Option<Facts>;

/// Where a command stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    is_in_function: bool,
    is_in_loop: bool,
    /// It runs once at most, and what stands behind it later.
    is_outermost: bool,
    /// With `set -e` the script ends where a command fails that stands alone there.
    is_heeded: bool,
}

impl Place {
    fn inside(self) -> Self {
        Self { is_outermost: false, ..self }
    }

    fn of_shell(self) -> Self {
        Self { is_in_loop: false, is_outermost: false, is_heeded: false, ..self }
    }
}

struct Walker<'a> {
    survey: Survey,
    documents: &'a mut Vec<HereDocument>,
    /// Functions that end the script whenever they are called, and that are defined by now.
    ending: HashSet<String>,
    /// What other functions make sure of, that are defined by now.
    guards: HashMap<String, Guard>,
    /// What is known where the function that is walked over goes back to its caller, so far.
    returns: Guard,
    /// What is known where a command of the line that is walked over may have failed so that the rest of it is dropped.
    fails: State,
    /// Nothing is noted where the walk is: nobody knows when it runs.
    is_silent: bool,
    /// A file was run in the shell itself: nobody knows what anything means by now.
    is_over: bool,
    /// The last of the outermost commands that changes each variable.
    last: BTreeMap<String, usize>,
    /// The outermost command where the walk is.
    at: usize,
    /// The script has said `set -e` by now.
    exits: bool,
}

/// Returns the last of a script's commands that may change each variable, and under no name the last that may change
/// any; what a function changes, it may change always.
fn last_changes(script: &Script, survey: &Survey) -> BTreeMap<String, usize> {
    let mut last = BTreeMap::new();
    let mut add = |effects: Effects, at: usize| {
        last.extend(effects.names.into_iter().map(|name| (name, at)));
        last.extend(effects.all.then(|| (String::new(), at)));
    };
    script.commands.iter().enumerate().for_each(|(at, command)| add(survey.of(command), at));
    add(survey.in_functions.clone(), usize::MAX);
    last
}

/// Returns what is known where two ways meet.
fn joined(first: State, second: State) -> State {
    let (first, second) = match (first, second) {
        (Some(first), Some(second)) if !Rc::ptr_eq(&first, &second) => (first, second),
        (first, second) => return first.or(second),
    };
    let both = first.iter().filter_map(|(name, fact)| {
        let other = second.get(name)?;
        let is_same = Rc::ptr_eq(&fact.shape, &other.shape);
        let shape = if is_same { fact.shape.clone() } else { Rc::new((*fact.shape).clone().or(&other.shape)) };
        let text = fact.text.clone().filter(|text| other.text.as_ref() == Some(text));
        let copy_of = fact.copy_of.clone().filter(|name| other.copy_of.as_ref() == Some(name));
        Some((name.clone(), Fact { shape, text, copy_of }))
    });
    Some(Rc::new(both.collect()))
}

/// Returns what is known when some variables may have changed.
fn without(state: State, effects: &Effects) -> State {
    let mut facts = state?;
    if facts.keys().any(|name| effects.changes(name)) {
        Rc::make_mut(&mut facts).retain(|name, _| !effects.changes(name));
    }
    if effects.arguments && facts.values().any(|fact| fact.copy_of.is_some()) {
        Rc::make_mut(&mut facts).values_mut().for_each(|fact| fact.copy_of = None);
    }
    Some(facts)
}

impl Walker<'_> {
    /// Walks over a script, and returns what is known where its last command has succeeded, and where it has not.
    fn script(&mut self, script: &mut Script, state: State, place: Place) -> (State, State) {
        let mut ends = (state.clone(), state);
        let mut start = 0;
        while start < script.commands.len() {
            let is_last = |at: usize| matches!(script.joints[at].behind, Behind::End | Behind::Background);
            let end = (start..script.commands.len()).find(|at| is_last(*at)).unwrap_or(script.commands.len() - 1) + 1;
            let state = joined(ends.0, ends.1);
            self.define_together(script, start, &state, place);
            ends = self.list(script, start..end, state, place);
            start = end;
        }
        ends
    }

    /// Walks over commands that are joined by `&&` and `||`.
    fn list(
        &mut self,
        script: &mut Script,
        range: std::ops::Range<usize>,
        state: State,
        place: Place,
    ) -> (State, State) {
        let is_background = script.joints[range.end - 1].behind == Behind::Background;
        let outside =
            is_background.then(|| without(state.clone(), &self.survey.of_all(&script.commands[range.clone()])));
        let is_line = place.is_outermost && script.joints[range.end - 1].ends_line;
        let around = is_background.then(|| self.fails.take());
        let is_alone = range.len() == 1 && !is_background && !script.joints[range.start].is_negated;
        let place = if range.len() > 1 { place.inside() } else { place };
        let place = if is_alone { place } else { place.as_condition() };
        let place = if is_background { place.of_shell() } else { place };
        let mut ends = (state.clone(), state);
        for at in range.clone() {
            if place.is_outermost {
                self.at = at;
            }
            let before = at.checked_sub(1).filter(|before| *before >= range.start);
            let joint = before.map_or(Behind::End, |before| script.joints[before].behind);
            let is_negated = script.joints[at].is_negated;
            let (entry, skipped) = match joint {
                Behind::And => (ends.0, ends.1),
                Behind::Or => (ends.1, ends.0),
                _ => (ends.0, None),
            };
            let (yes, no) = self.command(&mut script.commands[at], entry, place);
            let (yes, no) = if is_negated { (no, yes) } else { (yes, no) };
            ends = match joint {
                Behind::And => (yes, joined(no, skipped)),
                Behind::Or => (joined(yes, skipped), no),
                _ => (yes, no),
            };
        }
        if is_alone {
            self.may_begin_to_exit(&script.commands[range.start], place);
            ends.1 = ends.1.filter(|_| !self.exits_by(&script.commands[range.start], place));
        }
        let ends = outside.map_or(ends, |outside| (outside.clone(), outside));
        if let Some(around) = around {
            self.fails = around;
        }
        match self.fails.take_if(|_| is_line) {
            Some(fails) => (joined(ends.0, Some(fails.clone())), joined(ends.1, Some(fails))),
            None => ends,
        }
    }

    fn command(&mut self, command: &mut Command, state: State, place: Place) -> (State, State) {
        match command {
            Command::Simple(simple) => self.simple(simple, state, place),
            Command::Compound(compound) => self.compound(compound, state, place),
            Command::Pipeline(commands) => {
                // The last of them may run in the script's own shell.
                let state = without(state, &self.survey.of_all(commands));
                for command in commands {
                    self.command(command, state.clone(), place.of_shell());
                }
                (state.clone(), state)
            }
            Command::Function { name, body } => {
                self.function(name, body, &state, place);
                (state.clone(), state)
            }
        }
    }

    fn compound(&mut self, compound: &mut Compound, state: State, place: Place) -> (State, State) {
        self.compound_may_fail(compound, &state);
        let entry = self.expanded(&mut compound.redirects, state, place);
        let all = self.survey.of_compound(compound);
        let skipped = (!compound.redirects.iter().all(is_sure)).then(|| entry.clone());
        let inner = place.inside();
        let ends = match compound.form.clone() {
            Form::Test => self.test(compound, entry, inner),
            Form::Group => {
                self.words(&mut compound.words, &entry, inner);
                let entry = self.counted(&mut compound.arithmetic, entry, inner);
                match compound.bodies.first_mut() {
                    Some(body) => self.script(body, entry, inner),
                    None => (entry.clone(), entry),
                }
            }
            Form::Subshell => {
                for body in &mut compound.bodies {
                    self.apart(|walker| walker.script(body, entry.clone(), place.of_shell()));
                }
                let outside = without(entry, &all);
                (outside.clone(), outside)
            }
            Form::If => self.branches(&mut compound.bodies, entry, inner),
            Form::While | Form::Until => {
                let turns = without(entry, &all);
                let inner = Place { is_in_loop: true, ..inner };
                if let [head, body] = compound.bodies.as_mut_slice() {
                    let (yes, no) = self.script(head, turns.clone(), inner.as_condition());
                    let entry = if compound.form == Form::While { yes } else { no };
                    self.script(body, entry, inner);
                }
                (turns.clone(), turns)
            }
            Form::For => {
                let before = without(entry, &self.survey.inline(&compound.words));
                self.words(&mut compound.words, &before, inner);
                let turns = without(before, &all);
                let turns = self.counted(&mut compound.arithmetic, turns, inner);
                for body in &mut compound.bodies {
                    self.script(body, turns.clone(), Place { is_in_loop: true, ..inner });
                }
                (turns.clone(), turns)
            }
            Form::Case(patterns) => {
                let out = self.case(compound, &patterns, entry, inner);
                (out.clone(), out)
            }
        };
        match skipped {
            // What should have been opened may be missing: then nothing of it runs, and it has failed.
            Some(skipped) => {
                let skipped = without(skipped, &all);
                (joined(ends.0, skipped.clone()), joined(ends.1, skipped))
            }
            None => ends,
        }
    }

    fn test(&mut self, compound: &mut Compound, state: State, place: Place) -> (State, State) {
        let assigned = self.survey.of_test(&compound.test);
        let state = without(state, &assigned);
        let text = |name: &str| state.as_ref()?.get(name)?.text.as_deref().map(str::to_owned);
        let test = test::of_words(&compound.test, &text, self.survey.case).without(&assigned);
        self.tested(&test, &mut compound.test, state, place)
    }

    /// Walks over a test, and returns what is known where it holds, and where it doesn't.
    fn tested(&mut self, test: &Test, words: &mut [Word], state: State, place: Place) -> (State, State) {
        match test {
            Test::One(range, told) => {
                if let Some(words) = words.get_mut(range.clone()) {
                    self.words(words, &state, place);
                }
                let Some((name, told)) = told else { return (state.clone(), state) };
                (self.learn(state.clone(), name, told.yes.as_ref()), self.learn(state, name, told.no.as_ref()))
            }
            Test::Not(test) => {
                let (yes, no) = self.tested(test, words, state, place);
                (no, yes)
            }
            Test::And(first, second) => {
                let (yes, no) = self.tested(first, words, state, place);
                let (both, not) = self.tested(second, words, yes, place);
                (both, joined(no, not))
            }
            Test::Or(first, second) => {
                let (yes, no) = self.tested(first, words, state, place);
                let (other, neither) = self.tested(second, words, no, place);
                (joined(yes, other), neither)
            }
        }
    }

    /// Adds that a variable has a shape.
    fn learn(&self, state: State, name: &str, shape: Option<&Shape>) -> State {
        let mut all = state?;
        if let Some(shape) = shape.filter(|_| self.is_followed(name)) {
            let is_open = all.len() < FACTS_MAX;
            let facts = Rc::make_mut(&mut all);
            match facts.get_mut(name) {
                Some(fact) => {
                    fact.shape = Rc::new((*fact.shape).clone().and(shape));
                    if let Some(argument) = fact.copy_of.clone() {
                        return self.learn(Some(all), &argument, Some(shape));
                    }
                }
                None if is_open => {
                    let fact = Fact { shape: Rc::new(shape.clone()), text: None, copy_of: None };
                    facts.insert(name.to_owned(), fact);
                }
                None => {}
            }
        }
        Some(all)
    }

    /// Says whether the value of a variable stays what it is until a command changes it.
    fn is_followed(&self, name: &str) -> bool {
        let is_argument = name.chars().all(|letter| letter.is_ascii_digit()) && name != "0";
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_own = !is_special(name) && !KEPT_BY_SHELL.contains(&name) && !self.survey.converted.contains(name);
        !name.is_empty() && (is_argument || is_name && is_own)
    }

    fn simple(&mut self, simple: &mut Simple, state: State, place: Place) -> (State, State) {
        self.simple_may_fail(simple, &state);
        let mut state = self.expanded(&mut simple.redirects, state, place);
        let is_alone = simple.words.is_empty();
        if !is_alone {
            let own = simple.assignments.iter().map(|it| it.name.clone()).collect();
            state = without(state, &Effects { names: own, ..Effects::default() });
        }
        for assignment in simple.assignments.iter().chain(&simple.declared).filter(|_| !is_alone) {
            state = without(state, &self.survey.of_assignment(assignment));
        }
        state = without(state, &self.survey.inline(&simple.words));
        for assignment in simple.assignments.iter_mut().chain(&mut simple.declared) {
            state = self.assigned(assignment, is_alone, state, place);
        }
        self.words(&mut simple.words, &state, place);
        self.goes_back(simple, &state, place);
        if self.ends(simple, place) {
            return (None, None);
        }
        if is_alone {
            return (state.clone(), state);
        }
        let runs_file = |name: &Word| SOURCING.iter().any(|sourcing| name.has_text(sourcing));
        self.is_over |= in_shell(simple).first().is_some_and(runs_file);
        let copied = guard::copied(simple, place);
        let mut after = without(state, &self.survey.of_simple(simple));
        for (name, argument) in copied.iter().filter(|(name, _)| self.may_be_copy(name)) {
            after = self.copy(after, name, argument);
        }
        for (name, shape) in fields::read(simple, &self.survey).unwrap_or_default() {
            after = self.learn(after, &name, Some(&shape));
        }
        let is_test = simple.words[0].has_text("[") || simple.words[0].has_text("test");
        if is_test && simple.redirects.iter().all(is_sure) {
            // Redirections are expanded behind the words.
            let test = test::of_arguments(&simple.words).without(&self.survey.of_test(&simple.words));
            let test = test.without(&self.survey.of_redirects(&simple.redirects));
            return self.tested(&test, &mut [], after, place);
        }
        self.guarded(simple, after)
    }

    fn assigned(&mut self, assignment: &mut Assignment, is_alone: bool, state: State, place: Place) -> State {
        let mut state = without(state, &self.survey.of_assignment(assignment));
        let values = assignment.subscripts.iter_mut().chain(&mut assignment.values);
        values.for_each(|word| self.word(word, &state, place));
        let name = &assignment.name;
        state = without(state, &Effects { names: HashSet::from([name.clone()]), ..Effects::default() });
        let value = match assignment.values.as_slice() {
            [value] if is_alone && !assignment.is_array && !assignment.appends => value,
            _ => return state,
        };
        if let Some(argument) = guard::argument_of(value, place).filter(|_| self.may_be_copy(name)) {
            return self.copy(state, name, argument);
        }
        let is_open = state.as_ref().is_some_and(|facts| facts.len() < TEXTS_MAX);
        if let Some(shape) = words::shape_of(value).filter(|_| is_open && !self.survey.fixed.contains(name)) {
            state = self.learn(state, name, Some(&shape));
            if let Some(fact) = state.as_mut().and_then(|facts| Rc::make_mut(facts).get_mut(name)) {
                fact.text = value.literal().map(Rc::from);
            }
        }
        state
    }
}
