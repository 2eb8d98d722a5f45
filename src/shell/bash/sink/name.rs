//! Names of files that a script makes of its variables: `> "$out"`, `tee "$1"`, `cp a "$dir/$name.txt"`.
//!
//! A name is known as far as the script itself gives the variables their texts. What is not known of it counts as
//! any text, so that `out/$name.txt` may be any file that ends so. A variable that nothing in the script sets, and
//! the name that `mktemp` makes, are none of the names that the script writes elsewhere.

use super::super::flow::{Id, Node};
use super::super::syntax::{Command, Parameter, Part, Script, Word};
use super::file::file_node;
use super::later::Value;
use super::{Scope, Walker};
use std::collections::HashSet;

/// The most names that a word is looked at for; with more, it counts as any name.
const NAMES_MAX: usize = 64;

/// The most variables that get their text from each other.
const DEPTH_MAX: usize = 6;

/// What stands for any text in a name.
const ANY: char = '*';

/// Names of files that are only known when the whole script was walked over.
#[derive(Default)]
pub(super) struct Names {
    open: Vec<Named>,
    done: HashSet<(Id, Id)>,
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
        let is_known = word.literal().is_some() && !word.has_alternatives();
        (!is_known).then(|| {
            let node = self.flow.stream();
            self.name_later(word, Does::Give(node));
            node
        })
    }

    fn name_later(&mut self, word: &Word, does: Does) {
        let is_process = word.parts.iter().any(Part::is_process);
        if !is_process && (word.literal().is_none() || word.has_alternatives()) {
            self.names.open.push(Named { word: word.clone(), arguments: self.arguments_here, does });
        }
    }

    /// Connects the files by the names that are known by now.
    pub(super) fn settle_names(&mut self) {
        for named in self.names.open.clone() {
            for name in self.names_of(&named.word, named.arguments, &[]) {
                let name = name.rsplit('/').next().unwrap_or_default();
                let any = if let Does::Get(_) = named.does { Node::UnknownFile } else { Node::AnyFile };
                let files = match name.chars().all(|it| it == ANY) {
                    true => vec![self.flow.id(any)],
                    false if name.contains(ANY) => self.flow.files(|file| matches(name, file)),
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
    pub(super) fn counted(&mut self, word: &Word) {
        let text: String = word.texts().collect();
        if !text.contains('=') && !text.contains("++") && !text.contains("--") {
            return;
        }
        for part in &word.parts {
            if let Part::Parameter(parameter) = part {
                self.gets(&parameter.name, Value::Unknown);
            }
        }
    }

    /// Notes where the walk is, for the names that stand there.
    pub(super) fn is_at(&mut self, scope: Scope) {
        self.arguments_here = scope.arguments;
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
