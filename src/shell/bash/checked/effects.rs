//! Which variables a command may change in the shell that runs it.

mod look;
mod named;

use super::super::read::Reading;
use super::super::syntax::{Assignment, Command, Compound, Parameter, Part, Redirect, RedirectKind, Simple, Word};
use super::called::in_shell;
use super::errexit;
use super::functions;
use super::pattern::{Case, Groups};
use std::collections::{HashMap, HashSet};

/// The most functions whose calls of each other are followed: above it, each may change everything.
const FUNCTIONS_MAX: usize = 200;

/// Commands that are given the names of variables which they change.
pub(super) const NAMING: &[&str] =
    &["read", "mapfile", "readarray", "unset", "local", "declare", "typeset", "getopts", "let"];

/// Commands that change a variable where they are given a value for it.
pub(super) const EXPORTING: &[&str] = &["export", "readonly"];

/// Commands with which a script, or a text that nobody looks into here, may change what others mean and do.
const UNFOLLOWED: &[&str] = &["eval", "alias", "enable", "compgen", "complete", "fc", "bind"];

/// Commands that run a file in the shell itself: behind one of them nothing is known any more.
pub(super) const SOURCING: &[&str] = &["source", "."];

/// Commands whose meaning must be their own, so that what they say can be relied on.
pub(super) const RELIED_ON: &[&str] =
    &["exit", "return", "continue", "break", "[", "test", "command", "builtin", "local"];

/// Operators of a test that evaluate what stands beside them.
pub(super) const EVALUATING: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"];

/// The most variables that a function changes, one by one: one that changes more may change everything.
pub(super) const NAMES_MAX: usize = 100;

/// The variable that says where the shell divides words.
pub(super) const DIVIDERS: &str = "IFS";

/// The longest word that may name a variable which is looked at.
const NAME_MAX: usize = 256;

/// The variables that a command may change.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    pub(super) names: HashSet<String>,
    /// The arguments of the script or function.
    pub(super) arguments: bool,
    /// Any variable.
    pub(super) all: bool,
    /// Functions of the script that it calls, as long as nothing is known of them.
    pub(super) calls: HashSet<String>,
}

/// What is known of a script as a whole.
#[derive(Debug, Default)]
pub(super) struct Survey {
    functions: HashMap<String, Effects>,
    /// What the shell changes while it expands each here-document.
    documents: Vec<Effects>,
    /// How often each function is defined.
    pub(super) defined: HashMap<String, usize>,
    /// Variables that have attributes by which they get other values than they are given.
    pub(super) converted: HashSet<String>,
    /// Variables that keep their value whatever they are given.
    pub(super) fixed: HashSet<String>,
    /// Something changes what commands mean, or variables behind the script's back.
    pub(super) is_unfollowed: bool,
    /// A variable gets a text that names an element of an array: `i='a[08]'`.
    pub(super) has_elements_in_text: bool,
    /// A command's name is known only when the script runs: `"$@"`.
    has_open_command: bool,
    /// The commands among whose words stands the name of one of the shell's that others rely on, `run readonly x`; nothing
    /// for one whose name is not known, and for a variable's value.
    naming: HashSet<Option<String>>,
    /// It says `set -k`, so that a word such as `z=5` is a variable of its command.
    pub(super) takes_keywords: bool,
    /// Commands run at the end of the script.
    pub(super) has_trap: bool,
    /// It runs a file in the shell itself, outside of its functions and loops.
    pub(super) has_source: bool,
    /// The shell may divide words otherwise than at blanks.
    pub(super) divides_oddly: bool,
    /// How patterns compare letters.
    pub(super) case: Case,
    /// What `@(a|b)` is in a pattern of `case`: bash does not read the script beyond one, unless `extglob` is set by then.
    pub(super) groups: Groups,
    /// Variables that some function, or the script, makes its own.
    pub(super) local: HashSet<String>,
    /// Variables that have attributes by which letters become small or capital ones.
    pub(super) recased: HashSet<String>,
    /// What is unset somewhere, variables and functions.
    pub(super) unset: Effects,
    /// Functions in which a command may fail so that the rest of the line is dropped from which they are called.
    pub(super) failing: HashSet<String>,
    /// Here-documents whose expansion may fail so.
    pub(super) failing_documents: HashSet<usize>,
    /// Any command may fail so.
    pub(super) fails_anywhere: bool,
    /// Something may undo `set -e`, or makes `set` mean something else.
    pub(super) goes_on: bool,
    /// How many functions and loops are around the command that is looked at.
    depth: usize,
    /// What some function changes, or hides from those that it calls.
    pub(super) in_functions: Effects,
}

impl Effects {
    pub(super) fn add(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.calls.extend(other.calls.iter().cloned());
        self.arguments |= other.arguments;
        self.all |= other.all;
    }

    /// Says whether a variable may be changed.
    pub(super) fn changes(&self, name: &str) -> bool {
        let is_argument = name.starts_with(|first: char| first.is_ascii_digit());
        self.all || self.names.contains(name) || self.arguments && is_argument
    }

