//! Names of files that a script makes of its variables: `> "$out"`, `tee "$1"`, `cp a "$dir/$name.txt"`.
//!
//! A name is known as far as the script itself gives the variables their texts. What is not known of it counts as
//! any text, so that `out/$name.txt` may be any file that ends so. A variable that nothing in the script sets, and
//! the name that `mktemp` makes, are none of the names that the script writes elsewhere.

use super::super::flow::{Id, Node};
use super::super::syntax::{Command, Parameter, Part, Script, Word};
use super::argument::Argument;
use super::file::{RUN, file_node};
use super::later::{Value, as_it_is};
use super::spelled::assigns;
use super::test::names_in;
use super::{Scope, Walker};
use crate::shell::filename::base;
use crate::shell::listing::may_be_same;
use crate::shell::runner::Runner;
use std::collections::HashSet;

/// The most names that a word is looked at for; with more, it counts as any name.
const NAMES_MAX: usize = 64;

/// The most variables that get their text from each other.
const DEPTH_MAX: usize = 6;

/// The most comparisons of names with patterns: above it, a name of which a part is not known counts as any.
const COMPARISONS_MAX: usize = 10_000_000;

/// What stands for any text in a name.
const ANY: char = '*';

/// A name of which nothing is known.
const ANY_NAME: &str = "*";

/// Names of files that are only known when the whole script was walked over.
#[derive(Default)]
pub(super) struct Names {
    open: Vec<Named>,
    done: HashSet<(Id, Id)>,
    /// What earlier scripts left in files which the script may come by through a pattern or a list alone.
    pub(super) listed: HashSet<Id>,
    /// Names of files that are run.
    run: Vec<Word>,
    /// The programs that find files by themselves and run them, and patterns of files that they are told.
    pub(super) found: Vec<(String, &'static Runner)>,
    pub(super) patterns: Vec<String>,
    /// Names that programs are given which run files, and that may be those of folders, each with the program.
    pub(super) folders: Vec<(String, String)>,
    /// How many names were compared with patterns so far.
    compared: usize,
}

/// A file by a name that is known later, and what is done with it.
#[derive(Clone)]
struct Named {
    word: Word,
    /// The node of the arguments where it stands.
    arguments: Id,
    does: Does,
}

#[derive(Clone, Copy)]
enum Does {
    /// The file gets what reaches the node.
    Get(Id),
    /// The node gets what is in the file.
    Give(Id),
}

impl Walker {
    /// Notes that what reaches `source` is written to the file of a name that variables make.
    pub(super) fn gets_later(&mut self, word: &Word, source: Id) {
        self.name_later(word, Does::Get(source));
    }

    /// Returns what is in the file of a name that variables make.
    pub(super) fn gives_later(&mut self, word: &Word) -> Option<Id> {
        let is_known = word.literal().is_some() && !word.has_alternatives() && !word.is_pattern();
        (!is_known).then(|| {
            let node = self.flow.stream();
            self.name_later(word, Does::Give(node));
            node
        })
    }

    /// Returns what is in the files that a name with a pattern in it may mean, where all else of the name is known.
    pub(super) fn meant_by_pattern(&mut self, word: &Word) -> Option<Id> {
        let is_text = |value: &Value| match value {
            Value::Word(word, _) => word.literal().is_some(),
            value => matches!(value, Value::Text(_)),
        };
        let is_written = |part: &Part| match part {
            Part::Text { text, .. } => !text.contains("{}"),
            Part::Parameter(parameter) => {
                self.later.values_of(&parameter.name).is_some_and(|values| values.iter().all(is_text))
            }
            _ => false,
        };
        word.parts.iter().all(is_written).then(|| self.gives_later(word)).flatten()
    }

    /// Notes that a file is run by a name that is known only when the script runs.
    pub(super) fn run_later(&mut self, word: &Word) {
        self.names.run.push(word.clone());
    }

    /// Refuses text in the files that the script may run by names which are known only when it runs: in any, but if the
    /// name is that of a variable which nothing in the script sets, no pattern and no list gives it.
    pub(super) fn settle_runs(&mut self) {
        let run = std::mem::take(&mut self.names.run);
        if run.is_empty() {
            return;
        }
        let any = self.flow.id(Node::AnyFile);
        let mut files = self.flow.reaching_beside(&[any], None);
        if run.iter().all(|word| self.is_unset(word)) {
            files.retain(|file| !self.names.listed.contains(file));
        }
        self.refuse(&files, RUN);
    }

