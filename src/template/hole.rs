//! Finding `${{ … }}` and `$<< … >>` in a scalar.

use std::ops::Range;

/// The two ways to write an expression; the second is for files that pass through another
/// templating tool first.
pub(super) const DELIMITERS: [(&str, &str); 2] = [("${{", "}}"), ("$<<", ">>")];

/// A part of a scalar's text.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Text outside expressions.
    Text(Range<usize>),
    /// An expression: with its delimiters, and what stands between them.
    Expression {
        /// From the first delimiter to the last.
        whole: Range<usize>,
        /// What stands between them.
        inner: Range<usize>,
    },
    /// An expression that does not end; from its beginning to the end of the text.
    Unclosed(Range<usize>),
}

/// Says whether a text has the beginning of an expression.
pub(super) fn has_expression(text: &str) -> bool {
    DELIMITERS.iter().any(|(open, _)| text.contains(open))
}

/// Returns the place of what was meant as an expression and has one brace too few at its beginning, as
/// `${ name }}`. No shell and no other language has a use for that.
pub fn half_open(text: &str) -> Option<Range<usize>> {
    let begins = text.match_indices("${ ").map(|(start, open)| (start, start + open.len()));
    let ends = |(start, inner): (usize, usize)| {
        let end = inner + text[inner..].find(['{', '}', '\n'])?;
        text[end..].starts_with("}}").then_some(start..end + "}}".len())
    };
    begins.filter_map(ends).next()
}

/// Cuts a scalar's text into what is expression and what is not (reference, section 2.2). The
/// end of an expression is looked for outside single-quoted literals.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    // Where each kind begins next: one that is nowhere is looked for once.
    let mut begins = DELIMITERS.map(|(open, _)| text.find(open));
    while let Some((start, open, close)) = next_open(&begins) {
        if start > at {
            found.push(Found::Text(at..start));
        }
        let inner_start = start + open.len();
        let Some(inner_end) = end(&text[inner_start..], close).map(|offset| inner_start + offset) else {
            found.push(Found::Unclosed(start..text.len()));
            return found;
        };
        at = inner_end + close.len();
        found.push(Found::Expression { whole: start..at, inner: inner_start..inner_end });
        for (begin, (open, _)) in begins.iter_mut().zip(DELIMITERS) {
            if begin.is_some_and(|begin| begin < at) {
                *begin = text[at..].find(open).map(|offset| at + offset);
            }
        }
    }
    if at < text.len() {
        found.push(Found::Text(at..text.len()));
    }
    found
}

fn next_open(begins: &[Option<usize>; 2]) -> Option<(usize, &'static str, &'static str)> {
    let found = begins.iter().zip(DELIMITERS).filter_map(|(begin, (open, close))| Some(((*begin)?, open, close)));
    found.min_by_key(|(start, ..)| *start)
}

/// Returns the offset of the closing delimiter outside quotes. A doubled quote inside a literal
/// closes and opens it again, which comes to the same.
fn end(text: &str, close: &str) -> Option<usize> {
    let mut in_literal = false;
    for (offset, byte) in text.bytes().enumerate() {
        if byte == b'\'' {
            in_literal = !in_literal;
        } else if !in_literal && text.as_bytes()[offset..].starts_with(close.as_bytes()) {
            return Some(offset);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, parts: &[&str]) {
        let found: Vec<String> = find(text)
            .into_iter()
            .map(|part| match part {
                Found::Text(range) => text[range].to_owned(),
                Found::Expression { inner, .. } => format!("<{}>", text[inner].trim()),
                Found::Unclosed(range) => format!("!{}", &text[range]),
            })
            .collect();
        assert_eq!(found, parts);
    }

    #[test]
    fn a_brace_too_few_is_found_where_it_is_plain() {
        let found = |text: &'static str| half_open(text).map(|range| &text[range]);
        assert_eq!(found("echo ${ parameters.image }} x"), Some("${ parameters.image }}"));
        for text in ["${ echo x; }", "${name}}", "${ a { b }}", "${ a\n}}", "${{ a }}", "$ { a }}", "${ a"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn expressions_end_outside_of_literals() {
        check("plain $(x) $[y]", &["plain $(x) $[y]"]);
        check("${{ a }}", &["<a>"]);
        check("x ${{ a }}${{ b }} y", &["x ", "<a>", "<b>", " y"]);
        check("${{ 'it''s }} not' }}.", &["<'it''s }} not'>", "."]);
        check("$<< a >> and ${{ b }}", &["<a>", " and ", "<b>"]);
        check("$${{ x }}", &["$", "<x>"]);
        check("a ${{ b", &["a ", "!${{ b"]);
        check("${{ 'open }}", &["!${{ 'open }}"]);
    }
}
