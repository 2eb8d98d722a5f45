//! Commands that are given lists of words: `"$@"` in a function, which are the words of its calls, and
//! `"${list[@]}"`, which are the elements that the script gives to the list.
//!
//! What such a command does is known only with its words in their places: `"$@"` alone is whatever
//! command a call names. So a command with `"$@"` in a function waits until the whole script was walked
//! over, and is then looked at once for each call, with the words of that call.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Parameter, Part, Redirect, RedirectKind, Word};
use super::argument::Argument;
use super::simple::{By, Call, Environment};
use super::spliced::NOWHERE;
use super::{Scope, Walker};
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

/// The most commands with the words of a call in place of `"$@"` that are looked at: far above what a person
/// writes. Above it, what such a command is given counts as a command that is not known.
const EXPANSIONS_MAX: usize = 2000;

/// The most elements of a list that are looked at in a command's own words alone.
const ELEMENTS_MAX: usize = EXPANSIONS_MAX / 16;

/// The most words of all those commands together, and of all that are given lists: a function that calls itself with one
/// word more each time has ever longer ones.
const WORDS_MAX: usize = 20_000;

/// Why text is refused that such commands are given.
pub(super) const TOO_LONG: &str = "given to a command by a list, in a script with too many or too long ones";

/// A word with what reaches it, kept for later.
#[derive(Debug)]
struct Kept {
    word: Word,
    parts: Vec<Vec<Id>>,
    feeds: Vec<Id>,
}

impl Kept {
    fn argument(&self) -> Argument<'_> {
        Argument { word: &self.word, parts: self.parts.clone(), feeds: self.feeds.clone() }
    }
}

/// A command with `"$@"` among its words.
#[derive(Debug, Clone)]
struct Forward {
    words: Vec<Rc<Kept>>,
    redirects: Rc<[Redirect]>,
    /// The node of the arguments that `"$@"` means.
    function: Id,
    zero: Id,
    stdin: Id,
    out: Id,
    errors: Id,
}

/// What is known of the functions that give their arguments on.
#[derive(Debug, Default)]
pub(super) struct Forwards {
    waiting: Vec<Forward>,
    /// The words of each call, by the node of the function's arguments.
    calls: HashMap<Id, Vec<Vec<Rc<Kept>>>>,
    /// How many arguments a function may have left out of `"$@"` by `shift`.
    shifts: HashMap<Id, usize>,
    /// The nodes of arguments that are named by their number, counted from 0, with their functions' nodes.
    positions: HashSet<(Id, Id, usize)>,
    /// Functions whose `"$@"` may be others than a call's words.
    rewritten: HashSet<Id>,
    /// The nodes of all arguments that some commands have.
    met: HashSet<Id>,
    /// How many words all commands have by lists.
    elements: usize,
}

impl Walker {
    /// Keeps a command for later if it is given `"$@"` of a function; false if it isn't.
    pub(super) fn waits(&mut self, call: Call) -> bool {
        let function = call.words.iter().find_map(|word| self.pack(word)).map(|(function, _)| function);
        let gets_input = |redirect: &Redirect| {
            !matches!(redirect.kind, RedirectKind::Write | RedirectKind::WriteOrDuplicate | RedirectKind::Duplicate)
        };
        let waits = !call.words[0].has_literal("shift") && !call.redirects.iter().any(gets_input);
        let Some(function) = function.filter(|_| waits) else { return false };
        let forward = Forward {
            words: kept(call.words),
            redirects: call.redirects.into(),
            function,
            zero: call.scope.zero,
            stdin: call.scope.stdin,
            out: call.scope.out,
            errors: call.scope.errors,
        };
        self.forwards.waiting.push(forward);
        true
    }

    /// Notes the words that a function is called with.
    pub(super) fn called_with(&mut self, function: Id, arguments: &[Argument]) {
        // A function that calls itself with what it was given says nothing new, but may leave out more each time.
        if matches!(arguments, [all] if self.pack(all).is_some_and(|(other, _)| other == function)) {
            self.forwards.shifts.insert(function, usize::MAX);
        } else {
            self.forwards.calls.entry(function).or_default().push(kept(arguments));
        }
    }

