//! Functions of a Python script that are kept to be called later: `acts = [go]`, `return wrapper`,
//! `sys.stdout.write = go`. Whatever has one is called with what the function takes.

use super::lexer::Token;
use super::line::{assigned, names};
use super::sink::Judge;
use std::collections::BTreeSet;

/// What writes to the standard output without naming it.
const WRITES: &[&str] = &["print", "pprint"];

impl Judge<'_> {
    /// Notes what has the functions of the script, as if it took what they take.
    pub(super) fn learn_passed(&mut self, statements: &[&[Token]]) {
        let mut returned = BTreeSet::new();
        loop {
            let mut is_new = false;
            for (at, statement) in statements.iter().enumerate() {
                is_new |= self.pass(statement, &mut returned);
                is_new |= self.pass_to_decorator(statement, statements.get(at + 1).copied().unwrap_or_default());
            }
            if !is_new {
                return;
            }
        }
    }

    /// Notes that what decorates a function is given the function, and says whether that was new.
    fn pass_to_decorator(&mut self, decorator: &[Token], definition: &[Token]) -> bool {
        let ([Token::Other('@'), rest @ ..], [Token::Name(keyword), Token::Name(name), ..]) = (decorator, definition)
        else {
            return false;
        };
        let Some(own) = names(rest).next().and_then(|name| self.functions.get(name)) else { return false };
        let passed = self.functions.get(name).filter(|_| keyword == "def").into_iter().flatten().cloned().collect();
        self.take(own.iter().cloned().collect(), &passed)
    }

    /// Notes what a statement gives functions to, and says whether that was new.
    fn pass(&mut self, statement: &[Token], returned: &mut BTreeSet<String>) -> bool {
        if !self.work(statement.len()) {
            return false;
        }
        let assigned = assigned(statement);
        let mut passed: BTreeSet<String> = lambda_parameters(statement);
        // Where functions stand that are passed.
        let mut given: Vec<usize> = Vec::new();
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let own = || self.functions.get(name).into_iter().flatten().cloned();
            if is_passed(statement, at) && !assigned[at] {
                given.extend(own().next().map(|_| at));
                passed.extend(own());
            } else if !assigned[at] && own().next().is_some() {
                // What a function of the script returns may be one.
                passed.extend(returned.iter().cloned());
            }
        }
        passed.retain(|name| name != "self" && name != "cls");
        if passed.is_empty() {
            return false;
        }
        let are_named = returned.is_empty() && !names(statement).any(|word| word == "lambda");
        let mut takers: BTreeSet<String> = BTreeSet::new();
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let has_members = matches!(statement.get(at + 1), Some(Token::Other('.' | '[')));
            let is_item = assigned[at] && are_named && is_item_without(statement, at, &given);
            let is_taker = assigned[at] && !is_item || has_members && !self.modules.contains(name);
            takers.extend(is_taker.then(|| name.clone()));
            let is_called = statement.get(at + 1) == Some(&Token::Other('('));
            takers.extend(self.functions.get(name).filter(|_| is_called).into_iter().flatten().cloned());
        }
        if takers.contains("stdout") || takers.contains("stderr") {
            takers.extend(WRITES.iter().map(|name| (*name).to_owned()));
        }
        if names(statement).next().is_some_and(|word| word == "return" || word == "yield") {
            // Nobody says of which function: of any.
            takers.extend(self.functions.keys().cloned());
            returned.extend(passed.iter().cloned());
        }
        self.take(takers, &passed)
    }

    /// Notes that some names take what others do as parameters, and says whether that was new.
    fn take(&mut self, takers: BTreeSet<String>, passed: &BTreeSet<String>) -> bool {
        let mut is_new = false;
        for taker in takers {
            is_new |= self.add_parameters(&taker, passed.iter().cloned());
        }
        is_new
    }
}

/// Says whether the function whose name stands at an index is not called there, but given to something.
fn is_passed(statement: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &statement[before]);
    let is_made = matches!(before, Some(Token::Name(word)) if word == "def" || word == "class");
    // A member of it, a call of it, the key of an argument.
    let is_used = matches!(statement.get(at + 1), Some(Token::Other('.' | '(' | '[' | '=')));
    !is_made && !is_used
}

/// Says whether a name that is assigned is what a loop in brackets gives, through which none of the functions at some
/// indices goes: `[pool.submit(fetch, url) for url in urls]`.
fn is_item_without(statement: &[Token], at: usize, functions: &[usize]) -> bool {
    let is_word = |index: &usize, word: &str| matches!(&statement[*index], Token::Name(name) if name == word);
    let Some(begin) = (0..at).rev().find(|index| is_word(index, "for")) else { return false };
    let Some(within) = (at..statement.len()).find(|index| is_word(index, "in")) else { return false };
    let is_target = (begin..at).all(|index| !is_word(&index, "in"));
    is_target && begin > 0 && within > at && !functions.is_empty() && functions.iter().all(|function| *function < begin)
}

/// Returns the parameters of the functions without a name that a statement keeps. One that is given to a call
/// alone, such as `sorted(…, key=lambda it: …)`, is called with what stands there.
pub(super) fn lambda_parameters(statement: &[Token]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, token) in statement.iter().enumerate() {
        if !matches!(token, Token::Name(word) if word == "lambda") {
            continue;
        }
        let mut open = 0_usize;
        let end = statement[at..].iter().position(|token| {
            match token {
                Token::Other('(' | '[' | '{') => open += 1,
                Token::Other(')' | ']' | '}') => open = open.saturating_sub(1),
                _ => {}
            }
            open == 0 && *token == Token::Other(':')
        });
        let Some(end) = end else { continue };
        for (index, token) in statement[at + 1..at + end].iter().enumerate() {
            let before = &statement[at + index];
            if let Token::Name(name) = token
                && (index == 0 || matches!(before, Token::Other(',' | '*')))
            {
                found.insert(name.clone());
            }
        }
    }
    found
}