    /// Says whether a word is put together of variables that nothing in the script sets.
    fn is_unset(&self, word: &Word) -> bool {
        let is_open = |part: &Part| match part {
            Part::Text { .. } => !part.is_pattern(),
            Part::Parameter(parameter) => {
                let is_name = parameter.name.starts_with(|first: char| first.is_ascii_alphabetic());
                is_name && as_it_is(parameter) && self.later.values_of(&parameter.name).is_none()
            }
            _ => false,
        };
        word.literal().is_none() && word.parts.iter().all(is_open)
    }

    fn name_later(&mut self, word: &Word, does: Does) {
        let is_process = word.parts.iter().any(Part::is_process);
        if !is_process && (word.literal().is_none() || word.has_alternatives() || word.is_pattern()) {
            self.names.open.push(Named { word: word.clone(), arguments: self.arguments_here, does });
        }
    }

    /// Connects the files by the names that are known by now.
    pub(super) fn settle_names(&mut self) {
        if self.names.open.is_empty() {
            return;
        }
        self.settle_counted();
        self.foresee_named();
        for named in self.names.open.clone() {
            for name in self.names_of(&named.word, named.arguments, &[]) {
                let name = base(&name);
                let is_compared = name.contains(ANY) && name.chars().any(|it| it != ANY);
                self.names.compared += usize::from(is_compared) * self.flow.len();
                let name = if is_compared && self.names.compared > COMPARISONS_MAX { ANY_NAME } else { name };
                let any = if let Does::Get(_) = named.does { Node::UnknownFile } else { Node::AnyFile };
                let files = match name.chars().all(|it| it == ANY) {
                    true => {
                        let told = matches!(named.does, Does::Get(_)) && self.writes.insert(name.to_owned());
                        let known = told.then(|| self.flow.id(file_node(name)));
                        known.into_iter().chain([self.flow.id(any)]).collect()
                    }
                    false if name.contains(ANY) => {
                        let is_open = |file: &str| file.contains([ANY, '$']) && may_be_same(name, file);
                        match named.does {
                            Does::Get(_) => {
                                self.writes.insert(name.to_owned());
                                let mut files = self.flow.files(|file| matches(name, file));
                                files.push(self.flow.id(file_node(name)));
                                files
                            }
                            Does::Give(_) => self.flow.files(|file| matches(name, file) || is_open(file)),
                        }
                    }
                    false => {
                        if let Does::Get(_) = named.does {
                            self.writes.insert(name.to_owned());
                        }
                        vec![self.flow.id(file_node(name))]
                    }
                };
                for file in files {
                    let (from, to) = match named.does {
                        Does::Get(source) => (source, file),
                        Does::Give(node) => (file, node),
                    };
                    if self.names.done.insert((from, to)) {
                        self.flow.edge(from, to);
                    }
                }
            }
        }
    }

    /// Returns the names that a word may be, those alone of which all is known by now.
    pub(super) fn known_names(&self, word: &Word) -> Vec<String> {
        let mut names = self.names_of(word, self.arguments_here, &[]);
        names.retain(|name| !name.contains([ANY, '$']));
        names
    }

    /// Returns the texts that a name may be, with [`ANY`] for what is not known; of a path, the last part alone
    /// where the author wrote the `/` in front of it.
    fn names_of(&self, word: &Word, arguments: Id, inside: &[&str]) -> Vec<String> {
        let is_path = |part: &Part| matches!(part, Part::Text { text, .. } if text.contains('/'));
        let start = word.parts.iter().rposition(is_path).unwrap_or_default();
        let mut names = vec![String::new()];
        for part in &word.parts[start..] {
            let texts = self.texts_of_part(part, arguments, inside);
            if names.len() * texts.len() > NAMES_MAX {
                return vec![ANY.to_string()];
            }
            names = names.iter().flat_map(|name| texts.iter().map(move |text| format!("{name}{text}"))).collect();
        }
        names
    }