    pub(super) fn without(mut self, names: &HashSet<String>) -> Self {
        self.names.retain(|name| !names.contains(name));
        self
    }
}

impl Survey {
    /// Looks at a whole script.
    pub(super) fn of_script(reading: &Reading) -> Self {
        let mut survey = Self::default();
        let mut bodies: Bodies = Vec::new();
        let documents = reading.documents.iter();
        survey.documents = documents.map(|document| survey.inline(std::slice::from_ref(&document.body))).collect();
        survey.script(&reading.script, &mut bodies);
        survey.words(reading.documents.iter().map(|document| &document.body), &mut bodies);
        survey.is_unfollowed |= RELIED_ON.iter().any(|name| survey.defined.contains_key(*name));
        survey.is_unfollowed |= survey.steers_by_name();
        survey.is_unfollowed |= survey.defined.keys().any(|name| survey.unset.names.contains(name));
        survey.goes_on |= survey.defined.contains_key(errexit::SET);
        let documents = reading.documents.iter().enumerate();
        let failing = documents.filter(|(_, document)| survey.word_fails(&document.body)).map(|(index, _)| index);
        survey.failing_documents = failing.collect();
        if bodies.len() > FUNCTIONS_MAX {
            let all = Effects { all: true, ..Effects::default() };
            survey.in_functions = all.clone();
            survey.functions = bodies.into_iter().map(|(name, _)| (name.to_owned(), all.clone())).collect();
            return survey;
        }
        survey.functions = functions::effects_of(&survey, &bodies);
        survey.find_failing(&bodies);
        let all: Vec<Effects> = bodies.iter().map(|(_, body)| survey.of(body)).collect();
        all.iter().for_each(|effects| survey.in_functions.add(effects));
        survey
    }

    pub(super) fn of_all(&self, commands: &[Command]) -> Effects {
        let mut effects = Effects::default();
        commands.iter().for_each(|command| effects.add(&self.of(command)));
        effects
    }

    pub(super) fn of(&self, command: &Command) -> Effects {
        match command {
            Command::Simple(simple) => self.of_simple(simple),
            Command::Pipeline(commands) => self.of_all(commands),
            Command::Compound(compound) => self.of_compound(compound),
            Command::Function { .. } => Effects::default(),
        }
    }

    pub(super) fn of_compound(&self, compound: &Compound) -> Effects {
        let mut effects = self.inline(&compound.words);
        effects.add(&self.of_test(&compound.test));
        effects.add(&self.of_redirects(&compound.redirects));
        effects.add(&self.of_arithmetic(&compound.arithmetic));
        effects.names.extend(compound.variable.clone());
        compound.bodies.iter().for_each(|body| effects.add(&self.of_all(&body.commands)));
        effects
    }

    pub(super) fn of_simple(&self, simple: &Simple) -> Effects {
        let mut effects = self.inline(&simple.words);
        for assignment in simple.assignments.iter().chain(&simple.declared) {
            effects.names.insert(assignment.name.clone());
            effects.add(&self.of_assignment(assignment));
        }
        effects.add(&self.of_redirects(&simple.redirects));
        let Some((name, words)) = in_shell(simple).split_first() else { return effects };
        match name.literal().filter(|_| !name.has_alternatives()) {
            None => effects.all = true,
            Some(name) => self.named(&name, words, &mut effects),
        }
        effects
    }

    /// Returns what the shell changes while it expands what redirections name, and here-documents.
    pub(super) fn of_redirects(&self, redirects: &[Redirect]) -> Effects {
        let mut effects = Effects::default();
        for redirect in redirects {
            effects.add(&self.inline(std::slice::from_ref(&redirect.target)));
            if let RedirectKind::HereDocument(index) = redirect.kind {
                self.documents.get(index).into_iter().for_each(|document| effects.add(document));
            }
        }
        effects
    }

    /// Returns what the inside of a test changes: `${name:=…}` in it, and what it evaluates beside `-eq`.
    pub(super) fn of_test(&self, words: &[Word]) -> Effects {
        let mut effects = self.inline(words);
        let is_evaluating = |at: Option<usize>| {
            let operator = at.and_then(|at| words.get(at)).and_then(Word::literal);
            operator.is_some_and(|operator| EVALUATING.contains(&&*operator))
        };
        let sets = |word: &Word| {
            let text: String = word.texts().collect();
            text.contains('=') || text.contains("++") || text.contains("--")
        };
        let mut beside = words.iter().enumerate();
        effects.all |=
            beside.any(|(at, word)| sets(word) && (is_evaluating(at.checked_sub(1)) || is_evaluating(Some(at + 1))));
        effects
    }

    /// Returns what an assignment changes beside its variable.
    pub(super) fn of_assignment(&self, assignment: &Assignment) -> Effects {
        let mut effects = self.inline(&assignment.values);
        assignment.subscripts.iter().for_each(|word| self.arithmetic(word, &mut effects));
        effects
    }

