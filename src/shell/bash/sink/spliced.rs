//! Code that a script puts together with variables: `ssh host ./deploy.sh "$TAG"`, `bash -c "echo $TITLE"`.
//!
//! The code is read with a plain word in place of each variable, and what stands there is judged like any other
//! word: as the name of a command it is refused, as an argument it may stay. It must be plain then, because the
//! inner shell reads the value itself (security, "Scripts", first-order code). That is known only of a variable that
//! gets payload text as it is: where the script cuts it or writes something beside it, the text is refused.

use super::super::flow::{Demand, Id, Node};
use super::super::place::Place;
use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::later::{Value, as_it_is};
use super::{Scope, Walker};
use std::collections::HashSet;

/// Holes from this number on are no holes of the script, but words in place of its variables.
const FIRST: usize = usize::MAX / 2;

/// The node of no arguments at all.
pub(super) const NOWHERE: Id = Id::MAX;

/// Why text is refused in such code.
pub(super) const TOGETHER: &str = "a part of code that is put together when the script runs";

/// The words in place of variables in one piece of code.
#[derive(Debug)]
pub(super) struct Splice {
    variables: Vec<Variable>,
    /// How many holes stand in it too.
    holes: usize,
    /// All that reaches the code.
    sources: Vec<Id>,
}

#[derive(Debug)]
struct Variable {
    name: String,
    is_quoted: bool,
    node: Id,
    /// The script has made sure that it is plain.
    is_checked: bool,
}

/// Says whether a hole of code is a word in place of a variable.
pub(super) fn is_variable(hole: usize) -> bool {
    hole >= FIRST
}

impl Walker {
    /// Returns the node of a hole, or of a word in place of a variable.
    pub(super) fn hole(&mut self, hole: usize) -> Id {
        self.flow.id(if is_variable(hole) { Node::Spliced(hole) } else { Node::Hole(hole) })
    }

    /// Returns code with a word in place of each variable; nothing for code that gets something else too. `sources` is
    /// all that reaches it.
    pub(super) fn with_words(&mut self, code: &Word, sources: &[Id], scope: Scope) -> Option<Word> {
        let mut splice = Splice { variables: Vec::new(), holes: code.holes().count(), sources: sources.to_vec() };
        let mut parts = Vec::new();
        for part in &code.parts {
            parts.push(match part {
                Part::Text { .. } | Part::Hole { .. } => part.clone(),
                Part::Parameter(parameter) if as_it_is(parameter) && !parameter.list => {
                    let hole = FIRST + self.later.variables;
                    self.later.variables += 1;
                    let (name, node) = (parameter.name.clone(), self.hole(hole));
                    let mut value = self.value_here(&name, scope)?;
                    let mut is_checked = false;
                    if let Some(shape) = &parameter.checked {
                        value = self.flow.checked(&[value], shape);
                        is_checked = shape.meets(Requirement::Plain);
                    }
                    self.flow.edge(value, node);
                    splice.variables.push(Variable { name, is_quoted: parameter.quoted, node, is_checked });
                    Part::Hole { hole, place: Place::Word }
                }
                _ => return None,
            });
        }
        self.later.splices.push((splice, self.arguments_here));
        Some(Word { parts })
    }

    /// Returns the node of a variable, or of an argument of the function where the walk is.
    fn value_here(&mut self, name: &str, scope: Scope) -> Option<Id> {
        match name.parse() {
            Ok(number) if self.arguments_here != NOWHERE => {
                self.position(number, Scope { arguments: self.arguments_here, ..scope })
            }
            Ok(_) => None,
            Err(_) => Some(self.flow.id(Node::Variable(name.to_owned()))),
        }
    }

    /// Demands what such code needs of its variables, when the whole script was walked over.
    pub(super) fn settle_splices(&mut self, is_any_named: bool) {
        for (splice, arguments) in std::mem::take(&mut self.later.splices) {
            // An empty one would bring the next to its place.
            let is_alone = splice.variables.len() + splice.holes == 1;
            let is_known = |variable: &Variable| {
                let is_one_word = variable.is_quoted || !self.splits_oddly;
                let is_plain = (is_alone || self.is_always_set(&variable.name))
                    && self.is_plain_if_payload_is(&variable.name, arguments, &mut HashSet::new());
                is_one_word && (variable.is_checked || is_plain)
            };
            if is_any_named || !splice.variables.iter().all(is_known) {
                self.refuse(&splice.sources, TOGETHER);
            }
            let nodes: Vec<Id> = splice.variables.iter().map(|variable| variable.node).collect();
            self.flow.demand(&nodes, Demand::PlainAsIs, TOGETHER);
        }
    }

    /// Says whether a variable is never empty, if payload text is plain.
    fn is_always_set(&self, name: &str) -> bool {
        is_number(name) || self.seeded.contains(name) && self.later.values_of(name).is_none()
    }

    /// Says whether all that a variable gets is plain, if all payload text is.
    fn is_plain_if_payload_is(&self, name: &str, arguments: Id, seen: &mut HashSet<String>) -> bool {
        if let Ok(number) = name.parse() {
            let words = self.words_of_argument(arguments, number);
            // Which arguments a word of a call names is not kept.
            return words.is_some_and(|words| words.iter().all(|word| self.is_plain_word(word, NOWHERE, seen)));
        }
        if !seen.insert(name.to_owned()) {
            return true;
        }
        let Some(values) = self.later.values_of(name) else { return self.seeded.contains(name) };
        values.iter().all(|value| match value {
            Value::Text(text) => is_plain(text) && begins_plain(text),
            Value::Word(word, arguments) => self.is_plain_word(word, *arguments, seen),
            Value::Argument(arguments, number) => self.is_plain_if_payload_is(&number.to_string(), *arguments, seen),
            Value::Unknown => false,
        })
    }

    fn is_plain_word(&self, word: &Word, arguments: Id, seen: &mut HashSet<String>) -> bool {
        let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
        let parts: Vec<&Part> = word.parts.iter().filter(|part| !is_empty(part)).collect();
        let begins = parts.first().is_some_and(|first| match first {
            Part::Text { text, .. } => begins_plain(text),
            _ => true,
        });
        begins
            && parts.into_iter().all(|part| match part {
                Part::Text { text, .. } => is_plain(text),
                Part::Hole { .. } => true,
                Part::Parameter(parameter) => {
                    as_it_is(parameter)
                        && !parameter.list
                        && (parameter.quoted || !self.splits_oddly)
                        && self.is_plain_if_payload_is(&parameter.name, arguments, seen)
                }
                _ => false,
            })
    }
}

fn is_number(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|it| it.is_ascii_alphanumeric() || "_.+-".contains(it))
}

fn begins_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
}
