//! Names and options that a script takes from its variables and arguments: `printf -v "$1"`, `bash $option`.
//!
//! They are known only when the script runs. Where a variable gets nothing but texts that stand in the
//! script, one of these is meant. Anywhere else a name can be that of every variable, and an option any text
//! that the script gives to a variable or to a function of its own.

use super::super::flow::{Id, Node};
use super::super::syntax::{Parameter, Word};
use super::argument::Argument;
use super::spliced::Splice;
use super::{Scope, Walker, forward};
use crate::shell::obeyed::is_obeyed;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Why text is refused that a program with code of its own may run.
pub(super) const RUN_BY_CODE: &str = "given to a program that runs texts";

/// The most texts that are kept of what functions are given: far above what a person writes.
const TEXTS_MAX: usize = 10_000;

/// What is known, when the whole script was walked over, of the texts that a word may become.
#[derive(Default)]
pub(super) struct Later {
    /// What variables get.
    values: HashMap<String, Vec<Value>>,
    /// The texts that functions of the script are given.
    given: HashSet<String>,
    open: Vec<Open>,
    /// Code with variables in it, and the node of the arguments where it stands.
    pub(super) splices: Vec<(Splice, Id)>,
    /// How many variables stand in such code.
    pub(super) variables: usize,
    /// What the program that was met last may write to the files that its code names.
    pub(super) written_by_code: Option<Id>,
    /// What is written to `package.json`, and the texts that can only get into a field of it which describes the package.
    pub(super) packages: Vec<Id>,
    pub(super) descriptions: Vec<Id>,
    /// What is in files that programs obey, and in which text that is known may stand.
    pub(super) obeyed: Vec<Id>,
    /// A program does what is said in all documents of a folder.
    pub(super) obeys_folder: bool,
    /// Files that code may run, and what the same code writes to them.
    pub(super) files_of_code: Vec<(Vec<Id>, Option<Id>)>,
}

/// What a variable gets.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A text as it stands in the script.
    Text(String),
    /// What a word becomes, where these are the arguments.
    Word(Word, Id),
    /// The argument of this number, counted from 1, of the function with this node of its arguments.
    Argument(Id, usize),
    Unknown,
}

/// A word to look at when the whole script was walked over, and what it means then.
struct Open {
    word: Word,
    /// The node of the arguments where it stands.
    arguments: Id,
    meaning: Meaning,
}

enum Meaning {
    /// The name of a variable that gets what reaches these nodes.
    Name(Vec<Id>),
    /// The name of a variable that gets the attributes of these letters.
    Attributes(String),
    /// An option or another text, if the test holds for one of those that it may be.
    Text(Rc<dyn Fn(&str) -> bool>, Consequence),
}

/// What follows if a word can be the text that was tested for.
pub(super) enum Consequence {
    /// Some variable gets what reaches these nodes.
    Stores(Vec<Id>),
    /// What reaches these nodes is code.
    Refuses(Vec<Id>, String),
}

impl Walker {
    /// Notes what a variable gets.
    pub(super) fn gets(&mut self, variable: &str, value: Value) {
        self.later.values.entry(variable.to_owned()).or_default().push(value);
    }

    /// Notes that a variable gets what a word becomes.
    pub(super) fn gets_word(&mut self, variable: &str, word: &Word, scope: Scope) {
        let argument = || alone(word)?.name.parse().ok();
        let value = match (word.literal().filter(|_| !word.is_pattern()), argument()) {
            (Some(text), _) => Value::Text(text),
            (_, Some(number)) => Value::Argument(scope.arguments, number),
            _ => Value::Word(word.clone(), scope.arguments),
        };
        self.gets(variable, value);
    }

    /// Notes the texts that a function is given.
    pub(super) fn gives(&mut self, arguments: &[Argument]) {
        for text in arguments.iter().filter_map(Argument::literal) {
            if self.later.given.len() < TEXTS_MAX {
                self.later.given.insert(text);
            }
        }
    }

    /// Notes that a word is the name of a variable which gets what reaches `values`.
    pub(super) fn named_later(&mut self, word: &Word, values: &[Id], scope: Scope) {
        let meaning = Meaning::Name(values.to_vec());
        self.later.open.push(Open { word: word.clone(), arguments: scope.arguments, meaning });
    }

    /// Notes what follows if a word becomes an option: nothing, if it begins with text that is none.
    pub(super) fn option_later(
        &mut self,
        word: &Word,
        scope: Scope,
        is_option: impl Fn(&str) -> bool + 'static,
        consequence: Consequence,
    ) {
        let prefix = word.prefix();
        if word.literal().is_none() && (prefix.is_empty() || prefix.starts_with('-')) {
            self.text_later(word, scope, is_option, consequence);
        }
    }

    /// Notes what follows if a word becomes a text that meets a test.
    pub(super) fn text_later(
        &mut self,
        word: &Word,
        scope: Scope,
        is_it: impl Fn(&str) -> bool + 'static,
        consequence: Consequence,
    ) {
        let meaning = Meaning::Text(Rc::new(is_it), consequence);
        self.later.open.push(Open { word: word.clone(), arguments: scope.arguments, meaning });
    }