    /// Notes `shift` by so many in the function whose arguments these are: by any number inside of a loop.
    pub(super) fn shifted(&mut self, scope: Scope, arguments: &[Argument]) {
        let count = match arguments {
            [] => Some(1),
            [count] => count.literal().and_then(|count| count.parse().ok()),
            _ => None,
        };
        let count = count.filter(|_| scope.level <= 1).unwrap_or(usize::MAX);
        let shifts = self.forwards.shifts.entry(scope.arguments).or_default();
        *shifts = shifts.saturating_add(count);
    }

    /// Notes that the arguments that are meant here get other words than those of a call.
    pub(super) fn rewritten(&mut self, scope: Scope) {
        self.forwards.rewritten.insert(scope.arguments);
    }

    /// Notes the arguments that a command has.
    pub(super) fn has_arguments(&mut self, scope: Scope) {
        self.forwards.met.insert(scope.arguments);
    }

    /// Returns how many arguments a function may have left out: a trap that shifts may come between any two commands.
    fn shifts_of(&self, function: Id) -> usize {
        let shifts = |node: &Id| self.forwards.shifts.get(node).copied();
        let by_trap = self.flow.known(&Node::AnyArguments).filter(|any| shifts(any).is_some());
        by_trap.map_or_else(|| shifts(&function).unwrap_or_default(), |_| usize::MAX)
    }

    /// Says whether a function's arguments may be others than a call's words: where it sets them, or a trap does.
    fn is_rewritten(&self, function: Id) -> bool {
        self.forwards.rewritten.contains(&function) || self.rewritten_by_trap().is_some()
    }

    /// Returns the node of what a trap sets the arguments to, whosever they are when the trap runs.
    fn rewritten_by_trap(&self) -> Option<Id> {
        self.flow.known(&Node::AnyArguments).filter(|any| self.forwards.rewritten.contains(any))
    }

    /// Looks at all commands that wait, once for each call of their functions.
    pub(super) fn forward_all(&mut self) {
        let (mut done, mut expansions, mut words) = (HashMap::<usize, usize>::new(), 0, 0);
        loop {
            let mut is_done = true;
            for at in 0..self.forwards.waiting.len() {
                let forward = self.forwards.waiting[at].clone();
                let seen = done.entry(at).or_default();
                let calls =
                    self.forwards.calls.get(&forward.function).map_or(&[][..], |calls| &calls[*seen..]).to_vec();
                *seen += calls.len();
                for call in calls {
                    is_done = false;
                    for start in self.starts(forward.function, &forward, &call) {
                        expansions += 1;
                        words += call.len() - start;
                        if expansions > EXPANSIONS_MAX || words > WORDS_MAX {
                            self.give_up();
                            self.forwards.calls.clear();
                            return self.fill_positions();
                        }
                        self.forward(&forward, &call[start..]);
                    }
                }
            }
            if is_done {
                break;
            }
        }
        // Code that can't be seen may call a function that no command of the script calls.
        let Forwards { waiting, calls, .. } = &self.forwards;
        let is_known = |it: &Forward| calls.contains_key(&it.function) && !self.is_rewritten(it.function);
        if !waiting.iter().all(is_known) {
            self.give_up();
        }
        self.fill_positions();
    }

    /// Returns the texts that the argument of this number, counted from 1, is in the calls of a function; nothing
    /// if it may be another too.
    pub(super) fn texts_of_argument(&self, function: Id, number: usize) -> Option<Vec<String>> {
        self.kept_of_argument(function, number)?.into_iter().map(|kept| kept.word.literal()).collect()
    }