    /// Returns the texts of a part, where the text of the variables `inside` is asked for.
    fn texts_of_part(&self, part: &Part, arguments: Id, inside: &[&str]) -> Vec<String> {
        match part {
            Part::Text { text, quoted: true } => vec![text.clone()],
            Part::Text { text, quoted: false } => vec![with_any(text)],
            Part::Parameter(parameter) if inside.len() < DEPTH_MAX => {
                self.texts_of_parameter(parameter, arguments, inside)
            }
            // The name of a new file.
            Part::Substitution { script, .. } if is_mktemp(script) => vec!["${mktemp}".to_owned()],
            _ => vec![ANY.to_string()],
        }
    }

    fn texts_of_parameter(&self, parameter: &Parameter, arguments: Id, inside: &[&str]) -> Vec<String> {
        let is_plain = parameter.arithmetic.is_empty()
            && !parameter.evaluates
            && !parameter.list
            && !parameter.keys
            && !parameter.names;
        let is_known = is_plain && (parameter.operands.is_empty() || parameter.falls_back);
        let first = parameter.name.chars().next().unwrap_or(ANY);
        if !is_known || matches!(first, '@' | '*' | '0' | '_') && parameter.name.len() == 1 {
            return vec![ANY.to_string()];
        }
        let is_itself = inside.contains(&parameter.name.as_str());
        if is_itself && !parameter.falls_back {
            return vec![ANY.to_string()];
        }
        let further: Vec<&str> = inside.iter().copied().chain([parameter.name.as_str()]).collect();
        let mut texts = match (parameter.name.parse(), self.later.values_of(&parameter.name)) {
            (Ok(number), _) => self.texts_of(&Value::Argument(arguments, number), &further),
            (Err(_), Some(values)) if !is_itself => {
                values.iter().flat_map(|value| self.texts_of(value, &further)).collect()
            }
            // What it is before the script sets it, if it does.
            (Err(_), _) => vec![format!("${{{}}}", parameter.name)],
        };
        texts.extend(parameter.operands.iter().flat_map(|word| self.names_of(word, arguments, &further)));
        texts
    }

    fn texts_of(&self, value: &Value, inside: &[&str]) -> Vec<String> {
        match value {
            Value::Text(text) => vec![text.clone()],
            Value::Word(word, arguments) => self.names_of(word, *arguments, inside),
            Value::Argument(function, number) => {
                self.texts_of_argument(*function, *number).unwrap_or_else(|| vec![ANY.to_string()])
            }
            Value::Unknown => vec![ANY.to_string()],
        }
    }

    /// Notes that arithmetic may change the variables that it names.
    pub(super) fn counted(&mut self, argument: &Argument) {
        let text: String = argument.word.texts().collect();
        if !assigns(&text) {
            return;
        }
        for part in &argument.word.parts {
            match part {
                Part::Parameter(parameter) => self.gets(&parameter.name, Value::Unknown),
                Part::Text { text, .. } => names_in(text).iter().for_each(|name| self.gets(name, Value::Unknown)),
                _ => {}
            }
        }
        // `$name = 5` changes the variable whose name is in another one.
        self.spelled.counting.extend(argument.sources());
    }

    /// Notes where the walk is, for the names that stand there.
    pub(super) fn is_at(&mut self, scope: Scope) {
        self.arguments_here = scope.arguments;
        self.has_arguments(scope);
    }
}

/// Returns a text in which everything that the shell makes other texts of is [`ANY`].
fn with_any(text: &str) -> String {
    let mut open = 0_usize;
    let mut with = String::new();
    for letter in text.chars() {
        match letter {
            '{' | '[' => open += 1,
            '}' | ']' => {
                open = open.saturating_sub(1);
                with.push(ANY);
            }
            '?' => with.push(ANY),
            other if open == 0 => with.push(other),
            _ => {}
        }
    }
    if open > 0 { ANY.to_string() } else { with }
}

/// Says whether a text is what a pattern with [`ANY`] means.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = "";
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        last = part;
    }
    rest.is_empty() || text.len() >= first.len() + last.len() && text.ends_with(last)
}

fn is_mktemp(script: &Script) -> bool {
    match script.commands.as_slice() {
        [Command::Simple(simple)] => simple.words.first().and_then(Word::literal).is_some_and(|name| name == "mktemp"),
        _ => false,
    }
}