    /// Notes that the variable whose name a word is gets the attributes of these letters.
    pub(super) fn attributes_later(&mut self, name: Word, flags: &str, scope: Scope) {
        let meaning = Meaning::Attributes(flags.to_owned());
        self.later.open.push(Open { word: name, arguments: scope.arguments, meaning });
    }

    /// Notes that the variables whose names are known later get something, for the names of files that they make.
    pub(super) fn foresee_named(&mut self) {
        let mut names = HashSet::new();
        for open in self.later.open.iter().filter(|open| matches!(open.meaning, Meaning::Name(_))) {
            let texts = self.exact(open).unwrap_or_else(|| self.later.possible(&open.word));
            names.extend(texts.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned));
        }
        names.iter().for_each(|name| self.gets(name, Value::Unknown));
    }

    /// Looks at all words that were left, when nothing more will become known of them.
    pub(super) fn settle_later(&mut self) {
        let mut is_any_named = false;
        for open in std::mem::take(&mut self.later.open) {
            let exact = self.exact(&open);
            let texts = exact.clone().unwrap_or_else(|| self.later.possible(&open.word));
            let mut words = texts.iter().flat_map(|text| text.split_whitespace());
            match open.meaning {
                Meaning::Name(values) if exact.is_some() => words.for_each(|name| self.stored(name, &values)),
                Meaning::Attributes(flags) if exact.is_some() => words.for_each(|name| self.attributes(name, &flags)),
                Meaning::Attributes(_) => {
                    let any = self.flow.id(Node::AnyVariable);
                    self.refuse(
                        &[any],
                        "the value of a variable, any of which a declaration may make a number or a name",
                    );
                }
                Meaning::Text(is_option, _) if !words.any(|text| is_option(text)) => {}
                Meaning::Text(_, Consequence::Refuses(nodes, reason)) => self.refuse(&nodes, &reason),
                Meaning::Name(values) | Meaning::Text(_, Consequence::Stores(values)) => {
                    self.named_somehow(&values);
                    is_any_named = true;
                }
            }
        }
        self.settle_splices(is_any_named);
        for (files, own) in std::mem::take(&mut self.later.files_of_code) {
            let others = self.flow.reaching_beside(&files, own);
            self.refuse(&others, RUN_BY_CODE);
        }
        if is_any_named {
            self.every_variable_is_named();
        }
        let packages = std::mem::take(&mut self.later.packages);
        let others = self.flow.holes_beside(&packages, &self.later.descriptions);
        self.refuse(&others, "written to `package.json`, a file that is run or obeyed");
    }

    /// Returns the texts that a word becomes, if no others are possible.
    fn exact(&self, open: &Open) -> Option<Vec<String>> {
        let name = &alone(&open.word)?.name;
        let known = match name.parse() {
            Ok(number) => vec![Value::Argument(open.arguments, number)],
            Err(_) => self.later.values.get(name)?.clone(),
        };
        let mut texts = Vec::new();
        for value in known {
            match value {
                Value::Text(text) => texts.push(text),
                Value::Argument(function, number) => texts.extend(self.texts_of_argument(function, number)?),
                Value::Word(..) | Value::Unknown => return None,
            }
        }
        Some(texts)
    }

    /// Notes that a variable whose name is not known gets what reaches `values`.
    fn named_somehow(&mut self, values: &[Id]) {
        let named = self.flow.id(Node::Named);
        self.flow.edges(values, named);
    }

    fn every_variable_is_named(&mut self) {
        let named = self.flow.id(Node::Named);
        for variable in self.flow.variables(|_| true) {
            self.flow.edge(named, variable);
        }
        let any = self.flow.id(Node::AnyVariable);
        self.flow.edge(named, any);
        if self.later.texts().any(|text| text.split_whitespace().any(is_obeyed)) {
            self.refuse(
                &[named],
                "the value of a variable whose name the script takes from another, and that may be special",
            );
        }
    }
}

impl Later {
    /// Returns what a variable gets, if anything in the script gives it something.
    pub(super) fn values_of(&self, variable: &str) -> Option<&[Value]> {
        self.values.get(variable).map(Vec::as_slice)
    }

    /// Returns the texts that a word may become, as far as they stand in the script.
    fn possible(&self, word: &Word) -> Vec<String> {
        let prefix = word.prefix();
        self.texts().map(|text| format!("{prefix}{text}")).collect()
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        let assigned = self.values.values().flatten().filter_map(|value| match value {
            Value::Text(text) => Some(text),
            Value::Argument(..) | Value::Word(..) | Value::Unknown => None,
        });
        assigned.chain(&self.given)
    }
}

/// Returns the expansion that a word consists of, if nothing changes its value.
fn alone(word: &Word) -> Option<&Parameter> {
    forward::alone(word).filter(|parameter| as_it_is(parameter))
}

/// Says whether an expansion gives a variable's value and nothing else.
pub(super) fn as_it_is(parameter: &Parameter) -> bool {
    !parameter.evaluates
        && !parameter.length
        && !parameter.keys
        && !parameter.names
        && parameter.operands.is_empty()
        && parameter.arithmetic.is_empty()
}