    /// Returns the words that the argument of this number, counted from 1, is in the calls of a function; nothing if
    /// it may be another too, or if a call has none there.
    pub(super) fn words_of_argument(&self, function: Id, number: usize) -> Option<Vec<&Word>> {
        let calls = self.forwards.calls.get(&function)?;
        let shifts = self.shifts_of(function);
        let is_there = |call: &Vec<Rc<Kept>>| call.len() >= number.saturating_add(shifts);
        let words = self.kept_of_argument(function, number).filter(|_| calls.iter().all(is_there))?;
        Some(words.into_iter().map(|kept| &kept.word).collect())
    }

    fn kept_of_argument(&self, function: Id, number: usize) -> Option<Vec<&Kept>> {
        let index = number.checked_sub(1)?;
        let calls = self.forwards.calls.get(&function).filter(|_| !self.is_rewritten(function))?;
        let shifts = self.shifts_of(function);
        let mut words = Vec::new();
        for call in calls {
            let last = index.saturating_add(shifts).saturating_add(1).min(call.len());
            if call[..last].iter().any(|kept| kept.word.may_be_many()) {
                return None;
            }
            words.extend(call[index.min(last)..last].iter().map(Rc::as_ref));
        }
        Some(words)
    }

    /// Returns what reaches the argument of this number, counted from 1, where the arguments are a function's.
    pub(super) fn position(&mut self, number: usize, scope: Scope) -> Option<Id> {
        let index = number.checked_sub(1).filter(|_| self.flow.is_arguments(scope.arguments))?;
        let node = self.flow.id(Node::Argument(scope.arguments, index));
        self.forwards.positions.insert((node, scope.arguments, index));
        Some(node)
    }

    /// Notes which words of the calls reach the arguments that are named by their number: the word there, those
    /// that `shift` can bring there, and all behind one that may be several words.
    fn fill_positions(&mut self) {
        if let Some(any) = self.rewritten_by_trap() {
            self.forwards.met.clone().into_iter().for_each(|arguments| self.flow.edge(any, arguments));
        }
        let positions: Vec<_> = self.forwards.positions.iter().copied().collect();
        for (node, function, index) in positions {
            let calls = self.forwards.calls.get(&function).filter(|_| !self.is_rewritten(function));
            let Some(calls) = calls.cloned() else {
                self.flow.edge(function, node);
                continue;
            };
            let shifts = self.shifts_of(function);
            for call in calls {
                let last = index.saturating_add(shifts).saturating_add(1).min(call.len());
                let many = call[..last].iter().position(|kept| kept.word.may_be_many());
                let range = many.map_or(index.min(last)..last, |many| many.min(index)..call.len());
                for kept in &call[range] {
                    kept.parts.iter().for_each(|sources| self.flow.edges(sources, node));
                    self.spelled_at(node, &kept.word);
                }
            }
        }
    }

    /// Treats all commands that wait as they are: with arguments of which nothing is known.
    fn give_up(&mut self) {
        for forward in std::mem::take(&mut self.forwards.waiting) {
            self.command_of(&forward, &forward.words.clone());
        }
    }

    /// Returns which words of a call `"$@"` may begin with: those that `shift` and `${@:2}` leave, and any, where
    /// one of those in front may be several words or none.
    fn starts(&self, function: Id, forward: &Forward, call: &[Rc<Kept>]) -> RangeInclusive<usize> {
        let offset = |kept: &Rc<Kept>| pack_offset(&kept.word);
        let offset = forward.words.iter().find_map(offset).unwrap_or_default();
        let shifts = self.shifts_of(function);
        let last = offset.saturating_add(shifts).min(call.len());
        match call[..last].iter().position(|kept| kept.word.may_be_many()) {
            Some(many) => many.min(offset)..=call.len(),
            None => offset.min(last)..=last,
        }
    }

    /// Looks at a command with `words` in place of `"$@"`.
    fn forward(&mut self, forward: &Forward, words: &[Rc<Kept>]) {
        let mut all = Vec::new();
        for kept in &forward.words {
            match pack_offset(&kept.word) {
                Some(_) => all.extend(words.iter().cloned()),
                None => all.push(kept.clone()),
            }
        }
        // No program's name is a number: it is an argument that `shift` takes away.
        let is_number = |kept: &Rc<Kept>| kept.word.literal().is_some_and(|it| it.parse::<u64>().is_ok());
        if all.first().is_some_and(is_number) {
            return;
        }
        self.command_of(forward, &all);
    }

