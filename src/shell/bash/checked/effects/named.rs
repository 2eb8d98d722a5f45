//! Commands of the shell that a script names where they do not run: in `run() { "$@"; }; run readonly x` the command is
//! `"$@"`, and in `c=readonly; $c x` it is a variable's value.

use super::super::super::syntax::{Simple, Word};
use super::super::called::{in_shell, is_elsewhere};
use super::{RELIED_ON, Survey};

/// Commands whose effect is looked for where they stand, and that `"$@"` may run elsewhere.
const STEERING: &[&str] = &[
    "alias",
    "declare",
    "enable",
    "eval",
    "exec",
    "export",
    "mapfile",
    "printf",
    "read",
    "readarray",
    "readonly",
    "set",
    "shopt",
    "source",
    "trap",
    "typeset",
    "unset",
    ".",
];

impl Survey {
    /// Says whether a command that the script names elsewhere may change what others mean.
    pub(super) fn steers_by_name(&self) -> bool {
        let is_known_to_run = |name: &Option<String>| name.as_ref().is_none_or(|name| self.defined.contains_key(name));
        self.has_open_command && self.naming.iter().any(is_known_to_run)
    }

    /// Notes whether a command is one that the script names elsewhere, or names one.
    pub(super) fn note_named(&mut self, simple: &Simple) {
        let is_open = |name: &Word| name.literal().is_none() && !is_elsewhere(name);
        self.has_open_command |= in_shell(simple).first().is_some_and(is_open);
        let steers = |word: &Word| {
            let text = word.prefix();
            let first = text.split_whitespace().next().unwrap_or_default();
            STEERING.contains(&first) || RELIED_ON.contains(&first)
        };
        let mut values = simple.assignments.iter().chain(&simple.declared).flat_map(|it| &it.values);
        let names_element = |word: &&Word| {
            let text: String = word.texts().collect();
            let mut marks = text.match_indices('[').map(|(at, _)| &text[..at]);
            marks.any(|before| before.ends_with(|it: char| it.is_ascii_alphanumeric() || it == '_'))
        };
        self.has_elements_in_text |= values.clone().chain(&simple.words).any(|word| names_element(&word));
        if values.any(steers) {
            self.naming.insert(None);
        }
        if simple.words.iter().skip(1).any(steers) {
            self.naming.insert(simple.words[0].literal());
        }
    }
}
