//! `set -e`: a test that stands alone ends the script where it fails, `set -e; [[ $n =~ ^[0-9]+$ ]]; echo $((n))`.
//!
//! That holds from an outermost `set -e` on, if nothing in the script may undo it, and not where bash does not heed it: in
//! a condition, behind `!`, in a list with `&&` or `||`, in the background, in a pipeline and in a shell of its own (manual
//! of bash, "The Set Builtin"). In a function it depends on where that is called, so nothing is believed there. Only a test
//! itself is believed: a group whose last command failed unheeded fails as well, and the script goes on.

use super::super::syntax::{Behind, Command, Form, Script, Simple, Word};
use super::called::{in_shell, is_elsewhere};
use super::{Place, State, Walker};

/// The command that sets the shell's options.
pub(super) const SET: &str = "set";

/// The option by its name.
const ERREXIT: &str = "errexit";

/// The letters of options that `set` knows. One that it does not know makes it fail.
const LETTERS: &str = "abefhkmnoptuvxBCEHPT";

/// The names of options that may be set with it.
const NAMES: &[&str] =
    &[ERREXIT, "allexport", "errtrace", "functrace", "noclobber", "noglob", "nounset", "pipefail", "verbose", "xtrace"];

/// How often functions that are defined one after another are walked over: each may rely on those behind it.
const ROUNDS_MAX: usize = 4;

/// What a command does to `set -e`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Nothing,
    Begins,
    MayUndo,
}

/// Says whether a command may undo `set -e`.
pub(super) fn may_be_undone(simple: &Simple) -> bool {
    does(simple) == Does::MayUndo
}

fn does(simple: &Simple) -> Does {
    let Some((name, words)) = in_shell(simple).split_first() else { return Does::Nothing };
    match name.literal().filter(|_| !name.has_alternatives()).as_deref() {
        None if is_elsewhere(name) => Does::Nothing,
        None => Does::MayUndo,
        Some(SET) => set(words),
        Some("shopt") => {
            let may_name = |word: &Word| word.has_alternatives() || word.literal().is_none_or(|it| it == ERREXIT);
            if words.iter().any(may_name) { Does::MayUndo } else { Does::Nothing }
        }
        Some(_) => Does::Nothing,
    }
}

/// Returns what `set` does with these words.
fn set(words: &[Word]) -> Does {
    let (mut begins, mut is_known) = (false, true);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(text) = word.literal().filter(|_| !word.has_alternatives() && !word.is_pattern()) else {
            return Does::MayUndo;
        };
        let Some((is_on, letters)) =
            text.strip_prefix('-').map(|it| (true, it)).or(text.strip_prefix('+').map(|it| (false, it)))
        else {
            break;
        };
        if text == "-" || text == "--" {
            break;
        }
        // Behind a lone `+` bash reads on.
        if letters.is_empty() {
            return Does::MayUndo;
        }
        let mut names_errexit = letters.contains('e');
        is_known &= letters.chars().all(|letter| LETTERS.contains(letter)) && letters.matches('o').count() < 2;
        if letters.contains('o') {
            let name = words.next().and_then(Word::literal).unwrap_or_default();
            names_errexit |= name == ERREXIT;
            is_known &= NAMES.contains(&&*name);
        }
        if names_errexit && !is_on || !is_known {
            return Does::MayUndo;
        }
        begins |= names_errexit;
    }
    if begins { Does::Begins } else { Does::Nothing }
}

impl Place {
    /// Returns the place where a failure is not heeded.
    pub(super) fn as_condition(self) -> Self {
        Self { is_heeded: false, ..self }
    }
}

impl Walker<'_> {
    /// Notes that the script ends from here on where a test fails, if a command says so.
    pub(super) fn may_begin_to_exit(&mut self, command: &Command, place: Place) {
        let Command::Simple(simple) = command else { return };
        let is_plain = simple.redirects.is_empty() && simple.assignments.is_empty();
        // A command in front of it on its line may fail: then it does not run.
        let is_reached = place.is_outermost && place.is_heeded && self.fails.is_none();
        self.exits |= is_reached && is_plain && !self.survey.goes_on && does(simple) == Does::Begins;
    }

    /// Says whether the script ends where a command fails that stands alone.
    pub(super) fn exits_by(&self, command: &Command, place: Place) -> bool {
        let is_test = match command {
            Command::Compound(compound) => compound.form == Form::Test,
            Command::Simple(simple) => {
                simple.words.first().is_some_and(|name| ["[", "test"].iter().any(|test| name.has_text(test)))
            }
            Command::Pipeline(_) | Command::Function { .. } => false,
        };
        is_test && self.exits && place.is_heeded
    }

    /// Walks over functions that are defined one after another, from the command `start` on: whichever is called later, all
    /// of them are known by then, `check() { … || die; }; die() { …; exit 1; }`.
    pub(super) fn define_together(&mut self, script: &mut Script, start: usize, state: &State, place: Place) {
        let is_definition = |script: &Script, at: usize| {
            let is_alone = script.joints[at].behind == Behind::End && !script.joints[at].is_negated;
            is_alone && matches!(script.commands[at], Command::Function { .. })
        };
        // What a trap runs may come between them.
        let is_apart = !place.is_outermost || self.survey.has_trap || self.fails.is_some();
        if is_apart || start > 0 && is_definition(script, start - 1) {
            return;
        }
        let count = (start..script.commands.len()).take_while(|at| is_definition(script, *at)).count();
        let mut known = usize::MAX;
        for _ in 0..ROUNDS_MAX {
            if count < 2 || known == self.ending.len() {
                return;
            }
            known = self.ending.len();
            for at in start..start + count {
                self.list(script, at..at + 1, state.clone(), place);
            }
        }
    }
}