    fn named(&self, name: &str, words: &[Word], effects: &mut Effects) {
        match self.functions.get(name) {
            Some(known) => effects.add(known),
            None if self.defined.contains_key(name) => _ = effects.calls.insert(name.to_owned()),
            None => {}
        }
        match name {
            "shift" | "set" => effects.arguments = true,
            "printf" if words.first().is_some_and(may_be_option) => {
                words.iter().take(2).for_each(|word| named_by(word, effects));
            }
            "wait" if words.iter().any(|word| word.has_text("-p")) => effects.all = true,
            _ if UNFOLLOWED.contains(&name) || SOURCING.contains(&name) => effects.all = true,
            _ if NAMING.contains(&name) => words.iter().for_each(|word| named_by(word, effects)),
            _ if EXPORTING.contains(&name) => {
                let is_set = |word: &&Word| word.literal().is_none_or(|text| text.contains('='));
                words.iter().filter(is_set).for_each(|word| named_by(word, effects));
            }
            _ => {}
        }
    }

    /// Returns what the shell changes while it expands words: `${name:=…}`, `$((name++))`.
    pub(super) fn inline(&self, words: &[Word]) -> Effects {
        let mut effects = Effects::default();
        for part in words.iter().flat_map(|word| &word.parts) {
            match part {
                Part::Parameter(parameter) => self.expanded(parameter, &mut effects),
                Part::Arithmetic(word) => self.arithmetic(word, &mut effects),
                _ => {}
            }
        }
        effects
    }

    fn expanded(&self, parameter: &Parameter, effects: &mut Effects) {
        if parameter.assigns {
            effects.names.insert(parameter.name.clone());
            effects.all |= parameter.evaluates;
        }
        effects.add(&self.inline(&parameter.operands));
        parameter.arithmetic.iter().for_each(|word| self.arithmetic(word, effects));
    }

    /// Returns what arithmetic changes.
    pub(super) fn of_arithmetic(&self, words: &[Word]) -> Effects {
        let mut effects = Effects::default();
        words.iter().for_each(|word| self.arithmetic(word, &mut effects));
        effects
    }

    fn arithmetic(&self, word: &Word, effects: &mut Effects) {
        for (at, part) in word.parts.iter().enumerate() {
            let Part::Parameter(parameter) = part else { continue };
            let text = |at: Option<usize>| match at.and_then(|at| word.parts.get(at)) {
                Some(Part::Text { text, .. }) => text.trim(),
                _ => "",
            };
            if is_set(text(at.checked_sub(1)), text(Some(at + 1))) {
                effects.names.insert(parameter.name.clone());
            }
        }
        effects.add(&self.inline(std::slice::from_ref(word)));
    }
}

/// Says whether arithmetic sets a variable between two texts; an element of an array it may set.
fn is_set(before: &str, behind: &str) -> bool {
    let is_step = |text: &str| text.starts_with("++") || text.starts_with("--");
    let operator = behind.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']);
    let compares = behind.starts_with("==") || behind.starts_with("<=") || behind.starts_with(">=");
    let steps = is_step(behind) || before.ends_with("++") || before.ends_with("--");
    steps || behind.starts_with('[') || operator.starts_with('=') && !compares
}

/// Functions of a script, with their bodies.
pub(super) type Bodies<'a> = Vec<(&'a str, &'a Command)>;

/// Says whether a word may be an option when the script runs.
pub(super) fn may_be_option(word: &Word) -> bool {
    word.prefix().starts_with('-') || word.prefix().is_empty() && word.literal().is_none() || word.has_alternatives()
}

/// Adds the variables that a word of a command may name: `name`, `name=value`, `name[key]`, `-aname`.
fn named_by(word: &Word, effects: &mut Effects) {
    let prefix = word.prefix();
    let name = prefix.split(['=', '[', '+']).next().unwrap_or_default();
    let is_known = word.literal().is_some() || name.len() < prefix.len();
    if !is_known || word.has_alternatives() || prefix.len() > NAME_MAX {
        effects.all = true;
        return;
    }
    // In `let` a name stands anywhere, and behind an option it may be glued to that.
    let mut is_behind = true;
    for (at, letter) in prefix.char_indices() {
        let is_letter = letter.is_ascii_alphanumeric() || letter == '_';
        if is_letter && (is_behind || prefix.starts_with('-')) {
            let rest = prefix[at..].chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_');
            effects.names.insert(rest.collect());
        }
        is_behind = !is_letter;
    }
    effects.all |= word.literal().is_none() && !prefix.contains('=');
}

/// Says whether a redirection can't fail, so that the command runs in any case.
pub(super) fn is_sure(redirect: &Redirect) -> bool {
    match redirect.kind {
        RedirectKind::HereString | RedirectKind::HereDocument(_) => true,
        RedirectKind::Duplicate => redirect.target.has_text("1") || redirect.target.has_text("2"),
        _ => redirect.target.has_text("/dev/null"),
    }
}
