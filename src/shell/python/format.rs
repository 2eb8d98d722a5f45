//! Texts that a Python script takes for formats: what stands in front of `%` or `.format`, or is given to a
//! function that does the same. A format reaches into whatever is put in: `{0.__class__}`.

use super::lexer::Token;
use super::line::{arguments, names, split};
use super::sink::Judge;

/// Methods of a text that take it for a format.
const METHODS: &[&str] = &["format", "format_map", "vformat", "__mod__", "__rmod__", "__format__"];

/// What such a method is taken from, so that its first argument is the format.
const OWNERS: &[&str] = &["str", "bytes", "Formatter"];

impl Judge<'_> {
    /// Refuses the text whose method at an index takes it for a format, or the first argument where the method
    /// is that of a class.
    pub(super) fn format_method(&mut self, statement: &[Token], at: usize) {
        let Some(owner) = owner_of_method(statement, at) else { return };
        self.refuse_format(&self.sources(owner));
        let is_class = names(owner).any(|name| OWNERS.contains(&name) || self.formatters.contains(name));
        if let Some(given) = arguments(statement, at + 1).filter(|_| is_class) {
            self.refuse_format(&self.sources(split(given)[0]));
        }
    }

    /// Notes what the script calls a `string.Formatter`.
    pub(super) fn learn_formatter(&mut self, statement: &[Token]) {
        if names(statement).any(|name| name == "Formatter") {
            self.formatters.extend(names(statement).map(str::to_owned));
        }
    }
}

/// Says whether a method that takes a text for a format stands at an index without being called: it may be called
/// by another name then. That of the author's own text is a function of what is put in.
pub(super) fn gives_format(statement: &[Token], at: usize) -> bool {
    let is_called = statement.get(at + 1) == Some(&Token::Other('('));
    owner_of_method(statement, at).is_some_and(|owner| !is_called && !matches!(owner, [Token::Text(..)]))
}

/// Returns what stands in front of the method at an index that takes a text for a format.
fn owner_of_method(statement: &[Token], at: usize) -> Option<&[Token]> {
    let is_method = matches!(statement.get(at), Some(Token::Name(name)) if METHODS.contains(&name.as_str()));
    let dot = at.checked_sub(1).filter(|dot| is_method && statement[*dot] == Token::Other('.'))?;
    Some(operand_before(statement, dot))
}

/// Returns the operand that ends at an index: a name or a text with its members, subscripts and calls, or what
/// stands in brackets.
pub(super) fn operand_before(statement: &[Token], end: usize) -> &[Token] {
    let mut start = end;
    while let Some(before) = start.checked_sub(1) {
        match &statement[before] {
            Token::Other(')' | ']' | '}') => start = opening(statement, before),
            Token::Name(_) | Token::Text(..) => start = before,
            Token::Other(_) | Token::End => break,
        }
        let is_bracket = matches!(statement[start], Token::Other('(' | '['));
        let is_text = matches!(statement[start], Token::Text(..));
        match start.checked_sub(1).map(|at| &statement[at]) {
            Some(Token::Other('.')) => start -= 1,
            // A call or a subscript has its function in front, and a text may have another text there.
            Some(Token::Name(_) | Token::Other(')' | ']' | '}')) if is_bracket => {}
            Some(Token::Text(..)) if is_bracket || is_text => {}
            _ => break,
        }
    }
    &statement[start..end]
}

/// Returns the index of the bracket that the one at an index closes, or the beginning.
fn opening(statement: &[Token], close: usize) -> usize {
    let mut open = 0_usize;
    for at in (0..=close).rev() {
        match statement[at] {
            Token::Other(')' | ']' | '}') => open += 1,
            Token::Other('(' | '[' | '{') => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    0
}
