//! Which value its author should have put into quotes, or further to the right, where a text is no YAML.
//!
//! Scripts and expressions have characters that mean something to YAML too: a colon with a blank behind it, a
//! quote, a brace. What the reader says of them is true and helps nobody who does not know YAML well.

use super::blame::Fault;
use granit_parser::ErrorKind;

/// Returns the value at fault, if it can be told.
pub(super) fn find(text: &str, kind: &ErrorKind, stopped: usize) -> Option<Fault> {
    let line = Line::around(text, stopped)?;
    match kind {
        ErrorKind::SimpleKeyExpected | ErrorKind::MappingValueNotAllowed => {
            line.out_of_block(text).or_else(|| line.with_colon(stopped))
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            line.behind_quote(stopped, '\'', "write `''` for a quote inside single quotes, or use double quotes")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            line.behind_quote(stopped, '"', "write `\\\"` for a quote inside double quotes, or use single quotes")
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement => line.bare_expression(stopped),
        _ => None,
    }
}

/// The line where reading stopped.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn around(text: &'t str, at: usize) -> Option<Self> {
        let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Self { start, text: text[start..].lines().next()?.trim_end() })
    }

    fn fault(&self, from: usize, to: usize, label: &str, help: String) -> Option<Fault> {
        let place = self.start + from..self.start + to;
        Some(Fault { place, label: label.to_owned(), help, other: None })
    }

    fn indentation(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// The line is meant for the block of text that the line above begins, and is not further to the right than
    /// the key of that.
    fn out_of_block(&self, text: &str) -> Option<Fault> {
        let above = text[..self.start].lines().rev().find(|line| !line.trim().is_empty())?.trim_end();
        let (key, style) = above.rsplit_once(':')?;
        let is_style = |style: &str| style.starts_with(['|', '>']) && style[1..].trim_matches(['-', '+']).is_empty();
        let column = above.len() - above.trim_start_matches([' ', '-']).len();
        if !is_style(style.trim()) || self.indentation() > column {
            return None;
        }
        let key = key.trim_start_matches([' ', '-']);
        let help = format!("begin the lines of `{}` further to the right than it", crate::diagnostic::shown(key));
        self.fault(self.indentation(), self.text.len(), "this is no part of the text above", help)
    }

    /// The value has a colon and a blank, behind which YAML looks for another value.
    fn with_colon(&self, stopped: usize) -> Option<Fault> {
        let at = stopped.checked_sub(self.start)?;
        let value = self.text.find(": ")? + 2;
        let is_plain = !self.text[value..].trim_start().starts_with(['\'', '"', '|', '>', '{', '[']);
        // Reading may have stopped in the blanks at the end, which are no part of the line here.
        if at < value || !is_plain || !self.text.get(at..)?.starts_with(':') {
            return None;
        }
        let help = "put the value into single quotes, or on a line of its own below `|`".to_owned();
        self.fault(value, self.text.len(), "`: ` inside this makes it look like a key with a value", help)
    }

    /// The value goes on behind the quote that ends it.
    fn behind_quote(&self, stopped: usize, quote: char, help: &str) -> Option<Fault> {
        let end = stopped.checked_sub(self.start)?;
        let begin = self.text.get(..end)?.find(quote)?;
        self.fault(begin, self.text.len(), "the value has ended before the end of the line", help.to_owned())
    }

    /// An expression inside `{ }` or `[ ]`, whose own braces mean something there.
    fn bare_expression(&self, stopped: usize) -> Option<Fault> {
        let at = stopped.checked_sub(self.start)?.min(self.text.len());
        let begin =
            self.text.get(..(at + 2).min(self.text.len()))?.rfind("${").filter(|begin| {
                self.text[*begin..].starts_with("${{") && !self.text[..*begin].ends_with(['\'', '"'])
            })?;
        let end = self.text[begin..].find("}}").map_or(self.text.len(), |end| begin + end + 2);
        // What stands beside it belongs to the same text.
        let begin = self.text[..begin].rfind([' ', ',', '{', '}', '[', ']']).map_or(0, |before| before + 1);
        let end = self.text[end..].find([' ', ',', '{', '}', '[', ']', ':']).map_or(self.text.len(), |more| end + more);
        let quote = if self.text[begin..end].contains('\'') { '"' } else { '\'' };
        let help = format!("write `{quote}{}{quote}`", crate::diagnostic::shown(&self.text[begin..end]));
        self.fault(begin, end, "an expression inside `{ }` or `[ ]` stands in quotes", help)
    }
}
