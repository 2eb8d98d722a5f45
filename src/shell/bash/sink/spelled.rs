//! Names that the script's own texts give to what is evaluated as a number: `f() { (( $1 > 0 )); }; f COUNT`,
//! `for n in A B; do echo $((n)); done`, `printf -v "$1" …` with `list[COUNT]`. Arithmetic evaluates the value of a
//! variable that it is given the name of, and what that value names again.

use super::super::flow::{Demand, Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::argument::Argument;
use super::{Walker, test};
use std::collections::{HashMap, HashSet};

/// What is known of the author's texts where names may be meant.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    /// The texts that are at a node, beside those that are kept because they may run.
    texts: HashMap<Id, Vec<String>>,
    /// Nodes whose text is the name of a variable, or of an element of an array: only its key is evaluated.
    names: Vec<Id>,
    /// Names that are put together of two, in arithmetic: `n_$k`.
    joined: Vec<(String, String)>,
}

impl Walker {
    /// Notes that the author's own text of a word is at a node.
    pub(super) fn spelled_at(&mut self, node: Id, word: &Word) {
        if let Some(text) =
            word.literal().filter(|text| text.contains(|it: char| it.is_ascii_alphabetic() || it == '_'))
        {
            self.spelled.texts.entry(node).or_default().push(text);
        }
    }

    /// Notes that the author's own texts among some words are at a node.
    pub(super) fn all_spelled_at(&mut self, node: Id, words: &[Argument]) {
        words.iter().for_each(|argument| self.spelled_at(node, argument.word));
    }

    /// Notes that a word is the name of a variable or of an element.
    pub(super) fn names_element(&mut self, name: &Argument) {
        self.subscript(&name.literal().unwrap_or_default());
        if name.word.prefix().contains('[') {
            self.evaluated(name);
        } else {
            self.spelled.names.extend(name.sources());
        }
    }

    /// Notes the names in arithmetic that are put together of others.
    pub(super) fn joins_names(&mut self, arithmetic: &Word) {
        for pair in arithmetic.parts.windows(2) {
            if let [Part::Parameter(first), Part::Parameter(second)] = pair {
                self.spelled.joined.push((first.name.clone(), second.name.clone()));
            }
        }
    }

    /// Demands a number of each variable that a text names which is evaluated as one. To be called when all else is known.
    pub(super) fn settle_numbers(&mut self) {
        let mut named = HashSet::new();
        let names = self.flow.upstream(&self.spelled.names);
        let keys = self.texts_at(&names).filter_map(|text| Some(text.split_once('[')?.1));
        let keys: Vec<String> = keys.flat_map(test::names_in).collect();
        let of_keys = self.variables_of(keys, &mut named);
        let joined = std::mem::take(&mut self.spelled.joined);
        let is_joined = |name: &str| joined.iter().any(|(first, second)| is_joined(name, first, second));
        let joined = self.flow.variables(is_joined);
        self.flow.demand(&[of_keys, joined].concat(), Demand::Require(Requirement::Integer), "");
        let mut open = self.flow.demanded(Demand::Require(Requirement::Integer));
        let mut seen = HashSet::new();
        while !open.is_empty() {
            let mut reaching = self.flow.upstream(&open);
            reaching.retain(|node| seen.insert(*node));
            let names: Vec<String> = self.texts_at(&reaching).flat_map(test::names_in).collect();
            open = self.variables_of(names, &mut named);
            self.flow.demand(&open, Demand::Require(Requirement::Integer), "");
        }
    }

    fn texts_at<'a>(&'a self, nodes: &'a [Id]) -> impl Iterator<Item = &'a str> {
        let own = nodes.iter().filter_map(|node| self.spelled.texts.get(node)).flatten().map(String::as_str);
        own.chain(nodes.iter().flat_map(|node| self.texts_that_run(*node)))
    }

    /// Returns the variables by these names that the script has, but for those that were named before.
    fn variables_of(&self, names: Vec<String>, named: &mut HashSet<String>) -> Vec<Id> {
        let new = names.into_iter().filter(|name| named.insert(name.clone()));
        new.filter_map(|name| self.flow.known(&Node::Variable(name))).collect()
    }
}

/// Says whether a name may be put together of two, of which one is known.
fn is_joined(name: &str, first: &str, second: &str) -> bool {
    name.len() > first.len() && name.starts_with(first) || name.len() > second.len() && name.ends_with(second)
}
