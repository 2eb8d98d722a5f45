//! Dictionaries and lists of the author's own words among which payload text chooses: `COMMANDS[title]` is one of the
//! author's, whatever the title is.
//!
//! Nothing may change such a dictionary, and all that it has are literals. None of those is a single character: of a table
//! of characters a loop makes any text again. For the same reason what is chosen is counted as payload text where
//! it is added to something.

use super::facts::Binding;
use super::lexer::Token;
use super::line::{assigned, names, split};
use super::sink::Judge;
use super::tree::{Argument, Expr, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// The method that returns an entry, or what stands behind the key.
const GETTING: &str = "get";

/// Functions and methods that read what they are given.
const READING: &[&str] =
    &["len", "sorted", "list", "set", "tuple", "print", "str", "repr", "join", "dumps", "bool", "any", "all"];

/// Words that give something to the name behind them, or take it away.
const GIVING: &[&str] = &["as", "del", "global", "nonlocal", "import", "for"];

/// Names by which a statement adds to something, or does something for each of several.
const ADDING: &[&str] = &[
    "for",
    "while",
    "append",
    "appendleft",
    "extend",
    "extendleft",
    "insert",
    "add",
    "write",
    "writelines",
    "join",
    "push",
    "put",
    "put_nowait",
    "setdefault",
    "update",
    "map",
    "reduce",
    "accumulate",
    "starmap",
    "filter",
    "send",
    "yield",
    "partial",
    "lambda",
];

impl Judge<'_> {
    /// Notes the names of dictionaries and lists that have nothing but the author's words.
    pub(super) fn learn_tables(&mut self, statements: &[Statement], tokens: &[&[Token]]) {
        let mut flat: BTreeMap<&str, bool> = BTreeMap::new();
        for statement in statements {
            let Statement::Assign(targets, value) = statement else { continue };
            let [Expr::Name(name)] = targets.as_slice() else { continue };
            let is_table = matches!(value, Expr::Dict(_) | Expr::List(_)) && are_words(value);
            let is_record = matches!(value, Expr::Dict(entries) if are_named_apart(entries));
            if (is_table || is_record) && self.is_bound_once(name) {
                let has_objects = value.parts().into_iter().any(|it| !matches!(it, Expr::Text(_) | Expr::Constant));
                flat.insert(name, !has_objects);
                let known = if is_table { &mut self.tables } else { &mut self.records };
                known.insert(name.clone());
            }
        }
        for statement in tokens {
            let assigned = assigned(statement);
            for (at, token) in statement.iter().enumerate() {
                let Token::Name(name) = token else { continue };
                let Some(is_flat) = flat.get(name.as_str()) else { continue };
                if !is_only_read(statement, at, assigned[at], *is_flat) {
                    self.tables.remove(name);
                    self.records.remove(name);
                }
            }
        }
    }

    /// Says whether a name stands for one value in all of the script, which is not changed in a way that is seen.
    fn is_bound_once(&self, name: &str) -> bool {
        let is_taken = self.functions.values().flatten().any(|parameter| parameter == name);
        let is_other = is_taken
            || self.facts.is_function(name)
            || self.classes.contains(name)
            || self.imported.contains(name)
            || self.imported.contains("*")
            || self.bound.contains(name)
            || self.anywhere.contains(name)
            || self.renames();
        !is_other && matches!(self.facts.bindings(name), [Binding::Value(_)]) && self.facts.added(name).is_empty()
    }

    /// Says whether a name stands for a dictionary or list of the author's words, into which nothing else gets.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.tables.contains(name) && !self.tainted.contains_key(name) && !self.is_reached(name)
    }

    /// Says whether something is put into the object of a name, by that or another name of it.
    fn is_reached(&self, name: &str) -> bool {
        self.altered.contains_key(name)
            || self.elsewhere.contains(name)
            || self.shared.iter().any(|(one, other)| other == name && one != other && self.altered.contains_key(one))
    }

    /// Returns an entry of a dictionary that the author wrote, if it is a literal, whatever the others are.
    fn literal_entry(&self, name: &str, key: &str) -> Option<&Expr> {
        if !self.records.contains(name) || self.is_reached(name) {
            return None;
        }
        let [Binding::Value(Expr::Dict(entries))] = self.facts.bindings(name) else { return None };
        let is_one = |entry: &&(Option<Expr>, Expr)| entry.0.as_ref().and_then(Expr::text).as_deref() == Some(key);
        entries.iter().find(is_one).map(|(_, value)| value).filter(|value| {
            // A literal may be the name of a variable.
            value.text().is_some_and(|text| self.variable(&text).is_none()) || **value == Expr::Constant
        })
    }

    /// Returns what an expression is made of that chooses among the author's words: what `get` returns where there is no
    /// such entry; nothing if it is no choice.
    pub(super) fn chosen<'e>(&self, expression: &'e Expr) -> Option<&'e [Argument]> {
        let is_table = |owner: &Expr| matches!(owner, Expr::Name(name) if self.is_table(name));
        match expression {
            Expr::Item(owner, key) => {
                let is_literal = || match (&**owner, key.text()) {
                    (Expr::Name(name), Some(key)) => self.literal_entry(name, &key).is_some(),
                    _ => false,
                };
                (is_table(owner) || is_literal()).then_some(&[])
            }
            Expr::Call(callee, arguments) => match &**callee {
                Expr::Member(owner, method) if method == GETTING && is_table(owner) && is_key(arguments.first()) => {
                    Some(&arguments[1..])
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the texts that such a choice may be; nothing if it is none.
    pub(super) fn chosen_texts(&self, expression: &Expr, depth: usize) -> Option<Vec<String>> {
        let otherwise = self.chosen(expression)?.iter().flat_map(|it| self.texts(&it.value, depth + 1));
        let owner = match expression {
            Expr::Item(owner, _) => owner,
            Expr::Call(callee, _) => match &**callee {
                Expr::Member(owner, _) => owner,
                _ => return None,
            },
            _ => return None,
        };
        let mut texts: Vec<String> = Vec::new();
        for binding in self.facts.bindings(owner.last_name()?) {
            if let Binding::Value(value) = binding {
                value.walk(&mut |inner| texts.extend(inner.text()));
            }
        }
        texts.extend(otherwise);
        Some(texts)
    }

    /// Returns where the choice among the author's words ends that begins at an index of a statement: the key is not in what is
    /// chosen.
    pub(super) fn choice(&self, tokens: &[Token], at: usize) -> Option<usize> {
        let Some(Token::Name(name)) = tokens.get(at) else { return None };
        if at > 0 && tokens[at - 1] == Token::Other('.') {
            return None;
        }
        let end = match &tokens[at + 1..] {
            [Token::Other('['), Token::Text(key, holes), Token::Other(']'), ..]
                if holes.is_empty() && self.literal_entry(name, key).is_some() =>
            {
                return Some(at + 4);
            }
            [Token::Other('['), ..] if self.is_table(name) => self.end_of_plain_call(tokens, at + 1)?,
            [Token::Other('.'), Token::Name(method), Token::Other('('), given @ ..]
                if method == GETTING && self.is_table(name) && given.first() != Some(&Token::Other('*')) =>
            {
                self.end_of_plain_call(tokens, at + 3)?;
                at + 4 + split(given)[0].len()
            }
            _ => return None,
        };
        (!adds(tokens)).then_some(end)
    }

    /// Says whether a name is that of such a dictionary or list, or of one that has literals.
    pub(super) fn may_choose(&self, name: &str) -> bool {
        self.tables.contains(name) || self.records.contains(name)
    }
}

/// Says whether the name at an index of a statement is that of what gets its only value there, or is read in a form that
/// hands the object to nobody. `is_flat` says whether nothing in it can be changed.
fn is_only_read(statement: &[Token], at: usize, is_assigned: bool, is_flat: bool) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| &statement[at]);
    let is_word = |token: Option<&Token>, words: &[&str]| matches!(token, Some(Token::Name(name)) if words.contains(&name.as_str()));
    if at == 0 && matches!(statement.get(1), Some(Token::Other('=' | ':'))) {
        return true;
    }
    // What stands right behind `in` is looked through.
    if is_word(before(1), &["in"]) && !matches!(statement.get(at + 1), Some(Token::Other('[' | '.'))) {
        return is_flat;
    }
    if is_assigned || before(1) == Some(&Token::Other('.')) || is_word(before(1), GIVING) {
        return false;
    }
    match &statement[at + 1..] {
        [Token::Other('['), ..] => true,
        [Token::Other('.'), Token::Name(method), Token::Other('('), ..] => {
            method == GETTING || method == "keys" || is_flat && matches!(method.as_str(), "items" | "values")
        }
        _ => is_flat && before(1) == Some(&Token::Other('(')) && is_word(before(2), READING),
    }
}

