//! Names that the script's own texts give to what is evaluated as a number: `f() { (( $1 > 0 )); }; f COUNT`,
//! `for n in A B; do echo $((n)); done`, `printf -v "$1" …` with `list[COUNT]`. Arithmetic evaluates the value of a
//! variable that it is given the name of, and what that value names again.

use super::super::alternatives::written_out;
use super::super::edit;
use super::super::flow::{Demand, Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::argument::Argument;
use super::later::Value;
use super::{Walker, test};
use std::collections::{HashMap, HashSet};

/// The longest name of a variable that is looked at.
const NAME_MAX: usize = 256;

/// What is known of the author's texts where names may be meant.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    /// The texts that are at a node, beside those that are kept because they may run.
    texts: HashMap<Id, Vec<String>>,
    /// Nodes whose text is the name of a variable, or of an element of an array: only its key is evaluated.
    names: Vec<Id>,
    /// Nodes whose text is put together of several, or has others put into it: `n="x$k"`, `${k/5/x}`, `tr 5 x`.
    glued: Vec<Id>,
    /// Names that are put together of two, in arithmetic: `n_$k`.
    joined: Vec<(String, String)>,
    /// Nodes whose texts are evaluated together with an operator that assigns.
    pub(super) counting: Vec<Id>,
}

impl Walker {
    /// Notes that the author's own text of a word is at a node.
    pub(super) fn spelled_at(&mut self, node: Id, word: &Word) {
        let texts: Vec<String> = match word.literal() {
            Some(text) => vec![text],
            None => word.texts().map(str::to_owned).collect(),
        };
        let texts = texts.into_iter().filter(|text| may_be_name(text));
        self.spelled.texts.entry(node).or_default().extend(texts);
        if word.literal().is_none() && word.parts.len() > 1 {
            self.spelled.glued.push(node);
        }
    }

    /// Notes that the author's own texts among the words that braces make of these are at a node.
    pub(super) fn all_written_out_at(&mut self, node: Id, words: &[Word]) {
        for word in words.iter().filter(|word| word.has_alternatives()) {
            written_out(std::slice::from_ref(word)).iter().for_each(|made| self.spelled_at(node, made));
        }
    }

    /// Notes that a text of the author's is put into what is at a node.
    pub(super) fn put_into(&mut self, node: Id, text: String) {
        if may_be_name(&text) {
            self.spelled.texts.entry(node).or_default().push(text);
            self.spelled.glued.push(node);
        }
    }

    /// Notes that a text is glued to what is at a node.
    pub(super) fn glued_at(&mut self, node: Id) {
        self.spelled.glued.push(node);
    }

    /// Returns what reaches a word, which is one text where several parts are put together.
    pub(super) fn glued(&mut self, argument: &Argument) -> Vec<Id> {
        if argument.word.parts.len() < 2 {
            return argument.sources();
        }
        let whole = self.flow.stream();
        self.flow.edges(&argument.sources(), whole);
        self.spelled_at(whole, argument.word);
        vec![whole]
    }

