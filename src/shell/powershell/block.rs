//! Blocks of a script that something else runs: operators (`-replace 'a', { … }`), methods
//! (`[regex]::Replace($text, 'a', { … })`), calculated properties (`@{ e = { … } }`), variables that hold one.
//! What stands beside a block in its statement may be what the block is given as `$_`, `$args` or a parameter.

use super::cmdlet;
use super::name::Names;
use super::taint::{GIVEN, PIPED, Taint, plain_name};
use super::token::{Bracket, Statement, Token};
use crate::shell::program::Holes;

/// Words that begin statements whose own blocks nothing is given to.
const CLAUSES: &[&str] = &[
    "if",
    "elseif",
    "else",
    "while",
    "until",
    "do",
    "for",
    "foreach",
    "switch",
    "try",
    "catch",
    "finally",
    "begin",
    "process",
    "end",
    "clean",
    "trap",
    "function",
    "filter",
    "class",
    "enum",
    "param",
    "workflow",
    "configuration",
    "data",
    "dynamicparam",
];

/// Methods by which an object keeps what it is given.
const KEEPING: &[&str] = &[".add", ".addrange", ".push", ".enqueue", ".insert", ".set_item", ".append"];

/// Commands that return what they are given.
const RETURNING: &[&str] = &["write-output", "new-object"];

impl Taint<'_> {
    /// Taints what blocks are given that stand in a statement, or in variables that it names.
    pub(super) fn spread_blocks(&mut self, statement: &Statement) -> bool {
        let tokens = behind_clauses(&statement.tokens);
        if !has_block(tokens, &self.names) {
            return false;
        }
        let mut changed = false;
        let mut before = Holes::new();
        for element in tokens.split(|token| *token == Token::Mark('|')) {
            let given = self.sources(&without_blocks(element));
            if has_block(element, &self.names) {
                before.extend(&given);
                changed |= self.add(PIPED, &before);
                changed |= self.add(GIVEN, &given);
            }
            before.extend(given);
        }
        changed
    }
}

/// Says whether a variable that is assigned a value may hold a block: one that a command in it takes is not stored.
pub(super) fn stores_block(value: &[Token], names: &Names<'_>) -> bool {
    let value = behind_clauses(value);
    value.split(|token| *token == Token::Mark('|')).any(|element| {
        let taken = element.iter().find_map(|token| if let Token::Command(name) = token { Some(name) } else { None });
        if taken.is_some_and(|name| !RETURNING.contains(&cmdlet::canonical(name).as_str())) {
            return false;
        }
        element.iter().enumerate().any(|(at, token)| match token {
            Token::Group(Bracket::Block, _) => true,
            Token::Variable(name) => names.holds_block(name),
            // What a method is given is not what it returns.
            Token::Group(Bracket::Round, _) if at > 0 && is_method(&element[at - 1]) => false,
            Token::Group(bracket, inner) => {
                inner.iter().any(|statement| stores_block(value_of(*bracket, &statement.tokens), names))
            }
            _ => false,
        })
    })
}

/// Says whether tokens hold a block, or name a variable that may hold one.
fn has_block(tokens: &[Token], names: &Names<'_>) -> bool {
    tokens.iter().any(|token| match token {
        Token::Group(Bracket::Block, _) => true,
        Token::Variable(name) | Token::Splat(name) => names.holds_block(name),
        Token::Group(bracket, inner) => {
            inner.iter().any(|statement| has_block(behind_clauses(value_of(*bracket, &statement.tokens)), names))
        }
        _ => false,
    })
}

/// Returns the variables whose objects a statement gives a block to keep: `$list.Add({ … })`, `Add-Member`.
pub(super) fn given_blocks(tokens: &[Token]) -> Vec<String> {
    let is_block = |token: &Token| matches!(token, Token::Group(Bracket::Block, _));
    let adds = tokens.iter().enumerate().any(|(at, token)| match token {
        Token::Command(name) => cmdlet::canonical(name) == "add-member" && tokens[at..].iter().any(is_block),
        Token::Word(word) => {
            let given = match tokens.get(at + 1) {
                Some(Token::Group(Bracket::Round, given)) => given.as_slice(),
                _ => &[],
            };
            KEEPING.contains(&word.to_ascii_lowercase().as_str())
                && given.iter().any(|statement| statement.tokens.iter().any(is_block))
        }
        _ => false,
    });
    let name = |token: &Token| if let Token::Variable(name) = token { Some(plain_name(name)) } else { None };
    if adds { tokens.iter().filter_map(name).collect() } else { Vec::new() }
}

/// Returns the value of an entry of a table: its key may look like a keyword.
fn value_of(bracket: Bracket, tokens: &[Token]) -> &[Token] {
    let assign = tokens.iter().position(|token| *token == Token::Assign).filter(|_| bracket == Bracket::Table);
    assign.map_or(tokens, |at| &tokens[at + 1..])
}

/// Returns tokens without the blocks in them.
fn without_blocks(tokens: &[Token]) -> Vec<Token> {
    let outside = |statement: &Statement| Statement { tokens: without_blocks(&statement.tokens) };
    let kept = tokens.iter().filter(|token| !matches!(token, Token::Group(Bracket::Block, _)));
    kept.map(|token| match token {
        Token::Group(bracket, inner) => Token::Group(*bracket, inner.iter().map(outside).collect()),
        other => other.clone(),
    })
    .collect()
}

/// Returns what follows the clauses of a statement such as `if (…) { … } else { … }`.
fn behind_clauses(tokens: &[Token]) -> &[Token] {
    let is_clause =
        |token: &Token| matches!(token, Token::Word(word) if CLAUSES.contains(&word.to_ascii_lowercase().as_str()));
    if !tokens.first().is_some_and(is_clause) {
        return tokens;
    }
    let is_own = |at: usize| match (&tokens[at], at.checked_sub(1).map(|before| &tokens[before])) {
        (Token::Group(Bracket::Block, _), Some(Token::Word(word))) => !word.starts_with(['-', '.', ':']),
        (Token::Group(Bracket::Block, _), Some(Token::Group(..) | Token::Mark(']') | Token::Variable(_))) => true,
        _ => false,
    };
    match (1..tokens.len()).rev().find(|at| is_own(*at)) {
        Some(last) => &tokens[last + 1..],
        None => &[],
    }
}

fn is_method(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.starts_with(['.', ':']) && !word.eq_ignore_ascii_case("::new"))
}