    fn command_of(&mut self, forward: &Forward, words: &[Rc<Kept>]) {
        let words: Vec<Argument> = words.iter().map(|kept| kept.argument()).collect();
        if words.is_empty() {
            return;
        }
        self.arguments_here = NOWHERE;
        let scope = Scope {
            zero: forward.zero,
            arguments: forward.function,
            stdin: forward.stdin,
            out: forward.out,
            errors: forward.errors,
            documents: &[],
            is_outermost: false,
            // What is done to the arguments there was counted when the command was first met.
            level: usize::MAX,
        };
        let call = Call {
            words: &words,
            redirects: &forward.redirects,
            scope,
            environment: Environment::Kept,
            by: By::Script,
        };
        self.mention_files(call);
        let codes = std::mem::take(&mut self.code);
        let is_own = |word: &Argument| self.pack(word).is_some_and(|(function, _)| function == forward.function);
        if call.words.iter().any(is_own) || !self.waits(call) {
            self.call(call);
        }
        let own: Vec<usize> = forward.words.iter().flat_map(|kept| kept.word.holes()).collect();
        let made = std::mem::replace(&mut self.code, codes);
        self.keep_code(made, &own);
    }

    /// Returns the node of a function's arguments, if a word is all of them or the last of them.
    fn pack(&self, argument: &Argument) -> Option<(Id, usize)> {
        let offset = pack_offset(argument.word)?;
        let [function] = argument.sources()[..] else { return None };
        self.flow.is_arguments(function).then_some((function, offset))
    }

    /// Says whether a word is a list whose elements stand in the script.
    pub(super) fn has_elements(&self, argument: &Argument) -> bool {
        list_name(argument.word).is_some_and(|name| self.lists.contains_key(name)) && self.code_depth == 0
    }

    /// Says whether a word is a list whose elements stand in the script so that each value comes behind its option,
    /// whichever of them the list gets: then the command with them in place says all that there is to say.
    /// `is_valued` says which options take the next word for a value.
    pub(super) fn has_whole_elements(&self, argument: &Argument, is_valued: impl Fn(&Argument) -> bool) -> bool {
        let Some(name) = list_name(argument.word).filter(|name| !self.unlisted.contains(*name)) else { return false };
        let is_open = |word: &Word| is_valued(&Argument { word, parts: Vec::new(), feeds: Vec::new() });
        let is_whole = |words: &Vec<Word>| !words.iter().any(Word::may_be_many) && !words.last().is_some_and(is_open);
        let is_short =
            |all: &Vec<Vec<Word>>| all.len() + all.iter().flatten().take(ELEMENTS_MAX).count() <= ELEMENTS_MAX;
        let is_known = |all: &Vec<Vec<Word>>| is_short(all) && all.iter().all(is_whole);
        self.has_elements(argument) && self.lists.get(name).is_some_and(is_known)
    }

    /// Looks at a command with the elements of lists in place of `"${list[@]}"`, beside what holds for it anyway.
    pub(super) fn with_elements(&mut self, call: Call) {
        if !call.words.iter().any(|word| self.has_elements(word)) {
            return;
        }
        if !self.has_room_for(0) {
            return self.refuse(&call.sources(), TOO_LONG);
        }
        let mut words: Vec<Word> = Vec::new();
        for argument in call.words {
            match list_name(argument.word).and_then(|name| Some((name, self.lists.get(name)?))) {
                Some((name, elements)) => {
                    words.extend(elements.iter().flatten().map(|element| element_of(name, element)))
                }
                None => words.push(argument.word.clone()),
            }
        }
        let by_itself = |word: &Word| list_name(word).is_some();
        if words.is_empty() || words.iter().any(by_itself) {
            return;
        }
        if words.len() > EXPANSIONS_MAX || !self.has_room_for(words.len()) {
            return self.refuse(&call.sources(), TOO_LONG);
        }
        let codes = std::mem::take(&mut self.code);
        let simple: Vec<Word> = words.into_iter().map(without_commands).collect();
        let arguments = self.arguments(&simple, call.scope);
        self.call(Call { words: &arguments, redirects: &[], ..call });
        let made = std::mem::replace(&mut self.code, codes);
        self.keep_code(made, &[]);
    }

