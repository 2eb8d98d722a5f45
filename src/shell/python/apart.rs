//! Texts that a script takes apart before something gets a part of them.
//!
//! A requirement is tested on the payload's whole text. Where `t.removeprefix('refs/heads/')`, `t.split(',')` or
//! `json.loads(t)` stand between, it must hold for every part that may arrive. What is behind an escape of JSON or
//! another coding is not seen.

use super::lexer::Token;
use super::line::names;
use super::sink::Judge;
use crate::shell::requirement::Requirement;

/// Methods that leave out what stands in front, which may be letters.
const CUTTING: &[&str] = &["lstrip", "removeprefix"];

/// Methods and functions that give a part of a text behind a mark, or leave something out of it.
const TAKING_APART: &[&str] = &[
    "split",
    "rsplit",
    "splitlines",
    "partition",
    "rpartition",
    "strip",
    "replace",
    "translate",
    "sub",
    "subn",
    "search",
    "match",
    "fullmatch",
    "findall",
    "finditer",
    "group",
    "groups",
    "load",
    "loads",
    "safe_load",
    "unquote",
    "unquote_plus",
    "parse_qs",
    "urlparse",
    "urlsplit",
    "fromstring",
    "DictReader",
    "reader",
    "StringIO",
    "readline",
    "readlines",
];

impl Judge<'_> {
    /// Asks of each part what is asked of the whole, where statements take texts apart.
    pub(super) fn require_of_parts(&mut self, statements: &[&[Token]]) {
        for statement in statements {
            let cuts = names(statement).any(|name| CUTTING.contains(&name)) || has_slice(statement);
            if cuts || names(statement).any(|name| TAKING_APART.contains(&name)) {
                for hole in self.sources(statement) {
                    self.ask_of_parts(hole, cuts);
                }
            }
        }
    }

    fn ask_of_parts(&mut self, hole: usize, cuts: bool) {
        let requirements = &mut self.holes[hole].requirements;
        let asked: Vec<Requirement> = requirements.iter().flat_map(|it| of_parts(*it, cuts)).copied().collect();
        requirements.extend(asked);
    }
}

fn of_parts(requirement: Requirement, cuts: bool) -> &'static [Requirement] {
    match requirement {
        Requirement::NotAnOption | Requirement::NoOptions | Requirement::NoOptionInPath if cuts => {
            &[Requirement::NoMarkedOption, Requirement::NoCutOption]
        }
        Requirement::NotAnOption | Requirement::NoOptions | Requirement::NoOptionInPath => {
            &[Requirement::NoMarkedOption]
        }
        Requirement::InsidePath => &[Requirement::InsideParts],
        _ => &[],
    }
}

/// Says whether a slice leaves out what stands in front: `t[1:]`, and not `t[:8]`.
fn has_slice(statement: &[Token]) -> bool {
    let mut open = Vec::new();
    for (at, token) in statement.iter().enumerate() {
        match token {
            Token::Other(bracket @ ('(' | '[' | '{')) => open.push(*bracket),
            Token::Other(')' | ']' | '}') => drop(open.pop()),
            Token::Other(':') if open.last() == Some(&'[') && statement[at - 1] != Token::Other('[') => return true,
            _ => {}
        }
    }
    false
}
