//! What is noted of a script before anything in it is called or split: functions, texts of variables, arrays, aliases.

use super::super::alternatives::written_out;
use super::super::syntax::{Command, Part, Script, Simple, Word};
use super::Walker;
use crate::shell::change::Change;

impl Walker {
    /// Notes the functions' names, the variables' texts, and whether `IFS` is set, before anything is called or split.
    pub(super) fn foresee(&mut self, script: &Script) {
        for command in &script.commands {
            self.foresee_command(command);
        }
    }

    fn foresee_command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.foresee_simple(simple),
            Command::Pipeline(commands) => commands.iter().for_each(|command| self.foresee_command(command)),
            Command::Compound(compound) => {
                if let Some(name) = &compound.variable {
                    let words = written_out(&compound.words);
                    self.texts.entry(name.clone()).or_default().extend(words.iter().filter_map(Word::literal));
                }
                compound.bodies.iter().for_each(|body| self.foresee(body));
            }
            Command::Function { name, body } => {
                self.functions.insert(name.clone());
                self.foresee_command(body);
            }
        }
    }

    pub(super) fn foresee_written(&mut self, simple: &Simple) {
        self.foresee_assignments(simple);
        self.foresee_aliases(simple);
        self.foresee_links(simple);
        self.foresee_aliases_of_git(simple);
        self.foresee_arrays(simple);
    }

    fn foresee_assignments(&mut self, simple: &Simple) {
        for assignment in simple.assignments.iter().chain(&simple.declared) {
            self.splits_oddly |= assignment.name == "IFS" && simple.words.is_empty();
            let divides_words = |word: &Word| word.literal().is_none_or(|text| text.contains(char::is_alphanumeric));
            if assignment.name == "IFS" && assignment.values.iter().any(divides_words) {
                self.split = Change::ANY;
            }
            if matches!(assignment.name.as_str(), "BASH_ALIASES" | "BASH_CMDS") {
                // A key is read as arithmetic is, in which a name is a variable's.
                let key = |part: &Part| match part {
                    Part::Text { text, .. } => text.clone(),
                    Part::Parameter(parameter) => parameter.name.clone(),
                    _ => String::new(),
                };
                for subscript in &assignment.subscripts {
                    let name = subscript.parts.iter().map(key).collect();
                    let meanings = assignment.values.iter().map(Word::literal);
                    self.aliases.entry(name).or_default().extend(meanings);
                }
            }
            let texts = assignment.values.iter().filter_map(Word::literal);
            self.texts.entry(assignment.name.clone()).or_default().extend(texts);
            if self.code_depth == 0 {
                let values =
                    if assignment.is_array { written_out(&assignment.values) } else { assignment.values.clone() };
                self.lists.entry(assignment.name.clone()).or_default().push(values);
            }
            if !assignment.subscripts.is_empty() || self.code_depth > 0 {
                self.unlisted.insert(assignment.name.clone());
            }
        }
    }

    /// Notes the arrays that a command makes: by its assignments, or as a word of a command that makes some.
    fn foresee_arrays(&mut self, simple: &Simple) {
        let assigned = simple.assignments.iter().chain(&simple.declared).filter(|assignment| assignment.is_array);
        self.arrays.extend(assigned.map(|assignment| assignment.name.clone()));
        let literals: Vec<String> = simple.words.iter().filter_map(Word::literal).collect();
        let has = |names: &[&str]| literals.iter().any(|word| names.contains(&word.as_str()));
        let is_option = |word: &String| word.starts_with('-') && word.contains(['a', 'A']);
        let may_make_some = has(&["read", "declare", "typeset", "local", "readonly", "export"]);
        let name = |word: &Word| word.prefix().split(['=', '+', '[']).next().map(str::to_owned);
        if has(&["mapfile", "readarray"]) || may_make_some && literals.iter().any(is_option) {
            self.arrays.extend(simple.words.iter().filter_map(name));
        }
        if has(&["mapfile", "readarray", "read", "printf", "unset"]) {
            self.unlisted.extend(simple.words.iter().filter_map(name));
        }
    }

    fn foresee_aliases(&mut self, simple: &Simple) {
        let [command, words @ ..] = simple.words.as_slice() else { return };
        for word in words.iter().filter(|_| command.has_text("alias")) {
            let prefix = word.prefix();
            let Some((name, _)) = prefix.split_once('=') else { continue };
            let value = word.literal().and_then(|text| Some(text.split_once('=')?.1.to_owned()));
            self.aliases.entry(name.to_owned()).or_default().push(value);
        }
    }
}