    /// Says whether as many words more may be looked at in place of others, and counts them.
    pub(super) fn has_room_for(&mut self, words: usize) -> bool {
        self.forwards.elements = self.forwards.elements.saturating_add(words);
        self.forwards.elements <= WORDS_MAX
    }

    /// Takes over what code for another shell has in place of its holes, where the code is the command's `own`.
    /// A word that is a call's or a list's is data to others too: it stays as it is, and its value must be plain.
    pub(super) fn keep_code(&mut self, made: HashMap<usize, String>, own: &[usize]) {
        for (hole, code) in made {
            let is_other = |code: &String, known: Option<&String>| known.is_some_and(|known| known != code);
            if own.contains(&hole) && !is_other(&code, self.code.get(&hole)) {
                self.code.insert(hole, code);
            } else {
                let hole = self.hole(hole);
                self.require(&[hole], Requirement::Plain);
            }
        }
    }
}

fn kept(arguments: &[Argument]) -> Vec<Rc<Kept>> {
    let keep = |argument: &Argument| {
        let Argument { word, parts, feeds } = argument;
        Rc::new(Kept { word: (*word).clone(), parts: parts.clone(), feeds: feeds.clone() })
    };
    arguments.iter().map(keep).collect()
}

/// Returns how many arguments are left out, if a word is `"$@"` (none), or `"${@:2}"` (one).
fn pack_offset(word: &Word) -> Option<usize> {
    let parameter = alone(word)?;
    let is_pack = parameter.name == "@" && parameter.quoted && !parameter.evaluates && parameter.operands.is_empty();
    match parameter.arithmetic.as_slice() {
        [] if is_pack && !parameter.length => Some(0),
        [from] if is_pack => from.literal()?.trim().parse::<usize>().ok()?.checked_sub(1),
        _ => None,
    }
}

/// Returns the name of the list, if a word is `"${name[@]}"`.
fn list_name(word: &Word) -> Option<&str> {
    let parameter = alone(word)?;
    let is_list =
        parameter.list && !parameter.keys && !parameter.names && !parameter.length && parameter.arithmetic.is_empty();
    (is_list && parameter.name != "@").then_some(parameter.name.as_str())
}

/// Returns the expansion that a word consists of.
pub(super) fn alone(word: &Word) -> Option<&Parameter> {
    let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
    let mut parts = word.parts.iter().filter(|part| !is_empty(part));
    match (parts.next(), parts.next()) {
        (Some(Part::Parameter(parameter)), None) => Some(parameter),
        _ => None,
    }
}

/// Returns an element, or the whole list in place of one that commands print.
fn element_of(list: &str, element: &Word) -> Word {
    let is_plain = |part: &Part| match part {
        Part::Parameter(parameter) => parameter.operands.is_empty() && parameter.arithmetic.is_empty(),
        part => matches!(part, Part::Text { .. } | Part::Hole { .. }),
    };
    if element.parts.iter().all(is_plain) && list_name(element).is_none() {
        return element.clone();
    }
    let whole = Parameter { name: list.to_owned(), quoted: true, ..Parameter::default() };
    Word { parts: vec![Part::Parameter(whole)] }
}

/// Returns a word without the commands in it, which were followed where they stand.
pub(super) fn without_commands(word: Word) -> Word {
    let replaced = |part| match part {
        Part::Substitution { .. } | Part::Arithmetic(_) => Part::Opaque,
        other => other,
    };
    Word { parts: word.parts.into_iter().map(replaced).collect() }
}