/// Says whether a statement adds what it has to something, or makes a name of itself.
fn adds(tokens: &[Token]) -> bool {
    adds_beside(tokens, &[])
}

/// As [`adds`], but for some of the words by which a statement may do so.
pub(super) fn adds_beside(tokens: &[Token], others: &[&str]) -> bool {
    let is_added = |pair: &[Token]| matches!(pair, [Token::Other('+' | '|' | '*' | '%' | '/'), Token::Other('=')]);
    // Of a loop that is among them every name is given something in front of `in`.
    let assigned = if others.is_empty() { assigned(tokens) } else { vec![false; tokens.len()] };
    let given: BTreeSet<&str> = names_where(tokens, |at| assigned[at]).collect();
    let is_of_itself = names_where(tokens, |at| !assigned[at]).any(|name| given.contains(name));
    names(tokens).any(|name| ADDING.contains(&name) && !others.contains(&name))
        || tokens.windows(2).any(is_added)
        || is_of_itself
}

fn names_where(tokens: &[Token], is_one: impl Fn(usize) -> bool) -> impl Iterator<Item = &str> {
    tokens.iter().enumerate().filter_map(move |(at, token)| match token {
        Token::Name(name) if is_one(at) => Some(name.as_str()),
        _ => None,
    })
}

/// Says whether an expression is made of literals of the author's alone, none of which is a single character.
pub(super) fn are_words(value: &Expr) -> bool {
    match value {
        Expr::Constant => true,
        Expr::Text(_) => value.text().is_some_and(|text| text.chars().count() != 1),
        Expr::Name(name) => matches!(name.as_str(), "None" | "True" | "False"),
        Expr::List(items) => items.iter().all(are_words),
        Expr::Dict(entries) => {
            entries.iter().all(|(key, value)| key.as_ref().is_some_and(is_literal) && are_words(value))
        }
        _ => false,
    }
}

/// Says whether the first argument of `get` is a key, and none of several.
fn is_key(first: Option<&Argument>) -> bool {
    first.is_some_and(|it| it.name.is_none() && !matches!(it.value, Expr::Several(_)))
}

fn is_literal(value: &Expr) -> bool {
    value.text().is_some() || *value == Expr::Constant
}

/// Says whether the keys of a dictionary are texts of the author's, each once.
fn are_named_apart(entries: &[(Option<Expr>, Expr)]) -> bool {
    let keys: Option<BTreeSet<String>> = entries.iter().map(|(key, _)| key.as_ref()?.text()).collect();
    keys.is_some_and(|keys| keys.len() == entries.len())
}
