//! What a script says anywhere that changes how the rest of it is to be understood: what it defines, unsets and declares, and
//! which commands in it nobody follows.

use super::super::super::syntax::{Assignment, Command, Form, Part, RedirectKind, Script, Simple, Word};
use super::super::called::{in_shell, is_elsewhere, leads_oddly, may_be_another};
use super::super::errexit;
use super::super::pattern::{Case, Groups};
use super::{Bodies, DIVIDERS, Effects, SOURCING, Survey, UNFOLLOWED, may_be_option, named_by};
use std::collections::HashSet;

/// Commands beside which a value of `IFS` holds for what they read alone.
const READING: &[&str] = &["read", "mapfile", "readarray"];

/// The variable that says how deep calls of functions may be, a deeper one fails; and the end of its name, which a script may
/// put together.
const CALL_DEPTH: &str = "FUNCNEST";
const CALL_DEPTH_END: &str = "NEST";

/// The ends of the names of variables that change what commands mean.
const MEANINGS: &[&str] = &["ALIASES", "BASH_CMDS"];

impl Survey {
    pub(super) fn script<'a>(&mut self, script: &'a Script, bodies: &mut Bodies<'a>) {
        script.commands.iter().for_each(|command| self.command(command, bodies));
    }

    fn command<'a>(&mut self, command: &'a Command, bodies: &mut Bodies<'a>) {
        match command {
            Command::Simple(simple) => self.simple(simple, bodies),
            Command::Pipeline(commands) => commands.iter().for_each(|command| self.command(command, bodies)),
            Command::Compound(compound) => {
                let targets = compound.redirects.iter().map(|redirect| &redirect.target);
                let words = compound.words.iter().chain(&compound.test).chain(&compound.arithmetic);
                let turns = usize::from(matches!(compound.form, Form::While | Form::Until | Form::For));
                self.divides_oddly |= compound.variable.as_deref() == Some(DIVIDERS);
                self.fails_anywhere |= compound.variable.as_deref() == Some(CALL_DEPTH);
                self.depth += turns;
                self.words(words.chain(targets), bodies);
                compound.bodies.iter().for_each(|body| self.script(body, bodies));
                self.depth -= turns;
            }
            Command::Function { name, body } => {
                *self.defined.entry(name.clone()).or_default() += 1;
                bodies.push((name, body));
                self.depth += 1;
                self.command(body, bodies);
                self.depth -= 1;
            }
        }
    }

    pub(super) fn words<'a>(&mut self, words: impl Iterator<Item = &'a Word>, bodies: &mut Bodies<'a>) {
        for part in words.flat_map(|word| &word.parts) {
            let text = match part {
                Part::Text { text, .. } => text.as_str(),
                Part::Parameter(parameter) => parameter.name.as_str(),
                _ => "",
            };
            self.fails_anywhere |= text.contains(CALL_DEPTH_END);
            self.is_unfollowed |= MEANINGS.iter().any(|meaning| text.contains(meaning));
            match part {
                Part::Substitution { script, .. } => self.script(script, bodies),
                Part::Arithmetic(word) => self.words(std::iter::once(word), bodies),
                Part::Parameter(parameter) => {
                    let inner: Vec<&Word> = parameter.operands.iter().chain(&parameter.arithmetic).collect();
                    self.words(inner.into_iter(), bodies);
                }
                _ => {}
            }
        }
    }

    fn simple<'a>(&mut self, simple: &'a Simple, bodies: &mut Bodies<'a>) {
        let assignments = simple.assignments.iter().chain(&simple.declared);
        let values: Vec<&Word> = assignments.flat_map(|it| it.values.iter().chain(&it.subscripts)).collect();
        let targets = simple.redirects.iter().map(|redirect| &redirect.target);
        self.words(simple.words.iter().chain(targets).chain(values), bodies);
        let is_meaning = |it: &Assignment| matches!(&*it.name, "BASH_ALIASES" | "BASH_CMDS" | "BASH_COMPAT");
        self.is_unfollowed |= simple.assignments.iter().chain(&simple.declared).any(is_meaning);
        self.is_unfollowed |= leads_oddly(&simple.words);
        let sets_dividers = simple.assignments.iter().chain(&simple.declared).any(|it| it.name == DIVIDERS);
        let reads = simple.words.first().is_some_and(|name| READING.iter().any(|reading| name.has_text(reading)));
        let names_dividers = |word: &Word| word.texts().any(|text| text.contains(DIVIDERS));
        self.divides_oddly |= sets_dividers && !reads || simple.words.iter().any(names_dividers);
        self.fails_anywhere |= simple.assignments.iter().chain(&simple.declared).any(|it| it.name == CALL_DEPTH);
        self.goes_on |= errexit::may_be_undone(simple);
        self.note_named(simple);
        let Some((name, words)) = in_shell(simple).split_first() else { return };
        let texts: Vec<Option<String>> = words.iter().map(Word::literal).collect();
        let has_option = |letter: char| {
            let may_be =
                |it: &Option<String>| it.as_deref().is_none_or(|it| it.starts_with('-') && it.contains(letter));
            texts.iter().any(may_be)
        };
        self.is_unfollowed |= may_be_another(name);
        if may_end_groups(name, words) {
            self.groups = Groups::MayBeText;
        }
        let name = name.literal().unwrap_or_default();
        self.is_unfollowed |= match &*name {
            // It runs a command in the shell itself.
            "jobs" => has_option('x'),
            "trap" => {
                self.has_trap = true;
                !is_at_end(&texts)
            }
            "unset" => {
                words.iter().for_each(|word| named_by(word, &mut self.unset));
                self.unset.names.extend(texts.iter().flatten().cloned());
                has_option('f')
            }
            // A word such as `z=5` is no argument then.
            "set" => {
                let is_keyword = |it: &String| it == "keyword" || it.starts_with('-') && it.contains('k');
                let takes_keywords = texts.iter().flatten().any(is_keyword);
                self.takes_keywords |= takes_keywords;
                takes_keywords
            }
            // What is sent to a closed descriptor does not run.
            "exec" => simple.redirects.iter().any(|it| match it.target.literal() {
                Some(descriptor) => descriptor.ends_with('-'),
                None => matches!(it.kind, RedirectKind::Duplicate | RedirectKind::WriteOrDuplicate),
            }),
            "readonly" => words.iter().any(names_any),
            "shopt" => {
                let may_be = |it: &Option<String>| it.as_deref().is_none_or(|it| it == "nocasematch");
                if texts.iter().any(may_be) {
                    self.case = Case::Ignored;
                }
                self.fails_anywhere |= texts.iter().any(|it| it.as_deref().is_none_or(|it| it == "failglob"));
                texts.iter().flatten().any(|it| it.starts_with("compat")) || words.iter().any(Word::is_pattern)
            }
            "mapfile" | "readarray" => has_option('C'),
            name if SOURCING.contains(&name) => {
                self.has_source = true;
                self.depth > 0
            }
            name => UNFOLLOWED.contains(&name),
        };
        match &*name {
            "declare" | "typeset" | "local" => self.declares(words, &simple.declared),
            "readonly" => self.fixed.extend(names_in(words, &simple.declared)),
            _ => {}
        }
    }

    fn declares(&mut self, words: &[Word], declared: &[Assignment]) {
        let options = words.iter().map(Word::prefix).filter(|it| it.starts_with(['-', '+']));
        let letters: String = options.collect();
        self.is_unfollowed |= letters.contains(['n', 'g']) || words.iter().any(names_any);
        let names = names_in(words, declared);
        self.local.extend(names.iter().cloned());
        if letters.contains(['l', 'u', 'c']) {
            self.recased.extend(names.iter().cloned());
        }
        if letters.contains('i') {
            self.converted.extend(names.iter().cloned());
        }
        if letters.contains('r') {
            self.fixed.extend(names);
        }
    }
}

