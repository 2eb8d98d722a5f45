//! Texts that a script takes apart before something gets a part of them.
//!
//! A requirement is tested on the payload's whole text. Where `t.removeprefix('refs/heads/')`, `t.split(',')` or
//! `json.loads(t)` stand between, it must hold for every part that may arrive. What is behind an escape of JSON or
//! another coding is not seen.

use super::lexer::Token;
use super::line::names;
use super::sink::Judge;
use crate::shell::change::Change;
use crate::shell::requirement::Requirement;
use std::collections::BTreeMap;

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
        let mut changes: BTreeMap<usize, Change> = BTreeMap::new();
        for statement in statements {
            let cuts = names(statement).any(|name| CUTTING.contains(&name)) || has_slice(statement);
            let change = if cuts { Change::MARKED.with(Change::CUT) } else { Change::MARKED };
            if cuts || names(statement).any(|name| TAKING_APART.contains(&name)) {
                for hole in self.sources(statement) {
                    let so_far = changes.entry(hole).or_default();
                    *so_far = so_far.with(change);
                }
            }
        }
        for (hole, change) in changes {
            let requirements = &mut self.holes[hole].requirements;
            let of_parts = |whole: &Requirement| change.before(*whole).unwrap_or_else(|| vec![*whole]);
            *requirements = requirements.iter().flat_map(of_parts).collect();
        }
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
