//! Which names a Python script gives something to, in whatever form: what it says of `len`, `str` or `enumerate` rests on
//! that it means Python's own.
//!
//! A name that gets something anywhere in the script is another's everywhere: of scopes and of the order of statements
//! nothing is asked.

use super::lexer::Token;
use super::line::{arguments, assigned, names, split};
use super::sink::Judge;
use std::collections::BTreeSet;

/// What stands for all names: `from module import *` may give any.
const ALL: &str = "*";

/// Words that give something to all names of their statement.
const GIVING: &[&str] = &["import", "from", "global", "nonlocal", "del", "case"];

/// Words that give something to the name behind them.
const NAMING: &[&str] = &["def", "class", "as", "for"];

/// Returns the names that statements give something to.
pub(super) fn renamed(statements: &[&[Token]]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in statements {
        let assigned = assigned(statement);
        let gives_all = matches!(statement.first(), Some(Token::Name(word)) if GIVING.contains(&word.as_str()));
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else {
                let is_star = gives_all && *token == Token::Other('*') && names(statement).any(|word| word == "import");
                found.extend(is_star.then(|| ALL.to_owned()));
                continue;
            };
            let follows = matches!(at.checked_sub(1).map(|it| &statement[it]), Some(Token::Name(word)) if NAMING.contains(&word.as_str()));
            if gives_all || follows || assigned[at] {
                found.insert(name.clone());
            }
            match name.as_str() {
                "def" | "class" => found.extend(parameters(&statement[at + 1..]).map(str::to_owned)),
                "lambda" => {
                    let end = statement[at..].iter().position(|it| *it == Token::Other(':'));
                    found.extend(names(&statement[at + 1..at + end.unwrap_or(1).max(1)]).map(str::to_owned));
                }
                _ => {}
            }
        }
    }
    found
}

/// Returns the names of what a function takes, and of the types that it or a class is written for.
fn parameters(head: &[Token]) -> impl Iterator<Item = &str> {
    let open = head.iter().position(|token| matches!(token, Token::Other('(' | ':'))).unwrap_or(head.len());
    let types = names(head.get(1..open).unwrap_or_default());
    let given = arguments(head, open).map(split).unwrap_or_default();
    types.chain(given.into_iter().filter_map(|parameter| names(parameter).next()))
}

impl Judge<'_> {
    /// Says whether a name may be that of a function of the script's: it is one, or gets something that is no part of a
    /// module.
    pub(super) fn is_own(&self, name: &str) -> bool {
        let is_brought = || self.imported.contains(name) && self.facts.bindings(name).is_empty();
        self.facts.is_function(name) || self.classes.contains(name) || !self.is_pythons(name) && !is_brought()
    }

    /// Says whether a name is Python's own: the script gives it to nothing else.
    pub(super) fn is_pythons(&self, name: &str) -> bool {
        !self.renamed.contains(name) && !self.renamed.contains(ALL) && !self.imported.contains("builtins")
    }
}