fn names_in(words: &[Word], declared: &[Assignment]) -> HashSet<String> {
    let mut named = Effects::default();
    words.iter().for_each(|word| named_by(word, &mut named));
    named.names.extend(declared.iter().map(|it| it.name.clone()));
    named.names
}

/// Says whether a word may name any variable, or several.
fn names_any(word: &Word) -> bool {
    let prefix = word.prefix();
    let name = prefix.split('=').next().unwrap_or_default();
    word.literal().is_none() && !prefix.contains('=') || word.has_alternatives() && name.contains('{')
}

/// Says whether a command may take extended patterns back: `shopt -u extglob`, or one that nobody knows.
fn may_end_groups(name: &Word, words: &[Word]) -> bool {
    match name.literal().filter(|_| !name.has_alternatives()).as_deref() {
        Some("shopt") => {
            let may_name = |word: &Word| word.has_alternatives() || word.literal().is_none_or(|it| it == "extglob");
            let may_unset = |word: &Word| may_be_option(word) && word.literal().is_none_or(|it| it.contains('u'));
            words.iter().any(may_name) && words.iter().any(may_unset)
        }
        Some(_) => false,
        None => !is_elsewhere(name),
    }
}

/// Says whether `trap` is told of the end of the script alone.
fn is_at_end(words: &[Option<String>]) -> bool {
    let words = words.iter().skip_while(|it| it.as_deref() == Some("--")).skip(1);
    words.into_iter().all(|signal| matches!(signal.as_deref(), Some("EXIT" | "0")))
}