    /// Returns a node for a value into which `${name/pattern/by}` has put a text; `operand` is both.
    pub(super) fn replaced(&mut self, sources: &[Id], operand: &Word) -> Id {
        let replaced = self.flow.stream();
        self.flow.edges(sources, replaced);
        match operand.literal() {
            Some(text) => self.put_into(replaced, edit::put_in(&text).to_owned()),
            None => self.spelled_at(replaced, operand),
        }
        replaced
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

    /// Notes the variables that a text changes which is evaluated as a number: `e='f=5'; ((e))`, `n=f; let "$n=5"`.
    pub(super) fn settle_counted(&mut self) {
        let evaluated = self.settle_numbers();
        let together = self.flow.upstream_of_numbers(&self.spelled.counting);
        let named = self.texts_at(&together).flat_map(test::names_in);
        let assigning = self.texts_at(&evaluated).filter(|text| assigns(text)).flat_map(test::names_in);
        let changed: HashSet<String> = named.chain(assigning).collect();
        changed.iter().for_each(|name| self.gets(name, Value::Unknown));
    }

    /// Demands a number of each variable that a text names which is evaluated as one. To be called when all else is known.
    /// Returns the nodes whose texts are evaluated.
    pub(super) fn settle_numbers(&mut self) -> Vec<Id> {
        let mut named = HashSet::new();
        let names = self.flow.upstream(&self.spelled.names);
        let keys = self.texts_at(&names).filter_map(|text| Some(text.split_once('[')?.1));
        let keys: Vec<String> = keys.flat_map(test::names_in).collect();
        let of_keys = self.variables_of(keys, &mut named);
        let joined = self.spelled.joined.clone();
        let is_joined = |name: &str| joined.iter().any(|(first, second)| is_joined(name, first, second));
        let joined = self.flow.variables(is_joined);
        self.flow.demand(&[of_keys, joined].concat(), Demand::Require(Requirement::Integer), "");
        let mut open = self.flow.demanded(Demand::Require(Requirement::Integer));
        let mut seen = HashSet::new();
        while !open.is_empty() {
            let mut reaching = self.flow.upstream_of_numbers(&open);
            reaching.retain(|node| seen.insert(*node));
            let mut names: Vec<String> = self.texts_at(&reaching).flat_map(test::names_in).collect();
            names.extend(self.names_glued_at(&reaching));
            open = self.variables_of(names, &mut named);
            self.flow.demand(&open, Demand::Require(Requirement::Integer), "");
        }
        seen.into_iter().collect()
    }

    /// Returns the names of variables that may come of what is glued together at some nodes: of the author's texts and of
    /// digits, for a payload that gets there is a number.
    fn names_glued_at(&self, nodes: &[Id]) -> Vec<String> {
        let nodes: HashSet<Id> = nodes.iter().copied().collect();
        let glued: Vec<Id> = self.spelled.glued.iter().copied().filter(|node| nodes.contains(node)).collect();
        if glued.is_empty() {
            return Vec::new();
        }
        let reaching = self.flow.upstream_of_numbers(&glued);
        let texts = self.texts_at(&reaching).flat_map(|text| text.split(|letter| !test::is_name(letter)));
        let pieces: HashSet<&str> = texts.filter(|piece| may_be_name(piece)).collect();
        let variables = self.flow.variables(|name| is_made_of(name, &pieces));
        variables.into_iter().filter_map(|id| self.flow.name_of(id).map(str::to_owned)).collect()
    }

    fn texts_at<'a>(&'a self, nodes: &'a [Id]) -> impl Iterator<Item = &'a str> {
        let own = nodes.iter().filter_map(|node| self.spelled.texts.get(node)).flatten().map(String::as_str);
        own.chain(nodes.iter().flat_map(|node| self.texts_that_run(*node)))
    }

    /// Returns the variables by these names that the script has, but for those that were named before.
    fn variables_of(&self, names: Vec<String>, named: &mut HashSet<String>) -> Vec<Id> {
        let new = names.into_iter().filter(|name| named.insert(name.clone()));
        let known = |name: String| self.flow.known(&Node::Variable(name));
        new.flat_map(|name| {
            let whole = (name == test::GROUPS).then(|| known(test::MATCH.to_owned())).flatten();
            [known(name), whole]
        })
        .flatten()
        .collect()
    }
}

/// Says whether arithmetic may change a variable.
pub(super) fn assigns(text: &str) -> bool {
    text.contains('=') || text.contains("++") || text.contains("--")
}

fn may_be_name(text: &str) -> bool {
    text.contains(|it: char| it.is_ascii_alphabetic() || it == '_')
}

/// Says whether a name may be put together of some texts, as often as one likes, and of digits.
fn is_made_of(name: &str, pieces: &HashSet<&str>) -> bool {
    if !name.chars().all(test::is_name) || name.len() > NAME_MAX {
        return false;
    }
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for at in 0..name.len() {
        if reached[at] {
            reached[at + 1] |= name.as_bytes()[at].is_ascii_digit();
            for piece in pieces.iter().filter(|piece| name[at..].starts_with(**piece)) {
                reached[at + piece.len()] = true;
            }
        }
    }
    reached[name.len()]
}

/// Says whether a name may be put together of two, of which one is known.
fn is_joined(name: &str, first: &str, second: &str) -> bool {
    name.len() > first.len() && name.starts_with(first) || name.len() > second.len() && name.ends_with(second)
}
